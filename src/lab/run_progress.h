/*
 * How far a run is, for whoever watches it from outside: the file `progress` of its directory.
 *
 * A JSON object on one line, there while the run goes on and replaced about once a second; it is
 * removed when the run ends, stopped or not, and after a kill it says what was true last. No result
 * depends on it: that it cannot be written is no failure. Format: docs/formats/run.md. Contract:
 * tests/unit/test_run_progress.c; fuzz target of the reader: tests/fuzz/fuzz_progress.c.
 */
#ifndef WS_LAB_RUN_PROGRESS_H
#define WS_LAB_RUN_PROGRESS_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

#define WS_PROGRESS_FILE   "progress"
#define WS_PROGRESS_FORMAT "wellspring-progress/1"

/* A process of this machine, told from every other that had or will have its number: by the start
 * of the machine (the kernel's boot_id) and of the process (ticks since then). */
struct ws_process_name {
    const char *boot; /* "" where it is not known */
    uint64_t number;
    uint64_t started;
};

struct ws_run_progress {
    struct ws_process_name process;
    bool stops;               /* the process saves and stops when it gets SIGTERM */
    double elapsed;           /* seconds since this process began, when the rest was true */
    uint64_t work, work_left; /* items handled since then, and still to handle */
    uint64_t chains, chains_done;
    const char *arm; /* what was just done; "" when nothing was yet */
    uint64_t first_seed, seeds, generation;
};

/* Puts it in place of what is there, without waiting for the disk. */
WS_MUST_CHECK enum ws_status ws_progress_write(const char *directory,
                                               const struct ws_run_progress *progress,
                                               struct ws_error *err);
void ws_progress_remove(const char *directory);

/* Texts live in `arena`. WS_NOT_FOUND: the run is not going on; WS_CORRUPT, WS_UNSUPPORTED. */
WS_MUST_CHECK enum ws_status ws_progress_read(const char *directory, struct ws_arena *arena,
                                              struct ws_run_progress *out, struct ws_error *err);

/* The same from bytes: a pure function. */
WS_MUST_CHECK enum ws_status ws_progress_parse(struct ws_bytes bytes, const char *name,
                                               struct ws_arena *arena, struct ws_run_progress *out,
                                               struct ws_error *err);

/* The seconds that the rest takes at the rate so far; negative when that is not known yet. */
double ws_progress_seconds_left(const struct ws_run_progress *progress);

/* This process. Its texts live in `arena`. */
struct ws_process_name ws_process_name(struct ws_arena *arena);

enum ws_process_state {
    WS_PROCESS_GONE,
    WS_PROCESS_THERE,
    WS_PROCESS_ELSEWHERE, /* of another machine, or of this one before it was started anew */
};
enum ws_process_state ws_process_look(const struct ws_process_name *process);

/* Sends SIGTERM to that very process. WS_NOT_FOUND: it is gone; WS_UNSUPPORTED: it is elsewhere;
 * WS_IO: it may not be done. */
WS_MUST_CHECK enum ws_status ws_process_ask_to_end(const struct ws_process_name *process,
                                                   struct ws_error *err);

#endif
