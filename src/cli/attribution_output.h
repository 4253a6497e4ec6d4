/* What came of an attribution: as a table, as JSON and as CSV. */
#ifndef WS_CLI_ATTRIBUTION_OUTPUT_H
#define WS_CLI_ATTRIBUTION_OUTPUT_H

#include "lab/attribution.h"

void attribution_print(const struct ws_counterfactuals *counterfactuals,
                       const struct ws_attribution *attribution);
WS_MUST_CHECK enum ws_status
attribution_print_json(const struct ws_counterfactuals *counterfactuals,
                       const struct ws_attribution *attribution, struct ws_error *err);
/* A row each, replacing the file whole. */
WS_MUST_CHECK enum ws_status attribution_write_csv(const struct ws_attribution *attribution,
                                                   const char *path, struct ws_error *err);

#endif
