/*
 * Stored n-gram models: as the format says, and refused when they are damaged; and memory that runs
 * out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/ngram_model.h"
#include "support/ngram_texts.h"

static void ngram__is_the_same_after_saving_and_loading(void **state)
{
    struct fixture *f = *state;
    for (size_t t = 0; t < TEXT_COUNT; t++) {
        for (uint32_t order = 1; order <= WS_NGRAM_ORDER_LIMIT; order++) {
            enum ws_ngram_sampling sampling = t % 2 ? WS_NGRAM_KNESER_NEY : WS_NGRAM_MLE;
            const struct ws_ngram_model *model =
                fit_text(f, TEXTS[t].types, TEXTS[t].letters, order, sampling);
            struct ws_buffer stored, again;
            ws_buffer_init(&stored, NULL, 100000);
            ws_buffer_init(&again, NULL, 100000);
            ws_family_ngram.save(&model->base, &stored);
            const struct ws_model *loaded = NULL;
            assert_int_equal(ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored), &f->arena,
                                                  &loaded, &f->err),
                             WS_OK);
            assert_int_equal(loaded->training_items, model->base.training_items);
            ws_family_ngram.save(loaded, &again);
            assert_int_equal(stored.size, again.size);
            assert_memory_equal(stored.data, again.data, stored.size);
            const struct ws_payload *before = sample_items(f, model, 5, 1);
            const struct ws_payload *after =
                sample_items(f, (const struct ws_ngram_model *)loaded, 5, 1);
            assert_memory_equal(before->tokens.ids, after->tokens.ids,
                                before->tokens.ends[4] * sizeof *before->tokens.ids);
            const struct ws_model *models[2] = {&model->base, loaded};
            struct ws_item_score *scores[2];
            for (int i = 0; i < 2; i++) {
                scores[i] = WS_ARENA_NEW(&f->arena, struct ws_item_score, f->text.data.count);
                assert_non_null(scores[i]);
                assert_int_equal(ws_family_ngram.score(models[i], &f->text.data, NULL, &f->arena,
                                                       scores[i], &f->err),
                                 WS_OK);
            }
            for (uint64_t i = 0; i < f->text.data.count; i++)
                assert_true(scores[0][i].log_probability == scores[1][i].log_probability &&
                            isfinite(scores[0][i].log_probability));
            ws_buffer_release(&stored);
            ws_buffer_release(&again);
        }
    }
}

/* "ab|b" as docs/formats/ngram.md shows it. */
static void ngram__stores_what_the_format_says(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 2, "ab|b", 2, WS_NGRAM_MLE);
    static const uint32_t numbers[] = {
        1, 2, 2, 0, 2, 0, 2, 0, 3, 3, /* header: block 2, 2 items, 3 + 3 n-grams */
        1, 0, 2,                      /* children of a, b, start */
        0, 1, 2, 1, 0, 1,             /* a, b, start; ab, start a, start b */
        1, 2, 0, 1, 1, 1,             /* counts */
    };
    struct ws_buffer expected, stored;
    ws_buffer_init(&expected, NULL, 1000);
    ws_buffer_init(&stored, NULL, 1000);
    ws_buffer_text(&expected, "WSNGRAM1");
    ws_buffer_u32s(&expected, numbers, sizeof numbers / sizeof *numbers);
    ws_family_ngram.save(&model->base, &stored);
    assert_int_equal(stored.size, expected.size);
    assert_memory_equal(stored.data, expected.data, stored.size);
    ws_buffer_release(&expected);
    ws_buffer_release(&stored);
}

/* Every damage of one byte is refused, or leaves a model that works; none may be cut. */
static void ngram__loads_no_damaged_model(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, "abac|abad|dab", 3, WS_NGRAM_KNESER_NEY);
    struct ws_buffer stored;
    ws_buffer_init(&stored, NULL, 10000);
    ws_family_ngram.save(&model->base, &stored);
    const struct ws_model *loaded = NULL;
    for (size_t size = 0; size < stored.size; size++)
        assert_int_equal(ws_family_ngram.load(&f->settings, ws_bytes_of(stored.data, size),
                                              &f->arena, &loaded, &f->err),
                         WS_CORRUPT);
    size_t refused = 0;
    for (size_t at = 0; at < stored.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            stored.data[at] = (char)(stored.data[at] ^ 1 << bit);
            enum ws_status status = ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored),
                                                         &f->arena, &loaded, &f->err);
            if (status == WS_OK) {
                const struct ws_payload *payload =
                    sample_items(f, (const struct ws_ngram_model *)loaded, 2, 1);
                for (uint64_t i = 0; i < payload->tokens.ends[1]; i++)
                    assert_true(payload->tokens.ids[i] < payload->types);
            } else {
                assert_int_equal(status, WS_CORRUPT);
                refused++;
            }
            stored.data[at] = (char)(stored.data[at] ^ 1 << bit);
            ws_arena_reset(&f->arena);
        }
    }
    /* What may pass: types that never occur, the block's length, the number of items. */
    assert_true(refused > stored.size * 8 - 128);
    ws_buffer_u8(&stored, 0);
    assert_int_equal(
        ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored), &f->arena, &loaded, &f->err),
        WS_CORRUPT);
    ws_buffer_release(&stored);
}

/* "ab|b" in order 3: after the magic and 11 numbers of header the children of a, b, start and of
 * ab, start a, start b; then the tokens of all 7 k-grams and their counts. */
static void ngram__says_what_is_wrong_with_a_model(void **state)
{
    static const struct {
        size_t number;
        uint32_t value;
        const char *message;
    } damages[] = {
        {0, 3, "not version 1 or 2"},
        {1, 0, "types or order out of range"},
        {4, 4, "more tokens than there can be"},       /* block */
        {6, 1, "more continuations than occurrences"}, /* items */
        {8, 1, "it has no token"},
        {8, 0xFFFFFFFE, "too many n-grams"},
        {8, 4, "it ends too early"},
        {10, 0, "more bytes than it says"},
        {11, 0xFFFFFFFF, "children beyond their level"},
        {11, 0, "n-grams without a parent"},
        {17, 1, "tokens out of order"},
        {18, 2, "a token or count out of range"},
        {22, 0, "tokens out of order"},
        {19, 3, "it has no start of a block"},
        {20, 0, "an n-gram without its suffix"}, /* ab, which start a b needs */
        {20, 2, "a token or count out of range"},
        {24, 0, "a token or count out of range"},
        {26, 1, "it has no start of a block"},
        {25, 3, "occurrences without a left neighbour"},
        {30, 2, "more continuations than occurrences"},
    };
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 2, "ab|b", 3, WS_NGRAM_MLE);
    struct ws_buffer stored;
    ws_buffer_init(&stored, NULL, 1000);
    ws_family_ngram.save(&model->base, &stored);
    assert_int_equal(stored.size, 8 + 4 * 31);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        uint8_t *number = (uint8_t *)stored.data + 8 + 4 * damages[i].number;
        uint32_t before = load32_le(number);
        store32_le(number, damages[i].value);
        const struct ws_model *loaded = NULL;
        assert_int_equal(ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored), &f->arena,
                                              &loaded, &f->err),
                         WS_CORRUPT);
        char message[100];
        (void)snprintf(message, sizeof message, "damaged n-gram model: %s", damages[i].message);
        assert_string_equal(f->err.message, message);
        store32_le(number, before);
    }
    ws_buffer_release(&stored);
}

/* A heap that fails at its countdown and knows what is alive. */
struct failing_heap {
    long countdown;
    size_t live;
};

static void *failing_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing_heap *heap = user;
    if (new_size > 0 && heap->countdown-- <= 0)
        return NULL;
    heap->live += new_size - old_size;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static enum ws_status live_once(const struct fixture *f, struct ws_arena *arena,
                                struct ws_buffer *stored)
{
    const struct ws_dataset *data = &f->text.data;
    const struct ws_rng_key key = {{1, 2}, 3};
    const struct ws_model *model = NULL;
    const struct ws_payload *payload = NULL;
    uint64_t count = 4;
    WS_TRY(ws_family_ngram.fit(&f->settings, 1, &data, &key, NULL, arena, &model, NULL));
    WS_TRY(ws_family_ngram.sample(1, &model, &count, &key, NULL, arena, &payload, NULL));
    ws_family_ngram.save(model, stored);
    WS_TRY(ws_buffer_check(stored, "a model", NULL));
    return ws_family_ngram.load(&f->settings, ws_buffer_bytes(stored), arena, &model, NULL);
}

static void ngram__survives_every_allocation_that_fails(void **state)
{
    struct fixture *f = *state;
    make_text(&f->text, 11, ESTIMABLE);
    f->settings = (struct ws_ngram_settings){3, WS_NGRAM_KNESER_NEY};
    enum ws_status status = WS_NO_MEMORY;
    long count = 0;
    for (; status == WS_NO_MEMORY; count++) {
        struct failing_heap heap = {.countdown = count};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_buffer stored;
        ws_arena_init(&arena, &allocator);
        ws_buffer_init(&stored, &allocator, 100000);
        status = live_once(f, &arena, &stored);
        ws_buffer_release(&stored);
        ws_arena_release(&arena);
        assert_int_equal(heap.live, 0);
    }
    assert_int_equal(status, WS_OK);
    assert_true(count > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ngram__is_the_same_after_saving_and_loading),
        TEST(ngram__stores_what_the_format_says),
        TEST(ngram__loads_no_damaged_model),
        TEST(ngram__says_what_is_wrong_with_a_model),
        TEST(ngram__survives_every_allocation_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
