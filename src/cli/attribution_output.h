/* What came of an attribution: as a table, as JSON and as CSV. */
#ifndef WS_CLI_ATTRIBUTION_OUTPUT_H
#define WS_CLI_ATTRIBUTION_OUTPUT_H

#include "lab/attribution.h"

/* One of each variation of the experiment. */
struct attribution_part {
    const char *variation; /* "items=10"; "" where nothing is varied */
    struct ws_counterfactuals counterfactuals;
    struct ws_attribution attribution;
};

/* `seeds`: how many the experiment has, of which the first are looked at. */
void attribution_print(const struct attribution_part *parts, size_t count, uint64_t seeds);
WS_MUST_CHECK enum ws_status attribution_print_json(const struct attribution_part *parts,
                                                    size_t count, uint64_t seeds,
                                                    struct ws_error *err);
/* A row each, replacing the file whole. */
WS_MUST_CHECK enum ws_status attribution_write_csv(const struct attribution_part *parts,
                                                   size_t count, const char *path,
                                                   struct ws_error *err);

#endif
