/*
 * A log in a directory, without witnesses, and open: made for a test and removed behind it. To be
 * included behind cmocka.h.
 */
#ifndef WS_TESTS_KEPT_LOG_H
#define WS_TESTS_KEPT_LOG_H

#include "ledger/log_store.h"
#include "support/place.h"

struct kept_log {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer signer;
    struct place place;
    struct ws_log_store store;
};

static inline void open_kept_log(struct kept_log *log)
{
    if (ws_log_open(log->place.path, NULL, &log->store, &log->err) != WS_OK)
        fail_msg("%s", log->err.message);
}

static inline void make_kept_log(struct kept_log *log)
{
    ws_arena_init(&log->arena, NULL);
    new_place(&log->place);
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &log->arena, &log->signer, &log->err),
        WS_OK);
    if (ws_log_make(log->place.path, &log->signer, &log->err) != WS_OK)
        fail_msg("%s", log->err.message);
    open_kept_log(log);
}

static inline void remove_kept_log(struct kept_log *log)
{
    ws_log_close(&log->store);
    ws_log_close(&log->store); /* twice is fine */
    ws_note_signer_close(&log->signer);
    remove_place(&log->place);
    ws_arena_release(&log->arena);
}

static inline void publish_kept(struct kept_log *log)
{
    if (ws_log_publish(&log->store, &log->signer, &log->err) != WS_OK)
        fail_msg("%s", log->err.message);
    assert_int_equal(log->store.size, log->store.count);
}

#endif
