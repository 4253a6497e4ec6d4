#include "ledger/pin.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

static const struct {
    enum ws_status status;
    const char *text;
} verdicts[WS_PIN_VERDICTS] = {
#define X(name, status, text) {WS_##status, text},
    WS_PIN_MAP(X)
#undef X
};

const char *ws_pin_text(enum ws_pin_verdict verdict)
{
    return verdicts[verdict].text;
}

static enum ws_status prove_from_nodes(void *user, uint64_t old_size, uint64_t size,
                                       struct ws_merkle_proof *out, struct ws_error *err)
{
    return ws_merkle_prove_consistency(user, old_size, size, out, err);
}

struct ws_pin_prover ws_pin_prover_of(struct ws_merkle_nodes *nodes)
{
    return (struct ws_pin_prover){prove_from_nodes, nodes};
}

/* Places --------------------------------------------------------------------------------------- */

struct places {
    const char *directory, *pin, *lock;
};

static enum ws_status find_places(const struct ws_pin_book *book, const char *origin,
                                  struct ws_arena *arena, struct places *out, struct ws_error *err)
{
    struct ws_hash hash;
    char name[WS_HASH_TEXT_SIZE];
    WS_TRY(ws_hash_of(ws_bytes_of_text(origin), &hash, err));
    ws_hash_text(&hash, name);
    out->directory = ws_arena_format(arena, "%s/%s", book->directory, name);
    out->pin = ws_arena_format(arena, "%s/%s/checkpoint", book->directory, name);
    out->lock = ws_arena_format(arena, "%s/%s/lock", book->directory, name);
    return out->directory && out->pin && out->lock ? WS_OK : ws_fail_memory(err, "a pin");
}

/* A pin, or that there is none. */
struct pin {
    bool is_there;
    struct ws_bytes note;
    struct ws_trusted_checkpoint checkpoint;
};

/* Only the log's signature is asked for: when it was pinned, the quorum was there. */
static enum ws_status read_pin(const struct ws_trust *trust, const char *path, const char *origin,
                               struct ws_arena *arena, struct pin *out, struct ws_error *err)
{
    *out = (struct pin){.is_there = false};
    enum ws_status status = ws_file_read(path, WS_NOTE_LIMIT, arena, &out->note, err);
    if (status == WS_NOT_FOUND)
        return WS_OK;
    WS_TRY(status);
    status = ws_trust_check_log(trust, out->note, arena, &out->checkpoint, err);
    if (status == WS_OK && strcmp(out->checkpoint.checkpoint.origin, origin) != 0)
        status = ws_fail(err, WS_CORRUPT, "it is of '%.200s', not of '%.200s'",
                         out->checkpoint.checkpoint.origin, origin);
    if (status == WS_CORRUPT)
        ws_error_prefix(err, "the pin '%.200s'", path);
    out->is_there = true;
    return status;
}

enum ws_status ws_pin_read(const struct ws_pin_book *book, const char *origin,
                           struct ws_arena *arena, struct ws_bytes *note,
                           struct ws_trusted_checkpoint *out, struct ws_error *err)
{
    struct places places;
    struct pin pin;
    WS_TRY(find_places(book, origin, arena, &places, err));
    WS_TRY(read_pin(book->trust, places.pin, origin, arena, &pin, err));
    if (!pin.is_there)
        return ws_fail(err, WS_NOT_FOUND, "no checkpoint of '%.200s' is pinned in '%.200s'", origin,
                       book->directory);
    *note = pin.note;
    *out = pin.checkpoint;
    return WS_OK;
}

/* Judging -------------------------------------------------------------------------------------- */

/* What is to be said of a checkpoint before anything is proven. A date that lies ahead of the clock
 * means that the clock went back or is wrong: then nothing can be said to be fresh. */
static enum ws_pin_verdict judge(const struct ws_pin_book *book, const struct pin *pin,
                                 const struct ws_trusted_checkpoint *offered)
{
    const struct ws_trusted_checkpoint *known = &pin->checkpoint;
    const struct ws_checkpoint *old = &known->checkpoint, *new = &offered->checkpoint;
    if (pin->is_there && new->size == old->size && !ws_hash_equal(&new->root, &old->root))
        return WS_PIN_FORKED;
    if (pin->is_there && new->size < old->size)
        return WS_PIN_SMALLER;
    uint64_t latest = pin->is_there && known->time > offered->time ? known->time : offered->time;
    if (book->max_age > 0 && latest > book->now && latest - book->now > WS_TRUST_SKEW)
        return WS_PIN_AHEAD;
    if (book->max_age > 0 && book->now > offered->time && book->now - offered->time > book->max_age)
        return WS_PIN_STALE;
    if (!pin->is_there)
        return WS_PIN_FIRST;
    return new->size == old->size ? WS_PIN_SAME : WS_PIN_GROWN;
}

/* Of nothing, every tree is the continuation. */
static enum ws_status check_growth(const struct ws_checkpoint *old, const struct ws_checkpoint *new,
                                   const struct ws_pin_prover *prover, bool *is_proven,
                                   struct ws_error *err)
{
    struct ws_merkle_proof proof;
    *is_proven = true;
    if (old->size == 0)
        return WS_OK;
    WS_TRY(prover->prove(prover->user, old->size, new->size, &proof, err));
    *is_proven = ws_merkle_check_consistency(old->size, &old->root, new->size, &new->root, &proof,
                                             NULL) == WS_OK;
    return WS_OK;
}

/* Refusing ------------------------------------------------------------------------------------- */

static enum ws_status keep_note(const char *directory, const struct ws_checkpoint *checkpoint,
                                struct ws_bytes note, struct ws_arena *arena, struct ws_error *err)
{
    char root[WS_HASH_TEXT_SIZE];
    ws_hash_text(&checkpoint->root, root);
    const char *path =
        ws_arena_format(arena, "%s/%" PRIu64 "-%s", directory, checkpoint->size, root);
    if (!path)
        return ws_fail_memory(err, "evidence");
    return ws_file_replace(path, note, err);
}

/* The same two checkpoints are kept once. */
static enum ws_status keep_evidence(const struct places *places, const struct pin *pin,
                                    const struct ws_checkpoint *offered, struct ws_bytes note,
                                    struct ws_arena *arena, const char **out, struct ws_error *err)
{
    const char *directory = ws_arena_format(arena, "%s/evidence", places->directory);
    if (!directory)
        return ws_fail_memory(err, "evidence");
    WS_TRY(ws_directory_make(directory, err));
    WS_TRY(keep_note(directory, &pin->checkpoint.checkpoint, pin->note, arena, err));
    WS_TRY(keep_note(directory, offered, note, arena, err));
    *out = directory;
    return WS_OK;
}

static enum ws_status refuse(const struct ws_pin_book *book, const struct pin *pin,
                             const struct ws_pin_result *result, struct ws_error *err)
{
    const struct ws_checkpoint *offered = &result->checkpoint.checkpoint;
    const uint64_t time = result->checkpoint.time;
    char now[32], date[32];
    ws_clock_text((double)book->now, now);
    ws_clock_text((double)time, date);
    return ws_fail(
        err, verdicts[result->verdict].status,
        "the checkpoint of %" PRIu64 " entries of '%.100s', %s%s: %s (pinned: %" PRIu64
        " entries; now: %s)%s%.150s",
        offered->size, offered->origin,
        time > 0 ? "which existed no later than " : "which no quorum dates", time > 0 ? date : "",
        ws_pin_text(result->verdict), pin->is_there ? pin->checkpoint.checkpoint.size : 0, now,
        result->evidence ? "; both are kept in " : "", result->evidence ? result->evidence : "");
}

/* Pinning -------------------------------------------------------------------------------------- */

/* What one attempt works on. */
struct attempt {
    const struct ws_pin_book *book;
    struct ws_bytes note;
    const struct ws_pin_prover *prover;
    struct places places;
    struct ws_arena *arena;
};

static bool is_same(const struct pin *a, const struct pin *b)
{
    return a->is_there == b->is_there &&
           (!a->is_there || (a->note.size == b->note.size &&
                             memcmp(a->note.data, b->note.data, a->note.size) == 0));
}

/* Replaces the pin unless somebody did so since `seen` was read. */
static enum ws_status replace(const struct attempt *it, const struct pin *seen, const char *origin,
                              bool *is_done, struct ws_error *err)
{
    struct pin pin;
    int lock;
    WS_TRY(ws_lock_wait(it->places.lock, &lock, err));
    enum ws_status status = read_pin(it->book->trust, it->places.pin, origin, it->arena, &pin, err);
    *is_done = status == WS_OK && is_same(&pin, seen);
    if (*is_done)
        status = ws_file_replace(it->places.pin, it->note, err);
    ws_lock_drop(lock);
    return status;
}

/* Judges by the pin that is there now. `is_done` is false when another process replaced it
 * meanwhile, which is then what counts. */
static enum ws_status attempt(const struct attempt *it, struct ws_pin_result *out, bool *is_done,
                              struct ws_error *err)
{
    const struct ws_checkpoint *offered = &out->checkpoint.checkpoint;
    struct pin pin;
    bool is_proven = true;
    *is_done = true;
    WS_TRY(read_pin(it->book->trust, it->places.pin, offered->origin, it->arena, &pin, err));
    out->verdict = judge(it->book, &pin, &out->checkpoint);
    if (out->verdict == WS_PIN_GROWN) {
        out->verdict = WS_PIN_UNPROVEN;
        WS_TRY(check_growth(&pin.checkpoint.checkpoint, offered, it->prover, &is_proven, err));
        out->verdict = is_proven ? WS_PIN_GROWN : WS_PIN_UNPROVEN;
    }
    if (out->verdict == WS_PIN_FORKED || out->verdict == WS_PIN_UNPROVEN)
        WS_TRY(keep_evidence(&it->places, &pin, offered, it->note, it->arena, &out->evidence, err));
    if (verdicts[out->verdict].status != WS_OK)
        return refuse(it->book, &pin, out, err);
    if (out->verdict == WS_PIN_SAME && out->checkpoint.time <= pin.checkpoint.time)
        return WS_OK;
    return replace(it, &pin, offered->origin, is_done, err);
}

/* Where too few witnesses cosigned nothing is pinned; but what the log signed is held against it,
 * and kept. */
static enum ws_status refuse_unwitnessed(const struct attempt *it, struct ws_pin_result *out,
                                         struct ws_error *err)
{
    const struct ws_checkpoint *offered = &out->checkpoint.checkpoint, *known;
    struct ws_trusted_checkpoint trusted;
    struct pin pin;
    bool is_proven = true;
    WS_TRY(read_pin(it->book->trust, it->places.pin, offered->origin, it->arena, &pin, err));
    known = &pin.checkpoint.checkpoint;
    if (pin.is_there && offered->size == known->size &&
        !ws_hash_equal(&offered->root, &known->root))
        out->verdict = WS_PIN_FORKED;
    else if (pin.is_there && offered->size > known->size &&
             check_growth(known, offered, it->prover, &is_proven, NULL) == WS_OK && !is_proven)
        out->verdict = WS_PIN_UNPROVEN;
    if (out->verdict == WS_PIN_UNTRUSTED)
        return ws_trust_check(it->book->trust, it->note, it->arena, &trusted, err);
    WS_TRY(keep_evidence(&it->places, &pin, offered, it->note, it->arena, &out->evidence, err));
    return refuse(it->book, &pin, out, err);
}

/* Of a client that remembers nothing: what dates alone say. */
static enum ws_status accept_unremembered(const struct attempt *it, struct ws_pin_result *out,
                                          struct ws_error *err)
{
    const struct pin none = {.is_there = false};
    struct ws_trusted_checkpoint trusted;
    WS_TRY(ws_trust_check(it->book->trust, it->note, it->arena, &trusted, err));
    out->verdict = judge(it->book, &none, &out->checkpoint);
    return verdicts[out->verdict].status == WS_OK ? WS_OK : refuse(it->book, &none, out, err);
}

/* Proofs may take long to fetch, so nothing is locked while they are: what was proven holds of the
 * pin that it started from, and when that is another by then, all is done again. */
enum ws_status ws_pin_accept(const struct ws_pin_book *book, struct ws_bytes note,
                             const struct ws_pin_prover *prover, struct ws_arena *arena,
                             struct ws_pin_result *out, struct ws_error *err)
{
    struct attempt it = {.book = book, .note = note, .prover = prover, .arena = arena};
    bool is_done = false;
    *out = (struct ws_pin_result){.verdict = WS_PIN_UNTRUSTED};
    WS_TRY(ws_trust_check_log(book->trust, note, arena, &out->checkpoint, err));
    if (!book->directory)
        return accept_unremembered(&it, out, err);
    WS_TRY(find_places(book, out->checkpoint.checkpoint.origin, arena, &it.places, err));
    if (!out->checkpoint.has_quorum)
        return refuse_unwitnessed(&it, out, err);
    WS_TRY(ws_directory_make(it.places.directory, err));
    while (!is_done)
        WS_TRY(attempt(&it, out, &is_done, err));
    return WS_OK;
}

static enum ws_status compare(const struct attempt *it, struct ws_pin_result *out, bool *is_done,
                              struct ws_error *err)
{
    const struct ws_checkpoint *offered = &out->checkpoint.checkpoint;
    const struct ws_checkpoint *known;
    struct pin pin;
    *is_done = true;
    WS_TRY(read_pin(it->book->trust, it->places.pin, offered->origin, it->arena, &pin, err));
    known = &pin.checkpoint.checkpoint;
    out->verdict = WS_PIN_FIRST;
    if (!pin.is_there)
        return replace(it, &pin, offered->origin, is_done, err);
    out->verdict = WS_PIN_APART;
    if (offered->size != known->size)
        return WS_OK;
    out->verdict = WS_PIN_SAME;
    if (ws_hash_equal(&offered->root, &known->root))
        return WS_OK;
    out->verdict = WS_PIN_FORKED;
    WS_TRY(keep_evidence(&it->places, &pin, offered, it->note, it->arena, &out->evidence, err));
    return refuse(it->book, &pin, out, err);
}

enum ws_status ws_pin_compare(const struct ws_pin_book *book, struct ws_bytes note,
                              struct ws_arena *arena, struct ws_pin_result *out,
                              struct ws_error *err)
{
    struct attempt it = {.book = book, .note = note, .arena = arena};
    bool is_done = false;
    *out = (struct ws_pin_result){.verdict = WS_PIN_UNTRUSTED};
    WS_TRY(ws_trust_check(book->trust, note, arena, &out->checkpoint, err));
    WS_TRY(find_places(book, out->checkpoint.checkpoint.origin, arena, &it.places, err));
    WS_TRY(ws_directory_make(it.places.directory, err));
    while (!is_done)
        WS_TRY(compare(&it, out, &is_done, err));
    return WS_OK;
}
