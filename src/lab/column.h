/*
 * Columns and cells of a table that is written row by row.
 */
#ifndef WS_LAB_COLUMN_H
#define WS_LAB_COLUMN_H

#include <stdint.h>

enum ws_column_type { WS_COLUMN_TEXT, WS_COLUMN_WHOLE, WS_COLUMN_REAL };

struct ws_column {
    const char *name;
    enum ws_column_type type; /* which member of its cells counts */
};

union ws_cell {
    const char *text; /* UTF-8 */
    uint64_t whole;   /* below 2^63 */
    double real;
};

#endif
