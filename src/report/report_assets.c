#include "report/report_assets.h"

/* A file as it is, between two symbols, and a function that gives it. */
#define ASSET(name, file)                                                                          \
    extern const unsigned char ws_asset_##name[], ws_asset_end_of_##name[];                        \
    __asm__(".section .rodata\n"                                                                   \
            ".hidden ws_asset_" #name "\n"                                                         \
            ".globl ws_asset_" #name "\n"                                                          \
            "ws_asset_" #name ":\n"                                                                \
            ".incbin \"" file "\"\n"                                                               \
            ".hidden ws_asset_end_of_" #name "\n"                                                  \
            ".globl ws_asset_end_of_" #name "\n"                                                   \
            "ws_asset_end_of_" #name ":\n"                                                         \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    struct ws_bytes ws_report_##name(void)                                                         \
    {                                                                                              \
        return ws_bytes_of(ws_asset_##name, (size_t)(ws_asset_end_of_##name - ws_asset_##name));   \
    }

ASSET(template, WS_REPORT_ASSETS "/report.html")
ASSET(style, WS_REPORT_ASSETS "/report.css")
ASSET(numbers, WS_REPORT_ASSETS "/report-numbers.js")
ASSET(charts, WS_REPORT_ASSETS "/report-charts.js")
ASSET(sections, WS_REPORT_ASSETS "/report-sections.js")
ASSET(chart_licence, WS_REPORT_ASSETS "/chart-licence.txt")
ASSET(library, WS_CHART_LIBRARY)
