#include "ledger/shard.h"

#include <inttypes.h>
#include <stdio.h>

#include "ledger/shard_secret.h"

static enum ws_status open_files(struct ws_shard *shard, const char *path, struct ws_error *err)
{
    char name[PATH_MAX];
    (void)snprintf(name, sizeof name, "%s" WS_SHARD_TILES, path);
    WS_TRY(ws_range_file_open(&shard->tiles, name, &shard->head.range, err));
    (void)snprintf(name, sizeof name, "%s" WS_SHARD_DOCUMENTS, path);
    WS_TRY(ws_file_map(name, &shard->documents, err));
    if (shard->documents.bytes.size != shard->head.documents * WS_HASH_SIZE)
        return ws_fail(err, WS_CORRUPT,
                       "'%.300s' has %zu bytes, wanted 32 for each of %" PRIu64 " documents", name,
                       shard->documents.bytes.size, shard->head.documents);
    return WS_OK;
}

enum ws_status ws_shard_open_behind(struct ws_shard *shard, const char *path, struct ws_bytes head,
                                    struct ws_error *err)
{
    *shard = (struct ws_shard){.head = {.documents = 0}};
    if (strlen(path) > PATH_MAX - sizeof WS_SHARD_DOCUMENTS)
        return ws_fail(err, WS_INVALID, "'%.100s...': a path that is too long", path);
    enum ws_status status = ws_shard_head_read(head, &shard->head, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "'%.200s'", path);
        return status;
    }
    memcpy(shard->head_bytes, head.data, WS_SHARD_HEAD_SIZE);
    status = ws_hash_of(head, &shard->digest, err);
    if (status == WS_OK)
        status = open_files(shard, path, err);
    if (status != WS_OK)
        ws_shard_close(shard);
    return status;
}

enum ws_status ws_shard_open(struct ws_shard *shard, const char *path, struct ws_error *err)
{
    struct ws_mapped_file file;
    *shard = (struct ws_shard){.head = {.documents = 0}};
    WS_TRY(ws_file_map(path, &file, err));
    enum ws_status status = ws_shard_open_behind(shard, path, file.bytes, err);
    ws_file_unmap(&file);
    return status;
}

void ws_shard_close(struct ws_shard *shard)
{
    ws_range_file_close(&shard->tiles);
    ws_file_unmap(&shard->documents);
}

static void commitment_at(const struct ws_shard *shard, uint64_t number, struct ws_hash *out)
{
    memcpy(out->bytes, shard->documents.bytes.data + WS_HASH_SIZE * number, WS_HASH_SIZE);
}

enum ws_status ws_shard_verify(const struct ws_shard *shard, struct ws_error *err)
{
    struct ws_frontier frontier = {.size = 0};
    struct ws_hash hash;
    for (uint64_t i = 0; i < shard->head.documents; i++) {
        commitment_at(shard, i, &hash);
        ws_frontier_add(&frontier, &hash);
    }
    ws_frontier_root(&frontier, &hash);
    if (!ws_hash_equal(&hash, &shard->head.documents_root))
        return ws_fail(err, WS_CORRUPT, "the documents have another root than the head");
    return ws_range_file_verify(&shard->tiles, shard->head.documents, err);
}

enum ws_status ws_shard_prove(const struct ws_shard *shard, uint64_t key,
                              uint8_t way[WS_RANGE_WAY_LIMIT], struct ws_shard_proof *out,
                              struct ws_error *err)
{
    struct ws_shard_proof proof = {.head_bytes = ws_bytes_of(shard->head_bytes, WS_SHARD_HEAD_SIZE),
                                   .head = shard->head};
    WS_TRY(ws_range_file_prove(&shard->tiles, key, way, &proof.range, err));
    *out = proof;
    return WS_OK;
}

/* Openings ------------------------------------------------------------------------------------- */

static enum ws_status find_number(const struct ws_shard *shard,
                                  const uint8_t secret[WS_SHARD_SECRET_SIZE],
                                  struct ws_shard_opening *out, struct ws_error *err)
{
    for (uint64_t i = 0; i < shard->head.documents; i++) {
        struct ws_hash wanted, found;
        out->number = (uint32_t)i;
        WS_TRY(ws_shard_salt(secret, out->number, out->salt, err));
        ws_shard_commit(out->salt, &out->document, &wanted);
        commitment_at(shard, i, &found);
        if (ws_hash_equal(&wanted, &found))
            return WS_OK;
    }
    return ws_fail(err, WS_NOT_FOUND,
                   "none of the shard's %" PRIu64 " commitments is to this digest with this secret",
                   shard->head.documents);
}

/* The root of the 2^level commitments under a node: a commitment is opened rarely, so the tree
 * above them is not kept. */
static enum ws_status read_node(void *user, unsigned level, uint64_t index, struct ws_hash *out,
                                struct ws_error *err)
{
    const struct ws_shard *shard = user;
    struct ws_frontier frontier = {.size = 0};
    (void)err;
    for (uint64_t i = index << level; i < (index + 1) << level; i++) {
        struct ws_hash leaf;
        commitment_at(shard, i, &leaf);
        ws_frontier_add(&frontier, &leaf);
    }
    ws_frontier_root(&frontier, out);
    return WS_OK;
}

enum ws_status ws_shard_open_commitment(const struct ws_shard *shard,
                                        const uint8_t secret[WS_SHARD_SECRET_SIZE],
                                        const struct ws_hash *document,
                                        struct ws_shard_opening *out, struct ws_error *err)
{
    const struct ws_merkle_nodes nodes = {read_node, (void *)(uintptr_t)shard};
    struct ws_shard_opening opening = {.head_bytes =
                                           ws_bytes_of(shard->head_bytes, WS_SHARD_HEAD_SIZE),
                                       .head = shard->head,
                                       .document = *document};
    WS_TRY(find_number(shard, secret, &opening, err));
    WS_TRY(ws_merkle_prove_inclusion(&nodes, opening.number, shard->head.documents, &opening.way,
                                     err));
    *out = opening;
    return WS_OK;
}
