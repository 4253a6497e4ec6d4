/*
 * Any bytes as what a client sends over a connection, pipelined requests and bodies among them: to
 * the dashboard of a run, to one that wants a token, or to an open site that takes what is posted,
 * as the first byte picks. Each answer has a status, each page its security headers; nobody without
 * the token sees anything, and no secret beside the runs is told.
 */
#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/command.h"
#include "server/dashboard.h"
#include "support/laboratory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN  "abcdefghijklmnop"
#define SECRET "what lies beside the runs is told to nobody"

enum {
    ANSWERS_SIZE = 1 << 18,
    BODY_MOST = 300,
    PATIENCE = 1 /* second */,
    QUIET = 20 /* milliseconds */,
    SITES = 3
};

static void require(int condition)
{
    if (!condition)
        abort();
}

/* An open site ----------------------------------------------------------------------------------
 */

/* Says what it was sent. */
static enum ws_status answer_post(void *user, const struct ws_http_request *request,
                                  struct ws_http_answer *answer, struct ws_error *err)
{
    (void)user, (void)err;
    require(request->body.size <= BODY_MOST);
    answer->type = "application/octet-stream";
    ws_buffer_append(&answer->body, request->body.data, request->body.size);
    return WS_OK;
}

static enum ws_status answer_name(void *user, const struct ws_http_request *request,
                                  struct ws_http_answer *answer, struct ws_error *err)
{
    uint64_t most;
    (void)user;
    require(ws_is_segment(request->names[0]) && request->body.size == 0);
    answer->type = "text/plain";
    answer->download = request->names[0];
    return ws_target_whole(request->target, "most", 1, 100, &most, err);
}

static const struct ws_http_route routes[] = {
    {"POST", "/add", answer_post, NULL, 0},
    {"GET", "/files/*", answer_name, NULL, 0},
};

/* The sites -------------------------------------------------------------------------------------
 */

static struct sites {
    char place[48];
    struct ws_microhttpd http;
    struct ws_dashboard *dashboards[2];
    struct ws_http_server *open;
    unsigned ports[SITES];
} sites;

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static void clean_up(void)
{
    for (int i = 0; i < 2; i++)
        ws_dashboard_stop(sites.dashboards[i]);
    ws_http_server_stop(sites.open, 1);
    ws_microhttpd_close(&sites.http);
    (void)nftw(sites.place, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *text)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", sites.place, name);
    FILE *file = fopen(path, "w");
    require(file != NULL);
    require(fputs(text, file) >= 0);
    require(fclose(file) == 0);
}

static void make_run(void)
{
    char experiment[100], directory[100];
    write_file("one.yaml", "family: gaussian\nitems: [5, 9]\npolicies: replace\n"
                           "generations: 2\nseeds: 2\n");
    (void)snprintf(experiment, sizeof experiment, "%s/one.yaml", sites.place);
    (void)snprintf(directory, sizeof directory, "%s/runs/one", sites.place);
    char words[][12] = {"run", "-q", "-o", "--threads", "1"};
    char *argv[] = {words[0], experiment, words[1], words[2], directory, words[3], words[4], NULL};
    require(cmd_run(7, argv) == EXIT_DONE);
}

static void set_the_stage(void)
{
    char runs[100];
    struct ws_http_settings settings = {
        .address = "127.0.0.1", .connections = 100, .patience = PATIENCE};
    const struct ws_http_site site = {
        .routes = routes, .route_count = 2, .body_most = BODY_MOST, .is_open = true};
    json_object_seed(1);
    (void)snprintf(sites.place, sizeof sites.place, "%s/fuzz-requests-XXXXXX",
                   laboratory_temporary());
    require(mkdtemp(sites.place) != NULL);
    (void)snprintf(runs, sizeof runs, "%s/runs", sites.place);
    require(mkdir(runs, 0700) == 0);
    write_file("secret", SECRET);
    make_run();
    for (int i = 0; i < 2; i++) {
        settings.token = i == 1 ? TOKEN : NULL;
        require(ws_dashboard_start(runs, true, NULL, &settings, &sites.dashboards[i], NULL) ==
                WS_OK);
        sites.ports[i] = ws_dashboard_port(sites.dashboards[i]);
    }
    settings.token = NULL;
    require(ws_microhttpd_open(&sites.http, NULL) == WS_OK);
    require(ws_http_server_start(&sites.http, &settings, &site, &sites.open, NULL) == WS_OK);
    sites.ports[2] = ws_http_server_port(sites.open);
    require(atexit(clean_up) == 0);
}

/* One connection --------------------------------------------------------------------------------
 */

static int connect_to(unsigned port)
{
    const struct timeval patience = {.tv_sec = PATIENCE};
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(client >= 0);
    require(setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
    require(connect(client, (const struct sockaddr *)&at, sizeof at) == 0);
    return client;
}

static bool has(const char *bytes, size_t size, const char *text)
{
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

/* What comes until the server closes, or says nothing for a moment: it keeps connections open. */
static size_t exchange(unsigned port, struct ws_bytes request, char *answers)
{
    const int client = connect_to(port);
    struct pollfd answer = {.fd = client, .events = POLLIN};
    size_t sent = 0, got = 0;
    ssize_t step = 1;
    while (sent < request.size && step > 0) { /* it may be closed before all is said */
        step = send(client, request.data + sent, request.size - sent, MSG_NOSIGNAL);
        sent += step > 0 ? (size_t)step : 0;
    }
    for (step = 1; step > 0 && got < ANSWERS_SIZE && poll(&answer, 1, QUIET) > 0;) {
        step = recv(client, answers + got, ANSWERS_SIZE - got, 0);
        got += step > 0 ? (size_t)step : 0;
    }
    (void)close(client);
    return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char answers[ANSWERS_SIZE];
    if (size == 0)
        return 0;
    if (sites.place[0] == '\0')
        set_the_stage();
    const size_t site = data[0] % SITES;
    const struct ws_bytes request = ws_bytes_of(data + 1, size - 1);
    const size_t got = exchange(sites.ports[site], request, answers);
    require(got == 0 || (got >= 9 && memcmp(answers, "HTTP/1.", 7) == 0));
    require(!has(answers, got, SECRET) || has((const char *)data, size, SECRET));
    if (site < 2 && has(answers, got, "HTTP/1.1 200 "))
        require(has(answers, got, "Content-Security-Policy: default-src 'none'") &&
                has(answers, got, "X-Content-Type-Options: nosniff"));
    if (site == 1 && !has((const char *)data, size, TOKEN))
        require(!has(answers, got, "HTTP/1.1 200 "));
    return 0;
}
