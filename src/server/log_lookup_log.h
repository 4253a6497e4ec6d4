/*
 * What a log has, for who browses it: its checkpoint, the latest statements that count, and whom
 * the reader's policy and roles name. Contract: tests/cli/serve_lookup.sh.
 */
#ifndef WS_SERVER_LOG_LOOKUP_LOG_H
#define WS_SERVER_LOG_LOOKUP_LOG_H

#include "base/json.h"
#include "ledger/lookup.h"

/* Of any question to the lookup the finding; statements of entries below `before`, and below which
 * entry more are to be asked for. NULL when memory is out. */
json_t *ws_log_lookup_log_json(const struct ws_lookup *lookup, const struct ws_finding *finding,
                               uint64_t before);

#endif
