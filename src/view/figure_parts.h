/*
 * What the kinds of figures share: the runs that are asked for, curves of theirs that may stand on
 * one axis, and series and texts that are filled piece by piece.
 */
#ifndef WS_VIEW_FIGURE_PARTS_H
#define WS_VIEW_FIGURE_PARTS_H

#include "lab/results.h"
#include "view/headline.h"
#include "view/run_figure.h"

/* A run of a request. */
struct ws_shown_run {
    const char *directory;
    const char *name; /* for legends and titles: unlike the others' */
    struct ws_run_description description;
    struct ws_results results;
};

struct ws_figure_request {
    const struct ws_figure_settings *settings;
    const struct ws_shown_run *runs;
    size_t run_count;
    struct ws_arena *arena;
};

/* Kinds, each in a file of its own. */
typedef enum ws_status ws_figure_maker(const struct ws_figure_request *request,
                                       struct ws_figure *out, struct ws_error *err);
ws_figure_maker ws_figure_of_metric, ws_figure_of_multiples, ws_figure_of_distribution,
    ws_figure_of_perplexity, ws_figure_of_survival, ws_figure_of_zipf, ws_figure_of_attribution,
    ws_figure_of_profile, ws_figure_of_theory;

/* Whether the arm is asked for, by its name or its policy. */
bool ws_arm_is_shown(const struct ws_figure_request *request, const struct ws_run_arm *arm);

/* The look of arm number `a` of a run: the control is ink, the first where settings vary. */
int ws_arm_look(const struct ws_run_description *run, size_t a);
bool ws_arm_is_control(const struct ws_run_arm *arm);

/* Which of the `count` generations that were measured, ascending, are asked for; else `most` or
 * fewer, evenly from the first to the last. */
struct ws_generations {
    uint32_t *items;
    size_t count;
};
WS_MUST_CHECK enum ws_status ws_generations_asked(const struct ws_figure_request *request,
                                                  const uint32_t *measured, size_t count,
                                                  size_t most, struct ws_generations *out,
                                                  struct ws_error *err);
/* Those of the run: from 0 on. */
WS_MUST_CHECK enum ws_status ws_generations_of_run(const struct ws_figure_request *request,
                                                   size_t most, struct ws_generations *out,
                                                   struct ws_error *err);
/* How dark number `i` of `count` is, and what a legend calls generation `g`. */
double ws_generation_shade(size_t i, size_t count);
const char *ws_generation_label(const struct ws_figure_request *request, uint32_t g);

/* Panels under construction ------------------------------------------------------------------- */

/* A panel with room for `series_most` series. */
WS_MUST_CHECK enum ws_status ws_panel_open(struct ws_panel *panel, size_t series_most,
                                           struct ws_arena *arena, struct ws_error *err);
/* The next series of it: `like` with values of its own, `like->count` of them, to be filled in. x
 * is NULL when memory is out. */
struct ws_values {
    double *x, *y, *y2;
};
struct ws_values ws_panel_add(struct ws_panel *panel, const struct ws_series *like,
                              struct ws_arena *arena);

/* Whether numbers are best shown on a logarithmic axis: all above 0, over two powers of ten. NaN
 * and infinite ones do not count. */
struct ws_spread {
    double low, high;
};
void ws_spread_add(struct ws_spread *spread, double value); /* starts as {INFINITY, -INFINITY} */
bool ws_axis_is_log(enum ws_axis_choice choice, struct ws_spread spread);

/* One vertical scale for all panels, so that a glance compares them; logarithmic where one of them
 * is and all numbers are above 0. */
void ws_panels_share_y(struct ws_panel *panels, size_t count);

/* "12,345" */
enum { WS_COUNT_TEXT_SIZE = 32 };
void ws_count_text(uint64_t count, char out[WS_COUNT_TEXT_SIZE]);

/* The least and the most of something that captions tell. */
struct ws_extent {
    uint64_t least, most;
};
#define WS_EXTENT_OF_NONE                                                                          \
    {                                                                                              \
        UINT64_MAX, 0                                                                              \
    }
void ws_extent_add(struct ws_extent *extent, uint64_t value);
void ws_extent_add_sizes(struct ws_extent *extent, const struct ws_curve *curve); /* NULL: none */
/* "100", "20 to 400", or "not known" */
void ws_extent_print(const struct ws_extent *extent, struct ws_buffer *out);
const char *ws_extent_text(const struct ws_extent *extent, struct ws_arena *arena);

/* Curves over generations ---------------------------------------------------------------------- */

struct ws_shown_curve {
    const struct ws_curve *curve;
    const struct ws_shown_run *run;
    const struct ws_run_arm *arm;
    const char *tokens;
    const char *label; /* in a legend */
    int look;
    size_t group; /* curves of one group may share an axis */
};

struct ws_shown_curves {
    struct ws_shown_curve *items;
    size_t count;
    size_t group_count;
};

/* The metric of every arm that is asked for, run by run; `policies`: labels and looks are those of
 * policies, whatever is varied. WS_NOT_FOUND: no run has it, and which one is probably meant. */
WS_MUST_CHECK enum ws_status ws_curves_find(const struct ws_figure_request *request,
                                            const char *metric, bool policies,
                                            struct ws_shown_curves *out, struct ws_error *err);

/* A panel of curves of one group, maybe picked from all: the noise floor, bands, lines. */
WS_MUST_CHECK enum ws_status ws_curves_panel(const struct ws_figure_request *request,
                                             const struct ws_shown_curve *const *curves,
                                             size_t count, struct ws_panel *out,
                                             struct ws_error *err);

/* "rare words (human = 100 %)", or the metric's name. */
const char *ws_metric_label(const char *family, const char *metric, struct ws_arena *arena);

/* "rare_kept (rare2.reference.ratio/1): n = 250,000. Median and ...", of `count` metrics. */
const char *ws_curves_caption(const struct ws_figure_request *request,
                              const struct ws_shown_curves *curves, size_t count);

/* Which metrics are asked for, or the first headline that a run has. */
WS_MUST_CHECK enum ws_status ws_metrics_asked(const struct ws_figure_request *request,
                                              struct ws_text_list *out, struct ws_error *err);

#endif
