/*
 * A witness: what it cosigns and what it refuses, with which status; that it never cosigns two
 * contradicting checkpoints, whoever asks, how many at once, and whenever it is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "ledger/witness.h"
#include "support/failing_heap.h"
#include "support/made_log.h"
#include "support/place.h"

/* A clock that shows what a test wants, or ends the process when it is looked at. */
struct set_clock {
    double time;
    bool kills;
};

static double show(void *clock_)
{
    const struct set_clock *clock = clock_;
    if (clock->kills)
        (void)raise(SIGKILL);
    return clock->time;
}

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct place place;
    struct set_clock time;
    struct ws_clock clock;
    struct ws_note_signer signer;
    const char *path;
    struct ws_witness witness;
    struct made_log log;
};

static void open_witness(struct stand *stand)
{
    if (ws_witness_open(stand->path, &stand->signer, &stand->clock, &stand->witness, &stand->err) !=
        WS_OK)
        fail_msg("%s", stand->err.message);
}

static void add_key(struct ws_witness *witness, const char *origin,
                    const struct ws_note_signer *signer, struct ws_arena *arena)
{
    struct ws_error err;
    if (ws_witness_store_add_key(&witness->store, origin, print_key(signer, arena), &err) != WS_OK)
        fail_msg("%s", err.message);
}

static int open_stand(void **state)
{
    static struct stand stand;
    stand = (struct stand){.time = {.time = 1000.5}};
    stand.clock = (struct ws_clock){.elapsed = show, .wall = show, .user = &stand.time};
    ws_arena_init(&stand.arena, NULL);
    new_place(&stand.place);
    stand.path = join(&stand.arena, stand.place.path, "witness.db");
    make_signer("witness.example", WS_KEY_COSIGNATURE, &stand.arena, &stand.signer);
    stand.log = make_log("log.example", &stand.arena);
    assert_int_equal(ws_witness_store_make(stand.path, &stand.err), WS_OK);
    open_witness(&stand);
    add_key(&stand.witness, "log.example", &stand.log.signer, &stand.arena);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    ws_witness_close(&stand->witness);
    ws_witness_close(&stand->witness);
    ws_note_signer_close(&stand->signer);
    ws_note_signer_close(&stand->log.signer);
    remove_place(&stand->place);
    ws_arena_release(&stand->arena);
    return 0;
}

static struct ws_witness_answer ask(struct ws_witness *witness, struct ws_bytes request,
                                    struct ws_arena *arena)
{
    struct ws_witness_answer answer;
    struct ws_error err;
    if (ws_witness_add_checkpoint(witness, request, arena, &answer, &err) != WS_OK)
        fail_msg("%s", err.message);
    return answer;
}

#define assert_answer(stand, request, wanted, number)                                              \
    do {                                                                                           \
        struct ws_witness_answer seen = ask(&(stand)->witness, request, &(stand)->arena);          \
        assert_int_equal(seen.verdict, wanted);                                                    \
        assert_int_equal(seen.status, number);                                                     \
    } while (0)

static struct ws_bytes request_of(struct stand *stand, uint64_t old, uint64_t size)
{
    return made_request(&stand->log, old, size, &stand->arena);
}

static void assert_cosigned(struct stand *stand, uint64_t old, uint64_t size)
{
    assert_answer(stand, request_of(stand, old, size), WS_WITNESS_COSIGNED, 200);
}

/* The time of the witness's cosignature behind a checkpoint of this size. */
static uint64_t cosignature_time(struct stand *stand, uint64_t size, struct ws_bytes lines)
{
    struct ws_note note;
    struct ws_note_key key;
    struct ws_note_proof proof;
    struct ws_buffer bytes;
    struct ws_bytes checkpoint = made_checkpoint(&stand->log, size, &stand->arena);
    ws_buffer_init(&bytes, NULL, WS_NOTE_LIMIT);
    ws_buffer_append(&bytes, checkpoint.data, checkpoint.size);
    ws_buffer_append(&bytes, lines.data, lines.size);
    struct ws_bytes all = keep_buffer(&bytes, &stand->arena);
    assert_int_equal(ws_note_signer_key(&stand->signer, &key, NULL), WS_OK);
    const struct ws_note_key *const keys[] = {&key};
    assert_int_equal(ws_note_read(all, &stand->arena, &note, NULL), WS_OK);
    assert_int_equal(ws_note_check(&note, keys, 1, &stand->arena, &proof, NULL), WS_OK);
    assert_true(proof.is_signed);
    ws_note_key_close(&key);
    return proof.time;
}

static void witness__cosigns_a_log_that_grows(void **state)
{
    struct stand *stand = *state;
    static const uint64_t sizes[] = {0, 0, 1, 2, 7, 8, 8, 33};
    uint64_t old = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        stand->time.time += 10;
        struct ws_witness_answer answer =
            ask(&stand->witness, request_of(stand, old, sizes[i]), &stand->arena);
        assert_int_equal(answer.status, 200);
        assert_int_equal(cosignature_time(stand, sizes[i], answer.body),
                         (uint64_t)stand->time.time);
        old = sizes[i];
        ws_witness_close(&stand->witness);
        open_witness(stand);
    }
}

/* What monitors get: the log's signature and the cosignature, and none of others. */
static void witness__shows_what_it_cosigned(void **state)
{
    struct stand *stand = *state;
    struct ws_note_signer other;
    struct ws_hash hash;
    struct ws_bytes seen;
    struct ws_note note;
    char text[WS_HASH_TEXT_SIZE];
    assert_int_equal(ws_hash_of(ws_bytes_of_text("log.example"), &hash, NULL), WS_OK);
    ws_hash_text(&hash, text);
    assert_int_equal(ws_witness_checkpoint(&stand->witness, text, &stand->arena, &seen, NULL),
                     WS_NOT_FOUND);
    make_signer("log.example", WS_KEY_ED25519, &stand->arena, &other);
    struct ws_witness_request request = {
        .old_size = 0, .checkpoint = made_checkpoint(&stand->log, 5, &stand->arena)};
    struct ws_buffer more;
    ws_buffer_init(&more, NULL, WS_NOTE_LIMIT);
    ws_buffer_append(&more, request.checkpoint.data, request.checkpoint.size);
    assert_int_equal(ws_note_read(request.checkpoint, &stand->arena, &note, NULL), WS_OK);
    assert_int_equal(ws_note_sign(&more, note.text, &other, 0, &stand->arena, NULL), WS_OK);
    struct ws_bytes first = request.checkpoint;
    request.checkpoint = keep_buffer(&more, &stand->arena);
    struct ws_witness_answer answer =
        ask(&stand->witness, print_request(&request, &stand->arena), &stand->arena);
    assert_int_equal(answer.status, 200);
    assert_int_equal(ws_witness_checkpoint(&stand->witness, text, &stand->arena, &seen, NULL),
                     WS_OK);
    assert_int_equal(seen.size, first.size + answer.body.size);
    assert_memory_equal(seen.data, first.data, first.size);
    assert_memory_equal(seen.data + first.size, answer.body.data, answer.body.size);
    static const char *const none[] = {"", "..", "0123", "log.example"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(
            ws_witness_checkpoint(&stand->witness, none[i], &stand->arena, &seen, NULL),
            WS_NOT_FOUND);
    ws_note_signer_close(&other);
}

static void witness__refuses_what_is_no_request(void **state)
{
    struct stand *stand = *state;
    struct ws_arena *arena = &stand->arena;
    struct ws_bytes good = request_of(stand, 0, 3);
    const char *text = ws_arena_text_of(arena, good.data, good.size);
    const char *note = strstr(text, "\n\n") + 2;
    const char *hash = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    char many[64 * 46];
    for (size_t i = 0; i < 64; i++)
        memcpy(many + i * 45, hash, 46);
    const char *const bad[] = {
        "",
        "old",
        "old 0",
        "old 0\n",
        "old 0\n\n",
        ws_arena_format(arena, "new 0\n\n%s", note),
        ws_arena_format(arena, "old  0\n\n%s", note),
        ws_arena_format(arena, "old -1\n\n%s", note),
        ws_arena_format(arena, "old 01\n\n%s", note),
        ws_arena_format(arena, "old 9223372036854775808\n\n%s", note),
        ws_arena_format(arena, "old 0\r\n\r\n%s", note),
        ws_arena_format(arena, "old 0\n%s", note),
        ws_arena_format(arena, "old 0\nKgE=\n\n%s", note),
        ws_arena_format(arena, "old 1\n%s\n%s", many, note),
        ws_arena_format(arena, "old 0\n\nlog.example\n3\n"),
        ws_arena_format(arena, "old 0\n\n%s\xff\n", note),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_answer(stand, ws_bytes_of_text(bad[i]), WS_WITNESS_MALFORMED, 400);
    assert_int_equal(stand->witness.answers[WS_WITNESS_MALFORMED], sizeof bad / sizeof *bad);
    char *long_one = ws_arena_alloc(arena, WS_WITNESS_REQUEST_LIMIT + 1, 1);
    memset(long_one, 'x', WS_WITNESS_REQUEST_LIMIT + 1);
    assert_answer(stand, ws_bytes_of(long_one, WS_WITNESS_REQUEST_LIMIT + 1), WS_WITNESS_MALFORMED,
                  400);
    assert_answer(stand, good, WS_WITNESS_COSIGNED, 200);
}

static void witness__refuses_what_the_log_did_not_sign(void **state)
{
    struct stand *stand = *state;
    struct ws_arena *arena = &stand->arena;
    struct made_log stranger = make_log("stranger.example", arena);
    assert_answer(stand, made_request(&stranger, 0, 3, arena), WS_WITNESS_UNKNOWN_LOG, 404);
    /* Another key of the same name, whose id is another. */
    struct made_log thief = make_log("log.example", arena);
    assert_answer(stand, made_request(&thief, 0, 3, arena), WS_WITNESS_NOT_SIGNED, 403);
    /* A known log that signs in another's name. */
    struct made_log known = make_log("known.example", arena);
    add_key(&stand->witness, "known.example", &known.signer, arena);
    known.origin = "log.example";
    assert_answer(stand, made_request(&known, 0, 3, arena), WS_WITNESS_NOT_SIGNED, 403);
    /* One letter of the signature. */
    struct ws_bytes request = request_of(stand, 0, 3);
    assert_answer(stand, turn_letter(request, request.size - 20, arena), WS_WITNESS_BAD_SIGNATURE,
                  403);
    assert_cosigned(stand, 0, 3);
    ws_note_signer_close(&stranger.signer);
    ws_note_signer_close(&thief.signer);
    ws_note_signer_close(&known.signer);
}

/* A good signature of one key does not heal a bad one of another. */
static void witness__knows_several_keys_of_a_log(void **state)
{
    struct stand *stand = *state;
    struct ws_arena *arena = &stand->arena;
    struct made_log next = make_log("next.example", arena);
    next.origin = "log.example";
    add_key(&stand->witness, "log.example", &next.signer, arena);
    add_key(&stand->witness, "log.example", &next.signer, arena);
    assert_cosigned(stand, 0, 2);
    assert_answer(stand, made_request(&next, 2, 3, arena), WS_WITNESS_COSIGNED, 200);
    struct ws_witness_request request = {.old_size = 3};
    const struct ws_merkle_nodes nodes = made_nodes(&next);
    assert_int_equal(ws_merkle_prove_consistency(&nodes, 3, 4, &request.proof, NULL), WS_OK);
    struct ws_buffer both;
    struct ws_note note;
    ws_buffer_init(&both, NULL, WS_NOTE_LIMIT);
    struct ws_bytes one = made_checkpoint(&next, 4, arena);
    ws_buffer_append(&both, one.data, one.size);
    assert_int_equal(ws_note_read(one, arena, &note, NULL), WS_OK);
    assert_int_equal(ws_note_sign(&both, note.text, &stand->log.signer, 0, arena, NULL), WS_OK);
    request.checkpoint = keep_buffer(&both, arena);
    struct ws_bytes good = print_request(&request, arena);
    assert_answer(stand, turn_letter(good, good.size - 20, arena), WS_WITNESS_BAD_SIGNATURE, 403);
    assert_answer(stand, good, WS_WITNESS_COSIGNED, 200);
    ws_note_signer_close(&next.signer);
}

static void witness__names_the_size_that_it_knows(void **state)
{
    struct stand *stand = *state;
    assert_cosigned(stand, 0, 3);
    assert_answer(stand, request_of(stand, 7, 5), WS_WITNESS_OLD_AHEAD, 400);
    for (uint64_t old = 0; old <= 5; old++) {
        if (old == 3)
            continue;
        struct ws_witness_answer answer =
            ask(&stand->witness, request_of(stand, old, 5), &stand->arena);
        assert_int_equal(answer.status, 409);
        assert_string_equal(answer.type, "text/x.tlog.size");
        assert_int_equal(answer.body.size, 2);
        assert_memory_equal(answer.body.data, "3\n", 2);
    }
    /* Replayed: the first request of all. */
    assert_answer(stand, request_of(stand, 0, 3), WS_WITNESS_OTHER_SIZE, 409);
    /* Rolled back. */
    assert_answer(stand, request_of(stand, 2, 2), WS_WITNESS_OTHER_SIZE, 409);
    assert_cosigned(stand, 3, 5);
}

static void witness__refuses_proofs_that_prove_nothing(void **state)
{
    struct stand *stand = *state;
    struct ws_arena *arena = &stand->arena;
    const struct ws_merkle_nodes nodes = made_nodes(&stand->log);
    struct ws_witness_request request = {.checkpoint = made_checkpoint(&stand->log, 6, arena)};
    /* Of nothing there is no proof. */
    request.proof.count = 1;
    assert_answer(stand, print_request(&request, arena), WS_WITNESS_BAD_PROOF, 422);
    assert_cosigned(stand, 0, 3);
    request.old_size = 3;
    request.proof.count = 0;
    assert_answer(stand, print_request(&request, arena), WS_WITNESS_BAD_PROOF, 422);
    assert_int_equal(ws_merkle_prove_consistency(&nodes, 3, 6, &request.proof, NULL), WS_OK);
    for (size_t i = 0; i < request.proof.count; i++) {
        request.proof.hashes[i].bytes[7] ^= 1;
        assert_answer(stand, print_request(&request, arena), WS_WITNESS_BAD_PROOF, 422);
        request.proof.hashes[i].bytes[7] ^= 1;
    }
    /* Ahead of the checkpoint. */
    assert_int_equal(ws_merkle_prove_consistency(&nodes, 3, 9, &request.proof, NULL), WS_OK);
    assert_answer(stand, print_request(&request, arena), WS_WITNESS_BAD_PROOF, 422);
    assert_cosigned(stand, 3, 6);
    /* Of the same size there is none, too. */
    request.old_size = 6;
    request.proof.count = 1;
    assert_answer(stand, print_request(&request, arena), WS_WITNESS_BAD_PROOF, 422);
}

static void witness__holds_to_the_rules_of_no_entries(void **state)
{
    struct stand *stand = *state;
    struct ws_checkpoint wrong = {.origin = "log.example", .size = 0};
    struct ws_witness_request request = {.checkpoint =
                                             sign_checkpoint(&stand->log, &wrong, &stand->arena)};
    assert_answer(stand, print_request(&request, &stand->arena), WS_WITNESS_WRONG_EMPTY_ROOT, 422);
    assert_cosigned(stand, 0, 0);
    assert_answer(stand, print_request(&request, &stand->arena), WS_WITNESS_WRONG_EMPTY_ROOT, 422);
    assert_cosigned(stand, 0, 4);
    assert_answer(stand, request_of(stand, 0, 0), WS_WITNESS_OTHER_SIZE, 409);
}

/* Of two sides of a fork, witnesses that saw one refuse the other, by proof or by root. */
static void witness__cosigns_one_side_of_a_fork(void **state)
{
    struct stand *stand = *state;
    struct made_log other_side = stand->log;
    other_side.forks_at = 4;
    assert_cosigned(stand, 0, 4); /* both have this */
    assert_cosigned(stand, 4, 7);
    assert_answer(stand, made_request(&other_side, 7, 7, &stand->arena), WS_WITNESS_OTHER_ROOT,
                  422);
    assert_answer(stand, made_request(&other_side, 7, 9, &stand->arena), WS_WITNESS_BAD_PROOF, 422);
    assert_answer(stand, made_request(&other_side, 4, 9, &stand->arena), WS_WITNESS_OTHER_SIZE,
                  409);
    assert_cosigned(stand, 7, 9);
    assert_int_equal(stand->witness.answers[WS_WITNESS_OTHER_ROOT], 1);
    assert_int_equal(stand->witness.answers[WS_WITNESS_COSIGNED], 3);
}

static void witness__signs_no_time_before_its_last(void **state)
{
    struct stand *stand = *state;
    struct made_log other = make_log("other.example", &stand->arena);
    static const double times[] = {500, 1000.9, 400, 501, -3, 600};
    static const uint64_t wanted[] = {500, 1000, 1000, 1000, 0, 1000};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct ws_witness_answer answer;
        stand->time.time = times[i];
        uint64_t size = i < 5 ? i : 4;
        enum ws_status status =
            ws_witness_add_checkpoint(&stand->witness, request_of(stand, i == 0 ? 0 : i - 1, size),
                                      &stand->arena, &answer, &stand->err);
        assert_int_equal(status, wanted[i] > 0 ? WS_OK : WS_IO);
        if (wanted[i] > 0 && size == i)
            assert_int_equal(cosignature_time(stand, size, answer.body), wanted[i]);
    }
    assert_int_equal(stand->witness.clock_behind, 600);
    assert_int_equal(stand->witness.failures, 1);
    /* Each log has its own last time. */
    add_key(&stand->witness, "other.example", &other.signer, &stand->arena);
    assert_answer(stand, made_request(&other, 0, 1, &stand->arena), WS_WITNESS_COSIGNED, 200);
    assert_int_equal(stand->witness.clock_behind, 600);
    ws_note_signer_close(&other.signer);
}

/* The clock is looked at behind the check and before the new state. */
static void witness__killed_before_it_keeps_has_cosigned_nothing(void **state)
{
    struct stand *stand = *state;
    struct made_log other_side = stand->log;
    other_side.forks_at = 3;
    assert_cosigned(stand, 0, 3);
    ws_witness_close(&stand->witness);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ws_witness_answer answer;
        stand->time.kills = true;
        open_witness(stand);
        (void)!ws_witness_add_checkpoint(&stand->witness, request_of(stand, 3, 8), &stand->arena,
                                         &answer, NULL);
        _Exit(1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    open_witness(stand);
    /* The other side may come first now, and then the first is refused. */
    assert_answer(stand, made_request(&other_side, 3, 8, &stand->arena), WS_WITNESS_COSIGNED, 200);
    assert_answer(stand, request_of(stand, 8, 8), WS_WITNESS_OTHER_ROOT, 422);
}

/* Many at once --------------------------------------------------------------------------------- */

enum { ASKERS = 4, ROUNDS = 6 };

/* Two processes' worth of witnesses with one state, and askers that want different forks. */
struct crowd {
    struct stand *stand;
    struct ws_witness *witnesses[2];
    struct ws_arena arenas[ASKERS];
    struct ws_bytes requests[ASKERS];
    unsigned statuses[ASKERS];
};

struct asker {
    struct crowd *crowd;
    size_t index;
};

static void *ask_once(void *asker_)
{
    const struct asker *asker = asker_;
    struct crowd *crowd = asker->crowd;
    struct ws_witness_answer answer = {.status = 0};
    (void)!ws_witness_add_checkpoint(crowd->witnesses[asker->index % 2],
                                     crowd->requests[asker->index], &crowd->arenas[asker->index],
                                     &answer, NULL);
    crowd->statuses[asker->index] = answer.status;
    return NULL;
}

static void witness__cosigns_one_of_those_who_ask_at_once(void **state)
{
    struct stand *stand = *state;
    struct crowd crowd = {.stand = stand};
    struct ws_witness second;
    struct made_log log = stand->log;
    assert_int_equal(
        ws_witness_open(stand->path, &stand->signer, &stand->clock, &second, &stand->err), WS_OK);
    crowd.witnesses[0] = &stand->witness;
    crowd.witnesses[1] = &second;
    uint64_t size = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct asker askers[ASKERS];
        pthread_t threads[ASKERS];
        size_t cosigned = 0, next = ASKERS;
        for (size_t i = 0; i < ASKERS; i++) {
            ws_arena_init(&crowd.arenas[i], NULL);
            crowd.requests[i] = made_request(&log, size, size + 1 + i, &stand->arena);
            askers[i] = (struct asker){&crowd, i};
        }
        for (size_t i = 0; i < ASKERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, ask_once, &askers[i]), 0);
        for (size_t i = 0; i < ASKERS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            ws_arena_release(&crowd.arenas[i]);
            cosigned += crowd.statuses[i] == 200;
            if (crowd.statuses[i] == 200)
                next = i;
            else
                assert_int_equal(crowd.statuses[i], 409);
        }
        assert_int_equal(cosigned, 1);
        size += 1 + next;
    }
    ws_witness_close(&second);
}

/* The state ------------------------------------------------------------------------------------ */

static void store__is_made_once_and_is_no_other_file(void **state)
{
    struct stand *stand = *state;
    struct ws_witness_store store;
    assert_int_equal(ws_witness_store_make(stand->path, &stand->err), WS_CONFLICT);
    const char *missing = join(&stand->arena, stand->place.path, "missing");
    assert_int_equal(ws_witness_store_open(missing, &store, &stand->err), WS_NOT_FOUND);
    static const char *const texts[] = {"", "no database at all, but long enough to be looked at "
                                            "as if it were one of a hundred bytes or so ........"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = join(&stand->arena, stand->place.path, "other");
        assert_int_equal(ws_file_replace(path, ws_bytes_of_text(texts[i]), NULL), WS_OK);
        assert_int_equal(ws_witness_store_open(path, &store, &stand->err), WS_CORRUPT);
    }
}

static void store__takes_keys_of_logs_alone(void **state)
{
    struct stand *stand = *state;
    struct ws_witness_store *store = &stand->witness.store;
    const char *witness_key = print_key(&stand->signer, &stand->arena);
    const char *key = print_key(&stand->log.signer, &stand->arena);
    assert_int_equal(ws_witness_store_add_key(store, "a", witness_key, &stand->err), WS_INVALID);
    assert_int_equal(ws_witness_store_add_key(store, "a", "no key", &stand->err), WS_INVALID);
    assert_int_equal(ws_witness_store_add_key(store, "a\nb", key, &stand->err), WS_INVALID);
    assert_int_equal(ws_witness_store_add_key(store, "", key, &stand->err), WS_INVALID);
    assert_int_equal(ws_witness_store_add_key(store, "a log's key has another name", key, NULL),
                     WS_OK);
    assert_cosigned(stand, 0, 9);
    struct ws_witnessed_logs logs;
    assert_int_equal(ws_witness_store_list(store, &stand->arena, &logs, &stand->err), WS_OK);
    assert_int_equal(logs.count, 2);
    assert_string_equal(logs.items[0].origin, "a log's key has another name");
    assert_false(logs.items[0].is_cosigned);
    assert_string_equal(logs.items[1].origin, "log.example");
    assert_true(logs.items[1].is_cosigned);
    assert_int_equal(logs.items[1].size, 9);
}

static void witness__lives_with_little_memory(void **state)
{
    struct stand *stand = *state;
    struct ws_bytes request = request_of(stand, 0, 3);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_witness_answer answer;
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        status = ws_witness_add_checkpoint(&stand->witness, request, &arena, &answer, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_int_equal(stand->witness.answers[WS_WITNESS_COSIGNED], 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stand, close_stand)
    const struct CMUnitTest tests[] = {
        TEST(witness__cosigns_a_log_that_grows),
        TEST(witness__shows_what_it_cosigned),
        TEST(witness__refuses_what_is_no_request),
        TEST(witness__refuses_what_the_log_did_not_sign),
        TEST(witness__knows_several_keys_of_a_log),
        TEST(witness__names_the_size_that_it_knows),
        TEST(witness__refuses_proofs_that_prove_nothing),
        TEST(witness__holds_to_the_rules_of_no_entries),
        TEST(witness__cosigns_one_side_of_a_fork),
        TEST(witness__signs_no_time_before_its_last),
        TEST(witness__killed_before_it_keeps_has_cosigned_nothing),
        TEST(witness__cosigns_one_of_those_who_ask_at_once),
        TEST(store__is_made_once_and_is_no_other_file),
        TEST(store__takes_keys_of_logs_alone),
        TEST(witness__lives_with_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
