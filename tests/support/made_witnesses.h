/*
 * Witnesses in the test's own process, reached as a client reaches others': by URL, through a
 * transport that can fail as networks and liars do. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_MADE_WITNESSES_H
#define WS_TESTS_MADE_WITNESSES_H

#include <pthread.h>
#include <stdatomic.h>

#include "ledger/witness.h"
#include "ledger/witness_client.h"
#include "support/made_log.h"
#include "support/place.h"

enum { MADE_WITNESSES = 3 };

/* What a witness does in place of its duty. */
enum made_fault {
    FAULT_NONE,
    FAULT_DOWN,
    FAULT_REPLY,    /* answers with `reply` */
    FAULT_LOST,     /* cosigns, and the answer is lost */
    FAULT_STRANGER, /* cosigns with another key */
};

struct made_witness {
    struct ws_note_signer signer;
    const char *path;
    struct ws_witness witness;
    enum made_fault fault;
    struct ws_witness_reply reply;
    atomic_int asked;
};

struct made_witnesses {
    struct ws_arena arena;
    struct place place;
    _Atomic uint64_t time;
    struct ws_clock clock;
    struct ws_note_signer stranger;
    struct made_witness items[MADE_WITNESSES];
    struct ws_witness_transport transport;
};

static inline double made_time(void *witnesses)
{
    return (double)((struct made_witnesses *)witnesses)->time;
}

static inline enum ws_status made_strange_answer(struct made_witnesses *all, struct ws_bytes body,
                                                 struct ws_arena *arena,
                                                 struct ws_witness_reply *out)
{
    struct ws_witness_request request;
    struct ws_note note;
    struct ws_buffer line;
    assert_int_equal(ws_witness_request_read(body, &request, NULL), WS_OK);
    assert_int_equal(ws_note_read(request.checkpoint, arena, &note, NULL), WS_OK);
    ws_buffer_init(&line, NULL, 10000);
    assert_int_equal(ws_note_sign(&line, note.text, &all->stranger, 7, arena, NULL), WS_OK);
    *out = (struct ws_witness_reply){200, "text/plain", keep_buffer(&line, arena)};
    return WS_OK;
}

static inline enum ws_status made_post(void *witnesses, const char *url, struct ws_bytes body,
                                       struct ws_arena *arena, struct ws_witness_reply *out,
                                       struct ws_error *err)
{
    struct made_witnesses *all = witnesses;
    struct ws_witness_answer answer;
    unsigned index = MADE_WITNESSES;
    char rest[32] = "";
    (void)sscanf(url, "http://w%1u/%31s", &index, rest);
    assert_true(index < MADE_WITNESSES && strcmp(rest, "add-checkpoint") == 0);
    struct made_witness *it = &all->items[index];
    it->asked++;
    if (it->fault == FAULT_DOWN)
        return ws_fail(err, WS_IO, "cannot reach '%s'", url);
    if (it->fault == FAULT_STRANGER)
        return made_strange_answer(all, body, arena, out);
    *out = it->reply;
    if (it->fault == FAULT_REPLY)
        return WS_OK;
    WS_TRY(ws_witness_add_checkpoint(&it->witness, body, arena, &answer, err));
    *out = (struct ws_witness_reply){answer.status, answer.type, answer.body};
    return it->fault == FAULT_LOST ? ws_fail(err, WS_IO, "lost the answer of '%s'", url) : WS_OK;
}

/* Each knows the log. */
static inline void make_witnesses(const struct ws_note_signer *log, struct made_witnesses *all)
{
    struct ws_error err;
    *all = (struct made_witnesses){.time = 1000};
    ws_arena_init(&all->arena, NULL);
    new_place(&all->place);
    all->clock = (struct ws_clock){.elapsed = made_time, .wall = made_time, .user = all};
    all->transport = (struct ws_witness_transport){made_post, all};
    make_signer("stranger.example", WS_KEY_COSIGNATURE, &all->arena, &all->stranger);
    for (size_t i = 0; i < MADE_WITNESSES; i++) {
        struct made_witness *it = &all->items[i];
        char name[16];
        (void)snprintf(name, sizeof name, "w%zu.example", i);
        make_signer(name, WS_KEY_COSIGNATURE, &all->arena, &it->signer);
        it->path = join(&all->arena, all->place.path, name);
        assert_int_equal(ws_witness_store_make(it->path, &err), WS_OK);
        assert_int_equal(ws_witness_open(it->path, &it->signer, &all->clock, &it->witness, &err),
                         WS_OK);
        assert_int_equal(ws_witness_store_add_key(&it->witness.store, log->name,
                                                  print_key(log, &all->arena), &err),
                         WS_OK);
    }
}

static inline void remove_witnesses(struct made_witnesses *all)
{
    for (size_t i = 0; i < MADE_WITNESSES; i++) {
        ws_witness_close(&all->items[i].witness);
        ws_note_signer_close(&all->items[i].signer);
    }
    ws_note_signer_close(&all->stranger);
    remove_place(&all->place);
    ws_arena_release(&all->arena);
}

/* The log, the witnesses with their URLs, and what `rest` says of the quorum. */
static inline struct ws_trust made_policy(const struct ws_note_signer *log,
                                          struct made_witnesses *all, const char *rest)
{
    struct ws_trust trust;
    struct ws_error err;
    const char *text = ws_arena_format(&all->arena, "log %s\n", print_key(log, &all->arena));
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        text = ws_arena_format(&all->arena, "%switness w%zu %s http://w%zu%s\n", text, i,
                               print_key(&all->items[i].signer, &all->arena), i, i == 1 ? "/" : "");
    text = ws_arena_format(&all->arena, "%s%s", text, rest);
    if (ws_trust_read(ws_bytes_of_text(text), "policy", &all->arena, &trust, &err) != WS_OK)
        fail_msg("%s", err.message);
    return trust;
}

#endif
