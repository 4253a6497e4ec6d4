/*
 * Times a log's site, as bench_log_site.sh asks: seconds.
 *
 *     tile_reads N CONNECTIONS DIR     makes a log of 100,000 entries in DIR, serves it, and reads
 *                                      N of its full tiles, each somewhere in it, over so many
 *                                      connections that are kept, one request on each at a time;
 *                                      wall time of reading. Server and client share the machine.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "ledger/log_store.h"
#include "server/log_site.h"

enum { ENTRIES = 100000, BATCH = 10000, CONNECTIONS = 1024, HEAD_SIZE = 1024 };

/* A connection of the client and the answer that it waits for. */
struct reading {
    int socket;
    char head[HEAD_SIZE + 1]; /* as far as it came */
    size_t head_size;
    size_t left; /* bytes of the body; counts when the head is whole */
    bool has_head;
};

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum ws_status make_log(const char *directory, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_note_signer signer;
    struct ws_log_store store;
    uint64_t *numbers = WS_ARENA_NEW(arena, uint64_t, BATCH), first;
    struct ws_bytes *entries = WS_ARENA_NEW(arena, struct ws_bytes, BATCH);
    if (!numbers || !entries)
        return ws_fail_memory(err, "entries");
    WS_TRY(ws_note_signer_make("log.example", WS_KEY_ED25519, arena, &signer, err));
    WS_TRY(ws_log_make(directory, &signer, err));
    WS_TRY(ws_log_open(directory, NULL, &store, err));
    for (uint64_t next = 0; next < ENTRIES; next += BATCH) {
        for (uint64_t i = 0; i < BATCH; i++) {
            numbers[i] = next + i;
            entries[i] = ws_bytes_of(&numbers[i], sizeof numbers[i]);
        }
        WS_TRY(ws_log_add(&store, entries, BATCH, &first, err));
    }
    WS_TRY(ws_log_publish(&store, &signer, err));
    ws_log_close(&store);
    ws_note_signer_close(&signer);
    return WS_OK;
}

/* In a process of its own, which is killed at the end. */
static void serve(const char *directory, int report)
{
    const struct ws_issuer_list nobody = {.count = 0};
    const struct ws_log_site_settings settings = {.directory = directory, .issuers = &nobody};
    const struct ws_http_settings http = {
        .address = "127.0.0.1", .connections = CONNECTIONS, .patience = 15};
    struct ws_log_site *site;
    struct ws_error err;
    (void)signal(SIGPIPE, SIG_IGN);
    if (ws_log_site_start(&settings, &http, &site, &err) != WS_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        _exit(1);
    }
    const unsigned port = ws_log_site_port(site);
    if (write(report, &port, sizeof port) == sizeof port)
        (void)pause();
    _exit(1);
}

static void fail(const char *what)
{
    (void)fprintf(stderr, "tile_reads: %s: %s\n", what, strerrordesc_np(errno));
    exit(1);
}

static void ask(struct reading *reading, uint64_t random)
{
    char request[128], path[WS_TILE_PATH_SIZE];
    const struct ws_tile tile = {.index = random % (ENTRIES / WS_TILE_WIDTH),
                                 .width = WS_TILE_WIDTH};
    ws_tile_path(&tile, path);
    const int size =
        snprintf(request, sizeof request, "GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    reading->head_size = 0;
    reading->has_head = false;
    if (send(reading->socket, request, (size_t)size, MSG_NOSIGNAL) != size)
        fail("asking");
}

/* Takes what is there of an answer. Whether it is whole. */
static bool hear(struct reading *reading)
{
    static char body[1 << 16];
    if (!reading->has_head) {
        ssize_t got = recv(reading->socket, reading->head + reading->head_size,
                           HEAD_SIZE - reading->head_size, MSG_DONTWAIT);
        if (got <= 0)
            fail("an answer");
        reading->head_size += (size_t)got;
        reading->head[reading->head_size] = '\0';
        const char *end = strstr(reading->head, "\r\n\r\n");
        const char *length = strstr(reading->head, "Content-Length: ");
        if (!end)
            return false;
        if (strncmp(reading->head, "HTTP/1.1 200", 12) != 0 || !length)
            fail("an answer of another status");
        reading->has_head = true;
        reading->left = strtoul(length + strlen("Content-Length: "), NULL, 10);
        if (reading->left != WS_TILE_BYTES)
            fail("an answer of another size");
        reading->left -= reading->head_size - (size_t)(end + 4 - reading->head);
    }
    while (reading->left > 0) {
        ssize_t got = recv(reading->socket, body,
                           reading->left < sizeof body ? reading->left : sizeof body, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return false;
        if (got <= 0)
            fail("an answer's body");
        reading->left -= (size_t)got;
    }
    return true;
}

static void connect_all(struct reading *readings, size_t count, unsigned port, int epoll)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        readings[i].socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (readings[i].socket < 0 ||
            connect(readings[i].socket, (const struct sockaddr *)&at, sizeof at) != 0 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, readings[i].socket, &event) != 0)
            fail("connecting");
    }
}

static double time_reads(uint64_t wanted, struct reading *readings, size_t count, unsigned port)
{
    struct epoll_event events[64];
    uint64_t asked = 0, heard = 0, random = 1;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        fail("epoll");
    connect_all(readings, count, port, epoll);
    const double begun = now();
    for (size_t i = 0; i < count && asked < wanted; i++, asked++)
        ask(&readings[i], random = random * 6364136223846793005u + 1442695040888963407u);
    while (heard < wanted) {
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            struct reading *reading = &readings[events[i].data.u64];
            if (!hear(reading))
                continue;
            heard++;
            if (asked < wanted) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                ask(reading, random >> 33);
                asked++;
            }
        }
    }
    return now() - begun;
}

int main(int argc, char **argv)
{
    struct ws_arena arena;
    struct ws_error err;
    uint64_t wanted = 0, count = 0;
    int report[2];
    unsigned port = 0;
    if (argc != 4 || !ws_whole_parse(argv[1], &wanted) || !ws_whole_parse(argv[2], &count) ||
        count == 0 || count > CONNECTIONS) {
        (void)fprintf(stderr, "tile_reads N CONNECTIONS DIR\n");
        return 2;
    }
    ws_arena_init(&arena, NULL);
    struct reading *readings = WS_ARENA_ZNEW(&arena, struct reading, (size_t)count);
    if (!readings || make_log(argv[3], &arena, &err) != WS_OK) {
        (void)fprintf(stderr, "%s\n", readings ? err.message : "out of memory");
        return 1;
    }
    if (pipe(report) != 0)
        fail("pipe");
    const pid_t server = fork();
    if (server == 0)
        serve(argv[3], report[1]);
    if (server < 0 || read(report[0], &port, sizeof port) != sizeof port)
        fail("the server");
    (void)printf("%.6f\n", time_reads(wanted, readings, (size_t)count, port));
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    ws_arena_release(&arena);
    return 0;
}
