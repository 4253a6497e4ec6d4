#include <string.h>

#include "base/file.h"
#include "data/tokenizer.h"
#include "lab/experiment_internal.h"

/* The directory of the arm's base model; "" where it has none. */
static enum ws_status base_of(const struct ws_experiment *e, const struct ws_arm *arm,
                              struct ws_arena *scratch, const char **out, struct ws_error *err)
{
    const struct ws_option *option = ws_option_find(&e->family->options, "base");
    struct ws_buffer text;
    *out = "";
    if (!option)
        return WS_OK;
    ws_buffer_init(&text, scratch->allocator, 1 << 16);
    ws_option_print(option, arm->family_settings, &text);
    enum ws_status status = ws_buffer_check(&text, "the settings", err);
    if (status == WS_OK && !(*out = ws_arena_text(scratch, ws_buffer_string(&text))))
        status = ws_fail_memory(err, "the settings");
    ws_buffer_release(&text);
    return status;
}

static enum ws_status has_tokenizer(const char *directory, struct ws_arena *scratch, bool *out,
                                    struct ws_error *err)
{
    const char *whole = ws_arena_format(scratch, "%s/tokenizer.json", directory);
    const char *parts = ws_arena_format(scratch, "%s/vocab.json", directory);
    if (!whole || !parts)
        return ws_fail_memory(err, "the tokenizer");
    *out = ws_file_exists(whole) || ws_file_exists(parts);
    return WS_OK;
}

static enum ws_status are_same(const struct ws_tokenizer *a, const struct ws_tokenizer *b,
                               const struct ws_allocator *allocator, bool *out,
                               struct ws_error *err)
{
    struct ws_buffer first, second;
    ws_buffer_init(&first, allocator, SIZE_MAX);
    ws_buffer_init(&second, allocator, SIZE_MAX);
    ws_tokenizer_write_json(a, &first);
    ws_tokenizer_write_json(b, &second);
    enum ws_status status = ws_buffer_check(&first, "the tokenizer", err);
    if (status == WS_OK)
        status = ws_buffer_check(&second, "the tokenizer", err);
    *out = status == WS_OK && first.size == second.size &&
           memcmp(first.data, second.data, first.size) == 0;
    ws_buffer_release(&first);
    ws_buffer_release(&second);
    return status;
}

static enum ws_status check_arm(const struct ws_experiment *e, const struct ws_arm *arm,
                                const struct ws_human *human, struct ws_arena *scratch,
                                struct ws_error *err)
{
    const struct ws_tokenizer *own, *datas = ws_human_tokenizer(human);
    const char *base;
    bool has = false, same = false;
    WS_TRY(base_of(e, arm, scratch, &base, err));
    if (base[0] == '\0')
        return WS_OK;
    WS_TRY(has_tokenizer(base, scratch, &has, err));
    if (!has)
        return WS_OK;
    if (datas) {
        WS_TRY(ws_tokenizer_open(base, scratch, &own, err));
        WS_TRY(are_same(own, datas, scratch->allocator, &same, err));
    }
    if (same)
        return WS_OK;
    return ws_fail(err, WS_INVALID,
                   "%s: the base model '%.200s' has a tokenizer, and the data are cut into other "
                   "tokens, which mean nothing to it: wanted unit=bpe and tokenizer=base",
                   ws_experiment_place(e, "base"), base);
}

enum ws_status ws_experiment_check_tokens(const struct ws_experiment *e,
                                          const struct ws_human *human, struct ws_error *err)
{
    for (size_t a = 0; a < e->arm_count; a++) {
        const struct ws_arm *arm = &e->arms[a];
        struct ws_arena scratch;
        if (a > 0 && arm->family_settings == e->arms[a - 1].family_settings &&
            arm->variant == e->arms[a - 1].variant)
            continue;
        ws_arena_init(&scratch, e->arena.allocator);
        enum ws_status status =
            check_arm(e, arm, ws_human_variant(human, arm->variant), &scratch, err);
        ws_arena_release(&scratch);
        WS_TRY(status);
    }
    return WS_OK;
}
