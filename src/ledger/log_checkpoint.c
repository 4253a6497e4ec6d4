#include "ledger/log_checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/utf8.h"

bool ws_origin_ok(const char *origin)
{
    return *origin && !strchr(origin, '\n') && ws_utf8_is_lines(ws_bytes_of_text(origin));
}

bool ws_read_size(struct ws_bytes text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.size == 0 || (text.size > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = text.data[i] - (unsigned)'0';
        if (digit > 9 || value > (WS_MERKLE_SIZE_LIMIT - 1 - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    *out = value;
    return true;
}

/* Takes the first line off; false when there is no whole one, or it is empty. */
static bool take_line(struct ws_bytes *text, struct ws_bytes *line)
{
    return ws_bytes_split(*text, '\n', line, text) && line->size > 0;
}

enum ws_status ws_checkpoint_read(struct ws_bytes text, struct ws_arena *arena,
                                  struct ws_checkpoint *out, struct ws_error *err)
{
    struct ws_bytes origin, size, root, extension;
    struct ws_checkpoint checkpoint;
    if (!ws_utf8_is_lines(text) || !take_line(&text, &origin) || !take_line(&text, &size) ||
        !take_line(&text, &root))
        return ws_fail(err, WS_CORRUPT,
                       "no checkpoint: wanted an origin, a size and a root, a line each");
    while (text.size > 0)
        if (!take_line(&text, &extension))
            return ws_fail(err, WS_CORRUPT, "no checkpoint: an empty or unfinished line");
    if (!ws_read_size(size, &checkpoint.size))
        return ws_fail(err, WS_CORRUPT, "no checkpoint: its second line is no size");
    if (!ws_base64_read_fixed(root, checkpoint.root.bytes, WS_HASH_SIZE))
        return ws_fail(err, WS_CORRUPT, "no checkpoint: its third line is no SHA-256 in base64");
    checkpoint.origin = ws_arena_text_of(arena, origin.data, origin.size);
    if (!checkpoint.origin)
        return ws_fail_memory(err, "a checkpoint");
    *out = checkpoint;
    return WS_OK;
}

void ws_checkpoint_append(struct ws_buffer *out, const struct ws_checkpoint *checkpoint)
{
    ws_buffer_format(out, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
    ws_base64_append(out, ws_bytes_of(checkpoint->root.bytes, WS_HASH_SIZE));
    ws_buffer_u8(out, '\n');
}
