/*
 * A log's site, asked as one asks, and as nobody should: its files and no others, entries of its
 * issuers and of nobody else, floods, slow and malformed requests, ten thousand connections, a disk
 * that is full, and a death in the middle. What was acknowledged is in the log each time.
 *
 * The site is a process of its own, so that it can be killed and have a disk of its own size. With
 * a number as its argument the program kills it so many times, and does nothing else.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/number.h"
#include "ledger/envelope.h"
#include "ledger/log_fsck.h"
#include "ledger/log_reader.h"
#include "ledger/log_store.h"
#include "ledger/statement.h"
#include "server/log_site.h"
#include "support/place.h"

enum {
    REPLY_SIZE = 1 << 17,
    CONNECTIONS = 1024,
    CROWD = 10000,
    ADDERS = 8,
    ADDED_BY_EACH = 25,
    LONGEST = 150000000 /* nanoseconds before a kill */,
    KILLS_MOST = 10000
};

static unsigned kills = 5;

struct site {
    struct place place;
    char log[PATH_MAX];
    struct ws_arena arena;
    struct ws_note_signer signer, issuer, modest, stranger;
    struct ws_issuer_list issuers;
    bool has_witness; /* which says on one pipe that it was asked, and is silent until the other
                         ends */
    struct ws_trust trust;
    int asked[2], silence[2];
    pid_t process;
    unsigned port;
    char reply[REPLY_SIZE];
};

/* The site's process --------------------------------------------------------------------------- */

static enum ws_status be_silent(void *site_, const char *url, struct ws_bytes body,
                                struct ws_arena *arena, struct ws_witness_reply *out,
                                struct ws_error *err)
{
    const struct site *site = site_;
    char byte = 'x';
    (void)url, (void)body, (void)arena, (void)out;
    (void)!write(site->asked[1], &byte, 1);
    (void)!read(site->silence[0], &byte, 1);
    return ws_fail(err, WS_IO, "the witness is silent");
}

static void be_the_site(struct site *site, int report)
{
    const struct ws_witness_transport transport = {be_silent, site};
    const struct ws_log_witnesses witnesses = {&site->trust, &transport};
    const struct ws_log_site_settings settings = {.directory = site->log,
                                                  .signer = &site->signer,
                                                  .issuers = &site->issuers,
                                                  .witnesses =
                                                      site->has_witness ? &witnesses : NULL,
                                                  .publish_seconds = 0.1};
    const struct ws_http_settings http = {
        .address = "127.0.0.1", .connections = CONNECTIONS, .patience = 2};
    struct ws_log_site *served;
    struct ws_error err;
    sigset_t ends;
    int seen;
    if (site->has_witness)
        (void)close(site->silence[1]);
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (ws_log_site_start(&settings, &http, &served, &err) != WS_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        _exit(1);
    }
    const unsigned port = ws_log_site_port(served);
    if (write(report, &port, sizeof port) != sizeof port)
        _exit(1);
    (void)sigwait(&ends, &seen);
    ws_log_site_stop(served);
    _exit(0);
}

static void start(struct site *site)
{
    int report[2];
    assert_int_equal(pipe(report), 0);
    site->process = fork();
    assert_true(site->process >= 0);
    if (site->process == 0)
        be_the_site(site, report[1]);
    (void)close(report[1]);
    assert_int_equal(read(report[0], &site->port, sizeof site->port), sizeof site->port);
    (void)close(report[0]);
}

/* Its exit status, or the signal that ended it. */
static int end(struct site *site, int how)
{
    int status = -1;
    assert_int_equal(kill(site->process, how), 0);
    assert_int_equal(waitpid(site->process, &status, 0), site->process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

static void list(struct site *site, const struct ws_note_signer *signer, const char *limits,
                 struct ws_buffer *out)
{
    struct ws_note_key key;
    (void)site;
    assert_int_equal(ws_note_signer_key(signer, &key, NULL), WS_OK);
    ws_buffer_text(out, "issuer ");
    ws_note_key_append(out, &key);
    ws_buffer_format(out, " %s\n", limits);
    ws_note_key_close(&key);
}

static int open_site(void **state)
{
    static struct site site;
    struct ws_buffer text;
    struct ws_error err = {.message = ""};
    site = (struct site){.port = 0};
    new_place(&site.place);
    (void)snprintf(site.log, sizeof site.log, "%s/log", site.place.path);
    ws_arena_init(&site.arena, NULL);
    struct ws_note_signer *const signers[] = {&site.signer, &site.issuer, &site.modest,
                                              &site.stranger};
    static const char *const names[] = {"example.com/log", "issuer", "modest", "stranger"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            ws_note_signer_make(names[i], WS_KEY_ED25519, &site.arena, signers[i], &err), WS_OK);
    assert_int_equal(ws_log_make(site.log, &site.signer, &err), WS_OK);
    ws_buffer_init(&text, NULL, 1 << 16);
    list(&site, &site.issuer, "minute=100000 day=100000 bytes=1000000000", &text);
    list(&site, &site.modest, "minute=3", &text);
    assert_int_equal(
        ws_issuer_list_read(ws_buffer_bytes(&text), "issuers", &site.arena, &site.issuers, &err),
        WS_OK);
    ws_buffer_release(&text);
    start(&site);
    *state = &site;
    return 0;
}

static int close_site(void **state)
{
    struct site *site = *state;
    const int status = end(site, SIGTERM);
    ws_issuer_list_close(&site->issuers);
    ws_note_signer_close(&site->signer);
    ws_note_signer_close(&site->issuer);
    ws_note_signer_close(&site->modest);
    ws_note_signer_close(&site->stranger);
    ws_arena_release(&site->arena);
    remove_place(&site->place);
    return status; /* 0: it ended in order */
}

/* Asking --------------------------------------------------------------------------------------- */

/* -1 where nobody listens. */
static int try_to_connect(unsigned port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection >= 0 && connect(connection, (const struct sockaddr *)&at, sizeof at) != 0) {
        (void)close(connection);
        connection = -1;
    }
    return connection;
}

static int connect_to(unsigned port)
{
    int connection = try_to_connect(port);
    assert_true(connection >= 0);
    return connection;
}

static bool say(int connection, const void *bytes, size_t size)
{
    for (const char *next = bytes; size > 0;) {
        ssize_t sent = send(connection, next, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* All until the server closes; the status it has, 0 for none. */
static unsigned hear(int connection, char *reply)
{
    size_t size = 0;
    for (ssize_t got; size < REPLY_SIZE - 1; size += (size_t)got) {
        got = recv(connection, reply + size, REPLY_SIZE - 1 - size, 0);
        if (got <= 0)
            break;
    }
    reply[size] = '\0';
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(reply + 9, NULL, 10) : 0;
}

/* 0 where nobody listens any more: threads may ask, in which nothing can be asserted. */
static unsigned ask_with(unsigned port, const char *head, struct ws_bytes body, char *reply)
{
    int connection = try_to_connect(port);
    if (connection < 0)
        return 0;
    (void)say(connection, head, strlen(head));
    (void)say(connection, body.data, body.size);
    unsigned status = hear(connection, reply);
    (void)close(connection);
    return status;
}

static unsigned get(struct site *site, const char *target)
{
    char head[512];
    (void)snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                   target);
    return ask_with(site->port, head, (struct ws_bytes){0}, site->reply);
}

static const char *body_of(const char *reply)
{
    const char *end_of_head = strstr(reply, "\r\n\r\n");
    assert_non_null(end_of_head);
    return end_of_head + 4;
}

static unsigned post(unsigned port, struct ws_bytes body, char *reply)
{
    char head[256];
    (void)snprintf(head, sizeof head,
                   "POST /add HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n"
                   "\r\n",
                   body.size);
    return ask_with(port, head, body, reply);
}

static unsigned add(struct site *site, struct ws_bytes body)
{
    return post(site->port, body, site->reply);
}

/* A statement that nobody else makes, signed. */
static struct ws_bytes statement_of(const struct ws_note_signer *signer, unsigned number,
                                    struct ws_arena *arena)
{
    struct ws_statement_subject shard = {.name = "shard"};
    struct ws_statement statement = {.kind = WS_STATEMENT_ARCHIVE,
                                     .subjects = &shard,
                                     .subject_count = 1,
                                     .archive = {"crawl", "2026-01-01T00:00:00Z",
                                                 "2026-01-02T00:00:00Z", number + 1, "crawl", NULL,
                                                 NULL}};
    struct ws_buffer text, envelope;
    struct ws_error err = {.message = ""};
    ws_buffer_init(&text, NULL, WS_ENVELOPE_LIMIT);
    ws_buffer_init(&envelope, NULL, WS_ENVELOPE_LIMIT);
    assert_int_equal(ws_statement_append(&text, &statement, 1, &err), WS_OK);
    assert_int_equal(ws_envelope_append(&envelope, WS_STATEMENT_PAYLOAD_TYPE,
                                        ws_buffer_bytes(&text), signer, arena, &err),
                     WS_OK);
    struct ws_bytes bytes = {ws_arena_copy(arena, envelope.data, envelope.size), envelope.size};
    ws_buffer_release(&text);
    ws_buffer_release(&envelope);
    assert_non_null(bytes.data);
    return bytes;
}

/* Waits until the last checkpoint covers so many entries. */
static void wait_for_size(struct site *site, unsigned size)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "example.com/log\n%u\n", size);
    while (get(site, "/checkpoint") != 200 || !strstr(site->reply, wanted))
        (void)nanosleep(&moment, NULL);
}

static void assert_entry(struct site *site, uint64_t size, uint64_t index, struct ws_bytes wanted)
{
    struct ws_log_reader *reader = WS_ARENA_NEW(&site->arena, struct ws_log_reader, 1);
    struct ws_bytes entry;
    struct ws_error err = {.message = ""};
    assert_non_null(reader);
    ws_log_reader_init(reader, site->log, size);
    assert_int_equal(ws_log_reader_entry(reader, index, &site->arena, &entry, &err), WS_OK);
    assert_int_equal(entry.size, wanted.size);
    assert_memory_equal(entry.data, wanted.data, wanted.size);
}

/* Tests ---------------------------------------------------------------------------------------- */

static void files__are_those_of_a_log_and_no_others(void **state)
{
    struct site *site = *state;
    static const char *const none[] = {
        "/",
        "/journal",
        "/lock",
        "/log/checkpoint",
        "/tile/journal",
        "/tile/../journal",
        "/tile/0/../../journal",
        "/tile/%2e%2e/journal",
        "/tile/0/000.p/..%2f..%2f..%2fjournal",
        "/tile/0/..%2f..%2fjournal",
        "/..%2flog%2fjournal",
        "/checkpoints/..%2fjournal",
        "/checkpoints/%2e%2e/journal",
        "/checkpoints/",
        "/checkpoints/0",
        "/checkpoints/003.p/1",
        "/checkpoints/.next",
        "/checkpoints/000.next.next",
        "/checkpoints/0.next",
        "/checkpoints/..%2fjournal.next",
        "/checkpoint%00",
        "/checkpoint/",
        "//checkpoint",
        "/tile",
        "/tile/0",
        "/tile/0/0",
        "/tile/00/000.p/3",
        "/tile/64/000",
        "/tile/0/000.p/256",
        "/tile/0/000.p/0",
        "/tile/0/000.p/03",
        "/tile/0/x000/000",
        "/tile/entries/000.p",
        "/tile/0/000.p/3/x",
        "/tile/0/001", /* not yet */
    };
    static const char *const kept[][3] = {
        {"/tile/0/000.p/3", "application/octet-stream", "max-age=31536000, immutable\r\n"},
        {"/tile/entries/000.p/3", "application/octet-stream", "max-age=31536000, immutable\r\n"},
        /* Cosignatures may still join them. */
        {"/checkpoints/003", "text/plain; charset=utf-8", "max-age=1\r\n"},
        {"/checkpoints/000", "text/plain; charset=utf-8", "max-age=1\r\n"},
        {"/checkpoints/000.next", "text/plain; charset=utf-8", "max-age=1\r\n"},
    };
    /* Together, so that one checkpoint covers them is not promised: it is waited for. */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(add(site, statement_of(&site->issuer, i, &site->arena)), 200);
    wait_for_size(site, 3);
    assert_non_null(strstr(site->reply, "Cache-Control: public, max-age=1\r\n"));
    assert_non_null(strstr(site->reply, "Access-Control-Allow-Origin: *\r\n"));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        assert_int_equal(get(site, kept[i][0]), 200);
        assert_non_null(strstr(site->reply, kept[i][1]));
        assert_non_null(strstr(site->reply, kept[i][2]));
    }
    assert_int_equal(get(site, "/vkey"), 200);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        const unsigned status = get(site, none[i]);
        if (status != 404 && status != 400)
            fail_msg("'%s': %u", none[i], status);
        assert_null(strstr(site->reply, "WSJOURN1"));
        assert_null(strstr(site->reply, "immutable"));
    }
}

static void entries__get_the_index_under_which_they_are_found(void **state)
{
    struct site *site = *state;
    for (unsigned i = 0; i < 300; i += 100) {
        struct ws_bytes entry = statement_of(&site->issuer, i, &site->arena);
        assert_int_equal(add(site, entry), 200);
        const uint64_t index = strtoull(body_of(site->reply), NULL, 10);
        assert_int_equal(index, i / 100);
        wait_for_size(site, (unsigned)index + 1);
        assert_entry(site, index + 1, index, entry);
    }
}

struct adder {
    pthread_t thread;
    const struct site *site;
    unsigned number;
    struct ws_arena arena;
    struct ws_bytes entries[ADDED_BY_EACH];
    uint64_t indices[ADDED_BY_EACH];
    char *reply;
    atomic_size_t acknowledged;
};

static void *add_many(void *adder_)
{
    struct adder *adder = adder_;
    for (unsigned i = 0; i < ADDED_BY_EACH; i++) {
        if (post(adder->site->port, adder->entries[i], adder->reply) != 200)
            return NULL;
        adder->indices[i] = strtoull(body_of(adder->reply), NULL, 10);
        atomic_store(&adder->acknowledged, i + 1);
    }
    return NULL;
}

/* In each round others than in those before it. */
static void start_adders(struct site *site, unsigned round, struct adder adders[ADDERS])
{
    for (unsigned i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){.site = site, .number = round * ADDERS + i};
        ws_arena_init(&adders[i].arena, NULL);
        adders[i].reply = malloc(REPLY_SIZE);
        assert_non_null(adders[i].reply);
        for (unsigned e = 0; e < ADDED_BY_EACH; e++)
            adders[i].entries[e] =
                statement_of(&site->issuer, adders[i].number * ADDED_BY_EACH + e, &adders[i].arena);
    }
    for (unsigned i = 0; i < ADDERS; i++)
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_many, &adders[i]), 0);
}

static void end_adders(struct adder adders[ADDERS])
{
    for (unsigned i = 0; i < ADDERS; i++) {
        (void)pthread_join(adders[i].thread, NULL);
        free(adders[i].reply);
    }
}

/* Each acknowledged entry is where it was said to be, and is there alone: of all rounds. */
static void assert_acknowledged(struct site *site, struct adder *adders, size_t count,
                                uint64_t size)
{
    bool *seen = calloc(size + 1, sizeof *seen);
    assert_non_null(seen);
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < adders[i].acknowledged; e++) {
            const uint64_t index = adders[i].indices[e];
            assert_true(index < size);
            assert_false(seen[index]);
            seen[index] = true;
            assert_entry(site, size, index, adders[i].entries[e]);
        }
        ws_arena_release(&adders[i].arena);
    }
    free(seen);
}

static void adding__side_by_side_loses_nothing(void **state)
{
    struct site *site = *state;
    struct adder adders[ADDERS];
    start_adders(site, 0, adders);
    end_adders(adders);
    for (unsigned i = 0; i < ADDERS; i++)
        assert_int_equal(adders[i].acknowledged, ADDED_BY_EACH);
    wait_for_size(site, ADDERS * ADDED_BY_EACH);
    assert_acknowledged(site, adders, ADDERS, ADDERS * ADDED_BY_EACH);
}

static size_t acknowledged_to(const struct adder *adders, size_t count)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += atomic_load(&adders[i].acknowledged);
    return all;
}

/* Something is acknowledged, however slow the machine is, or the site is dead. */
static void wait_for_adders(const struct site *site, const struct adder adders[ADDERS])
{
    const struct timespec moment = {.tv_nsec = 1000000};
    int how;
    while (acknowledged_to(adders, ADDERS) == 0 && waitpid(site->process, &how, WNOHANG) == 0)
        (void)nanosleep(&moment, NULL);
}

/* What readers see, between two lives of the site. */
static struct ws_checkpoint served(struct site *site)
{
    const char *path = ws_arena_format(&site->arena, "%s/checkpoint", site->log);
    struct ws_bytes bytes;
    struct ws_note note;
    struct ws_checkpoint checkpoint;
    assert_int_equal(ws_file_read(path, WS_NOTE_LIMIT, &site->arena, &bytes, NULL), WS_OK);
    assert_int_equal(ws_note_read(bytes, &site->arena, &note, NULL), WS_OK);
    assert_int_equal(ws_checkpoint_read(note.text, &site->arena, &checkpoint, NULL), WS_OK);
    return checkpoint;
}

/* It is the beginning of the log of `size` entries. */
static void assert_beginning(struct site *site, const struct ws_checkpoint *checkpoint,
                             uint64_t size)
{
    struct ws_log_reader *reader = WS_ARENA_NEW(&site->arena, struct ws_log_reader, 1);
    struct ws_hash root;
    assert_non_null(reader);
    assert_true(checkpoint->size <= size);
    ws_log_reader_init(reader, site->log, size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(reader);
    assert_int_equal(ws_merkle_root(&nodes, checkpoint->size, &root, NULL), WS_OK);
    assert_true(ws_hash_equal(&root, &checkpoint->root));
}

static void name_damage(void *user, const char *file, const char *message)
{
    (void)user;
    (void)fprintf(stderr, "%s: %s\n", file, message);
}

static void assert_sound(struct site *site, uint64_t *size)
{
    struct ws_log_health health;
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_log_fsck(site->log, name_damage, NULL, &site->arena, &health, &err), WS_OK);
    assert_int_equal(health.damages, 0);
    assert_int_equal(health.waiting, 0);
    *size = health.size;
}

/* The threads that keep what comes together and that publish die at any moment, and the next life
 * goes on. Every other life is long enough for an entry. */
static void what_was_acknowledged__survives_kills(void **state)
{
    struct site *site = *state;
    struct adder *adders = calloc(kills * ADDERS, sizeof *adders);
    struct ws_checkpoint *seen = calloc(kills, sizeof *seen);
    uint64_t random = 8, size;
    assert_true(adders && seen);
    for (unsigned i = 0; i < kills; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const struct timespec moment = {.tv_nsec = (long)(random >> 33) % LONGEST};
        start_adders(site, i, &adders[(size_t)i * ADDERS]);
        if (i % 2 == 0)
            wait_for_adders(site, &adders[(size_t)i * ADDERS]);
        (void)nanosleep(&moment, NULL);
        assert_int_equal(end(site, SIGKILL), SIGKILL);
        end_adders(&adders[(size_t)i * ADDERS]);
        seen[i] = served(site);
        start(site);
    }
    assert_int_equal(end(site, SIGTERM), 0); /* it published what was kept */
    assert_sound(site, &size);
    for (size_t i = 0; i < kills; i++)
        assert_beginning(site, &seen[i], size);
    const size_t acknowledged = acknowledged_to(adders, (size_t)kills * ADDERS);
    assert_true(acknowledged > 0 && size >= acknowledged);
    assert_acknowledged(site, adders, (size_t)kills * ADDERS, size);
    free(adders);
    free(seen);
    start(site);
}

static void refusals__have_their_numbers_and_are_counted(void **state)
{
    struct site *site = *state;
    struct ws_bytes good = statement_of(&site->issuer, 0, &site->arena);
    struct ws_bytes bad = statement_of(&site->issuer, 1, &site->arena);
    char *forged = ws_arena_text_of(&site->arena, bad.data, bad.size);
    char *other = strstr(forged, "\"sig\":\"") + strlen("\"sig\":\"");
    *other = *other == 'A' ? 'B' : 'A';
    struct ws_buffer typed;
    ws_buffer_init(&typed, NULL, WS_ENVELOPE_LIMIT);
    assert_int_equal(ws_envelope_append(&typed, "text/plain", ws_bytes_of_text("words"),
                                        &site->issuer, &site->arena, NULL),
                     WS_OK);
    assert_int_equal(add(site, (struct ws_bytes){0}), 400);
    assert_int_equal(add(site, ws_bytes_of_text("{}")), 400);
    assert_int_equal(add(site, ws_bytes_of_text("\xff\xfe{")), 400);
    assert_int_equal(add(site, ws_buffer_bytes(&typed)), 400);
    assert_non_null(strstr(site->reply, "text/plain"));
    assert_int_equal(add(site, ws_bytes_of_text(forged)), 403);
    assert_int_equal(add(site, statement_of(&site->stranger, 2, &site->arena)), 403);
    assert_non_null(strstr(site->reply, "'stranger+"));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(add(site, statement_of(&site->modest, 10 + i, &site->arena)), 200);
    assert_int_equal(add(site, statement_of(&site->modest, 13, &site->arena)), 429);
    assert_non_null(strstr(site->reply, "Retry-After: "));
    assert_int_equal(add(site, good), 200); /* who has a quota of his own */
    assert_int_equal(get(site, "/metrics"), 200);
    static const char *const lines[] = {
        "wellspring_log_refused_total{reason=\"malformed\"} 4\n",
        "wellspring_log_refused_total{reason=\"signature\"} 1\n",
        "wellspring_log_refused_total{reason=\"stranger\"} 1\n",
        "wellspring_log_refused_total{reason=\"quota\"} 1\n",
        "wellspring_log_refused_total{reason=\"disk\"} 0\n",
        "wellspring_log_added_total 4\n",
        "wellspring_log_cosignatures 0\n",
        "wellspring_log_checkpoint_age_seconds ",
        "wellspring_log_disk_free_bytes ",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(site->reply, lines[i]))
            fail_msg("no %s in %s", lines[i], site->reply);
    ws_buffer_release(&typed);
}

static void bodies__of_too_many_bytes_are_refused(void **state)
{
    struct site *site = *state;
    enum { MUCH = 70000 };
    static const char chunked[] = "POST /add HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n";
    char *bytes = ws_arena_alloc(&site->arena, 1, MUCH + 32);
    assert_non_null(bytes);
    memset(bytes, 'x', MUCH + 32);
    assert_int_equal(add(site, ws_bytes_of(bytes, MUCH)), 413);
    const int head = snprintf(bytes, 16, "%x\r\n", MUCH);
    assert_true(head > 0);
    bytes[head] = 'x';
    memcpy(bytes + head + MUCH, "\r\n0\r\n\r\n", 7);
    assert_int_equal(
        ask_with(site->port, chunked, ws_bytes_of(bytes, (size_t)head + MUCH + 7), site->reply),
        413);
    /* Without end: it is cut off. */
    int connection = connect_to(site->port);
    assert_true(say(connection, chunked, strlen(chunked)));
    bool cut = false;
    for (size_t i = 0; i < 1000 && !cut; i++)
        cut = !say(connection, bytes, (size_t)head + MUCH + 2);
    (void)close(connection);
    assert_true(cut);
    assert_int_equal(add(site, statement_of(&site->issuer, 0, &site->arena)), 200);
    assert_int_equal(get(site, "/metrics"), 200);
    assert_non_null(strstr(site->reply, "refused_total{reason=\"too_long\"} 3\n"));
}

static void requests__that_are_none_harm_nobody(void **state)
{
    struct site *site = *state;
    static const char *const wrong[] = {
        "\r\n\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "nonsense nonsense nonsense\r\n\r\n",
        "GET /checkpoint HTTP/1.1\r\nConnection: close\r\n\r\n", /* no host */
        "POST /add HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST /add HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /add HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /checkpoint HTTP/1.1\r\nHost h\r\nConnection: close\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const unsigned status = ask_with(site->port, wrong[i], (struct ws_bytes){0}, site->reply);
        if (status != 0 && (status < 400 || status >= 600))
            fail_msg("'%s': %u", wrong[i], status);
    }
    /* A header without end. */
    int connection = connect_to(site->port);
    bool cut = !say(connection, "GET / HTTP/1.1\r\nX: ", 19);
    char *bytes = ws_arena_alloc(&site->arena, 1, 1 << 16);
    assert_non_null(bytes);
    memset(bytes, 'x', 1 << 16);
    for (size_t i = 0; i < 1000 && !cut; i++)
        cut = !say(connection, bytes, 1 << 16);
    (void)close(connection);
    assert_true(cut);
    assert_int_equal(get(site, "/checkpoint"), 200);
    assert_int_equal(ask_with(site->port,
                              "PUT /checkpoint HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                              (struct ws_bytes){0}, site->reply),
                     405);
}

/* Who says a byte now and then is cut off all the same. */
static void slow_clients__are_cut_off(void **state)
{
    struct site *site = *state;
    const struct timespec moment = {.tv_nsec = 100000000};
    int connection = connect_to(site->port);
    bool cut = false;
    static const char head[] = "POST /add HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n";
    assert_true(say(connection, head, strlen(head)));
    for (size_t i = 0; i < 600 && !cut; i++) {
        cut = !say(connection, "x", 1);
        (void)nanosleep(&moment, NULL);
    }
    (void)close(connection);
    assert_true(cut);
}

static void ten_thousand_connections__hold_up_nobody(void **state)
{
    struct site *site = *state;
    struct rlimit files;
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)site->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static int crowd[CROWD];
    size_t count = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_max < CROWD + 100) {
        print_message("skipped: no more than %ju descriptors here\n", (uintmax_t)files.rlim_max);
        skip();
    }
    for (; count < CROWD; count++) {
        crowd[count] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(crowd[count] >= 0);
        (void)connect(crowd[count], (const struct sockaddr *)&at, sizeof at);
        if (count % 3 == 0)
            (void)send(crowd[count], "GET /che", 8, MSG_NOSIGNAL);
    }
    const struct timespec moment = {.tv_nsec = 100000000};
    while (get(site, "/checkpoint") != 200)
        (void)nanosleep(&moment, NULL);
    while (add(site, statement_of(&site->issuer, 0, &site->arena)) != 200)
        (void)nanosleep(&moment, NULL);
    for (size_t i = 0; i < count; i++)
        (void)close(crowd[i]);
}

static void a_full_disk__refuses_what_comes_and_loses_nothing(void **state)
{
    struct site *site = *state;
    struct ws_bytes first = statement_of(&site->issuer, 0, &site->arena);
    struct ws_bytes last = statement_of(&site->issuer, 1, &site->arena);
    struct rlimit full = {.rlim_cur = 64, .rlim_max = RLIM_INFINITY}, before;
    assert_int_equal(add(site, first), 200);
    wait_for_size(site, 1);
    assert_int_equal(prlimit(site->process, RLIMIT_FSIZE, &full, &before), 0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(add(site, statement_of(&site->issuer, 10 + i, &site->arena)), 507);
    assert_int_equal(get(site, "/tile/entries/000.p/1"), 200);
    assert_int_equal(get(site, "/metrics"), 200);
    assert_non_null(strstr(site->reply, "refused_total{reason=\"disk\"} 5\n"));
    assert_int_equal(prlimit(site->process, RLIMIT_FSIZE, &before, NULL), 0);
    assert_int_equal(add(site, last), 200);
    assert_string_equal(body_of(site->reply), "1\n");
    wait_for_size(site, 2);
    assert_entry(site, 2, 0, first);
    assert_entry(site, 2, 1, last);
}

/* A bundle of two entries does not fit any more, a journal of one does: what was kept is published
 * when there is room again. */
static void a_disk_that_fills_up_before_a_checkpoint__delays_it(void **state)
{
    struct site *site = *state;
    struct ws_bytes first = statement_of(&site->issuer, 0, &site->arena);
    struct ws_bytes second = statement_of(&site->issuer, 1, &site->arena);
    struct rlimit full = {.rlim_cur = first.size + 200, .rlim_max = RLIM_INFINITY}, before;
    const struct timespec moment = {.tv_nsec = 10000000};
    assert_true(first.size > 200);
    assert_int_equal(add(site, first), 200);
    wait_for_size(site, 1);
    assert_int_equal(prlimit(site->process, RLIMIT_FSIZE, &full, &before), 0);
    while (add(site, second) != 200) /* the new journal is begun behind the checkpoint */
        (void)nanosleep(&moment, NULL);
    assert_string_equal(body_of(site->reply), "1\n");
    do {
        assert_int_equal(get(site, "/metrics"), 200);
        (void)nanosleep(&moment, NULL);
    } while (strstr(site->reply, "publish_failures_total 0\n"));
    assert_non_null(strstr(site->reply, "wellspring_log_size 1\n"));
    assert_non_null(strstr(site->reply, "wellspring_log_waiting 1\n"));
    assert_int_equal(prlimit(site->process, RLIMIT_FSIZE, &before, NULL), 0);
    wait_for_size(site, 2);
    assert_entry(site, 2, 0, first);
    assert_entry(site, 2, 1, second);
}

static void a_site__that_ends_answers_whoever_waits(void **state)
{
    struct site *site = *state;
    struct adder adders[ADDERS];
    const struct timespec moment = {.tv_nsec = 100000000};
    struct ws_log_store store;
    start_adders(site, 0, adders);
    (void)nanosleep(&moment, NULL);
    assert_int_equal(end(site, SIGTERM), 0);
    end_adders(adders);
    assert_int_equal(ws_log_open(site->log, NULL, &store, NULL), WS_OK);
    assert_int_equal(store.count, store.size); /* it published all */
    const uint64_t size = store.size;
    ws_log_close(&store);
    assert_acknowledged(site, adders, ADDERS, size);
    start(site);
}

/* Reads what witnesses are named in. */
static void trust_a_witness(struct site *site)
{
    struct ws_note_signer witness;
    struct ws_note_key log, key;
    struct ws_buffer text;
    assert_int_equal(
        ws_note_signer_make("witness", WS_KEY_COSIGNATURE, &site->arena, &witness, NULL), WS_OK);
    assert_int_equal(ws_note_signer_key(&site->signer, &log, NULL), WS_OK);
    assert_int_equal(ws_note_signer_key(&witness, &key, NULL), WS_OK);
    ws_buffer_init(&text, NULL, 1 << 16);
    ws_buffer_text(&text, "log ");
    ws_note_key_append(&text, &log);
    ws_buffer_text(&text, "\nwitness w ");
    ws_note_key_append(&text, &key);
    ws_buffer_text(&text, " http://witness\nquorum w\n");
    assert_int_equal(
        ws_trust_read(ws_buffer_bytes(&text), "policy", &site->arena, &site->trust, NULL), WS_OK);
    ws_buffer_release(&text);
    ws_note_key_close(&log);
    ws_note_key_close(&key);
    ws_note_signer_close(&witness);
}

static void adding__waits_for_no_witness(void **state)
{
    struct site *site = *state;
    struct ws_log_store store;
    char byte;
    assert_int_equal(end(site, SIGTERM), 0);
    trust_a_witness(site);
    site->has_witness = true;
    assert_int_equal(pipe(site->asked), 0);
    assert_int_equal(pipe(site->silence), 0);
    start(site);
    assert_int_equal(read(site->asked[0], &byte, 1), 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(add(site, statement_of(&site->issuer, i, &site->arena)), 200);
    (void)close(site->silence[1]); /* now it fails, and so does the checkpoint */
    assert_int_equal(end(site, SIGTERM), 0);
    assert_int_equal(ws_log_open(site->log, NULL, &store, NULL), WS_OK);
    assert_int_equal(store.count, 3);
    assert_int_equal(store.size, 0);
    ws_log_close(&store);
    (void)close(site->silence[0]);
    (void)close(site->asked[0]);
    (void)close(site->asked[1]);
    ws_trust_close(&site->trust);
    site->has_witness = false;
    start(site);
}

#define WITH_A_SITE(test) cmocka_unit_test_setup_teardown(test, open_site, close_site)

/* Of many kills alone, where their number is given. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_A_SITE(files__are_those_of_a_log_and_no_others),
        WITH_A_SITE(entries__get_the_index_under_which_they_are_found),
        WITH_A_SITE(adding__side_by_side_loses_nothing),
        WITH_A_SITE(what_was_acknowledged__survives_kills),
        WITH_A_SITE(refusals__have_their_numbers_and_are_counted),
        WITH_A_SITE(bodies__of_too_many_bytes_are_refused),
        WITH_A_SITE(requests__that_are_none_harm_nobody),
        WITH_A_SITE(slow_clients__are_cut_off),
        WITH_A_SITE(ten_thousand_connections__hold_up_nobody),
        WITH_A_SITE(a_full_disk__refuses_what_comes_and_loses_nothing),
        WITH_A_SITE(a_disk_that_fills_up_before_a_checkpoint__delays_it),
        WITH_A_SITE(a_site__that_ends_answers_whoever_waits),
        WITH_A_SITE(adding__waits_for_no_witness),
    };
    const struct CMUnitTest many[] = {WITH_A_SITE(what_was_acknowledged__survives_kills)};
    uint64_t given;
    if (argc < 2)
        return cmocka_run_group_tests(tests, NULL, NULL);
    if (!ws_whole_parse(argv[1], &given) || given == 0 || given > KILLS_MOST)
        return 2;
    kills = (unsigned)given;
    return cmocka_run_group_tests(many, NULL, NULL);
}
