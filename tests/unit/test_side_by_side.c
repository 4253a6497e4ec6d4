/*
 * Experiments that run in one process at the same time, each called from a thread of its own: the
 * library has no state that they could share, so each writes what it writes alone.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/run.h"
#include "support/laboratory.h"
#include "support/place.h"

#define SETTINGS "policies: [replace, mix:0.5:0.25:0.25]\ngenerations: 3\nseeds: 2\nthreads: 2\n"

/* Families whose chains other tests of the laboratory have no need of. */
static const char *const more_texts[] = {
    "family: gmm\nsource: blobs\nblobs: 2\nitems: 20\niterations: 5\n",
    "family: kde\nsource: moons\nitems: 20\ntest_items: 5\n",
    "family: regression\nsource: linear\ninputs: 3\nitems: 20\n",
    "family: logistic\nsource: two-class\ninputs: 2\nitems: 20\nridge: 0.1\n",
    "family: bernoulli\nsource: bernoulli\nitems: 20\n",
    "family: poisson\nsource: poisson\nitems: 20\n",
};
enum { TEXTS = LABORATORY_COUNT + sizeof more_texts / sizeof *more_texts };

static const char *text_at(size_t i)
{
    return i < LABORATORY_COUNT ? laboratory_texts[i] : more_texts[i - LABORATORY_COUNT];
}

/* From an experiment's text to a whole run. */
struct job {
    const char *text;
    pthread_barrier_t *start; /* NULL: alone */
    struct place place;
    bool opened;
    enum ws_status status;
    struct ws_error error;
};

/* Not in the test's own thread, so it asserts nothing. */
static void *run_job(void *argument)
{
    struct job *job = argument;
    struct laboratory lab;
    if (job->start)
        (void)pthread_barrier_wait(job->start);
    job->opened = laboratory_open(&lab, job->text, SETTINGS, NULL, &job->error);
    if (!job->opened)
        return NULL;
    const struct ws_run_options options = {.directory = job->place.path};
    struct ws_run_result result;
    job->status = ws_run_execute(&lab.experiment, lab.human, &options, &result, &job->error);
    ws_arena_release(&result.arena);
    laboratory_close(&lab);
    return NULL;
}

static void assert_done(const struct job *job)
{
    if (!job->opened || job->status != WS_OK)
        fail_msg("%s", job->error.message);
}

static void run_alone(struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)run_job(&jobs[i]);
        assert_done(&jobs[i]);
    }
}

static void run_together(struct job *jobs, size_t count)
{
    pthread_barrier_t start;
    pthread_t threads[2 * TEXTS];
    assert_true(count <= sizeof threads / sizeof *threads);
    assert_int_equal(pthread_barrier_init(&start, NULL, (unsigned)count), 0);
    for (size_t i = 0; i < count; i++) {
        jobs[i].start = &start;
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    (void)pthread_barrier_destroy(&start);
    for (size_t i = 0; i < count; i++)
        assert_done(&jobs[i]);
}

/* Every family but that of other programs beside every other, and beside itself. */
static void runs__are_the_same_side_by_side_as_alone(void **state)
{
    (void)state;
    enum { COUNT = 2 * TEXTS };
    struct job alone[COUNT], together[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        alone[i] = together[i] = (struct job){.text = text_at(i % TEXTS)};
        new_place(&alone[i].place);
        new_place(&together[i].place);
    }
    run_alone(alone, COUNT);
    run_together(together, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_same_run(&alone[i].place, &together[i].place);
        remove_place(&alone[i].place);
        remove_place(&together[i].place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs__are_the_same_side_by_side_as_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
