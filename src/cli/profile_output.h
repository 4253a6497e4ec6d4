/* The collapse profile of a run: as a table and as JSON. */
#ifndef WS_CLI_PROFILE_OUTPUT_H
#define WS_CLI_PROFILE_OUTPUT_H

#include "lab/profile.h"

/* Within 100 columns, but for long names of arms. `directory`: the run's, for what may come next.
 */
void profile_print(const struct ws_profile *profile, const char *directory);
WS_MUST_CHECK enum ws_status profile_print_json(const struct ws_profile *profile,
                                                struct ws_error *err);

#endif
