#include "view/figure_models.h"

#include <inttypes.h>

uint64_t ws_models_seed(const struct ws_figure_request *request)
{
    return request->settings->seed > 0 ? request->settings->seed : 1;
}

static enum ws_status add_next(void *user, const struct ws_replayed *replayed,
                               struct ws_arena *scratch, struct ws_error *err)
{
    struct ws_models_figure *figure = user;
    WS_TRY(figure->add(figure, replayed, scratch, err));
    figure->g++;
    return WS_OK;
}

enum ws_status ws_models_visit(struct ws_models_figure *figure, uint64_t items,
                               struct ws_error *err)
{
    const struct ws_run_description *run = &figure->request->runs[0].description;
    const struct ws_replay_visitor visitor = {add_next, figure};
    const uint64_t seed = ws_models_seed(figure->request);
    if (seed > run->seeds)
        return ws_fail(err, WS_INVALID, "--seed is %" PRIu64 ", the run has seeds 1 to %" PRIu64,
                       seed, run->seeds);
    for (size_t a = 0; a < run->arm_count; a++) {
        figure->arm = &run->arms[a];
        figure->g = 0;
        if (ws_arm_is_shown(figure->request, figure->arm))
            WS_TRY(ws_replay_chain(figure->replay, figure->arm->name, seed,
                                   figure->generations.items, figure->generations.count, items,
                                   &visitor, err));
    }
    return WS_OK;
}

const char *ws_models_caption(const struct ws_models_figure *figure, const char *what)
{
    return ws_arena_format(
        figure->request->arena, "Seed %" PRIu64 ". %s%s", ws_models_seed(figure->request), what,
        figure->replay->same_machine ? ""
                                     : " Made again on another kind of machine than the run's.");
}
