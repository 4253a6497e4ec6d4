/*
 * Which row of a site's table answers a request. A pure function of what was asked; fuzz target:
 * tests/fuzz/fuzz_http.c. Contract: tests/unit/test_http_target.c.
 */
#ifndef WS_SERVER_HTTP_ROUTE_H
#define WS_SERVER_HTTP_ROUTE_H

#include "server/http_server.h"

struct ws_http_found {
    const struct ws_http_route *route; /* NULL: none answers */
    const char *names[WS_ROUTE_NAMES]; /* what stars of its pattern stood for */
    const char *allow; /* where none answers: the methods by which rows of this path do; or NULL */
};

/* The first row that matches. Texts live in the arena and in the target. */
struct ws_http_found ws_http_find(const struct ws_http_site *site, const char *method,
                                  const struct ws_target *target, struct ws_arena *arena);

#endif
