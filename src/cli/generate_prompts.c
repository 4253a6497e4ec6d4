#include "cli/generate_prompts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

enum { INPUT_LIMIT = 1 << 30, CHUNK = 1 << 16 };

/* What has been read so far. */
struct reading {
    const struct prompt_source *source;
    const struct ws_tokenizer *tokenizer;
    struct ws_arena *arena;
    struct ws_buffer ids;   /* uint32_t: of all prompts */
    struct ws_buffer ends;  /* uint64_t: of each prompt in `ids` */
    struct ws_buffer texts; /* struct ws_bytes */
    uint64_t size;
};

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "the prompts");
}

static enum ws_status add_prompt(struct reading *r, struct ws_bytes text, struct ws_error *err)
{
    size_t before = r->ids.size;
    uint8_t *copy = ws_arena_copy(r->arena, text.data, text.size);
    if (!copy)
        return no_memory(err);
    const struct ws_bytes kept = ws_bytes_of(copy, text.size);
    WS_TRY(ws_tokenizer_encode(r->tokenizer, kept, WS_ENCODE_FRONT, &r->ids, err));
    if (r->ids.size == before) {
        if (r->source->start == WS_NO_TOKEN)
            return ws_fail(err, WS_INVALID,
                           "the model has no token that begins a text; give it a "
                           "prompt with --prompt");
        ws_buffer_append(&r->ids, &r->source->start, sizeof r->source->start);
    }
    uint64_t end = r->ids.size / sizeof(uint32_t);
    ws_buffer_append(&r->ends, &end, sizeof end);
    ws_buffer_append(&r->texts, &kept, sizeof kept);
    r->size++;
    return ws_buffer_check(&r->texts, "the prompts", err);
}

static enum ws_status add_json(struct reading *r, struct ws_bytes line, struct ws_error *err)
{
    json_error_t error;
    json_t *json =
        json_loadb((const char *)line.data, line.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!json)
        return ws_fail(err, WS_CORRUPT, "%s", error.text);
    const json_t *text = json_is_object(json) ? json_object_get(json, "prompt") : json;
    enum ws_status status =
        json_is_string(text)
            ? add_prompt(r, ws_bytes_of(json_string_value(text), json_string_length(text)), err)
            : ws_fail(err, WS_CORRUPT, "neither a JSON string nor an object with \"prompt\"");
    json_decref(json);
    return status;
}

static enum ws_status add_lines(struct reading *r, struct ws_bytes bytes, struct ws_error *err)
{
    const char *file = r->source->file;
    size_t length = strlen(file);
    bool json = length > 6 && strcmp(file + length - 6, ".jsonl") == 0;
    for (size_t at = 0; at < bytes.size;) {
        const uint8_t *start = bytes.data + at;
        const uint8_t *end = memchr(start, '\n', bytes.size - at);
        size_t size = end ? (size_t)(end - start) : bytes.size - at;
        const struct ws_bytes line = ws_bytes_of(start, size);
        enum ws_status status = json ? add_json(r, line, err) : add_prompt(r, line, err);
        if (status != WS_OK) {
            ws_error_prefix(err, "%s:%" PRIu64, file, r->size + 1);
            return status;
        }
        at += size + 1;
    }
    return r->size > 0 ? WS_OK : ws_fail(err, WS_UNSUPPORTED, "'%.200s' holds no prompt", file);
}

static enum ws_status read_standard_input(struct ws_buffer *out, struct ws_error *err)
{
    for (size_t size = CHUNK; size == CHUNK;) {
        char *room = ws_buffer_extend(out, CHUNK);
        if (!room)
            return ws_buffer_check(out, "standard input", err);
        size = fread(room, 1, CHUNK, stdin);
        out->size -= CHUNK - size;
    }
    return ferror(stdin) ? ws_fail_system(err, "read", "standard input") : WS_OK;
}

static enum ws_status read_input(struct reading *r, struct ws_error *err)
{
    struct ws_bytes bytes;
    if (r->source->text)
        return add_prompt(r, ws_bytes_of_text(r->source->text), err);
    if (!r->source->file)
        return add_prompt(r, ws_bytes_of("", 0), err);
    if (strcmp(r->source->file, "-") != 0) {
        WS_TRY(ws_file_read(r->source->file, INPUT_LIMIT, r->arena, &bytes, err));
        return add_lines(r, bytes, err);
    }
    struct ws_buffer input;
    ws_buffer_init(&input, NULL, INPUT_LIMIT);
    enum ws_status status = read_standard_input(&input, err);
    if (status == WS_OK)
        status = add_lines(r, ws_buffer_bytes(&input), err);
    ws_buffer_release(&input);
    return status;
}

/* Each prompt as often as it is continued. */
static enum ws_status repeat(const struct reading *r, struct prompt_set *out, struct ws_error *err)
{
    uint64_t count = r->source->count, tokens, texts;
    const uint32_t *ids = (const uint32_t *)(const void *)r->ids.data;
    const uint64_t *ends = (const uint64_t *)(const void *)r->ends.data;
    if (__builtin_mul_overflow(count, ends[r->size - 1], &tokens) ||
        __builtin_mul_overflow(count, r->size, &texts))
        return no_memory(err);
    uint32_t *all = WS_ARENA_NEW(r->arena, uint32_t, tokens);
    uint64_t *all_ends = WS_ARENA_NEW(r->arena, uint64_t, texts);
    const struct ws_bytes *bytes = ws_arena_copy(r->arena, r->texts.data, r->texts.size);
    if (!all || !all_ends || !bytes)
        return no_memory(err);
    *out = (struct prompt_set){r->size, bytes, {texts, all_ends, all}, 0, 0};
    uint64_t end = 0, text = 0;
    for (uint64_t p = 0; p < r->size; p++) {
        uint64_t start = p > 0 ? ends[p - 1] : 0, length = ends[p] - start;
        for (uint64_t i = 0; i < count; i++) {
            memcpy(all + end, ids + start, length * sizeof *ids);
            all_ends[text++] = end += length;
        }
        if (length > out->longest) {
            out->longest = length;
            out->longest_prompt = p + 1;
        }
    }
    return WS_OK;
}

enum ws_status prompts_read(const struct prompt_source *source,
                            const struct ws_tokenizer *tokenizer, struct ws_arena *arena,
                            struct prompt_set *out, struct ws_error *err)
{
    struct reading r = {.source = source, .tokenizer = tokenizer, .arena = arena};
    ws_buffer_init(&r.ids, NULL, SIZE_MAX);
    ws_buffer_init(&r.ends, NULL, SIZE_MAX);
    ws_buffer_init(&r.texts, NULL, SIZE_MAX);
    enum ws_status status = read_input(&r, err);
    if (status == WS_OK)
        status = ws_buffer_check(&r.ids, "the prompts", err);
    if (status == WS_OK)
        status = ws_buffer_check(&r.ends, "the prompts", err);
    if (status == WS_OK)
        status = repeat(&r, out, err);
    ws_buffer_release(&r.ids);
    ws_buffer_release(&r.ends);
    ws_buffer_release(&r.texts);
    return status;
}
