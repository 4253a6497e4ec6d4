#include "cli/shard_making.h"

#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/stop_signal.h"

enum { TAKEN = 256 /* fingerprints that are handed on at once */ };

static enum ws_status take_fingerprints(void *user, const struct ws_fingerprint *found,
                                        size_t count, struct ws_error *err)
{
    struct shard_making *making = user;
    uint64_t values[TAKEN];
    for (size_t at = 0; at < count;) {
        size_t taken = 0;
        while (taken < TAKEN && at < count)
            values[taken++] = found[at++].value;
        WS_TRY(ws_shard_writer_add(&making->writer, values, taken, err));
    }
    return WS_OK;
}

enum ws_status shard_making_piece(void *making_, struct ws_bytes bytes, struct ws_error *err)
{
    struct shard_making *making = making_;
    if (*stop_signal_flag())
        return ws_fail(err, WS_INTERRUPTED, "stopped; nothing was written");
    making->bytes += bytes.size;
    return ws_fingerprinter_add(making->fingerprinter, bytes, err);
}

/* What has no canonical text is nobody's. */
enum ws_status shard_making_end(void *making_, struct ws_error *err)
{
    struct shard_making *making = making_;
    struct ws_document_print print;
    WS_TRY(ws_fingerprinter_end(making->fingerprinter, &print, err));
    if (print.counts.bytes == 0) {
        making->empty++;
        return WS_OK;
    }
    making->short_ones += print.fingerprints == 0;
    if (making->least_bytes == 0 || print.counts.bytes < making->least_bytes)
        making->least_bytes = print.counts.bytes;
    return ws_shard_writer_end(&making->writer, &print.digest, err);
}

/* The secret ------------------------------------------------------------------------------------
 */

static enum ws_status read_secret(const char *path, uint8_t out[WS_SHARD_SECRET_SIZE],
                                  struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_bytes bytes;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_file_read(path, 2 * WS_SHARD_SECRET_SIZE, &arena, &bytes, err);
    if (status == WS_OK && bytes.size != WS_SHARD_SECRET_SIZE)
        status = ws_fail(err, WS_INVALID, "'%.300s' has %zu bytes, wanted a secret of %d", path,
                         bytes.size, WS_SHARD_SECRET_SIZE);
    if (status == WS_OK)
        memcpy(out, bytes.data, WS_SHARD_SECRET_SIZE);
    ws_arena_release(&arena);
    return status;
}

/* The one that was given, or a new one beside the shard. */
static enum ws_status take_secret(const char *given, const char *path,
                                  uint8_t out[WS_SHARD_SECRET_SIZE], struct ws_error *err)
{
    if (given || ws_file_exists(path))
        return read_secret(path, out, err);
    if (getrandom(out, WS_SHARD_SECRET_SIZE, 0) != WS_SHARD_SECRET_SIZE)
        return ws_fail(err, WS_IO, "the system has no random numbers for a secret");
    return ws_file_create_private(path, ws_bytes_of(out, WS_SHARD_SECRET_SIZE), err);
}

/* NULL where there is no path. */
static enum ws_status read_key(const char *path, struct ws_arena *arena,
                               const struct ws_shard_key **out, struct ws_error *err)
{
    struct ws_shard_keys keys;
    if (path && !ws_file_exists(path))
        return ws_fail(err, WS_NOT_FOUND,
                       "no key '%.200s'; one is made by: (umask 077 && openssl rand -hex 32 >FILE)",
                       path);
    WS_TRY(ws_shard_keys_load(path, arena, &keys, err));
    if (keys.count > 1)
        return ws_fail(err, WS_INVALID, "'%.200s' has %zu keys, wanted the one of this shard", path,
                       keys.count);
    *out = keys.items;
    return WS_OK;
}

/* Making ----------------------------------------------------------------------------------------
 */

enum ws_status shard_making_open(struct shard_making *making, const char *out, const char *secret,
                                 const char *key, size_t memory, struct ws_arena *arena,
                                 struct ws_error *err)
{
    struct ws_shard_settings settings = {.scheme = WS_FINGERPRINT_ID, .memory = memory};
    *making = (struct shard_making){
        .out = out, .secret = secret ? secret : ws_arena_format(arena, "%s" WS_SHARD_SECRET, out)};
    if (!making->secret)
        return ws_fail_memory(err, "a shard");
    if (ws_file_exists(out))
        return ws_fail(err, WS_CONFLICT, "'%.300s' is there already, and shards never change", out);
    WS_TRY(read_key(key, arena, &settings.key, err));
    const bool is_there = ws_file_exists(making->secret);
    WS_TRY(take_secret(secret, making->secret, settings.secret, err));
    making->is_secret_new = !is_there;
    WS_TRY(ws_shard_writer_open(&making->writer, &settings, NULL, err));
    return ws_fingerprinter_open(NULL, take_fingerprints, making, &making->fingerprinter, err);
}

enum ws_status shard_making_keep(struct shard_making *making, struct ws_error *err)
{
    struct ws_shard_head head;
    if (making->writer.documents == 0)
        return ws_fail(err, WS_INVALID, "there is no document with text in what was given");
    return ws_shard_writer_keep(&making->writer, making->out, &head, err);
}

void shard_making_close(struct shard_making *making)
{
    if (making->is_secret_new && !ws_file_exists(making->out))
        (void)unlink(making->secret);
    ws_fingerprinter_close(making->fingerprinter);
    ws_shard_writer_close(&making->writer);
}
