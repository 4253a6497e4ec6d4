/*
 * Witnesses over HTTP, asked as a log asks them: cosignatures come back, silence has a limit, and
 * what was refused is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ledger/witness_http.h"
#include "server/witness_site.h"
#include "support/made_witnesses.h"

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct made_log log;
    struct made_witnesses witnesses;
    struct ws_witness_site *sites[MADE_WITNESSES];
    struct ws_trust trust;
    struct ws_witness_outcomes outcomes;
};

static int open_stand(void **state)
{
    static struct stand stand;
    const struct ws_http_settings settings = {
        .address = "127.0.0.1", .connections = 16, .patience = 10};
    stand = (struct stand){.outcomes.count = 0};
    ws_arena_init(&stand.arena, NULL);
    stand.log = make_log("log.example", &stand.arena);
    make_witnesses(&stand.log.signer, &stand.witnesses);
    const char *policy =
        ws_arena_format(&stand.arena, "log %s\n", print_key(&stand.log.signer, &stand.arena));
    for (size_t i = 0; i < MADE_WITNESSES; i++) {
        struct made_witness *it = &stand.witnesses.items[i];
        if (ws_witness_site_start(&it->witness, &settings, &stand.sites[i], &stand.err) != WS_OK)
            fail_msg("%s", stand.err.message);
        policy = ws_arena_format(&stand.arena, "%switness w%zu %s http://127.0.0.1:%u\n", policy, i,
                                 print_key(&it->signer, &stand.arena),
                                 ws_witness_site_port(stand.sites[i]));
    }
    policy = ws_arena_format(&stand.arena, "%squorum none\n", policy);
    assert_int_equal(
        ws_trust_read(ws_bytes_of_text(policy), "policy", &stand.arena, &stand.trust, &stand.err),
        WS_OK);
    *state = &stand;
    return 0;
}

static void stop(struct stand *stand, size_t witness)
{
    if (stand->sites[witness])
        ws_witness_site_stop(stand->sites[witness]);
    stand->sites[witness] = NULL;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        stop(stand, i);
    ws_trust_close(&stand->trust);
    remove_witnesses(&stand->witnesses);
    ws_note_signer_close(&stand->log.signer);
    ws_arena_release(&stand->arena);
    return 0;
}

static void gather(struct stand *stand, uint64_t old, uint64_t size,
                   const struct ws_http_limits *limits)
{
    const struct ws_merkle_nodes nodes = made_nodes(&stand->log);
    const struct ws_witness_transport transport = ws_witness_over_http(limits);
    struct ws_bytes note = made_checkpoint(&stand->log, size, &stand->arena);
    if (ws_witness_gather(&stand->trust, note, old, &nodes, &transport, &stand->arena,
                          &stand->outcomes, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
}

static void assert_result(const struct stand *stand, size_t witness, enum ws_witness_result result)
{
    const struct ws_witness_outcome *outcome = &stand->outcomes.items[witness];
    if (outcome->result != result)
        fail_msg("%zu: %s", witness, outcome->message);
}

static void site__cosigns_what_is_posted(void **state)
{
    struct stand *stand = *state;
    gather(stand, 0, 3, &ws_witness_patience);
    gather(stand, 0, 9, &ws_witness_patience); /* each names 3 first */
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        assert_result(stand, i, WS_WITNESS_GAVE_COSIGNED);
    gather(stand, 2, 2, &ws_witness_patience);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        assert_result(stand, i, WS_WITNESS_GAVE_AHEAD);
}

/* One is gone, and one takes what is said and never answers. */
static void site__that_is_silent_is_not_waited_for_long(void **state)
{
    struct stand *stand = *state;
    const struct ws_http_limits short_ones = {.seconds = 5, .bytes = 1000};
    unsigned port = ws_witness_site_port(stand->sites[1]);
    stop(stand, 0);
    stop(stand, 1);
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(setsockopt(silent, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(silent, (const struct sockaddr *)(const void *)&at, sizeof at), 0);
    assert_int_equal(listen(silent, 4), 0);
    gather(stand, 0, 3, &short_ones);
    assert_result(stand, 0, WS_WITNESS_GAVE_UNREACHED);
    assert_result(stand, 1, WS_WITNESS_GAVE_UNREACHED);
    assert_result(stand, 2, WS_WITNESS_GAVE_COSIGNED);
    assert_int_equal(close(silent), 0);
}

static struct ws_http_reply get(struct stand *stand, size_t witness, const char *path)
{
    struct ws_http_client *client;
    struct ws_http_reply reply;
    const char *url = ws_arena_format(&stand->arena, "http://127.0.0.1:%u%s",
                                      ws_witness_site_port(stand->sites[witness]), path);
    assert_int_equal(ws_http_client_open(&ws_witness_patience, &client, &stand->err), WS_OK);
    if (ws_http_get(client, url, &stand->arena, &reply, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
    ws_http_client_close(client);
    return reply;
}

static void assert_has(struct stand *stand, struct ws_http_reply reply, const char *words)
{
    assert_int_equal(reply.status, 200);
    const char *text = ws_arena_text_of(&stand->arena, reply.body.data, reply.body.size);
    if (!strstr(text, words))
        fail_msg("wanted '%s' in\n%s", words, text);
}

static void site__counts_what_it_answered(void **state)
{
    struct stand *stand = *state;
    gather(stand, 0, 3, &ws_witness_patience);
    gather(stand, 2, 2, &ws_witness_patience);
    stand->log.forks_at = 1;
    gather(stand, 3, 3, &ws_witness_patience);
    struct ws_http_reply reply = get(stand, 0, "/metrics");
    static const char *const lines[] = {
        "wellspring_witness_answers_total{verdict=\"cosigned\"} 1\n",
        "wellspring_witness_answers_total{verdict=\"other_size\"} 1\n",
        "wellspring_witness_answers_total{verdict=\"other_root\"} 1\n",
        "wellspring_witness_answers_total{verdict=\"malformed\"} 0\n",
        "wellspring_witness_failures_total 0\n",
        "wellspring_witness_log_size{origin=\"log.example\"} 3\n",
        "wellspring_witness_log_cosigned_seconds{origin=\"log.example\"} 1000\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_has(stand, reply, lines[i]);
    assert_string_equal(reply.type, "text/plain; version=0.0.4; charset=utf-8");
    assert_has(stand, get(stand, 1, "/vkey"),
               print_key(&stand->witnesses.items[1].signer, &stand->arena));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stand, close_stand)
    const struct CMUnitTest tests[] = {
        TEST(site__cosigns_what_is_posted),
        TEST(site__that_is_silent_is_not_waited_for_long),
        TEST(site__counts_what_it_answered),
    };
    (void)unsetenv("http_proxy"); /* the witnesses are here */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
