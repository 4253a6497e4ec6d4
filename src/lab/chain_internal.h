/*
 * What the steps of chains (chain.c) and their stored form (chain_state.c) share; nobody else
 * includes it.
 */
#ifndef WS_LAB_CHAIN_INTERNAL_H
#define WS_LAB_CHAIN_INTERNAL_H

#include <inttypes.h>

#include "lab/chain.h"

/* Plans step `step` into block->plan, and those before it: each is planned from the one before. */
WS_MUST_CHECK enum ws_status ws_chain_plan_steps(struct ws_block *block, uint32_t step,
                                                 struct ws_error *err);

/* Whether chains keep their first model: metrics look at it, or the policy's filters do. */
bool ws_chain_keeps_first(const struct ws_block *block);

/* Whether they keep who made each output: models of earlier steps are parts of the populations of
 * later ones. */
bool ws_chain_keeps_makers(const struct ws_block *block);

/* Room in `life` for one more output, and who made it; the arrays move, what is in them stays. */
WS_MUST_CHECK enum ws_status ws_chain_reserve_output(const struct ws_block *block,
                                                     struct ws_arena *life, struct ws_chain *chain,
                                                     struct ws_error *err);

/* A model or data that were read may be of anything: WS_CORRUPT where `data` is not like the human
 * data. `deepest` is their last step's number. Inline, for each output of each step is looked at.
 */
static inline enum ws_status ws_chain_check_data(const struct ws_arm_data *like,
                                                 const struct ws_dataset *human, uint32_t deepest,
                                                 const struct ws_dataset *data,
                                                 struct ws_error *err)
{
    if (data->kind != human->kind || data->types != human->types ||
        data->dimension != human->dimension || data->depth > deepest)
        return ws_fail(err, WS_CORRUPT, "the checkpoint is of other data: %s, depth %" PRIu32,
                       ws_data_kind_name(data->kind), data->depth);
    if (data->kind == WS_DATA_TOKENS && ws_dataset_lengths(data).longest > like->settings.block)
        return ws_fail(err, WS_CORRUPT, "the checkpoint is of longer items: %" PRIu64 " tokens",
                       ws_dataset_lengths(data).longest);
    return WS_OK;
}

#endif
