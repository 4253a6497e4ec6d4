/*
 * Reading tokenizer.json. Every member is known and either acted upon or refused by name.
 */
#include <string.h>

#include "data/tokenizer_internal.h"

enum { LONGEST_ADDED = 4096 }; /* bytes of an added token */

enum ws_status ws_reading_no_memory(struct ws_reading *r)
{
    return ws_fail_memory(r->err, r->tokenizer->name);
}

enum ws_status ws_reading_fail_type(struct ws_reading *r, const char *place, const char *type,
                                    const char *wanted)
{
    return ws_fail(r->err, WS_UNSUPPORTED, "%s: type '%.60s' is not supported, wanted %s", place,
                   type, wanted);
}

const char *ws_reading_place(struct ws_reading *r, const char *place, const char *member)
{
    return ws_arena_format(r->scratch, "%s: %s", place, member);
}

enum ws_status ws_reading_item(struct ws_reading *r, const json_t *list, size_t index,
                               const char *place, const char **item_place, const json_t **out)
{
    *item_place = ws_arena_format(r->scratch, "%s[%zu]", place, index);
    if (!*item_place)
        return ws_reading_no_memory(r);
    *out = json_array_get(list, index);
    if (!json_is_object(*out))
        return ws_fail(r->err, WS_CORRUPT, "%s is no object", *item_place);
    return WS_OK;
}

enum ws_status ws_reading_only(struct ws_reading *r, const json_t *object, const char *known,
                               const char *place)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const char *name = ws_arena_format(r->scratch, "|%s|", key);
        if (!name)
            return ws_reading_no_memory(r);
        if (strchr(key, '|') || !strstr(known, name))
            return ws_fail(r->err, WS_UNSUPPORTED, "%s: '%.60s' is not supported", place, key);
    }
    return WS_OK;
}

enum ws_status ws_reading_flag(struct ws_reading *r, const json_t *object, const char *key,
                               const char *place, bool initial, bool *out)
{
    *out = initial;
    const json_t *member = json_object_get(object, key);
    if (!member || json_is_null(member))
        return WS_OK;
    return ws_json_read_flag(object, key, place, out, r->err);
}

enum ws_status ws_reading_keep(struct ws_reading *r, const json_t *part, const char **out)
{
    struct ws_buffer text;
    *out = NULL;
    if (!part || json_is_null(part))
        return WS_OK;
    ws_buffer_init(&text, r->arena->allocator, SIZE_MAX);
    ws_json_append(part, &text);
    if (text.status == WS_OK)
        *out = ws_arena_text(r->arena, ws_buffer_string(&text));
    ws_buffer_release(&text);
    return *out ? WS_OK : ws_reading_no_memory(r);
}

/* Added tokens --------------------------------------------------------------------------------- */

/* The library gives a token that is in the vocabulary its id there, and the others those that
 * follow, one by one: a file that says otherwise would be read otherwise. */
static enum ws_status check_added_id(struct ws_reading *r, const struct ws_added_token *token,
                                     uint64_t said, const json_t *vocabulary, uint32_t next,
                                     const char *place)
{
    const json_t *known = json_object_get(vocabulary, token->text);
    if (known && json_is_integer(known) && (uint64_t)json_integer_value(known) != said)
        return ws_fail(r->err, WS_CORRUPT, "%s: '%.60s' has id %llu, but %lld in the vocabulary",
                       place, token->text, (unsigned long long)said,
                       (long long)json_integer_value(known));
    if (!known && said != next)
        return ws_fail(r->err, WS_CORRUPT, "%s: '%.60s' has id %llu, wanted %u, the next one",
                       place, token->text, (unsigned long long)said, next);
    return WS_OK;
}

enum ws_status ws_reading_added(struct ws_reading *r, const json_t *json, uint64_t said,
                                const json_t *vocabulary, uint32_t next, const char *place,
                                struct ws_added_token *out)
{
    const char *text;
    WS_TRY(ws_reading_only(r, json, "|id|content|single_word|lstrip|rstrip|normalized|special|",
                           place));
    WS_TRY(ws_json_read_text(json, "content", place, &text, r->err));
    WS_TRY(ws_json_read_flag(json, "single_word", place, &out->single_word, r->err));
    WS_TRY(ws_json_read_flag(json, "lstrip", place, &out->lstrip, r->err));
    WS_TRY(ws_json_read_flag(json, "rstrip", place, &out->rstrip, r->err));
    WS_TRY(ws_json_read_flag(json, "normalized", place, &out->normalized, r->err));
    WS_TRY(ws_json_read_flag(json, "special", place, &out->special, r->err));
    if (text[0] == '\0' || strlen(text) > LONGEST_ADDED)
        return ws_fail(r->err, WS_CORRUPT, "%s: 'content' has %zu bytes, wanted 1 to %d", place,
                       strlen(text), LONGEST_ADDED);
    out->text = ws_arena_text(r->arena, text);
    if (!out->text)
        return ws_reading_no_memory(r);
    WS_TRY(check_added_id(r, out, said, vocabulary, next, place));
    out->id = (uint32_t)said;
    return WS_OK;
}

static enum ws_status read_all_added(struct ws_reading *r, const json_t *root,
                                     const json_t *vocabulary, const char *place)
{
    struct ws_tokenizer *tokenizer = r->tokenizer;
    const json_t *list = json_object_get(root, "added_tokens");
    uint32_t next = (uint32_t)json_object_size(vocabulary);
    if (!list || json_is_null(list))
        return WS_OK;
    if (!json_is_array(list))
        return ws_fail(r->err, WS_CORRUPT, "%s: 'added_tokens' is no list", place);
    place = ws_reading_place(r, place, "added_tokens");
    tokenizer->added = WS_ARENA_ZNEW(r->arena, struct ws_added_token, json_array_size(list));
    if (!place || !tokenizer->added)
        return ws_reading_no_memory(r);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item_place;
        const json_t *item;
        uint64_t id = 0;
        struct ws_added_token *token = &tokenizer->added[i];
        WS_TRY(ws_reading_item(r, list, i, place, &item_place, &item));
        WS_TRY(ws_json_read_whole(item, "id", item_place, &id, r->err));
        WS_TRY(ws_reading_added(r, item, id, vocabulary, next, item_place, token));
        if (token->id == next)
            next++;
        tokenizer->added_count++;
    }
    return WS_OK;
}

/* Vocabulary and merges ------------------------------------------------------------------------ */

enum ws_status ws_reading_vocabulary(struct ws_reading *r, const json_t *vocabulary,
                                     const char *place)
{
    size_t count = json_object_size(vocabulary);
    const char **texts = WS_ARENA_ZNEW(r->scratch, const char *, count);
    const char *text;
    json_t *id;
    if (!texts)
        return ws_reading_no_memory(r);
    if (count == 0)
        return ws_fail(r->err, WS_CORRUPT, "%s: the vocabulary is empty", place);
    json_object_foreach((json_t *)vocabulary, text, id)
    {
        if (!json_is_integer(id))
            return ws_fail(r->err, WS_CORRUPT, "%s: the id of '%.60s' is no whole number", place,
                           text);
        json_int_t number = json_integer_value(id);
        if (number < 0 || (uint64_t)number >= count)
            return ws_fail(r->err, WS_CORRUPT,
                           "%s: '%.60s' has id %lld, wanted each of 0 to %zu once", place, text,
                           (long long)number, count - 1);
        if (texts[number])
            return ws_fail(r->err, WS_CORRUPT, "%s: '%.60s' and '%.60s' both have id %lld", place,
                           texts[number], text, (long long)number);
        texts[number] = text;
    }
    return ws_tokenizer_set_vocabulary(r->tokenizer, texts, (uint32_t)count, r->arena, r->err);
}

static enum ws_status read_merge(struct ws_reading *r, const json_t *merge, const char *place,
                                 struct ws_buffer *scratch)
{
    if (json_is_string(merge))
        return ws_tokenizer_add_merge_line(
            r->tokenizer, ws_bytes_of(json_string_value(merge), json_string_length(merge)), scratch,
            r->err);
    const json_t *left = json_array_get(merge, 0);
    const json_t *right = json_array_get(merge, 1);
    if (json_array_size(merge) != 2 || !json_is_string(left) || !json_is_string(right))
        return ws_fail(r->err, WS_CORRUPT, "%s: merge %u is neither a text nor a pair of texts",
                       place, r->tokenizer->merge_count + 1);
    return ws_tokenizer_add_merge(r->tokenizer, ws_bytes_of_text(json_string_value(left)),
                                  ws_bytes_of_text(json_string_value(right)), scratch, r->err);
}

static enum ws_status read_merges(struct ws_reading *r, const json_t *model, const char *place)
{
    json_t *list;
    WS_TRY(ws_json_read_array(model, "merges", place, &list, r->err));
    if (json_array_size(list) >= UINT32_MAX)
        return ws_fail(r->err, WS_LIMIT, "%s: too many merges", place);
    r->tokenizer->merges = WS_ARENA_NEW(r->arena, struct ws_merge, json_array_size(list));
    if (!r->tokenizer->merges)
        return ws_reading_no_memory(r);
    struct ws_buffer scratch;
    ws_buffer_init(&scratch, r->arena->allocator, SIZE_MAX);
    enum ws_status status = WS_OK;
    for (size_t i = 0; i < json_array_size(list) && status == WS_OK; i++)
        status = read_merge(r, json_array_get(list, i), place, &scratch);
    ws_buffer_release(&scratch);
    return status;
}

/* An affix to put on the parts of words: none is meant by null and by "". */
static enum ws_status refuse_affix(struct ws_reading *r, const json_t *model, const char *key,
                                   const char *place)
{
    const json_t *member = json_object_get(model, key);
    if (!member || json_is_null(member))
        return WS_OK;
    const char *text;
    WS_TRY(ws_json_read_text(model, key, place, &text, r->err));
    if (text[0] == '\0')
        return WS_OK;
    return ws_fail(r->err, WS_UNSUPPORTED, "%s: '%s' of '%.60s' is not supported", place, key,
                   text);
}

static enum ws_status read_model_settings(struct ws_reading *r, const json_t *model,
                                          const char *place)
{
    const json_t *type = json_object_get(model, "type");
    const json_t *dropout = json_object_get(model, "dropout");
    bool byte_fallback = false, fuse = false;
    WS_TRY(ws_reading_only(r, model,
                           "|type|dropout|unk_token|continuing_subword_prefix|end_of_word_suffix|"
                           "fuse_unk|byte_fallback|ignore_merges|vocab|merges|",
                           place));
    if (json_is_string(type) && strcmp(json_string_value(type), "BPE") != 0)
        return ws_reading_fail_type(r, place, json_string_value(type), "BPE");
    if (dropout && !json_is_null(dropout) &&
        !(json_is_number(dropout) && json_number_value(dropout) == 0))
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: 'dropout' is not supported", place);
    WS_TRY(refuse_affix(r, model, "continuing_subword_prefix", place));
    WS_TRY(refuse_affix(r, model, "end_of_word_suffix", place));
    WS_TRY(
        ws_reading_flag(r, model, "fuse_unk", place, false, &fuse)); /* there is nothing unknown */
    WS_TRY(ws_reading_flag(r, model, "byte_fallback", place, false, &byte_fallback));
    if (byte_fallback)
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: 'byte_fallback' is not supported", place);
    return ws_reading_flag(r, model, "ignore_merges", place, false, &r->tokenizer->ignore_merges);
}

/* With a token for every byte nothing is unknown. */
static enum ws_status check_unknown(struct ws_reading *r, const json_t *model, const char *place)
{
    const json_t *unknown = json_object_get(model, "unk_token");
    if (!unknown || json_is_null(unknown))
        return WS_OK;
    for (int byte = 0; byte < 256; byte++)
        if (r->tokenizer->bytes[byte] == WS_NO_TOKEN)
            return ws_fail(r->err, WS_UNSUPPORTED,
                           "%s: 'unk_token' is not supported where a byte, 0x%02x, has no token",
                           place, (unsigned)byte);
    return WS_OK;
}

/* The file ------------------------------------------------------------------------------------- */

/* What would change every text or its ids, and is null in a file that only describes. */
static enum ws_status refuse_set(struct ws_reading *r, const json_t *root, const char *key,
                                 const char *name)
{
    const json_t *member = json_object_get(root, key);
    if (!member || json_is_null(member))
        return WS_OK;
    return ws_fail(r->err, WS_UNSUPPORTED, "%s: '%s' is not supported, wanted null", name, key);
}

static enum ws_status read_version(struct ws_reading *r, const json_t *root, const char *name)
{
    const char *version;
    if (!json_object_get(root, "version"))
        return WS_OK;
    WS_TRY(ws_json_read_text(root, "version", name, &version, r->err));
    if (strcmp(version, "1.0") != 0)
        return ws_fail(r->err, WS_UNSUPPORTED, "%s: version '%.40s' is not supported, wanted 1.0",
                       name, version);
    return WS_OK;
}

static enum ws_status read_file(struct ws_reading *r, const json_t *root, const char *name)
{
    json_t *model, *vocabulary;
    WS_TRY(ws_reading_only(r, root,
                           "|version|truncation|padding|added_tokens|normalizer|pre_tokenizer|"
                           "post_processor|decoder|model|",
                           name));
    WS_TRY(read_version(r, root, name));
    WS_TRY(refuse_set(r, root, "truncation", name));
    WS_TRY(refuse_set(r, root, "padding", name));
    WS_TRY(ws_json_read_object(root, "model", name, &model, r->err));
    const char *place = ws_reading_place(r, name, "model");
    if (!place)
        return ws_reading_no_memory(r);
    WS_TRY(read_model_settings(r, model, place));
    WS_TRY(ws_reading_normalizer(r, root, name));
    WS_TRY(ws_reading_pre_tokenizer(r, root, name));
    WS_TRY(ws_reading_decoder(r, root, name));
    WS_TRY(ws_json_read_object(model, "vocab", place, &vocabulary, r->err));
    WS_TRY(read_all_added(r, root, vocabulary, name));
    WS_TRY(ws_reading_vocabulary(r, vocabulary, place));
    WS_TRY(read_merges(r, model, place));
    WS_TRY(check_unknown(r, model, place));
    WS_TRY(ws_reading_post_processor(r, root, name));
    return ws_tokenizer_complete(r->tokenizer, r->arena, r->err);
}

enum ws_status ws_tokenizer_parse(struct ws_bytes json, const char *name, struct ws_arena *arena,
                                  const struct ws_tokenizer **out, struct ws_error *err)
{
    json_t *root;
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    struct ws_reading reading = {ws_tokenizer_new(name, arena), arena, &scratch, err};
    if (!reading.tokenizer)
        return ws_fail_memory(err, name);
    WS_TRY(ws_json_parse(json, name, &root, err));
    enum ws_status status = json_is_object(root)
                                ? read_file(&reading, root, name)
                                : ws_fail(err, WS_CORRUPT, "%s: is no object", name);
    json_decref(root);
    ws_arena_release(&scratch);
    if (status == WS_OK)
        *out = reading.tokenizer;
    return status;
}
