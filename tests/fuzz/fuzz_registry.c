/*
 * A registry file from anywhere: it is refused with its name, or names a policy, and every place is
 * a URL, absolute, or below the folder.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void look_at(const char *place)
{
    require(place[0] == '/' || strncmp(place, "http://", 7) == 0 ||
            strncmp(place, "https://", 8) == 0 ||
            (strncmp(place, "folder/", 7) == 0 && place[7] != '\0'));
    require(place[strlen(place) - 1] != ' ' && strchr(place, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ws_bytes text = ws_bytes_of(data, size);
    struct ws_arena arena;
    struct ws_registry registry;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    const enum ws_status status =
        ws_registry_read(text, "fuzz", "folder/", &arena, &registry, &err);
    if (status == WS_OK) {
        require(ws_registry_is(text) && registry.policy != NULL);
#define X(name)                                                                                    \
    if (registry.name)                                                                             \
        look_at(registry.name);
        WS_REGISTRY_MAP(X)
#undef X
    } else {
        require(status == WS_INVALID || status == WS_LIMIT);
        require(strncmp(err.message, "fuzz:", 5) == 0);
    }
    ws_arena_release(&arena);
    return 0;
}
