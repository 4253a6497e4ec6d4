#include "ledger/log_monitor.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "ledger/log_dates.h"
#include "ledger/log_walk.h"

/* Entries between two records of how far a look came. */
enum { RECORD_EACH = 1 << 16 };

const char *ws_monitor_text(enum ws_monitor_verdict verdict)
{
    static const char *const texts[] = {
#define X(name, text) text,
        WS_MONITOR_MAP(X)
#undef X
    };
    return texts[verdict];
}

/* One look. */
struct look {
    const struct ws_monitor *monitor;
    struct ws_arena *arena;
    struct ws_bytes note; /* as it was shown */
    struct ws_trusted_checkpoint shown;
    bool has_seen;
    struct ws_bytes seen_note;
    struct ws_checkpoint seen; /* of the look before; of size 0 without */
    uint64_t told;             /* the listener had the entries before this one */
    bool records;              /* how far it comes: only what goes on from what was seen */
    struct ws_log_walk *walk;
    struct ws_log_dates dates;
    struct ws_bytes contradiction; /* a kept checkpoint that is not of the entries; in the arena */
};

/* State ---------------------------------------------------------------------------------------- */

static const char *state_path(const struct look *look, const char *name)
{
    return ws_arena_format(look->arena, "%s/%s", look->monitor->state, name);
}

/* WS_NOT_FOUND where there is none. */
static enum ws_status read_state(const struct look *look, const char *name, struct ws_bytes *out,
                                 struct ws_error *err)
{
    const char *path = state_path(look, name);
    if (!path)
        return ws_fail_memory(err, "a monitor's state");
    return ws_file_read(path, WS_NOTE_LIMIT, look->arena, out, err);
}

static enum ws_status write_state(const struct look *look, const char *name, struct ws_bytes bytes,
                                  struct ws_error *err)
{
    const char *path = look->monitor->state ? state_path(look, name) : "";
    if (!path)
        return ws_fail_memory(err, "a monitor's state");
    return look->monitor->state ? ws_file_replace(path, bytes, err) : WS_OK;
}

/* The last checkpoint: the state's own, so that only its form is checked. */
static enum ws_status read_seen(struct look *look, struct ws_error *err)
{
    struct ws_note note;
    if (!look->monitor->state)
        return WS_OK;
    WS_TRY(ws_directory_make(look->monitor->state, err));
    enum ws_status status = read_state(look, "checkpoint", &look->seen_note, err);
    if (status == WS_NOT_FOUND)
        return WS_OK;
    WS_TRY(status);
    WS_TRY(ws_note_read(look->seen_note, look->arena, &note, err));
    WS_TRY(ws_checkpoint_read(note.text, look->arena, &look->seen, err));
    look->has_seen = true;
    if (strcmp(look->seen.origin, look->shown.checkpoint.origin) != 0)
        return ws_fail(err, WS_CONFLICT, "'%.150s' is the state of log '%.100s', not of '%.100s'",
                       look->monitor->state, look->seen.origin, look->shown.checkpoint.origin);
    return WS_OK;
}

/* From where to go on: how far a look came that was stopped, or the last checkpoint. */
static enum ws_status find_start(const struct look *look, struct ws_checkpoint *out,
                                 struct ws_error *err)
{
    struct ws_bytes text;
    struct ws_checkpoint read;
    *out = look->seen;
    if (!look->monitor->state)
        return WS_OK;
    enum ws_status status = read_state(look, "read", &text, err);
    if (status == WS_NOT_FOUND)
        return WS_OK;
    WS_TRY(status);
    WS_TRY(ws_checkpoint_read(text, look->arena, &read, err));
    if (strcmp(read.origin, look->shown.checkpoint.origin) == 0 && read.size > out->size &&
        read.size <= look->shown.checkpoint.size)
        *out = read;
    return WS_OK;
}

static enum ws_status record(const struct look *look, struct ws_error *err)
{
    struct ws_checkpoint read = {.origin = look->shown.checkpoint.origin, .size = look->walk->size};
    struct ws_buffer text;
    ws_log_walk_root(look->walk, &read.root);
    ws_buffer_init(&text, look->arena->allocator, WS_NOTE_LIMIT);
    ws_checkpoint_append(&text, &read);
    enum ws_status status = ws_buffer_check(&text, "a monitor's state", err);
    if (status == WS_OK)
        status = write_state(look, "read", ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

/* Reading -------------------------------------------------------------------------------------- */

/* Once where the walk begins. Of what was seen the log keeps the checkpoint. */
static void begin_dates(struct look *look)
{
    struct ws_frontier before;
    ws_log_walk_frontier(look->walk, &before);
    ws_log_dates_close(&look->dates);
    ws_log_dates_begin(&look->dates, look->monitor->source, look->monitor->trust, &look->shown,
                       &before, look->seen.size <= before.size ? look->seen.size : 0);
    look->contradiction = ws_bytes_of(NULL, 0);
}

/* The date of an entry. The first kept checkpoint that contradicts the entries is remembered. */
static enum ws_status date(struct look *look, struct ws_bytes entry, uint64_t *time,
                           struct ws_error *err)
{
    const struct ws_bytes *note = &look->dates.note;
    bool contradicts;
    WS_TRY(ws_log_dates_next(&look->dates, entry, time, &contradicts, err));
    if (!contradicts || look->contradiction.size > 0)
        return WS_OK;
    look->contradiction =
        ws_bytes_of(ws_arena_copy(look->arena, note->data, note->size), note->size);
    return look->contradiction.data ? WS_OK : ws_fail_memory(err, "a checkpoint");
}

static enum ws_status tell(struct look *look, uint64_t first, const struct ws_bytes entries[],
                           struct ws_error *err)
{
    const struct ws_monitor_listener *listener = look->monitor->listener;
    for (; listener && first < look->walk->size; first++, entries++) {
        uint64_t time;
        WS_TRY(date(look, *entries, &time, err));
        if (first < look->told)
            continue;
        WS_TRY(listener->entry(listener->user, first, time, *entries, err));
        look->told = first + 1;
    }
    return WS_OK;
}

/* From where the walk is to `until`. */
static enum ws_status read_to(struct look *look, uint64_t until, struct ws_error *err)
{
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_arena arena;
    enum ws_status status = WS_OK;
    ws_arena_init(&arena, NULL);
    for (uint64_t first; status == WS_OK && look->walk->size < until;) {
        ws_arena_reset(&arena);
        status = ws_log_walk_on(look->walk, until, &arena, entries, &first, err);
        if (status == WS_OK)
            status = tell(look, first, entries, err);
        if (status == WS_OK && look->records && look->walk->size % RECORD_EACH == 0)
            status = record(look, err);
    }
    ws_arena_release(&arena);
    return status;
}

static enum ws_status check_root(const struct look *look, struct ws_error *err)
{
    struct ws_hash root;
    ws_log_walk_root(look->walk, &root);
    if (ws_hash_equal(&root, &look->shown.checkpoint.root))
        return WS_OK;
    return ws_fail(err, WS_CORRUPT,
                   "its files do not lead to the root that it signed for %" PRIu64 " entries",
                   look->walk->size);
}

static enum ws_status go_on(struct look *look, const struct ws_checkpoint *start,
                            struct ws_error *err)
{
    const uint64_t goal = look->shown.checkpoint.size;
    look->records = true;
    if (start->size > 0)
        WS_TRY(ws_log_walk_resume(look->walk, look->monitor->source, goal, start->size,
                                  &start->root, err));
    else
        ws_log_walk_begin(look->walk, look->monitor->source, goal);
    begin_dates(look);
    WS_TRY(read_to(look, goal, err));
    return check_root(look, err);
}

/* Whether a listener that wants all entries had fewer than were read. */
static bool is_behind(const struct look *look, uint64_t size)
{
    const struct ws_monitor_listener *listener = look->monitor->listener;
    return listener && listener->begin && look->told < size;
}

/* The whole log: whether it leads to the root that was seen before is `*leads`. */
static enum ws_status read_anew(struct look *look, bool *leads, struct ws_error *err)
{
    struct ws_hash root;
    look->records = false;
    look->told = 0;
    ws_log_walk_begin(look->walk, look->monitor->source, look->shown.checkpoint.size);
    begin_dates(look);
    WS_TRY(read_to(look, look->seen.size, err));
    ws_log_walk_root(look->walk, &root);
    *leads = ws_hash_equal(&root, &look->seen.root);
    WS_TRY(read_to(look, look->shown.checkpoint.size, err));
    return check_root(look, err);
}

static enum ws_status read_growth(struct look *look, struct ws_monitor_look *out,
                                  struct ws_error *err)
{
    bool leads = true;
    struct ws_checkpoint start;
    out->verdict = look->has_seen ? WS_MONITOR_GROWN : WS_MONITOR_FIRST;
    WS_TRY(find_start(look, &start, err));
    if (!is_behind(look, start.size)) {
        enum ws_status status = go_on(look, &start, err);
        if (start.size == 0 || (status != WS_CORRUPT && status != WS_NOT_FOUND))
            return status;
    }
    /* What is signed decides, which the files of a server are not. */
    WS_TRY(read_anew(look, &leads, err));
    if (!leads)
        out->verdict = WS_MONITOR_FORKED;
    return WS_OK;
}

/* Going back ----------------------------------------------------------------------------------- */

/* The root of the first `size` entries of a tree, as its tiles prove it. */
static enum ws_status prove_beginning(const struct look *look, const struct ws_checkpoint *of,
                                      uint64_t size, struct ws_hash *root, struct ws_error *err)
{
    const struct ws_log_source_tree tree = {look->monitor->source, *of};
    const struct ws_merkle_nodes nodes = ws_log_source_nodes(&tree);
    struct ws_merkle_proof proof;
    WS_TRY(ws_merkle_root(&nodes, size, root, err));
    WS_TRY(ws_merkle_prove_consistency(&nodes, size, of->size, &proof, err));
    return ws_merkle_check_consistency(size, root, of->size, &of->root, &proof, err);
}

/* A smaller tree than before is a cache's that is late, if it is the beginning of that one, and a
 * fork, if that one is proved to begin otherwise. Where nothing is proved it may be an old copy of
 * an honest log, or of one that takes back what it said. */
static enum ws_status look_back(struct look *look, struct ws_monitor_look *out,
                                struct ws_error *err)
{
    const struct ws_checkpoint *shown = &look->shown.checkpoint;
    struct ws_hash root;
    out->verdict = WS_MONITOR_STALE;
    if (shown->size == 0)
        return WS_OK; /* of its root the policy's check made sure */
    enum ws_status status = prove_beginning(look, &look->seen, shown->size, &root, err);
    if (status == WS_CORRUPT || status == WS_NOT_FOUND)
        return ws_fail(
            err, WS_CORRUPT,
            "it shows %" PRIu64 " entries, fewer than the %" PRIu64
            " that were seen, and nothing there proves that they began with these: it was "
            "rolled back, or this is an old copy",
            shown->size, look->seen.size);
    if (status == WS_OK && !ws_hash_equal(&root, &shown->root))
        out->verdict = WS_MONITOR_FORKED;
    return status;
}

/* A look --------------------------------------------------------------------------------------- */

static enum ws_status compare(struct look *look, struct ws_monitor_look *out, struct ws_error *err)
{
    const struct ws_checkpoint *shown = &look->shown.checkpoint;
    if (!look->has_seen || shown->size > look->seen.size)
        return read_growth(look, out, err);
    if (shown->size < look->seen.size)
        return look_back(look, out, err);
    bool leads = ws_hash_equal(&shown->root, &look->seen.root);
    out->verdict = leads ? WS_MONITOR_SAME : WS_MONITOR_FORKED;
    return leads && is_behind(look, shown->size) ? read_anew(look, &leads, err) : WS_OK;
}

/* Whether two trees that the log signed cannot both be. That nothing is proved is no contradiction.
 */
static enum ws_status find_contradiction(const struct look *look, const struct ws_checkpoint *a,
                                         const struct ws_checkpoint *b, bool *found,
                                         struct ws_error *err)
{
    const struct ws_checkpoint *less = a->size < b->size ? a : b, *more = less == a ? b : a;
    struct ws_hash root = more->root;
    enum ws_status status = WS_OK;
    *found = false;
    if (less->size > 0 && less->size < more->size)
        status = prove_beginning(look, more, less->size, &root, err);
    if (status == WS_OK)
        *found = less->size > 0 && !ws_hash_equal(&root, &less->root);
    return status == WS_NO_MEMORY ? status : WS_OK;
}

/* Where too few witnesses cosigned, nothing is read; but what the log signed is held against it. */
static enum ws_status look_at_unwitnessed(struct look *look, struct ws_monitor_look *out,
                                          struct ws_error *err)
{
    struct ws_trusted_checkpoint trusted;
    bool contradicts = false;
    if (look->has_seen)
        WS_TRY(find_contradiction(look, &look->seen, &look->shown.checkpoint, &contradicts, err));
    if (!contradicts)
        return ws_trust_check(look->monitor->trust, look->note, look->arena, &trusted, err);
    out->verdict = WS_MONITOR_FORKED;
    return WS_OK;
}

/* What was shown becomes what was seen; of a fork both are kept. */
static enum ws_status keep(const struct look *look, struct ws_monitor_look *out,
                           struct ws_error *err)
{
    if (out->verdict == WS_MONITOR_FORKED) {
        out->notes[0] = look->contradiction.size > 0 ? look->contradiction : look->seen_note;
        out->notes[1] = look->note;
        WS_TRY(write_state(look, "fork-seen", out->notes[0], err));
        return write_state(look, "fork-shown", look->note, err);
    }
    return out->verdict == WS_MONITOR_STALE ? WS_OK
                                            : write_state(look, "checkpoint", look->note, err);
}

/* Whether a fork was found before. */
static enum ws_status find_fork(struct look *look, struct ws_monitor_look *out, bool *found,
                                struct ws_error *err)
{
    *found = false;
    if (!look->monitor->state)
        return WS_OK;
    enum ws_status status = read_state(look, "fork-shown", &out->notes[1], err);
    if (status == WS_OK)
        status = read_state(look, "fork-seen", &out->notes[0], err);
    *found = status == WS_OK;
    return status == WS_NOT_FOUND ? WS_OK : status;
}

static enum ws_status begin(struct look *look, struct ws_error *err)
{
    const struct ws_monitor_listener *listener = look->monitor->listener;
    look->told = look->seen.size;
    return listener && listener->begin
               ? listener->begin(listener->user, &look->shown, look->seen.size, &look->told, err)
               : WS_OK;
}

static enum ws_status look_at(struct look *look, struct ws_monitor_look *out, struct ws_error *err)
{
    bool forked;
    WS_TRY(ws_log_source_read(look->monitor->source, "checkpoint", look->arena, &look->note, err));
    WS_TRY(ws_trust_check_log(look->monitor->trust, look->note, look->arena, &look->shown, err));
    WS_TRY(read_seen(look, err));
    out->note = look->note;
    out->shown = look->shown;
    out->old_size = look->seen.size;
    WS_TRY(find_fork(look, out, &forked, err));
    if (forked) {
        out->verdict = WS_MONITOR_FORKED;
        return WS_OK;
    }
    if (look->shown.has_quorum) {
        WS_TRY(begin(look, err));
        WS_TRY(compare(look, out, err));
    } else {
        WS_TRY(look_at_unwitnessed(look, out, err));
    }
    if (look->contradiction.size > 0)
        out->verdict = WS_MONITOR_FORKED;
    return keep(look, out, err);
}

enum ws_status ws_monitor_look(const struct ws_monitor *monitor, struct ws_arena *arena,
                               struct ws_monitor_look *out, struct ws_error *err)
{
    struct look look = {
        .monitor = monitor, .arena = arena, .walk = WS_ARENA_NEW(arena, struct ws_log_walk, 1)};
    struct ws_monitor_look result = {.old_size = 0};
    if (!look.walk)
        return ws_fail_memory(err, "a monitor");
    ws_merkle_empty(&look.seen.root);
    enum ws_status status = look_at(&look, &result, err);
    ws_log_dates_close(&look.dates);
    if (status == WS_OK)
        *out = result;
    return status;
}
