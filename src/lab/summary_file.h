/*
 * The stored form of a run's summary: curves over generations of every metric of every arm. Every
 * byte is covered by a SHA-256 at the end. Format: docs/formats/summary.md. Contract:
 * tests/unit/test_results.c; fuzz target: tests/fuzz/fuzz_summary.c.
 */
#ifndef WS_LAB_SUMMARY_FILE_H
#define WS_LAB_SUMMARY_FILE_H

#include "lab/results.h"

/* What it was made from. */
struct ws_summary_extent {
    uint64_t generations;
    uint64_t chains; /* that took all of them */
};

WS_MUST_CHECK enum ws_status ws_summary_write(const struct ws_summary_extent *extent,
                                              const struct ws_results *results,
                                              struct ws_buffer *out, struct ws_error *err);

/* Texts and curves live in `arena`. WS_CORRUPT, WS_UNSUPPORTED. A pure function of bytes. */
WS_MUST_CHECK enum ws_status ws_summary_read(struct ws_bytes bytes, struct ws_arena *arena,
                                             struct ws_summary_extent *extent,
                                             struct ws_results *out, struct ws_error *err);

#endif
