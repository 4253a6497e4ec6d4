#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum {
    LOG_TAIL = 200,    /* bytes of the log that an error shows, at most */
    PATIENCE = 2,      /* seconds between asking a command to end and ending it */
    SHORTEST_NAP = 1,  /* milliseconds between two looks, doubled ... */
    LONGEST_NAP = 100, /* ... up to this */
};

/* Signals are as they are for a program that a shell starts, whatever the calling thread blocks. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGKILL);
    (void)sigdelset(&all, SIGSTOP);
    int failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setpgroup(attributes, 0);
    if (failed == 0)
        failed = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return failed;
}

static int set_files(posix_spawn_file_actions_t *actions, const char *log)
{
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, log,
                                                  O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
    return failed;
}

static int start(const struct ws_process *process, pid_t *out)
{
    char shell[] = "/bin/sh", dash_c[] = "-c";
    char *const arguments[] = {shell, dash_c, (char *)process->command, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int failed = posix_spawnattr_init(&attributes);
    if (failed != 0)
        return failed;
    failed = posix_spawn_file_actions_init(&actions);
    if (failed == 0) {
        failed = set_signals(&attributes);
        if (failed == 0)
            failed = set_files(&actions, process->log);
        if (failed == 0)
            failed = posix_spawn(out, shell, &actions, &attributes, arguments, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)posix_spawnattr_destroy(&attributes);
    return failed;
}

static void nap(unsigned *milliseconds)
{
    const struct timespec time = {0, *milliseconds * 1000000L};
    (void)nanosleep(&time, NULL);
    *milliseconds = 2 * *milliseconds < LONGEST_NAP ? 2 * *milliseconds : LONGEST_NAP;
}

/* Asks the group to end, and ends it when it does not. */
static void end_group(pid_t process, int *status)
{
    double start = ws_system_clock.elapsed(NULL);
    unsigned pause = SHORTEST_NAP;
    (void)kill(-process, SIGTERM);
    while (waitpid(process, status, WNOHANG) == 0) {
        if (ws_system_clock.elapsed(NULL) - start > PATIENCE)
            (void)kill(-process, SIGKILL);
        nap(&pause);
    }
}

enum ending { ENDED, TOO_SLOW, STOPPED, UNKNOWN };

static enum ending await(const struct ws_process *process, pid_t id, int *status)
{
    double start = ws_system_clock.elapsed(NULL);
    unsigned pause = SHORTEST_NAP;
    enum ending ending = ENDED;
    pid_t waited;
    while ((waited = waitpid(id, status, WNOHANG)) == 0) {
        if (process->stops && process->stops(process->user))
            ending = STOPPED;
        else if (ws_system_clock.elapsed(NULL) - start > process->seconds)
            ending = TOO_SLOW;
        if (ending != ENDED) {
            end_group(id, status);
            break;
        }
        nap(&pause);
    }
    (void)kill(-id, SIGKILL); /* what the command left behind */
    return waited < 0 ? UNKNOWN : ending;
}

/* The last line that is not empty, into `out`. */
static void last_line(const char *path, char out[LOG_TAIL + 1])
{
    char tail[LOG_TAIL];
    ssize_t size = 0;
    int log = open(path, O_RDONLY | O_CLOEXEC);
    if (log >= 0) {
        off_t end = lseek(log, 0, SEEK_END);
        size = pread(log, tail, sizeof tail, end > LOG_TAIL ? end - LOG_TAIL : 0);
        (void)close(log);
    }
    while (size > 0 && strchr(" \t\r\n", tail[size - 1]))
        size--;
    size_t first = size > 0 ? (size_t)size : 0;
    while (first > 0 && tail[first - 1] != '\n')
        first--;
    size_t length = size > 0 ? (size_t)size - first : 0;
    memcpy(out, tail + first, length);
    out[length] = '\0';
}

static enum ws_status fail_with_log(const struct ws_process *process, const char *what, int number,
                                    struct ws_error *err)
{
    char line[LOG_TAIL + 1];
    last_line(process->log, line);
    if (line[0] == '\0')
        return ws_fail(err, WS_IO, "the command '%.120s' %s %d, and said nothing", process->command,
                       what, number);
    return ws_fail(err, WS_IO, "the command '%.120s' %s %d: %s", process->command, what, number,
                   line);
}

enum ws_status ws_process_run(const struct ws_process *process, struct ws_error *err)
{
    pid_t id;
    int status = 0;
    int failed = start(process, &id);
    if (failed != 0) {
        errno = failed;
        return ws_fail_system(err, "run", "/bin/sh");
    }
    enum ending ending = await(process, id, &status);
    if (ending == UNKNOWN)
        return ws_fail(err, WS_IO,
                       "how the command '%.120s' ended is not known: this process ignores SIGCHLD",
                       process->command);
    if (ending == STOPPED)
        return ws_fail(err, WS_INTERRUPTED, "stopped inside the command '%.120s'",
                       process->command);
    if (ending == TOO_SLOW)
        return ws_fail(err, WS_IO, "the command '%.120s' was ended after %g seconds, its limit",
                       process->command, process->seconds);
    if (WIFSIGNALED(status))
        return fail_with_log(process, "was ended by signal", WTERMSIG(status), err);
    if (WEXITSTATUS(status) != 0)
        return fail_with_log(process, "failed with exit status", WEXITSTATUS(status), err);
    return WS_OK;
}

void ws_shell_quote(const char *text, struct ws_buffer *out)
{
    ws_buffer_text(out, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            ws_buffer_text(out, "'\\''");
        else
            ws_buffer_append(out, text, 1);
    }
    ws_buffer_text(out, "'");
}
