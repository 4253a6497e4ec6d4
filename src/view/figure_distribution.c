/*
 * What models make by generation, whatever it is.
 */
#include "view/figure_models.h"

static enum ws_status make(const struct ws_figure_request *request, const struct ws_replay *replay,
                           struct ws_figure *out, struct ws_error *err)
{
    switch (ws_human_shape(replay->human)->kind) {
    case WS_DATA_VECTORS:
        return ws_figure_of_vectors_with(request, replay, out, err);
    case WS_DATA_SYMBOLS:
    case WS_DATA_COUNTS:
        return ws_figure_of_symbols_with(request, replay, out, err);
    default:
        return ws_fail(err, WS_UNSUPPORTED,
                       "texts have no distribution to draw: '--kind zipf' and '--kind survival' "
                       "show that of their words");
    }
}

enum ws_status ws_figure_of_distribution(const struct ws_figure_request *request,
                                         struct ws_figure *out, struct ws_error *err)
{
    struct ws_replay replay;
    const struct ws_shown_run *run = &request->runs[0];
    WS_TRY(ws_replay_open(run->directory, &run->description, &replay, err));
    enum ws_status status = make(request, &replay, out, err);
    ws_replay_close(&replay);
    return status;
}
