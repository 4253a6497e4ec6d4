/*
 * Filters at work: from what the sources gave for a step to what its model is trained on, and what
 * each of them removed. What there are and what they mean: lab/policy.h.
 *
 * A filter looks at items one by one, in their order; its random numbers come from the policy
 * stream at this step, from a sequence of its own, so that a filter behind it changes nothing. Of
 * counts, an item is an occurrence of a type. Contract: tests/unit/test_filter.c.
 */
#ifndef WS_LAB_FILTER_H
#define WS_LAB_FILTER_H

#include "lab/policy.h"

/* What filters may look at. */
struct ws_filter_view {
    const struct ws_model *latest;         /* the model of the step before */
    const struct ws_model *first;          /* of step 0; NULL unless a filter needs it */
    const struct ws_law *law;              /* of the human data; NULL where there is none */
    unsigned threads;                      /* >= 1; never shows in a result */
    const struct ws_device_choice *device; /* as in struct ws_job */
};

/* What one filter did. */
struct ws_filtered {
    const struct ws_filter *filter;
    uint64_t in[WS_SOURCE_COUNT], out[WS_SOURCE_COUNT]; /* items by their source */
    uint64_t tokens, changed; /* of an editor: tokens it looked at, and drew anew */
};

/* What all filters of `policy` leave of `gathered`, into `arena`; nothing but picks, counts and
 * edited texts is copied, so that `out` must not outlive `gathered`. done[i] is of filter i. The
 * view's models must be there where filters need them. WS_NUMERIC when nothing is left; WS_LIMIT
 * for more than 2^32 items; whatever a family fails with. */
WS_MUST_CHECK enum ws_status
ws_filters_apply(const struct ws_policy *policy, const struct ws_filter_view *view,
                 const struct ws_dataset *gathered, struct ws_rng_key key, struct ws_arena *arena,
                 struct ws_dataset *out, struct ws_filtered done[], struct ws_error *err);

#endif
