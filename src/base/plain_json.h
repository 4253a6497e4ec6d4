/*
 * JSON as this program writes it: compact, members in one order, texts of printable ASCII without
 * escapes. Formats that are read by the hundred thousand a second are tried so first, for JSON in
 * general takes a third of the time that their signature does; what does not fit is left to
 * base/json.h, which must read the same of what fits. Contract: tests/unit/test_statement.c,
 * tests/fuzz/fuzz_statement.c, tests/fuzz/fuzz_envelope.c.
 */
#ifndef WS_BASE_PLAIN_JSON_H
#define WS_BASE_PLAIN_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* Each takes what it names off `left`; false where something else comes, and then `left` is
 * anything. */
bool ws_plain_json_take(struct ws_bytes *left, const char *text);
/* `before` ends with the quote that begins a text; `out` lies in what was read. */
bool ws_plain_json_text(struct ws_bytes *left, const char *before, struct ws_bytes *out);
/* A whole number of up to 18 digits. */
bool ws_plain_json_whole(struct ws_bytes *left, const char *before, uint64_t *out);
/* Whether this comes next; nothing is taken. */
bool ws_plain_json_is_next(struct ws_bytes left, const char *text);

#endif
