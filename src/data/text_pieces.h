/*
 * A text that is handed on in pieces while it is read, each of which ends where it may be cut: what
 * cannot be cut yet waits in memory. Contract: tests/unit/test_large_corpus.c,
 * tests/unit/test_train_text.c.
 */
#ifndef WS_DATA_TEXT_PIECES_H
#define WS_DATA_TEXT_PIECES_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

#ifdef WS_SMALL_LIMITS
enum { WS_TEXT_PIECE = 1 << 6 };
#else
enum { WS_TEXT_PIECE = 1 << 20 }; /* bytes, about */
#endif

struct ws_text_pieces {
    /* Where what waits may be cut; 0 when nowhere yet. */
    size_t (*cut)(void *user, struct ws_bytes text);
    enum ws_status (*take)(void *user, struct ws_bytes piece, struct ws_error *err);
    void *user;
    struct ws_buffer waiting; /* read and not yet cut */
    size_t enough;            /* bytes that wait for the next cut */
};

/* `cut`, `take` and `user` are set by the caller. At most `limit` bytes wait. */
void ws_text_pieces_init(struct ws_text_pieces *pieces, const struct ws_allocator *allocator,
                         size_t limit);
void ws_text_pieces_release(struct ws_text_pieces *pieces);

/* `pieces` is a struct ws_text_pieces: it is what a ws_text_sink takes a text with. */
WS_MUST_CHECK enum ws_status ws_text_pieces_add(void *pieces, struct ws_bytes bytes,
                                                struct ws_error *err);
/* What waits is the last piece, if there is any. */
WS_MUST_CHECK enum ws_status ws_text_pieces_end(struct ws_text_pieces *pieces,
                                                struct ws_error *err);

#endif
