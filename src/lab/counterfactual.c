#include "lab/counterfactual.h"

#include <inttypes.h>
#include <string.h>

#include "lab/run_directory.h"

const char *ws_error_source_name(enum ws_error_source source)
{
    static const char *const names[] = {"statistical", "expressivity", "approximation"};
    return names[source];
}

static bool makes(unsigned set, enum ws_error_source source)
{
    return (set & 1u << source) != 0;
}

/* Settings with changes ------------------------------------------------------------------------ */

enum { OVERRIDES_MOST = 256 };

/* The settings of an experiment, and what takes their place. Later ones count. */
struct changed {
    struct ws_override overrides[OVERRIDES_MOST];
    size_t count;
};

static void add(struct changed *changed, const char *name, const char *value)
{
    if (changed->count < OVERRIDES_MOST)
        changed->overrides[changed->count++] = (struct ws_override){name, value};
}

static void add_switch(struct changed *changed, const struct ws_switch *with)
{
    for (size_t i = 0; i < with->change_count; i++)
        add(changed, with->changes[i].name, with->changes[i].value);
}

static bool changes_family(const struct ws_switch *with)
{
    for (size_t i = 0; i < with->change_count; i++)
        if (strcmp(with->changes[i].name, "family") == 0)
            return true;
    return false;
}

/* The experiment's own settings, all that are not what they are by default; those of its family
 * only if it keeps it. */
static enum ws_status add_own(const struct ws_experiment *e, bool keeps_family,
                              struct ws_arena *arena, struct changed *out, struct ws_error *err)
{
    struct ws_setting *settings;
    size_t count;
    WS_TRY(ws_experiment_list(e, arena, &settings, &count, err));
    for (size_t i = 0; i < count; i++) {
        const struct ws_setting *setting = &settings[i];
        bool is_default = setting->initial && strcmp(setting->initial, setting->value) == 0;
        if (is_default || (!keeps_family && ws_option_find(&e->family->options, setting->name)))
            continue;
        add(out, setting->name, setting->value);
    }
    return WS_OK;
}

static enum ws_status parse(const struct changed *changed, const char *name,
                            const struct ws_allocator *allocator, struct ws_experiment *out,
                            struct ws_error *err)
{
    const struct ws_yaml nothing = {.count = 0};
    return ws_experiment_of_settings(&nothing, name, name, changed->overrides, changed->count,
                                     allocator, out, err);
}

/* Subjects ------------------------------------------------------------------------------------- */

static enum ws_status make_subject(const struct ws_experiment *e, const struct ws_subject *subject,
                                   struct ws_arena *arena, const struct ws_allocator *allocator,
                                   struct ws_experiment *out, struct ws_error *err)
{
    const struct ws_arm *arm = &e->arms[subject->arm];
    struct changed changed = {.count = 0};
    const char *seeds = ws_arena_format(arena, "%" PRIu64, subject->seeds);
    if (!seeds)
        return ws_fail_memory(err, "the counterfactuals");
    WS_TRY(add_own(e, true, arena, &changed, err));
    add(&changed, "vary", "");
    add(&changed, "sweep", "");
    for (size_t i = 0; i < arm->varied_count; i++)
        add(&changed, arm->varied[i].name, arm->varied[i].value);
    if (subject->alone) {
        add(&changed, "policies", arm->policy.name);
        add(&changed, "control", "false");
    }
    add(&changed, "seeds", seeds);
    return parse(&changed, e->name, allocator, out, err);
}

enum ws_status ws_subject_make(const struct ws_experiment *experiment,
                               const struct ws_subject *subject,
                               const struct ws_allocator *allocator, struct ws_experiment *out,
                               struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    enum ws_status status = make_subject(experiment, subject, &arena, allocator, out, err);
    ws_arena_release(&arena);
    return status;
}

/* Making them ---------------------------------------------------------------------------------- */

struct making {
    const struct ws_experiment *experiment;
    struct ws_deal truth;
    uint64_t factor;
    const struct ws_allocator *allocator;
    struct ws_arena scratch;
    struct ws_counterfactuals *out;
    struct ws_switch enlarge;
    struct ws_switch exact[2]; /* of the family and settings that it has; of enlarged ones */
    struct ws_error *err;
};

/* Settings of a set without what is done about the statistical error. */
static enum ws_status change_model(struct making *m, unsigned set, struct changed *changed)
{
    bool larger = !makes(set, WS_ERROR_EXPRESSIVITY);
    changed->count = 0;
    WS_TRY(add_own(m->experiment, !larger || !changes_family(&m->enlarge), &m->out->arena, changed,
                   m->err));
    if (larger)
        add_switch(changed, &m->enlarge);
    if (!makes(set, WS_ERROR_APPROXIMATION))
        add_switch(changed, &m->exact[larger]);
    return WS_OK;
}

static bool is_on_populations(const struct making *m, const struct ws_arm *arm)
{
    return m->out->on_populations && ws_policy_is_of_laws(&arm->policy);
}

/* "replace,keep:0.1": the policies of the arms that are fitted to populations, or of the others;
 * "" where there are none. */
static const char *policies_of(struct making *m, bool on_populations)
{
    const char *names = "";
    for (size_t a = 0; a < m->experiment->arm_count && names; a++)
        if (is_on_populations(m, &m->experiment->arms[a]) == on_populations)
            names = ws_arena_format(&m->out->arena, "%s%s%s", names, names[0] ? "," : "",
                                    m->experiment->arms[a].policy.name);
    return names;
}

/* Of the errors that the experiment makes at all. */
static const char *name_of_set(struct making *m, unsigned set)
{
    const char *name = "";
    for (unsigned i = 0; i < WS_ERROR_SOURCES && name; i++)
        if (makes(set, (enum ws_error_source)i) && m->out->made[i])
            name = ws_arena_format(&m->out->arena, "%s%s%s", name, name[0] ? "," : "",
                                   ws_error_source_name((enum ws_error_source)i));
    return name && !name[0] ? "none" : name;
}

/* One more, unless there is one of the same settings. */
static enum ws_status put(struct making *m, unsigned set, const struct changed *changed,
                          const char *name)
{
    struct ws_counterfactuals *out = m->out;
    struct ws_counterfactual *next = &out->all[out->count];
    if (!name)
        return ws_fail_memory(m->err, "the counterfactuals");
    WS_TRY(parse(changed, name, m->allocator, &next->experiment, m->err));
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->all[i].experiment.canonical, next->experiment.canonical) == 0) {
            out->all[i].sets |= 1u << set;
            ws_experiment_release(&next->experiment);
            return WS_OK;
        }
    next->name = name;
    next->sets = 1u << set;
    out->count++;
    return WS_OK;
}

static enum ws_status put_populations(struct making *m, unsigned set, struct changed changed)
{
    const char *policies = policies_of(m, true);
    if (policies && !policies[0])
        return WS_OK;
    add(&changed, "policies", policies);
    add(&changed, "control", "false");
    add(&changed, "fit_to", "populations");
    return put(m, set, &changed, name_of_set(m, set));
}

/* Metrics look at samples as large as before. */
static enum ws_status put_many_items(struct making *m, unsigned set, struct changed changed)
{
    struct ws_arena *arena = &m->out->arena;
    const struct ws_arm_data *data = m->experiment->arms[0].data;
    const char *policies = policies_of(m, false);
    if (policies && !policies[0])
        return WS_OK;
    if (data->items > UINT64_MAX / m->factor)
        return ws_fail(m->err, WS_INVALID, "%" PRIu64 " times %" PRIu64 " items are too many",
                       m->factor, data->items);
    const char *items = ws_arena_format(arena, "%" PRIu64, m->factor * data->items);
    const char *sample = ws_arena_format(arena, "%" PRIu64, data->sample_items);
    const char *name = name_of_set(m, set);
    if (!policies || !items || !sample || !name)
        return ws_fail_memory(m->err, "the counterfactuals");
    add(&changed, "policies", policies);
    add(&changed, "control", "false");
    add(&changed, "items", items);
    add(&changed, "metric_items", sample);
    return put(m, set, &changed,
               ws_arena_format(arena, "%s-of-%" PRIu64 "-times-the-items", name, m->factor));
}

static enum ws_status put_set(struct making *m, unsigned set)
{
    struct changed changed;
    bool samples = m->experiment->settings.fit_to == WS_FIT_SAMPLES;
    WS_TRY(change_model(m, set, &changed));
    if (makes(set, WS_ERROR_STATISTICAL) || !samples)
        return put(m, set, &changed, name_of_set(m, set));
    WS_TRY(put_populations(m, set, changed));
    return put_many_items(m, set, changed);
}

/* What can be switched off --------------------------------------------------------------------- */

static enum ws_status refuse_truth(const struct ws_experiment *e, struct ws_error *err)
{
    char source[32];
    struct ws_buffer name;
    ws_buffer_fix(&name, source, sizeof source);
    ws_option_print(ws_option_find(&ws_human_options, "source"), &e->data, &name);
    return ws_fail(
        err, WS_UNSUPPORTED,
        "the truth behind source '%s' is not known, so no loss can be attributed; wanted "
        "a source that is a law: uniform, zipf, bernoulli, poisson, one of vectors, or for "
        "texts source=teacher, a model that writes them without end",
        source);
}

enum ws_status ws_counterfactuals_check(const struct ws_experiment *e, struct ws_error *err)
{
    if (e->arms[0].varied_count > 0)
        return ws_fail(err, WS_INVALID,
                       "%s: attribution wants one value of every setting, and '%s' is varied",
                       ws_experiment_place(e, "vary"), e->arms[0].varied[0].name);
    if (!e->family->enlarge || !e->family->fit_exactly)
        return ws_fail(err, WS_UNSUPPORTED,
                       "family '%s' has no switches for its errors: nothing can be attributed",
                       e->family->name);
    /* A corpus has an end, a law has none. */
    return ws_human_obstacle(&e->data, "fresh_items") ? WS_OK : refuse_truth(e, err);
}

static enum ws_status refuse_switch(enum ws_error_source source, const struct ws_switch *with,
                                    struct ws_error *err)
{
    return ws_fail(err, WS_UNSUPPORTED, "the %s error cannot be switched off: %s",
                   ws_error_source_name(source), with->why);
}

/* Whether the family fits the truth as a population, with the settings of a set. */
static enum ws_status tries_population(struct making *m, unsigned set, bool *out)
{
    struct changed changed;
    struct ws_experiment e;
    struct ws_error why;
    const struct ws_model *model;
    const struct ws_population_part whole = {1, NULL};
    const struct ws_population population = {
        .truth = &m->truth, .parts = &whole, .part_count = 1, .items = 1};
    WS_TRY(change_model(m, set, &changed));
    WS_TRY(parse(&changed, "counterfactual", m->allocator, &e, m->err));
    enum ws_status status = WS_UNSUPPORTED;
    if (e.family->fit_population)
        status = e.family->fit_population(e.arms[0].family_settings, &population, &m->scratch,
                                          &model, &why);
    ws_experiment_release(&e);
    *out = status == WS_OK;
    if (status == WS_OK || status == WS_UNSUPPORTED)
        return WS_OK;
    *m->err = why;
    return status;
}

/* On populations only if every set without the statistical error can be, so that all are alike. */
static enum ws_status choose_statistical(struct making *m)
{
    struct ws_counterfactuals *out = m->out;
    out->on_populations = true;
    for (unsigned set = 0; set < WS_ERROR_SETS && out->on_populations; set++)
        if (!makes(set, WS_ERROR_STATISTICAL))
            WS_TRY(tries_population(m, set, &out->on_populations));
    size_t others = 0;
    for (size_t a = 0; a < m->experiment->arm_count; a++)
        others += !is_on_populations(m, &m->experiment->arms[a]);
    const char *many = ws_arena_format(
        &out->arena, "%" PRIu64 " times as many items; held fixed: how models are fitted",
        m->factor);
    if (!many)
        return ws_fail_memory(m->err, "the counterfactuals");
    out->made[WS_ERROR_STATISTICAL] = m->experiment->settings.fit_to == WS_FIT_SAMPLES;
    out->factor = out->made[WS_ERROR_STATISTICAL] ? m->factor : 0;
    out->approximate[WS_ERROR_STATISTICAL] = out->factor > 0 && others > 0;
    if (!out->made[WS_ERROR_STATISTICAL])
        out->how[WS_ERROR_STATISTICAL] = "models are fitted to populations as it is";
    else if (others == 0)
        out->how[WS_ERROR_STATISTICAL] = "models are fitted to populations";
    else if (others == m->experiment->arm_count)
        out->how[WS_ERROR_STATISTICAL] = many;
    else
        out->how[WS_ERROR_STATISTICAL] = ws_arena_format(
            &out->arena, "models are fitted to populations; under policies that choose items: %s",
            many);
    return out->how[WS_ERROR_STATISTICAL] ? WS_OK : ws_fail_memory(m->err, "the counterfactuals");
}

/* The switch of the fit under the family and settings that hold the truth. */
static enum ws_status choose_exact_enlarged(struct making *m)
{
    struct changed changed = {.count = 0};
    struct ws_experiment e;
    WS_TRY(add_own(m->experiment, !changes_family(&m->enlarge), &m->out->arena, &changed, m->err));
    add_switch(&changed, &m->enlarge);
    WS_TRY(parse(&changed, "counterfactual", m->allocator, &e, m->err));
    enum ws_status status = e.family->fit_exactly(e.arms[0].family_settings, &m->truth,
                                                  &m->out->arena, &m->exact[true], m->err);
    ws_experiment_release(&e);
    return status;
}

/* Policies are the same in all counterfactuals, and so is a bias that one of them asks for. */
static enum ws_status tell_bias(struct making *m)
{
    const struct ws_experiment *e = m->experiment;
    const char **how = &m->out->how[WS_ERROR_APPROXIMATION];
    size_t a = 0;
    while (a < e->arm_count && e->arms[a].policy.bias == 1)
        a++;
    if (a == e->arm_count)
        return WS_OK;
    *how = ws_arena_format(&m->out->arena, "%s; what '%s' biases is in 'none' and in no share",
                           *how, e->arms[a].policy.name);
    return *how ? WS_OK : ws_fail_memory(m->err, "the counterfactuals");
}

static enum ws_status choose_switches(struct making *m)
{
    const struct ws_experiment *e = m->experiment;
    struct ws_counterfactuals *out = m->out;
    const void *settings = e->arms[0].family_settings;
    WS_TRY(e->family->enlarge(settings, &m->truth, &out->arena, &m->enlarge, m->err));
    if (!m->enlarge.possible)
        return refuse_switch(WS_ERROR_EXPRESSIVITY, &m->enlarge, m->err);
    WS_TRY(e->family->fit_exactly(settings, &m->truth, &out->arena, &m->exact[false], m->err));
    if (!m->exact[false].possible)
        return refuse_switch(WS_ERROR_APPROXIMATION, &m->exact[false], m->err);
    WS_TRY(choose_exact_enlarged(m));
    out->how[WS_ERROR_EXPRESSIVITY] = m->enlarge.why;
    out->made[WS_ERROR_EXPRESSIVITY] = m->enlarge.change_count > 0;
    out->how[WS_ERROR_APPROXIMATION] = m->exact[false].why;
    out->made[WS_ERROR_APPROXIMATION] = m->exact[false].change_count > 0;
    out->approximate[WS_ERROR_EXPRESSIVITY] = m->enlarge.is_approximate;
    out->approximate[WS_ERROR_APPROXIMATION] = m->exact[false].is_approximate;
    WS_TRY(tell_bias(m));
    return choose_statistical(m);
}

/* Whole ---------------------------------------------------------------------------------------- */

static enum ws_status make(struct making *m, const struct ws_human *human)
{
    WS_TRY(ws_counterfactuals_check(m->experiment, m->err));
    WS_TRY(ws_human_deal(human, 1, &m->scratch, &m->truth, m->err));
    WS_TRY(choose_switches(m));
    for (unsigned set = WS_ERROR_SETS; set-- > 0;)
        WS_TRY(put_set(m, set));
    return WS_OK;
}

enum ws_status ws_counterfactuals_make(const struct ws_experiment *experiment,
                                       const struct ws_human *human, uint64_t factor,
                                       const struct ws_allocator *allocator,
                                       struct ws_counterfactuals *out, struct ws_error *err)
{
    struct making m = {
        .experiment = experiment, .factor = factor, .allocator = allocator, .out = out, .err = err};
    *out = (struct ws_counterfactuals){.count = 0};
    ws_arena_init(&out->arena, allocator);
    ws_arena_init(&m.scratch, allocator);
    enum ws_status status = make(&m, human);
    ws_arena_release(&m.scratch);
    if (status != WS_OK)
        ws_counterfactuals_release(out);
    return status;
}

/* Runs ----------------------------------------------------------------------------------------- */

/* But for the first, which is the run that they are of. */
static bool are_complete(const struct ws_counterfactuals *c, const char *directory,
                         struct ws_arena *arena)
{
    for (size_t i = 1; i < c->count; i++) {
        const char *path = ws_run_path(arena, directory, c->all[i].name);
        struct ws_run_description run;
        struct ws_error ignored;
        if (!path || ws_run_read(path, arena, &run, &ignored) != WS_OK ||
            strcmp(run.state, "complete") != 0)
            return false;
    }
    return true;
}

enum ws_status ws_counterfactuals_find(const struct ws_experiment *experiment,
                                       const struct ws_human *human, uint64_t factor,
                                       const char *directory, const struct ws_allocator *allocator,
                                       struct ws_counterfactuals *out, struct ws_error *err)
{
    struct ws_arena scratch;
    uint64_t next = factor > 0 ? factor : WS_FACTOR_LAST;
    ws_arena_init(&scratch, allocator);
    enum ws_status status = ws_counterfactuals_make(experiment, human, next, allocator, out, err);
    while (status == WS_OK && factor == 0 && next > WS_FACTOR_FIRST &&
           !are_complete(out, directory, &scratch)) {
        ws_counterfactuals_release(out);
        next /= WS_FACTOR_STEP;
        status = ws_counterfactuals_make(experiment, human, next, allocator, out, err);
    }
    ws_arena_release(&scratch);
    return status;
}

uint64_t ws_counterfactuals_factor(const struct ws_counterfactuals *counterfactuals,
                                   const struct ws_policy *policy)
{
    return counterfactuals->on_populations && ws_policy_is_of_laws(policy)
               ? 0
               : counterfactuals->factor;
}

void ws_counterfactuals_release(struct ws_counterfactuals *counterfactuals)
{
    for (size_t i = 0; i < counterfactuals->count; i++)
        ws_experiment_release(&counterfactuals->all[i].experiment);
    ws_arena_release(&counterfactuals->arena);
    counterfactuals->count = 0;
}
