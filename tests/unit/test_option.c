/* The option table: checking, storing, printing, helping; and numbers as text. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "base/option.h"
#include "support/failing_heap.h"

struct settings {
    bool control;
    uint64_t generations;
    uint64_t seed;
    double share;
    double shift;
    const char *corpus;
    uint32_t estimator;
    struct ws_text_list policies;
    uint64_t threads;
};

#define AT(field) offsetof(struct settings, field)

static const struct ws_option options[] = {
    {"control", WS_OPTION_FLAG, AT(control), 0, 0, "yes", NULL, 0, "whether the control runs"},
    {"generations", WS_OPTION_WHOLE, AT(generations), 1, 1e6, "10", NULL, WS_OPTION_GROWS,
     "how many models are fitted, one after another"},
    {"seed", WS_OPTION_WHOLE, AT(seed), 0, 0x1p64, "1", NULL, 0, "the first seed"},
    {"share", WS_OPTION_REAL, AT(share), 0, 1, "0.1", NULL, 0, "share of human data"},
    {"shift", WS_OPTION_REAL, AT(shift), -DBL_MAX, DBL_MAX, "0", NULL, 0, "any finite number"},
    {"corpus", WS_OPTION_TEXT, AT(corpus), 0, 0, NULL, NULL, 0, "where the text is"},
    {"estimator", WS_OPTION_CHOICE, AT(estimator), 0, 0, "unbiased", "mle|unbiased|kneser-ney", 0,
     "how the variance is estimated"},
    {"policies", WS_OPTION_LIST, AT(policies), 1, 0, "replace", NULL, 0,
     "the rules that build the next training set, each of which makes an arm of its own"},
    {"threads", WS_OPTION_WHOLE, AT(threads), 1, 1024, "2", NULL, WS_OPTION_EXECUTION,
     "threads that work"},
};
static const struct ws_option_table table = {"experiment", options,
                                             sizeof options / sizeof *options};

static struct ws_arena arena;

static int set_up(void **state)
{
    (void)state;
    ws_arena_init(&arena, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ws_arena_release(&arena);
    return 0;
}

static enum ws_status set(struct settings *settings, const char *name, const char *text,
                          struct ws_error *err)
{
    return ws_option_set(ws_option_find(&table, name), settings, text, "a.yaml:7", &arena, err);
}

static void assert_accepts(const char *name, const char *text, const char *canonical)
{
    struct settings settings = {0};
    struct ws_buffer printed;
    ws_buffer_init(&printed, NULL, 1000);
    assert_int_equal(set(&settings, name, text, NULL), WS_OK);
    ws_option_print(ws_option_find(&table, name), &settings, &printed);
    assert_string_equal(ws_buffer_string(&printed), canonical);
    ws_buffer_release(&printed);
}

static void assert_refuses(const char *name, const char *text, const char *message)
{
    struct settings settings, before;
    struct ws_error err;
    memset(&settings, 0x55, sizeof settings);
    memcpy(&before, &settings, sizeof before);
    assert_int_equal(set(&settings, name, text, &err), WS_INVALID);
    assert_string_equal(err.message, message);
    assert_memory_equal(&settings, &before, sizeof before);
}

static void option__takes_whole_numbers(void **state)
{
    (void)state;
    assert_accepts("generations", "1000", "1000");
    assert_accepts("generations", "1e6", "1000000");
    assert_accepts("generations", "1E3", "1000");
    assert_accepts("generations", "250k", "250000");
    assert_accepts("generations", "1M", "1000000");
    assert_accepts("generations", "007", "7");
    assert_accepts("seed", "3M", "3000000");
    assert_accepts("seed", "2G", "2000000000");
    assert_accepts("seed", "0", "0");
    assert_accepts("seed", "0e999999999999", "0");
    assert_accepts("seed", "18446744073709551615", "18446744073709551615");
    assert_accepts("seed", "1e19", "10000000000000000000");
}

static void option__refuses_what_is_no_whole_number_in_range(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "0",
        "1000001",
        "1_000",
        "-1",
        "+1",
        "1.5",
        "",
        " 1",
        "1 ",
        "e3",
        "1e",
        "1e-3",
        "1e+3",
        "1e7",
        "2M",
        "1kk",
        "1m",
        "k",
        "0x1",
        "1e2k",
        "1e1e1",
        "nan",
        "million",
        "1e30",
        "1,0",
        "١",
        "18446744073709551616",
        "1844674407370955162k",
        "1e18446744073709551616",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char message[200];
        (void)snprintf(message, sizeof message,
                       "a.yaml:7: 'generations' is '%s', wanted a whole number from 1 to 1000000",
                       wrong[i]);
        assert_refuses("generations", wrong[i], message);
    }
    assert_refuses("seed", "18446744073709551616",
                   "a.yaml:7: 'seed' is '18446744073709551616', wanted a whole number from 0 to "
                   "18446744073709551615");
}

static void option__takes_finite_numbers(void **state)
{
    (void)state;
    assert_accepts("share", "0.1", "0.1");
    assert_accepts("share", "1", "1");
    assert_accepts("share", ".5", "0.5");
    assert_accepts("share", "1e-3", "0.001");
    assert_accepts("share", "0.30000000000000004", "0.30000000000000004");
    assert_accepts("shift", "+2.50", "2.5");
    assert_accepts("shift", "-1E+2", "-100");
    assert_accepts("shift", "-0", "0");
    assert_accepts("shift", "1e-999", "0");
    assert_accepts("shift", "5.", "5");
}

static void option__refuses_what_is_no_number_in_range(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "nan", "inf", "-inf", "0x1p-2", "",  " 0.1", "0.1 ", "0,1", "1.1",      "-0.1",
        "1e",  ".",   "0.1x", "1e999",  "-", "1k",   "--1",  "1e+", "infinity", "NAN(1)"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char message[200];
        (void)snprintf(message, sizeof message,
                       "a.yaml:7: 'share' is '%s', wanted a number from 0 to 1", wrong[i]);
        assert_refuses("share", wrong[i], message);
    }
}

static void option__takes_flags(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (int i = 0; i < 4; i++) {
        assert_accepts("control", yes[i], "true");
        assert_accepts("control", no[i], "false");
    }
    assert_refuses("control", "maybe", "a.yaml:7: 'control' is 'maybe', wanted true or false");
    assert_refuses("control", "", "a.yaml:7: 'control' is '', wanted true or false");
}

static void option__takes_one_of_its_choices(void **state)
{
    (void)state;
    assert_accepts("estimator", "mle", "mle");
    assert_accepts("estimator", "unbiased", "unbiased");
    assert_accepts("estimator", "kneser-ney", "kneser-ney");
    struct settings settings = {0};
    assert_int_equal(set(&settings, "estimator", "unbiased", NULL), WS_OK);
    assert_int_equal(settings.estimator, 1);
    assert_refuses("estimator", "unbaised",
                   "a.yaml:7: 'estimator' is 'unbaised', wanted one of mle, unbiased, kneser-ney; "
                   "did you mean 'unbiased'?");
    assert_refuses("estimator", "ml|unbiased",
                   "a.yaml:7: 'estimator' is 'ml|unbiased', wanted one of mle, unbiased, "
                   "kneser-ney; did you mean 'unbiased'?");
    assert_refuses("estimator", "bayes",
                   "a.yaml:7: 'estimator' is 'bayes', wanted one of mle, unbiased, kneser-ney");
    assert_refuses("estimator", "",
                   "a.yaml:7: 'estimator' is '', wanted one of mle, unbiased, kneser-ney");
}

static void option__takes_lists(void **state)
{
    (void)state;
    assert_accepts("policies", "replace", "replace");
    assert_accepts("policies", "replace,keep:0.1", "replace,keep:0.1");
    assert_accepts("policies", "  replace , fresh stream ,x  ", "replace,fresh stream,x");
    assert_refuses("policies", "a,,b",
                   "a.yaml:7: 'policies' is 'a,,b', wanted a list without empty items, at least 1");
    assert_refuses("policies", "a, ",
                   "a.yaml:7: 'policies' is 'a, ', wanted a list without empty items, at least 1");
    assert_refuses("policies", ",",
                   "a.yaml:7: 'policies' is ',', wanted a list without empty items, at least 1");
    assert_refuses("policies", " ",
                   "a.yaml:7: 'policies' is ' ', wanted a list without empty items, at least 1");
}

static void option__lets_a_list_without_a_least_count_be_empty(void **state)
{
    (void)state;
    const struct ws_option filters = {"filters", WS_OPTION_LIST, AT(policies), 0, 0, "", NULL,
                                      0,         "filters"};
    struct settings settings = {0};
    assert_int_equal(ws_option_set(&filters, &settings, "", "x", &arena, NULL), WS_OK);
    assert_int_equal(settings.policies.count, 0);
}

static void option__keeps_texts_to_one_line(void **state)
{
    (void)state;
    assert_accepts("corpus", "", "");
    assert_accepts("corpus",
                   "b\xC3\xBC"
                   "cher/a=b.txt",
                   "b\xC3\xBC"
                   "cher/a=b.txt");
    assert_refuses("corpus", "a\nseed=2",
                   "a.yaml:7: 'corpus' is 'a?seed=2', wanted one line of UTF-8 text");
    assert_refuses("policies", "a,b\n",
                   "a.yaml:7: 'policies' is 'a,b?', wanted a list without empty items, at least 1");
}

static void option__copies_texts(void **state)
{
    (void)state;
    char text[] = "a.txt";
    struct settings settings = {0};
    assert_int_equal(set(&settings, "corpus", text, NULL), WS_OK);
    text[0] = 'b';
    assert_string_equal(settings.corpus, "a.txt");
}

static void option__says_what_was_wanted_even_of_a_long_value(void **state)
{
    (void)state;
    char text[2000];
    memset(text, '9', sizeof text);
    text[sizeof text - 1] = '\0';
    struct settings settings = {0};
    struct ws_error err;
    assert_int_equal(set(&settings, "generations", text, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "9', wanted a whole number from 1 to 1000000"));
}

static void options__have_defaults_and_a_canonical_text(void **state)
{
    (void)state;
    struct settings settings = {0};
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    assert_int_equal(ws_options_defaults(&table, &settings, &arena, NULL), WS_OK);
    assert_null(settings.corpus);
    assert_int_equal(settings.threads, 2);
    ws_options_canonical(&table, &settings, true, &text);
    assert_string_equal(ws_buffer_string(&text),
                        "control=true\ngenerations=10\nseed=1\nshare=0.1\nshift=0\ncorpus=\n"
                        "estimator=unbiased\npolicies=replace\n");
    ws_buffer_reset(&text);
    assert_int_equal(set(&settings, "corpus", "x.txt", NULL), WS_OK);
    assert_int_equal(set(&settings, "threads", "7", NULL), WS_OK);
    assert_int_equal(set(&settings, "generations", "20", NULL), WS_OK);
    ws_options_canonical(&table, &settings, false, &text);
    assert_string_equal(ws_buffer_string(&text),
                        "control=true\nseed=1\nshare=0.1\nshift=0\ncorpus=x.txt\n"
                        "estimator=unbiased\npolicies=replace\n");
    ws_buffer_release(&text);
}

static void options__show_every_default_and_range_in_their_help(void **state)
{
    (void)state;
    struct ws_buffer help;
    ws_buffer_init(&help, NULL, 10000);
    ws_options_help(&table, &help);
    assert_string_equal(
        ws_buffer_string(&help),
        "experiment:\n"
        "  control      whether the control runs (true or false; default yes)\n"
        "  generations  how many models are fitted, one after another (a whole number from 1 to "
        "1000000;\n"
        "               default 10)\n"
        "  seed         the first seed (a whole number from 0 to 18446744073709551615; default "
        "1)\n"
        "  share        share of human data (a number from 0 to 1; default 0.1)\n"
        "  shift        any finite number (a number; default 0)\n"
        "  corpus       where the text is (one line of UTF-8 text; must be given)\n"
        "  estimator    how the variance is estimated (one of mle, unbiased, kneser-ney; default "
        "unbiased)\n"
        "  policies     the rules that build the next training set, each of which makes an arm of "
        "its own (a\n"
        "               list without empty items, at least 1; default replace)\n"
        "  threads      threads that work (a whole number from 1 to 1024; default 2)\n");
    const char *line = ws_buffer_string(&help);
    for (; *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 100);
    ws_buffer_release(&help);
}

static void options__suggest_the_nearest_name(void **state)
{
    (void)state;
    static const struct ws_option order = {
        "order", WS_OPTION_WHOLE, 0, 1, 3, "3", NULL, 0, "tokens in a context and its successor"};
    static const struct ws_option_table ngram = {"family ngram", &order, 1};
    static const struct ws_option_table *const tables[] = {&table, &ngram};
    struct ws_error err;
    assert_int_equal(ws_option_unknown(tables, 2, "generatoins", "a.yaml:7", &err), WS_INVALID);
    assert_string_equal(err.message,
                        "a.yaml:7: unknown setting 'generatoins'; did you mean 'generations'?");
    (void)ws_option_unknown(tables, 2, "ordr", "--set", &err);
    assert_string_equal(err.message, "--set: unknown setting 'ordr'; did you mean 'order'?");
    (void)ws_option_unknown(tables, 2, "learning_rate", "--set", &err);
    assert_string_equal(err.message, "--set: unknown setting 'learning_rate'");
    assert_null(ws_option_find(&table, "order"));
    assert_ptr_equal(ws_option_find(&ngram, "order"), &order);
}

static void nearest_name__is_within_a_third_of_the_length(void **state)
{
    (void)state;
    static const char *const names[] = {"run", "plan", "export", "compare", "reproduce"};
    const size_t count = sizeof names / sizeof *names;
    assert_string_equal(ws_nearest_name("rnu", names, count), "run"); /* a swap is one edit */
    assert_string_equal(ws_nearest_name("ru", names, count), "run");  /* at least one edit */
    assert_string_equal(ws_nearest_name("plna", names, count), "plan");
    assert_string_equal(ws_nearest_name("xeprot", names, count), "export"); /* two swaps of six */
    assert_string_equal(ws_nearest_name("repdoruce", names, count), "reproduce"); /* two of nine */
    assert_null(ws_nearest_name("rx", names, count));
    assert_null(ws_nearest_name("exxxxt", names, count)); /* export: three */
    assert_null(ws_nearest_name("", names, count));
    assert_null(ws_nearest_name("run", names, 0));
    char huge[5000];
    memset(huge, 'r', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    assert_null(ws_nearest_name(huge, names, count));
}

/* Damerau-Levenshtein, optimal string alignment, counts "ca" -> "abc" as 3 (the unrestricted
 * distance is 2): Boytsov, "Indexing methods for approximate dictionary searching", 2011. */
static void nearest_name__edits_no_part_twice(void **state)
{
    (void)state;
    static const char *const names[] = {"abcdefg"};
    assert_null(ws_nearest_name("cadefg", names, 1)); /* 3 > 6 / 3 */
    assert_non_null(ws_nearest_name("cadefgxyz", (const char *const[]){"abcdefgxyz"}, 1)); /* 3 */
}

static void options__survive_every_failing_allocation(void **state)
{
    (void)state;
    static const char long_list[] = "replace,keep:0.1,accumulate,fresh:0.1,mix:1:2:3";
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena failing;
        struct ws_buffer text;
        struct settings settings = {0};
        ws_arena_init(&failing, &allocator);
        ws_buffer_init(&text, &allocator, 100000);
        status = ws_options_defaults(&table, &settings, &failing, NULL);
        for (int i = 0; status == WS_OK && i < 20; i++)
            status = ws_option_set(ws_option_find(&table, "policies"), &settings, long_list, "x",
                                   &failing, NULL);
        if (status == WS_OK) {
            ws_options_canonical(&table, &settings, true, &text);
            ws_options_help(&table, &text);
            status = ws_buffer_check(&text, "the settings", NULL);
        }
        assert_int_equal(status == WS_OK, heap.failures == 0);
        ws_buffer_release(&text);
        ws_arena_release(&failing);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 5);
}

static void real_text__reads_back_the_same_bits(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1e+15"},
        {5e-324, "4.94065645841247e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {-0.0, "-0"},
        {100, "100"},
        {NAN, "nan"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {123456789012345, "123456789012345"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[WS_REAL_TEXT_SIZE];
        ws_real_text(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
    }
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        bits = bits * 6364136223846793005 + 1442695040888963407;
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[WS_REAL_TEXT_SIZE];
        ws_real_text(value, text);
        assert_true(ws_real_parse(text, &back));
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void real_text__does_not_depend_on_the_locale(void **state)
{
    (void)state;
    static const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    const char *found = NULL;
    for (size_t i = 0; !found && i < sizeof with_comma / sizeof *with_comma; i++)
        found = setlocale(LC_ALL, with_comma[i]);
    if (!found) {
        print_message("skipped: no locale with a decimal comma is installed\n");
        skip();
    }
    char text[WS_REAL_TEXT_SIZE], native[8];
    double value = 0;
    ws_real_text(1.5, text);
    bool parsed = ws_real_parse("2.5", &value) && !ws_real_parse("2,5", &value);
    (void)snprintf(native, sizeof native, "%.1f", 1.5); /* the locale is left as it was */
    (void)setlocale(LC_ALL, "C");
    assert_string_equal(text, "1.5");
    assert_true(parsed && value == 2.5);
    assert_string_equal(native, "1,5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option__takes_whole_numbers),
        cmocka_unit_test(option__refuses_what_is_no_whole_number_in_range),
        cmocka_unit_test(option__takes_finite_numbers),
        cmocka_unit_test(option__refuses_what_is_no_number_in_range),
        cmocka_unit_test(option__takes_flags),
        cmocka_unit_test(option__takes_one_of_its_choices),
        cmocka_unit_test(option__takes_lists),
        cmocka_unit_test(option__lets_a_list_without_a_least_count_be_empty),
        cmocka_unit_test(option__keeps_texts_to_one_line),
        cmocka_unit_test(option__copies_texts),
        cmocka_unit_test(option__says_what_was_wanted_even_of_a_long_value),
        cmocka_unit_test(options__have_defaults_and_a_canonical_text),
        cmocka_unit_test(options__show_every_default_and_range_in_their_help),
        cmocka_unit_test(options__suggest_the_nearest_name),
        cmocka_unit_test(nearest_name__is_within_a_third_of_the_length),
        cmocka_unit_test(nearest_name__edits_no_part_twice),
        cmocka_unit_test(options__survive_every_failing_allocation),
        cmocka_unit_test(real_text__reads_back_the_same_bits),
        cmocka_unit_test(real_text__does_not_depend_on_the_locale),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
