/*
 * Emissions and archives as ws_statement_append writes them, which most entries of a log are, read
 * as they stand (base/plain_json.h). Contract: tests/unit/test_statement.c.
 */
#ifndef WS_LEDGER_STATEMENT_PLAIN_H
#define WS_LEDGER_STATEMENT_PLAIN_H

#include "ledger/statement.h"

/* False for any other text, which may be a statement, too. What was read is not checked yet. */
bool ws_statement_read_plain(struct ws_bytes text, struct ws_arena *arena,
                             struct ws_statement *out);

#endif
