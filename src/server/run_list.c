#include "server/run_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buffer.h"

#define FRESH_SECONDS 1.0

enum { DAMAGED_SHOWN = 20, TEXTS = 8 };

const char *const ws_run_groupings[WS_GROUPING_COUNT] = {
    [WS_GROUP_NONE] = "none",   [WS_GROUP_NAME] = "name",         [WS_GROUP_FAMILY] = "family",
    [WS_GROUP_STATE] = "state", [WS_GROUP_POLICIES] = "policies", [WS_GROUP_DAY] = "day",
};

/* The list as it was read at one time. */
struct snapshot {
    struct ws_arena arena;
    struct ws_buffer texts;   /* every run's, one behind the other: what tells lists apart */
    struct ws_buffer entries; /* struct ws_run_entry, whose texts are in the arena */
    const char *damaged[DAMAGED_SHOWN];
    size_t damaged_count;
    uint64_t damaged_total;
};

struct ws_run_list {
    char *parent;
    pthread_mutex_t mutex; /* guards what follows */
    struct snapshot *now;  /* or NULL */
    double read;           /* when */
    uint64_t version;
};

static double seconds(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Snapshots ------------------------------------------------------------------------------------ */

static struct snapshot *new_snapshot(void)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return NULL;
    ws_arena_init(&snapshot->arena, NULL);
    ws_buffer_init(&snapshot->texts, NULL, SIZE_MAX);
    ws_buffer_init(&snapshot->entries, NULL, SIZE_MAX);
    return snapshot;
}

static void free_snapshot(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    ws_buffer_release(&snapshot->entries);
    ws_buffer_release(&snapshot->texts);
    ws_arena_release(&snapshot->arena);
    free(snapshot);
}

static const struct ws_run_entry *entries_of(const struct snapshot *snapshot, size_t *count)
{
    *count = snapshot->entries.size / sizeof(struct ws_run_entry);
    return (const struct ws_run_entry *)(const void *)snapshot->entries.data;
}

/* The texts of an entry, in a fixed order. */
static void list_texts(struct ws_run_entry *entry, const char **out[TEXTS])
{
    const char **const texts[TEXTS] = {&entry->directory, &entry->name,    &entry->title,
                                       &entry->state,     &entry->family,  &entry->started,
                                       &entry->finished,  &entry->policies};
    memcpy(out, texts, sizeof texts);
}

static enum ws_status add_entry(void *snapshot_, const struct ws_run_entry *entry,
                                struct ws_error *err)
{
    struct snapshot *snapshot = snapshot_;
    struct ws_run_entry copy = *entry;
    const char **texts[TEXTS];
    list_texts(&copy, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        ws_buffer_append(&snapshot->texts, *texts[i], strlen(*texts[i]) + 1);
        *texts[i] = ws_arena_text(&snapshot->arena, *texts[i]);
        if (!*texts[i])
            return ws_fail_memory(err, "the list of runs");
    }
    ws_buffer_u64(&snapshot->texts, entry->arms);
    ws_buffer_u64(&snapshot->texts, entry->seeds);
    ws_buffer_u64(&snapshot->texts, entry->generations);
    ws_buffer_append(&snapshot->entries, &copy, sizeof copy);
    return WS_OK;
}

static void add_damaged(void *snapshot_, const char *message)
{
    struct snapshot *snapshot = snapshot_;
    char *copy = NULL;
    if (snapshot->damaged_count < DAMAGED_SHOWN)
        copy = ws_arena_text(&snapshot->arena, message);
    if (copy)
        snapshot->damaged[snapshot->damaged_count++] = copy;
    snapshot->damaged_total++;
    ws_buffer_text(&snapshot->texts, message);
}

static enum ws_status read_snapshot(const char *parent, struct snapshot **out, struct ws_error *err)
{
    static const struct ws_run_query all = {.order = WS_RUN_BY_DIRECTORY};
    struct snapshot *snapshot = new_snapshot();
    if (!snapshot)
        return ws_fail_memory(err, "the list of runs");
    const struct ws_run_visitor visitor = {add_entry, add_damaged, snapshot};
    enum ws_status status = ws_run_index_visit(parent, &all, NULL, &visitor, err);
    if (status == WS_OK)
        status = ws_buffer_check(&snapshot->texts, "the list of runs", err);
    if (status == WS_OK)
        status = ws_buffer_check(&snapshot->entries, "the list of runs", err);
    if (status == WS_OK)
        *out = snapshot;
    else
        free_snapshot(snapshot);
    return status;
}

/* Reads the list anew where that is due. The mutex is held. */
static enum ws_status refresh(struct ws_run_list *list, struct ws_error *err)
{
    struct snapshot *next;
    if (list->now && seconds() - list->read < FRESH_SECONDS)
        return WS_OK;
    WS_TRY(read_snapshot(list->parent, &next, err));
    const struct ws_buffer *old = list->now ? &list->now->texts : NULL;
    if (!old || old->size != next->texts.size ||
        (old->size > 0 && memcmp(old->data, next->texts.data, old->size) != 0))
        list->version++;
    free_snapshot(list->now);
    list->now = next;
    list->read = seconds();
    return WS_OK;
}

/* Which runs ----------------------------------------------------------------------------------- */

static bool has_word(const struct ws_run_entry *entry, const char *word)
{
    const char *const texts[] = {entry->directory, entry->name,   entry->title,
                                 entry->state,     entry->family, entry->policies};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcasestr(texts[i], word))
            return true;
    return false;
}

/* Words of a search, each ended by a zero byte and all by another. */
static char *split_words(const char *search, struct ws_arena *arena)
{
    char *words = WS_ARENA_ZNEW(arena, char, strlen(search) + 2), *to = words;
    for (const char *next = search; words && *next;) {
        next += strspn(next, " \t\n");
        size_t size = strcspn(next, " \t\n");
        memcpy(to, next, size);
        to += size + (size > 0);
        next += size;
    }
    return words;
}

static bool is_wanted(const struct ws_run_entry *entry, const struct ws_run_request *request,
                      const char *words)
{
    if (request->state && strcmp(entry->state, request->state) != 0)
        return false;
    if (request->family && strcmp(entry->family, request->family) != 0)
        return false;
    for (const char *word = words; *word; word += strlen(word) + 1)
        if (!has_word(entry, word))
            return false;
    return true;
}

/* A run with the name of its group. */
struct row {
    const struct ws_run_entry *entry;
    const char *group;
};

static const char *group_of(const struct ws_run_entry *entry, enum ws_run_grouping grouping,
                            struct ws_arena *arena)
{
    switch (grouping) {
    case WS_GROUP_NAME:
        return entry->name;
    case WS_GROUP_FAMILY:
        return entry->family;
    case WS_GROUP_STATE:
        return entry->state;
    case WS_GROUP_POLICIES:
        return entry->policies;
    case WS_GROUP_DAY:
        return ws_arena_format(arena, "%.10s", entry->started);
    default:
        return "";
    }
}

/* Order ---------------------------------------------------------------------------------------- */

static int compare_wholes(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_by(const struct ws_run_entry *a, const struct ws_run_entry *b,
                      enum ws_run_order order)
{
    switch (order) {
    case WS_RUN_BY_NAME:
        return strcmp(a->name, b->name);
    case WS_RUN_BY_STATE:
        return strcmp(a->state, b->state);
    case WS_RUN_BY_FAMILY:
        return strcmp(a->family, b->family);
    case WS_RUN_BY_STARTED:
        return strcmp(a->started, b->started);
    case WS_RUN_BY_FINISHED:
        return strcmp(a->finished, b->finished);
    case WS_RUN_BY_ARMS:
        return compare_wholes(a->arms, b->arms);
    case WS_RUN_BY_SEEDS:
        return compare_wholes(a->seeds, b->seeds);
    case WS_RUN_BY_GENERATIONS:
        return compare_wholes(a->generations, b->generations);
    default:
        return 0;
    }
}

static int compare_rows(const void *a, const void *b, void *request_)
{
    const struct row *x = a, *y = b;
    const struct ws_run_request *request = request_;
    const bool by_directory = request->order == WS_RUN_BY_DIRECTORY;
    int order = compare_by(x->entry, y->entry, request->order);
    if (order != 0)
        return request->descending ? -order : order;
    order = strcmp(x->entry->directory, y->entry->directory);
    return by_directory && request->descending ? -order : order;
}

static int compare_groups(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return strcmp(x->group, y->group);
}

/* Answers -------------------------------------------------------------------------------------- */

/* `rows` are put in the order of their groups. */
static enum ws_status count_groups(struct row *rows, size_t count, struct ws_arena *arena,
                                   struct ws_run_page *out, struct ws_error *err)
{
    qsort(rows, count, sizeof *rows, compare_groups);
    out->groups = WS_ARENA_NEW(arena, struct ws_run_group, count + 1);
    if (!out->groups)
        return ws_fail_memory(err, "the list of runs");
    for (size_t i = 0; i < count; i++) {
        bool new = i == 0 || strcmp(rows[i].group, rows[i - 1].group) != 0;
        if (new)
            out->groups[out->group_count++] =
                (struct ws_run_group){.name = ws_arena_text(arena, rows[i].group)};
        struct ws_run_group *group = &out->groups[out->group_count - 1];
        if (!group->name)
            return ws_fail_memory(err, "the list of runs");
        group->runs++;
        group->running += strcmp(rows[i].entry->state, "running") == 0;
    }
    return WS_OK;
}

/* Keeps the rows of the group; returns how many they are. */
static size_t keep_group(struct row *rows, size_t count, const char *group)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].group, group) == 0)
            rows[kept++] = rows[i];
    return kept;
}

static enum ws_status copy_rows(const struct row *rows, const struct ws_run_request *request,
                                struct ws_arena *arena, struct ws_run_page *out,
                                struct ws_error *err)
{
    uint64_t left = request->first < out->matched ? out->matched - request->first : 0;
    size_t count = (size_t)(left < request->most ? left : request->most);
    out->runs = WS_ARENA_NEW(arena, struct ws_run_entry, count + 1);
    if (!out->runs)
        return ws_fail_memory(err, "the list of runs");
    for (size_t i = 0; i < count; i++) {
        const char **texts[TEXTS];
        out->runs[i] = *rows[request->first + i].entry;
        list_texts(&out->runs[i], texts);
        for (size_t t = 0; t < TEXTS; t++)
            if (!(*texts[t] = ws_arena_text(arena, *texts[t])))
                return ws_fail_memory(err, "the list of runs");
    }
    out->count = count;
    return WS_OK;
}

static enum ws_status copy_damaged(const struct snapshot *now, struct ws_arena *arena,
                                   struct ws_run_page *out, struct ws_error *err)
{
    out->damaged = WS_ARENA_NEW(arena, const char *, DAMAGED_SHOWN);
    out->damaged_total = now->damaged_total;
    if (!out->damaged)
        return ws_fail_memory(err, "the list of runs");
    for (size_t i = 0; i < now->damaged_count; i++)
        if (!(out->damaged[out->damaged_count++] = ws_arena_text(arena, now->damaged[i])))
            return ws_fail_memory(err, "the list of runs");
    return WS_OK;
}

/* The mutex is held. */
static enum ws_status make_page(const struct ws_run_list *list,
                                const struct ws_run_request *request, struct ws_arena *arena,
                                struct ws_run_page *out, struct ws_error *err)
{
    size_t total, count = 0;
    const struct ws_run_entry *entries = entries_of(list->now, &total);
    char *words = split_words(request->search ? request->search : "", arena);
    struct row *rows = WS_ARENA_NEW(arena, struct row, total + 1);
    if (!words || !rows)
        return ws_fail_memory(err, "the list of runs");
    *out = (struct ws_run_page){.version = list->version, .total = total};
    for (size_t i = 0; i < total; i++) {
        if (!is_wanted(&entries[i], request, words))
            continue;
        rows[count].entry = &entries[i];
        rows[count].group = group_of(&entries[i], request->grouping, arena);
        if (!rows[count++].group)
            return ws_fail_memory(err, "the list of runs");
    }
    if (request->grouping != WS_GROUP_NONE)
        WS_TRY(count_groups(rows, count, arena, out, err));
    out->matched = request->group ? keep_group(rows, count, request->group) : count;
    qsort_r(rows, (size_t)out->matched, sizeof *rows, compare_rows, (void *)request);
    WS_TRY(copy_damaged(list->now, arena, out, err));
    return copy_rows(rows, request, arena, out, err);
}

enum ws_status ws_run_list_read(struct ws_run_list *list, struct ws_error *err)
{
    pthread_mutex_lock(&list->mutex);
    enum ws_status status = refresh(list, err);
    pthread_mutex_unlock(&list->mutex);
    return status;
}

enum ws_status ws_run_list_ask(struct ws_run_list *list, const struct ws_run_request *request,
                               struct ws_arena *arena, struct ws_run_page *out,
                               struct ws_error *err)
{
    pthread_mutex_lock(&list->mutex);
    enum ws_status status = refresh(list, err);
    if (status == WS_OK)
        status = make_page(list, request, arena, out, err);
    pthread_mutex_unlock(&list->mutex);
    return status;
}

enum ws_status ws_run_list_new(const char *parent, struct ws_run_list **out, struct ws_error *err)
{
    struct ws_run_list *list = calloc(1, sizeof *list);
    char *copy = strdup(parent);
    if (!list || !copy) {
        free(list);
        free(copy);
        return ws_fail_memory(err, "the list of runs");
    }
    list->parent = copy;
    pthread_mutex_init(&list->mutex, NULL);
    *out = list;
    return WS_OK;
}

void ws_run_list_free(struct ws_run_list *list)
{
    if (!list)
        return;
    free_snapshot(list->now);
    pthread_mutex_destroy(&list->mutex);
    free(list->parent);
    free(list);
}

const char *ws_run_list_parent(const struct ws_run_list *list)
{
    return list->parent;
}
