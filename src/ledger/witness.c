#include "ledger/witness.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"

/* What answers say of each verdict. */
static const struct {
    unsigned status;
    const char *what;
} verdicts[] = {
#define X(name, status, metric, what) [WS_WITNESS_##name] = {status, what},
    WS_WITNESS_VERDICT_MAP(X)
#undef X
};

enum ws_status ws_witness_open(const char *path, const struct ws_note_signer *signer,
                               const struct ws_clock *clock, struct ws_witness *out,
                               struct ws_error *err)
{
    struct ws_witness witness = {.signer = signer, .clock = clock};
    if (signer->type != WS_KEY_COSIGNATURE)
        return ws_fail(err, WS_INVALID, "a witness signs with a key of type 4, not with a log's");
    WS_TRY(ws_witness_store_open(path, &witness.store, err));
    *out = witness;
    pthread_mutex_init(&out->mutex, NULL);
    return WS_OK;
}

void ws_witness_close(struct ws_witness *witness)
{
    if (!witness->store.database)
        return;
    ws_witness_store_close(&witness->store);
    pthread_mutex_destroy(&witness->mutex);
}

/* One request, as far as it was understood. */
struct handling {
    struct ws_witness *witness;
    struct ws_arena *arena;
    struct ws_witness_request request;
    struct ws_note note;
    struct ws_checkpoint checkpoint;
    struct ws_witnessed_log log; /* what is stored, then what is to be */
    struct ws_buffer kept;       /* the checkpoint as it is kept, with signatures */
    struct ws_bytes cosignature; /* the line */
    struct ws_error *err;
};

/* The bytes alone ------------------------------------------------------------------------------ */

static enum ws_status read_request(struct handling *h, struct ws_bytes bytes)
{
    WS_TRY(ws_witness_request_read(bytes, &h->request, h->err));
    WS_TRY(ws_note_read(h->request.checkpoint, h->arena, &h->note, h->err));
    return ws_checkpoint_read(h->note.text, h->arena, &h->checkpoint, h->err);
}

/* Who signed ----------------------------------------------------------------------------------- */

/* The first signature of the key: the one that counts. */
static void keep_signature(struct handling *h, const struct ws_note_key *key)
{
    for (size_t i = 0; i < h->note.signature_count; i++) {
        const struct ws_note_signature *signature = &h->note.signatures[i];
        if (ws_note_signature_is_by(signature, key)) {
            ws_buffer_append(&h->kept, signature->line.data, signature->line.size);
            return;
        }
    }
}

/* Each key by itself, for a bad signature of any condemns the note. */
static enum ws_status check_key(struct handling *h, const char *text,
                                enum ws_witness_verdict *verdict)
{
    struct ws_note_key key;
    struct ws_note_proof proof;
    WS_TRY(ws_note_key_read(ws_bytes_of_text(text), h->arena, &key, h->err));
    const struct ws_note_key *const keys[] = {&key};
    enum ws_status status = ws_note_check(&h->note, keys, 1, h->arena, &proof, h->err);
    if (status == WS_CORRUPT) {
        *verdict = WS_WITNESS_BAD_SIGNATURE;
        status = WS_OK;
    } else if (status == WS_OK && proof.is_signed && *verdict != WS_WITNESS_BAD_SIGNATURE) {
        *verdict = WS_WITNESS_COSIGNED;
        keep_signature(h, &key);
    }
    ws_note_key_close(&key);
    return status;
}

static enum ws_status judge_signatures(struct handling *h, enum ws_witness_verdict *verdict)
{
    const char *const *keys;
    size_t count;
    *verdict = WS_WITNESS_NOT_SIGNED;
    WS_TRY(
        ws_witness_store_keys(&h->witness->store, h->log.origin, h->arena, &keys, &count, h->err));
    for (size_t i = 0; i < count; i++)
        WS_TRY(check_key(h, keys[i], verdict));
    return WS_OK;
}

/* What was signed ------------------------------------------------------------------------------ */

static enum ws_witness_verdict judge_growth(const struct ws_witness_request *request,
                                            const struct ws_checkpoint *checkpoint,
                                            const struct ws_witnessed_log *log)
{
    struct ws_hash empty;
    ws_merkle_empty(&empty);
    if (request->old_size > checkpoint->size)
        return WS_WITNESS_OLD_AHEAD;
    if (request->old_size != log->size)
        return WS_WITNESS_OTHER_SIZE;
    if (checkpoint->size == 0 && !ws_hash_equal(&checkpoint->root, &empty))
        return WS_WITNESS_WRONG_EMPTY_ROOT;
    if (log->size == checkpoint->size && !ws_hash_equal(&checkpoint->root, &log->root))
        return WS_WITNESS_OTHER_ROOT;
    if (log->size == 0)
        return request->proof.count == 0 ? WS_WITNESS_COSIGNED : WS_WITNESS_BAD_PROOF;
    return ws_merkle_check_consistency(log->size, &log->root, checkpoint->size, &checkpoint->root,
                                       &request->proof, NULL) == WS_OK
               ? WS_WITNESS_COSIGNED
               : WS_WITNESS_BAD_PROOF;
}

/* The log's state is read in the same transaction that changes it. */
static enum ws_status judge(struct handling *h, enum ws_witness_verdict *verdict)
{
    enum ws_status status =
        ws_witness_store_find(&h->witness->store, h->checkpoint.origin, h->arena, &h->log, h->err);
    if (status == WS_NOT_FOUND) {
        *verdict = WS_WITNESS_UNKNOWN_LOG;
        return WS_OK;
    }
    WS_TRY(status);
    WS_TRY(judge_signatures(h, verdict));
    if (*verdict == WS_WITNESS_COSIGNED)
        *verdict = judge_growth(&h->request, &h->checkpoint, &h->log);
    return WS_OK;
}

/* Cosigning ------------------------------------------------------------------------------------ */

/* Now, or the time of the last cosignature where the clock is behind it. */
static enum ws_status tell_time(struct handling *h, uint64_t *out)
{
    const struct ws_clock *clock = h->witness->clock;
    double wall = clock->wall(clock->user);
    if (!(wall >= 1) || wall >= 0x1p62)
        return ws_fail(h->err, WS_IO, "the clock of this machine shows no time");
    *out = (uint64_t)wall;
    if (*out >= h->log.time)
        return WS_OK;
    if (h->witness->clock_behind < h->log.time - *out)
        h->witness->clock_behind = h->log.time - *out;
    *out = h->log.time;
    return WS_OK;
}

/* What is stored from now on. `kept` has the log's signature lines. */
static enum ws_status cosign(struct handling *h)
{
    struct ws_buffer note;
    uint64_t time;
    WS_TRY(tell_time(h, &time));
    size_t signatures = h->kept.size;
    WS_TRY(ws_note_sign(&h->kept, h->note.text, h->witness->signer, time, h->arena, h->err));
    struct ws_bytes lines = {ws_arena_copy(h->arena, h->kept.data, h->kept.size), h->kept.size};
    ws_buffer_init(&note, h->arena->allocator, WS_NOTE_LIMIT);
    ws_buffer_append(&note, h->note.text.data, h->note.text.size);
    ws_buffer_u8(&note, '\n');
    ws_buffer_append(&note, h->kept.data, h->kept.size);
    enum ws_status status = ws_buffer_check(&note, "a cosigned checkpoint", h->err);
    h->log.is_cosigned = true;
    h->log.size = h->checkpoint.size;
    h->log.root = h->checkpoint.root;
    h->log.time = time;
    h->log.checkpoint = ws_buffer_bytes(&note);
    if (status == WS_OK && !lines.data)
        status = ws_fail_memory(h->err, "a cosignature");
    if (status == WS_OK)
        status = ws_witness_store_put(&h->witness->store, &h->log, h->err);
    ws_buffer_release(&note);
    if (status == WS_OK)
        h->cosignature = ws_bytes_of(lines.data + signatures, lines.size - signatures);
    return status;
}

/* Check and new state in one transaction. */
static enum ws_status transact(struct handling *h, enum ws_witness_verdict *verdict)
{
    struct ws_witness_store *store = &h->witness->store;
    WS_TRY(ws_witness_store_begin(store, h->err));
    enum ws_status status = judge(h, verdict);
    bool cosigns = status == WS_OK && *verdict == WS_WITNESS_COSIGNED;
    if (cosigns)
        status = cosign(h);
    enum ws_status ended =
        ws_witness_store_end(store, cosigns && status == WS_OK, status == WS_OK ? h->err : NULL);
    return status == WS_OK ? ended : status;
}

/* Answers -------------------------------------------------------------------------------------- */

static enum ws_status make_answer(struct handling *h, enum ws_witness_verdict verdict,
                                  const char *detail, struct ws_witness_answer *out)
{
    const char *text = NULL;
    *out = (struct ws_witness_answer){verdict, verdicts[verdict].status,
                                      "text/plain; charset=utf-8", h->cosignature};
    if (verdict == WS_WITNESS_COSIGNED)
        return WS_OK;
    if (verdict == WS_WITNESS_OTHER_SIZE) {
        out->type = "text/x.tlog.size";
        text = ws_arena_format(h->arena, "%" PRIu64 "\n", h->log.size);
    } else {
        text = ws_arena_format(h->arena, "%s\n", detail ? detail : verdicts[verdict].what);
    }
    if (!text)
        return ws_fail_memory(h->err, "a witness's answer");
    out->body = ws_bytes_of_text(text);
    return WS_OK;
}

static enum ws_status handle(struct handling *h, struct ws_bytes request,
                             struct ws_witness_answer *out)
{
    struct ws_error wrong;
    enum ws_witness_verdict verdict;
    struct ws_error *err = h->err;
    h->err = &wrong;
    enum ws_status status = read_request(h, request);
    h->err = err;
    if (status == WS_CORRUPT)
        return make_answer(h, WS_WITNESS_MALFORMED, wrong.message, out);
    if (status != WS_OK)
        return ws_fail(err, status, "%s", wrong.message);
    WS_TRY(transact(h, &verdict));
    return make_answer(h, verdict, NULL, out);
}

enum ws_status ws_witness_add_checkpoint(struct ws_witness *witness, struct ws_bytes request,
                                         struct ws_arena *arena, struct ws_witness_answer *out,
                                         struct ws_error *err)
{
    struct handling h = {.witness = witness, .arena = arena, .err = err};
    ws_buffer_init(&h.kept, arena->allocator, WS_NOTE_LIMIT);
    pthread_mutex_lock(&witness->mutex);
    enum ws_status status = handle(&h, request, out);
    if (status == WS_OK)
        witness->answers[out->verdict]++;
    else
        witness->failures++;
    pthread_mutex_unlock(&witness->mutex);
    ws_buffer_release(&h.kept);
    return status;
}

enum ws_status ws_witness_checkpoint(struct ws_witness *witness, const char *origin_hash,
                                     struct ws_arena *arena, struct ws_bytes *out,
                                     struct ws_error *err)
{
    struct ws_hash hash;
    struct ws_witnessed_log log;
    if (!ws_hash_read(ws_bytes_of_text(origin_hash), &hash))
        return ws_fail(err, WS_NOT_FOUND,
                       "wanted the SHA-256 of a log's origin in lower-case hexadecimal digits");
    pthread_mutex_lock(&witness->mutex);
    enum ws_status status = ws_witness_store_find_hash(&witness->store, &hash, arena, &log, err);
    pthread_mutex_unlock(&witness->mutex);
    WS_TRY(status);
    if (!log.is_cosigned)
        return ws_fail(err, WS_NOT_FOUND, "this witness has cosigned nothing of this log yet");
    *out = log.checkpoint;
    return WS_OK;
}

enum ws_status ws_witness_report(struct ws_witness *witness, struct ws_arena *arena,
                                 struct ws_witness_report *out, struct ws_error *err)
{
    pthread_mutex_lock(&witness->mutex);
    enum ws_status status = ws_witness_store_list(&witness->store, arena, &out->logs, err);
    memcpy(out->answers, witness->answers, sizeof out->answers);
    out->failures = witness->failures;
    out->clock_behind = witness->clock_behind;
    pthread_mutex_unlock(&witness->mutex);
    return status;
}
