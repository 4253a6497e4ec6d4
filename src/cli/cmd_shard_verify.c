/*
 * wellspring shard verify: every byte of shards, or what proves something without its shard.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/shard_command.h"
#include "ledger/query.h"

struct verify_request {
    const char *digest, *fingerprint, *keys;
    bool json;
    bool refused; /* something is not what it should be */
};

static enum ws_status check_proof(const struct verify_request *request, struct ws_bytes bytes,
                                  struct ws_error *err)
{
    struct ws_shard_proof proof;
    struct ws_range_tile tile;
    struct ws_hash digest;
    uint64_t fingerprint, stored;
    WS_TRY(read_digest("digest", request->digest, &digest, err));
    WS_TRY(read_fingerprint("fingerprint", request->fingerprint, &fingerprint, err));
    WS_TRY(ws_shard_proof_read(bytes, &proof, err));
    WS_TRY(find_stored(proof.head.scheme, request->keys, fingerprint, &stored, err));
    WS_TRY(ws_shard_proof_check(&proof, &digest, stored, &tile, err));
    return print_finding(&tile, fingerprint, stored, "document", request->json, err);
}

static enum ws_status check_text(const struct ws_shard_opening *opening, struct ws_error *err)
{
    struct ws_query_reader reader;
    struct ws_query query;
    enum ws_status status = ws_query_read(&reader, opening->text, NULL, &query, err);
    if (status == WS_OK && !ws_hash_equal(&query.digest, &opening->document))
        status = ws_fail(err, WS_CORRUPT, "the text that it shows is another document's");
    ws_query_close(&reader);
    return status;
}

static enum ws_status check_opening(const struct verify_request *request, struct ws_bytes bytes,
                                    struct ws_error *err)
{
    struct ws_shard_opening opening;
    struct ws_hash digest;
    char document[WS_HASH_TEXT_SIZE];
    WS_TRY(read_digest("digest", request->digest, &digest, err));
    WS_TRY(ws_shard_opening_read(bytes, &opening, err));
    WS_TRY(ws_shard_opening_check(&opening, &digest, err));
    if (opening.text.size > 0)
        WS_TRY(check_text(&opening, err));
    ws_hash_text(&opening.document, document);
    if (request->json)
        return print_json(json_pack("{s:b, s:I, s:s, s:I}", "verified", 1, "number",
                                    (json_int_t)opening.number, "document", document, "text_bytes",
                                    (json_int_t)opening.text.size),
                          "the answer", err);
    (void)printf("Proven: document %" PRIu32 " is the one whose canonical text has SHA-256 %s.\n",
                 opening.number, document);
    if (opening.text.size > 0)
        (void)printf("Its text is in the opening: %zu bytes.\n", opening.text.size);
    return WS_OK;
}

/* What came without its shard. */
static enum ws_status verify_file(const struct verify_request *request, const char *path,
                                  bool is_opening, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_bytes bytes;
    if (!request->digest || (!is_opening && !request->fingerprint))
        return ws_fail(err, WS_INVALID, "'%.200s' is %s: of which shard, as its statement says%s",
                       path, is_opening ? "an opening" : "a proof",
                       is_opening ? "? --digest HEX"
                                  : ", and of what? --digest HEX --fingerprint HEX");
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_file_read(path, PROOF_FILE_LIMIT, &arena, &bytes, err);
    if (status == WS_OK)
        status = is_opening ? check_opening(request, bytes, err) : check_proof(request, bytes, err);
    ws_arena_release(&arena);
    return status;
}

static enum ws_status verify_shard(const struct verify_request *request, const char *path,
                                   struct ws_shard_head *head, char digest[WS_HASH_TEXT_SIZE],
                                   struct ws_error *err)
{
    struct ws_shard shard;
    struct ws_hash wanted;
    if (request->digest)
        WS_TRY(read_digest("digest", request->digest, &wanted, err));
    WS_TRY(ws_shard_open(&shard, path, err));
    enum ws_status status = WS_OK;
    if (request->digest && !ws_hash_equal(&wanted, &shard.digest))
        status = ws_fail(err, WS_CORRUPT, "another shard: its head has another SHA-256");
    if (status == WS_OK)
        status = ws_shard_verify(&shard, err);
    *head = shard.head;
    ws_hash_text(&shard.digest, digest);
    ws_shard_close(&shard);
    if (status != WS_OK)
        ws_error_prefix(err, "'%.200s'", path);
    return status;
}

static enum ws_status verify_one(const struct verify_request *request, const char *path,
                                 struct ws_error *err)
{
    struct ws_shard_head head;
    char digest[WS_HASH_TEXT_SIZE];
    if (begins_with(path, "WSSPROF1") || begins_with(path, "WSSOPEN2"))
        return verify_file(request, path, begins_with(path, "WSSOPEN2"), err);
    WS_TRY(verify_shard(request, path, &head, digest, err));
    if (request->json)
        return print_json(json_pack("{s:b, s:o, s:s, s:s, s:I, s:I}", "verified", 1, "shard",
                                    ws_json_path(path), "digest", digest, "scheme", head.scheme,
                                    "documents", (json_int_t)head.documents, "fingerprints",
                                    (json_int_t)head.range.pairs),
                          "the answer", err);
    (void)printf("Sound: '%s': %" PRIu64 " fingerprints of %" PRIu64 " documents; digest %s.\n",
                 path, head.range.pairs, head.documents, digest);
    begin_command(stdout, "Next:\n ");
    print_words("shard prove");
    print_word(path);
    print_words("--fingerprint HEX");
    end_command(NULL);
    return WS_OK;
}

static enum ws_status verify(void *context, const struct arguments *arguments, struct ws_error *err)
{
    struct verify_request *request = context;
    for (size_t i = 0; i < arguments->positional_count; i++) {
        enum ws_status status = verify_one(request, arguments->positional[i], err);
        request->refused = status == WS_CORRUPT;
        WS_TRY(status);
    }
    return WS_OK;
}

int cmd_shard_verify(int argc, char **argv)
{
    struct verify_request request = {.json = false};
    const struct flag table[] = {
        {"digest", 0, "HEX", "the shard's digest, as its statement says", NULL, &request.digest},
        {"fingerprint", 0, "HEX", "of a proof: what was looked for", NULL, &request.fingerprint},
        {"keys", 0, "FILE", "of a keyed shard's proof: keys, one a line", NULL, &request.keys},
        {"json", 0, NULL, "the answer as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "shard verify SHARD|PROOF|OPENING... [options]",
        .about = "Reads every byte of shards, or checks a proof of 'shard prove', which needs no "
                 "shard: that the\nfingerprint is there, or that it is not. Ends with 3 when "
                 "something is not what it should be.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "verify: which shard, or which proof?",
    };
    const int status = command_of_one(&line, argc, argv, verify, &request);
    return request.refused ? EXIT_NOT_VERIFIED : status;
}
