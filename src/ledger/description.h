/*
 * What people write of a batch of documents, in YAML, for a statement to be made of it: one mapping
 * of names to values, as docs/formats/statement.md lists them for each kind.
 *
 *     kind: model-emission
 *     model: example.com/storyteller
 *     weights: model.safetensors
 *     ...
 *     shards: [shard-0.bin, shard-1.bin]
 *
 * Reading is a pure function of bytes; the files that are named are hashed afterwards. Contract:
 * tests/unit/test_description.c, tests/fuzz/fuzz_description.c.
 */
#ifndef WS_LEDGER_DESCRIPTION_H
#define WS_LEDGER_DESCRIPTION_H

#include "base/option.h"
#include "ledger/statement.h"

struct ws_description {
    struct ws_statement statement; /* digests of files and of what is withdrawn are not set yet */
    const char *weights; /* the file of an emission's weights; NULL: their digest is set */
};

/* `name` starts messages: "batch.yaml:3: ...". WS_INVALID for every fault of the text; names of
 * shards lead nowhere above the description. What is read lives in the arena. */
WS_MUST_CHECK enum ws_status ws_description_read(struct ws_bytes text, const char *name,
                                                 struct ws_arena *arena, struct ws_description *out,
                                                 struct ws_error *err);

/* Sets the digests of the files that it names, which lie in `directory`. WS_CORRUPT where one that
 * is to be a shard or an index does not begin as one. */
WS_MUST_CHECK enum ws_status ws_description_hash(struct ws_description *description,
                                                 const char *directory, struct ws_arena *arena,
                                                 struct ws_error *err);

/* Sets the digest of what a withdrawal takes back: the entry's bytes, as they are in the log. */
WS_MUST_CHECK enum ws_status ws_description_withdraw(struct ws_description *description,
                                                     struct ws_bytes entry, struct ws_error *err);

/* What can be said in a description of a kind, for help. */
const struct ws_option_table *ws_description_table(enum ws_statement_kind kind);

#endif
