/*
 * Pins: what a client takes for the continuation of what it saw, what it refuses, what it keeps of
 * that, and clients beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ledger/pin.h"
#include "support/failing_heap.h"
#include "support/made_parties.h"
#include "support/place.h"

enum { NOW = 1000000, MAX_AGE = 1000 };

struct client {
    struct made_parties made;
    struct made_tree tree;
    struct place place;
    struct ws_merkle_nodes nodes; /* of what the client is given tiles of */
    struct ws_pin_book book;
    struct ws_pin_result result;
};

static void open_client(struct client *client)
{
    *client = (struct client){.tree.size = 0};
    made_parties_begin(&client->made);
    made_parties_trust(&client->made, "group g 2 w0 w1 w2\nquorum g\n", "");
    made_tree_grow(&client->tree, MADE_ENTRIES, "entry", &client->made);
    new_place(&client->place);
    client->nodes = (struct ws_merkle_nodes){made_tree_node, &client->tree};
    client->book = (struct ws_pin_book){client->place.path, &client->made.trust, MAX_AGE, NOW};
}

static void close_client(struct client *client)
{
    remove_place(&client->place);
    made_parties_close(&client->made);
}

static enum ws_status show(struct client *client, struct ws_bytes note)
{
    const struct ws_pin_prover prover = ws_pin_prover_of(&client->nodes);
    return ws_pin_accept(&client->book, note, &prover, &client->made.arena, &client->result,
                         &client->made.err);
}

/* Offers the first `size` entries of a tree, cosigned at `time`; the verdict. */
static enum ws_pin_verdict offer_tree(struct client *client, const struct made_tree *tree,
                                      uint64_t size, uint64_t time)
{
    const uint64_t times[MADE_WITNESSES] = {time, time};
    enum ws_status status = show(client, made_checkpoint(&client->made, tree, size, times));
    static const enum ws_status wanted[WS_PIN_VERDICTS] = {
        [WS_PIN_UNTRUSTED] = WS_CORRUPT, [WS_PIN_FORKED] = WS_CORRUPT,
        [WS_PIN_UNPROVEN] = WS_CORRUPT,  [WS_PIN_SMALLER] = WS_CONFLICT,
        [WS_PIN_STALE] = WS_CONFLICT,    [WS_PIN_AHEAD] = WS_CONFLICT,
    };
    assert_int_equal(status, wanted[client->result.verdict]);
    if (status != WS_OK)
        assert_non_null(strstr(client->made.err.message, ws_pin_text(client->result.verdict)));
    return client->result.verdict;
}

static enum ws_pin_verdict offer(struct client *client, uint64_t size, uint64_t time)
{
    return offer_tree(client, &client->tree, size, time);
}

static struct ws_trusted_checkpoint pinned(struct client *client)
{
    struct ws_trusted_checkpoint pin = {.time = 0};
    struct ws_bytes note;
    assert_int_equal(ws_pin_read(&client->book, "log.example", &client->made.arena, &note, &pin,
                                 &client->made.err),
                     WS_OK);
    return pin;
}

static void pin__follows_a_log_that_grows(void **state)
{
    (void)state;
    struct client client;
    struct ws_bytes note;
    struct ws_trusted_checkpoint pin;
    open_client(&client);
    assert_int_equal(
        ws_pin_read(&client.book, "log.example", &client.made.arena, &note, &pin, NULL),
        WS_NOT_FOUND);
    assert_int_equal(offer(&client, 0, NOW), WS_PIN_FIRST);
    assert_int_equal(offer(&client, 7, NOW), WS_PIN_GROWN);
    assert_int_equal(offer(&client, 7, NOW), WS_PIN_SAME);
    assert_int_equal(offer(&client, 64, NOW), WS_PIN_GROWN);
    assert_int_equal(pinned(&client).checkpoint.size, 64);
    close_client(&client);
}

/* Cosigned anew, the same tree is as fresh as that; an older signature of it changes nothing. */
static void pin__takes_the_freshest_date_of_a_tree(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    assert_int_equal(offer(&client, 9, NOW - 500), WS_PIN_FIRST);
    assert_int_equal(offer(&client, 9, NOW - 100), WS_PIN_SAME);
    assert_int_equal(pinned(&client).time, NOW - 100);
    assert_int_equal(offer(&client, 9, NOW - 300), WS_PIN_SAME);
    assert_int_equal(pinned(&client).time, NOW - 100);
    close_client(&client);
}

static void pin__refuses_to_go_back(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    assert_int_equal(offer(&client, 20, NOW), WS_PIN_FIRST);
    assert_int_equal(offer(&client, 19, NOW), WS_PIN_SMALLER);
    assert_int_equal(offer(&client, 0, NOW), WS_PIN_SMALLER);
    assert_null(client.result.evidence);
    assert_int_equal(pinned(&client).checkpoint.size, 20);
    close_client(&client);
}

/* Each file of the evidence is a checkpoint that the policy trusts, and they are two. */
static void assert_evidence(struct client *client)
{
    struct ws_names names = names_in(&client->made.arena, client->result.evidence);
    struct ws_trusted_checkpoint trusted[2];
    assert_int_equal(names.count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct ws_bytes note;
        assert_int_equal(
            ws_file_read(join(&client->made.arena, client->result.evidence, names.items[i]),
                         WS_NOTE_LIMIT, &client->made.arena, &note, NULL),
            WS_OK);
        assert_int_equal(
            ws_trust_check(&client->made.trust, note, &client->made.arena, &trusted[i], NULL),
            WS_OK);
    }
    assert_false(ws_hash_equal(&trusted[0].checkpoint.root, &trusted[1].checkpoint.root));
}

static void pin__keeps_both_sides_of_a_fork(void **state)
{
    (void)state;
    struct client client;
    struct made_tree other;
    open_client(&client);
    other = (struct made_tree){.size = 0};
    made_tree_grow(&other, MADE_ENTRIES, "another", &client.made);
    assert_int_equal(offer(&client, 20, NOW), WS_PIN_FIRST);
    struct ws_hash root = pinned(&client).checkpoint.root;
    for (int again = 0; again < 2; again++) {
        assert_int_equal(offer_tree(&client, &other, 20, NOW), WS_PIN_FORKED);
        assert_evidence(&client);
    }
    struct ws_trusted_checkpoint still = pinned(&client);
    assert_true(ws_hash_equal(&still.checkpoint.root, &root));
    close_client(&client);
}

static enum ws_status compare(struct client *client, const struct made_tree *tree, uint64_t size)
{
    const uint64_t times[MADE_WITNESSES] = {NOW - 2 * MAX_AGE, NOW - 2 * MAX_AGE};
    return ws_pin_compare(&client->book, made_checkpoint(&client->made, tree, size, times),
                          &client->made.arena, &client->result, &client->made.err);
}

/* Where no log proves anything: of the pin's size alone something is said. */
static void pin__is_compared_with_its_own_size(void **state)
{
    (void)state;
    struct client client;
    struct made_tree other = {.size = 0};
    open_client(&client);
    made_tree_grow(&other, MADE_ENTRIES, "another", &client.made);
    assert_int_equal(compare(&client, &client.tree, 20), WS_OK);
    assert_int_equal(client.result.verdict, WS_PIN_FIRST);
    assert_int_equal(compare(&client, &client.tree, 20), WS_OK);
    assert_int_equal(client.result.verdict, WS_PIN_SAME);
    static const uint64_t apart[] = {0, 19, 21};
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) {
        assert_int_equal(compare(&client, &other, apart[i]), WS_OK);
        assert_int_equal(client.result.verdict, WS_PIN_APART);
    }
    assert_int_equal(compare(&client, &other, 20), WS_CORRUPT);
    assert_int_equal(client.result.verdict, WS_PIN_FORKED);
    assert_evidence(&client);
    assert_int_equal(pinned(&client).checkpoint.size, 20);
    /* The log itself goes on from there. */
    assert_int_equal(offer(&client, 21, NOW), WS_PIN_GROWN);
    close_client(&client);
}

/* A longer history that is another one: neither the tiles of this nor those of that prove it. */
static void pin__refuses_what_nobody_proves(void **state)
{
    (void)state;
    struct client client;
    struct made_tree other;
    open_client(&client);
    other = (struct made_tree){.size = 0};
    made_tree_grow(&other, MADE_ENTRIES, "another", &client.made);
    assert_int_equal(offer(&client, 20, NOW), WS_PIN_FIRST);
    assert_int_equal(offer_tree(&client, &other, 21, NOW), WS_PIN_UNPROVEN);
    assert_evidence(&client);
    client.nodes.user = &other;
    assert_int_equal(offer_tree(&client, &other, 21, NOW), WS_PIN_UNPROVEN);
    assert_int_equal(offer(&client, 21, NOW), WS_PIN_UNPROVEN);
    client.nodes.user = &client.tree;
    assert_int_equal(offer(&client, 21, NOW), WS_PIN_GROWN);
    close_client(&client);
}

static void pin__refuses_what_is_stale(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    assert_int_equal(offer(&client, 5, NOW - MAX_AGE - 1), WS_PIN_STALE);
    assert_int_equal(offer(&client, 5, NOW - MAX_AGE), WS_PIN_FIRST);
    client.book.now++;
    assert_int_equal(offer(&client, 5, NOW - MAX_AGE), WS_PIN_STALE);
    assert_int_equal(offer(&client, 6, NOW - MAX_AGE), WS_PIN_STALE);
    client.book.max_age = 0;
    assert_int_equal(offer(&client, 6, NOW - MAX_AGE), WS_PIN_GROWN);
    close_client(&client);
}

/* Who remembers nothing is new each time: dates are what is left. */
static void pin__without_a_directory_refuses_what_is_stale(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    client.book.directory = NULL;
    assert_int_equal(offer(&client, 5, NOW - MAX_AGE), WS_PIN_FIRST);
    assert_int_equal(offer(&client, 4, NOW - MAX_AGE), WS_PIN_FIRST);
    assert_int_equal(offer(&client, 5, NOW - MAX_AGE - 1), WS_PIN_STALE);
    assert_int_equal(offer(&client, 5, NOW + WS_TRUST_SKEW + 1), WS_PIN_AHEAD);
    close_client(&client);
}

/* A clock that was set back would make old checkpoints look fresh. */
static void pin__refuses_when_the_clock_went_back(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    assert_int_equal(offer(&client, 5, NOW + WS_TRUST_SKEW + 1), WS_PIN_AHEAD);
    assert_int_equal(offer(&client, 5, NOW + WS_TRUST_SKEW), WS_PIN_FIRST);
    client.book.now -= 2;
    assert_int_equal(offer(&client, 6, NOW - 10), WS_PIN_AHEAD);
    client.book.now += 2;
    assert_int_equal(offer(&client, 6, NOW - 10), WS_PIN_GROWN);
    close_client(&client);
}

static void pin__trusts_nobody_beside_the_policy(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    const uint64_t one[MADE_WITNESSES] = {NOW}, other[MADE_WITNESSES] = {NOW, 0, 0, NOW};
    assert_int_equal(show(&client, made_checkpoint(&client.made, &client.tree, 5, one)),
                     WS_CORRUPT);
    assert_int_equal(client.result.verdict, WS_PIN_UNTRUSTED);
    assert_int_equal(show(&client, made_checkpoint(&client.made, &client.tree, 5, other)),
                     WS_CORRUPT);
    assert_int_equal(client.result.verdict, WS_PIN_UNTRUSTED);
    close_client(&client);
}

static enum ws_status prove_nothing(void *user, uint64_t old_size, uint64_t size,
                                    struct ws_merkle_proof *out, struct ws_error *err)
{
    (void)user, (void)old_size, (void)size, (void)out;
    return ws_fail(err, WS_IO, "no way to the log");
}

/* That a proof could not be had accuses nobody. */
static void pin__passes_on_why_there_is_no_proof(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    const struct ws_pin_prover prover = {prove_nothing, NULL};
    const uint64_t times[MADE_WITNESSES] = {NOW, NOW};
    assert_int_equal(offer(&client, 5, NOW), WS_PIN_FIRST);
    assert_int_equal(ws_pin_accept(&client.book,
                                   made_checkpoint(&client.made, &client.tree, 6, times), &prover,
                                   &client.made.arena, &client.result, &client.made.err),
                     WS_IO);
    assert_int_equal(client.result.verdict, WS_PIN_UNPROVEN);
    assert_null(client.result.evidence);
    assert_string_equal(client.made.err.message, "no way to the log");
    close_client(&client);
}

/* Another client pins 40 entries while this one fetches its proof. */
static enum ws_status prove_late(void *user, uint64_t old_size, uint64_t size,
                                 struct ws_merkle_proof *out, struct ws_error *err)
{
    struct client *client = user;
    if (old_size == 5)
        assert_int_equal(offer(client, 40, NOW), WS_PIN_GROWN);
    return ws_merkle_prove_consistency(&client->nodes, old_size, size, out, err);
}

static void pin__that_moved_meanwhile_is_judged_by_again(void **state)
{
    (void)state;
    struct client client;
    static const struct {
        uint64_t size;
        enum ws_pin_verdict verdict;
    } cases[] = {{30, WS_PIN_SMALLER}, {40, WS_PIN_SAME}, {50, WS_PIN_GROWN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_pin_result result;
        const uint64_t times[MADE_WITNESSES] = {NOW, NOW};
        open_client(&client);
        const struct ws_pin_prover prover = {prove_late, &client};
        assert_int_equal(offer(&client, 5, NOW), WS_PIN_FIRST);
        enum ws_status status = ws_pin_accept(
            &client.book, made_checkpoint(&client.made, &client.tree, cases[i].size, times),
            &prover, &client.made.arena, &result, &client.made.err);
        assert_int_equal(result.verdict, cases[i].verdict);
        assert_int_equal(status, i == 0 ? WS_CONFLICT : WS_OK);
        assert_int_equal(pinned(&client).checkpoint.size, i == 2 ? 50 : 40);
        close_client(&client);
    }
}

/* Processes that pin every size: each size is taken or smaller than the pin, and none is lost. */
static void pin__is_shared_by_processes(void **state)
{
    (void)state;
    enum { CLIENTS = 4 };
    struct client client;
    pid_t children[CLIENTS];
    open_client(&client);
    for (int c = 0; c < CLIENTS; c++) {
        children[c] = fork();
        assert_true(children[c] >= 0);
        if (children[c] == 0) {
            for (uint64_t size = 1; size <= MADE_ENTRIES; size++) {
                const uint64_t times[MADE_WITNESSES] = {NOW, NOW};
                enum ws_status status =
                    show(&client, made_checkpoint(&client.made, &client.tree, size, times));
                if (status != WS_OK && client.result.verdict != WS_PIN_SMALLER)
                    _exit(1);
                struct ws_bytes note;
                struct ws_trusted_checkpoint pin;
                if (ws_pin_read(&client.book, "log.example", &client.made.arena, &note, &pin,
                                NULL) != WS_OK ||
                    pin.checkpoint.size < size)
                    _exit(2);
            }
            _exit(0);
        }
    }
    for (int c = 0; c < CLIENTS; c++) {
        int how;
        assert_int_equal(waitpid(children[c], &how, 0), children[c]);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
    }
    assert_int_equal(pinned(&client).checkpoint.size, MADE_ENTRIES);
    close_client(&client);
}

static void pin__that_was_damaged_is_named(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    assert_int_equal(offer(&client, 5, NOW), WS_PIN_FIRST);
    struct ws_names names = names_in(&client.made.arena, client.place.path);
    assert_int_equal(names.count, 1);
    const char *path =
        join(&client.made.arena, join(&client.made.arena, client.place.path, names.items[0]),
             "checkpoint");
    struct ws_bytes note;
    assert_int_equal(ws_file_read(path, WS_NOTE_LIMIT, &client.made.arena, &note, NULL), WS_OK);
    uint8_t *changed = ws_arena_copy(&client.made.arena, note.data, note.size);
    changed[12] = '6'; /* its size */
    assert_int_equal(ws_file_replace(path, ws_bytes_of(changed, note.size), NULL), WS_OK);
    const uint64_t times[MADE_WITNESSES] = {NOW, NOW};
    assert_int_equal(show(&client, made_checkpoint(&client.made, &client.tree, 9, times)),
                     WS_CORRUPT);
    assert_non_null(strstr(client.made.err.message, path));
    close_client(&client);
}

static void pin__lives_with_little_memory(void **state)
{
    (void)state;
    struct client client;
    open_client(&client);
    const struct ws_pin_prover prover = ws_pin_prover_of(&client.nodes);
    const uint64_t times[MADE_WITNESSES] = {NOW, NOW};
    struct ws_bytes note = made_checkpoint(&client.made, &client.tree, 9, times);
    assert_int_equal(offer(&client, 5, NOW), WS_PIN_FIRST);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_pin_result result;
        ws_arena_init(&arena, &allocator);
        status = ws_pin_accept(&client.book, note, &prover, &arena, &result, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_int_equal(pinned(&client).checkpoint.size, 9);
    close_client(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pin__follows_a_log_that_grows),
        cmocka_unit_test(pin__takes_the_freshest_date_of_a_tree),
        cmocka_unit_test(pin__refuses_to_go_back),
        cmocka_unit_test(pin__keeps_both_sides_of_a_fork),
        cmocka_unit_test(pin__is_compared_with_its_own_size),
        cmocka_unit_test(pin__refuses_what_nobody_proves),
        cmocka_unit_test(pin__refuses_what_is_stale),
        cmocka_unit_test(pin__without_a_directory_refuses_what_is_stale),
        cmocka_unit_test(pin__refuses_when_the_clock_went_back),
        cmocka_unit_test(pin__trusts_nobody_beside_the_policy),
        cmocka_unit_test(pin__passes_on_why_there_is_no_proof),
        cmocka_unit_test(pin__that_moved_meanwhile_is_judged_by_again),
        cmocka_unit_test(pin__is_shared_by_processes),
        cmocka_unit_test(pin__that_was_damaged_is_named),
        cmocka_unit_test(pin__lives_with_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
