/*
 * The ISCC Text-Code of ISO 24138: a similarity hash of a whole text, to be found by others who
 * use the standard. It says nothing of parts, and two texts are near when few bits differ.
 *
 * The text is collapsed as the standard says (not our canonical text), which needs no more memory
 * for a longer text. One thing is bounded that the standard does not bound: a capital sigma
 * followed by more than WS_ISCC_LOOKAHEAD modifiers is taken for the last letter of its word.
 * Contract: tests/unit/test_iscc.c and, against the vectors of the standard's reference,
 * tests/conformance/test_iscc_vectors.c.
 */
#ifndef WS_FINGERPRINT_ISCC_H
#define WS_FINGERPRINT_ISCC_H

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/status.h"

enum { WS_ISCC_DIGEST = 32, WS_ISCC_TEXT_SIZE = 64, WS_ISCC_LOOKAHEAD = 32 };

struct ws_iscc_code {
    uint8_t digest[WS_ISCC_DIGEST]; /* 256 bits; a code of fewer has the first of them */
    uint64_t characters;            /* of the collapsed text */
};

struct ws_iscc;

/* WS_UNSUPPORTED where the library of Unicode data is older than 15.0.0. */
WS_MUST_CHECK enum ws_status ws_iscc_open(const struct ws_allocator *allocator,
                                          struct ws_iscc **out, struct ws_error *err);
void ws_iscc_close(struct ws_iscc *iscc); /* NULL is fine */

/* A piece of a text; what is not UTF-8 counts as U+FFFD, as it does in fingerprints. */
void ws_iscc_add(struct ws_iscc *iscc, struct ws_bytes raw);
/* The text ends here. Then the next one can begin. */
void ws_iscc_end(struct ws_iscc *iscc, struct ws_iscc_code *out);

/* "ISCC:EAA…" with `bits` of the digest: a multiple of 32, 32 to 256. */
void ws_iscc_text(const struct ws_iscc_code *code, unsigned bits, char out[WS_ISCC_TEXT_SIZE]);

#endif
