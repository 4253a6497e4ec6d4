/*
 * Sorting of pairs by key, then by number: a radix sort from the highest bits on, for keys that are
 * hashes. Other keys are sorted as well, slower. Contract: tests/unit/test_range.c.
 */
#ifndef WS_LEDGER_PAIR_SORT_H
#define WS_LEDGER_PAIR_SORT_H

#include <stddef.h>

#include "ledger/range_tile.h"

/* `scratch` has room for as many. */
void ws_pair_sort(struct ws_range_pair *pairs, struct ws_range_pair *scratch, size_t count);

#endif
