/*
 * What the commands share that serve until a signal ends them.
 */
#ifndef WS_CLI_SERVING_H
#define WS_CLI_SERVING_H

#include <signal.h>

#include "base/status.h"

enum { SERVING_CONNECTIONS = 1024, SERVING_PATIENCE = 15 /* seconds */ };

/* --port: up to 65535, 0 for one that is free; `missing` where `text` is NULL. */
WS_MUST_CHECK enum ws_status read_port(const char *text, unsigned missing, unsigned *out,
                                       struct ws_error *err);

/* Before threads are made: they take over that what ends the program is blocked. */
void begin_serving(sigset_t *ends);
void wait_for_end(const sigset_t *ends);

/* "http://127.0.0.1:8080", "http://[::1]:8080" */
void print_base_url(const char *address, unsigned port);

#endif
