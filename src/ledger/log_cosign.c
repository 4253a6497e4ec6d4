#include "ledger/log_cosign.h"

#include <inttypes.h>

#include "ledger/log_reader.h"

/* Asking --------------------------------------------------------------------------------------- */

/* Asks for the checkpoint that was signed last; witnesses should know `old_size`. */
static enum ws_status gather(const struct ws_log_store *store,
                             const struct ws_log_witnesses *witnesses, uint64_t old_size,
                             struct ws_arena *arena, struct ws_log_cosigning *out,
                             struct ws_error *err)
{
    struct ws_log_reader *reader = WS_ARENA_NEW(arena, struct ws_log_reader, 1);
    struct ws_bytes note;
    *out = (struct ws_log_cosigning){.size = store->size};
    if (!reader)
        return ws_fail_memory(err, "a log");
    ws_log_reader_init(reader, store->directory, store->size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(reader);
    WS_TRY(ws_log_last_signed(store, arena, &note, err));
    if (store->let_go)
        store->let_go(store->holder);
    enum ws_status status = ws_witness_gather(witnesses->trust, note, old_size, &nodes,
                                              witnesses->transport, arena, &out->outcomes, err);
    if (store->take_back)
        store->take_back(store->holder);
    return status;
}

/* Believing ------------------------------------------------------------------------------------ */

static const struct ws_trust_member *witness_of(const struct ws_trust *trust,
                                                const struct ws_witness_outcome *outcome)
{
    return &trust->members[outcome->member];
}

static enum ws_status find_contradiction(const struct ws_log_store *store,
                                         const struct ws_trust *trust,
                                         const struct ws_witness_outcomes *outcomes,
                                         struct ws_error *err)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        const struct ws_witness_outcome *outcome = &outcomes->items[i];
        const char *name = witness_of(trust, outcome)->name;
        if (outcome->result == WS_WITNESS_GAVE_AHEAD)
            return ws_fail(err, WS_CORRUPT,
                           "witness '%.80s' has cosigned %" PRIu64
                           " entries of '%.150s' and there are %" PRIu64
                           " here: this is an older copy, and signs nothing. Restore the newer "
                           "one; without it, begin another log",
                           name, outcome->size, store->origin, store->size);
        if (outcome->result == WS_WITNESS_GAVE_FORKED)
            return ws_fail(
                err, WS_CORRUPT,
                "witness '%.80s' has cosigned other entries of '%.150s' than the %" PRIu64
                " that are here (%.160s): the log was changed, and signs nothing",
                name, store->origin, store->size, outcome->message);
    }
    return WS_OK;
}

/* Of what is contradicted nothing is signed any more, nor added to. */
static enum ws_status check_contradictions(struct ws_log_store *store, const struct ws_trust *trust,
                                           const struct ws_witness_outcomes *outcomes,
                                           struct ws_error *err)
{
    enum ws_status status = find_contradiction(store, trust, outcomes, err);
    if (status != WS_OK)
        (void)!ws_log_set_confirmed(store, false, NULL); /* where the file stays, this is told */
    return status;
}

/* Whether those who did not confirm would be a quorum. Witnesses of one operator are taken for many
 * here: that asks for more of them, never for fewer. */
static bool others_are_quorum(const struct ws_trust *trust,
                              const struct ws_witness_outcomes *outcomes, bool *holds)
{
    if (trust->quorum == WS_TRUST_NO_QUORUM)
        return false;
    for (size_t i = 0; i < outcomes->count; i++)
        holds[outcomes->items[i].member] = outcomes->items[i].result != WS_WITNESS_GAVE_COSIGNED;
    for (size_t i = 0; i < trust->member_count; i++) {
        const struct ws_trust_member *group = &trust->members[i];
        size_t count = 0;
        for (size_t m = 0; m < group->member_count; m++)
            count += holds[group->members[m]];
        if (!group->key.name)
            holds[i] = count >= group->needed;
    }
    return holds[trust->quorum];
}

static enum ws_status check_silence(const struct ws_log_store *store, const struct ws_trust *trust,
                                    const struct ws_witness_outcomes *outcomes,
                                    struct ws_arena *arena, struct ws_error *err)
{
    bool *holds = WS_ARENA_ZNEW(arena, bool, trust->member_count + 1);
    const struct ws_witness_outcome *silent = NULL;
    if (!holds)
        return ws_fail_memory(err, "the witnesses");
    if (!others_are_quorum(trust, outcomes, holds))
        return WS_OK;
    for (size_t i = outcomes->count; i-- > 0;)
        if (outcomes->items[i].result != WS_WITNESS_GAVE_COSIGNED)
            silent = &outcomes->items[i];
    return ws_fail(err, WS_BUSY,
                   "too few witnesses confirm that '%.150s' has %" PRIu64
                   " entries, and it signs nothing before: '%.80s' %.160s",
                   store->origin, store->size, silent ? witness_of(trust, silent)->name : "",
                   silent ? silent->message : "");
}

/* Serving -------------------------------------------------------------------------------------- */

/* A note with the cosignatures that it does not have, in the arena. */
static enum ws_status merge(const struct ws_trust *trust, struct ws_bytes note,
                            const struct ws_witness_outcomes *outcomes, struct ws_arena *arena,
                            struct ws_bytes *out, struct ws_error *err)
{
    struct ws_buffer all;
    ws_buffer_init(&all, arena->allocator, WS_NOTE_LIMIT);
    enum ws_status status = ws_witness_merge(trust, note, outcomes, arena, &all, err);
    if (status == WS_OK) {
        *out = ws_bytes_of(ws_arena_copy(arena, all.data, all.size), all.size);
        if (!out->data)
            status = ws_fail_memory(err, "a cosigned checkpoint");
    }
    ws_buffer_release(&all);
    return status;
}

/* The checkpoint as it is kept for ever, with each witness's first cosignature. */
static enum ws_status merge_kept(const struct ws_log_store *store, const struct ws_trust *trust,
                                 const struct ws_witness_outcomes *outcomes, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    struct ws_bytes kept;
    const char *path = ws_log_kept_checkpoint_path(arena, store->directory, store->size);
    if (!path)
        return ws_fail_memory(err, "a checkpoint");
    WS_TRY(ws_file_read(path, WS_NOTE_LIMIT, arena, &kept, err));
    return merge(trust, kept, outcomes, arena, out, err);
}

/* Serves what was gathered where the policy accepts it. */
static enum ws_status serve(struct ws_log_store *store, const struct ws_trust *trust,
                            struct ws_arena *arena, struct ws_log_cosigning *out,
                            struct ws_error *err)
{
    struct ws_trusted_checkpoint trusted;
    struct ws_bytes fresh, kept;
    WS_TRY(merge(trust, out->outcomes.note, &out->outcomes, arena, &fresh, err));
    enum ws_status status = ws_trust_check(trust, fresh, arena, &trusted, err);
    if (status == WS_CORRUPT)
        return WS_OK; /* cosignatures were checked one by one, so there are too few */
    WS_TRY(status);
    WS_TRY(merge_kept(store, trust, &out->outcomes, arena, &kept, err));
    WS_TRY(ws_log_serve(store, fresh, kept, err));
    out->is_served = true;
    out->time = trusted.time;
    return WS_OK;
}

/* Publishing ----------------------------------------------------------------------------------- */

enum ws_status ws_log_confirm(struct ws_log_store *store, const struct ws_log_witnesses *witnesses,
                              struct ws_arena *arena, struct ws_log_cosigning *out,
                              struct ws_error *err)
{
    store->is_confirmed = false;
    WS_TRY(gather(store, witnesses, store->size, arena, out, err));
    WS_TRY(check_contradictions(store, witnesses->trust, &out->outcomes, err));
    WS_TRY(check_silence(store, witnesses->trust, &out->outcomes, arena, err));
    WS_TRY(serve(store, witnesses->trust, arena, out, err));
    return ws_log_set_confirmed(store, true, err);
}

static bool names_witnesses(const struct ws_trust *trust)
{
    for (size_t i = 0; i < trust->member_count; i++)
        if (trust->members[i].key.name)
            return true;
    return false;
}

/* Without witnesses the log's signature is all there is. */
static enum ws_status publish_alone(struct ws_log_store *store, const struct ws_note_signer *signer,
                                    struct ws_log_cosigning *out, struct ws_error *err)
{
    WS_TRY(ws_log_publish(store, signer, err));
    *out = (struct ws_log_cosigning){.size = store->size, .is_served = true};
    return WS_OK;
}

/* Signs, has it cosigned, and serves it. */
static enum ws_status publish_next(struct ws_log_store *store, const struct ws_note_signer *signer,
                                   const struct ws_log_witnesses *witnesses, struct ws_arena *arena,
                                   struct ws_log_cosigning *out, struct ws_error *err)
{
    uint64_t known = store->size;
    if (store->count > store->size)
        WS_TRY(ws_log_sign(store, signer, err));
    WS_TRY(gather(store, witnesses, known, arena, out, err));
    WS_TRY(check_contradictions(store, witnesses->trust, &out->outcomes, err));
    return serve(store, witnesses->trust, arena, out, err);
}

enum ws_status ws_log_publish_cosigned(struct ws_log_store *store,
                                       const struct ws_note_signer *signer,
                                       const struct ws_log_witnesses *witnesses,
                                       struct ws_arena *arena, struct ws_log_cosigning *out,
                                       struct ws_error *err)
{
    if (!names_witnesses(witnesses->trust))
        return publish_alone(store, signer, out, err);
    if (!store->is_confirmed) {
        WS_TRY(ws_log_confirm(store, witnesses, arena, out, err));
        if (store->count == store->size)
            return WS_OK;
    }
    return publish_next(store, signer, witnesses, arena, out, err);
}
