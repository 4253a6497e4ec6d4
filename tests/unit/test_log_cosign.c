/*
 * A log with witnesses: what it serves, when it signs, and that an older copy of it, or one that
 * was changed, never signs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_cosign.h"
#include "support/failing_heap.h"
#include "support/made_witnesses.h"

#define TWO_OF_THREE "group g 2 w0 w1 w2\nquorum g\n"

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct place place;
    struct ws_note_signer signer;
    struct made_witnesses witnesses;
    struct ws_trust trust;
    struct ws_log_witnesses asked;
    struct ws_log_cosigning came;
    struct ws_log_store store;
    uint64_t added;
};

static void open_log(struct stand *stand)
{
    ws_log_close(&stand->store);
    if (ws_log_open(stand->place.path, NULL, &stand->store, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
}

static int open_stand(void **state)
{
    static struct stand stand;
    stand = (struct stand){.added = 0};
    ws_arena_init(&stand.arena, NULL);
    new_place(&stand.place);
    make_signer("log.example", WS_KEY_ED25519, &stand.arena, &stand.signer);
    make_witnesses(&stand.signer, &stand.witnesses);
    stand.trust = made_policy(&stand.signer, &stand.witnesses, TWO_OF_THREE);
    stand.asked = (struct ws_log_witnesses){&stand.trust, &stand.witnesses.transport};
    assert_int_equal(ws_log_make(stand.place.path, &stand.signer, &stand.err), WS_OK);
    open_log(&stand);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    ws_log_close(&stand->store);
    ws_trust_close(&stand->trust);
    remove_witnesses(&stand->witnesses);
    ws_note_signer_close(&stand->signer);
    remove_place(&stand->place);
    ws_arena_release(&stand->arena);
    return 0;
}

static void add(struct stand *stand, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[32];
        uint64_t index;
        (void)snprintf(text, sizeof text, "entry %llu", (unsigned long long)stand->added++);
        const struct ws_bytes entry = ws_bytes_of_text(text);
        assert_int_equal(ws_log_add(&stand->store, &entry, 1, &index, &stand->err), WS_OK);
    }
}

/* Nothing is added before witnesses confirmed this copy of the log. */
static void assert_takes_nothing(struct stand *stand)
{
    const struct ws_bytes entry = ws_bytes_of_text("lost");
    const uint64_t count = stand->store.count;
    uint64_t index;
    assert_int_equal(ws_log_add(&stand->store, &entry, 1, &index, &stand->err), WS_BUSY);
    assert_non_null(strstr(stand->err.message, "takes no entries before its witnesses"));
    assert_int_equal(stand->store.count, count);
}

static enum ws_status publish(struct stand *stand)
{
    return ws_log_publish_cosigned(&stand->store, &stand->signer, &stand->asked, &stand->arena,
                                   &stand->came, &stand->err);
}

static void assert_published(struct stand *stand, uint64_t size)
{
    if (publish(stand) != WS_OK)
        fail_msg("%s", stand->err.message);
    assert_true(stand->came.is_served);
    assert_int_equal(stand->came.size, size);
    assert_int_equal(stand->came.time, stand->witnesses.time);
}

static void assert_refused(struct stand *stand, enum ws_status status, const char *message)
{
    uint64_t size = stand->store.size;
    assert_int_equal(publish(stand), status);
    if (!strstr(stand->err.message, message))
        fail_msg("%s", stand->err.message);
    assert_int_equal(stand->store.size, size);
}

/* What readers make of a file of the directory. */
static struct ws_trusted_checkpoint read_as_reader(struct stand *stand, const char *path)
{
    struct ws_trusted_checkpoint trusted;
    if (ws_trust_check(&stand->trust, contents(&stand->arena, path), &stand->arena, &trusted,
                       &stand->err) != WS_OK)
        fail_msg("%s: %s", path, stand->err.message);
    return trusted;
}

static void assert_served(struct stand *stand, uint64_t size, uint64_t time)
{
    struct ws_trusted_checkpoint trusted =
        read_as_reader(stand, join(&stand->arena, stand->place.path, "checkpoint"));
    assert_int_equal(trusted.checkpoint.size, size);
    assert_int_equal(trusted.time, time);
}

static void assert_kept(struct stand *stand, uint64_t size, uint64_t time)
{
    struct ws_trusted_checkpoint trusted =
        read_as_reader(stand, ws_log_kept_checkpoint_path(&stand->arena, stand->place.path, size));
    assert_int_equal(trusted.checkpoint.size, size);
    assert_int_equal(trusted.time, time);
}

static void set_fault(struct stand *stand, size_t witness, enum made_fault fault)
{
    stand->witnesses.items[witness].fault = fault;
}

/* Copies of the directory, as backups are. */
static void copy_tree(struct stand *stand, const char *from, const char *to)
{
    assert_int_equal(ws_directory_make(to, &stand->err), WS_OK);
    struct ws_names names = names_in(&stand->arena, from);
    for (size_t i = 0; i < names.count; i++) {
        const char *a = join(&stand->arena, from, names.items[i]);
        const char *b = join(&stand->arena, to, names.items[i]);
        if (ws_directory_exists(a))
            copy_tree(stand, a, b);
        else
            assert_int_equal(ws_file_place(b, contents(&stand->arena, a), &stand->err), WS_OK);
    }
}

static const char *back_up(struct stand *stand)
{
    const char *path = join(&stand->arena, stand->witnesses.place.path, "backup");
    copy_tree(stand, stand->place.path, path);
    return path;
}

static void restore(struct stand *stand, const char *backup)
{
    ws_log_close(&stand->store);
    remove_tree(&stand->arena, stand->place.path);
    copy_tree(stand, backup, stand->place.path);
    open_log(stand);
}

static void cosign__serves_what_the_quorum_cosigned(void **state)
{
    struct stand *stand = *state;
    assert_published(stand, 0);
    add(stand, 3);
    assert_served(stand, 0, 1000);
    stand->witnesses.time = 1100;
    assert_published(stand, 3);
    assert_served(stand, 3, 1100);
    add(stand, 300);
    stand->witnesses.time = 1200;
    open_log(stand);
    assert_published(stand, 303);
    assert_kept(stand, 3, 1100);
    assert_kept(stand, 303, 1200);
    /* Nothing new: a checkpoint of today, and the first one stays. */
    stand->witnesses.time = 1300;
    open_log(stand);
    assert_published(stand, 303);
    assert_served(stand, 303, 1300);
    assert_kept(stand, 303, 1200);
}

static void cosign__serves_the_last_one_until_enough_cosign(void **state)
{
    struct stand *stand = *state;
    add(stand, 5);
    assert_published(stand, 5);
    add(stand, 4);
    set_fault(stand, 0, FAULT_DOWN);
    set_fault(stand, 1, FAULT_LOST);
    assert_int_equal(publish(stand), WS_OK);
    assert_false(stand->came.is_served);
    assert_int_equal(stand->came.size, 9);
    assert_int_equal(stand->came.outcomes.items[0].result, WS_WITNESS_GAVE_UNREACHED);
    assert_int_equal(stand->came.outcomes.items[2].result, WS_WITNESS_GAVE_COSIGNED);
    assert_served(stand, 5, 1000);
    /* Another process goes on where this one ended. */
    set_fault(stand, 1, FAULT_NONE);
    stand->witnesses.time = 1500;
    add(stand, 2);
    open_log(stand);
    assert_int_equal(stand->store.size, 9);
    assert_int_equal(stand->store.count, 11);
    assert_published(stand, 11);
    assert_served(stand, 11, 1500);
    assert_kept(stand, 9, 1500);
    /* The one that was away is taken along. */
    set_fault(stand, 0, FAULT_NONE);
    add(stand, 1);
    assert_published(stand, 12);
    assert_int_equal(stand->came.outcomes.items[0].result, WS_WITNESS_GAVE_COSIGNED);
}

static void cosign__an_older_copy_signs_nothing(void **state)
{
    struct stand *stand = *state;
    add(stand, 5);
    assert_published(stand, 5);
    const char *backup = back_up(stand);
    add(stand, 4);
    assert_published(stand, 9);
    restore(stand, backup);
    assert_takes_nothing(stand);
    assert_refused(stand, WS_CORRUPT, "has cosigned 9 entries of 'log.example' and there are 5");
    assert_takes_nothing(stand);
    assert_refused(stand, WS_CORRUPT, "Restore the newer one");
    assert_int_equal(ws_log_publish(&stand->store, &stand->signer, &stand->err), WS_CONFLICT);
    assert_int_equal(ws_log_sign(&stand->store, &stand->signer, &stand->err), WS_BUSY);
    /* One witness that remembers is enough. */
    set_fault(stand, 0, FAULT_DOWN);
    set_fault(stand, 1, FAULT_DOWN);
    assert_refused(stand, WS_CORRUPT, "witness 'w2' has cosigned 9");
}

/* Where entries are taken is known without asking: the directory that was confirmed, opened again,
 * and no copy of it, nor where witnesses are silent. */
static void cosign__a_copy_takes_entries_once_it_is_confirmed(void **state)
{
    struct stand *stand = *state;
    add(stand, 2);
    assert_published(stand, 2);
    open_log(stand);
    add(stand, 1);
    const int asked = stand->witnesses.items[0].asked;
    restore(stand, back_up(stand));
    assert_takes_nothing(stand);
    set_fault(stand, 0, FAULT_DOWN);
    set_fault(stand, 1, FAULT_DOWN);
    assert_refused(stand, WS_BUSY, "too few witnesses confirm");
    assert_takes_nothing(stand);
    assert_int_equal(stand->witnesses.items[0].asked, asked + 1);
    /* It is the newest: what waited in it stays. */
    set_fault(stand, 0, FAULT_NONE);
    assert_published(stand, 3);
    add(stand, 1);
    open_log(stand);
    add(stand, 1);
    /* Of another machine, or of this one before it was started anew. */
    const char *mark = join(&stand->arena, stand->place.path, "confirmed");
    struct ws_bytes bytes = contents(&stand->arena, mark);
    char *other = ws_arena_text_of(&stand->arena, bytes.data, bytes.size);
    other[strlen("boot ")] ^= 1;
    assert_int_equal(ws_file_replace(mark, ws_bytes_of_text(other), &stand->err), WS_OK);
    open_log(stand);
    assert_takes_nothing(stand);
    assert_published(stand, 5);
}

/* As `cp -r` does it: each file of the backup is written into the one that is there. */
static void copy_over(struct stand *stand, const char *from, const char *to)
{
    struct ws_names names = names_in(&stand->arena, from);
    for (size_t i = 0; i < names.count; i++) {
        const char *a = join(&stand->arena, from, names.items[i]);
        const char *b = join(&stand->arena, to, names.items[i]);
        if (ws_directory_exists(a)) {
            copy_over(stand, a, b);
            continue;
        }
        const struct ws_bytes bytes = contents(&stand->arena, a);
        FILE *file = fopen(b, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
        assert_int_equal(fclose(file), 0);
    }
}

/* A backup brings the file that says which copy was confirmed back, too, and the directory and its
 * lock are those that were there. */
static void cosign__a_backup_that_is_written_over_the_log_takes_nothing(void **state)
{
    struct stand *stand = *state;
    add(stand, 2);
    assert_published(stand, 2);
    const char *backup = back_up(stand);
    add(stand, 3);
    assert_published(stand, 5);
    ws_log_close(&stand->store);
    copy_over(stand, backup, stand->place.path);
    open_log(stand);
    assert_int_equal(stand->store.count, 2);
    assert_takes_nothing(stand);
    assert_refused(stand, WS_CORRUPT, "has cosigned 5 entries of 'log.example' and there are 2");
}

/* Also where one was signed that too few have cosigned: another process adds without asking. */
static void cosign__each_checkpoint_leaves_the_copy_confirmed(void **state)
{
    struct stand *stand = *state;
    add(stand, 2);
    assert_published(stand, 2);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        set_fault(stand, i, FAULT_DOWN);
    add(stand, 2);
    assert_int_equal(publish(stand), WS_OK);
    assert_false(stand->came.is_served);
    open_log(stand);
    add(stand, 1);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        set_fault(stand, i, FAULT_NONE);
    assert_published(stand, 5);
    open_log(stand);
    add(stand, 1);
}

/* The copy is as old as the last checkpoint, but other entries were added behind it. */
static void cosign__a_copy_that_lost_what_was_only_signed_signs_nothing(void **state)
{
    struct stand *stand = *state;
    add(stand, 5);
    assert_published(stand, 5);
    const char *backup = back_up(stand);
    add(stand, 4);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        set_fault(stand, i, FAULT_LOST);
    assert_int_equal(publish(stand), WS_OK);
    assert_false(stand->came.is_served);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        set_fault(stand, i, FAULT_NONE);
    restore(stand, backup);
    assert_refused(stand, WS_CORRUPT, "has cosigned 9 entries");
}

/* Those who are silent could have cosigned more between them. */
static void cosign__silence_of_a_quorum_is_no_answer(void **state)
{
    struct stand *stand = *state;
    static const struct {
        const char *rest;
        bool down[MADE_WITNESSES];
        enum ws_status status;
    } cases[] = {
        {TWO_OF_THREE, {true, false, false}, WS_OK},
        {TWO_OF_THREE, {true, true, false}, WS_BUSY},
        {"group g any w0 w1 w2\nquorum g\n", {false, false, true}, WS_BUSY},
        {"group g any w0 w1 w2\nquorum g\n", {false, false, false}, WS_OK},
        {"group g all w0 w1 w2\nquorum g\n", {true, true, false}, WS_OK},
        {"group g all w0 w1 w2\nquorum g\n", {true, true, true}, WS_BUSY},
        {"group g any w0 w1\ngroup h all g w2\nquorum h\n", {true, true, false}, WS_OK},
        {"group g any w0 w1\ngroup h all g w2\nquorum h\n", {true, false, true}, WS_BUSY},
        {"quorum w1\n", {true, false, true}, WS_OK},
        {"quorum w1\n", {false, true, false}, WS_BUSY},
        {"quorum none\n", {true, true, true}, WS_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_trust trust = made_policy(&stand->signer, &stand->witnesses, cases[i].rest);
        const struct ws_log_witnesses asked = {&trust, &stand->witnesses.transport};
        for (size_t w = 0; w < MADE_WITNESSES; w++)
            set_fault(stand, w, cases[i].down[w] ? FAULT_DOWN : FAULT_NONE);
        enum ws_status status =
            ws_log_confirm(&stand->store, &asked, &stand->arena, &stand->came, &stand->err);
        if (status != cases[i].status)
            fail_msg("case %zu: %d", i, (int)status);
        assert_int_equal(stand->store.is_confirmed, status == WS_OK);
        if (status == WS_BUSY)
            assert_non_null(strstr(stand->err.message, "too few witnesses confirm"));
        ws_trust_close(&trust);
    }
}

/* A checkpoint that was rewritten with the key, for other entries: the tiles fit it. */
static void cosign__a_changed_log_signs_nothing(void **state)
{
    struct stand *stand = *state;
    add(stand, 5);
    assert_published(stand, 5);
    ws_log_close(&stand->store);
    remove_tree(&stand->arena, stand->place.path);
    assert_int_equal(ws_log_make(stand->place.path, &stand->signer, &stand->err), WS_OK);
    open_log(stand);
    stand->added = 100;
    add(stand, 5);
    assert_int_equal(ws_log_publish(&stand->store, &stand->signer, &stand->err), WS_OK);
    assert_refused(stand, WS_CORRUPT, "has cosigned other entries of 'log.example' than the 5");
    add(stand, 5);
    assert_refused(stand, WS_CORRUPT, "has cosigned other entries");
}

/* Parts of the directory that do not belong together. */
static void cosign__files_that_contradict_each_other_are_noticed(void **state)
{
    struct stand *stand = *state;
    add(stand, 5);
    assert_published(stand, 5);
    struct ws_bytes old =
        contents(&stand->arena, join(&stand->arena, stand->place.path, "pending"));
    add(stand, 4);
    assert_published(stand, 9);
    ws_log_close(&stand->store);
    const char *pending = join(&stand->arena, stand->place.path, "pending");
    struct ws_bytes good = contents(&stand->arena, pending);
    /* An older one counts for nothing, for what was served is newer. */
    assert_int_equal(ws_file_replace(pending, old, &stand->err), WS_OK);
    open_log(stand);
    assert_int_equal(stand->store.size, 9);
    ws_log_close(&stand->store);
    /* One of another log's key. */
    struct made_log other = make_log("log.example", &stand->arena);
    assert_int_equal(
        ws_file_replace(pending, made_checkpoint(&other, 9, &stand->arena), &stand->err), WS_OK);
    assert_int_equal(ws_log_open(stand->place.path, NULL, &stand->store, &stand->err), WS_CORRUPT);
    ws_note_signer_close(&other.signer);
    /* One of the key's, whose tree is another. */
    other = (struct made_log){.signer = stand->signer, .origin = "log.example"};
    assert_int_equal(
        ws_file_replace(pending, made_checkpoint(&other, 9, &stand->arena), &stand->err), WS_OK);
    assert_int_equal(ws_log_open(stand->place.path, NULL, &stand->store, &stand->err), WS_CORRUPT);
    assert_non_null(strstr(stand->err.message, "do not lead to the root"));
    /* What is served, likewise. */
    const char *served = join(&stand->arena, stand->place.path, "checkpoint");
    struct ws_bytes last = contents(&stand->arena, served);
    assert_int_equal(ws_file_replace(pending, good, &stand->err), WS_OK);
    assert_int_equal(
        ws_file_replace(served, made_checkpoint(&other, 5, &stand->arena), &stand->err), WS_OK);
    assert_int_equal(ws_log_open(stand->place.path, NULL, &stand->store, &stand->err), WS_CORRUPT);
    assert_non_null(strstr(stand->err.message, "contradict each other"));
    assert_int_equal(ws_file_replace(served, last, &stand->err), WS_OK);
    open_log(stand);
    assert_published(stand, 9);
}

static void cosign__without_witnesses_it_publishes_alone(void **state)
{
    struct stand *stand = *state;
    const char *text = ws_arena_format(&stand->arena, "log %s\nquorum none\n",
                                       print_key(&stand->signer, &stand->arena));
    struct ws_trust trust;
    assert_int_equal(
        ws_trust_read(ws_bytes_of_text(text), "policy", &stand->arena, &trust, &stand->err), WS_OK);
    const struct ws_log_witnesses none = {&trust, &stand->witnesses.transport};
    add(stand, 2);
    assert_int_equal(ws_log_publish_cosigned(&stand->store, &stand->signer, &none, &stand->arena,
                                             &stand->came, &stand->err),
                     WS_OK);
    assert_true(stand->came.is_served);
    assert_int_equal(stand->store.size, 2);
    assert_false(stand->store.has_witnesses);
    /* A log that has some does not go back to none. */
    assert_published(stand, 2);
    add(stand, 2);
    assert_int_equal(ws_log_publish_cosigned(&stand->store, &stand->signer, &none, &stand->arena,
                                             &stand->came, &stand->err),
                     WS_CONFLICT);
    open_log(stand);
    assert_true(stand->store.has_witnesses);
    ws_trust_close(&trust);
}

static void cosign__lives_with_little_memory(void **state)
{
    struct stand *stand = *state;
    bool done = false;
    add(stand, 3);
    for (long n = 0; !done; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_log_cosigning came;
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        enum ws_status status =
            ws_log_confirm(&stand->store, &stand->asked, &arena, &came, &stand->err);
        assert_true(status == WS_OK || status == WS_NO_MEMORY);
        done = heap.failures == 0;
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_published(stand, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stand, close_stand)
    const struct CMUnitTest tests[] = {
        TEST(cosign__serves_what_the_quorum_cosigned),
        TEST(cosign__serves_the_last_one_until_enough_cosign),
        TEST(cosign__an_older_copy_signs_nothing),
        TEST(cosign__a_copy_takes_entries_once_it_is_confirmed),
        TEST(cosign__a_backup_that_is_written_over_the_log_takes_nothing),
        TEST(cosign__each_checkpoint_leaves_the_copy_confirmed),
        TEST(cosign__a_copy_that_lost_what_was_only_signed_signs_nothing),
        TEST(cosign__silence_of_a_quorum_is_no_answer),
        TEST(cosign__a_changed_log_signs_nothing),
        TEST(cosign__files_that_contradict_each_other_are_noticed),
        TEST(cosign__without_witnesses_it_publishes_alone),
        TEST(cosign__lives_with_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
