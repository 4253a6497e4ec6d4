/*
 * wellspring shard build: documents become a shard.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/number.h"
#include "cli/document_source.h"
#include "cli/shard_command.h"
#include "cli/stop_signal.h"
#include "fingerprint/fingerprint.h"
#include "ledger/shard_writer.h"

enum { TAKEN = 256 /* fingerprints that are handed on at once */, MEMORY_MOST = 1 << 20 };

struct build_request {
    const char *out, *secret, *field, *memory;
    bool json;
};

/* A shard that is being made. */
struct building {
    struct ws_shard_writer writer;
    struct ws_fingerprinter *fingerprinter;
    uint64_t bytes, empty, short_ones; /* documents without canonical text; without fingerprints */
};

static enum ws_status take_fingerprints(void *user, const struct ws_fingerprint *found,
                                        size_t count, struct ws_error *err)
{
    struct building *building = user;
    uint64_t values[TAKEN];
    for (size_t at = 0; at < count;) {
        size_t taken = 0;
        while (taken < TAKEN && at < count)
            values[taken++] = found[at++].value;
        WS_TRY(ws_shard_writer_add(&building->writer, values, taken, err));
    }
    return WS_OK;
}

static enum ws_status take_piece(void *user, struct ws_bytes bytes, struct ws_error *err)
{
    struct building *building = user;
    if (*stop_signal_flag())
        return ws_fail(err, WS_INTERRUPTED, "stopped; nothing was written");
    building->bytes += bytes.size;
    return ws_fingerprinter_add(building->fingerprinter, bytes, err);
}

/* What has no canonical text is nobody's. */
static enum ws_status end_document(void *user, struct ws_error *err)
{
    struct building *building = user;
    struct ws_document_print print;
    WS_TRY(ws_fingerprinter_end(building->fingerprinter, &print, err));
    if (print.counts.bytes == 0) {
        building->empty++;
        return WS_OK;
    }
    building->short_ones += print.fingerprints == 0;
    return ws_shard_writer_end(&building->writer, &print.digest, err);
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
static enum ws_status take_secret(const struct build_request *request, struct ws_arena *arena,
                                  uint8_t out[WS_SHARD_SECRET_SIZE], const char **path,
                                  struct ws_error *err)
{
    *path = request->secret ? request->secret
                            : ws_arena_format(arena, "%s" WS_SHARD_SECRET, request->out);
    if (!*path)
        return ws_fail_memory(err, "a shard");
    if (request->secret || ws_file_exists(*path))
        return read_secret(*path, out, err);
    if (getrandom(out, WS_SHARD_SECRET_SIZE, 0) != WS_SHARD_SECRET_SIZE)
        return ws_fail(err, WS_IO, "the system has no random numbers for a secret");
    return ws_file_create_private(*path, ws_bytes_of(out, WS_SHARD_SECRET_SIZE), err);
}

/* Making ----------------------------------------------------------------------------------------
 */

static enum ws_status read_documents(const struct build_request *request,
                                     const struct arguments *arguments, struct building *building,
                                     struct ws_error *err)
{
    const struct document_sink sink = {take_piece, end_document, building};
    for (size_t i = 0; i < arguments->positional_count; i++)
        WS_TRY(documents_read(arguments->positional[i], request->field, &sink, err));
    if (building->writer.documents == 0)
        return ws_fail(err, WS_INVALID, "there is no document with text in what was given");
    return WS_OK;
}

static enum ws_status print_built(const struct build_request *request,
                                  const struct building *building, const char *secret,
                                  struct ws_error *err)
{
    struct ws_shard shard;
    char digest[WS_HASH_TEXT_SIZE];
    WS_TRY(ws_shard_open(&shard, request->out, err));
    const struct ws_shard_head head = shard.head;
    ws_hash_text(&shard.digest, digest);
    ws_shard_close(&shard);
    if (request->json)
        return print_json(
            json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "shard",
                      ws_json_path(request->out), "digest", digest, "scheme", head.scheme,
                      "documents", (json_int_t)head.documents, "fingerprints",
                      (json_int_t)head.range.pairs, "tiles", (json_int_t)1 << head.range.bits,
                      "bytes", (json_int_t)building->bytes, "without_text",
                      (json_int_t)building->empty, "without_fingerprints",
                      (json_int_t)building->short_ones, "secret", ws_json_path(secret)),
            "the answer", err);
    (void)printf("'%s': %" PRIu64 " fingerprints of %" PRIu64 " documents, in %" PRIu64
                 " tiles; digest %s.\n",
                 request->out, head.range.pairs, head.documents, UINT64_C(1) << head.range.bits,
                 digest);
    if (building->short_ones > 0)
        (void)printf("%" PRIu64 " documents have fewer than %d bytes of canonical text and no "
                     "fingerprints: only whole they are found.\n",
                     building->short_ones, WS_FINGERPRINT_GRAM);
    if (building->empty > 0)
        (void)printf("%" PRIu64 " documents have no text and are left out.\n", building->empty);
    (void)printf("Keep '%s', and publish the other files. Next: name it under 'shards' in a "
                 "description, and\n  wellspring ledger add LOG DESCRIPTION --issuer KEY\n",
                 secret);
    return WS_OK;
}

static enum ws_status build_with(const struct build_request *request,
                                 const struct arguments *arguments,
                                 const struct ws_shard_settings *settings, const char *secret,
                                 struct ws_error *err)
{
    struct building building = {.bytes = 0};
    struct ws_shard_head head;
    stop_signal_take();
    enum ws_status status = ws_shard_writer_open(&building.writer, settings, NULL, err);
    if (status == WS_OK)
        status =
            ws_fingerprinter_open(NULL, take_fingerprints, &building, &building.fingerprinter, err);
    if (status == WS_OK)
        status = read_documents(request, arguments, &building, err);
    if (status == WS_OK)
        status = ws_shard_writer_keep(&building.writer, request->out, &head, err);
    ws_fingerprinter_close(building.fingerprinter);
    ws_shard_writer_close(&building.writer);
    return status == WS_OK ? print_built(request, &building, secret, err) : status;
}

static enum ws_status build(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct build_request *request = context;
    struct ws_shard_settings settings = {.scheme = WS_FINGERPRINT_ID};
    const char *secret;
    uint64_t memory = 0;
    if (!request->out)
        return ws_fail(err, WS_INVALID, "build: where does the shard go? --out FILE");
    if (request->memory &&
        (!ws_whole_parse(request->memory, &memory) || memory == 0 || memory > MEMORY_MOST))
        return ws_fail(err, WS_INVALID, "--memory is '%.40s', wanted MiB, 1 to %d", request->memory,
                       MEMORY_MOST);
    settings.memory = (size_t)memory << 20;
    if (ws_file_exists(request->out))
        return ws_fail(err, WS_CONFLICT, "'%.300s' is there already, and shards never change",
                       request->out);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = take_secret(request, &arena, settings.secret, &secret, err);
    if (status == WS_OK)
        status = build_with(request, arguments, &settings, secret, err);
    ws_arena_release(&arena);
    return status;
}

int cmd_shard_build(int argc, char **argv)
{
    struct build_request request = {.field = "text"};
    const struct flag table[] = {
        {"out", 'o', "FILE", "the shard's head; its other files have longer names", NULL,
         &request.out},
        {"secret", 0, "FILE", "what order and commitments are made of (default FILE.secret, new)",
         NULL, &request.secret},
        {"field", 0, "NAME", "the member of a JSON line that is the text (default text)", NULL,
         &request.field},
        {"memory", 0, "MIB", "what may be sorted at once (default 512)", NULL, &request.memory},
        {"json", 0, NULL, "what was made as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "shard build DOCUMENTS... --out FILE [options]",
        .about =
            "Makes a shard of documents. A file is one, a line of JSON lines (.jsonl, .gz, "
            ".zst) is one, and a\ndirectory is all files below it. The same documents in the "
            "same order with the same secret give\nthe same shard. Publish shards only of text "
            "that is public: who can guess a text can ask for it.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "build: of which documents?",
    };
    return command_of_one(&line, argc, argv, build, &request);
}
