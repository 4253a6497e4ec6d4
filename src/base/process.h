/*
 * Runs a command line of the user's and waits for it.
 *
 * The command runs under /bin/sh in a process group of its own, in the program's directory and with
 * its environment, without input; what it prints goes to a log file. Whatever it leaves running is
 * ended with it. Contract: tests/unit/test_process.c.
 */
#ifndef WS_BASE_PROCESS_H
#define WS_BASE_PROCESS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/status.h"

struct ws_process {
    const char *command;
    const char *log; /* path of the file for its output and its errors, which is replaced */
    double seconds;  /* that it may take */
    /* Asked some ten times a second, or NULL: true to end the command. */
    bool (*stops)(void *user);
    void *user;
};

/* WS_OK when the command ended with status 0. WS_IO when it did not, took too long or could not be
 * started: says which, and the last line of its log. WS_INTERRUPTED when `stops` said so. */
WS_MUST_CHECK enum ws_status ws_process_run(const struct ws_process *process, struct ws_error *err);

/* `text` as one word of a shell command. */
void ws_shell_quote(const char *text, struct ws_buffer *out);

#endif
