/*
 * What a sample of types says of those it lacks, and how much a few of them fill it.
 *
 * All from how many types were seen once and twice (F1, F2), S of them altogether in N items:
 * - Good-Turing: the types that were not seen have about F1/N of the mass (Good 1953). Esty's
 *   interval (1983) is F1/N +- z sqrt(F1 (N - F1) + 2 N F2) / N^(3/2).
 * - Chao1 (Chao 1984): S + F1^2 / 2F2 types there are, or more: a lower bound. Where F2 = 0 it is
 *   S + F1 (F1 - 1) / 2, its bias-corrected form.
 * - Yule's K (1944): 10^4 (sum c^2 - N) / N^2, c the count of a type: 10^4 times about the
 *   probability that two items are of one type. It hardly depends on N.
 * Contract: tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_RICHNESS_H
#define WS_MEASURE_RICHNESS_H

#include <stddef.h>
#include <stdint.h>

enum { WS_RICHNESS_LEAST = 2 }; /* items: of one alone none of this says anything */

struct ws_richness {
    uint64_t items;       /* N */
    uint64_t types;       /* S */
    uint64_t once, twice; /* F1, F2 */
    double squares;       /* sum of c^2 */
};

/* counts[i] >= 1. */
struct ws_richness ws_richness_of(const uint64_t *counts, size_t size);

double ws_chao1(const struct ws_richness *r);
double ws_yule_k(const struct ws_richness *r);

/* The mass that was not seen, with an interval that covers it 95 times of 100 where N is large; cut
 * at 0 and 1. NaN bounds where no type was seen once or twice, or every one just once: the formula
 * would give an interval without width. */
struct ws_missing_mass {
    double estimate, low, high;
};
struct ws_missing_mass ws_missing_mass(const struct ws_richness *r);

#endif
