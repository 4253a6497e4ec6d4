/*
 * How much shorter a text becomes when zlib deflates it: a text that repeats itself shrinks more
 * (Shaib et al. 2024, arXiv 2403.00553).
 *
 * One zlib stream at level 6 (RFC 1950: 6 bytes of header and checksum), window of 32 KiB: what
 * stands further back is not seen. Contract: tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_COMPRESSION_H
#define WS_MEASURE_COMPRESSION_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

/* Bytes over compressed bytes; NaN for none. */
WS_MUST_CHECK enum ws_status ws_compression_ratio(struct ws_bytes text, struct ws_arena *scratch,
                                                  double *out, struct ws_error *err);

#endif
