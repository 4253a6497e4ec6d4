/*
 * Every kind of figure, drawn from small runs and compared with pictures that were looked at
 * (tests/golden/figures): as large, and alike but for what another processor or another version of
 * a library may change.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cairo.h>
#include <cmocka.h>

#include "lab/counterfactual.h"
#include "support/running.h"
#include "view/run_figure.h"

/* Mean difference of a dot's colour, of 255. A line that moves by its own width makes about 2. */
#define TOLERANCE 0.75
#define DPI       60

enum { FACTOR = 4 }; /* of the items without a statistical error */

#define DISCRETE                                                                                   \
    "family: discrete\nsource: zipf\ntypes: 50\nitems: 200\ntest_items: 50\n"                      \
    "policies: [replace, keep:0.25]\ngenerations: 8\nseeds: 8\n"
#define GAUSSIAN                                                                                   \
    "family: gaussian\nsource: normal\nitems: 40\nestimator: mle\n"                                \
    "policies: [replace, accumulate]\ngenerations: 12\nseeds: 8\n"
#define MIXTURE                                                                                    \
    "family: gmm\nsource: grid\nside: 2\nstd: 0.3\ncomponents: 4\nitems: 80\ntest_items: 40\n"     \
    "policies: [replace]\ncontrol: false\ngenerations: 5\nseeds: 2\n"
#define SWEEP                                                                                      \
    "family: gaussian\nsource: normal\nitems: [20, 80]\npolicies: [replace, keep:0.5]\n"           \
    "generations: 10\nseeds: 6\n"
#define TEXT                                                                                       \
    "family: ngram\norder: 2\nsource: text\nblock: 5\nitems: 40\ntest_items: 20\n"                 \
    "fresh_items: 40\npolicies: [replace]\ngenerations: 4\nseeds: 2\n"

#define ERRORS                                                                                     \
    "family: gmm\ncomponents: 2\nsource: blobs\nblobs: 3\nitems: 40\ntest_items: 40\n"             \
    "policies: [replace, keep:0.5]\ncontrol: false\ngenerations: 4\nseeds: 10\n"

struct picture {
    const char *name;
    const char *experiment;
    enum ws_figure_kind kind;
};

static const struct picture pictures[] = {
    {"metric", DISCRETE, WS_FIGURE_OF_METRIC},
    {"metric-panels", GAUSSIAN, WS_FIGURE_OF_METRIC},
    {"multiples", SWEEP, WS_FIGURE_OF_MULTIPLES},
    {"density", GAUSSIAN, WS_FIGURE_OF_DISTRIBUTION},
    {"scatter", MIXTURE, WS_FIGURE_OF_DISTRIBUTION},
    {"symbols", DISCRETE, WS_FIGURE_OF_DISTRIBUTION},
    {"survival", DISCRETE, WS_FIGURE_OF_SURVIVAL},
    {"zipf", TEXT, WS_FIGURE_OF_ZIPF},
    {"perplexity", TEXT, WS_FIGURE_OF_PERPLEXITY},
    {"profile", GAUSSIAN, WS_FIGURE_OF_PROFILE},
    {"theory", GAUSSIAN, WS_FIGURE_OF_THEORY},
};
enum { PICTURES = sizeof pictures / sizeof *pictures };

/* Runs ----------------------------------------------------------------------------------------- */

static void make_run(const char *experiment, struct laboratory *lab, struct place *place)
{
    struct ws_error err = {.message = ""};
    new_place(place);
    if (!laboratory_open(lab, experiment, "threads: 2\n", NULL, &err))
        fail_msg("%s", err.message);
    run_well(lab, place);
}

static void draw(const struct place *place, const struct ws_figure_settings *settings,
                 struct ws_buffer *out)
{
    const struct ws_figure_output output = {WS_FIGURE_PNG, DPI, FIGURES_MODULE};
    const char *directory = place->path;
    struct ws_error err;
    ws_buffer_init(out, NULL, SIZE_MAX);
    if (ws_run_figure_file(&directory, 1, settings, &output, out, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* Pictures ------------------------------------------------------------------------------------- */

struct source {
    struct ws_bytes bytes;
    size_t at;
};

static cairo_status_t take(void *user, unsigned char *data, unsigned size)
{
    struct source *source = user;
    if (source->bytes.size - source->at < size)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(data, source->bytes.data + source->at, size);
    source->at += size;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *decode(struct ws_bytes png)
{
    struct source source = {png, 0};
    cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(take, &source);
    assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    return surface;
}

/* Mean over dots and colours; infinite where the sizes differ. */
static double difference(struct ws_bytes a_png, struct ws_bytes b_png)
{
    cairo_surface_t *a = decode(a_png), *b = decode(b_png);
    const int width = cairo_image_surface_get_width(a), height = cairo_image_surface_get_height(a);
    const int stride = cairo_image_surface_get_stride(a);
    double sum = INFINITY;
    if (width == cairo_image_surface_get_width(b) && height == cairo_image_surface_get_height(b)) {
        const unsigned char *x = cairo_image_surface_get_data(a);
        const unsigned char *y = cairo_image_surface_get_data(b);
        sum = 0;
        for (int row = 0; row < height; row++)
            for (int i = 0; i < 4 * width; i++)
                sum += i % 4 == 3 ? 0 : abs(x[row * stride + i] - y[row * stride + i]);
    }
    cairo_surface_destroy(a);
    cairo_surface_destroy(b);
    return sum / (3.0 * width * height);
}

static const char *path_of(const char *name, struct ws_arena *arena)
{
    return ws_arena_format(arena, "%s/tests/golden/figures/%s.png", WS_SOURCE_DIR, name);
}

static void compare(const struct picture *picture, struct ws_bytes made, struct ws_arena *arena)
{
    const char *path = path_of(picture->name, arena);
    struct ws_bytes there;
    struct ws_error err;
    if (getenv("WS_MAKE_PICTURES")) { /* see tests/golden/figures/README.md */
        assert_int_equal(ws_file_replace(path, made, NULL), WS_OK);
        return;
    }
    if (ws_file_read(path, 1 << 24, arena, &there, &err) != WS_OK)
        fail_msg("%s", err.message);
    double off = difference(made, there);
    if (!(off <= TOLERANCE))
        fail_msg("%s.png differs by %.2f, %.2f at most was wanted", picture->name, off, TOLERANCE);
}

/* The runs of the laboratory's experiment without each of its errors, in a directory of their own,
 * as 'attribute --runs' makes them. */
static void run_counterfactuals(const struct laboratory *lab, const struct place *place)
{
    struct ws_counterfactuals made;
    struct ws_error err = {.message = ""};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_int_equal(
        ws_counterfactuals_make(&lab->experiment, lab->human, FACTOR, NULL, &made, &err), WS_OK);
    for (size_t i = 1; i < made.count; i++) {
        struct ws_experiment *experiment = &made.all[i].experiment;
        struct ws_run_result result;
        struct ws_human *human = NULL;
        const struct ws_run_options options = {.directory =
                                                   join(&arena, place->path, made.all[i].name)};
        if (ws_experiment_open_human(experiment, NULL, &human, &err) != WS_OK ||
            ws_run_execute(experiment, human, &options, &result, &err) != WS_OK)
            fail_msg("%s", err.message);
        ws_arena_release(&result.arena);
        ws_human_close(human);
    }
    ws_counterfactuals_release(&made);
    ws_arena_release(&arena);
}

static void test_shares_of_errors_are_as_they_were_looked_at(void **state)
{
    (void)state;
    static const struct picture picture = {"attribution", ERRORS, WS_FIGURE_OF_ATTRIBUTION};
    const char *metric = "test_nll";
    struct laboratory lab;
    struct place place, parts;
    struct ws_buffer png;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    make_run(picture.experiment, &lab, &place);
    new_place(&parts);
    run_counterfactuals(&lab, &parts);
    draw(&place,
         &(struct ws_figure_settings){.kind = picture.kind,
                                      .metrics = {&metric, 1},
                                      .counterfactuals = parts.path,
                                      .factor = FACTOR},
         &png);
    compare(&picture, ws_buffer_bytes(&png), &arena);
    ws_buffer_release(&png);
    laboratory_close(&lab);
    remove_place(&parts);
    remove_place(&place);
    ws_arena_release(&arena);
}

static void test_figures_are_as_they_were_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < PICTURES; i++) {
        struct laboratory lab;
        struct place place;
        struct ws_buffer png;
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        make_run(pictures[i].experiment, &lab, &place);
        draw(&place, &(struct ws_figure_settings){.kind = pictures[i].kind}, &png);
        compare(&pictures[i], ws_buffer_bytes(&png), &arena);
        ws_buffer_release(&png);
        laboratory_close(&lab);
        remove_place(&place);
        ws_arena_release(&arena);
    }
}

/* The comparison sees what matters: the curves of another seed. */
static void test_the_tolerance_tells_curves_apart(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_buffer first, second;
    make_run(GAUSSIAN, &lab, &place);
    draw(&place, &(struct ws_figure_settings){.kind = WS_FIGURE_OF_DISTRIBUTION, .seed = 1},
         &first);
    draw(&place, &(struct ws_figure_settings){.kind = WS_FIGURE_OF_DISTRIBUTION, .seed = 2},
         &second);
    assert_true(difference(ws_buffer_bytes(&first), ws_buffer_bytes(&first)) == 0);
    assert_true(difference(ws_buffer_bytes(&first), ws_buffer_bytes(&second)) > TOLERANCE);
    ws_buffer_release(&first);
    ws_buffer_release(&second);
    laboratory_close(&lab);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_are_as_they_were_looked_at),
        cmocka_unit_test(test_shares_of_errors_are_as_they_were_looked_at),
        cmocka_unit_test(test_the_tolerance_tells_curves_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
