#include "measure/neighbours.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/pool.h"
#include "compute/compute.h"
#include "measure/neighbour_ops.h"

/* A tile of products stays in the cache while it is looked at. */
enum {
    GROUP = WS_NEIGHBOUR_GROUP,
    TILE_ROWS = 512,
    TILE_COLUMNS = 256,
    TILE_GROUPS = TILE_COLUMNS / GROUP,
};

/* Products ------------------------------------------------------------------------------------- */

/*
 * A cloud in f32, about a common centre and in a common unit: that moves no neighbours, and keeps
 * rounding small. For a row x and a column w, y = x w - |w|^2 / 2, so that the nearer w, the larger
 * y: |x - w|^2 = |x|^2 - 2 y.
 */
struct floats {
    float *x;       /* (count rounded up to GROUP, dimension), zeros behind the last */
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
    size_t room = (cloud->count + GROUP - 1) / GROUP * GROUP;
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

/* A worker has a device of one thread, a tile, and what it found out. */
struct worker {
    struct ws_device *device;
    float *tile; /* (TILE_ROWS, TILE_COLUMNS) */
    void *own;
};

/* Where a tile lies; columns are a multiple of GROUP. */
struct place {
    size_t row, rows, column, columns;
};

/* Rows are cut in pieces of TILE_ROWS. Which worker takes which shows in nothing: what workers
 * found is put together in the end. */
struct tiling {
    const struct floats *rows, *columns;
    size_t dimension;
    bool symmetric; /* rows are the columns: pairs below the diagonal are left out by whole tiles */
    struct worker *workers;
    unsigned worker_count;
    size_t pieces;
    atomic_size_t next;
    void (*look)(void *user, struct worker *worker, const float *y, const struct place *place);
    void *user;
};

static void take_piece(const struct tiling *t, struct worker *worker, size_t piece)
{
    const size_t first = piece * TILE_ROWS, left = t->rows->count - first;
    struct place place = {.row = first, .rows = left < TILE_ROWS ? left : TILE_ROWS};
    for (size_t c = t->symmetric ? first : 0; c < t->columns->room; c += TILE_COLUMNS) {
        const size_t beyond = t->columns->room - c;
        place.column = c;
        place.columns = beyond < TILE_COLUMNS ? beyond : TILE_COLUMNS;
        const struct ws_linear product = {.rows = place.rows,
                                          .in = t->dimension,
                                          .out = place.columns,
                                          .weight = t->columns->x + c * t->dimension,
                                          .bias = t->columns->bias + c};
        worker->device->ops->linear(worker->device, worker->tile, t->rows->x + first * t->dimension,
                                    &product);
        t->look(t->user, worker, worker->tile, &place);
    }
}

static void take_pieces(void *context, size_t number)
{
    struct tiling *t = context;
    for (;;) {
        size_t piece = atomic_fetch_add(&t->next, 1);
        if (piece >= t->pieces)
            return;
        take_piece(t, &t->workers[number], piece);
    }
}

static enum ws_status open_worker(struct worker *worker, struct ws_arena *scratch,
                                  struct ws_error *err)
{
    /* A product without memory leaves the tile as it is, is looked at, and fails in the end. */
    worker->tile = WS_ARENA_ZNEW(scratch, float, (size_t)TILE_ROWS *TILE_COLUMNS);
    if (!worker->tile)
        return ws_fail_memory(err, "neighbours");
    return ws_cpu_open(WS_CPU_FAST, 1, scratch->allocator, &worker->device, err);
}

static enum ws_status run_workers(struct tiling *t, struct ws_pool *pool, struct ws_error *err)
{
    ws_pool_run(pool, t->worker_count, take_pieces, t);
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
static enum ws_status run_tiles(struct tiling *t, struct ws_pool *pool, struct ws_arena *scratch,
                                struct ws_error *err)
{
    enum ws_status status = WS_OK;
    t->pieces = (t->rows->count + TILE_ROWS - 1) / TILE_ROWS;
    for (unsigned w = 0; w < t->worker_count && status == WS_OK; w++)
        status = open_worker(&t->workers[w], scratch, err);
    if (status == WS_OK)
        status = run_workers(t, pool, err);
    for (unsigned w = 0; w < t->worker_count; w++)
        if (t->workers[w].device)
            t->workers[w].device->ops->close(t->workers[w].device);
    return status;
}

/* The k-th nearest ---------------------------------------------------------------------------- */

/* z = -|x - w|^2 / 2 is the same from both sides, so each pair is looked at once, for both. */
struct nearest {
    const struct ws_cloud *cloud;
    const struct floats *floats;
    const struct ws_neighbour_ops *ops;
    size_t k, room; /* of a shortlist */
    float slack;    /* what rounding may have done to the difference of two z */
    double *out;
    struct tiling tiling;
};

struct candidate {
    float z;
    uint32_t other;
};

/* Of one vector, from what one worker saw: those whose z is at least its limit, which rises as they
 * come, so that all that may be among the k nearest are there. */
struct shortlist {
    uint32_t count, kept; /* candidates, and the largest z so far */
    bool crowded;         /* more of them than there is room: left to doubles */
};

/* A worker's. */
struct shortlists {
    float *limit; /* (floats.room) the k-th largest z so far, less the slack; never met behind the
                     last vector */
    struct shortlist *list;      /* (floats.count) */
    float *best;                 /* (floats.count, k) the largest z, descending */
    struct candidate *candidate; /* (floats.count, room) */
};

static void keep_largest(float *best, uint32_t *kept, size_t k, float z)
{
    if (*kept == k && z <= best[k - 1])
        return;
    size_t at = *kept < k ? (*kept)++ : k - 1;
    for (; at > 0 && best[at - 1] < z; at--)
        best[at] = best[at - 1];
    best[at] = z;
}

/* Drops what the limit has risen above. */
static void shorten(const struct nearest *n, struct shortlists *s, size_t vector)
{
    struct shortlist *list = &s->list[vector];
    struct candidate *candidate = s->candidate + vector * n->room;
    uint32_t count = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (candidate[i].z >= s->limit[vector])
            candidate[count++] = candidate[i];
    list->count = count;
    if (count == n->room) {
        list->crowded = true;
        s->limit[vector] = INFINITY;
    }
}

static void add_candidate(const struct nearest *n, struct shortlists *s, size_t vector, float z,
                          size_t other)
{
    struct shortlist *list = &s->list[vector];
    float *best = s->best + vector * n->k;
    if (!(z >= s->limit[vector]))
        return;
    s->candidate[vector * n->room + list->count++] = (struct candidate){z, (uint32_t)other};
    keep_largest(best, &list->kept, n->k, z);
    if (list->kept == n->k)
        s->limit[vector] = best[n->k - 1] - n->slack;
    if (list->count == n->room)
        shorten(n, s, vector);
}

static void look_for_nearest(void *user, struct worker *worker, const float *tile,
                             const struct place *place)
{
    const struct nearest *n = user;
    struct shortlists *s = worker->own;
    uint32_t near[TILE_GROUPS];
    for (size_t r = 0; r < place->rows; r++) {
        const size_t row = place->row + r, groups = place->columns / GROUP;
        const float *y = tile + r * place->columns, add = n->floats->bias[row];
        if (!n->ops->near(y, groups, add, s->limit[row], s->limit + place->column, near))
            continue;
        for (size_t g = 0; g < groups; g++)
            for (uint32_t bits = near[g]; bits != 0; bits &= bits - 1) {
                const size_t c = g * GROUP + (size_t)__builtin_ctz(bits);
                const size_t column = place->column + c;
                if (column <= row) /* itself, or seen from the other side */
                    continue;
                add_candidate(n, s, row, y[c] + add, column);
                add_candidate(n, s, column, y[c] + add, row);
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

static double distance_among_all(const struct nearest *n, size_t vector)
{
    double smallest[WS_NEIGHBOURS_MOST] = {0};
    size_t kept = 0;
    for (size_t other = 0; other < n->cloud->count; other++)
        if (other != vector)
            keep_smallest(smallest, &kept, n->k, exact_square(n->cloud, vector, n->cloud, other));
    return smallest[n->k - 1];
}

/* The least z that may be among the k largest of all workers' candidates; false where floats cannot
 * tell. */
static bool limit_of(const struct nearest *n, size_t vector, float *out)
{
    float best[WS_NEIGHBOURS_MOST] = {0};
    uint32_t kept = 0;
    for (unsigned w = 0; w < n->tiling.worker_count; w++) {
        const struct shortlists *s = n->tiling.workers[w].own;
        if (s->list[vector].crowded)
            return false;
        for (size_t i = 0; i < s->list[vector].kept; i++)
            keep_largest(best, &kept, n->k, s->best[vector * n->k + i]);
    }
    if (kept < n->k)
        return false;
    *out = best[n->k - 1] - n->slack;
    return true;
}

static double exact_distance(const struct nearest *n, size_t vector)
{
    double smallest[WS_NEIGHBOURS_MOST] = {0};
    size_t kept = 0;
    float limit;
    if (!limit_of(n, vector, &limit))
        return distance_among_all(n, vector);
    for (unsigned w = 0; w < n->tiling.worker_count; w++) {
        const struct shortlists *s = n->tiling.workers[w].own;
        const struct candidate *candidate = s->candidate + vector * n->room;
        for (size_t i = 0; i < s->list[vector].count; i++)
            if (candidate[i].z >= limit)
                keep_smallest(smallest, &kept, n->k,
                              exact_square(n->cloud, vector, n->cloud, candidate[i].other));
    }
    return smallest[n->k - 1];
}

static void decide_piece(void *context, size_t piece)
{
    const struct nearest *n = context;
    const size_t first = piece * TILE_ROWS, left = n->cloud->count - first;
    const size_t rows = left < TILE_ROWS ? left : TILE_ROWS;
    for (size_t v = first; v < first + rows; v++)
        n->out[v] = exact_distance(n, v);
}

static enum ws_status open_shortlists(const struct nearest *n, struct ws_arena *scratch,
                                      struct shortlists **out, struct ws_error *err)
{
    struct shortlists *s = WS_ARENA_NEW(scratch, struct shortlists, 1);
    if (!s)
        return ws_fail_memory(err, "neighbours");
    s->limit = WS_ARENA_NEW(scratch, float, n->floats->room);
    s->list = WS_ARENA_ZNEW(scratch, struct shortlist, n->floats->count);
    s->best = WS_ARENA_NEW(scratch, float, n->floats->count * n->k);
    s->candidate = WS_ARENA_NEW(scratch, struct candidate, n->floats->count * n->room);
    if (!s->limit || !s->list || !s->best || !s->candidate)
        return ws_fail_memory(err, "neighbours");
    for (size_t i = 0; i < n->floats->room; i++)
        s->limit[i] = i < n->floats->count ? -FLT_MAX : INFINITY;
    *out = s;
    return WS_OK;
}

static enum ws_status find_nearest(struct nearest *n, unsigned threads, struct ws_arena *scratch,
                                   struct ws_error *err)
{
    struct tiling *t = &n->tiling;
    struct ws_pool *pool;
    t->worker_count = worker_count_for(n->cloud->count, threads);
    t->workers = WS_ARENA_ZNEW(scratch, struct worker, t->worker_count);
    if (!t->workers)
        return ws_fail_memory(err, "neighbours");
    for (unsigned w = 0; w < t->worker_count; w++) {
        struct shortlists *own;
        WS_TRY(open_shortlists(n, scratch, &own, err));
        t->workers[w].own = own;
    }
    WS_TRY(ws_pool_new(t->worker_count, scratch->allocator, &pool, err));
    enum ws_status status = run_tiles(t, pool, scratch, err);
    if (status == WS_OK)
        ws_pool_run(pool, t->pieces, decide_piece, n);
    ws_pool_free(pool);
    return status;
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
    WS_TRY(unit_of(cloud, 1, scratch, &unit, err));
    WS_TRY(floats_of(cloud, &unit, scratch, &floats, err));
    /* One more sum than a y has, of a number that is in the bound already, which is twice what is
     * needed. */
    const double rounding = rounding_of(floats.longest, floats.longest, cloud->dimension);
    struct nearest n = {.cloud = cloud,
                        .floats = &floats,
                        .ops = ws_neighbour_pick(),
                        .k = k,
                        .room = 4 * k + 12,
                        .slack = (float)(2 * rounding * (1 + FLT_EPSILON)),
                        .out = out};
    n.tiling = (struct tiling){.rows = &floats,
                               .columns = &floats,
                               .dimension = cloud->dimension,
                               .symmetric = true,
                               .look = look_for_nearest,
                               .user = &n};
    return find_nearest(&n, threads, scratch, err);
}

/* Balls ---------------------------------------------------------------------------------------- */

/* Rows are the model's, columns the human's. */
struct counting {
    const struct ws_balls *balls;
    const struct floats *human, *model;
    const struct ws_neighbour_ops *ops;
    double unit_square;   /* of a squared distance in the units of the floats over one outside */
    const float *half;    /* (columns) half the squared radius of a human ball, in those units */
    double half_rounding; /* of the largest of them */
    struct ws_ball_counts *out;
};

/* What a worker knows of columns, one whole number a lane. */
struct columns_seen {
    uint32_t *filled, *found; /* (columns) */
};

static struct ws_limits limits_about(double middle, double rounding)
{
    rounding += (fabs(middle) + rounding) * FLT_EPSILON;
    return (struct ws_limits){(float)(middle - rounding), (float)(middle + rounding)};
}

static bool is_unsure(float y, struct ws_limits limits)
{
    return y > limits.out && !(y > limits.in);
}

/* The columns of a group where y + half, or y alone, is too near its limit. */
static void decide_exactly(const struct counting *c, const struct ws_ball_row *limits, size_t row,
                           size_t first_column, size_t group)
{
    const struct ws_balls *b = c->balls;
    for (size_t i = group * GROUP; i < (group + 1) * GROUP; i++) {
        const size_t column = first_column + i;
        if (column >= b->human.count)
            return;
        const bool human = is_unsure(limits->y[i] + limits->half[i], limits->human);
        const bool model = is_unsure(limits->y[i], limits->model);
        const bool far = is_unsure(limits->y[i], limits->far);
        if (!human && !model && !far)
            continue;
        const double square = exact_square(&b->model, row, &b->human, column);
        if (human && square < b->human_radius[column]) {
            c->out->balls[row]++;
            limits->filled[i] = 1;
        }
        if (model && square < b->model_radius[row])
            limits->found[i] = 1;
        if (far && square < b->far)
            c->out->near[row]++;
    }
}

static struct ws_ball_row row_of(const struct counting *c, size_t row)
{
    const struct ws_balls *b = c->balls;
    const double square = c->model->square[row];
    const double rounding = rounding_of(sqrt(square), c->human->longest, b->human.dimension) +
                            (square + c->human->longest * c->human->longest) * 4 * DBL_EPSILON *
                                (double)b->human.dimension;
    return (struct ws_ball_row){
        .human = limits_about(square / 2, 2 * rounding + c->half_rounding),
        .model = limits_about((square - b->model_radius[row] * c->unit_square) / 2, rounding),
        .far = limits_about((square - b->far * c->unit_square) / 2, rounding)};
}

static void look_for_balls(void *user, struct worker *worker, const float *tile,
                           const struct place *place)
{
    const struct counting *c = user;
    const struct columns_seen *seen = worker->own;
    const size_t groups = place->columns / GROUP;
    uint32_t unsure[TILE_GROUPS];
    for (size_t r = 0; r < place->rows; r++) {
        const size_t at = place->row + r;
        struct ws_ball_row row = row_of(c, at);
        row.y = tile + r * place->columns;
        row.half = c->half + place->column;
        row.filled = seen->filled + place->column;
        row.found = seen->found + place->column;
        c->ops->count(&row, groups, unsure);
        c->out->balls[at] += row.balls;
        c->out->near[at] += row.near;
        for (size_t g = 0; g < groups; g++)
            if (unsure[g])
                decide_exactly(c, &row, at, place->column, g);
    }
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
                         .ops = ws_neighbour_pick(),
                         .unit_square = unit.scale * unit.scale,
                         .out = out};
    struct tiling t = {.rows = &model,
                       .columns = &human,
                       .dimension = balls->human.dimension,
                       .worker_count = worker_count_for(balls->model.count, threads),
                       .look = look_for_balls,
                       .user = &c};
    WS_TRY(halves_of(balls, &human, scratch, &c, err));
    WS_TRY(open_columns(&t, human.room, scratch, err));
    memset(out->balls, 0, balls->model.count * sizeof *out->balls);
    memset(out->near, 0, balls->model.count * sizeof *out->near);
    struct ws_pool *pool;
    WS_TRY(ws_pool_new(t.worker_count, scratch->allocator, &pool, err));
    enum ws_status status = run_tiles(&t, pool, scratch, err);
    ws_pool_free(pool);
    WS_TRY(status);
    gather_columns(&t, balls->human.count, out);
    return WS_OK;
}
