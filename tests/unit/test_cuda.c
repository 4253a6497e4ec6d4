/*
 * Contract of compute/cuda/ on a real GPU: every operation against the CPU's reference, in every
 * precision, through the module that the program opens. Skipped where there is no module or no GPU:
 * tests/gpu_on_cpu/ runs the same cases without one.
 *
 *   test_cuda [PRECISION [TEST]]     f32, tf32 or bf16; TEST may hold a *
 *
 * The module is the one that was built with it, or that of the bundle in whose root it runs, or
 * what WS_CUDA_MODULE names. With WS_CUDA_SHORT set each case runs once, and none that is large or
 * drawn: for tools that slow a GPU down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compute/device.h"
#include "support/device_cases.h"

enum { SKIPPED = 77 };

static struct ws_device_choice choice;

static enum ws_status open_gpu(enum ws_precision precision, const struct ws_allocator *allocator,
                               struct ws_device **out, struct ws_error *err)
{
    choice.precision = precision;
    return ws_device_open(&choice, 1, allocator, out, err);
}

static void device__says_its_name(void **state)
{
    (void)state;
    struct ws_device *device;
    assert_int_equal(open_gpu(WS_PRECISION_F32, NULL, &device, NULL), WS_OK);
    assert_string_equal(device->ops->name, "cuda");
    device->ops->close(device);
}

/* More than a GPU has is refused; the device stays as it is and can be closed. */
static void device__remembers_that_memory_ran_out(void **state)
{
    (void)state;
    struct ws_device *device;
    struct ws_error err = {0};
    assert_int_equal(open_gpu(WS_PRECISION_BF16, NULL, &device, NULL), WS_OK);
    float *x = device->ops->alloc(device, 1 << 20);
    assert_non_null(x);
    assert_null(device->ops->alloc(device, (size_t)1 << 45));
    assert_int_equal(device->ops->check(device, &err), WS_NO_MEMORY);
    assert_non_null(strstr(err.message, "memory"));
    device->ops->zero(device, x, 1 << 20);
    device->ops->release(device, x, 1 << 20);
    assert_int_equal(device->ops->check(device, NULL), WS_NO_MEMORY);
    device->ops->close(device);
}

static const char *module_path(void)
{
    static const char *const bundled = "lib/wellspring/" WS_CUDA_MODULE_FILE;
    const char *named = getenv("WS_CUDA_MODULE");
    if (named)
        return named;
    return access(BUILT_MODULE, R_OK) == 0 || access(bundled, R_OK) != 0 ? BUILT_MODULE : bundled;
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device__says_its_name),
        cmocka_unit_test(device__remembers_that_memory_ran_out),
    };
    const bool brief = getenv("WS_CUDA_SHORT") != NULL;
    const struct device_kind kind = {
        .open = open_gpu, .runs = brief ? 1 : 3, .drawn = brief ? 0 : 40, .slow = brief};
    const struct ws_device_settings settings = {.device = "cuda:0"};
    struct ws_error err = {0};
    enum ws_status status = ws_device_choose(&settings, module_path(), &choice, &err);
    if (status != WS_OK) {
        (void)printf("skipped: %s\n", err.message);
        return status == WS_UNSUPPORTED ? SKIPPED : 1;
    }
    if (count > 2)
        cmocka_set_test_filter(words[2]);
    int failed = device_check(&kind, count > 1 ? words[1] : NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
