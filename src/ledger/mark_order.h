/*
 * The fingerprints of a text in the order of their values: those that one tile answers for stand
 * together, and so do equal ones. Contract: tests/unit/test_lookup.c.
 */
#ifndef WS_LEDGER_MARK_ORDER_H
#define WS_LEDGER_MARK_ORDER_H

#include "ledger/verdict.h"

/* Numbers of marks by rising value, and then by place; count is at most UINT32_MAX. They live in
 * the arena: 4 bytes each, and for a while some 2 more. NULL when memory is out. */
const uint32_t *ws_mark_order(const struct ws_verdict_mark *marks, size_t count,
                              struct ws_arena *arena);

#endif
