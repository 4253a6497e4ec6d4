/*
 * What is posted to a server and fills what all requests together may take: the next is told so,
 * and there is room again once an answer has gone. A request whose answer is still to come holds
 * its bytes for as long as the test wants, so that nothing depends on how fast anything is.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/http_server.h"
#include "server/microhttpd.h"

/* Bytes: two such texts are more than the 64 MiB that all requests may take, and one is less. */
enum { TEXT = 40 << 20, REPLY = 4096 };

struct stand {
    struct ws_microhttpd http;
    struct ws_http_server *server;
    pthread_mutex_t mutex;
    pthread_cond_t change;
    struct ws_http_pending *held; /* NULL: none yet */
    char *text;
};

static enum ws_status hold(void *stand_, const struct ws_http_request *request,
                           struct ws_http_answer *answer, struct ws_error *err)
{
    struct stand *stand = stand_;
    (void)answer, (void)err;
    (void)ws_http_later(request->pending);
    pthread_mutex_lock(&stand->mutex);
    stand->held = request->pending;
    pthread_cond_signal(&stand->change);
    pthread_mutex_unlock(&stand->mutex);
    return WS_OK;
}

static enum ws_status take(void *stand, const struct ws_http_request *request,
                           struct ws_http_answer *answer, struct ws_error *err)
{
    (void)stand, (void)err;
    ws_buffer_format(&answer->body, "%zu bytes", request->body.size);
    return WS_OK;
}

static const struct ws_http_route routes[] = {
    {"POST", "/hold", hold, NULL, 0},
    {"POST", "/take", take, NULL, 0},
};

/* The connection, all of the request sent. */
static int post(const struct stand *stand, const char *path)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)ws_http_server_port(stand->server)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char head[256];
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(connection >= 0);
    assert_int_equal(connect(connection, (const struct sockaddr *)&at, sizeof at), 0);
    const int size = snprintf(head, sizeof head,
                              "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                              "Content-Length: %d\r\n\r\n",
                              path, TEXT);
    assert_int_equal(send(connection, head, (size_t)size, MSG_NOSIGNAL), size);
    for (size_t sent = 0; sent < TEXT;) {
        const ssize_t more = send(connection, stand->text + sent, TEXT - sent, MSG_NOSIGNAL);
        assert_true(more > 0);
        sent += (size_t)more;
    }
    return connection;
}

/* The status of the answer, which is in `reply`. */
static unsigned hear(int connection, char reply[REPLY])
{
    size_t size = 0;
    for (ssize_t got; size < REPLY - 1; size += (size_t)got) {
        got = recv(connection, reply + size, REPLY - 1 - size, 0);
        if (got <= 0)
            break;
    }
    reply[size] = '\0';
    (void)close(connection);
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(reply + 9, NULL, 10) : 0;
}

static void bodies__that_fill_what_all_may_take_are_told_so(void **state)
{
    struct stand *stand = *state;
    char reply[REPLY];
    const int holding = post(stand, "/hold");
    pthread_mutex_lock(&stand->mutex);
    while (!stand->held)
        (void)pthread_cond_wait(&stand->change, &stand->mutex);
    pthread_mutex_unlock(&stand->mutex);

    assert_int_equal(hear(post(stand, "/take"), reply), 503);
    assert_non_null(strstr(reply, "others are sending too much; try again"));

    ws_http_finish(stand->held, WS_OK, NULL);
    assert_int_equal(hear(holding, reply), 200);
    /* Its bytes are given back a moment after its last ones are sent. */
    unsigned status;
    do
        status = hear(post(stand, "/take"), reply);
    while (status == 503);
    assert_int_equal(status, 200);
    assert_non_null(strstr(reply, "41943040 bytes"));
}

static int start(void **state)
{
    static struct stand stand = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .change = PTHREAD_COND_INITIALIZER};
    const struct ws_http_settings settings = {
        .address = "127.0.0.1", .connections = 16, .patience = 3600};
    const struct ws_http_site site = {.routes = routes,
                                      .route_count = sizeof routes / sizeof *routes,
                                      .user = &stand,
                                      .body_most = TEXT,
                                      .is_open = true};
    stand.text = malloc(TEXT);
    if (!stand.text)
        return 1;
    memset(stand.text, 'a', TEXT);
    *state = &stand;
    if (ws_microhttpd_open(&stand.http, NULL) != WS_OK)
        return 1;
    return ws_http_server_start(&stand.http, &settings, &site, &stand.server, NULL) == WS_OK ? 0
                                                                                             : 1;
}

static int stop(void **state)
{
    struct stand *stand = *state;
    ws_http_server_stop(stand->server, 1);
    ws_microhttpd_close(&stand->http);
    free(stand->text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bodies__that_fill_what_all_may_take_are_told_so, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
