/*
 * Shards over HTTP, beside the log that names them: docs/formats/shard.md says what is asked for
 * and answered. A mirror fetches those that it lacks; what comes is not believed, and a shard is
 * there only when every byte of it is what its digest says. Contract: tests/cli/serve_shards.sh.
 */
#ifndef WS_LEDGER_SHARD_SITE_H
#define WS_LEDGER_SHARD_SITE_H

#include "base/http_client.h"
#include "ledger/shard.h"

enum { WS_SHARD_PART = 1 << 20 /* bytes of a file that are asked for at once */ };

/* So many parts has a file. */
static inline uint64_t ws_shard_parts(uint64_t size)
{
    return (size + WS_SHARD_PART - 1) / WS_SHARD_PART;
}

struct ws_shard_fetching {
    struct ws_http_client *client; /* whose answers may have WS_SHARD_PART bytes */
    const char *site;              /* "http://..." or "https://..." */
    uint64_t bytes;                /* of all files of a shard, at most */
    double seconds;                /* for a shard, at most */
};

/* Fetches the shard with this digest to `path`, its head last. WS_NOT_FOUND: the site does not have
 * it, or any more; WS_LIMIT: it is larger, or takes longer, than is allowed; WS_CORRUPT: what came
 * is not what the digest says. A failure leaves no head. */
WS_MUST_CHECK enum ws_status ws_shard_fetch(const struct ws_shard_fetching *fetching,
                                            const struct ws_hash *digest, const char *path,
                                            struct ws_error *err);

#endif
