#include "cli/attribution_output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/command.h"
#include "cli/terminal.h"

/* A row fits 100 columns. */
enum { ARM_WIDTH = 10, VALUE_WIDTH = 10, SHARE_WIDTH = 20 };

/* Table ---------------------------------------------------------------------------------------- */

static void print_switches(const struct ws_counterfactuals *c)
{
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        (void)printf("%-14s %-9s %s%s\n", ws_error_source_name((enum ws_error_source)i),
                     c->made[i] ? "off:" : "not made:",
                     c->made[i] && c->approximate[i] ? "approximately, " : "", c->how[i]);
}

static bool has_interval(const struct ws_shared_out *value)
{
    return !isnan(value->low);
}

/* Whether the total is told from nothing: only then a share is a part of it. */
static bool is_told(const struct ws_shared_out *total)
{
    return has_interval(total) && (total->low > 0 || total->high < 0);
}

static void print_share(const struct ws_attributed *row, unsigned source)
{
    char text[64];
    double value = row->shares[source].value + 0.0; /* never -0 */
    if (is_told(&row->total))
        (void)snprintf(text, sizeof text, "%.3g (%.0f %%)", value,
                       100 * value / row->total.value + 0.0);
    else
        (void)snprintf(text, sizeof text, "%.3g", value);
    print_right(text, SHARE_WIDTH);
}

/* "" where there is no interval. */
static const char *range_text(const struct ws_shared_out *value, char text[64])
{
    text[0] = '\0';
    if (has_interval(value))
        (void)snprintf(text, 64, "%.3g %s %.3g", value->low + 0.0, terminal_is_utf8() ? "…" : "..",
                       value->high + 0.0);
    return text;
}

/* With a gap before it; of fewer digits where it is too wide. */
static void print_range(const struct ws_shared_out *value, int width)
{
    char text[64];
    (void)range_text(value, text);
    if (width_of(text) >= width)
        (void)snprintf(text, sizeof text, "%.2g%s%.2g", value->low + 0.0,
                       terminal_is_utf8() ? "…" : "..", value->high + 0.0);
    print_right(text, width);
}

static void print_row(const struct ws_attributed *row)
{
    char total[32], all[32], none[32];
    (void)snprintf(total, sizeof total, "%+.3g", row->total.value + 0.0);
    (void)snprintf(all, sizeof all, "%.3g", row->values[WS_ALL_ERRORS]);
    (void)snprintf(none, sizeof none, "%.3g", row->values[0]);
    bool fits = width_of(row->arm) < ARM_WIDTH;
    (void)printf(fits ? "%s%*s" : "%s\n%*s", row->arm,
                 fits ? ARM_WIDTH - width_of(row->arm) : ARM_WIDTH, "");
    print_right(all, VALUE_WIDTH);
    print_right(none, VALUE_WIDTH);
    print_right(total, VALUE_WIDTH);
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        print_share(row, i);
    (void)printf("\n");
    if (!has_interval(&row->total))
        return;
    print_range(&row->total, ARM_WIDTH + 3 * VALUE_WIDTH);
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        print_range(&row->shares[i], SHARE_WIDTH);
    (void)printf("\n");
}

static void print_missing(const struct ws_attributed *row)
{
    if (row->missing > 0)
        (void)printf("  of %zu of %zu seeds: the others have a number that is not finite\n",
                     row->seeds, row->seeds + row->missing);
}

/* Beside the noise of the share. */
static void print_left(const struct ws_attributed *row)
{
    const struct ws_left *left = &row->left;
    if (left->factor == 0)
        return;
    (void)printf("  left of statistical: %.3g to %.3g", left->low, left->high);
    if (left->wanted > (double)left->factor)
        (void)printf(", noise %.3g; --factor %.0f would leave less", left->noise, left->wanted);
    else if (!isnan(left->noise))
        (void)printf(", under the noise of %.3g", left->noise);
    (void)printf("\n");
}

static const char *name_of_interaction(size_t i)
{
    static const char *const names[WS_INTERACTIONS] = {"statistical + expressivity",
                                                       "statistical + approximation",
                                                       "expressivity + approximation", "all three"};
    return names[i];
}

/* Sets of errors that are all made, a line each. */
static void print_interactions(const struct ws_counterfactuals *c, const struct ws_attributed *row)
{
    unsigned made = 0;
    char range[64];
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        made |= (unsigned)c->made[i] << i;
    for (size_t i = 0; i < WS_INTERACTIONS; i++) {
        const struct ws_shared_out *value = &row->interactions[i];
        if ((ws_interaction_sets[i] & made) == ws_interaction_sets[i])
            (void)printf("  together beyond that, %-30s%10.3g%s%s\n", name_of_interaction(i),
                         value->value + 0.0, has_interval(value) ? "    " : "",
                         range_text(value, range));
    }
}

static void print_head(const struct ws_attributed *row)
{
    (void)printf("\n%s at generation %" PRIu32 "\n%-*s", row->metric, row->generation, ARM_WIDTH,
                 "arm");
    print_right("all errors", VALUE_WIDTH);
    print_right("none", VALUE_WIDTH);
    print_right("change", VALUE_WIDTH);
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        print_right(ws_error_source_name((enum ws_error_source)i), SHARE_WIDTH);
    (void)printf("\n");
}

static bool is_same_block(const struct ws_attributed *a, const struct ws_attributed *b)
{
    return strcmp(a->metric, b->metric) == 0 && a->generation == b->generation;
}

static bool came_before(const struct ws_attribution *a, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (is_same_block(&a->rows[i], &a->rows[row]))
            return true;
    return false;
}

/* Returns the most seeds that a row leaves out. */
static size_t print_part(const struct attribution_part *part)
{
    const struct ws_attribution *attribution = &part->attribution;
    size_t missing = 0;
    if (part->variation[0])
        (void)printf("With %s\n", part->variation);
    print_switches(&part->counterfactuals);
    for (size_t i = 0; i < attribution->count; i++) {
        if (came_before(attribution, i))
            continue;
        print_head(&attribution->rows[i]);
        for (size_t r = i; r < attribution->count; r++) {
            const struct ws_attributed *row = &attribution->rows[r];
            if (!is_same_block(row, &attribution->rows[i]))
                continue;
            print_row(row);
            print_missing(row);
            print_left(row);
            print_interactions(&part->counterfactuals, row);
            missing = row->missing > missing ? row->missing : missing;
        }
    }
    (void)printf("\n");
    return missing;
}

static void print_seeds(uint64_t used, uint64_t there)
{
    if (used < there)
        (void)printf("Means over the first %" PRIu64 " of %" PRIu64 " seeds (--seeds %" PRIu64
                     " takes all)",
                     used, there, there);
    else
        (void)printf("Means over %" PRIu64 " seeds", used);
    (void)printf("; shares are Shapley values");
    if (used < WS_ATTRIBUTION_SEEDS)
        (void)printf(". Intervals need %d seeds\n", WS_ATTRIBUTION_SEEDS);
    else
        (void)printf(", intervals 95 %% of bootstraps over seeds.\n"
                     "%% are of the change, where its interval leaves out 0.\n");
}

void attribution_print(const struct attribution_part *parts, size_t count, uint64_t seeds)
{
    size_t missing = 0;
    bool any_left = false;
    for (size_t i = 0; i < count; i++) {
        size_t part = print_part(&parts[i]);
        any_left = any_left || parts[i].counterfactuals.approximate[WS_ERROR_STATISTICAL];
        missing = part > missing ? part : missing;
    }
    print_seeds(parts[0].attribution.seeds, seeds);
    if (any_left)
        (void)printf("What more items leave of the statistical error is in 'none' and in no share: "
                     "the first\nnumber if it falls as 1/items, the second if as 1/sqrt(items).\n");
    if (missing > 0)
        (void)printf("Up to %zu seeds are left out of a row: a number of theirs is not finite.\n",
                     missing);
}

/* JSON ----------------------------------------------------------------------------------------- */

/* Memory that is out shows when the whole is written: a member that is missing makes it NULL. */
static json_t *with(json_t *json, const char *name, json_t *value)
{
    if (json && value && json_object_set_new(json, name, value) == 0)
        return json;
    if (!json)
        json_decref(value);
    json_decref(json);
    return NULL;
}

static json_t *shared_json(const struct ws_shared_out *value)
{
    json_t *json = with(json_object(), "value", ws_json_real(value->value));
    json = with(json, "low", has_interval(value) ? ws_json_real(value->low) : json_null());
    return with(json, "high", has_interval(value) ? ws_json_real(value->high) : json_null());
}

static json_t *left_json(const struct ws_left *left)
{
    if (left->factor == 0)
        return json_null();
    json_t *json = with(json_object(), "factor", json_integer((json_int_t)left->factor));
    json = with(json, "low", ws_json_real(left->low));
    json = with(json, "high", ws_json_real(left->high));
    return with(json, "noise", isnan(left->noise) ? json_null() : ws_json_real(left->noise));
}

static const char *set_name(unsigned set, char out[64])
{
    struct ws_buffer text;
    ws_buffer_fix(&text, out, 64);
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        if (set & 1u << i)
            ws_buffer_format(&text, "%s%s", text.size > 0 ? "+" : "",
                             ws_error_source_name((enum ws_error_source)i));
    return text.size > 0 ? ws_buffer_string(&text) : "none";
}

static json_t *row_json(const struct ws_attributed *row)
{
    char name[64];
    json_t *json = with(json_object(), "arm", json_string(row->arm));
    json = with(json, "metric", json_string(row->metric));
    json = with(json, "definition", json_string(row->definition));
    json = with(json, "generation", json_integer(row->generation));
    json = with(json, "seeds", json_integer((json_int_t)row->seeds));
    json = with(json, "missing", json_integer((json_int_t)row->missing));
    json_t *values = json_object(), *shares = json_object(), *interactions = json_object();
    for (unsigned set = 0; set < WS_ERROR_SETS; set++)
        values = with(values, set_name(set, name), ws_json_real(row->values[set]));
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        shares = with(shares, ws_error_source_name((enum ws_error_source)i),
                      shared_json(&row->shares[i]));
    for (size_t i = 0; i < WS_INTERACTIONS; i++)
        interactions = with(interactions, set_name(ws_interaction_sets[i], name),
                            shared_json(&row->interactions[i]));
    json = with(json, "with_errors", values);
    json = with(json, "total", shared_json(&row->total));
    json = with(json, "shares", shares);
    json = with(json, "statistical_left", left_json(&row->left));
    return with(json, "interactions", interactions);
}

static json_t *switches_json(const struct ws_counterfactuals *c)
{
    json_t *json = json_object();
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++) {
        json_t *one = with(json_object(), "made", json_boolean(c->made[i]));
        one = with(one, "approximate", json_boolean(c->approximate[i]));
        one = with(one, "how", json_string(c->how[i]));
        json = with(json, ws_error_source_name((enum ws_error_source)i), one);
    }
    return json;
}

static json_t *rows_json(const struct ws_attribution *attribution)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < attribution->count; i++)
        ws_json_add(&rows, row_json(&attribution->rows[i]));
    return rows;
}

static json_t *part_json(const struct attribution_part *part)
{
    json_t *json = with(json_object(), "variation", json_string(part->variation));
    json = with(json, "errors", switches_json(&part->counterfactuals));
    return with(json, "rows", rows_json(&part->attribution));
}

enum ws_status attribution_print_json(const struct attribution_part *parts, size_t count,
                                      uint64_t seeds, struct ws_error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        ws_json_add(&list, part_json(&parts[i]));
    json_t *json = with(json_object(), "seeds", json_integer((json_int_t)seeds));
    json = with(json, "seeds_used", json_integer((json_int_t)parts[0].attribution.seeds));
    json = with(json, "variations", list);
    return print_json(json, "the attribution", err);
}

/* CSV ------------------------------------------------------------------------------------------ */

static void add_number(struct ws_buffer *out, double value)
{
    char text[WS_REAL_TEXT_SIZE];
    ws_real_text(value, text);
    ws_buffer_format(out, ",%s", text);
}

static void add_shared(struct ws_buffer *out, const struct ws_shared_out *value)
{
    add_number(out, value->value);
    add_number(out, value->low);
    add_number(out, value->high);
}

static void add_names(struct ws_buffer *out)
{
    char name[64];
    ws_buffer_text(out, "arm,metric,definition,generation,seeds,missing");
    for (unsigned set = 0; set < WS_ERROR_SETS; set++)
        ws_buffer_format(out, ",with_%s", set_name(set, name));
    ws_buffer_text(out, ",total,total_low,total_high");
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++) {
        const char *source = ws_error_source_name((enum ws_error_source)i);
        ws_buffer_format(out, ",%s,%s_low,%s_high", source, source, source);
    }
    for (size_t i = 0; i < WS_INTERACTIONS; i++)
        ws_buffer_format(out, ",interaction_%s,interaction_%s_low,interaction_%s_high",
                         set_name(ws_interaction_sets[i], name), name, name);
    ws_buffer_text(out, ",statistical_left_low,statistical_left_high\n");
}

/* Names of arms may hold anything but a line's end. */
static void add_quoted(struct ws_buffer *out, const char *text)
{
    ws_buffer_text(out, "\"");
    for (; *text; text++)
        ws_buffer_format(out, *text == '"' ? "\"\"" : "%c", *text);
    ws_buffer_text(out, "\"");
}

static void add_row(struct ws_buffer *out, const struct ws_attributed *row)
{
    add_quoted(out, row->arm);
    ws_buffer_format(out, ",%s,%s,%" PRIu32 ",%zu,%zu", row->metric, row->definition,
                     row->generation, row->seeds, row->missing);
    for (unsigned set = 0; set < WS_ERROR_SETS; set++)
        add_number(out, row->values[set]);
    add_shared(out, &row->total);
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++)
        add_shared(out, &row->shares[i]);
    for (size_t i = 0; i < WS_INTERACTIONS; i++)
        add_shared(out, &row->interactions[i]);
    add_number(out, row->left.low);
    add_number(out, row->left.high);
    ws_buffer_text(out, "\n");
}

enum ws_status attribution_write_csv(const struct attribution_part *parts, size_t count,
                                     const char *path, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    add_names(&text);
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < parts[p].attribution.count; i++)
            add_row(&text, &parts[p].attribution.rows[i]);
    enum ws_status status = ws_buffer_check(&text, "the attribution", err);
    if (status == WS_OK)
        status = write_output(path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}
