/*
 * What models write, for people to read: the beginning of a few items of a sample as JSON lines.
 *
 *   {"generation":3,"item":0,"text":"it was a truth"}
 *
 * Only token sequences can be read. Format: docs/formats/run.md.
 * Contract: tests/unit/test_sample_text.c.
 */
#ifndef WS_LAB_SAMPLE_TEXT_H
#define WS_LAB_SAMPLE_TEXT_H

#include "data/human.h"

enum { WS_SAMPLE_TEXT_TOKENS = 128 }; /* of an item, at most */

/* The first `items` items of `sample`, or all. Bytes that are no UTF-8 become U+FFFD. */
WS_MUST_CHECK enum ws_status ws_sample_text_append(const struct ws_human *human,
                                                   const struct ws_payload *sample,
                                                   uint32_t generation, uint64_t items,
                                                   struct ws_buffer *out, struct ws_error *err);

#endif
