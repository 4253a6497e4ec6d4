/*
 * The data of a report as JSON: docs/formats/report.md. Contract: tests/unit/test_report.c.
 */
#ifndef WS_REPORT_REPORT_DATA_H
#define WS_REPORT_REPORT_DATA_H

#include "report/report.h"

/* On one line, without a "<": fit for a script element of HTML. */
WS_MUST_CHECK enum ws_status ws_report_data(const struct ws_report *report, struct ws_buffer *out,
                                            struct ws_error *err);

#endif
