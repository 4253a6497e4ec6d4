/*
 * Contract of compute/compute.h: the fast set against the reference on shapes of every kind, and
 * the same bytes for any number of threads. The reference against finite differences is in
 * test_compute_reference.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "compute/compute.h"
#include "support/compute_cases.h"
#include "support/failing_heap.h"

/* ---- fast against reference ---- */

enum { DRAWN = 10 }; /* shapes of each group */

static void run_on(struct case_result *out, enum ws_cpu_kind kind, unsigned threads,
                   const struct case_group *group, size_t number)
{
    struct ws_device *device;
    assert_int_equal(ws_cpu_open(kind, threads, NULL, &device, NULL), WS_OK);
    case_run(out, device, WS_PRECISION_F32, group, number);
    device->ops->close(device);
}

static void fast__agrees_with_the_reference(void **state)
{
    const struct case_group *group = *state;
    static struct case_result reference, fast, threaded;
    for (size_t i = 0; i < group->count + DRAWN; i++) {
        run_on(&reference, WS_CPU_REFERENCE, 1, group, i);
        run_on(&fast, WS_CPU_FAST, 1, group, i);
        case_compare(&reference, &fast, WS_PRECISION_F32, group, i);
        static const unsigned threads[] = {2, 3, 7};
        for (size_t t = 0; t < 3; t++) {
            run_on(&threaded, WS_CPU_FAST, threads[t], group, i);
            assert_int_equal(fast.count, threaded.count);
            assert_memory_equal(fast.numbers, threaded.numbers, fast.count * sizeof *fast.numbers);
        }
    }
}

/* ---- dropout's law ---- */

static void dropout__keeps_the_share_that_was_said(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    static float ones[COUNT], kept[COUNT], other[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        ones[i] = 1;
    struct ws_device *device;
    assert_int_equal(ws_cpu_open(WS_CPU_FAST, 2, NULL, &device, NULL), WS_OK);
    for (int tenths = 1; tenths < 10; tenths++) {
        double p = tenths / 10.0;
        struct ws_dropout dropout = {(float)p, {{21, 22}, 23}, 4};
        device->ops->dropout(device, kept, ones, &dropout, COUNT);
        dropout.site = 5;
        device->ops->dropout(device, other, ones, &dropout, COUNT);
        size_t alive = 0, both = 0;
        for (size_t i = 0; i < COUNT; i++) {
            assert_true(kept[i] == 0 || fabs((double)kept[i] - 1 / (1 - p)) < 1e-5);
            alive += kept[i] > 0;
            both += kept[i] > 0 && other[i] > 0;
        }
        /* Five standard deviations. */
        double q = 1 - p;
        assert_true(fabs((double)alive - COUNT * q) < 5 * sqrt(COUNT * p * q));
        assert_true(fabs((double)both - COUNT * q * q) < 5 * sqrt(COUNT * q * q * (1 - q * q)));
    }
    device->ops->close(device);
}

/* ---- failures ---- */

static enum ws_status use_memory(struct ws_device *device)
{
    const struct ws_device_ops *ops = device->ops;
    uint32_t starts[] = {0, 4};
    const struct ws_attention a = {1, starts, 1, 1, 2};
    float *qkv = ops->alloc(device, 24 * sizeof *qkv), *y = ops->alloc(device, 8 * sizeof *y);
    ops->attention(device, y, NULL, qkv, &a, NULL);
    struct ws_packed *packed = ops->pack(device, qkv, 4, 6, 2);
    ops->linear_packed(device, y, qkv, packed, NULL, 1);
    ops->unpack(device, packed);
    ops->release(device, qkv, 24 * sizeof *qkv);
    ops->release(device, y, 8 * sizeof *y);
    struct ws_error err;
    enum ws_status status = ops->check(device, &err);
    if (status != WS_OK)
        assert_non_null(strstr(err.message, "out of memory"));
    assert_int_equal(ops->check(device, NULL), status);
    return status;
}

static void device__remembers_that_memory_ran_out(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        enum ws_status status = WS_NO_MEMORY;
        for (long n = 0; status == WS_NO_MEMORY; n++) {
            assert_true(n < 100);
            struct failing_heap heap = {.countdown = n};
            const struct ws_allocator allocator = {failing_realloc, &heap};
            struct ws_device *device = NULL;
            status =
                ws_cpu_open(kind ? WS_CPU_REFERENCE : WS_CPU_FAST, 2, &allocator, &device, NULL);
            if (status == WS_OK) {
                status = use_memory(device);
                device->ops->close(device);
            }
            assert_true(failing_heap_is_clean(&heap));
        }
        assert_int_equal(status, WS_OK);
    }
}

/* Of <omp.h>, as in compute/cpu/cpu_device.c. */
void omp_set_num_threads(int count);
int omp_get_max_threads(void);

/* A program that calls the library may use OpenMP itself. */
static void device__leaves_openmp_as_it_was(void **state)
{
    (void)state;
    const int before = omp_get_max_threads();
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct ws_device *device;
        assert_int_equal(ws_cpu_open(WS_CPU_FAST, threads, NULL, &device, NULL), WS_OK);
        omp_set_num_threads(3);
        assert_int_equal(use_memory(device), WS_OK);
        assert_int_equal(omp_get_max_threads(), 3);
        device->ops->close(device);
    }
    omp_set_num_threads(before);
}

static void device__says_its_name(void **state)
{
    (void)state;
    struct ws_device *device;
    assert_int_equal(ws_cpu_open(WS_CPU_FAST, 1, NULL, &device, NULL), WS_OK);
    assert_string_equal(device->ops->name, "cpu");
    assert_non_null(ws_cpu_pool(device));
    device->ops->close(device);
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL), WS_OK);
    assert_string_equal(device->ops->name, "cpu-reference");
    device->ops->close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout__keeps_the_share_that_was_said),
        cmocka_unit_test(device__remembers_that_memory_ran_out),
        cmocka_unit_test(device__leaves_openmp_as_it_was),
        cmocka_unit_test(device__says_its_name),
    };
    struct CMUnitTest groups[CASE_GROUP_COUNT];
    for (size_t i = 0; i < CASE_GROUP_COUNT; i++)
        groups[i] = (struct CMUnitTest){.name = CASE_GROUPS[i].name,
                                        .test_func = fast__agrees_with_the_reference,
                                        .initial_state = (void *)(uintptr_t)&CASE_GROUPS[i]};
    int failed =
        _cmocka_run_group_tests("fast as the reference", groups, CASE_GROUP_COUNT, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
