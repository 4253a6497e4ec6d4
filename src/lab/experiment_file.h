/*
 * An experiment from its file. Contract: tests/unit/test_library.c,
 * tests/cli/settings.sh.
 */
#ifndef WS_LAB_EXPERIMENT_FILE_H
#define WS_LAB_EXPERIMENT_FILE_H

#include "lab/experiment.h"

/* Reads the file at `path`, which gives the experiment its name: "some/where/mine.yaml" is called
 * "mine". WS_NOT_FOUND and WS_IO from reading; every mistake in the name, the size (1 MiB at most),
 * the text or the overrides is WS_INVALID. On failure `out` needs no release. */
WS_MUST_CHECK enum ws_status ws_experiment_read(const char *path,
                                                const struct ws_override *overrides,
                                                size_t override_count,
                                                const struct ws_allocator *allocator,
                                                struct ws_experiment *out, struct ws_error *err);

#endif
