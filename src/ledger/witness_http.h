/*
 * Witnesses over HTTP and HTTPS. Contract: tests/cli/witness.sh.
 */
#ifndef WS_LEDGER_WITNESS_HTTP_H
#define WS_LEDGER_WITNESS_HTTP_H

#include "base/http_client.h"
#include "ledger/witness_client.h"

/* What a witness is waited for, and how much of its answer is read. */
extern const struct ws_http_limits ws_witness_patience;

/* The limits are the caller's and stay. */
struct ws_witness_transport ws_witness_over_http(const struct ws_http_limits *limits);

#endif
