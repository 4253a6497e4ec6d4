/*
 * What statements mean in a log's order: who may say what, keys that change hands and are stolen,
 * withdrawals, depths and dates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/claims.h"
#include "support/failing_heap.h"
#include "support/made_statements.h"

/* ALPHA and BETA issue, CRAWL archives; ROOT and SPARE are root keys of alpha. The roles do not
 * know the others. */
enum signer { ALPHA, BETA, CRAWL, ROOT, SPARE, NEXT, THIEF, STRANGER, SIGNERS };

enum { MAX_DELAY = 2 * MADE_DAY };

struct world {
    struct made_parties made;
    struct made_tree tree;
    struct ws_note_signer signers[SIGNERS];
    const char *keys[SIGNERS];
    struct ws_claims claims;
    struct ws_claim claim; /* the last one that was read */
};

static enum ws_status read_entry(void *user, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct world *world = user;
    (void)arena;
    if (index >= world->claims.size)
        return ws_fail(err, WS_INVALID, "entry %zu was not read yet", (size_t)index);
    *out = world->tree.entries[index];
    return WS_OK;
}

static void open_world(struct world *world)
{
    static const char *const names[SIGNERS] = {"alpha", "beta", "crawl", "root",
                                               "spare", "next", "thief", "stranger"};
    *world = (struct world){.tree.size = 0};
    made_parties_begin(&world->made);
    for (size_t i = 0; i < SIGNERS; i++) {
        assert_int_equal(ws_note_signer_make(names[i], WS_KEY_ED25519, &world->made.arena,
                                             &world->signers[i], NULL),
                         WS_OK);
        world->keys[i] = made_key_text(&world->signers[i], &world->made);
    }
    const char *roles =
        ws_arena_format(&world->made.arena,
                        "key a %s\nkey b %s\nkey c %s\nroot a %s\nroot a %s\nissuer a a.example/m\n"
                        "issuer b b.example\narchive c crawl.example\nmax-delay %d\n",
                        world->keys[ALPHA], world->keys[BETA], world->keys[CRAWL],
                        world->keys[ROOT], world->keys[SPARE], MAX_DELAY);
    made_parties_trust(&world->made, "group g 2 w0 w1 w2\nquorum g\n", roles);
    assert_int_equal(ws_claims_open(&world->claims, &world->made.roles,
                                    (struct ws_claims_log){read_entry, world}, NULL, NULL),
                     WS_OK);
}

static void close_world(struct world *world)
{
    ws_claims_close(&world->claims);
    for (size_t i = 0; i < SIGNERS; i++)
        ws_note_signer_close(&world->signers[i]);
    made_parties_close(&world->made);
}

/* Statements ----------------------------------------------------------------------------------- */

static struct ws_statement rotation(const struct world *world, enum signer old, enum signer new)
{
    return (struct ws_statement){.kind = WS_STATEMENT_KEY_CHANGE,
                                 .key_change = {world->keys[old], world->keys[new], false, 0}};
}

/* Without a new key for SIGNERS. */
static struct ws_statement theft(const struct world *world, enum signer old, enum signer new,
                                 uint64_t since)
{
    return (struct ws_statement){
        .kind = WS_STATEMENT_KEY_CHANGE,
        .key_change = {world->keys[old], new == SIGNERS ? NULL : world->keys[new], true, since}};
}

/* Logs bytes and reads them there. */
static enum ws_claim_standing log_bytes(struct world *world, struct ws_bytes entry, uint64_t date)
{
    made_tree_add(&world->tree, entry);
    if (ws_claims_read(&world->claims, entry, date, &world->made.arena, &world->claim,
                       &world->made.err) != WS_OK)
        fail_msg("%s", world->made.err.message);
    assert_int_equal(world->claim.index, world->tree.size - 1);
    return world->claim.standing;
}

/* What the writer refuses is written as if it came later. */
static enum ws_claim_standing say_at(struct world *world, enum signer signer,
                                     struct ws_statement statement, uint64_t date)
{
    struct ws_bytes entry =
        made_entry(&world->made, &world->signers[signer], &statement, world->tree.size + 1000);
    return log_bytes(world, entry, date);
}

static enum ws_claim_standing say(struct world *world, enum signer signer,
                                  struct ws_statement statement)
{
    return say_at(world, signer, statement, MADE_STARTED + MADE_DAY);
}

/* An emission of model a.example/m that cites nothing; its index. */
static uint64_t say_plainly(struct world *world, enum signer signer, enum ws_claim_standing wanted)
{
    assert_int_equal(say(world, signer, made_emission("a.example/m", 1, NULL, 0)), wanted);
    return world->claim.index;
}

/* What became of an entry that counted. */
static enum ws_claim_fate fate(struct world *world, uint64_t index)
{
    struct ws_claim claim;
    struct ws_claims again;
    uint64_t at = UINT64_MAX;
    /* Who signed is read again, from the log as it was then. */
    assert_int_equal(ws_claims_open(&again, &world->made.roles,
                                    (struct ws_claims_log){read_entry, world}, NULL, NULL),
                     WS_OK);
    for (uint64_t i = 0; i <= index; i++)
        assert_int_equal(ws_claims_read(&again, world->tree.entries[i], MADE_STARTED + MADE_DAY,
                                        &world->made.arena, &claim, NULL),
                         WS_OK);
    assert_int_equal(claim.standing, WS_CLAIM_COUNTS);
    ws_claims_close(&again);
    enum ws_claim_fate found = ws_claims_fate(&world->claims, index, claim.key, &at);
    assert_int_equal(at != UINT64_MAX, found == WS_CLAIM_WITHDRAWN);
    return found;
}

/* Tests ---------------------------------------------------------------------------------------- */

static void claims__count_for_what_the_roles_say(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 1, NULL, 0)), WS_CLAIM_COUNTS);
    assert_string_equal(world.made.roles.parties[world.claim.party], "a");
    assert_string_equal(world.claim.statement.emission.model, "a.example/m");
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m/7b", 1, NULL, 0)),
                     WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/n", 1, NULL, 0)),
                     WS_CLAIM_OUT_OF_ROLE);
    assert_int_equal(say(&world, ALPHA, made_emission("b.example/m", 1, NULL, 0)),
                     WS_CLAIM_OUT_OF_ROLE);
    assert_int_equal(say(&world, BETA, made_emission("b.example/m", 1, NULL, 0)), WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, CRAWL, made_archive("crawl.example/2019")), WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, made_archive("crawl.example/2019")), WS_CLAIM_OUT_OF_ROLE);
    assert_int_equal(say(&world, CRAWL, made_emission("a.example/m", 1, NULL, 0)),
                     WS_CLAIM_OUT_OF_ROLE);
    assert_int_equal(say(&world, ROOT, made_emission("a.example/m", 1, NULL, 0)),
                     WS_CLAIM_OUT_OF_ROLE);
    assert_int_equal(say(&world, STRANGER, made_emission("a.example/m", 1, NULL, 0)),
                     WS_CLAIM_UNKNOWN);
    close_world(&world);
}

static void claims__pass_over_what_is_none(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    static const char other[] = "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[],"
                                "\"predicateType\":\"urn:wellspring:withdrawal:v2\","
                                "\"predicate\":{}}";
    assert_int_equal(log_bytes(&world, ws_bytes_of_text("hello"), 0), WS_CLAIM_FOREIGN);
    assert_int_equal(log_bytes(&world,
                               made_envelope(&world.made, &world.signers[ALPHA], "text/plain",
                                             ws_bytes_of_text("hi")),
                               0),
                     WS_CLAIM_FOREIGN);
    assert_int_equal(log_bytes(&world,
                               made_envelope(&world.made, &world.signers[ALPHA],
                                             WS_STATEMENT_PAYLOAD_TYPE, ws_bytes_of_text(other)),
                               0),
                     WS_CLAIM_FOREIGN);
    assert_int_equal(log_bytes(&world,
                               made_envelope(&world.made, &world.signers[ALPHA],
                                             WS_STATEMENT_PAYLOAD_TYPE, ws_bytes_of_text("{}")),
                               0),
                     WS_CLAIM_MALFORMED);
    /* What ALPHA signed with a byte of it changed. */
    struct ws_bytes entry = made_envelope(&world.made, &world.signers[ALPHA],
                                          WS_STATEMENT_PAYLOAD_TYPE, ws_bytes_of_text("{\"a\":1}"));
    uint8_t *changed = ws_arena_copy(&world.made.arena, entry.data, entry.size);
    changed[12] ^= 1;
    assert_int_equal(log_bytes(&world, ws_bytes_of(changed, entry.size), 0), WS_CLAIM_FORGED);
    close_world(&world);
}

static void claims__cite_what_is_earlier(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    uint64_t later = 1, itself = 1;
    say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 2, &itself, 1)),
                     WS_CLAIM_MALFORMED);
    later = world.tree.size + 5;
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 2, &later, 1)),
                     WS_CLAIM_MALFORMED);
    assert_int_equal(say(&world, ALPHA, made_withdrawal(world.tree.size)), WS_CLAIM_MALFORMED);
    assert_int_equal(say(&world, ROOT, theft(&world, ALPHA, SIGNERS, world.tree.size + 1)),
                     WS_CLAIM_MALFORMED);
    say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    close_world(&world);
}

/* An archive has depth 0; what does not count, or was withdrawn, says nothing. */
static void claims__are_deeper_than_what_they_cite(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    assert_int_equal(say(&world, CRAWL, made_archive("crawl.example/2019")), WS_CLAIM_COUNTS);
    say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, STRANGER, made_emission("a.example/m", 9, NULL, 0)),
                     WS_CLAIM_UNKNOWN);
    uint64_t sources[] = {0, 1, 2};
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 1, sources, 1)),
                     WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 1, sources, 3)),
                     WS_CLAIM_SHALLOW);
    assert_int_equal(say(&world, BETA, made_emission("b.example", 2, sources, 3)), WS_CLAIM_COUNTS);
    uint64_t deeper = world.claim.index;
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 2, &deeper, 1)),
                     WS_CLAIM_SHALLOW);
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 3, &deeper, 1)),
                     WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, BETA, made_withdrawal(deeper)), WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 2, &deeper, 1)),
                     WS_CLAIM_COUNTS);
    close_world(&world);
}

static void claims__are_withdrawn_by_who_made_them(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    uint64_t kept = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    uint64_t gone = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, BETA, made_withdrawal(gone)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, STRANGER, made_withdrawal(gone)), WS_CLAIM_UNKNOWN);
    assert_int_equal(say(&world, ROOT, made_withdrawal(gone)), WS_CLAIM_OUT_OF_ROLE);
    assert_int_equal(fate(&world, gone), WS_CLAIM_HOLDS);
    assert_int_equal(say(&world, ALPHA, made_withdrawal(gone)), WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, gone), WS_CLAIM_WITHDRAWN);
    assert_int_equal(fate(&world, kept), WS_CLAIM_HOLDS);
    /* A withdrawal stays: neither it nor what is gone can be withdrawn. */
    assert_int_equal(say(&world, ALPHA, made_withdrawal(world.claim.index)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, ALPHA, made_withdrawal(gone)), WS_CLAIM_VOID);
    /* Its successor is the same party. */
    assert_int_equal(say(&world, ALPHA, rotation(&world, ALPHA, NEXT)), WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, NEXT, made_withdrawal(kept)), WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, kept), WS_CLAIM_WITHDRAWN);
    close_world(&world);
}

/* What a withdrawal or a key change is of may be said by its hash, and then is that. */
static void claims__are_of_their_subject(void **state)
{
    (void)state;
    struct world world;
    struct ws_statement_subject subject = {.name = "entry 0"};
    open_world(&world);
    uint64_t gone = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    struct ws_statement statement = made_withdrawal(gone);
    statement.subjects = &subject;
    statement.subject_count = 1;
    assert_int_equal(say(&world, ALPHA, statement), WS_CLAIM_VOID);
    assert_int_equal(fate(&world, gone), WS_CLAIM_HOLDS);
    assert_int_equal(ws_hash_of(world.tree.entries[gone], &subject.digest, NULL), WS_OK);
    assert_int_equal(say(&world, ALPHA, statement), WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, gone), WS_CLAIM_WITHDRAWN);
    statement = rotation(&world, ALPHA, NEXT);
    statement.subjects = &subject;
    statement.subject_count = 1;
    assert_int_equal(say(&world, ALPHA, statement), WS_CLAIM_VOID);
    assert_int_equal(
        ws_hash_of(ws_bytes_of(world.signers[ALPHA].private_key.public_bytes, WS_ED25519_KEY_SIZE),
                   &subject.digest, NULL),
        WS_OK);
    assert_int_equal(say(&world, ALPHA, statement), WS_CLAIM_COUNTS);
    say_plainly(&world, NEXT, WS_CLAIM_COUNTS);
    close_world(&world);
}

static void claims__follow_a_key_that_hands_over(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    uint64_t before = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    say_plainly(&world, NEXT, WS_CLAIM_UNKNOWN);
    assert_int_equal(say(&world, ALPHA, rotation(&world, ALPHA, NEXT)), WS_CLAIM_COUNTS);
    say_plainly(&world, ALPHA, WS_CLAIM_UNTIMELY);
    uint64_t after = say_plainly(&world, NEXT, WS_CLAIM_COUNTS);
    assert_string_equal(world.made.roles.parties[world.claim.party], "a");
    assert_int_equal(fate(&world, before), WS_CLAIM_HOLDS);
    assert_int_equal(fate(&world, after), WS_CLAIM_HOLDS);
    /* The old one has no more to hand over. */
    assert_int_equal(say(&world, ALPHA, rotation(&world, ALPHA, THIEF)), WS_CLAIM_UNTIMELY);
    close_world(&world);
}

static void claims__let_nobody_hand_over_what_is_not_his(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    assert_int_equal(say(&world, BETA, rotation(&world, ALPHA, THIEF)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, THIEF, rotation(&world, ALPHA, THIEF)), WS_CLAIM_UNKNOWN);
    assert_int_equal(say(&world, ROOT, rotation(&world, BETA, THIEF)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, ALPHA, rotation(&world, ROOT, THIEF)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, ALPHA, theft(&world, ROOT, SIGNERS, 0)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, ALPHA, rotation(&world, STRANGER, THIEF)), WS_CLAIM_VOID);
    /* Nor is a key taken from another, or something that is none. */
    assert_int_equal(say(&world, ALPHA, rotation(&world, ALPHA, BETA)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, ALPHA, rotation(&world, ALPHA, ALPHA)), WS_CLAIM_VOID);
    struct ws_statement bad = rotation(&world, ALPHA, NEXT);
    bad.key_change.new_key = "next";
    assert_int_equal(say(&world, ALPHA, bad), WS_CLAIM_VOID);
    bad.key_change.new_key = made_key_text(&world.made.witnesses[0], &world.made);
    assert_int_equal(say(&world, ALPHA, bad), WS_CLAIM_VOID);
    say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    close_world(&world);
}

/* A thief has the key from entry 1 on; the root key says so in the end. */
static void claims__forget_what_a_thief_said(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    uint64_t kept = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    uint64_t forged = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, made_withdrawal(kept)), WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, rotation(&world, ALPHA, THIEF)), WS_CLAIM_COUNTS);
    uint64_t by_thief = say_plainly(&world, THIEF, WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, kept), WS_CLAIM_WITHDRAWN);
    assert_int_equal(say(&world, ROOT, theft(&world, ALPHA, NEXT, forged)), WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, kept), WS_CLAIM_HOLDS);
    assert_int_equal(fate(&world, forged), WS_CLAIM_REVOKED);
    assert_int_equal(fate(&world, by_thief), WS_CLAIM_REVOKED);
    say_plainly(&world, ALPHA, WS_CLAIM_UNTIMELY);
    say_plainly(&world, THIEF, WS_CLAIM_UNTIMELY);
    uint64_t next = say_plainly(&world, NEXT, WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, next), WS_CLAIM_HOLDS);
    close_world(&world);
}

/* Who stole a key cannot undo what its owner said with it, nor put another in its place. */
static void claims__of_the_past_are_safe_from_a_stolen_key(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    uint64_t before = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, theft(&world, ALPHA, THIEF, 0)), WS_CLAIM_VOID);
    say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, theft(&world, ALPHA, SIGNERS, 0)), WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, before), WS_CLAIM_HOLDS);
    say_plainly(&world, ALPHA, WS_CLAIM_UNTIMELY);
    assert_int_equal(say(&world, ROOT, rotation(&world, ALPHA, NEXT)), WS_CLAIM_COUNTS);
    say_plainly(&world, NEXT, WS_CLAIM_COUNTS);
    close_world(&world);
}

/* The spare root key takes over from one that was stolen, and what that brought in is gone. */
static void claims__outlive_a_stolen_root(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ROOT, rotation(&world, ALPHA, THIEF)), WS_CLAIM_COUNTS);
    uint64_t stolen = world.claim.index, by_thief = say_plainly(&world, THIEF, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, SPARE, theft(&world, ROOT, NEXT, stolen)), WS_CLAIM_COUNTS);
    assert_int_equal(fate(&world, by_thief), WS_CLAIM_REVOKED);
    say_plainly(&world, THIEF, WS_CLAIM_UNTIMELY);
    assert_int_equal(say(&world, ROOT, theft(&world, SPARE, SIGNERS, 0)), WS_CLAIM_UNTIMELY);
    /* The new one is a root key as the old one was: it signs nothing but key changes. */
    say_plainly(&world, NEXT, WS_CLAIM_OUT_OF_ROLE);
    assert_int_equal(say(&world, NEXT, rotation(&world, ALPHA, STRANGER)), WS_CLAIM_COUNTS);
    say_plainly(&world, STRANGER, WS_CLAIM_COUNTS);
    close_world(&world);
}

/* NEXT was brought in by ROOT, in entry 0: were ROOT stolen by then, NEXT could not say so. */
static void claims__do_not_deny_themselves(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    assert_int_equal(say(&world, ROOT, rotation(&world, SPARE, NEXT)), WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, NEXT, theft(&world, ROOT, SIGNERS, 0)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, NEXT, theft(&world, ROOT, THIEF, 0)), WS_CLAIM_VOID);
    assert_int_equal(say(&world, ROOT, rotation(&world, ALPHA, STRANGER)), WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, NEXT, theft(&world, ROOT, SIGNERS, 1)), WS_CLAIM_COUNTS);
    say_plainly(&world, STRANGER, WS_CLAIM_UNTIMELY);
    close_world(&world);
}

static void claims__have_the_dates_of_witnesses(void **state)
{
    (void)state;
    static const struct {
        uint64_t date;
        bool is_early;
        uint64_t start;
    } cases[] = {
        {MADE_STARTED + MADE_DAY, false, MADE_STARTED},
        {MADE_STARTED + MADE_DAY - WS_TRUST_SKEW, false, MADE_STARTED},
        {MADE_STARTED + MADE_DAY - WS_TRUST_SKEW - 1, true, MADE_STARTED},
        {MADE_STARTED + MAX_DELAY, false, MADE_STARTED},
        {MADE_STARTED + MAX_DELAY + 7, false, MADE_STARTED + 7},
        {0, false, MADE_STARTED},
    };
    struct ws_statement late = made_emission("a.example/m", 1, NULL, 0);
    struct world world;
    open_world(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            say_at(&world, ALPHA, made_emission("a.example/m", 1, NULL, 0), cases[i].date),
            WS_CLAIM_COUNTS);
        assert_int_equal(world.claim.is_early, cases[i].is_early);
        assert_int_equal(world.claim.start, cases[i].start);
    }
    /* Clocks differ; that makes nobody begin after the statement was there. */
    late.emission.started = late.emission.ended;
    assert_int_equal(say_at(&world, ALPHA, late, MADE_STARTED + MADE_DAY - WS_TRUST_SKEW),
                     WS_CLAIM_COUNTS);
    assert_int_equal(world.claim.start, MADE_STARTED + MADE_DAY - WS_TRUST_SKEW);
    /* An archive may tell of long ago; that it tells of what is to come is said. */
    assert_int_equal(say_at(&world, CRAWL, made_archive("crawl.example"), MADE_STARTED),
                     WS_CLAIM_COUNTS);
    assert_false(world.claim.is_early);
    assert_int_equal(say_at(&world, CRAWL, made_archive("crawl.example"), 1000000),
                     WS_CLAIM_COUNTS);
    assert_true(world.claim.is_early);
    close_world(&world);
}

static void claims__take_no_memory_for_entries(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    size_t before = world.claims.arena.size;
    while (world.tree.size < MADE_ENTRIES)
        say_plainly(&world, world.tree.size % 2 == 0 ? ALPHA : STRANGER,
                    world.tree.size % 2 == 0 ? WS_CLAIM_COUNTS : WS_CLAIM_UNKNOWN);
    assert_int_equal(world.claims.arena.size, before);
    close_world(&world);
}

static enum ws_status read_nothing(void *user, uint64_t index, struct ws_arena *arena,
                                   struct ws_bytes *out, struct ws_error *err)
{
    (void)user, (void)index, (void)arena, (void)out;
    return ws_fail(err, WS_IO, "no way to the log");
}

static void claims__stop_where_a_source_cannot_be_read(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    uint64_t source = say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    assert_int_equal(say(&world, ALPHA, made_emission("a.example/m", 2, &source, 1)),
                     WS_CLAIM_COUNTS);
    struct ws_claims claims;
    struct ws_claim claim;
    assert_int_equal(ws_claims_open(&claims, &world.made.roles,
                                    (struct ws_claims_log){read_nothing, NULL}, NULL, NULL),
                     WS_OK);
    assert_int_equal(
        ws_claims_read(&claims, world.tree.entries[0], 0, &world.made.arena, &claim, NULL), WS_OK);
    assert_int_equal(ws_claims_read(&claims, world.tree.entries[1], 0, &world.made.arena, &claim,
                                    &world.made.err),
                     WS_IO);
    assert_int_equal(claims.size, 1);
    ws_claims_close(&claims);
    close_world(&world);
}

/* Many withdrawals and keys, and any allocation fails. */
static void claims__live_with_little_memory(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    for (size_t i = 0; i < 20; i++)
        say_plainly(&world, ALPHA, WS_CLAIM_COUNTS);
    for (size_t i = 20; i-- > 0;)
        assert_int_equal(say(&world, ALPHA, made_withdrawal(i)), WS_CLAIM_COUNTS);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(fate(&world, i), WS_CLAIM_WITHDRAWN);
    assert_int_equal(say(&world, ALPHA, rotation(&world, ALPHA, NEXT)), WS_CLAIM_COUNTS);
    say_plainly(&world, NEXT, WS_CLAIM_COUNTS);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_claims claims;
        struct ws_claim claim;
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        status = ws_claims_open(&claims, &world.made.roles,
                                (struct ws_claims_log){read_entry, &world}, &allocator, NULL);
        for (uint64_t i = 0; i < world.tree.size && status == WS_OK; i++) {
            status = ws_claims_read(&claims, world.tree.entries[i], MADE_STARTED + MADE_DAY, &arena,
                                    &claim, NULL);
            if (status == WS_OK)
                assert_int_equal(claim.standing, WS_CLAIM_COUNTS);
            ws_arena_reset(&arena);
        }
        ws_claims_close(&claims);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims__count_for_what_the_roles_say),
        cmocka_unit_test(claims__pass_over_what_is_none),
        cmocka_unit_test(claims__cite_what_is_earlier),
        cmocka_unit_test(claims__are_deeper_than_what_they_cite),
        cmocka_unit_test(claims__are_withdrawn_by_who_made_them),
        cmocka_unit_test(claims__are_of_their_subject),
        cmocka_unit_test(claims__follow_a_key_that_hands_over),
        cmocka_unit_test(claims__let_nobody_hand_over_what_is_not_his),
        cmocka_unit_test(claims__forget_what_a_thief_said),
        cmocka_unit_test(claims__of_the_past_are_safe_from_a_stolen_key),
        cmocka_unit_test(claims__outlive_a_stolen_root),
        cmocka_unit_test(claims__do_not_deny_themselves),
        cmocka_unit_test(claims__have_the_dates_of_witnesses),
        cmocka_unit_test(claims__take_no_memory_for_entries),
        cmocka_unit_test(claims__stop_where_a_source_cannot_be_read),
        cmocka_unit_test(claims__live_with_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
