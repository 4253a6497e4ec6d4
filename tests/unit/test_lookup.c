/* Lookups, and the bundles that prove them: what comes through bytes comes to the same verdict, and
 * what was tampered with is refused or says no more than before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ledger/mark_order.h"
#include "support/made_registry.h"

enum { HUMAN_TEXT, MODEL_TEXT, OTHER_TEXT };

/* An archive's text, then a model's, each dated; with the mirror's index of both. */
static void fill(struct made_registry *r)
{
    registry_begin(r);
    (void)registry_claim(r, ARCHIVE, registry_text(r, HUMAN_TEXT));
    registry_publish(r, 1);
    (void)registry_claim(r, ALPHA, registry_text(r, MODEL_TEXT));
    registry_publish(r, 10);
    registry_index(r);
    registry_publish(r, 11);
}

static void assert_same_verdict(const struct ws_finding *a, const struct ws_finding *b)
{
    assert_int_equal(a->verdict.label, b->verdict.label);
    assert_int_equal(a->verdict.span_count, b->verdict.span_count);
    for (size_t i = 0; i < a->verdict.span_count; i++) {
        assert_int_equal(a->verdict.spans[i].begin, b->verdict.spans[i].begin);
        assert_int_equal(a->verdict.spans[i].end, b->verdict.spans[i].end);
        assert_int_equal(a->verdict.spans[i].label, b->verdict.spans[i].label);
    }
    assert_int_equal(a->verdict.match_count, b->verdict.match_count);
}

static void lookup__says_whose_a_text_is(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_evidence evidence;
    uint64_t *sizes;
    fill(&r);
    registry_open(&r, &lookup);

    struct ws_finding finding =
        registry_find(&r, &lookup, registry_text(&r, MODEL_TEXT), &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    assert_int_equal(finding.coverage, WS_COVERAGE_COMPLETE);
    assert_int_equal(finding.verdict.match_count, 1);
    assert_int_equal(finding.verdict.matches[0].hits, finding.verdict.distinct);
    assert_int_equal(finding.verdict.spans[0].at_most, 3);
    const struct ws_finding_claim *claim = &finding.claims[finding.verdict.spans[0].emission];
    assert_string_equal(claim->party, "alpha");
    assert_int_equal(claim->trusted.time, MADE_STARTED + UINT64_C(10) * MADE_DAY);
    assert_int_equal(claim->trusted.operators, 3);
    assert_int_equal(ws_lookup_measure(&lookup, &finding, &r.made.arena, &sizes, NULL), WS_OK);
    assert_int_equal(sizes[0], finding.verdict.distinct);

    finding = registry_find(&r, &lookup, registry_text(&r, HUMAN_TEXT), &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_HUMAN);

    /* Half of another text is there with its spans. */
    const struct ws_bytes model = registry_text(&r, MODEL_TEXT);
    const struct ws_bytes both = registry_join(&r, registry_text(&r, OTHER_TEXT), model);
    finding = registry_find(&r, &lookup, both, &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MIXED);
    for (size_t i = 0; i < finding.verdict.span_count; i++)
        assert_true(finding.verdict.spans[i].begin >= both.size - model.size);

    finding = registry_find(&r, &lookup, registry_text(&r, OTHER_TEXT), &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.coverage, WS_COVERAGE_COMPLETE);
    assert_int_equal(finding.index_entries, 2);
    finding = registry_find(&r, &lookup, ws_bytes_of("", 0), &evidence);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    ws_lookup_close(&lookup);
    registry_end(&r);
}

static void bundle__comes_to_the_same_verdict(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    fill(&r);
    registry_open(&r, &lookup);
    const struct ws_finding_reader reader = registry_reader(&lookup);
    for (uint64_t text = HUMAN_TEXT; text <= OTHER_TEXT; text++) {
        struct ws_evidence evidence, read;
        struct ws_finding again;
        const struct ws_finding finding =
            registry_find(&r, &lookup, registry_text(&r, text), &evidence);
        const struct ws_bytes bytes = registry_bundle(&r, &evidence);
        assert_int_equal(ws_evidence_take_apart(bytes, &r.made.arena, &read, NULL), WS_OK);
        const struct ws_bytes written = registry_bundle(&r, &read);
        assert_int_equal(bytes.size, written.size);
        assert_memory_equal(bytes.data, written.data, bytes.size);
        assert_int_equal(ws_finding_make(&read, &reader, &r.made.arena, &again, NULL), WS_OK);
        assert_same_verdict(&finding, &again);
        assert_int_equal(finding.coverage, again.coverage);
        /* Equal tiles are there once: the text has more fingerprints than its shards have tiles. */
        for (size_t i = 0; i < read.shard_count; i++)
            assert_true(read.shards[i].tiles.count <= 1);
    }
    struct ws_evidence evidence;
    struct ws_finding none;
    (void)registry_find(&r, &lookup, registry_text(&r, MODEL_TEXT), &evidence);
    evidence.scheme = "another-1";
    assert_int_equal(ws_finding_make(&evidence, &reader, &r.made.arena, &none, NULL),
                     WS_UNSUPPORTED);
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* Whether the bytes, sealed again, still prove anything; then, what. */
static bool still_proves(struct made_registry *r, const struct ws_finding_reader *reader,
                         uint8_t *bytes, size_t size, struct ws_finding *out)
{
    struct ws_evidence read;
    struct ws_hash seal;
    assert_int_equal(ws_hash_of(ws_bytes_of(bytes, size - WS_HASH_SIZE), &seal, NULL), WS_OK);
    memcpy(bytes + size - WS_HASH_SIZE, seal.bytes, WS_HASH_SIZE);
    return ws_evidence_take_apart(ws_bytes_of(bytes, size), &r->made.arena, &read, NULL) == WS_OK &&
           ws_finding_make(&read, reader, &r->made.arena, out, NULL) == WS_OK && out->refused == 0;
}

/* Each byte is changed by somebody who makes the seal anew, behind the query, which is the maker's
 * word until it is compared with the text. Another head of a shard makes it one that nobody names,
 * as if it were left out: then nothing is said, and it does not pass for all there is. */
static void bundle__proves_nothing_when_it_was_tampered_with(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_evidence evidence;
    fill(&r);
    registry_open(&r, &lookup);
    const struct ws_finding_reader reader = registry_reader(&lookup);
    const struct ws_finding finding =
        registry_find(&r, &lookup, registry_text(&r, MODEL_TEXT), &evidence);
    const struct ws_bytes bundle = registry_bundle(&r, &evidence);
    uint8_t *bytes = ws_arena_copy(&r.made.arena, bundle.data, bundle.size);
    assert_non_null(bytes);
    struct ws_evidence read;
    bytes[bundle.size / 3] ^= 1;
    assert_int_equal(
        ws_evidence_take_apart(ws_bytes_of(bytes, bundle.size), &r.made.arena, &read, NULL),
        WS_CORRUPT); /* not sealed again */
    bytes[bundle.size / 3] ^= 1;
    const uint8_t *checkpoint =
        memmem(bytes, bundle.size, evidence.checkpoint.data, evidence.checkpoint.size);
    assert_non_null(checkpoint);
    const size_t proven = (size_t)(checkpoint - bytes);
    /* Every 11th byte: all kinds of them are hit, and the index's and the shards' tiles are. */
    size_t said = 0, tried = 0;
    for (size_t i = proven; i + WS_HASH_SIZE < bundle.size; i += 11, tried++) {
        struct ws_finding tampered;
        bytes[i] ^= 4;
        if (still_proves(&r, &reader, bytes, bundle.size, &tampered)) {
            if (tampered.verdict.label == WS_VERDICT_UNKNOWN)
                assert_int_not_equal(tampered.coverage, WS_COVERAGE_COMPLETE);
            else
                assert_same_verdict(&finding, &tampered);
            said++;
        }
        bytes[i] ^= 4;
    }
    assert_true(said < tried / 10);
    for (size_t cut = 1; cut < bundle.size; cut += 97) {
        struct ws_finding tampered;
        if (bundle.size - cut > 2 * WS_HASH_SIZE) {
            uint8_t *shorter = ws_arena_copy(&r.made.arena, bytes, bundle.size - cut);
            assert_non_null(shorter);
            assert_false(still_proves(&r, &reader, shorter, bundle.size - cut, &tampered));
        }
    }
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* What the maker of a bundle leaves out is missed by the index, or there is none. */
static void bundle__with_something_left_out_is_not_complete(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_evidence evidence;
    struct ws_finding finding;
    fill(&r);
    registry_open(&r, &lookup);
    const struct ws_finding_reader reader = registry_reader(&lookup);
    (void)registry_find(&r, &lookup, registry_text(&r, MODEL_TEXT), &evidence);
    struct ws_evidence less = evidence;
    less.has_index = false;
    assert_int_equal(ws_finding_make(&less, &reader, &r.made.arena, &finding, NULL), WS_OK);
    assert_int_equal(finding.coverage, WS_COVERAGE_NO_INDEX);
    less = evidence;
    less.shard_count = 0;
    assert_int_equal(ws_finding_make(&less, &reader, &r.made.arena, &finding, NULL), WS_OK);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.coverage, WS_COVERAGE_NOT_FOUND);
    less = evidence;
    less.index.tiles.count = 0;
    assert_int_equal(ws_finding_make(&less, &reader, &r.made.arena, &finding, NULL), WS_OK);
    assert_int_equal(finding.coverage, WS_COVERAGE_PARTLY);
    less = evidence;
    less.entry_count--; /* the mirror's */
    assert_int_equal(ws_finding_make(&less, &reader, &r.made.arena, &finding, NULL), WS_OK);
    assert_int_equal(finding.coverage, WS_COVERAGE_UNSIGNED);
    less = evidence;
    less.entries++; /* the archive's */
    less.entry_count--;
    assert_int_equal(ws_finding_make(&less, &reader, &r.made.arena, &finding, NULL), WS_OK);
    assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
    ws_lookup_close(&lookup);
    registry_end(&r);
}

static struct ws_finding judge(struct made_registry *r, struct ws_lookup *lookup,
                               struct ws_bytes bundle)
{
    const struct ws_finding_reader reader = registry_reader(lookup);
    struct ws_evidence read;
    struct ws_finding finding = {.claim_count = 0};
    assert_int_equal(ws_evidence_take_apart(bundle, &r->made.arena, &read, NULL), WS_OK);
    assert_int_equal(ws_finding_make(&read, &reader, &r->made.arena, &finding, NULL), WS_OK);
    return finding;
}

/* What a lookup of a text of nobody, which it opens, says of its index. */
static struct ws_finding find_nothing(struct made_registry *r, struct ws_lookup *lookup,
                                      struct ws_bytes *bundle)
{
    struct ws_evidence evidence;
    registry_open(r, lookup);
    (void)registry_find(r, lookup, registry_text(r, OTHER_TEXT), &evidence);
    *bundle = registry_bundle(r, &evidence);
    const struct ws_finding finding = judge(r, lookup, *bundle);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    return finding;
}

/* Each party counts once, however often it signs, and with what is wrong not at all. */
static void index__counts_when_enough_mirrors_signed_it(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_bytes few, enough;
    registry_begin(&r);
    registry_want_mirrors(&r, 2);
    (void)registry_claim(&r, ALPHA, registry_text(&r, MODEL_TEXT));
    registry_publish(&r, 1);
    registry_index(&r);
    registry_index(&r);
    registry_publish(&r, 2);
    struct ws_finding finding = find_nothing(&r, &lookup, &few);
    assert_int_equal(finding.coverage, WS_COVERAGE_FEW_SIGNED);
    assert_int_equal(finding.index_quorum, 2);
    assert_int_equal(finding.mirrors, 3);
    assert_int_equal(finding.signer_count, 1);
    assert_int_equal(finding.dissenter_count, 0);
    /* It counts for nothing: the shard was looked up as without it. */
    assert_int_equal(finding.shards[0].state, WS_SEARCHED_WHOLE);
    ws_lookup_close(&lookup);

    const uint64_t published = r.published;
    r.published = 1; /* the second mirror's is of the same entries */
    registry_index_of(&r, SECOND_MIRROR, NULL);
    r.published = published;
    registry_publish(&r, 3);
    finding = find_nothing(&r, &lookup, &enough);
    assert_int_equal(finding.coverage, WS_COVERAGE_COMPLETE);
    assert_int_equal(finding.signer_count, 2);
    assert_string_equal(finding.claims[finding.signers[0]].party, "mirror");
    assert_string_equal(finding.claims[finding.signers[1]].party, "second");
    assert_int_equal(finding.index_entries, 1);

    /* Who has the bundle demands the same, and who asks for less has less. */
    assert_int_equal(judge(&r, &lookup, few).coverage, WS_COVERAGE_FEW_SIGNED);
    lookup.roles.index_quorum = 1;
    assert_int_equal(judge(&r, &lookup, few).coverage, WS_COVERAGE_COMPLETE);
    lookup.roles.index_quorum = 3;
    assert_int_equal(judge(&r, &lookup, enough).coverage, WS_COVERAGE_FEW_SIGNED);
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* Of this index of the same entries, but of another log of them: no mirror that does so spoils what
 * others say. */
static void index__of_another_root_is_not_signed(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_bytes bundle;
    struct ws_index index;
    registry_begin(&r);
    (void)registry_claim(&r, ALPHA, registry_text(&r, MODEL_TEXT));
    registry_publish(&r, 1);
    registry_index(&r);
    assert_int_equal(ws_index_open(&index, r.request.index, &r.made.arena, NULL), WS_OK);
    struct ws_statement other = {.kind = WS_STATEMENT_INDEX,
                                 .index = {.log = "log.example", .entries = 1}};
    r.tree.size--; /* the honest statement comes behind it */
    const struct ws_bytes honest = r.tree.entries[r.tree.size];
    (void)registry_say(&r, SECOND_MIRROR, other, &index.digest);
    (void)made_tree_add(&r.tree, honest);
    ws_index_close(&index);
    registry_publish(&r, 2);
    const struct ws_finding finding = find_nothing(&r, &lookup, &bundle);
    assert_int_equal(finding.coverage, WS_COVERAGE_COMPLETE);
    assert_int_equal(finding.signer_count, 1);
    assert_string_equal(finding.claims[finding.signers[0]].party, "mirror");
    assert_int_equal(finding.dissenter_count, 1);
    assert_string_equal(finding.claims[finding.dissenters[0]].party, "second");
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* A text that is too short for fingerprints can be registered, and no index shows it. */
static void index__says_nothing_of_a_text_without_fingerprints(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_evidence evidence;
    fill(&r);
    registry_open(&r, &lookup);
    const struct ws_finding finding =
        registry_find(&r, &lookup, ws_bytes_of_text("a short text"), &evidence);
    assert_int_equal(evidence.query.mark_count, 0);
    assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
    assert_int_equal(finding.coverage, WS_COVERAGE_NO_MARKS);
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* A text that repeats what many documents have would take memory for each pair of the two. */
static void finding__of_too_many_hits_is_refused(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_evidence evidence;
    struct ws_finding finding;
    struct ws_error err;
    enum { MARKS = WS_FINDING_HITS_LIMIT / sizeof(struct ws_verdict_hit) + 1 };
    fill(&r);
    registry_open(&r, &lookup);
    const struct ws_finding_reader reader = registry_reader(&lookup);
    (void)registry_find(&r, &lookup, registry_text(&r, MODEL_TEXT), &evidence);
    struct ws_verdict_mark *marks = WS_ARENA_NEW(&r.made.arena, struct ws_verdict_mark, MARKS);
    assert_non_null(marks);
    for (size_t i = 0; i < MARKS; i++)
        marks[i] = evidence.query.marks[0];
    evidence.query.marks = marks;
    evidence.query.mark_count = MARKS;
    assert_int_equal(ws_finding_make(&evidence, &reader, &r.made.arena, &finding, &err), WS_LIMIT);
    assert_string_equal(
        err.message,
        "the text shares 8388609 fingerprints with documents of shards, counting each for every "
        "document that has it; at most 8388608 are taken at once. Look up 2 parts of it or more, "
        "as 'split -n l/2 FILE' makes them");
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* Writes a file of shard 0 as one of another copy, which is found behind it. */
static void copy_file(struct made_registry *r, const char *kind)
{
    struct ws_arena *arena = &r->made.arena;
    registry_file(r, ws_arena_format(arena, "shards/0copy%s", kind),
                  contents(arena, registry_path(r, ws_arena_format(arena, "shards/0%s", kind))));
}

/* A copy that hides what the text has in common with it is damaged, beside an index, too: none of
 * its tiles seems to be wanted. */
static void copies__that_hide_fingerprints_are_passed_over(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup;
    struct ws_evidence evidence;
    struct ws_shard shard;
    fill(&r);
    copy_file(&r, "");
    copy_file(&r, WS_SHARD_TILES);
    copy_file(&r, WS_SHARD_DOCUMENTS);
    assert_int_equal(ws_shard_open(&shard, registry_path(&r, "shards/0"), NULL), WS_OK);
    const uint64_t pairs = shard.head.range.pairs;
    assert_int_equal(shard.head.range.bits, 0);
    ws_shard_close(&shard);
    const struct ws_bytes tiles =
        contents(&r.made.arena, registry_path(&r, "shards/0" WS_SHARD_TILES));
    uint8_t *other = ws_arena_copy(&r.made.arena, tiles.data, tiles.size);
    assert_non_null(other);
    for (uint64_t i = 0; i < pairs; i++)
        other[WS_RANGE_TILE_HEAD + 8 * i] ^= 1;
    registry_file(&r, "shards/0" WS_SHARD_TILES, ws_bytes_of(other, tiles.size));
    const char *indices[] = {NULL, r.request.index};
    for (size_t i = 0; i < 2; i++) {
        r.request.index = indices[i];
        registry_open(&r, &lookup);
        const struct ws_finding finding =
            registry_find(&r, &lookup, registry_text(&r, HUMAN_TEXT), &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_HUMAN);
        assert_int_equal(finding.refused, 0);
        assert_int_equal(finding.coverage, i == 0 ? WS_COVERAGE_NO_INDEX : WS_COVERAGE_COMPLETE);
        ws_lookup_close(&lookup);
    }
    registry_end(&r);
}

/* Keyed shards --------------------------------------------------------------------------------- */

enum { KEYED_TEXT = 7, TWICE_TEXT = 8, DRAWN_TEXTS = 6, DRAWN_CLAIMS = 5 };
#define NO_KEY "0000000000000000000000000000000000000000000000000000000000000000\n"

/* Beside the others a model's text in a keyed shard that two claim, of which there is half a copy,
 * too; its key in a file; and the index. */
static void fill_keyed(struct made_registry *r, struct ws_shard_key *key)
{
    static const char text[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
                               "0000000000000000000000000000000000000000000000000000000000000000\n";
    struct ws_shard_keys keys;
    registry_begin(r);
    assert_int_equal(ws_shard_keys_read(ws_bytes_of_text(text), &r->made.arena, &keys, NULL),
                     WS_OK);
    *key = keys.items[0];
    const char *files[] = {"keys", "others"};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ws_file_create_private(registry_path(r, files[i]),
                                                ws_bytes_of(text + 65 * i, 130 - 65 * i), NULL),
                         WS_OK);
    (void)registry_claim(r, ARCHIVE, registry_text(r, HUMAN_TEXT));
    registry_publish(r, 1);
    (void)registry_claim(r, ALPHA, registry_text(r, MODEL_TEXT));
    r->key = key;
    const struct ws_hash digest = registry_shard(r, registry_text(r, KEYED_TEXT));
    r->key = NULL;
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    (void)registry_say(r, BRAVO, registry_emission(BRAVO), &digest);
    registry_file(r, "shards/2.head", contents(&r->made.arena, registry_path(r, "shards/2")));
    registry_publish(r, 10);
    registry_index(r);
    registry_publish(r, 11);
}

/* The shard of the third claim. */
static const struct ws_finding_shard *keyed_shard(const struct ws_finding *finding)
{
    assert_int_equal(finding->shard_count, 4);
    assert_int_equal(finding->shards[2].state, finding->shards[3].state);
    return &finding->shards[2];
}

static void keyed__shards_answer_who_has_the_key(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_shard_key key;
    struct ws_evidence evidence;
    fill_keyed(&r, &key);
    r.request.keys = registry_path(&r, "keys");
    const char *indices[] = {r.request.index, NULL};
    for (size_t i = 0; i < 2; i++) {
        struct ws_lookup lookup;
        r.request.index = indices[i];
        const enum ws_coverage coverage = i == 0 ? WS_COVERAGE_COMPLETE : WS_COVERAGE_NO_INDEX;
        registry_open(&r, &lookup);
        struct ws_finding finding =
            registry_find(&r, &lookup, registry_text(&r, KEYED_TEXT), &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
        assert_int_equal(finding.coverage, coverage);
        assert_int_equal(keyed_shard(&finding)->state, WS_SEARCHED_WHOLE);
        assert_int_equal(keyed_shard(&finding)->found, finding.verdict.distinct);
        finding = registry_find(&r, &lookup, registry_text(&r, HUMAN_TEXT), &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_HUMAN);
        assert_int_equal(finding.coverage, coverage);
        assert_int_equal(keyed_shard(&finding)->found, 0);
        ws_lookup_close(&lookup);
    }
    registry_end(&r);
}

static void keyed__shards_are_unavailable_without_the_key(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_shard_key key;
    struct ws_evidence evidence;
    fill_keyed(&r, &key);
    const char *files[] = {NULL, registry_path(&r, "others")};
    const char *why = ws_arena_format(&r.made.arena, "keyed, and its key is not here: %s",
                                      ws_shard_key_name(key.scheme));
    for (size_t i = 0; i < 2; i++) {
        struct ws_lookup lookup;
        r.request.keys = files[i];
        registry_open(&r, &lookup);
        struct ws_finding finding =
            registry_find(&r, &lookup, registry_text(&r, KEYED_TEXT), &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_UNKNOWN);
        assert_int_equal(finding.coverage, WS_COVERAGE_LEFT_OUT);
        assert_int_equal(keyed_shard(&finding)->state, WS_SEARCHED_UNAVAILABLE);
        assert_string_equal(keyed_shard(&finding)->why, why);
        finding = registry_find(&r, &lookup, registry_text(&r, MODEL_TEXT), &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
        ws_lookup_close(&lookup);
    }
    registry_end(&r);
}

/* Of a claim behind the index's entries, whatever shard it names, who made a bundle can leave out
 * that its key spoke no more: keyed or not, it waits for the next index. */
static void claims__behind_the_index_wait_for_the_next(void **state)
{
    (void)state;
    for (int is_keyed = 0; is_keyed < 2; is_keyed++) {
        struct made_registry r;
        struct ws_shard_key key;
        struct ws_lookup lookup;
        struct ws_evidence evidence;
        fill_keyed(&r, &key);
        r.request.keys = registry_path(&r, "keys");
        r.key = is_keyed ? &key : NULL;
        const struct ws_hash digest = registry_shard(&r, registry_text(&r, TWICE_TEXT));
        r.key = NULL;
        (void)registry_say(&r, ALPHA, registry_emission(ALPHA), &digest);
        registry_publish(&r, 12);
        registry_index(&r);
        (void)registry_say(&r, ARCHIVE, made_archive("example.org/1"), &digest);
        registry_publish(&r, 13);
        registry_open(&r, &lookup);
        const struct ws_finding finding =
            registry_find(&r, &lookup, registry_text(&r, TWICE_TEXT), &evidence);
        assert_int_equal(finding.verdict.label, WS_VERDICT_MODEL);
        assert_int_equal(finding.coverage, WS_COVERAGE_COMPLETE);
        assert_string_equal(finding.shards[finding.shard_count - 1].why,
                            "it was named behind the entries that the index is of");
        ws_lookup_close(&lookup);
        registry_end(&r);
    }
}

/* Of three of the texts, one behind the other. */
static struct ws_bytes draw_text(struct made_registry *r, struct ws_rng *rng)
{
    struct ws_bytes text = registry_text(r, ws_rng_u64(rng) % DRAWN_TEXTS);
    for (int i = 0; i < 2; i++)
        text = registry_join(r, text, registry_text(r, ws_rng_u64(rng) % DRAWN_TEXTS));
    return text;
}

/* Claims of drawn parties, texts and dates, and an index of them; `key` is that of all shards, or
 * of every second one. */
static void draw_registry(struct made_registry *r, uint64_t seed, const struct ws_shard_key *key,
                          int every)
{
    static const enum registry_party parties[] = {ALPHA, BRAVO, ARCHIVE};
    struct ws_rng rng;
    registry_begin(r);
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, seed, 0, 0), 0);
    uint64_t day = 1;
    for (int i = 0; i < DRAWN_CLAIMS; i++) {
        const enum registry_party party = parties[ws_rng_u64(&rng) % 3];
        const struct ws_bytes text = draw_text(r, &rng);
        const unsigned documents = ws_rng_u64(&rng) % 4 == 0 ? 65 : 1;
        r->key = key && i % every == 0 ? key : NULL;
        const struct ws_hash digest = registry_shard_of(r, text, documents);
        (void)registry_say(
            r, party, party == ARCHIVE ? made_archive("example.org/1") : registry_emission(party),
            &digest);
        day += ws_rng_u64(&rng) % 3;
        registry_publish(r, ++day);
    }
    r->key = NULL;
    registry_index(r);
    registry_publish(r, ++day);
}

/* To who has the keys a registry says the same whichever of its shards are keyed, with an index and
 * without. */
static void keyed__shards_say_what_others_say(void **state)
{
    (void)state;
    enum { ROUNDS = 4, TEXTS = 4, WAYS = 6 /* no key, all, half; an index, none */ };
    static const uint8_t bytes[WS_SHARD_KEY_SIZE];
    struct ws_shard_key key;
    size_t labels[WS_VERDICT_LABELS] = {0};
    assert_int_equal(ws_shard_key_of(bytes, &key, NULL), WS_OK);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct made_registry all[WAYS];
        struct ws_finding first[TEXTS];
        for (int way = 0; way < WAYS; way++) {
            struct made_registry *r = &all[way];
            struct ws_lookup lookup;
            struct ws_evidence evidence;
            struct ws_rng rng;
            draw_registry(r, round, way / 2 > 0 ? &key : NULL, way / 2);
            registry_file(r, "key", ws_bytes_of_text(NO_KEY));
            assert_int_equal(chmod(registry_path(r, "key"), 0600), 0);
            r->request.keys = registry_path(r, "key");
            if (way % 2 > 0)
                r->request.index = NULL;
            registry_open(r, &lookup);
            ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, round, 1, 0), 0);
            for (int t = 0; t < TEXTS; t++) {
                const struct ws_finding finding =
                    registry_find(r, &lookup, draw_text(r, &rng), &evidence);
                assert_int_equal(finding.coverage,
                                 way % 2 > 0 ? WS_COVERAGE_NO_INDEX : WS_COVERAGE_COMPLETE);
                if (way == 0)
                    first[t] = finding;
                assert_same_verdict(&first[t], &finding);
                labels[finding.verdict.label]++;
            }
            ws_lookup_close(&lookup);
        }
        for (int way = 0; way < WAYS; way++)
            registry_end(&all[way]);
    }
    assert_true(labels[WS_VERDICT_HUMAN] > 0 && labels[WS_VERDICT_MODEL] > 0 &&
                labels[WS_VERDICT_MIXED] > 0 && labels[WS_VERDICT_CONTESTED] > 0);
}

/* What a bundle has of a keyed shard is judged with the key, or not at all. */
static void keyed__bundles_need_the_key(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_shard_key key;
    struct ws_lookup lookup;
    struct ws_evidence evidence, read;
    struct ws_finding again;
    struct ws_error err;
    fill_keyed(&r, &key);
    r.request.keys = registry_path(&r, "keys");
    registry_open(&r, &lookup);
    struct ws_finding_reader reader = registry_reader(&lookup);
    const struct ws_finding finding =
        registry_find(&r, &lookup, registry_text(&r, KEYED_TEXT), &evidence);
    const struct ws_bytes bytes = registry_bundle(&r, &evidence);
    assert_int_equal(ws_evidence_take_apart(bytes, &r.made.arena, &read, NULL), WS_OK);
    assert_int_equal(ws_finding_make(&read, &reader, &r.made.arena, &again, NULL), WS_OK);
    assert_same_verdict(&finding, &again);
    assert_int_equal(again.coverage, WS_COVERAGE_COMPLETE);
    reader.keys.count = 0;
    assert_int_equal(ws_finding_make(&read, &reader, &r.made.arena, &again, &err), WS_INVALID);
    assert_non_null(strstr(err.message, ws_shard_key_name(key.scheme)));

    /* Who gathers can leave tiles out: then it was not searched, and the verdict is not complete.
     */
    reader.keys = lookup.keys;
    for (size_t i = 0; i < read.shard_count; i++)
        if (ws_shard_key_name(read.shards[i].head.scheme))
            read.shards[i].tiles.count = 0;
    assert_int_equal(ws_finding_make(&read, &reader, &r.made.arena, &again, NULL), WS_OK);
    assert_int_equal(keyed_shard(&again)->state, WS_SEARCHED_PARTLY);
    assert_int_equal(again.coverage, WS_COVERAGE_LEFT_OUT);
    ws_lookup_close(&lookup);
    registry_end(&r);
}

/* A long text is looked up under many keys: each takes 8 bytes for what stands in place of a
 * fingerprint and 4 for its place in the order. */
static void keys__take_twelve_bytes_of_a_fingerprint(void **state)
{
    (void)state;
    enum { COUNT = 20000, SLACK = 256 };
    struct ws_verdict_mark *items = calloc(COUNT, sizeof *items);
    struct ws_ordered_marks marks;
    struct ws_shard_key key;
    struct ws_arena arena;
    const uint8_t bytes[WS_SHARD_KEY_SIZE] = {3};
    assert_non_null(items);
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < COUNT; i++)
        items[i].value = i / 2;
    assert_int_equal(ws_shard_key_of(bytes, &key, NULL), WS_OK);
    assert_int_equal(ws_ordered_marks_make(items, COUNT, &key, &arena, &marks, NULL), WS_OK);
    assert_true(arena.size <= (size_t)12 * COUNT + SLACK);
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t value;
        assert_int_equal(ws_shard_key_apply(&key, items[marks.order[i]].value, &value, NULL),
                         WS_OK);
        assert_int_equal(ws_ordered_mark(&marks, i), value);
        assert_true(
            i == 0 || ws_ordered_mark(&marks, i - 1) < value ||
            (ws_ordered_mark(&marks, i - 1) == value && marks.order[i - 1] < marks.order[i]));
    }
    ws_arena_release(&arena);
    free(items);
}

static void query__of_pieces_is_that_of_the_whole(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_query_reader reader;
    struct ws_query query;
    registry_begin(&r);
    const struct ws_bytes text = registry_text(&r, 3);
    const struct ws_query whole = registry_query(&r, text);
    assert_int_equal(ws_query_open(&reader, NULL, NULL), WS_OK);
    for (size_t i = 0; i < text.size; i += 11)
        assert_int_equal(
            ws_query_add(&reader,
                         ws_bytes_of(text.data + i, text.size - i < 11 ? text.size - i : 11), NULL),
            WS_OK);
    assert_int_equal(ws_query_end(&reader, &query, NULL), WS_OK);
    assert_int_equal(query.mark_count, whole.mark_count);
    assert_memory_equal(query.marks, whole.marks, whole.mark_count * sizeof *whole.marks);
    const uint32_t *order = ws_mark_order(query.marks, query.mark_count, &r.made.arena);
    assert_non_null(order);
    for (size_t i = 1; i < query.mark_count; i++)
        assert_true(query.marks[order[i - 1]].value < query.marks[order[i]].value ||
                    (query.marks[order[i - 1]].value == query.marks[order[i]].value &&
                     order[i - 1] < order[i]));
    ws_query_close(&reader);
    registry_end(&r);
}

/* Entry 0 is a claim; what mirrors signed of later entries stands beside the index of it alone. */
static const struct ws_finding_claim *newest_of(struct made_registry *r,
                                                const struct ws_lookup *lookup,
                                                const struct ws_evidence *evidence)
{
    static struct ws_finding finding;
    finding = registry_judge(r, lookup, evidence);
    return finding.newest == WS_VERDICT_NO_CLAIM ? NULL : &finding.claims[finding.newest];
}

/* The evidence of a text that nobody has, beside this index. */
static struct ws_evidence beside(struct made_registry *r, struct ws_lookup *lookup,
                                 const char *index)
{
    struct ws_evidence evidence;
    r->request.index = index;
    registry_open(r, lookup);
    (void)registry_find(r, lookup, registry_text(r, OTHER_TEXT), &evidence);
    return evidence;
}

static void newest__index_that_holds_is_named(void **state)
{
    (void)state;
    struct made_registry r;
    struct ws_lookup lookup, of_second, of_third;
    registry_begin(&r);
    registry_add_role(&r, ws_arena_format(&r.made.arena, "root second %s",
                                          made_key_text(&r.signers[STRANGER], &r.made)));
    (void)registry_claim(&r, ALPHA, registry_text(&r, MODEL_TEXT));
    registry_publish(&r, 10);
    registry_index(&r); /* entry 1 is of 1 */
    const char *first = r.request.index;
    registry_publish(&r, 11);
    registry_index(&r); /* entry 2 is of 2 */
    const char *second = r.request.index;
    registry_publish(&r, 12);
    registry_index_of(&r, SECOND_MIRROR, NULL); /* entry 3 is of 3 */
    const char *third = r.request.index;
    r.request.index = second;
    registry_sign_index(&r, THIRD_MIRROR); /* entry 4 is of 2 */
    struct ws_index index;
    assert_int_equal(ws_index_open(&index, first, &r.made.arena, NULL), WS_OK);
    const struct ws_statement elsewhere = {
        .kind = WS_STATEMENT_INDEX,
        .index = {.log = "another.example", .entries = 4, .root = index.list.log.root}};
    (void)registry_say(&r, MIRROR, elsewhere, &index.digest); /* entry 5 is of another log */
    ws_index_close(&index);
    registry_publish(&r, 13);

    struct ws_evidence evidence = beside(&r, &lookup, first);
    assert_int_equal(evidence.entry_count, 4); /* 0, 1, 3 and 5: of the newer ones the newest */
    const struct ws_finding_claim *newest = newest_of(&r, &lookup, &evidence);
    assert_non_null(newest);
    assert_int_equal(newest->claim.index, 3);
    assert_string_equal(newest->party, "second");
    /* Whoever has more of them comes to the same. */
    const struct ws_evidence more = beside(&r, &of_second, second);
    assert_int_equal(more.entry_count, 4); /* 0, 2, 3 and 4 */
    struct ws_log_proof all[] = {evidence.entries[0], evidence.entries[1], more.entries[1],
                                 evidence.entries[2], more.entries[3],     evidence.entries[3]};
    evidence.entries = all;
    evidence.entry_count = 6;
    newest = newest_of(&r, &lookup, &evidence);
    assert_int_equal(newest->claim.index, 3);
    const struct ws_evidence of_newest = beside(&r, &of_third, third);
    assert_null(newest_of(&r, &of_third, &of_newest));
    ws_lookup_close(&of_third);

    /* Its key was stolen: the one before it is the newest again, also where it is there still. */
    const struct ws_statement stolen = {
        .kind = WS_STATEMENT_KEY_CHANGE,
        .key_change = {.old_key = made_key_text(&r.signers[SECOND_MIRROR], &r.made),
                       .is_compromise = true,
                       .since = 3}};
    (void)registry_say(&r, STRANGER, stolen, NULL); /* entry 6 */
    registry_publish(&r, 14);
    struct ws_log_proof third_proof = evidence.entries[3];
    struct ws_lookup later;
    evidence = beside(&r, &later, first);
    assert_int_equal(evidence.entry_count, 5); /* 0, 1, 2, 5 and 6 */
    newest = newest_of(&r, &later, &evidence);
    assert_non_null(newest);
    assert_int_equal(newest->claim.index, 2);
    struct ws_log_proof revoked[] = {evidence.entries[0], evidence.entries[1], evidence.entries[2],
                                     third_proof,         evidence.entries[3], evidence.entries[4]};
    evidence.entries = revoked;
    evidence.entry_count = 6;
    newest = newest_of(&r, &later, &evidence);
    assert_non_null(newest);
    assert_int_equal(newest->claim.index, 2);
    ws_lookup_close(&later);
    ws_lookup_close(&lookup);
    ws_lookup_close(&of_second);
    registry_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup__says_whose_a_text_is),
        cmocka_unit_test(bundle__comes_to_the_same_verdict),
        cmocka_unit_test(bundle__proves_nothing_when_it_was_tampered_with),
        cmocka_unit_test(bundle__with_something_left_out_is_not_complete),
        cmocka_unit_test(index__counts_when_enough_mirrors_signed_it),
        cmocka_unit_test(index__of_another_root_is_not_signed),
        cmocka_unit_test(index__says_nothing_of_a_text_without_fingerprints),
        cmocka_unit_test(finding__of_too_many_hits_is_refused),
        cmocka_unit_test(copies__that_hide_fingerprints_are_passed_over),
        cmocka_unit_test(keyed__shards_answer_who_has_the_key),
        cmocka_unit_test(keyed__shards_are_unavailable_without_the_key),
        cmocka_unit_test(claims__behind_the_index_wait_for_the_next),
        cmocka_unit_test(keyed__shards_say_what_others_say),
        cmocka_unit_test(keyed__bundles_need_the_key),
        cmocka_unit_test(keys__take_twelve_bytes_of_a_fingerprint),
        cmocka_unit_test(query__of_pieces_is_that_of_the_whole),
        cmocka_unit_test(newest__index_that_holds_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
