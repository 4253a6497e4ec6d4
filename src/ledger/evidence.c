#include "ledger/evidence.h"

#include <inttypes.h>

enum { MAGIC_SIZE = 8, LEAST_MARK = 8 + 1 + 1 /* bytes */ };
static const char MAGIC[] = "WSBUNDL1"; /* its last letter is the version */

const struct ws_range_proof *ws_evidence_tile(const struct ws_evidence_tiles *tiles, uint32_t index)
{
    size_t low = 0, high = tiles->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ws_evidence_tile_index(&tiles->items[middle]) < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < tiles->count && ws_evidence_tile_index(&tiles->items[low]) == index
               ? &tiles->items[low]
               : NULL;
}

/* Reading -------------------------------------------------------------------------------------- */

struct reading {
    struct ws_reader reader;
    struct ws_arena *arena;
    struct ws_error *err;
};

static enum ws_status refuse(const struct reading *in, const char *why)
{
    return ws_fail(in->err, WS_CORRUPT, "no bundle: %s", why);
}

static enum ws_status read_hash(struct reading *in, struct ws_hash *out)
{
    const uint8_t *bytes = ws_read_bytes(&in->reader, WS_HASH_SIZE);
    if (!bytes)
        return refuse(in, "it ends in a digest");
    memcpy(out->bytes, bytes, WS_HASH_SIZE);
    return WS_OK;
}

static enum ws_status read_word(struct reading *in, const char **out)
{
    *out = ws_read_text(&in->reader);
    const size_t size = strlen(*out);
    if (!ws_reader_ok(&in->reader) || size < 1 || size > WS_EVIDENCE_WORD_LIMIT ||
        !ws_is_one_line(*out))
        return refuse(in, "wanted the names of rules and of a scheme, of 1 to 63 bytes");
    return WS_OK;
}

/* So many things of at least `least` bytes follow. */
static enum ws_status read_count(struct reading *in, size_t least, const char *what, size_t *out)
{
    *out = ws_read_u32(&in->reader);
    if (!ws_reader_holds(&in->reader, *out, least))
        return ws_fail(in->err, WS_CORRUPT, "no bundle: it ends in its %s", what);
    return WS_OK;
}

static enum ws_status read_piece(struct reading *in, const char *what, struct ws_bytes *out)
{
    const size_t size = ws_read_u32(&in->reader);
    *out = ws_bytes_of(ws_read_bytes(&in->reader, size), size);
    if (!ws_reader_ok(&in->reader))
        return ws_fail(in->err, WS_CORRUPT, "no bundle: it ends in its %s", what);
    return WS_OK;
}

static enum ws_status read_marks(struct reading *in, struct ws_query *query)
{
    struct ws_verdict_mark *marks;
    uint64_t begin = 0;
    WS_TRY(read_count(in, LEAST_MARK, "fingerprints", &query->mark_count));
    marks = WS_ARENA_NEW(in->arena, struct ws_verdict_mark, query->mark_count + 1);
    if (!marks)
        return ws_fail_memory(in->err, "a bundle");
    if (!query->has_text && (query->mark_count > 0 || query->characters > 0))
        return refuse(in, "a digest alone has neither characters nor fingerprints");
    for (size_t i = 0; i < query->mark_count; i++) {
        marks[i].value = ws_read_u64(&in->reader);
        const uint64_t gap = ws_read_varint(&in->reader), size = ws_read_varint(&in->reader);
        if (!ws_reader_ok(&in->reader) || gap > query->characters - begin ||
            size > query->characters - begin - gap)
            return refuse(in, "a fingerprint is of more characters than the text has");
        begin += gap;
        marks[i].begin = begin;
        marks[i].end = begin + size;
    }
    query->marks = marks;
    return WS_OK;
}

static enum ws_status read_query(struct reading *in, struct ws_query *query)
{
    WS_TRY(read_hash(in, &query->digest));
    const uint8_t has_text = ws_read_u8(&in->reader);
    query->characters = ws_read_u64(&in->reader);
    query->has_text = has_text == 1;
    if (!ws_reader_ok(&in->reader) || has_text > 1)
        return refuse(in, "wanted 0 or 1 for whether there was a text");
    return read_marks(in, query);
}

static enum ws_status read_entries(struct reading *in, struct ws_evidence *out)
{
    WS_TRY(read_count(in, 4, "entries", &out->entry_count));
    out->entries = WS_ARENA_NEW(in->arena, struct ws_log_proof, out->entry_count + 1);
    if (!out->entries)
        return ws_fail_memory(in->err, "a bundle");
    for (size_t i = 0; i < out->entry_count; i++) {
        struct ws_log_proof *proof = &out->entries[i];
        struct ws_bytes bytes;
        WS_TRY(read_piece(in, "entries", &bytes));
        if (bytes.size > WS_EVIDENCE_PROOF_LIMIT)
            return refuse(in, "a proof of an entry that is too long");
        WS_TRY(ws_log_proof_read(bytes, in->arena, proof, in->err));
        if (!proof->has_extra || (i > 0 && proof->index <= out->entries[i - 1].index))
            return refuse(in, "wanted proofs with their entries, in the order of these");
    }
    return WS_OK;
}

static enum ws_status read_tile(struct reading *in, unsigned bits, struct ws_range_proof *out)
{
    struct ws_reader *reader = &in->reader;
    out->way = ws_read_bytes(reader, (size_t)bits * WS_HASH_SIZE);
    if (!ws_reader_ok(reader) || reader->left < WS_RANGE_TILE_HEAD)
        return refuse(in, "it ends in a tile");
    const uint32_t pairs = load32_le(reader->next + WS_RANGE_ID_SIZE + 4);
    const size_t size = WS_RANGE_TILE_HEAD + (size_t)pairs * WS_RANGE_PAIR_BYTES;
    out->tile = ws_bytes_of(ws_read_bytes(reader, size), size);
    return ws_reader_ok(reader) ? WS_OK : refuse(in, "it ends in a tile");
}

static enum ws_status read_tiles(struct reading *in, unsigned bits, struct ws_evidence_tiles *out)
{
    WS_TRY(read_count(in, WS_RANGE_TILE_HEAD, "tiles", &out->count));
    out->items = WS_ARENA_NEW(in->arena, struct ws_range_proof, out->count + 1);
    if (!out->items)
        return ws_fail_memory(in->err, "a bundle");
    for (size_t i = 0; i < out->count; i++) {
        WS_TRY(read_tile(in, bits, &out->items[i]));
        if (i > 0 &&
            ws_evidence_tile_index(&out->items[i]) <= ws_evidence_tile_index(&out->items[i - 1]))
            return refuse(in, "tiles are not in the order of their indices");
    }
    return WS_OK;
}

static enum ws_status read_shards(struct reading *in, struct ws_evidence *out)
{
    WS_TRY(read_count(in, WS_SHARD_HEAD_SIZE + 4, "shards", &out->shard_count));
    out->shards = WS_ARENA_NEW(in->arena, struct ws_evidence_shard, out->shard_count + 1);
    if (!out->shards)
        return ws_fail_memory(in->err, "a bundle");
    for (size_t i = 0; i < out->shard_count; i++) {
        struct ws_evidence_shard *shard = &out->shards[i];
        shard->head_bytes =
            ws_bytes_of(ws_read_bytes(&in->reader, WS_SHARD_HEAD_SIZE), WS_SHARD_HEAD_SIZE);
        if (!ws_reader_ok(&in->reader))
            return refuse(in, "it ends in the head of a shard");
        WS_TRY(ws_shard_head_read(shard->head_bytes, &shard->head, in->err));
        WS_TRY(read_tiles(in, shard->head.range.bits, &shard->tiles));
    }
    return WS_OK;
}

static enum ws_status read_openings(struct reading *in, struct ws_evidence *out)
{
    WS_TRY(read_count(in, 4 + WS_SHARD_HEAD_SIZE, "openings", &out->opening_count));
    out->openings = WS_ARENA_NEW(in->arena, struct ws_shard_opening, out->opening_count + 1);
    if (!out->openings)
        return ws_fail_memory(in->err, "a bundle");
    for (size_t i = 0; i < out->opening_count; i++) {
        struct ws_bytes bytes;
        WS_TRY(read_piece(in, "openings", &bytes));
        WS_TRY(ws_shard_opening_read(bytes, &out->openings[i], in->err));
    }
    return WS_OK;
}

static enum ws_status read_index(struct reading *in, struct ws_evidence *out)
{
    struct ws_evidence_index *index = &out->index;
    const uint8_t has_index = ws_read_u8(&in->reader);
    out->has_index = has_index == 1;
    if (!ws_reader_ok(&in->reader) || has_index > 1)
        return refuse(in, "wanted 0 or 1 for whether there is an index");
    if (!out->has_index)
        return WS_OK;
    WS_TRY(read_piece(in, "index's list", &index->list));
    index->head_bytes =
        ws_bytes_of(ws_read_bytes(&in->reader, WS_INDEX_HEAD_SIZE), WS_INDEX_HEAD_SIZE);
    if (!ws_reader_ok(&in->reader))
        return refuse(in, "it ends in the head of its index");
    WS_TRY(ws_index_head_read(index->head_bytes, &index->head, in->err));
    return read_tiles(in, index->head.range.bits, &index->tiles);
}

static enum ws_status read_parts(struct reading *in, struct ws_evidence *out)
{
    WS_TRY(read_hash(in, &out->policy));
    WS_TRY(read_hash(in, &out->roles));
    WS_TRY(read_word(in, &out->rules));
    WS_TRY(read_word(in, &out->scheme));
    WS_TRY(read_query(in, &out->query));
    WS_TRY(read_piece(in, "checkpoint", &out->checkpoint));
    WS_TRY(read_entries(in, out));
    WS_TRY(read_shards(in, out));
    WS_TRY(read_openings(in, out));
    WS_TRY(read_index(in, out));
    return ws_reader_at_end(&in->reader) ? WS_OK : refuse(in, "there is more behind its end");
}

/* The last 32 bytes are the digest of all before them: what was damaged on the way is not judged.
 */
static enum ws_status take_seal(struct ws_bytes *bytes, struct ws_error *err)
{
    struct ws_hash hash;
    if (bytes->size < MAGIC_SIZE + WS_HASH_SIZE)
        return ws_fail(err, WS_CORRUPT, "no bundle: %zu bytes", bytes->size);
    bytes->size -= WS_HASH_SIZE;
    WS_TRY(ws_hash_of(*bytes, &hash, err));
    if (memcmp(hash.bytes, bytes->data + bytes->size, WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT,
                       "a bundle that was damaged: its bytes have not the SHA-256 at its end");
    return WS_OK;
}

enum ws_status ws_evidence_take_apart(struct ws_bytes bytes, struct ws_arena *arena,
                                      struct ws_evidence *out, struct ws_error *err)
{
    struct reading in = {.arena = arena, .err = err};
    struct ws_evidence evidence = {.has_index = false};
    if (bytes.size > WS_EVIDENCE_LIMIT)
        return ws_fail(err, WS_LIMIT, "a bundle of %zu bytes; the most is %d", bytes.size,
                       WS_EVIDENCE_LIMIT);
    if (bytes.size < MAGIC_SIZE || memcmp(bytes.data, MAGIC, MAGIC_SIZE - 1) != 0)
        return ws_fail(err, WS_CORRUPT, "no bundle: wanted '%s' at its beginning", MAGIC);
    if (memcmp(bytes.data, MAGIC, MAGIC_SIZE) != 0)
        return ws_fail(err, WS_UNSUPPORTED, "a bundle of another version than 1");
    WS_TRY(take_seal(&bytes, err));
    ws_reader_init(&in.reader, ws_bytes_of(bytes.data + MAGIC_SIZE, bytes.size - MAGIC_SIZE));
    WS_TRY(read_parts(&in, &evidence));
    *out = evidence;
    return WS_OK;
}

/* Writing -------------------------------------------------------------------------------------- */

static void append_piece(struct ws_buffer *out, struct ws_bytes bytes)
{
    ws_buffer_u32(out, (uint32_t)bytes.size);
    ws_buffer_append(out, bytes.data, bytes.size);
}

static void append_query(struct ws_buffer *out, const struct ws_query *query)
{
    uint64_t begin = 0;
    ws_buffer_append(out, query->digest.bytes, WS_HASH_SIZE);
    ws_buffer_u8(out, query->has_text);
    ws_buffer_u64(out, query->characters);
    ws_buffer_u32(out, (uint32_t)query->mark_count);
    for (size_t i = 0; i < query->mark_count; i++) {
        const struct ws_verdict_mark *mark = &query->marks[i];
        ws_buffer_u64(out, mark->value);
        ws_buffer_varint(out, mark->begin - begin);
        ws_buffer_varint(out, mark->end - mark->begin);
        begin = mark->begin;
    }
}

/* What has a size before it that is known when it was written. */
static size_t begin_sized(struct ws_buffer *out)
{
    ws_buffer_u32(out, 0);
    return out->size;
}

static void end_sized(struct ws_buffer *out, size_t begin)
{
    if (out->status == WS_OK)
        store32_le((uint8_t *)out->data + begin - 4, (uint32_t)(out->size - begin));
}

static void append_tiles(struct ws_buffer *out, unsigned bits,
                         const struct ws_evidence_tiles *tiles)
{
    ws_buffer_u32(out, (uint32_t)tiles->count);
    for (size_t i = 0; i < tiles->count; i++) {
        ws_buffer_append(out, tiles->items[i].way, (size_t)bits * WS_HASH_SIZE);
        ws_buffer_append(out, tiles->items[i].tile.data, tiles->items[i].tile.size);
    }
}

static void append_evidence(struct ws_buffer *out, const struct ws_evidence *evidence)
{
    ws_buffer_u32(out, (uint32_t)evidence->entry_count);
    for (size_t i = 0; i < evidence->entry_count; i++) {
        const size_t begin = begin_sized(out);
        ws_log_proof_append(out, &evidence->entries[i]);
        end_sized(out, begin);
    }
    ws_buffer_u32(out, (uint32_t)evidence->shard_count);
    for (size_t i = 0; i < evidence->shard_count; i++) {
        const struct ws_evidence_shard *shard = &evidence->shards[i];
        ws_buffer_append(out, shard->head_bytes.data, shard->head_bytes.size);
        append_tiles(out, shard->head.range.bits, &shard->tiles);
    }
    ws_buffer_u32(out, (uint32_t)evidence->opening_count);
    for (size_t i = 0; i < evidence->opening_count; i++) {
        const size_t begin = begin_sized(out);
        ws_shard_opening_append(out, &evidence->openings[i]);
        end_sized(out, begin);
    }
    ws_buffer_u8(out, evidence->has_index);
    if (!evidence->has_index)
        return;
    append_piece(out, evidence->index.list);
    ws_buffer_append(out, evidence->index.head_bytes.data, evidence->index.head_bytes.size);
    append_tiles(out, evidence->index.head.range.bits, &evidence->index.tiles);
}

enum ws_status ws_evidence_append(struct ws_buffer *out, const struct ws_evidence *evidence,
                                  struct ws_error *err)
{
    struct ws_hash hash;
    const size_t begin = out->size;
    ws_buffer_append(out, MAGIC, MAGIC_SIZE);
    ws_buffer_append(out, evidence->policy.bytes, WS_HASH_SIZE);
    ws_buffer_append(out, evidence->roles.bytes, WS_HASH_SIZE);
    ws_buffer_append(out, evidence->rules, strlen(evidence->rules) + 1);
    ws_buffer_append(out, evidence->scheme, strlen(evidence->scheme) + 1);
    append_query(out, &evidence->query);
    append_piece(out, evidence->checkpoint);
    append_evidence(out, evidence);
    WS_TRY(ws_buffer_check(out, "a bundle", err));
    WS_TRY(ws_hash_of(ws_bytes_of(out->data + begin, out->size - begin), &hash, err));
    ws_buffer_append(out, hash.bytes, WS_HASH_SIZE);
    WS_TRY(ws_buffer_check(out, "a bundle", err));
    if (out->size - begin > WS_EVIDENCE_LIMIT)
        return ws_fail(err, WS_LIMIT,
                       "a bundle of %zu bytes; the most is %d: look up parts of the "
                       "text, or by an index",
                       out->size - begin, WS_EVIDENCE_LIMIT);
    return WS_OK;
}
