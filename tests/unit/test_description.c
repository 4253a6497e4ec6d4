/*
 * What people write of a batch becomes the statement that it says, and what is wrong is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "ledger/description.h"
#include "ledger/merkle.h"
#include "ledger/range_index.h"
#include "ledger/shard.h"
#include "support/place.h"

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_description description;
};

static int open_stand(void **state)
{
    static struct stand stand;
    ws_arena_init(&stand.arena, NULL);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    ws_arena_release(&stand->arena);
    return 0;
}

static enum ws_status describe(struct stand *stand, const char *text)
{
    return ws_description_read(ws_bytes_of_text(text), "batch.yaml", &stand->arena,
                               &stand->description, &stand->err);
}

static const struct ws_statement *accept(struct stand *stand, const char *text)
{
    if (describe(stand, text) != WS_OK)
        fail_msg("%s", stand->err.message);
    return &stand->description.statement;
}

static void refuse(struct stand *stand, const char *text, const char *word)
{
    assert_int_equal(describe(stand, text), WS_INVALID);
    if (!strstr(stand->err.message, word))
        fail_msg("wanted '%s' in: %s", word, stand->err.message);
}

#define KEY "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define EMISSION                                                                                   \
    "kind: model-emission\nmodel: lab/m\nweights: w.bin\nstarted: 2026-11-01T00:00:00Z\n"          \
    "ended: 2026-11-02T00:00:00Z\ndocuments: 7\nshards: [a.bin, b/c.bin]\n"

#define INDEX                                                                                      \
    "kind: index\nlog: log.example\nentries: 9\nhead: day.index\n"                                 \
    "root: 139e3940e64b5491722088d9a0d741628fc826e09475d341a780acde3c4b8070\n"

static void test_emission(void **state)
{
    struct stand *stand = *state;
    const struct ws_statement *s =
        accept(stand, EMISSION "depth_at_least: 2\ndepth_at_most: 4\ndepth_token_mean: 2.5\n"
                               "derived_from: [3, 9]\ndecoding: greedy\nleast_bytes: 200\n");
    const struct ws_emission *e = &s->emission;
    assert_int_equal(s->kind, WS_STATEMENT_EMISSION);
    assert_string_equal(e->model, "lab/m");
    assert_string_equal(stand->description.weights, "w.bin");
    assert_string_equal(e->started, "2026-11-01T00:00:00Z");
    assert_int_equal(e->documents, 7);
    assert_int_equal(e->least_bytes, 200);
    assert_string_equal(e->source_type, "http://cv.iptc.org/newscodes/digitalsourcetype/"
                                        "trainedAlgorithmicMedia");
    assert_int_equal(e->depth.at_least, 2);
    assert_true(e->depth.has_most && e->depth.has_token_mean);
    assert_int_equal(e->depth.at_most, 4);
    assert_true(e->depth.token_mean == 2.5);
    assert_int_equal(e->source_count, 2);
    assert_int_equal(e->sources[1], 9);
    assert_string_equal(e->decoding, "greedy");
    assert_null(e->watermark);
    assert_int_equal(s->subject_count, 2);
    assert_string_equal(s->subjects[1].name, "b/c.bin");
    e = &accept(stand, EMISSION "source_type: urn:x:y\n")->emission;
    assert_string_equal(e->source_type, "urn:x:y");
    assert_false(e->depth.has_most || e->depth.has_token_mean);
}

static void test_others(void **state)
{
    struct stand *stand = *state;
    const struct ws_statement *s =
        accept(stand, "{\"kind\": \"human-archive\", \"collection\": \"c\", \"started\": "
                      "\"2019-01-01T00:00:00Z\", \"ended\": \"2019-01-01T00:00:00Z\", "
                      "\"documents\": 1, \"method\": \"crawl\", \"license\": \"as is\", "
                      "\"shards\": [\"s\"]}");
    assert_int_equal(s->kind, WS_STATEMENT_ARCHIVE);
    assert_string_equal(s->archive.licence, "as is");
    assert_null(s->archive.ai_preference);
    s = accept(stand, "kind: withdrawal\nentry: 4\nreason: erased\n");
    assert_int_equal(s->withdrawal.entry, 4);
    assert_int_equal(s->subject_count, 1);
    assert_string_equal(s->subjects[0].name, "entry 4");
    struct ws_hash hash;
    assert_int_equal(
        ws_description_withdraw(&stand->description, ws_bytes_of_text("abc"), &stand->err), WS_OK);
    assert_int_equal(ws_hash_of(ws_bytes_of_text("abc"), &hash, &stand->err), WS_OK);
    assert_true(ws_hash_equal(&s->subjects[0].digest, &hash));
    /* Python: hashlib.sha256(base64.b64decode("ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")[1:])
     */
    static const char digest[] = "139e3940e64b5491722088d9a0d741628fc826e09475d341a780acde3c4b8070";
    char text[WS_HASH_TEXT_SIZE];
    s = accept(stand, "kind: key-change\nold_key: " KEY "\ncompromise: true\nsince: 2\n");
    assert_true(s->key_change.is_compromise);
    assert_null(s->key_change.new_key);
    assert_int_equal(s->key_change.since, 2);
    assert_int_equal(s->subject_count, 1);
    assert_string_equal(s->subjects[0].name, "EnochRoot");
    ws_hash_text(&s->subjects[0].digest, text);
    assert_string_equal(text, digest);
    s = accept(stand, INDEX);
    assert_string_equal(s->index.log, "log.example");
    assert_int_equal(s->index.entries, 9);
    assert_string_equal(s->subjects[0].name, "day.index");
    ws_hash_text(&s->index.root, text);
    assert_string_equal(text, digest);
}

static void test_refused(void **state)
{
    struct stand *stand = *state;
    refuse(stand, "", "batch.yaml");
    refuse(stand, "- a\n", "batch.yaml");
    refuse(stand, "model: x\n", "wanted 'kind'");
    refuse(stand, "kind: rumour\n", "batch.yaml:1: 'kind' is 'rumour'");
    refuse(stand, "kind: withdrawal\nentry: 4\n", "'reason' is missing");
    refuse(stand, "kind: withdrawal\nentry: 4\nreason: x\nmodel: m\n", "batch.yaml:4");
    refuse(stand, "kind: withdrawal\nentry: -1\nreason: x\n", "'entry' is '-1'");
    refuse(stand, "kind: key-change\nold_key: a\nsince: 2\n", "'old_key'");
    refuse(stand, "kind: key-change\nold_key: " KEY "\nsince: 2\n", "newKey");
    refuse(stand, EMISSION "depth_at_least: 3\ndepth_at_most: 2\n", "atMost");
    refuse(stand, EMISSION "derived_from: [x]\n", "wanted indices");
    refuse(stand, EMISSION "kind: withdrawal\n", "batch.yaml");
    refuse(stand, "kind: withdrawal\nentry: 4\nreason: \"\xff\"\n", "batch.yaml");
}

/* Names of shards are published, and stay below the description. */
static void test_paths(void **state)
{
    struct stand *stand = *state;
    static const char *const bad[] = {"/a", "../a", "a/../b", "a//b", "a/", "..", "a/.."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *text =
            ws_arena_format(&stand->arena,
                            "kind: human-archive\ncollection: c\nstarted: 2019-01-01T00:00:00Z\n"
                            "ended: 2019-01-01T00:00:00Z\ndocuments: 1\nmethod: m\nshards: [%s]\n",
                            bad[i]);
        assert_non_null(text);
        refuse(stand, text, "leads out of");
    }
}

/* A file in the place, whose folder is there. */
static const char *put(struct stand *stand, const struct place *place, const char *name,
                       struct ws_bytes bytes)
{
    const char *path = ws_arena_format(&stand->arena, "%s/%s", place->path, name);
    assert_non_null(path);
    assert_int_equal(ws_file_replace(path, bytes, NULL), WS_OK);
    return path;
}

static enum ws_status hash_in(struct stand *stand, const struct place *place)
{
    return ws_description_hash(&stand->description, place->path, &stand->arena, &stand->err);
}

static void test_digests(void **state)
{
    struct stand *stand = *state;
    struct ws_buffer shard, index;
    struct ws_hash wanted;
    struct place place;
    new_place(&place);
    ws_buffer_init(&shard, NULL, SIZE_MAX);
    ws_buffer_init(&index, NULL, SIZE_MAX);
    ws_shard_head_append(&shard, &(struct ws_shard_head){.scheme = "test-1", .documents = 1});
    ws_index_head_append(&index, &(struct ws_index_head){.entries = 9});
    assert_int_equal(ws_directory_make(ws_arena_format(&stand->arena, "%s/b", place.path), NULL),
                     WS_OK);

    (void)accept(stand, EMISSION);
    assert_int_equal(hash_in(stand, &place), WS_NOT_FOUND);
    (void)put(stand, &place, "w.bin", ws_bytes_of_text("x"));
    assert_int_equal(hash_in(stand, &place), WS_NOT_FOUND);
    (void)put(stand, &place, "a.bin", ws_buffer_bytes(&shard));
    (void)put(stand, &place, "b/c.bin", ws_buffer_bytes(&index));
    assert_int_equal(hash_in(stand, &place), WS_CORRUPT);
    assert_non_null(strstr(stand->err.message, "b/c.bin': no head of a shard"));
    const char *path = put(stand, &place, "b/c.bin", ws_buffer_bytes(&shard));
    assert_int_equal(hash_in(stand, &place), WS_OK);
    assert_int_equal(ws_file_hash(path, &wanted, NULL), WS_OK);
    assert_memory_equal(stand->description.statement.subjects[1].digest.bytes, wanted.bytes,
                        WS_HASH_SIZE);

    (void)accept(stand, INDEX);
    (void)put(stand, &place, "day.index", ws_buffer_bytes(&shard));
    assert_int_equal(hash_in(stand, &place), WS_CORRUPT);
    path = put(stand, &place, "day.index", ws_buffer_bytes(&index));
    assert_int_equal(hash_in(stand, &place), WS_OK);
    assert_int_equal(ws_file_hash(path, &wanted, NULL), WS_OK);
    assert_memory_equal(stand->description.statement.subjects[0].digest.bytes, wanted.bytes,
                        WS_HASH_SIZE);

    ws_buffer_release(&index);
    ws_buffer_release(&shard);
    remove_place(&place);
    const struct ws_statement *s =
        accept(stand, "kind: model-emission\nmodel: m\nstarted: 2026-11-01T00:00:00Z\n"
                      "ended: 2026-11-01T00:00:00Z\ndocuments: 1\nshards: [a]\nweights: "
                      "sha256:00000000000000000000000000000000000000000000000000000000000000ff\n");
    assert_null(stand->description.weights);
    assert_int_equal(s->emission.weights.bytes[31], 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_emission, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_others, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_refused, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_paths, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_digests, open_stand, close_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
