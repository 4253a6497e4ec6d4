/*
 * HTTP for what Wellspring serves: routes, limits, headers, who may ask, files, streams of events.
 *
 * What a site does is a table of routes, each with a function that makes an answer from a request;
 * everything else is here. Connections are few threads' (libmicrohttpd's); functions of routes run
 * in them, side by side, and should take less than a second.
 *
 * Who asks is not trusted. A connection has `patience` seconds to say what it wants, one where
 * there are almost too many, and a tenth of one where there is no room for another; an answer has
 * two minutes to be taken, a stream as long as what it sends is read. Beyond `connections` the
 * answer is 503. Where the server listens on a loopback address a request must name one as its
 * host; with a token it must show that, as a bearer or as the cookie that a visit of "/?token=..."
 * sets. What changes something is asked with POST, a header "X-Wellspring: 1" and, from a page,
 * that page's own origin. An open site asks for none of these: what it has is everybody's, and what
 * is posted speaks for itself. What is posted lies in memory alone, in that of all requests
 * together 64 MiB; beyond, the answer is 503. How long a body is one header says, plainly; else the
 * answer is 400 and the connection's end. Contract: tests/cli/serve.sh,
 * tests/fault/connections.sh, tests/fault/test_http_bodies.c, tests/unit/test_http_lengths.c.
 */
#ifndef WS_SERVER_HTTP_SERVER_H
#define WS_SERVER_HTTP_SERVER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "server/event_hub.h"
#include "server/http_target.h"

/* A request that is answered later. */
struct ws_http_pending;

struct ws_http_request {
    struct ws_http_pending *pending; /* for ws_http_later */
    const struct ws_target *target;
    const char *names[WS_ROUTE_NAMES]; /* what stars of the route's pattern stood for */
    struct ws_bytes body;              /* what was posted; empty where the site takes none */
    struct ws_arena *arena;            /* lives until the answer is sent */
};

/* Zeroed: an empty 200. Texts live as long as the request's arena. */
struct ws_http_answer {
    unsigned status;
    const char *type;
    const char *cache;     /* how long it holds (Cache-Control); NULL: it is not to be kept */
    const char *download;  /* name of the file that it is to be saved as; NULL: it is to be shown */
    const char *warning;   /* X-Wellspring-Warning: what it lacks, in words; NULL: nothing */
    struct ws_buffer body; /* may be larger than memory */
    bool is_file;          /* in place of a body: so many bytes of an open file, which is closed */
    int descriptor;
    size_t file_size;
    unsigned retry_after;           /* seconds; 0: not said */
    struct ws_event_viewer *viewer; /* a stream of events in place of a body */
};

/* What it returns other than WS_OK becomes an answer with the message, and of the status's number
 * where the answer has none yet. */
typedef enum ws_status ws_http_function(void *site, const struct ws_http_request *request,
                                        struct ws_http_answer *answer, struct ws_error *err);

/* Called by a function of a route, which then returns WS_OK: the connection waits, without a
 * thread, until another thread has filled the answer that is returned and calls ws_http_finish. All
 * of them are to be finished before the server stops. */
struct ws_http_answer *ws_http_later(struct ws_http_pending *pending);
/* `status` and `err` are those that the function would have returned. */
void ws_http_finish(struct ws_http_pending *pending, enum ws_status status,
                    const struct ws_error *err);

/* The first row that matches answers; of functions and files one is there. */
struct ws_http_route {
    const char *method; /* "GET", which answers HEAD too, or "POST" */
    const char *pattern;
    ws_http_function *answer;
    const char *file; /* of src/server/assets/; "*": the one that the star stands for */
    size_t body_most; /* bytes of what is posted here; 0: the site's */
};

struct ws_http_site {
    const struct ws_http_route *routes;
    size_t route_count;
    void *user;       /* the first argument of functions */
    size_t body_most; /* bytes of what is posted; 0: no route has a use for it */
    bool is_open;     /* to programs and pages of anybody */
    /* A request that no route got was refused: 413, or 503 for too many connections. Of any thread;
     * NULL: nobody counts. */
    void (*turned_away)(void *user, unsigned status);
};

/* Descriptors that a server takes besides those of its connections. */
enum { WS_HTTP_DESCRIPTORS = 256 };

struct ws_http_settings {
    const char *address; /* "127.0.0.1", "::1", "0.0.0.0" */
    unsigned port;       /* 0: one that is free */
    const char *token; /* NULL: none is wanted; `address` is then a loopback's, or the site open */
    unsigned connections; /* fewer where the process may have no more descriptors */
    double patience;      /* seconds */
};

struct ws_http_server;

/* `http` stays open until the server has stopped. WS_INVALID for an address that is none; WS_BUSY
 * when the port is in use. */
WS_MUST_CHECK enum ws_status ws_http_server_start(const struct ws_microhttpd *http,
                                                  const struct ws_http_settings *settings,
                                                  const struct ws_http_site *site,
                                                  struct ws_http_server **out,
                                                  struct ws_error *err);
unsigned ws_http_server_port(const struct ws_http_server *server);

/* Takes no more connections, waits up to `seconds` for answers that are being sent, and ends.
 * Streams are to be closed before. */
void ws_http_server_stop(struct ws_http_server *server, double seconds);

/* Whether the address is one that only this machine reaches. WS_INVALID: it is no address. */
WS_MUST_CHECK enum ws_status ws_address_is_loopback(const char *address, bool *out,
                                                    struct ws_error *err);

#endif
