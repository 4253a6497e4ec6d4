/*
 * How far a run is, written and read; processes told from others of the same number.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lab/run_progress.h"
#include "support/place.h"

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_run_progress read;
    ws_arena_init(&arena, NULL);
    new_place(&place);
    const struct ws_run_progress written = {
        .process = {"boot \"1\"", 12, 1ULL << 53},
        .stops = true,
        .elapsed = 2.5,
        .work = 100,
        .work_left = 300,
        .chains = 7,
        .chains_done = 2,
        .arm = "keep:0.5 \"<b>\"",
        .first_seed = 3,
        .seeds = 4,
        .generation = 5,
    };
    assert_int_equal(ws_progress_read(place.path, &arena, &read, NULL), WS_NOT_FOUND);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ws_progress_write(place.path, &written, NULL), WS_OK);
    assert_int_equal(names_in(&arena, place.path).count, 1); /* and nothing half done */
    assert_int_equal(ws_progress_read(place.path, &arena, &read, NULL), WS_OK);
    assert_string_equal(read.process.boot, written.process.boot);
    assert_int_equal(read.process.number, 12);
    assert_int_equal(read.process.started, 1ULL << 53);
    assert_true(read.stops && read.elapsed == 2.5);
    assert_int_equal(read.work, 100);
    assert_int_equal(read.work_left, 300);
    assert_int_equal(read.chains, 7);
    assert_int_equal(read.chains_done, 2);
    assert_string_equal(read.arm, written.arm);
    assert_int_equal(read.first_seed, 3);
    assert_int_equal(read.seeds, 4);
    assert_int_equal(read.generation, 5);
    assert_true(ws_progress_seconds_left(&read) == 7.5);
    read.elapsed = 0.5;
    assert_true(ws_progress_seconds_left(&read) < 0);
    ws_progress_remove(place.path);
    ws_progress_remove(place.path);
    assert_int_equal(ws_progress_read(place.path, &arena, &read, NULL), WS_NOT_FOUND);
    assert_int_equal(rmdir(place.path), 0);
    assert_int_equal(ws_progress_write(place.path, &written, NULL), WS_NOT_FOUND);
    ws_arena_release(&arena);
}

static void damage_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } known[] = {
        {"", "progress"},
        {"{}", "format"},
        {"{\"format\":\"wellspring-progress/9\"}", "wellspring-progress/9"},
        {"{\"format\":\"" WS_PROGRESS_FORMAT "\",\"process\":7}", "process"},
        {"{\"format\":\"" WS_PROGRESS_FORMAT "\",\"process\":{\"boot\":\"\",\"number\":-1,"
         "\"started\":1,\"stops\":true}}",
         "number"},
    };
    struct ws_arena arena;
    struct ws_run_progress out;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct ws_error err = {.message = ""};
        enum ws_status status =
            ws_progress_parse(ws_bytes_of_text(known[i].text), "progress", &arena, &out, &err);
        assert_true(status == WS_CORRUPT || status == WS_UNSUPPORTED);
        assert_non_null(strstr(err.message, known[i].says));
    }
    ws_arena_release(&arena);
}

static void processes_are_known_by_their_start(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_process_name self = ws_process_name(&arena), other = self;
    assert_int_equal(self.number, getpid());
    assert_int_equal(ws_process_look(&self), WS_PROCESS_THERE);
    other.started++;
    assert_int_equal(ws_process_look(&other), WS_PROCESS_GONE);
    other = self;
    other.boot = "another";
    assert_int_equal(ws_process_look(&other), WS_PROCESS_ELSEWHERE);
    ws_arena_release(&arena);
}

/* A process is asked to end; one that only has its number is not. */
static void only_the_very_process_is_asked_to_end(void **state)
{
    (void)state;
    struct ws_arena arena;
    int ready[2], end;
    ws_arena_init(&arena, NULL);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ws_arena own;
        ws_arena_init(&own, NULL);
        struct ws_process_name self = ws_process_name(&own);
        (void)!write(ready[1], &self.started, sizeof self.started);
        for (;;)
            (void)pause();
    }
    struct ws_process_name name = ws_process_name(&arena);
    name.number = (uint64_t)child;
    assert_int_equal(read(ready[0], &name.started, sizeof name.started), sizeof name.started);
    struct ws_process_name other = name;
    other.started--;
    assert_int_equal(ws_process_ask_to_end(&other, NULL), WS_NOT_FOUND);
    other = name;
    other.boot = "";
    assert_int_equal(ws_process_ask_to_end(&other, NULL), WS_UNSUPPORTED);
    assert_int_equal(waitpid(child, &end, WNOHANG), 0);
    assert_int_equal(ws_process_look(&name), WS_PROCESS_THERE);
    assert_int_equal(ws_process_ask_to_end(&name, NULL), WS_OK);
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(WIFSIGNALED(end) && WTERMSIG(end) == SIGTERM);
    assert_int_equal(ws_process_look(&name), WS_PROCESS_GONE);
    assert_int_equal(ws_process_ask_to_end(&name, NULL), WS_NOT_FOUND);
    assert_int_equal(ws_process_ask_to_end(&(struct ws_process_name){.boot = name.boot}, NULL),
                     WS_NOT_FOUND);
    (void)close(ready[0]);
    (void)close(ready[1]);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(processes_are_known_by_their_start),
        cmocka_unit_test(only_the_very_process_is_asked_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
