/*
 * What a run refuses, by name: other settings, strangers in its directory, and descriptions that
 * make no sense. What it says of itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/file.h"
#include "lab/checkpoint.h"
#include "lab/results.h"
#include "lab/run.h"
#include "support/laboratory.h"
#include "support/place.h"
#include "support/running.h"

/* Time that a test sets. */
static double test_time(void *user)
{
    return *(double *)user;
}

/* Refusals ---------------------------------------------------------------------------------------
 */

static void assert_refused(const struct laboratory *lab, const struct place *place,
                           enum ws_status status, const char *message)
{
    char expected[sizeof((struct ws_error *)0)->message];
    struct went went = run(lab, place);
    assert_int_equal(went.status, status);
    expand(expected, sizeof expected, message, place->path);
    assert_string_equal(went.error.message, expected);
}

static void run__other_settings_are_refused_with_the_difference(void **state)
{
    (void)state;
    static const struct {
        const char *settings, *message;
    } cases[] = {
        {"items: 41\n", "'@' was begun with items=40, now it is items=41; give another directory "
                        "with -o, or the old setting"},
        {"items: 40\nexponent: 2\n", "'@' was begun with exponent=1, now it is exponent=2; give "
                                     "another directory with -o, or the old setting"},
        {"items: 40\ncontrol: false\n",
         "'@' was begun with control=true, now it is control=false; give another directory with "
         "-o, or the old setting"},
        {"items: 40\npolicies: [replace, augment]\n",
         "'@' was begun with policies=replace, now it is policies=replace,augment; give another "
         "directory with -o, or the old setting"},
        {"items: 40\ngenerations: 9\n",
         "'@' was begun with generations=10, which may be raised but not lowered to 9"},
        {"items: 40\nseeds: 4\n",
         "'@' was begun with seeds=5, which may be raised but not lowered to 4"},
    };
    static const char text[] = "family: discrete\nsource: zipf\n";
    struct laboratory lab, whole;
    struct place place, kept;
    struct ws_error err;
    new_place(&place);
    new_place(&kept);
    assert_true(laboratory_open(&whole, text, "items: 40\n", NULL, &err));
    run_well(&whole, &place);
    run_well(&whole, &kept);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(laboratory_open(&lab, text, cases[i].settings, NULL, &err));
        assert_refused(&lab, &place, WS_CONFLICT, cases[i].message);
        laboratory_close(&lab);
    }
    assert_same_run(&place, &kept);
    /* How it runs may change. */
    assert_true(laboratory_open(
        &lab, text, "items: 40\nthreads: 3\ntitle: other\ncheckpoint_seconds: 0\n", NULL, &err));
    run_well(&lab, &place);
    laboratory_close(&lab);
    laboratory_close(&whole);
    remove_place(&place);
    remove_place(&kept);
}

static void run__another_family_is_refused(void **state)
{
    (void)state;
    struct laboratory discrete, gaussian;
    struct place place;
    open_laboratory(&discrete, 0, "seeds: 1\n");
    open_laboratory(&gaussian, 1, "seeds: 1\n");
    new_place(&place);
    run_well(&discrete, &place);
    assert_refused(&gaussian, &place, WS_CONFLICT,
                   "'@' was begun with family=discrete, now it is family=gaussian; give another "
                   "directory with -o, or the old setting");
    remove_place(&place);
    laboratory_close(&discrete);
    laboratory_close(&gaussian);
}

static void run__a_corpus_is_known_by_its_bytes(void **state)
{
    (void)state;
    struct laboratory lab, moved;
    struct place place;
    open_laboratory(&lab, 2, "seeds: 1\ngenerations: 2\n");
    new_place(&place);
    run_well(&lab, &place);
    open_laboratory(&moved, 2, "seeds: 1\ngenerations: 3\n");
    assert_string_not_equal(lab.corpus, moved.corpus);
    run_well(&moved, &place);

    FILE *file = fopen(moved.corpus, "a");
    assert_non_null(file);
    assert_true(fputs("another word", file) >= 0);
    assert_int_equal(fclose(file), 0);
    ws_human_close(moved.human);
    assert_int_equal(ws_experiment_open_human(&moved.experiment, NULL, &moved.human, NULL), WS_OK);
    struct went went = run(&moved, &place);
    assert_int_equal(went.status, WS_CONFLICT);
    assert_non_null(strstr(went.error.message, "was begun with the SHA-256 of 'corpus'="));
    remove_place(&place);
    laboratory_close(&lab);
    laboratory_close(&moved);
}

static void run__one_process_has_the_directory(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    char path[80];
    int lock;
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&place);
    (void)snprintf(path, sizeof path, "%s/lock", place.path);
    assert_int_equal(ws_lock_take(path, &lock, NULL), WS_OK);
    assert_refused(&lab, &place, WS_BUSY,
                   "'@/lock' is held by another process; wait until it ends");
    ws_lock_drop(lock);
    run_well(&lab, &place);
    remove_place(&place);
    laboratory_close(&lab);
}

static void write_file(const struct place *place, const char *name, const char *text)
{
    char path[120];
    (void)snprintf(path, sizeof path, "%s/%s", place->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void run__a_directory_of_others_is_left_alone(void **state)
{
    (void)state;
    static const char *const strangers[] = {"notes.txt", "lockers", "arms", "summary",
                                            "run.json.old"};
    struct laboratory lab;
    struct ws_arena arena;
    open_laboratory(&lab, 0, "seeds: 1\n");
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct place place;
        char message[200];
        new_place(&place);
        write_file(&place, strangers[i], "mine");
        (void)snprintf(message, sizeof message,
                       "'@' holds '%s' and no run.json; give a new directory with -o",
                       strangers[i]);
        assert_refused(&lab, &place, WS_CONFLICT, message);
        assert_int_equal(names_in(&arena, place.path).count, 1);
        remove_place(&place);
    }
    ws_arena_release(&arena);
    laboratory_close(&lab);
}

static void run__what_a_killed_start_leaves_is_no_stranger(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&whole);
    new_place(&place);
    run_well(&lab, &whole);
    write_file(&place, "lock", "");
    write_file(&place, "run.json" WS_FILE_DRAFT "0123456789abcdef", "{\"format");
    run_well(&lab, &place);
    assert_same_run(&whole, &place);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__a_place_that_cannot_be_is_told(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    char path[80];
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&place);
    write_file(&place, "file", "");
    (void)snprintf(path, sizeof path, "%s/file/run", place.path);
    struct went went = run_with(&lab, &(struct ws_run_options){.directory = path});
    assert_int_equal(went.status, WS_IO);
    assert_non_null(strstr(went.error.message, "/file'"));
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__another_machine_is_refused_unless_allowed(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &place);
    char *path = join(&arena, place.path, "run.json");
    struct ws_bytes bytes = contents(&arena, path);
    char *text = ws_arena_format(&arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_non_null(text);
    char *glibc = strstr(text, "glibc-");
    assert_non_null(glibc);
    glibc[6] = '9';
    assert_int_equal(ws_file_replace(path, ws_bytes_of_text(text), NULL), WS_OK);
    set(&lab, 11, 1);
    struct went went = run(&lab, &place);
    assert_int_equal(went.status, WS_CONFLICT);
    assert_non_null(strstr(went.error.message, "--allow-other-machine goes on all the same"));
    went = run_with(&lab,
                    &(struct ws_run_options){.directory = place.path, .allow_other_machine = true});
    assert_int_equal(went.status, WS_OK);
    ws_arena_release(&arena);
    remove_place(&place);
    laboratory_close(&lab);
}

/* run.json ---------------------------------------------------------------------------------------
 */

static void run__its_description_says_what_ran_and_when(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    double now = 86400; /* 1970-01-02 */
    const struct ws_clock clock = {test_time, test_time, &now};
    const struct ws_run_options options = {.directory = place.path, .clock = &clock};
    open_laboratory(&lab, 2, "title: words of one corpus\npolicies: accumulate\nseeds: 2\n");
    new_place(&place);
    ws_arena_init(&arena, NULL);
    assert_int_equal(run_with(&lab, &options).status, WS_OK);
    now += 3600;
    set(&lab, 11, 2);
    assert_int_equal(run_with(&lab, &options).status, WS_OK);

    struct ws_run_description it = described(&arena, &place);
    char hash[WS_HASH_TEXT_SIZE];
    size_t inputs;
    ws_hash_text(&ws_human_inputs(lab.human, &inputs)->hash, hash);
    assert_string_equal(it.name, "test");
    assert_string_equal(it.title, "words of one corpus");
    assert_string_equal(it.state, "complete");
    assert_string_equal(it.family, "ngram");
    assert_int_equal(it.input_count, 1);
    assert_string_equal(it.inputs[0].name, "corpus_sha256");
    assert_string_equal(it.inputs[0].value, hash);
    assert_string_equal(it.started, "1970-01-02T00:00:00Z");
    assert_string_equal(it.finished, "1970-01-02T01:00:00Z");
    assert_int_equal(it.generations, 11);
    assert_int_equal(it.seeds, 2);
    assert_int_equal(it.arm_count, 2);
    assert_string_equal(it.arms[0].name, "accumulate");
    assert_true(it.arms[0].outgrows_control);
    assert_false(it.arms[1].outgrows_control);
    assert_string_equal(ws_run_setting(&it, "block"), "5");
    assert_null(ws_run_setting(&it, "types"));

    struct ws_bytes log = contents(&arena, join(&arena, place.path, "events.log"));
    char *events = ws_arena_format(&arena, "%.*s", (int)log.size, (const char *)log.data);
    assert_non_null(events);
    assert_non_null(strstr(events, "1970-01-02T00:00:00Z started: 2 arms x 2 seeds x 10 "
                                   "generations, "));
    assert_non_null(strstr(events, "1970-01-02T01:00:00Z complete\n"));
    ws_arena_release(&arena);
    remove_place(&place);
    laboratory_close(&lab);
}

#define DESCRIPTION(format, settings)                                                              \
    "{\"format\":\"" format "\",\"version\":\"0.1.0\",\"name\":\"n\",\"title\":\"\","              \
    "\"state\":\"complete\",\"started\":\"a\",\"finished\":\"b\",\"settings\":{" settings          \
    "},\"inputs\":{\"corpus_sha256\":\"\"},\"block\":64,\"arms\":[{\"name\":\"replace\","          \
    "\"policy\":\"replace\",\"variation\":\"\",\"directory\":\"replace\"}],"                       \
    "\"machine\":{\"compute_class\":\"c\"}}"

static void run__a_description_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ws_status status;
        const char *message;
    } cases[] = {
        {DESCRIPTION("wellspring-run/2",
                     "\"family\":\"gaussian\",\"generations\":\"3\",\"seeds\":\"2\""),
         WS_OK, ""},
        {DESCRIPTION("wellspring-run/9", ""), WS_UNSUPPORTED,
         "run.json: format 'wellspring-run/9', this program reads 'wellspring-run/2': a run of "
         "another version of the program cannot be read or gone on with"},
        {DESCRIPTION("wellspring-run/2", ""), WS_CORRUPT, "run.json: setting 'family' is missing"},
        {DESCRIPTION("wellspring-run/2", "\"family\":\"gaussian\""), WS_CORRUPT,
         "run.json: setting 'generations' is missing"},
        {DESCRIPTION("wellspring-run/2",
                     "\"family\":\"gaussian\",\"generations\":\"0\",\"seeds\":\"2\""),
         WS_CORRUPT, "run.json: setting 'generations' is '0'"},
        {DESCRIPTION("wellspring-run/2",
                     "\"family\":\"gaussian\",\"generations\":3,\"seeds\":\"2\""),
         WS_CORRUPT, "run.json: 'generations' in 'settings' is not a text"},
        {"{}", WS_CORRUPT, "run.json: 'format' is missing, wanted a text"},
        {"", WS_CORRUPT, "run.json:1: '[' or '{' expected near end of file"},
    };
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_run_description it;
        struct ws_error err = {.message = ""};
        assert_int_equal(
            ws_run_parse(ws_bytes_of_text(cases[i].text), "run.json", &arena, &it, &err),
            cases[i].status);
        assert_string_equal(err.message, cases[i].message);
    }
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__other_settings_are_refused_with_the_difference),
        cmocka_unit_test(run__another_family_is_refused),
        cmocka_unit_test(run__a_corpus_is_known_by_its_bytes),
        cmocka_unit_test(run__one_process_has_the_directory),
        cmocka_unit_test(run__a_directory_of_others_is_left_alone),
        cmocka_unit_test(run__what_a_killed_start_leaves_is_no_stranger),
        cmocka_unit_test(run__a_place_that_cannot_be_is_told),
        cmocka_unit_test(run__another_machine_is_refused_unless_allowed),
        cmocka_unit_test(run__its_description_says_what_ran_and_when),
        cmocka_unit_test(run__a_description_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
