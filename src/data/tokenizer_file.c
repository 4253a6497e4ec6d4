/*
 * Tokenizers on disk.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "data/tokenizer_internal.h"

/* Opening -------------------------------------------------------------------------------------- */

static enum ws_status open_json(const char *path, struct ws_arena *scratch, struct ws_arena *arena,
                                const struct ws_tokenizer **out, struct ws_error *err)
{
    struct ws_bytes json;
    WS_TRY(ws_file_read(path, WS_JSON_LIMIT, scratch, &json, err));
    return ws_tokenizer_parse(json, path, arena, out, err);
}

static const char *path_in(struct ws_arena *arena, const char *directory, const char *name)
{
    return ws_arena_format(arena, "%s/%s", directory, name);
}

static enum ws_status open_pair(const char *directory, const char *vocabulary, const char *merges,
                                struct ws_arena *scratch, struct ws_arena *arena,
                                const struct ws_tokenizer **out, struct ws_error *err)
{
    struct ws_tokenizer_pair files = {
        .vocabulary_name = path_in(scratch, directory, vocabulary),
        .merges_name = path_in(scratch, directory, merges),
        .config_name = path_in(scratch, directory, "tokenizer_config.json"),
    };
    const char *added = path_in(scratch, directory, "added_tokens.json");
    if (!files.vocabulary_name || !files.merges_name || !files.config_name || !added)
        return ws_fail_memory(err, directory);
    files.has_added_tokens = ws_file_exists(added);
    WS_TRY(ws_file_read(files.vocabulary_name, WS_JSON_LIMIT, scratch, &files.vocabulary, err));
    WS_TRY(ws_file_read(files.merges_name, WS_JSON_LIMIT, scratch, &files.merges, err));
    if (ws_file_exists(files.config_name))
        WS_TRY(ws_file_read(files.config_name, WS_JSON_LIMIT, scratch, &files.config, err));
    return ws_tokenizer_parse_pair(&files, arena, out, err);
}

static enum ws_status open_directory(const char *path, struct ws_arena *scratch,
                                     struct ws_arena *arena, const struct ws_tokenizer **out,
                                     struct ws_error *err)
{
    const char *json = path_in(scratch, path, "tokenizer.json");
    const char *vocabulary = path_in(scratch, path, "vocab.json");
    const char *encoder = path_in(scratch, path, "encoder.json");
    if (!json || !vocabulary || !encoder)
        return ws_fail_memory(err, path);
    if (ws_file_exists(json))
        return open_json(json, scratch, arena, out, err);
    if (ws_file_exists(vocabulary))
        return open_pair(path, "vocab.json", "merges.txt", scratch, arena, out, err);
    if (ws_file_exists(encoder))
        return open_pair(path, "encoder.json", "vocab.bpe", scratch, arena, out, err);
    return ws_fail(err, WS_NOT_FOUND,
                   "no tokenizer in '%s', wanted tokenizer.json, or vocab.json and merges.txt, or "
                   "encoder.json and vocab.bpe",
                   path);
}

enum ws_status ws_tokenizer_open(const char *path, struct ws_arena *arena,
                                 const struct ws_tokenizer **out, struct ws_error *err)
{
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = ws_directory_exists(path)
                                ? open_directory(path, &scratch, arena, out, err)
                                : open_json(path, &scratch, arena, out, err);
    ws_arena_release(&scratch);
    return status;
}

/* Writing -------------------------------------------------------------------------------------- */

/* A token as files spell it. */
static void spell_token(const struct ws_tokenizer *tokenizer, uint32_t id, struct ws_buffer *out)
{
    struct ws_bytes piece = ws_tokenizer_piece(tokenizer, id);
    if (tokenizer->traits[id] & WS_TOKEN_SPELT)
        ws_alphabet_spell(piece, out);
    else
        ws_buffer_append(out, piece.data, piece.size);
}

static json_t *token_text(const struct ws_tokenizer *tokenizer, uint32_t id,
                          struct ws_buffer *scratch)
{
    ws_buffer_reset(scratch);
    spell_token(tokenizer, id, scratch);
    return scratch->status == WS_OK ? json_string(ws_buffer_string(scratch)) : NULL;
}

static json_t *vocabulary_json(const struct ws_tokenizer *tokenizer, struct ws_buffer *scratch)
{
    json_t *json = json_object();
    bool done = json;
    for (uint32_t id = 0; done && id < tokenizer->vocabulary_count; id++) {
        ws_buffer_reset(scratch);
        spell_token(tokenizer, id, scratch);
        done = scratch->status == WS_OK &&
               json_object_set_new(json, ws_buffer_string(scratch), json_integer(id)) == 0;
    }
    if (done)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *merges_json(const struct ws_tokenizer *tokenizer, struct ws_buffer *scratch)
{
    json_t *json = json_array();
    bool done = json;
    for (uint32_t rank = 0; done && rank < tokenizer->merge_count; rank++) {
        json_t *left = token_text(tokenizer, tokenizer->merges[rank].left, scratch);
        json_t *right = token_text(tokenizer, tokenizer->merges[rank].right, scratch);
        done = json_array_append_new(json, json_pack("[o,o]", left, right)) == 0;
    }
    if (done)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *added_token_json(const struct ws_added_token *token)
{
    return json_pack("{s:s, s:b, s:b, s:b, s:b, s:b}", "content", token->text, "single_word",
                     token->single_word, "lstrip", token->lstrip, "rstrip", token->rstrip,
                     "normalized", token->normalized, "special", token->special);
}

static json_t *added_json(const struct ws_tokenizer *tokenizer)
{
    json_t *json = json_array();
    bool done = json;
    for (uint32_t i = 0; done && i < tokenizer->added_count; i++) {
        json_t *token = json_pack("{s:I}", "id", (json_int_t)tokenizer->added[i].id);
        done = json_object_update_new(token, added_token_json(&tokenizer->added[i])) == 0;
        done = json_array_append_new(json, token) == 0 && done;
    }
    if (done)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *part_json(const char *text)
{
    return text ? json_loads(text, 0, NULL) : json_null();
}

/* NULL when memory is out; so it is when any part is. */
static json_t *whole_json(const struct ws_tokenizer *tokenizer, struct ws_buffer *scratch)
{
    json_t *model =
        json_pack("{s:s, s:n, s:n, s:n, s:n, s:b, s:b, s:b, s:o, s:o}", "type", "BPE", "dropout",
                  "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", false,
                  "byte_fallback", false, "ignore_merges", tokenizer->ignore_merges, "vocab",
                  vocabulary_json(tokenizer, scratch), "merges", merges_json(tokenizer, scratch));
    return json_pack("{s:s, s:n, s:n, s:o, s:o, s:o, s:o, s:o, s:o}", "version", "1.0",
                     "truncation", "padding", "added_tokens", added_json(tokenizer), "normalizer",
                     part_json(tokenizer->normalizer_json), "pre_tokenizer",
                     part_json(tokenizer->pre_tokenizer_json), "post_processor",
                     part_json(tokenizer->post_processor_json), "decoder",
                     part_json(tokenizer->decoder_json), "model", model);
}

static void append_json(json_t *json, bool pretty, struct ws_buffer *out)
{
    if (!json && out->status == WS_OK)
        out->status = WS_NO_MEMORY;
    else if (pretty)
        ws_json_append_pretty(json, out);
    else
        ws_json_append(json, out);
    json_decref(json);
}

void ws_tokenizer_write_json(const struct ws_tokenizer *tokenizer, struct ws_buffer *out)
{
    struct ws_buffer scratch;
    ws_buffer_init(&scratch, out->allocator, SIZE_MAX);
    append_json(whole_json(tokenizer, &scratch), true, out);
    ws_buffer_release(&scratch);
}

static void write_vocabulary(const struct ws_tokenizer *tokenizer, struct ws_buffer *out)
{
    struct ws_buffer scratch;
    ws_buffer_init(&scratch, out->allocator, SIZE_MAX);
    append_json(vocabulary_json(tokenizer, &scratch), false, out);
    ws_buffer_release(&scratch);
}

static void write_merges(const struct ws_tokenizer *tokenizer, struct ws_buffer *out)
{
    ws_buffer_text(out, "#version: 0.2\n");
    for (uint32_t rank = 0; rank < tokenizer->merge_count; rank++) {
        spell_token(tokenizer, tokenizer->merges[rank].left, out);
        ws_buffer_u8(out, ' ');
        spell_token(tokenizer, tokenizer->merges[rank].right, out);
        ws_buffer_u8(out, '\n');
    }
}

static json_t *added_decoder_json(const struct ws_tokenizer *tokenizer)
{
    json_t *json = json_object();
    bool done = json;
    for (uint32_t i = 0; done && i < tokenizer->added_count; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%" PRIu32, tokenizer->added[i].id);
        done = json_object_set_new(json, id, added_token_json(&tokenizer->added[i])) == 0;
    }
    if (done)
        return json;
    json_decref(json);
    return NULL;
}

/* Without it `transformers` takes the class that goes with the model's type, which for a Llama is
 * not byte-level. What is null there is no token: left out, it would be <|endoftext|>. */
static void write_config(const struct ws_tokenizer *tokenizer, struct ws_buffer *out)
{
    struct ws_buffer scratch;
    ws_buffer_init(&scratch, out->allocator, SIZE_MAX);
    uint32_t end = tokenizer->end_of_text;
    uint32_t front = tokenizer->front_count == 1 ? tokenizer->front[0] : end;
    json_t *bos = front == WS_NO_TOKEN ? json_null() : token_text(tokenizer, front, &scratch);
    json_t *eos = end == WS_NO_TOKEN ? json_null() : token_text(tokenizer, end, &scratch);
    append_json(json_pack("{s:s, s:o, s:o, s:n, s:b, s:o}", "tokenizer_class",
                          "PreTrainedTokenizerFast", "bos_token", bos, "eos_token", eos,
                          "unk_token", "clean_up_tokenization_spaces", false,
                          "added_tokens_decoder", added_decoder_json(tokenizer)),
                true, out);
    ws_buffer_release(&scratch);
}

enum ws_status ws_tokenizer_save(const struct ws_tokenizer *tokenizer, const char *directory,
                                 struct ws_error *err)
{
    /* Last the file that is opened first: it stands for all when it is there. */
    static const struct {
        const char *name;
        void (*write)(const struct ws_tokenizer *tokenizer, struct ws_buffer *out);
    } files[] = {
        {"vocab.json", write_vocabulary},
        {"merges.txt", write_merges},
        {"tokenizer_config.json", write_config},
        {"tokenizer.json", ws_tokenizer_write_json},
    };
    struct ws_arena arena;
    struct ws_buffer text;
    ws_arena_init(&arena, tokenizer->allocator);
    ws_buffer_init(&text, tokenizer->allocator, SIZE_MAX);
    enum ws_status status = ws_directory_make(directory, err);
    for (size_t i = 0; status == WS_OK && i < sizeof files / sizeof *files; i++) {
        const char *path = path_in(&arena, directory, files[i].name);
        ws_buffer_reset(&text);
        files[i].write(tokenizer, &text);
        status = path ? ws_buffer_check(&text, path, err) : ws_fail_memory(err, directory);
        if (status == WS_OK)
            status = ws_file_replace(path, ws_buffer_bytes(&text), err);
    }
    ws_buffer_release(&text);
    ws_arena_release(&arena);
    return status;
}
