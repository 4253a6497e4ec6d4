/*
 * Entries are taken when an issuer of the list signed them and they hold a statement; the first
 * fault is told, whichever thread found one first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/admission.h"

enum { COUNT = 300 };

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer signer, other;
    struct ws_note_key key;
    const struct ws_note_key *keys[1];
    struct ws_admission admission;
    struct ws_pool *pool;
    struct ws_bytes entries[COUNT];
    struct ws_admitted admitted[COUNT];
    size_t bad;
};

static struct ws_bytes make_entry(struct stand *stand, const struct ws_note_signer *signer,
                                  uint64_t cited)
{
    const struct ws_statement statement = {.kind = WS_STATEMENT_WITHDRAWAL,
                                           .withdrawal = {.entry = cited, .reason = "erased"}};
    struct ws_buffer text, entry;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&entry, NULL, SIZE_MAX);
    assert_int_equal(ws_statement_append(&text, &statement, cited + 1, NULL), WS_OK);
    assert_int_equal(ws_envelope_append(&entry, WS_STATEMENT_PAYLOAD_TYPE, ws_buffer_bytes(&text),
                                        signer, &stand->arena, NULL),
                     WS_OK);
    struct ws_bytes copy = {ws_arena_copy(&stand->arena, entry.data, entry.size), entry.size};
    assert_non_null(copy.data);
    ws_buffer_release(&entry);
    ws_buffer_release(&text);
    return copy;
}

static int open_stand(void **state)
{
    static struct stand stand;
    ws_arena_init(&stand.arena, NULL);
    assert_int_equal(
        ws_note_signer_make("lab", WS_KEY_ED25519, &stand.arena, &stand.signer, &stand.err), WS_OK);
    assert_int_equal(
        ws_note_signer_make("lab", WS_KEY_ED25519, &stand.arena, &stand.other, &stand.err), WS_OK);
    assert_int_equal(ws_note_signer_key(&stand.signer, &stand.key, &stand.err), WS_OK);
    stand.keys[0] = &stand.key;
    stand.admission = (struct ws_admission){.keys = stand.keys, .key_count = 1};
    for (size_t i = 0; i < COUNT; i++)
        stand.entries[i] = make_entry(&stand, &stand.signer, i);
    assert_int_equal(ws_pool_new(3, NULL, &stand.pool, &stand.err), WS_OK);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    ws_pool_free(stand->pool);
    ws_note_key_close(&stand->key);
    ws_note_signer_close(&stand->signer);
    ws_note_signer_close(&stand->other);
    ws_arena_release(&stand->arena);
    return 0;
}

static enum ws_status check(struct stand *stand, struct ws_pool *pool)
{
    return ws_admission_check(&stand->admission, stand->entries, COUNT, pool, stand->admitted,
                              &stand->bad, &stand->err);
}

static void test_taken(void **state)
{
    struct stand *stand = *state;
    for (int alone = 0; alone < 2; alone++) {
        memset(stand->admitted, 0xff, sizeof stand->admitted);
        if (check(stand, alone ? NULL : stand->pool) != WS_OK)
            fail_msg("%s", stand->err.message);
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(stand->admitted[i].kind, WS_STATEMENT_WITHDRAWAL);
            assert_int_equal(stand->admitted[i].least_index, i + 1);
            assert_int_equal(stand->admitted[i].signer, 0);
        }
    }
}

/* Of two faults in other pieces the earlier one, by any number of threads. */
static void test_first_fault(void **state)
{
    struct stand *stand = *state;
    stand->entries[200] = ws_bytes_of_text("{}");
    stand->entries[70] = make_entry(stand, &stand->other, 1);
    for (int alone = 0; alone < 2; alone++) {
        stand->bad = 0;
        assert_int_equal(check(stand, alone ? NULL : stand->pool), WS_CORRUPT);
        assert_int_equal(stand->bad, 70);
        assert_non_null(strstr(stand->err.message, "none of the issuers"));
    }
    stand->admission.key_count = 0; /* signatures cannot be checked then */
    assert_int_equal(check(stand, stand->pool), WS_CORRUPT);
    assert_int_equal(stand->bad, 200);
}

static void test_forms(void **state)
{
    static const uint8_t large[WS_ENVELOPE_LIMIT + 1] = {'{'};
    struct stand *stand = *state;
    struct ws_buffer entry;
    ws_buffer_init(&entry, NULL, SIZE_MAX);
    stand->entries[0] = ws_bytes_of(large, sizeof large);
    assert_int_equal(check(stand, NULL), WS_LIMIT);
    assert_int_equal(ws_envelope_append(&entry, "text/plain", ws_bytes_of_text("{}"),
                                        &stand->signer, &stand->arena, NULL),
                     WS_OK);
    stand->entries[0] = ws_buffer_bytes(&entry);
    assert_int_equal(check(stand, NULL), WS_CORRUPT);
    assert_non_null(strstr(stand->err.message, "text/plain"));
    ws_buffer_release(&entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_taken, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_first_fault, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_forms, open_stand, close_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
