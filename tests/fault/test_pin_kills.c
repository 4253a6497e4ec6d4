/*
 * A client that pins one checkpoint after another is killed at some moment, again and again: its
 * pin can be read, is no older than the last one that was accepted, and is gone on from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "ledger/pin.h"
#include "support/made_parties.h"
#include "support/place.h"

enum {
    KILLS = 50,
    BEGINNING = 1000000, /* the date of the first checkpoint */
    EACH_SIZE = 20,      /* checkpoints, each cosigned a second later */
    LONGEST = 8000000,   /* nanoseconds between two kills */
};

struct stand {
    struct made_parties made;
    struct made_tree tree;
    struct place place;
    struct ws_merkle_nodes nodes;
    struct ws_pin_book book;
    _Atomic uint64_t *accepted; /* date of the last one, in memory that outlives the client */
    uint64_t random;
};

static long next_pause(struct stand *stand)
{
    stand->random = stand->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (long)((stand->random >> 33) % LONGEST);
}

/* How many entries the checkpoint of this date has. */
static uint64_t size_at(uint64_t date)
{
    const uint64_t size = (date - BEGINNING) / EACH_SIZE;
    return size < MADE_ENTRIES ? size : MADE_ENTRIES;
}

/* Until it is killed; what it exits with says why it gave up. */
static void pin_on(struct stand *stand)
{
    const struct ws_pin_prover prover = ws_pin_prover_of(&stand->nodes);
    for (uint64_t date = atomic_load(stand->accepted) + 1;; date++) {
        const uint64_t times[MADE_WITNESSES] = {date, date};
        struct ws_pin_result result;
        struct ws_bytes note = made_checkpoint(&stand->made, &stand->tree, size_at(date), times);
        enum ws_status status = ws_pin_accept(&stand->book, note, &prover, &stand->made.arena,
                                              &result, &stand->made.err);
        if (status != WS_OK) {
            (void)fprintf(stderr, "%s\n", stand->made.err.message);
            _exit((int)status);
        }
        atomic_store(stand->accepted, date);
    }
}

/* Once it has pinned something, however slow the machine is. */
static void kill_a_client(struct stand *stand)
{
    const uint64_t before = atomic_load(stand->accepted);
    const struct timespec moment = {.tv_nsec = LONGEST / 8};
    const struct timespec pause = {.tv_nsec = next_pause(stand)};
    int how;
    pid_t client = fork();
    assert_true(client >= 0);
    if (client == 0)
        pin_on(stand);
    while (atomic_load(stand->accepted) == before && waitpid(client, &how, WNOHANG) == 0)
        (void)nanosleep(&moment, NULL);
    (void)nanosleep(&pause, NULL);
    assert_int_equal(kill(client, SIGKILL), 0);
    assert_int_equal(waitpid(client, &how, 0), client);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

/* At most the one beyond what was accepted: it was pinned, and the client killed before it knew. */
static void check_pin(struct stand *stand)
{
    const uint64_t accepted = atomic_load(stand->accepted);
    struct ws_trusted_checkpoint pin = {.time = BEGINNING};
    struct ws_bytes note;
    enum ws_status status =
        ws_pin_read(&stand->book, "log.example", &stand->made.arena, &note, &pin, &stand->made.err);
    if (status != WS_OK && !(status == WS_NOT_FOUND && accepted == BEGINNING))
        fail_msg("%s", stand->made.err.message);
    assert_in_range(pin.time, accepted, accepted + 1);
    if (status == WS_OK)
        assert_int_equal(pin.checkpoint.size, size_at(pin.time));
    atomic_store(stand->accepted, pin.time);
}

static void a_pin__outlives_clients_that_are_killed(void **state)
{
    (void)state;
    struct stand stand = {.random = 1};
    made_parties_begin(&stand.made);
    made_parties_trust(&stand.made, "group g 2 w0 w1 w2\nquorum g\n", "");
    made_tree_grow(&stand.tree, MADE_ENTRIES, "entry", &stand.made);
    new_place(&stand.place);
    stand.nodes = (struct ws_merkle_nodes){made_tree_node, &stand.tree};
    stand.book = (struct ws_pin_book){.directory = stand.place.path, .trust = &stand.made.trust};
    stand.accepted = mmap(NULL, sizeof *stand.accepted, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(stand.accepted != MAP_FAILED);
    atomic_store(stand.accepted, BEGINNING);
    for (int i = 0; i < KILLS; i++) {
        kill_a_client(&stand);
        check_pin(&stand);
    }
    assert_true(atomic_load(stand.accepted) >= BEGINNING + KILLS);
    assert_int_equal(munmap((void *)stand.accepted, sizeof *stand.accepted), 0);
    remove_place(&stand.place);
    made_parties_close(&stand.made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pin__outlives_clients_that_are_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
