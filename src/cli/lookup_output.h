/*
 * What a lookup came to, in words and tables of 100 columns, and as JSON.
 */
#ifndef WS_CLI_LOOKUP_OUTPUT_H
#define WS_CLI_LOOKUP_OUTPUT_H

#include "cli/command.h"
#include "ledger/lookup_answer.h"

void print_lookup(const struct ws_lookup_answer *output);
WS_MUST_CHECK enum ws_status print_lookup_json(const struct ws_lookup_answer *answer,
                                               struct ws_error *err);

#endif
