#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/fast.h"
#include "compute/cpu/sgemm.h"

/* Logits are made in tiles of rows by types, whose sums are taken while they are in the cache; a
 * piece is some tiles of the same types. The backward call keeps the logits of LOGITS_SIZE bytes of
 * rows: each such block of rows is one reading and writing of the weight's gradient, so there
 * should be few. */
enum { TILE_ROWS = 256, TILE_TYPES = 512, PIECE_ROWS = 1024, LOGITS_SIZE = 64 << 20 };

/* A piece of this many rows makes a transposed copy of its part of the weight first: the library
 * is a tenth slower where its second operand is to be read transposed. */
enum { MANY_ROWS = 512 };

/* What a tile says of a row: of its logits the largest, and with e = exp(logit - max) the sums of
 * e and, for the entropy, of e (logit - max). */
struct tile_sums {
    float max;
    double sums[2];
};

struct head_work {
    struct ws_cpu *cpu;
    const struct ws_head *head;
    const float *x;
    float *loss, *entropy, *dbias;
    float scale;
    size_t first, rows;     /* those at work */
    size_t across;          /* tiles of a row */
    float *logits;          /* (rows, vocabulary), or a tile of each worker */
    size_t stride;          /* of their rows */
    bool keeps_exps;        /* all rows, as exp(logit - the tile's max); no entropy */
    struct tile_sums *sums; /* (rows, across) */
    float *at_target;       /* (rows): the target's logit */
    double *log_sums;       /* (rows) */
    float *copies;          /* of each worker: a transposed part of the weight */
};

static void tile_of_logits(const struct head_work *w, float *logits, struct ws_view weight,
                           size_t row, size_t rows, size_t tile)
{
    const struct ws_head *head = w->head;
    size_t type = tile * TILE_TYPES, types = ws_smaller(TILE_TYPES, head->vocabulary - type);
    for (size_t r = 0; head->bias && r < rows; r++)
        memcpy(logits + r * w->stride, head->bias + type, types * sizeof *logits);
    ws_sgemm(w->cpu, logits, w->stride,
             (struct ws_view){w->x + (w->first + row) * head->width, head->width, false}, weight,
             (struct ws_product_shape){rows, types, head->width}, 1, head->bias ? 1 : 0);
    for (size_t r = 0; r < rows; r++) {
        struct tile_sums *s = w->sums + (row + r) * w->across + tile;
        float *numbers = logits + r * w->stride;
        size_t target = head->target[w->first + row + r];
        if (target >= type && target < type + types)
            w->at_target[row + r] = numbers[target - type];
        s->max = w->cpu->vector->row_max(numbers, types);
        if (w->keeps_exps)
            *s = (struct tile_sums){
                s->max, {w->cpu->vector->row_exp(numbers, numbers, s->max, 1, types), 0}};
        else
            w->cpu->vector->row_sums(s->sums, numbers, s->max, types);
    }
}

static void piece_of_logits(void *context, size_t piece, unsigned worker)
{
    const struct head_work *w = context;
    size_t first = piece / w->across * PIECE_ROWS, tile = piece % w->across;
    size_t end = ws_smaller(first + PIECE_ROWS, w->rows), width = w->head->width;
    size_t type = tile * TILE_TYPES, types = ws_smaller(TILE_TYPES, w->head->vocabulary - type);
    struct ws_view weight = {w->head->weight + type * width, width, true};
    if (end - first >= MANY_ROWS) {
        size_t stride = ws_stride_of(TILE_TYPES);
        float *copy = w->copies + worker * stride * width;
        w->cpu->vector->transpose(copy, stride, weight.numbers, width, types, width);
        weight = (struct ws_view){copy, stride, false};
    }
    for (size_t row = first; row < end; row += TILE_ROWS) {
        size_t at = w->keeps_exps ? row * w->stride + type : worker * TILE_ROWS * w->stride;
        tile_of_logits(w, w->logits + at, weight, row, ws_smaller(TILE_ROWS, end - row), tile);
    }
}

/* Tiles' sums, taken to the largest logit of the row, in the tiles' order. */
static void finish_row(const struct head_work *w, size_t r)
{
    const struct tile_sums *s = w->sums + r * w->across;
    float max = -INFINITY;
    for (size_t t = 0; t < w->across; t++)
        max = s[t].max > max ? s[t].max : max;
    double sum = 0, information = 0;
    for (size_t t = 0; t < w->across; t++) {
        double lower = (double)s[t].max - (double)max, factor = exp(lower);
        sum += factor * s[t].sums[0];
        information += factor * (s[t].sums[1] + (factor > 0 ? lower * s[t].sums[0] : 0));
    }
    uint32_t target = w->head->target[w->first + r];
    assert(target == WS_NO_TARGET || target < w->head->vocabulary);
    double log_sum = log(sum);
    w->log_sums[r] = (double)max + log_sum;
    if (w->loss)
        w->loss[w->first + r] =
            target == WS_NO_TARGET ? 0 : (float)(log_sum - ((double)w->at_target[r] - (double)max));
    if (w->entropy)
        w->entropy[w->first + r] = (float)(log_sum - information / sum);
}

static void take_losses(struct head_work *w, size_t first, size_t rows)
{
    w->first = first;
    w->rows = rows;
    ws_cpu_run(w->cpu, (rows + PIECE_ROWS - 1) / PIECE_ROWS * w->across, piece_of_logits, w);
    for (size_t r = 0; r < rows; r++)
        finish_row(w, r);
}

/* Cuts the scratch for blocks of `rows` rows; the parts begin at multiples of 64 bytes. */
static bool prepare(struct head_work *w, size_t rows)
{
    w->across = (w->head->vocabulary + TILE_TYPES - 1) / TILE_TYPES;
    size_t padded = (rows + 15) / 16 * 16;
    w->stride = ws_stride_of(w->keeps_exps ? w->head->vocabulary : TILE_TYPES);
    size_t logits = w->stride * (w->keeps_exps ? padded : TILE_ROWS * (size_t)w->cpu->threads);
    size_t copies =
        rows >= MANY_ROWS ? ws_stride_of(TILE_TYPES) * w->head->width * w->cpu->threads : 0;
    size_t sums = padded * w->across * sizeof *w->sums;
    w->sums = ws_cpu_scratch(w->cpu, sums + padded * sizeof *w->log_sums +
                                         (padded + logits + copies) * sizeof *w->logits);
    if (!w->sums)
        return false;
    w->log_sums = (double *)(w->sums + padded * w->across);
    w->at_target = (float *)(w->log_sums + padded);
    w->logits = w->at_target + padded;
    w->copies = w->logits + logits;
    return true;
}

void ws_fast_head_loss(struct ws_device *device, float *loss, float *entropy, const float *x,
                       const struct ws_head *head)
{
    enum { BLOCK = 4096 };
    struct head_work w = {
        .cpu = ws_cpu_ready(device), .head = head, .x = x, .loss = loss, .entropy = entropy};
    if (!w.cpu || !prepare(&w, ws_smaller(BLOCK, head->rows)))
        return;
    for (size_t first = 0; first < head->rows; first += BLOCK)
        take_losses(&w, first, ws_smaller(BLOCK, head->rows - first));
}

/* A tile of types, all rows: what was kept becomes scale * (softmax - onehot(target)). */
static void tile_of_gradients(void *context, size_t tile, unsigned worker)
{
    (void)worker;
    const struct head_work *w = context;
    size_t vocabulary = w->head->vocabulary;
    size_t type = tile * TILE_TYPES;
    size_t types = ws_smaller(TILE_TYPES, vocabulary - type);
    for (size_t r = 0; r < w->rows; r++) {
        float *d = w->logits + r * w->stride + type;
        size_t target = w->head->target[w->first + r];
        float scale = target == WS_NO_TARGET ? 0 : w->scale;
        double rest = (double)w->sums[r * w->across + tile].max - w->log_sums[r];
        w->cpu->vector->scale(d, (float)(exp(rest) * (double)scale), types);
        if (target >= type && target < type + types)
            d[target - type] -= scale;
        if (w->dbias)
            w->cpu->vector->add(w->dbias + type, w->dbias + type, d, types);
    }
}

static void take_gradients(const struct head_work *w, float *dx, float *dweight)
{
    const struct ws_head *head = w->head;
    ws_cpu_run(w->cpu, w->across, tile_of_gradients, (void *)w);
    if (dweight)
        ws_product(w->cpu, dweight, head->width, (struct ws_view){w->logits, w->stride, true},
                   (struct ws_view){w->x + w->first * head->width, head->width, false}, NULL,
                   (struct ws_product_shape){head->vocabulary, head->width, w->rows}, 1);
    if (dx)
        ws_product(w->cpu, dx + w->first * head->width, head->width,
                   (struct ws_view){w->logits, w->stride, false},
                   (struct ws_view){head->weight, head->width, false}, NULL,
                   (struct ws_product_shape){w->rows, head->width, head->vocabulary}, 0);
}

/* Equal blocks, none over LOGITS_SIZE unless a single row is. */
static size_t block_rows(const struct ws_head *head)
{
    size_t most = LOGITS_SIZE / sizeof(float) / head->vocabulary;
    if (most == 0)
        most = 1;
    size_t blocks = (head->rows + most - 1) / most;
    return blocks ? (head->rows + blocks - 1) / blocks : 1;
}

void ws_fast_head_loss_backward(struct ws_device *device, float *loss, float *dx, float *dweight,
                                float *dbias, const float *x, const struct ws_head *head,
                                float scale)
{
    struct head_work w = {.cpu = ws_cpu_ready(device),
                          .head = head,
                          .x = x,
                          .loss = loss,
                          .dbias = dbias,
                          .scale = scale,
                          .keeps_exps = true};
    size_t block = block_rows(head);
    if (!w.cpu || !prepare(&w, block))
        return;
    for (size_t first = 0; first < head->rows; first += block) {
        take_losses(&w, first, ws_smaller(block, head->rows - first));
        take_gradients(&w, dx, dweight);
    }
}
