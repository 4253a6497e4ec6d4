/*
 * wellspring shard prove: what is there under a fingerprint's prefix, or which document a
 * commitment is to.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "cli/shard_command.h"
#include "ledger/query.h"

struct prove_request {
    const char *fingerprint, *keys, *document, *text, *secret, *out;
};

static enum ws_status prove_fingerprint(const struct prove_request *request,
                                        const struct ws_shard *shard, const char *path,
                                        struct ws_buffer *bytes, struct ws_error *err)
{
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_shard_proof proof;
    struct ws_range_tile tile;
    uint64_t fingerprint, stored;
    char digest[WS_HASH_TEXT_SIZE];
    WS_TRY(read_fingerprint("fingerprint", request->fingerprint, &fingerprint, err));
    WS_TRY(find_stored(shard->head.scheme, request->keys, fingerprint, &stored, err));
    WS_TRY(ws_shard_prove(shard, stored, way, &proof, err));
    /* A damaged shard makes no proofs that nobody could check. */
    enum ws_status status = ws_shard_proof_check(&proof, &shard->digest, stored, &tile, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "'%.200s' is damaged", path);
        return status;
    }
    ws_shard_proof_append(bytes, &proof);
    WS_TRY(ws_buffer_check(bytes, "a proof", err));
    WS_TRY(write_output(request->out, ws_buffer_bytes(bytes), err));
    if (!request->out)
        return WS_OK;
    WS_TRY(print_finding(&tile, fingerprint, stored, "document", false, err));
    ws_hash_text(&shard->digest, digest);
    begin_command(stdout, "Next:\n ");
    print_words("shard verify");
    print_word(request->out);
    print_words("--fingerprint %016" PRIx64, fingerprint);
    print_flag_word("keys", request->keys);
    print_flag_word("digest", digest);
    end_command(NULL);
    return WS_OK;
}

static enum ws_status write_opening(const struct prove_request *request,
                                    const struct ws_shard *shard,
                                    const struct ws_shard_opening *opening, struct ws_buffer *bytes,
                                    struct ws_error *err)
{
    char digest[WS_HASH_TEXT_SIZE];
    ws_shard_opening_append(bytes, opening);
    WS_TRY(ws_buffer_check(bytes, "an opening", err));
    WS_TRY(write_output(request->out, ws_buffer_bytes(bytes), err));
    if (!request->out)
        return WS_OK;
    ws_hash_text(&shard->digest, digest);
    (void)printf("It is document %" PRIu32 " of %" PRIu64 ".\n", opening->number,
                 shard->head.documents);
    begin_command(stdout, "Next:\n ");
    print_words("shard verify");
    print_word(request->out);
    print_flag_word("digest", digest);
    end_command(NULL);
    return WS_OK;
}

/* Which document is to be shown, and its text where that is to be, too. */
static enum ws_status read_document(const struct prove_request *request, struct ws_arena *arena,
                                    struct ws_hash *digest, struct ws_bytes *text,
                                    struct ws_error *err)
{
    struct ws_query_reader reader;
    struct ws_query query;
    *text = ws_bytes_of(NULL, 0);
    if (!request->text)
        return read_digest("document", request->document, digest, err);
    WS_TRY(ws_file_read(request->text, WS_SHARD_TEXT_LIMIT, arena, text, err));
    const enum ws_status status = ws_query_read(&reader, *text, NULL, &query, err);
    if (status == WS_OK)
        *digest = query.digest;
    ws_query_close(&reader);
    return status;
}

static enum ws_status open_commitment(const struct prove_request *request,
                                      const struct ws_shard *shard, const char *path,
                                      struct ws_buffer *bytes, struct ws_arena *arena,
                                      struct ws_error *err)
{
    const char *secret_path =
        request->secret ? request->secret : ws_arena_format(arena, "%s" WS_SHARD_SECRET, path);
    struct ws_shard_opening opening;
    struct ws_hash document;
    struct ws_bytes secret, text;
    if (!secret_path)
        return ws_fail_memory(err, "a secret");
    WS_TRY(read_document(request, arena, &document, &text, err));
    WS_TRY(ws_file_read(secret_path, 2 * WS_SHARD_SECRET_SIZE, arena, &secret, err));
    if (secret.size != WS_SHARD_SECRET_SIZE)
        return ws_fail(err, WS_INVALID, "'%.300s' has %zu bytes, wanted a secret of %d",
                       secret_path, secret.size, WS_SHARD_SECRET_SIZE);
    WS_TRY(ws_shard_open_commitment(shard, secret.data, &document, &opening, err));
    WS_TRY(ws_shard_opening_check(&opening, &shard->digest, err));
    opening.text = text;
    return write_opening(request, shard, &opening, bytes, err);
}

static enum ws_status prove(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct prove_request *request = context;
    const char *path = arguments->positional[0];
    struct ws_shard shard;
    struct ws_buffer bytes;
    struct ws_arena arena;
    if (!!request->fingerprint + !!request->document + !!request->text != 1)
        return ws_fail(err, WS_INVALID,
                       "prove: what? --fingerprint HEX, --document HEX or --text FILE");
    WS_TRY(ws_shard_open(&shard, path, err));
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    ws_arena_init(&arena, NULL);
    enum ws_status status = request->fingerprint
                                ? prove_fingerprint(request, &shard, path, &bytes, err)
                                : open_commitment(request, &shard, path, &bytes, &arena, err);
    ws_arena_release(&arena);
    ws_buffer_release(&bytes);
    ws_shard_close(&shard);
    return status;
}

int cmd_shard_prove(int argc, char **argv)
{
    struct prove_request request = {.out = NULL};
    const struct flag table[] = {
        {"fingerprint", 0, "HEX", "16 digits: all that is there under its prefix", NULL,
         &request.fingerprint},
        {"keys", 0, "FILE", "of a keyed shard: keys, one a line", NULL, &request.keys},
        {"document", 0, "HEX", "64 digits, the SHA-256 of a canonical text: opens its commitment",
         NULL, &request.document},
        {"text", 0, "FILE", "opens the commitment to this document, and shows the text with it",
         NULL, &request.text},
        {"secret", 0, "FILE", "of an opening: the issuer's secret (default SHARD.secret)", NULL,
         &request.secret},
        {"out", 'o', "FILE", "where the proof goes (default standard output)", NULL, &request.out},
    };
    const struct command_line line = {
        .usage = "shard prove SHARD --fingerprint HEX|--document HEX|--text FILE [options]",
        .about = "Writes a proof that a fingerprint is in the shard, or that it is not: a tile and "
                 "its way to the\nroot, which 'shard verify' checks without the shard. With the "
                 "issuer's secret it opens the\ncommitment to a document, for whoever doubts the "
                 "claim: --document for who has the text, --text\nwith the text for who found "
                 "something else that shares parts with it.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "prove: of which shard?",
    };
    return command_of_one(&line, argc, argv, prove, &request);
}
