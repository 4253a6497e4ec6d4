/*
 * The HTTP client against a server that answers with what each test says, byte for byte.
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

#include "base/http_client.h"

enum { ANSWERS = 8, ASKED_SIZE = 4096 };

/* Takes one connection for each answer, reads what is asked, answers, and closes. */
struct canned {
    const char *answers[ANSWERS]; /* up to the first NULL; "" answers nothing until the end */
    char asked[ANSWERS][ASKED_SIZE];
    size_t asked_count;
    int socket;
    unsigned port;
    pthread_t thread;
};

/* A request's head, and its body where that has a length. */
static void read_request(int connection, char *asked)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = recv(connection, asked + size, ASKED_SIZE - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t)got;
        asked[size] = '\0';
        const char *end = strstr(asked, "\r\n\r\n");
        const char *length = strstr(asked, "Content-Length: ");
        size_t wanted = length ? strtoul(length + strlen("Content-Length: "), NULL, 10) : 0;
        if (end && strlen(end + 4) >= wanted)
            return;
    }
}

static void *serve(void *server_)
{
    struct canned *server = server_;
    for (size_t i = 0; server->answers[i]; i++) {
        int connection = accept(server->socket, NULL, NULL);
        if (connection < 0)
            return NULL;
        read_request(connection, server->asked[i]);
        server->asked_count = i + 1;
        if (!*server->answers[i])
            (void)recv(connection, &(char){0}, 1, 0); /* until the client gives up */
        (void)send(connection, server->answers[i], strlen(server->answers[i]), MSG_NOSIGNAL);
        (void)close(connection);
    }
    return NULL;
}

static void start(struct canned *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    server->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->socket >= 0);
    assert_int_equal(bind(server->socket, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server->socket, ANSWERS), 0);
    assert_int_equal(getsockname(server->socket, (struct sockaddr *)&at, &size), 0);
    server->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct canned *server)
{
    (void)shutdown(server->socket, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->socket);
}

/* What a GET of "/what" gives. */
static enum ws_status get(struct canned *server, const struct ws_http_limits *limits,
                          struct ws_arena *arena, struct ws_http_reply *out, struct ws_error *err)
{
    struct ws_http_client *client;
    char url[64];
    assert_int_equal(ws_http_client_open(limits, &client, err), WS_OK);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/what", server->port);
    enum ws_status status = ws_http_get(client, url, arena, out, err);
    ws_http_client_close(client);
    return status;
}

static const struct ws_http_limits usual = {.seconds = 60, .bytes = 100};

static void an_answer__has_status_type_and_body(void **state)
{
    struct canned server = {.answers = {"HTTP/1.1 404 Not Found\r\nContent-Type: text/x\r\n"
                                        "Content-Length: 9\r\n\r\nnone\nhere"}};
    struct ws_arena arena;
    struct ws_http_reply reply;
    struct ws_error error;
    (void)state;
    ws_arena_init(&arena, NULL);
    start(&server);
    assert_int_equal(get(&server, &usual, &arena, &reply, &error), WS_OK);
    assert_int_equal(reply.status, 404);
    assert_string_equal(reply.type, "text/x");
    assert_true(ws_bytes_is(reply.body, "none\nhere"));
    assert_non_null(strstr(server.asked[0], "GET /what HTTP/1.1\r\n"));
    assert_int_equal(ws_http_fail(&error, "http://a/b", &reply), WS_NOT_FOUND);
    assert_string_equal(error.message, "'http://a/b' answered 404: none");
    stop(&server);
    ws_arena_release(&arena);
}

static void posting__sends_the_bytes_and_follows_no_redirect(void **state)
{
    struct canned server = {
        .answers = {"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
    struct ws_arena arena;
    struct ws_http_client *client;
    struct ws_http_reply reply;
    struct ws_error error;
    char url[64];
    (void)state;
    ws_arena_init(&arena, NULL);
    start(&server);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/add", server.port);
    assert_int_equal(ws_http_client_open(&usual, &client, &error), WS_OK);
    assert_int_equal(ws_http_post(client, url, "text/plain", ws_bytes_of_text("some\nbytes"),
                                  &arena, &reply, &error),
                     WS_OK);
    assert_int_equal(reply.status, 302);
    assert_non_null(strstr(server.asked[0], "POST /add HTTP/1.1\r\n"));
    assert_non_null(strstr(server.asked[0], "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(server.asked[0], "\r\n\r\nsome\nbytes"));
    assert_null(strstr(server.asked[0], "Expect"));
    /* What comes next with the same client is a GET without the body. */
    assert_int_equal(ws_http_get(client, url, &arena, &reply, &error), WS_OK);
    assert_non_null(strstr(server.asked[1], "GET /add HTTP/1.1\r\n"));
    assert_null(strstr(server.asked[1], "Content-Type"));
    ws_http_client_close(client);
    stop(&server);
    ws_arena_release(&arena);
}

static void redirects__go_on_within_a_scheme_and_a_few_times(void **state)
{
    static const char again[] = "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n"
                                "Connection: close\r\n\r\n";
    struct canned few = {
        .answers = {again, again, again, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"}};
    struct canned many = {.answers = {again, again, again, again, again}};
    struct canned other = {.answers = {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
                                       "Content-Length: 0\r\n\r\n"}};
    struct canned secure = {.answers = {"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\n"
                                        "Content-Length: 0\r\n\r\n"}};
    struct ws_arena arena;
    struct ws_http_reply reply;
    struct ws_error error;
    (void)state;
    ws_arena_init(&arena, NULL);
    start(&few);
    assert_int_equal(get(&few, &usual, &arena, &reply, &error), WS_OK);
    assert_true(ws_bytes_is(reply.body, "here"));
    stop(&few);
    start(&many);
    assert_int_equal(get(&many, &usual, &arena, &reply, &error), WS_IO);
    assert_non_null(strstr(error.message, "redirects"));
    assert_int_equal(many.asked_count, 4);
    stop(&many);
    start(&other);
    assert_int_equal(get(&other, &usual, &arena, &reply, &error), WS_INVALID);
    assert_non_null(strstr(error.message, "\"file\""));
    stop(&other);
    start(&secure);
    assert_int_equal(get(&secure, &usual, &arena, &reply, &error), WS_INVALID);
    stop(&secure);
    ws_arena_release(&arena);
}

static void too_much_too_slow_and_cut_short__are_errors_that_name_the_url(void **state)
{
    static const struct ws_http_limits narrow = {.seconds = 60, .bytes = 4};
    static const struct ws_http_limits hasty = {.seconds = 0.2, .bytes = 100};
    static const char five[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345";
    struct canned fits = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1234"}};
    struct canned large = {.answers = {five}};
    struct canned slow = {.answers = {""}};
    struct canned cut = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n12345"}};
    struct ws_arena arena;
    struct ws_http_reply reply;
    struct ws_error error;
    (void)state;
    ws_arena_init(&arena, NULL);
    start(&fits);
    assert_int_equal(get(&fits, &narrow, &arena, &reply, &error), WS_OK);
    stop(&fits);
    start(&large);
    assert_int_equal(get(&large, &narrow, &arena, &reply, &error), WS_LIMIT);
    assert_non_null(strstr(error.message, "/what' answers with more than 4 bytes"));
    stop(&large);
    start(&slow);
    assert_int_equal(get(&slow, &hasty, &arena, &reply, &error), WS_IO);
    assert_non_null(strstr(error.message, "/what' gave no whole answer in 0.2 seconds"));
    stop(&slow);
    start(&cut);
    assert_int_equal(get(&cut, &usual, &arena, &reply, &error), WS_IO);
    assert_non_null(strstr(error.message, "cannot ask 'http://127.0.0.1"));
    stop(&cut);
    assert_int_equal(get(&cut, &usual, &arena, &reply, &error), WS_IO); /* nobody is there */
    ws_arena_release(&arena);
}

static void other_schemes_and_what_is_no_url__are_refused(void **state)
{
    static const char *const urls[] = {"file:///etc/passwd", "gopher://127.0.0.1/", "ftp://a/b",
                                       "http://", "http://[::1/"};
    struct ws_http_client *client;
    struct ws_arena arena;
    struct ws_http_reply reply;
    struct ws_error error;
    (void)state;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_http_client_open(&usual, &client, &error), WS_OK);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        assert_int_equal(ws_http_get(client, urls[i], &arena, &reply, &error), WS_INVALID);
    ws_http_client_close(client);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer__has_status_type_and_body),
        cmocka_unit_test(posting__sends_the_bytes_and_follows_no_redirect),
        cmocka_unit_test(redirects__go_on_within_a_scheme_and_a_few_times),
        cmocka_unit_test(too_much_too_slow_and_cut_short__are_errors_that_name_the_url),
        cmocka_unit_test(other_schemes_and_what_is_no_url__are_refused),
    };
    (void)unsetenv("http_proxy"); /* the server is here */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
