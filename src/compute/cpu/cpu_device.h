/*
 * What the two CPU sets of operations share: memory, scratch, the pool, and the first failure.
 *
 * Private to compute/cpu/.
 */
#ifndef WS_COMPUTE_CPU_DEVICE_H
#define WS_COMPUTE_CPU_DEVICE_H

#include <stdalign.h>
#include <stdatomic.h>

#include "compute/compute.h"
#include "compute/cpu/vector/vector_ops.h"

struct ws_cpu {
    struct ws_device device; /* first: operations are handed its address */
    const struct ws_allocator *allocator;
    struct ws_pool *pool;
    unsigned threads;
    struct ws_error failure;    /* the first; WS_OK until then */
    atomic_bool library_failed; /* oneDNN, on any thread: it can only run out of memory */
    const struct ws_vector_ops *vector;
    void *scratch;
    size_t scratch_size;
};

struct ws_packed {
    size_t size; /* of this block, as ws_cpu_alloc was asked */
    size_t out;
    size_t in;
    alignas(64) float weight[]; /* in the order that the set likes */
};

/* With a weight of so many floats, zeros; NULL and a remembered failure when memory is out. */
struct ws_packed *ws_cpu_packed_new(struct ws_device *device, size_t out, size_t in, size_t floats);

/* NULL once something failed: then operations do nothing. */
struct ws_cpu *ws_cpu_ready(struct ws_device *device);
/* Remembers that memory for `what` ran out, unless something failed before. */
void ws_cpu_out_of_memory(struct ws_cpu *cpu, const char *what);

/* At least `size` bytes, aligned to 64, until the next call; contents are anything. NULL and a
 * remembered failure when there are none. */
void *ws_cpu_scratch(struct ws_cpu *cpu, size_t size);

/* Calls work(context, piece, worker) once for each piece; of the pieces that run at the same time
 * no two have the same worker, a number below cpu->threads. */
void ws_cpu_run(struct ws_cpu *cpu, size_t pieces,
                void (*work)(void *context, size_t piece, unsigned worker), void *context);

/* The operations that are the same in both sets. */
void ws_cpu_close(struct ws_device *device);
enum ws_status ws_cpu_check(struct ws_device *device, struct ws_error *err);
void *ws_cpu_alloc(struct ws_device *device, size_t size);
void ws_cpu_release(struct ws_device *device, void *memory, size_t size);
void ws_cpu_copy(struct ws_device *device, void *out, const void *in, size_t size);
void ws_cpu_put(struct ws_device *device, float *out, const float *host, size_t count);
void ws_cpu_get(struct ws_device *device, float *host, const float *in, size_t count);
void ws_cpu_rows(struct ws_device *device, float *y, const float *x, const uint32_t *rows,
                 size_t count, size_t width);
void ws_cpu_linear_activation(struct ws_device *device, float *active, float *up, const float *x,
                              const struct ws_linear *l, enum ws_activation kind);
void ws_cpu_unpack(struct ws_device *device, struct ws_packed *packed);
void ws_cpu_scores(struct ws_device *device, float *scores, const float *x, size_t first,
                   const struct ws_linear *l);
void ws_cpu_scores_packed(struct ws_device *device, float *scores, const float *x,
                          const struct ws_packed *packed, size_t rows);
void ws_cpu_zero(struct ws_device *device, void *out, size_t size);

extern const struct ws_device_ops ws_cpu_reference_ops;
extern const struct ws_device_ops ws_cpu_fast_ops;

static inline size_t ws_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
