/*
 * Canonical text: what is left of a text when what a copy may change without changing what it says
 * is taken out. Every digest and fingerprint of a document is one of its canonical text.
 *
 * The rule is named `ws-canon-1`, and a rule that gives other bytes for any text gets another name.
 * It pins Unicode 15.0.0: a newer library of Unicode data gives the same bytes, since what 15.0.0
 * does not know is left as it is, and an older one is refused. Text comes in pieces of any size and
 * leaves in chunks, in memory that does not grow. Any bytes are a text: what is not UTF-8 is left
 * out and counted. The rule is in docs/formats/fingerprint.md; contract: tests/unit/test_canon.c,
 * which also holds the plain reference.
 */
#ifndef WS_FINGERPRINT_CANON_H
#define WS_FINGERPRINT_CANON_H

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/status.h"

#define WS_CANON_ID "ws-canon-1"

/*
 * Where canonical bytes came from: from byte `at` of the canonical text on lie pieces of `width`
 * bytes, the first made of the raw code points [raw, raw + cover), the next of as many that follow,
 * and so on up to the next run. A letter with its marks is one piece. Raw code points are counted
 * as a decoder counts them that puts U+FFFD for each part that is not UTF-8.
 */
struct ws_canon_run {
    uint64_t at;
    uint64_t raw;
    uint64_t cover;
    uint32_t width;
};

/* Canonical bytes with the runs that begin in them; valid until the next call. */
struct ws_canon_chunk {
    struct ws_bytes text; /* at most WS_CANON_CHUNK */
    const struct ws_canon_run *runs;
    size_t run_count;
};
enum { WS_CANON_CHUNK = 4096 };

struct ws_canon_counts {
    uint64_t raw_bytes;
    uint64_t raw_points; /* code points */
    uint64_t malformed;  /* of them: parts that are not UTF-8, and U+FFFD itself */
    uint64_t bytes;      /* of canonical text */
};

struct ws_canon;

/* WS_UNSUPPORTED where the library of Unicode data is older than 15.0.0. */
WS_MUST_CHECK enum ws_status ws_canon_open(const struct ws_allocator *allocator,
                                           struct ws_canon **out, struct ws_error *err);
void ws_canon_close(struct ws_canon *canon); /* NULL is fine */

/* Takes bytes off the front of `raw` until a chunk is full or none is left. A chunk may be empty.
 */
void ws_canon_read(struct ws_canon *canon, struct ws_bytes *raw, struct ws_canon_chunk *out);
/* The text ends here: what was held back. Then the next text can begin. */
void ws_canon_end(struct ws_canon *canon, struct ws_canon_chunk *out);

/* Of the text that was ended last, or of the one that is read. */
void ws_canon_count(const struct ws_canon *canon, struct ws_canon_counts *out);

#endif
