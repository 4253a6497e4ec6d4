/*
 * Reading vocab.json and merges.txt, with what tokenizer_config.json says of GPT-2's tokenizer and
 * of OPT's, which is the same with other special tokens and one at the front.
 */
#include <string.h>

#include "base/number.h"
#include "data/tokenizer_internal.h"

static const char DEFAULT_SPECIAL[] = "<|endoftext|>";

/* Members of the configuration that are a special token, and whether it is the default one where
 * they are not set. */
static const struct {
    const char *key;
    bool has_default;
} roles[] = {
    {"bos_token", true},  {"eos_token", true},  {"unk_token", true},   {"sep_token", false},
    {"pad_token", false}, {"cls_token", false}, {"mask_token", false},
};
enum { ROLES = sizeof roles / sizeof *roles };

/* Special tokens ------------------------------------------------------------------------------- */

static struct ws_added_token *find_added(struct ws_tokenizer *tokenizer, const char *text)
{
    for (uint32_t i = 0; i < tokenizer->added_count; i++)
        if (strcmp(tokenizer->added[i].text, text) == 0)
            return &tokenizer->added[i];
    return NULL;
}

/* The text of a token given as such or as an object with `content`; NULL when it is not set. */
static enum ws_status text_of(struct ws_reading *r, const json_t *json, const char *place,
                              const char **out)
{
    *out = NULL;
    if (!json || json_is_null(json))
        return WS_OK;
    if (json_is_object(json))
        return ws_json_read_text(json, "content", place, out, r->err);
    if (!json_is_string(json))
        return ws_fail(r->err, WS_CORRUPT, "%s: is no token", place);
    *out = json_string_value(json);
    return WS_OK;
}

static enum ws_status flag_of(struct ws_reading *r, const json_t *json, const char *key,
                              const char *place, bool *out)
{
    *out = false;
    return json_is_object(json) ? ws_reading_flag(r, json, key, place, false, out) : WS_OK;
}

/* Makes a token of the vocabulary special. */
static enum ws_status add_special(struct ws_reading *r, const json_t *json, const char *text,
                                  const json_t *vocabulary, const char *place)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    const json_t *id = json_object_get(vocabulary, text);
    if (find_added(tokenizer, text))
        return WS_OK;
    if (text[0] == '\0' || !json_is_integer(id))
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: '%.60s' is not in the vocabulary", place, text);
    struct ws_added_token *token = &tokenizer->added[tokenizer->added_count];
    WS_TRY(flag_of(r, json, "single_word", place, &token->single_word));
    WS_TRY(flag_of(r, json, "lstrip", place, &token->lstrip));
    WS_TRY(flag_of(r, json, "rstrip", place, &token->rstrip));
    token->text = ws_arena_text(r->arena, text);
    if (!token->text)
        return ws_reading_no_memory(r);
    token->id = (uint32_t)json_integer_value(id);
    token->special = true;
    tokenizer->added_count++;
    return WS_OK;
}

static enum ws_status add_role(struct ws_reading *r, const json_t *config, int role,
                               const json_t *vocabulary, const char *place)
{
    const char *key = roles[role].key;
    const json_t *json = json_object_get(config, key);
    const char *text;
    place = ws_reading_place(r, place, key);
    if (!place)
        return ws_reading_no_memory(r);
    WS_TRY(text_of(r, json, place, &text));
    if (!json && roles[role].has_default && json_object_get(vocabulary, DEFAULT_SPECIAL))
        text = DEFAULT_SPECIAL;
    return text ? add_special(r, json, text, vocabulary, place) : WS_OK;
}

/* "added_tokens_decoder": {"50256": {"content": ...}} */
static enum ws_status add_decoder(struct ws_reading *r, const json_t *decoder,
                                  const json_t *vocabulary, const char *place)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    uint32_t next = (uint32_t)json_object_size(vocabulary);
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)decoder, key, item)
    {
        uint64_t id = 0;
        struct ws_added_token *token = &tokenizer->added[tokenizer->added_count];
        const char *item_place = ws_arena_format(r->scratch, "%s: '%s'", place, key);
        if (!item_place)
            return ws_reading_no_memory(r);
        if (!ws_whole_parse(key, &id) || !json_is_object(item))
            return ws_fail(r->err, WS_CORRUPT, "%s: is no id with a token", item_place);
        WS_TRY(ws_reading_added(r, item, id, vocabulary, next, item_place, token));
        if (token->id == next)
            next++;
        tokenizer->added_count++;
    }
    return WS_OK;
}

static enum ws_status add_all_special(struct ws_reading *r, const json_t *config,
                                      const json_t *vocabulary, const char *place)
{
    const json_t *decoder = json_object_get(config, "added_tokens_decoder");
    const json_t *more = json_object_get(config, "additional_special_tokens");
    size_t most = json_object_size(decoder) + json_array_size(more) + ROLES;
    r->tokenizer->added = WS_ARENA_ZNEW(r->arena, struct ws_added_token, most);
    if (!r->tokenizer->added)
        return ws_reading_no_memory(r);
    WS_TRY(add_decoder(r, decoder, vocabulary, place));
    for (int role = 0; role < ROLES; role++)
        WS_TRY(add_role(r, config, role, vocabulary, place));
    for (size_t i = 0; i < json_array_size(more); i++) {
        const char *text;
        WS_TRY(text_of(r, json_array_get(more, i), place, &text));
        if (text)
            WS_TRY(add_special(r, json_array_get(more, i), text, vocabulary, place));
    }
    return WS_OK;
}

/* Settings ------------------------------------------------------------------------------------- */

static enum ws_status refuse_other_classes(struct ws_reading *r, const json_t *config,
                                           const char *place)
{
    const char *class;
    bool add_eos = false;
    if (json_object_get(config, "tokenizer_class")) {
        WS_TRY(ws_json_read_text(config, "tokenizer_class", place, &class, r->err));
        /* The last says only that a tokenizer.json was there: ours too, see ws_tokenizer_save. */
        if (strcmp(class, "GPT2Tokenizer") != 0 && strcmp(class, "GPT2TokenizerFast") != 0 &&
            strcmp(class, "PreTrainedTokenizerFast") != 0)
            return ws_fail(r->err, WS_UNSUPPORTED,
                           "%s: 'tokenizer_class' %.60s is not supported without a tokenizer.json, "
                           "wanted GPT2Tokenizer",
                           place, class);
    }
    WS_TRY(ws_reading_flag(r, config, "add_eos_token", place, false, &add_eos));
    return add_eos ? ws_fail(r->err, WS_UNSUPPORTED, "%s: 'add_eos_token' is not supported", place)
                   : WS_OK;
}

/* A template with the token `bos` before every text. */
static json_t *front_template(const char *bos, uint32_t id)
{
    return json_pack("{s:s, s:[{s:{s:s,s:i}}, {s:{s:s,s:i}}],"
                     " s:[{s:{s:s,s:i}}, {s:{s:s,s:i}}, {s:{s:s,s:i}}, {s:{s:s,s:i}}],"
                     " s:{s:{s:s,s:[I],s:[s]}}}",
                     "type", "TemplateProcessing", "single", "SpecialToken", "id", bos, "type_id",
                     0, "Sequence", "id", "A", "type_id", 0, "pair", "SpecialToken", "id", bos,
                     "type_id", 0, "Sequence", "id", "A", "type_id", 0, "SpecialToken", "id", bos,
                     "type_id", 1, "Sequence", "id", "B", "type_id", 1, "special_tokens", bos, "id",
                     bos, "ids", (json_int_t)id, "tokens", bos);
}

static enum ws_status set_front(struct ws_reading *r, const json_t *config, const char *place)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    const char *text = DEFAULT_SPECIAL;
    if (json_object_get(config, "bos_token"))
        WS_TRY(text_of(r, json_object_get(config, "bos_token"), place, &text));
    const struct ws_added_token *bos = text ? find_added(tokenizer, text) : NULL;
    if (!bos)
        return ws_fail(r->err, WS_CORRUPT, "%s: 'add_bos_token' without a 'bos_token'", place);
    tokenizer->front = ws_arena_copy(r->arena, &bos->id, sizeof bos->id);
    json_t *part = front_template(bos->text, bos->id);
    if (!tokenizer->front || !part) {
        json_decref(part);
        return ws_reading_no_memory(r);
    }
    tokenizer->front_count = 1;
    enum ws_status status = ws_reading_keep(r, part, &tokenizer->post_processor_json);
    json_decref(part);
    return status;
}

static enum ws_status read_config(struct ws_reading *r, const json_t *config,
                                  const json_t *vocabulary, const char *place)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    const char *eos = DEFAULT_SPECIAL;
    bool front = false, prefix_space = false;
    WS_TRY(refuse_other_classes(r, config, place));
    WS_TRY(add_all_special(r, config, vocabulary, place));
    WS_TRY(ws_reading_flag(r, config, "add_bos_token", place, false, &front));
    WS_TRY(ws_reading_flag(r, config, "add_prefix_space", place, false, &prefix_space));
    if (front)
        WS_TRY(set_front(r, config, place));
    if (json_object_get(config, "eos_token"))
        WS_TRY(text_of(r, json_object_get(config, "eos_token"), place, &eos));
    const struct ws_added_token *end = eos ? find_added(tokenizer, eos) : NULL;
    if (end)
        tokenizer->end_of_text = end->id;
    ws_tokenizer_set_byte_level(tokenizer, prefix_space);
    return WS_OK;
}

/* Merges --------------------------------------------------------------------------------------- */

static size_t count_lines(struct ws_bytes text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    return count;
}

/* Lines end with \n or \r\n; the last may have neither. */
static enum ws_status read_lines(struct ws_reading *r, struct ws_bytes text,
                                 struct ws_buffer *scratch)
{
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        size_t step = end ? size + 1 : size;
        if (end && size > 0 && text.data[size - 1] == '\r')
            size--;
        WS_TRY(ws_tokenizer_add_merge_line(r->tokenizer, ws_bytes_of(text.data, size), scratch,
                                           r->err));
        text = ws_bytes_of(text.data + step, text.size - step);
    }
    return WS_OK;
}

static enum ws_status read_merges(struct ws_reading *r, struct ws_bytes text)
{
    size_t most = count_lines(text);
    if (most >= UINT32_MAX)
        return ws_fail(r->err, WS_LIMIT, "%s: too many merges", r->tokenizer->merges_name);
    r->tokenizer->merges = WS_ARENA_NEW(r->arena, struct ws_merge, most);
    if (!r->tokenizer->merges)
        return ws_reading_no_memory(r);
    struct ws_buffer scratch;
    ws_buffer_init(&scratch, r->arena->allocator, SIZE_MAX);
    enum ws_status status = read_lines(r, text, &scratch);
    ws_buffer_release(&scratch);
    return status;
}

/* The files ------------------------------------------------------------------------------------ */

static enum ws_status read_files(struct ws_reading *r, const struct ws_tokenizer_pair *files,
                                 const json_t *vocabulary, const json_t *config)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    tokenizer->merges_name = ws_arena_text(r->arena, files->merges_name);
    if (!tokenizer->merges_name)
        return ws_reading_no_memory(r);
    if (!json_is_object(vocabulary))
        return ws_fail(r->err, WS_CORRUPT, "%s: is no object", tokenizer->name);
    const char *place = config ? files->config_name : tokenizer->name;
    if (files->has_added_tokens && !json_object_get(config, "added_tokens_decoder"))
        return ws_fail(r->err, WS_UNSUPPORTED,
                       "%s: an added_tokens.json beside it is not supported, wanted "
                       "'added_tokens_decoder' in tokenizer_config.json",
                       place);
    WS_TRY(read_config(r, config, vocabulary, place));
    WS_TRY(ws_reading_vocabulary(r, vocabulary, tokenizer->name));
    WS_TRY(read_merges(r, files->merges));
    return ws_tokenizer_complete(tokenizer, r->arena, r->err);
}

static enum ws_status parse_config(const struct ws_tokenizer_pair *files, json_t **out,
                                   struct ws_error *err)
{
    *out = NULL;
    if (!files->config.data)
        return WS_OK;
    WS_TRY(ws_json_parse(files->config, files->config_name, out, err));
    if (json_is_object(*out))
        return WS_OK;
    json_decref(*out);
    return ws_fail(err, WS_CORRUPT, "%s: is no object", files->config_name);
}

enum ws_status ws_tokenizer_parse_pair(const struct ws_tokenizer_pair *files,
                                       struct ws_arena *arena, const struct ws_tokenizer **out,
                                       struct ws_error *err)
{
    json_t *vocabulary = NULL;
    json_t *config;
    WS_TRY(parse_config(files, &config, err));
    enum ws_status status =
        ws_json_parse(files->vocabulary, files->vocabulary_name, &vocabulary, err);
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    struct ws_reading reading = {NULL, arena, &scratch, err};
    if (status == WS_OK) {
        reading.tokenizer = ws_tokenizer_new(files->vocabulary_name, arena);
        status = reading.tokenizer ? read_files(&reading, files, vocabulary, config)
                                   : ws_fail_memory(err, files->vocabulary_name);
    }
    ws_arena_release(&scratch);
    json_decref(vocabulary);
    json_decref(config);
    if (status == WS_OK)
        *out = reading.tokenizer;
    return status;
}
