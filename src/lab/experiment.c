#include "lab/experiment_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/teacher.h"

#define FIELD(field)  offsetof(struct ws_experiment_settings, field)
#define DEVICE(field) offsetof(struct ws_experiment_settings, device.field)

static const struct ws_option arm_options[] = {
    {"policies", WS_OPTION_LIST, FIELD(policies), 0, 0, "replace", NULL, 0,
     "data policies, one arm each: replace, keep:X, mix:A:B:C, accumulate, accumulate-subsample, "
     "augment[:L], window:N, recent:N, history:X[:A], fresh:X, weighted:W[:K], golden-ratio[:K], "
     "naive[:K]. Filters may follow, each behind a '|': biased:L, oversample:F, drop-detected:C:F, "
     "confidence:M:H, likelihood, drop-above:T, resample:B:R:S, keep-surprising:S, "
     "keep-correct:P:Q, "
     "keep-chosen:K:B, edit:P"},
    {"control", WS_OPTION_FLAG, FIELD(control), 0, 0, "true", NULL, 0,
     "run an arm on human data alone beside the others"},
    {"vary", WS_OPTION_LIST, FIELD(vary), 0, 0, "", NULL, 0,
     "settings of the family that differ between arms, NAME=VALUE|VALUE|... each: every policy "
     "runs "
     "with every combination"},
    {"sweep", WS_OPTION_LIST, FIELD(sweep), 0, 0, "", NULL, 0,
     "combinations of settings that differ between arms, NAME=VALUE NAME=VALUE ... each: every "
     "policy "
     "runs with each"},
    {"pair", WS_OPTION_CHOICE, FIELD(pair), 0, 0, "data", "data|all", 0,
     "random numbers that the arms of a seed share: those of human data and of where fits start, "
     "or all of them"},
    {"fit_to", WS_OPTION_CHOICE, FIELD(fit_to), 0, 0, "samples", "samples|populations", 0,
     "what models are fitted to: training items, or the laws that these come from, as items "
     "without end would tell them"},
};

static const struct ws_option experiment_options[] = {
    {"family", WS_OPTION_TEXT, FIELD(family), 0, 0, NULL, NULL, 0,
     "kind of model: discrete, gaussian, gmm, kde, regression, logistic, bernoulli, poisson, "
     "ngram, transformer, external"},
    {"generations", WS_OPTION_WHOLE, FIELD(generations), 1, 1e7, "10", NULL, WS_OPTION_GROWS,
     "models trained one after the other, the first on human data"},
    {"seeds", WS_OPTION_WHOLE, FIELD(seeds), 1, 1e7, "5", NULL, WS_OPTION_GROWS,
     "independent repetitions: N means seeds 1 to N"},
    {"growth", WS_OPTION_TEXT, FIELD(growth), 0, 0, "constant", NULL, 0,
     "size of later training sets: constant, linear:R, power:E, geometric:R"},
    {"metric_items", WS_OPTION_WHOLE, FIELD(metric_items), 0, 1e12, "0", NULL, 0,
     "items in the sample that metrics see; 0: as many as items, of vectors none"},
    {"measure_every", WS_OPTION_WHOLE, FIELD(measure_every), 1, 1e9, "1", NULL, 0,
     "measure generations 0, K, 2K, ..."},
};

static const struct ws_option execution_options[] = {
    {"title", WS_OPTION_TEXT, FIELD(title), 0, 0, "", NULL, WS_OPTION_EXECUTION,
     "one line that says what the experiment is"},
    {"threads", WS_OPTION_WHOLE, FIELD(threads), 0, 4096, "0", NULL, WS_OPTION_EXECUTION,
     "0: one for each processor; results do not depend on it"},
    WS_DEVICE_OPTIONS(DEVICE),
    {"checkpoint_seconds", WS_OPTION_REAL, FIELD(checkpoint_seconds), 0, 1e9, "5", NULL,
     WS_OPTION_EXECUTION, "longest work lost when the machine stops"},
    {"keep_every", WS_OPTION_WHOLE, FIELD(keep_every), 0, 1e9, "0", NULL, WS_OPTION_EXECUTION,
     "keep the models of generations 0, K, 2K, ...; 0: the last checkpoint only"},
    {"keep_texts", WS_OPTION_WHOLE, FIELD(keep_texts), 0, 1e6, "10", NULL, WS_OPTION_EXECUTION,
     "items of each measured sample to keep as text, for reading"},
    {"keep_models", WS_OPTION_FLAG, FIELD(keep_models), 0, 0, "false", NULL, WS_OPTION_EXECUTION,
     "write the kept generations' models, and the last, in a form that other programs read"},
    {"fail_fast", WS_OPTION_FLAG, FIELD(fail_fast), 0, 0, "false", NULL, WS_OPTION_EXECUTION,
     "stop all chains, saved as they are, when one fails; false: the others go on"},
    {"skip_absorbed", WS_OPTION_FLAG, FIELD(skip_absorbed), 0, 0, "true", NULL, WS_OPTION_EXECUTION,
     "leave out what cannot change a chain whose models all give one and the same item"},
    {"then", WS_OPTION_TEXT, FIELD(then), 0, 0, "", NULL, WS_OPTION_EXECUTION,
     "the experiment, a file or preset, to go on with afterwards; not when settings or directory "
     "are changed"},
};

enum { MOST_NAMES = 256 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct ws_option_table arm_table = {"arms", arm_options, COUNT(arm_options)};
static const struct ws_option_table experiment_table = {"experiment", experiment_options,
                                                        COUNT(experiment_options)};
static const struct ws_option_table execution_table = {"execution", execution_options,
                                                       COUNT(execution_options)};

static bool is_for_validation(const char *name)
{
    return strncmp(name, "validation_", strlen("validation_")) == 0;
}

bool ws_experiment_reads(const struct ws_experiment *e, const char *name)
{
    if (is_for_validation(name) && !e->family->validates)
        return false;
    return !ws_human_obstacle(&e->data, name);
}

/* A setting found in one of the tables, and the struct its value goes to. */
struct place {
    const struct ws_option *option;
    void *settings;
};

static struct place find_place(struct ws_experiment *e, const char *name)
{
    const struct {
        const struct ws_option_table *table;
        void *settings;
    } tables[] = {
        {&arm_table, &e->settings},
        {&experiment_table, &e->settings},
        {&execution_table, &e->settings},
        {&ws_human_options, &e->data},
        {e->family ? &e->family->options : NULL, e->family_settings},
    };
    for (size_t i = 0; i < COUNT(tables); i++) {
        const struct ws_option *option =
            tables[i].table ? ws_option_find(tables[i].table, name) : NULL;
        if (option)
            return (struct place){option, tables[i].settings};
    }
    return (struct place){NULL, NULL};
}

static enum ws_status unknown_setting(const struct ws_experiment *e, const char *name,
                                      const char *where, struct ws_error *err)
{
    for (size_t i = 0; i < ws_family_count; i++)
        if (ws_option_find(&ws_families[i]->options, name))
            return ws_fail(err, WS_INVALID,
                           "%s: '%s' belongs to family '%s', this experiment's is '%s'", where,
                           name, ws_families[i]->name, e->family->name);
    const struct ws_option_table *const tables[] = {
        &arm_table, &experiment_table, &execution_table, &ws_human_options, &e->family->options,
    };
    return ws_option_unknown(tables, COUNT(tables), name, where, err);
}

/* The last one counts; NULL when there is none. */
const struct ws_given *ws_experiment_given(const struct ws_experiment *e, const char *name)
{
    for (size_t i = e->given_count; i-- > 0;)
        if (strcmp(e->given[i].name, name) == 0)
            return &e->given[i];
    return NULL;
}

bool ws_experiment_is_varied_by(const struct ws_experiment *e, const struct ws_given *given)
{
    const struct ws_option *option = ws_option_find(&ws_human_options, given->name);
    if (!option)
        option = ws_option_find(&e->family->options, given->name);
    return given->list && option && option->type != WS_OPTION_LIST;
}

/* A list of values makes arms, later; what it takes the place of is as if it were not given, and so
 * is a list in whose place there is a value. */
static enum ws_status apply(struct ws_experiment *e, const struct ws_given *given,
                            struct ws_error *err)
{
    struct place place = find_place(e, given->name);
    if (!place.option)
        return unknown_setting(e, given->name, given->where, err);
    if (ws_experiment_is_varied_by(e, given) ||
        ws_experiment_is_varied_by(e, ws_experiment_given(e, given->name)))
        return WS_OK;
    return ws_option_set(place.option, place.settings, given->value, given->where, &e->arena, err);
}

enum ws_status ws_experiment_check_source(const struct ws_experiment *e,
                                          const struct ws_given *given, struct ws_error *err)
{
    if (!ws_option_find(&ws_human_options, given->name) || ws_experiment_reads(e, given->name))
        return WS_OK;
    if (is_for_validation(given->name) && !e->family->validates)
        return ws_fail(err, WS_INVALID, "%s: '%s' has no meaning for family '%s'", given->where,
                       given->name, e->family->name);
    const char *obstacle = ws_human_obstacle(&e->data, given->name);
    const struct ws_option *what = ws_option_find(&ws_human_options, obstacle);
    if (what->type != WS_OPTION_CHOICE)
        return ws_fail(err, WS_INVALID, "%s: '%s' has no meaning beside '%s'", given->where,
                       given->name, obstacle);
    char name[32];
    struct ws_buffer value;
    ws_buffer_fix(&value, name, sizeof name);
    ws_option_print(what, &e->data, &value);
    return ws_fail(err, WS_INVALID, "%s: '%s' has no meaning for %s '%s'", given->where,
                   given->name, obstacle, ws_buffer_string(&value));
}

/* "[10, 100]" is a list, as in the file. */
static enum ws_status take_override(struct ws_experiment *e, const struct ws_override *override,
                                    struct ws_given *out, struct ws_error *err)
{
    const char *text = override->value;
    size_t size = strlen(text);
    bool list = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    const char *name = ws_arena_text(&e->arena, override->name);
    const char *value = list ? ws_arena_format(&e->arena, "%.*s", (int)size - 2, text + 1)
                             : ws_arena_text(&e->arena, text);
    *out = (struct ws_given){name, value, "--set", list};
    return name && value ? WS_OK : ws_fail_memory(err, "the settings");
}

/* The file's settings, then the overrides. */
static enum ws_status gather(struct ws_experiment *e, const struct ws_yaml *yaml,
                             const struct ws_override *overrides, size_t override_count,
                             struct ws_error *err)
{
    size_t total = yaml->count + override_count;
    struct ws_given *all = WS_ARENA_NEW(&e->arena, struct ws_given, total);
    if (!all)
        return ws_fail_memory(err, "the settings");
    for (size_t i = 0; i < yaml->count; i++) {
        const struct ws_yaml_entry *entry = &yaml->entries[i];
        all[i] = (struct ws_given){
            ws_arena_text(&e->arena, entry->name), ws_arena_text(&e->arena, entry->text),
            ws_arena_format(&e->arena, "%s:%zu", e->file, entry->line), entry->list};
        if (!all[i].name || !all[i].value || !all[i].where)
            return ws_fail_memory(err, "the settings");
    }
    for (size_t i = 0; i < override_count; i++)
        WS_TRY(take_override(e, &overrides[i], &all[yaml->count + i], err));
    e->given = all;
    e->given_count = total;
    return WS_OK;
}

const char *ws_experiment_place(const struct ws_experiment *e, const char *name)
{
    const struct ws_given *given = ws_experiment_given(e, name);
    return given ? given->where : e->file;
}

/* "discrete, gaussian or ngram": all there are. */
enum { FAMILY_NAMES = 320 };
static const char *name_families(char text[FAMILY_NAMES])
{
    struct ws_buffer out;
    ws_buffer_fix(&out, text, FAMILY_NAMES);
    for (size_t i = 0; i < ws_family_count; i++) {
        const char *before = i == 0 ? "" : i + 1 < ws_family_count ? ", " : " or ";
        ws_buffer_format(&out, "%s%s", before, ws_families[i]->name);
    }
    return ws_buffer_string(&out);
}

/* The family decides which other settings exist, so it is settled first. */
static enum ws_status settle_family(struct ws_experiment *e, struct ws_error *err)
{
    const struct ws_given *given = ws_experiment_given(e, "family");
    char all[FAMILY_NAMES];
    if (!given)
        return ws_fail(err, WS_INVALID, "%s: 'family' is missing, wanted %s", e->file,
                       name_families(all));
    e->family = ws_family_find(given->value);
    if (!e->family) {
        const char *names[16];
        assert(ws_family_count <= COUNT(names));
        for (size_t i = 0; i < ws_family_count; i++)
            names[i] = ws_families[i]->name;
        const char *nearest = ws_nearest_name(given->value, names, ws_family_count);
        return ws_fail(err, WS_INVALID, "%s: unknown family '%.60s'%s%s%s", given->where,
                       given->value, nearest ? "; did you mean '" : ", wanted ",
                       nearest ? nearest : name_families(all), nearest ? "'?" : "");
    }
    e->family_settings = ws_arena_zalloc(&e->arena, 1, e->family->settings_size);
    if (!e->family_settings)
        return ws_fail_memory(err, "the settings");
    return ws_options_defaults(&e->family->options, e->family_settings, &e->arena, err);
}

/* Some sources have defaults of their own, so which one it is is settled before other data. */
static enum ws_status settle_source(struct ws_experiment *e, struct ws_error *err)
{
    const struct ws_given *given = ws_experiment_given(e, "source");
    if (given)
        WS_TRY(apply(e, given, err));
    for (size_t i = 0; i < ws_human_options.count; i++) {
        const struct ws_option *option = &ws_human_options.options[i];
        const char *initial = ws_human_initial(&e->data, option);
        if (initial != option->initial)
            WS_TRY(ws_option_set(option, &e->data, initial, "default", &e->arena, err));
    }
    return WS_OK;
}

static enum ws_status set_defaults(struct ws_experiment *e, struct ws_error *err)
{
    WS_TRY(ws_options_defaults(&arm_table, &e->settings, &e->arena, err));
    WS_TRY(ws_options_defaults(&experiment_table, &e->settings, &e->arena, err));
    WS_TRY(ws_options_defaults(&execution_table, &e->settings, &e->arena, err));
    return ws_options_defaults(&ws_human_options, &e->data, &e->arena, err);
}

static void add_canonical_data(const struct ws_experiment *e, const struct ws_human_settings *data,
                               struct ws_buffer *out)
{
    for (size_t i = 0; i < ws_human_options.count; i++) {
        const struct ws_option *option = &ws_human_options.options[i];
        if (!ws_experiment_reads(e, option->name) || (option->traits & WS_OPTION_INPUT))
            continue;
        ws_buffer_format(out, "%s=", option->name);
        ws_option_print(option, data, out);
        ws_buffer_text(out, "\n");
    }
}

void ws_experiment_canonical_model(const struct ws_experiment *e,
                                   const struct ws_human_settings *data,
                                   const void *family_settings, struct ws_buffer *out)
{
    ws_options_canonical(&experiment_table, &e->settings, false, out);
    add_canonical_data(e, data, out);
    ws_options_canonical(&e->family->options, family_settings, false, out);
}

static enum ws_status make_canonical(struct ws_experiment *e, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, e->arena.allocator, 1 << 20);
    ws_options_canonical(&arm_table, &e->settings, false, &text);
    ws_experiment_canonical_model(e, &e->data, e->family_settings, &text);
    enum ws_status status = ws_buffer_check(&text, "the settings", err);
    if (status == WS_OK) {
        e->canonical = ws_arena_text(&e->arena, ws_buffer_string(&text));
        if (!e->canonical)
            status = ws_fail_memory(err, "the settings");
    }
    ws_buffer_release(&text);
    return status;
}

/* Vectors are measured by the models' parameters, unless a sample is asked for: it would cost more
 * than most of their models. */
static bool samples_by_default(const struct ws_experiment *e)
{
    return (e->family->accepts & ~(1u << WS_DATA_VECTORS)) != 0;
}

/* A generator's set is one sequence of random numbers, which ends. */
static enum ws_status check_numbers(const struct ws_experiment *e, const struct ws_arm_data *data,
                                    struct ws_error *err)
{
    const struct ws_law_row *row = ws_human_law(&data->settings);
    const uint32_t dimension = row ? row->dimension(&data->settings.law) : 1;
    if (dimension > 0 && row && data->items > WS_LAW_NUMBERS / dimension)
        return ws_fail(err, WS_INVALID,
                       "%s: %" PRIu64 " items of %" PRIu32
                       " numbers each, wanted at most 2^32 numbers",
                       ws_experiment_place(e, "items"), data->items, dimension);
    return WS_OK;
}

/* What follows from a variant's base number of training items. */
static enum ws_status settle_items(struct ws_experiment *e, size_t variant, uint64_t items,
                                   struct ws_error *err)
{
    struct ws_arm_data *data = &e->variants[variant];
    data->items = items;
    WS_TRY(check_numbers(e, data, err));
    data->sample_items = e->settings.metric_items;
    if (data->sample_items == 0 && samples_by_default(e))
        data->sample_items = items;
    if (ws_experiment_reads(e, "fresh_items") &&
        data->sample_items > items + data->settings.fresh_items)
        return ws_fail(err, WS_INVALID,
                       "%s: 'metric_items' is %" PRIu64 ", wanted at most items=%" PRIu64
                       " + fresh_items=%" PRIu64 ", for human samples of the same size",
                       ws_experiment_place(e, "metric_items"), data->sample_items, items,
                       data->settings.fresh_items);
    return ws_experiment_plan_arms(e, variant, err);
}

/* Where the values of a setting come from. */
static const char *place_of(const struct ws_experiment *e, const char *name)
{
    if (ws_experiment_given(e, name) || !ws_experiment_varies(e, name))
        return ws_experiment_place(e, name);
    for (size_t i = 0; i < e->settings.vary.count; i++) {
        size_t size = strlen(name);
        if (strncmp(e->settings.vary.items[i], name, size) == 0 &&
            e->settings.vary.items[i][size] == '=')
            return ws_experiment_place(e, "vary");
    }
    return ws_experiment_place(e, "sweep");
}

/* What is known before the data are open. */
static enum ws_status settle_variant(struct ws_experiment *e, size_t variant, struct ws_error *err)
{
    uint64_t items = e->variants[variant].settings.items;
    if (items > 0)
        return settle_items(e, variant, items, err);
    if (!ws_experiment_reads(e, "fresh_items"))
        return ws_fail(err, WS_INVALID,
                       "%s: 'items' is '0', wanted at least 1: a generator never ends",
                       place_of(e, "items"));
    return WS_OK;
}

static enum ws_status resolve(struct ws_experiment *e, struct ws_error *err)
{
    bool is_table = ws_experiment_reads(e, "columns");
    if (ws_experiment_reads(e, "corpus") && e->data.corpus[0] == '\0')
        return ws_fail(err, WS_INVALID, "%s: 'corpus' is missing, wanted a %s", e->file,
                       is_table ? "file" : "text file or directory");
    enum ws_status status = ws_growth_parse(e->settings.growth, &e->growth, err);
    if (status == WS_INVALID)
        ws_error_prefix(err, "%s", ws_experiment_place(e, "growth"));
    WS_TRY(status);
    WS_TRY(ws_experiment_make_arms(e, err));
    for (size_t variant = 0; variant < e->variant_count; variant++)
        WS_TRY(settle_variant(e, variant, err));
    return WS_OK;
}

/* Why the family looks away from its setting `name`; NULL when it does not. */
static const char *ignored(const struct ws_experiment *e, const struct ws_human_settings *data,
                           const void *family_settings, const char *name)
{
    bool validated = data->validation_items > 0 || data->validation_corpus[0] != '\0';
    return e->family->ignores ? e->family->ignores(family_settings, validated, name) : NULL;
}

/* What would be ignored in an arm is refused: whoever gives it expects something of it. */
static enum ws_status check_effects(const struct ws_experiment *e, struct ws_error *err)
{
    const struct ws_option_table *const table = &e->family->options;
    for (size_t a = 0; a < e->arm_count; a++)
        for (size_t i = 0; i < table->count; i++) {
            const char *name = table->options[i].name;
            const struct ws_arm *arm = &e->arms[a];
            const char *why = ws_experiment_given(e, name) || ws_experiment_varies(e, name)
                                  ? ignored(e, &arm->data->settings, arm->family_settings, name)
                                  : NULL;
            if (why)
                return ws_fail(err, WS_INVALID, "%s: '%s' has no meaning %s", place_of(e, name),
                               name, why);
        }
    return WS_OK;
}

/* Items that are chosen, or drawn from those of several models, come from no law that is known. */
static enum ws_status check_population(const struct ws_experiment *e, struct ws_error *err)
{
    const char *where = ws_experiment_place(e, "fit_to");
    if (e->settings.fit_to != WS_FIT_POPULATIONS)
        return WS_OK;
    if (!e->family->fit_population)
        return ws_fail(err, WS_INVALID, "%s: family '%s' cannot be fitted to a population", where,
                       e->family->name);
    for (size_t a = 0; a < e->arm_count; a++)
        if (!ws_policy_is_of_laws(&e->arms[a].policy))
            return ws_fail(err, WS_INVALID,
                           "%s: under policy '%s' training items come from no law that is known, "
                           "wanted a policy that takes all that models made, and takes it as it is",
                           where, e->arms[a].policy.name);
    return WS_OK;
}

/* A GPU is refused where the family would not compute on it. */
static enum ws_status check_device(const struct ws_experiment *e, struct ws_error *err)
{
    const struct ws_device_settings *device = &e->settings.device;
    const char *named = ws_experiment_given(e, "device") ? "device" : "precision";
    const char *place = ws_experiment_place(e, named);
    WS_TRY(ws_device_settings_check(device, place, err));
    if (!e->family->computes && ws_device_settings_want_gpu(device))
        return ws_fail(err, WS_INVALID,
                       "%s: '%s' has no meaning for family '%s', which uses no GPU", place, named,
                       e->family->name);
    return WS_OK;
}

static enum ws_status settle(struct ws_experiment *e, const struct ws_yaml *settings,
                             const struct ws_override *overrides, size_t override_count,
                             struct ws_error *err)
{
    WS_TRY(gather(e, settings, overrides, override_count, err));
    WS_TRY(set_defaults(e, err));
    WS_TRY(settle_family(e, err));
    WS_TRY(settle_source(e, err));
    for (size_t i = 0; i < e->given_count; i++)
        WS_TRY(apply(e, &e->given[i], err));
    for (size_t i = 0; i < e->given_count; i++)
        WS_TRY(ws_experiment_check_source(e, &e->given[i], err));
    WS_TRY(check_device(e, err));
    WS_TRY(resolve(e, err));
    WS_TRY(check_population(e, err));
    WS_TRY(check_effects(e, err));
    return make_canonical(e, err);
}

enum ws_status ws_experiment_of_settings(const struct ws_yaml *settings, const char *name,
                                         const char *file, const struct ws_override *overrides,
                                         size_t override_count,
                                         const struct ws_allocator *allocator,
                                         struct ws_experiment *out, struct ws_error *err)
{
    struct ws_experiment e = {0};
    if (!ws_is_one_line(name))
        return ws_fail(err, WS_INVALID, "'%.200s' is no UTF-8 text, as a run's name must be", name);
    ws_arena_init(&e.arena, allocator);
    e.name = ws_arena_text(&e.arena, name);
    e.file = ws_arena_text(&e.arena, file);
    enum ws_status status = e.name && e.file ? WS_OK : ws_fail_memory(err, "the experiment");
    if (status == WS_OK)
        status = settle(&e, settings, overrides, override_count, err);
    if (status != WS_OK) {
        ws_arena_release(&e.arena);
        return status;
    }
    *out = e;
    return WS_OK;
}

enum ws_status ws_experiment_parse(struct ws_bytes text, const char *name, const char *file,
                                   const struct ws_override *overrides, size_t override_count,
                                   const struct ws_allocator *allocator, struct ws_experiment *out,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_yaml settings;
    ws_arena_init(&arena, allocator);
    enum ws_status status = ws_yaml_parse(text, file, &arena, &settings, err);
    if (status == WS_OK)
        status = ws_experiment_of_settings(&settings, name, file, overrides, override_count,
                                           allocator, out, err);
    ws_arena_release(&arena);
    return status;
}

void ws_experiment_release(struct ws_experiment *experiment)
{
    ws_arena_release(&experiment->arena);
}

static enum ws_status check_family(const struct ws_experiment *e, enum ws_data_kind kind,
                                   struct ws_error *err)
{
    if (e->family->accepts & 1u << kind)
        return WS_OK;
    char taken[120], source[32];
    struct ws_buffer text, name;
    ws_buffer_fix(&text, taken, sizeof taken);
    ws_buffer_fix(&name, source, sizeof source);
    for (unsigned k = 0; k < WS_DATA_KIND_COUNT; k++)
        if (e->family->accepts & 1u << k)
            ws_buffer_format(&text, "%s%s", text.size > 0 ? " or " : "",
                             ws_data_kind_name((enum ws_data_kind)k));
    ws_option_print(ws_option_find(&ws_human_options, "source"), &e->data, &name);
    return ws_fail(err, WS_INVALID, "%s: family '%s' takes %s, source '%s' gives %s",
                   ws_experiment_place(e, "family"), e->family->name, taken, source,
                   ws_data_kind_name(kind));
}

static enum ws_status check_data(const struct ws_experiment *e, const struct ws_human *human,
                                 struct ws_error *err)
{
    WS_TRY(check_family(e, ws_human_shape(human)->kind, err));
    const void *checked = NULL;
    for (size_t a = 0; a < e->arm_count; a++) {
        const struct ws_arm *arm = &e->arms[a];
        const struct ws_dataset *shape = ws_human_shape(ws_human_variant(human, arm->variant));
        if (arm->family_settings == checked)
            continue;
        uint64_t item_size = shape->kind == WS_DATA_TOKENS ? arm->data->settings.block : 0;
        enum ws_status status =
            e->family->check(arm->family_settings, shape, arm->data->items, item_size, err);
        if (status == WS_INVALID)
            ws_error_prefix(err, "%s", place_of(e, item_size > 0 ? "block" : "items"));
        WS_TRY(status);
        checked = arm->family_settings;
    }
    return WS_OK;
}

/* The value of the family's option `name` as text in `out`; "" when it has none. */
static void print_family_option(const struct ws_experiment *e, const char *name,
                                struct ws_buffer *out)
{
    const struct ws_option *option = ws_option_find(&e->family->options, name);
    if (option)
        ws_option_print(option, e->family_settings, out);
}

/* Where the data's tokenizer lies: 'base' is in the directory of the family's base model. */
static enum ws_status resolve_tokenizer(struct ws_experiment *e, struct ws_human_settings *data,
                                        struct ws_error *err)
{
    if (!ws_experiment_reads(e, "tokenizer") || strcmp(data->tokenizer, "base") != 0)
        return WS_OK;
    struct ws_buffer base;
    ws_buffer_init(&base, e->arena.allocator, 1 << 16);
    print_family_option(e, "base", &base);
    data->tokenizer = ws_arena_text(&e->arena, ws_buffer_string(&base));
    enum ws_status status = ws_buffer_check(&base, "the settings", err);
    ws_buffer_release(&base);
    WS_TRY(status);
    if (!data->tokenizer)
        return ws_fail_memory(err, "the settings");
    if (data->tokenizer[0] == '\0')
        return ws_fail(
            err, WS_INVALID,
            "%s: 'tokenizer' is 'base', but no 'base' is set: --set base=DIRECTORY takes a "
            "Hugging Face model, such as 'wellspring train' writes",
            ws_experiment_place(e, "tokenizer"));
    return WS_OK;
}

/* The files that the settings of `arm` name, if any, as one more input. */
static enum ws_status note_family_input(struct ws_experiment *e, const struct ws_arm *arm,
                                        const char **name, struct ws_error *err)
{
    struct ws_arena scratch;
    struct ws_human_input *input = &e->inputs[e->input_count];
    ws_arena_init(&scratch, e->arena.allocator);
    enum ws_status status =
        e->family->identify(arm->family_settings, &scratch, name, &input->hash, err);
    ws_arena_release(&scratch);
    if (status != WS_OK || !*name)
        return status;
    input->name = *name;
    if (arm->variation[0] && ws_experiment_varies(e, *name))
        input->name = ws_arena_format(&e->arena, "%s of %s", *name, arm->variation);
    e->input_count++;
    return input->name ? WS_OK : ws_fail_memory(err, "the inputs");
}

static enum ws_status note_inputs(struct ws_experiment *e, const struct ws_human *human,
                                  struct ws_error *err)
{
    size_t count;
    const struct ws_human_input *inputs = ws_human_inputs(human, &count);
    e->inputs = WS_ARENA_ZNEW(&e->arena, struct ws_human_input, count + e->arm_count);
    if (!e->inputs)
        return ws_fail_memory(err, "the inputs");
    for (size_t i = 0; i < count; i++)
        e->inputs[i] = inputs[i];
    e->input_count = count;
    const char *name = "";
    const void *noted = NULL;
    for (size_t a = 0; a < e->arm_count && e->family->identify && name; a++) {
        const struct ws_arm *arm = &e->arms[a];
        /* All arms name the same, unless just that is varied. */
        if (arm->family_settings != noted && (!noted || ws_experiment_varies(e, name)))
            WS_TRY(note_family_input(e, arm, &name, err));
        noted = arm->family_settings;
    }
    return WS_OK;
}

/* Opens a variant beside those before it; the first makes `human`. `data` are those that all share,
 * their paths resolved. */
static enum ws_status open_variant(struct ws_experiment *e, size_t variant,
                                   struct ws_human_settings data,
                                   const struct ws_allocator *allocator, struct ws_human **human,
                                   struct ws_error *err)
{
    const char *at_fault = "corpus";
    WS_TRY(ws_experiment_vary_data(e, variant, &data, err));
    data.teachers = &ws_teachers;
    enum ws_status status = *human ? ws_human_open_variant(*human, &data, &at_fault, err)
                                   : ws_human_open(&data, allocator, human, &at_fault, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "%s", place_of(e, at_fault));
        return status;
    }
    e->variants[variant].item_size = ws_human_item_size(ws_human_variant(*human, variant));
    return data.items > 0
               ? WS_OK
               : settle_items(e, variant, ws_human_items(ws_human_variant(*human, variant)), err);
}

enum ws_status ws_experiment_open_human(struct ws_experiment *e,
                                        const struct ws_allocator *allocator, struct ws_human **out,
                                        struct ws_error *err)
{
    struct ws_human *human = NULL;
    struct ws_human_settings data = e->data;
    enum ws_status status = resolve_tokenizer(e, &data, err);
    for (size_t variant = 0; variant < e->variant_count && status == WS_OK; variant++)
        status = open_variant(e, variant, data, allocator, &human, err);
    if (status == WS_OK)
        status = ws_experiment_check_tokens(e, human, err);
    if (status == WS_OK)
        status = check_data(e, human, err);
    if (status == WS_OK)
        status = note_inputs(e, human, err);
    if (status != WS_OK)
        ws_human_close(human);
    else
        *out = human;
    return status;
}

enum ws_status ws_experiment_list(const struct ws_experiment *e, struct ws_arena *arena,
                                  struct ws_setting **out, size_t *count, struct ws_error *err)
{
    const struct {
        const struct ws_option_table *table;
        const void *settings;
    } tables[] = {
        {&arm_table, &e->settings},       {&experiment_table, &e->settings},
        {&ws_human_options, &e->data},    {&e->family->options, e->family_settings},
        {&execution_table, &e->settings},
    };
    size_t capacity = 0;
    for (size_t t = 0; t < COUNT(tables); t++)
        capacity += tables[t].table->count;
    struct ws_setting *list = WS_ARENA_NEW(arena, struct ws_setting, capacity);
    if (!list)
        return ws_fail_memory(err, "the settings");
    size_t n = 0;
    struct ws_buffer value;
    ws_buffer_init(&value, e->arena.allocator, 1 << 20);
    for (size_t t = 0; t < COUNT(tables); t++)
        for (size_t i = 0; i < tables[t].table->count; i++) {
            const struct ws_option *option = &tables[t].table->options[i];
            if (ws_experiment_varies(e, option->name))
                continue;
            if (tables[t].table == &ws_human_options && !ws_experiment_reads(e, option->name))
                continue;
            if (tables[t].table == &e->family->options &&
                ignored(e, &e->data, e->family_settings, option->name))
                continue;
            ws_buffer_reset(&value);
            ws_option_print(option, tables[t].settings, &value);
            bool is_data = tables[t].table == &ws_human_options;
            list[n++] = (struct ws_setting){
                option->name, ws_arena_text(arena, ws_buffer_string(&value)),
                is_data ? ws_human_initial(&e->data, option) : option->initial, option->traits};
            if (value.status != WS_OK || !list[n - 1].value) {
                ws_buffer_release(&value);
                return ws_fail_memory(err, "the settings");
            }
        }
    ws_buffer_release(&value);
    *out = list;
    *count = n;
    return WS_OK;
}

size_t ws_experiment_tables(const struct ws_option_table *out[WS_EXPERIMENT_TABLES_MOST])
{
    size_t count = 0;
    out[count++] = &arm_table;
    out[count++] = &experiment_table;
    out[count++] = &ws_human_options;
    out[count++] = &execution_table;
    assert(count + ws_family_count <= WS_EXPERIMENT_TABLES_MOST);
    for (size_t i = 0; i < ws_family_count; i++)
        if (ws_families[i]->options.count > 0)
            out[count++] = &ws_families[i]->options;
    return count;
}

void ws_experiment_help(struct ws_buffer *out)
{
    const struct ws_option_table *tables[WS_EXPERIMENT_TABLES_MOST];
    size_t count = ws_experiment_tables(tables);
    for (size_t i = 0; i < count; i++)
        ws_options_help(tables[i], out);
}

/* Every name of a setting, in `names`; how many. */
static size_t list_names(const char *names[MOST_NAMES])
{
    const struct ws_option_table *tables[WS_EXPERIMENT_TABLES_MOST];
    size_t table_count = ws_experiment_tables(tables);
    size_t count = 0;
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t]->count && count < MOST_NAMES; i++)
            names[count++] = tables[t]->options[i].name;
    assert(count < MOST_NAMES);
    return count;
}

bool ws_experiment_has_setting(const char *name)
{
    const char *names[MOST_NAMES];
    size_t count = list_names(names);
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool ws_experiment_is_execution(const char *name)
{
    return ws_option_find(&execution_table, name) != NULL;
}

const char *ws_experiment_nearest_setting(const char *name)
{
    const char *names[MOST_NAMES];
    size_t count = list_names(names);
    return ws_nearest_name(name, names, count);
}
