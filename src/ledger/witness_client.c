#include "ledger/witness_client.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/pool.h"
#include "ledger/witness_request.h"

enum {
    THREADS = 64, /* witnesses that are asked at once, at most */
    TRIES = 3,    /* of one: others may grow the log meanwhile */
    QUOTED = 160, /* bytes of a refusal that are told on */
};

static const struct {
    const char *name, *what;
} results[] = {
#define X(name, metric, what) [WS_WITNESS_GAVE_##name] = {metric, what},
    WS_WITNESS_OUTCOME_MAP(X)
#undef X
};

const char *ws_witness_result_name(enum ws_witness_result result)
{
    return results[result].name;
}

/* What all witnesses are asked. */
struct gathering {
    const struct ws_trust *trust;
    const struct ws_witness_transport *transport;
    const struct ws_merkle_nodes *nodes;
    struct ws_bytes note; /* with the log's signatures alone */
    size_t text_size;     /* of its bytes, those that are signed */
    struct ws_checkpoint checkpoint;
    uint64_t old_size;
    pthread_mutex_t mutex; /* of nodes */
    struct asking *askings;
};

/* What one is asked, by one thread. */
struct asking {
    struct ws_arena arena;
    const struct ws_trust_member *witness;
    struct ws_witness_outcome outcome;
    enum ws_status status; /* of what is wrong here */
    struct ws_error error;
};

/* One witness ---------------------------------------------------------------------------------- */

/* `message` NULL, also where memory was short for it: what the result says of itself. */
static void conclude(struct asking *asking, enum ws_witness_result result, const char *message)
{
    asking->outcome.result = result;
    asking->outcome.message = message ? message : results[result].what;
}

static enum ws_status prove(struct gathering *g, uint64_t old, struct ws_merkle_proof *out,
                            struct ws_error *err)
{
    out->count = 0;
    if (old == 0)
        return WS_OK;
    pthread_mutex_lock(&g->mutex);
    enum ws_status status =
        ws_merkle_prove_consistency(g->nodes, old, g->checkpoint.size, out, err);
    pthread_mutex_unlock(&g->mutex);
    return status;
}

static enum ws_status write_request(struct gathering *g, uint64_t old, struct ws_arena *arena,
                                    struct ws_bytes *out, struct ws_error *err)
{
    struct ws_witness_request request = {.old_size = old, .checkpoint = g->note};
    struct ws_buffer text;
    WS_TRY(prove(g, old, &request.proof, err));
    ws_buffer_init(&text, arena->allocator, WS_WITNESS_REQUEST_LIMIT);
    ws_witness_request_append(&text, &request);
    *out = ws_bytes_of(ws_arena_copy(arena, text.data, text.size), text.size);
    enum ws_status status = ws_buffer_check(&text, "a request to a witness", err);
    ws_buffer_release(&text);
    if (status == WS_OK && !out->data)
        status = ws_fail_memory(err, "a request to a witness");
    return status;
}

/* The witness's line, of a note that has the checkpoint's and those that were answered. */
static enum ws_status find_cosignature(const struct gathering *g, struct ws_bytes bytes,
                                       struct asking *asking, struct ws_error *err)
{
    const struct ws_note_key *key = &asking->witness->key;
    struct ws_note note;
    struct ws_note_proof proof;
    const struct ws_note_key *const keys[] = {key};
    WS_TRY(ws_note_read(bytes, &asking->arena, &note, err));
    if (note.text.size != g->text_size)
        return ws_fail(err, WS_CORRUPT, "it has a cosignature of another text");
    WS_TRY(ws_note_check(&note, keys, 1, &asking->arena, &proof, err));
    if (!proof.is_signed || proof.time == 0)
        return ws_fail(err, WS_CORRUPT, "it has no cosignature of the policy's key of the witness");
    asking->outcome.time = proof.time;
    for (size_t i = note.signature_count; i-- > 0;)
        if (ws_note_signature_is_by(&note.signatures[i], key))
            asking->outcome.cosignature = note.signatures[i].line;
    return WS_OK;
}

static enum ws_status take_cosignature(struct gathering *g, const struct ws_witness_reply *reply,
                                       struct asking *asking)
{
    struct ws_buffer all;
    ws_buffer_init(&all, asking->arena.allocator, WS_NOTE_LIMIT);
    ws_buffer_append(&all, g->note.data, g->note.size);
    ws_buffer_append(&all, reply->body.data, reply->body.size);
    struct ws_bytes bytes = {ws_arena_copy(&asking->arena, all.data, all.size), all.size};
    enum ws_status status = bytes.data ? ws_buffer_check(&all, "an answer", &asking->error)
                                       : ws_fail_memory(&asking->error, "an answer");
    ws_buffer_release(&all);
    if (status == WS_OK)
        status = find_cosignature(g, bytes, asking, &asking->error);
    if (status == WS_OK)
        conclude(asking, WS_WITNESS_GAVE_COSIGNED, NULL);
    else if (status != WS_NO_MEMORY)
        conclude(asking, WS_WITNESS_GAVE_BAD_ANSWER,
                 ws_arena_text(&asking->arena, asking->error.message));
    return status == WS_NO_MEMORY ? status : WS_OK;
}

/* "<size>\n" of a 409 */
static bool read_known_size(const struct ws_witness_reply *reply, uint64_t *out)
{
    struct ws_bytes line, rest;
    return strcmp(reply->type, "text/x.tlog.size") == 0 &&
           ws_bytes_split(reply->body, '\n', &line, &rest) && rest.size == 0 &&
           ws_read_size(line, out);
}

static const char *witness_url(const struct ws_trust_member *witness, struct ws_arena *arena)
{
    size_t length = strlen(witness->url);
    bool has_end = length > 0 && witness->url[length - 1] == '/';
    return ws_arena_format(arena, "%s%sadd-checkpoint", witness->url, has_end ? "" : "/");
}

/* The status, and the first line of what was said with it. */
static const char *quote(const struct ws_witness_reply *reply, struct ws_arena *arena)
{
    struct ws_bytes line = reply->body, rest;
    (void)ws_bytes_split(line, '\n', &line, &rest);
    struct ws_error shown; /* makes one line of UTF-8 of anything */
    (void)ws_fail(&shown, WS_IO, "answered %u%s%.*s", reply->status, line.size > 0 ? ": " : "",
                  line.size < QUOTED ? (int)line.size : QUOTED, (const char *)line.data);
    return ws_arena_text(arena, shown.message);
}

/* The witness knows `known` entries, and was asked from `old` on. True: it is to be asked again. */
static bool take_known_size(const struct gathering *g, uint64_t known, uint64_t old,
                            struct asking *asking)
{
    if (known > g->checkpoint.size) {
        asking->outcome.size = known;
        conclude(asking, WS_WITNESS_GAVE_AHEAD,
                 ws_arena_format(&asking->arena,
                                 "has cosigned %" PRIu64 " entries and there are %" PRIu64 " here",
                                 known, g->checkpoint.size));
        return false;
    }
    conclude(asking, WS_WITNESS_GAVE_BAD_ANSWER,
             known == old ? "refused the size that it knows" : "named another size each time");
    return known != old;
}

static enum ws_status ask(struct gathering *g, struct asking *asking)
{
    struct ws_arena *arena = &asking->arena;
    struct ws_witness_reply reply;
    struct ws_bytes request;
    const char *url = witness_url(asking->witness, arena);
    uint64_t old = g->old_size, known;
    if (!url)
        return ws_fail_memory(&asking->error, "a witness's URL");
    for (int i = 0; i < TRIES; i++) {
        WS_TRY(write_request(g, old, arena, &request, &asking->error));
        if (g->transport->post(g->transport->user, url, request, arena, &reply, &asking->error) !=
            WS_OK) {
            conclude(asking, WS_WITNESS_GAVE_UNREACHED,
                     ws_arena_text(arena, asking->error.message));
            return WS_OK;
        }
        if (reply.status == 200)
            return take_cosignature(g, &reply, asking);
        if (reply.status != 409 || !read_known_size(&reply, &known)) {
            conclude(asking, reply.status == 422 ? WS_WITNESS_GAVE_FORKED : WS_WITNESS_GAVE_REFUSED,
                     quote(&reply, arena));
            return WS_OK;
        }
        if (!take_known_size(g, known, old, asking))
            return WS_OK;
        old = known;
    }
    return WS_OK;
}

static void ask_piece(void *gathering_, size_t piece)
{
    struct gathering *g = gathering_;
    struct asking *asking = &g->askings[piece];
    if (asking->witness->url)
        asking->status = ask(g, asking);
    else
        conclude(asking, WS_WITNESS_GAVE_NO_URL, NULL);
}

/* All of them ---------------------------------------------------------------------------------- */

/* The text with the signatures of the policy's log of that name: what witnesses are shown. */
static enum ws_status strip(const struct ws_trust *trust, struct ws_bytes note,
                            struct ws_arena *arena, struct gathering *g, struct ws_error *err)
{
    struct ws_note read;
    struct ws_buffer bare;
    size_t kept = 0;
    WS_TRY(ws_note_read(note, arena, &read, err));
    WS_TRY(ws_checkpoint_read(read.text, arena, &g->checkpoint, err));
    ws_buffer_init(&bare, arena->allocator, WS_NOTE_LIMIT);
    g->text_size = read.text.size;
    ws_buffer_append(&bare, read.text.data, read.text.size);
    ws_buffer_u8(&bare, '\n');
    for (size_t s = 0; s < read.signature_count; s++)
        for (size_t i = 0; i < trust->log_count; i++)
            if (strcmp(trust->logs[i].key.name, g->checkpoint.origin) == 0 &&
                ws_note_signature_is_by(&read.signatures[s], &trust->logs[i].key)) {
                ws_buffer_append(&bare, read.signatures[s].line.data, read.signatures[s].line.size);
                kept++;
            }
    g->note = ws_bytes_of(ws_arena_copy(arena, bare.data, bare.size), bare.size);
    enum ws_status status = ws_buffer_check(&bare, "a checkpoint", err);
    ws_buffer_release(&bare);
    if (status == WS_OK && !g->note.data)
        status = ws_fail_memory(err, "a checkpoint");
    if (status == WS_OK && kept == 0)
        status = ws_fail(err, WS_INVALID,
                         "no log of the policy signed the checkpoint of '%.200s': is its key "
                         "there, in a line that begins with 'log'?",
                         g->checkpoint.origin);
    return status;
}

/* Takes what a thread found into the caller's arena. */
static enum ws_status take_outcome(const struct asking *asking, struct ws_arena *arena,
                                   struct ws_witness_outcome *out, struct ws_error *err)
{
    if (asking->status != WS_OK)
        return ws_fail(err, asking->status, "%s", asking->error.message);
    struct ws_bytes line = asking->outcome.cosignature;
    *out = asking->outcome;
    out->message = ws_arena_text(arena, asking->outcome.message);
    if (line.size > 0)
        out->cosignature = ws_bytes_of(ws_arena_copy(arena, line.data, line.size), line.size);
    return out->message && (line.size == 0 || out->cosignature.data)
               ? WS_OK
               : ws_fail_memory(err, "what witnesses answered");
}

static enum ws_status ask_all(struct gathering *g, size_t count,
                              const struct ws_allocator *allocator, struct ws_error *err)
{
    struct ws_pool *pool;
    WS_TRY(ws_pool_new(count < THREADS ? (unsigned)count : THREADS, allocator, &pool, err));
    pthread_mutex_init(&g->mutex, NULL);
    ws_pool_run(pool, count, ask_piece, g);
    pthread_mutex_destroy(&g->mutex);
    ws_pool_free(pool);
    return WS_OK;
}

enum ws_status ws_witness_gather(const struct ws_trust *trust, struct ws_bytes note,
                                 uint64_t old_size, const struct ws_merkle_nodes *nodes,
                                 const struct ws_witness_transport *transport,
                                 struct ws_arena *arena, struct ws_witness_outcomes *out,
                                 struct ws_error *err)
{
    struct gathering g = {
        .trust = trust, .transport = transport, .nodes = nodes, .old_size = old_size};
    struct ws_witness_outcomes found = {
        .items = WS_ARENA_ZNEW(arena, struct ws_witness_outcome, trust->member_count + 1)};
    g.askings = WS_ARENA_ZNEW(arena, struct asking, trust->member_count + 1);
    if (!found.items || !g.askings)
        return ws_fail_memory(err, "the witnesses");
    WS_TRY(strip(trust, note, arena, &g, err));
    assert(old_size <= g.checkpoint.size);
    for (size_t i = 0; i < trust->member_count; i++)
        if (trust->members[i].key.name) {
            struct asking *asking = &g.askings[found.count++];
            ws_arena_init(&asking->arena, arena->allocator);
            asking->witness = &trust->members[i];
            asking->outcome.member = i;
        }
    enum ws_status status =
        found.count > 0 ? ask_all(&g, found.count, arena->allocator, err) : WS_OK;
    for (size_t i = 0; i < found.count; i++) {
        if (status == WS_OK)
            status = take_outcome(&g.askings[i], arena, &found.items[i], err);
        ws_arena_release(&g.askings[i].arena);
    }
    found.note = g.note;
    if (status == WS_OK)
        *out = found;
    return status;
}

/* Whether the note has a signature that names the key. */
static bool has_signature(const struct ws_note *note, const struct ws_note_key *key)
{
    for (size_t i = 0; i < note->signature_count; i++)
        if (ws_note_signature_is_by(&note->signatures[i], key))
            return true;
    return false;
}

enum ws_status ws_witness_merge(const struct ws_trust *trust, struct ws_bytes note,
                                const struct ws_witness_outcomes *outcomes, struct ws_arena *arena,
                                struct ws_buffer *out, struct ws_error *err)
{
    struct ws_note read;
    WS_TRY(ws_note_read(note, arena, &read, err));
    ws_buffer_append(out, note.data, note.size);
    size_t room = WS_NOTE_SIGNATURE_LIMIT - read.signature_count;
    for (size_t i = 0; i < outcomes->count && room > 0; i++) {
        const struct ws_witness_outcome *outcome = &outcomes->items[i];
        if (outcome->result != WS_WITNESS_GAVE_COSIGNED ||
            has_signature(&read, &trust->members[outcome->member].key))
            continue;
        ws_buffer_append(out, outcome->cosignature.data, outcome->cosignature.size);
        room--;
    }
    return ws_buffer_check(out, "a cosigned checkpoint", err);
}
