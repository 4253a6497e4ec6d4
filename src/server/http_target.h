/*
 * What a request asks for: its target taken apart, and the route that answers it.
 *
 * Targets come from anybody, so these are pure functions of bytes; fuzz target:
 * tests/fuzz/fuzz_http.c. A segment of a path is a name and never a way: one that is empty, "." or
 * "..", or that has a '/' or a zero byte when it is decoded, is refused, so that no file but what a
 * name stands for can be asked for. Contract: tests/unit/test_http_target.c.
 */
#ifndef WS_SERVER_HTTP_TARGET_H
#define WS_SERVER_HTTP_TARGET_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

enum {
    WS_TARGET_SIZE = 8192, /* bytes, at most */
    WS_TARGET_SEGMENTS = 8,
    WS_TARGET_PARAMETERS = 96,
    WS_ROUTE_NAMES = 2, /* segments that a pattern leaves open, at most */
};

struct ws_parameter {
    const char *name;
    const char *value; /* "" where none is given */
};

/* "/api/runs/my%20run?sort=name" has the segments "api", "runs", "my run" and a parameter. Texts
 * are decoded; they may be no UTF-8. */
struct ws_target {
    const char *segments[WS_TARGET_SEGMENTS];
    size_t segment_count; /* 0: "/" */
    struct ws_parameter parameters[WS_TARGET_PARAMETERS];
    size_t parameter_count;
};

/* Texts live in `arena`. WS_INVALID, WS_LIMIT: says what is wrong. */
WS_MUST_CHECK enum ws_status ws_target_parse(struct ws_bytes text, struct ws_arena *arena,
                                             struct ws_target *out, struct ws_error *err);

/* Whether a text can be one segment of a path: a name and no way. */
bool ws_is_segment(const char *name);

/* The first parameter of that name, or NULL. */
const char *ws_target_parameter(const struct ws_target *target, const char *name);
/* A whole number of at most `most`; `missing` where there is none of that name. WS_INVALID. */
WS_MUST_CHECK enum ws_status ws_target_whole(const struct ws_target *target, const char *name,
                                             uint64_t missing, uint64_t most, uint64_t *out,
                                             struct ws_error *err);

/* Whether the path is one of `pattern`, in which "*" stands for any segment: "/api/runs/<any>/log"
 * is written with one star. What stars stood for is put in `names`, in order. A last "**" stands
 * for all that is left, one segment at least. */
bool ws_target_matches(const struct ws_target *target, const char *pattern,
                       const char *names[WS_ROUTE_NAMES]);

/* A name as a segment: unreserved characters as they are, all else as %XX. */
char *ws_target_escape(const char *name, struct ws_arena *arena);

#endif
