#include "lab/checkpoint.h"

#include <string.h>

static const char magic[8] = {'W', 'S', 'C', 'H', 'A', 'I', 'N', '1'};
enum { VERSION = 1, HEADER_SIZE = 8 + 4 + 4 + 8 + 8 + 8 + WS_HASH_SIZE };

enum ws_status ws_checkpoint_write(const struct ws_chain *chain, uint64_t metrics_size,
                                   const struct ws_hash *metrics_hash, struct ws_buffer *out,
                                   struct ws_error *err)
{
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, chain->next_step);
    ws_buffer_u64(out, chain->arm->key);
    ws_buffer_u64(out, chain->seed);
    ws_buffer_u64(out, metrics_size);
    ws_buffer_append(out, metrics_hash->bytes, WS_HASH_SIZE);
    ws_chain_write(chain, out);
    WS_TRY(ws_buffer_check(out, "a checkpoint", err));
    struct ws_hash hash;
    WS_TRY(ws_hash_of(ws_buffer_bytes(out), &hash, err));
    ws_buffer_append(out, hash.bytes, WS_HASH_SIZE);
    return ws_buffer_check(out, "a checkpoint", err);
}

enum ws_status ws_checkpoint_open(struct ws_bytes bytes, struct ws_checkpoint *out,
                                  struct ws_error *err)
{
    if (bytes.size < HEADER_SIZE + WS_HASH_SIZE)
        return ws_fail(err, WS_CORRUPT, "not a checkpoint: %zu bytes long", bytes.size);
    if (memcmp(bytes.data, magic, sizeof magic) != 0)
        return ws_fail(err, WS_CORRUPT, "not a checkpoint");
    struct ws_reader in;
    ws_reader_init(&in, ws_bytes_of(bytes.data + sizeof magic, bytes.size - sizeof magic));
    uint32_t version = ws_read_u32(&in);
    if (version != VERSION)
        return ws_fail(err, WS_UNSUPPORTED, "checkpoint version %u, this program reads %d", version,
                       VERSION);
    struct ws_hash hash;
    size_t covered = bytes.size - WS_HASH_SIZE;
    WS_TRY(ws_hash_of(ws_bytes_of(bytes.data, covered), &hash, err));
    if (memcmp(hash.bytes, bytes.data + covered, WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "the checkpoint's bytes do not match its hash");
    out->next_step = ws_read_u32(&in);
    out->arm_key = ws_read_u64(&in);
    out->seed = ws_read_u64(&in);
    out->metrics_size = ws_read_u64(&in);
    memcpy(out->metrics_hash.bytes, ws_read_bytes(&in, WS_HASH_SIZE), WS_HASH_SIZE);
    out->chain = ws_bytes_of(in.next, covered - HEADER_SIZE);
    return WS_OK;
}
