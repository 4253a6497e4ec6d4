/*
 * The index of a log: one range over all live shards that its first n entries name, of fingerprint
 * and shard. A shard proves absence from itself; the index proves it for all that it lists.
 *
 *     <name>        the head: its SHA-256 is what a statement says of the index
 *     <name>.list   a text: which log, how many entries, which shards are in and which are not
 *     <name>.tiles  a range (ledger/range_tile.h) of fingerprint and the number of a live shard
 *
 * The same entries, roles and shards give the same bytes, so anybody who has them can rebuild the
 * index and compare. docs/formats/index.md has the bytes. Contract: tests/unit/test_range_index.c,
 * tests/fuzz/fuzz_index.c.
 */
#ifndef WS_LEDGER_RANGE_INDEX_H
#define WS_LEDGER_RANGE_INDEX_H

#include "ledger/log_checkpoint.h"
#include "ledger/shard.h"

enum { WS_INDEX_HEAD_SIZE = 96, WS_INDEX_LIST_LIMIT = 1 << 26 };
#define WS_INDEX_TILES ".tiles"
#define WS_INDEX_LIST  ".list"

/* clang-format off */
/*    name          word           why a shard is in the index, or is not */
#define WS_INDEX_STATE_MAP(X)                                                                      \
    X(LIVE,         "live")        /* it is in it */                                               \
    X(UNAVAILABLE,  "unavailable") /* whoever builds the index could not get it */                 \
    X(DAMAGED,      "damaged")     /* what he got is not what its statement says */                \
    X(FOREIGN,      "foreign")     /* it has another scheme of fingerprints than the index */      \
    X(KEYED,        "keyed")       /* it is sound, and its fingerprints are under a key */         \
    X(REPEATED,     "repeated")    /* an earlier statement named it: there it is listed */         \
    X(WITHDRAWN,    "withdrawn")   /* its statement was taken back, or its key was stolen */       \
    X(UNFOUNDED,    "unfounded")   /* its statement does not count by the roles */
/* clang-format on */
enum ws_index_state {
#define X(name, word) WS_INDEX_##name,
    WS_INDEX_STATE_MAP(X)
#undef X
        WS_INDEX_STATES
};
const char *ws_index_state_word(enum ws_index_state state);

struct ws_index_shard {
    enum ws_index_state state;
    uint64_t entry;        /* whose statement names it */
    uint32_t subject;      /* which of its subjects, from 0 */
    struct ws_hash digest; /* of its head */
    uint64_t withdrawn_at; /* of what is withdrawn: the entry that says so */
};

struct ws_index_list {
    struct ws_checkpoint log; /* origin, n, and the root of the first n entries */
    char scheme[WS_SHARD_SCHEME_LIMIT + 1];
    bool has_roles;
    struct ws_hash roles;          /* SHA-256 of the file by which statements were judged */
    struct ws_index_shard *shards; /* in the order of entry and subject */
    size_t shard_count;
};

/* The text of a list. WS_CORRUPT where it is none. What is read lives in the arena. */
WS_MUST_CHECK enum ws_status ws_index_list_read(struct ws_bytes text, struct ws_arena *arena,
                                                struct ws_index_list *out, struct ws_error *err);
void ws_index_list_append(struct ws_buffer *out, const struct ws_index_list *list);
/* The shard with this number in the index's tiles; NULL where the list has none. */
const struct ws_index_shard *ws_index_list_live(const struct ws_index_list *list, uint32_t number);
size_t ws_index_list_live_count(const struct ws_index_list *list);
/* Whether statements were judged by the roles of this digest: by others, or none, it says nothing
 * of what a reader who has these would count. */
bool ws_index_list_is_by(const struct ws_index_list *list, const struct ws_hash *roles);

struct ws_index_head {
    struct ws_hash list;   /* SHA-256 of the list; its beginning is the range's id */
    uint64_t entries;      /* n */
    struct ws_range range; /* numbers are those of live shards, in the order of the list */
};
WS_MUST_CHECK enum ws_status ws_index_head_read(struct ws_bytes bytes, struct ws_index_head *out,
                                                struct ws_error *err);
void ws_index_head_append(struct ws_buffer *out, const struct ws_index_head *head);

/* All that an index has under one prefix, to be checked with the list and without the index. */
struct ws_index_proof {
    struct ws_bytes head_bytes;
    struct ws_index_head head;
    struct ws_range_proof range;
};
WS_MUST_CHECK enum ws_status ws_index_proof_read(struct ws_bytes bytes, struct ws_index_proof *out,
                                                 struct ws_error *err);
void ws_index_proof_append(struct ws_buffer *out, const struct ws_index_proof *proof);
/* As ws_shard_proof_check; the digest is that of the head, which a statement says. */
WS_MUST_CHECK enum ws_status ws_index_proof_check(const struct ws_index_proof *proof,
                                                  const struct ws_hash *digest, uint64_t key,
                                                  struct ws_range_tile *out, struct ws_error *err);

/* Reading ------------------------------------------------------------------------------------ */

struct ws_index {
    struct ws_hash digest;
    uint8_t head_bytes[WS_INDEX_HEAD_SIZE];
    struct ws_index_head head;
    struct ws_index_list list;
    struct ws_range_file tiles;
};
/* The list lives in the arena. WS_CORRUPT where the list is not the head's, or sizes contradict. */
WS_MUST_CHECK enum ws_status ws_index_open(struct ws_index *index, const char *path,
                                           struct ws_arena *arena, struct ws_error *err);
void ws_index_close(struct ws_index *index);
WS_MUST_CHECK enum ws_status ws_index_verify(const struct ws_index *index, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_index_prove(const struct ws_index *index, uint64_t key,
                                            uint8_t way[WS_RANGE_WAY_LIMIT],
                                            struct ws_index_proof *out, struct ws_error *err);

/* Building ----------------------------------------------------------------------------------- */

/* Merges the live shards of the list, which are at shards[i] in the list's order and were verified,
 * and writes the index's files, the head last. WS_CONFLICT where there is a head already. */
WS_MUST_CHECK enum ws_status ws_index_write(const char *path, const struct ws_index_list *list,
                                            const struct ws_shard *const shards[],
                                            const struct ws_allocator *allocator,
                                            struct ws_index_head *out, struct ws_error *err);

#endif
