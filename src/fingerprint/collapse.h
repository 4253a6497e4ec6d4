/*
 * Collapsed text, which the ISCC Text-Code is made of (ISO 24138): NFD, white space out, lower
 * case, characters of the categories C, M and P out, NFKC.
 *
 * Text comes in pieces and leaves in chunks of UTF-8, in memory that does not grow; what that
 * bounds is in fingerprint/iscc.h. Contract: tests/unit/test_iscc.c.
 */
#ifndef WS_FINGERPRINT_COLLAPSE_H
#define WS_FINGERPRINT_COLLAPSE_H

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/status.h"

struct ws_collapse;

enum { WS_COLLAPSE_CHUNK = 4096 };

/* WS_UNSUPPORTED where the library of Unicode data is older than 15.0.0. */
WS_MUST_CHECK enum ws_status ws_collapse_open(const struct ws_allocator *allocator,
                                              struct ws_collapse **out, struct ws_error *err);
void ws_collapse_close(struct ws_collapse *collapse); /* NULL is fine */

/* Takes bytes off the front of `raw` until a chunk is full or none is left. Whole characters, at
 * most WS_COLLAPSE_CHUNK bytes of them, maybe none; valid until the next call. */
struct ws_bytes ws_collapse_read(struct ws_collapse *collapse, struct ws_bytes *raw);
/* The text ends here: what was held back. Then the next text can begin. */
struct ws_bytes ws_collapse_end(struct ws_collapse *collapse);

#endif
