/* Distinct texts by number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text_set.h"
#include "support/failing_heap.h"

enum { MANY = 5000 };

static uint32_t add(struct ws_text_set *set, const char *text)
{
    uint32_t id = UINT32_MAX;
    assert_int_equal(ws_text_set_add(set, text, strlen(text), &id, NULL), WS_OK);
    return id;
}

static void text_set__numbers_texts_as_they_come(void **state)
{
    (void)state;
    struct ws_text_set set;
    ws_text_set_init(&set, NULL);
    assert_int_equal(add(&set, "pride"), 0);
    assert_int_equal(add(&set, "prejudice"), 1);
    assert_int_equal(add(&set, "pride"), 0);
    assert_int_equal(add(&set, "pri"), 2); /* a part is another text */
    assert_int_equal(add(&set, ""), 3);
    assert_int_equal(set.count, 4);
    assert_string_equal(ws_text_set_at(&set, 1), "prejudice");
    ws_text_set_release(&set);
}

static void text_set__finds_all_of_many(void **state)
{
    (void)state;
    struct ws_text_set set;
    ws_text_set_init(&set, NULL);
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < MANY; i++) {
            char text[16];
            (void)snprintf(text, sizeof text, "%u", i * 7919);
            assert_int_equal(add(&set, text), i);
        }
    assert_int_equal(set.count, MANY);
    ws_text_set_release(&set);
}

static enum ws_status fill(const struct ws_allocator *allocator)
{
    struct ws_text_set set;
    enum ws_status status = WS_OK;
    ws_text_set_init(&set, allocator);
    for (uint32_t i = 0; i < 200 && status == WS_OK; i++) {
        char text[16];
        uint32_t id;
        (void)snprintf(text, sizeof text, "text %u", i);
        status = ws_text_set_add(&set, text, strlen(text), &id, NULL);
        assert_true(status != WS_OK || id == i);
    }
    ws_text_set_release(&set);
    return status;
}

static void text_set__survives_every_failing_allocation(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        status = fill(&allocator);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_set__numbers_texts_as_they_come),
        cmocka_unit_test(text_set__finds_all_of_many),
        cmocka_unit_test(text_set__survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
