/*
 * The report as a file: columns that keep every bit, texts that stay texts, scripts that are known
 * by their hashes. What a browser makes of it: tests/browser/.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/hash.h"
#include "base/json.h"
#include "report/report_assets.h"
#include "report/report_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const double generations[] = {0, 1, 2}, sizes[] = {5, 5, 5};
static const double median[] = {1.0 / 3, NAN, -INFINITY}, low[] = {0, -0.0, 5e-324};
static const double of_nobody[] = {NAN, NAN, NAN};

static struct ws_report_curve curve_of(void)
{
    return (struct ws_report_curve){
        .arm = 0,
        .metric = "types",
        .definition = "types.sample/1",
        .count = COUNT(generations),
        .generations = generations,
        .n = sizes,
        .seeds = sizes,
        .median = median,
        .low = low,
        .high = of_nobody,
        .mean = sizes,
        .standard_error = sizes,
        .floor = NAN,
    };
}

/* A report of one run with these texts. */
struct made {
    struct ws_report_curve curve;
    struct ws_report_arm arm;
    const char *words[1];
    struct ws_report_text text;
    struct ws_report_run run;
    struct ws_report report;
};

static const struct ws_report *make(struct made *made, const char *title, const char *text)
{
    made->curve = curve_of();
    made->arm = (struct ws_report_arm){"replace", "replace", false};
    made->words[0] = text;
    made->text = (struct ws_report_text){0, 1, 2, 0, text};
    made->run = (struct ws_report_run){
        .directory = "runs/a",
        .name = "a",
        .title = "",
        .state = "complete",
        .family = "discrete",
        .started = "",
        .finished = "",
        .version = "0.1.0",
        .compute_class = "",
        .tokens = "",
        .generations = COUNT(generations),
        .seeds = 5,
        .arms = &made->arm,
        .arm_count = 1,
        .curves = &made->curve,
        .curve_count = 1,
        .texts = &made->text,
        .text_count = 1,
        .words = made->words,
        .word_count = 1,
        .experiment = "family: \"discrete\"\n",
    };
    made->report =
        (struct ws_report){.title = title, .version = "0.1.0", .runs = &made->run, .run_count = 1};
    return &made->report;
}

static void write_page(const struct ws_report *report, struct ws_buffer *out)
{
    struct ws_error err;
    ws_buffer_init(out, NULL, SIZE_MAX);
    if (ws_report_write(report, out, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* The text between the first `begin` and what ends it; both must be there. */
static struct ws_bytes between(const struct ws_buffer *page, const char *begin, const char *end)
{
    const char *from = strstr(ws_buffer_string(page), begin);
    assert_non_null(from);
    from += strlen(begin);
    const char *to = strstr(from, end);
    assert_non_null(to);
    return ws_bytes_of(from, (size_t)(to - from));
}

static json_t *data_of(const struct ws_buffer *page)
{
    struct ws_error err;
    json_t *json = NULL;
    if (ws_json_parse(between(page, "<script type=\"application/json\" id=\"data\">", "</script>"),
                      "data", &json, &err) != WS_OK)
        fail_msg("%s", err.message);
    return json;
}

/* Columns -------------------------------------------------------------------------------------- */

static void assert_column(const json_t *curve, const char *name, const double *wanted)
{
    struct ws_buffer bytes, text;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_f64s(&bytes, wanted, COUNT(generations));
    ws_base64_append(&text, ws_buffer_bytes(&bytes));
    assert_string_equal(json_string_value(json_object_get(curve, name)), ws_buffer_string(&text));
    ws_buffer_release(&bytes);
    ws_buffer_release(&text);
}

static void columns__keep_every_bit(void **state)
{
    (void)state;
    struct made made;
    struct ws_buffer page;
    write_page(make(&made, "a", "b"), &page);
    json_t *data = data_of(&page);
    const json_t *run = json_array_get(json_object_get(data, "runs"), 0);
    const json_t *curve = json_array_get(json_object_get(run, "curves"), 0);
    assert_column(curve, "generation", generations);
    assert_column(curve, "median", median);
    assert_column(curve, "low", low); /* 0 and -0 are equal, and not the same */
    assert_column(curve, "high", of_nobody);
    assert_true(json_real_value(json_object_get(curve, "n")) == 5);
    assert_true(json_is_null(json_object_get(curve, "by_seed")));
    assert_string_equal(json_string_value(json_object_get(curve, "floor")), "nan");
    json_decref(data);
    ws_buffer_release(&page);
}

/* Texts ---------------------------------------------------------------------------------------- */

static void texts__are_never_markup(void **state)
{
    (void)state;
    static const char evil[] = "</script><!-- <script>alert(1)</script> & \" ' {{data}} ]]>";
    struct made made;
    struct ws_buffer page, plain;
    write_page(make(&made, evil, evil), &page);
    write_page(make(&made, "a", "b"), &plain);
    size_t scripts = 0, wanted = 0;
    for (const char *at = ws_buffer_string(&page); (at = strstr(at, "<script")); at++)
        scripts++;
    for (const char *at = ws_buffer_string(&plain); (at = strstr(at, "<script")); at++)
        wanted++;
    assert_int_equal(scripts, wanted);
    assert_null(strstr(ws_buffer_string(&page), "alert(1)</script"));
    json_t *data = data_of(&page);
    assert_string_equal(json_string_value(json_object_get(data, "title")), evil);
    const json_t *run = json_array_get(json_object_get(data, "runs"), 0);
    const json_t *text = json_array_get(json_object_get(run, "texts"), 0);
    assert_string_equal(json_string_value(json_object_get(text, "text")), evil);
    json_decref(data);
    ws_buffer_release(&page);
    ws_buffer_release(&plain);
}

/* A path need not be UTF-8. */
static void texts__paths_may_be_anything(void **state)
{
    (void)state;
    struct made made;
    struct ws_buffer page;
    const struct ws_report *report = make(&made, "a", "b");
    made.run.directory = "runs/\xff\xfe";
    write_page(report, &page);
    json_decref(data_of(&page));
    ws_buffer_release(&page);
}

/* The page ------------------------------------------------------------------------------------- */

static void assert_allowed(struct ws_bytes policy, struct ws_bytes asset)
{
    struct ws_buffer source;
    struct ws_hash hash;
    assert_int_equal(ws_hash_of(asset, &hash, NULL), WS_OK);
    ws_buffer_init(&source, NULL, SIZE_MAX);
    ws_buffer_text(&source, "'sha256-");
    ws_base64_append(&source, ws_bytes_of(hash.bytes, sizeof hash.bytes));
    ws_buffer_text(&source, "'");
    assert_non_null(memmem(policy.data, policy.size, source.data, source.size));
    ws_buffer_release(&source);
}

static void page__allows_its_own_scripts_alone(void **state)
{
    (void)state;
    struct made made;
    struct ws_buffer page;
    write_page(make(&made, "a", "b"), &page);
    struct ws_bytes policy =
        between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert_non_null(memmem(policy.data, policy.size, "default-src 'none'", 18));
    assert_null(memmem(policy.data, policy.size, "unsafe", 6));
    assert_allowed(policy, ws_report_library());
    assert_allowed(policy, ws_report_numbers());
    assert_allowed(policy, ws_report_charts());
    assert_allowed(policy, ws_report_sections());
    assert_allowed(policy, ws_report_style());
    ws_buffer_release(&page);
}

/* Or an element would end in the middle of an asset. */
static void page__assets_do_not_end_their_elements(void **state)
{
    (void)state;
    const struct ws_bytes scripts[] = {ws_report_library(), ws_report_numbers(), ws_report_charts(),
                                       ws_report_sections()};
    for (size_t i = 0; i < COUNT(scripts); i++) {
        assert_null(memmem(scripts[i].data, scripts[i].size, "</script", 8));
        assert_null(memmem(scripts[i].data, scripts[i].size, "<!--", 4));
    }
    assert_null(memmem(ws_report_style().data, ws_report_style().size, "</style", 7));
    assert_null(memmem(ws_report_chart_licence().data, ws_report_chart_licence().size, "</pre", 5));
}

static void page__is_the_same_bytes_each_time(void **state)
{
    (void)state;
    struct made made;
    struct ws_buffer a, b;
    write_page(make(&made, "a", "b"), &a);
    write_page(make(&made, "a", "b"), &b);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    assert_true(a.size < 2000000);
    assert_null(strstr(ws_buffer_string(&a), "{{"));
    ws_buffer_release(&a);
    ws_buffer_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns__keep_every_bit),
        cmocka_unit_test(texts__are_never_markup),
        cmocka_unit_test(texts__paths_may_be_anything),
        cmocka_unit_test(page__allows_its_own_scripts_alone),
        cmocka_unit_test(page__assets_do_not_end_their_elements),
        cmocka_unit_test(page__is_the_same_bytes_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
