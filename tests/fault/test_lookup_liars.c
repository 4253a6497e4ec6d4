/*
 * Who lies about documents, how, and what somebody who looks one up must come to: each row of the
 * table in docs/formats/verdict.md is run, through the bytes of a bundle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/index_crowd.h"
#include "support/made_registry.h"

/* The text that is looked up; a model of ALPHA made it, or a human wrote it, as a row says. */
enum { TEXT = 11, OTHER = 12 };

struct row {
    const char *liar, *lie, *how;
    const char *wanted;
    void (*tell)(struct made_registry *r);
    /* Changes what was gathered before it becomes a bundle; NULL. */
    void (*tamper)(struct made_registry *r, struct ws_evidence *evidence);
};

static struct ws_bytes text(struct made_registry *r)
{
    return registry_text(r, TEXT);
}

/* Makes the first of a range's fingerprints the last, in its only tile: root and nodes are of that,
 * and a search misses it. */
static void misfile(struct made_registry *r, struct ws_range_file *file, const char *head)
{
    const char *path = ws_arena_format(&r->made.arena, "%s.tiles", head);
    struct ws_range_writer writer;
    struct ws_range_tile tile;
    struct ws_bytes bytes;
    assert_int_equal(file->range.bits, 0);
    assert_int_equal(ws_range_file_tile(file, 0, &bytes, &tile, NULL), WS_OK);
    struct ws_range_pair *pairs = WS_ARENA_NEW(&r->made.arena, struct ws_range_pair, tile.count);
    assert_non_null(pairs);
    for (uint32_t from = 1; from <= tile.count; from++)
        pairs[from - 1] = (struct ws_range_pair){ws_range_tile_key(&tile, from % tile.count),
                                                 ws_range_tile_number(&tile, from % tile.count)};
    assert_int_equal(ws_range_writer_open(&writer, path, &file->range, NULL, NULL), WS_OK);
    assert_int_equal(ws_range_writer_add(&writer, pairs, tile.count, NULL), WS_OK);
    assert_int_equal(ws_range_writer_keep(&writer, &file->range, NULL), WS_OK);
    ws_range_writer_close(&writer);
}

/* Its digest. */
static struct ws_hash keep_head(const char *path, struct ws_buffer *head)
{
    struct ws_hash digest;
    assert_int_equal(ws_file_place(path, ws_buffer_bytes(head), NULL), WS_OK);
    assert_int_equal(ws_hash_of(ws_buffer_bytes(head), &digest, NULL), WS_OK);
    ws_buffer_release(head);
    return digest;
}

/* Issuers -------------------------------------------------------------------------------------- */

static void leave_out(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, registry_text(r, OTHER));
    registry_publish(r, 5);
}

/* Alpha another text, and Bravo this one. */
static void claim_both(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, registry_text(r, OTHER));
    (void)registry_claim(r, BRAVO, text(r));
    registry_publish(r, 5);
}

static void repeat_itself(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard_of(r, text(r), 65);
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 5);
}

static void register_human(struct made_registry *r)
{
    (void)registry_claim(r, ARCHIVE, text(r));
    registry_publish(r, 10);
    (void)registry_claim(r, BRAVO, text(r)); /* and says that it began long before */
    registry_publish(r, 30);
}

/* Before anybody archived it. */
static void register_common(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    const struct ws_hash digest = registry_shard_of(r, text(r), 65);
    (void)registry_say(r, ARCHIVE, made_archive("example.org/1"), &digest);
    registry_publish(r, 6);
}

/* A part of it is looked up, so that no document is the whole. */
static void register_common_and_doubt(struct made_registry *r)
{
    const struct ws_bytes whole = text(r);
    r->asked = ws_bytes_of(whole.data + whole.size / 4, whole.size / 2);
    register_common(r);
    registry_doubt(r, 1, 50);
}

static void register_common_and_be_shown(struct made_registry *r)
{
    register_common_and_doubt(r);
    registry_show(r, 1, text(r), text(r));
}

/* Of the shard's head. */
static struct ws_hash digest_of(struct made_registry *r, const char *name)
{
    struct ws_hash digest;
    assert_int_equal(ws_hash_of(contents(&r->made.arena, registry_path(r, name)), &digest, NULL),
                     WS_OK);
    return digest;
}

static void copy_shard(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 5);
    (void)registry_say(r, BRAVO, registry_emission(BRAVO), &digest);
    registry_publish(r, 6);
}

static void copy_withdrawn_shard(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 5);
    (void)registry_say(r, ALPHA, made_withdrawal(0), NULL);
    registry_publish(r, 6);
    (void)registry_say(r, BRAVO, registry_emission(BRAVO), &digest);
    registry_publish(r, 7);
}

static void copy_withdrawn_shard_beside_index(struct made_registry *r)
{
    copy_withdrawn_shard(r);
    registry_index(r);
    registry_publish(r, 8);
}

static void copy_shard_and_take_back(struct made_registry *r)
{
    copy_shard(r);
    (void)registry_say(r, BRAVO, made_withdrawal(1), NULL);
    registry_publish(r, 7);
    registry_index(r);
    registry_publish(r, 8);
}

static void copy_withdrawn_shard_and_show(struct made_registry *r)
{
    copy_withdrawn_shard(r);
    registry_show(r, 0, text(r), text(r));
}

/* Alpha takes its shard back, and names it again when an index was made without it. */
static void name_again_behind_index(struct made_registry *r)
{
    copy_shard(r);
    (void)registry_say(r, ALPHA, made_withdrawal(0), NULL);
    registry_publish(r, 7);
    registry_index(r);
    registry_publish(r, 8);
    const struct ws_hash digest = digest_of(r, "shards/0");
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 9);
}

/* Whose dates are witnesses', so that it makes no difference. */
static void say_too_early(struct made_registry *r, const struct ws_hash *shard)
{
    struct ws_statement emission = registry_emission(BRAVO);
    emission.emission.ended = "2036-01-01T00:00:00Z";
    (void)registry_say(r, BRAVO, emission, shard);
    registry_publish(r, 6);
    registry_index(r);
    registry_publish(r, 7);
}

static void claim_early(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    say_too_early(r, &digest);
}

static void copy_shard_early(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 5);
    say_too_early(r, &digest);
}

/* The emission says that it began and ended as late as a reader's clock may be wrong. */
static void begin_late(struct made_registry *r)
{
    const uint64_t logged = MADE_STARTED + UINT64_C(5) * MADE_DAY, found = logged + 100;
    const struct ws_hash digest = registry_shard(r, text(r));
    struct ws_statement emission = registry_emission(ALPHA);
    emission.emission.started = emission.emission.ended = "2026-11-06T00:05:00Z";
    (void)registry_say(r, ALPHA, emission, &digest);
    registry_publish(r, 5);
    (void)registry_claim(r, ARCHIVE, text(r));
    registry_publish_with(r, (const uint64_t[4]){found, found, found, 0});
}

/* What Bravo has of its own, which is another text, with the fingerprints of the one that is looked
 * up beside its own. The claim is doubted. */
static void copy_fingerprints(struct made_registry *r)
{
    const struct ws_bytes own = registry_text(r, OTHER);
    const struct ws_query of_own = registry_query(r, own);
    const struct ws_query both = registry_query(r, registry_join(r, own, text(r)));
    const struct ws_hash digest =
        registry_shard_of_keys(r, registry_keys(r, &both, 0), both.mark_count, &of_own.digest, 1);
    const uint64_t entry = registry_say(r, BRAVO, registry_emission(BRAVO), &digest);
    registry_publish(r, 5);
    registry_doubt(r, entry, 50);
}

static void copy_and_show_own(struct made_registry *r)
{
    const struct ws_bytes own = registry_text(r, OTHER);
    copy_fingerprints(r);
    registry_show(r, 0, own, own);
}

static void copy_undoubted_and_show_own(struct made_registry *r)
{
    copy_and_show_own(r);
    r->dispute.since = 0;
}

static void copy_and_show_nothing(struct made_registry *r)
{
    copy_fingerprints(r);
    registry_show(r, 0, registry_text(r, OTHER), ws_bytes_of(NULL, 0));
}

/* Alpha's model made a text of which a part is looked up; the claim is doubted. */
static void claim_quoted(struct made_registry *r)
{
    const struct ws_bytes whole = text(r);
    r->asked = ws_bytes_of(whole.data + whole.size / 4, whole.size / 2);
    const uint64_t entry = registry_claim(r, ALPHA, whole);
    registry_publish(r, 5);
    registry_doubt(r, entry, 50);
}

static void show_no_text(struct made_registry *r)
{
    claim_quoted(r);
    registry_show(r, 0, text(r), ws_bytes_of(NULL, 0));
}

static void show_text(struct made_registry *r)
{
    claim_quoted(r);
    registry_show(r, 0, text(r), text(r));
}

/* Both are doubted at last, and one of them can show it. */
static void copy_shard_and_wait(struct made_registry *r)
{
    copy_shard(r);
    registry_doubt(r, 1, 50);
    registry_show(r, 0, text(r), text(r));
}

static void claim_without_role(struct made_registry *r)
{
    (void)registry_claim(r, STRANGER, text(r));
    registry_publish(r, 5);
}

static void claim_as_archive(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    (void)registry_say(r, ALPHA, made_archive("example.org/1"), &digest);
    registry_publish(r, 5);
}

static void take_back(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    (void)registry_say(r, ALPHA, made_withdrawal(0), NULL);
    registry_publish(r, 6);
}

static void withhold_shard(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    assert_int_equal(unlink(registry_path(r, "shards/0")), 0);
}

static void withhold_from_reader(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    registry_index(r);
    registry_publish(r, 6);
    assert_int_equal(unlink(registry_path(r, "shards/0")), 0);
}

static void withhold_from_mirror(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    assert_int_equal(unlink(registry_path(r, "shards/0")), 0);
    registry_index(r);
    registry_publish(r, 6);
}

/* The reader alone gets it, after the mirror found nothing. */
static void show_reader_alone(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    const char *head = registry_path(r, "shards/0"), *away = registry_path(r, "away");
    assert_int_equal(rename(head, away), 0);
    registry_index(r);
    registry_publish(r, 6);
    assert_int_equal(rename(away, head), 0);
}

static void claim_behind_index(struct made_registry *r)
{
    leave_out(r);
    registry_index(r);
    registry_publish(r, 6);
    (void)registry_claim(r, BRAVO, text(r));
    registry_publish(r, 7);
}

static void take_back_then_index(struct made_registry *r)
{
    take_back(r);
    registry_index(r);
    registry_publish(r, 7);
}

/* What the party's model made in a shard under a key that the reader has not. */
static void claim_keyed(struct made_registry *r, enum registry_party party)
{
    static const uint8_t secret[WS_SHARD_KEY_SIZE] = {1};
    struct ws_shard_key key;
    assert_int_equal(ws_shard_key_of(secret, &key, NULL), WS_OK);
    r->key = &key;
    (void)registry_claim(r, party, text(r));
    r->key = NULL;
}

static void keep_key(struct made_registry *r)
{
    claim_keyed(r, ALPHA);
    registry_publish(r, 5);
    registry_index(r);
    registry_publish(r, 6);
}

/* A mirror's room in a tile is less here, so that a shard that crowds it is small. */
enum { LITTLE_ROOM = 2500, CROWD = 3000 };

static void leave_out_crowd(struct ws_index_list *list, const struct ws_shard **live)
{
    const struct ws_index_room room = {LITTLE_ROOM, UINT64_MAX};
    assert_int_equal(list->shards[1].state, WS_INDEX_LIVE);
    assert_int_equal(ws_index_leave_out_crowds(&room, list, live, NULL, NULL, NULL, NULL), WS_OK);
    assert_int_equal(list->shards[0].state, WS_INDEX_LIVE);
    assert_int_equal(list->shards[1].state, WS_INDEX_DAMAGED);
}

/* Bravo has the given text among what crowds a tile. */
static void crowd_tile(struct made_registry *r, struct ws_bytes among)
{
    const struct ws_query query = registry_query(r, among);
    const uint64_t *keys = registry_keys(r, &query, CROWD);
    const struct ws_hash digest =
        registry_shard_of_keys(r, keys, query.mark_count + CROWD, &query.digest, 1);
    (void)registry_say(r, BRAVO, registry_emission(BRAVO), &digest);
    registry_publish(r, 5);
    registry_index_of(r, MIRROR, leave_out_crowd);
    registry_publish(r, 6);
}

static void crowd_beside_claim(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    crowd_tile(r, registry_text(r, OTHER));
}

static void crowd_and_hide(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, registry_text(r, OTHER));
    crowd_tile(r, text(r));
}

/* Authors -------------------------------------------------------------------------------------- */

/* Another text, and behind it 70 words of the one that was archived, with 60 blanks for each. */
static struct ws_bytes pad(struct made_registry *r)
{
    enum { QUOTED = 70 * 9, BLANKS = 60 };
    const struct ws_bytes own = registry_text(r, OTHER), quoted = text(r);
    struct ws_buffer padded;
    ws_buffer_init(&padded, NULL, SIZE_MAX);
    ws_buffer_append(&padded, own.data, own.size);
    for (size_t i = 0; i < QUOTED; i++)
        ws_buffer_format(&padded, "%*c", quoted.data[i] == ' ' ? BLANKS : 1, quoted.data[i]);
    assert_int_equal(padded.status, WS_OK);
    const struct ws_bytes copy = {ws_arena_copy(&r->made.arena, padded.data, padded.size),
                                  padded.size};
    ws_buffer_release(&padded);
    return copy;
}

static void archive_and_pad(struct made_registry *r)
{
    (void)registry_claim(r, ARCHIVE, text(r));
    registry_publish(r, 5);
    r->asked = pad(r);
}

/* Archives ------------------------------------------------------------------------------------- */

static void archive_afterwards(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    (void)registry_claim(r, ARCHIVE, text(r));
    registry_publish(r, 6);
}

static void archive_first(struct made_registry *r)
{
    (void)registry_claim(r, ARCHIVE, text(r));
    registry_publish(r, 4);
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 6); /* within max-delay */
}

static void archive_says_long_ago(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    const struct ws_hash digest = registry_shard(r, text(r));
    struct ws_statement archive = made_archive("example.org/1");
    archive.archive.started = archive.archive.ended = "1995-01-01T00:00:00Z";
    (void)registry_say(r, ARCHIVE, archive, &digest);
    registry_publish(r, 6);
}

static void archive_copies_model(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 5);
    (void)registry_say(r, ARCHIVE, made_archive("example.org/1"), &digest);
    registry_publish(r, 6);
}

/* Bravo is an archive here, too. */
static void archive_copies_archive(struct made_registry *r)
{
    registry_add_role(r, "archive bravo example.net");
    const struct ws_hash digest = registry_shard(r, text(r));
    (void)registry_say(r, BRAVO, made_archive("example.net/1"), &digest);
    registry_publish(r, 5);
    (void)registry_say(r, ARCHIVE, made_archive("example.org/1"), &digest);
    registry_publish(r, 6);
}

static struct ws_hash misfiled_shard(struct made_registry *r)
{
    struct ws_shard shard;
    (void)registry_shard(r, text(r));
    const char *path = registry_last_shard(r);
    assert_int_equal(ws_shard_open(&shard, path, NULL), WS_OK);
    misfile(r, &shard.tiles, path);
    struct ws_buffer head;
    ws_buffer_init(&head, NULL, WS_SHARD_HEAD_SIZE);
    shard.head.range = shard.tiles.range;
    ws_shard_head_append(&head, &shard.head);
    const struct ws_hash digest = keep_head(path, &head);
    ws_shard_close(&shard);
    return digest;
}

/* Of what a model's issuer registers later. */
static void archive_misfiles(struct made_registry *r)
{
    const struct ws_hash digest = misfiled_shard(r);
    (void)registry_say(r, ARCHIVE, made_archive("example.org/1"), &digest);
    registry_publish(r, 10);
    (void)registry_claim(r, BRAVO, text(r));
    registry_publish(r, 30);
}

static void archive_misfiles_then_index(struct made_registry *r)
{
    archive_misfiles(r);
    registry_index(r);
    registry_publish(r, 31);
}

static void archive_leaves_out(struct made_registry *r)
{
    (void)registry_claim(r, ARCHIVE, registry_text(r, OTHER));
    registry_publish(r, 10);
    (void)registry_claim(r, BRAVO, text(r));
    registry_publish(r, 30);
}

static void archive_withholds(struct made_registry *r)
{
    register_human(r);
    assert_int_equal(unlink(registry_path(r, "shards/0")), 0);
}

static void archive_takes_back(struct made_registry *r)
{
    register_human(r);
    (void)registry_say(r, ARCHIVE, made_withdrawal(0), NULL);
    registry_publish(r, 31);
}

/* Whoever serves shards ------------------------------------------------------------------------ */

static void spoil_tile(struct made_registry *r, long at, const char *bytes)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    const struct place shards = r->place;
    damage(&shards, "shards/0" WS_SHARD_TILES, at, bytes);
}

static void misfile_key(struct made_registry *r)
{
    spoil_tile(r, WS_RANGE_TILE_HEAD, "\377\377\377\377\377\377\377\377");
}

static void change_key(struct made_registry *r)
{
    spoil_tile(r, WS_RANGE_TILE_HEAD, "\1");
}

/* The model's text is in a log, a shard and an index, of which the file is not served. */
static void lose_file(struct made_registry *r, const char *name)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    registry_index(r);
    registry_publish(r, 6);
    assert_int_equal(unlink(registry_path(r, name)), 0);
}

static void lose_hashes(struct made_registry *r)
{
    lose_file(r, "log/tile/0/000.p/2");
}

static void lose_entries(struct made_registry *r)
{
    lose_file(r, "log/tile/entries/000.p/2");
}

static void lose_shard_tiles(struct made_registry *r)
{
    lose_file(r, "shards/0" WS_SHARD_TILES);
}

static void lose_index_tiles(struct made_registry *r)
{
    lose_file(r, "0.index" WS_INDEX_TILES);
}

static void lose_index_list(struct made_registry *r)
{
    lose_file(r, "0.index" WS_INDEX_LIST);
}

/* The log of before there was the claim; its checkpoint is put back. */
static void serve_old_log(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, registry_text(r, OTHER));
    registry_publish(r, 5);
    const struct ws_bytes old = contents(&r->made.arena, registry_path(r, "log/checkpoint"));
    (void)registry_claim(r, BRAVO, text(r));
    registry_publish(r, 95);
    registry_file(r, "log/checkpoint", old);
}

static void serve_old_log_and_age_counts(struct made_registry *r)
{
    registry_add_role(r, ws_arena_format(&r->made.arena, "max-age %d", 10 * MADE_DAY));
    serve_old_log(r);
}

static void serve_old_log_beside_index(struct made_registry *r)
{
    leave_out(r);
    const struct ws_bytes old = contents(&r->made.arena, registry_path(r, "log/checkpoint"));
    registry_index(r);
    registry_publish(r, 6);
    registry_file(r, "log/checkpoint", old);
}

/* The mirror ----------------------------------------------------------------------------------- */

/* Its index was built without a shard that it had, and lists it as one that it could not get. */
static void index_omits(struct made_registry *r)
{
    claim_both(r);
    const char *head = registry_path(r, "shards/1"), *away = registry_path(r, "away");
    assert_int_equal(rename(head, away), 0);
    registry_index(r);
    registry_publish(r, 6);
}

static void call_repeated(struct ws_index_list *list, const struct ws_shard **live)
{
    (void)live;
    list->shards[0].state = WS_INDEX_REPEATED;
}

static void index_calls_it_repeated(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    registry_index_of(r, MIRROR, call_repeated);
    registry_publish(r, 6);
}

static void put_other_in_place(struct ws_index_list *list, const struct ws_shard **live)
{
    (void)list;
    live[1] = live[0];
}

/* What the index has as the second shard are the first one's fingerprints. */
static void index_omits_keys(struct made_registry *r)
{
    claim_both(r);
    registry_index_of(r, MIRROR, put_other_in_place);
    registry_publish(r, 6);
}

static void call_live(struct ws_index_list *list, const struct ws_shard **live)
{
    assert_int_equal(list->shards[1].state, WS_INDEX_KEYED);
    list->shards[1].state = WS_INDEX_LIVE;
    live[1] = live[0];
}

/* So it need not say that it leaves out what is in it. */
static void index_calls_keyed_live(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, registry_text(r, OTHER));
    claim_keyed(r, BRAVO);
    registry_publish(r, 5);
    registry_index_of(r, MIRROR, call_live);
    registry_publish(r, 6);
}

static void call_keyed(struct ws_index_list *list, const struct ws_shard **live)
{
    (void)live;
    list->shards[0].state = WS_INDEX_KEYED;
}

static void index_calls_it_keyed(struct made_registry *r)
{
    leave_out(r);
    registry_index_of(r, MIRROR, call_keyed);
    registry_publish(r, 6);
}

/* And nobody who has the shard looks. */
static void index_is_all_there_is(struct made_registry *r)
{
    index_omits_keys(r);
    assert_int_equal(unlink(registry_path(r, "shards/1")), 0);
}

/* Another mirror's index of the same entries has it. */
static void one_of_two_omits(struct made_registry *r)
{
    claim_both(r);
    registry_index_of(r, SECOND_MIRROR, NULL);
    const char *head = registry_path(r, "shards/1"), *away = registry_path(r, "away");
    assert_int_equal(rename(head, away), 0);
    registry_index(r);
    registry_publish(r, 6);
    assert_int_equal(rename(away, head), 0);
}

static void misfile_index(struct made_registry *r)
{
    struct ws_index index;
    struct ws_buffer head;
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    registry_write_index(r, NULL);
    assert_int_equal(ws_index_open(&index, r->request.index, &r->made.arena, NULL), WS_OK);
    misfile(r, &index.tiles, r->request.index);
    ws_buffer_init(&head, NULL, WS_INDEX_HEAD_SIZE);
    index.head.range = index.tiles.range;
    ws_index_head_append(&head, &index.head);
    (void)keep_head(r->request.index, &head);
    ws_index_close(&index);
    registry_sign_index(r, MIRROR);
    registry_publish(r, 6);
}

/* The second has what was claimed since. */
static void show_first_index(struct made_registry *r)
{
    claim_behind_index(r);
    const char *first = r->request.index;
    registry_index(r);
    registry_publish(r, 8);
    r->request.index = first;
}

static void one_of_two_omits_and_two_are_wanted(struct made_registry *r)
{
    registry_want_mirrors(r, 2);
    one_of_two_omits(r);
}

/* And nobody who has the shard looks. */
static void one_of_two_omits_keys(struct made_registry *r)
{
    claim_both(r);
    registry_index_of(r, SECOND_MIRROR, NULL);
    registry_index_of(r, MIRROR, put_other_in_place);
    registry_publish(r, 6);
    assert_int_equal(unlink(registry_path(r, "shards/1")), 0);
}

static void one_of_two_omits_keys_and_two_are_wanted(struct made_registry *r)
{
    registry_want_mirrors(r, 2);
    one_of_two_omits_keys(r);
}

static void fewer_than_wanted_omit_keys(struct made_registry *r)
{
    registry_want_mirrors(r, 3);
    claim_both(r);
    registry_index_of(r, MIRROR, put_other_in_place);
    registry_index_of(r, SECOND_MIRROR, put_other_in_place);
    registry_publish(r, 6);
    assert_int_equal(unlink(registry_path(r, "shards/1")), 0);
}

/* The third, whose index the reader has not. */
static void one_more_than_wanted_omits_keys(struct made_registry *r)
{
    registry_want_mirrors(r, 2);
    claim_both(r);
    registry_index_of(r, THIRD_MIRROR, put_other_in_place);
    registry_index(r);
    registry_index_of(r, SECOND_MIRROR, NULL);
    registry_publish(r, 6);
}

static void index_of_stranger(struct made_registry *r)
{
    leave_out(r);
    registry_index(r);
    /* What was logged is as of a mirror; the reader's roles know it as none. */
    struct ws_arena *arena = &r->made.arena;
    const struct ws_bytes roles = contents(arena, r->request.roles);
    const uint8_t *line = memmem(roles.data, roles.size, "\nmirror mirror ", 15);
    assert_non_null(line);
    const uint8_t *end = memchr(line + 1, '\n', roles.size - (size_t)(line + 1 - roles.data));
    assert_non_null(end);
    const struct ws_bytes without =
        registry_join(r, ws_bytes_of(roles.data, (size_t)(line - roles.data)),
                      ws_bytes_of(end, roles.size - (size_t)(end - roles.data)));
    registry_file(r, "roles", without);
    registry_publish(r, 6);
}

static void doctor_index(struct made_registry *r)
{
    leave_out(r);
    registry_index(r);
    registry_publish(r, 6);
    damage(&r->place, "0.index" WS_INDEX_TILES, WS_RANGE_TILE_HEAD, "\1");
}

/* Log and witnesses ---------------------------------------------------------------------------- */

static void log_omits(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, registry_text(r, OTHER));
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    const struct ws_bytes honest = contents(&r->made.arena, registry_path(r, "log/checkpoint"));
    r->tree.entries[1] = r->tree.entries[0];
    r->tree.leaves[1] = r->tree.leaves[0];
    registry_publish(r, 5);
    registry_file(r, "log/checkpoint", honest);
}

static void log_rolls_back(struct made_registry *r)
{
    struct ws_lookup lookup;
    (void)registry_claim(r, ALPHA, registry_text(r, OTHER));
    registry_publish(r, 5);
    const struct ws_bytes old = contents(&r->made.arena, registry_path(r, "log/checkpoint"));
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 6);
    r->request.state = registry_path(r, "state");
    assert_int_equal(ws_lookup_open(&lookup, &r->request, NULL), WS_OK);
    ws_lookup_close(&lookup);
    registry_file(r, "log/checkpoint", old);
}

/* One of the three says that the archive was there before the model. */
static void witness_backdates(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
    (void)registry_claim(r, ARCHIVE, text(r));
    const uint64_t honest = MADE_STARTED + UINT64_C(9) * MADE_DAY;
    registry_publish_with(r, (const uint64_t[4]){MADE_STARTED - MADE_DAY, honest, honest + 1, 0});
}

static void log_alone(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish_with(r, (const uint64_t[4]){MADE_STARTED + UINT64_C(5) * MADE_DAY, 0, 0, 0});
}

/* Who makes a bundle --------------------------------------------------------------------------- */

static void archive_then_index(struct made_registry *r)
{
    archive_afterwards(r);
    registry_index(r);
    registry_publish(r, 7);
}

/* An archive and an issuer name one shard. */
static void one_shard_for_two(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    (void)registry_say(r, ARCHIVE, made_archive("example.org/1"), &digest);
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 5);
    registry_index(r);
    registry_publish(r, 6);
}

static void name_again_before_index(struct made_registry *r)
{
    copy_shard(r);
    (void)registry_say(r, ALPHA, made_withdrawal(0), NULL);
    (void)registry_say(r, BRAVO, made_withdrawal(1), NULL);
    const struct ws_hash digest = digest_of(r, "shards/0");
    (void)registry_say(r, ALPHA, registry_emission(ALPHA), &digest);
    registry_publish(r, 7);
    registry_index(r);
    registry_publish(r, 8);
}

/* The archive signs with another key by then: the stranger's, which its own brings in. */
static void one_shard_and_a_new_key(struct made_registry *r)
{
    const struct ws_hash digest = registry_shard(r, text(r));
    const struct ws_statement change = {
        .kind = WS_STATEMENT_KEY_CHANGE,
        .key_change = {.old_key = made_key_text(&r->signers[ARCHIVE], &r->made),
                       .new_key = made_key_text(&r->signers[STRANGER], &r->made)}};
    (void)registry_say(r, BRAVO, registry_emission(BRAVO), &digest);
    (void)registry_say(r, ARCHIVE, change, NULL);
    (void)registry_say(r, STRANGER, made_archive("example.org/1"), &digest);
    registry_publish(r, 5);
    registry_index(r);
    registry_publish(r, 6);
}

static void leave_entry_out(struct made_registry *r, struct ws_evidence *evidence)
{
    (void)r;
    assert_int_equal(evidence->entries[1].index, 1);
    for (size_t i = 1; i + 1 < evidence->entry_count; i++)
        evidence->entries[i] = evidence->entries[i + 1];
    evidence->entry_count--;
}

/* Alpha's first statement of its shard, and its withdrawal: so Bravo, who copied it, was first. */
static void leave_first_naming_out(struct made_registry *r, struct ws_evidence *evidence)
{
    size_t kept = 0;
    (void)r;
    for (size_t i = 0; i < evidence->entry_count; i++)
        if (evidence->entries[i].index != 0 && evidence->entries[i].index != 2)
            evidence->entries[kept++] = evidence->entries[i];
    assert_int_equal(evidence->entry_count - kept, 2);
    evidence->entry_count = kept;
}

static void leave_entry_and_index_out(struct made_registry *r, struct ws_evidence *evidence)
{
    leave_entry_out(r, evidence);
    evidence->has_index = false;
}

/* The emission is proven by a checkpoint long after the archive behind it. */
static void prove_late(struct made_registry *r, struct ws_evidence *evidence)
{
    struct ws_log_proof *proof = &evidence->entries[0];
    struct ws_merkle_nodes nodes = {made_tree_node, &r->tree};
    const uint64_t late = MADE_STARTED + UINT64_C(50) * MADE_DAY;
    proof->checkpoint =
        made_checkpoint(&r->made, &r->tree, r->tree.size, (const uint64_t[4]){late, late, late, 0});
    assert_int_equal(
        ws_merkle_prove_inclusion(&nodes, proof->index, r->tree.size, &proof->way, NULL), WS_OK);
}

static void change_tile(struct made_registry *r, struct ws_evidence *evidence)
{
    struct ws_range_proof *tile = &evidence->shards[0].tiles.items[0];
    uint8_t *copy = ws_arena_copy(&r->made.arena, tile->tile.data, tile->tile.size);
    assert_non_null(copy);
    copy[tile->tile.size - 1] ^= 1;
    tile->tile.data = copy;
}

static void change_shown(struct made_registry *r, struct ws_evidence *evidence)
{
    struct ws_bytes *shown = &evidence->openings[0].text;
    uint8_t *copy = ws_arena_copy(&r->made.arena, shown->data, shown->size);
    assert_non_null(copy);
    copy[shown->size / 2] ^= 1;
    shown->data = copy;
}

static void leave_shown_out(struct made_registry *r, struct ws_evidence *evidence)
{
    (void)r;
    assert_int_equal(evidence->opening_count, 1);
    evidence->opening_count = 0;
}

/* What is withdrawn is put into no bundle. */
static void find_no_shard(struct made_registry *r, struct ws_evidence *evidence)
{
    (void)r;
    assert_int_equal(evidence->shard_count, 0);
}

static void change_nothing(struct made_registry *r, struct ws_evidence *evidence)
{
    (void)r;
    (void)evidence;
}

static void honest(struct made_registry *r)
{
    (void)registry_claim(r, ALPHA, text(r));
    registry_publish(r, 5);
}

/* clang-format off */
static const struct row rows[] = {
    {"issuer", "omit", "does not register what its model made", "unknown; not proven that nobody has it", leave_out, NULL},
    {"issuer", "omit", "registers what its model made in 65 documents of one shard", "unknown; not proven that nobody has it", repeat_itself, NULL},
    {"issuer", "backdate", "registers what a human wrote, archived long before", "human, as claimed by archive", register_human, NULL},
    {"issuer", "copy", "registers what 65 documents of an archive have that is logged later", "contested", register_common, NULL},
    {"issuer", "copy", "does so, a part is looked up, and the archive is doubted and shows nothing", "model, as claimed by alpha", register_common_and_doubt, NULL},
    {"issuer", "copy", "does so, a part is looked up, and the archive is doubted and shows one of the 65", "contested", register_common_and_be_shown, NULL},
    {"issuer", "copy", "logs another's shard as its own", "model, as claimed by alpha", copy_shard, NULL},
    {"issuer", "copy", "does so, is asked to show it, and the other shows it", "model, as claimed by alpha", copy_shard_and_wait, NULL},
    {"issuer", "copy", "logs another's shard as its own that was withdrawn", "unknown; not proven that nobody has it; withdrawn at entry 1; withdrawn at entry 1", copy_withdrawn_shard, find_no_shard},
    {"issuer", "copy", "does so, beside an index", "unknown of the first 3 of 4 entries; withdrawn at entry 1; withdrawn at entry 1", copy_withdrawn_shard_beside_index, NULL},
    {"issuer", "copy", "does so, and shows a document", "unknown; not proven that nobody has it; withdrawn at entry 1; withdrawn at entry 1", copy_withdrawn_shard_and_show, NULL},
    {"issuer", "copy", "puts another's fingerprints into a document of its own, is asked, and shows no text", "unknown; not proven that nobody has it", copy_and_show_nothing, NULL},
    {"issuer", "copy", "does so, and shows the text, which has them not", "unknown; not proven that nobody has it", copy_and_show_own, NULL},
    {"issuer", "copy", "does so, and shows the text to somebody before anybody doubts it", "unknown; not proven that nobody has it", copy_undoubted_and_show_own, NULL},
    {"issuer", "withhold", "is asked about a quotation, and shows no text", "unknown; not proven that nobody has it", show_no_text, NULL},
    {"issuer", "launder", "says that it began after it was logged; an archive captures it meanwhile", "contested", begin_late, NULL},
    {"issuer", "roll back", "withdraws what it said", "unknown; not proven that nobody has it; withdrawn at entry 1", take_back, NULL},
    {"issuer", "roll back", "withdraws another's shard, which it had logged as its own", "model, as claimed by alpha; withdrawn at entry 2", copy_shard_and_take_back, change_nothing},
    {"issuer", "roll back", "withdraws its shard, which another copied, and names it again behind an index", "unknown of the first 3 of 5 entries; withdrawn at entry 2; withdrawn at entry 2; a shard unavailable", name_again_behind_index, NULL},
    {"issuer", "postdate", "registers what its model made as of a time to come, beside an index", "model, as claimed by bravo", claim_early, change_nothing},
    {"issuer", "postdate", "logs another's shard as its own so, beside an index", "model, as claimed by alpha", copy_shard_early, change_nothing},
    {"issuer", "withhold", "logs a shard and shows it to nobody", "unknown; not proven that nobody has it; a shard unavailable", withhold_shard, NULL},
    {"issuer", "withhold", "shows its shard to a mirror alone", "unknown; not proven that nobody has it; a shard unavailable", withhold_from_reader, NULL},
    {"issuer", "withhold", "does not show its shard to the mirror, either", "unknown; not proven that nobody has it; a shard unavailable", withhold_from_mirror, NULL},
    {"issuer", "withhold", "shows its shard to the reader, and not to the mirror", "unknown; not proven that nobody has it; a shard unavailable", show_reader_alone, NULL},
    {"issuer", "withhold", "shows its shard to the reader before a mirror verified it", "unknown of the first 1 of 3 entries; a shard unavailable", claim_behind_index, NULL},
    {"issuer", "withhold", "logs a keyed shard and gives the reader no key", "unknown; not proven that nobody has it; a shard unavailable", keep_key, NULL},
    {"issuer", "crowd", "crowds a tile of the index, beside another's claim", "model, as claimed by alpha; a shard unavailable", crowd_beside_claim, NULL},
    {"issuer", "crowd", "crowds a tile with what its model made", "unknown; not proven that nobody has it; a shard unavailable", crowd_and_hide, NULL},
    {"issuer", "launder", "speaks as an archive", "unknown; not proven that nobody has it", claim_as_archive, NULL},
    {"stranger", "copy", "registers what it has no role for", "unknown; not proven that nobody has it", claim_without_role, NULL},
    {"author", "pad", "writes a little of an archive's text, with blanks between its words, behind much that is nobody's", "unknown; not proven that nobody has it", archive_and_pad, NULL},
    {"archive", "launder", "archives what a model made, afterwards", "contested", archive_afterwards, NULL},
    {"archive", "launder", "archives it before its issuer, who comes within max-delay", "contested", archive_first, NULL},
    {"archive", "backdate", "says that it captured long ago what a model made, and is logged after it", "contested", archive_says_long_ago, NULL},
    {"archive", "copy", "logs a model's shard as its own", "contested", archive_copies_model, NULL},
    {"archive", "copy", "logs another archive's shard as its own", "human, as claimed by bravo", archive_copies_archive, NULL},
    {"archive", "misfile", "makes a shard whose keys a search misses, and an issuer claims them", "model, as claimed by bravo; a shard unavailable", archive_misfiles, NULL},
    {"archive", "misfile", "does so, beside an index", "model, as claimed by bravo; a shard unavailable", archive_misfiles_then_index, NULL},
    {"archive", "omit", "does not archive what it captured, and an issuer claims it", "model, as claimed by bravo", archive_leaves_out, NULL},
    {"archive", "withhold", "shows its shard to nobody, and an issuer claims what is in it", "model, as claimed by bravo; a shard unavailable", archive_withholds, NULL},
    {"archive", "roll back", "withdraws what it archived before an issuer claimed it", "model, as claimed by bravo; withdrawn at entry 2", archive_takes_back, NULL},
    {"CDN", "misfile", "puts a key where a search misses it", "unknown; not proven that nobody has it; a shard unavailable", misfile_key, NULL},
    {"CDN", "doctor", "changes a key of a shard", "unknown; not proven that nobody has it; a shard damaged", change_key, NULL},
    {"CDN", "doctor", "changes a key of an index", "unknown; not proven that nobody has it; a shard partly searched; the index is damaged", doctor_index, NULL},
    {"CDN", "omit", "lacks a tile of the log's hashes", "no answer: a file cannot be read", lose_hashes, NULL},
    {"CDN", "omit", "lacks a tile of the log's entries", "no answer: a file cannot be read", lose_entries, NULL},
    {"CDN", "omit", "lacks the tiles of a shard", "unknown; not proven that nobody has it; a shard unavailable", lose_shard_tiles, NULL},
    {"CDN", "omit", "lacks the tiles of an index", "no answer: a file cannot be read", lose_index_tiles, NULL},
    {"CDN", "omit", "lacks the list of an index", "no answer: a file cannot be read", lose_index_list, NULL},
    {"CDN", "roll back", "serves an old log to a reader who has seen a newer one", "refused: older than what was seen", log_rolls_back, NULL},
    {"CDN", "roll back", "serves an old log to a new reader", "unknown; not proven that nobody has it", serve_old_log, NULL},
    {"CDN", "roll back", "serves an old log to a new reader, whose roles have a max-age", "refused: stale", serve_old_log_and_age_counts, NULL},
    {"CDN", "roll back", "serves an old log beside a new index", "refused: no index of the roles", serve_old_log_beside_index, NULL},
    {"mirror", "omit", "leaves a shard out of its index", "unknown; not proven that nobody has it; a shard unavailable", index_omits, NULL},
    {"mirror", "omit", "lists a shard as repeated that is live nowhere", "unknown; not proven that nobody has it; a shard unavailable", index_calls_it_repeated, NULL},
    {"mirror", "omit", "lists a shard as keyed that is not", "unknown; not proven that nobody has it; a shard partly searched", index_calls_it_keyed, NULL},
    {"mirror", "omit", "lists a keyed shard as live, to a reader without the key", "unknown; not proven that nobody has it; a shard unavailable; the index is refuted", index_calls_keyed_live, NULL},
    {"mirror", "omit", "leaves fingerprints of a live shard out of its index", "model, as claimed by bravo; the index is refuted", index_omits_keys, NULL},
    {"mirror", "omit", "leaves them out, and the reader has not the shard", "unknown of the first 2 of 3 entries; a shard unavailable", index_is_all_there_is, NULL},
    {"mirror", "omit", "leaves a shard out of its index, which another mirror does not", "unknown; not proven that nobody has it; a shard unavailable; second signed another index", one_of_two_omits, NULL},
    {"mirror", "omit", "does so where two mirrors are wanted", "model, as claimed by bravo; 1 of 3 mirrors signed; second signed another index", one_of_two_omits_and_two_are_wanted, NULL},
    {"mirror", "omit", "leaves fingerprints out, which another mirror does not, and the reader has not the shard", "unknown of the first 2 of 4 entries; a shard unavailable; second signed another index", one_of_two_omits_keys, NULL},
    {"mirror", "omit", "does so where two mirrors are wanted", "unknown; not proven that nobody has it; a shard unavailable; 1 of 3 mirrors signed; second signed another index", one_of_two_omits_keys_and_two_are_wanted, NULL},
    {"mirror", "omit", "does so where two others signed, as many as are wanted", "model, as claimed by bravo; third signed another index", one_more_than_wanted_omits_keys, NULL},
    {"k-1 mirrors", "omit", "leave fingerprints out together, and the reader has not the shard", "unknown; not proven that nobody has it; a shard unavailable; 2 of 3 mirrors signed", fewer_than_wanted_omit_keys, NULL},
    {"mirror", "omit", "signs an index, and has no mirror in the roles", "refused: no index of the roles", index_of_stranger, NULL},
    {"mirror", "misfile", "signs an index whose keys a search misses", "refused: keys of the index are not in order", misfile_index, NULL},
    {"mirror", "roll back", "shows an old index beside a fresh log, and has signed a newer one", "unknown of the first 1 of 4 entries; a shard unavailable; mirror signed a newer index of 3", show_first_index, NULL},
    {"log", "omit", "serves another entry in its place", "refused: its files do not lead to what it signed", log_omits, NULL},
    {"log", "roll back", "shows what it was before", "refused: older than what was seen", log_rolls_back, NULL},
    {"k-1 witnesses", "backdate", "date an archive before the model", "contested", witness_backdates, NULL},
    {"k-1 witnesses", "fork", "cosign alone", "refused: not signed and cosigned as the policy wants", log_alone, NULL},
    {"bundle's maker", "omit", "leaves out the archive that contests", "model, as claimed by alpha; not proven that nothing is left out", archive_afterwards, leave_entry_and_index_out},
    {"bundle's maker", "omit", "leaves it out, beside an index", "model, as claimed by alpha; not proven that nothing is left out", archive_then_index, leave_entry_out},
    {"bundle's maker", "omit", "leaves out one of two claims of a shard, beside an index", "human, as claimed by archive; not proven that nothing is left out", one_shard_for_two, leave_entry_out},
    {"bundle's maker", "omit", "leaves out the change of key that one of two claims rests on, beside an index", "model, as claimed by bravo; not proven that nothing is left out", one_shard_and_a_new_key, leave_entry_out},
    {"bundle's maker", "omit", "leaves out the withdrawal of a claim, beside an index", "unknown; not proven that nobody has it; a shard unavailable", take_back_then_index, leave_entry_out},
    {"bundle's maker", "omit", "leaves out who named a shard first and withdrew it, and names it again", "unknown; not proven that nobody has it; withdrawn at entry 3; withdrawn at entry 3", name_again_before_index, leave_first_naming_out},
    {"bundle's maker", "backdate", "proves an emission by a later checkpoint than an archive behind it", "contested", archive_afterwards, prove_late},
    {"bundle's maker", "omit", "leaves out what an issuer showed of a doubted claim", "unknown; not proven that nobody has it", show_text, leave_shown_out},
    {"bundle's maker", "omit", "leaves out the text that refutes an undoubted claim", "model, as claimed by bravo; not proven that nothing is left out", copy_undoubted_and_show_own, leave_shown_out},
    {"bundle's maker", "doctor", "changes what an issuer showed", "refused: a piece is not what statements say", show_text, change_shown},
    {"bundle's maker", "doctor", "changes a tile", "refused: a piece is not what statements say", honest, change_tile},
};
/* clang-format on */

/* What a client prints --------------------------------------------------------------------------
 */

static const char *refusal(const struct ws_error *err)
{
    static const struct {
        const char *words, *says;
    } known[] = {
        {"no statement of a mirror", "refused: no index of the roles"},
        {"has not the hashes of what is below", "refused: its files do not lead to what it signed"},
        {"do not lead to the root", "refused: its files do not lead to what it signed"},
        {"older than the policy lets", "refused: stale"},
        {"the index: tile 0: pair", "refused: keys of the index are not in order"},
        {"cannot read '", "no answer: a file cannot be read"},
        {"older than what was seen", "refused: older than what was seen"},
        {"witnesses", "refused: not signed and cosigned as the policy wants"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(err->message, known[i].words))
            return known[i].says;
    return err->message;
}

static const char *say_label(struct made_registry *r, const struct ws_finding *finding)
{
    const enum ws_verdict_label label = finding->verdict.label;
    if (label != WS_VERDICT_HUMAN && label != WS_VERDICT_MODEL)
        return ws_verdict_word(label);
    const struct ws_verdict_span *span = &finding->verdict.spans[0];
    const size_t claim = label == WS_VERDICT_HUMAN ? span->archive : span->emission;
    return ws_arena_format(&r->made.arena, "%s, as claimed by %s", ws_verdict_word(label),
                           finding->claims[claim].party);
}

static const char *say(struct made_registry *r, const struct ws_finding *finding, bool is_bundle)
{
    const char *says = say_label(r, finding);
    if (finding->refused > 0 && is_bundle)
        return "refused: a piece is not what statements say";
    if (finding->verdict.label == WS_VERDICT_UNKNOWN && finding->coverage != WS_COVERAGE_COMPLETE)
        says = ws_arena_format(&r->made.arena, "%s; not proven that nobody has it", says);
    else if (finding->verdict.label == WS_VERDICT_UNKNOWN)
        says =
            ws_arena_format(&r->made.arena, "%s of the first %zu of %zu entries", says,
                            (size_t)finding->index_entries, (size_t)finding->head.checkpoint.size);
    else if (is_bundle && finding->coverage != WS_COVERAGE_COMPLETE &&
             finding->verdict.label != WS_VERDICT_CONTESTED)
        says = ws_arena_format(&r->made.arena, "%s; not proven that nothing is left out", says);
    for (size_t i = 0; i < finding->shard_count; i++) {
        const struct ws_finding_shard *shard = &finding->shards[i];
        if (shard->state == WS_SEARCHED_WITHDRAWN)
            says = ws_arena_format(&r->made.arena, "%s; withdrawn at entry %zu", says,
                                   (size_t)shard->withdrawn_in);
        else if (shard->state != WS_SEARCHED_WHOLE)
            says = ws_arena_format(&r->made.arena, "%s; a shard %s", says,
                                   ws_searched_word(shard->state));
    }
    if (finding->coverage == WS_COVERAGE_DAMAGED)
        says = ws_arena_format(&r->made.arena, "%s; the index is damaged", says);
    if (finding->coverage == WS_COVERAGE_REFUTED)
        says = ws_arena_format(&r->made.arena, "%s; the index is refuted", says);
    if (finding->coverage == WS_COVERAGE_FEW_SIGNED)
        says = ws_arena_format(&r->made.arena, "%s; %zu of %zu mirrors signed", says,
                               finding->signer_count, finding->mirrors);
    for (size_t i = 0; i < finding->dissenter_count; i++)
        says = ws_arena_format(&r->made.arena, "%s; %s signed another index", says,
                               finding->claims[finding->dissenters[i]].party);
    if (finding->newest != WS_VERDICT_NO_CLAIM)
        says =
            ws_arena_format(&r->made.arena, "%s; %s signed a newer index of %zu", says,
                            finding->claims[finding->newest].party,
                            (size_t)finding->claims[finding->newest].claim.statement.index.entries);
    return says;
}

static const char *look(struct made_registry *r, const struct row *row, struct ws_lookup *lookup)
{
    const struct ws_query query = registry_query(r, r->asked.size > 0 ? r->asked : text(r));
    struct ws_evidence evidence, read;
    struct ws_finding finding;
    struct ws_error err;
    struct ws_finding_reader reader = registry_reader(lookup);
    reader.disputes = &r->dispute;
    reader.dispute_count = r->dispute.since > 0;
    if (ws_lookup_gather(lookup, &query, &r->made.arena, &evidence, &err) != WS_OK)
        return refusal(&err);
    if (row->tamper)
        row->tamper(r, &evidence);
    if (ws_evidence_take_apart(registry_bundle(r, &evidence), &r->made.arena, &read, &err) !=
            WS_OK ||
        ws_finding_make(&read, &reader, &r->made.arena, &finding, &err) != WS_OK)
        return refusal(&err);
    return say(r, &finding, row->tamper != NULL);
}

static const char *client(struct made_registry *r, const struct row *row)
{
    struct ws_lookup lookup;
    struct ws_error err;
    const char *says =
        ws_lookup_open(&lookup, &r->request, &err) == WS_OK ? look(r, row, &lookup) : refusal(&err);
    says = ws_arena_text(&r->made.arena, says);
    assert_non_null(says);
    ws_lookup_close(&lookup);
    return says;
}

static bool is_documented(const char *line, struct ws_arena *arena)
{
    const struct ws_bytes page = contents(arena, WS_SOURCE_DIR "/docs/formats/verdict.md");
    return memmem(page.data, page.size, line, strlen(line)) != NULL;
}

static void liars__bring_a_lookup_to_what_is_documented(void **state)
{
    (void)state;
    size_t wrong = 0;
    puts("| liar | lie | what it does | what a lookup says |\n|---|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made_registry r;
        char line[400];
        registry_begin(&r);
        rows[i].tell(&r);
        const char *says = client(&r, &rows[i]);
        (void)snprintf(line, sizeof line, "| %s | %s | %s | %s |", rows[i].liar, rows[i].lie,
                       rows[i].how, says);
        puts(line);
        if (strcmp(says, rows[i].wanted) != 0 || !is_documented(line, &r.made.arena))
            wrong++;
        registry_end(&r);
    }
    if (wrong > 0)
        fail_msg("%zu rows are not as the table of docs/formats/verdict.md has them", wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(liars__bring_a_lookup_to_what_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
