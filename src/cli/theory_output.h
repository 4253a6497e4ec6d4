/* A run's theory: as a table, as JSON and as CSV. */
#ifndef WS_CLI_THEORY_OUTPUT_H
#define WS_CLI_THEORY_OUTPUT_H

#include "lab/theory.h"

/* Every form with a few generations, of bounds and limits the last one, and then what differs. In
 * lines of at most 100 columns. */
void theory_print(const struct ws_theory *theory);
WS_MUST_CHECK enum ws_status theory_print_json(const struct ws_theory *theory,
                                               struct ws_error *err);
/* Every generation of every form, replacing the file whole. */
WS_MUST_CHECK enum ws_status theory_write_csv(const struct ws_theory *theory, const char *path,
                                              struct ws_error *err);

#endif
