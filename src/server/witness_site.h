/*
 * A witness for other machines (c2sp.org/tlog-witness), and for who looks after it:
 *
 *   POST /add-checkpoint          cosigns a checkpoint of a log that it knows, or says why not
 *   GET  /<hash>/checkpoint       the last that it cosigned of the log; SHA-256 of its origin, in
 * hex GET  /vkey                    its public key GET  /metrics                 answers by
 * verdict, failures, and each log's size and time
 *
 * Anybody may ask: what counts is who signed the checkpoint. Contract: tests/cli/witness.sh.
 */
#ifndef WS_SERVER_WITNESS_SITE_H
#define WS_SERVER_WITNESS_SITE_H

#include "ledger/witness.h"
#include "server/http_server.h"

struct ws_witness_site;

/* The witness is the caller's and stays open until the site has stopped. */
WS_MUST_CHECK enum ws_status ws_witness_site_start(struct ws_witness *witness,
                                                   const struct ws_http_settings *settings,
                                                   struct ws_witness_site **out,
                                                   struct ws_error *err);
unsigned ws_witness_site_port(const struct ws_witness_site *site);
void ws_witness_site_stop(struct ws_witness_site *site);

#endif
