/*
 * Numbers from NumPy's .npy files, versions 1.0, 2.0 and 3.0 (numpy/lib/format.py says what they
 * are): '<f8', '<f4' and integers of 1 to 8 bytes, of one or two dimensions, in C or Fortran order.
 *
 * The header is a text of Python's and is read as data, never run. What it promises must be there
 * to the byte. Objects, structures and other byte orders are refused by name, and so are numbers
 * that are not finite, and integers that a double does not hold. A pure function of bytes. Docs:
 * docs/formats/vectors.md. Contract: tests/unit/test_npy.c. Fuzz target: tests/fuzz/fuzz_npy.c.
 */
#ifndef WS_DATA_NPY_H
#define WS_DATA_NPY_H

#include "base/bytes.h"
#include "base/option.h"
#include "data/dataset.h"

/* Rows as a payload of vectors, in `arena`; an array of one dimension has one column. `columns`
 * are numbers from 1; none: all. `name` begins messages. WS_INVALID: the wanted columns are not
 * there. WS_CORRUPT, WS_UNSUPPORTED, WS_LIMIT. */
WS_MUST_CHECK enum ws_status ws_npy_read(struct ws_bytes bytes, const char *name,
                                         const struct ws_text_list *columns, struct ws_arena *arena,
                                         struct ws_payload *out, struct ws_error *err);

#endif
