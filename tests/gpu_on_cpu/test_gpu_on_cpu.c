/*
 * Contract of compute/cuda/: every operation against the CPU's reference, in every precision, with
 * the CUDA sources compiled for the GPU on the CPU. On a real GPU: tests/unit/test_cuda.c.
 *
 *   test_gpu_on_cpu [PRECISION [TEST]]     f32, tf32 or bf16; TEST may hold a *
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "compute/cuda/cuda_module.h"
#include "gpu_on_cpu/gpu_on_cpu_control.h"
#include "support/device_cases.h"
#include "support/failing_heap.h"

/* What cuda_module.h names. */
ws_cuda_module_open_fn ws_cuda_module_open;
ws_cuda_module_look_fn ws_cuda_module_look;

static enum ws_status open_gpu(enum ws_precision precision, const struct ws_allocator *allocator,
                               struct ws_device **out, struct ws_error *err)
{
    const struct ws_cuda_request request = {
        .version = WS_VERSION, .precision = precision, .allocator = allocator};
    return ws_cuda_module_open(&request, out, err);
}

/* First forwards; then backwards or as each run draws it. */
static void turn(size_t run)
{
    static uint64_t shuffled;
    if (run == 0)
        gpu_on_cpu_order(GPU_FORWARDS, 0);
    else if (shuffled++ % 2 == 0)
        gpu_on_cpu_order(GPU_BACKWARDS, 0);
    else
        gpu_on_cpu_order(GPU_SHUFFLED, shuffled);
}

/* ---- opening ---- */

static void module__refuses_what_it_cannot_open(void **state)
{
    (void)state;
    const size_t before = gpu_on_cpu_blocks();
    struct ws_device *device = NULL;
    struct ws_error err;
    struct ws_cuda_request request = {.version = "0.0.0"};
    assert_int_equal(ws_cuda_module_open(&request, &device, &err), WS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "0.0.0"));
    request = (struct ws_cuda_request){.version = WS_VERSION, .number = 1};
    assert_int_equal(ws_cuda_module_open(&request, &device, &err), WS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "GPU 1"));
    assert_null(device);
    assert_int_equal(gpu_on_cpu_blocks(), before);
}

static void module__says_which_gpus_there_are(void **state)
{
    (void)state;
    struct ws_cuda_gpu gpu;
    struct ws_error err;
    assert_int_equal(ws_cuda_module_look(WS_VERSION, 0, &gpu, &err), WS_OK);
    assert_int_equal(gpu.count, 1);
    assert_true(gpu.free_memory > 0);
    assert_non_null(strstr(gpu.about, "sm_90"));
    assert_int_equal(ws_cuda_module_look(WS_VERSION, 1, &gpu, &err), WS_OK);
    assert_int_equal(gpu.count, 1);
    assert_int_equal(ws_cuda_module_look("0.0.0", 0, &gpu, &err), WS_UNSUPPORTED);
}

/* ---- failures ---- */

enum { ROWS = 3, WIDTH = 20, TYPES = 50 };

/* Some of everything that takes memory. */
static enum ws_status use_memory(struct ws_device *device)
{
    const struct ws_device_ops *ops = device->ops;
    const uint32_t starts[] = {0, ROWS}, target[ROWS] = {1, 2, 3};
    const double uniforms[ROWS] = {0.5, 0.5, 0.5};
    float host[TYPES * WIDTH] = {0}, loss[ROWS];
    uint32_t tokens[ROWS];
    float *x = ops->alloc(device, sizeof host), *weight = ops->alloc(device, sizeof host);
    float *y = ops->alloc(device, sizeof host);
    ops->put(device, x, host, (size_t)ROWS * WIDTH);
    ops->write(device, weight, host, sizeof host);
    const struct ws_attention a = {1, starts, 1, 1, 4};
    ops->attention(device, y, NULL, x, &a, NULL);
    struct ws_packed *packed = ops->pack(device, weight, TYPES, WIDTH, ROWS);
    ops->linear_packed(device, y, x, packed, NULL, ROWS);
    const struct ws_head head = {ROWS, WIDTH, TYPES, weight, NULL, target};
    ops->head_loss(device, loss, NULL, x, &head);
    const struct ws_linear l = {ROWS, WIDTH, TYPES, weight, NULL};
    ops->scores(device, y, x, 0, &l);
    const struct ws_pick pick = {.rows = ROWS,
                                 .vocabulary = TYPES,
                                 .edits = {.penalty = 1},
                                 .temperature = 1,
                                 .top_k = 5,
                                 .top_p = 1,
                                 .typical_p = 1,
                                 .uniforms = uniforms};
    ops->pick(device, tokens, NULL, y, &pick);
    (void)ops->sum_squares(device, weight, TYPES);
    ops->get(device, host, x, (size_t)ROWS * WIDTH);
    ops->unpack(device, packed);
    ops->release(device, x, sizeof host);
    ops->release(device, weight, sizeof host);
    ops->release(device, y, sizeof host);
    struct ws_error err = {0};
    enum ws_status status = ops->check(device, &err);
    if (status != WS_OK)
        assert_true(strlen(err.message) > 0);
    assert_int_equal(ops->check(device, NULL), status);
    return status;
}

/* Allocation `n` of the GPU, or of the host, fails; says whether there were so few. */
static enum ws_status use_without(long n, bool on_host)
{
    const size_t before = gpu_on_cpu_blocks();
    struct failing_heap heap = {.countdown = on_host ? n : FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    struct ws_device *device = NULL;
    struct ws_error err = {0};
    gpu_on_cpu_fail_allocations(on_host ? -1 : n);
    enum ws_status status = open_gpu(WS_PRECISION_BF16, &allocator, &device, &err);
    if (status == WS_OK) {
        status = use_memory(device);
        device->ops->close(device);
    }
    gpu_on_cpu_fail_allocations(-1);
    assert_true(failing_heap_is_clean(&heap));
    assert_int_equal(gpu_on_cpu_blocks(), before);
    return status;
}

static void device__remembers_that_memory_ran_out(void **state)
{
    (void)state;
    for (int on_host = 0; on_host < 2; on_host++) {
        enum ws_status status = WS_NO_MEMORY;
        for (long n = 0; status == WS_NO_MEMORY; n++) {
            assert_true(n < 100);
            status = use_without(n, on_host);
        }
        assert_int_equal(status, WS_OK);
    }
}

/* Uses a device and closes it without giving back what it took; gives what then is not given back.
 */
static size_t use_and_close(enum ws_precision precision, struct ws_device **device)
{
    struct ws_error err;
    float loss[ROWS];
    assert_int_equal(open_gpu(precision, NULL, device, &err), WS_OK);
    assert_int_equal(use_memory(*device), WS_OK);
    float *x = (*device)->ops->alloc(*device, ROWS * sizeof *x);
    (*device)->ops->get(*device, loss, x, ROWS);
    for (size_t r = 0; r < ROWS; r++)
        assert_true(loss[r] == 0);
    (*device)->ops->close(*device);
    return gpu_on_cpu_blocks();
}

static void device__is_kept_for_the_next_one(void **state)
{
    (void)state;
    const size_t before = gpu_on_cpu_blocks();
    struct ws_device *first, *second, *other;
    assert_int_equal(setenv("WELLSPRING_CUDA_KEEP", "none", 1), 0);
    assert_int_equal(use_and_close(WS_PRECISION_F32, &first), before);
    assert_int_equal(unsetenv("WELLSPRING_CUDA_KEEP"), 0);
    size_t blocks = use_and_close(WS_PRECISION_BF16, &first);
    assert_true(blocks > 0);
    assert_int_equal(use_and_close(WS_PRECISION_BF16, &second), blocks);
    assert_ptr_equal(second, first);
    assert_int_equal(use_and_close(WS_PRECISION_F32, &other), blocks);
    struct ws_error err;
    struct ws_device *side_by_side[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(open_gpu(WS_PRECISION_F32, NULL, &side_by_side[i], &err), WS_OK);
    assert_ptr_not_equal(side_by_side[0], side_by_side[1]);
    for (int i = 0; i < 2; i++)
        side_by_side[i]->ops->close(side_by_side[i]);
    assert_int_equal(gpu_on_cpu_blocks(), blocks);
}

/* ---- tokens that are on the way ---- */

static void embed_picked(bool waits)
{
    struct ws_device *device;
    struct ws_error err;
    const uint32_t positions[ROWS] = {0, 1, 2};
    float table[TYPES * WIDTH], scores[ROWS * TYPES] = {0}, seen[ROWS * WIDTH];
    uint32_t tokens[ROWS] = {0};
    for (size_t i = 0; i < (size_t)TYPES * WIDTH; i++) {
        const size_t type = i / WIDTH;
        table[i] = (float)type;
    }
    scores[0 * TYPES + 7] = 2;
    scores[1 * TYPES + 49] = 2;
    scores[2 * TYPES + 3] = NAN; /* none: it is embedded as token 0 */
    assert_int_equal(open_gpu(WS_PRECISION_F32, NULL, &device, &err), WS_OK);
    const struct ws_device_ops *ops = device->ops;
    float *on_device = ops->alloc(device, sizeof table), *y = ops->alloc(device, sizeof seen);
    float *logits = ops->alloc(device, sizeof scores);
    ops->write(device, on_device, table, sizeof table);
    ops->write(device, logits, scores, sizeof scores);
    const struct ws_pick pick = {
        .rows = ROWS, .vocabulary = TYPES, .edits = {.penalty = 1}, .top_p = 1, .typical_p = 1};
    ops->pick(device, tokens, NULL, logits, &pick);
    ops->embedding(device, y, on_device, NULL, tokens, positions, ROWS, WIDTH);
    assert_true((tokens[0] == 7) == waits && (tokens[1] == 49) == waits);
    assert_int_equal(ops->check(device, &err), WS_OK);
    ops->get(device, seen, y, (size_t)ROWS * WIDTH);
    assert_true(tokens[0] == 7 && tokens[1] == 49 && tokens[2] == WS_NO_TARGET);
    const float wanted[ROWS] = {7, 49, 0};
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++)
        assert_true(seen[i] == wanted[i / WIDTH]);
    device->ops->close(device);
}

static void embedding__takes_tokens_that_were_just_picked(void **state)
{
    (void)state;
    assert_int_equal(setenv("WELLSPRING_CUDA_KEEP", "none", 1), 0);
    embed_picked(false);
    assert_int_equal(setenv("WELLSPRING_CUDA_AHEAD", "none", 1), 0);
    embed_picked(true);
    assert_int_equal(unsetenv("WELLSPRING_CUDA_AHEAD"), 0);
    assert_int_equal(unsetenv("WELLSPRING_CUDA_KEEP"), 0);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(module__refuses_what_it_cannot_open),
        cmocka_unit_test(module__says_which_gpus_there_are),
        cmocka_unit_test(device__remembers_that_memory_ran_out),
        cmocka_unit_test(device__is_kept_for_the_next_one),
        cmocka_unit_test(embedding__takes_tokens_that_were_just_picked),
    };
    static const struct device_kind kind = {
        .open = open_gpu, .before = turn, .runs = 2, .drawn = 4, .slow = true};
    if (count > 2)
        cmocka_set_test_filter(words[2]);
    int failed = device_check(&kind, count > 1 ? words[1] : NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
