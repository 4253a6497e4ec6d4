#include "ledger/index_build.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/index_crowd.h"
#include "ledger/shard_key.h"
#include "ledger/shard_roll.h"

/* The shelf ------------------------------------------------------------------------------------ */

static int compare_places(const void *a_, const void *b_)
{
    const struct ws_shard_place *a = a_, *b = b_;
    const int order = memcmp(a->digest.bytes, b->digest.bytes, WS_HASH_SIZE);
    return order ? order : strcmp(a->path, b->path);
}

/* Whether the file is as long as a head and begins like one; then its digest. */
static enum ws_status is_head(const char *path, bool *yes, struct ws_hash *digest,
                              struct ws_error *err)
{
    struct ws_mapped_file file;
    struct ws_shard_head head;
    struct stat about;
    *yes = stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == WS_SHARD_HEAD_SIZE;
    if (!*yes)
        return WS_OK;
    WS_TRY(ws_file_map(path, &file, err));
    *yes = ws_shard_head_read(file.bytes, &head, NULL) == WS_OK;
    enum ws_status status = *yes ? ws_hash_of(file.bytes, digest, err) : WS_OK;
    ws_file_unmap(&file);
    return status;
}

enum ws_status ws_shard_shelf_open(struct ws_shard_shelf *shelf, const char *directory,
                                   struct ws_arena *arena, struct ws_error *err)
{
    struct ws_names names;
    *shelf = (struct ws_shard_shelf){.count = 0};
    WS_TRY(ws_directory_list(directory, arena, &names, err));
    shelf->places = WS_ARENA_ZNEW(arena, struct ws_shard_place, names.count + 1);
    if (!shelf->places)
        return ws_fail_memory(err, "the shards of a directory");
    for (size_t i = 0; i < names.count; i++) {
        struct ws_shard_place *place = &shelf->places[shelf->count];
        bool yes;
        if (strstr(names.items[i], WS_FILE_DRAFT)) /* a head whose writer was killed */
            continue;
        place->path = ws_arena_format(arena, "%s/%s", directory, names.items[i]);
        place->state = WS_INDEX_UNAVAILABLE;
        if (!place->path)
            return ws_fail_memory(err, "the shards of a directory");
        WS_TRY(is_head(place->path, &yes, &place->digest, err));
        shelf->count += yes;
    }
    qsort(shelf->places, shelf->count, sizeof *shelf->places, compare_places);
    return WS_OK;
}

void ws_shard_shelf_close(struct ws_shard_shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        ws_shard_close(&shelf->places[i].shard);
    *shelf = (struct ws_shard_shelf){.count = 0};
}

struct ws_shard_place *ws_shard_shelf_find(const struct ws_shard_shelf *shelf,
                                           const struct ws_hash *digest)
{
    size_t low = 0, high = shelf->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memcmp(shelf->places[middle].digest.bytes, digest->bytes, WS_HASH_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < shelf->count && ws_hash_equal(&shelf->places[low].digest, digest)
               ? &shelf->places[low]
               : NULL;
}

struct ws_shard_place *ws_shard_shelf_next(const struct ws_shard_shelf *shelf,
                                           struct ws_shard_place *place)
{
    struct ws_shard_place *next = place + 1;
    return next < shelf->places + shelf->count && ws_hash_equal(&next->digest, &place->digest)
               ? next
               : NULL;
}

/* What became of them -------------------------------------------------------------------------- */

static enum ws_status try_shard(struct ws_shard_place *place, const char *scheme,
                                struct ws_error *err)
{
    enum ws_status status = ws_shard_open(&place->shard, place->path, err);
    const char *key = ws_shard_key_name(place->shard.head.scheme);
    if (status == WS_OK && !key && strcmp(place->shard.head.scheme, scheme) != 0) {
        place->state = WS_INDEX_FOREIGN;
        return ws_fail(err, WS_UNSUPPORTED, "its scheme is '%s', wanted '%.63s'",
                       place->shard.head.scheme, scheme);
    }
    if (status == WS_OK)
        status = ws_shard_verify(&place->shard, err);
    place->state = status == WS_OK          ? WS_INDEX_LIVE
                   : status == WS_NOT_FOUND ? WS_INDEX_UNAVAILABLE
                                            : WS_INDEX_DAMAGED;
    if (status == WS_OK && key) {
        place->state = WS_INDEX_KEYED;
        return ws_fail(err, WS_UNSUPPORTED, "it is sound, and keyed with %s", key);
    }
    return status;
}

/* Opens the first sound copy of what the statement still stands for, and returns it; what is wrong
 * with others is in the note and no failure. */
static struct ws_shard_place *take_shard(struct ws_index_shard *shard,
                                         const struct ws_shard_shelf *shelf, const char *scheme,
                                         ws_index_note *note, void *user)
{
    struct ws_shard_place *place = ws_shard_shelf_find(shelf, &shard->digest);
    if (shard->state != WS_INDEX_LIVE)
        return NULL;
    shard->state = WS_INDEX_UNAVAILABLE;
    for (; place; place = ws_shard_shelf_next(shelf, place)) {
        struct ws_error why = {.status = WS_OK};
        if (place->state == WS_INDEX_LIVE) { /* by an earlier statement */
            shard->state = WS_INDEX_REPEATED;
            return NULL;
        }
        const bool is_refused =
            place->state == WS_INDEX_UNAVAILABLE && try_shard(place, scheme, &why) != WS_OK;
        shard->state = place->state;
        if (place->state == WS_INDEX_LIVE)
            return place;
        if (is_refused) {
            ws_shard_close(&place->shard);
            if (note)
                note(user, shard, why.message);
        }
        if (place->state == WS_INDEX_KEYED)
            return NULL;
    }
    return NULL;
}

static enum ws_status make_list(const struct ws_index_plan *plan, const struct ws_shard_roll *roll,
                                struct ws_shard_shelf *shelf, ws_index_note *note, void *user,
                                struct ws_arena *arena, struct ws_index_list *list,
                                const struct ws_shard ***live, struct ws_error *err)
{
    const size_t count = ws_shard_roll_count(roll);
    size_t lives = 0;
    list->log = plan->log;
    memcpy(list->scheme, plan->scheme, strlen(plan->scheme));
    list->has_roles = plan->roles != NULL;
    if (plan->roles)
        list->roles = *plan->roles_digest;
    list->shards = WS_ARENA_NEW(arena, struct ws_index_shard, count + 1);
    *live = WS_ARENA_NEW(arena, const struct ws_shard *, count + 1);
    if (!list->shards || !*live)
        return ws_fail_memory(err, "an index's list");
    for (size_t i = 0; i < count; i++) {
        const struct ws_named_shard named = ws_shard_roll_at(roll, i);
        struct ws_index_shard shard = {
            .entry = named.entry, .subject = named.subject, .digest = named.digest};
        shard.state = ws_shard_roll_state(roll, &named, &shard.withdrawn_at);
        const struct ws_shard_place *place = take_shard(&shard, shelf, plan->scheme, note, user);
        list->shards[list->shard_count++] = shard;
        if (place)
            (*live)[lives++] = &place->shard;
    }
    return WS_OK;
}

enum ws_status ws_index_take_stock(const struct ws_index_plan *plan, struct ws_shard_shelf *shelf,
                                   ws_index_note *note, void *user, struct ws_arena *arena,
                                   struct ws_index_list *list, const struct ws_shard ***live,
                                   struct ws_error *err)
{
    struct ws_shard_roll roll;
    *list = (struct ws_index_list){.shard_count = 0};
    if (*plan->scheme == '\0' || strlen(plan->scheme) > WS_SHARD_SCHEME_LIMIT)
        return ws_fail(err, WS_INVALID, "a scheme of fingerprints '%.80s', wanted 1 to %d bytes",
                       plan->scheme, WS_SHARD_SCHEME_LIMIT);
    enum ws_status status =
        ws_shard_roll_open(&roll, plan->source, plan->roles, arena->allocator, err);
    if (status == WS_OK)
        status = ws_shard_roll_read(&roll, &plan->log, err);
    if (status == WS_OK)
        status = make_list(plan, &roll, shelf, note, user, arena, list, live, err);
    if (status == WS_OK)
        status = ws_index_leave_out_crowds(&ws_index_room, list, *live, note, user,
                                           arena->allocator, err);
    ws_shard_roll_close(&roll);
    return status;
}
