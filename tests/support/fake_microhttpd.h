/*
 * What server/http_server.c asks of libmicrohttpd, without sockets: a test hands in a request that
 * was taken apart, and has the answer that was queued. Responses are checked as they are made: each
 * header is one line. Several servers, and one request after another; answers that come later, by
 * another thread, are waited for.
 */
#ifndef WS_TESTS_FAKE_MICROHTTPD_H
#define WS_TESTS_FAKE_MICROHTTPD_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/bytes.h"
#include "server/microhttpd.h"

enum { FAKE_HEADERS = 64, FAKE_DAEMONS = 4 };

struct fake_header {
    const char *name, *value;
};

struct fake_request {
    const char *method, *target;
    struct fake_header headers[FAKE_HEADERS];
    size_t header_count;
    struct ws_bytes body;
    size_t piece; /* bytes of it that come at once; 0: all of them */
};

/* struct MHD_Response. */
struct fake_response {
    unsigned status; /* 0: it was not queued */
    char *body;
    size_t size;
    struct fake_header headers[FAKE_HEADERS]; /* its own copies */
    size_t header_count;
};

/* struct MHD_Connection. */
struct fake_connection {
    const struct fake_request *request;
    struct fake_response answer; /* that was queued */
    union MHD_ConnectionInfo info;
    void *socket_context;
};

/* struct MHD_Daemon: what a server told it. */
static struct fake_daemon {
    MHD_AccessHandlerCallback handle;
    void *handle_user;
    void *(*on_target)(void *user, const char *target, struct MHD_Connection *connection);
    void *target_user;
    MHD_RequestCompletedCallback on_end;
    void *end_user;
    MHD_NotifyConnectionCallback on_connection;
    void *connection_user;
    int socket;
    size_t memory; /* these are of no use here */
    unsigned number;
} fake_daemons[FAKE_DAEMONS]; /* in the order in which they were started */
static size_t fake_daemon_count;

/* Whether the one request that there is waits for another thread. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t change;
    bool is_suspended;
} fake_pause = {.mutex = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};

static inline void fake_require(bool condition)
{
    if (!condition)
        abort();
}

static inline struct fake_connection *fake_of(struct MHD_Connection *connection)
{
    return (struct fake_connection *)(void *)connection;
}

/* The daemon ----------------------------------------------------------------------------------- */

static inline void fake_take_option(struct fake_daemon *daemon, enum MHD_OPTION option,
                                    va_list *rest)
{
    switch (option) {
    case MHD_OPTION_LISTEN_SOCKET:
        daemon->socket = va_arg(*rest, int);
        break;
    case MHD_OPTION_URI_LOG_CALLBACK:
        daemon->on_target = va_arg(*rest, void *(*)(void *, const char *, struct MHD_Connection *));
        daemon->target_user = va_arg(*rest, void *);
        break;
    case MHD_OPTION_NOTIFY_COMPLETED:
        daemon->on_end = va_arg(*rest, MHD_RequestCompletedCallback);
        daemon->end_user = va_arg(*rest, void *);
        break;
    case MHD_OPTION_NOTIFY_CONNECTION:
        daemon->on_connection = va_arg(*rest, MHD_NotifyConnectionCallback);
        daemon->connection_user = va_arg(*rest, void *);
        break;
    case MHD_OPTION_UNESCAPE_CALLBACK:
        (void)va_arg(*rest, size_t(*)(void *, struct MHD_Connection *, char *));
        (void)va_arg(*rest, void *);
        break;
    case MHD_OPTION_CONNECTION_MEMORY_LIMIT:
        daemon->memory = va_arg(*rest, size_t);
        break;
    case MHD_OPTION_THREAD_POOL_SIZE:
    case MHD_OPTION_CONNECTION_LIMIT:
    case MHD_OPTION_CONNECTION_TIMEOUT:
    case MHD_OPTION_STRICT_FOR_CLIENT:
        daemon->number = va_arg(*rest, unsigned);
        break;
    default: /* one that the server has since begun to use */
        fake_require(false);
    }
}

static inline struct MHD_Daemon *fake_start(unsigned flags, uint16_t port,
                                            MHD_AcceptPolicyCallback accepts, void *accepts_user,
                                            MHD_AccessHandlerCallback handle, void *handle_user,
                                            ...)
{
    va_list rest;
    (void)flags, (void)port, (void)accepts, (void)accepts_user;
    fake_require(fake_daemon_count < FAKE_DAEMONS);
    struct fake_daemon *daemon = &fake_daemons[fake_daemon_count++];
    daemon->handle = handle;
    daemon->handle_user = handle_user;
    va_start(rest, handle_user);
    for (enum MHD_OPTION option = va_arg(rest, enum MHD_OPTION); option != MHD_OPTION_END;
         option = va_arg(rest, enum MHD_OPTION))
        fake_take_option(daemon, option, &rest);
    va_end(rest);
    return (struct MHD_Daemon *)(void *)daemon;
}

static inline void fake_stop(struct MHD_Daemon *daemon)
{
    (void)close(((struct fake_daemon *)(void *)daemon)->socket);
}

/* Connections ---------------------------------------------------------------------------------- */

static inline const union MHD_ConnectionInfo *fake_info(struct MHD_Connection *connection_,
                                                        enum MHD_ConnectionInfoType type, ...)
{
    struct fake_connection *connection = fake_of(connection_);
    fake_require(type == MHD_CONNECTION_INFO_CONNECTION_FD ||
                 type == MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (type == MHD_CONNECTION_INFO_CONNECTION_FD)
        connection->info.connect_fd = -1;
    else
        connection->info.socket_context = connection->socket_context;
    return &connection->info;
}

static inline const char *fake_lookup(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                      const char *name)
{
    const struct fake_request *request = fake_of(connection)->request;
    fake_require(kind == MHD_HEADER_KIND);
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static inline int fake_values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                              MHD_KeyValueIterator visit, void *user)
{
    const struct fake_request *request = fake_of(connection)->request;
    int count = 0;
    fake_require(kind == MHD_HEADER_KIND);
    while (count < (int)request->header_count &&
           visit(user, kind, request->headers[count].name, request->headers[count].value))
        count++;
    return count;
}

static inline void fake_suspend(struct MHD_Connection *connection)
{
    (void)connection;
    pthread_mutex_lock(&fake_pause.mutex);
    fake_require(!fake_pause.is_suspended);
    fake_pause.is_suspended = true;
    pthread_mutex_unlock(&fake_pause.mutex);
}

static inline void fake_resume(struct MHD_Connection *connection)
{
    (void)connection;
    pthread_mutex_lock(&fake_pause.mutex);
    fake_require(fake_pause.is_suspended);
    fake_pause.is_suspended = false;
    pthread_cond_signal(&fake_pause.change);
    pthread_mutex_unlock(&fake_pause.mutex);
}

/* Responses ------------------------------------------------------------------------------------ */

static inline struct MHD_Response *fake_new_response(size_t size)
{
    struct fake_response *response = calloc(1, sizeof *response);
    fake_require(response != NULL);
    response->size = size;
    response->body = malloc(size + 1);
    fake_require(response->body != NULL);
    response->body[size] = '\0';
    return (struct MHD_Response *)(void *)response;
}

static inline struct MHD_Response *fake_from_buffer(size_t size, void *bytes,
                                                    enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = fake_new_response(size);
    fake_require(mode == MHD_RESPMEM_PERSISTENT);
    if (size > 0)
        memcpy(((struct fake_response *)(void *)response)->body, bytes, size);
    return response;
}

static inline struct MHD_Response *fake_from_fd(size_t size, int descriptor)
{
    struct MHD_Response *response = fake_new_response(size);
    char *body = ((struct fake_response *)(void *)response)->body;
    for (size_t got = 0; got < size;) {
        const ssize_t more = pread(descriptor, body + got, size - got, (off_t)got);
        fake_require(more > 0);
        got += (size_t)more;
    }
    (void)close(descriptor);
    return response;
}

/* Streams end with no test that waits for them. */
static inline struct MHD_Response *fake_from_callback(uint64_t size, size_t block,
                                                      MHD_ContentReaderCallback read, void *user,
                                                      MHD_ContentReaderFreeCallback done)
{
    (void)size, (void)block, (void)read, (void)user, (void)done;
    fake_require(false);
    return NULL;
}

static inline enum MHD_Result fake_add_header(struct MHD_Response *response_, const char *name,
                                              const char *value)
{
    struct fake_response *response = (struct fake_response *)(void *)response_;
    fake_require(response->header_count < FAKE_HEADERS && *name && *value);
    for (const char *c = value; *c; c++)
        fake_require((unsigned char)*c >= ' ' && *c != 0x7f);
    struct fake_header *header = &response->headers[response->header_count++];
    *header = (struct fake_header){strdup(name), strdup(value)};
    fake_require(header->name && header->value);
    return MHD_YES;
}

static inline void fake_empty(struct fake_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        free((void *)(uintptr_t)response->headers[i].name);
        free((void *)(uintptr_t)response->headers[i].value);
    }
    free(response->body);
    *response = (struct fake_response){.status = 0};
}

static inline void fake_destroy(struct MHD_Response *response_)
{
    struct fake_response *response = (struct fake_response *)(void *)response_;
    fake_empty(response);
    free(response);
}

/* The answer is the connection's from here on: what destroys the response frees nothing of it. */
static inline enum MHD_Result fake_queue(struct MHD_Connection *connection_, unsigned status,
                                         struct MHD_Response *response_)
{
    struct fake_connection *connection = fake_of(connection_);
    struct fake_response *response = (struct fake_response *)(void *)response_;
    fake_require(connection->answer.status == 0 && status >= 200 && status < 600);
    connection->answer = *response;
    connection->answer.status = status;
    *response = (struct fake_response){.status = 0};
    return MHD_YES;
}

static const struct ws_microhttpd fake_microhttpd = {
    .MHD_start_daemon = fake_start,
    .MHD_stop_daemon = fake_stop,
    .MHD_get_connection_info = fake_info,
    .MHD_lookup_connection_value = fake_lookup,
    .MHD_get_connection_values = fake_values,
    .MHD_suspend_connection = fake_suspend,
    .MHD_resume_connection = fake_resume,
    .MHD_create_response_from_buffer = fake_from_buffer,
    .MHD_create_response_from_fd = fake_from_fd,
    .MHD_create_response_from_callback = fake_from_callback,
    .MHD_add_response_header = fake_add_header,
    .MHD_queue_response = fake_queue,
    .MHD_destroy_response = fake_destroy,
};

/* Asking --------------------------------------------------------------------------------------- */

static inline void fake_wait(void)
{
    pthread_mutex_lock(&fake_pause.mutex);
    while (fake_pause.is_suspended)
        (void)pthread_cond_wait(&fake_pause.change, &fake_pause.mutex);
    pthread_mutex_unlock(&fake_pause.mutex);
}

/* False when the server drops the connection. */
static inline bool fake_hand(const struct fake_daemon *daemon, struct fake_connection *connection,
                             struct ws_bytes piece, void **context)
{
    struct MHD_Connection *handle = (struct MHD_Connection *)(void *)connection;
    const struct fake_request *request = connection->request;
    size_t size = piece.size;
    const enum MHD_Result result =
        daemon->handle(daemon->handle_user, handle, request->target, request->method, "HTTP/1.1",
                       (const char *)piece.data, &size, context);
    fake_require(result == MHD_NO || size == 0);
    return result == MHD_YES;
}

/* The headers, the body in its pieces, its end, as libmicrohttpd hands them over. */
static inline void fake_hand_all(const struct fake_daemon *daemon,
                                 struct fake_connection *connection, void **context)
{
    const struct ws_bytes nothing = {NULL, 0};
    struct ws_bytes left = connection->request->body;
    bool goes_on = fake_hand(daemon, connection, nothing, context);
    while (goes_on && connection->answer.status == 0 && left.size > 0) {
        const size_t most = connection->request->piece;
        const size_t size = most > 0 && most < left.size ? most : left.size;
        goes_on = fake_hand(daemon, connection, ws_bytes_of(left.data, size), context);
        left = ws_bytes_of(left.data + size, left.size - size);
    }
    /* Once when all has come, and again when an answer that came later is there. */
    for (int times = 0; goes_on && connection->answer.status == 0; times++) {
        fake_require(times < 2);
        goes_on = fake_hand(daemon, connection, nothing, context);
        fake_wait();
    }
}

/* The caller empties the answer; of status 0: the connection was dropped without one. */
static inline struct fake_response fake_ask(const struct fake_daemon *daemon,
                                            const struct fake_request *request)
{
    struct fake_connection connection = {.request = request};
    struct MHD_Connection *handle = (struct MHD_Connection *)(void *)&connection;
    daemon->on_connection(daemon->connection_user, handle, &connection.socket_context,
                          MHD_CONNECTION_NOTIFY_STARTED);
    void *context = daemon->on_target(daemon->target_user, request->target, handle);
    fake_hand_all(daemon, &connection, &context);
    daemon->on_end(daemon->end_user, handle, &context, MHD_REQUEST_TERMINATED_COMPLETED_OK);
    daemon->on_connection(daemon->connection_user, handle, &connection.socket_context,
                          MHD_CONNECTION_NOTIFY_CLOSED);
    return connection.answer;
}

#endif
