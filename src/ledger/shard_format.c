/*
 * The bytes of heads and proofs.
 */
#include <inttypes.h>

#include "ledger/shard.h"

enum { MAGIC_SIZE = 8, SCHEME_SIZE = WS_SHARD_SCHEME_LIMIT + 1 };
static const char HEAD_MAGIC[] = "WSSHARD1", PROOF_MAGIC[] = "WSSPROF1",
                  OPENING_MAGIC[] = "WSSOPEN2";
/* So that sizes of files are numbers of 64 bits. */
#define PAIR_LIMIT (UINT64_C(1) << 56)

/* 1 to 63 printable bytes, then zeros. */
static bool read_scheme(const uint8_t *bytes, char out[SCHEME_SIZE])
{
    size_t size = 0;
    while (size < SCHEME_SIZE && bytes[size] > ' ' && bytes[size] < 0x7f)
        size++;
    for (size_t i = size; i < SCHEME_SIZE; i++)
        if (bytes[i] != 0)
            return false;
    memcpy(out, bytes, SCHEME_SIZE);
    return size > 0 && size < SCHEME_SIZE;
}

enum ws_status ws_shard_head_read(struct ws_bytes bytes, struct ws_shard_head *out,
                                  struct ws_error *err)
{
    struct ws_reader reader;
    if (bytes.size != WS_SHARD_HEAD_SIZE || memcmp(bytes.data, HEAD_MAGIC, MAGIC_SIZE - 1) != 0)
        return ws_fail(err, WS_CORRUPT,
                       "no head of a shard: %zu bytes, wanted %d that begin with 'WSSHARD1'",
                       bytes.size, WS_SHARD_HEAD_SIZE);
    if (bytes.data[MAGIC_SIZE - 1] != '1')
        return ws_fail(err, WS_UNSUPPORTED,
                       "a shard of another version: wanted 'WSSHARD1' and no other");
    ws_reader_init(&reader, ws_bytes_of(bytes.data + MAGIC_SIZE, bytes.size - MAGIC_SIZE));
    struct ws_shard_head head;
    memcpy(head.range.id, ws_read_bytes(&reader, WS_RANGE_ID_SIZE), WS_RANGE_ID_SIZE);
    if (!read_scheme(ws_read_bytes(&reader, SCHEME_SIZE), head.scheme))
        return ws_fail(err, WS_CORRUPT,
                       "a shard's scheme is not 1 to 63 printable bytes and zeros behind them");
    head.range.pairs = ws_read_u64(&reader);
    head.documents = ws_read_u64(&reader);
    const uint64_t bits = ws_read_u64(&reader);
    if (head.range.pairs >= PAIR_LIMIT || head.documents > WS_SHARD_DOCUMENT_LIMIT ||
        bits > WS_RANGE_BITS_LIMIT)
        return ws_fail(err, WS_CORRUPT,
                       "a shard of %" PRIu64 " pairs, %" PRIu64 " documents and %" PRIu64
                       " bits, wanted less than 2^56, less than 2^32 and at most %d",
                       head.range.pairs, head.documents, bits, WS_RANGE_BITS_LIMIT);
    head.range.bits = (unsigned)bits;
    memcpy(head.range.root.bytes, ws_read_bytes(&reader, WS_HASH_SIZE), WS_HASH_SIZE);
    memcpy(head.documents_root.bytes, ws_read_bytes(&reader, WS_HASH_SIZE), WS_HASH_SIZE);
    *out = head;
    return WS_OK;
}

void ws_shard_head_append(struct ws_buffer *out, const struct ws_shard_head *head)
{
    char scheme[SCHEME_SIZE] = {0};
    memcpy(scheme, head->scheme, strlen(head->scheme));
    ws_buffer_append(out, HEAD_MAGIC, MAGIC_SIZE);
    ws_buffer_append(out, head->range.id, WS_RANGE_ID_SIZE);
    ws_buffer_append(out, scheme, SCHEME_SIZE);
    ws_buffer_u64(out, head->range.pairs);
    ws_buffer_u64(out, head->documents);
    ws_buffer_u64(out, head->range.bits);
    ws_buffer_append(out, head->range.root.bytes, WS_HASH_SIZE);
    ws_buffer_append(out, head->documents_root.bytes, WS_HASH_SIZE);
}

enum ws_status ws_shard_proof_read(struct ws_bytes bytes, struct ws_shard_proof *out,
                                   struct ws_error *err)
{
    struct ws_reader reader;
    struct ws_shard_proof proof;
    ws_reader_init(&reader, bytes);
    const uint8_t *magic = ws_read_bytes(&reader, MAGIC_SIZE);
    if (!magic || memcmp(magic, PROOF_MAGIC, MAGIC_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "no proof of a shard: wanted 'WSSPROF1' at its beginning");
    proof.head_bytes = ws_bytes_of(ws_read_bytes(&reader, WS_SHARD_HEAD_SIZE), WS_SHARD_HEAD_SIZE);
    if (!ws_reader_ok(&reader))
        return ws_fail(err, WS_CORRUPT, "a proof of a shard that ends in its head");
    WS_TRY(ws_shard_head_read(proof.head_bytes, &proof.head, err));
    proof.range.way = ws_read_bytes(&reader, (size_t)proof.head.range.bits * WS_HASH_SIZE);
    proof.range.tile = ws_bytes_of(reader.next, reader.left);
    if (!ws_reader_ok(&reader))
        return ws_fail(err, WS_CORRUPT, "a proof of a shard that ends before its tile: %zu bytes",
                       bytes.size);
    *out = proof;
    return WS_OK;
}

void ws_shard_proof_append(struct ws_buffer *out, const struct ws_shard_proof *proof)
{
    ws_buffer_append(out, PROOF_MAGIC, MAGIC_SIZE);
    ws_buffer_append(out, proof->head_bytes.data, proof->head_bytes.size);
    ws_buffer_append(out, proof->range.way, (size_t)proof->head.range.bits * WS_HASH_SIZE);
    ws_buffer_append(out, proof->range.tile.data, proof->range.tile.size);
}

enum ws_status ws_shard_proof_check(const struct ws_shard_proof *proof,
                                    const struct ws_hash *digest, uint64_t key,
                                    struct ws_range_tile *out, struct ws_error *err)
{
    struct ws_hash own;
    WS_TRY(ws_hash_of(proof->head_bytes, &own, err));
    if (!ws_hash_equal(&own, digest))
        return ws_fail(err, WS_CORRUPT, "a proof of another shard: its head has another SHA-256");
    return ws_range_check(&proof->head.range, ws_range_tile_of(key, proof->head.range.bits),
                          &proof->range, out, err);
}

void ws_shard_commit(const uint8_t salt[WS_SHARD_SALT_SIZE], const struct ws_hash *digest,
                     struct ws_hash *out)
{
    uint8_t message[WS_SHARD_SALT_SIZE + WS_HASH_SIZE];
    memcpy(message, salt, WS_SHARD_SALT_SIZE);
    memcpy(message + WS_SHARD_SALT_SIZE, digest->bytes, WS_HASH_SIZE);
    ws_merkle_leaf(ws_bytes_of(message, sizeof message), out);
}

static enum ws_status read_way(struct ws_reader *reader, struct ws_merkle_proof *out,
                               struct ws_error *err)
{
    const size_t count = ws_read_u32(reader);
    if (ws_reader_ok(reader) && count >= WS_MERKLE_PROOF_LIMIT)
        return ws_fail(err, WS_CORRUPT, "an opening with %zu hashes, wanted at most %d", count,
                       WS_MERKLE_PROOF_LIMIT - 1);
    for (out->count = 0; out->count < count; out->count++) {
        const uint8_t *hash = ws_read_bytes(reader, WS_HASH_SIZE);
        if (!hash)
            return WS_OK; /* the reader says so */
        memcpy(out->hashes[out->count].bytes, hash, WS_HASH_SIZE);
    }
    return WS_OK;
}

enum ws_status ws_shard_opening_read(struct ws_bytes bytes, struct ws_shard_opening *out,
                                     struct ws_error *err)
{
    struct ws_reader reader;
    struct ws_shard_opening opening = {.number = 0};
    ws_reader_init(&reader, bytes);
    const uint8_t *magic = ws_read_bytes(&reader, MAGIC_SIZE);
    if (!magic || memcmp(magic, OPENING_MAGIC, MAGIC_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT,
                       "no opening of a commitment: wanted 'WSSOPEN2' at its beginning");
    opening.head_bytes =
        ws_bytes_of(ws_read_bytes(&reader, WS_SHARD_HEAD_SIZE), WS_SHARD_HEAD_SIZE);
    opening.number = ws_read_u32(&reader);
    const uint8_t *salt = ws_read_bytes(&reader, WS_SHARD_SALT_SIZE);
    const uint8_t *document = ws_read_bytes(&reader, WS_HASH_SIZE);
    WS_TRY(read_way(&reader, &opening.way, err));
    if (!ws_reader_ok(&reader))
        return ws_fail(err, WS_CORRUPT, "an opening that ends before its hashes do: %zu bytes",
                       bytes.size);
    opening.text = ws_bytes_of(reader.next, reader.left);
    if (opening.text.size > WS_SHARD_TEXT_LIMIT)
        return ws_fail(err, WS_LIMIT, "an opening with a text of %zu bytes, at most %d are read",
                       opening.text.size, WS_SHARD_TEXT_LIMIT);
    WS_TRY(ws_shard_head_read(opening.head_bytes, &opening.head, err));
    memcpy(opening.salt, salt, WS_SHARD_SALT_SIZE);
    memcpy(opening.document.bytes, document, WS_HASH_SIZE);
    *out = opening;
    return WS_OK;
}

void ws_shard_opening_append(struct ws_buffer *out, const struct ws_shard_opening *opening)
{
    ws_buffer_append(out, OPENING_MAGIC, MAGIC_SIZE);
    ws_buffer_append(out, opening->head_bytes.data, opening->head_bytes.size);
    ws_buffer_u32(out, opening->number);
    ws_buffer_append(out, opening->salt, WS_SHARD_SALT_SIZE);
    ws_buffer_append(out, opening->document.bytes, WS_HASH_SIZE);
    ws_buffer_u32(out, (uint32_t)opening->way.count);
    for (size_t i = 0; i < opening->way.count; i++)
        ws_buffer_append(out, opening->way.hashes[i].bytes, WS_HASH_SIZE);
    ws_buffer_append(out, opening->text.data, opening->text.size);
}

enum ws_status ws_shard_opening_check(const struct ws_shard_opening *opening,
                                      const struct ws_hash *digest, struct ws_error *err)
{
    struct ws_hash own, leaf;
    WS_TRY(ws_hash_of(opening->head_bytes, &own, err));
    if (!ws_hash_equal(&own, digest))
        return ws_fail(err, WS_CORRUPT,
                       "an opening of another shard: its head has another SHA-256");
    ws_shard_commit(opening->salt, &opening->document, &leaf);
    if (ws_merkle_check_inclusion(opening->number, opening->head.documents, &leaf, &opening->way,
                                  &opening->head.documents_root, NULL) != WS_OK)
        return ws_fail(err, WS_CORRUPT,
                       "not proven: that document %" PRIu32 " of this shard has this digest",
                       opening->number);
    return WS_OK;
}
