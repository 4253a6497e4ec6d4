/*
 * The parts of tokenizer.json that are objects with a type.
 */
#include <string.h>

#include "data/tokenizer_internal.h"

/* Normalizer and pre-tokenizer ----------------------------------------------------------------- */

enum ws_status ws_reading_normalizer(struct ws_reading *r, const json_t *root, const char *place)
{
    const json_t *part = json_object_get(root, "normalizer");
    const char *type;
    WS_TRY(ws_reading_keep(r, part, &r->tokenizer->normalizer_json));
    if (!part || json_is_null(part))
        return WS_OK;
    place = ws_reading_place(r, place, "normalizer");
    if (!place)
        return ws_reading_no_memory(r);
    WS_TRY(ws_json_read_text(part, "type", place, &type, r->err));
    if (strcmp(type, "NFC") != 0)
        return ws_reading_fail_type(r, place, type, "NFC or null");
    r->tokenizer->nfc = true;
    return ws_reading_only(r, part, "|type|", place);
}

static enum ws_status add_step(struct ws_reading *r, enum ws_split_step step, const char *place)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    if (tokenizer->step_count == WS_SPLIT_STEPS)
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: more than %d steps are not supported", place,
                       WS_SPLIT_STEPS);
    tokenizer->steps[tokenizer->step_count++] = step;
    return WS_OK;
}

static enum ws_status read_byte_level(struct ws_reading *r, const json_t *part, const char *place)
{
    bool prefix_space = false, regex = true, trim = true;
    WS_TRY(ws_reading_only(r, part, "|type|add_prefix_space|trim_offsets|use_regex|", place));
    WS_TRY(ws_json_read_flag(part, "add_prefix_space", place, &prefix_space, r->err));
    WS_TRY(ws_reading_flag(r, part, "trim_offsets", place, true,
                           &trim)); /* there are no offsets here */
    WS_TRY(ws_reading_flag(r, part, "use_regex", place, true, &regex));
    if (prefix_space)
        WS_TRY(add_step(r, WS_SPLIT_PREFIX_SPACE, place));
    if (regex)
        WS_TRY(add_step(r, WS_SPLIT_WORDS, place));
    return WS_OK;
}

static enum ws_status read_digits(struct ws_reading *r, const json_t *part, const char *place)
{
    bool each = false;
    WS_TRY(ws_reading_only(r, part, "|type|individual_digits|", place));
    WS_TRY(ws_json_read_flag(part, "individual_digits", place, &each, r->err));
    return add_step(r, each ? WS_SPLIT_EACH_DIGIT : WS_SPLIT_DIGITS, place);
}

static enum ws_status read_split(struct ws_reading *r, const json_t *part, const char *place)
{
    json_t *pattern;
    const char *regex, *behavior;
    bool invert = false;
    WS_TRY(ws_reading_only(r, part, "|type|pattern|behavior|invert|", place));
    WS_TRY(ws_json_read_object(part, "pattern", place, &pattern, r->err));
    WS_TRY(ws_json_read_text(part, "behavior", place, &behavior, r->err));
    WS_TRY(ws_json_read_flag(part, "invert", place, &invert, r->err));
    if (!json_object_get(pattern, "Regex"))
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: a 'pattern' other than Regex is not supported",
                       place);
    WS_TRY(ws_json_read_text(pattern, "Regex", place, &regex, r->err));
    if (strcmp(regex, WS_GPT2_REGEX) != 0)
        return ws_fail(r->err, WS_UNSUPPORTED,
                       "%s: the regular expression '%.200s' is not supported, wanted GPT-2's",
                       place, regex);
    if (strcmp(behavior, "Isolated") != 0 || invert)
        return ws_fail(r->err, WS_UNSUPPORTED,
                       "%s: behavior '%.40s'%s is not supported, wanted Isolated", place, behavior,
                       invert ? " with invert" : "");
    return add_step(r, WS_SPLIT_WORDS, place);
}

/* `bytes_done`: ByteLevel was there. What comes after it would see the byte alphabet. */
static enum ws_status read_pre_tokenizer(struct ws_reading *r, const json_t *part,
                                         const char *place, bool *bytes_done)
{
    const char *type;
    WS_TRY(ws_json_read_text(part, "type", place, &type, r->err));
    if (*bytes_done)
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: '%.60s' behind ByteLevel is not supported",
                       place, type);
    if (strcmp(type, "ByteLevel") == 0) {
        *bytes_done = true;
        return read_byte_level(r, part, place);
    }
    if (strcmp(type, "Digits") == 0)
        return read_digits(r, part, place);
    if (strcmp(type, "Split") == 0)
        return read_split(r, part, place);
    return ws_reading_fail_type(r, place, type,
                                "ByteLevel, or a Sequence of Digits, Split and ByteLevel");
}

enum ws_status ws_reading_pre_tokenizer(struct ws_reading *r, const json_t *root, const char *place)
{
    const json_t *part = json_object_get(root, "pre_tokenizer");
    const char *type;
    json_t *list;
    bool bytes_done = false;
    WS_TRY(ws_reading_keep(r, part, &r->tokenizer->pre_tokenizer_json));
    place = ws_reading_place(r, place, "pre_tokenizer");
    if (!place)
        return ws_reading_no_memory(r);
    if (!json_is_object(part))
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: none is not supported, wanted ByteLevel",
                       place);
    WS_TRY(ws_json_read_text(part, "type", place, &type, r->err));
    if (strcmp(type, "Sequence") != 0) {
        WS_TRY(read_pre_tokenizer(r, part, place, &bytes_done));
    } else {
        WS_TRY(ws_reading_only(r, part, "|type|pretokenizers|", place));
        WS_TRY(ws_json_read_array(part, "pretokenizers", place, &list, r->err));
        for (size_t i = 0; i < json_array_size(list); i++) {
            const char *item_place;
            const json_t *item;
            WS_TRY(ws_reading_item(r, list, i, place, &item_place, &item));
            WS_TRY(read_pre_tokenizer(r, item, item_place, &bytes_done));
        }
    }
    return bytes_done ? WS_OK
                      : ws_fail(r->err, WS_UNSUPPORTED, "%s: without ByteLevel it is not supported",
                                place);
}

enum ws_status ws_reading_decoder(struct ws_reading *r, const json_t *root, const char *place)
{
    const json_t *part = json_object_get(root, "decoder");
    const char *type;
    WS_TRY(ws_reading_keep(r, part, &r->tokenizer->decoder_json));
    place = ws_reading_place(r, place, "decoder");
    if (!place)
        return ws_reading_no_memory(r);
    if (!json_is_object(part))
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: none is not supported, wanted ByteLevel",
                       place);
    WS_TRY(ws_json_read_text(part, "type", place, &type, r->err));
    if (strcmp(type, "ByteLevel") != 0)
        return ws_reading_fail_type(r, place, type, "ByteLevel");
    return ws_reading_only(r, part, "|type|add_prefix_space|trim_offsets|use_regex|", place);
}

/* Post-processor ------------------------------------------------------------------------------- */

static enum ws_status read_id(struct ws_reading *r, const json_t *json, const char *place,
                              uint32_t *out)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0 ||
        json_integer_value(json) >= r->tokenizer->count)
        return ws_fail(r->err, WS_CORRUPT, "%s: an id is not in the range from 0 to %u", place,
                       r->tokenizer->count - 1);
    *out = (uint32_t)json_integer_value(json);
    return WS_OK;
}

/* The ids of a special token of the template, behind those in `ids`. */
static enum ws_status read_template_token(struct ws_reading *r, const json_t *piece,
                                          const json_t *tokens, const char *place, uint32_t **ids,
                                          uint32_t *count)
{
    const char *name;
    json_t *token, *list;
    WS_TRY(ws_json_read_text(piece, "id", place, &name, r->err));
    WS_TRY(ws_json_read_object(tokens, name, place, &token, r->err));
    WS_TRY(ws_json_read_array(token, "ids", place, &list, r->err));
    size_t more = json_array_size(list);
    if (more > UINT32_MAX - *count)
        return ws_fail(r->err, WS_LIMIT, "%s: too many ids", place);
    uint32_t *all = WS_ARENA_NEW(r->arena, uint32_t, *count + more);
    if (!all)
        return ws_reading_no_memory(r);
    if (*count > 0)
        memcpy(all, *ids, *count * sizeof *all);
    for (size_t i = 0; i < more; i++)
        WS_TRY(read_id(r, json_array_get(list, i), place, &all[*count + i]));
    *ids = all;
    *count += (uint32_t)more;
    return WS_OK;
}

static enum ws_status read_template_piece(struct ws_reading *r, const json_t *piece,
                                          const json_t *tokens, const char *place, bool *text_seen)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    json_t *inner;
    const char *sequence;
    if (json_object_get(piece, "SpecialToken")) {
        WS_TRY(ws_json_read_object(piece, "SpecialToken", place, &inner, r->err));
        return *text_seen ? read_template_token(r, inner, tokens, place, &tokenizer->back,
                                                &tokenizer->back_count)
                          : read_template_token(r, inner, tokens, place, &tokenizer->front,
                                                &tokenizer->front_count);
    }
    WS_TRY(ws_json_read_object(piece, "Sequence", place, &inner, r->err));
    WS_TRY(ws_json_read_text(inner, "id", place, &sequence, r->err));
    if (strcmp(sequence, "A") != 0 || *text_seen)
        return ws_fail(r->err, WS_UNSUPPORTED,
                       "%s: a template for one text that holds other than 'A' once is not "
                       "supported",
                       place);
    *text_seen = true;
    return WS_OK;
}

static enum ws_status read_template(struct ws_reading *r, const json_t *part, const char *place)
{
    json_t *single, *tokens;
    bool text_seen = false;
    WS_TRY(ws_reading_only(r, part, "|type|single|pair|special_tokens|", place));
    WS_TRY(ws_json_read_array(part, "single", place, &single, r->err));
    WS_TRY(ws_json_read_object(part, "special_tokens", place, &tokens, r->err));
    for (size_t i = 0; i < json_array_size(single); i++) {
        const char *item_place;
        const json_t *piece;
        WS_TRY(ws_reading_item(r, single, i, place, &item_place, &piece));
        WS_TRY(read_template_piece(r, piece, tokens, item_place, &text_seen));
    }
    return text_seen ? WS_OK
                     : ws_fail(r->err, WS_UNSUPPORTED,
                               "%s: a template without the text is not supported", place);
}

static enum ws_status read_processor(struct ws_reading *r, const json_t *part, const char *place,
                                     bool *template_seen)
{
    const char *type;
    WS_TRY(ws_json_read_text(part, "type", place, &type, r->err));
    if (strcmp(type, "ByteLevel") == 0) /* only about offsets */
        return ws_reading_only(r, part, "|type|add_prefix_space|trim_offsets|use_regex|", place);
    if (strcmp(type, "TemplateProcessing") != 0)
        return ws_reading_fail_type(r, place, type,
                                    "ByteLevel, TemplateProcessing or a Sequence of them");
    if (*template_seen)
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: two templates are not supported", place);
    *template_seen = true;
    return read_template(r, part, place);
}

enum ws_status ws_reading_post_processor(struct ws_reading *r, const json_t *root,
                                         const char *place)
{
    const json_t *part = json_object_get(root, "post_processor");
    const char *type;
    json_t *list;
    bool template_seen = false;
    WS_TRY(ws_reading_keep(r, part, &r->tokenizer->post_processor_json));
    if (!part || json_is_null(part))
        return WS_OK;
    place = ws_reading_place(r, place, "post_processor");
    if (!place)
        return ws_reading_no_memory(r);
    WS_TRY(ws_json_read_text(part, "type", place, &type, r->err));
    if (strcmp(type, "Sequence") != 0)
        return read_processor(r, part, place, &template_seen);
    WS_TRY(ws_reading_only(r, part, "|type|processors|", place));
    WS_TRY(ws_json_read_array(part, "processors", place, &list, r->err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item_place;
        const json_t *item;
        WS_TRY(ws_reading_item(r, list, i, place, &item_place, &item));
        WS_TRY(read_processor(r, item, item_place, &template_seen));
    }
    return WS_OK;
}
