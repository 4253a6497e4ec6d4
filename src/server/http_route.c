#include "server/http_route.h"

#include <string.h>

/* Whoever reads may ask for the head alone. */
static bool is_method(const struct ws_http_route *route, const char *method)
{
    return strcmp(method, route->method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

struct ws_http_found ws_http_find(const struct ws_http_site *site, const char *method,
                                  const struct ws_target *target, struct ws_arena *arena)
{
    struct ws_http_found found = {.route = NULL};
    for (size_t i = 0; i < site->route_count; i++) {
        const struct ws_http_route *route = &site->routes[i];
        if (!ws_target_matches(target, route->pattern, found.names))
            continue;
        if (is_method(route, method)) {
            found.route = route;
            found.allow = NULL;
            return found;
        }
        found.allow = found.allow ? ws_arena_format(arena, "%s, %s", found.allow, route->method)
                                  : route->method;
    }
    return found;
}
