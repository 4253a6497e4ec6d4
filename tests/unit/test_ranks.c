/*
 * Ranks of a run, as threads of one process: what they tell each other, and what they leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "lab/run.h"
#include "support/laboratory.h"
#include "support/place.h"

enum { RANKS = 3, ROOM = 1 << 16 };

/* Where all ranks leave what they give. */
struct meeting {
    pthread_barrier_t barrier;
    uint64_t sizes[RANKS];
    char bytes[ROOM];
};

struct member {
    struct ws_ranks ranks;
    struct meeting *meeting;
    enum ws_status status; /* what it gives, then what it got */
    struct ws_error error;
    const char *directory; /* of the run */
};

static void gather_sizes(void *user, uint64_t mine, uint64_t *all)
{
    struct member *member = user;
    member->meeting->sizes[member->ranks.rank] = mine;
    pthread_barrier_wait(&member->meeting->barrier);
    memcpy(all, member->meeting->sizes, sizeof member->meeting->sizes);
    pthread_barrier_wait(&member->meeting->barrier);
}

static void gather_bytes(void *user, const void *mine, const uint64_t *sizes, void *all)
{
    struct member *member = user;
    uint64_t before = 0, total = 0;
    for (unsigned r = 0; r < RANKS; r++) {
        before += r < member->ranks.rank ? sizes[r] : 0;
        total += sizes[r];
    }
    assert_true(total <= ROOM);
    memcpy(member->meeting->bytes + before, mine, sizes[member->ranks.rank]);
    pthread_barrier_wait(&member->meeting->barrier);
    memcpy(all, member->meeting->bytes, total);
    pthread_barrier_wait(&member->meeting->barrier);
}

static void meet(struct member members[RANKS], struct meeting *meeting, void *(*act)(void *))
{
    pthread_t threads[RANKS];
    assert_int_equal(pthread_barrier_init(&meeting->barrier, NULL, RANKS), 0);
    for (unsigned r = 0; r < RANKS; r++) {
        members[r].meeting = meeting;
        members[r].ranks = (struct ws_ranks){.rank = r,
                                             .count = RANKS,
                                             .gather_sizes = gather_sizes,
                                             .gather_bytes = gather_bytes,
                                             .user = &members[r]};
        assert_int_equal(pthread_create(&threads[r], NULL, act, &members[r]), 0);
    }
    for (unsigned r = 0; r < RANKS; r++)
        assert_int_equal(pthread_join(threads[r], NULL), 0);
    pthread_barrier_destroy(&meeting->barrier);
}

static void *agree(void *user)
{
    struct member *member = user;
    member->status = ws_ranks_agree(&member->ranks, member->status, NULL, &member->error);
    return NULL;
}

static void ranks__all_get_the_first_failure(void **state)
{
    (void)state;
    static struct meeting meeting;
    struct member members[RANKS] = {{.status = WS_OK}};
    meet(members, &meeting, agree);
    for (unsigned r = 0; r < RANKS; r++)
        assert_int_equal(members[r].status, WS_OK);

    members[1].status = ws_fail(&members[1].error, WS_IO, "no disk");
    members[2].status = ws_fail(&members[2].error, WS_BUSY, "later");
    meet(members, &meeting, agree);
    for (unsigned r = 0; r < RANKS; r++) {
        assert_int_equal(members[r].status, WS_IO);
        assert_string_equal(members[r].error.message, "rank 1: no disk");
    }

    members[0].status = ws_fail(&members[0].error, WS_INVALID, "a mistake");
    members[1].status = WS_OK;
    meet(members, &meeting, agree);
    assert_int_equal(members[2].status, WS_INVALID);
    assert_string_equal(members[2].error.message, "a mistake");
}

static void ranks__one_alone_agrees_with_itself(void **state)
{
    (void)state;
    struct ws_error err = {.message = "as it was"};
    assert_int_equal(ws_ranks_agree(NULL, WS_OK, NULL, &err), WS_OK);
    assert_int_equal(ws_ranks_agree(NULL, WS_IO, NULL, &err), WS_IO);
    assert_string_equal(err.message, "as it was");
}

/* "a" of rank 0, "bb" of rank 1, nothing of rank 2. */
static void *exchange(void *user)
{
    static const char *const texts[RANKS] = {"a", "bb", ""};
    struct member *member = user;
    struct ws_arena arena;
    struct ws_bytes all[RANKS];
    ws_arena_init(&arena, NULL);
    member->status = ws_ranks_exchange(&member->ranks, ws_bytes_of_text(texts[member->ranks.rank]),
                                       &arena, all, &member->error);
    for (unsigned r = 0; r < RANKS && member->status == WS_OK; r++)
        if (all[r].size != strlen(texts[r]) || memcmp(all[r].data, texts[r], all[r].size) != 0)
            member->status = WS_CORRUPT;
    ws_arena_release(&arena);
    return NULL;
}

static void ranks__each_gets_what_all_give(void **state)
{
    (void)state;
    static struct meeting meeting;
    struct member members[RANKS] = {{.status = WS_OK}};
    meet(members, &meeting, exchange);
    for (unsigned r = 0; r < RANKS; r++)
        assert_int_equal(members[r].status, WS_OK);
}

#define EXPERIMENT                                                                                 \
    "policies: [replace, accumulate]\ngenerations: 12\nseeds: 130\nthreads: 1\n"                   \
    "checkpoint_seconds: 0\n"

/* A whole run with these ranks, or alone without; counts are rank 0's. */
static enum ws_status run(const struct ws_ranks *ranks, const char *directory,
                          struct ws_run_result *result, struct ws_error *err)
{
    struct laboratory lab;
    assert_true(laboratory_open(&lab, laboratory_texts[1], EXPERIMENT, NULL, err));
    const struct ws_run_options options = {.directory = directory, .ranks = ranks};
    enum ws_status status = ws_run_execute(&lab.experiment, lab.human, &options, result, err);
    laboratory_close(&lab);
    return status;
}

static void *take_part(void *user)
{
    struct member *member = user;
    struct ws_run_result result;
    member->status = run(&member->ranks, member->directory, &result, &member->error);
    if (member->ranks.rank == 0 && member->status == WS_OK && result.already_complete != 0)
        member->status = WS_CORRUPT;
    ws_arena_release(&result.arena);
    return NULL;
}

static void ranks__together_they_leave_what_one_does(void **state)
{
    (void)state;
    static struct meeting meeting;
    struct member members[RANKS] = {{.status = WS_OK}};
    struct place alone, together;
    struct ws_run_result result;
    struct ws_error err;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    new_place(&alone);
    new_place(&together);
    if (run(NULL, alone.path, &result, &err) != WS_OK)
        fail_msg("%s", err.message);
    ws_arena_release(&result.arena);
    for (unsigned r = 0; r < RANKS; r++)
        members[r].directory = together.path;
    meet(members, &meeting, take_part);
    for (unsigned r = 0; r < RANKS; r++)
        if (members[r].status != WS_OK)
            fail_msg("rank %u: %s", r, members[r].error.message);
    assert_same_tree(&arena, alone.path, together.path);

    /* What one has finished, several find complete. */
    meet(members, &meeting, take_part);
    assert_int_equal(members[0].status, WS_CORRUPT);
    assert_int_equal(members[1].status, WS_OK);
    ws_arena_release(&arena);
    remove_place(&alone);
    remove_place(&together);
}

static void ranks__none_begins_where_another_process_runs(void **state)
{
    (void)state;
    static struct meeting meeting;
    struct member members[RANKS] = {{.status = WS_OK}};
    struct place place;
    struct ws_arena arena;
    int lock = -1;
    ws_arena_init(&arena, NULL);
    new_place(&place);
    assert_int_equal(ws_lock_take(join(&arena, place.path, "lock"), &lock, NULL), WS_OK);
    for (unsigned r = 0; r < RANKS; r++)
        members[r].directory = place.path;
    meet(members, &meeting, take_part);
    for (unsigned r = 0; r < RANKS; r++)
        assert_int_equal(members[r].status, WS_BUSY);
    /* A lock that is shared with ranks of old is one, too. */
    assert_int_equal(ws_lock_share(lock, "lock", NULL), WS_OK);
    meet(members, &meeting, take_part);
    for (unsigned r = 0; r < RANKS; r++)
        assert_int_equal(members[r].status, WS_BUSY);
    ws_lock_drop(lock);
    ws_arena_release(&arena);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks__all_get_the_first_failure),
        cmocka_unit_test(ranks__one_alone_agrees_with_itself),
        cmocka_unit_test(ranks__each_gets_what_all_give),
        cmocka_unit_test(ranks__together_they_leave_what_one_does),
        cmocka_unit_test(ranks__none_begins_where_another_process_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
