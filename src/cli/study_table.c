#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/study.h"
#include "cli/terminal.h"

enum {
    LABEL_WIDTH = 16,
    NUMBER_WIDTH = 10,
    ERROR_WIDTH = 9,
    ALLOWED_WIDTH = 21,
    LINE_LEAST = 80,
    LINE_MOST = 100,
};

void study_count(const struct study *study, enum ws_tier tier, struct study_tally *tally)
{
    for (size_t c = 0; c < study->reproduction.claim_count; c++) {
        const struct ws_claim *claim = &study->reproduction.claims[c];
        for (size_t r = 0; r < claim->row_count; r++)
            if (claim->rows[r].tier > tier)
                tally->later++;
            else
                tally->of[study->results[claim->first_row + r].status]++;
    }
}

/* Four digits, in at most ten characters. */
static void format_number(double value, char *out, size_t size)
{
    if (isnan(value))
        (void)snprintf(out, size, "-");
    else
        (void)snprintf(out, size, "%.4g", value);
}

static void print_number(double value, int digits, int width)
{
    char text[32];
    if (isnan(value))
        (void)snprintf(text, sizeof text, "-");
    else
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
    print_right(text, width);
}

static void format_allowed(const struct ws_judgement *judgement, char *out, size_t size)
{
    char low[32], high[32];
    format_number(judgement->low, low, sizeof low);
    format_number(judgement->high, high, sizeof high);
    if (isinf(judgement->high))
        (void)snprintf(out, size, ">= %s", low);
    else if (isinf(judgement->low))
        (void)snprintf(out, size, "<= %s", high);
    else
        (void)snprintf(out, size, "%s .. %s", low, high);
}

static const char *verdict(enum ws_row_status status)
{
    return status == WS_ROW_FAIL         ? "FAIL"
           : status == WS_ROW_UNVERIFIED ? "unverified"
                                         : ws_row_status_name(status);
}

static void format_label(const struct ws_claim_row *row, char *out, size_t size)
{
    if (row->label[0] != '\0')
        (void)snprintf(out, size, "%s", row->label);
    else if (row->first == row->last)
        (void)snprintf(out, size, "generation %" PRIu32, row->first);
    else
        (void)snprintf(out, size, "%" PRIu32 " to %" PRIu32, row->first, row->last);
}

static void print_left(const char *text, int width)
{
    int space = width - width_of(text);
    (void)printf("  %s%*s", text, space > 0 ? space : 0, "");
}

static void print_row(const struct study *study, const struct ws_claim *claim, size_t i)
{
    const struct ws_claim_row *row = &claim->rows[i];
    const struct ws_row_result *result = &study->results[claim->first_row + i];
    const char *skipped = study->skipped[row->experiment];
    char label[80], allowed[80];
    format_label(row, label, sizeof label);
    print_left(label, LABEL_WIDTH);
    if (skipped) {
        (void)printf("  skipped: %s\n", skipped);
        return;
    }
    format_allowed(&result->judgement, allowed, sizeof allowed);
    print_number(result->measured.value, 4, NUMBER_WIDTH);
    print_number(result->measured.standard_error, 2, ERROR_WIDTH);
    print_number(result->expected.value, 4, NUMBER_WIDTH);
    print_right(allowed, ALLOWED_WIDTH);
    (void)printf("  %s\n", verdict(result->status));
    if (!result->judgement.resolves)
        (void)printf("    too few chains: four standard errors are more than %g of what is "
                     "expected\n",
                     claim->precision);
    uint64_t chains = study->reproduction.experiments[row->experiment].experiment.settings.seeds;
    if (result->measured.count < chains)
        (void)printf("    %zu of %" PRIu64 " chains have a number\n", result->measured.count,
                     chains);
}

static int line_width(void)
{
    int columns = terminal_columns(1);
    return columns < LINE_LEAST ? LINE_LEAST : columns > LINE_MOST ? LINE_MOST : columns;
}

static const char *basis_words(uint32_t basis)
{
    static const char *const words[] = {
        "as published", "from a secondary source", "read off a figure", "derived",
        "inferred",     "unverified source",
    };
    return words[basis];
}

static bool is_shown(const struct ws_claim *claim, enum ws_tier tier)
{
    for (size_t i = 0; i < claim->row_count; i++)
        if (claim->rows[i].tier <= tier)
            return true;
    return false;
}

static void print_claim(const struct study *study, const struct ws_claim *claim, enum ws_tier tier,
                        struct ws_arena *arena)
{
    const char *about = ws_arena_format(arena, "%s (%s; tolerance %s)", claim->source,
                                        basis_words(claim->basis), claim->tolerance_text);
    (void)putchar('\n');
    print_wrapped(claim->title, 0, line_width());
    print_wrapped(about ? about : claim->source, 2, line_width());
    for (size_t i = 0; i < claim->row_count; i++)
        if (claim->rows[i].tier <= tier)
            print_row(study, claim, i);
}

void study_print(const struct study *study, enum ws_tier tier)
{
    const struct ws_reproduction *r = &study->reproduction;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    (void)printf("%s: ", r->name);
    print_wrapped(r->title, 0, line_width());
    (void)printf("  %-*s", LABEL_WIDTH, "");
    print_right("measured", NUMBER_WIDTH);
    print_right("s.e.", ERROR_WIDTH);
    print_right("expected", NUMBER_WIDTH);
    print_right("allowed", ALLOWED_WIDTH);
    (void)putchar('\n');
    for (size_t c = 0; c < r->claim_count; c++)
        if (is_shown(&r->claims[c], tier))
            print_claim(study, &r->claims[c], tier, &arena);
    (void)putchar('\n');
    ws_arena_release(&arena);
}
