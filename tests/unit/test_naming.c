/*
 * Who named which shard, and what became of it (ledger/naming.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/naming.h"

enum { OWNER, OTHER, THIRD };

static struct ws_naming naming(uint8_t shard, uint64_t entry, size_t party, enum ws_claim_fate fate,
                               uint64_t at)
{
    return (struct ws_naming){{{shard}}, entry, party, fate, at};
}

static void is_settled(const struct ws_naming *namings, size_t count, uint8_t shard, uint64_t entry,
                       enum ws_claim_fate fate, uint64_t at)
{
    const struct ws_hash digest = {{shard}};
    const size_t i = ws_namings_find(namings, count, &digest, entry);
    assert_true(i < count);
    assert_int_equal(namings[i].entry, entry);
    assert_int_equal(namings[i].fate, fate);
    assert_int_equal(namings[i].at, at);
}

static void naming__ends_with_what_its_owner_withdraws(void **state)
{
    (void)state;
    /* Not in their order. */
    struct ws_naming namings[] = {
        naming(1, 8, OTHER, WS_CLAIM_HOLDS, 0),
        naming(1, 2, OWNER, WS_CLAIM_WITHDRAWN, 5),
        naming(1, 4, THIRD, WS_CLAIM_WITHDRAWN, 6),
        naming(1, 3, OTHER, WS_CLAIM_REVOKED, 0),
    };
    ws_namings_settle(namings, 4);
    is_settled(namings, 4, 1, 8, WS_CLAIM_WITHDRAWN, 5);
    is_settled(namings, 4, 1, 4, WS_CLAIM_WITHDRAWN, 6);
    is_settled(namings, 4, 1, 3, WS_CLAIM_REVOKED, 0);
    is_settled(namings, 4, 1, 2, WS_CLAIM_WITHDRAWN, 5);
}

static void naming__stays_as_long_as_its_owner_says_so(void **state)
{
    (void)state;
    struct ws_naming namings[] = {
        naming(1, 2, OWNER, WS_CLAIM_WITHDRAWN, 9),
        naming(1, 3, OWNER, WS_CLAIM_WITHDRAWN, 7),
        naming(1, 4, OTHER, WS_CLAIM_HOLDS, 0),
        naming(1, 5, OWNER, WS_CLAIM_HOLDS, 0),
    };
    ws_namings_settle(namings, 4);
    is_settled(namings, 4, 1, 2, WS_CLAIM_WITHDRAWN, 9);
    is_settled(namings, 4, 1, 4, WS_CLAIM_HOLDS, 0);
    is_settled(namings, 4, 1, 5, WS_CLAIM_HOLDS, 0);
    namings[3].fate = WS_CLAIM_WITHDRAWN;
    namings[3].at = 8;
    ws_namings_settle(namings, 4);
    is_settled(namings, 4, 1, 4, WS_CLAIM_WITHDRAWN, 9); /* the last of three */
}

/* What others said before was over, and stays so: else their old words came and went with it. */
static void naming__comes_back_for_what_is_said_then(void **state)
{
    (void)state;
    struct ws_naming namings[] = {
        naming(1, 2, OWNER, WS_CLAIM_WITHDRAWN, 5), naming(1, 4, OTHER, WS_CLAIM_HOLDS, 0),
        naming(1, 6, THIRD, WS_CLAIM_HOLDS, 0),     naming(1, 7, OWNER, WS_CLAIM_WITHDRAWN, 10),
        naming(1, 8, THIRD, WS_CLAIM_HOLDS, 0),     naming(1, 12, OWNER, WS_CLAIM_HOLDS, 0),
        naming(1, 13, OTHER, WS_CLAIM_HOLDS, 0),
    };
    ws_namings_settle(namings, 7);
    is_settled(namings, 7, 1, 4, WS_CLAIM_WITHDRAWN, 5);
    is_settled(namings, 7, 1, 6, WS_CLAIM_WITHDRAWN, 5);
    is_settled(namings, 7, 1, 7, WS_CLAIM_WITHDRAWN, 10);
    is_settled(namings, 7, 1, 8, WS_CLAIM_WITHDRAWN, 10);
    is_settled(namings, 7, 1, 12, WS_CLAIM_HOLDS, 0);
    is_settled(namings, 7, 1, 13, WS_CLAIM_HOLDS, 0);
}

static void naming__is_nothing_to_who_copies_it(void **state)
{
    (void)state;
    struct ws_naming namings[] = {
        naming(1, 2, OWNER, WS_CLAIM_HOLDS, 0),     naming(1, 3, OTHER, WS_CLAIM_WITHDRAWN, 5),
        naming(2, 4, OTHER, WS_CLAIM_WITHDRAWN, 6), naming(2, 7, OWNER, WS_CLAIM_HOLDS, 0),
        naming(3, 9, OWNER, WS_CLAIM_HOLDS, 0),
    };
    ws_namings_settle(namings, 5);
    is_settled(namings, 5, 1, 2, WS_CLAIM_HOLDS, 0);
    is_settled(namings, 5, 1, 3, WS_CLAIM_WITHDRAWN, 5);
    is_settled(namings, 5, 2, 7, WS_CLAIM_WITHDRAWN, 6); /* the other had it first */
    is_settled(namings, 5, 3, 9, WS_CLAIM_HOLDS, 0);
}

static void naming__stays_where_a_stolen_key_was_the_owner_s(void **state)
{
    (void)state;
    struct ws_naming namings[] = {
        naming(1, 2, OWNER, WS_CLAIM_REVOKED, 2),
        naming(1, 3, OTHER, WS_CLAIM_HOLDS, 0),
    };
    ws_namings_settle(namings, 2);
    is_settled(namings, 2, 1, 2, WS_CLAIM_REVOKED, 2);
    is_settled(namings, 2, 1, 3, WS_CLAIM_HOLDS, 0);
    namings[1].fate = WS_CLAIM_REVOKED;
    namings[1].at = 3;
    uint64_t at;
    assert_false(ws_namings_hold(namings, 2, &at));
    assert_int_equal(at, 2);
}

static void naming__is_not_the_thief_s_who_came_first(void **state)
{
    (void)state;
    struct ws_naming namings[] = {
        naming(1, 2, OTHER, WS_CLAIM_REVOKED, 2),
        naming(1, 3, OWNER, WS_CLAIM_WITHDRAWN, 7),
        naming(1, 4, THIRD, WS_CLAIM_HOLDS, 0),
    };
    uint64_t at;
    ws_namings_settle(namings, 3);
    is_settled(namings, 3, 1, 2, WS_CLAIM_REVOKED, 2);
    is_settled(namings, 3, 1, 4, WS_CLAIM_WITHDRAWN, 7);
    assert_false(ws_namings_hold(namings, 3, &at));
    assert_int_equal(at, 7);
}

static void naming__stays_its_owner_s_who_has_a_new_key(void **state)
{
    (void)state;
    struct ws_naming namings[] = {
        naming(1, 2, OWNER, WS_CLAIM_REVOKED, 2),
        naming(1, 3, OTHER, WS_CLAIM_WITHDRAWN, 7),
        naming(1, 5, OWNER, WS_CLAIM_HOLDS, 0),
    };
    ws_namings_settle(namings, 3);
    is_settled(namings, 3, 1, 5, WS_CLAIM_HOLDS, 0);
}

static void naming__is_gone_where_its_owner_withdrew_it_last(void **state)
{
    (void)state;
    struct ws_naming namings[] = {
        naming(1, 2, OWNER, WS_CLAIM_WITHDRAWN, 7),
        naming(1, 3, OTHER, WS_CLAIM_WITHDRAWN, 8),
        naming(1, 4, OWNER, WS_CLAIM_WITHDRAWN, 6),
    };
    uint64_t at;
    ws_namings_settle(namings, 3);
    assert_false(ws_namings_hold(namings, 3, &at));
    assert_int_equal(at, 7);
    namings[2].fate = WS_CLAIM_HOLDS;
    assert_true(ws_namings_hold(namings, 3, &at));
}

static void naming__is_found_by_digest_and_entry(void **state)
{
    (void)state;
    const struct ws_hash none = {{9}}, one = {{1}}, two = {{2}};
    struct ws_naming namings[] = {
        naming(2, 2, OWNER, WS_CLAIM_HOLDS, 0),
        naming(1, 2, OWNER, WS_CLAIM_HOLDS, 0),
        naming(1, 6, OWNER, WS_CLAIM_HOLDS, 0),
    };
    ws_namings_settle(namings, 3);
    assert_int_equal(ws_namings_find(namings, 3, &one, 0), 0);
    assert_int_equal(ws_namings_find(namings, 3, &one, 3), 1);
    assert_int_equal(ws_namings_find(namings, 3, &one, 7), 3);
    assert_int_equal(ws_namings_find(namings, 3, &two, 2), 2);
    assert_int_equal(ws_namings_find(namings, 3, &none, 0), 3);
    assert_int_equal(ws_namings_find(namings, 0, &one, 0), 0);
    assert_int_equal(ws_namings_equal(namings, 3, 0), 2);
    assert_int_equal(ws_namings_equal(namings, 3, 2), 1);
    ws_namings_settle(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(naming__ends_with_what_its_owner_withdraws),
        cmocka_unit_test(naming__stays_as_long_as_its_owner_says_so),
        cmocka_unit_test(naming__comes_back_for_what_is_said_then),
        cmocka_unit_test(naming__is_nothing_to_who_copies_it),
        cmocka_unit_test(naming__stays_where_a_stolen_key_was_the_owner_s),
        cmocka_unit_test(naming__is_not_the_thief_s_who_came_first),
        cmocka_unit_test(naming__stays_its_owner_s_who_has_a_new_key),
        cmocka_unit_test(naming__is_gone_where_its_owner_withdrew_it_last),
        cmocka_unit_test(naming__is_found_by_digest_and_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
