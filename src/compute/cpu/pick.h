/*
 * Tokens from rows of scores: the operations `pick` and `rank` of compute.h, plain and fast.
 *
 * Private to compute/cpu/. Contract: tests/unit/test_pick.c.
 */
#ifndef WS_COMPUTE_CPU_PICK_H
#define WS_COMPUTE_CPU_PICK_H

#include "compute/compute.h"

void ws_reference_pick(struct ws_device *device, uint32_t *tokens, float *probabilities,
                       float *scores, const struct ws_pick *pick);
void ws_reference_rank(struct ws_device *device, uint32_t *tokens, float *values, float *scores,
                       const struct ws_edits *edits, size_t rows, size_t vocabulary, size_t count);
void ws_fast_pick(struct ws_device *device, uint32_t *tokens, float *probabilities, float *scores,
                  const struct ws_pick *pick);
void ws_fast_rank(struct ws_device *device, uint32_t *tokens, float *values, float *scores,
                  const struct ws_edits *edits, size_t rows, size_t vocabulary, size_t count);

/* Numbers of scratch that ws_edit_row needs: as many as the longest row has seen. */
size_t ws_edit_scratch(const struct ws_edits *edits, size_t rows);
void ws_edit_row(float *row, const struct ws_edits *edits, size_t r, float *scratch);

#endif
