/*
 * Vaults: items once, records for ever; what is refused, what damage is named, and what remains of
 * an add that was cut short.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/vault.h"

#define CAPTURED "2026-11-01T00:00:00Z"
#define NOW      "2026-11-02T00:00:00Z"
/* SHA-256 of "abc": FIPS 180-4's example. */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

struct place {
    char directory[64], vault[80];
};

static int set_up(void **state)
{
    struct place *place = malloc(sizeof *place);
    if (!place)
        return 1;
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/test_vault_XXXXXX");
    if (!mkdtemp(place->directory))
        return 1;
    (void)snprintf(place->vault, sizeof place->vault, "%s/v", place->directory);
    *state = place;
    return ws_vault_make(place->vault, NULL) == WS_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    int status = system(command);
    free(place);
    return status;
}

static struct ws_hash hash_of(const char *hex)
{
    struct ws_hash hash;
    assert_true(ws_hash_read(ws_bytes_of_text(hex), &hash));
    return hash;
}

static enum ws_vault_outcome put(struct ws_vault *vault, const char *text, const char *origin,
                                 struct ws_hash *item)
{
    enum ws_vault_outcome outcome;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    rewind(file);
    assert_int_equal(
        ws_vault_put(vault, fileno(file), origin, NOW, CAPTURED, origin, item, &outcome, NULL),
        WS_OK);
    (void)fclose(file);
    return outcome;
}

static void open_vault(const struct place *place, bool to_write, struct ws_vault *vault)
{
    struct ws_error err;
    if (ws_vault_open(place->vault, to_write, vault, &err) != WS_OK)
        fail_msg("%s", err.message);
}

static enum ws_status collect(void *user, struct ws_bytes piece, struct ws_error *err)
{
    (void)err;
    ws_buffer_append(user, piece.data, piece.size);
    return WS_OK;
}

static void an_item__is_kept_once_and_given_back(void **state)
{
    struct ws_vault vault;
    struct ws_hash item;
    struct ws_buffer bytes;
    open_vault(*state, true, &vault);
    assert_int_equal(put(&vault, "abc", "first", &item), WS_VAULT_NEW);
    const struct ws_hash abc = hash_of(ABC);
    assert_memory_equal(&item, &abc, sizeof abc);
    assert_int_equal(put(&vault, "abc", "first", &item), WS_VAULT_SAME);
    assert_int_equal(put(&vault, "abc", "second", &item), WS_VAULT_KNOWN);
    assert_int_equal(put(&vault, "abc", "first", &item), WS_VAULT_SAME);
    assert_int_equal(put(&vault, "", "empty", &item), WS_VAULT_NEW);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    ws_vault_close(&vault);
    open_vault(*state, false, &vault);
    assert_int_equal(vault.count, 3);
    assert_string_equal(vault.records[1].origin, "second");
    assert_int_equal(vault.records[2].bytes, 0);
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    assert_int_equal(ws_vault_get(&vault, &abc, collect, &bytes, NULL), WS_OK);
    assert_true(ws_bytes_is(ws_buffer_bytes(&bytes), "abc"));
    ws_buffer_release(&bytes);
    ws_vault_close(&vault);
}

/* The table of items grows many times on the way. */
static void many_items__are_all_found(void **state)
{
    enum { ITEMS = 300 };
    struct ws_vault vault;
    struct ws_hash items[ITEMS];
    char text[16];
    open_vault(*state, true, &vault);
    for (int i = 0; i < ITEMS; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        assert_int_equal(put(&vault, text, text, &items[i]), WS_VAULT_NEW);
    }
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    ws_vault_close(&vault);
    open_vault(*state, false, &vault);
    assert_int_equal(vault.count, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        assert_string_equal(ws_vault_find(&vault, &items[i])->origin, text);
    }
    const struct ws_hash none = {{0}};
    assert_null(ws_vault_find(&vault, &none));
    ws_vault_close(&vault);
}

static void what_is_not_committed__was_never_there(void **state)
{
    struct ws_vault vault;
    struct ws_hash item;
    struct ws_vault_health health;
    open_vault(*state, true, &vault);
    assert_int_equal(put(&vault, "abc", "first", &item), WS_VAULT_NEW);
    ws_vault_close(&vault);
    open_vault(*state, true, &vault);
    assert_int_equal(vault.count, 0);
    assert_int_equal(ws_vault_verify(((struct place *)*state)->vault, NULL, NULL, &health, NULL),
                     WS_OK);
    assert_int_equal(health.strays, 1);
    assert_int_equal(put(&vault, "abc", "first", &item), WS_VAULT_NEW);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    assert_int_equal(ws_vault_verify(((struct place *)*state)->vault, NULL, NULL, &health, NULL),
                     WS_OK);
    assert_int_equal(health.strays, 0);
    assert_int_equal(health.items, 1);
    ws_vault_close(&vault);
}

static void a_removed_item__keeps_its_record_and_is_not_kept_again(void **state)
{
    const struct place *place = *state;
    struct ws_vault vault;
    struct ws_hash item;
    struct ws_error err;
    struct ws_vault_health health;
    open_vault(place, true, &vault);
    (void)put(&vault, "abc", "first", &item);
    assert_int_equal(ws_vault_remove(&vault, &item, NOW, "two\nlines", NULL), WS_INVALID);
    assert_int_equal(ws_vault_remove(&vault, &item, NOW, "erased on request", NULL), WS_OK);
    assert_int_equal(ws_vault_remove(&vault, &item, NOW, "again", NULL), WS_NOT_FOUND);
    assert_int_equal(put(&vault, "abc", "first", &item), WS_VAULT_REMOVED);
    ws_vault_close(&vault);
    open_vault(place, false, &vault);
    assert_int_equal(vault.count, 2);
    assert_int_equal(ws_vault_get(&vault, &item, collect, NULL, &err), WS_NOT_FOUND);
    assert_non_null(strstr(err.message, "erased on request"));
    ws_vault_close(&vault);
    assert_int_equal(ws_vault_verify(place->vault, NULL, NULL, &health, NULL), WS_OK);
    assert_int_equal(health.removed, 1);
    assert_int_equal(health.items + health.strays + health.damages, 0);
}

static void a_removal_that_was_cut_short__is_finished(void **state)
{
    const struct place *place = *state;
    char object[256], copy[128], command[512];
    struct ws_vault vault;
    struct ws_hash item;
    (void)snprintf(object, sizeof object, "%s/objects/%.2s/%s.zst", place->vault, ABC, &ABC[2]);
    (void)snprintf(copy, sizeof copy, "%s/copy", place->directory);
    open_vault(place, true, &vault);
    (void)put(&vault, "abc", "first", &item);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    (void)snprintf(command, sizeof command, "cp '%s' '%s'", object, copy);
    assert_int_equal(system(command), 0);
    assert_int_equal(ws_vault_remove(&vault, &item, NOW, "erased", NULL), WS_OK);
    ws_vault_close(&vault);
    assert_int_equal(rename(copy, object), 0); /* as if it had not come to that */
    open_vault(place, true, &vault);
    assert_false(ws_file_exists(object));
    ws_vault_close(&vault);
}

static void one_process__writes_at_a_time(void **state)
{
    const struct place *place = *state;
    struct ws_vault vault, other;
    open_vault(place, true, &vault);
    assert_int_equal(ws_vault_open(place->vault, true, &other, NULL), WS_BUSY);
    open_vault(place, false, &other);
    ws_vault_close(&other);
    ws_vault_close(&vault);
}

static void where_there_is_none__that_is_said(void **state)
{
    const struct place *place = *state;
    struct ws_vault vault;
    struct ws_error err;
    assert_int_equal(ws_vault_open(place->directory, false, &vault, &err), WS_NOT_FOUND);
    assert_int_equal(ws_vault_make(place->vault, &err), WS_CONFLICT);
    assert_int_equal(ws_vault_make(place->directory, &err), WS_CONFLICT);
}

static void claims_that_cannot_be_kept__are_refused_before_anything_is_read(void **state)
{
    static const char *const wrong[][3] = {
        /* time, captured, origin */
        {"yesterday", CAPTURED, "x"}, {NOW, "2026-11-01", "x"}, {NOW, CAPTURED, ""},
        {NOW, CAPTURED, "a\nb"},      {NOW, CAPTURED, "\xff"},
    };
    struct ws_vault vault;
    struct ws_hash item;
    enum ws_vault_outcome outcome;
    open_vault(*state, true, &vault);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ws_vault_put(&vault, -1, "x", wrong[i][0], wrong[i][1], wrong[i][2], &item,
                                      &outcome, NULL),
                         WS_INVALID);
    assert_int_equal(vault.count, 0);
    ws_vault_close(&vault);
}

/* The example of docs/formats/vault.md. */
static void a_record__has_the_bytes_of_the_format(void **state)
{
    static const char line[] = "b4e7a5230f75ace6ecabec3f3ea215864a38002d43e51388e401756d50b7637c "
                               "{\"item\":\"" ABC "\",\"bytes\":3,\"captured\":\"" CAPTURED
                               "\",\"origin\":\"abc.txt\",\"time\":\"" NOW "\"}\n";
    const struct ws_vault_record record = {
        .item = hash_of(ABC), .bytes = 3, .captured = CAPTURED, .origin = "abc.txt", .time = NOW};
    struct ws_hash chain = {{0}};
    struct ws_buffer out;
    (void)state;
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_vault_record_append(&out, &record, &chain, NULL), WS_OK);
    assert_string_equal(ws_buffer_string(&out), line);
    ws_buffer_release(&out);
}

/* Damage --------------------------------------------------------------------------------------- */

struct seen {
    int items, lines;
    char what[64];
};

static void see(void *user, const struct ws_hash *item, const char *what, const char *message)
{
    struct seen *seen = user;
    assert_true(strlen(message) > 0);
    seen->items += item != NULL;
    seen->lines += item == NULL;
    (void)snprintf(seen->what, sizeof seen->what, "%s", what);
}

static void change_byte(const char *path, long offset)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

static struct seen verified(const struct place *place)
{
    struct seen seen = {.items = 0};
    struct ws_vault_health health;
    assert_int_equal(ws_vault_verify(place->vault, see, &seen, &health, NULL), WS_OK);
    assert_int_equal(health.damages, seen.items + seen.lines);
    return seen;
}

/* But for bits that zstd passes over: then what comes out is what went in. */
static void every_changed_byte_of_an_item__is_noticed(void **state)
{
    const struct place *place = *state;
    char object[256];
    struct ws_vault vault;
    struct ws_hash item;
    struct stat about;
    struct ws_measured measured;
    long noticed = 0;
    (void)snprintf(object, sizeof object, "%s/objects/%.2s/%s.zst", place->vault, ABC, &ABC[2]);
    open_vault(place, true, &vault);
    (void)put(&vault, "abc", "first", &item);
    (void)put(&vault, "other", "second", &item);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    ws_vault_close(&vault);
    assert_int_equal(stat(object, &about), 0);
    const struct ws_hash abc = hash_of(ABC);
    for (long i = 0; i < about.st_size; i++) {
        change_byte(object, i);
        struct seen seen = verified(place);
        noticed += seen.items;
        if (seen.items > 0) {
            assert_string_equal(seen.what, "first");
        } else {
            assert_int_equal(ws_decompress(object, 3, NULL, NULL, &measured, NULL), WS_OK);
            assert_memory_equal(&measured.digest, &abc, sizeof abc);
        }
        change_byte(object, i);
    }
    assert_true(noticed >= about.st_size - 2);
    assert_int_equal(verified(place).items, 0);
    assert_int_equal(truncate(object, about.st_size - 1), 0);
    assert_int_equal(verified(place).items, 1);
    assert_int_equal(unlink(object), 0);
    assert_int_equal(verified(place).items, 1);
}

static void every_changed_byte_of_the_records__is_noticed(void **state)
{
    const struct place *place = *state;
    char path[128];
    struct ws_vault vault;
    struct ws_hash item;
    struct ws_error err;
    (void)snprintf(path, sizeof path, "%s/records", place->vault);
    open_vault(place, true, &vault);
    (void)put(&vault, "abc", "first", &item);
    (void)put(&vault, "other", "second", &item);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    long size = (long)vault.head.bytes;
    ws_vault_close(&vault);
    for (long i = 0; i < size; i++) {
        change_byte(path, i);
        assert_true(verified(place).lines > 0);
        assert_int_equal(ws_vault_open(place->vault, false, &vault, &err), WS_CORRUPT);
        change_byte(path, i);
    }
    assert_int_equal(verified(place).lines, 0);
    assert_int_equal(truncate(path, size - 1), 0);
    assert_true(verified(place).lines > 0);
}

/* Cut anywhere, once: the line that is not whole any more, by its number, and no other. */
static void records_cut_short__name_the_line(void **state)
{
    const struct place *place = *state;
    char path[128], line[16];
    struct ws_vault vault;
    struct ws_hash item;
    struct ws_error err;
    struct stat about;
    (void)snprintf(path, sizeof path, "%s/records", place->vault);
    open_vault(place, true, &vault);
    (void)put(&vault, "abc", "first", &item);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    assert_int_equal(stat(path, &about), 0);
    const long first = about.st_size; /* bytes of line 1 */
    (void)put(&vault, "other", "second", &item);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    const long whole = (long)vault.head.bytes;
    ws_vault_close(&vault);
    for (long size = whole - 1; size >= 0; size -= 7) {
        const int cut = size < first ? 1 : 2;
        assert_int_equal(truncate(path, size), 0);
        const struct seen seen = verified(place);
        (void)snprintf(line, sizeof line, "line %d", cut);
        assert_int_equal(seen.lines, 1);
        assert_string_equal(seen.what, line);
        assert_int_equal(ws_vault_open(place->vault, false, &vault, &err), WS_CORRUPT);
        (void)snprintf(line, sizeof line, ", line %d: ", cut);
        if (!strstr(err.message, line) || !strstr(err.message, "cut short"))
            fail_msg("after %ld bytes: %s", size, err.message);
    }
    assert_int_equal(truncate(path, 0), 0);
    assert_string_equal(verified(place).what, "line 1");
}

/* What lies behind the records that count is of an add that was cut short. */
static void a_torn_end__is_cut_off(void **state)
{
    const struct place *place = *state;
    char path[128];
    struct ws_vault vault;
    struct ws_hash item;
    (void)snprintf(path, sizeof path, "%s/records", place->vault);
    open_vault(place, true, &vault);
    (void)put(&vault, "abc", "first", &item);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    ws_vault_close(&vault);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    assert_true(fputs("half a rec", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(verified(place).lines, 0);
    open_vault(place, true, &vault);
    (void)put(&vault, "other", "second", &item);
    assert_int_equal(ws_vault_commit(&vault, NULL), WS_OK);
    ws_vault_close(&vault);
    open_vault(place, false, &vault);
    assert_int_equal(vault.count, 2);
    ws_vault_close(&vault);
}

int main(void)
{
#define VAULT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        VAULT_TEST(an_item__is_kept_once_and_given_back),
        VAULT_TEST(many_items__are_all_found),
        VAULT_TEST(what_is_not_committed__was_never_there),
        VAULT_TEST(a_removed_item__keeps_its_record_and_is_not_kept_again),
        VAULT_TEST(a_removal_that_was_cut_short__is_finished),
        VAULT_TEST(one_process__writes_at_a_time),
        VAULT_TEST(where_there_is_none__that_is_said),
        VAULT_TEST(claims_that_cannot_be_kept__are_refused_before_anything_is_read),
        cmocka_unit_test(a_record__has_the_bytes_of_the_format),
        VAULT_TEST(every_changed_byte_of_an_item__is_noticed),
        VAULT_TEST(every_changed_byte_of_the_records__is_noticed),
        VAULT_TEST(records_cut_short__name_the_line),
        VAULT_TEST(a_torn_end__is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
