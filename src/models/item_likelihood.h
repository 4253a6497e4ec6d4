/*
 * How likely a model finds every item: the natural logarithm of its density or mass; of a token
 * sequence, of a token on average, so that long ones are no less likely.
 *
 * For any family that has `log_density` or `score`. Contract: tests/unit/test_families.c.
 */
#ifndef WS_MODELS_ITEM_LIKELIHOOD_H
#define WS_MODELS_ITEM_LIKELIHOOD_H

#include "models/family.h"

/* out[i] is of item i of `data`; of counts, items are occurrences, segment by segment and in it
 * type by type. May be -infinity. `job` may be NULL. */
WS_MUST_CHECK enum ws_status ws_item_likelihoods(const struct ws_model *model,
                                                 const struct ws_dataset *data,
                                                 const struct ws_job *job, struct ws_arena *scratch,
                                                 double out[], struct ws_error *err);

#endif
