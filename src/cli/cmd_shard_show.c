/*
 * wellspring shard show: what a head says, and how full the tiles are. Nothing is verified.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/shard_command.h"

/* Pairs of the emptiest and the fullest tile. */
struct spread {
    uint32_t least, most;
};

static enum ws_status measure(const struct ws_shard *shard, struct spread *out,
                              struct ws_error *err)
{
    *out = (struct spread){UINT32_MAX, 0};
    for (uint32_t i = 0; i < UINT32_C(1) << shard->head.range.bits; i++) {
        struct ws_range_tile tile;
        struct ws_bytes bytes;
        WS_TRY(ws_range_file_tile(&shard->tiles, i, &bytes, &tile, err));
        out->least = tile.count < out->least ? tile.count : out->least;
        out->most = tile.count > out->most ? tile.count : out->most;
    }
    return WS_OK;
}

static enum ws_status print(const struct ws_shard *shard, const char *path, bool json,
                            struct ws_error *err)
{
    const struct ws_shard_head *head = &shard->head;
    char digest[WS_HASH_TEXT_SIZE], tiles[WS_HASH_TEXT_SIZE], documents[WS_HASH_TEXT_SIZE];
    struct spread spread;
    WS_TRY(measure(shard, &spread, err));
    ws_hash_text(&shard->digest, digest);
    ws_hash_text(&head->range.root, tiles);
    ws_hash_text(&head->documents_root, documents);
    if (json)
        return print_json(
            json_pack("{s:o, s:s, s:s, s:I, s:I, s:i, s:s, s:s, s:I, s:I, s:I}", "shard",
                      ws_json_path(path), "digest", digest, "scheme", head->scheme, "documents",
                      (json_int_t)head->documents, "fingerprints", (json_int_t)head->range.pairs,
                      "bits", (int)head->range.bits, "tiles_root", tiles, "documents_root",
                      documents, "least_of_a_tile", (json_int_t)spread.least, "most_of_a_tile",
                      (json_int_t)spread.most, "bytes", (json_int_t)shard->tiles.map.bytes.size),
            "the answer", err);
    (void)printf("digest        %s\nscheme        %s\nfingerprints  %" PRIu64 " of %" PRIu64
                 " documents\ntiles         %" PRIu64 ", of %" PRIu32 " to %" PRIu32
                 " fingerprints\nroots         %s of tiles\n              %s of documents\n",
                 digest, head->scheme, head->range.pairs, head->documents,
                 UINT64_C(1) << head->range.bits, spread.least, spread.most, tiles, documents);
    begin_command(stdout, "Nothing was verified. Next:\n ");
    print_words("shard verify");
    print_word(path);
    end_command(NULL);
    return WS_OK;
}

static enum ws_status show(void *json, const struct arguments *arguments, struct ws_error *err)
{
    struct ws_shard shard;
    WS_TRY(ws_shard_open(&shard, arguments->positional[0], err));
    enum ws_status status = print(&shard, arguments->positional[0], *(const bool *)json, err);
    ws_shard_close(&shard);
    return status;
}

int cmd_shard_show(int argc, char **argv)
{
    bool json = false;
    const struct flag table[] = {
        {"json", 0, NULL, "the same as JSON", &json, NULL},
    };
    const struct command_line line = {
        .usage = "shard show SHARD [--json]",
        .about = "What a shard's head says, and how full its tiles are.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "show: which shard?",
    };
    return command_of_one(&line, argc, argv, show, &json);
}
