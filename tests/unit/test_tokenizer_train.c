/*
 * Contract of ws_tokenizer_train, data/tokenizer.h, against a plain reading of what it says: count
 * all pairs of all words anew for every merge. The library's own merges are in
 * tests/conformance/test_tokenizer_reference.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "data/tokenizer_internal.h"
#include "support/failing_heap.h"

enum { MOST = 4096, MOST_IDS = 400 };

static const struct ws_tokenizer *train(const char *text, uint32_t count, struct ws_arena *arena)
{
    const struct ws_tokenizer *tokenizer = NULL;
    struct ws_error err = {.message = ""};
    if (ws_tokenizer_train(ws_bytes_of_text(text), count, NULL, 0, arena, &tokenizer, &err) !=
        WS_OK)
        fail_msg("%s", err.message);
    return tokenizer;
}

static void assert_piece(const struct ws_tokenizer *tokenizer, uint32_t id, const char *wanted)
{
    struct ws_bytes piece = ws_tokenizer_piece(tokenizer, id);
    assert_int_equal(piece.size, strlen(wanted));
    assert_memory_equal(piece.data, wanted, piece.size);
}

/* The plain reading ---------------------------------------------------------------------------- */

/* A text as ids; WS_NO_TOKEN ends a word. */
struct plain {
    uint32_t ids[2 * MOST];
    size_t size;
};

static void split_plainly(const struct ws_tokenizer *tokenizer, const char *text, size_t size,
                          struct plain *plain)
{
    plain->size = 0;
    while (size > 0) {
        const char *newline = memchr(text, '\n', size);
        size_t line = newline ? (size_t)(newline - text) + 1 : size;
        for (size_t at = 0; at < line;) {
            size_t piece = ws_split_piece(WS_SPLIT_WORDS, ws_bytes_of(text + at, line - at));
            for (size_t i = 0; i < piece; i++)
                plain->ids[plain->size++] = tokenizer->bytes[(uint8_t)text[at + i]];
            plain->ids[plain->size++] = WS_NO_TOKEN;
            at += piece;
        }
        text += line;
        size -= line;
    }
}

/* The most frequent pair, of equal ones that with the smallest ids; false when there is none. */
static bool best_pair(const struct plain *plain, struct ws_merge *out)
{
    static uint32_t counts[MOST_IDS][MOST_IDS];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i + 1 < plain->size; i++)
        if (plain->ids[i] != WS_NO_TOKEN && plain->ids[i + 1] != WS_NO_TOKEN)
            counts[plain->ids[i]][plain->ids[i + 1]]++;
    uint32_t most = 0;
    for (uint32_t left = 0; left < MOST_IDS; left++)
        for (uint32_t right = 0; right < MOST_IDS; right++)
            if (counts[left][right] > most) {
                most = counts[left][right];
                out->left = left;
                out->right = right;
            }
    return most > 0;
}

static void merge_plainly(struct plain *plain, const struct ws_merge *merge)
{
    size_t done = 0;
    for (size_t i = 0; i < plain->size; done++) {
        bool joins = i + 1 < plain->size && plain->ids[i] == merge->left &&
                     plain->ids[i + 1] == merge->right;
        plain->ids[done] = joins ? merge->product : plain->ids[i];
        i += joins ? 2 : 1;
    }
    plain->size = done;
}

/* Pairs that overlap themselves ("aaa") are counted at every place, here and in the library. */
static void train__merges_the_most_frequent_pair_of_smallest_ids(void **state)
{
    (void)state;
    static const char *const alphabets[] = {"ab ", "abcdefgh  \n", "aab'sn t1 2\n", "ba\303\251 "};
    static struct plain plain;
    static char text[MOST];
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 0);
    for (size_t a = 0; a < 4 * sizeof alphabets / sizeof *alphabets; a++) {
        const char *alphabet = alphabets[a % 4];
        struct ws_arena arena;
        struct ws_merge wanted;
        ws_arena_init(&arena, NULL);
        size_t size = 1 + ws_rng_below(&rng, MOST - 1);
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[ws_rng_below(&rng, strlen(alphabet))];
        text[size] = '\0';
        const struct ws_tokenizer *tokenizer = train(text, MOST_IDS, &arena);
        split_plainly(tokenizer, text, size, &plain);
        for (uint32_t rank = 0; rank < tokenizer->merge_count; rank++) {
            const struct ws_merge *seen = &tokenizer->merges[rank];
            assert_true(best_pair(&plain, &wanted));
            assert_int_equal(seen->left, wanted.left);
            assert_int_equal(seen->right, wanted.right);
            assert_int_equal(seen->product, 256 + rank);
            merge_plainly(&plain, seen);
        }
        assert_true(tokenizer->count == MOST_IDS || !best_pair(&plain, &wanted));
        ws_arena_release(&arena);
    }
}

/* Ids ------------------------------------------------------------------------------------------ */

static void train__numbers_special_tokens_then_bytes_then_merges(void **state)
{
    (void)state;
    static const char *const special[] = {"<s>", "</s>", "<s>"};
    struct ws_arena arena;
    const struct ws_tokenizer *tokenizer;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_tokenizer_train(ws_bytes_of_text("ab ab ba <s>"), 260, special, 3, &arena,
                                        &tokenizer, NULL),
                     WS_OK);
    assert_int_equal(ws_tokenizer_count(tokenizer), 260);
    assert_piece(tokenizer, 0, "<s>");
    assert_piece(tokenizer, 1, "</s>");
    assert_piece(tokenizer, 2, "!");
    assert_piece(tokenizer, 95, "~");
    assert_piece(tokenizer, 96, "\xA1");
    assert_piece(tokenizer, 257, "\xAD");
    assert_piece(tokenizer, 258, "ab");
    assert_piece(tokenizer, 259, "ba"); /* of the pairs that stand there once */
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), 1);
    struct ws_buffer ids;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    assert_int_equal(ws_tokenizer_encode(tokenizer, ws_bytes_of_text("ab<s>"), 0, &ids, NULL),
                     WS_OK);
    const uint32_t wanted[] = {258, 0};
    assert_int_equal(ids.size, sizeof wanted);
    assert_memory_equal(ids.data, wanted, sizeof wanted);
    ws_buffer_release(&ids);
    ws_arena_release(&arena);
}

static void train__ends_with_the_pairs(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_tokenizer_count(train("abc", 1000, &arena)), 258);
    assert_int_equal(ws_tokenizer_count(train("abc", 257, &arena)), 257);
    assert_int_equal(ws_tokenizer_count(train("abc", 256, &arena)), 256);
    assert_int_equal(ws_tokenizer_count(train("", 1000, &arena)), 256);
    assert_int_equal(ws_tokenizer_count(train("a b\nc\n", 1000, &arena)), 257); /* " b" */
    ws_arena_release(&arena);
}

/* In one piece the line ends would be one word. */
static void train__looks_at_each_line_by_itself(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_int_equal(train("\n\n\n\n", 300, &arena)->merge_count, 0);
    assert_int_equal(train(" \n \n", 300, &arena)->merge_count, 1);
    ws_arena_release(&arena);
}

static void train__takes_any_bytes(void **state)
{
    (void)state;
    struct ws_arena arena;
    const struct ws_tokenizer *tokenizer = NULL;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_tokenizer_train(ws_bytes_of("\0\xFF\0\xFF\0\xFF", 6), 257, NULL, 0, &arena,
                                        &tokenizer, NULL),
                     WS_OK);
    struct ws_bytes piece = ws_tokenizer_piece(tokenizer, 256);
    assert_int_equal(piece.size, 2);
    assert_memory_equal(piece.data, "\0\xFF", 2);
    ws_arena_release(&arena);
}

static void train__refuses_what_cannot_be(void **state)
{
    (void)state;
    static const char *const special[] = {"<s>"};
    static const struct {
        const char *special, *message;
    } cases[] = {
        {"", "the special token '' is not a line of UTF-8 text"},
        {"a\nb", "the special token 'a?b' is not a line of UTF-8 text"},
        {"\xFF", "the special token '?' is not a line of UTF-8 text"},
    };
    struct ws_arena arena;
    struct ws_error err;
    const struct ws_tokenizer *tokenizer;
    ws_arena_init(&arena, NULL);
    assert_int_equal(
        ws_tokenizer_train(ws_bytes_of_text("a"), 256, special, 1, &arena, &tokenizer, &err),
        WS_INVALID);
    assert_string_equal(err.message, "a vocabulary of 256 tokens, wanted at least 257: the special "
                                     "tokens and every byte");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ws_tokenizer_train(ws_bytes_of_text("a"), 500, &cases[i].special, 1,
                                            &arena, &tokenizer, &err),
                         WS_INVALID);
        assert_string_equal(err.message, cases[i].message);
    }
    ws_arena_release(&arena);
}

static void train__survives_every_failing_allocation(void **state)
{
    (void)state;
    static const char *const special[] = {"<s>"};
    enum ws_status status = WS_NO_MEMORY;
    long n;
    for (n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n / 2, .for_good = n % 2};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        const struct ws_tokenizer *tokenizer = NULL;
        ws_arena_init(&arena, &allocator);
        status = ws_tokenizer_train(ws_bytes_of_text("the cat sat on the mat, the cat sat there"),
                                    280, special, 1, &arena, &tokenizer, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 20);
}

/* Short and long words, prefix spaces and normalised text. */
static enum ws_status encode_everything(const struct ws_tokenizer *tokenizer,
                                        const struct ws_allocator *allocator)
{
    static const char text[] = "cafe\314\201 the cat <s> sat, e\314\225\314\243"
                               "thethethethethethethethethethethethethethethethethethethethe 12";
    static char longest[5000];
    struct ws_buffer ids;
    ws_buffer_init(&ids, allocator, SIZE_MAX);
    memset(longest, 'a', sizeof longest);
    enum ws_status status =
        ws_tokenizer_encode(tokenizer, ws_bytes_of_text(text), WS_ENCODE_FRONT, &ids, NULL);
    if (status == WS_OK)
        status =
            ws_tokenizer_encode(tokenizer, ws_bytes_of(longest, sizeof longest), 0, &ids, NULL);
    ws_buffer_release(&ids);
    return status;
}

static void encode__survives_every_failing_allocation(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_tokenizer tokenizer = *train("the the the cat cat sat", 262, &arena);
    tokenizer.nfc = true;
    tokenizer.step_count = 2;
    tokenizer.steps[0] = WS_SPLIT_PREFIX_SPACE;
    tokenizer.steps[1] = WS_SPLIT_WORDS;
    enum ws_status status = WS_NO_MEMORY;
    long n;
    for (n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n / 2, .for_good = n % 2};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        status = encode_everything(&tokenizer, &allocator);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 10);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__merges_the_most_frequent_pair_of_smallest_ids),
        cmocka_unit_test(train__numbers_special_tokens_then_bytes_then_merges),
        cmocka_unit_test(train__ends_with_the_pairs),
        cmocka_unit_test(train__looks_at_each_line_by_itself),
        cmocka_unit_test(train__takes_any_bytes),
        cmocka_unit_test(train__refuses_what_cannot_be),
        cmocka_unit_test(train__survives_every_failing_allocation),
        cmocka_unit_test(encode__survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
