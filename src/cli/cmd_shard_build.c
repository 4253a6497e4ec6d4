/*
 * wellspring shard build: documents become a shard.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"
#include "cli/document_source.h"
#include "cli/shard_command.h"
#include "cli/shard_making.h"
#include "cli/stop_signal.h"

enum { MEMORY_MOST = 1 << 20 /* MiB */ };

struct build_request {
    const char *out, *secret, *key, *field, *memory;
    bool json;
};

static enum ws_status print_built(const struct build_request *request,
                                  const struct shard_making *making, struct ws_error *err)
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
                      "bytes", (json_int_t)making->bytes, "without_text", (json_int_t)making->empty,
                      "without_fingerprints", (json_int_t)making->short_ones, "secret",
                      ws_json_path(making->secret)),
            "the answer", err);
    (void)printf("'%s': %" PRIu64 " fingerprints of %" PRIu64 " documents, in %" PRIu64
                 " tiles; digest %s.\n",
                 request->out, head.range.pairs, head.documents, UINT64_C(1) << head.range.bits,
                 digest);
    if (making->short_ones > 0)
        (void)printf("%" PRIu64 " documents have fewer than %d bytes of canonical text and no "
                     "fingerprints: only whole they are found.\n",
                     making->short_ones, WS_FINGERPRINT_GRAM);
    if (making->empty > 0)
        (void)printf("%" PRIu64 " documents have no text and are left out.\n", making->empty);
    (void)printf("Keep '%s', and publish the other files.\n", making->secret);
    if (request->key)
        (void)printf("The key in '%s' is for those who shall look up, and is not published.\n",
                     request->key);
    begin_command(stdout, "Next: name it under 'shards' in a description, and\n ");
    print_words("ledger add LOG DESCRIPTION --issuer KEY");
    end_command(NULL);
    return WS_OK;
}

static enum ws_status read_documents(const struct build_request *request,
                                     const struct arguments *arguments, struct shard_making *making,
                                     struct ws_error *err)
{
    const struct document_sink sink = {shard_making_piece, shard_making_end, making};
    for (size_t i = 0; i < arguments->positional_count; i++)
        WS_TRY(documents_read(arguments->positional[i], request->field, &sink, err));
    return shard_making_keep(making, err);
}

static enum ws_status build(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct build_request *request = context;
    struct shard_making making;
    struct ws_arena arena;
    uint64_t memory = 0;
    if (!request->out)
        return ws_fail(err, WS_INVALID, "build: where does the shard go? --out FILE");
    if (request->memory &&
        (!ws_whole_parse(request->memory, &memory) || memory == 0 || memory > MEMORY_MOST))
        return ws_fail(err, WS_INVALID, "--memory is '%.40s', wanted MiB, 1 to %d", request->memory,
                       MEMORY_MOST);
    stop_signal_take();
    ws_arena_init(&arena, NULL);
    enum ws_status status = shard_making_open(&making, request->out, request->secret, request->key,
                                              (size_t)memory << 20, &arena, err);
    if (status == WS_OK)
        status = read_documents(request, arguments, &making, err);
    shard_making_close(&making);
    if (status == WS_OK)
        status = print_built(request, &making, err);
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
        {"key", 0, "FILE", "64 hex digits: fingerprints only for who has the key", NULL,
         &request.key},
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
            "that is public, or\nunder a --key: who can guess a text can ask for it.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "build: of which documents?",
    };
    return command_of_one(&line, argc, argv, build, &request);
}
