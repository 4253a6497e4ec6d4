#include "ledger/registry.h"

#include <string.h>
#include <sys/stat.h>

#include "ledger/policy_lines.h"

#define NAME "urn:wellspring:registry:"
static const char FIRST_LINE[] = NAME "v1";

struct reading {
    struct ws_registry registry;
    const char *folder;
};

static bool is_url(struct ws_bytes place)
{
    return (place.size >= 7 && memcmp(place.data, "http://", 7) == 0) ||
           (place.size >= 8 && memcmp(place.data, "https://", 8) == 0);
}

/* The rest of the line, in which there may be blanks. */
static enum ws_status take_place(const struct reading *in, struct ws_policy_line *line,
                                 const char **out)
{
    struct ws_bytes first;
    if (*out)
        return ws_fail(line->err, WS_INVALID, "this was said before");
    WS_TRY(ws_policy_take(line, "a file, a directory or a URL", &first));
    size_t size = (size_t)(line->left.data + line->left.size - first.data);
    while (first.data[size - 1] == ' ' || first.data[size - 1] == '\t')
        size--;
    const struct ws_bytes place = ws_bytes_of(first.data, size);
    const char *folder = place.data[0] == '/' || is_url(place) ? "" : in->folder;
    *out =
        ws_arena_format(line->arena, "%s%.*s", folder, (int)place.size, (const char *)place.data);
    return *out ? WS_OK : ws_fail_memory(line->err, "a registry");
}

#define X(name)                                                                                    \
    static enum ws_status read_##name(void *in_, struct ws_policy_line *line)                      \
    {                                                                                              \
        struct reading *in = in_;                                                                  \
        return take_place(in, line, &in->registry.name);                                           \
    }
WS_REGISTRY_MAP(X)
#undef X

static bool take_first_line(struct ws_bytes *text)
{
    struct ws_bytes first;
    return ws_bytes_split(*text, '\n', &first, text) && ws_bytes_is(first, FIRST_LINE);
}

/* One of another version, or that ends its lines otherwise, is a registry that is refused. */
bool ws_registry_is(struct ws_bytes text)
{
    return text.size >= strlen(NAME) && memcmp(text.data, NAME, strlen(NAME)) == 0;
}

enum ws_status ws_registry_read(struct ws_bytes text, const char *name, const char *folder,
                                struct ws_arena *arena, struct ws_registry *out,
                                struct ws_error *err)
{
    static const struct ws_policy_kind kinds[] = {
#define X(name) {#name, read_##name},
        WS_REGISTRY_MAP(X)
#undef X
    };
    struct reading in = {.folder = folder};
    if (text.size > WS_TRUST_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s: %zu bytes of a registry; the most is %d", name,
                       text.size, WS_TRUST_LIMIT);
    if (!take_first_line(&text))
        return ws_fail(err, WS_INVALID, "%s:1: wanted '%s' and the line's end", name, FIRST_LINE);
    WS_TRY(ws_policy_read_lines(
        text, name, 2, kinds, sizeof kinds / sizeof *kinds,
        "policy, roles, log, shards, index, openings, state, keys or issuer", &in, arena, err));
    if (!in.registry.policy)
        return ws_fail(err, WS_INVALID, "%s: on whose word? No line says 'policy FILE'", name);
    *out = in.registry;
    return WS_OK;
}

static enum ws_status read_at(const char *path, struct ws_bytes text, struct ws_arena *arena,
                              struct ws_registry *out, struct ws_error *err)
{
    const char *name = strrchr(path, '/');
    const char *folder = ws_arena_text_of(arena, path, name ? (size_t)(name + 1 - path) : 0);
    if (!folder)
        return ws_fail_memory(err, "a registry");
    return ws_registry_read(text, path, folder, arena, out, err);
}

enum ws_status ws_registry_load(const char *path, struct ws_arena *arena, struct ws_registry *out,
                                struct ws_error *err)
{
    struct ws_bytes text;
    WS_TRY(ws_file_read(path, WS_TRUST_LIMIT, arena, &text, err));
    return read_at(path, text, arena, out, err);
}

enum ws_status ws_registry_complete(struct ws_lookup_request *request, struct ws_arena *arena,
                                    struct ws_error *err)
{
    struct ws_registry registry;
    struct ws_bytes text;
    struct stat about;
    /* What can be read but once, such as a pipe, is the policy itself. */
    if (stat(request->policy, &about) == 0 && !S_ISREG(about.st_mode))
        return WS_OK;
    WS_TRY(ws_file_read(request->policy, WS_TRUST_LIMIT, arena, &text, err));
    if (!ws_registry_is(text))
        return WS_OK;
    WS_TRY(read_at(request->policy, text, arena, &registry, err));
    request->policy = NULL;
#define X(name)                                                                                    \
    if (!request->name)                                                                            \
        request->name = registry.name;
    WS_REGISTRY_LOOKUP_MAP(X)
#undef X
    return WS_OK;
}
