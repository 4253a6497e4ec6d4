#include "data/text_pieces.h"

#include <string.h>

void ws_text_pieces_init(struct ws_text_pieces *pieces, const struct ws_allocator *allocator,
                         size_t limit)
{
    ws_buffer_init(&pieces->waiting, allocator, limit);
    pieces->enough = WS_TEXT_PIECE;
}

void ws_text_pieces_release(struct ws_text_pieces *pieces)
{
    ws_buffer_release(&pieces->waiting);
}

/* The first `size` bytes that wait. */
static enum ws_status hand_on(struct ws_text_pieces *pieces, size_t size, struct ws_error *err)
{
    struct ws_buffer *waiting = &pieces->waiting;
    WS_TRY(pieces->take(pieces->user, ws_bytes_of(waiting->data, size), err));
    waiting->size -= size;
    if (waiting->size > 0)
        memmove(waiting->data, waiting->data + size, waiting->size);
    return WS_OK;
}

/* What could not be cut is looked at again when there is twice as much of it. */
enum ws_status ws_text_pieces_add(void *user, struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_text_pieces *pieces = user;
    struct ws_buffer *waiting = &pieces->waiting;
    ws_buffer_append(waiting, bytes.data, bytes.size);
    WS_TRY(ws_buffer_check(waiting, "the text", err));
    if (waiting->size < pieces->enough)
        return WS_OK;
    size_t size = pieces->cut(pieces->user, ws_buffer_bytes(waiting));
    if (size > 0)
        WS_TRY(hand_on(pieces, size, err));
    pieces->enough = waiting->size > WS_TEXT_PIECE / 2 ? 2 * waiting->size : WS_TEXT_PIECE;
    return WS_OK;
}

enum ws_status ws_text_pieces_end(struct ws_text_pieces *pieces, struct ws_error *err)
{
    return pieces->waiting.size > 0 ? hand_on(pieces, pieces->waiting.size, err) : WS_OK;
}
