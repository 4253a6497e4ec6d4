#include "models/error_switch.h"

#include <assert.h>
#include <math.h>

struct ws_switch ws_switch_none(const char *why)
{
    return (struct ws_switch){.possible = true, .why = why};
}

struct ws_switch ws_switch_refuse(const char *why)
{
    return (struct ws_switch){.why = why};
}

void ws_switch_change(struct ws_switch *out, const char *name, const char *value)
{
    assert(out->change_count < WS_CHANGES_MOST);
    out->changes[out->change_count++] = (struct ws_change){name, value};
}

double ws_truth_mean_count(const struct ws_deal *truth)
{
    const struct ws_truth *types = ws_human_truth(truth->human);
    if (!types)
        return ws_human_mean(truth->human);
    double mean = 0;
    for (uint32_t i = 1; i < types->law.types; i++)
        mean += i * ws_truth_of(types, i);
    return mean;
}

enum ws_status ws_switch_to_holder(const struct ws_deal *truth, struct ws_arena *arena,
                                   struct ws_switch *out, struct ws_error *err)
{
    const struct ws_law *law = truth->law;
    if (law && law->gaussian) {
        *out = ws_switch_none("a Gaussian holds the truth");
        ws_switch_change(out, "family", "gaussian");
        return WS_OK;
    }
    if (!law) {
        *out = ws_switch_refuse("no family here holds the truth, which is no law of vectors");
        return WS_OK;
    }
    if (law->mode_count == 0) {
        *out =
            ws_switch_none("kernels of no width hold every law, as the items that they are given "
                           "tell it; they have no density, so metrics of samples tell");
        ws_switch_change(out, "family", "kde");
        ws_switch_change(out, "rule", "none");
        return WS_OK;
    }
    const char *components = ws_arena_format(arena, "%zu", law->mode_count);
    if (!components)
        return ws_fail_memory(err, "a switch");
    *out = ws_switch_none("a mixture of as many Gaussians as the truth has modes holds it");
    ws_switch_change(out, "family", "gmm");
    ws_switch_change(out, "components", components);
    ws_switch_change(out, "tolerance", WS_CONVERGED_TOLERANCE);
    ws_switch_change(out, "iterations", WS_CONVERGED_ITERATIONS);
    return WS_OK;
}

enum ws_status ws_fit_is_closed_form(const void *settings, const struct ws_deal *truth,
                                     struct ws_arena *arena, struct ws_switch *out,
                                     struct ws_error *err)
{
    (void)settings;
    (void)truth;
    (void)arena;
    (void)err;
    *out = ws_switch_none("the fit is a closed form");
    return WS_OK;
}
