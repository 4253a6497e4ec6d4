/* The index: which shards are in it and why others are not, and that it answers for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ledger/index_crowd.h"
#include "ledger/shard_writer.h"
#include "support/effort.h"
#include "support/made_statements.h"
#include "support/place.h"

enum { SHARDS = 7, KEYS = 400, COMMON = 5 };
enum { SHARD_A, SHARD_B, SHARD_C, DAMAGED, FOREIGN, WITHDRAWN, STRAY };

struct stand {
    struct made_parties made;
    struct ws_note_signer alpha, bravo, mallory;
    struct place log, shelf;
    struct ws_hash digests[SHARDS]; /* of heads */
    uint64_t keys[SHARDS][KEYS];
    struct ws_log_source source;
    struct made_tree tree;
};

static const char *path_in(struct stand *stand, const struct place *place, const char *name)
{
    return ws_arena_format(&stand->made.arena, "%s/%s", place->path, name);
}

/* KEYS fingerprints in one document, of which the first is in every shard. */
static void write_shard(struct stand *stand, size_t which)
{
    struct ws_shard_writer writer;
    struct ws_shard_settings settings = {.scheme = which == FOREIGN ? "other-1" : "test-1"};
    struct ws_shard_head head;
    struct ws_shard shard;
    struct ws_rng rng;
    const char *path =
        path_in(stand, &stand->shelf, ws_arena_format(&stand->made.arena, "%zu.shard", which));
    settings.secret[0] = (uint8_t)which;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 5, 0, 0), which);
    for (size_t i = 0; i < KEYS; i++)
        stand->keys[which][i] = i == 0 ? COMMON : ws_rng_u64(&rng);
    assert_int_equal(ws_shard_writer_open(&writer, &settings, NULL, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_add(&writer, stand->keys[which], KEYS, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_end(&writer, &stand->digests[0], NULL), WS_OK);
    assert_int_equal(ws_shard_writer_keep(&writer, path, &head, NULL), WS_OK);
    ws_shard_writer_close(&writer);
    assert_int_equal(ws_shard_open(&shard, path, NULL), WS_OK);
    stand->digests[which] = shard.digest;
    ws_shard_close(&shard);
}

static void add(struct stand *stand, const struct ws_note_signer *signer,
                struct ws_statement statement, const struct ws_hash *digest)
{
    struct ws_statement_subject subject = {.name = "shard"};
    if (digest) {
        subject.digest = *digest;
        statement.subjects = &subject;
        statement.subject_count = 1;
    }
    (void)made_tree_add(&stand->tree,
                        made_entry(&stand->made, signer, &statement, stand->tree.size));
}

static struct ws_statement emission(void)
{
    return made_emission("example.com/alpha/1", 1, NULL, 0);
}

static void fill_log(struct stand *stand)
{
    const struct ws_hash lost = {{9}};
    add(stand, &stand->alpha, emission(), &stand->digests[SHARD_A]);
    add(stand, &stand->bravo, made_archive("example.org/b"), &stand->digests[SHARD_B]);
    add(stand, &stand->bravo, made_archive("example.org/b"), &stand->digests[SHARD_A]);
    add(stand, &stand->mallory, emission(), &stand->digests[SHARD_C]);
    add(stand, &stand->alpha, emission(), &lost);
    add(stand, &stand->alpha, emission(), &stand->digests[DAMAGED]);
    add(stand, &stand->alpha, emission(), &stand->digests[FOREIGN]);
    add(stand, &stand->alpha, emission(), &stand->digests[WITHDRAWN]);
    add(stand, &stand->alpha, made_withdrawal(7), NULL);
    (void)made_tree_add(&stand->tree, ws_bytes_of_text("no statement"));
    add(stand, &stand->alpha, emission(), &stand->digests[DAMAGED]);
}

/* The log's files; returns its checkpoint. */
static struct ws_checkpoint write_log(struct stand *stand)
{
    struct ws_tile tile = {.width = (unsigned)stand->tree.size};
    struct ws_checkpoint checkpoint = {.origin = "log.example", .size = stand->tree.size};
    struct ws_frontier frontier = {.size = 0};
    struct ws_buffer hashes, bundle;
    char name[WS_TILE_PATH_SIZE];
    ws_buffer_init(&hashes, NULL, SIZE_MAX);
    ws_buffer_init(&bundle, NULL, SIZE_MAX);
    for (size_t i = 0; i < stand->tree.size; i++) {
        ws_frontier_add(&frontier, &stand->tree.leaves[i]);
        ws_buffer_append(&hashes, stand->tree.leaves[i].bytes, WS_HASH_SIZE);
        ws_bundle_append(&bundle, stand->tree.entries[i]);
    }
    ws_tile_path(&tile, name);
    assert_int_equal(
        ws_file_place(path_in(stand, &stand->log, name), ws_buffer_bytes(&hashes), NULL), WS_OK);
    tile.is_bundle = true;
    ws_tile_path(&tile, name);
    assert_int_equal(
        ws_file_place(path_in(stand, &stand->log, name), ws_buffer_bytes(&bundle), NULL), WS_OK);
    ws_buffer_release(&hashes);
    ws_buffer_release(&bundle);
    ws_frontier_root(&frontier, &checkpoint.root);
    return checkpoint;
}

static void set_up(struct stand *stand)
{
    *stand = (struct stand){.tree = {.size = 0}};
    made_parties_begin(&stand->made);
    static const char *const names[] = {"alpha", "bravo", "mallory"};
    struct ws_note_signer *const signers[] = {&stand->alpha, &stand->bravo, &stand->mallory};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            ws_note_signer_make(names[i], WS_KEY_ED25519, &stand->made.arena, signers[i], NULL),
            WS_OK);
    made_parties_trust(&stand->made, "quorum none\n",
                       ws_arena_format(&stand->made.arena,
                                       "key alpha %s\nkey bravo %s\nissuer alpha "
                                       "example.com/alpha\narchive bravo example.org/b\n",
                                       made_key_text(&stand->alpha, &stand->made),
                                       made_key_text(&stand->bravo, &stand->made)));
    new_place(&stand->log);
    new_place(&stand->shelf);
    for (size_t i = 0; i < SHARDS; i++)
        write_shard(stand, i);
    damage(&stand->shelf, "3.shard" WS_SHARD_TILES, 100, "x");
    damage(&stand->shelf, "3.shard" WS_SHARD_DOCUMENTS, 0, "no document");
    fill_log(stand);
    assert_int_equal(ws_log_source_open(stand->log.path, &stand->source, NULL), WS_OK);
}

static void tear_down(struct stand *stand)
{
    ws_log_source_close(&stand->source);
    ws_note_signer_close(&stand->alpha);
    ws_note_signer_close(&stand->bravo);
    ws_note_signer_close(&stand->mallory);
    remove_place(&stand->log);
    remove_place(&stand->shelf);
    made_parties_close(&stand->made);
}

/* What was found of the log's shards. */
struct stock {
    struct ws_shard_shelf shelf;
    struct ws_index_list list;
    const struct ws_shard **live;
    size_t notes;
};

static void count_note(void *user, const struct ws_index_shard *shard, const char *message)
{
    struct stock *stock = user;
    assert_true(*message != '\0');
    assert_int_equal(shard->state, shard->entry == 6 ? WS_INDEX_FOREIGN : WS_INDEX_DAMAGED);
    stock->notes++;
}

static void take_stock(struct stand *stand, bool with_roles, struct stock *stock)
{
    const struct ws_hash roles_digest = {{4}};
    const struct ws_index_plan plan = {.source = &stand->source,
                                       .log = write_log(stand),
                                       .roles = with_roles ? &stand->made.roles : NULL,
                                       .roles_digest = with_roles ? &roles_digest : NULL,
                                       .scheme = "test-1"};
    struct ws_error err;
    *stock = (struct stock){.notes = 0};
    assert_int_equal(
        ws_shard_shelf_open(&stock->shelf, stand->shelf.path, &stand->made.arena, &err), WS_OK);
    assert_int_equal(stock->shelf.count, SHARDS);
    if (ws_index_take_stock(&plan, &stock->shelf, count_note, stock, &stand->made.arena,
                            &stock->list, &stock->live, &err) != WS_OK)
        fail_msg("%s", err.message);
}

static void index__says_why_a_shard_is_not_in_it(void **state)
{
    (void)state;
    static const struct {
        uint64_t entry;
        enum ws_index_state with_roles, without;
    } wanted[] = {
        {0, WS_INDEX_LIVE, WS_INDEX_LIVE},
        {1, WS_INDEX_LIVE, WS_INDEX_LIVE},
        {2, WS_INDEX_REPEATED, WS_INDEX_REPEATED},
        {3, WS_INDEX_UNFOUNDED, WS_INDEX_LIVE},
        {4, WS_INDEX_UNAVAILABLE, WS_INDEX_UNAVAILABLE},
        {5, WS_INDEX_DAMAGED, WS_INDEX_DAMAGED},
        {6, WS_INDEX_FOREIGN, WS_INDEX_FOREIGN},
        {7, WS_INDEX_WITHDRAWN, WS_INDEX_LIVE},
        {10, WS_INDEX_DAMAGED, WS_INDEX_DAMAGED},
    };
    struct stand stand;
    set_up(&stand);
    for (int with_roles = 0; with_roles < 2; with_roles++) {
        struct stock stock;
        take_stock(&stand, with_roles, &stock);
        assert_int_equal(stock.list.shard_count, sizeof wanted / sizeof *wanted);
        for (size_t i = 0; i < stock.list.shard_count; i++) {
            assert_int_equal(stock.list.shards[i].entry, wanted[i].entry);
            assert_int_equal(stock.list.shards[i].state,
                             with_roles ? wanted[i].with_roles : wanted[i].without);
        }
        assert_int_equal(stock.notes, 2);
        assert_int_equal(ws_index_list_live_count(&stock.list), with_roles ? 2 : 4);
        if (with_roles)
            assert_int_equal(stock.list.shards[7].withdrawn_at, 8);
        ws_shard_shelf_close(&stock.shelf);
    }
    tear_down(&stand);
}

/* Which live shards have the key, by a proof that went through bytes. */
static uint32_t proven_shards(const struct ws_index *index, uint64_t key)
{
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_index_proof proof, read;
    struct ws_range_tile tile;
    struct ws_buffer bytes;
    uint32_t first, shards = 0;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    assert_int_equal(ws_index_prove(index, key, way, &proof, NULL), WS_OK);
    ws_index_proof_append(&bytes, &proof);
    assert_int_equal(ws_index_proof_read(ws_buffer_bytes(&bytes), &read, NULL), WS_OK);
    assert_int_equal(ws_index_proof_check(&read, &index->digest, key, &tile, NULL), WS_OK);
    const uint32_t count = ws_range_tile_find(&tile, key, &first);
    for (uint32_t i = 0; i < count; i++)
        shards |= UINT32_C(1) << ws_range_tile_number(&tile, first + i);
    struct ws_hash other = index->digest;
    other.bytes[0] ^= 1;
    assert_int_equal(ws_index_proof_check(&read, &other, key, &tile, NULL), WS_CORRUPT);
    ws_buffer_release(&bytes);
    return shards;
}

static void index__answers_for_all_live_shards(void **state)
{
    (void)state;
    struct stand stand;
    struct stock stock;
    struct ws_index_head head, again;
    struct ws_index index;
    set_up(&stand);
    take_stock(&stand, false, &stock);
    const char *path = path_in(&stand, &stand.log, "index");
    assert_int_equal(ws_index_write(path, &stock.list, stock.live, NULL, &head, NULL), WS_OK);
    assert_int_equal(ws_index_write(path, &stock.list, stock.live, NULL, &again, NULL),
                     WS_CONFLICT);
    assert_int_equal(ws_index_write(path_in(&stand, &stand.log, "again"), &stock.list, stock.live,
                                    NULL, &again, NULL),
                     WS_OK);
    assert_memory_equal(&head.range.root, &again.range.root, sizeof again.range.root);
    assert_int_equal(ws_index_open(&index, path, &stand.made.arena, NULL), WS_OK);
    assert_int_equal(ws_index_verify(&index, NULL), WS_OK);
    assert_int_equal(index.head.entries, stand.tree.size);
    assert_int_equal(proven_shards(&index, COMMON), 0xf);
    static const size_t live[] = {SHARD_A, SHARD_B, SHARD_C, WITHDRAWN};
    for (uint32_t s = 0; s < 4; s++) {
        assert_memory_equal(ws_index_list_live(&index.list, s)->digest.bytes,
                            stand.digests[live[s]].bytes, WS_HASH_SIZE);
        for (size_t i = 1; i < KEYS; i++) {
            assert_int_equal(proven_shards(&index, stand.keys[live[s]][i]), UINT32_C(1) << s);
            assert_int_equal(proven_shards(&index, stand.keys[live[s]][i] + 1), 0);
        }
    }
    for (size_t i = 1; i < KEYS; i++)
        assert_int_equal(proven_shards(&index, stand.keys[STRAY][i]), 0);
    assert_null(ws_index_list_live(&index.list, 4));
    ws_index_close(&index);
    ws_shard_shelf_close(&stock.shelf);
    tear_down(&stand);
}

/* Crowds --------------------------------------------------------------------------------------- */

enum { CROWDS = 4, LISTED = CROWDS + 1, SPREAD = 3000 };

/* Two shards of SPREAD fingerprints that are spread as hashes are, and two that are not; in the
 * last line the third is repeated. */
struct crowd {
    struct place place;
    struct ws_shard shards[CROWDS];
    struct ws_index_shard lines[LISTED];
    struct ws_index_list list;
    const struct ws_shard *live[CROWDS];
    size_t notes;
};

static void write_crowd(struct crowd *crowd, size_t which, size_t count, bool is_spread)
{
    struct ws_shard_writer writer;
    struct ws_shard_settings settings = {.scheme = "test-1", .secret = {(uint8_t)(which + 1)}};
    struct ws_shard_head head;
    struct ws_hash digest = {{1}};
    struct ws_rng rng;
    char path[80];
    uint64_t *keys = malloc(count * sizeof *keys);
    assert_non_null(keys);
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 6, 0, 0), which);
    for (size_t i = 0; i < count; i++)
        keys[i] = is_spread ? ws_rng_u64(&rng) : i;
    (void)snprintf(path, sizeof path, "%s/%zu", crowd->place.path, which);
    assert_int_equal(ws_shard_writer_open(&writer, &settings, NULL, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_add(&writer, keys, count, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_end(&writer, &digest, NULL), WS_OK);
    assert_int_equal(ws_shard_writer_keep(&writer, path, &head, NULL), WS_OK);
    ws_shard_writer_close(&writer);
    free(keys);
    assert_int_equal(ws_shard_open(&crowd->shards[which], path, NULL), WS_OK);
    assert_int_equal(ws_shard_verify(&crowd->shards[which], NULL), WS_OK);
}

static void crowd_begin(struct crowd *crowd, size_t third, size_t fourth)
{
    *crowd = (struct crowd){.list = {.log = {.origin = "log.example", .size = LISTED},
                                     .scheme = "test-1",
                                     .shard_count = LISTED}};
    new_place(&crowd->place);
    write_crowd(crowd, 0, SPREAD, true);
    write_crowd(crowd, 1, SPREAD, true);
    write_crowd(crowd, 2, third, false);
    write_crowd(crowd, 3, fourth, false);
    for (size_t i = 0; i < LISTED; i++) {
        const size_t which = i < CROWDS ? i : 2;
        crowd->lines[i] = (struct ws_index_shard){i < CROWDS ? WS_INDEX_LIVE : WS_INDEX_REPEATED, i,
                                                  0, crowd->shards[which].digest, 0};
        if (i < CROWDS)
            crowd->live[i] = &crowd->shards[i];
    }
    crowd->list.shards = crowd->lines;
}

static void crowd_end(struct crowd *crowd)
{
    for (size_t i = 0; i < CROWDS; i++)
        ws_shard_close(&crowd->shards[i]);
    remove_place(&crowd->place);
}

static void note_crowd(void *user, const struct ws_index_shard *shard, const char *message)
{
    struct crowd *crowd = user;
    assert_int_equal(shard->state, WS_INDEX_DAMAGED);
    assert_non_null(strstr(message, "not spread as hashes are"));
    crowd->notes++;
}

/* `states`, a letter for each line of the list. */
static void leave_out(struct crowd *crowd, struct ws_index_room room, const char *states)
{
    size_t live = 0;
    struct ws_error err;
    if (ws_index_leave_out_crowds(&room, &crowd->list, crowd->live, note_crowd, crowd, NULL,
                                  &err) != WS_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < LISTED; i++) {
        const enum ws_index_state state = crowd->lines[i].state;
        assert_int_equal(ws_index_state_word(state)[0], states[i]);
        if (state == WS_INDEX_LIVE)
            assert_ptr_equal(crowd->live[live++], &crowd->shards[i]);
    }
}

static void index__leaves_out_fingerprints_that_are_no_hashes(void **state)
{
    (void)state;
    static const struct {
        size_t third, fourth;
        struct ws_index_room room;
        const char *states; /* live, damaged, repeated */
    } cases[] = {
        {1500, 1000, {2500, UINT64_MAX}, "lldld"}, /* the one that has the most */
        {1500, 1500, {2500, UINT64_MAX}, "llldr"}, /* of equal ones the later */
        {1500, 1500, {1000, UINT64_MAX}, "llddd"},
        {1500, 1500, {UINT64_MAX, 7000}, "ldllr"}, /* all tiles are merged at once */
        {1500, 1500, {4000, 9000}, "llllr"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct crowd crowd;
        crowd_begin(&crowd, cases[i].third, cases[i].fourth);
        leave_out(&crowd, cases[i].room, cases[i].states);
        size_t damaged = 0;
        for (const char *at = cases[i].states; *at; at++)
            damaged += *at == 'd';
        assert_int_equal(crowd.notes, damaged);
        crowd_end(&crowd);
    }
}

/* Two shards that are sound, and of which no index could be made. */
static void index__is_made_beside_a_crowd(void **state)
{
    (void)state;
    const size_t half = WS_RANGE_TILE_LIMIT / 2 + 1;
    struct crowd crowd;
    struct ws_index_head head;
    struct ws_error err;
    char path[80];
    if (effort() == EFFORT_SMALL)
        skip();
    crowd_begin(&crowd, half, half);
    (void)snprintf(path, sizeof path, "%s/index", crowd.place.path);
    assert_int_equal(ws_index_write(path, &crowd.list, crowd.live, NULL, &head, &err), WS_LIMIT);
    leave_out(&crowd, ws_index_room, "llldr");
    if (ws_index_write(path, &crowd.list, crowd.live, NULL, &head, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(head.range.pairs, 2 * SPREAD + half);
    crowd_end(&crowd);
}

/* Files that are not the index's: another list, a changed one, changed tiles. */
static void index__refuses_what_was_changed(void **state)
{
    (void)state;
    struct stand stand;
    struct stock stock;
    struct ws_index_head head;
    struct ws_index index;
    set_up(&stand);
    take_stock(&stand, false, &stock);
    const char *path = path_in(&stand, &stand.log, "index");
    assert_int_equal(ws_index_write(path, &stock.list, stock.live, NULL, &head, NULL), WS_OK);
    ws_shard_shelf_close(&stock.shelf);
    damage(&stand.log, "index" WS_INDEX_TILES, 40, "!");
    assert_int_equal(ws_index_open(&index, path, &stand.made.arena, NULL), WS_OK);
    assert_int_equal(ws_index_verify(&index, NULL), WS_CORRUPT);
    ws_index_close(&index);
    damage(&stand.log, "index" WS_INDEX_LIST, 0, "v");
    assert_int_equal(ws_index_open(&index, path, &stand.made.arena, NULL), WS_CORRUPT);
    tear_down(&stand);
}

static void index__refuses_a_log_that_does_not_lead_to_its_root(void **state)
{
    (void)state;
    struct stand stand;
    struct ws_shard_shelf shelf;
    struct ws_index_list list;
    const struct ws_shard **live;
    struct ws_error err;
    set_up(&stand);
    struct ws_index_plan plan = {
        .source = &stand.source, .log = write_log(&stand), .scheme = "test-1"};
    plan.log.root.bytes[0] ^= 1;
    assert_int_equal(ws_shard_shelf_open(&shelf, stand.shelf.path, &stand.made.arena, NULL), WS_OK);
    assert_int_equal(
        ws_index_take_stock(&plan, &shelf, NULL, NULL, &stand.made.arena, &list, &live, &err),
        WS_CORRUPT);
    assert_non_null(strstr(err.message, "do not lead to the root"));
    ws_shard_shelf_close(&shelf);
    tear_down(&stand);
}

static void index__reads_no_other_list(void **state)
{
    (void)state;
#define HEAD                                                                                       \
    "urn:wellspring:index:v1\nlog a\nsize 9\nroot "                                                \
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nscheme s\nroles none\n"
#define DIGEST "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
    static const char *const good[] = {
        HEAD,
        HEAD "live 0 0 " DIGEST "\nlive 0 1 " DIGEST "\nwithdrawn 8 0 " DIGEST " 8\n",
    };
    static const char *const bad[] = {
        "",
        "urn:wellspring:index:v2\n",
        HEAD "live 0 0 " DIGEST,
        HEAD "live 9 0 " DIGEST "\n",
        HEAD "live 0 0 " DIGEST " 1\n",
        HEAD "live 0 0 " DIGEST " \n",
        HEAD "live 0  0 " DIGEST "\n",
        HEAD "dead 0 0 " DIGEST "\n",
        HEAD "withdrawn 0 0 " DIGEST "\n",
        HEAD "live 01 0 " DIGEST "\n",
        HEAD "live 1 0 " DIGEST "\nlive 1 0 " DIGEST "\n",
        HEAD "live 1 0 " DIGEST "\nlive 0 1 " DIGEST "\n",
        HEAD "\n",
        "urn:wellspring:index:v1\nlog a\nsize 9\nroot =\nscheme s\nroles none\n",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct ws_index_list list;
        struct ws_buffer again;
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        ws_buffer_init(&again, NULL, SIZE_MAX);
        assert_int_equal(ws_index_list_read(ws_bytes_of_text(good[i]), &arena, &list, NULL), WS_OK);
        ws_index_list_append(&again, &list);
        assert_string_equal(ws_buffer_string(&again), good[i]);
        ws_buffer_release(&again);
        ws_arena_release(&arena);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ws_index_list list;
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        if (ws_index_list_read(ws_bytes_of_text(bad[i]), &arena, &list, NULL) != WS_CORRUPT)
            fail_msg("it reads '%s'", bad[i]);
        ws_arena_release(&arena);
    }
}

/* The example of docs/formats/index.md. */
static void index__is_as_documented(void **state)
{
    (void)state;
    struct ws_index_shard shard = {.state = WS_INDEX_UNAVAILABLE, .entry = 1};
    struct ws_index_list list = {.log = {.origin = "log.example", .size = 2},
                                 .scheme = "ws-winnow-1",
                                 .shards = &shard,
                                 .shard_count = 1};
    const struct ws_shard *none[1] = {NULL};
    struct ws_index_head head;
    struct ws_index index;
    struct ws_arena arena;
    struct place place;
    char path[64], text[WS_HASH_TEXT_SIZE];
    ws_merkle_empty(&list.log.root);
    assert_true(ws_hash_read(
        ws_bytes_of_text("b66fbeb980c0a298919119047b85c4a4f7a2af1848f308536f72b87423e09073"),
        &shard.digest));
    new_place(&place);
    ws_arena_init(&arena, NULL);
    (void)snprintf(path, sizeof path, "%s/index", place.path);
    assert_int_equal(ws_index_write(path, &list, none, NULL, &head, NULL), WS_OK);
    ws_hash_text(&head.list, text);
    assert_string_equal(text, "eb31f6ea2e7c08176962cb6129eec7ce816e986afe0c48323c0ed469888058ac");
    assert_int_equal(ws_index_open(&index, path, &arena, NULL), WS_OK);
    assert_int_equal(ws_index_verify(&index, NULL), WS_OK);
    ws_hash_text(&index.digest, text);
    assert_string_equal(text, "b3b20901a5a7627bde58f48a3750b680295a517e3559822e9acfb9c820160f5f");
    ws_index_close(&index);
    ws_arena_release(&arena);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index__says_why_a_shard_is_not_in_it),
        cmocka_unit_test(index__answers_for_all_live_shards),
        cmocka_unit_test(index__leaves_out_fingerprints_that_are_no_hashes),
        cmocka_unit_test(index__is_made_beside_a_crowd),
        cmocka_unit_test(index__refuses_what_was_changed),
        cmocka_unit_test(index__refuses_a_log_that_does_not_lead_to_its_root),
        cmocka_unit_test(index__reads_no_other_list),
        cmocka_unit_test(index__is_as_documented),
    };
    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
