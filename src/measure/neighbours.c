#include "measure/neighbours.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "compute/compute.h"

/* A tile of products stays in the cache while it is looked at. Lanes are looked at together. */
enum { TILE_ROWS = 512, TILE_COLUMNS = 256, LANES = 32 };

/* Of each row, those that may be among its k nearest. */
enum { CANDIDATES = 4 * WS_NEIGHBOURS_MOST };

/* Products ------------------------------------------------------------------------------------- */

/*
 * A cloud in f32, about a common centre and in a common unit: that moves no neighbours, and keeps
 * rounding small. For a row x and a column w, y = x w - |w|^2 / 2, so that the nearer w, the larger
 * y: |x - w|^2 = |x|^2 - 2 y.
 */
struct floats {
    float *x;       /* (count rounded up to LANES, dimension), zeros behind the last */
    double *square; /* (count) |x|^2 of what the floats were rounded from */
    float *bias;    /* (the same count) -|x|^2 / 2; -infinity behind the last */
    double longest; /* the largest |x| */
    size_t count, room;
};

static const double LARGEST = 1e150;

struct unit {
    const double *centre;
    double scale; /* a power of two: exact */
};

static enum ws_status unit_of(const struct ws_cloud *clouds, size_t cloud_count,
                              struct ws_arena *scratch, struct unit *out, struct ws_error *err)
{
    size_t dimension = clouds[0].dimension, total = 0;
    double *centre = WS_ARENA_ZNEW(scratch, double, dimension);
    if (!centre)
        return ws_fail_memory(err, "neighbours");
    for (size_t c = 0; c < cloud_count; c++)
        total += clouds[c].count;
    for (size_t c = 0; c < cloud_count; c++)
        for (size_t i = 0; i < clouds[c].count; i++)
            for (size_t d = 0; d < dimension; d++)
                centre[d] += clouds[c].vectors[i * dimension + d] / (double)total;
    double largest = 0;
    for (size_t c = 0; c < cloud_count; c++)
        for (size_t i = 0; i < clouds[c].count; i++)
            for (size_t d = 0; d < dimension; d++)
                largest = fmax(largest, fabs(clouds[c].vectors[i * dimension + d] - centre[d]));
    if (!(largest < LARGEST))
        return ws_fail(err, WS_NUMERIC,
                       "vectors reach %g from their mean: squares of more than %g "
                       "do not fit",
                       largest, LARGEST);
    int exponent = 0;
    (void)frexp(fmax(largest, 1 / LARGEST), &exponent);
    *out = (struct unit){centre, ldexp(1, -exponent)};
    return WS_OK;
}

static enum ws_status floats_of(const struct ws_cloud *cloud, const struct unit *unit,
                                struct ws_arena *scratch, struct floats *out, struct ws_error *err)
{
    size_t dimension = cloud->dimension;
    size_t room = (cloud->count + LANES - 1) / LANES * LANES;
    *out = (struct floats){.x = WS_ARENA_ZNEW(scratch, float, room *dimension),
                           .square = WS_ARENA_NEW(scratch, double, cloud->count),
                           .bias = WS_ARENA_NEW(scratch, float, room),
                           .count = cloud->count,
                           .room = room};
    if (!out->x || !out->square || !out->bias)
        return ws_fail_memory(err, "neighbours");
    for (size_t i = 0; i < room; i++)
        out->bias[i] = -INFINITY;
    for (size_t i = 0; i < cloud->count; i++) {
        double square = 0;
        for (size_t d = 0; d < dimension; d++) {
            double x = (cloud->vectors[i * dimension + d] - unit->centre[d]) * unit->scale;
            out->x[i * dimension + d] = (float)x;
            square += x * x;
        }
        out->square[i] = square;
        out->bias[i] = (float)(-square / 2);
        out->longest = fmax(out->longest, sqrt(square));
    }
    return WS_OK;
}

/* How far a y may be from what exact arithmetic gives: inputs, d products and sums in any order and
 * the bias, each rounded by 2^-24 of at most |x| |w| + |w|^2 / 2. Twice what analysis needs, and
 * what is lost below the smallest float. */
static double rounding_of(double x, double longest, size_t dimension)
{
    return 2 * ((double)dimension + 8) * (FLT_EPSILON / 2) * (x * longest + longest * longest / 2) +
           ((double)dimension + 8) * FLT_MIN;
}

static double exact_square(const struct ws_cloud *a, size_t i, const struct ws_cloud *b, size_t j)
{
    const double *x = a->vectors + i * a->dimension, *y = b->vectors + j * b->dimension;
    double sum = 0;
    for (size_t d = 0; d < a->dimension; d++)
        sum += (x[d] - y[d]) * (x[d] - y[d]);
    return sum;
}

/* Tiles ---------------------------------------------------------------------------------------- */

/* Rows are cut in pieces of TILE_ROWS. A worker has a device of one thread, a tile, and what it
 * found out about columns. */
struct worker {
    struct ws_device *device;
    float *tile; /* (TILE_ROWS, TILE_COLUMNS) */
    void *own;
};

struct tiling {
    const struct floats *rows, *columns;
    size_t dimension;
    struct worker *workers;
    unsigned worker_count;
    size_t pieces;
    void (*begin)(void *user, struct worker *worker, size_t first, size_t rows);
    /* y (rows, columns): columns at first_column, as many as a multiple of LANES. */
    void (*look)(void *user, struct worker *worker, const float *y, size_t first, size_t rows,
                 size_t first_column, size_t columns);
    void (*end)(void *user, struct worker *worker, size_t first, size_t rows);
    void *user;
};

static void take_piece(const struct tiling *t, struct worker *worker, size_t piece)
{
    size_t first = piece * TILE_ROWS;
    size_t rows = t->rows->count - first < TILE_ROWS ? t->rows->count - first : TILE_ROWS;
    t->begin(t->user, worker, first, rows);
    for (size_t c = 0; c < t->columns->room; c += TILE_COLUMNS) {
        size_t columns = t->columns->room - c < TILE_COLUMNS ? t->columns->room - c : TILE_COLUMNS;
        const struct ws_linear product = {.rows = rows,
                                          .in = t->dimension,
                                          .out = columns,
                                          .weight = t->columns->x + c * t->dimension,
                                          .bias = t->columns->bias + c};
        worker->device->ops->linear(worker->device, worker->tile, t->rows->x + first * t->dimension,
                                    &product);
        t->look(t->user, worker, worker->tile, first, rows, c, columns);
    }
    t->end(t->user, worker, first, rows);
}

/* Each worker takes every worker_count-th piece: what it writes of rows is its own. */
static void take_pieces(void *context, size_t number)
{
    const struct tiling *t = context;
    for (size_t piece = number; piece < t->pieces; piece += t->worker_count)
        take_piece(t, &t->workers[number], piece);
}

static enum ws_status open_worker(struct worker *worker, struct ws_arena *scratch,
                                  struct ws_error *err)
{
    worker->tile = WS_ARENA_NEW(scratch, float, (size_t)TILE_ROWS *TILE_COLUMNS);
    if (!worker->tile)
        return ws_fail_memory(err, "neighbours");
    return ws_cpu_open(WS_CPU_FAST, 1, scratch->allocator, &worker->device, err);
}

static enum ws_status run_workers(struct tiling *t, struct ws_arena *scratch, struct ws_error *err)
{
    struct ws_pool *pool;
    WS_TRY(ws_pool_new(t->worker_count, scratch->allocator, &pool, err));
    ws_pool_run(pool, t->worker_count, take_pieces, t);
    ws_pool_free(pool);
    for (unsigned w = 0; w < t->worker_count; w++)
        WS_TRY(t->workers[w].device->ops->check(t->workers[w].device, err));
    return WS_OK;
}

static unsigned worker_count_for(size_t rows, unsigned threads)
{
    size_t pieces = (rows + TILE_ROWS - 1) / TILE_ROWS;
    return pieces < threads ? (unsigned)pieces : threads;
}

/* t->workers and t->worker_count are set, with what is the workers' own. */
static enum ws_status run_tiles(struct tiling *t, struct ws_arena *scratch, struct ws_error *err)
{
    enum ws_status status = WS_OK;
    t->pieces = (t->rows->count + TILE_ROWS - 1) / TILE_ROWS;
    for (unsigned w = 0; w < t->worker_count && status == WS_OK; w++)
        status = open_worker(&t->workers[w], scratch, err);
    if (status == WS_OK)
        status = run_workers(t, scratch, err);
    for (unsigned w = 0; w < t->worker_count; w++)
        if (t->workers[w].device)
            t->workers[w].device->ops->close(t->workers[w].device);
    return status;
}

/* The k-th nearest ---------------------------------------------------------------------------- */

struct nearest {
    const struct ws_cloud *cloud;
    const struct floats *floats;
    size_t k;
    double *out;
};

/* Of one row: every column whose y is at least `threshold`, which rises as columns come. */
struct shortlist {
    float y[CANDIDATES];
    uint32_t column[CANDIDATES];
    size_t count;
    float
        threshold; /* the k-th largest y so far, less what rounding may have done to two of them */
    bool crowded;  /* more of them than there is room: left to doubles */
};

/* The k-th largest, of `count` >= k. */
static float kth_largest(const float *y, size_t count, size_t k)
{
    float best[WS_NEIGHBOURS_MOST] = {0}; /* descending */
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == k && y[i] <= best[k - 1])
            continue;
        size_t at = kept < k ? kept++ : k - 1;
        for (; at > 0 && best[at - 1] < y[i]; at--)
            best[at] = best[at - 1];
        best[at] = y[i];
    }
    return best[k - 1];
}

static void shorten(struct shortlist *list, size_t k, float slack)
{
    size_t kept = 0;
    list->threshold = kth_largest(list->y, list->count, k) - slack;
    for (size_t i = 0; i < list->count; i++)
        if (list->y[i] >= list->threshold) {
            list->y[kept] = list->y[i];
            list->column[kept++] = list->column[i];
        }
    list->count = kept;
}

static void add_candidate(struct shortlist *list, float y, size_t column, size_t k, float slack)
{
    if (list->count == CANDIDATES)
        shorten(list, k, slack);
    if (list->count == CANDIDATES) {
        list->crowded = true;
        list->threshold = INFINITY;
    }
    if (y < list->threshold || list->crowded)
        return;
    list->y[list->count] = y;
    list->column[list->count++] = (uint32_t)column;
}

static void begin_nearest(void *user, struct worker *worker, size_t first, size_t rows)
{
    struct shortlist *lists = worker->own;
    (void)user;
    (void)first;
    for (size_t r = 0; r < rows; r++) {
        lists[r].count = 0;
        lists[r].threshold = -FLT_MAX;
        lists[r].crowded = false;
    }
}

static float slack_of(const struct nearest *n, size_t row)
{
    double rounding =
        rounding_of(sqrt(n->floats->square[row]), n->floats->longest, n->cloud->dimension);
    return (float)(2 * rounding * (1 + FLT_EPSILON));
}

static void look_for_nearest(void *user, struct worker *worker, const float *tile, size_t first,
                             size_t rows, size_t first_column, size_t columns)
{
    const struct nearest *n = user;
    struct shortlist *lists = worker->own;
    for (size_t r = 0; r < rows; r++) {
        struct shortlist *list = &lists[r];
        const float *y = tile + r * columns;
        float slack = slack_of(n, first + r);
        for (size_t c = 0; c < columns; c += LANES) {
            unsigned any = 0;
            float threshold = list->threshold;
            for (size_t l = 0; l < LANES; l++)
                any |= y[c + l] >= threshold;
            for (size_t l = 0; any && l < LANES; l++)
                if (y[c + l] >= list->threshold && first_column + c + l != first + r)
                    add_candidate(list, y[c + l], first_column + c + l, n->k, slack);
            if (any && list->count > CANDIDATES / 2)
                shorten(list, n->k, slack);
        }
    }
}

static void keep_smallest(double *smallest, size_t *kept, size_t k, double value)
{
    if (*kept == k && value >= smallest[k - 1])
        return;
    size_t at = *kept < k ? (*kept)++ : k - 1;
    for (; at > 0 && smallest[at - 1] > value; at--)
        smallest[at] = smallest[at - 1];
    smallest[at] = value;
}

static double exact_distance(const struct nearest *n, const struct shortlist *list, size_t row)
{
    double smallest[WS_NEIGHBOURS_MOST] = {0};
    size_t kept = 0;
    bool all = list->crowded || list->count < n->k;
    size_t count = all ? n->cloud->count : list->count;
    for (size_t i = 0; i < count; i++) {
        size_t column = all ? i : list->column[i];
        if (column != row)
            keep_smallest(smallest, &kept, n->k, exact_square(n->cloud, row, n->cloud, column));
    }
    return smallest[n->k - 1];
}

static void end_nearest(void *user, struct worker *worker, size_t first, size_t rows)
{
    const struct nearest *n = user;
    struct shortlist *lists = worker->own;
    for (size_t r = 0; r < rows; r++) {
        if (!lists[r].crowded && lists[r].count >= n->k)
            shorten(&lists[r], n->k, slack_of(n, first + r));
        n->out[first + r] = exact_distance(n, &lists[r], first + r);
    }
}

enum ws_status ws_neighbour_distances(const struct ws_cloud *cloud, size_t k, unsigned threads,
                                      struct ws_arena *scratch, double *out, struct ws_error *err)
{
    struct unit unit;
    struct floats floats;
    if (k < 1 || k > WS_NEIGHBOURS_MOST)
        return ws_fail(err, WS_INVALID, "neighbour %zu is asked for: 1 to %d can be", k,
                       WS_NEIGHBOURS_MOST);
    if (cloud->count < k + 1)
        return ws_fail(err, WS_INVALID, "%zu vectors have no %zu neighbours: %zu at least",
                       cloud->count, k, k + 1);
    struct nearest n = {cloud, &floats, k, out};
    struct tiling t = {.rows = &floats,
                       .columns = &floats,
                       .dimension = cloud->dimension,
                       .worker_count = worker_count_for(cloud->count, threads),
                       .begin = begin_nearest,
                       .look = look_for_nearest,
                       .end = end_nearest,
                       .user = &n};
    WS_TRY(unit_of(cloud, 1, scratch, &unit, err));
    WS_TRY(floats_of(cloud, &unit, scratch, &floats, err));
    t.workers = WS_ARENA_ZNEW(scratch, struct worker, t.worker_count);
    if (!t.workers)
        return ws_fail_memory(err, "neighbours");
    for (unsigned w = 0; w < t.worker_count; w++)
        if (!(t.workers[w].own = WS_ARENA_NEW(scratch, struct shortlist, TILE_ROWS)))
            return ws_fail_memory(err, "neighbours");
    return run_tiles(&t, scratch, err);
}

/* Balls ---------------------------------------------------------------------------------------- */

/* Rows are the model's, columns the human's. */
struct counting {
    const struct ws_balls *balls;
    const struct floats *human, *model;
    double unit_square;   /* of a squared distance in the units of the floats over one outside */
    const float *half;    /* (columns) half the squared radius of a human ball, in those units */
    double half_rounding; /* of the largest of them */
    struct ws_ball_counts *out;
};

/* What a worker knows of columns, one whole number a lane. */
struct columns_seen {
    uint32_t *filled, *found; /* (columns) */
};

/* A y above `in` is inside, one below `out` is not, and between the two doubles decide. */
struct limits {
    float out, in;
};

static struct limits limits_about(double middle, double rounding)
{
    rounding += (fabs(middle) + rounding) * FLT_EPSILON;
    return (struct limits){(float)(middle - rounding), (float)(middle + rounding)};
}

static void begin_counting(void *user, struct worker *worker, size_t first, size_t rows)
{
    const struct counting *c = user;
    (void)worker;
    for (size_t r = first; r < first + rows; r++)
        c->out->balls[r] = c->out->near[r] = 0;
}

/* The lanes of a row where y + half, or y alone, is too near its limit. */
static void decide_exactly(const struct counting *c, const struct columns_seen *seen, size_t row,
                           size_t first_column, const float *y, const struct limits limits[3])
{
    const struct ws_balls *b = c->balls;
    for (size_t l = 0; l < LANES && first_column + l < b->human.count; l++) {
        size_t column = first_column + l;
        float sum = y[l] + c->half[column];
        bool human = sum > limits[0].out && !(sum > limits[0].in);
        bool model = y[l] > limits[1].out && !(y[l] > limits[1].in);
        bool far = y[l] > limits[2].out && !(y[l] > limits[2].in);
        if (!human && !model && !far)
            continue;
        double square = exact_square(&b->model, row, &b->human, column);
        if (human && square < b->human_radius[column]) {
            c->out->balls[row]++;
            seen->filled[column] = 1;
        }
        if (model && square < b->model_radius[row])
            seen->found[column] = 1;
        if (far && square < b->far)
            c->out->near[row]++;
    }
}

static void count_row(const struct counting *c, const struct columns_seen *seen, size_t row,
                      const float *y, size_t first_column, size_t columns)
{
    const struct ws_balls *b = c->balls;
    const double square = c->model->square[row];
    const double rounding = rounding_of(sqrt(square), c->human->longest, b->human.dimension) +
                            (square + c->human->longest * c->human->longest) * 4 * DBL_EPSILON *
                                (double)b->human.dimension;
    const struct limits limits[3] = {
        limits_about(square / 2, 2 * rounding + c->half_rounding),
        limits_about((square - b->model_radius[row] * c->unit_square) / 2, rounding),
        limits_about((square - b->far * c->unit_square) / 2, rounding)};
    uint32_t balls = 0, near = 0;
    for (size_t i = 0; i < columns; i += LANES) {
        const float *half = c->half + first_column + i;
        uint32_t *filled = seen->filled + first_column + i;
        uint32_t *found = seen->found + first_column + i;
        uint32_t unsure = 0;
        for (size_t l = 0; l < LANES; l++) {
            float v = y[i + l], sum = v + half[l];
            uint32_t human = sum > limits[0].in, model = v > limits[1].in, far = v > limits[2].in;
            balls += human;
            near += far;
            filled[l] |= human;
            found[l] |= model;
            unsure |= (human ^ (sum > limits[0].out)) | (model ^ (v > limits[1].out)) |
                      (far ^ (v > limits[2].out));
        }
        if (unsure)
            decide_exactly(c, seen, row, first_column + i, y + i, limits);
    }
    c->out->balls[row] += balls;
    c->out->near[row] += near;
}

static void look_for_balls(void *user, struct worker *worker, const float *tile, size_t first,
                           size_t rows, size_t first_column, size_t columns)
{
    const struct counting *c = user;
    for (size_t r = 0; r < rows; r++)
        count_row(c, worker->own, first + r, tile + r * columns, first_column, columns);
}

static void end_counting(void *user, struct worker *worker, size_t first, size_t rows)
{
    (void)user;
    (void)worker;
    (void)first;
    (void)rows;
}

static enum ws_status halves_of(const struct ws_balls *b, const struct floats *human,
                                struct ws_arena *scratch, struct counting *c, struct ws_error *err)
{
    float *half = WS_ARENA_ZNEW(scratch, float, human->room);
    if (!half)
        return ws_fail_memory(err, "neighbours");
    for (size_t i = 0; i < b->human.count; i++) {
        double exact = b->human_radius[i] * c->unit_square / 2;
        half[i] = (float)exact;
        c->half_rounding = fmax(c->half_rounding, 2 * exact * FLT_EPSILON + FLT_MIN);
    }
    c->half = half;
    return WS_OK;
}

static enum ws_status open_columns(struct tiling *t, size_t room, struct ws_arena *scratch,
                                   struct ws_error *err)
{
    t->workers = WS_ARENA_ZNEW(scratch, struct worker, t->worker_count);
    if (!t->workers)
        return ws_fail_memory(err, "neighbours");
    for (unsigned w = 0; w < t->worker_count; w++) {
        struct columns_seen *seen = WS_ARENA_NEW(scratch, struct columns_seen, 1);
        uint32_t *flags = WS_ARENA_ZNEW(scratch, uint32_t, 2 * room);
        if (!seen || !flags)
            return ws_fail_memory(err, "neighbours");
        *seen = (struct columns_seen){flags, flags + room};
        t->workers[w].own = seen;
    }
    return WS_OK;
}

static void gather_columns(const struct tiling *t, size_t count, struct ws_ball_counts *out)
{
    memset(out->human_filled, 0, count * sizeof *out->human_filled);
    memset(out->human_found, 0, count * sizeof *out->human_found);
    for (unsigned w = 0; w < t->worker_count; w++) {
        const struct columns_seen *seen = t->workers[w].own;
        for (size_t i = 0; i < count; i++) {
            out->human_filled[i] = out->human_filled[i] || seen->filled[i];
            out->human_found[i] = out->human_found[i] || seen->found[i];
        }
    }
}

enum ws_status ws_count_balls(const struct ws_balls *balls, unsigned threads,
                              struct ws_arena *scratch, struct ws_ball_counts *out,
                              struct ws_error *err)
{
    const struct ws_cloud clouds[] = {balls->human, balls->model};
    struct unit unit;
    struct floats human, model;
    if (balls->human.dimension != balls->model.dimension)
        return ws_fail(err, WS_INVALID,
                       "human vectors of %zu numbers, the model's of %zu: they do not compare",
                       balls->human.dimension, balls->model.dimension);
    WS_TRY(unit_of(clouds, 2, scratch, &unit, err));
    WS_TRY(floats_of(&balls->human, &unit, scratch, &human, err));
    WS_TRY(floats_of(&balls->model, &unit, scratch, &model, err));
    struct counting c = {.balls = balls,
                         .human = &human,
                         .model = &model,
                         .unit_square = unit.scale * unit.scale,
                         .out = out};
    struct tiling t = {.rows = &model,
                       .columns = &human,
                       .dimension = balls->human.dimension,
                       .worker_count = worker_count_for(balls->model.count, threads),
                       .begin = begin_counting,
                       .look = look_for_balls,
                       .end = end_counting,
                       .user = &c};
    WS_TRY(halves_of(balls, &human, scratch, &c, err));
    WS_TRY(open_columns(&t, human.room, scratch, err));
    WS_TRY(run_tiles(&t, scratch, err));
    gather_columns(&t, balls->human.count, out);
    return WS_OK;
}
