/*
 * Arms: policies crossed with variations of the family's settings.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "lab/experiment_internal.h"

enum {
    VARIED_MOST = 16,   /* settings */
    ARMS_MOST = 100000, /* each is planned before anything runs */
    DIRECTORY_MOST = 120,
};

/* A setting that differs between arms. */
struct varied {
    const struct ws_option *option;
    const char **values; /* canonical */
    size_t count;
};

struct variations {
    struct ws_experiment *experiment;
    const char *where;
    struct varied varied[VARIED_MOST];
    size_t varied_count;
    size_t count; /* combinations, at least 1 */
    struct ws_error *err;
};

/* What is varied ------------------------------------------------------------------------------- */

/* The name in "epochs=5|10", or NULL without one. */
static const char *name_of(struct ws_arena *arena, const char *item)
{
    size_t size = strcspn(item, "=");
    while (size > 0 && item[size - 1] == ' ')
        size--;
    return size > 0 && strchr(item, '=') ? ws_arena_format(arena, "%.*s", (int)size, item) : NULL;
}

bool ws_experiment_varies(const struct ws_experiment *e, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < e->settings.vary.count; i++) {
        const char *item = e->settings.vary.items[i];
        if (strncmp(item, name, size) == 0 && item[size + strspn(item + size, " ")] == '=')
            return true;
    }
    return false;
}

static enum ws_status find_option(const struct variations *v, const char *name,
                                  const struct ws_option **out)
{
    const struct ws_experiment *e = v->experiment;
    const struct ws_option_table *const table = &e->family->options;
    const struct ws_option *option = ws_option_find(table, name);
    if (!option && ws_experiment_has_setting(name))
        return ws_fail(v->err, WS_INVALID,
                       "%s: '%s' cannot be varied: it is no setting of family '%s'", v->where, name,
                       e->family->name);
    if (!option) {
        (void)ws_option_unknown(&table, 1, name, v->where, v->err);
        return WS_INVALID;
    }
    for (size_t i = 0; i < v->varied_count; i++)
        if (v->varied[i].option == option)
            return ws_fail(v->err, WS_INVALID, "%s: '%s' is varied twice", v->where, name);
    const struct ws_given *given = ws_experiment_given(e, name);
    if (given)
        return ws_fail(v->err, WS_INVALID, "%s: '%s' is set here and varied at %s", given->where,
                       name, v->where);
    *out = option;
    return WS_OK;
}

/* The canonical form of one value, after it was tried. */
static enum ws_status read_value(const struct variations *v, const struct ws_option *option,
                                 const char *text, const char **out)
{
    struct ws_experiment *e = v->experiment;
    void *settings = ws_arena_copy(&e->arena, e->family_settings, e->family->settings_size);
    if (!settings)
        return ws_fail_memory(v->err, "the arms");
    WS_TRY(ws_option_set(option, settings, text, v->where, &e->arena, v->err));
    struct ws_buffer value;
    ws_buffer_init(&value, e->arena.allocator, 1 << 16);
    ws_option_print(option, settings, &value);
    *out = value.status == WS_OK ? ws_arena_text(&e->arena, ws_buffer_string(&value)) : NULL;
    ws_buffer_release(&value);
    return *out ? WS_OK : ws_fail_memory(v->err, "the arms");
}

/* "epochs=5|10", however it was written. */
static const char *canonical_item(struct ws_arena *arena, const struct varied *varied)
{
    const char *text = varied->option->name;
    for (size_t i = 0; i < varied->count && text; i++)
        text = ws_arena_format(arena, "%s%c%s", text, i == 0 ? '=' : '|', varied->values[i]);
    return text;
}

static enum ws_status read_values(struct variations *v, struct varied *varied, const char *text)
{
    struct ws_arena *arena = &v->experiment->arena;
    size_t most = 1;
    for (const char *c = text; *c; c++)
        most += *c == '|';
    varied->values = WS_ARENA_NEW(arena, const char *, most);
    if (!varied->values)
        return ws_fail_memory(v->err, "the arms");
    for (const char *next = text; next;) {
        next += strspn(next, " ");
        size_t size = strcspn(next, "|");
        const char *bar = next[size] ? next + size + 1 : NULL;
        while (size > 0 && next[size - 1] == ' ')
            size--;
        char *one = ws_arena_format(arena, "%.*s", (int)size, next);
        if (!one)
            return ws_fail_memory(v->err, "the arms");
        const char *value = NULL;
        WS_TRY(read_value(v, varied->option, one, &value));
        for (size_t i = 0; i < varied->count; i++)
            if (strcmp(varied->values[i], value) == 0)
                return ws_fail(v->err, WS_INVALID, "%s: '%s' is varied over '%s' twice", v->where,
                               varied->option->name, value);
        varied->values[varied->count++] = value;
        next = bar;
    }
    return WS_OK;
}

static enum ws_status read_varied(struct variations *v)
{
    struct ws_experiment *e = v->experiment;
    const struct ws_text_list *vary = &e->settings.vary;
    if (vary->count > VARIED_MOST)
        return ws_fail(v->err, WS_INVALID, "%s: 'vary' names %zu settings, wanted at most %d",
                       v->where, vary->count, VARIED_MOST);
    for (size_t i = 0; i < vary->count; i++) {
        const char *name = name_of(&e->arena, vary->items[i]);
        struct varied *varied = &v->varied[v->varied_count];
        if (!name)
            return ws_fail(v->err, WS_INVALID, "%s: 'vary' has '%.60s', wanted NAME=VALUE|VALUE",
                           v->where, vary->items[i]);
        WS_TRY(find_option(v, name, &varied->option));
        WS_TRY(read_values(v, varied, strchr(vary->items[i], '=') + 1));
        vary->items[i] = canonical_item(&e->arena, varied);
        if (!vary->items[i])
            return ws_fail_memory(v->err, "the arms");
        v->varied_count++;
        v->count *= varied->count;
        if (v->count > ARMS_MOST)
            return ws_fail(v->err, WS_INVALID, "%s: 'vary' makes more than %d combinations",
                           v->where, ARMS_MOST);
    }
    return WS_OK;
}

/* One arm -------------------------------------------------------------------------------------- */

/* The settings of combination `index`, the first varied setting changing slowest. */
static enum ws_status make_variation(const struct variations *v, size_t index, const char **name,
                                     const void **settings)
{
    struct ws_experiment *e = v->experiment;
    void *copy = ws_arena_copy(&e->arena, e->family_settings, e->family->settings_size);
    const char *text = "";
    size_t step = v->count;
    for (size_t i = 0; i < v->varied_count && copy && text; i++) {
        const struct varied *varied = &v->varied[i];
        step /= varied->count;
        const char *value = varied->values[index / step % varied->count];
        WS_TRY(ws_option_set(varied->option, copy, value, v->where, &e->arena, v->err));
        text = ws_arena_format(&e->arena, "%s%s%s=%s", text, i > 0 ? " " : "", varied->option->name,
                               value);
    }
    if (!copy || !text)
        return ws_fail_memory(v->err, "the arms");
    *settings = copy;
    *name = text;
    return WS_OK;
}

/* A hash of what decides the arm's results, so that adding an arm changes no other. */
static enum ws_status hash_arm(const struct ws_experiment *e, struct ws_arm *arm,
                               struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, e->arena.allocator, 1 << 20);
    ws_buffer_format(&text, "policy=%s\n", arm->name);
    ws_experiment_canonical_model(e, arm->family_settings, &text);
    struct ws_hash hash;
    enum ws_status status = ws_buffer_check(&text, "the settings", err);
    if (status == WS_OK)
        status = ws_hash_of(ws_buffer_bytes(&text), &hash, err);
    if (status == WS_OK)
        arm->key = ws_hash_u64(&hash);
    ws_buffer_release(&text);
    return status;
}

/* Values may hold any character; names that are long, or no longer differ, get the arm's key. */
static enum ws_status name_directory(struct ws_experiment *e, struct ws_arm *arm,
                                     struct ws_error *err)
{
    char *name = ws_arena_text(&e->arena, arm->name);
    if (!name)
        return ws_fail_memory(err, "an arm");
    for (char *c = name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '=' || *c == '_' || (*c == '.' && c > name);
        if (!plain)
            *c = *c == ' ' ? ',' : '-';
    }
    bool unique = strlen(name) <= DIRECTORY_MOST;
    for (const struct ws_arm *other = e->arms; other < arm && unique; other++)
        unique = strcmp(other->directory, name) != 0;
    arm->directory =
        unique ? name
               : ws_arena_format(&e->arena, "%.*s-%016" PRIx64, DIRECTORY_MOST, name, arm->key);
    return arm->directory ? WS_OK : ws_fail_memory(err, "an arm");
}

static enum ws_status make_arm(struct ws_experiment *e, const struct ws_policy *policy,
                               const char *variation, const void *settings, struct ws_error *err)
{
    struct ws_arm *arm = &e->arms[e->arm_count];
    WS_TRY(ws_policy_check(policy, e->family, settings, err));
    WS_TRY(ws_policy_check_data(policy, &e->data, err));
    *arm = (struct ws_arm){.variation = variation, .policy = *policy, .family_settings = settings};
    arm->name =
        variation[0] ? ws_arena_format(&e->arena, "%s %s", policy->name, variation) : policy->name;
    if (!arm->name)
        return ws_fail_memory(err, "an arm");
    WS_TRY(hash_arm(e, arm, err));
    WS_TRY(name_directory(e, arm, err));
    e->arm_count++;
    return WS_OK;
}

/* All of them ---------------------------------------------------------------------------------- */

/* The policies that were asked for, and the control unless it is one of them. */
static enum ws_status parse_policies(struct ws_experiment *e, struct ws_policy **out, size_t *count,
                                     struct ws_error *err)
{
    const struct ws_text_list *names = &e->settings.policies;
    struct ws_policy *policies = WS_ARENA_ZNEW(&e->arena, struct ws_policy, names->count + 1);
    if (!policies)
        return ws_fail_memory(err, "the arms");
    bool control = !e->settings.control;
    size_t n = 0;
    for (; n < names->count; n++) {
        WS_TRY(ws_policy_parse(names->items[n], &e->arena, &policies[n], err));
        for (size_t j = 0; j < n; j++)
            if (strcmp(policies[j].name, policies[n].name) == 0)
                return ws_fail(err, WS_INVALID, "policy '%s' is given twice", policies[n].name);
        control = control || policies[n].control;
        names->items[n] = policies[n].name; /* however the shares were written */
    }
    if (!control)
        WS_TRY(ws_policy_parse("control", &e->arena, &policies[n++], err));
    if (n == 0)
        return ws_fail(err, WS_INVALID,
                       "'policies' is empty and 'control' is false: nothing to run");
    *out = policies;
    *count = n;
    return WS_OK;
}

static enum ws_status make_arms(struct variations *v, const struct ws_policy *policies,
                                size_t policy_count)
{
    struct ws_experiment *e = v->experiment;
    if (policy_count * v->count > ARMS_MOST)
        return ws_fail(v->err, WS_INVALID, "%zu policies and %zu variations make more than %d arms",
                       policy_count, v->count, ARMS_MOST);
    e->arms = WS_ARENA_ZNEW(&e->arena, struct ws_arm, policy_count * v->count);
    if (!e->arms)
        return ws_fail_memory(v->err, "the arms");
    for (size_t i = 0; i < v->count; i++) {
        const char *variation = "";
        const void *settings = NULL;
        WS_TRY(make_variation(v, i, &variation, &settings));
        for (size_t p = 0; p < policy_count; p++)
            WS_TRY(make_arm(e, &policies[p], variation, settings, v->err));
    }
    return WS_OK;
}

enum ws_status ws_experiment_make_arms(struct ws_experiment *e, struct ws_error *err)
{
    struct variations v = {
        .experiment = e, .where = ws_experiment_place(e, "vary"), .count = 1, .err = err};
    struct ws_policy *policies;
    size_t policy_count;
    WS_TRY(read_varied(&v));
    enum ws_status status = parse_policies(e, &policies, &policy_count, err);
    if (status == WS_OK)
        status = make_arms(&v, policies, policy_count);
    if (status == WS_INVALID)
        ws_error_prefix(err, "%s", ws_experiment_place(e, "policies"));
    return status;
}

/* A plan does not depend on the variation, and arms of one share their settings. */
static const struct ws_arm *planned_before(const struct ws_experiment *e, size_t a)
{
    for (size_t i = 0; i < a && e->arms[i].family_settings == e->arms[0].family_settings; i++)
        if (strcmp(e->arms[i].policy.name, e->arms[a].policy.name) == 0)
            return &e->arms[i];
    return NULL;
}

enum ws_status ws_experiment_plan_arms(struct ws_experiment *e, struct ws_error *err)
{
    uint64_t fresh = ws_experiment_reads(e, "fresh_items") ? e->data.fresh_items : WS_FRESH_ENDLESS;
    enum ws_status status = WS_OK;
    for (size_t a = 0; a < e->arm_count && status == WS_OK; a++) {
        struct ws_arm *arm = &e->arms[a];
        const struct ws_arm *same = planned_before(e, a);
        if (same)
            arm->totals = same->totals;
        else
            status = ws_policy_plan(&arm->policy, &e->growth, e->items, fresh,
                                    (uint32_t)e->settings.generations, &arm->totals, err);
        arm->outgrows_control = arm->totals.largest > e->items;
    }
    if (status == WS_INVALID)
        ws_error_prefix(err, "%s", ws_experiment_place(e, "policies"));
    return status;
}
