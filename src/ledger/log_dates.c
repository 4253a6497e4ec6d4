#include "ledger/log_dates.h"

#include <string.h>

#include "ledger/kept_checkpoints.h"

void ws_log_dates_begin(struct ws_log_dates *dates, const struct ws_log_source *source,
                        const struct ws_trust *trust, const struct ws_trusted_checkpoint *shown,
                        const struct ws_frontier *before, uint64_t kept)
{
    *dates = (struct ws_log_dates){
        .source = source,
        .trust = trust,
        .shown = *shown,
        .before = *before,
        .kept = kept,
        .has_ended = trust->quorum == WS_TRUST_NO_QUORUM, /* there are no dates to be found */
    };
    ws_arena_init(&dates->arena, NULL);
}

void ws_log_dates_close(struct ws_log_dates *dates)
{
    ws_arena_release(&dates->arena);
}

/* A file of the log that need not be there. */
static enum ws_status read_if(struct ws_log_dates *dates, const char *path, bool *found,
                              struct ws_bytes *out, struct ws_error *err)
{
    if (!path)
        return ws_fail_memory(err, "a log's dates");
    enum ws_status status = ws_log_source_read(dates->source, path, &dates->arena, out, err);
    *found = status == WS_OK;
    return status == WS_NO_MEMORY ? status : WS_OK;
}

/* The size of the kept checkpoint behind dates->kept. */
static enum ws_status find_next(struct ws_log_dates *dates, bool *found, struct ws_error *err)
{
    struct ws_bytes text, line, rest;
    uint64_t next;
    WS_TRY(read_if(dates, ws_kept_next_name(&dates->arena, dates->kept), found, &text, err));
    *found = *found && ws_bytes_split(text, '\n', &line, &rest) && ws_read_size(line, &next) &&
             next > dates->kept && next <= dates->shown.checkpoint.size;
    if (*found)
        dates->kept = next;
    return WS_OK;
}

/* Whether dates->kept is one that the policy accepts; then it is the first. */
static enum ws_status consider(struct ws_log_dates *dates, bool *accepted, struct ws_error *err)
{
    struct ws_trusted_checkpoint trusted;
    struct ws_bytes note;
    WS_TRY(read_if(dates, ws_kept_name(&dates->arena, dates->kept), accepted, &note, err));
    if (!*accepted)
        return WS_OK;
    enum ws_status status = ws_trust_check(dates->trust, note, &dates->arena, &trusted, err);
    if (status != WS_OK && status != WS_CORRUPT)
        return status;
    *accepted = status == WS_OK && trusted.checkpoint.size == dates->kept &&
                strcmp(trusted.checkpoint.origin, dates->shown.checkpoint.origin) == 0;
    if (*accepted) {
        dates->first = trusted;
        dates->note = note;
    }
    return WS_OK;
}

static enum ws_status find_first(struct ws_log_dates *dates, struct ws_error *err)
{
    bool accepted = false;
    while (!accepted && !dates->has_ended) {
        bool found;
        ws_arena_reset(&dates->arena);
        WS_TRY(find_next(dates, &found, err));
        dates->has_ended = !found;
        if (found && dates->kept > dates->before.size)
            WS_TRY(consider(dates, &accepted, err));
    }
    if (!accepted) {
        dates->first = dates->shown;
        dates->note = ws_bytes_of(NULL, 0);
    }
    return WS_OK;
}

enum ws_status ws_log_dates_next(struct ws_log_dates *dates, struct ws_bytes entry, uint64_t *time,
                                 bool *contradicts, struct ws_error *err)
{
    struct ws_hash leaf, root;
    if (dates->first.checkpoint.size <= dates->before.size)
        WS_TRY(find_first(dates, err));
    ws_merkle_leaf(entry, &leaf);
    ws_frontier_add(&dates->before, &leaf);
    *time = dates->first.time;
    *contradicts = false;
    if (dates->note.size > 0 && dates->before.size == dates->first.checkpoint.size) {
        ws_frontier_root(&dates->before, &root);
        *contradicts = !ws_hash_equal(&root, &dates->first.checkpoint.root);
    }
    return WS_OK;
}
