/*
 * What a shard takes from its issuer's secret: its id, the order of its documents, and the salt of
 * each commitment. docs/formats/shard.md has the rules. Contract: tests/unit/test_shard.c.
 */
#ifndef WS_LEDGER_SHARD_SECRET_H
#define WS_LEDGER_SHARD_SECRET_H

#include "ledger/shard.h"

WS_MUST_CHECK enum ws_status ws_shard_id(const uint8_t secret[WS_SHARD_SECRET_SIZE],
                                         uint8_t out[WS_RANGE_ID_SIZE], struct ws_error *err);

/* order[p] is which of the `count` documents, as they came, has number p. */
WS_MUST_CHECK enum ws_status ws_shard_order(const uint8_t secret[WS_SHARD_SECRET_SIZE],
                                            uint32_t *order, size_t count, struct ws_error *err);

WS_MUST_CHECK enum ws_status ws_shard_salt(const uint8_t secret[WS_SHARD_SECRET_SIZE],
                                           uint32_t number, uint8_t out[WS_SHARD_SALT_SIZE],
                                           struct ws_error *err);

#endif
