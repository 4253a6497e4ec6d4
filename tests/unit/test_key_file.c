/*
 * Private keys lie in files that nobody else may read and that are never written over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ledger/key_file.h"
#include "support/place.h"

static void test_round_trip(void **state)
{
    struct ws_arena arena;
    struct ws_note_signer signer, read;
    struct ws_error err;
    struct place place;
    struct stat about;
    struct ws_names names;
    (void)state;
    ws_arena_init(&arena, NULL);
    new_place(&place);
    const char *path = ws_arena_format(&arena, "%s/a.key", place.path);
    assert_int_equal(ws_note_signer_make("w", WS_KEY_COSIGNATURE, &arena, &signer, &err), WS_OK);
    assert_int_equal(ws_key_file_write(path, &signer, &err), WS_OK);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(ws_key_file_write(path, &signer, &err), WS_CONFLICT);
    assert_int_equal(ws_directory_list(place.path, &arena, &names, &err), WS_OK);
    assert_int_equal(names.count, 1);
    assert_int_equal(ws_key_file_read(path, WS_KEY_COSIGNATURE, &arena, &read, &err), WS_OK);
    assert_memory_equal(read.private_key.seed, signer.private_key.seed, WS_ED25519_KEY_SIZE);
    ws_note_signer_close(&read);
    assert_int_equal(ws_key_file_read(path, WS_KEY_ED25519, &arena, &read, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "the key of a witness"));
    for (mode_t mode = 0601; mode <= 0660; mode += 7) {
        if ((mode & 077) == 0)
            continue;
        assert_int_equal(chmod(path, mode), 0);
        assert_int_equal(ws_key_file_read_any(path, &arena, &read, &err), WS_INVALID);
        assert_null(strstr(err.message, "PRIVATE"));
    }
    ws_note_signer_close(&signer);
    remove_place(&place);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
