/*
 * Requests that say twice how long they are, byte for byte: they are refused, and what comes behind
 * them on the connection is no request, whoever on the way might take it for one.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/http_server.h"
#include "server/microhttpd.h"

enum { REPLY = 4096 };

#define HEAD(method, path)      method " " path " HTTP/1.1\r\nHost: h\r\n"
#define LENGTH(n)               "Content-Length: " #n "\r\n"
#define CHUNKED                 "Transfer-Encoding: chunked\r\n"
#define ONE_CHUNK(digits, text) digits "\r\n" text "\r\n0\r\n\r\n"
#define HIDDEN                  "GET /hidden HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

struct stand {
    struct ws_microhttpd http;
    struct ws_http_server *server;
    unsigned taken, hidden; /* requests that came to a route */
};

static enum ws_status take(void *stand_, const struct ws_http_request *request,
                           struct ws_http_answer *answer, struct ws_error *err)
{
    struct stand *stand = stand_;
    (void)err;
    stand->taken++;
    ws_buffer_format(&answer->body, "%zu bytes", request->body.size);
    return WS_OK;
}

static enum ws_status hide(void *stand_, const struct ws_http_request *request,
                           struct ws_http_answer *answer, struct ws_error *err)
{
    struct stand *stand = stand_;
    (void)request, (void)err;
    stand->hidden++;
    ws_buffer_text(&answer->body, "found");
    return WS_OK;
}

static const struct ws_http_route routes[] = {
    {"POST", "/take", take, NULL, 0},
    {"GET", "/take", take, NULL, 0},
    {"GET", "/hidden", hide, NULL, 0},
};

/* All that the server says until it closes the connection. */
static void ask(const struct stand *stand, const char *request, char reply[REPLY])
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)ws_http_server_port(stand->server)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = 0;
    assert_true(connection >= 0);
    assert_int_equal(connect(connection, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(send(connection, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    for (ssize_t got; size < REPLY - 1; size += (size_t)got) {
        got = recv(connection, reply + size, REPLY - 1 - size, 0);
        if (got <= 0)
            break;
    }
    reply[size] = '\0';
    (void)close(connection);
}

static unsigned count_answers(const char *reply)
{
    unsigned count = 0;
    for (const char *at = reply; (at = strstr(at, "HTTP/1.1 ")); at++)
        count++;
    return count;
}

static void requests__with_two_lengths_are_refused(void **state)
{
    struct stand *stand = *state;
    static const char *const bad[] = {
        HEAD("POST", "/take") LENGTH(5) LENGTH(50) "\r\nhello" HIDDEN,
        HEAD("POST", "/take") LENGTH(50) LENGTH(5) "\r\nhello" HIDDEN,
        HEAD("POST", "/take") "content-length: 5\r\nCONTENT-LENGTH: 0\r\n\r\nhello" HIDDEN,
        /* Once is enough, of equal ones, too. */
        HEAD("POST", "/take") LENGTH(5) LENGTH(5) "\r\nhello" HIDDEN,
        HEAD("POST", "/take") LENGTH(0) CHUNKED "\r\n" ONE_CHUNK("5", "hello") HIDDEN,
        HEAD("POST", "/take") CHUNKED LENGTH(4) "\r\n" ONE_CHUNK("5", "hello") HIDDEN,
        HEAD("POST", "/take") CHUNKED CHUNKED "\r\n" ONE_CHUNK("5", "hello") HIDDEN,
        HEAD("POST", "/nowhere") LENGTH(5) LENGTH(0) "\r\nhello" HIDDEN,
        HEAD("GET", "/take") LENGTH(0) LENGTH(5) "\r\nhello" HIDDEN,
        /* Once, and not as it is written. */
        HEAD("POST", "/take") "Content-Length : 5\r\n\r\nhello" HIDDEN,
        HEAD("POST", "/take") "Content-Length\t: 5\r\n" LENGTH(0) "\r\nhello" HIDDEN,
        HEAD("POST", "/take") LENGTH(5) "Transfer-Encoding : chunked\r\n\r\nhello" HIDDEN,
        HEAD("POST", "/take") "Content-Length: 5\r\n 0\r\n\r\nhello" HIDDEN,
        HEAD("POST", "/take") "X: a\r\n Content-Length:5\r\n\r\nhello" HIDDEN,
        HEAD("POST", "/take") "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN,
        HEAD("POST", "/take") "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" HIDDEN,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char reply[REPLY];
        ask(stand, bad[i], reply);
        if (strncmp(reply, "HTTP/1.1 400 ", 13) != 0 || count_answers(reply) != 1 ||
            !strstr(reply, "one header says how long the request is"))
            fail_msg("%zu: %s", i, reply);
    }
    assert_int_equal(stand->taken, 0);
    assert_int_equal(stand->hidden, 0);
}

/* libmicrohttpd refuses it itself; 0.9.75 sends the head of its answer twice. */
static void requests__with_a_list_of_lengths_are_refused(void **state)
{
    struct stand *stand = *state;
    char reply[REPLY];
    ask(stand, HEAD("POST", "/take") "Content-Length: 5, 50\r\n\r\nhello" HIDDEN, reply);
    assert_int_equal(strncmp(reply, "HTTP/1.1 400 ", 13), 0);
    assert_int_equal(stand->taken, 0);
    assert_int_equal(stand->hidden, 0);
}

static void requests__with_one_length_are_answered(void **state)
{
    struct stand *stand = *state;
    static const char *const good[] = {
        HEAD("POST", "/take") LENGTH(5) "\r\nhello" HIDDEN,
        HEAD("POST", "/take") CHUNKED "\r\n" ONE_CHUNK("5", "hello") HIDDEN,
    };
    char reply[REPLY];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ask(stand, good[i], reply);
        if (count_answers(reply) != 2 || !strstr(reply, "5 bytes") || !strstr(reply, "found"))
            fail_msg("%zu: %s", i, reply);
    }
    ask(stand, HEAD("GET", "/take") "\r\n" HIDDEN, reply);
    assert_int_equal(count_answers(reply), 2);
    assert_int_equal(stand->taken, 3);
    assert_int_equal(stand->hidden, 3);
}

static int start(void **state)
{
    static struct stand stand;
    const struct ws_http_settings settings = {
        .address = "127.0.0.1", .connections = 16, .patience = 3600};
    const struct ws_http_site site = {.routes = routes,
                                      .route_count = sizeof routes / sizeof *routes,
                                      .user = &stand,
                                      .body_most = 1000,
                                      .is_open = true};
    stand = (struct stand){.taken = 0};
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
    return 0;
}

int main(void)
{
#define STOOD(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        STOOD(requests__with_two_lengths_are_refused),
        STOOD(requests__with_a_list_of_lengths_are_refused),
        STOOD(requests__with_one_length_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
