#include "compute/cpu/cpu_device.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

enum {
    ALIGNMENT = 64, /* bytes; a block costs as many more */
    LARGE = 4 << 20 /* bytes of a block that is worth large pages */
};

/* The prototypes of <omp.h>, which not every compiler comes with. oneDNN asks the OpenMP runtime
 * how many threads the calling thread may use, and a thread keeps what it is told. */
void omp_set_num_threads(int count);
int omp_get_max_threads(void);

struct ws_cpu *ws_cpu_ready(struct ws_device *device)
{
    struct ws_cpu *cpu = (struct ws_cpu *)device;
    if (atomic_load(&cpu->library_failed))
        ws_cpu_out_of_memory(cpu, "the matrix library");
    return cpu->failure.status == WS_OK ? cpu : NULL;
}

void ws_cpu_out_of_memory(struct ws_cpu *cpu, const char *what)
{
    if (cpu->failure.status == WS_OK)
        (void)ws_fail_memory(&cpu->failure, what);
}

enum ws_status ws_cpu_check(struct ws_device *device, struct ws_error *err)
{
    struct ws_cpu *cpu = (struct ws_cpu *)device;
    if (ws_cpu_ready(device))
        return WS_OK;
    if (err)
        *err = cpu->failure;
    return cpu->failure.status;
}

/* The byte before the aligned address says how far the block's start is. */
static void *take(struct ws_cpu *cpu, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    uint8_t *block = ws_realloc(cpu->allocator, NULL, 0, size + ALIGNMENT);
    if (!block)
        return NULL;
    size_t gap = ALIGNMENT - (uintptr_t)block % ALIGNMENT;
    uint8_t *aligned = block + gap;
    aligned[-1] = (uint8_t)gap;
    if (size >= LARGE)
        ws_memory_ask_large_pages(aligned, size);
    return aligned;
}

static void give_back(struct ws_cpu *cpu, void *memory, size_t size)
{
    if (!memory)
        return;
    uint8_t *aligned = memory;
    ws_free(cpu->allocator, aligned - aligned[-1], size + ALIGNMENT);
}

void *ws_cpu_alloc(struct ws_device *device, size_t size)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    if (!cpu)
        return NULL;
    void *memory = take(cpu, size);
    if (!memory) {
        ws_cpu_out_of_memory(cpu, "numbers of the device");
        return NULL;
    }
    ws_cpu_zero(device, memory, size);
    return memory;
}

void ws_cpu_release(struct ws_device *device, void *memory, size_t size)
{
    give_back((struct ws_cpu *)device, memory, size);
}

struct ws_packed *ws_cpu_packed_new(struct ws_device *device, size_t out, size_t in, size_t floats)
{
    size_t size = sizeof(struct ws_packed) + floats * sizeof(float);
    struct ws_packed *packed = ws_cpu_alloc(device, size);
    if (packed)
        *packed = (struct ws_packed){.size = size, .out = out, .in = in};
    return packed;
}

void ws_cpu_unpack(struct ws_device *device, struct ws_packed *packed)
{
    if (packed)
        ws_cpu_release(device, packed, packed->size);
}

void *ws_cpu_scratch(struct ws_cpu *cpu, size_t size)
{
    if (size <= cpu->scratch_size)
        return cpu->scratch;
    give_back(cpu, cpu->scratch, cpu->scratch_size);
    cpu->scratch = take(cpu, size);
    cpu->scratch_size = cpu->scratch ? size : 0;
    if (!cpu->scratch)
        ws_cpu_out_of_memory(cpu, "the device's scratch");
    return cpu->scratch;
}

struct claims {
    atomic_size_t next;
    size_t pieces;
    void (*work)(void *context, size_t piece, unsigned worker);
    void *context;
};

static void claim_pieces(void *context, size_t worker)
{
    struct claims *claims = context;
    omp_set_num_threads(1);
    for (;;) {
        size_t piece = atomic_fetch_add(&claims->next, 1);
        if (piece >= claims->pieces)
            return;
        claims->work(claims->context, piece, (unsigned)worker);
    }
}

void ws_cpu_run(struct ws_cpu *cpu, size_t pieces,
                void (*work)(void *context, size_t piece, unsigned worker), void *context)
{
    struct claims claims = {.pieces = pieces, .work = work, .context = context};
    const int threads_of_caller = omp_get_max_threads();
    if (pieces == 1 || cpu->threads == 1)
        claim_pieces(&claims, 0);
    else
        ws_pool_run(cpu->pool, cpu->threads, claim_pieces, &claims);
    omp_set_num_threads(threads_of_caller);
}

/* Bytes are moved in pieces of this size. */
enum { MOVE_SIZE = 1 << 20 };

struct move {
    uint8_t *out;
    const uint8_t *in; /* NULL: zeros */
    size_t size;
};

static void move_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct move *move = context;
    size_t from = piece * MOVE_SIZE;
    size_t size = ws_smaller(MOVE_SIZE, move->size - from);
    if (move->in)
        memcpy(move->out + from, move->in + from, size);
    else
        memset(move->out + from, 0, size);
}

static void move_bytes(struct ws_device *device, void *out, const void *in, size_t size)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct move move = {out, in, size};
    if (cpu && size > 0)
        ws_cpu_run(cpu, (size - 1) / MOVE_SIZE + 1, move_piece, &move);
}

void ws_cpu_zero(struct ws_device *device, void *out, size_t size)
{
    move_bytes(device, out, NULL, size);
}

void ws_cpu_copy(struct ws_device *device, void *out, const void *in, size_t size)
{
    move_bytes(device, out, in, size);
}

void ws_cpu_put(struct ws_device *device, float *out, const float *host, size_t count)
{
    ws_cpu_copy(device, out, host, count * sizeof *out);
}

void ws_cpu_get(struct ws_device *device, float *host, const float *in, size_t count)
{
    ws_cpu_copy(device, host, in, count * sizeof *host);
}

void ws_cpu_rows(struct ws_device *device, float *y, const float *x, const uint32_t *rows,
                 size_t count, size_t width)
{
    for (size_t i = 0; ws_cpu_ready(device) && i < count; i++)
        memcpy(y + i * width, x + rows[i] * width, width * sizeof *y);
}

void ws_cpu_linear_activation(struct ws_device *device, float *active, float *up, const float *x,
                              const struct ws_linear *l, enum ws_activation kind)
{
    float *sums = up ? up : active;
    device->ops->linear(device, sums, x, l);
    device->ops->activation(device, active, sums, kind, l->rows * l->out);
}

void ws_cpu_scores(struct ws_device *device, float *scores, const float *x, size_t first,
                   const struct ws_linear *l)
{
    device->ops->linear(device, scores, x + first * l->in, l);
}

void ws_cpu_scores_packed(struct ws_device *device, float *scores, const float *x,
                          const struct ws_packed *packed, size_t rows)
{
    device->ops->linear_packed(device, scores, x, packed, NULL, rows);
}

void ws_cpu_close(struct ws_device *device)
{
    if (!device)
        return;
    struct ws_cpu *cpu = (struct ws_cpu *)device;
    give_back(cpu, cpu->scratch, cpu->scratch_size);
    ws_pool_free(cpu->pool);
    ws_free(cpu->allocator, cpu, sizeof *cpu);
}

enum ws_status ws_cpu_open(enum ws_cpu_kind kind, unsigned threads,
                           const struct ws_allocator *allocator, struct ws_device **out,
                           struct ws_error *err)
{
    assert(threads >= 1);
    struct ws_cpu *cpu = ws_realloc(allocator, NULL, 0, sizeof *cpu);
    if (!cpu)
        return ws_fail_memory(err, "the device");
    *cpu = (struct ws_cpu){.allocator = allocator, .threads = threads, .vector = ws_vector_pick()};
    cpu->device.ops = kind == WS_CPU_REFERENCE ? &ws_cpu_reference_ops : &ws_cpu_fast_ops;
    enum ws_status status = ws_pool_new(threads, allocator, &cpu->pool, err);
    if (status != WS_OK) {
        ws_cpu_close(&cpu->device);
        return status;
    }
    *out = &cpu->device;
    return WS_OK;
}

struct ws_pool *ws_cpu_pool(struct ws_device *device)
{
    return ((struct ws_cpu *)device)->pool;
}
