#include <string.h>

#include "base/base64.h"
#include "base/hash.h"
#include "report/report.h"
#include "report/report_assets.h"
#include "report/report_data.h"

enum { RUNS_UNFOLDED = 4 };

static void append_escaped(const char *text, struct ws_buffer *out)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            ws_buffer_text(out, "&amp;");
            break;
        case '<':
            ws_buffer_text(out, "&lt;");
            break;
        case '>':
            ws_buffer_text(out, "&gt;");
            break;
        case '"':
            ws_buffer_text(out, "&quot;");
            break;
        default:
            ws_buffer_append(out, text, 1);
        }
}

/* " 'sha256-...'": what a browser calls a script or a style that may stand in the page. */
static enum ws_status append_source(struct ws_bytes bytes, struct ws_buffer *out,
                                    struct ws_error *err)
{
    struct ws_hash hash;
    WS_TRY(ws_hash_of(bytes, &hash, err));
    ws_buffer_text(out, " 'sha256-");
    ws_base64_append(out, ws_bytes_of(hash.bytes, sizeof hash.bytes));
    ws_buffer_text(out, "'");
    return WS_OK;
}

/* Nothing is loaded, sent or framed, and no script runs but those of the page. */
static enum ws_status append_policy(const struct ws_report *report, struct ws_buffer *out,
                                    struct ws_error *err)
{
    (void)report;
    ws_buffer_text(out, "default-src 'none'; base-uri 'none'; form-action 'none'; script-src");
    WS_TRY(append_source(ws_report_library(), out, err));
    WS_TRY(append_source(ws_report_numbers(), out, err));
    WS_TRY(append_source(ws_report_charts(), out, err));
    WS_TRY(append_source(ws_report_sections(), out, err));
    ws_buffer_text(out, "; style-src");
    return append_source(ws_report_style(), out, err);
}

static enum ws_status append_title(const struct ws_report *report, struct ws_buffer *out,
                                   struct ws_error *err)
{
    (void)err;
    append_escaped(report->title, out);
    return WS_OK;
}

static void append_element(const char *open, const char *text, const char *close,
                           struct ws_buffer *out)
{
    ws_buffer_text(out, open);
    append_escaped(text, out);
    ws_buffer_text(out, close);
}

static void append_name(const struct ws_report_run *run, struct ws_buffer *out)
{
    append_escaped(run->name, out);
    append_element(" (", run->directory, ")", out);
}

static void append_sentences(const struct ws_report_run *run, struct ws_buffer *out)
{
    for (size_t w = 0; w < run->word_count; w++)
        append_element("<p>", run->words[w], "</p>\n", out);
}

/* Of many runs the summaries are folded. */
static enum ws_status append_words(const struct ws_report *report, struct ws_buffer *out,
                                   struct ws_error *err)
{
    const bool several = report->run_count > 1, many = report->run_count > RUNS_UNFOLDED;
    (void)err;
    if (many)
        ws_buffer_text(out, "<div class=\"folds\" tabindex=\"0\" role=\"region\" "
                            "aria-label=\"Summaries\">\n");
    for (size_t r = 0; r < report->run_count; r++) {
        if (several) {
            ws_buffer_text(out, many ? "<details><summary>" : "<h3>");
            append_name(&report->runs[r], out);
            ws_buffer_text(out, many ? "</summary>\n" : "</h3>\n");
        }
        append_sentences(&report->runs[r], out);
        if (many)
            ws_buffer_text(out, "</details>\n");
    }
    if (many)
        ws_buffer_text(out, "</div>\n");
    return WS_OK;
}

/* What comes into the template. */
static const struct part {
    const char *name;
    struct ws_bytes (*asset)(void); /* as it is; or NULL */
    enum ws_status (*append)(const struct ws_report *report, struct ws_buffer *out,
                             struct ws_error *err);
} parts[] = {
    {"policy", NULL, append_policy},        {"title", NULL, append_title},
    {"words", NULL, append_words},          {"data", NULL, ws_report_data},
    {"style", ws_report_style, NULL},       {"library", ws_report_library, NULL},
    {"numbers", ws_report_numbers, NULL},   {"charts", ws_report_charts, NULL},
    {"sections", ws_report_sections, NULL}, {"chart-licence", ws_report_chart_licence, NULL},
};
enum { PARTS = sizeof parts / sizeof *parts };

static enum ws_status append_part(const struct part *part, const struct ws_report *report,
                                  struct ws_buffer *out, struct ws_error *err)
{
    if (!part->asset)
        return part->append(report, out, err);
    struct ws_bytes bytes = part->asset();
    ws_buffer_append(out, bytes.data, bytes.size);
    return WS_OK;
}

/* The part whose name stands at `name`, between braces; NULL for none. */
static const struct part *find_part(const char *name, size_t size)
{
    for (size_t i = 0; i < PARTS; i++)
        if (strlen(parts[i].name) == size && memcmp(parts[i].name, name, size) == 0)
            return &parts[i];
    return NULL;
}

enum ws_status ws_report_write(const struct ws_report *report, struct ws_buffer *out,
                               struct ws_error *err)
{
    const struct ws_bytes template = ws_report_template();
    const char *next = (const char *)template.data, *end = next + template.size;
    while (next < end) {
        const char *open = memmem(next, (size_t)(end - next), "{{", 2);
        const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        ws_buffer_append(out, next, (size_t)((close ? open : end) - next));
        const struct part *part = close ? find_part(open + 2, (size_t)(close - open - 2)) : NULL;
        if (part)
            WS_TRY(append_part(part, report, out, err));
        next = close ? close + 2 : end;
    }
    return ws_buffer_check(out, "the report", err);
}
