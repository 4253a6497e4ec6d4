/*
 * Types and how often models make them: which survive by their frequency rank, Zipf's plot, and the
 * shares of symbols.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/figure_models.h"

enum {
    GENERATIONS = 5,
    RANKS_PER_DECADE = 20,
    LEAST_BIN = 10, /* of types whose survival is counted */
    BINS_MOST = 160,
    FEW_TYPES = 40, /* each is shown by itself */
};

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

/* What a kind adds for a sample. */
struct types_figure {
    const char *x, *y; /* labels */
    bool percent, log_y;
    enum ws_status (*add)(struct ws_models_figure *figure, const struct ws_chain *chain,
                          const struct ws_payload *counts, const struct ws_series *like,
                          struct ws_arena *scratch, struct ws_error *err);
};

static struct ws_panel *panel_at_hand(const struct ws_models_figure *figure)
{
    return &figure->panels[figure->panel_count - 1];
}

/* As is usual of the kind, unless it is asked for otherwise. */
static bool is_log_y(const struct ws_figure_request *request, bool usual)
{
    const enum ws_axis_choice asked = request->settings->y;
    return asked == WS_AXIS_AUTO ? usual : asked == WS_AXIS_LOG;
}

static enum ws_status count_types(const struct ws_payload *sample, struct ws_arena *arena,
                                  struct ws_payload *out, struct ws_error *err)
{
    struct ws_dataset dataset;
    const struct ws_origin origin = {WS_SOURCE_UNKNOWN, 0, 0};
    if (sample->kind == WS_DATA_COUNTS) {
        *out = *sample;
        return WS_OK;
    }
    WS_TRY(ws_dataset_of(sample, origin, arena, &dataset, err));
    return ws_dataset_type_counts(&dataset, arena, out, err);
}

/* A panel for each arm, a series for each generation, and the human sample that has as many items.
 */
static enum ws_status add_sample(struct ws_models_figure *figure,
                                 const struct ws_replayed *replayed, struct ws_arena *scratch,
                                 struct ws_error *err)
{
    const struct types_figure *kind = figure->user;
    const struct ws_figure_request *request = figure->request;
    struct ws_payload counts;
    if (figure->g == 0) {
        struct ws_panel *panel = &figure->panels[figure->panel_count++];
        WS_TRY(ws_panel_open(panel, figure->generations.count + 1, request->arena, err));
        panel->title = figure->arm->name;
        panel->x =
            (struct ws_axis){.label = kind->x, .log = request->settings->x != WS_AXIS_LINEAR};
        panel->y = (struct ws_axis){
            .label = kind->y, .percent = kind->percent, .log = is_log_y(request, kind->log_y)};
    }
    WS_TRY(count_types(replayed->sample, scratch, &counts, err));
    ws_extent_add(&figure->n, counts.count);
    const struct ws_series like = {
        .label = ws_generation_label(request, replayed->generation),
        .look = WS_LOOK_RAMP,
        .shade = ws_generation_shade(figure->g, figure->generations.count),
    };
    WS_TRY(kind->add(figure, replayed->chain, &counts, &like, scratch, err));
    const struct ws_series human = {.label = "human sample", .look = WS_LOOK_INK, .dashed = true};
    const struct ws_payload *sample = &replayed->chain->reference.human_sample;
    if (figure->g + 1 < figure->generations.count || sample->count == 0)
        return WS_OK;
    return kind->add(figure, replayed->chain, sample, &human, scratch, err);
}

/* Zipf ----------------------------------------------------------------------------------------- */

static int descending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

/* Ranks from 1 to `last`, at most RANKS_PER_DECADE to a power of ten. Returns how many. */
static size_t spaced_ranks(size_t last, size_t *ranks, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; count < most; i++) {
        size_t rank = (size_t)llround(pow(10, (double)i / RANKS_PER_DECADE));
        if (rank >= last)
            break;
        if (count == 0 || rank > ranks[count - 1])
            ranks[count++] = rank;
    }
    if (count < most && last > 0)
        ranks[count++] = last;
    return count;
}

static enum ws_status add_zipf(struct ws_models_figure *figure, const struct ws_chain *chain,
                               const struct ws_payload *counts, const struct ws_series *like,
                               struct ws_arena *scratch, struct ws_error *err)
{
    (void)chain;
    size_t ranks[10 * RANKS_PER_DECADE + 2];
    const size_t size = counts->counts.size;
    uint64_t *sorted =
        ws_arena_copy(scratch, counts->counts.count, size * sizeof *counts->counts.count);
    if (!sorted)
        return no_memory(err);
    qsort(sorted, size, sizeof *sorted, descending);
    struct ws_series line = *like;
    line.mark = WS_MARK_LINE;
    line.count = spaced_ranks(size, ranks, sizeof ranks / sizeof *ranks);
    struct ws_values values = ws_panel_add(panel_at_hand(figure), &line, figure->request->arena);
    if (!values.x)
        return no_memory(err);
    for (size_t i = 0; i < line.count; i++) {
        values.x[i] = (double)ranks[i];
        values.y[i] = (double)sorted[ranks[i] - 1] / (double)counts->count;
    }
    return WS_OK;
}

/* Survival ------------------------------------------------------------------------------------- */

/* A type of the original data. */
struct ranked {
    uint32_t type;
    uint64_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->type > y->type) - (x->type < y->type);
}

static bool has_type(const struct ws_payload *counts, uint32_t type)
{
    size_t low = 0, high = counts->counts.size;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (counts->counts.type[middle] < type)
            low = middle + 1;
        else
            high = middle;
    }
    return low < counts->counts.size && counts->counts.type[low] == type;
}

/* First ranks (from 1) of bins of `least` or more, and a fifth as wide as their rank; the last edge
 * is beyond all. */
static size_t bin_edges(size_t ranks, size_t least, size_t edges[BINS_MOST + 1])
{
    size_t count = 0;
    for (size_t edge = 1; edge <= ranks && count < BINS_MOST; count++) {
        edges[count] = edge;
        edge += edge / 5 > least ? edge / 5 : least;
    }
    /* What is left at the end is no bin of its own where it is a rest. */
    if (count > 1 && ranks + 1 - edges[count - 1] < (edges[count - 1] - edges[count - 2]) / 2)
        count--;
    edges[count] = ranks + 1;
    return count;
}

static enum ws_status add_survival(struct ws_models_figure *figure, const struct ws_chain *chain,
                                   const struct ws_payload *counts, const struct ws_series *like,
                                   struct ws_arena *scratch, struct ws_error *err)
{
    const struct ws_payload *original = &chain->reference.original;
    const size_t types = original->counts.size;
    size_t edges[BINS_MOST + 1];
    struct ranked *ranked = WS_ARENA_NEW(scratch, struct ranked, types + 1);
    if (!ranked)
        return no_memory(err);
    for (size_t i = 0; i < types; i++)
        ranked[i] = (struct ranked){original->counts.type[i], original->counts.count[i]};
    qsort(ranked, types, sizeof *ranked, by_count);
    const size_t bins = bin_edges(types, LEAST_BIN, edges);
    struct ws_series steps = *like;
    steps.mark = WS_MARK_STEPS;
    steps.count = bins + 1;
    struct ws_values values = ws_panel_add(panel_at_hand(figure), &steps, figure->request->arena);
    if (!values.x)
        return no_memory(err);
    for (size_t b = 0; b < bins; b++) {
        size_t kept = 0;
        for (size_t rank = edges[b]; rank < edges[b + 1]; rank++)
            kept += has_type(counts, ranked[rank - 1].type);
        values.x[b] = (double)edges[b];
        values.y[b] = (double)kept / (double)(edges[b + 1] - edges[b]);
    }
    values.x[bins] = (double)edges[bins];
    values.y[bins] = NAN;
    return WS_OK;
}

/* Shares of symbols ---------------------------------------------------------------------------- */

static uint64_t count_between(const struct ws_payload *counts, uint64_t from, uint64_t to)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < counts->counts.size; i++)
        if (counts->counts.type[i] >= from && counts->counts.type[i] < to)
            sum += counts->counts.count[i];
    return sum;
}

static enum ws_status add_shares(struct ws_models_figure *figure, const struct ws_chain *chain,
                                 const struct ws_payload *counts, const struct ws_series *like,
                                 struct ws_arena *scratch, struct ws_error *err)
{
    (void)scratch;
    struct ws_panel *panel = panel_at_hand(figure);
    const size_t types = chain->reference.original.types;
    const double n = (double)counts->count;
    size_t edges[BINS_MOST + 1];
    const bool few = types <= FEW_TYPES;
    const size_t bins = few ? types : bin_edges(types, 1, edges);
    struct ws_series series = *like;
    series.mark = few ? WS_MARK_LINE : WS_MARK_STEPS;
    series.count = few ? types : bins + 1;
    struct ws_values values = ws_panel_add(panel, &series, figure->request->arena);
    if (!values.x)
        return no_memory(err);
    if (few)
        panel->x = (struct ws_axis){.label = "symbol", .whole = true};
    panel->y.log = is_log_y(figure->request, !few);
    panel->y.percent = few;
    for (size_t b = 0; b < bins; b++) {
        uint64_t from = few ? b : edges[b] - 1, to = few ? b + 1 : edges[b + 1] - 1;
        uint64_t count = count_between(counts, from, to);
        values.x[b] = few ? (double)b : (double)edges[b];
        values.y[b] = few || count > 0 ? (double)count / n / (double)(to - from) : NAN;
    }
    if (!few) {
        values.x[bins] = (double)edges[bins];
        values.y[bins] = NAN;
    }
    return WS_OK;
}

/* Figures -------------------------------------------------------------------------------------- */

static enum ws_status make(const struct ws_figure_request *request, const struct ws_replay *replay,
                           const struct types_figure *kind, const char *what, struct ws_figure *out,
                           struct ws_error *err)
{
    struct ws_models_figure figure = {
        .request = request,
        .replay = replay,
        .panels =
            WS_ARENA_NEW(request->arena, struct ws_panel, request->runs[0].description.arm_count),
        .n = WS_EXTENT_OF_NONE,
        .user = (void *)kind,
        .add = add_sample,
    };
    if (!figure.panels)
        return no_memory(err);
    WS_TRY(ws_generations_of_run(request, GENERATIONS, &figure.generations, err));
    WS_TRY(ws_models_visit(&figure, 0, err));
    ws_panels_share_y(figure.panels, figure.panel_count);
    const char *n = ws_extent_text(&figure.n, request->arena);
    if (!n)
        return no_memory(err);
    *out = (struct ws_figure){
        .caption = ws_models_caption(
            &figure, ws_arena_format(request->arena, "%s Each sample: n = %s.", what, n)),
        .width = figure.panel_count > 1 ? WS_FIGURE_PAGE : WS_FIGURE_COLUMN,
        .panel_height = 0.8,
        .panels = figure.panels,
        .panel_count = figure.panel_count,
    };
    return out->caption ? WS_OK : no_memory(err);
}

static enum ws_status make_of_run(const struct ws_figure_request *request,
                                  const struct types_figure *kind, const char *what,
                                  struct ws_figure *out, struct ws_error *err)
{
    struct ws_replay replay;
    const struct ws_shown_run *run = &request->runs[0];
    WS_TRY(ws_replay_open(run->directory, &run->description, &replay, err));
    enum ws_status status =
        ws_human_shape(replay.human)->kind == WS_DATA_VECTORS
            ? ws_fail(err, WS_UNSUPPORTED,
                      "vectors have no types: '--kind distribution' is for them")
            : make(request, &replay, kind, what, out, err);
    ws_replay_close(&replay);
    return status;
}

enum ws_status ws_figure_of_zipf(const struct ws_figure_request *request, struct ws_figure *out,
                                 struct ws_error *err)
{
    static const struct types_figure zipf = {.x = "rank of the type in the sample",
                                             .y = "share of the sample",
                                             .log_y = true,
                                             .add = add_zipf};
    return make_of_run(request, &zipf, "Types by their rank in samples of the models.", out, err);
}

enum ws_status ws_figure_of_survival(const struct ws_figure_request *request, struct ws_figure *out,
                                     struct ws_error *err)
{
    static const struct types_figure survival = {.x = "rank of the type in the training data",
                                                 .y = "types that are still made",
                                                 .percent = true,
                                                 .add = add_survival};
    return make_of_run(request, &survival,
                       "Of the types of the human training data, by their frequency rank in "
                       "it, those that a sample of the model has.",
                       out, err);
}

enum ws_status ws_figure_of_symbols_with(const struct ws_figure_request *request,
                                         const struct ws_replay *replay, struct ws_figure *out,
                                         struct ws_error *err)
{
    static const struct types_figure shares = {
        .x = "symbol", .y = "share of the sample", .log_y = true, .add = add_shares};
    return make(request, replay, &shares,
                "Shares of symbols in samples of the models; of many, means over neighbours.", out,
                err);
}
