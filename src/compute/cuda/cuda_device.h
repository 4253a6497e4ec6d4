/*
 * What the CUDA sources share: the device, its memory, and how numbers go to and from the host.
 *
 * A device is one GPU, one stream and one precision. Everything is put on the stream in order;
 * `check` waits for it. Activations are f32, or bf16 where the precision is that: an operation
 * calls its kernels through WS_CUDA_ACTIVATIONS, once for each.
 *
 * Private to compute/cuda/. Contract: tests/unit/test_cuda.c.
 */
#ifndef WS_COMPUTE_CUDA_CUDA_DEVICE_H
#define WS_COMPUTE_CUDA_CUDA_DEVICE_H

#include "compute/cuda/gpu.h"
extern "C" {
#include "compute/compute.h"
#include "compute/cuda/cuda_module.h"
#include "compute/team.h"
}

struct ws_cuda_memory;  /* what was allocated, and its copies in bf16: cuda_memory.cu */
struct ws_cuda_staging; /* what is on its way to and from the host: cuda_staging.cu */
struct ws_cuda_matrix;  /* the matrix library, if there is one: cuda_linear.cu */
struct ws_cuda_times;   /* where its time goes: cuda_times.cu */

struct ws_cuda {
    struct ws_device device; /* first: operations are handed its address */
    const struct ws_allocator *allocator;
    enum ws_precision precision;
    int number;
    unsigned processors;
    size_t memory_size; /* bytes that the GPU has */
    cudaStream_t stream;
    struct ws_error failure; /* the first; WS_OK until then */
    struct ws_cuda_memory *memory;
    struct ws_cuda_staging *staging;
    struct ws_cuda_matrix *matrix;
    struct ws_cuda_times *times; /* NULL: nobody asks */
    void *scratch;
    size_t scratch_size;
};

/* NULL once something failed: then operations do nothing. */
struct ws_cuda *ws_cuda_ready(struct ws_device *device);

/* Remembers an error unless something failed before; says whether there was none. `what` was being
 * done. */
bool ws_cuda_ok(struct ws_cuda *cuda, cudaError_t error, const char *what);
void ws_cuda_fail(struct ws_cuda *cuda, enum ws_status status, const char *text);

/* At least `size` bytes, aligned to 256, until the next call; contents are anything. An operation
 * calls it once. NULL and a remembered failure when there are none. */
void *ws_cuda_scratch(struct ws_cuda *cuda, size_t size);

/* Where the device sees these bytes of the host, for the operation at hand; NULL and a remembered
 * failure when there is no memory. */
const void *ws_cuda_send(struct ws_cuda *cuda, const void *host, size_t size);
/* Has these bytes at `host` by the next check. */
void ws_cuda_receive(struct ws_cuda *cuda, void *host, const void *from, size_t size);
/* Where the device has what the last operation but this one is to give `host`; NULL when it is no
 * such place. */
const void *ws_cuda_awaited(struct ws_cuda *cuda, const void *host, size_t size);

/* A weight, which lies in memory that ws_cuda_alloc gave, as activations are: itself, or its copy
 * in bf16, which is made when it is out of date. */
const void *ws_cuda_weight(struct ws_cuda *cuda, const float *weight);
/* The copy's place of these parameters if there is a copy, else NULL: for whoever changes them and
 * the copy at once. */
bf16 *ws_cuda_shadow(struct ws_cuda *cuda, float *weight);
/* Says that these parameters were changed without their copy. */
void ws_cuda_changed(struct ws_cuda *cuda, const void *memory);

/* What is put on the stream between the two is `name`'s; where `times` is not NULL. */
void ws_cuda_times_begin(struct ws_cuda *cuda, const char *name);
void ws_cuda_times_end(struct ws_cuda *cuda);
/* The host waited in `name` since what ws_cuda_times_now said. */
double ws_cuda_times_now(const struct ws_cuda *cuda);
void ws_cuda_times_waited(struct ws_cuda *cuda, const char *name, double since);
/* From one opening of a device to its next closing. */
void ws_cuda_times_open(struct ws_cuda *cuda);
void ws_cuda_times_close(struct ws_cuda *cuda);

/* Calls `kernel` with so many threads a block. */
template <class... P, class... A>
static inline void ws_cuda_launch(struct ws_cuda *cuda, const char *what, void (*kernel)(P...),
                                  dim3 blocks, unsigned threads, size_t shared, A... arguments)
{
    if (blocks.x == 0 || blocks.y == 0 || blocks.z == 0 || cuda->failure.status != WS_OK)
        return;
    if (cuda->times)
        ws_cuda_times_begin(cuda, what);
    (void)ws_cuda_ok(cuda, gpu_launch(cuda->stream, kernel, blocks, threads, shared, arguments...),
                     what);
    if (cuda->times)
        ws_cuda_times_end(cuda);
}

/* Runs `body` with T as the type of activations. */
#define WS_CUDA_ACTIVATIONS(cuda, ...)                                                             \
    do {                                                                                           \
        if ((cuda)->precision == WS_PRECISION_BF16) {                                              \
            typedef bf16 T;                                                                        \
            __VA_ARGS__;                                                                           \
        } else {                                                                                   \
            typedef float T;                                                                       \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
    } while (0)

/* An array of activations as what it holds. */
template <class T> static inline T *activations(float *array)
{
    return reinterpret_cast<T *>(array);
}

template <class T> static inline const T *activations(const float *array)
{
    return reinterpret_cast<const T *>(array);
}

static inline unsigned ws_cuda_blocks(size_t count, size_t each)
{
    return (unsigned)((count + each - 1) / each);
}

/* The operations of compute.h, by file. */
/* cuda_memory.cu */
void *ws_cuda_alloc(struct ws_device *device, size_t size);
void ws_cuda_release(struct ws_device *device, void *memory, size_t size);
void ws_cuda_write(struct ws_device *device, void *out, const void *host, size_t size);
void ws_cuda_read(struct ws_device *device, void *host, const void *in, size_t size);
void ws_cuda_zero(struct ws_device *device, void *out, size_t size);
void ws_cuda_copy(struct ws_device *device, void *out, const void *in, size_t size);
void ws_cuda_put(struct ws_device *device, float *out, const float *host, size_t count);
void ws_cuda_get(struct ws_device *device, float *host, const float *in, size_t count);
/* cuda_linear.cu */
void ws_cuda_linear(struct ws_device *device, float *y, const float *x, const struct ws_linear *l);
void ws_cuda_linear_activation(struct ws_device *device, float *active, float *up, const float *x,
                               const struct ws_linear *l, enum ws_activation kind);
void ws_cuda_linear_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                             const float *dy, const float *x, const struct ws_linear *l,
                             bool add_input);
struct ws_packed *ws_cuda_pack(struct ws_device *device, const float *weight, size_t out, size_t in,
                               size_t rows);
void ws_cuda_unpack(struct ws_device *device, struct ws_packed *packed);
void ws_cuda_linear_packed(struct ws_device *device, float *y, const float *x,
                           const struct ws_packed *packed, const float *bias, size_t rows);
void ws_cuda_scores(struct ws_device *device, float *scores, const float *x, size_t first,
                    const struct ws_linear *l);
void ws_cuda_scores_packed(struct ws_device *device, float *scores, const float *x,
                           const struct ws_packed *packed, size_t rows);
/* cuda_norm.cu */
void ws_cuda_norm(struct ws_device *device, float *y, float *sum, float *stats, const float *x,
                  const float *addend, const float *weight, const float *bias,
                  const struct ws_norm_shape *shape);
void ws_cuda_norm_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                           const float *dy, const float *x, const float *stats, const float *weight,
                           const struct ws_norm_shape *shape, bool add_input);
/* cuda_element.cu */
void ws_cuda_rows(struct ws_device *device, float *y, const float *x, const uint32_t *rows,
                  size_t count, size_t width);
void ws_cuda_activation(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                        size_t count);
void ws_cuda_activation_backward(struct ws_device *device, float *dx, float *dbias, const float *dy,
                                 const float *x, enum ws_activation kind, size_t rows,
                                 size_t width);
void ws_cuda_gate(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                  size_t rows, size_t width);
void ws_cuda_gate_backward(struct ws_device *device, float *dx, const float *dy, const float *x,
                           enum ws_activation kind, size_t rows, size_t width);
void ws_cuda_rotary(struct ws_device *device, float *qkv, const struct ws_rotary *r, bool inverse);
void ws_cuda_add(struct ws_device *device, float *y, const float *x, const float *addend,
                 size_t count);
void ws_cuda_dropout(struct ws_device *device, float *y, const float *x,
                     const struct ws_dropout *dropout, size_t count);
/* cuda_attention.cu */
void ws_cuda_attention(struct ws_device *device, float *y, float *lse, const float *qkv,
                       const struct ws_attention *a, const struct ws_dropout *dropout);
void ws_cuda_attention_backward(struct ws_device *device, float *dqkv, const float *dy,
                                const float *y, const float *lse, const float *qkv,
                                const struct ws_attention *a, const struct ws_dropout *dropout);
/* cuda_cache.cu */
void ws_cuda_cache_store(struct ws_device *device, const struct ws_cache *cache, const float *qkv,
                         size_t heads, const uint32_t *slots, const uint32_t *positions,
                         size_t rows);
void ws_cuda_cache_attention(struct ws_device *device, float *y, const float *qkv,
                             const struct ws_cache *cache, size_t heads, const uint32_t *slots,
                             const uint32_t *positions, size_t rows);
void ws_cuda_cache_follow(struct ws_device *device, const struct ws_cache *cache,
                          const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                          size_t slots);
/* cuda_embedding.cu */
void ws_cuda_embedding(struct ws_device *device, float *y, const float *table, const float *places,
                       const uint32_t *tokens, const uint32_t *positions, size_t rows,
                       size_t width);
void ws_cuda_embedding_backward(struct ws_device *device, float *dtable, float *dplaces,
                                const float *dy, const uint32_t *tokens, const uint32_t *positions,
                                size_t rows, size_t width);
/* cuda_head.cu */
void ws_cuda_head_loss(struct ws_device *device, float *loss, float *entropy, const float *x,
                       const struct ws_head *head);
void ws_cuda_head_loss_backward(struct ws_device *device, float *loss, float *dx, float *dweight,
                                float *dbias, const float *x, const struct ws_head *head,
                                float scale);
/* cuda_pick.cu */
void ws_cuda_pick(struct ws_device *device, uint32_t *tokens, float *probabilities, float *scores,
                  const struct ws_pick *pick);
void ws_cuda_rank(struct ws_device *device, uint32_t *tokens, float *values, float *scores,
                  const struct ws_edits *edits, size_t rows, size_t vocabulary, size_t count);
/* cuda_update.cu */
void ws_cuda_accumulate(struct ws_device *device, float *sum, const float *x, size_t count);
double ws_cuda_sum_squares(struct ws_device *device, const float *x, size_t count);
void ws_cuda_adamw(struct ws_device *device, float *weight, float *first, float *second,
                   const float *gradient, const struct ws_adamw *settings, size_t count);
/* cuda_exchange.cu */
struct ws_exchange *ws_cuda_exchange(struct ws_device *device, const struct ws_team *team);

/* Matrix products: C (m, n) = A B, plus C where `add`, plus `bias` (n), f32, where it is not NULL;
 * row-major with `columns` of the whole each. A is (m, k), or (k, m) and used transposed; B is
 * (k, n), or (n, k) and used transposed. For cuda_linear.cu and cuda_head.cu. */
enum ws_cuda_type { WS_CUDA_F32, WS_CUDA_BF16 };

struct ws_cuda_product {
    size_t m, n, k;
    const void *a, *b;
    void *c;
    size_t a_columns, b_columns, c_columns;
    bool a_transposed, b_transposed;
    enum ws_cuda_type operands; /* of A and B */
    enum ws_cuda_type result;   /* of C */
    const float *bias;
    bool add;
    bool relu; /* C becomes the larger of itself and 0; its rows lie one after another */
};

/* cuda_linear.cu: by the matrix library where there is one, else by ws_cuda_own_product. */
void ws_cuda_multiply(struct ws_cuda *cuda, const struct ws_cuda_product *product);
/* cuda_product.cu: our own kernels. */
void ws_cuda_own_product(struct ws_cuda *cuda, const struct ws_cuda_product *product);

enum ws_status ws_cuda_matrix_open(struct ws_cuda *cuda, struct ws_error *err);
void ws_cuda_matrix_close(struct ws_cuda *cuda);

#endif
