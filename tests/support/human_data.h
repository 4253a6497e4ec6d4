/*
 * Human data of small corpora and laws, for tests. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_HUMAN_DATA_H
#define WS_TESTS_HUMAN_DATA_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/human.h"
#include "support/failing_heap.h"

/* A corpus of 105 words, all different, and one of 55 words: 1 x "v1", 2 x "v2", ..., 10 x "v10".
 */
enum { WORDS = 105, REPEATED = 55 };

struct fixture {
    struct ws_arena arena;
    char distinct[64], repeated[64];
};

static inline void write_text(char path[64], const char *name, const char *text)
{
    (void)snprintf(path, 64, "/tmp/ws-human-%ld-%s.txt", (long)getpid(), name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static inline int set_up(void **state)
{
    static struct fixture fixture;
    char text[2048];
    size_t size = 0;
    ws_arena_init(&fixture.arena, NULL);
    for (int i = 0; i < WORDS; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "W%d%s", i,
                                 i % 10 == 9 ? ".\n" : ", ");
    write_text(fixture.distinct, "distinct", text);
    size = 0;
    for (int i = 1; i <= 10; i++)
        for (int j = 0; j < i; j++)
            size += (size_t)snprintf(text + size, sizeof text - size, "v%d ", i);
    write_text(fixture.repeated, "repeated", text);
    *state = &fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->distinct);
    (void)unlink(fixture->repeated);
    ws_arena_release(&fixture->arena);
    return 0;
}

static inline struct ws_human_settings defaults(struct fixture *fixture)
{
    struct ws_human_settings settings;
    assert_int_equal(ws_options_defaults(&ws_human_options, &settings, &fixture->arena, NULL),
                     WS_OK);
    return settings;
}

/* 10 blocks of 10 words: 4 to train, 2 to test, 4 fresh. */
static inline struct ws_human_settings text_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_TEXT;
    settings.corpus = fixture->distinct;
    settings.block = 10;
    settings.items = 4;
    settings.test_items = 2;
    settings.fresh_items = 4;
    return settings;
}

static inline struct ws_human_settings words_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_WORDS;
    settings.corpus = fixture->repeated;
    settings.items = 20;
    settings.test_items = 10;
    settings.fresh_items = 25;
    return settings;
}

static inline struct ws_human_settings zipf_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_ZIPF;
    settings.types = 50;
    settings.items = 1000;
    settings.test_items = 1000;
    return settings;
}

static inline struct ws_human_settings normal_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.law.dimension = 3;
    settings.law.variance = 4;
    settings.items = 1000;
    settings.test_items = 500;
    return settings;
}

static inline struct ws_human *open_human(const struct ws_human_settings *settings)
{
    struct ws_human *human;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_human_open(settings, NULL, &human, NULL, &err);
    if (status != WS_OK)
        fail_msg("%s", err.message);
    return human;
}

static inline struct ws_deal deal_of(const struct ws_human *human, uint64_t seed,
                                     struct ws_arena *arena)
{
    struct ws_deal deal;
    assert_int_equal(ws_human_deal(human, seed, arena, &deal, NULL), WS_OK);
    return deal;
}

static inline struct ws_bytes bytes_of(const struct ws_dataset *dataset, struct ws_arena *arena)
{
    struct ws_buffer buffer;
    ws_buffer_init(&buffer, NULL, 1 << 24);
    ws_dataset_write(dataset, &buffer);
    assert_int_equal(buffer.status, WS_OK);
    struct ws_bytes bytes = ws_buffer_bytes(&buffer);
    bytes.data = ws_arena_copy(arena, bytes.data, bytes.size);
    ws_buffer_release(&buffer);
    return bytes;
}

static inline bool same(const struct ws_dataset *a, const struct ws_dataset *b,
                        struct ws_arena *arena)
{
    struct ws_bytes x = bytes_of(a, arena), y = bytes_of(b, arena);
    return x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
}

/* Adds to seen[type] how often each type occurs. */
static inline void tally(const struct ws_dataset *dataset, uint64_t *seen, struct ws_arena *arena)
{
    struct ws_payload counts;
    assert_int_equal(ws_dataset_type_counts(dataset, arena, &counts, NULL), WS_OK);
    for (size_t i = 0; i < counts.counts.size; i++)
        seen[counts.counts.type[i]] += counts.counts.count[i];
}

#define TEST(name) cmocka_unit_test_setup_teardown(human__##name, set_up, tear_down)

#endif
