#include "cli/theory_output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/command.h"
#include "cli/terminal.h"

/* The rows of one form of one curve. */
struct course {
    const struct ws_theory_row *rows;
    size_t count;
};

static struct course course_at(const struct ws_theory *theory, size_t from)
{
    const struct ws_theory_row *first = &theory->rows[from];
    size_t end = from + 1;
    while (end < theory->count && theory->rows[end].generation > theory->rows[end - 1].generation &&
           strcmp(theory->rows[end].form, first->form) == 0)
        end++;
    return (struct course){first, end - from};
}

static size_t count_of(const struct course *course, enum ws_theory_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < course->count; i++)
        count += course->rows[i].verdict == verdict;
    return count;
}

static double apart(const struct ws_theory_row *row)
{
    return row->measured - row->expected;
}

/* Of what is expected; NaN where that is nothing. */
static double relative(const struct ws_theory_row *row)
{
    return row->expected != 0 ? apart(row) / fabs(row->expected) : NAN;
}

/* In standard errors; NaN where there are none. */
static double in_errors(const struct ws_theory_row *row)
{
    return row->standard_error > 0 ? apart(row) / row->standard_error : NAN;
}

enum { LINE_MOST = 100 };

/* Table ---------------------------------------------------------------------------------------- */

static void print_number(double value, int digits, int width)
{
    char text[32] = "-";
    if (!isnan(value))
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
    print_right(text, width);
}

static void print_apart(double value, const char *unit, int width)
{
    char text[48] = "-";
    if (isfinite(value))
        (void)snprintf(text, sizeof text, fabs(value) < 1e4 ? "%+.1f %s" : "%+.0e %s", value, unit);
    print_right(text, width);
}

static void print_verdict(const struct ws_theory_row *row)
{
    (void)printf("  %s", ws_theory_verdict_name(row->verdict));
    if (row->verdict == WS_THEORY_TOO_FEW && isfinite(row->seeds_wanted))
        (void)printf(row->seeds_wanted < 1e6 ? ", wanted %.0f" : ", wanted %.2e",
                     row->seeds_wanted);
    else if (row->verdict == WS_THEORY_TOO_FEW)
        (void)printf(", however many");
    (void)printf("\n");
}

static void print_row(const struct ws_theory_row *row)
{
    (void)printf("%10" PRIu32, row->generation);
    print_number(row->measured, 4, 12);
    print_number(row->standard_error, 2, 10);
    print_number(row->expected, 4, 12);
    print_apart(100 * relative(row), "%", 12);
    print_apart(in_errors(row), "se", 11);
    print_verdict(row);
}

/* Whether there is more to see than the last generation: theory moves, or not all agrees. */
static bool has_story(const struct course *course)
{
    const struct ws_theory_row *first = course->rows, *last = first + course->count - 1;
    return (first->kind == WS_FORM_EXACT || first->kind == WS_FORM_ABOUT) &&
           (first->expected != last->expected ||
            count_of(course, WS_THEORY_AGREES) < course->count);
}

/* Generations 0, 1, 10, 100 and so on, or the next that was measured, and the last. */
static void print_rows(const struct course *course)
{
    const struct ws_theory_row *last = &course->rows[course->count - 1];
    uint64_t mark = 0;
    for (const struct ws_theory_row *row = course->rows; has_story(course) && row < last; row++)
        if (row->generation >= mark) {
            print_row(row);
            while (mark <= row->generation)
                mark = mark == 0 ? 1 : 10 * mark;
        }
    print_row(last);
}

/* The kind and the form, whose arguments go on in the next line where they do not fit. */
static void print_form(const struct ws_theory_row *row)
{
    int column = printf("%s", ws_form_kind_name(row->kind));
    for (const char *word = row->form; *word;) {
        const size_t size = strcspn(word, " ");
        if (column + 1 + (int)size > LINE_MOST)
            column = printf("\n  ") - 1;
        column += printf(" %.*s", (int)size, word);
        word += size + (word[size] == ' ');
    }
    (void)printf("\n");
}

static void print_course(const struct course *course)
{
    const struct ws_theory_row *first = course->rows;
    (void)printf("\n%s, %s of %s\n", first->arm, first->of_median ? "median" : "mean",
                 first->metric);
    print_form(first);
    (void)printf("source: %s", first->source);
    if (first->kind != WS_FORM_LIMIT)
        (void)printf("; %zu of %zu generations agree", count_of(course, WS_THEORY_AGREES),
                     course->count);
    (void)printf("\n");
    print_rows(course);
}

/* Of the rows with this verdict the one that is most standard errors off, of medians the last; NULL
 * without any. */
static const struct ws_theory_row *worst(const struct course *course,
                                         enum ws_theory_verdict verdict)
{
    const struct ws_theory_row *found = NULL;
    for (const struct ws_theory_row *row = course->rows; row < course->rows + course->count; row++)
        if (row->verdict == verdict && (!found || !(fabs(in_errors(row)) < fabs(in_errors(found)))))
            found = row;
    return found;
}

static void print_difference(const struct course *course, const struct ws_theory_row *row)
{
    const size_t alike = count_of(course, row->verdict);
    (void)printf("\n%s, %s of %s\n", row->arm, row->of_median ? "median" : "mean", row->metric);
    print_form(row);
    (void)printf("source: %s\n", row->source);
    if (alike > 1)
        (void)printf("%zu of %zu generations, most at ", alike, course->count);
    (void)printf("generation %" PRIu32 ": measured %.4g, expected %.4g, %+.1f %%", row->generation,
                 row->measured, row->expected, 100 * relative(row));
    if (isfinite(in_errors(row)))
        (void)printf(", %+.1f se", in_errors(row));
    (void)printf("\n");
}

/* What has this verdict, under a heading with how many forms that are. */
static size_t print_differences(const struct ws_theory *theory, enum ws_theory_verdict verdict,
                                const char *heading)
{
    size_t found = 0;
    for (size_t i = 0; i < theory->count;) {
        const struct course course = course_at(theory, i);
        found += worst(&course, verdict) != NULL;
        i += course.count;
    }
    if (found > 0)
        (void)printf("\n%s: %zu\n", heading, found);
    for (size_t i = 0; i < theory->count;) {
        const struct course course = course_at(theory, i);
        const struct ws_theory_row *row = worst(&course, verdict);
        if (row)
            print_difference(&course, row);
        i += course.count;
    }
    return found;
}

void theory_print(const struct ws_theory *theory)
{
    (void)printf("%10s%12s%10s%12s%12s%11s\n", "generation", "measured", "error", "expected",
                 "apart", "in errors");
    for (size_t i = 0; i < theory->count;) {
        const struct course course = course_at(theory, i);
        print_course(&course);
        i += course.count;
    }
    if (print_differences(theory, WS_THEORY_DIFFERS, "Forms that differ from the run") == 0)
        (void)printf("\nNo form differs from the run.\n");
    (void)print_differences(theory, WS_THEORY_NOT_REACHED, "Limits that the run is not at");
    (void)printf(
        "\nAllowed are four standard errors (se), more of few seeds; bounds may be crossed by "
        "no more.\n");
    if (theory->left_out)
        (void)printf("Left out: %s\n", theory->left_out);
}

/* JSON ----------------------------------------------------------------------------------------- */

static json_t *row_json(const struct ws_theory_row *row)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s, "
                     "s:o*}",
                     "arm", row->arm, "metric", row->metric, "form", row->form, "source",
                     row->source, "kind", ws_form_kind_name(row->kind), "of",
                     row->of_median ? "median" : "mean", "generation", (json_int_t)row->generation,
                     "seeds", (json_int_t)row->seeds, "measured", ws_json_real(row->measured),
                     "standard_error", ws_json_real(row->standard_error), "expected",
                     ws_json_real(row->expected), "allowed", ws_json_real(row->allowed), "relative",
                     ws_json_real(relative(row)), "in_errors", ws_json_real(in_errors(row)),
                     "verdict", ws_theory_verdict_name(row->verdict), "seeds_wanted",
                     row->seeds_wanted > 0 ? ws_json_real(row->seeds_wanted) : NULL);
}

enum ws_status theory_print_json(const struct ws_theory *theory, struct ws_error *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < theory->count; i++)
        ws_json_add(&rows, row_json(&theory->rows[i]));
    return print_json(json_pack("{s:o, s:s*}", "rows", rows, "left_out", theory->left_out),
                      "the theory", err);
}

/* CSV ------------------------------------------------------------------------------------------ */

static void add_number(struct ws_buffer *out, double value)
{
    char text[WS_REAL_TEXT_SIZE];
    ws_real_text(value, text);
    ws_buffer_format(out, ",%s", text);
}

static void add_row(struct ws_buffer *out, const struct ws_theory_row *row)
{
    /* No name of an arm, form or source has a quotation mark. */
    ws_buffer_format(out, "\"%s\",%s,%s,\"%s\",%s,%s,%" PRIu32 ",%zu", row->arm, row->metric,
                     row->form, row->source, ws_form_kind_name(row->kind),
                     row->of_median ? "median" : "mean", row->generation, row->seeds);
    add_number(out, row->measured);
    add_number(out, row->standard_error);
    add_number(out, row->expected);
    add_number(out, row->allowed);
    ws_buffer_format(out, ",%s", ws_theory_verdict_name(row->verdict));
    add_number(out, row->seeds_wanted);
    ws_buffer_text(out, "\n");
}

enum ws_status theory_write_csv(const struct ws_theory *theory, const char *path,
                                struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_text(&text, "arm,metric,form,source,kind,of,generation,seeds,measured,standard_error,"
                          "expected,allowed,verdict,seeds_wanted\n");
    for (size_t i = 0; i < theory->count; i++)
        add_row(&text, &theory->rows[i]);
    enum ws_status status = ws_buffer_check(&text, "the theory", err);
    if (status == WS_OK)
        status = write_output(path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}
