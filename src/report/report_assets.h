/*
 * What every report carries, as a part of the program: src/report/assets/ and Debian's Chart.js.
 */
#ifndef WS_REPORT_REPORT_ASSETS_H
#define WS_REPORT_REPORT_ASSETS_H

#include "base/bytes.h"

struct ws_bytes ws_report_template(void); /* HTML with {{names}} for what comes in */
struct ws_bytes ws_report_style(void);    /* CSS */
struct ws_bytes ws_report_library(void);  /* Chart.js */
struct ws_bytes ws_report_numbers(void);  /* the page's own scripts, in their order */
struct ws_bytes ws_report_charts(void);
struct ws_bytes ws_report_sections(void);
struct ws_bytes ws_report_chart_licence(void); /* of Chart.js, plain text */

#endif
