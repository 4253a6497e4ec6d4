#include "models/nn/transformer/train_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

void ws_train_text_init(struct ws_train_text *text, const struct ws_train_text_form *form,
                        const struct ws_allocator *allocator)
{
    *text = (struct ws_train_text){.form = form};
    ws_buffer_init(&text->tokens, allocator, SIZE_MAX);
    ws_buffer_init(&text->ends, allocator, SIZE_MAX);
    ws_buffer_init(&text->given, allocator, SIZE_MAX);
}

void ws_train_text_release(struct ws_train_text *text)
{
    ws_buffer_release(&text->tokens);
    ws_buffer_release(&text->ends);
    ws_buffer_release(&text->given);
}

/* Blocks --------------------------------------------------------------------------------------- */

static size_t token_count(const struct ws_train_text *text)
{
    return text->tokens.size / sizeof(uint32_t);
}

static void end_example(struct ws_train_text *text, size_t end, size_t given)
{
    ws_buffer_append(&text->ends, &(uint64_t){end}, sizeof(uint64_t));
    ws_buffer_append(&text->given, &(uint64_t){given}, sizeof(uint64_t));
}

static void cut_tokens(struct ws_train_text *text, size_t end)
{
    text->tokens.size = end * sizeof(uint32_t);
}

/* Makes examples of the tokens from `from` on. */
static enum ws_status cut_blocks(struct ws_train_text *text, size_t from, bool keep_rest,
                                 struct ws_error *err)
{
    size_t count = token_count(text);
    size_t at = from;
    for (; count - at >= text->form->block; at += text->form->block)
        end_example(text, at + text->form->block, 0);
    if (at < count && (keep_rest || at == from))
        end_example(text, count, 0);
    else
        cut_tokens(text, at);
    WS_TRY(ws_buffer_check(&text->ends, "training examples", err));
    return ws_buffer_check(&text->given, "training examples", err);
}

static enum ws_status encode(struct ws_train_text *text, struct ws_bytes bytes, unsigned flags,
                             const char *name, struct ws_error *err)
{
    enum ws_status status =
        ws_tokenizer_encode(text->form->tokenizer, bytes, flags, &text->tokens, err);
    if (status != WS_OK)
        ws_error_prefix(err, "%s", name);
    return status;
}

enum ws_status ws_train_text_piece(struct ws_train_text *text, struct ws_bytes bytes,
                                   const char *name, struct ws_error *err)
{
    const unsigned flags = text->inside ? 0 : text->form->flags;
    if (!text->inside)
        text->from = token_count(text);
    text->inside = true;
    return encode(text, bytes, flags, name, err);
}

enum ws_status ws_train_text_end(struct ws_train_text *text, struct ws_error *err)
{
    text->inside = false;
    return cut_blocks(text, text->from, false, err);
}

enum ws_status ws_train_text_plain(struct ws_train_text *text, struct ws_bytes bytes,
                                   const char *name, struct ws_error *err)
{
    WS_TRY(ws_train_text_piece(text, bytes, name, err));
    return ws_train_text_end(text, err);
}

/* JSON lines ----------------------------------------------------------------------------------- */

/* What a line says; the texts live as long as `object`. */
struct document {
    json_t *object;
    struct ws_bytes prompt; /* empty for a text */
    struct ws_bytes text;   /* or the completion */
    bool prompted;
};

static bool find_text(const json_t *object, const char *key, struct ws_bytes *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return false;
    *out = ws_bytes_of(json_string_value(value), json_string_length(value));
    return true;
}

static enum ws_status read_document(struct ws_bytes line, const char *name, struct document *out,
                                    struct ws_error *err)
{
    WS_TRY(ws_json_parse(line, name, &out->object, err));
    out->prompted = find_text(out->object, "prompt", &out->prompt) &&
                    find_text(out->object, "completion", &out->text);
    if (out->prompted || find_text(out->object, "text", &out->text))
        return WS_OK;
    json_decref(out->object);
    return ws_fail(err, WS_CORRUPT,
                   "%s: wanted an object with the text 'text', or 'prompt' and 'completion'", name);
}

static enum ws_status add_prompted(struct ws_train_text *text, const struct document *document,
                                   const char *name, struct ws_error *err)
{
    size_t from = token_count(text);
    WS_TRY(encode(text, document->prompt, text->form->flags, name, err));
    size_t given = token_count(text) - from;
    WS_TRY(encode(text, document->text, 0, name, err));
    if (text->form->end != WS_NO_TOKEN)
        ws_buffer_append(&text->tokens, &text->form->end, sizeof text->form->end);
    WS_TRY(ws_buffer_check(&text->tokens, "training examples", err));
    size_t size = token_count(text) - from;
    size_t kept = size < text->form->block ? size : text->form->block;
    /* The first token has nothing before it unless examples begin with a start. */
    size_t learned_from = given > 0 || text->form->start != WS_NO_TOKEN ? given : 1;
    if (kept <= learned_from) {
        text->left_out++;
        cut_tokens(text, from);
        return WS_OK;
    }
    cut_tokens(text, from + kept);
    end_example(text, from + kept, given);
    WS_TRY(ws_buffer_check(&text->ends, "training examples", err));
    return ws_buffer_check(&text->given, "training examples", err);
}

static enum ws_status add_text(struct ws_train_text *text, const struct document *document,
                               const char *name, struct ws_error *err)
{
    size_t from = token_count(text);
    WS_TRY(encode(text, document->text, text->form->flags, name, err));
    if (text->form->end != WS_NO_TOKEN)
        ws_buffer_append(&text->tokens, &text->form->end, sizeof text->form->end);
    WS_TRY(ws_buffer_check(&text->tokens, "training examples", err));
    return cut_blocks(text, from, true, err);
}

static bool is_blank(struct ws_bytes line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

/* Calls `take` with each line's document. */
static enum ws_status each_document(struct ws_bytes bytes, const char *name, uint64_t *lines,
                                    enum ws_status (*take)(void *user, const struct document *,
                                                           const char *name, struct ws_error *err),
                                    void *user, struct ws_error *err)
{
    for (size_t at = 0; at < bytes.size;) {
        const uint8_t *newline = memchr(bytes.data + at, '\n', bytes.size - at);
        size_t end = newline ? (size_t)(newline - bytes.data) : bytes.size;
        struct ws_bytes line = ws_bytes_of(bytes.data + at, end - at);
        at = end + 1;
        ++*lines;
        if (is_blank(line))
            continue;
        char place[320];
        (void)snprintf(place, sizeof place, "%.280s, line %" PRIu64, name, *lines);
        struct document document = {.prompted = false};
        WS_TRY(read_document(line, place, &document, err));
        enum ws_status status = take(user, &document, place, err);
        json_decref(document.object);
        WS_TRY(status);
    }
    return WS_OK;
}

static enum ws_status take_document(void *user, const struct document *document, const char *name,
                                    struct ws_error *err)
{
    struct ws_train_text *text = user;
    return document->prompted ? add_prompted(text, document, name, err)
                              : add_text(text, document, name, err);
}

enum ws_status ws_train_text_json_lines(struct ws_train_text *text, struct ws_bytes bytes,
                                        const char *name, uint64_t *lines, struct ws_error *err)
{
    return each_document(bytes, name, lines, take_document, text, err);
}

static enum ws_status copy_document(void *user, const struct document *document, const char *name,
                                    struct ws_error *err)
{
    struct ws_buffer *out = user;
    ws_buffer_append(out, document->prompt.data, document->prompt.size);
    ws_buffer_append(out, document->text.data, document->text.size);
    ws_buffer_text(out, "\n");
    return ws_buffer_check(out, name, err);
}

enum ws_status ws_json_lines_text(struct ws_bytes bytes, const char *name, uint64_t *lines,
                                  struct ws_buffer *out, struct ws_error *err)
{
    return each_document(bytes, name, lines, copy_document, out, err);
}

/* Examples ------------------------------------------------------------------------------------- */

enum ws_status ws_train_text_examples(const struct ws_train_text *text, struct ws_arena *arena,
                                      struct ws_examples *out, struct ws_error *err)
{
    const struct ws_blocks blocks = {
        .count = text->ends.size / sizeof(uint64_t),
        .ends = (const uint64_t *)(const void *)text->ends.data,
        .tokens = (const uint32_t *)(const void *)text->tokens.data,
    };
    const uint64_t *given = (const uint64_t *)(const void *)text->given.data;
    if (blocks.count == 0)
        return ws_fail(err, WS_UNSUPPORTED, "there is nothing in the text to learn from");
    WS_TRY(ws_examples_of(&blocks, text->form->start, arena, out, err));
    uint32_t *targets =
        ws_arena_copy(arena, out->targets, (size_t)blocks.ends[blocks.count - 1] * sizeof *targets);
    if (!targets)
        return ws_fail_memory(err, "training examples");
    /* The target of a token is itself after a start, else the next. */
    uint64_t shift = text->form->start == WS_NO_TOKEN ? 1 : 0;
    for (uint64_t i = 0; i < blocks.count; i++) {
        uint64_t begin = i > 0 ? blocks.ends[i - 1] : 0;
        for (uint64_t t = 0; t + shift < given[i]; t++)
            targets[begin + t] = WS_NO_TARGET;
    }
    out->targets = targets;
    return WS_OK;
}
