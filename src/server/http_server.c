#include "server/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/spill.h"
#include "server/asset.h"
#include "server/http_guard.h"
#include "server/http_route.h"

enum {
    THREADS = 4,            /* one that computes an answer does not hold up all streams */
    HEADERS_SIZE = 1 << 15, /* bytes of memory of a connection: headers are shorter */
    BODY_SIZE = 1 << 16,    /* of a request, at most, where the site says nothing */
    BODIES_SIZE = 1 << 26,  /* of all requests together */
    BODY_PATIENCE = 16,     /* times that size are read of one that is too long */
    ANSWER_SECONDS = 120,
    SPARE = 64,     /* connections beyond the limit, to be told so */
    BACKLOG = 4096, /* whoever finds no place in it comes again a second later, or three */
};

/* Seconds, where there are almost too many connections, and where there is no room for another:
 * what is asked comes with the connection, and who has said nothing for so long most likely never
 * will. */
static const double CROWDED_PATIENCE = 1, FULL_PATIENCE = 0.1;

/* What a connection is doing. */
enum phase { ASKING, ANSWERING, STREAMING };

struct connection {
    struct ws_http_server *server;
    int socket;
    enum phase phase;
    double since;
    bool is_late; /* shut down by the keeper */
    struct connection *next, *previous;
};

struct ws_http_server {
    const struct ws_microhttpd *http;
    struct ws_http_settings settings;
    struct ws_http_site site;
    char *token; /* or NULL */
    char cookie[WS_COOKIE_NAME_SIZE];
    bool loopback;
    unsigned port;
    int socket;
    atomic_bool closed; /* to new connections */
    struct MHD_Daemon *daemon;
    atomic_size_t body_bytes; /* of requests that are taken or being answered */
    struct ws_spill spill;    /* where answers lie */
    pthread_t keeper;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t change; /* the server is to stop, or full */
    struct connection *connections;
    size_t connection_count;
    bool stopping;
};

/* One request, from its first line to the end of its answer. */
struct exchange {
    struct ws_http_server *server;
    struct MHD_Connection *connection;
    struct ws_arena arena;
    struct ws_bytes asked; /* the target as it came */
    struct ws_target target;
    struct ws_http_answer answer;
    const char *location; /* where the client is sent to, or NULL */
    const char *tag;      /* of a file, or NULL */
    const char *allow;    /* the methods that there are, or NULL */
    size_t body_most;     /* bytes of the body that are taken, or read and dropped */
    size_t body_size;     /* of the request */
    struct ws_buffer body;
    size_t body_room;    /* that it takes of what all bodies may */
    bool is_crowded_out; /* there was no room for it */
    bool begun;
    bool is_made; /* the answer, or it will be */
    bool waits;   /* for ws_http_finish */
    bool is_last; /* the connection ends with the answer */
};

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static const char *header(const struct ws_http_server *server, struct MHD_Connection *connection,
                          const char *name)
{
    return server->http->MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Connections and their keeper ----------------------------------------------------------------- */

static enum MHD_Result on_connect(void *server_, const struct sockaddr *from, socklen_t size)
{
    const struct ws_http_server *server = server_;
    (void)from;
    (void)size;
    return atomic_load(&server->closed) ? MHD_NO : MHD_YES;
}

static bool is_full(const struct ws_http_server *server)
{
    return server->connection_count >= server->settings.connections;
}

static void on_connection(void *server_, struct MHD_Connection *handle, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct ws_http_server *server = server_;
    struct connection *connection = *context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            server->http->MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
        connection = calloc(1, sizeof *connection);
        *context = connection;
        if (!connection)
            return;
        *connection = (struct connection){
            .server = server, .socket = info ? info->connect_fd : -1, .since = now()};
        pthread_mutex_lock(&server->mutex);
        connection->next = server->connections;
        if (connection->next)
            connection->next->previous = connection;
        server->connections = connection;
        const bool was_full = is_full(server);
        server->connection_count++;
        if (is_full(server) && !was_full)
            pthread_cond_signal(&server->change);
        pthread_mutex_unlock(&server->mutex);
    } else if (connection) {
        pthread_mutex_lock(&server->mutex);
        if (connection->next)
            connection->next->previous = connection->previous;
        if (connection->previous)
            connection->previous->next = connection->next;
        else
            server->connections = connection->next;
        server->connection_count--;
        pthread_mutex_unlock(&server->mutex);
        free(connection);
    }
}

/* The connection goes on with something else. False when there are too many of them. */
static bool enter(struct ws_http_server *server, struct MHD_Connection *handle, enum phase phase)
{
    const union MHD_ConnectionInfo *info =
        server->http->MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = info ? info->socket_context : NULL;
    pthread_mutex_lock(&server->mutex);
    if (connection) {
        connection->phase = phase;
        connection->since = now();
    }
    bool fits = connection && server->connection_count <= server->settings.connections;
    pthread_mutex_unlock(&server->mutex);
    return fits;
}

/* Ends connections whose time is over: their threads then see them closed. The mutex is held, so
 * that no socket of the list is closed meanwhile, and its number another's. */
static void end_late_connections(struct ws_http_server *server)
{
    const double time = now();
    const bool crowded = server->connection_count > server->settings.connections / 4 * 3;
    const double patience = is_full(server) ? FULL_PATIENCE
                            : crowded       ? CROWDED_PATIENCE
                                            : server->settings.patience;
    for (struct connection *c = server->connections; c; c = c->next) {
        double limit = c->phase == ASKING ? patience : ANSWER_SECONDS;
        if (c->phase == STREAMING || c->is_late || time - c->since < limit)
            continue;
        c->is_late = true;
        (void)shutdown(c->socket, SHUT_RDWR);
    }
}

static void add_seconds(struct timespec *time, double seconds)
{
    time->tv_nsec += (long)(1e9 * seconds);
    time->tv_sec += time->tv_nsec / 1000000000;
    time->tv_nsec %= 1000000000;
}

static void *keep(void *server_)
{
    struct ws_http_server *server = server_;
    pthread_mutex_lock(&server->mutex);
    while (!server->stopping) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        add_seconds(&until, is_full(server) ? FULL_PATIENCE / 2 : 1);
        (void)pthread_cond_timedwait(&server->change, &server->mutex, &until);
        end_late_connections(server);
    }
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

/* Answers -------------------------------------------------------------------------------------- */

/* The status's number for HTTP. */
static unsigned number_of(enum ws_status status)
{
    static const unsigned numbers[] = {
#define X(name, phrase, http) [WS_##name] = http,
        WS_STATUS_MAP(X)
#undef X
    };
    return numbers[status];
}

static void drop_file(struct ws_http_answer *answer)
{
    if (answer->is_file)
        (void)close(answer->descriptor);
    answer->is_file = false;
}

/* {"error": "<message>"} */
static void answer_error(struct exchange *e, unsigned status, const char *message)
{
    json_t *object = json_pack("{s:o}", "error", ws_json_path(message));
    drop_file(&e->answer);
    ws_buffer_reset(&e->answer.body);
    ws_json_append(object, &e->answer.body);
    json_decref(object);
    e->answer.status = status;
    e->answer.type = "application/json";
    e->answer.cache = NULL;
    e->answer.download = NULL;
    e->answer.warning = NULL;
}

static void answer_file(struct exchange *e, const char *name, const char *known)
{
    const struct ws_asset *asset = ws_asset_find(name);
    if (!asset) {
        answer_error(e, MHD_HTTP_NOT_FOUND, "there is no such file");
        return;
    }
    e->tag = asset->tag;
    e->answer.type = ws_media_type(asset->name);
    if (ws_tag_is_known(known, asset->tag))
        e->answer.status = MHD_HTTP_NOT_MODIFIED;
    else
        ws_buffer_append(&e->answer.body, asset->bytes, asset->size);
}

static void add_header(struct MHD_Response *response, const struct exchange *e, const char *name,
                       const char *value)
{
    if (value)
        (void)e->server->http->MHD_add_response_header(response, name, value);
}

/* Pages load what this server has and nothing else, run no text as a program, and stand in no
 * other page. */
static void add_page_headers(struct MHD_Response *response, const struct exchange *e)
{
    add_header(response, e, "Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    add_header(response, e, "X-Frame-Options", "DENY");
    add_header(response, e, "Referrer-Policy", "no-referrer");
    add_header(response, e, "Cross-Origin-Opener-Policy", "same-origin");
    add_header(response, e, "Cross-Origin-Resource-Policy", "same-origin");
    add_header(response, e, "ETag", e->tag);
    add_header(response, e, "Location", e->location);
}

static void add_headers(struct MHD_Response *response, const struct exchange *e)
{
    const char *cache = e->tag ? "no-cache" : "no-store";
    if (e->server->site.is_open)
        add_header(response, e, "Access-Control-Allow-Origin", "*");
    if (!e->server->site.is_open || e->tag)
        add_page_headers(response, e);
    add_header(response, e, "X-Content-Type-Options", "nosniff");
    add_header(response, e, "Cache-Control", e->answer.cache ? e->answer.cache : cache);
    add_header(response, e, "Content-Type", e->answer.type);
    add_header(response, e, "Allow", e->allow);
}

static void add_retry(struct MHD_Response *response, struct exchange *e)
{
    char seconds[16];
    (void)snprintf(seconds, sizeof seconds, "%u", e->answer.retry_after);
    add_header(response, e, "Retry-After", seconds);
}

/* The name is of a run's directory, which may be any bytes. */
static void add_download(struct MHD_Response *response, struct exchange *e)
{
    const char *name = ws_target_escape(e->answer.download, &e->arena);
    const char *value =
        name ? ws_arena_format(&e->arena, "attachment; filename*=UTF-8''%s", name) : NULL;
    if (value)
        (void)e->server->http->MHD_add_response_header(response, "Content-Disposition", value);
}

/* The words may name files, whose names may be any bytes: a header is one line. */
static void add_warning(struct MHD_Response *response, struct exchange *e)
{
    char *value = ws_arena_text(&e->arena, e->answer.warning);
    for (char *c = value; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    add_header(response, e, "X-Wellspring-Warning", value);
}

static void add_cookie(struct MHD_Response *response, struct exchange *e)
{
    const char *value =
        ws_arena_format(&e->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000",
                        e->server->cookie, e->server->token);
    if (value)
        (void)e->server->http->MHD_add_response_header(response, "Set-Cookie", value);
}

/* Of a file, which it closes, or of bytes that live as long as the exchange. */
static struct MHD_Response *response_of(struct exchange *e)
{
    const struct ws_microhttpd *http = e->server->http;
    struct ws_http_answer *answer = &e->answer;
    if (answer->is_file) {
        struct MHD_Response *response =
            http->MHD_create_response_from_fd(answer->file_size, answer->descriptor);
        if (response)
            answer->is_file = false;
        return response;
    }
    if (answer->body.status != WS_OK)
        answer_error(e, number_of(answer->body.status), "the answer is too large");
    return http->MHD_create_response_from_buffer(answer->body.size, answer->body.data,
                                                 MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_answer(struct exchange *e, struct MHD_Connection *connection)
{
    const struct ws_microhttpd *http = e->server->http;
    struct MHD_Response *response;
    struct ws_event_viewer *viewer = e->answer.viewer;
    if (viewer) {
        ws_event_viewer_on(viewer, connection);
        response = http->MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, 4096, ws_event_viewer_read, viewer, ws_event_viewer_leave);
        if (!response)
            ws_event_viewer_leave(viewer);
    } else {
        response = response_of(e);
    }
    if (!response)
        return MHD_NO;
    add_headers(response, e);
    if (e->answer.download)
        add_download(response, e);
    if (e->answer.warning)
        add_warning(response, e);
    if (e->location)
        add_cookie(response, e);
    if (e->answer.retry_after > 0)
        add_retry(response, e);
    if (e->answer.status == MHD_HTTP_SERVICE_UNAVAILABLE || e->is_last)
        (void)e->server->http->MHD_add_response_header(response, "Connection", "close");
    (void)enter(e->server, connection, viewer ? STREAMING : ANSWERING);
    enum MHD_Result result = http->MHD_queue_response(
        connection, e->answer.status ? e->answer.status : MHD_HTTP_OK, response);
    http->MHD_destroy_response(response);
    return result;
}

/* Who may ask ---------------------------------------------------------------------------------- */

/* "/?token=<token>": the cookie is set and the page asked for anew without it, so that the secret
 * stays in no history and is in no link that is copied. */
static bool answer_token(struct exchange *e)
{
    const char *seen = ws_target_parameter(&e->target, "token");
    if (!seen || !e->server->token || !ws_token_equals(e->server->token, seen, strlen(seen)))
        return false;
    e->answer.status = MHD_HTTP_SEE_OTHER;
    e->location = "/";
    return true;
}

static bool is_let_in(struct exchange *e, struct MHD_Connection *connection)
{
    const struct ws_http_server *server = e->server;
    if (server->site.is_open && !server->token)
        return true;
    if (server->loopback && !ws_host_is_loopback(header(server, connection, "Host"))) {
        answer_error(e, MHD_HTTP_MISDIRECTED_REQUEST,
                     "the request names another host; ask for localhost or 127.0.0.1");
        return false;
    }
    if (!server->token ||
        ws_bearer_is(header(server, connection, "Authorization"), server->token) ||
        ws_cookie_is(header(server, connection, "Cookie"), server->cookie, server->token))
        return true;
    answer_error(e, MHD_HTTP_UNAUTHORIZED,
                 "a token is wanted: open the link that the program printed, or send it as "
                 "'Authorization: Bearer TOKEN'");
    return false;
}

/* A page of elsewhere can send no such header, nor forge its origin. */
static bool may_change(struct exchange *e, struct MHD_Connection *connection)
{
    const char *origin = header(e->server, connection, "Origin"),
               *host = header(e->server, connection, "Host");
    const char *mark = header(e->server, connection, "X-Wellspring");
    bool foreign = origin && (!host || !ws_origin_is_of_host(origin, host));
    if (mark && strcmp(mark, "1") == 0 && !foreign)
        return true;
    answer_error(e, MHD_HTTP_FORBIDDEN,
                 "what changes something is asked with the header 'X-Wellspring: 1', by a page of "
                 "this server or none");
    return false;
}

/* Requests ------------------------------------------------------------------------------------- */

static void answer_by(struct exchange *e, const struct ws_http_route *route,
                      struct ws_http_request *request, struct MHD_Connection *connection)
{
    struct ws_error error;
    if (route->file) {
        bool any = strcmp(route->file, "*") == 0;
        answer_file(e, any ? request->names[0] : route->file,
                    header(e->server, connection, "If-None-Match"));
        return;
    }
    enum ws_status status = route->answer(e->server->site.user, request, &e->answer, &error);
    if (status != WS_OK)
        answer_error(e, e->answer.status ? e->answer.status : number_of(status), error.message);
}

static void answer_request(struct exchange *e, struct MHD_Connection *connection,
                           const char *method)
{
    const struct ws_http_site *site = &e->server->site;
    const struct ws_http_found found = ws_http_find(site, method, &e->target, &e->arena);
    struct ws_http_request request = {.pending = (struct ws_http_pending *)e,
                                      .target = &e->target,
                                      .body = ws_buffer_bytes(&e->body),
                                      .arena = &e->arena};
    memcpy(request.names, found.names, sizeof found.names);
    e->allow = found.allow;
    if (found.allow)
        answer_error(e, MHD_HTTP_METHOD_NOT_ALLOWED, "this is asked for with another method");
    else if (!found.route)
        answer_error(e, MHD_HTTP_NOT_FOUND, "there is nothing of that name");
    else if (strcmp(found.route->method, "GET") == 0 || site->is_open || may_change(e, connection))
        answer_by(e, found.route, &request, connection);
}

static void make_answer(struct exchange *e, struct MHD_Connection *connection, const char *method)
{
    struct ws_error error;
    enum ws_status status = ws_target_parse(e->asked, &e->arena, &e->target, &error);
    if (status != WS_OK)
        answer_error(e, number_of(status), error.message);
    else if (!answer_token(e) && is_let_in(e, connection))
        answer_request(e, connection, method);
}

/* libmicrohttpd asks for this first, with the whole target, and hands on what it returns. */
static void *on_target(void *server_, const char *target, struct MHD_Connection *connection)
{
    struct ws_http_server *server = server_;
    struct exchange *e = calloc(1, sizeof *e);
    (void)connection;
    if (!e)
        return NULL;
    e->server = server;
    ws_arena_init(&e->arena, NULL);
    ws_buffer_init(&e->answer.body, &server->spill.allocator, SIZE_MAX);
    ws_buffer_init(&e->body, NULL, SIZE_MAX);
    e->asked = ws_bytes_of(ws_arena_text(&e->arena, target), strlen(target));
    return e;
}

/* That of the route which is asked for; where none has a use for a body, it is read and dropped. */
static size_t find_body_most(struct exchange *e, const char *method)
{
    const struct ws_http_site *site = &e->server->site;
    struct ws_target target;
    if (ws_target_parse(e->asked, &e->arena, &target, NULL) == WS_OK) {
        const struct ws_http_found found = ws_http_find(site, method, &target, &e->arena);
        if (found.route && found.route->body_most > 0)
            return found.route->body_most;
    }
    return site->body_most > 0 ? site->body_most : BODY_SIZE;
}

static bool announces_too_much(const struct exchange *e, struct MHD_Connection *connection)
{
    const char *size = header(e->server, connection, "Content-Length");
    uint64_t bytes = 0;
    return size && (!ws_whole_parse(size, &bytes) || bytes > e->body_most);
}

/* What the headers of a request say of its length. */
struct lengths {
    size_t count;
    bool is_odd; /* said in a way that somebody reads otherwise */
};

static bool is_digits(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool begins_with(const char *text, const char *beginning)
{
    return strncasecmp(text, beginning, strlen(beginning)) == 0;
}

/* "Content-Length : 5" is a header of another name to libmicrohttpd, and it puts what a folded line
 * goes on with behind the name. */
static bool is_odd_name(const char *name)
{
    return strpbrk(name, " \t:") || begins_with(name, "Content-Length") ||
           begins_with(name, "Transfer-Encoding");
}

static enum MHD_Result hear_length(void *lengths_, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct lengths *lengths = lengths_;
    const bool is_size = strcasecmp(name, "Content-Length") == 0;
    const bool is_coding = strcasecmp(name, "Transfer-Encoding") == 0;
    (void)kind;
    lengths->count += is_size || is_coding;
    if (is_size)
        lengths->is_odd |= !value || !is_digits(value);
    else if (is_coding)
        lengths->is_odd |= !value || strcasecmp(value, "chunked") != 0;
    else
        lengths->is_odd |= is_odd_name(name);
    return MHD_YES;
}

/* Where a body ends is said by one header. With several, libmicrohttpd believes one, and a proxy
 * before it may believe another, or one that libmicrohttpd does not know: what is a body to one of
 * them would be a request to the other. */
static bool has_one_length(const struct exchange *e, struct MHD_Connection *connection)
{
    struct lengths lengths = {0, false};
    (void)e->server->http->MHD_get_connection_values(connection, MHD_HEADER_KIND, hear_length,
                                                     &lengths);
    return lengths.count <= 1 && !lengths.is_odd;
}

static void turn_away(struct exchange *e, unsigned status, const char *message)
{
    const struct ws_http_site *site = &e->server->site;
    if (site->turned_away)
        site->turned_away(site->user, status);
    answer_error(e, status, message);
}

static void turn_away_too_large(struct exchange *e)
{
    turn_away(e, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too large");
}

static void keep_piece(struct exchange *e, const char *piece, size_t size)
{
    e->body_room += size;
    e->is_crowded_out |= atomic_fetch_add(&e->server->body_bytes, size) + size > BODIES_SIZE;
    if (e->is_crowded_out) {
        atomic_fetch_sub(&e->server->body_bytes, e->body_room);
        e->body_room = 0;
        ws_buffer_release(&e->body);
    } else {
        ws_buffer_append(&e->body, piece, size);
    }
}

/* A piece of the body. One that is longer than it may be, and did not say so, is read on for a
 * while: only at its end can it be answered. False when it is far too long. */
static bool take_piece(struct exchange *e, const char *piece, size_t size)
{
    e->body_size += size;
    if (e->server->site.body_most > 0 && e->body_size <= e->body_most)
        keep_piece(e, piece, size);
    return e->body_size / BODY_PATIENCE <= e->body_most && e->body.status == WS_OK;
}

/* Later ---------------------------------------------------------------------------------------- */

struct ws_http_answer *ws_http_later(struct ws_http_pending *pending)
{
    struct exchange *e = (struct exchange *)pending;
    e->waits = true;
    (void)enter(e->server, e->connection, ANSWERING);
    e->server->http->MHD_suspend_connection(e->connection);
    return &e->answer;
}

void ws_http_finish(struct ws_http_pending *pending, enum ws_status status,
                    const struct ws_error *err)
{
    struct exchange *e = (struct exchange *)pending;
    if (status != WS_OK)
        answer_error(e, e->answer.status ? e->answer.status : number_of(status), err->message);
    e->server->http->MHD_resume_connection(e->connection);
}

/* Called once with the headers, for each piece of a body, and once when all has come. */
static enum MHD_Result on_request(void *server, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct exchange *e = *context;
    (void)url, (void)version;
    if (!e || !e->asked.data)
        return MHD_NO;
    if (!e->begun) {
        e->begun = true;
        if (!has_one_length(e, connection)) {
            e->is_last = true;
            answer_error(e, MHD_HTTP_BAD_REQUEST,
                         "one header says how long the request is: Content-Length with digits, or "
                         "Transfer-Encoding: chunked, once and with no blank before a colon");
            return send_answer(e, connection);
        }
        e->body_most = find_body_most(e, method);
        if (enter(server, connection, ASKING) && !announces_too_much(e, connection))
            return MHD_YES;
        if (announces_too_much(e, connection))
            turn_away_too_large(e);
        else
            turn_away(e, MHD_HTTP_SERVICE_UNAVAILABLE, "too many connections; try again");
        return send_answer(e, connection);
    }
    if (*upload_size > 0) {
        bool fits = take_piece(e, upload, *upload_size);
        *upload_size = 0;
        if (!fits)
            turn_away_too_large(e); /* who is cut off hears nothing of it */
        return fits ? MHD_YES : MHD_NO;
    }
    if (!e->is_made) {
        e->is_made = true;
        e->connection = connection;
        if (e->body_size > e->body_most)
            turn_away_too_large(e);
        else if (e->is_crowded_out)
            turn_away(e, MHD_HTTP_SERVICE_UNAVAILABLE, "others are sending too much; try again");
        else
            make_answer(e, connection, method);
        if (e->waits)
            return MHD_YES;
    }
    return send_answer(e, connection);
}

static void on_end(void *server, struct MHD_Connection *connection, void **context,
                   enum MHD_RequestTerminationCode code)
{
    struct exchange *e = *context;
    (void)code;
    if (!e)
        return;
    (void)enter(server, connection, ASKING);
    drop_file(&e->answer);
    ws_buffer_release(&e->answer.body);
    atomic_fetch_sub(&e->server->body_bytes, e->body_room);
    ws_buffer_release(&e->body);
    ws_arena_release(&e->arena);
    free(e);
    *context = NULL;
}

/* Targets are taken apart by ws_target_parse. */
static size_t keep_escapes(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user, (void)connection;
    return strlen(text);
}

/* Listening ------------------------------------------------------------------------------------ */

static enum ws_status find_address(const char *address, unsigned port, struct addrinfo **out,
                                   struct ws_error *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    if (strcmp(address, "localhost") == 0)
        address = "127.0.0.1";
    if (port > 65535 || getaddrinfo(address, service, &hints, out) != 0)
        return ws_fail(
            err, WS_INVALID,
            "cannot listen on '%.80s' port %u: wanted an address in digits, as 127.0.0.1 "
            "or ::1, and a port up to 65535",
            address, port);
    return WS_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

enum ws_status ws_address_is_loopback(const char *address, bool *out, struct ws_error *err)
{
    struct addrinfo *found;
    WS_TRY(find_address(address, 0, &found, err));
    *out = is_loopback(found->ai_addr);
    freeaddrinfo(found);
    return WS_OK;
}

static enum ws_status open_socket(struct ws_http_server *server, const struct addrinfo *at,
                                  struct ws_error *err)
{
    const int on = 1;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {.v6 = {.sin6_port = 0}};
    socklen_t size = sizeof bound;
    server->socket = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->socket >= 0 &&
        setsockopt(server->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(server->socket, at->ai_addr, at->ai_addrlen) == 0 &&
        listen(server->socket, BACKLOG) == 0 &&
        getsockname(server->socket, &bound.any, &size) == 0) {
        server->port =
            ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
        return WS_OK;
    }
    const char *said = strerrordesc_np(errno);
    return ws_fail(err, errno == EADDRINUSE ? WS_BUSY : WS_IO,
                   "cannot listen on '%.80s' port %u: %s%s", server->settings.address,
                   server->settings.port, said ? said : "unknown error",
                   errno == EADDRINUSE ? "; --port 0 takes one that is free" : "");
}

/* No more connections than there are descriptors for. */
static void limit_connections(struct ws_http_server *server)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
        files.rlim_cur < server->settings.connections + WS_HTTP_DESCRIPTORS)
        server->settings.connections = files.rlim_cur > 2 * WS_HTTP_DESCRIPTORS
                                           ? (unsigned)files.rlim_cur - WS_HTTP_DESCRIPTORS
                                           : WS_HTTP_DESCRIPTORS;
}

static enum ws_status start_threads(struct ws_http_server *server, struct ws_error *err)
{
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    server->daemon = server->http->MHD_start_daemon(
        flags, 0, on_connect, server, on_request, server, MHD_OPTION_LISTEN_SOCKET, server->socket,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
        server->settings.connections + SPARE, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)server->settings.patience, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADERS_SIZE, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        server, MHD_OPTION_END);
    if (!server->daemon)
        return ws_fail(err, WS_IO, "the server's threads cannot be started");
    if (pthread_create(&server->keeper, NULL, keep, server) == 0)
        return WS_OK;
    server->http->MHD_stop_daemon(server->daemon); /* and closes the socket */
    server->socket = -1;
    return ws_fail(err, WS_IO, "the server's threads cannot be started");
}

static void free_server(struct ws_http_server *server)
{
    if (server->socket >= 0)
        (void)close(server->socket);
    pthread_cond_destroy(&server->change);
    pthread_mutex_destroy(&server->mutex);
    free(server->token);
    free(server);
}

static struct ws_http_server *new_server(const struct ws_microhttpd *http,
                                         const struct ws_http_settings *settings,
                                         const struct ws_http_site *site)
{
    pthread_condattr_t monotonic;
    struct ws_http_server *server = calloc(1, sizeof *server);
    char *token = settings->token ? strdup(settings->token) : NULL;
    if (!server || (settings->token && !token)) {
        free(server);
        free(token);
        return NULL;
    }
    *server = (struct ws_http_server){
        .http = http, .settings = *settings, .site = *site, .token = token, .socket = -1};
    ws_spill_init(&server->spill, NULL);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->change, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return server;
}

enum ws_status ws_http_server_start(const struct ws_microhttpd *http,
                                    const struct ws_http_settings *settings,
                                    const struct ws_http_site *site, struct ws_http_server **out,
                                    struct ws_error *err)
{
    struct addrinfo *address;
    WS_TRY(find_address(settings->address, settings->port, &address, err));
    struct ws_http_server *server = new_server(http, settings, site);
    enum ws_status status = server ? WS_OK : ws_fail_memory(err, "the server");
    if (status == WS_OK) {
        server->loopback = is_loopback(address->ai_addr);
        limit_connections(server);
        status = open_socket(server, address, err);
    }
    if (status == WS_OK) {
        (void)snprintf(server->cookie, sizeof server->cookie, "wellspring-%u", server->port);
        status = start_threads(server, err);
    }
    freeaddrinfo(address);
    if (status == WS_OK)
        *out = server;
    else if (server)
        free_server(server);
    return status;
}

unsigned ws_http_server_port(const struct ws_http_server *server)
{
    return server->port;
}

/* Connections that are busy with an answer. */
static size_t count_busy(struct ws_http_server *server)
{
    size_t busy = 0;
    pthread_mutex_lock(&server->mutex);
    for (const struct connection *c = server->connections; c; c = c->next)
        busy += c->phase != ASKING;
    pthread_mutex_unlock(&server->mutex);
    return busy;
}

void ws_http_server_stop(struct ws_http_server *server, double seconds)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    /* MHD_quiesce_daemon would race with the threads that accept, and abort (0.9.75). */
    atomic_store(&server->closed, true);
    for (const double begun = now(); count_busy(server) > 0 && now() - begun < seconds;)
        (void)nanosleep(&moment, NULL);
    server->http->MHD_stop_daemon(server->daemon); /* and closes the socket */
    server->socket = -1;
    pthread_mutex_lock(&server->mutex);
    server->stopping = true;
    pthread_cond_signal(&server->change);
    pthread_mutex_unlock(&server->mutex);
    (void)pthread_join(server->keeper, NULL);
    free_server(server);
}
