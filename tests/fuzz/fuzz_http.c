/*
 * Any bytes as what a browser, or somebody else, sends: the first byte picks the target of a
 * request, a method and a target that a log's site routes, or a header. A target is refused or
 * taken apart into names that are no ways, which come back from their escapes; headers are judged
 * without a fault, and a secret is never found in what lacks it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_guard.h"
#include "server/http_route.h"
#include "server/log_site_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN "abcdefghijklmnop"

static void require(int condition)
{
    if (!condition)
        abort();
}

static void use(const struct ws_target *target, struct ws_arena *arena)
{
    const char *names[WS_ROUTE_NAMES];
    const char *again = "";
    struct ws_target copy;
    for (size_t i = 0; i < target->segment_count; i++) {
        require(ws_is_segment(target->segments[i]));
        again =
            ws_arena_format(arena, "%s/%s", again, ws_target_escape(target->segments[i], arena));
    }
    if (target->segment_count > 0 && strlen(again) <= WS_TARGET_SIZE) {
        require(ws_target_parse(ws_bytes_of_text(again), arena, &copy, NULL) == WS_OK);
        require(copy.segment_count == target->segment_count);
        for (size_t i = 0; i < copy.segment_count; i++)
            require(strcmp(copy.segments[i], target->segments[i]) == 0);
    }
    require(!ws_target_matches(target, "/", names) || target->segment_count == 0);
    if (ws_target_matches(target, "/api/runs/*/log", names))
        require(target->segment_count == 4 && ws_is_segment(names[0]));
    for (size_t i = 0; i < target->parameter_count; i++)
        require(ws_target_parameter(target, target->parameters[i].name) != NULL);
}

static void parse(struct ws_bytes text)
{
    struct ws_arena arena;
    struct ws_target target;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_target_parse(text, &arena, &target, &err);
    if (status == WS_OK)
        use(&target, &arena);
    else
        require((status == WS_INVALID || status == WS_LIMIT) && ws_is_one_line(err.message) &&
                err.message[0] != '\0');
    ws_arena_release(&arena);
}

/* One row answers, or the methods of the path are named, or there is nothing of that name. */
static void find(const char *text, struct ws_arena *arena)
{
    const struct ws_http_site site = {.routes = log_site_routes, .route_count = LOG_SITE_ROUTES};
    struct ws_bytes method, asked;
    struct ws_target target;
    if (!ws_bytes_split(ws_bytes_of_text(text), ' ', &method, &asked) ||
        ws_target_parse(asked, arena, &target, NULL) != WS_OK)
        return;
    const char *word = ws_arena_text_of(arena, method.data, method.size);
    const struct ws_http_found found = ws_http_find(&site, word, &target, arena);
    require(!found.route || !found.allow);
    if (!found.route)
        return;
    require(strcmp(word, "GET") == 0 || strcmp(word, "HEAD") == 0 || strcmp(word, "POST") == 0);
    require(ws_target_matches(&target, found.route->pattern, (const char *[WS_ROUTE_NAMES]){NULL}));
    if (strcmp(found.route->pattern, "/shards/*/proof/*") == 0)
        require(ws_is_segment(found.names[0]) && ws_is_segment(found.names[1]));
    /* What is posted is taken by these alone. */
    if (found.route->body_most > 0)
        require(strcmp(target.segments[0], "lookup") == 0 && strcmp(word, "POST") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct ws_arena arena;
    const struct ws_bytes rest = ws_bytes_of(data + 1, size - 1);
    ws_arena_init(&arena, NULL);
    const char *text =
        ws_arena_format(&arena, "%.*s", (int)rest.size, (const char *)rest.data); /* to a zero */
    require(text != NULL);
    switch (data[0] % 6) {
    case 0:
        parse(rest);
        break;
    case 1:
        require(!ws_host_is_loopback(text) || strlen(text) <= 22);
        break;
    case 2:
        require(!ws_bearer_is(text, TOKEN) || strstr(text, TOKEN));
        break;
    case 3:
        require(!ws_cookie_is(text, "w", TOKEN) || strstr(text, "w=" TOKEN));
        break;
    case 4:
        find(text, &arena);
        break;
    default:
        require(!ws_origin_is_of_host(text, "localhost:80") || strstr(text, "://"));
        require(!ws_token_is_fit(text) || ws_token_equals(text, text, strlen(text)));
        break;
    }
    ws_arena_release(&arena);
    return 0;
}
