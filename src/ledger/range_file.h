/*
 * The file of a range: its tiles one behind the other, where each begins, and all nodes of their
 * Merkle tree, so that a tile and its proof are read where they lie.
 *
 * What the file says is not believed: ws_range_file_verify reads every byte of it, and a proof is
 * checked by whoever gets it. docs/formats/shard.md has the bytes. Contract:
 * tests/unit/test_range.c.
 */
#ifndef WS_LEDGER_RANGE_FILE_H
#define WS_LEDGER_RANGE_FILE_H

#include "base/file.h"
#include "ledger/range_tile.h"

/* Writing: tiles in order, all 2^bits of them. Memory: 40 bytes a tile. */
struct ws_range_writer {
    const struct ws_allocator *allocator;
    const char *path; /* of the caller */
    struct ws_range range;
    struct ws_file_draft draft;
    struct ws_buffer bytes; /* tiles that are not written yet */
    uint8_t *nodes;         /* the hashes of all levels, leaves first */
    uint64_t *first;        /* pairs before each tile, and all at the end */
    uint64_t tiles;         /* that were added */
};
/* `range` says id and bits. The caller closes the writer, also after a failure. */
WS_MUST_CHECK enum ws_status ws_range_writer_open(struct ws_range_writer *writer, const char *path,
                                                  const struct ws_range *range,
                                                  const struct ws_allocator *allocator,
                                                  struct ws_error *err);
/* The next tile: pairs in order and under its prefix. WS_LIMIT above WS_RANGE_TILE_LIMIT. */
WS_MUST_CHECK enum ws_status ws_range_writer_add(struct ws_range_writer *writer,
                                                 const struct ws_range_pair *pairs, size_t count,
                                                 struct ws_error *err);
/* After the last tile: the file is on the disk, under its name. */
WS_MUST_CHECK enum ws_status ws_range_writer_keep(struct ws_range_writer *writer,
                                                  struct ws_range *out, struct ws_error *err);
void ws_range_writer_close(struct ws_range_writer *writer); /* zeroed or closed before is fine */

struct ws_range_file {
    struct ws_range range;
    struct ws_mapped_file map;
};
/* Bytes of the file of a range. */
uint64_t ws_range_file_size(const struct ws_range *range);
/* WS_CORRUPT where the file has another size than the range says. */
WS_MUST_CHECK enum ws_status ws_range_file_open(struct ws_range_file *file, const char *path,
                                                const struct ws_range *range, struct ws_error *err);
void ws_range_file_close(struct ws_range_file *file); /* zeroed or closed before is fine */

/* Tile `index` as it lies in the file; its order is checked, its hash is not. WS_CORRUPT. */
WS_MUST_CHECK enum ws_status ws_range_file_tile(const struct ws_range_file *file, uint32_t index,
                                                struct ws_bytes *bytes, struct ws_range_tile *out,
                                                struct ws_error *err);
/* How many pairs tile `index` of a file that was verified has. */
uint64_t ws_range_file_pairs(const struct ws_range_file *file, uint32_t index);
/* The tile of `key` and its way to the root, which is copied to `way`. */
WS_MUST_CHECK enum ws_status ws_range_file_prove(const struct ws_range_file *file, uint64_t key,
                                                 uint8_t way[WS_RANGE_WAY_LIMIT],
                                                 struct ws_range_proof *out, struct ws_error *err);
/* Whether every byte is what the root says, and every number is below `numbers`. WS_CORRUPT names
 * the tile. */
WS_MUST_CHECK enum ws_status ws_range_file_verify(const struct ws_range_file *file,
                                                  uint64_t numbers, struct ws_error *err);

#endif
