/*
 * wellspring index prove: what all live shards have under a fingerprint's prefix.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/shard_command.h"

struct prove_request {
    const char *fingerprint, *out;
};

static enum ws_status write_proof(const struct prove_request *request, const struct ws_index *index,
                                  uint64_t fingerprint, struct ws_buffer *bytes,
                                  struct ws_error *err)
{
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_index_proof proof;
    struct ws_range_tile tile;
    char digest[WS_HASH_TEXT_SIZE];
    WS_TRY(ws_index_prove(index, fingerprint, way, &proof, err));
    /* A damaged index makes no proofs that nobody could check. */
    WS_TRY(ws_index_proof_check(&proof, &index->digest, fingerprint, &tile, err));
    ws_index_proof_append(bytes, &proof);
    WS_TRY(ws_buffer_check(bytes, "a proof", err));
    WS_TRY(write_output(request->out, ws_buffer_bytes(bytes), err));
    if (!request->out)
        return WS_OK;
    WS_TRY(print_finding(&tile, fingerprint, fingerprint, "shard", false, err));
    ws_hash_text(&index->digest, digest);
    begin_command(stdout, "Next:\n ");
    print_words("index verify");
    print_word(request->out);
    print_words("--fingerprint %016" PRIx64, fingerprint);
    print_flag_word("digest", digest);
    end_command(NULL);
    return WS_OK;
}

static enum ws_status prove(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct prove_request *request = context;
    struct ws_index index;
    struct ws_buffer bytes;
    struct ws_arena arena;
    uint64_t fingerprint;
    WS_TRY(read_fingerprint("fingerprint", request->fingerprint, &fingerprint, err));
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    enum ws_status status = ws_index_open(&index, arguments->positional[0], &arena, err);
    if (status == WS_OK) {
        status = write_proof(request, &index, fingerprint, &bytes, err);
        ws_index_close(&index);
    }
    if (status != WS_OK)
        ws_error_prefix(err, "'%.200s'", arguments->positional[0]);
    ws_buffer_release(&bytes);
    ws_arena_release(&arena);
    return status;
}

int cmd_index_prove(int argc, char **argv)
{
    struct prove_request request = {.out = NULL};
    const struct flag table[] = {
        {"fingerprint", 0, "HEX", "16 digits", NULL, &request.fingerprint},
        {"out", 'o', "FILE", "where the proof goes (default standard output)", NULL, &request.out},
    };
    const struct command_line line = {
        .usage = "index prove INDEX --fingerprint HEX [options]",
        .about = "Writes a proof of which live shards have a fingerprint, or that none has it: one "
                 "tile and its way to\nthe root. What the numbers of shards are, and which shards "
                 "the index lacks, is in INDEX.list.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "prove: of which index?",
    };
    return command_of_one(&line, argc, argv, prove, &request);
}
