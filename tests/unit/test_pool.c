#include "base/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_PIECES = 1000 };

struct tally {
    atomic_uint runs[MOST_PIECES];
};

static void count_run(void *context, size_t piece)
{
    struct tally *tally = context;
    atomic_fetch_add(&tally->runs[piece], 1);
}

static void check_rounds(unsigned threads)
{
    static const size_t rounds[] = {MOST_PIECES, 0, 1, 3, 7, 64, 0, MOST_PIECES};
    struct ws_pool *pool = NULL;
    assert_int_equal(ws_pool_new(threads, NULL, &pool, NULL), WS_OK);
    for (int again = 0; again < 50; again++) {
        for (size_t r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
            struct tally tally = {0};
            ws_pool_run(pool, rounds[r], count_run, &tally);
            for (size_t i = 0; i < MOST_PIECES; i++)
                assert_int_equal(atomic_load(&tally.runs[i]), i < rounds[r]);
        }
    }
    ws_pool_free(pool);
}

static void pool__runs_every_piece_once(void **state)
{
    (void)state;
    check_rounds(1);
    check_rounds(2);
    check_rounds(7);
}

/* Every piece waits until all of them have started, so each needs a thread of its own. */
struct meeting {
    atomic_uint arrived;
    unsigned wanted;
};

static void meet(void *context, size_t piece)
{
    (void)piece;
    struct meeting *meeting = context;
    atomic_fetch_add(&meeting->arrived, 1);
    while (atomic_load(&meeting->arrived) < meeting->wanted)
        continue;
}

static void pool__runs_pieces_side_by_side(void **state)
{
    (void)state;
    struct ws_pool *pool = NULL;
    assert_int_equal(ws_pool_new(3, NULL, &pool, NULL), WS_OK);
    struct meeting meeting = {.wanted = 3};
    ws_pool_run(pool, 3, meet, &meeting);
    assert_int_equal(atomic_load(&meeting.arrived), 3);
    ws_pool_free(pool);
}

static void *refuse(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)block;
    (void)old_size;
    (void)new_size;
    return NULL;
}

/* Which threads would take a signal; each piece needs a thread of its own. */
struct signals {
    struct meeting meeting;
    atomic_uint open;
};

static void look_at_signals(void *context, size_t piece)
{
    struct signals *signals = context;
    sigset_t blocked;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
    atomic_fetch_add(&signals->open, !sigismember(&blocked, SIGINT));
    meet(&signals->meeting, piece);
}

static void pool__leaves_signals_to_the_caller(void **state)
{
    (void)state;
    struct ws_pool *pool = NULL;
    struct signals signals = {.meeting = {.wanted = 3}};
    assert_int_equal(ws_pool_new(3, NULL, &pool, NULL), WS_OK);
    ws_pool_run(pool, 3, look_at_signals, &signals);
    ws_pool_free(pool);
    assert_int_equal(atomic_load(&signals.open), 1);
}

static void pool__says_when_memory_is_out(void **state)
{
    (void)state;
    const struct ws_allocator allocator = {refuse, NULL};
    struct ws_pool *pool = NULL;
    struct ws_error err = {0};
    assert_int_equal(ws_pool_new(2, &allocator, &pool, &err), WS_NO_MEMORY);
    assert_null(pool);
    assert_non_null(strstr(err.message, "thread pool"));
}

/* Follows how many bytes are alive. */
static void *count_bytes(void *user, void *block, size_t old_size, size_t new_size)
{
    size_t *alive = user;
    *alive += new_size - old_size;
    if (new_size > 0)
        return ws_realloc(NULL, block, old_size, new_size);
    ws_free(NULL, block, old_size);
    return NULL;
}

static void pool__gives_its_memory_back(void **state)
{
    (void)state;
    size_t alive = 0;
    const struct ws_allocator allocator = {count_bytes, &alive};
    struct ws_pool *pool = NULL;
    assert_int_equal(ws_pool_new(4, &allocator, &pool, NULL), WS_OK);
    assert_true(alive > 0);
    ws_pool_free(pool);
    assert_int_equal(alive, 0);
    ws_pool_free(NULL);
}

static void processors__are_at_least_one(void **state)
{
    (void)state;
    assert_true(ws_processor_count() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool__runs_every_piece_once),
        cmocka_unit_test(pool__runs_pieces_side_by_side),
        cmocka_unit_test(pool__leaves_signals_to_the_caller),
        cmocka_unit_test(pool__says_when_memory_is_out),
        cmocka_unit_test(pool__gives_its_memory_back),
        cmocka_unit_test(processors__are_at_least_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
