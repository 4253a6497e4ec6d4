/*
 * Numbers from tables of text, as RFC 4180 describes them: records that end with a line break,
 * fields that are separated by one character and may be quoted, and the first record may hold the
 * names of the columns.
 *
 * Nothing is guessed: a record that has another number of fields than the first, and a wanted cell
 * that is empty, no number or not finite, are refused with their line and column. Columns that are
 * not wanted may hold anything. A pure function of bytes. Docs: docs/formats/vectors.md. Contract:
 * tests/unit/test_csv.c. Fuzz target: tests/fuzz/fuzz_csv.c.
 */
#ifndef WS_DATA_CSV_H
#define WS_DATA_CSV_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/option.h"
#include "data/dataset.h"

enum ws_csv_delimiter {
    WS_CSV_COMMA,
    WS_CSV_SEMICOLON,
    WS_CSV_TAB,
    WS_CSV_SPACE,
    WS_CSV_BAR,
};

enum ws_csv_header {
    WS_CSV_HEADER_DETECTED, /* there is one when columns are wanted by name, or when the first
                               record has no number and is not all empty */
    WS_CSV_HEADER_YES,
    WS_CSV_HEADER_NO,
};

struct ws_csv_form {
    uint32_t delimiter; /* enum ws_csv_delimiter */
    uint32_t header;    /* enum ws_csv_header */
};

enum {
    WS_CSV_FIELD_LIMIT = 1 << 16, /* bytes of a field */
    WS_CSV_FIELDS_LIMIT = 1 << 20 /* fields of a record */
};

/* A payload of vectors, in `arena`; `name` begins messages. WS_INVALID: the wanted columns are not
 * there. WS_CORRUPT; WS_UNSUPPORTED (no record of numbers); WS_LIMIT. */
WS_MUST_CHECK enum ws_status ws_csv_read(struct ws_bytes text, const char *name,
                                         const struct ws_csv_form *form,
                                         const struct ws_text_list *columns, struct ws_arena *arena,
                                         struct ws_payload *out, struct ws_error *err);

#endif
