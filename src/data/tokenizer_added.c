/*
 * Added tokens: found in the text before it is cut into words, at the first place where one begins
 * and the longest of those that begin there.
 */
#include <string.h>

#include "data/tokenizer_internal.h"

static uint32_t find_child(const struct ws_trie *trie, uint32_t first, uint8_t byte)
{
    uint32_t node = first;
    while (node && trie->nodes[node].byte != byte)
        node = trie->nodes[node].sibling;
    return node;
}

/* False when it is there already. */
static bool trie_add(struct ws_trie *trie, struct ws_bytes text, uint32_t added)
{
    uint32_t *first = &trie->roots[text.data[0]];
    uint32_t node = 0;
    for (size_t i = 0; i < text.size; i++) {
        node = find_child(trie, *first, text.data[i]);
        if (!node) {
            node = trie->node_count++;
            trie->nodes[node] = (struct ws_trie_node){.sibling = *first, .byte = text.data[i]};
            *first = node;
        }
        first = &trie->nodes[node].child;
    }
    if (trie->nodes[node].added)
        return false;
    trie->nodes[node].added = 1 + added;
    return true;
}

/* What to look for: in a normalised text, for the normalised token. */
static enum ws_status pattern_of(const struct ws_tokenizer *tokenizer,
                                 const struct ws_added_token *token, struct ws_buffer *out,
                                 struct ws_error *err)
{
    struct ws_bytes text = ws_bytes_of_text(token->text);
    ws_buffer_reset(out);
    if (token->normalized && tokenizer->nfc)
        return ws_normalize(text, out, err);
    ws_buffer_append(out, text.data, text.size);
    return ws_buffer_check(out, "added tokens", err);
}

static enum ws_status add_all(struct ws_tokenizer *tokenizer, struct ws_buffer *pattern,
                              struct ws_error *err)
{
    for (uint32_t i = 0; i < tokenizer->added_count; i++) {
        const struct ws_added_token *token = &tokenizer->added[i];
        WS_TRY(pattern_of(tokenizer, token, pattern, err));
        struct ws_trie *trie = token->normalized ? &tokenizer->normalized : &tokenizer->exact;
        if (!trie_add(trie, ws_buffer_bytes(pattern), i))
            return ws_fail(err, WS_CORRUPT, "%s: the added token '%s' is there twice",
                           tokenizer->name, token->text);
    }
    return WS_OK;
}

/* A token with white space behind something else may lie across any place before white space, and
 * so may what rstrip takes; and what is before a blank matters to a single word that begins with
 * one. */
static bool allows_cuts(const struct ws_added_token *token)
{
    static const char white_space[] = "\t\n\v\f\r ";
    size_t blanks = strspn(token->text, white_space);
    size_t rest = strcspn(token->text + blanks, white_space);
    return !token->rstrip && token->text[blanks + rest] == '\0' &&
           !(token->single_word && blanks > 0);
}

enum ws_status ws_added_index(struct ws_tokenizer *tokenizer, struct ws_arena *arena,
                              struct ws_error *err)
{
    enum { LONGER_IN_NFC = 3 }; /* times; the Unicode Standard, annex 15, "worst case" in UTF-8 */
    size_t size = 1;
    for (uint32_t i = 0; i < tokenizer->added_count; i++) {
        size += LONGER_IN_NFC * strlen(tokenizer->added[i].text);
        tokenizer->can_cut = tokenizer->can_cut && allows_cuts(&tokenizer->added[i]);
    }
    if (size > UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "%s: the added tokens are too long", tokenizer->name);
    struct ws_trie *tries[] = {&tokenizer->exact, &tokenizer->normalized};
    for (int i = 0; i < 2; i++) {
        tries[i]->node_count = 1;
        tries[i]->nodes = WS_ARENA_NEW(arena, struct ws_trie_node, size);
        if (!tries[i]->nodes)
            return ws_fail_memory(err, "added tokens");
    }
    struct ws_buffer pattern;
    ws_buffer_init(&pattern, arena->allocator, SIZE_MAX);
    enum ws_status status = add_all(tokenizer, &pattern, err);
    ws_buffer_release(&pattern);
    return status;
}

/* Searching ------------------------------------------------------------------------------------ */

/* The longest token at `start`, or NULL. */
static const struct ws_added_token *longest_at(const struct ws_added_scan *scan, size_t start,
                                               size_t *end)
{
    const struct ws_trie *trie = scan->trie;
    const struct ws_added_token *found = NULL;
    uint32_t node = trie->roots[scan->text.data[start]];
    for (size_t at = start + 1; node; at++) {
        if (trie->nodes[node].added) {
            found = &scan->tokenizer->added[trie->nodes[node].added - 1];
            *end = at;
        }
        if (at == scan->text.size)
            break;
        node = find_child(trie, trie->nodes[node].child, scan->text.data[at]);
    }
    return found;
}

static bool stands_alone(struct ws_bytes text, size_t start, size_t end)
{
    int32_t before = -1, after = -1;
    if (start > 0)
        (void)ws_char_before(ws_bytes_of(text.data, start), &before);
    if (end < text.size)
        (void)ws_char_at(ws_bytes_of(text.data + end, text.size - end), &after);
    return !ws_char_is_word(before) && !ws_char_is_word(after);
}

/* Where the white space that ends at `end` begins. */
static size_t space_before(struct ws_bytes text, size_t end)
{
    while (end > 0) {
        int32_t character;
        size_t size = ws_char_before(ws_bytes_of(text.data, end), &character);
        if (ws_char_class(character) != WS_CHAR_SPACE)
            break;
        end -= size;
    }
    return end;
}

static size_t space_behind(struct ws_bytes text, size_t at)
{
    while (at < text.size) {
        int32_t character;
        size_t size = ws_char_at(ws_bytes_of(text.data + at, text.size - at), &character);
        if (ws_char_class(character) != WS_CHAR_SPACE)
            break;
        at += size;
    }
    return at;
}

/* A token that does not count where it stands still takes its place: nothing is looked for inside.
 * After an rstrip the search goes on within what was stripped, as the library's does. */
bool ws_added_next(struct ws_added_scan *scan, struct ws_added_match *out)
{
    while (scan->next < scan->text.size) {
        size_t start = scan->next++;
        if (!scan->trie->roots[scan->text.data[start]])
            continue;
        size_t end = 0;
        const struct ws_added_token *token = longest_at(scan, start, &end);
        if (!token)
            continue;
        scan->next = end;
        if (scan->plain && token->special)
            continue;
        if (token->single_word && !stands_alone(scan->text, start, end))
            continue;
        if (token->lstrip) {
            start = space_before(scan->text, start);
            if (start < scan->done)
                start = scan->done;
        }
        if (token->rstrip)
            end = space_behind(scan->text, end);
        scan->done = end;
        if (start >= end) /* another token's stripping took all of it */
            continue;
        *out = (struct ws_added_match){start, end, token};
        return true;
    }
    return false;
}
