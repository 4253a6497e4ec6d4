/*
 * News for many: who watches hears the latest message once, and what he misses is not kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/event_hub.h"

/* What a viewer reads in pieces of `most` bytes until `wanted` has come. */
static void hears(struct ws_event_viewer *viewer, const char *wanted, size_t most)
{
    char seen[200] = "";
    size_t size = 0;
    while (size < strlen(wanted)) {
        ssize_t got = ws_event_viewer_read(viewer, 0, seen + size, most);
        assert_true(got > 0 && (size_t)got <= most && size + (size_t)got < sizeof seen);
        size += (size_t)got;
    }
    seen[size] = '\0';
    assert_string_equal(seen, wanted);
}

static struct ws_event_viewer *join(struct ws_event_hub *hub, const char *topic)
{
    struct ws_event_viewer *viewer;
    assert_int_equal(ws_event_hub_join(hub, topic, &viewer, NULL), WS_OK);
    return viewer;
}

static void publish(struct ws_event_hub *hub, const char *topic, const char *data)
{
    assert_int_equal(ws_event_hub_publish(hub, topic, data, NULL), WS_OK);
}

static void viewers_hear_the_latest_of_their_topic(void **state)
{
    (void)state;
    struct ws_event_hub *hub;
    assert_int_equal(ws_event_hub_new(NULL, &hub, NULL), WS_OK);
    publish(hub, "run", "lost"); /* nobody watches */
    struct ws_event_viewer *first = join(hub, "run"), *other = join(hub, "other");
    publish(hub, "run", "1");
    hears(first, "data: 1\n\n", 3);
    publish(hub, "run", "2");
    publish(hub, "run", "3");
    publish(hub, "run", "3");
    struct ws_event_viewer *late = join(hub, "run");
    hears(late, "data: 3\n\n", 100);
    hears(first, "data: 3\n\n", 100);
    publish(hub, "other", "x");
    hears(other, "data: x\n\n", 100);
    ws_event_viewer_leave(first);
    publish(hub, "run", "4");
    hears(late, "data: 4\n\n", 100);
    ws_event_viewer_leave(late);
    ws_event_viewer_leave(other);
    ws_event_hub_free(hub);
}

/* A message that a viewer is in the middle of is sent to its end, whatever comes meanwhile. */
static void messages_are_sent_whole(void **state)
{
    (void)state;
    struct ws_event_hub *hub;
    char piece[5];
    assert_int_equal(ws_event_hub_new(NULL, &hub, NULL), WS_OK);
    struct ws_event_viewer *viewer = join(hub, "run");
    publish(hub, "run", "first");
    assert_int_equal(ws_event_viewer_read(viewer, 0, piece, sizeof piece), sizeof piece);
    publish(hub, "run", "second");
    hears(viewer, " first\n\n", 2);
    hears(viewer, "data: second\n\n", 4);
    ws_event_viewer_leave(viewer);
    ws_event_hub_free(hub);
}

static void topics_are_those_that_are_watched(void **state)
{
    (void)state;
    struct ws_event_hub *hub;
    struct ws_arena arena;
    const char **names;
    size_t count;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_event_hub_new(NULL, &hub, NULL), WS_OK);
    struct ws_event_viewer *a = join(hub, "a"), *b = join(hub, "b"), *c = join(hub, "a");
    assert_true(ws_event_hub_wait(hub, 1000)); /* somebody came */
    assert_int_equal(ws_event_hub_topics(hub, &arena, &names, &count, NULL), WS_OK);
    assert_int_equal(count, 2);
    ws_event_viewer_leave(b);
    ws_event_viewer_leave(c);
    assert_int_equal(ws_event_hub_topics(hub, &arena, &names, &count, NULL), WS_OK);
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "a");
    assert_true(ws_event_hub_wait(hub, 0));
    ws_event_hub_close(hub);
    assert_false(ws_event_hub_wait(hub, 1000));
    char piece[5];
    assert_int_equal(ws_event_viewer_read(a, 0, piece, sizeof piece),
                     MHD_CONTENT_READER_END_OF_STREAM);
    ws_event_viewer_leave(a);
    assert_int_equal(ws_event_hub_topics(hub, &arena, &names, &count, NULL), WS_OK);
    assert_int_equal(count, 0);
    ws_event_hub_free(hub);
    ws_arena_release(&arena);
}

static void viewers_are_limited(void **state)
{
    (void)state;
    struct ws_event_hub *hub;
    struct ws_event_viewer *viewers[WS_VIEWERS_MOST], *more;
    assert_int_equal(ws_event_hub_new(NULL, &hub, NULL), WS_OK);
    for (size_t i = 0; i < WS_VIEWERS_MOST; i++)
        viewers[i] = join(hub, "run");
    assert_int_equal(ws_event_hub_join(hub, "new", &more, NULL), WS_LIMIT);
    for (size_t i = 0; i < WS_VIEWERS_MOST; i++)
        ws_event_viewer_leave(viewers[i]);
    ws_event_viewer_leave(join(hub, "new"));
    ws_event_hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(viewers_hear_the_latest_of_their_topic),
        cmocka_unit_test(messages_are_sent_whole),
        cmocka_unit_test(topics_are_those_that_are_watched),
        cmocka_unit_test(viewers_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
