#include "base/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"

static char directory[] = "/tmp/ws-process-XXXXXX";
static char log_path[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    (void)snprintf(log_path, sizeof log_path, "%s/log", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(log_path);
    return rmdir(directory);
}

static enum ws_status run(const char *command, double seconds, struct ws_error *err)
{
    const struct ws_process process = {.command = command, .log = log_path, .seconds = seconds};
    return ws_process_run(&process, err);
}

static void process__succeeds_with_status_zero_only(void **state)
{
    (void)state;
    struct ws_error err;
    assert_int_equal(run("true", 60, &err), WS_OK);
    assert_int_equal(run("echo first; echo the last >&2; exit 3", 60, &err), WS_IO);
    assert_non_null(strstr(err.message, "failed with exit status 3: the last"));
    assert_int_equal(run("exit 4", 60, &err), WS_IO);
    assert_non_null(strstr(err.message, "exit status 4, and said nothing"));
    assert_int_equal(run("kill -9 $$", 60, &err), WS_IO);
    assert_non_null(strstr(err.message, "ended by signal 9"));
    assert_int_equal(run("/no/such/command", 60, &err), WS_IO);
    assert_non_null(strstr(err.message, "exit status 127"));
}

static void process__has_no_input_and_keeps_its_words(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_bytes said;
    ws_arena_init(&arena, NULL);
    assert_int_equal(run("cat; echo out; echo err >&2", 60, NULL), WS_OK);
    assert_int_equal(ws_file_read(log_path, 100, &arena, &said, NULL), WS_OK);
    assert_int_equal(said.size, 8);
    assert_memory_equal(said.data, "out\nerr\n", 8);
    ws_arena_release(&arena);
}

static bool is_alive(pid_t id)
{
    return kill(id, 0) == 0;
}

/* A command that would go on for a minute ends at its limit, and so does what it started: once the
 * limit leaves the shell time to say what that is, however slow the machine is. */
static void process__is_ended_with_all_it_started(void **state)
{
    (void)state;
    enum { TRIES = 1000 };
    struct ws_error err;
    struct ws_arena arena;
    struct ws_bytes said = {.size = 0};
    const char *command = "(trap '' TERM; sleep 60 & echo $!; wait) & sleep 60";
    ws_arena_init(&arena, NULL);
    for (double limit = 0.5; said.size == 0; limit *= 2) {
        double start = ws_system_clock.elapsed(NULL);
        assert_int_equal(run(command, limit, &err), WS_IO);
        assert_non_null(strstr(
            err.message, ws_arena_format(&arena, "was ended after %g seconds, its limit", limit)));
        assert_true(ws_system_clock.elapsed(NULL) - start < 50);
        assert_int_equal(ws_file_read(log_path, 100, &arena, &said, NULL), WS_OK);
    }
    pid_t child =
        (pid_t)strtol(ws_arena_format(&arena, "%.*s", (int)said.size, said.data), NULL, 10);
    assert_true(child > 0);
    for (int i = 0; i < TRIES && is_alive(child); i++) /* until whoever inherits it has noticed */
        (void)usleep(10000);
    assert_false(is_alive(child));
    ws_arena_release(&arena);
}

static bool at_once(void *user)
{
    ++*(int *)user;
    return true;
}

static void process__can_be_told_to_stop(void **state)
{
    (void)state;
    int asked = 0;
    const struct ws_process process = {"sleep 60", log_path, 60, at_once, &asked};
    assert_int_equal(ws_process_run(&process, NULL), WS_INTERRUPTED);
    assert_int_equal(asked, 1);
}

static void process__whose_end_is_not_told_has_failed(void **state)
{
    (void)state;
    struct ws_error err;
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run("exit 3", 60, &err), WS_IO);
    (void)signal(SIGCHLD, before);
    assert_non_null(strstr(err.message, "this process ignores SIGCHLD"));
}

static void shell_quote__gives_one_word_whatever_the_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"plain", "", "two words", "it's",
                                        "$HOME `x` \"y\" \\ *\n;&"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ws_arena arena;
        struct ws_buffer command;
        struct ws_bytes said;
        ws_arena_init(&arena, NULL);
        ws_buffer_init(&command, NULL, SIZE_MAX);
        ws_buffer_text(&command, "printf '%s|' ");
        ws_shell_quote(texts[i], &command);
        ws_buffer_append(&command, "", 1);
        assert_int_equal(ws_buffer_check(&command, "a command", NULL), WS_OK);
        assert_int_equal(run(command.data, 60, NULL), WS_OK);
        assert_int_equal(ws_file_read(log_path, 100, &arena, &said, NULL), WS_OK);
        assert_int_equal(said.size, strlen(texts[i]) + 1);
        assert_memory_equal(said.data, texts[i], strlen(texts[i]));
        ws_buffer_release(&command);
        ws_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process__succeeds_with_status_zero_only),
        cmocka_unit_test(process__has_no_input_and_keeps_its_words),
        cmocka_unit_test(process__is_ended_with_all_it_started),
        cmocka_unit_test(process__can_be_told_to_stop),
        cmocka_unit_test(process__whose_end_is_not_told_has_failed),
        cmocka_unit_test(shell_quote__gives_one_word_whatever_the_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
