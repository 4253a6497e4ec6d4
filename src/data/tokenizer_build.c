/*
 * The tables of a tokenizer.
 */
#include <assert.h>
#include <string.h>

#include "data/tokenizer_internal.h"

/* Words ---------------------------------------------------------------------------------------- */

uint32_t ws_word_hash(struct ws_bytes word)
{
    const uint64_t multiplier = 0x9E3779B97F4A7C15U; /* 2^64 over the golden ratio */
    const uint8_t *p = word.data;
    size_t left = word.size;
    uint64_t hash = word.size;
    for (; left >= 8; left -= 8, p += 8) {
        hash = (hash ^ load64_le(p)) * multiplier;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    if (left >= 4)
        rest = (uint64_t)load32_le(p) << 32 | load32_le(p + left - 4);
    else if (left > 0)
        rest = (uint64_t)p[0] << 16 | (uint64_t)p[left / 2] << 8 | p[left - 1];
    hash = (hash ^ rest) * multiplier;
    return (uint32_t)(hash >> 32);
}

struct ws_bytes ws_tokenizer_piece(const struct ws_tokenizer *tokenizer, uint32_t id)
{
    assert(id < tokenizer->count);
    uint32_t start = tokenizer->starts[id];
    return ws_bytes_of(tokenizer->letters + start, tokenizer->starts[id + 1] - start);
}

/* The slot with the word, or the empty one where it belongs. */
static struct ws_word_slot *find_slot(const struct ws_tokenizer *tokenizer, struct ws_bytes word,
                                      uint32_t hash)
{
    size_t at = hash & tokenizer->word_mask;
    for (;; at = (at + 1) & tokenizer->word_mask) {
        struct ws_word_slot *slot = &tokenizer->words[at];
        if (!slot->token)
            return slot;
        if (slot->hash != hash)
            continue;
        struct ws_bytes there = ws_tokenizer_piece(tokenizer, slot->token - 1);
        if (there.size == word.size && memcmp(there.data, word.data, word.size) == 0)
            return slot;
    }
}

uint32_t ws_tokenizer_find_word(const struct ws_tokenizer *tokenizer, struct ws_bytes word)
{
    if (word.size == 0 || word.size > tokenizer->longest_word)
        return WS_NO_TOKEN;
    return find_slot(tokenizer, word, ws_word_hash(word))->token - 1; /* 0 - 1 is WS_NO_TOKEN */
}

static enum ws_status index_words(struct ws_tokenizer *tokenizer, struct ws_arena *arena,
                                  struct ws_error *err)
{
    uint64_t slots = 16;
    while (slots < 2 * ((uint64_t)tokenizer->vocabulary_count + 1))
        slots *= 2;
    tokenizer->word_mask = (uint32_t)(slots - 1);
    tokenizer->words = WS_ARENA_ZNEW(arena, struct ws_word_slot, slots);
    if (!tokenizer->words)
        return ws_fail_memory(err, "the vocabulary");
    for (uint32_t id = 0; id < tokenizer->vocabulary_count; id++) {
        struct ws_bytes piece = ws_tokenizer_piece(tokenizer, id);
        if (!(tokenizer->traits[id] & WS_TOKEN_SPELT) || piece.size == 0)
            continue;
        uint32_t hash = ws_word_hash(piece);
        *find_slot(tokenizer, piece, hash) = (struct ws_word_slot){hash, id + 1};
        if (piece.size > tokenizer->longest_word)
            tokenizer->longest_word = (uint32_t)piece.size;
        if (piece.size == 1)
            tokenizer->bytes[piece.data[0]] = id;
    }
    return WS_OK;
}

/* Pieces --------------------------------------------------------------------------------------- */

struct ws_tokenizer *ws_tokenizer_new(const char *name, struct ws_arena *arena)
{
    struct ws_tokenizer *tokenizer = WS_ARENA_ZNEW(arena, struct ws_tokenizer, 1);
    if (!tokenizer)
        return NULL;
    tokenizer->allocator = arena->allocator;
    tokenizer->name = tokenizer->merges_name = ws_arena_text(arena, name);
    tokenizer->end_of_text = WS_NO_TOKEN;
    for (int byte = 0; byte < 256; byte++)
        tokenizer->bytes[byte] = WS_NO_TOKEN;
    return tokenizer->name ? tokenizer : NULL;
}

void ws_tokenizer_set_byte_level(struct ws_tokenizer *tokenizer, bool prefix_space)
{
    if (prefix_space)
        tokenizer->steps[tokenizer->step_count++] = WS_SPLIT_PREFIX_SPACE;
    tokenizer->steps[tokenizer->step_count++] = WS_SPLIT_WORDS;
    tokenizer->pre_tokenizer_json = prefix_space
                                        ? "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,"
                                          "\"trim_offsets\":true,\"use_regex\":true}"
                                        : "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                                          "\"trim_offsets\":true,\"use_regex\":true}";
    tokenizer->decoder_json = "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,"
                              "\"trim_offsets\":true,\"use_regex\":true}";
}

/* What is spelt in the byte alphabet stands for those bytes, everything else for itself. */
static void set_pieces(struct ws_tokenizer *tokenizer, const char *const *texts)
{
    uint32_t end = 0;
    for (uint32_t id = 0; id < tokenizer->vocabulary_count; id++) {
        size_t size = 0;
        tokenizer->starts[id] = end;
        if (ws_alphabet_read(ws_bytes_of_text(texts[id]), tokenizer->letters + end, &size)) {
            tokenizer->traits[id] |= WS_TOKEN_SPELT;
        } else {
            size = strlen(texts[id]);
            memcpy(tokenizer->letters + end, texts[id], size);
        }
        end += (uint32_t)size;
    }
    for (uint32_t i = 0; i < tokenizer->added_count; i++) {
        const struct ws_added_token *token = &tokenizer->added[i];
        if (token->id < tokenizer->vocabulary_count)
            continue;
        size_t size = strlen(token->text);
        tokenizer->starts[token->id] = end;
        memcpy(tokenizer->letters + end, token->text, size);
        end += (uint32_t)size;
    }
    tokenizer->starts[tokenizer->count] = end;
}

enum ws_status ws_tokenizer_set_vocabulary(struct ws_tokenizer *tokenizer, const char *const *texts,
                                           uint32_t count, struct ws_arena *arena,
                                           struct ws_error *err)
{
    size_t size = 0;
    tokenizer->vocabulary_count = tokenizer->count = count;
    for (uint32_t id = 0; id < count; id++)
        size += strlen(texts[id]);
    for (uint32_t i = 0; i < tokenizer->added_count; i++) {
        size += strlen(tokenizer->added[i].text);
        if (tokenizer->added[i].id >= count)
            tokenizer->count++;
    }
    if (size > UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "%s: the vocabulary has %zu bytes, wanted less than 4 GiB",
                       tokenizer->name, size);
    tokenizer->letters = WS_ARENA_NEW(arena, uint8_t, size);
    tokenizer->starts = WS_ARENA_NEW(arena, uint32_t, (size_t)tokenizer->count + 1);
    tokenizer->traits = WS_ARENA_ZNEW(arena, uint8_t, tokenizer->count);
    if (!tokenizer->letters || !tokenizer->starts || !tokenizer->traits)
        return ws_fail_memory(err, "the vocabulary");
    set_pieces(tokenizer, texts);
    return index_words(tokenizer, arena, err);
}

/* Merges --------------------------------------------------------------------------------------- */

static uint32_t find_spelt(const struct ws_tokenizer *tokenizer, struct ws_bytes text,
                           uint8_t *room)
{
    size_t size = 0;
    return ws_alphabet_read(text, room, &size)
               ? ws_tokenizer_find_word(tokenizer, ws_bytes_of(room, size))
               : WS_NO_TOKEN;
}

enum ws_status ws_tokenizer_add_merge(struct ws_tokenizer *tokenizer, struct ws_bytes left,
                                      struct ws_bytes right, struct ws_buffer *scratch,
                                      struct ws_error *err)
{
    const char *name = tokenizer->merges_name;
    uint32_t number = tokenizer->merge_count + 1;
    ws_buffer_reset(scratch);
    ws_buffer_append(scratch, left.data, left.size);
    ws_buffer_append(scratch, right.data, right.size);
    struct ws_bytes both = ws_buffer_bytes(scratch);
    uint8_t *room = ws_buffer_extend(scratch, both.size);
    if (!room)
        return ws_fail_memory(err, name);
    both = ws_bytes_of(scratch->data, both.size); /* it may have moved */
    struct ws_merge merge = {
        find_spelt(tokenizer, left, room),
        find_spelt(tokenizer, right, room),
        find_spelt(tokenizer, both, room),
    };
    struct ws_bytes missing = merge.left == WS_NO_TOKEN    ? left
                              : merge.right == WS_NO_TOKEN ? right
                                                           : both;
    if (merge.left == WS_NO_TOKEN || merge.right == WS_NO_TOKEN || merge.product == WS_NO_TOKEN)
        return ws_fail(
            err, WS_CORRUPT, "%s: merge %u: '%.*s' is no token of the vocabulary spelt in bytes",
            name, number, missing.size < 60 ? (int)missing.size : 60, (const char *)missing.data);
    tokenizer->merges[tokenizer->merge_count++] = merge;
    return WS_OK;
}

enum ws_status ws_tokenizer_add_merge_line(struct ws_tokenizer *tokenizer, struct ws_bytes line,
                                           struct ws_buffer *scratch, struct ws_error *err)
{
    static const char version[] = "#version";
    if (line.size >= sizeof version - 1 && memcmp(line.data, version, sizeof version - 1) == 0)
        return WS_OK;
    const uint8_t *blank = line.size > 0 ? memchr(line.data, ' ', line.size) : NULL;
    size_t left = blank ? (size_t)(blank - line.data) : 0;
    size_t right = blank ? line.size - left - 1 : 0;
    if (!blank || memchr(blank + 1, ' ', right))
        return ws_fail(err, WS_CORRUPT, "%s: merge %u is '%.*s', wanted two parts and a blank",
                       tokenizer->merges_name, tokenizer->merge_count + 1,
                       line.size < 60 ? (int)line.size : 60, (const char *)line.data);
    return ws_tokenizer_add_merge(tokenizer, ws_bytes_of(line.data, left),
                                  ws_bytes_of(blank + 1, right), scratch, err);
}

/* Completion ----------------------------------------------------------------------------------- */

/* Whether the merges join the bytes of a token to that token. Those of most do, and then a word
 * that is a token need not be taken apart. */
static enum ws_status mark_whole_words(struct ws_tokenizer *tokenizer, struct ws_buffer *ids,
                                       struct ws_buffer *scratch, struct ws_error *err)
{
    uint32_t *joined = ws_buffer_extend(ids, (size_t)tokenizer->longest_word * sizeof *joined);
    if (!joined)
        return ws_fail_memory(err, "the vocabulary");
    for (uint32_t id = 0; id < tokenizer->vocabulary_count; id++) {
        struct ws_bytes piece = ws_tokenizer_piece(tokenizer, id);
        size_t count = 0;
        if (!(tokenizer->traits[id] & WS_TOKEN_SPELT) || piece.size == 0)
            continue;
        enum ws_status status = ws_merge_word(tokenizer, piece, joined, &count, scratch, err);
        if (status != WS_OK &&
            status != WS_UNSUPPORTED) /* a byte without a token is the text's fault */
            return status;
        bool whole = status == WS_OK && count == 1 && joined[0] == id;
        if (whole || tokenizer->ignore_merges)
            tokenizer->traits[id] |= WS_TOKEN_WHOLE;
    }
    return WS_OK;
}

/* An added token stands for its text; one that is spelt in the byte alphabet too must mean the same
 * there, or its id would have two readings. */
static enum ws_status mark_added(struct ws_tokenizer *tokenizer, struct ws_error *err)
{
    for (uint32_t i = 0; i < tokenizer->added_count; i++) {
        const struct ws_added_token *token = &tokenizer->added[i];
        struct ws_bytes piece = ws_tokenizer_piece(tokenizer, token->id);
        if (piece.size != strlen(token->text) || memcmp(piece.data, token->text, piece.size) != 0)
            return ws_fail(err, WS_UNSUPPORTED,
                           "%s: the added token '%s' is spelt in the byte alphabet",
                           tokenizer->name, token->text);
        if (token->special)
            tokenizer->traits[token->id] |= WS_TOKEN_SPECIAL;
    }
    return WS_OK;
}

static void find_end_of_text(struct ws_tokenizer *tokenizer)
{
    static const char *const names[] = {"</s>", "<|endoftext|>"}; /* the better one last */
    if (tokenizer->end_of_text != WS_NO_TOKEN)
        return;
    for (size_t name = 0; name < sizeof names / sizeof *names; name++)
        for (uint32_t i = 0; i < tokenizer->added_count; i++)
            if (tokenizer->added[i].special && strcmp(tokenizer->added[i].text, names[name]) == 0)
                tokenizer->end_of_text = tokenizer->added[i].id;
}

enum ws_status ws_tokenizer_complete(struct ws_tokenizer *tokenizer, struct ws_arena *arena,
                                     struct ws_error *err)
{
    WS_TRY(ws_merge_index(tokenizer, arena, err));
    WS_TRY(mark_added(tokenizer, err));
    for (uint32_t i = 0; i < tokenizer->step_count; i++)
        tokenizer->can_cut = tokenizer->can_cut || tokenizer->steps[i] == WS_SPLIT_WORDS;
    WS_TRY(ws_added_index(tokenizer, arena, err));
    find_end_of_text(tokenizer);
    struct ws_buffer ids, scratch;
    ws_buffer_init(&ids, arena->allocator, SIZE_MAX);
    ws_buffer_init(&scratch, arena->allocator, SIZE_MAX);
    enum ws_status status = mark_whole_words(tokenizer, &ids, &scratch, err);
    ws_buffer_release(&ids);
    ws_buffer_release(&scratch);
    return status;
}
