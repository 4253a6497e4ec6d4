/*
 * The stored form of chains: where they are, what they measured, and the half-done work of a step.
 *
 * A file of chains holds some chains of one arm: each with its state between two steps, or with a
 * part of what it left behind, and with the metric records that go with it. Every byte is covered
 * by a SHA-256 at the end. Formats: docs/formats/checkpoint.md, docs/formats/draft.md. Contract:
 * tests/unit/test_chain.c; fuzz targets: tests/fuzz/fuzz_checkpoint.c, fuzz_draft.c.
 */
#ifndef WS_LAB_CHECKPOINT_H
#define WS_LAB_CHECKPOINT_H

#include "base/hash.h"
#include "lab/chain.h"

/* One chain of a file; the bytes point into those that were read. */
struct ws_stored_chain {
    uint64_t seed;
    uint32_t next_step;      /* of a part: the step behind its last */
    uint64_t texts_size;     /* bytes of the chain's texts so far */
    struct ws_bytes state;   /* for ws_chain_read; of a part: for ws_chain_read_outputs */
    struct ws_bytes records; /* for ws_records_open */
};

struct ws_checkpoint {
    uint64_t arm_key;
    uint32_t part_steps; /* ws_part_steps of the arm */
    size_t count;
    struct ws_stored_chain *chains; /* ascending seeds */
};

/* Writing: begin, the chains by ascending seeds, end. */
void ws_checkpoint_begin(uint64_t arm_key, uint32_t part_steps, struct ws_buffer *out);
void ws_checkpoint_add(const struct ws_stored_chain *stored, struct ws_buffer *out);
/* A chain as it is; it has taken at least one step. */
void ws_checkpoint_add_chain(const struct ws_chain *chain, uint32_t part_steps,
                             struct ws_buffer *out);
/* What a chain at the end of a part leaves behind: the records and outputs of the part. */
void ws_checkpoint_add_part(const struct ws_chain *chain, uint32_t part_steps,
                            struct ws_buffer *out);
WS_MUST_CHECK enum ws_status ws_checkpoint_end(struct ws_buffer *out, struct ws_error *err);

/* WS_CORRUPT unless every byte is as it was written. A pure function of bytes. */
WS_MUST_CHECK enum ws_status ws_checkpoint_open(struct ws_bytes bytes, struct ws_arena *arena,
                                                struct ws_checkpoint *out, struct ws_error *err);

/* NULL when it is not there. */
const struct ws_stored_chain *ws_checkpoint_find(const struct ws_checkpoint *checkpoint,
                                                 uint64_t seed);

/* A draft belongs to one phase of one step of one chain. Format: docs/formats/draft.md. */
struct ws_stored_draft {
    uint64_t arm_key;
    uint64_t seed;
    uint32_t step;
    enum ws_phase phase;
    struct ws_bytes bytes; /* the family's; points into the bytes that were read */
};

enum { WS_DRAFT_HEADER_SIZE = 40 };

/* What stands before the family's bytes, and the hash behind them: they are large and are not
 * copied. */
WS_MUST_CHECK enum ws_status ws_stored_draft_frame(const struct ws_stored_draft *draft,
                                                   uint8_t header[WS_DRAFT_HEADER_SIZE],
                                                   struct ws_hash *hash, struct ws_error *err);

/* WS_CORRUPT unless every byte is as it was written. A pure function of bytes. */
WS_MUST_CHECK enum ws_status
ws_stored_draft_open(struct ws_bytes bytes, struct ws_stored_draft *out, struct ws_error *err);

#endif
