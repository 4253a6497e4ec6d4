#include "ledger/kept_checkpoints.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/tile.h"

/* Groups of three digits: a number below 2^63 has at most 7. */
enum { GROUP = 1000, GROUP_DIGITS = 3, DEPTHS = 7 };

const char *ws_kept_name(struct ws_arena *arena, uint64_t size)
{
    char name[WS_TILE_PATH_SIZE];
    const struct ws_tile numbered = {.index = size, .width = WS_TILE_WIDTH};
    ws_tile_path(&numbered, name);
    return ws_arena_format(arena, "checkpoints/%s", name + strlen("tile/0/"));
}

const char *ws_kept_next_name(struct ws_arena *arena, uint64_t size)
{
    const char *name = ws_kept_name(arena, size);
    return name ? ws_arena_format(arena, "%s.next", name) : NULL;
}

struct search {
    const struct ws_allocator *allocator;
    uint64_t least;
    ws_kept_visit *visit;
    void *user;
    bool stop;
};

/* "123" at the last level, "x123" above it. */
static bool read_group(const char *name, bool is_last, uint64_t *out)
{
    if (!is_last && *name++ != 'x')
        return false;
    *out = 0;
    for (int i = 0; i < GROUP_DIGITS; i++, name++) {
        if (*name < '0' || *name > '9')
            return false;
        *out = *out * 10 + (uint64_t)(*name - '0');
    }
    return *name == '\0';
}

/* The largest number whose groups begin with `prefix` and that has `more` groups behind them. */
static uint64_t last_below(uint64_t prefix, unsigned more)
{
    for (unsigned i = 0; i < more; i++)
        prefix = prefix > UINT64_MAX / GROUP - 1 ? UINT64_MAX : prefix * GROUP + GROUP - 1;
    return prefix;
}

static enum ws_status search_folder(struct search *search, const char *path, uint64_t prefix,
                                    unsigned more, struct ws_error *err);

static enum ws_status search_names(struct search *search, const char *path,
                                   const struct ws_names *names, uint64_t prefix, unsigned more,
                                   struct ws_arena *arena, struct ws_error *err)
{
    for (size_t i = 0; i < names->count && !search->stop; i++) {
        uint64_t group;
        if (!read_group(names->items[i], more == 0, &group) || prefix > UINT64_MAX / GROUP - 1)
            continue;
        const uint64_t number = prefix * GROUP + group;
        if (last_below(number, more) < search->least)
            continue;
        const char *below = ws_arena_format(arena, "%s/%s", path, names->items[i]);
        if (!below)
            return ws_fail_memory(err, "the checkpoints");
        if (more > 0)
            WS_TRY(search_folder(search, below, number, more - 1, err));
        else
            WS_TRY(search->visit(search->user, number, below, &search->stop, err));
    }
    return WS_OK;
}

static enum ws_status search_folder(struct search *search, const char *path, uint64_t prefix,
                                    unsigned more, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_names names;
    ws_arena_init(&arena, search->allocator);
    enum ws_status status = ws_directory_list(path, &arena, &names, err);
    if (status == WS_OK)
        status = search_names(search, path, &names, prefix, more, &arena, err);
    ws_arena_release(&arena);
    return status;
}

/* Numbers of fewer groups are smaller, so depth by depth is in order. */
enum ws_status ws_kept_checkpoints(const char *directory, uint64_t least,
                                   const struct ws_allocator *allocator, ws_kept_visit *visit,
                                   void *user, struct ws_error *err)
{
    struct search search = {.allocator = allocator, .least = least, .visit = visit, .user = user};
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    const char *path = ws_arena_format(&arena, "%s/checkpoints", directory);
    enum ws_status status = path ? WS_OK : ws_fail_memory(err, "the checkpoints");
    for (unsigned depth = 0; depth < DEPTHS && status == WS_OK && !search.stop; depth++)
        status = search_folder(&search, path, 0, depth, err);
    ws_arena_release(&arena);
    return status;
}
