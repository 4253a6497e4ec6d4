/*
 * Policies of trust and the proofs that are checked with them: who must have signed, since when an
 * entry is there, and every line that is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_proof.h"
#include "ledger/roles.h"
#include "support/failing_heap.h"

enum { WITNESSES = 5, LOG_SIZE = 11 };

/* A log, witnesses, and the log's tree. */
struct party {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer log, witnesses[WITNESSES];
    const char *log_key, *witness_keys[WITNESSES];
    struct ws_hash leaves[LOG_SIZE];
};

static const char *print_key(const struct ws_note_signer *signer, struct party *party)
{
    struct ws_note_key key;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    assert_int_equal(ws_note_signer_key(signer, &key, &party->err), WS_OK);
    ws_note_key_append(&text, &key);
    const char *copy = ws_arena_text(&party->arena, ws_buffer_string(&text));
    ws_note_key_close(&key);
    ws_buffer_release(&text);
    return copy;
}

static void entry_of(size_t index, char out[16])
{
    (void)snprintf(out, 16, "entry %zu", index);
}

static int make_party(void **state)
{
    static struct party party;
    ws_arena_init(&party.arena, NULL);
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &party.arena, &party.log, &party.err),
        WS_OK);
    party.log_key = print_key(&party.log, &party);
    for (size_t i = 0; i < WITNESSES; i++) {
        assert_int_equal(ws_note_signer_make("w.example", WS_KEY_COSIGNATURE, &party.arena,
                                             &party.witnesses[i], &party.err),
                         WS_OK);
        party.witness_keys[i] = print_key(&party.witnesses[i], &party);
    }
    for (size_t i = 0; i < LOG_SIZE; i++) {
        char entry[16];
        entry_of(i, entry);
        ws_merkle_leaf(ws_bytes_of_text(entry), &party.leaves[i]);
    }
    *state = &party;
    return 0;
}

static int release_party(void **state)
{
    struct party *party = *state;
    ws_note_signer_close(&party->log);
    for (size_t i = 0; i < WITNESSES; i++)
        ws_note_signer_close(&party->witnesses[i]);
    ws_arena_release(&party->arena);
    return 0;
}

/* A policy of the log, the witnesses A to E, and what `rest` says. */
static const char *policy_text(const struct party *party, const char *rest, struct ws_arena *arena)
{
    return ws_arena_format(arena,
                           "# whom I trust\n\nlog %s https://log.example/\n"
                           "witness A %s\n\twitness  B\t%s https://b.example \n"
                           "witness C %s\nwitness D %s\nwitness E %s\n%s",
                           party->log_key, party->witness_keys[0], party->witness_keys[1],
                           party->witness_keys[2], party->witness_keys[3], party->witness_keys[4],
                           rest);
}

static struct ws_trust read_policy(struct party *party, const char *rest)
{
    struct ws_trust trust = {0};
    const char *text = policy_text(party, rest, &party->arena);
    if (ws_trust_read(ws_bytes_of_text(text), "policy", &party->arena, &trust, &party->err) !=
        WS_OK)
        fail_msg("%s", party->err.message);
    return trust;
}

/* A checkpoint of the whole log, cosigned by those whose time is not 0. */
static void write_checkpoint(struct party *party, const char *origin,
                             const uint64_t times[WITNESSES], struct ws_buffer *out)
{
    struct ws_checkpoint checkpoint = {.origin = origin, .size = LOG_SIZE};
    struct ws_frontier frontier = {0};
    for (size_t i = 0; i < LOG_SIZE; i++)
        ws_frontier_add(&frontier, &party->leaves[i]);
    ws_frontier_root(&frontier, &checkpoint.root);
    ws_checkpoint_append(out, &checkpoint);
    struct ws_bytes text = {ws_arena_copy(&party->arena, out->data, out->size), out->size};
    ws_buffer_u8(out, '\n');
    assert_int_equal(ws_note_sign(out, text, &party->log, 0, &party->arena, &party->err), WS_OK);
    for (size_t i = 0; i < WITNESSES; i++)
        if (times[i] > 0)
            assert_int_equal(
                ws_note_sign(out, text, &party->witnesses[i], times[i], &party->arena, &party->err),
                WS_OK);
}

/* What the policy makes of such a checkpoint; its time in `time`. */
static enum ws_status judge(struct party *party, const char *rest, const uint64_t times[WITNESSES],
                            uint64_t *time)
{
    struct ws_trust trust = read_policy(party, rest);
    struct ws_trusted_checkpoint trusted = {.time = 0};
    struct ws_buffer note;
    ws_buffer_init(&note, NULL, 100000);
    write_checkpoint(party, "log.example", times, &note);
    enum ws_status status =
        ws_trust_check(&trust, ws_buffer_bytes(&note), &party->arena, &trusted, &party->err);
    *time = trusted.time;
    ws_buffer_release(&note);
    ws_trust_close(&trust);
    return status;
}

static void trust__dates_by_the_witness_that_completes_the_quorum(void **state)
{
    static const char quorum[] = "group two 2 A B C\ngroup any-of-rest any D E\n"
                                 "group both all two any-of-rest\nquorum both\n";
    static const struct {
        uint64_t times[WITNESSES];
        enum ws_status status;
        uint64_t time;
    } cases[] = {
        {{10, 20, 30, 5, 6}, WS_OK, 20},     {{10, 20, 30, 25, 0}, WS_OK, 25},
        {{10, 20, 30, 25, 40}, WS_OK, 25},   {{0, 20, 30, 0, 1}, WS_OK, 30},
        {{10, 20, 30, 0, 0}, WS_CORRUPT, 0}, {{10, 0, 0, 25, 26}, WS_CORRUPT, 0},
        {{0, 0, 0, 0, 0}, WS_CORRUPT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t time;
        assert_int_equal(judge(*state, quorum, cases[i].times, &time), cases[i].status);
        assert_int_equal(time, cases[i].time);
    }
}

static void trust__without_a_quorum_has_no_date(void **state)
{
    uint64_t time;
    assert_int_equal(judge(*state, "quorum none\n", (uint64_t[WITNESSES]){0}, &time), WS_OK);
    assert_int_equal(time, 0);
    assert_int_equal(judge(*state, "quorum D\n", (uint64_t[WITNESSES]){1, 2, 3, 9, 5}, &time),
                     WS_OK);
    assert_int_equal(time, 9);
    assert_int_equal(judge(*state, "quorum D\n", (uint64_t[WITNESSES]){1, 2, 3, 0, 5}, &time),
                     WS_CORRUPT);
}

/* A time that is none: it would be earlier than every other. */
static void trust__counts_no_cosignature_of_time_0(void **state)
{
    struct party *party = *state;
    struct ws_trust trust = read_policy(party, "quorum D\n");
    struct ws_trusted_checkpoint trusted;
    struct ws_buffer note;
    ws_buffer_init(&note, NULL, 100000);
    write_checkpoint(party, "log.example", (uint64_t[WITNESSES]){0}, &note);
    const char *text = ws_buffer_string(&note);
    struct ws_bytes signed_text = {
        ws_arena_copy(&party->arena, text, (size_t)(strstr(text, "\n\n") - text) + 1),
        (size_t)(strstr(text, "\n\n") - text) + 1};
    assert_int_equal(
        ws_note_sign(&note, signed_text, &party->witnesses[3], 0, &party->arena, &party->err),
        WS_OK);
    assert_int_equal(
        ws_trust_check(&trust, ws_buffer_bytes(&note), &party->arena, &trusted, &party->err),
        WS_CORRUPT);
    assert_non_null(strstr(party->err.message, "0 witnesses of the policy cosigned"));
    ws_buffer_release(&note);
    ws_trust_close(&trust);
}

/* A and B are of one operator: the second of distinct operators is C, or D, or E. */
static void trust__counts_the_witnesses_of_one_operator_once(void **state)
{
    struct party *party = *state;
    static const struct {
        uint64_t times[WITNESSES];
        enum ws_status status;
        uint64_t time;
        size_t operators;
    } cases[] = {
        {{10, 20, 30, 0, 0}, WS_OK, 30, 2},  {{10, 20, 0, 0, 0}, WS_CORRUPT, 0, 1},
        {{50, 20, 30, 0, 0}, WS_OK, 30, 2},  {{50, 40, 30, 0, 0}, WS_OK, 40, 2},
        {{10, 20, 40, 30, 5}, WS_OK, 10, 4}, {{0, 20, 0, 0, 0}, WS_CORRUPT, 0, 1},
        {{0, 0, 30, 35, 0}, WS_OK, 35, 2},   {{10, 11, 0, 12, 0}, WS_OK, 12, 2},
    };
    struct ws_trust trust = read_policy(party, "group g 2 A B C D E\nquorum g\n");
    struct ws_roles roles;
    assert_int_equal(
        ws_roles_read(ws_bytes_of_text("urn:wellspring:roles:v1\noperator north A B\n"), "roles",
                      &trust, &party->arena, &roles, &party->err),
        WS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_trusted_checkpoint trusted = {.time = 0};
        struct ws_buffer note;
        ws_buffer_init(&note, NULL, 100000);
        write_checkpoint(party, "log.example", cases[i].times, &note);
        assert_int_equal(
            ws_trust_check(&trust, ws_buffer_bytes(&note), &party->arena, &trusted, &party->err),
            cases[i].status);
        assert_int_equal(trusted.time, cases[i].time);
        /* Without asking for the quorum, everybody is counted. */
        assert_int_equal(ws_trust_check_log(&trust, ws_buffer_bytes(&note), &party->arena, &trusted,
                                            &party->err),
                         WS_OK);
        assert_int_equal(trusted.operators, cases[i].operators);
        assert_int_equal(trusted.has_quorum, cases[i].status == WS_OK);
        ws_buffer_release(&note);
    }
    ws_roles_close(&roles);
    ws_trust_close(&trust);
}

/* Signed by the log's key, in another log's name. */
static void trust__takes_a_log_at_its_own_name_alone(void **state)
{
    struct party *party = *state;
    struct ws_trust trust = read_policy(party, "quorum none\n");
    struct ws_trusted_checkpoint trusted;
    struct ws_buffer note;
    ws_buffer_init(&note, NULL, 100000);
    write_checkpoint(party, "other.example", (uint64_t[WITNESSES]){1}, &note);
    assert_int_equal(
        ws_trust_check(&trust, ws_buffer_bytes(&note), &party->arena, &trusted, &party->err),
        WS_CORRUPT);
    assert_non_null(strstr(party->err.message, "other.example"));
    ws_buffer_release(&note);
    ws_trust_close(&trust);
}

/* What each line breaks, and what is said of it. */
static void trust__refuses_lines_that_are_none(void **state)
{
    struct party *party = *state;
    static const struct {
        const char *rest, *message;
    } bad[] = {
        {"", "policy: there is no quorum"},
        {"quorum none", "policy:9: the line does not end"},
        {"quorum none\nquorum none\n", "policy:10: a second quorum"},
        {"quorum\n", "policy:9: a name"},
        {"quorum F\n", "policy:9: no witness or group 'F'"},
        {"quorum A B\n", "policy:9: 'B' is too much"},
        {"group g 2 A\nquorum g\n", "policy:9: 2 of a group's 1 members"},
        {"group g 0 A\nquorum g\n", "policy:9: 0 of a group's"},
        {"group g all\nquorum g\n", "policy:9: 0 of a group's 0"},
        {"group g some A\nquorum g\n", "policy:9: a group takes"},
        {"group g 01 A\nquorum g\n", "policy:9: a group takes"},
        {"group g any g\nquorum g\n", "policy:9: no witness or group 'g'"},
        {"group g any A A\nquorum g\n", "policy:9: 'A' is in a group already"},
        {"group g any A\ngroup h any A\nquorum g\n", "policy:10: 'A' is in a group already"},
        {"group A any B\nquorum A\n", "policy:9: 'A' was there before"},
        {"group none any B\nquorum A\n", "policy:9: 'none' can be no name"},
        {"Log x\n", "policy:9: 'Log', wanted"},
        {"log\n", "policy:9: a key is missing"},
        {"log x\n", "policy:9: this is no key"},
        {"witness F\n", "policy:9: a key is missing"},
        {"quorum none\n\x01\n", "policy:10: a control character"},
        {"quorum none\r\n", "policy:9: a control character"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ws_trust trust;
        const char *text = policy_text(party, bad[i].rest, &party->arena);
        assert_int_equal(
            ws_trust_read(ws_bytes_of_text(text), "policy", &party->arena, &trust, &party->err),
            WS_INVALID);
        if (strncmp(party->err.message, bad[i].message, strlen(bad[i].message)) != 0)
            fail_msg("%zu: %s", i, party->err.message);
    }
}

static void trust__refuses_one_key_under_two_names(void **state)
{
    struct party *party = *state;
    struct ws_trust trust;
    const char *const twice[] = {
        ws_arena_format(&party->arena, "witness F %s\nquorum F\n", party->witness_keys[2]),
        ws_arena_format(&party->arena, "log %s\nquorum A\n", party->log_key),
        ws_arena_format(&party->arena, "log %s\nquorum A\n", party->witness_keys[2]),
        ws_arena_format(&party->arena, "witness F %s\nquorum A\n", party->log_key),
    };
    static const char *const messages[] = {"this witness's key was there", "this log's key was",
                                           "a log's key is of type 1", "a witness's key is of"};
    for (size_t i = 0; i < 4; i++) {
        const char *text = policy_text(party, twice[i], &party->arena);
        assert_int_equal(
            ws_trust_read(ws_bytes_of_text(text), "policy", &party->arena, &trust, &party->err),
            WS_INVALID);
        assert_non_null(strstr(party->err.message, messages[i]));
    }
}

/* ---- proofs ---- */

static enum ws_status read_node(void *user, unsigned level, uint64_t index, struct ws_hash *out,
                                struct ws_error *err)
{
    const struct party *party = user;
    if (level == 0) {
        *out = party->leaves[index];
        return WS_OK;
    }
    struct ws_hash left, right;
    WS_TRY(read_node(user, level - 1, 2 * index, &left, err));
    WS_TRY(read_node(user, level - 1, 2 * index + 1, &right, err));
    ws_merkle_node(&left, &right, out);
    return WS_OK;
}

static void proof__tells_of_every_entry_without_the_log(void **state)
{
    struct party *party = *state;
    const struct ws_merkle_nodes nodes = {read_node, party};
    struct ws_trust trust = read_policy(party, "group g 2 A B C\nquorum g\n");
    struct ws_buffer note, text;
    ws_buffer_init(&note, NULL, 100000);
    ws_buffer_init(&text, NULL, 100000);
    write_checkpoint(party, "log.example", (uint64_t[WITNESSES]){7, 9, 8}, &note);
    for (size_t index = 0; index < LOG_SIZE; index++) {
        struct ws_log_proof proof = {
            .has_extra = index % 2 == 1,
            .extra = ws_bytes_of("\0\xff", index % 3),
            .index = index,
            .checkpoint = ws_buffer_bytes(&note),
        };
        struct ws_log_proof read;
        struct ws_trusted_checkpoint trusted;
        char entry[16], other[16];
        entry_of(index, entry);
        entry_of((index + 1) % LOG_SIZE, other);
        assert_int_equal(
            ws_merkle_prove_inclusion(&nodes, index, LOG_SIZE, &proof.way, &party->err), WS_OK);
        ws_buffer_reset(&text);
        ws_log_proof_append(&text, &proof);
        assert_int_equal(
            ws_log_proof_read(ws_buffer_bytes(&text), &party->arena, &read, &party->err), WS_OK);
        assert_int_equal(read.has_extra, proof.has_extra);
        if (read.has_extra)
            assert_int_equal(read.extra.size, proof.extra.size);
        assert_int_equal(ws_log_proof_check(&read, ws_bytes_of_text(entry), &trust, &party->arena,
                                            &trusted, &party->err),
                         WS_OK);
        assert_int_equal(trusted.time, 8);
        assert_int_equal(trusted.witnesses, 3);
        assert_int_equal(ws_log_proof_check(&read, ws_bytes_of_text(other), &trust, &party->arena,
                                            &trusted, &party->err),
                         WS_CORRUPT);
    }
    ws_buffer_release(&note);
    ws_buffer_release(&text);
    ws_trust_close(&trust);
}

static void proof__that_is_none_is_refused(void **state)
{
    struct party *party = *state;
    static const char *const bad[] = {
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 1\n\no\n",
        "c2sp.org/tlog-proof@v1\nindex\n\no\n",
        "c2sp.org/tlog-proof@v1\nindex 01\n\no\n",
        "c2sp.org/tlog-proof@v1\nindex 1 \n\no\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\no\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nextra A\nindex 1\n\no\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 1\n\no\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ws_log_proof proof;
        if (ws_log_proof_read(ws_bytes_of_text(bad[i]), &party->arena, &proof, &party->err) !=
            WS_CORRUPT)
            fail_msg("%zu was read", i);
    }
}

static void trust__lives_with_little_memory(void **state)
{
    struct party *party = *state;
    const char *text = policy_text(party, "group g 2 A B C\nquorum g\n", &party->arena);
    struct ws_buffer note;
    ws_buffer_init(&note, NULL, 100000);
    write_checkpoint(party, "log.example", (uint64_t[WITNESSES]){7, 9, 8}, &note);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_trust trust = {0};
        struct ws_trusted_checkpoint trusted;
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        status = ws_trust_read(ws_bytes_of_text(text), "policy", &arena, &trust, NULL);
        if (status == WS_OK)
            status = ws_trust_check(&trust, ws_buffer_bytes(&note), &arena, &trusted, NULL);
        ws_trust_close(&trust);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    ws_buffer_release(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust__dates_by_the_witness_that_completes_the_quorum),
        cmocka_unit_test(trust__without_a_quorum_has_no_date),
        cmocka_unit_test(trust__counts_no_cosignature_of_time_0),
        cmocka_unit_test(trust__counts_the_witnesses_of_one_operator_once),
        cmocka_unit_test(trust__takes_a_log_at_its_own_name_alone),
        cmocka_unit_test(trust__refuses_lines_that_are_none),
        cmocka_unit_test(trust__refuses_one_key_under_two_names),
        cmocka_unit_test(proof__tells_of_every_entry_without_the_log),
        cmocka_unit_test(proof__that_is_none_is_refused),
        cmocka_unit_test(trust__lives_with_little_memory),
    };
    return cmocka_run_group_tests(tests, make_party, release_party);
}
