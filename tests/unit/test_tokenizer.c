/*
 * Contract of data/tokenizer.h: encoding, decoding, cutting. What the library's ids are is in
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

#include "base/pool.h"
#include "base/rng.h"
#include "support/tokenizers.h"

enum { MOST = 4096 };

static const struct ws_tokenizer *parse(const struct small_tokenizer *parts, struct ws_arena *arena)
{
    const struct ws_tokenizer *tokenizer = NULL;
    struct ws_error err = {.message = ""};
    if (small_tokenizer_parse(parts, arena, &tokenizer, &err) != WS_OK)
        fail_msg("%s", err.message);
    return tokenizer;
}

/* Appends ids to `out`. */
static void encode(const struct ws_tokenizer *tokenizer, struct ws_bytes text, unsigned flags,
                   struct ws_buffer *out)
{
    struct ws_error err = {.message = ""};
    if (ws_tokenizer_encode(tokenizer, text, flags, out, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* The tokens of `text`, each behind a bar; those that are no single bytes in brackets. */
static void assert_tokens(const struct ws_tokenizer *tokenizer, unsigned flags, const char *text,
                          const char *wanted)
{
    struct ws_buffer ids, seen;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    ws_buffer_init(&seen, NULL, SIZE_MAX);
    encode(tokenizer, ws_bytes_of_text(text), flags, &ids);
    const uint32_t *id = (const uint32_t *)(const void *)ids.data;
    for (size_t i = 0; i < ids.size / sizeof *id; i++) {
        struct ws_bytes piece = ws_tokenizer_piece(tokenizer, id[i]);
        ws_buffer_text(&seen, id[i] < 256 ? "" : "[");
        ws_buffer_append(&seen, piece.data, piece.size);
        ws_buffer_text(&seen, id[i] < 256 ? "" : "]");
    }
    assert_string_equal(ws_buffer_string(&seen), wanted);
    ws_buffer_release(&ids);
    ws_buffer_release(&seen);
}

static uint32_t below(struct ws_rng *rng, uint32_t bound)
{
    return (uint32_t)ws_rng_below(rng, bound);
}

/* The byte alphabet ---------------------------------------------------------------------------- */

static void alphabet__spells_every_byte_by_a_character_of_its_own(void **state)
{
    (void)state;
    int bytes = 0;
    for (int32_t c = -1; c < WS_ALPHABET_END + 100; c++) {
        int byte = ws_alphabet_byte(c);
        if (byte < 0)
            continue;
        bytes++;
        uint8_t value = (uint8_t)byte, back = 0;
        size_t size = 0;
        struct ws_buffer text;
        ws_buffer_init(&text, NULL, 8);
        ws_alphabet_spell(ws_bytes_of(&value, 1), &text);
        assert_true(ws_alphabet_read(ws_buffer_bytes(&text), &back, &size));
        assert_int_equal(size, 1);
        assert_int_equal(back, value);
        ws_buffer_release(&text);
    }
    assert_int_equal(bytes, 256);
    assert_int_equal(ws_alphabet_byte('!'), '!');
    assert_int_equal(ws_alphabet_byte(0x120), ' ');
    assert_int_equal(ws_alphabet_byte(0x10A), '\n');
    assert_int_equal(ws_alphabet_byte(0x143), 0xAD);
    assert_int_equal(ws_alphabet_byte(' '), -1);
}

/* Words ---------------------------------------------------------------------------------------- */

static void assert_pieces(enum ws_split_step step, const char *text, const char *wanted)
{
    struct ws_buffer seen;
    struct ws_bytes left = ws_bytes_of_text(text);
    ws_buffer_init(&seen, NULL, SIZE_MAX);
    while (left.size > 0) {
        size_t size = ws_split_piece(step, left);
        assert_in_range(size, 1, left.size);
        ws_buffer_append(&seen, left.data, size);
        ws_buffer_u8(&seen, '|');
        left = ws_bytes_of(left.data + size, left.size - size);
    }
    assert_string_equal(ws_buffer_string(&seen), wanted);
    ws_buffer_release(&seen);
}

static void words__are_cut_as_by_gpt_2_s_regular_expression(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"the cat, 2nd", "the| cat|,| 2|nd|"},
        {"  two  blanks", " | two| | blanks|"},
        {"x\n\n y\n", "x|\n\n| y|\n|"},
        {"x\t y", "x|\t| y|"},
        {"x\ty", "x|\t|y|"},
        {"   ", "   |"},
        {"it's I'll we're they've I'm he'd can't",
         "it|'s| I|'ll| we|'re| they|'ve| I|'m| he|'d| can|'t|"},
        {"IT'S 'r 'v 'l 'x '", "IT|'|S| '|r| '|v| '|l| '|x| '|"},
        {"''s !'s", "''|s| !'|s|"},
        {"'s", "'s|"},
        {"'r", "'|r|"},
        {"\303\251t\303\251 \342\205\247\302\262", "\303\251t\303\251| \342\205\247\302\262|"},
        {"a\302\240b\343\200\200\343\200\200c", "a|\302\240|b|\343\200\200|\343\200\200|c|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_pieces(WS_SPLIT_WORDS, cases[i].text, cases[i].wanted);
}

static void words__take_a_byte_that_is_no_utf8_for_a_sign(void **state)
{
    (void)state;
    assert_pieces(WS_SPLIT_WORDS,
                  "a\xFF\xFE"
                  "b \xC3(",
                  "a|\xFF\xFE|b| \xC3(|");
    assert_pieces(WS_SPLIT_WORDS,
                  "\xC0\x80"
                  "a",
                  "\xC0\x80|a|"); /* too long */
    assert_pieces(WS_SPLIT_WORDS,
                  "\xED\xA0\x80"
                  "a",
                  "\xED\xA0\x80|a|");                                       /* a surrogate */
    assert_pieces(WS_SPLIT_WORDS, "\xF4\x90\x80\x80", "\xF4\x90\x80\x80|"); /* beyond U+10FFFF */
    assert_pieces(WS_SPLIT_WORDS, "a\xC3", "a|\xC3|");
    assert_pieces(WS_SPLIT_WORDS, "\xC3\xA9\xA9x", "\xC3\xA9|\xA9|x|");
}

static void digits__are_cut_one_by_one_or_as_runs(void **state)
{
    (void)state;
    assert_pieces(WS_SPLIT_EACH_DIGIT, "in 1999, 2\302\262", "in |1|9|9|9|, |2|\302\262|");
    assert_pieces(WS_SPLIT_DIGITS, "in 1999, 2\302\262", "in |1999|, |2\302\262|");
    assert_pieces(WS_SPLIT_PREFIX_SPACE, "a b", "a b|");
}

static void characters__are_found_from_behind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        int32_t wanted;
    } cases[] = {
        {"a", 1, 'a'},           {"a\303\251", 2, 0xE9},  {"\360\237\221\251", 4, 0x1F469},
        {"\303\251\251", 1, -1}, {"\251", 1, -1},         {"\200\200\200\200\200", 1, -1},
        {"\303", 1, -1},         {"\355\240\200", 1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t seen = 0;
        assert_int_equal(ws_char_before(ws_bytes_of_text(cases[i].text), &seen), cases[i].size);
        assert_int_equal(seen, cases[i].wanted);
    }
}

/* NFC ------------------------------------------------------------------------------------------ */

static void assert_normal(struct ws_bytes text, struct ws_bytes wanted)
{
    struct ws_buffer seen;
    ws_buffer_init(&seen, NULL, SIZE_MAX);
    assert_int_equal(ws_normalize(text, &seen, NULL), WS_OK);
    assert_int_equal(seen.size, wanted.size);
    assert_memory_equal(seen.data, wanted.data, wanted.size);
    ws_buffer_release(&seen);
}

static void nfc__composes_and_leaves_alone_what_is_no_utf8(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"e\314\201t\303\251", "\303\251t\303\251"},
        {"plain", "plain"},
        {"\314\201", "\314\201"},
        {"a\314\201\314\243", "\341\272\241\314\201"}, /* the mark below comes first */
        {"e\377\314\201e\314\201", "e\377\314\201\303\251"},
        {"\341\204\200\341\205\241\341\206\250", "\352\260\201"},
        {"\357\254\201", "\357\254\201"}, /* a ligature is no canonical equivalent */
        {"\340\245\230", "\340\244\225\340\244\274"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_normal(ws_bytes_of_text(cases[i][0]), ws_bytes_of_text(cases[i][1]));
}

/* A sort by exchanging neighbours would take minutes. */
static void nfc__orders_a_text_of_marks_only(void **state)
{
    (void)state;
    enum { COUNT = 400000 };
    struct ws_buffer text, wanted;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&wanted, NULL, SIZE_MAX);
    for (int i = 0; i < COUNT; i++)
        ws_buffer_text(&text, "\314\225\314\241"); /* above right: 232; hook below: 202 */
    for (int i = 0; i < COUNT; i++)
        ws_buffer_text(&wanted, "\314\241");
    for (int i = 0; i < COUNT; i++)
        ws_buffer_text(&wanted, "\314\225");
    assert_normal(ws_buffer_bytes(&text), ws_buffer_bytes(&wanted));
    ws_buffer_release(&text);
    ws_buffer_release(&wanted);
}

/* Merges --------------------------------------------------------------------------------------- */

static void merges__go_by_rank_then_from_the_left(void **state)
{
    (void)state;
    static const char vocabulary[] = ", \"ab\": 256, \"bc\": 257, \"abc\": 258, \"aa\": 259";
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_tokenizer *tokenizer =
        parse(&(struct small_tokenizer){.vocabulary = vocabulary,
                                        .merges = "\"b c\", \"a b\", [\"a\", \"a\"]"},
              &arena);
    assert_tokens(tokenizer, 0, "abc", "a[bc]");
    assert_tokens(tokenizer, 0, "abab", "[ab][ab]");
    assert_tokens(tokenizer, 0, "aaa", "[aa]a");
    assert_tokens(tokenizer, 0, "aab", "a[ab]");
    /* A token that no merges lead to is taken whole where the model ignores merges, only there. */
    tokenizer = parse(&(struct small_tokenizer){.vocabulary = vocabulary,
                                                .merges = "\"b c\", \"a b\"",
                                                .model = ", \"ignore_merges\": true"},
                      &arena);
    assert_tokens(tokenizer, 0, "abc aabc", "[abc] aa[bc]");
    ws_arena_release(&arena);
}

/* The definition, step by step. */
static size_t merge_plainly(const struct ws_tokenizer *tokenizer, uint32_t *ids, size_t count)
{
    for (;;) {
        uint32_t best_rank = UINT32_MAX;
        size_t best = 0;
        for (size_t i = 0; i + 1 < count; i++)
            for (uint32_t rank = 0; rank < tokenizer->merge_count; rank++)
                if (rank < best_rank && tokenizer->merges[rank].left == ids[i] &&
                    tokenizer->merges[rank].right == ids[i + 1]) {
                    best_rank = rank;
                    best = i;
                }
        if (best_rank == UINT32_MAX)
            return count;
        ids[best] = tokenizer->merges[best_rank].product;
        memmove(ids + best + 1, ids + best + 2, (--count - best - 1) * sizeof *ids);
    }
}

static void merges__are_those_of_the_definition_for_short_and_long_words(void **state)
{
    (void)state;
    enum { LONGEST = 150, WORDS = 300 };
    struct ws_arena arena;
    struct ws_rng rng;
    struct ws_buffer scratch, letters;
    const struct ws_tokenizer *tokenizer;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&scratch, NULL, SIZE_MAX);
    ws_buffer_init(&letters, NULL, SIZE_MAX);
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 0);
    for (int i = 0; i < 4000; i++)
        ws_buffer_u8(&letters, (uint8_t)("abc \n"[below(&rng, below(&rng, 4) ? 3 : 5)]));
    assert_int_equal(
        ws_tokenizer_train(ws_buffer_bytes(&letters), 320, NULL, 0, &arena, &tokenizer, NULL),
        WS_OK);
    for (int i = 0; i < WORDS; i++) {
        uint8_t word[LONGEST];
        uint32_t seen[LONGEST], wanted[LONGEST];
        uint32_t size = 1 + below(&rng, LONGEST);
        size_t count = 0;
        for (uint32_t k = 0; k < size; k++) {
            word[k] = (uint8_t)("aabc"[below(&rng, 4)]);
            wanted[k] = tokenizer->bytes[word[k]];
        }
        assert_int_equal(
            ws_merge_word(tokenizer, ws_bytes_of(word, size), seen, &count, &scratch, NULL), WS_OK);
        assert_int_equal(count, merge_plainly(tokenizer, wanted, size));
        assert_memory_equal(seen, wanted, count * sizeof *seen);
    }
    ws_buffer_release(&letters);
    ws_buffer_release(&scratch);
    ws_arena_release(&arena);
}

/* Looking at all pairs for each merge would take hours. */
static void merges__of_a_word_of_a_million_bytes_are_made(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct ws_arena arena;
    struct ws_buffer ids;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    const struct ws_tokenizer *tokenizer =
        parse(&(struct small_tokenizer){.vocabulary = ", \"aa\": 256, \"aaaa\": 257",
                                        .merges = "\"a a\", \"aa aa\""},
              &arena);
    char *text = ws_arena_alloc(&arena, SIZE, 1);
    assert_non_null(text);
    memset(text, 'a', SIZE);
    encode(tokenizer, ws_bytes_of(text, SIZE - 1), 0, &ids);
    assert_int_equal(ids.size / sizeof(uint32_t), SIZE / 4 + 1); /* aaaa ... aaaa aa a */
    ws_buffer_release(&ids);
    ws_arena_release(&arena);
}

/* Added tokens --------------------------------------------------------------------------------- */

static void added_tokens__are_the_longest_at_the_first_place(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_tokenizer *tokenizer =
        parse(&(struct small_tokenizer){.added = SMALL_SPECIAL("256", "<a>") ", " SMALL_SPECIAL(
                                            "257", "<a><b>") ", " SMALL_ADDED("258", "><", "false",
                                                                              "false", "false",
                                                                              "false", "false")},
              &arena);
    assert_tokens(tokenizer, 0, "<a><b><a><a", "[<a><b>][<a>]<a");
    assert_tokens(tokenizer, 0, "x><a>", "x[><]a>");
    /* A special token that is text hides the one that begins inside it. */
    assert_tokens(tokenizer, WS_ENCODE_PLAIN, "<a><b>><", "<a><b>[><]");
    assert_int_equal(ws_tokenizer_find(tokenizer, "<a>"), 256);
    assert_int_equal(ws_tokenizer_find(tokenizer, "<c>"), WS_NO_TOKEN);
    assert_int_equal(ws_tokenizer_find(tokenizer, "a"), 'a');
    assert_int_equal(ws_tokenizer_find(tokenizer, ""), WS_NO_TOKEN);
    assert_int_equal(ws_tokenizer_count(tokenizer), 259);
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), WS_NO_TOKEN);
    ws_arena_release(&arena);
}

static void added_tokens__strip_white_space_once(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_tokenizer *tokenizer = parse(
        &(struct small_tokenizer){
            .added = SMALL_ADDED(
                "256", "<l>", "false", "true", "false", "false",
                "true") ", " SMALL_ADDED("257", "<r>", "false", "false", "true", "false",
                                         "true") ", " SMALL_ADDED("258", "  ", "false", "true",
                                                                  "true", "false", "false")},
        &arena);
    assert_tokens(tokenizer, 0, "a \n<l> b", "a[<l>] b");
    assert_tokens(tokenizer, 0, "a <r> \302\240b", "a [<r>]b");
    assert_tokens(tokenizer, 0, "<r> <l>", "[<r>][<l>]");
    assert_tokens(tokenizer, 0, "x         y", "x[  ]y");
    ws_arena_release(&arena);
}

static void added_tokens__that_are_single_words_stand_between_other_characters(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_tokenizer *tokenizer =
        parse(&(struct small_tokenizer){.added = SMALL_ADDED("256", "word", "true", "false",
                                                             "false", "false", "false")},
              &arena);
    assert_tokens(tokenizer, 0, "word words -word- 1word word_",
                  "[word] words -[word]- 1word word_");
    assert_tokens(tokenizer, 0, "\303\251word \377word\377", "\303\251word \377[word]\377");
    ws_arena_release(&arena);
}

/* The whole ------------------------------------------------------------------------------------ */

static const char small_template[] =
    "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"b\", "
    "\"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, {\"SpecialToken\": "
    "{\"id\": \"e\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {\"b\": {\"id\": \"b\", "
    "\"ids\": [256, 65], \"tokens\": [\"x\", \"y\"]}, \"e\": {\"id\": \"e\", \"ids\": [257], "
    "\"tokens\": [\"z\"]}}}";

static void flags__say_what_is_put_around_a_text_and_which_tokens_are_written(void **state)
{
    (void)state;
    const uint32_t ids[] = {256, 'x', 257};
    struct ws_arena arena;
    struct ws_buffer text;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    const struct ws_tokenizer *tokenizer = parse(
        &(struct small_tokenizer){.added = SMALL_SPECIAL("256", "<s>") ", " SMALL_ADDED(
                                      "257", "</s>", "false", "false", "false", "true", "false"),
                                  .post_processor = small_template},
        &arena);
    assert_tokens(tokenizer, WS_ENCODE_FRONT, "a<s>", "[<s>]Aa[<s>]");
    assert_tokens(tokenizer, WS_ENCODE_BACK, "a<s>", "a[<s>][</s>]");
    assert_tokens(tokenizer, WS_ENCODE_FRONT | WS_ENCODE_BACK, "", "[<s>]A[</s>]");
    assert_tokens(tokenizer, WS_ENCODE_PLAIN, "a<s></s>", "a<s>[</s>]");
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), WS_NO_TOKEN); /* </s> is not special */
    assert_int_equal(ws_tokenizer_decode(tokenizer, ids, 3, 0, &text, NULL), WS_OK);
    assert_string_equal(ws_buffer_string(&text), "<s>x</s>");
    ws_buffer_reset(&text);
    assert_int_equal(ws_tokenizer_decode(tokenizer, ids, 3, WS_DECODE_PLAIN, &text, NULL), WS_OK);
    assert_string_equal(ws_buffer_string(&text), "x</s>");
    ws_buffer_release(&text);
    ws_arena_release(&arena);
}

static void decode__refuses_an_id_that_is_none(void **state)
{
    (void)state;
    const uint32_t ids[] = {'a', 256};
    struct ws_arena arena;
    struct ws_buffer text;
    struct ws_error err;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    const struct ws_tokenizer *tokenizer = parse(&(struct small_tokenizer){0}, &arena);
    assert_int_equal(ws_tokenizer_decode(tokenizer, ids, 2, 0, &text, &err), WS_INVALID);
    assert_string_equal(err.message, "id 256 at place 1 is no token of small.json, which has 256");
    ws_buffer_release(&text);
    ws_arena_release(&arena);
}

static void encode__names_a_byte_that_has_no_token(void **state)
{
    (void)state;
    static const char json[] =
        "{\"pre_tokenizer\": " SMALL_BYTE_LEVEL("false") ", \"decoder\": " SMALL_BYTE_LEVEL(
            "true") ", \"model\": {\"vocab\": {\"a\": 1, \"b\": 0, \"ab\": 2}, \"merges\": [\"a "
                    "b\"]}}";
    struct ws_arena arena;
    struct ws_buffer ids;
    struct ws_error err = {.message = ""};
    const struct ws_tokenizer *tokenizer = NULL;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    assert_int_equal(
        ws_tokenizer_parse(ws_bytes_of_text(json), "few.json", &arena, &tokenizer, &err), WS_OK);
    encode(tokenizer, ws_bytes_of_text("abba"), 0, &ids);
    assert_int_equal(ids.size / sizeof(uint32_t), 3);
    assert_int_equal(ws_tokenizer_encode(tokenizer, ws_bytes_of_text("abc"), 0, &ids, &err),
                     WS_UNSUPPORTED);
    assert_string_equal(err.message, "few.json has no token for byte 0x63");
    ws_buffer_release(&ids);
    ws_arena_release(&arena);
}

static const char *const fragments[] = {
    "a",    "b",    "ab",           "c",    " ", "  ",           "\n",       "\t",       "'s",
    "1",    "22",   "<s>",          "</s>", "<", "\r\n",         "\303\251", "\302\240", "\314\201",
    "\377", "\303", "\342\200\203", "the",  ".", "\343\200\200", "\0"};
enum { FRAGMENTS = sizeof fragments / sizeof *fragments };

/* Random text, at most MOST bytes. */
static struct ws_bytes draw_text(struct ws_rng *rng, uint32_t pieces, char room[MOST])
{
    size_t size = 0;
    for (uint32_t i = 0; i < pieces; i++) {
        const char *fragment = fragments[below(rng, FRAGMENTS)];
        size_t more = fragment[0] ? strlen(fragment) : 1;
        if (below(rng, 8) == 0) {
            room[size++] = (char)below(rng, 256);
        } else {
            memcpy(room + size, fragment, more);
            size += more;
        }
    }
    return ws_bytes_of(room, size);
}

static void decode__is_the_inverse_of_encode_for_any_bytes(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_rng rng;
    struct ws_buffer ids, text;
    char room[MOST];
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 1);
    const struct ws_tokenizer *tokenizer = parse(
        &(struct small_tokenizer){
            .vocabulary = ", \"ab\": 256, \"th\": 257, \"the\": 258, \"\304\240a\": 259",
            .merges = "\"t h\", \"th e\", \"a b\", \"\304\240 a\"",
            .added = SMALL_SPECIAL("260", "<s>") ", " SMALL_SPECIAL("261", "</s>") ", " SMALL_ADDED(
                "262", "  ", "false", "false", "false", "true", "false")},
        &arena);
    for (int i = 0; i < 1000; i++) {
        struct ws_bytes wanted = draw_text(&rng, below(&rng, 100), room);
        ws_buffer_reset(&ids);
        ws_buffer_reset(&text);
        encode(tokenizer, wanted, below(&rng, 2) ? WS_ENCODE_PLAIN : 0, &ids);
        assert_int_equal(ws_tokenizer_decode(tokenizer, (const uint32_t *)(const void *)ids.data,
                                             ids.size / sizeof(uint32_t), 0, &text, NULL),
                         WS_OK);
        assert_int_equal(text.size, wanted.size);
        if (wanted.size > 0)
            assert_memory_equal(text.data, wanted.data, wanted.size);
    }
    ws_buffer_release(&ids);
    ws_buffer_release(&text);
    ws_arena_release(&arena);
}

/* Cutting -------------------------------------------------------------------------------------- */

/* A text, of which `known` bytes are known when it is cut. Returns where. */
static size_t assert_cut_changes_nothing(const struct ws_tokenizer *tokenizer, struct ws_bytes text,
                                         size_t known)
{
    struct ws_buffer whole, parts;
    ws_buffer_init(&whole, NULL, SIZE_MAX);
    ws_buffer_init(&parts, NULL, SIZE_MAX);
    size_t cut = ws_tokenizer_cut(tokenizer, ws_bytes_of(text.data, known));
    if (cut > 0) {
        assert_true(cut < known);
        encode(tokenizer, text, 0, &whole);
        encode(tokenizer, ws_bytes_of(text.data, cut), 0, &parts);
        encode(tokenizer, ws_bytes_of(text.data + cut, text.size - cut), 0, &parts);
        assert_int_equal(parts.size, whole.size);
        assert_memory_equal(parts.data, whole.data, whole.size);
    }
    ws_buffer_release(&whole);
    ws_buffer_release(&parts);
    return cut;
}

static void cut__leaves_the_ids_as_they_are(void **state)
{
    (void)state;
    static const struct small_tokenizer variants[] = {
        {0},
        {.normalizer = "{\"type\": \"NFC\"}",
         .added =
             SMALL_ADDED("257", "  ", "false", "true", "false", "true", "false") ", " SMALL_ADDED(
                 "258", "c\303\251", "true", "false", "false", "true",
                 "false") ", " SMALL_ADDED("259", "<s>", "false", "true", "false", "false",
                                           "true")},
        {.pre_tokenizer = SMALL_BYTE_LEVEL("true"), .added = SMALL_SPECIAL("257", "<s>")},
        {.pre_tokenizer = "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\", "
                          "\"individual_digits\": true}, " SMALL_BYTE_LEVEL("true") "]}"},
    };
    struct ws_rng rng;
    char room[MOST];
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 2);
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        struct small_tokenizer parts = variants[v];
        struct ws_arena arena;
        int cuts = 0;
        ws_arena_init(&arena, NULL);
        parts.vocabulary = ", \"\304\240a\": 256";
        parts.merges = "\"\304\240 a\"";
        const struct ws_tokenizer *tokenizer = parse(&parts, &arena);
        for (int i = 0; i < 2000; i++) {
            struct ws_bytes text = draw_text(&rng, 1 + below(&rng, 20), room);
            size_t known = 1 + below(&rng, (uint32_t)text.size);
            cuts += assert_cut_changes_nothing(tokenizer, text, known) > 0;
        }
        assert_true(cuts > 200);
        ws_arena_release(&arena);
    }
}

static void cut__is_refused_where_a_token_could_lie_across(void **state)
{
    (void)state;
    static const struct small_tokenizer variants[] = {
        {.added = SMALL_ADDED("256", "<s>", "false", "false", "true", "false", "true")},
        {.added = SMALL_ADDED("256", "a b", "false", "false", "false", "false", "false")},
        {.added = SMALL_ADDED("256", " b", "true", "false", "false", "false", "false")},
        {.pre_tokenizer =
             "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": "
             "true, \"use_regex\": false}"},
    };
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        assert_int_equal(
            ws_tokenizer_cut(parse(&variants[v], &arena), ws_bytes_of_text("a b c d\ne")), 0);
        ws_arena_release(&arena);
    }
}

static void cut__is_the_last_place_before_white_space(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_tokenizer *tokenizer = parse(&(struct small_tokenizer){0}, &arena);
    assert_int_equal(ws_tokenizer_cut(tokenizer, ws_bytes_of_text("the cat")), 3);
    assert_int_equal(ws_tokenizer_cut(tokenizer, ws_bytes_of_text("the \n cat")), 3);
    assert_int_equal(ws_tokenizer_cut(tokenizer, ws_bytes_of_text("the cat\n")), 7);
    assert_int_equal(ws_tokenizer_cut(tokenizer, ws_bytes_of_text(" the")), 0);
    assert_int_equal(ws_tokenizer_cut(tokenizer, ws_bytes_of_text("\302\240 the")), 0);
    assert_int_equal(ws_tokenizer_cut(tokenizer, ws_bytes_of_text("")), 0);
    tokenizer = parse(&(struct small_tokenizer){.pre_tokenizer = SMALL_BYTE_LEVEL("true")}, &arena);
    assert_int_equal(ws_tokenizer_cut(tokenizer, ws_bytes_of_text("the cat\n")), 3);
    ws_arena_release(&arena);
}

/* Threads -------------------------------------------------------------------------------------- */

enum { THREADS = 4, PIECES = 16 };

struct shared_work {
    const struct ws_tokenizer *tokenizer;
    struct ws_bytes text;
    struct ws_buffer ids[PIECES];
    enum ws_status status[PIECES];
};

static void encode_piece(void *context, size_t piece)
{
    struct shared_work *work = context;
    work->status[piece] =
        ws_tokenizer_encode(work->tokenizer, work->text, 0, &work->ids[piece], NULL);
}

static void tokenizer__is_shared_by_threads(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_pool *pool;
    struct ws_rng rng;
    struct shared_work work = {0};
    char room[MOST];
    ws_arena_init(&arena, NULL);
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 4);
    work.tokenizer = parse(&(struct small_tokenizer){.normalizer = "{\"type\": \"NFC\"}"}, &arena);
    work.text = draw_text(&rng, 800, room);
    for (int i = 0; i < PIECES; i++)
        ws_buffer_init(&work.ids[i], NULL, SIZE_MAX);
    assert_int_equal(ws_pool_new(THREADS, NULL, &pool, NULL), WS_OK);
    ws_pool_run(pool, PIECES, encode_piece, &work);
    ws_pool_free(pool);
    for (int i = 0; i < PIECES; i++) {
        assert_int_equal(work.status[i], WS_OK);
        assert_int_equal(work.ids[i].size, work.ids[0].size);
        assert_memory_equal(work.ids[i].data, work.ids[0].data, work.ids[0].size);
    }
    for (int i = 0; i < PIECES; i++)
        ws_buffer_release(&work.ids[i]);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alphabet__spells_every_byte_by_a_character_of_its_own),
        cmocka_unit_test(words__are_cut_as_by_gpt_2_s_regular_expression),
        cmocka_unit_test(words__take_a_byte_that_is_no_utf8_for_a_sign),
        cmocka_unit_test(digits__are_cut_one_by_one_or_as_runs),
        cmocka_unit_test(characters__are_found_from_behind),
        cmocka_unit_test(nfc__composes_and_leaves_alone_what_is_no_utf8),
        cmocka_unit_test(nfc__orders_a_text_of_marks_only),
        cmocka_unit_test(merges__go_by_rank_then_from_the_left),
        cmocka_unit_test(merges__are_those_of_the_definition_for_short_and_long_words),
        cmocka_unit_test(merges__of_a_word_of_a_million_bytes_are_made),
        cmocka_unit_test(added_tokens__are_the_longest_at_the_first_place),
        cmocka_unit_test(added_tokens__strip_white_space_once),
        cmocka_unit_test(added_tokens__that_are_single_words_stand_between_other_characters),
        cmocka_unit_test(flags__say_what_is_put_around_a_text_and_which_tokens_are_written),
        cmocka_unit_test(decode__refuses_an_id_that_is_none),
        cmocka_unit_test(encode__names_a_byte_that_has_no_token),
        cmocka_unit_test(decode__is_the_inverse_of_encode_for_any_bytes),
        cmocka_unit_test(cut__leaves_the_ids_as_they_are),
        cmocka_unit_test(cut__is_refused_where_a_token_could_lie_across),
        cmocka_unit_test(cut__is_the_last_place_before_white_space),
        cmocka_unit_test(tokenizer__is_shared_by_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
