/*
 * Arms: policies crossed with variations of the settings of data and family.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "lab/experiment_internal.h"

enum {
    VARIED_MOST = 16,     /* settings */
    VARIANTS_MOST = 1000, /* of the data, which are all open at a time */
    ARMS_MOST = 100000,   /* each is planned before anything runs */
    DIRECTORY_MOST = 120,
};

/* A setting that differs between arms. Those that change together are of one axis. */
struct varied {
    const struct ws_option *option;
    const char *where;   /* it was given */
    const char **values; /* canonical, as many as the axis has */
    size_t axis;
    bool is_data; /* else it is the family's */
};

/* Every combination of a value of each axis. */
struct variations {
    struct ws_experiment *experiment;
    struct varied varied[VARIED_MOST];
    size_t varied_count;
    size_t axes[VARIED_MOST]; /* how many values each has */
    size_t axis_count;
    size_t count; /* combinations, at least 1 */
    struct ws_error *err;
};

/* Values --------------------------------------------------------------------------------------- */

bool ws_experiment_varies(const struct ws_experiment *e, const char *name)
{
    for (size_t i = 0; i < e->arms[0].varied_count; i++)
        if (strcmp(e->arms[0].varied[i].name, name) == 0)
            return true;
    return false;
}

/* `size` bytes of `text` without the blanks around. */
static const char *trimmed(struct ws_arena *arena, const char *text, size_t size)
{
    while (size > 0 && *text == ' ') {
        text++;
        size--;
    }
    while (size > 0 && text[size - 1] == ' ')
        size--;
    return ws_arena_format(arena, "%.*s", (int)size, text);
}

/* Arms share what is read, and what decides which settings there are. */
static bool is_shared(const struct ws_option *option)
{
    return (option->traits & WS_OPTION_INPUT) || strcmp(option->name, "vocabulary") == 0 ||
           strcmp(option->name, "source") == 0 || strcmp(option->name, "unit") == 0;
}

static enum ws_status fail_unknown(const struct variations *v, const char *name, const char *where)
{
    const struct ws_experiment *e = v->experiment;
    const struct ws_option_table *const tables[] = {&e->family->options, &ws_human_options};
    if (ws_experiment_has_setting(name))
        return ws_fail(v->err, WS_INVALID,
                       "%s: '%s' cannot be varied: it is no setting of family '%s' or of its data",
                       where, name, e->family->name);
    return ws_option_unknown(tables, 2, name, where, v->err);
}

/* Begins a setting of the last axis; its values are still to come. */
static enum ws_status add_varied(struct variations *v, const char *name, const char *where)
{
    const struct ws_experiment *e = v->experiment;
    if (v->varied_count == VARIED_MOST)
        return ws_fail(v->err, WS_INVALID, "%s: more than %d settings are varied", where,
                       VARIED_MOST);
    struct varied varied = {.where = where, .axis = v->axis_count - 1};
    varied.option = ws_option_find(&e->family->options, name);
    if (!varied.option) {
        varied.option = ws_option_find(&ws_human_options, name);
        varied.is_data = true;
    }
    if (!varied.option)
        return fail_unknown(v, name, where);
    if (varied.is_data && is_shared(varied.option))
        return ws_fail(v->err, WS_INVALID, "%s: '%s' cannot be varied: all arms share it", where,
                       name);
    if (varied.is_data)
        WS_TRY(ws_experiment_check_source(e, &(struct ws_given){.name = name, .where = where},
                                          v->err));
    for (size_t i = 0; i < v->varied_count; i++)
        if (v->varied[i].option == varied.option)
            return ws_fail(v->err, WS_INVALID, "%s: '%s' is varied twice", where, name);
    const struct ws_given *given = ws_experiment_given(e, name);
    if (given && !ws_experiment_is_varied_by(e, given))
        return ws_fail(v->err, WS_INVALID, "%s: '%s' is set here and varied at %s", given->where,
                       name, where);
    varied.values = WS_ARENA_NEW(&v->experiment->arena, const char *, v->axes[varied.axis]);
    if (!varied.values)
        return ws_fail_memory(v->err, "the arms");
    v->varied[v->varied_count++] = varied;
    return WS_OK;
}

static enum ws_status add_axis(struct variations *v, size_t values, const char *where)
{
    if (v->axis_count == VARIED_MOST)
        return ws_fail(v->err, WS_INVALID, "%s: more than %d settings are varied", where,
                       VARIED_MOST);
    v->axes[v->axis_count++] = values;
    v->count *= values;
    if (v->count > ARMS_MOST)
        return ws_fail(v->err, WS_INVALID, "%s: more than %d combinations of settings", where,
                       ARMS_MOST);
    return WS_OK;
}

/* Stores a value in the copy of the settings that it belongs to. */
static enum ws_status set_value(const struct variations *v, const struct varied *varied,
                                const char *value, struct ws_human_settings *data, void *family)
{
    void *settings = varied->is_data ? (void *)data : family;
    return ws_option_set(varied->option, settings, value, varied->where, &v->experiment->arena,
                         v->err);
}

/* The canonical form of one value, after it was tried. */
static enum ws_status read_value(const struct variations *v, const struct varied *varied,
                                 const char *text, const char **out)
{
    struct ws_experiment *e = v->experiment;
    struct ws_human_settings data = e->data;
    void *family = ws_arena_copy(&e->arena, e->family_settings, e->family->settings_size);
    if (!text || !family)
        return ws_fail_memory(v->err, "the arms");
    WS_TRY(set_value(v, varied, text, &data, family));
    struct ws_buffer value;
    ws_buffer_init(&value, e->arena.allocator, 1 << 16);
    ws_option_print(varied->option, varied->is_data ? (void *)&data : family, &value);
    *out = value.status == WS_OK ? ws_arena_text(&e->arena, ws_buffer_string(&value)) : NULL;
    ws_buffer_release(&value);
    return *out ? WS_OK : ws_fail_memory(v->err, "the arms");
}

/* A grid's axis: one setting ------------------------------------------------------------------- */

static size_t count_of(const char *text, char separator)
{
    size_t count = 1;
    for (; *text; text++)
        count += *text == separator;
    return count;
}

/* The last setting's values. */
static enum ws_status read_values(struct variations *v, const char *text, char separator)
{
    struct varied *varied = &v->varied[v->varied_count - 1];
    assert(varied->values);
    for (size_t n = 0; n < v->axes[varied->axis]; n++) {
        const char separators[] = {separator, '\0'};
        size_t size = strcspn(text, separators);
        const char *one = trimmed(&v->experiment->arena, text, size);
        WS_TRY(read_value(v, varied, one, &varied->values[n]));
        const char *value = varied->values[n];
        if (strchr(value, '|')) /* it would be two in 'vary' */
            return ws_fail(v->err, WS_INVALID, "%s: '%s' is varied over '%s', wanted no '|' in it",
                           varied->where, varied->option->name, value);
        for (size_t i = 0; i < n; i++)
            if (strcmp(varied->values[i], value) == 0)
                return ws_fail(v->err, WS_INVALID, "%s: '%s' is varied over '%s' twice",
                               varied->where, varied->option->name, value);
        text += size + 1;
    }
    return WS_OK;
}

/* "epochs=5|10", however the last setting was written. */
static const char *canonical_item(const struct variations *v)
{
    const struct varied *varied = &v->varied[v->varied_count - 1];
    struct ws_arena *arena = &v->experiment->arena;
    const char *text = varied->option->name;
    for (size_t i = 0; i < v->axes[varied->axis] && text; i++)
        text = ws_arena_format(arena, "%s%c%s", text, i == 0 ? '=' : '|', varied->values[i]);
    return text;
}

static enum ws_status read_axis(struct variations *v, const char *name, const char *values,
                                char separator, const char *where, const char **canonical)
{
    WS_TRY(add_axis(v, count_of(values, separator), where));
    WS_TRY(add_varied(v, name, where));
    WS_TRY(read_values(v, values, separator));
    *canonical = canonical_item(v);
    return *canonical ? WS_OK : ws_fail_memory(v->err, "the arms");
}

/* "order=2|3" */
static enum ws_status read_vary(struct variations *v, const char **item)
{
    const char *where = ws_experiment_place(v->experiment, "vary");
    const char *equals = strchr(*item, '=');
    const char *name = trimmed(&v->experiment->arena, *item, equals ? (size_t)(equals - *item) : 0);
    if (!name)
        return ws_fail_memory(v->err, "the arms");
    if (!equals || !name[0])
        return ws_fail(v->err, WS_INVALID, "%s: 'vary' has '%.60s', wanted NAME=VALUE|VALUE", where,
                       *item);
    return read_axis(v, name, equals + 1, '|', where, item);
}

/* Settings that were given lists of values join those of 'vary', in its form. */
static enum ws_status read_lists(struct variations *v)
{
    struct ws_experiment *e = v->experiment;
    struct ws_text_list *vary = &e->settings.vary;
    const char **items = WS_ARENA_NEW(&e->arena, const char *, vary->count + e->given_count);
    if (!items)
        return ws_fail_memory(v->err, "the arms");
    for (size_t i = 0; i < vary->count; i++)
        items[i] = vary->items[i];
    vary->items = items;
    for (size_t i = 0; i < e->given_count; i++) {
        const struct ws_given *given = &e->given[i];
        if (!ws_experiment_is_varied_by(e, given) || ws_experiment_given(e, given->name) != given)
            continue;
        WS_TRY(read_axis(v, given->name, given->value, ',', given->where, &items[vary->count]));
        vary->count++;
    }
    return WS_OK;
}

/* A sweep's axis: settings that change together ------------------------------------------------ */

/* The name and the value at the beginning of "items=10 order=2", and what follows. */
static enum ws_status split_pair(const struct variations *v, const char **rest, const char **name,
                                 const char **value)
{
    struct ws_arena *arena = &v->experiment->arena;
    const char *text = *rest + strspn(*rest, " ");
    size_t name_size = strcspn(text, "= ");
    if (name_size == 0 || text[name_size] != '=')
        return ws_fail(v->err, WS_INVALID, "%s: 'sweep' has '%.60s', wanted NAME=VALUE NAME=VALUE",
                       ws_experiment_place(v->experiment, "sweep"), text);
    const char *begin = text + name_size + 1;
    size_t value_size = strcspn(begin, " ");
    *name = ws_arena_format(arena, "%.*s", (int)name_size, text);
    *value = ws_arena_format(arena, "%.*s", (int)value_size, begin);
    *rest = begin + value_size + strspn(begin + value_size, " ");
    return *name && *value ? WS_OK : ws_fail_memory(v->err, "the arms");
}

/* Settings that the first combination names. */
static enum ws_status read_names(struct variations *v, const char *combination)
{
    do {
        const char *name, *value;
        WS_TRY(split_pair(v, &combination, &name, &value));
        WS_TRY(add_varied(v, name, ws_experiment_place(v->experiment, "sweep")));
    } while (*combination);
    return WS_OK;
}

/* Combination `n`, which names the same settings in any order. */
static enum ws_status read_combination(struct variations *v, size_t n, const char *combination)
{
    const char *where = ws_experiment_place(v->experiment, "sweep");
    const char *text = combination;
    for (size_t i = 0; i < v->varied_count; i++)
        v->varied[i].values[n] = NULL;
    do {
        const char *name, *value;
        struct varied *varied = NULL;
        WS_TRY(split_pair(v, &text, &name, &value));
        for (size_t i = 0; i < v->varied_count; i++)
            if (strcmp(v->varied[i].option->name, name) == 0)
                varied = &v->varied[i];
        if (!varied || varied->values[n])
            return ws_fail(v->err, WS_INVALID, "%s: 'sweep' has '%s' %s", where, name,
                           varied ? "twice in one combination" : "in some combinations only");
        WS_TRY(read_value(v, varied, value, &varied->values[n]));
    } while (*text);
    for (size_t i = 0; i < v->varied_count; i++)
        if (!v->varied[i].values[n])
            return ws_fail(v->err, WS_INVALID, "%s: 'sweep' has '%s' in some combinations only",
                           where, v->varied[i].option->name);
    return WS_OK;
}

/* "items=10 order=2" of value `n` of each setting. */
static const char *combination_text(const struct variations *v, size_t n)
{
    const char *text = "";
    for (size_t i = 0; i < v->varied_count && text; i++)
        text = ws_arena_format(&v->experiment->arena, "%s%s%s=%s", text, i > 0 ? " " : "",
                               v->varied[i].option->name, v->varied[i].values[n]);
    return text;
}

static enum ws_status read_sweep(struct variations *v)
{
    struct ws_text_list *sweep = &v->experiment->settings.sweep;
    const char *where = ws_experiment_place(v->experiment, "sweep");
    if (sweep->count == 0)
        return WS_OK;
    WS_TRY(add_axis(v, sweep->count, where));
    WS_TRY(read_names(v, sweep->items[0]));
    for (size_t n = 0; n < sweep->count; n++) {
        WS_TRY(read_combination(v, n, sweep->items[n]));
        sweep->items[n] = combination_text(v, n);
        if (!sweep->items[n])
            return ws_fail_memory(v->err, "the arms");
        for (size_t i = 0; i < n; i++)
            if (strcmp(sweep->items[i], sweep->items[n]) == 0)
                return ws_fail(v->err, WS_INVALID, "%s: 'sweep' has '%s' twice", where,
                               sweep->items[n]);
    }
    return WS_OK;
}

/* The axes in the order in which names show them: the first changes slowest. */
static enum ws_status read_variations(struct variations *v)
{
    struct ws_text_list *vary = &v->experiment->settings.vary;
    WS_TRY(read_sweep(v));
    for (size_t i = 0; i < vary->count; i++)
        WS_TRY(read_vary(v, &vary->items[i]));
    return read_lists(v);
}

/* One arm -------------------------------------------------------------------------------------- */

/* Whether any setting of the axis is one of the data. */
static bool is_data_axis(const struct variations *v, size_t axis)
{
    for (size_t i = 0; i < v->varied_count; i++)
        if (v->varied[i].axis == axis && v->varied[i].is_data)
            return true;
    return false;
}

/* The number that combination `index` has on each axis, and on those of data together. */
static void place_on_axes(const struct variations *v, size_t index, size_t at[VARIED_MOST],
                          size_t *variant)
{
    size_t step = v->count;
    *variant = 0;
    for (size_t axis = 0; axis < v->axis_count; axis++) {
        step /= v->axes[axis];
        at[axis] = index / step % v->axes[axis];
        if (is_data_axis(v, axis))
            *variant = *variant * v->axes[axis] + at[axis];
    }
}

/* What all arms of combination `index` have in common. */
static enum ws_status make_variation(const struct variations *v, size_t index, struct ws_arm *out)
{
    struct ws_experiment *e = v->experiment;
    size_t at[VARIED_MOST], variant;
    struct ws_human_settings data = e->data;
    void *family = ws_arena_copy(&e->arena, e->family_settings, e->family->settings_size);
    struct ws_setting *varied = WS_ARENA_ZNEW(&e->arena, struct ws_setting, v->varied_count);
    const char *text = "";
    place_on_axes(v, index, at, &variant);
    for (size_t i = 0; i < v->varied_count && family && varied && text; i++) {
        const char *value = v->varied[i].values[at[v->varied[i].axis]];
        WS_TRY(set_value(v, &v->varied[i], value, &data, family));
        varied[i] = (struct ws_setting){.name = v->varied[i].option->name, .value = value};
        text =
            ws_arena_format(&e->arena, "%s%s%s=%s", text, i > 0 ? " " : "", varied[i].name, value);
    }
    if (!family || !varied || !text)
        return ws_fail_memory(v->err, "the arms");
    e->variants[variant].settings = data;
    *out = (struct ws_arm){
        .variation = text,
        .varied = varied,
        .varied_count = v->varied_count,
        .family_settings = family,
        .data = &e->variants[variant],
        .variant = variant,
    };
    return WS_OK;
}

/* A hash of what decides the arm's results, so that adding an arm changes no other. */
static enum ws_status hash_arm(const struct ws_experiment *e, struct ws_arm *arm,
                               struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, e->arena.allocator, 1 << 20);
    ws_buffer_format(&text, "policy=%s\n", arm->name);
    ws_experiment_canonical_model(e, &arm->data->settings, arm->family_settings, &text);
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

/* The policy with the variation. */
static enum ws_status make_arm(struct ws_experiment *e, const struct ws_policy *policy,
                               const struct ws_arm *variation, struct ws_error *err)
{
    struct ws_arm *arm = &e->arms[e->arm_count];
    WS_TRY(ws_policy_check(policy, e->family, variation->family_settings, err));
    WS_TRY(ws_policy_check_data(policy, &variation->data->settings, err));
    *arm = *variation;
    arm->policy = *policy;
    arm->name = arm->variation[0]
                    ? ws_arena_format(&e->arena, "%s %s", policy->name, arm->variation)
                    : policy->name;
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

static enum ws_status make_variants(struct variations *v)
{
    struct ws_experiment *e = v->experiment;
    e->variant_count = 1;
    for (size_t axis = 0; axis < v->axis_count; axis++)
        if (is_data_axis(v, axis))
            e->variant_count *= v->axes[axis];
    if (e->variant_count > VARIANTS_MOST)
        return ws_fail(v->err, WS_INVALID, "%s: %zu different data, wanted at most %d", e->file,
                       e->variant_count, VARIANTS_MOST);
    e->variants = WS_ARENA_ZNEW(&e->arena, struct ws_arm_data, e->variant_count);
    return e->variants ? WS_OK : ws_fail_memory(v->err, "the arms");
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
        struct ws_arm variation;
        WS_TRY(make_variation(v, i, &variation));
        for (size_t p = 0; p < policy_count; p++)
            WS_TRY(make_arm(e, &policies[p], &variation, v->err));
    }
    return WS_OK;
}

enum ws_status ws_experiment_make_arms(struct ws_experiment *e, struct ws_error *err)
{
    struct variations v = {.experiment = e, .count = 1, .err = err};
    struct ws_policy *policies;
    size_t policy_count;
    WS_TRY(read_variations(&v));
    WS_TRY(make_variants(&v));
    enum ws_status status = parse_policies(e, &policies, &policy_count, err);
    if (status == WS_OK)
        status = make_arms(&v, policies, policy_count);
    if (status == WS_INVALID)
        ws_error_prefix(err, "%s", ws_experiment_place(e, "policies"));
    return status;
}

/* An option of the data, set as the variant's arms have it. */
static enum ws_status vary_one(struct ws_experiment *e, const struct ws_setting *varied,
                               struct ws_human_settings *data, struct ws_error *err)
{
    const struct ws_option *option = ws_option_find(&ws_human_options, varied->name);
    return option ? ws_option_set(option, data, varied->value, e->file, &e->arena, err) : WS_OK;
}

enum ws_status ws_experiment_vary_data(struct ws_experiment *e, size_t variant,
                                       struct ws_human_settings *data, struct ws_error *err)
{
    const struct ws_arm *arm = e->arms;
    while (arm->variant != variant)
        arm++;
    for (size_t i = 0; i < arm->varied_count; i++)
        WS_TRY(vary_one(e, &arm->varied[i], data, err));
    return WS_OK;
}

/* A plan depends on policy and data alone: the arm with the same ones, among those that share
 * settings with `first`. */
static const struct ws_arm *planned_before(const struct ws_arm *first, const struct ws_arm *arm)
{
    for (const struct ws_arm *a = first; a < arm && a->family_settings == first->family_settings;
         a++)
        if (strcmp(a->policy.name, arm->policy.name) == 0)
            return a;
    return NULL;
}

static enum ws_status plan_arm(const struct ws_experiment *e, struct ws_arm *arm,
                               struct ws_error *err)
{
    uint64_t fresh =
        ws_experiment_reads(e, "fresh_items") ? arm->data->settings.fresh_items : WS_FRESH_ENDLESS;
    return ws_policy_plan(&arm->policy, &e->growth, arm->data->items, fresh,
                          (uint32_t)e->settings.generations, &arm->totals, err);
}

enum ws_status ws_experiment_plan_arms(struct ws_experiment *e, size_t variant,
                                       struct ws_error *err)
{
    const struct ws_arm *first = NULL;
    enum ws_status status = WS_OK;
    for (struct ws_arm *arm = e->arms; arm < e->arms + e->arm_count && status == WS_OK; arm++) {
        if (arm->variant != variant)
            continue;
        first = first ? first : arm;
        const struct ws_arm *same = planned_before(first, arm);
        if (same)
            arm->totals = same->totals;
        else
            status = plan_arm(e, arm, err);
        arm->outgrows_control = arm->totals.largest > arm->data->items;
    }
    if (status == WS_INVALID)
        ws_error_prefix(err, "%s", ws_experiment_place(e, "policies"));
    return status;
}
