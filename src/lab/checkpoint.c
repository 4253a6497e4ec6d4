#include "lab/checkpoint.h"

#include <string.h>

static const char magic[8] = {'W', 'S', 'C', 'H', 'A', 'I', 'N', '1'};
static const char draft_magic[8] = {'W', 'S', 'D', 'R', 'A', 'F', 'T', '1'};
enum {
    VERSION = 2,
    HEADER_SIZE = 8 + 4 + 4 + 8 + 8 + WS_LOG_COUNT * (8 + WS_HASH_SIZE),
    DRAFT_VERSION = 1,
};

static enum ws_status check_hash(struct ws_bytes bytes, const char *what, struct ws_error *err)
{
    struct ws_hash hash;
    size_t covered = bytes.size - WS_HASH_SIZE;
    WS_TRY(ws_hash_of(ws_bytes_of(bytes.data, covered), &hash, err));
    if (memcmp(hash.bytes, bytes.data + covered, WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "%s's bytes do not match its hash", what);
    return WS_OK;
}

enum ws_status ws_checkpoint_write(const struct ws_chain *chain,
                                   const struct ws_log_state logs[WS_LOG_COUNT],
                                   struct ws_buffer *out, struct ws_error *err)
{
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, chain->next_step);
    ws_buffer_u64(out, chain->arm->key);
    ws_buffer_u64(out, chain->seed);
    for (size_t i = 0; i < WS_LOG_COUNT; i++) {
        ws_buffer_u64(out, logs[i].size);
        ws_buffer_append(out, logs[i].hash.bytes, WS_HASH_SIZE);
    }
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
    WS_TRY(check_hash(bytes, "the checkpoint", err));
    out->next_step = ws_read_u32(&in);
    out->arm_key = ws_read_u64(&in);
    out->seed = ws_read_u64(&in);
    for (size_t i = 0; i < WS_LOG_COUNT; i++) {
        out->logs[i].size = ws_read_u64(&in);
        memcpy(out->logs[i].hash.bytes, ws_read_bytes(&in, WS_HASH_SIZE), WS_HASH_SIZE);
    }
    out->chain = ws_bytes_of(in.next, bytes.size - HEADER_SIZE - WS_HASH_SIZE);
    return WS_OK;
}

enum ws_status ws_stored_draft_frame(const struct ws_stored_draft *draft,
                                     uint8_t header[WS_DRAFT_HEADER_SIZE], struct ws_hash *hash,
                                     struct ws_error *err)
{
    memcpy(header, draft_magic, sizeof draft_magic);
    store32_le(header + 8, DRAFT_VERSION);
    store32_le(header + 12, (uint32_t)draft->phase);
    store32_le(header + 16, draft->step);
    store32_le(header + 20, 0);
    store64_le(header + 24, draft->arm_key);
    store64_le(header + 32, draft->seed);
    struct ws_hasher hasher;
    WS_TRY(ws_hasher_init(&hasher, err));
    ws_hasher_update(&hasher, ws_bytes_of(header, WS_DRAFT_HEADER_SIZE));
    ws_hasher_update(&hasher, draft->bytes);
    enum ws_status status = ws_hasher_finish(&hasher, hash, err);
    ws_hasher_release(&hasher);
    return status;
}

enum ws_status ws_stored_draft_open(struct ws_bytes bytes, struct ws_stored_draft *out,
                                    struct ws_error *err)
{
    if (bytes.size < WS_DRAFT_HEADER_SIZE + WS_HASH_SIZE ||
        memcmp(bytes.data, draft_magic, sizeof draft_magic) != 0)
        return ws_fail(err, WS_CORRUPT, "not a draft");
    WS_TRY(check_hash(bytes, "the draft", err));
    struct ws_reader in;
    ws_reader_init(&in, ws_bytes_of(bytes.data + sizeof draft_magic,
                                    bytes.size - sizeof draft_magic - WS_HASH_SIZE));
    uint32_t version = ws_read_u32(&in);
    uint32_t phase = ws_read_u32(&in);
    uint32_t step = ws_read_u32(&in);
    uint32_t zero = ws_read_u32(&in);
    if (version != DRAFT_VERSION)
        return ws_fail(err, WS_UNSUPPORTED, "draft version %u, this program reads %d", version,
                       DRAFT_VERSION);
    if (phase >= WS_PHASE_COUNT || zero != 0)
        return ws_fail(err, WS_CORRUPT, "the draft is of phase %u", phase);
    out->phase = (enum ws_phase)phase;
    out->step = step;
    out->arm_key = ws_read_u64(&in);
    out->seed = ws_read_u64(&in);
    out->bytes = ws_bytes_of(in.next, bytes.size - WS_DRAFT_HEADER_SIZE - WS_HASH_SIZE);
    return WS_OK;
}
