/*
 * The output layer with its loss, a piece of rows after the other: the piece's logits by a matrix
 * product, one kernel that takes the losses and makes the logits into their gradient where they
 * lie, and the products of that.
 *
 * Losses alone come from f32 logits, since they are what scores and perplexities are made of. For
 * training the logits are as wide as activations are: in bf16 they cost half the bytes, and their
 * rounding leans to neither side.
 */
#include <math.h>

#include "compute/cuda/cuda_row.h"

/* A piece's logits take at most so many bytes, more on a GPU of much memory: each piece is one
 * reading and writing of the weight's gradient, so there should be few; but a piece has fewer than
 * 2^31 numbers. Pieces are equal, of whole tiles of the products. */
static const size_t PIECE_SIZE = (size_t)2 << 30, LARGE_PIECE_SIZE = (size_t)7 << 29;
static const size_t LARGE_MEMORY = (size_t)40 << 30;
enum { PIECE_STEP = 128 };

/* Rows of logits begin at multiples of so many numbers, so that they are loaded WIDE by WIDE. */
enum { STRIDE_STEP = 8 };

/* Of a block, by the length of its row. Two blocks of many are on a processor at once, if their
 * rows' room allows it. */
enum { FEW_THREADS = 256, MANY_THREADS = 1024, LONG = 16384 };

static size_t round_up(size_t count, size_t step)
{
    return (count + step - 1) / step * step;
}

/* Rows ----------------------------------------------------------------------------------------- */

/* A block a row. Where `gradient`, the logits become scale * (softmax - onehot(target)), and what
 * lies between rows becomes 0: the matrix library may read it, though nothing depends on it. Each
 * of loss and entropy may be NULL. */
template <class L, bool gradient>
static __global__ void __launch_bounds__(MANY_THREADS, 2)
    take_losses(L *logits, size_t stride, unsigned vocabulary, const uint32_t *targets, float *loss,
                float *entropy, float scale, bool held)
{
    GPU_SHARED(L, room);
    __shared__ float maxima[WARP];
    __shared__ double parts[WARP];
    L *out = logits + blockIdx.x * stride;
    uint32_t target = targets[blockIdx.x];
    unsigned first_zero = target == WS_NO_TARGET ? 0 : vocabulary;
    for (size_t v = first_zero + threadIdx.x; gradient && v < stride; v += blockDim.x)
        out[v] = from_float<L>(0);
    if (gradient && target == WS_NO_TARGET) {
        if (loss && threadIdx.x == 0)
            loss[blockIdx.x] = 0;
        return;
    }
    const L *row = hold_row(out, vocabulary, held ? room : (L *)NULL);
    float at_target = target == WS_NO_TARGET ? 0 : to_float(row[target]);
    float max = -INFINITY;
    each_of_row(row, vocabulary, [&](unsigned, float x) { max = fmaxf(max, x); });
    max = block_max(max, maxima);
    float sum = 0, information = 0;
    each_of_row(row, vocabulary, [&](unsigned, float x) {
        float e = expf(x - max);
        sum += e;
        if (!gradient)
            information += e * (x - max);
    });
    double total = block_sum((double)sum, parts);
    double mean = gradient ? 0 : block_sum((double)information, parts) / total;
    if (loss && threadIdx.x == 0)
        loss[blockIdx.x] =
            target == WS_NO_TARGET ? 0 : (float)(log(total) - ((double)at_target - (double)max));
    if (entropy && threadIdx.x == 0)
        entropy[blockIdx.x] = (float)(log(total) - mean);
    if (!gradient)
        return;
    float share = (float)(1 / total);
    map_row(out, row, vocabulary, [&](unsigned v, float x) {
        float p = expf(x - max) * share;
        return scale * (v == target ? p - 1 : p);
    });
}

/* A thread a column. */
template <class L>
static __global__ void add_columns(float *out, const L *d, size_t stride, size_t rows,
                                   size_t columns)
{
    size_t v = thread_number();
    if (v >= columns)
        return;
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        sum += (double)to_float(d[r * stride + v]);
    out[v] = (float)((double)out[v] + sum);
}

/* Pieces --------------------------------------------------------------------------------------- */

static enum ws_cuda_type type_of(const float *)
{
    return WS_CUDA_F32;
}

static enum ws_cuda_type type_of(const bf16 *)
{
    return WS_CUDA_BF16;
}

/* Activations are T, logits L. */
template <class T, class L> struct head_work {
    struct ws_cuda *cuda;
    const struct ws_head *head;
    const T *x;
    const T *weight;
    const uint32_t *targets;
    size_t piece;  /* rows of one */
    size_t stride; /* of the logits' rows */
    L *logits;
    float *loss, *entropy; /* (rows) */
};

static size_t rows_of_piece(const struct ws_cuda *cuda, size_t rows, size_t row_size)
{
    size_t size = cuda->memory_size >= LARGE_MEMORY ? LARGE_PIECE_SIZE : PIECE_SIZE;
    size_t most = size / row_size / PIECE_STEP * PIECE_STEP;
    if (most == 0)
        most = PIECE_STEP;
    size_t pieces = (rows + most - 1) / most;
    return round_up((rows + pieces - 1) / pieces, PIECE_STEP);
}

template <class T, class L>
static bool prepare(struct head_work<T, L> *w, struct ws_cuda *cuda, const float *x,
                    const struct ws_head *head)
{
    w->cuda = cuda;
    w->head = head;
    w->x = activations<T>(x);
    w->stride = round_up(head->vocabulary, STRIDE_STEP);
    w->piece = rows_of_piece(cuda, head->rows, w->stride * sizeof(L));
    if (w->piece > head->rows)
        w->piece = head->rows;
    size_t logits = round_up(w->piece * w->stride * sizeof(L), 256);
    uint8_t *scratch = (uint8_t *)ws_cuda_scratch(cuda, logits + 2 * head->rows * sizeof *w->loss);
    w->weight = (const T *)ws_cuda_weight(cuda, head->weight);
    w->targets =
        (const uint32_t *)ws_cuda_send(cuda, head->target, head->rows * sizeof *head->target);
    if (!scratch || !w->weight || !w->targets)
        return false;
    w->logits = (L *)scratch;
    w->loss = (float *)(scratch + logits);
    w->entropy = w->loss + head->rows;
    return true;
}

template <class T, class L>
static void make_logits(const struct head_work<T, L> *w, size_t first, size_t rows)
{
    const struct ws_head *head = w->head;
    const struct ws_cuda_product product = {.m = rows,
                                            .n = head->vocabulary,
                                            .k = head->width,
                                            .a = w->x + first * head->width,
                                            .b = w->weight,
                                            .c = w->logits,
                                            .a_columns = head->width,
                                            .b_columns = head->width,
                                            .c_columns = w->stride,
                                            .a_transposed = false,
                                            .b_transposed = true,
                                            .operands = type_of(w->x),
                                            .result = type_of(w->logits),
                                            .bias = head->bias,
                                            .add = false,
                                            .relu = false};
    ws_cuda_multiply(w->cuda, &product);
}

template <bool gradient, class T, class L>
static void launch_losses(const struct head_work<T, L> *w, size_t first, size_t rows, float *loss,
                          float *entropy, float scale)
{
    size_t vocabulary = w->head->vocabulary;
    size_t room = room_for_row(w->cuda, vocabulary * sizeof(L));
    ws_cuda_launch(w->cuda, "taking losses", take_losses<L, gradient>, (unsigned)rows,
                   vocabulary > LONG ? MANY_THREADS : FEW_THREADS, room, w->logits, w->stride,
                   vocabulary, w->targets + first, loss ? loss + first : (float *)NULL,
                   entropy ? entropy + first : (float *)NULL, scale, room > 0);
}

template <class T, class L>
static void multiply_gradients(const struct head_work<T, L> *w, size_t first, size_t rows, T *dx,
                               float *dweight)
{
    const struct ws_head *head = w->head;
    const struct ws_cuda_product of_input = {.m = rows,
                                             .n = head->width,
                                             .k = head->vocabulary,
                                             .a = w->logits,
                                             .b = w->weight,
                                             .c = dx ? dx + first * head->width : NULL,
                                             .a_columns = w->stride,
                                             .b_columns = head->width,
                                             .c_columns = head->width,
                                             .a_transposed = false,
                                             .b_transposed = false,
                                             .operands = type_of(w->logits),
                                             .result = type_of(dx),
                                             .bias = NULL,
                                             .add = false,
                                             .relu = false};
    const struct ws_cuda_product of_weight = {.m = head->vocabulary,
                                              .n = head->width,
                                              .k = rows,
                                              .a = w->logits,
                                              .b = w->x + first * head->width,
                                              .c = dweight,
                                              .a_columns = w->stride,
                                              .b_columns = head->width,
                                              .c_columns = head->width,
                                              .a_transposed = true,
                                              .b_transposed = false,
                                              .operands = type_of(w->logits),
                                              .result = WS_CUDA_F32,
                                              .bias = NULL,
                                              .add = true,
                                              .relu = false};
    if (dx)
        ws_cuda_multiply(w->cuda, &of_input);
    if (dweight)
        ws_cuda_multiply(w->cuda, &of_weight);
}

/* The two operations --------------------------------------------------------------------------- */

template <class T>
static void head_loss(struct ws_cuda *cuda, float *loss, float *entropy, const float *x,
                      const struct ws_head *head)
{
    struct head_work<T, float> w;
    if (!prepare(&w, cuda, x, head))
        return;
    for (size_t first = 0; first < head->rows; first += w.piece) {
        size_t rows = head->rows - first < w.piece ? head->rows - first : w.piece;
        make_logits(&w, first, rows);
        launch_losses<false>(&w, first, rows, w.loss, w.entropy, 0);
    }
    if (loss)
        ws_cuda_receive(cuda, loss, w.loss, head->rows * sizeof *loss);
    if (entropy)
        ws_cuda_receive(cuda, entropy, w.entropy, head->rows * sizeof *entropy);
}

void ws_cuda_head_loss(struct ws_device *device, float *loss, float *entropy, const float *x,
                       const struct ws_head *head)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (cuda && head->rows > 0)
        WS_CUDA_ACTIVATIONS(cuda, head_loss<T>(cuda, loss, entropy, x, head));
}

template <class T>
static void head_loss_backward(struct ws_cuda *cuda, float *loss, float *dx, float *dweight,
                               float *dbias, const float *x, const struct ws_head *head,
                               float scale)
{
    enum { COLUMNS = 128 };
    struct head_work<T, T> w;
    if (!prepare(&w, cuda, x, head))
        return;
    for (size_t first = 0; first < head->rows; first += w.piece) {
        size_t rows = head->rows - first < w.piece ? head->rows - first : w.piece;
        make_logits(&w, first, rows);
        launch_losses<true>(&w, first, rows, w.loss, NULL, scale);
        multiply_gradients(&w, first, rows, activations<T>(dx), dweight);
        if (dbias)
            ws_cuda_launch(cuda, "summing the bias's gradient", add_columns<T>,
                           ws_cuda_blocks(head->vocabulary, COLUMNS), COLUMNS, 0, dbias, w.logits,
                           w.stride, rows, head->vocabulary);
    }
    if (loss)
        ws_cuda_receive(cuda, loss, w.loss, head->rows * sizeof *loss);
}

void ws_cuda_head_loss_backward(struct ws_device *device, float *loss, float *dx, float *dweight,
                                float *dbias, const float *x, const struct ws_head *head,
                                float scale)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (cuda && head->rows > 0)
        WS_CUDA_ACTIVATIONS(cuda,
                            head_loss_backward<T>(cuda, loss, dx, dweight, dbias, x, head, scale));
}
