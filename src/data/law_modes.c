/* Mixtures of equal round Gaussians: blobs as scikit-learn's make_blobs has them, and the grid of
 * modes that generative networks are tried on (Dumoulin et al. 2017, arXiv 1606.00704, and after).
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "data/law.h"

enum { NUMBER_SIZE = 64 /* of a coordinate's text */ };

/* ---- Any mixture ---- */

static size_t mode_of(const struct ws_law *law, double uniform)
{
    return (size_t)(uniform * (double)law->mode_count);
}

static void make(const struct ws_law *law, const double *uniforms, size_t count, double *values)
{
    size_t d = law->dimension;
    for (size_t i = 0; i < count; i++) {
        const double *mode = law->modes + mode_of(law, uniforms[i]) * d;
        for (size_t k = 0; k < d; k++)
            values[i * d + k] += mode[k];
    }
}

/* As many of one mode as of another; one more of the first where they do not share out. */
static void spread(uint64_t rank, uint64_t count, const struct ws_law *law, double *uniforms)
{
    (void)count;
    uniforms[0] = ((double)(rank % law->mode_count) + 0.5) / (double)law->mode_count;
}

static void moments(const struct ws_law *law, double *mean, double *covariance)
{
    size_t d = law->dimension;
    memset(mean, 0, d * sizeof *mean);
    memset(covariance, 0, d * d * sizeof *covariance);
    double share = 1 / (double)law->mode_count;
    for (size_t m = 0; m < law->mode_count; m++)
        for (size_t i = 0; i < d; i++)
            mean[i] += share * law->modes[m * d + i];
    for (size_t m = 0; m < law->mode_count; m++)
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++)
                covariance[i * d + j] +=
                    share * (law->modes[m * d + i] - mean[i]) * (law->modes[m * d + j] - mean[j]);
    for (size_t i = 0; i < d; i++)
        covariance[i * d + i] += law->deviation * law->deviation;
}

/* Minus half the squared distance of a mode, in deviations. */
static double exponent(const struct ws_law *law, size_t mode, const double *vector)
{
    double squares = 0;
    for (size_t i = 0; i < law->dimension; i++) {
        double step = (vector[i] - law->modes[mode * law->dimension + i]) / law->deviation;
        squares += step * step;
    }
    return -squares / 2;
}

static double log_density(const struct ws_law *law, const double *vector)
{
    double most = -INFINITY, sum = 0;
    for (size_t m = 0; m < law->mode_count; m++)
        most = fmax(most, exponent(law, m, vector));
    if (most == -INFINITY)
        return -INFINITY;
    for (size_t m = 0; m < law->mode_count; m++)
        sum += exp(exponent(law, m, vector) - most);
    return most + log(sum / (double)law->mode_count) -
           law->dimension * (log(2 * M_PI) / 2 + log(law->deviation));
}

/* ---- Blobs ---- */

/* The next of the coordinates in `*text`, which moves on; false when it is no number. */
static bool next_coordinate(const char **text, double *out)
{
    char number[NUMBER_SIZE];
    const char *start = *text + strspn(*text, " ");
    size_t size = strcspn(start, " ");
    if (size >= sizeof number)
        return false;
    memcpy(number, start, size);
    number[size] = '\0';
    *text = start + size;
    return ws_real_parse(number, out);
}

static size_t coordinates_in(const char *text)
{
    size_t count = 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        text += strcspn(text, " ");
        count++;
    }
    return count;
}

static enum ws_status check_centers(const struct ws_law_settings *settings, const char **at_fault,
                                    struct ws_error *err)
{
    const struct ws_text_list *centers = &settings->centers;
    *at_fault = "centers";
    for (size_t c = 0; c < centers->count; c++) {
        size_t wanted = coordinates_in(centers->items[0]);
        size_t there = coordinates_in(centers->items[c]);
        if (there != wanted)
            return ws_fail(err, WS_INVALID,
                           "center %zu, '%.60s', has %zu numbers, wanted %zu as the first has",
                           c + 1, centers->items[c], there, wanted);
        const char *rest = centers->items[c];
        double ignored;
        for (size_t i = 0; i < there; i++)
            if (!next_coordinate(&rest, &ignored))
                return ws_fail(err, WS_INVALID,
                               "center %zu is '%.60s', wanted numbers separated by blanks", c + 1,
                               centers->items[c]);
    }
    return WS_OK;
}

static uint32_t blob_dimension(const struct ws_law_settings *settings)
{
    if (settings->centers.count > 0)
        return (uint32_t)coordinates_in(settings->centers.items[0]);
    return (uint32_t)settings->dimension;
}

static void read_centers(const struct ws_law *law, double *modes)
{
    for (size_t c = 0; c < law->settings->centers.count; c++) {
        const char *rest = law->settings->centers.items[c];
        for (size_t i = 0; i < law->dimension; i++) {
            bool is_number = next_coordinate(&rest, &modes[c * law->dimension + i]);
            assert(is_number);
            (void)is_number;
        }
    }
}

static void draw_centers(const struct ws_law *law, uint64_t seed, double *modes)
{
    double box = law->settings->box;
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, seed, 0, 0), WS_LAW_TRUTH);
    for (size_t i = 0; i < law->mode_count * law->dimension; i++)
        modes[i] = box * (2 * ws_rng_uniform(&rng) - 1);
}

static enum ws_status open_blobs(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                                 struct ws_error *err)
{
    const struct ws_law_settings *settings = law->settings;
    bool given = settings->centers.count > 0;
    law->mode_count = given ? settings->centers.count : (size_t)settings->blobs;
    assert(law->mode_count > 0);
    double *modes = WS_ARENA_NEW(arena, double, law->mode_count * law->dimension);
    if (!modes)
        return ws_fail_memory(err, "the centers of blobs");
    if (given)
        read_centers(law, modes);
    else
        draw_centers(law, seed, modes);
    law->modes = modes;
    law->deviation = settings->std;
    law->gaussian = law->mode_count == 1;
    law->isotropic_variance = law->gaussian ? settings->std * settings->std : 0;
    return WS_OK;
}

const struct ws_law_row ws_law_blobs = {
    .name = "blobs",
    .settings = {"dimension", "std", "layout", "blobs", "box", "centers"},
    .defaults = {{"dimension", "2"}},
    .uniforms = 1,
    .check = check_centers,
    .dimension = blob_dimension,
    .open = open_blobs,
    .make = make,
    .spread = spread,
    .moments = moments,
    .log_density = log_density,
};

/* ---- The grid ---- */

static uint32_t grid_dimension(const struct ws_law_settings *settings)
{
    (void)settings;
    return 2;
}

static enum ws_status open_grid(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                                struct ws_error *err)
{
    (void)seed;
    size_t side = (size_t)law->settings->side;
    double spacing = law->settings->spacing, std = law->settings->std;
    double first = -spacing * ((double)side - 1) / 2;
    double *modes = WS_ARENA_NEW(arena, double, 2 * side * side);
    if (!modes)
        return ws_fail_memory(err, "the modes of a grid");
    for (size_t i = 0; i < side * side; i++) {
        size_t row = i / side, column = i % side;
        modes[2 * i] = first + spacing * (double)row;
        modes[2 * i + 1] = first + spacing * (double)column;
    }
    law->modes = modes;
    law->mode_count = side * side;
    law->deviation = std;
    law->gaussian = side == 1;
    return WS_OK;
}

const struct ws_law_row ws_law_grid = {
    .name = "grid",
    .settings = {"std", "side", "spacing"},
    .defaults = {{"std", "0.05"}},
    .uniforms = 1,
    .dimension = grid_dimension,
    .open = open_grid,
    .make = make,
    .moments = moments,
    .log_density = log_density,
};
