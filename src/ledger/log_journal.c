/*
 * The journal of a log: entries that wait for the next checkpoint.
 */
#include <string.h>

#include "ledger/log_journal.h"

static const uint8_t MAGIC[8] = {'W', 'S', 'J', 'O', 'U', 'R', 'N', '1'};

void ws_journal_head(struct ws_buffer *out, uint64_t first)
{
    ws_buffer_append(out, MAGIC, sizeof MAGIC);
    ws_buffer_u64(out, first);
}

void ws_journal_append(struct ws_buffer *out, struct ws_bytes entry)
{
    struct ws_hash leaf;
    ws_merkle_leaf(entry, &leaf);
    ws_buffer_u32(out, (uint32_t)entry.size);
    ws_buffer_append(out, leaf.bytes, WS_HASH_SIZE);
    ws_buffer_append(out, entry.data, entry.size);
}

enum ws_status ws_journal_open(struct ws_bytes bytes, struct ws_journal *out, struct ws_error *err)
{
    if (bytes.size < WS_JOURNAL_HEAD || memcmp(bytes.data, MAGIC, sizeof MAGIC) != 0)
        return ws_fail(err, WS_CORRUPT, "no journal of a log: wanted 'WSJOURN1' and an index");
    *out = (struct ws_journal){
        .left = ws_bytes_of(bytes.data + WS_JOURNAL_HEAD, bytes.size - WS_JOURNAL_HEAD),
        .next = load64_le(bytes.data + sizeof MAGIC),
        .offset = WS_JOURNAL_HEAD,
    };
    return WS_OK;
}

bool ws_journal_next(struct ws_journal *journal, struct ws_bytes *entry, struct ws_hash *leaf)
{
    struct ws_hash found;
    struct ws_reader in;
    ws_reader_init(&in, journal->left);
    uint32_t size = ws_read_u32(&in);
    const uint8_t *hash = ws_read_bytes(&in, WS_HASH_SIZE);
    const uint8_t *data = ws_read_bytes(&in, size);
    if (!ws_reader_ok(&in) || size > WS_ENTRY_LIMIT || journal->next >= WS_MERKLE_SIZE_LIMIT)
        return false;
    *entry = ws_bytes_of(data, size);
    ws_merkle_leaf(*entry, &found);
    if (memcmp(found.bytes, hash, WS_HASH_SIZE) != 0)
        return false;
    *leaf = found;
    journal->left = ws_bytes_of(in.next, in.left);
    journal->next++;
    journal->offset += 4 + WS_HASH_SIZE + (uint64_t)size;
    return true;
}
