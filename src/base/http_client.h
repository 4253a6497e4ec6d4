/*
 * Asking other machines over HTTP and HTTPS, with limits: libcurl, opened when it is first needed.
 *
 * Who answers is not trusted: an answer has so many seconds and bytes, certificates are verified,
 * and a redirect is followed a few times, to the same scheme alone. Errors name the URL and say
 * what was seen. Contract: tests/unit/test_http_client.c.
 */
#ifndef WS_BASE_HTTP_CLIENT_H
#define WS_BASE_HTTP_CLIENT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

/* Keeps its connections from one request to the next; of one thread at a time. Threads that ask
 * side by side have one each. */
struct ws_http_client;

struct ws_http_limits {
    double seconds; /* from a request's beginning to its answer's end */
    size_t bytes;   /* of an answer's body, unpacked */
};

/* WS_UNSUPPORTED: libcurl is not installed. */
WS_MUST_CHECK enum ws_status ws_http_client_open(const struct ws_http_limits *limits,
                                                 struct ws_http_client **out, struct ws_error *err);
void ws_http_client_close(struct ws_http_client *client); /* NULL is fine */

/* Lives in the arena of the request. */
struct ws_http_reply {
    unsigned status;  /* any: 404 is an answer, too */
    const char *type; /* Content-Type; "" where there is none */
    struct ws_bytes body;
};

/* WS_INVALID for what is no URL of HTTP or HTTPS; WS_LIMIT for an answer that is too long; WS_IO
 * where there was no whole answer in time. */
WS_MUST_CHECK enum ws_status ws_http_get(struct ws_http_client *client, const char *url,
                                         struct ws_arena *arena, struct ws_http_reply *out,
                                         struct ws_error *err);
/* A redirect is not followed, and is the answer. */
WS_MUST_CHECK enum ws_status ws_http_post(struct ws_http_client *client, const char *url,
                                          const char *type, struct ws_bytes body,
                                          struct ws_arena *arena, struct ws_http_reply *out,
                                          struct ws_error *err);

/* For an answer of another status than was wanted: "'<url>' answered 403: <its first line>".
 * WS_NOT_FOUND for 404 and 410, else WS_IO. */
enum ws_status ws_http_fail(struct ws_error *err, const char *url,
                            const struct ws_http_reply *reply);

#endif
