/* Shards: what is written is what is read, whatever the memory; nothing of them can be changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ledger/shard_secret.h"
#include "ledger/shard_writer.h"
#include "support/failing_heap.h"
#include "support/place.h"

/* Documents with random fingerprints, of which each has one that is common to all, one of few
 * values, and one twice. */
enum { PER_DOCUMENT = 12, COMMON = 77 };

struct documents {
    size_t count;
    uint64_t (*fingerprints)[PER_DOCUMENT];
    struct ws_hash *digests;
};

static void make_documents(struct ws_arena *arena, size_t count, struct documents *out)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 3, 0, 0), count);
    out->count = count;
    out->fingerprints = ws_arena_alloc(arena, count + 1, sizeof *out->fingerprints);
    out->digests = WS_ARENA_NEW(arena, struct ws_hash, count + 1);
    assert_true(out->fingerprints && out->digests);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < PER_DOCUMENT; j++)
            out->fingerprints[i][j] = ws_rng_u64(&rng);
        out->fingerprints[i][3] = COMMON;
        out->fingerprints[i][5] = ws_rng_below(&rng, 9) << 61;
        out->fingerprints[i][7] = out->fingerprints[i][8];
        assert_int_equal(ws_hash_of(ws_bytes_of(&i, sizeof i), &out->digests[i], NULL), WS_OK);
    }
}

struct stand {
    struct place place;
    struct ws_arena arena;
    struct documents documents;
    char path[64];
    struct ws_shard_settings settings;
    struct ws_shard_head head;
};

static void write_shard(struct stand *stand, const char *path, size_t memory)
{
    struct ws_shard_writer writer;
    struct ws_error err;
    stand->settings.memory = memory;
    assert_int_equal(ws_shard_writer_open(&writer, &stand->settings, NULL, &err), WS_OK);
    for (size_t i = 0; i < stand->documents.count; i++) {
        const uint64_t *all = stand->documents.fingerprints[i];
        assert_int_equal(ws_shard_writer_add(&writer, all, 5, &err), WS_OK);
        assert_int_equal(ws_shard_writer_add(&writer, all + 5, PER_DOCUMENT - 5, &err), WS_OK);
        assert_int_equal(ws_shard_writer_end(&writer, &stand->documents.digests[i], &err), WS_OK);
    }
    if (ws_shard_writer_keep(&writer, path, &stand->head, &err) != WS_OK)
        fail_msg("%s", err.message);
    ws_shard_writer_close(&writer);
}

static void set_up(struct stand *stand, size_t documents)
{
    new_place(&stand->place);
    ws_arena_init(&stand->arena, NULL);
    make_documents(&stand->arena, documents, &stand->documents);
    (void)snprintf(stand->path, sizeof stand->path, "%s/a.shard", stand->place.path);
    stand->settings = (struct ws_shard_settings){.scheme = "test-1"};
    memset(stand->settings.secret, 0x5a, sizeof stand->settings.secret);
    write_shard(stand, stand->path, 0);
}

static void tear_down(struct stand *stand)
{
    remove_place(&stand->place);
    ws_arena_release(&stand->arena);
}

/* How many distinct documents have the fingerprint. */
static size_t plain_count(const struct documents *documents, uint64_t key)
{
    size_t count = 0;
    for (size_t i = 0; i < documents->count; i++) {
        bool has = false;
        for (size_t j = 0; j < PER_DOCUMENT; j++)
            has = has || documents->fingerprints[i][j] == key;
        count += has;
    }
    return count;
}

/* A proof of the key goes through bytes, as to somebody else; how many documents it tells of. */
static uint32_t proven_count(const struct stand *stand, const struct ws_shard *shard, uint64_t key)
{
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_shard_proof proof, read;
    struct ws_range_tile tile;
    struct ws_buffer bytes;
    uint32_t first;
    (void)stand;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    assert_int_equal(ws_shard_prove(shard, key, way, &proof, NULL), WS_OK);
    ws_shard_proof_append(&bytes, &proof);
    assert_int_equal(ws_shard_proof_read(ws_buffer_bytes(&bytes), &read, NULL), WS_OK);
    assert_int_equal(ws_shard_proof_check(&read, &shard->digest, key, &tile, NULL), WS_OK);
    const uint32_t count = ws_range_tile_find(&tile, key, &first);
    struct ws_hash other = shard->digest;
    other.bytes[31] ^= 1;
    assert_int_equal(ws_shard_proof_check(&read, &other, key, &tile, NULL), WS_CORRUPT);
    ws_buffer_release(&bytes);
    return count;
}

static void shard__proves_what_documents_have(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 100, 700};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        struct stand stand;
        struct ws_shard shard;
        struct ws_error err;
        set_up(&stand, counts[c]);
        assert_int_equal(ws_shard_open(&shard, stand.path, &err), WS_OK);
        if (ws_shard_verify(&shard, &err) != WS_OK)
            fail_msg("%s", err.message);
        assert_int_equal(shard.head.documents, counts[c]);
        assert_string_equal(shard.head.scheme, "test-1");
        assert_int_equal(proven_count(&stand, &shard, COMMON), counts[c]);
        for (uint64_t i = 0; i < 8; i++)
            assert_int_equal(proven_count(&stand, &shard, i << 61),
                             plain_count(&stand.documents, i << 61));
        for (size_t i = 0; i < counts[c]; i += 13) {
            const uint64_t key = stand.documents.fingerprints[i][0];
            assert_int_equal(proven_count(&stand, &shard, key), 1);
            assert_int_equal(proven_count(&stand, &shard, key + 1), 0);
            assert_int_equal(proven_count(&stand, &shard, key - 1), 0);
        }
        assert_int_equal(proven_count(&stand, &shard, UINT64_MAX), 0);
        ws_shard_close(&shard);
        tear_down(&stand);
    }
}

/* Little memory means many sorted parts in files, and the same shard. */
static void shard__is_the_same_in_little_memory(void **state)
{
    (void)state;
    struct stand stand;
    char again[64];
    struct ws_arena arena;
    set_up(&stand, 2000);
    const struct ws_shard_head first = stand.head;
    (void)snprintf(again, sizeof again, "%s/b.shard", stand.place.path);
    write_shard(&stand, again, 1);
    assert_true(first.range.bits >= 4);
    assert_true(ws_hash_equal(&first.range.root, &stand.head.range.root));
    assert_true(ws_hash_equal(&first.documents_root, &stand.head.documents_root));
    ws_arena_init(&arena, NULL);
    static const char *const parts[] = {"", WS_SHARD_TILES, WS_SHARD_DOCUMENTS};
    for (size_t i = 0; i < 3; i++) {
        char a[80], b[80];
        (void)snprintf(a, sizeof a, "%s%s", stand.path, parts[i]);
        (void)snprintf(b, sizeof b, "%s%s", again, parts[i]);
        const struct ws_bytes x = contents(&arena, a), y = contents(&arena, b);
        assert_int_equal(x.size, y.size);
        assert_memory_equal(x.data, y.data, x.size);
    }
    ws_arena_release(&arena);
    tear_down(&stand);
}

static void shard__keeps_a_sample_of_the_documents_of_a_common_fingerprint(void **state)
{
    (void)state;
    struct stand stand;
    struct ws_shard shard;
    set_up(&stand, 3000);
    assert_int_equal(ws_shard_open(&shard, stand.path, NULL), WS_OK);
    assert_int_equal(ws_shard_verify(&shard, NULL), WS_OK);
    assert_int_equal(proven_count(&stand, &shard, COMMON), WS_SHARD_KEY_LIMIT);
    assert_int_equal(proven_count(&stand, &shard, UINT64_C(1) << 61),
                     plain_count(&stand.documents, UINT64_C(1) << 61));
    ws_shard_close(&shard);
    tear_down(&stand);
}

static void shard__never_changes(void **state)
{
    (void)state;
    struct stand stand;
    struct ws_shard_writer writer;
    struct ws_shard_head head;
    struct ws_error err;
    set_up(&stand, 3);
    assert_int_equal(ws_shard_writer_open(&writer, &stand.settings, NULL, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_keep(&writer, stand.path, &head, &err), WS_CONFLICT);
    assert_non_null(strstr(err.message, "is there already"));
    ws_shard_writer_close(&writer);
    tear_down(&stand);
}

static void shard__notices_every_changed_byte(void **state)
{
    (void)state;
    struct stand stand;
    static const char *const parts[] = {"", WS_SHARD_TILES, WS_SHARD_DOCUMENTS};
    set_up(&stand, 5);
    for (size_t p = 0; p < 3; p++) {
        char path[80];
        (void)snprintf(path, sizeof path, "%s%s", stand.path, parts[p]);
        const struct ws_bytes sound = contents(&stand.arena, path);
        for (size_t i = 0; i < sound.size; i++) {
            struct ws_shard shard;
            uint8_t *bytes = ws_arena_copy(&stand.arena, sound.data, sound.size);
            bytes[i] ^= 1;
            assert_int_equal(ws_file_replace(path, ws_bytes_of(bytes, sound.size), NULL), WS_OK);
            enum ws_status status = ws_shard_open(&shard, stand.path, NULL);
            if (status == WS_OK) {
                status = ws_shard_verify(&shard, NULL);
                ws_shard_close(&shard);
            }
            /* The scheme's letters are vouched for by the statement alone, and a version is told
             * from damage. */
            const bool is_scheme = p == 0 && i >= 24 && i < 30;
            assert_true(status == (is_scheme ? WS_OK : WS_CORRUPT) ||
                        (p == 0 && i == 7 && status == WS_UNSUPPORTED));
        }
        assert_int_equal(ws_file_replace(path, sound, NULL), WS_OK);
    }
    tear_down(&stand);
}

/* As somebody else reads it; and whatever byte is changed, it opens nothing more. */
static void assert_opens(const struct ws_shard_opening *opening, const struct ws_hash *digest)
{
    struct ws_shard_opening read;
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    ws_shard_opening_append(&bytes, opening);
    assert_int_equal(ws_shard_opening_read(ws_buffer_bytes(&bytes), &read, NULL), WS_OK);
    assert_int_equal(ws_shard_opening_check(&read, digest, NULL), WS_OK);
    assert_memory_equal(read.document.bytes, opening->document.bytes, WS_HASH_SIZE);
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 1;
        enum ws_status status = ws_shard_opening_read(ws_buffer_bytes(&bytes), &read, NULL);
        if (status == WS_OK)
            status = ws_shard_opening_check(&read, digest, NULL);
        assert_true(status == WS_CORRUPT || (i == 8 + 7 && status == WS_UNSUPPORTED));
        bytes.data[i] ^= 1;
    }
    bytes.size--;
    assert_int_equal(ws_shard_opening_read(ws_buffer_bytes(&bytes), &read, NULL), WS_CORRUPT);
    ws_buffer_release(&bytes);
}

/* Whatever follows in its bytes. */
static void opening__is_no_longer_than_it_may_be(void **state)
{
    (void)state;
    struct stand stand;
    struct ws_shard shard;
    struct ws_shard_opening opening, read;
    struct ws_buffer bytes;
    set_up(&stand, 37);
    assert_int_equal(ws_shard_open(&shard, stand.path, NULL), WS_OK);
    assert_int_equal(ws_shard_open_commitment(&shard, stand.settings.secret,
                                              &stand.documents.digests[0], &opening, NULL),
                     WS_OK);
    uint8_t *text = calloc(WS_SHARD_TEXT_LIMIT + 1, 1);
    assert_non_null(text);
    for (size_t more = 0; more < 2; more++) {
        ws_buffer_init(&bytes, NULL, SIZE_MAX);
        opening.text = ws_bytes_of(text, WS_SHARD_TEXT_LIMIT + more);
        ws_shard_opening_append(&bytes, &opening);
        assert_int_equal(ws_shard_opening_read(ws_buffer_bytes(&bytes), &read, NULL),
                         more ? WS_LIMIT : WS_OK);
        ws_buffer_release(&bytes);
    }
    for (size_t hashes = WS_MERKLE_PROOF_LIMIT - 1; hashes <= WS_MERKLE_PROOF_LIMIT; hashes++) {
        ws_buffer_init(&bytes, NULL, SIZE_MAX);
        opening.way.count = hashes;
        ws_shard_opening_append(&bytes, &opening);
        assert_int_equal(
            ws_shard_opening_read(ws_bytes_of(bytes.data, bytes.size - WS_SHARD_TEXT_LIMIT), &read,
                                  NULL),
            hashes < WS_MERKLE_PROOF_LIMIT ? WS_OK : WS_CORRUPT);
        ws_buffer_release(&bytes);
    }
    free(text);
    ws_shard_close(&shard);
    tear_down(&stand);
}

static void shard__opens_commitments(void **state)
{
    (void)state;
    struct stand stand;
    struct ws_shard shard;
    struct ws_shard_opening opening;
    uint8_t other[WS_SHARD_SECRET_SIZE] = {0};
    set_up(&stand, 37);
    assert_int_equal(ws_shard_open(&shard, stand.path, NULL), WS_OK);
    size_t in_place = 0;
    for (size_t i = 0; i < 37; i++) {
        const struct ws_hash *digest = &stand.documents.digests[i];
        assert_int_equal(
            ws_shard_open_commitment(&shard, stand.settings.secret, digest, &opening, NULL), WS_OK);
        in_place += opening.number == i;
        assert_opens(&opening, &shard.digest);
        assert_int_equal(ws_shard_open_commitment(&shard, other, digest, &opening, NULL),
                         WS_NOT_FOUND);
    }
    assert_true(in_place < 37); /* numbers are not the order in which documents came */
    assert_int_equal(
        ws_shard_open_commitment(&shard, stand.settings.secret, &shard.digest, &opening, NULL),
        WS_NOT_FOUND);
    ws_shard_close(&shard);
    tear_down(&stand);
}

static enum ws_status write_on(const struct ws_allocator *allocator, struct stand *stand,
                               const char *path)
{
    struct ws_shard_writer writer;
    struct ws_shard_head head;
    enum ws_status status = ws_shard_writer_open(&writer, &stand->settings, allocator, NULL);
    for (size_t i = 0; status == WS_OK && i < stand->documents.count; i++) {
        status = ws_shard_writer_add(&writer, stand->documents.fingerprints[i], PER_DOCUMENT, NULL);
        if (status == WS_OK)
            status = ws_shard_writer_end(&writer, &stand->documents.digests[i], NULL);
    }
    if (status == WS_OK)
        status = ws_shard_writer_keep(&writer, path, &head, NULL);
    ws_shard_writer_close(&writer);
    return status;
}

/* Each allocation fails in turn: that is told, all memory is given back, and there is no shard. */
static void shard__is_whole_or_not_there_when_memory_ends(void **state)
{
    (void)state;
    struct stand stand;
    char path[64];
    enum ws_status status = WS_NO_MEMORY;
    set_up(&stand, 300);
    stand.settings.memory = 1;
    (void)snprintf(path, sizeof path, "%s/b.shard", stand.place.path);
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        assert_false(ws_file_exists(path));
        status = write_on(&allocator, &stand, path);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 10);
    assert_true(ws_file_exists(path));
    tear_down(&stand);
}

/* The example of docs/formats/shard.md: two documents, three fingerprints, a secret of zeros. */
static void shard__is_as_documented(void **state)
{
    (void)state;
    struct ws_shard_writer writer;
    struct ws_shard_settings settings = {.scheme = "ws-winnow-1"};
    struct ws_shard_head head;
    struct ws_shard shard;
    struct ws_hash digest;
    struct place place;
    char path[64], text[WS_HASH_TEXT_SIZE];
    static const uint64_t first[] = {0x10, 0x8000000000000000}, second[] = {0x10};
    new_place(&place);
    (void)snprintf(path, sizeof path, "%s/example.shard", place.path);
    assert_int_equal(ws_shard_writer_open(&writer, &settings, NULL, NULL), WS_OK);
    assert_int_equal(ws_hash_of(ws_bytes_of_text("one"), &digest, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_add(&writer, first, 2, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_end(&writer, &digest, NULL), WS_OK);
    assert_int_equal(ws_hash_of(ws_bytes_of_text("two"), &digest, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_add(&writer, second, 1, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_end(&writer, &digest, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_keep(&writer, path, &head, NULL), WS_OK);
    ws_shard_writer_close(&writer);
    assert_int_equal(ws_shard_open(&shard, path, NULL), WS_OK);
    ws_hash_text(&shard.digest, text);
    assert_string_equal(text, "b66fbeb980c0a298919119047b85c4a4f7a2af1848f308536f72b87423e09073");
    ws_hash_text(&head.range.root, text);
    assert_string_equal(text, "1bf86186f0f9111d99927b9d8797ebfa1695985a2d28ad1c54e6b13632679782");
    ws_hash_text(&head.documents_root, text);
    assert_string_equal(text, "c6ecea3de65cb09969ff78d188f51e0ac029e2fb5e3f03618a5963d7d35c40fe");
    ws_shard_close(&shard);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shard__proves_what_documents_have),
        cmocka_unit_test(shard__is_the_same_in_little_memory),
        cmocka_unit_test(shard__keeps_a_sample_of_the_documents_of_a_common_fingerprint),
        cmocka_unit_test(shard__never_changes),
        cmocka_unit_test(shard__notices_every_changed_byte),
        cmocka_unit_test(shard__opens_commitments),
        cmocka_unit_test(opening__is_no_longer_than_it_may_be),
        cmocka_unit_test(shard__is_whole_or_not_there_when_memory_ends),
        cmocka_unit_test(shard__is_as_documented),
    };
    return cmocka_run_group_tests_name("shard", tests, NULL, NULL);
}
