#include "ledger/admission.h"

#include <inttypes.h>

#include "ledger/merkle.h"
#include "ledger/tile.h"

enum { PIECE = 64 /* entries that a thread takes at once */ };

/* One beyond the last entry that it cites. */
static uint64_t least_index(const struct ws_statement *s)
{
    uint64_t least = 0;
    switch (s->kind) {
    case WS_STATEMENT_EMISSION:
        for (size_t i = 0; i < s->emission.source_count; i++)
            if (s->emission.sources[i] >= least)
                least = s->emission.sources[i] + 1;
        return least;
    case WS_STATEMENT_WITHDRAWAL:
        return s->withdrawal.entry + 1;
    case WS_STATEMENT_KEY_CHANGE:
        return s->key_change.since; /* its own index is fine */
    case WS_STATEMENT_INDEX:
        return s->index.entries;
    case WS_STATEMENT_ARCHIVE:
    case WS_STATEMENT_KINDS:
        break;
    }
    return least;
}

static enum ws_status find_signer(const struct ws_admission *admission,
                                  const struct ws_envelope *envelope, struct ws_arena *scratch,
                                  size_t *out, struct ws_error *err)
{
    bool *signed_by = WS_ARENA_NEW(scratch, bool, admission->key_count + 1);
    *out = 0;
    if (!signed_by)
        return ws_fail_memory(err, "an envelope");
    if (admission->key_count == 0)
        return WS_OK;
    WS_TRY(ws_envelope_check(envelope, admission->keys, admission->key_count, scratch, signed_by,
                             err));
    while (*out < admission->key_count && !signed_by[*out])
        ++*out;
    if (*out == admission->key_count)
        return ws_fail(err, WS_CORRUPT, "an envelope: none of the issuers signed it; '%.200s' did",
                       envelope->signatures[0].key_id);
    return WS_OK;
}

static enum ws_status check_entry(const struct ws_admission *admission, struct ws_bytes entry,
                                  struct ws_arena *scratch, struct ws_admitted *out,
                                  struct ws_error *err)
{
    struct ws_envelope envelope;
    struct ws_statement statement;
    if (entry.size > WS_ENTRY_LIMIT)
        return ws_fail(err, WS_LIMIT, "an entry of %zu bytes; the most is %d", entry.size,
                       WS_ENTRY_LIMIT);
    WS_TRY(ws_envelope_read(entry, scratch, &envelope, err));
    if (strcmp(envelope.payload_type, WS_STATEMENT_PAYLOAD_TYPE) != 0)
        return ws_fail(err, WS_CORRUPT, "an envelope: it holds '%.100s', wanted '%s'",
                       envelope.payload_type, WS_STATEMENT_PAYLOAD_TYPE);
    WS_TRY(find_signer(admission, &envelope, scratch, &out->signer, err));
    WS_TRY(ws_statement_read(envelope.payload, WS_MERKLE_SIZE_LIMIT - 1, scratch, &statement, err));
    out->kind = statement.kind;
    out->least_index = least_index(&statement);
    return WS_OK;
}

/* Pieces --------------------------------------------------------------------------------------- */

struct piece {
    enum ws_status status;
    size_t bad;
    struct ws_error err;
};

struct work {
    const struct ws_admission *admission;
    const struct ws_bytes *entries;
    size_t count;
    struct ws_admitted *out;
    struct piece *pieces;
};

static void check_piece(void *user, size_t number)
{
    const struct work *work = user;
    struct piece *piece = &work->pieces[number];
    const size_t first = number * PIECE;
    const size_t end = first + PIECE < work->count ? first + PIECE : work->count;
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    for (piece->bad = first; piece->bad < end; piece->bad++) {
        ws_arena_reset(&scratch);
        piece->status = check_entry(work->admission, work->entries[piece->bad], &scratch,
                                    &work->out[piece->bad], &piece->err);
        if (piece->status != WS_OK)
            break;
    }
    ws_arena_release(&scratch);
}

static enum ws_status first_fault(const struct piece pieces[], size_t count, size_t *bad,
                                  struct ws_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (pieces[i].status != WS_OK) {
            *bad = pieces[i].bad;
            if (err)
                *err = pieces[i].err;
            return pieces[i].status;
        }
    return WS_OK;
}

enum ws_status ws_admission_check(const struct ws_admission *admission,
                                  const struct ws_bytes entries[], size_t count,
                                  struct ws_pool *pool, struct ws_admitted out[], size_t *bad,
                                  struct ws_error *err)
{
    const size_t pieces = (count + PIECE - 1) / PIECE;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct work work = {.admission = admission,
                        .entries = entries,
                        .count = count,
                        .out = out,
                        .pieces = WS_ARENA_ZNEW(&arena, struct piece, pieces + 1)};
    enum ws_status status = work.pieces ? WS_OK : ws_fail_memory(err, "the entries");
    if (status == WS_OK && pool)
        ws_pool_run(pool, pieces, check_piece, &work);
    for (size_t i = 0; status == WS_OK && !pool && i < pieces; i++)
        check_piece(&work, i);
    if (status == WS_OK)
        status = first_fault(work.pieces, pieces, bad, err);
    ws_arena_release(&arena);
    return status;
}
