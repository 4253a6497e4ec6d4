/*
 * Asking witnesses: the size that each knows, what is believed of their answers, and what each kind
 * of trouble is called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/witness_client.h"
#include "support/failing_heap.h"
#include "support/made_witnesses.h"

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct made_log log;
    struct made_witnesses witnesses;
    struct ws_trust trust;
    struct ws_witness_outcomes outcomes;
};

static int open_stand(void **state)
{
    static struct stand stand;
    stand = (struct stand){.outcomes.count = 0};
    ws_arena_init(&stand.arena, NULL);
    stand.log = make_log("log.example", &stand.arena);
    make_witnesses(&stand.log.signer, &stand.witnesses);
    stand.trust = made_policy(&stand.log.signer, &stand.witnesses, "quorum none\n");
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    ws_trust_close(&stand->trust);
    remove_witnesses(&stand->witnesses);
    ws_note_signer_close(&stand->log.signer);
    ws_arena_release(&stand->arena);
    return 0;
}

/* Asks all for a checkpoint of `size` entries, from `old` on. */
static void gather(struct stand *stand, uint64_t old, uint64_t size)
{
    const struct ws_merkle_nodes nodes = made_nodes(&stand->log);
    struct ws_bytes note = made_checkpoint(&stand->log, size, &stand->arena);
    if (ws_witness_gather(&stand->trust, note, old, &nodes, &stand->witnesses.transport,
                          &stand->arena, &stand->outcomes, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
    assert_int_equal(stand->outcomes.count, MADE_WITNESSES);
}

static void assert_result(struct stand *stand, size_t witness, enum ws_witness_result result,
                          const char *message)
{
    const struct ws_witness_outcome *outcome = &stand->outcomes.items[witness];
    assert_int_equal(outcome->member, witness);
    if (outcome->result != result || !strstr(outcome->message, message))
        fail_msg("%s: %s, wanted %s: %s", ws_witness_result_name(outcome->result), outcome->message,
                 ws_witness_result_name(result), message);
    assert_int_equal(outcome->cosignature.size > 0, result == WS_WITNESS_GAVE_COSIGNED);
}

static void assert_all_cosigned(struct stand *stand)
{
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        assert_result(stand, i, WS_WITNESS_GAVE_COSIGNED, "cosigned");
}

static void client__gathers_what_all_cosign(void **state)
{
    struct stand *stand = *state;
    static const uint64_t sizes[] = {0, 0, 1, 5, 5, 21};
    struct ws_trusted_checkpoint trusted;
    uint64_t old = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ws_buffer all;
        ws_buffer_init(&all, NULL, WS_NOTE_LIMIT);
        gather(stand, old, sizes[i]);
        assert_all_cosigned(stand);
        assert_int_equal(ws_witness_merge(&stand->trust,
                                          made_checkpoint(&stand->log, sizes[i], &stand->arena),
                                          &stand->outcomes, &stand->arena, &all, &stand->err),
                         WS_OK);
        assert_int_equal(ws_trust_check(&stand->trust, ws_buffer_bytes(&all), &stand->arena,
                                        &trusted, &stand->err),
                         WS_OK);
        assert_int_equal(trusted.witnesses, MADE_WITNESSES);
        ws_buffer_release(&all);
        old = sizes[i];
    }
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        assert_int_equal(stand->witnesses.items[i].asked, sizeof sizes / sizeof *sizes);
}

/* Each may know another size, and names it once. */
static void client__proves_from_the_size_that_each_knows(void **state)
{
    struct stand *stand = *state;
    stand->witnesses.items[0].fault = FAULT_DOWN;
    gather(stand, 0, 4);
    stand->witnesses.items[0].fault = FAULT_NONE;
    stand->witnesses.items[1].fault = FAULT_DOWN;
    gather(stand, 0, 6); /* the first now knows 6, the second 4 */
    stand->witnesses.items[1].fault = FAULT_NONE;
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        stand->witnesses.items[i].asked = 0;
    gather(stand, 6, 9);
    assert_all_cosigned(stand);
    assert_int_equal(stand->witnesses.items[0].asked, 1);
    assert_int_equal(stand->witnesses.items[1].asked, 2);
    assert_int_equal(stand->witnesses.items[2].asked, 1);
}

/* An answer that was lost: the witness knows the checkpoint already. */
static void client__lives_with_lost_answers(void **state)
{
    struct stand *stand = *state;
    stand->witnesses.items[2].fault = FAULT_LOST;
    gather(stand, 0, 7);
    assert_result(stand, 2, WS_WITNESS_GAVE_UNREACHED, "lost the answer");
    stand->witnesses.items[2].fault = FAULT_NONE;
    gather(stand, 0, 7);
    assert_all_cosigned(stand);
}

static void client__hears_that_the_log_went_back(void **state)
{
    struct stand *stand = *state;
    gather(stand, 0, 9);
    gather(stand, 6, 6);
    for (size_t i = 0; i < MADE_WITNESSES; i++) {
        assert_result(stand, i, WS_WITNESS_GAVE_AHEAD, "9 entries and there are 6 here");
        assert_int_equal(stand->outcomes.items[i].size, 9);
    }
    stand->log.forks_at = 8;
    gather(stand, 9, 9);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        assert_result(stand, i, WS_WITNESS_GAVE_FORKED, "answered 422");
    gather(stand, 6, 12);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        assert_result(stand, i, WS_WITNESS_GAVE_FORKED, "answered 422");
}

static void client__believes_no_answer(void **state)
{
    struct stand *stand = *state;
    static const struct {
        unsigned status;
        const char *type, *body;
        enum ws_witness_result result;
        const char *message;
    } replies[] = {
        {200, "text/plain", "", WS_WITNESS_GAVE_BAD_ANSWER, "no cosignature of the policy's key"},
        {200, "text/plain", "<html>\n", WS_WITNESS_GAVE_BAD_ANSWER, "is no signature"},
        {200, "text/plain", "\n", WS_WITNESS_GAVE_BAD_ANSWER, ""},
        {400, "text/plain", "no\x01\xff\nmore\n", WS_WITNESS_GAVE_REFUSED, "answered 400: no??"},
        {403, "", "", WS_WITNESS_GAVE_REFUSED, "answered 403"},
        {404, "text/plain", "who?", WS_WITNESS_GAVE_REFUSED, "answered 404: who?"},
        {500, "", "", WS_WITNESS_GAVE_REFUSED, "answered 500"},
        {302, "", "", WS_WITNESS_GAVE_REFUSED, "answered 302"},
        {409, "text/plain", "3\n", WS_WITNESS_GAVE_REFUSED, "answered 409: 3"},
        {409, "text/x.tlog.size", "03\n", WS_WITNESS_GAVE_REFUSED, "answered 409: 03"},
        {409, "text/x.tlog.size", "3", WS_WITNESS_GAVE_REFUSED, "answered 409: 3"},
        {409, "text/x.tlog.size", "0\n", WS_WITNESS_GAVE_BAD_ANSWER, "the size that it knows"},
        {409, "text/x.tlog.size", "3\n", WS_WITNESS_GAVE_BAD_ANSWER, "the size that it knows"},
        {409, "text/x.tlog.size", "8\n", WS_WITNESS_GAVE_AHEAD, "8 entries and there are 5"},
    };
    struct made_witness *liar = &stand->witnesses.items[1];
    liar->fault = FAULT_REPLY;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        liar->reply = (struct ws_witness_reply){replies[i].status, replies[i].type,
                                                ws_bytes_of_text(replies[i].body)};
        gather(stand, 0, 5);
        assert_result(stand, 0, WS_WITNESS_GAVE_COSIGNED, "");
        assert_result(stand, 1, replies[i].result, replies[i].message);
        assert_result(stand, 2, WS_WITNESS_GAVE_COSIGNED, "");
    }
    liar->fault = FAULT_STRANGER;
    gather(stand, 0, 5);
    assert_result(stand, 1, WS_WITNESS_GAVE_BAD_ANSWER, "no cosignature of the policy's key");
}

/* The witness's own, with a letter turned, and one of another checkpoint. */
static void client__believes_no_forged_cosignature(void **state)
{
    struct stand *stand = *state;
    gather(stand, 0, 3);
    struct ws_bytes old = stand->outcomes.items[0].cosignature;
    struct made_witness *liar = &stand->witnesses.items[0];
    liar->fault = FAULT_REPLY;
    liar->reply = (struct ws_witness_reply){200, "text/plain", old};
    gather(stand, 3, 4);
    assert_result(stand, 0, WS_WITNESS_GAVE_BAD_ANSWER, "the signature of 'w0.example' is bad");
    gather(stand, 3, 3);
    assert_result(stand, 0, WS_WITNESS_GAVE_COSIGNED, "");
    liar->reply.body = turn_letter(old, old.size - 12, &stand->arena);
    gather(stand, 3, 3);
    assert_result(stand, 0, WS_WITNESS_GAVE_BAD_ANSWER, "is bad");
}

/* An empty line in the answer would make all before it the text that is cosigned. */
static void client__believes_no_cosignature_of_a_longer_text(void **state)
{
    struct stand *stand = *state;
    struct made_witness *liar = &stand->witnesses.items[0];
    struct ws_buffer longer, answer;
    gather(stand, 0, 3);
    ws_buffer_init(&longer, NULL, WS_NOTE_LIMIT);
    ws_buffer_init(&answer, NULL, WS_NOTE_LIMIT);
    ws_buffer_append(&longer, stand->outcomes.note.data, stand->outcomes.note.size);
    ws_buffer_text(&longer, "and more\n");
    ws_buffer_text(&answer, "and more\n\n");
    assert_int_equal(ws_note_sign(&answer, ws_buffer_bytes(&longer), &liar->signer, 1000,
                                  &stand->arena, &stand->err),
                     WS_OK);
    liar->fault = FAULT_REPLY;
    liar->reply = (struct ws_witness_reply){200, "text/plain", ws_buffer_bytes(&answer)};
    gather(stand, 3, 3);
    assert_result(stand, 0, WS_WITNESS_GAVE_BAD_ANSWER, "of another text");
    assert_result(stand, 1, WS_WITNESS_GAVE_COSIGNED, "");
    ws_buffer_release(&longer);
    ws_buffer_release(&answer);
}

/* Of a note that is cosigned already, the first cosignatures stay. */
static void client__keeps_the_first_cosignatures(void **state)
{
    struct stand *stand = *state;
    struct ws_buffer first, second;
    struct ws_trusted_checkpoint trusted;
    ws_buffer_init(&first, NULL, WS_NOTE_LIMIT);
    ws_buffer_init(&second, NULL, WS_NOTE_LIMIT);
    stand->witnesses.items[1].fault = FAULT_DOWN;
    gather(stand, 0, 3);
    assert_int_equal(ws_witness_merge(&stand->trust, stand->outcomes.note, &stand->outcomes,
                                      &stand->arena, &first, NULL),
                     WS_OK);
    stand->witnesses.items[1].fault = FAULT_NONE;
    stand->witnesses.time = 2000;
    gather(stand, 3, 3);
    assert_int_equal(stand->outcomes.items[0].time, 2000);
    assert_int_equal(ws_witness_merge(&stand->trust, ws_buffer_bytes(&first), &stand->outcomes,
                                      &stand->arena, &second, NULL),
                     WS_OK);
    assert_memory_equal(first.data, second.data, first.size);
    assert_int_equal(second.size, first.size + stand->outcomes.items[1].cosignature.size);
    static const struct {
        const char *quorum;
        uint64_t time;
    } dates[] = {{"group g 2 w0 w1 w2\nquorum g\n", 1000},
                 {"group g all w0 w1 w2\nquorum g\n", 2000}};
    for (size_t i = 0; i < 2; i++) {
        struct ws_trust trust = made_policy(&stand->log.signer, &stand->witnesses, dates[i].quorum);
        assert_int_equal(
            ws_trust_check(&trust, ws_buffer_bytes(&second), &stand->arena, &trusted, NULL), WS_OK);
        assert_int_equal(trusted.time, dates[i].time);
        ws_trust_close(&trust);
    }
    ws_buffer_release(&first);
    ws_buffer_release(&second);
}

/* A policy may name more witnesses than a note has room for. */
static void client__makes_no_note_that_nobody_reads(void **state)
{
    struct stand *stand = *state;
    struct ws_buffer crowded, merged;
    struct ws_note note;
    ws_buffer_init(&crowded, NULL, WS_NOTE_LIMIT);
    ws_buffer_init(&merged, NULL, WS_NOTE_LIMIT);
    gather(stand, 0, 3);
    ws_buffer_append(&crowded, stand->outcomes.note.data, stand->outcomes.note.size);
    for (size_t i = 2; i < WS_NOTE_SIGNATURE_LIMIT; i++)
        ws_buffer_text(&crowded, "\xE2\x80\x94 somebody AAAAAAA=\n");
    assert_int_equal(ws_witness_merge(&stand->trust, ws_buffer_bytes(&crowded), &stand->outcomes,
                                      &stand->arena, &merged, &stand->err),
                     WS_OK);
    assert_int_equal(ws_note_read(ws_buffer_bytes(&merged), &stand->arena, &note, &stand->err),
                     WS_OK);
    assert_int_equal(note.signature_count, WS_NOTE_SIGNATURE_LIMIT);
    assert_int_equal(merged.size, crowded.size + stand->outcomes.items[0].cosignature.size);
    ws_buffer_release(&crowded);
    ws_buffer_release(&merged);
}

static void client__asks_for_what_a_log_of_the_policy_signed(void **state)
{
    struct stand *stand = *state;
    struct made_log other = make_log("other.example", &stand->arena);
    const struct ws_merkle_nodes nodes = made_nodes(&other);
    assert_int_equal(ws_witness_gather(&stand->trust, made_checkpoint(&other, 3, &stand->arena), 0,
                                       &nodes, &stand->witnesses.transport, &stand->arena,
                                       &stand->outcomes, &stand->err),
                     WS_INVALID);
    assert_non_null(strstr(stand->err.message, "other.example"));
    assert_int_equal(stand->witnesses.items[0].asked, 0);
    ws_note_signer_close(&other.signer);
}

static void client__lives_with_little_memory(void **state)
{
    struct stand *stand = *state;
    const struct ws_merkle_nodes nodes = made_nodes(&stand->log);
    struct ws_bytes note = made_checkpoint(&stand->log, 3, &stand->arena);
    bool done = false;
    for (long n = 0; !done; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_witness_outcomes outcomes;
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        enum ws_status status = ws_witness_gather(
            &stand->trust, note, 0, &nodes, &stand->witnesses.transport, &arena, &outcomes, NULL);
        assert_true(status == WS_OK || status == WS_NO_MEMORY);
        done = heap.failures == 0;
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stand, close_stand)
    const struct CMUnitTest tests[] = {
        TEST(client__gathers_what_all_cosign),
        TEST(client__proves_from_the_size_that_each_knows),
        TEST(client__lives_with_lost_answers),
        TEST(client__hears_that_the_log_went_back),
        TEST(client__believes_no_answer),
        TEST(client__believes_no_forged_cosignature),
        TEST(client__believes_no_cosignature_of_a_longer_text),
        TEST(client__keeps_the_first_cosignatures),
        TEST(client__makes_no_note_that_nobody_reads),
        TEST(client__asks_for_what_a_log_of_the_policy_signed),
        TEST(client__lives_with_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
