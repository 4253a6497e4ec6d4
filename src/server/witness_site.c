#include "server/witness_site.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "server/metrics_text.h"

#define STOP_SECONDS 3.0

struct ws_witness_site {
    struct ws_witness *witness;
    struct ws_microhttpd http;
    struct ws_http_server *server;
    atomic_uint_fast64_t too_long, crowded; /* requests that came to no verdict */
};

static const char PLAIN[] = "text/plain; charset=utf-8";

/* What goes wrong inside is none of the client's affair, whatever its status is called here. */
static enum ws_status fail_inside(enum ws_status status, struct ws_error *err)
{
    bool passes = status == WS_BUSY || status == WS_NO_MEMORY;
    return ws_fail(err, passes ? WS_NO_MEMORY : WS_IO, "%s",
                   passes ? "the witness is busy; try again" : "the witness cannot keep its state");
}

static enum ws_status add_checkpoint(void *site_, const struct ws_http_request *request,
                                     struct ws_http_answer *answer, struct ws_error *err)
{
    struct ws_witness_site *site = site_;
    struct ws_witness_answer said;
    enum ws_status status =
        ws_witness_add_checkpoint(site->witness, request->body, request->arena, &said, err);
    if (status != WS_OK)
        return fail_inside(status, err);
    answer->status = said.status;
    answer->type = said.type;
    ws_buffer_append(&answer->body, said.body.data, said.body.size);
    return ws_buffer_check(&answer->body, "an answer", err);
}

static enum ws_status show_checkpoint(void *site_, const struct ws_http_request *request,
                                      struct ws_http_answer *answer, struct ws_error *err)
{
    struct ws_witness_site *site = site_;
    struct ws_bytes note;
    enum ws_status status =
        ws_witness_checkpoint(site->witness, request->names[0], request->arena, &note, err);
    if (status != WS_OK && status != WS_NOT_FOUND)
        return fail_inside(status, err);
    WS_TRY(status);
    answer->type = PLAIN;
    answer->cache = "public, max-age=5";
    ws_buffer_append(&answer->body, note.data, note.size);
    return ws_buffer_check(&answer->body, "an answer", err);
}

static enum ws_status show_key(void *site_, const struct ws_http_request *request,
                               struct ws_http_answer *answer, struct ws_error *err)
{
    const struct ws_witness_site *site = site_;
    struct ws_note_key key;
    (void)request;
    WS_TRY(ws_note_signer_key(site->witness->signer, &key, err));
    answer->type = PLAIN;
    ws_note_key_append(&answer->body, &key);
    ws_buffer_u8(&answer->body, '\n');
    ws_note_key_close(&key);
    return ws_buffer_check(&answer->body, "an answer", err);
}

/* Numbers for who looks after it --------------------------------------------------------------- */

static void append_answers(struct ws_buffer *out, const struct ws_witness_report *report)
{
    static const char name[] = "wellspring_witness_answers_total";
    static const char *const verdicts[] = {
#define X(verdict, status, metric, what) [WS_WITNESS_##verdict] = metric,
        WS_WITNESS_VERDICT_MAP(X)
#undef X
    };
    ws_metrics_head(out, name, "counter", "Requests to cosign a checkpoint, by verdict.");
    for (size_t i = 0; i < WS_WITNESS_VERDICTS; i++)
        ws_metrics_value(out, name, "verdict", verdicts[i], report->answers[i]);
}

static void append_turned_away(struct ws_buffer *out, const struct ws_witness_site *site)
{
    static const char name[] = "wellspring_witness_turned_away_total";
    ws_metrics_head(out, name, "counter", "Requests that were not looked at, by reason.");
    ws_metrics_value(out, name, "reason", "too_long", atomic_load(&site->too_long));
    ws_metrics_value(out, name, "reason", "crowded", atomic_load(&site->crowded));
}

static void append_logs(struct ws_buffer *out, const struct ws_witnessed_logs *logs)
{
    static const char size[] = "wellspring_witness_log_size",
                      time[] = "wellspring_witness_log_cosigned_seconds";
    ws_metrics_head(out, size, "gauge", "Entries of the last checkpoint cosigned, by log.");
    for (size_t i = 0; i < logs->count; i++)
        ws_metrics_value(out, size, "origin", logs->items[i].origin, logs->items[i].size);
    ws_metrics_head(out, time, "gauge", "POSIX seconds of the last cosignature; 0: none yet.");
    for (size_t i = 0; i < logs->count; i++)
        ws_metrics_value(out, time, "origin", logs->items[i].origin, logs->items[i].time);
}

static enum ws_status show_metrics(void *site_, const struct ws_http_request *request,
                                   struct ws_http_answer *answer, struct ws_error *err)
{
    static const char failures[] = "wellspring_witness_failures_total",
                      behind[] = "wellspring_witness_clock_behind_seconds";
    struct ws_witness_site *site = site_;
    struct ws_witness_report report;
    enum ws_status status = ws_witness_report(site->witness, request->arena, &report, err);
    if (status != WS_OK)
        return fail_inside(status, err);
    answer->type = WS_METRICS_TYPE;
    append_answers(&answer->body, &report);
    append_turned_away(&answer->body, site);
    ws_metrics_head(&answer->body, failures, "counter",
                    "Requests that disk or memory did not let it answer.");
    ws_metrics_value(&answer->body, failures, NULL, NULL, report.failures);
    ws_metrics_head(&answer->body, behind, "gauge",
                    "The most by which the clock was behind a cosignature.");
    ws_metrics_value(&answer->body, behind, NULL, NULL, report.clock_behind);
    append_logs(&answer->body, &report.logs);
    return ws_buffer_check(&answer->body, "an answer", err);
}

/* Start and stop ------------------------------------------------------------------------------- */

static const struct ws_http_route routes[] = {
    {"POST", "/add-checkpoint", add_checkpoint, NULL, 0},
    {"GET", "/vkey", show_key, NULL, 0},
    {"GET", "/metrics", show_metrics, NULL, 0},
    {"GET", "/*/checkpoint", show_checkpoint, NULL, 0},
};

static void count_turned_away(void *site_, unsigned status)
{
    struct ws_witness_site *site = site_;
    atomic_fetch_add(status == MHD_HTTP_CONTENT_TOO_LARGE ? &site->too_long : &site->crowded, 1);
}

enum ws_status ws_witness_site_start(struct ws_witness *witness,
                                     const struct ws_http_settings *settings,
                                     struct ws_witness_site **out, struct ws_error *err)
{
    struct ws_witness_site *site = calloc(1, sizeof *site);
    if (!site)
        return ws_fail_memory(err, "the witness");
    site->witness = witness;
    const struct ws_http_site served = {
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .user = site,
        .body_most = WS_WITNESS_REQUEST_LIMIT,
        .is_open = true,
        .turned_away = count_turned_away,
    };
    enum ws_status status = ws_microhttpd_open(&site->http, err);
    if (status == WS_OK)
        status = ws_http_server_start(&site->http, settings, &served, &site->server, err);
    if (status == WS_OK)
        *out = site;
    else
        ws_witness_site_stop(site);
    return status;
}

unsigned ws_witness_site_port(const struct ws_witness_site *site)
{
    return ws_http_server_port(site->server);
}

void ws_witness_site_stop(struct ws_witness_site *site)
{
    if (site->server)
        ws_http_server_stop(site->server, STOP_SECONDS);
    ws_microhttpd_close(&site->http);
    free(site);
}
