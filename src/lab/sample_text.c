#include "lab/sample_text.h"

#include "base/json.h"
#include "base/utf8.h"

static enum ws_status append_line(uint32_t generation, uint64_t item, struct ws_bytes text,
                                  struct ws_buffer *out, struct ws_error *err)
{
    struct ws_buffer repaired;
    ws_buffer_init(&repaired, out->allocator, SIZE_MAX);
    ws_utf8_repair(text, &repaired);
    enum ws_status status = ws_buffer_check(&repaired, "a text", err);
    if (status == WS_OK) {
        json_t *line =
            json_pack("{s:I, s:I, s:s%}", "generation", (json_int_t)generation, "item",
                      (json_int_t)item, "text", ws_buffer_string(&repaired), repaired.size);
        ws_json_append(line, out);
        ws_buffer_text(out, "\n");
        json_decref(line);
        status = ws_buffer_check(out, "the texts", err);
    }
    ws_buffer_release(&repaired);
    return status;
}

enum ws_status ws_sample_text_append(const struct ws_human *human, const struct ws_payload *sample,
                                     uint32_t generation, uint64_t items, struct ws_buffer *out,
                                     struct ws_error *err)
{
    if (sample->kind != WS_DATA_TOKENS)
        return WS_OK;
    struct ws_buffer text;
    ws_buffer_init(&text, out->allocator, SIZE_MAX);
    enum ws_status status = WS_OK;
    for (uint64_t i = 0; i < items && i < sample->count && status == WS_OK; i++) {
        size_t size;
        const uint32_t *ids = ws_payload_tokens(sample, i, &size);
        ws_buffer_reset(&text);
        status = ws_human_text(
            human, ids, size < WS_SAMPLE_TEXT_TOKENS ? size : WS_SAMPLE_TEXT_TOKENS, &text, err);
        if (status == WS_OK)
            status = append_line(generation, i, ws_buffer_bytes(&text), out, err);
    }
    ws_buffer_release(&text);
    return status;
}
