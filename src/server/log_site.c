#include "server/log_site.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/tile.h"
#include "server/log_site_internal.h"

enum { STOP_SECONDS = 5 };

const struct ws_http_route log_site_routes[LOG_SITE_ROUTES] = {
    {"GET", "/tile/**", log_site_file, NULL, 0},
    {"GET", "/checkpoint", log_site_file, NULL, 0},
    {"GET", "/checkpoints/**", log_site_file, NULL, 0},
    {"GET", "/vkey", log_site_file, NULL, 0},
    {"GET", "/shards/*", log_site_shard, NULL, 0},
    {"GET", "/shards/*/proof/*", log_site_shard_proof, NULL, 0},
    {"GET", "/shards/*/tiles/*", log_site_shard_tiles, NULL, 0},
    {"GET", "/shards/*/documents/*", log_site_shard_documents, NULL, 0},
    {"POST", "/add", log_site_add, NULL, 0},
    {"GET", "/metrics", log_site_numbers, NULL, 0},
    {"GET", "/index", log_site_index, NULL, 0},
    {"GET", "/index/list", log_site_index_list, NULL, 0},
    {"GET", "/index/proof/*", log_site_index_proof, NULL, 0},
    {"POST", "/lookup", log_site_lookup, NULL, WS_LOOKUP_TEXT_LIMIT},
    {"POST", "/lookup/bundle", log_site_lookup_bundle, NULL, WS_LOOKUP_TEXT_LIMIT},
    {"GET", "/lookup/log", log_site_lookup_log, NULL, 0},
    {"GET", "/lookup/log/*", log_site_lookup_log, NULL, 0},
    {"GET", "/lookup", NULL, "lookup.html", 0},
    {"GET", "/", NULL, "lookup.html", 0},
    {"GET", "/assets/*", NULL, "*", 0},
};

static void count_turned_away(void *site_, unsigned status)
{
    struct ws_log_site *site = site_;
    const enum refusal why =
        status == MHD_HTTP_CONTENT_TOO_LARGE ? REFUSED_too_long : REFUSED_crowded;
    atomic_fetch_add(&site->refused[why], 1);
}

static void complain(struct ws_log_site *site, enum ws_status status, const struct ws_error *error)
{
    if (status != WS_OK && site->settings.complain &&
        strcmp(site->complaint.message, error->message) != 0)
        site->settings.complain(error->message);
    site->complaint = status == WS_OK ? (struct ws_error){.message = ""} : *error;
}

/* With witnesses also where nothing was added: their cosignatures say that it is so today. */
static enum ws_status publish(void *site_, struct ws_log_store *store, struct ws_error *err)
{
    static const struct ws_trust nobody = {.quorum = WS_TRUST_NO_QUORUM};
    static const struct ws_log_witnesses none = {.trust = &nobody};
    struct ws_log_site *site = site_;
    const struct ws_log_site_settings *settings = &site->settings;
    struct ws_log_cosigning came;
    struct ws_error error;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_log_publish_cosigned(
        store, settings->signer, settings->witnesses ? settings->witnesses : &none, &arena, &came,
        &error);
    ws_arena_release(&arena);
    complain(site, status, &error);
    return status == WS_OK ? WS_OK : ws_fail(err, status, "%s", error.message);
}

/* Everybody's quota is whole at the start. */
static enum ws_status open_quotas(struct ws_log_site *site, struct ws_error *err)
{
    const struct ws_issuer_list *issuers = site->settings.issuers;
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    site->keys = calloc(issuers->count + 1, sizeof *site->keys);
    site->left = calloc(issuers->count + 1, sizeof *site->left);
    if (!site->keys || !site->left)
        return ws_fail_memory(err, "the issuers of a log");
    for (size_t i = 0; i < issuers->count; i++) {
        site->keys[i] = &issuers->items[i].key;
        ws_quota_begin(&site->left[i], &issuers->items[i].quota, (double)time.tv_sec);
    }
    ws_quota_begin(&site->left[issuers->count], &ws_usual_quota, (double)time.tv_sec);
    return WS_OK;
}

static enum ws_status open_log(struct ws_log_site *site, struct ws_error *err)
{
    const struct ws_log_site_settings *settings = &site->settings;
    const struct ws_desk_settings desk = {.directory = settings->directory,
                                          .publish = publish,
                                          .user = site,
                                          .seconds = settings->publish_seconds};
    site->directory = open(settings->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (site->directory < 0)
        return ws_fail_system(err, "cannot read log", settings->directory);
    if (faccessat(site->directory, "checkpoint", R_OK, 0) != 0)
        return ws_fail(err, WS_NOT_FOUND, "'%.200s' is no log: it has no checkpoint",
                       settings->directory);
    if (settings->shards)
        WS_TRY(log_shards_open(settings, &site->shards, err));
    if (settings->lookup)
        WS_TRY(ws_log_lookup_start(settings->lookup, settings->complain, &site->lookups, err));
    if (!settings->signer)
        return WS_OK;
    WS_TRY(open_quotas(site, err));
    return ws_log_desk_open(&desk, &site->desk, err);
}

enum ws_status ws_log_site_start(const struct ws_log_site_settings *settings,
                                 const struct ws_http_settings *http, struct ws_log_site **out,
                                 struct ws_error *err)
{
    struct ws_log_site *site = calloc(1, sizeof *site);
    if (!site)
        return ws_fail_memory(err, "a log's site");
    site->settings = *settings;
    site->directory = -1;
    pthread_mutex_init(&site->mutex, NULL);
    const struct ws_http_site served = {.routes = log_site_routes,
                                        .route_count = settings->lookup ? LOG_SITE_ROUTES
                                                                        : LOG_SITE_LOOKUP_ROUTE,
                                        .user = site,
                                        .body_most = WS_ENTRY_LIMIT,
                                        .is_open = true,
                                        .turned_away = count_turned_away};
    enum ws_status status = ws_microhttpd_open(&site->http, err);
    if (status == WS_OK)
        status = open_log(site, err);
    if (status == WS_OK)
        status = ws_http_server_start(&site->http, http, &served, &site->server, err);
    if (status == WS_OK)
        *out = site;
    else
        ws_log_site_stop(site);
    return status;
}

unsigned ws_log_site_port(const struct ws_log_site *site)
{
    return ws_http_server_port(site->server);
}

/* Connections that wait for the desk are answered before the server ends. */
void ws_log_site_stop(struct ws_log_site *site)
{
    if (site->desk)
        ws_log_desk_drain(site->desk);
    if (site->lookups)
        ws_log_lookup_drain(site->lookups);
    if (site->server)
        ws_http_server_stop(site->server, STOP_SECONDS);
    ws_log_desk_close(site->desk);
    log_shards_close(site->shards);
    ws_log_lookup_close(site->lookups);
    ws_microhttpd_close(&site->http);
    if (site->directory >= 0)
        (void)close(site->directory);
    pthread_mutex_destroy(&site->mutex);
    free(site->keys);
    free(site->left);
    free(site);
}
