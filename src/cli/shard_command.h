/*
 * The commands on shards and indices: "wellspring shard build" is cmd_shard_build, and what they
 * share.
 */
#ifndef WS_CLI_SHARD_COMMAND_H
#define WS_CLI_SHARD_COMMAND_H

#include "cli/command.h"
#include "ledger/range_index.h"
#include "ledger/shard_key.h"

/* clang-format off */
#define WS_SHARD_COMMANDS(X)                                                            \
    X(build,  "make a shard of documents: their fingerprints, and commitments to them") \
    X(verify, "look at every byte of shards, or check a proof")                         \
    X(prove,  "write a proof that a fingerprint is there or is not, or open a commitment") \
    X(show,   "what a shard's head says")                                                \
    X(fetch,  "get the live shards that a log names from its site, and verify them")
#define WS_INDEX_COMMANDS(X)                                                            \
    X(build,  "merge all live shards that a log names")                                 \
    X(verify, "look at every byte of an index, build it anew and compare, or check a proof") \
    X(prove,  "write a proof of what all shards have under a fingerprint's prefix")
/* clang-format on */

#define X(name, summary) int cmd_shard_##name(int argc, char **argv);
WS_SHARD_COMMANDS(X)
#undef X
#define X(name, summary) int cmd_index_##name(int argc, char **argv);
WS_INDEX_COMMANDS(X)
#undef X

/* 16 hex digits that `flag` has. */
WS_MUST_CHECK enum ws_status read_fingerprint(const char *flag, const char *text, uint64_t *out,
                                              struct ws_error *err);
/* 64 hex digits that `flag` has. */
WS_MUST_CHECK enum ws_status read_digest(const char *flag, const char *text, struct ws_hash *out,
                                         struct ws_error *err);

/* What stands in a shard of this scheme for a fingerprint: itself, or what becomes of it under the
 * shard's key, which is in the file `keys`. WS_INVALID where it is not. */
WS_MUST_CHECK enum ws_status find_stored(const char *scheme, const char *keys, uint64_t fingerprint,
                                         uint64_t *out, struct ws_error *err);

/* Whether the file begins with these eight bytes. */
bool begins_with(const char *path, const char *magic);

/* The largest file of a proof that is read: its tile has at most WS_RANGE_TILE_LIMIT pairs. */
enum { PROOF_FILE_LIMIT = 1 << 26 };

/* Says of a proven tile whether a fingerprint, as it is `stored`, is there, with its numbers: `of`
 * is what these are, "document" or "shard". As JSON where `json` is set. */
WS_MUST_CHECK enum ws_status print_finding(const struct ws_range_tile *tile, uint64_t fingerprint,
                                           uint64_t stored, const char *of, bool json,
                                           struct ws_error *err);

#endif
