/*
 * Which columns of a table are wanted: by number from 1, or by name where the table has names.
 * Contract: tests/unit/test_csv.c.
 */
#ifndef WS_DATA_TABLE_COLUMNS_H
#define WS_DATA_TABLE_COLUMNS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/option.h"
#include "base/status.h"

#define WS_COLUMN_LEFT_OUT UINT32_MAX

/* Where each column of the table goes: slots[c] is its place among the `count` that are wanted, or
 * WS_COLUMN_LEFT_OUT. */
struct ws_columns {
    const uint32_t *slots; /* (there) */
    uint32_t count;
};

/* `wanted` in their order; none: all. A text of digits is a number, anything else a name. `names`
 * (there) may be NULL. WS_INVALID for one that is not there, is there twice, or is named twice. */
WS_MUST_CHECK enum ws_status ws_columns_choose(const struct ws_text_list *wanted, uint32_t there,
                                               const char *const *names, struct ws_arena *arena,
                                               struct ws_columns *out, struct ws_error *err);

/* Whether any is wanted by name. */
bool ws_columns_have_names(const struct ws_text_list *wanted);

#endif
