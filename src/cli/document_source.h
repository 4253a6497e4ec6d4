/*
 * Documents that a command is given: a file is one, a line of JSON lines (.jsonl, also .gz and
 * .zst) is one, and a directory is all files below it, in order of their paths, without hidden
 * ones. They come in pieces, so that one may be larger than memory. Contract: tests/cli/shard.sh.
 */
#ifndef WS_CLI_DOCUMENT_SOURCE_H
#define WS_CLI_DOCUMENT_SOURCE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

struct document_sink {
    enum ws_status (*piece)(void *user, struct ws_bytes bytes, struct ws_error *err);
    enum ws_status (*end)(void *user, struct ws_error *err); /* of a document */
    void *user;
};

/* `field` is the member of a JSON line that holds the text. WS_NOT_FOUND, WS_CORRUPT (no JSON, no
 * such member), WS_IO, and what the sink fails with. */
WS_MUST_CHECK enum ws_status documents_read(const char *path, const char *field,
                                            const struct document_sink *sink, struct ws_error *err);

#endif
