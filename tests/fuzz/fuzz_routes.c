/*
 * Any method, target, headers and body, handed to a server without a socket: to a log's site in
 * which texts are looked up, to one that takes entries, or to one that wants a token, as the first
 * byte picks; the second says in what pieces the body comes. Each request has one answer, whose
 * headers are those that every answer has, and each refusal is JSON that says why. Nobody without
 * the token, or from a page of elsewhere, gets to a route that wants both, and what lies beside the
 * files that are served is told to nobody.
 *
 *     <a byte><a byte><method> <target>
 *     <name>: <value>
 *
 *     <body>
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "server/log_site_internal.h"
#include "support/fake_microhttpd.h"
#include "support/made_registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN  "abcdefghijklmnop"
#define SECRET "what lies beside the files is told to nobody"

enum site { LOOKUPS, ENTRIES, GUARDED, SITES };

static struct stage {
    struct made_registry registry;
    struct ws_log_site lookups, entries;
    struct ws_note_signer signer; /* of the log that takes entries */
    struct ws_issuer_list nobody;
    struct ws_quota_left left;
    const struct ws_note_key *no_keys[1];
    struct ws_http_server *servers[SITES];
    const struct fake_request *asked;
    bool is_set;
} stage;

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* The site that is guarded --------------------------------------------------------------------- */

static const char *asked_header(const char *name)
{
    struct fake_connection connection = {.request = stage.asked};
    return fake_lookup((struct MHD_Connection *)(void *)&connection, MHD_HEADER_KIND, name);
}

/* Whoever gets here has shown the token, and asks this machine. */
static enum ws_status see(void *user, const struct ws_http_request *request,
                          struct ws_http_answer *answer, struct ws_error *err)
{
    const char *bearer = asked_header("Authorization"), *cookie = asked_header("Cookie");
    (void)user, (void)err;
    require((bearer && strstr(bearer, TOKEN)) || (cookie && strstr(cookie, TOKEN)));
    require(asked_header("Host") != NULL);
    require(ws_is_segment(request->names[0]));
    answer->download = request->names[0];
    return WS_OK;
}

static enum ws_status change(void *user, const struct ws_http_request *request,
                             struct ws_http_answer *answer, struct ws_error *err)
{
    const char *mark = asked_header("X-Wellspring"), *origin = asked_header("Origin");
    require(mark && strcmp(mark, "1") == 0);
    require(!origin || strcasestr(origin, asked_header("Host")));
    return see(user, request, answer, err);
}

static const struct ws_http_route guarded[] = {
    {"GET", "/see/*", see, NULL, 0},
    {"POST", "/change/*", change, NULL, 0},
    {"GET", "/assets/*", NULL, "*", 0},
};

/* The sites ------------------------------------------------------------------------------------ */

static void start(enum site which, const struct ws_http_site *site)
{
    const struct ws_http_settings settings = {.address = "127.0.0.1",
                                              .connections = 100,
                                              .patience = 3600,
                                              .token = which == GUARDED ? TOKEN : NULL};
    require(ws_http_server_start(&fake_microhttpd, &settings, site, &stage.servers[which], NULL) ==
            WS_OK);
}

static void open_directory(struct ws_log_site *site)
{
    site->directory = open(site->settings.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(site->directory >= 0);
    pthread_mutex_init(&site->mutex, NULL);
}

/* An archive's text and a model's, and a mirror's index; nothing can be added. */
static void start_lookups(void)
{
    struct made_registry *r = &stage.registry;
    struct ws_log_site *site = &stage.lookups;
    (void)registry_claim(r, ARCHIVE, registry_text(r, 0));
    registry_publish(r, 1);
    (void)registry_claim(r, ALPHA, registry_text(r, 1));
    registry_publish(r, 10);
    registry_index(r);
    registry_publish(r, 11);
    registry_file(r, "log/private", ws_bytes_of_text(SECRET));
    registry_file(r, "shards/0.secret", ws_bytes_of_text(SECRET));
    site->settings = (struct ws_log_site_settings){.directory = r->request.log,
                                                   .shards = r->request.shards,
                                                   .roles = &r->made.roles,
                                                   .lookup = &r->request};
    open_directory(site);
    require(log_shards_open(&site->settings, &site->shards, NULL) == WS_OK);
    require(ws_log_lookup_start(site->settings.lookup, NULL, &site->lookups, NULL) == WS_OK);
    start(LOOKUPS, &(const struct ws_http_site){.routes = log_site_routes,
                                                .route_count = LOG_SITE_ROUTES,
                                                .user = site,
                                                .body_most = WS_ENTRY_LIMIT,
                                                .is_open = true});
}

static enum ws_status publish_nothing(void *user, struct ws_log_store *store, struct ws_error *err)
{
    (void)user, (void)store, (void)err;
    return WS_OK;
}

/* A log that takes what anybody signs, as much as strangers may add. */
static void start_entries(void)
{
    struct made_registry *r = &stage.registry;
    struct ws_log_site *site = &stage.entries;
    const char *log = registry_path(r, "entries");
    const struct ws_desk_settings desk = {
        .directory = log, .publish = publish_nothing, .user = site, .seconds = 3600};
    require(ws_note_signer_make("entries.example", WS_KEY_ED25519, &r->made.arena, &stage.signer,
                                NULL) == WS_OK);
    require(ws_log_make(log, &stage.signer, NULL) == WS_OK);
    ws_quota_begin(&stage.left, &ws_usual_quota, 0);
    site->settings = (struct ws_log_site_settings){
        .directory = log, .issuers = &stage.nobody, .takes_anyones = true};
    site->keys = stage.no_keys;
    site->left = &stage.left;
    open_directory(site);
    require(ws_log_desk_open(&desk, &site->desk, NULL) == WS_OK);
    start(ENTRIES, &(const struct ws_http_site){.routes = log_site_routes,
                                                .route_count = LOG_SITE_LOOKUP_ROUTE,
                                                .user = site,
                                                .body_most = WS_ENTRY_LIMIT,
                                                .is_open = true});
}

static void clean_up(void)
{
    ws_log_lookup_drain(stage.lookups.lookups);
    ws_log_desk_drain(stage.entries.desk);
    for (enum site site = LOOKUPS; site < SITES; site++)
        ws_http_server_stop(stage.servers[site], 1);
    ws_log_lookup_close(stage.lookups.lookups);
    ws_log_desk_close(stage.entries.desk);
    log_shards_close(stage.lookups.shards);
    (void)close(stage.lookups.directory);
    (void)close(stage.entries.directory);
    ws_note_signer_close(&stage.signer);
    registry_end(&stage.registry);
}

static void set_the_stage(void)
{
    json_object_seed(1);
    registry_begin(&stage.registry);
    start_lookups();
    start_entries();
    start(GUARDED, &(const struct ws_http_site){.routes = guarded,
                                                .route_count = sizeof guarded / sizeof *guarded,
                                                .body_most = 300});
    require(atexit(clean_up) == 0);
    stage.is_set = true;
}

/* A request ------------------------------------------------------------------------------------ */

/* As a line has them: no control characters, no blanks around. */
static const char *text_of(struct ws_arena *arena, struct ws_bytes bytes)
{
    while (bytes.size > 0 && bytes.data[0] <= ' ')
        bytes = ws_bytes_of(bytes.data + 1, bytes.size - 1);
    while (bytes.size > 0 && bytes.data[bytes.size - 1] <= ' ')
        bytes.size--;
    char *text = ws_arena_text_of(arena, bytes.data, bytes.size);
    require(text != NULL);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return text;
}

static void take_header(struct fake_request *out, struct ws_arena *arena, struct ws_bytes line)
{
    struct ws_bytes name, value;
    if (!ws_bytes_split(line, ':', &name, &value) || out->header_count == FAKE_HEADERS)
        return;
    const struct fake_header header = {text_of(arena, name), text_of(arena, value)};
    if (*header.name)
        out->headers[out->header_count++] = header;
}

static bool take_apart(struct ws_bytes text, struct ws_arena *arena, struct fake_request *out)
{
    struct ws_bytes line, method, target;
    if (!ws_bytes_split(text, '\n', &line, &text))
        return false;
    if (!ws_bytes_split(line, ' ', &method, &target))
        return false;
    out->method = text_of(arena, method);
    out->target = text_of(arena, target);
    while (ws_bytes_split(text, '\n', &line, &text) && line.size > 0)
        take_header(out, arena, line);
    out->body = text;
    return *out->method && *out->target;
}

/* Its answer ----------------------------------------------------------------------------------- */

static const char *answer_header(const struct fake_response *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (strcmp(answer->headers[i].name, name) == 0)
            return answer->headers[i].value;
    return NULL;
}

static void require_refusal(const struct fake_response *answer)
{
    json_t *object = json_loadb(answer->body, answer->size, 0, NULL);
    const char *why = json_string_value(json_object_get(object, "error"));
    require(why && *why);
    json_decref(object);
}

static size_t count_lengths(const struct fake_request *request)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += strcasecmp(request->headers[i].name, "Content-Length") == 0 ||
                 strcasecmp(request->headers[i].name, "Transfer-Encoding") == 0;
    return count;
}

static void look_at(enum site site, const struct fake_request *request,
                    const struct fake_response *answer)
{
    require(strcmp(answer_header(answer, "X-Content-Type-Options"), "nosniff") == 0);
    require(answer_header(answer, "Cache-Control") != NULL);
    require((answer_header(answer, "Content-Security-Policy") != NULL) >= (site == GUARDED));
    require(!memmem(answer->body, answer->size, SECRET, strlen(SECRET)));
    require(site == GUARDED || !memmem(answer->body, answer->size, stage.registry.place.path,
                                       strlen(stage.registry.place.path)));
    if (answer->status >= 400)
        require_refusal(answer);
    if (count_lengths(request) > 1)
        require(answer->status == 400 && strcmp(answer_header(answer, "Connection"), "close") == 0);
    if (answer->status == 405 && site != ENTRIES && strcmp(request->method, "POST") != 0)
        require(answer_header(answer, "Allow") != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_request request = {.header_count = 0};
    struct ws_arena arena;
    if (size < 2)
        return 0;
    if (!stage.is_set)
        set_the_stage();
    ws_arena_init(&arena, NULL);
    if (take_apart(ws_bytes_of(data + 2, size - 2), &arena, &request)) {
        const enum site site = data[0] % SITES;
        request.piece = data[1];
        stage.asked = &request;
        struct fake_response answer = fake_ask(&fake_daemons[site], &request);
        if (answer.status > 0)
            look_at(site, &request, &answer);
        else
            require(request.body.size > 0); /* far too long */
        fake_empty(&answer);
    }
    ws_arena_release(&arena);
    return 0;
}
