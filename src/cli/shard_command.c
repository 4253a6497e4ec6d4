#include "cli/shard_command.h"

#include <inttypes.h>
#include <stdio.h>

enum { NUMBERS_SHOWN = 20 /* numbers that a line of text has; JSON has all */ };

enum ws_status read_fingerprint(const char *flag, const char *text, uint64_t *out,
                                struct ws_error *err)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;
    size_t size = 0;
    for (; text && text[size]; size++) {
        const char *digit = strchr(digits, text[size]);
        if (!digit || size == 16)
            break;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    if (!text || size != 16 || text[16] != '\0')
        return ws_fail(err, WS_INVALID, "--%s is '%.40s', wanted 16 lower-case hex digits", flag,
                       text ? text : "");
    *out = value;
    return WS_OK;
}

enum ws_status read_digest(const char *flag, const char *text, struct ws_hash *out,
                           struct ws_error *err)
{
    if (!text || !ws_hash_read(ws_bytes_of_text(text), out))
        return ws_fail(err, WS_INVALID, "--%s is '%.80s', wanted 64 lower-case hex digits", flag,
                       text ? text : "");
    return WS_OK;
}

enum ws_status find_stored(const char *scheme, const char *keys, uint64_t fingerprint,
                           uint64_t *out, struct ws_error *err)
{
    struct ws_shard_keys known;
    struct ws_arena arena;
    const char *name = ws_shard_key_name(scheme);
    *out = fingerprint;
    if (!name)
        return WS_OK;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_shard_keys_load(keys, &arena, &known, err);
    const struct ws_shard_key *key = status == WS_OK ? ws_shard_keys_find(&known, scheme) : NULL;
    if (key)
        status = ws_shard_key_apply(key, fingerprint, out, err);
    else if (status == WS_OK)
        status = ws_fail(err, WS_INVALID, "the shard is keyed, and its key %s is not here: %s",
                         name, keys ? keys : "--keys FILE");
    ws_arena_release(&arena);
    return status;
}

bool begins_with(const char *path, const char *magic)
{
    char bytes[8];
    FILE *file = fopen(path, "rb");
    const bool yes = file && fread(bytes, 1, sizeof bytes, file) == sizeof bytes &&
                     memcmp(bytes, magic, sizeof bytes) == 0;
    if (file)
        (void)fclose(file);
    return yes;
}

static enum ws_status print_json_finding(const struct ws_range_tile *tile, uint64_t fingerprint,
                                         uint32_t first, uint32_t count, struct ws_error *err)
{
    char text[17];
    json_t *numbers = json_array();
    (void)snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
    for (uint32_t i = 0; i < count; i++)
        ws_json_add(&numbers, json_integer(ws_range_tile_number(tile, first + i)));
    return print_json(json_pack("{s:b, s:s, s:b, s:I, s:I, s:o}", "verified", 1, "fingerprint",
                                text, "there", (int)(count > 0), "tile", (json_int_t)tile->index,
                                "pairs_of_tile", (json_int_t)tile->count, "numbers", numbers),
                      "the answer", err);
}

enum ws_status print_finding(const struct ws_range_tile *tile, uint64_t fingerprint,
                             uint64_t stored, const char *of, bool json, struct ws_error *err)
{
    uint32_t first;
    const uint32_t count = ws_range_tile_find(tile, stored, &first);
    if (json)
        return print_json_finding(tile, fingerprint, first, count, err);
    if (count == 0) {
        (void)printf("Proven: %016" PRIx64 " is not there. Tile %" PRIu32 " has %" PRIu32
                     " pairs.\n",
                     fingerprint, tile->index, tile->count);
        return WS_OK;
    }
    (void)printf("Proven: %016" PRIx64 " is there, in %" PRIu32 " %s%s:", fingerprint, count, of,
                 count == 1 ? "" : "s");
    for (uint32_t i = 0; i < count && i < NUMBERS_SHOWN; i++)
        (void)printf(" %" PRIu32, ws_range_tile_number(tile, first + i));
    (void)printf("%s\n", count > NUMBERS_SHOWN ? " ..." : "");
    return WS_OK;
}
