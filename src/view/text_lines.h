/*
 * Reading back what models wrote: lines of lab/sample_text.h. Contract:
 * tests/cli/report.sh; fuzz target: tests/fuzz/fuzz_text_lines.c.
 */
#ifndef WS_VIEW_TEXT_LINES_H
#define WS_VIEW_TEXT_LINES_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

struct ws_text_line {
    uint32_t generation;
    uint64_t item;
    const char *text;
};

/* Which lines are wanted. */
struct ws_text_lines_query {
    const uint32_t *generations; /* (generation_count) */
    size_t generation_count;
    uint64_t items; /* those below it */
};

struct ws_text_lines {
    struct ws_text_line *lines; /* in their order */
    size_t count;
    size_t damaged; /* lines that are none; nothing else is lost with them */
};

/* A pure function of bytes; texts live in `arena`. Fails for want of memory alone. */
WS_MUST_CHECK enum ws_status ws_text_lines_read(struct ws_bytes bytes,
                                                const struct ws_text_lines_query *query,
                                                struct ws_arena *arena, struct ws_text_lines *out,
                                                struct ws_error *err);

#endif
