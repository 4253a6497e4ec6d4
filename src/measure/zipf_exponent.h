/*
 * The exponent s of Zipf's law, p(r) ~ r^-s for the r-th most frequent type, by maximum likelihood.
 *
 * The WS_ZIPF_RANKS most frequent types of a sample (all, where it has fewer) are ranks 1 to R; the
 * items of these types are taken for draws from the law on just these ranks. Its likelihood is
 * concave in s, and largest where the mean of log r under the law is that of the items (Clauset,
 * Shalizi and Newman 2009, sec. 3, for a finite range). A line through the logarithms, the usual
 * way, is biased. Contract: tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_ZIPF_EXPONENT_H
#define WS_MEASURE_ZIPF_EXPONENT_H

#include <stddef.h>
#include <stdint.h>

enum { WS_ZIPF_RANKS = 1000 };

/* counts[i] >= 1. NaN below two types. */
double ws_zipf_exponent(const uint64_t *counts, size_t size);

#endif
