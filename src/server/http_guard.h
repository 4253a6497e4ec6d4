/*
 * Who may ask: headers that say from where a request comes, and the secret it shows.
 *
 * Pure functions of texts that come from anybody; fuzz target: tests/fuzz/fuzz_http.c. Contract:
 * tests/unit/test_http_guard.c.
 */
#ifndef WS_SERVER_HTTP_GUARD_H
#define WS_SERVER_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { WS_TOKEN_LEAST = 16, WS_TOKEN_MOST = 128, WS_COOKIE_NAME_SIZE = 32 };

/* Whether a Host header names this machine by its loopback: "localhost", "127.x.y.z", "[::1]", with
 * a port or without. Another name that leads here is a page's of elsewhere that had its name
 * pointed at us (DNS rebinding). NULL is not. */
bool ws_host_is_loopback(const char *host);

/* Whether an Origin header is of the page that `host` serves. */
bool ws_origin_is_of_host(const char *origin, const char *host);

/* Letters, digits, '-' and '_', of WS_TOKEN_LEAST to WS_TOKEN_MOST. */
bool ws_token_is_fit(const char *token);

/* Whether two tokens are equal, in a time that depends on the length of `seen` alone. */
bool ws_token_equals(const char *token, const char *seen, size_t seen_size);

/* Whether "Bearer <token>" is this one; NULL is not. */
bool ws_bearer_is(const char *authorization, const char *token);

/* Whether a Cookie header has a cookie `name` with the token; NULL has not. */
bool ws_cookie_is(const char *cookies, const char *name, const char *token);

/* Whether an If-None-Match header has `tag`, with its quotes; NULL has not. */
bool ws_tag_is_known(const char *if_none_match, const char *tag);

#endif
