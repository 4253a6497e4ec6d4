/* Disputed claims, and what their issuers show: a document that was shown counts with the
 * fingerprints that its text has, and of a disputed claim nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/made_registry.h"

enum { MODEL_TEXT = 1, OTHER_TEXT = 2, LOGGED = 10, DOUBTED = 50, LOOKED_UP = 100 };

/* The middle of a text. */
static struct ws_bytes quotation(struct ws_bytes text)
{
    return ws_bytes_of(text.data + text.size / 4, text.size / 2);
}

/* Alpha claims a shard of these documents, perhaps a keyed one; somebody doubts it. */
static void claim_doubted(struct made_registry *r, struct ws_hash digest)
{
    const uint64_t entry = registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, LOGGED);
    registry_doubt(r, entry, DOUBTED);
}

static struct ws_finding look_up(struct made_registry *r, struct ws_bytes text,
                                 struct ws_evidence *evidence)
{
    struct ws_lookup lookup;
    registry_open(r, &lookup);
    const struct ws_finding finding = registry_find(r, &lookup, text, evidence);
    const enum ws_verdict_label label = finding.verdict.label;
    const size_t refused = finding.refused, count = finding.claim_count;
    const struct ws_finding_claim *claim = &finding.claims[0];
    struct ws_evidence read;
    assert_true(count > 0);
    const size_t shown = claim->shown;
    const bool is_disputed = claim->is_disputed;
    const struct ws_bytes bundle = registry_bundle(r, evidence);
    assert_int_equal(ws_evidence_take_apart(bundle, &r->made.arena, &read, NULL), WS_OK);
    struct ws_finding again = registry_judge(r, &lookup, &read);
    assert_int_equal(again.verdict.label, label);
    assert_int_equal(again.verdict.match_count, finding.verdict.match_count);
    assert_int_equal(again.refused, refused);
    assert_int_equal(again.claims[0].shown, shown);
    assert_int_equal(again.claims[0].is_disputed, is_disputed);
    ws_lookup_close(&lookup);
    *evidence = read;
    return again;
}

/* Whoever puts the openings of other evidence beside a lookup that found nothing: so many of them
 * are documents of the first claim, and the verdict stays. */
static void assert_brings_nothing_about(struct made_registry *r, struct ws_evidence evidence,
                                        const struct ws_evidence *other, size_t shown)
{
    struct ws_lookup lookup;
    evidence.openings = other->openings;
    evidence.opening_count = other->opening_count;
    registry_open(r, &lookup);
    const struct ws_finding finding = registry_judge(r, &lookup, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.claims[0].shown, shown);
    assert_int_equal(finding.refused, 0);
    ws_lookup_close(&lookup);
}

static void disputed__claims_lose_their_weight_after_a_time(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_evidence evidence;
    registry_begin(&r);
    const struct ws_bytes text = registry_text(&r, MODEL_TEXT);
    claim_doubted(&r, registry_shard(&r, text));
    struct ws_finding finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_true(finding.claims[0].is_disputed);
    registry_doubt(&r, 0, LOOKED_UP - 1); /* a day ago: that is max-opening */
    finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    r.dispute.since++;
    finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    assert_false(finding.claims[0].is_disputed);
    registry_end(&r);
}

/* Whoever has the text needs none of the issuer's. */
static void shown__document_itself_counts_without_its_text(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_evidence evidence;
    registry_begin(&r);
    const struct ws_bytes text = registry_text(&r, MODEL_TEXT);
    claim_doubted(&r, registry_shard(&r, text));
    registry_show(&r, 0, text, ws_bytes_of(NULL, 0));
    struct ws_finding finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    assert_true(finding.verdict.matches[0].is_exact);
    assert_int_equal(finding.claims[0].shown, 1);
    /* Of what shares only parts with it, the digest says nothing. */
    finding = look_up(&r, quotation(text), &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.claims[0].shown, 0);
    /* A text that comes with it is not put where it is known. */
    registry_show(&r, 0, text, text);
    finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    assert_int_equal(finding.claims[0].shown, 1);
    assert_int_equal(evidence.opening_count, 2);
    assert_int_equal(evidence.openings[0].text.size, 0);
    assert_int_equal(evidence.openings[1].text.size, 0);
    registry_end(&r);
}

static void shown__text_counts_for_what_is_quoted_of_it(void **state)
{
    (void)state;
    static const uint8_t secret[WS_SHARD_KEY_SIZE] = {1, 2};
    static const char line[] = "0102000000000000000000000000000000000000000000000000000000000000\n";
    for (unsigned is_keyed = 0; is_keyed < 2; is_keyed++) {
        struct made_registry r;
        struct ws_evidence evidence;
        struct ws_shard_key key;
        registry_begin(&r);
        assert_int_equal(ws_shard_key_of(secret, &key, NULL), WS_OK);
        if (is_keyed) {
            r.key = &key;
            r.request.keys = registry_path(&r, "keys");
            assert_int_equal(ws_file_create_private(r.request.keys, ws_bytes_of_text(line), NULL),
                             WS_OK);
        }
        const struct ws_bytes text = registry_text(&r, MODEL_TEXT), part = quotation(text);
        claim_doubted(&r, registry_shard(&r, text));
        struct ws_finding finding = look_up(&r, part, &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
        registry_show(&r, 0, text, text);
        registry_show(&r, 0, text, text); /* twice is no more than once */
        finding = look_up(&r, part, &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
        assert_true(finding.claims[0].is_disputed);
        assert_int_equal(finding.claims[0].shown, 1);
        assert_int_equal(finding.refused, 0);
        assert_int_equal(evidence.opening_count, 1);
        assert_int_equal(evidence.openings[0].text.size, text.size);
        const uint64_t hits = finding.verdict.matches[0].hits;
        r.dispute.since = 0;
        finding = look_up(&r, part, &evidence);
        assert_int_equal(finding.verdict.matches[0].hits, hits);
        /* Of a text that shares nothing with it, it is no evidence. */
        (void)look_up(&r, registry_text(&r, OTHER_TEXT), &evidence);
        assert_int_equal(evidence.opening_count, 0);
        registry_end(&r);
    }
}

/* Of two documents of the shard one is shown, and the other one is quoted. */
static void shown__documents_speak_for_themselves_alone(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_evidence evidence, both;
    struct ws_shard_settings settings = {.scheme = WS_FINGERPRINT_ID, .secret = {1}};
    struct ws_shard_writer writer;
    struct ws_shard_head head;
    struct ws_shard shard;
    registry_begin(&r);
    r.shards = 1;
    assert_int_equal(ws_shard_writer_open(&writer, &settings, NULL, NULL), WS_OK);
    for (uint64_t i = MODEL_TEXT; i <= OTHER_TEXT; i++) {
        const struct ws_query query = registry_query(&r, registry_text(&r, i));
        assert_int_equal(
            ws_shard_writer_add(&writer, registry_keys(&r, &query, 0), query.mark_count, NULL),
            WS_OK);
        assert_int_equal(ws_shard_writer_end(&writer, &query.digest, NULL), WS_OK);
    }
    assert_int_equal(ws_shard_writer_keep(&writer, registry_last_shard(&r), &head, NULL), WS_OK);
    ws_shard_writer_close(&writer);
    assert_int_equal(ws_shard_open(&shard, registry_last_shard(&r), NULL), WS_OK);
    claim_doubted(&r, shard.digest);
    ws_shard_close(&shard);

    const struct ws_bytes model = registry_text(&r, MODEL_TEXT),
                          other = registry_text(&r, OTHER_TEXT);
    registry_show(&r, 0, other, other);
    struct ws_finding finding = look_up(&r, quotation(other), &both);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    finding = look_up(&r, quotation(model), &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(evidence.opening_count, 0);
    assert_brings_nothing_about(&r, evidence, &both, 1);
    registry_end(&r);
}

/* A document has fingerprints of a text that it is not: what is shown of it refutes them, also
 * where nobody doubts it, and where the two texts share nothing. */
static void shown__text_refutes_what_it_has_not(void **state)
{
    (void)state;
    for (unsigned is_doubted = 0; is_doubted < 2; is_doubted++) {
        struct made_registry r;
        struct ws_evidence evidence;
        registry_begin(&r);
        const struct ws_bytes copied = registry_text(&r, MODEL_TEXT);
        const struct ws_bytes own = registry_text(&r, OTHER_TEXT);
        const struct ws_bytes joined = registry_join(&r, own, copied);
        const struct ws_query query = registry_query(&r, joined), of_own = registry_query(&r, own);
        claim_doubted(&r, registry_shard_of_keys(&r, registry_keys(&r, &query, 0), query.mark_count,
                                                 &of_own.digest, 1));
        if (!is_doubted)
            r.dispute.since = 0;
        struct ws_finding finding = look_up(&r, copied, &evidence);
        assert_int_equal(finding.verdict.label, is_doubted ? WS_VERDICT_UNKNOWN : WS_VERDICT_MODEL);
        registry_show(&r, 0, own, own);
        finding = look_up(&r, copied, &evidence);
        assert_int_equal(evidence.opening_count, 1);
        assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
        finding = look_up(&r, quotation(own), &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
        registry_end(&r);
    }
}

/* An opening with another text, or for a document that it does not lead to. */
static void shown__other_texts_are_refused(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_evidence evidence;
    struct ws_lookup lookup;
    registry_begin(&r);
    const struct ws_bytes text = registry_text(&r, MODEL_TEXT), part = quotation(text);
    claim_doubted(&r, registry_shard(&r, text));
    registry_show(&r, 0, text, text);
    (void)look_up(&r, part, &evidence);
    registry_open(&r, &lookup);
    struct ws_shard_opening *opening = &evidence.openings[0];
    assert_int_equal(registry_judge(&r, &lookup, &evidence).verdict.label, WS_VERDICT_MODEL);
    uint8_t *changed = ws_arena_copy(&r.made.arena, text.data, text.size);
    assert_non_null(changed);
    changed[text.size - 2] ^= 1;
    opening->text.data = changed;
    struct ws_finding finding = registry_judge(&r, &lookup, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.refused, 1);
    assert_int_equal(finding.claims[0].shown, 0);
    opening->text = text;
    opening->salt[0] ^= 1;
    finding = registry_judge(&r, &lookup, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.refused, 1);
    opening->salt[0] ^= 1;
    opening->text.size = 0;
    finding = registry_judge(&r, &lookup, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.refused, 1);
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* A file that opens nothing is nobody's evidence: held against a bundle, it would spoil what the
 * others prove. */
static void shown__openings_that_lead_nowhere_spoil_no_bundle(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_evidence evidence;
    registry_begin(&r);
    const struct ws_bytes text = registry_text(&r, MODEL_TEXT), nothing = ws_bytes_of(NULL, 0);
    claim_doubted(&r, registry_shard(&r, text));
    registry_show(&r, 0, text, nothing);
    const struct ws_bytes honest = contents(&r.made.arena, registry_path(&r, "openings/0"));
    uint8_t *changed = ws_arena_copy(&r.made.arena, honest.data, honest.size);
    assert_non_null(changed);
    changed[8 + WS_SHARD_HEAD_SIZE + 4] ^= 1; /* its salt */
    registry_file(&r, "openings/0", ws_bytes_of(changed, honest.size));
    struct ws_finding finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.refused, 0);
    registry_show(&r, 0, text, nothing);
    finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    assert_int_equal(finding.refused, 0);
    assert_int_equal(evidence.opening_count, 1);
    registry_end(&r);
}

/* Of a claim that does not count, what was shown brings nothing about: it was taken back, or the
 * index has not its shard. */
static void shown__documents_of_what_does_not_count_are_nothing(void **state)
{
    (void)state;
    for (unsigned is_taken_back = 0; is_taken_back < 2; is_taken_back++) {
        struct made_registry r;
        struct ws_evidence evidence;
        registry_begin(&r);
        const struct ws_bytes text = registry_text(&r, MODEL_TEXT);
        (void)registry_claim(&r, ALPHA, text);
        registry_publish(&r, LOGGED);
        registry_show(&r, 0, text, text);
        assert_int_equal(look_up(&r, text, &evidence).verdict.label, WS_VERDICT_MODEL);
        const char *head = registry_last_shard(&r), *away = registry_path(&r, "away");
        assert_int_equal(rename(head, away), 0);
        if (is_taken_back)
            (void)registry_say(&r, ALPHA, made_withdrawal(0), NULL);
        else
            registry_index(&r);
        registry_publish(&r, LOGGED + 1);
        assert_int_equal(rename(away, head), 0);
        const struct ws_finding finding = look_up(&r, text, &evidence);
        assert_int_equal(evidence.opening_count, 1);
        assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
        assert_int_equal(finding.claims[0].shown, 0);
        registry_end(&r);
    }
}

/* Its text says nothing, and its digest all. */
static void shown__document_of_a_keyed_shard_counts_without_the_key_by_its_digest(void **state)
{
    (void)state;
    static const uint8_t secret[WS_SHARD_KEY_SIZE] = {1, 2};
    struct made_registry r;
    struct ws_evidence evidence, of_text;
    struct ws_shard_key key;
    registry_begin(&r);
    assert_int_equal(ws_shard_key_of(secret, &key, NULL), WS_OK);
    r.key = &key;
    const struct ws_bytes text = registry_text(&r, MODEL_TEXT);
    claim_doubted(&r, registry_shard(&r, text));
    registry_show(&r, 0, text, text);
    struct ws_finding finding = look_up(&r, text, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    assert_int_equal(finding.claims[0].shown, 1);
    (void)look_up(&r, quotation(text), &of_text);
    assert_int_equal(of_text.opening_count, 0);
    evidence.openings[0].text = text;
    assert_brings_nothing_about(&r, of_text, &evidence, 0);
    registry_end(&r);
}

/* What an archive has often is no model's who repeats it, unless somebody doubts the archive. */
static void disputed__archives_have_no_phrases(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_evidence evidence;
    registry_begin(&r);
    const struct ws_bytes text = registry_text(&r, MODEL_TEXT);
    const struct ws_hash digest = registry_shard_of(&r, text, 65);
    const uint64_t entry = registry_say(&r, ARCHIVE, made_archive("example.org/1"), &digest);
    registry_publish(&r, LOGGED);
    (void)registry_claim(&r, BRAVO, text);
    registry_publish(&r, LOGGED + 20);
    assert_int_equal(look_up(&r, text, &evidence).verdict.label, WS_VERDICT_UNKNOWN);
    registry_doubt(&r, entry, DOUBTED);
    assert_int_equal(look_up(&r, text, &evidence).verdict.label, WS_VERDICT_MODEL);
    registry_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disputed__claims_lose_their_weight_after_a_time),
        cmocka_unit_test(shown__document_itself_counts_without_its_text),
        cmocka_unit_test(shown__text_counts_for_what_is_quoted_of_it),
        cmocka_unit_test(shown__documents_speak_for_themselves_alone),
        cmocka_unit_test(shown__text_refutes_what_it_has_not),
        cmocka_unit_test(shown__other_texts_are_refused),
        cmocka_unit_test(shown__openings_that_lead_nowhere_spoil_no_bundle),
        cmocka_unit_test(shown__documents_of_what_does_not_count_are_nothing),
        cmocka_unit_test(shown__document_of_a_keyed_shard_counts_without_the_key_by_its_digest),
        cmocka_unit_test(disputed__archives_have_no_phrases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
