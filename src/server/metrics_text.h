/*
 * Numbers of a server as text that Prometheus and its like read (version 0.0.4 of its text format).
 * Contract: tests/unit/test_metrics_text.c.
 */
#ifndef WS_SERVER_METRICS_TEXT_H
#define WS_SERVER_METRICS_TEXT_H

#include <stdint.h>

#include "base/buffer.h"

#define WS_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What a metric is: "counter" or "gauge", with a line of help; once, before its values. */
void ws_metrics_head(struct ws_buffer *out, const char *name, const char *type, const char *help);

/* One value; `label` NULL: it has none. A label's text may be anything. */
void ws_metrics_value(struct ws_buffer *out, const char *name, const char *label, const char *text,
                      uint64_t value);

#endif
