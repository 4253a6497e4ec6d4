#include "lab/checkpoint.h"

#include <string.h>

static const char magic[8] = {'W', 'S', 'C', 'H', 'A', 'I', 'N', '1'};
static const char draft_magic[8] = {'W', 'S', 'D', 'R', 'A', 'F', 'T', '1'};
enum {
    VERSION = 3,
    HEADER_SIZE = 8 + 4 + 4 + 8,
    CHAIN_SIZE = 8 + 4 + 8 + 8 + 8, /* of one that has neither state nor records */
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

void ws_checkpoint_begin(uint64_t arm_key, uint32_t part_steps, struct ws_buffer *out)
{
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, part_steps);
    ws_buffer_u64(out, arm_key);
}

static void begin_chain(uint64_t seed, uint32_t next_step, uint64_t texts_size,
                        struct ws_buffer *out)
{
    ws_buffer_u64(out, seed);
    ws_buffer_u32(out, next_step);
    ws_buffer_u64(out, texts_size);
}

static void add_sized(struct ws_bytes bytes, struct ws_buffer *out)
{
    ws_buffer_u64(out, bytes.size);
    ws_buffer_append(out, bytes.data, bytes.size);
}

/* Fills in the size of what was written behind the eight bytes at `at`. */
static void set_size(size_t at, struct ws_buffer *out)
{
    if (out->status == WS_OK)
        store64_le((uint8_t *)out->data + at, out->size - at - 8);
}

void ws_checkpoint_add(const struct ws_stored_chain *stored, struct ws_buffer *out)
{
    begin_chain(stored->seed, stored->next_step, stored->texts_size, out);
    add_sized(stored->state, out);
    add_sized(stored->records, out);
}

void ws_checkpoint_add_chain(const struct ws_chain *chain, uint32_t part_steps,
                             struct ws_buffer *out)
{
    begin_chain(chain->seed, chain->next_step, chain->texts_size + chain->texts.size, out);
    size_t at = out->size;
    ws_buffer_u64(out, 0);
    ws_chain_write(chain, chain->next_step - chain->next_step % part_steps, out);
    set_size(at, out);
    add_sized(ws_buffer_bytes(&chain->records.bytes), out);
}

void ws_checkpoint_add_part(const struct ws_chain *chain, uint32_t part_steps,
                            struct ws_buffer *out)
{
    begin_chain(chain->seed, chain->next_step, 0, out);
    size_t at = out->size;
    ws_buffer_u64(out, 0);
    ws_chain_write_outputs(chain, chain->next_step - part_steps, out);
    set_size(at, out);
    add_sized(ws_buffer_bytes(&chain->records.bytes), out);
}

enum ws_status ws_checkpoint_end(struct ws_buffer *out, struct ws_error *err)
{
    struct ws_hash hash;
    WS_TRY(ws_buffer_check(out, "a checkpoint", err));
    WS_TRY(ws_hash_of(ws_buffer_bytes(out), &hash, err));
    ws_buffer_append(out, hash.bytes, WS_HASH_SIZE);
    return ws_buffer_check(out, "a checkpoint", err);
}

static struct ws_bytes read_sized(struct ws_reader *in)
{
    uint64_t size = ws_read_u64(in);
    return ws_bytes_of(ws_reader_holds(in, size, 1) ? ws_read_bytes(in, size) : NULL, size);
}

static enum ws_status read_chains(struct ws_reader *in, struct ws_arena *arena,
                                  struct ws_checkpoint *out, struct ws_error *err)
{
    out->chains = WS_ARENA_NEW(arena, struct ws_stored_chain, in->left / CHAIN_SIZE);
    out->count = 0;
    if (!out->chains)
        return ws_fail_memory(err, "a checkpoint");
    for (uint64_t before = 0; in->left > 0; before = out->chains[out->count++].seed) {
        if (in->left < CHAIN_SIZE)
            return ws_fail(err, WS_CORRUPT, "the checkpoint ends inside a chain");
        struct ws_stored_chain *chain = &out->chains[out->count];
        chain->seed = ws_read_u64(in);
        chain->next_step = ws_read_u32(in);
        chain->texts_size = ws_read_u64(in);
        chain->state = read_sized(in);
        chain->records = read_sized(in);
        if (!ws_reader_ok(in))
            return ws_fail(err, WS_CORRUPT, "the checkpoint ends inside a chain");
        if (chain->seed <= before)
            return ws_fail(err, WS_CORRUPT, "the checkpoint's seeds do not ascend");
    }
    return WS_OK;
}

enum ws_status ws_checkpoint_open(struct ws_bytes bytes, struct ws_arena *arena,
                                  struct ws_checkpoint *out, struct ws_error *err)
{
    if (bytes.size < HEADER_SIZE + WS_HASH_SIZE)
        return ws_fail(err, WS_CORRUPT, "not a checkpoint: %zu bytes long", bytes.size);
    if (memcmp(bytes.data, magic, sizeof magic) != 0)
        return ws_fail(err, WS_CORRUPT, "not a checkpoint");
    struct ws_reader in;
    ws_reader_init(
        &in, ws_bytes_of(bytes.data + sizeof magic, bytes.size - sizeof magic - WS_HASH_SIZE));
    uint32_t version = ws_read_u32(&in);
    if (version != VERSION)
        return ws_fail(err, WS_UNSUPPORTED, "checkpoint version %u, this program reads %d", version,
                       VERSION);
    WS_TRY(check_hash(bytes, "the checkpoint", err));
    out->part_steps = ws_read_u32(&in);
    out->arm_key = ws_read_u64(&in);
    if (out->part_steps == 0)
        return ws_fail(err, WS_CORRUPT, "the checkpoint has parts of no steps");
    return read_chains(&in, arena, out, err);
}

const struct ws_stored_chain *ws_checkpoint_find(const struct ws_checkpoint *checkpoint,
                                                 uint64_t seed)
{
    for (size_t i = 0; i < checkpoint->count; i++)
        if (checkpoint->chains[i].seed == seed)
            return &checkpoint->chains[i];
    return NULL;
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
