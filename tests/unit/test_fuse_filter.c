/* The filter: all that is there is, and little else; of any number of keys, in one part or many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ledger/fuse_filter.h"
#include "ledger/range_merge.h"
#include "support/failing_heap.h"
#include "support/place.h"

/* `count` keys of item `item` of a random stream. */
struct keys {
    struct ws_range_pair *pairs;
    size_t count;
};

static enum ws_status take(void *user, uint64_t last, struct ws_pair_batch *batch,
                           struct ws_error *err)
{
    const struct keys *keys = user;
    assert_true(last == UINT64_MAX); /* so few tiles are merged at once */
    for (size_t i = 0; i < keys->count; i++)
        WS_TRY(ws_pair_batch_add(batch, keys->pairs[i], err));
    return WS_OK;
}

static void make_range(const struct place *place, struct keys *keys, unsigned bits,
                       struct ws_range_file *file)
{
    const struct ws_pair_source source = {take, keys};
    struct ws_range range = {.bits = bits};
    struct ws_range_writer writer;
    struct ws_error err;
    char path[60];
    (void)snprintf(path, sizeof path, "%s/range", place->path);
    assert_int_equal(ws_range_writer_open(&writer, path, &range, NULL, &err), WS_OK);
    assert_int_equal(ws_range_merge(&source, 1, SIZE_MAX, &writer, &err), WS_OK);
    assert_int_equal(ws_range_writer_keep(&writer, &range, &err), WS_OK);
    ws_range_writer_close(&writer);
    assert_int_equal(ws_range_file_open(file, path, &range, &err), WS_OK);
}

/* Keys looked at together are as each alone, for counts beside and between those that wait
 * together. */
static void check_each(const struct ws_fuse_filter *filter, const struct keys *keys)
{
    uint64_t asked[100];
    bool there[101];
    for (size_t i = 0; i < 100; i++)
        asked[i] = i % 3 == 0 || i >= keys->count ? i << 57 : keys->pairs[i].key;
    for (size_t count = 0; count <= 100; count++) {
        for (size_t i = 0; i < 101; i++)
            there[i] = i % 2 == 0;
        ws_fuse_filter_may_have_each(filter, asked, count, there);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(there[i], ws_fuse_filter_may_have(filter, asked[i]));
        assert_int_equal(there[count], count % 2 == 0);
    }
}

static void fuse_filter__has_all_keys_and_few_others(void **state)
{
    (void)state;
    /* 600,000 pairs in two tiles are in two parts; 0 and 1 are parts as well. */
    static const size_t counts[] = {0, 1, 2, 3, 10, 100, 1000, 30000, 600000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        struct keys keys = {malloc((counts[c] + 1) * sizeof(struct ws_range_pair)), counts[c]};
        struct ws_range_file file;
        struct ws_fuse_filter filter;
        struct ws_error err;
        struct place place;
        struct ws_rng rng;
        size_t wrong = 0;
        assert_non_null(keys.pairs);
        ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), c);
        for (size_t i = 0; i < keys.count; i++)
            keys.pairs[i] = (struct ws_range_pair){ws_rng_u64(&rng), (uint32_t)i % 7};
        new_place(&place);
        make_range(&place, &keys, counts[c] > 1000 ? 1 : 0, &file);
        if (ws_fuse_filter_make(&filter, &file, NULL, &err) != WS_OK)
            fail_msg("%zu keys: %s", counts[c], err.message);
        for (size_t i = 0; i < keys.count; i++)
            assert_true(ws_fuse_filter_may_have(&filter, keys.pairs[i].key));
        for (size_t i = 0; i < 1000000; i++)
            wrong += ws_fuse_filter_may_have(&filter, ws_rng_u64(&rng));
        check_each(&filter, &keys);
        /* 15.3 are expected of a million, with a standard error of 3.9: at most four of these more.
         */
        assert_true(counts[c] == 0 ? wrong == 0 : wrong <= 31);
        if (counts[c] >= 30000)
            assert_true(filter.places * 16 < counts[c] * 22);
        ws_fuse_filter_close(&filter);
        ws_range_file_close(&file);
        remove_place(&place);
        free(keys.pairs);
    }
}

static void fuse_filter__survives_a_lack_of_memory(void **state)
{
    (void)state;
    struct ws_range_pair pairs[500];
    struct keys keys = {pairs, 500};
    struct ws_range_file file;
    struct place place;
    struct ws_rng rng;
    enum ws_status status = WS_NO_MEMORY;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 2, 0, 0), 0);
    for (size_t i = 0; i < keys.count; i++)
        pairs[i] = (struct ws_range_pair){ws_rng_u64(&rng), 0};
    new_place(&place);
    make_range(&place, &keys, 1, &file);
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_fuse_filter filter;
        status = ws_fuse_filter_make(&filter, &file, &allocator, NULL);
        ws_fuse_filter_close(&filter);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    ws_range_file_close(&file);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fuse_filter__survives_a_lack_of_memory),
        cmocka_unit_test(fuse_filter__has_all_keys_and_few_others),
    };
    return cmocka_run_group_tests_name("fuse_filter", tests, NULL, NULL);
}
