/*
 * The journal of a log: entries that wait for the next checkpoint.
 */
#include "ledger/log_journal.h"

#include <inttypes.h>
#include <string.h>

static const uint8_t MAGIC[8] = {'W', 'S', 'J', 'O', 'U', 'R', 'N', '2'};

static const uint32_t BEGINS = UINT32_C(1) << 31; /* beside the size of an entry */

void ws_journal_head(struct ws_buffer *out, uint64_t first)
{
    ws_buffer_append(out, MAGIC, sizeof MAGIC);
    ws_buffer_u64(out, first);
}

void ws_journal_append(struct ws_buffer *out, struct ws_bytes entry, bool begins)
{
    struct ws_hash leaf;
    ws_merkle_leaf(entry, &leaf);
    ws_buffer_u32(out, (uint32_t)entry.size | (begins ? BEGINS : 0));
    ws_buffer_append(out, leaf.bytes, WS_HASH_SIZE);
    ws_buffer_append(out, entry.data, entry.size);
}

enum ws_status ws_journal_open(struct ws_bytes bytes, struct ws_journal *out, struct ws_error *err)
{
    if (bytes.size < WS_JOURNAL_HEAD || memcmp(bytes.data, MAGIC, sizeof MAGIC) != 0)
        return ws_fail(err, WS_CORRUPT, "no journal of a log: wanted 'WSJOURN2' and an index");
    *out = (struct ws_journal){
        .left = ws_bytes_of(bytes.data + WS_JOURNAL_HEAD, bytes.size - WS_JOURNAL_HEAD),
        .next = load64_le(bytes.data + sizeof MAGIC),
        .offset = WS_JOURNAL_HEAD,
    };
    return WS_OK;
}

/* The entry at the beginning of the bytes, where it is whole. */
static bool read_entry(struct ws_reader *in, struct ws_bytes *entry, struct ws_hash *leaf,
                       bool *begins)
{
    const uint32_t size = ws_read_u32(in);
    const uint8_t *hash = ws_read_bytes(in, WS_HASH_SIZE);
    *begins = size & BEGINS;
    if (!hash || (size & ~BEGINS) > WS_ENTRY_LIMIT)
        return false;
    const uint8_t *data = ws_read_bytes(in, size & ~BEGINS);
    if (!ws_reader_ok(in))
        return false;
    *entry = ws_bytes_of(data, size & ~BEGINS);
    ws_merkle_leaf(*entry, leaf);
    return memcmp(leaf->bytes, hash, WS_HASH_SIZE) == 0;
}

bool ws_journal_next(struct ws_journal *journal, struct ws_bytes *entry, struct ws_hash *leaf)
{
    struct ws_reader in;
    bool begins;
    ws_reader_init(&in, journal->left);
    if (journal->next >= WS_MERKLE_SIZE_LIMIT || !read_entry(&in, entry, leaf, &begins))
        return false;
    journal->begins = begins;
    journal->left = ws_bytes_of(in.next, in.left);
    journal->next++;
    journal->offset += 4 + WS_HASH_SIZE + (uint64_t)entry->size;
    return true;
}

/* Where an entry ends is not known when its size may be what is damaged, so each byte is tried. */
enum ws_status ws_journal_check_end(const struct ws_journal *journal, struct ws_error *err)
{
    for (size_t at = 1; at < journal->left.size; at++) {
        struct ws_reader in;
        struct ws_bytes entry;
        struct ws_hash leaf;
        bool begins;
        ws_reader_init(&in, ws_bytes_of(journal->left.data + at, journal->left.size - at));
        if (read_entry(&in, &entry, &leaf, &begins) && begins)
            return ws_fail(err, WS_CORRUPT,
                           "its journal is damaged at byte %" PRIu64 ", at entry %" PRIu64
                           ", and has entries behind it, from byte %" PRIu64
                           " on, which were acknowledged",
                           journal->offset, journal->next, journal->offset + at);
    }
    return WS_OK;
}
