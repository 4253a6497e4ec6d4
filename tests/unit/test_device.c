#include "compute/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_heap.h"

static struct ws_device_settings asks(const char *device, const char *precision)
{
    static const char *const names[] = {"auto", "f32", "tf32", "bf16"};
    struct ws_device_settings settings = {.device = device};
    while (strcmp(names[settings.precision], precision) != 0)
        settings.precision++;
    return settings;
}

static enum ws_status choose(const char *device, const char *precision, const char *module,
                             struct ws_device_choice *out, struct ws_error *err)
{
    const struct ws_device_settings settings = asks(device, precision);
    return ws_device_choose(&settings, module, out, err);
}

static void assert_says(const struct ws_error *err, const char *words)
{
    if (!strstr(err->message, words))
        fail_msg("'%s' does not say '%s'", err->message, words);
}

static void assert_cpu(const struct ws_device_choice *choice)
{
    assert_null(choice->module);
    assert_int_equal(choice->count, 0);
    assert_int_equal(choice->precision, WS_PRECISION_F32);
}

/* What is asked for ---------------------------------------------------------------------------- */

static void settings__are_words_that_can_be_meant(void **state)
{
    static const char *const fine[] = {"auto", "cpu", "cuda", "cuda:0", "cuda:15"};
    static const char *const wrong[] = {"",         "CPU",        "cuda:", "cuda:-1", "cuda:1x",
                                        "cuda:1:2", "cuda:70000", "gpu",   "rocm"};
    struct ws_error err;
    (void)state;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        const struct ws_device_settings settings = asks(fine[i], "auto");
        assert_int_equal(ws_device_settings_check(&settings, "here", &err), WS_OK);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct ws_device_settings settings = asks(wrong[i], "auto");
        assert_int_equal(ws_device_settings_check(&settings, "here", &err), WS_INVALID);
        assert_says(&err, "here: 'device' is '");
        assert_says(&err, "wanted auto, cpu, cuda or cuda:N");
    }
    const struct ws_device_settings near = asks("cdua", "auto");
    assert_int_equal(ws_device_settings_check(&near, "here", &err), WS_INVALID);
    assert_says(&err, "did you mean 'cuda'?");
}

static void settings__give_the_cpu_no_other_precision(void **state)
{
    struct ws_device_settings settings = asks("cpu", "f32");
    struct ws_error err;
    (void)state;
    assert_int_equal(ws_device_settings_check(&settings, "here", &err), WS_OK);
    settings = asks("cpu", "bf16");
    assert_int_equal(ws_device_settings_check(&settings, "here", &err), WS_INVALID);
    assert_says(&err, "here: 'precision' is 'bf16' with 'device' at cpu, which knows f32 alone");
}

static void settings__say_whether_only_a_gpu_will_do(void **state)
{
    static const struct {
        const char *device, *precision;
        bool wanted;
    } cases[] = {
        {"auto", "auto", false}, {"auto", "f32", false}, {"cpu", "auto", false},
        {"auto", "tf32", true},  {"cuda", "f32", true},  {"cuda:3", "auto", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_device_settings settings = asks(cases[i].device, cases[i].precision);
        assert_int_equal(ws_device_settings_want_gpu(&settings), cases[i].wanted);
    }
}

/* What is chosen ------------------------------------------------------------------------------- */

static void choosing__falls_back_to_the_cpu_only_where_it_may(void **state)
{
    static const struct {
        const char *module, *why;
    } cases[] = {
        {NULL, "this program was built without CUDA: there is no wellspring-cuda.so beside it"},
        {WS_SOURCE_DIR "/no-such.so", "the CUDA module cannot be loaded"},
        {WS_SOURCE_DIR "/README.md", "the CUDA module cannot be loaded"},
        {"libm.so.6", "the CUDA module cannot be loaded"}, /* a library, and no module */
        {OTHER_GPUS, "the module is of version 0.0.0"},
    };
    struct ws_device_choice choice;
    struct ws_error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *module = cases[i].module;
        assert_int_equal(choose("auto", "auto", module, &choice, &err), WS_OK);
        assert_cpu(&choice);
        assert_int_equal(choose("auto", "f32", module, &choice, &err), WS_OK);
        assert_cpu(&choice);
        assert_int_equal(choose("cuda", "auto", module, &choice, &err), WS_UNSUPPORTED);
        assert_says(&err, "'device' is 'cuda': ");
        assert_says(&err, cases[i].why);
        assert_int_equal(choose("auto", "bf16", module, &choice, &err), WS_UNSUPPORTED);
        assert_says(&err, "'precision' is 'bf16': ");
        assert_says(&err, cases[i].why);
    }
}

static void choosing__finds_the_gpus_there_are(void **state)
{
    struct ws_device_choice choice;
    struct ws_error err;
    (void)state;
    assert_int_equal(choose("cpu", "auto", FAKE_GPUS, &choice, &err), WS_OK);
    assert_cpu(&choice);
    assert_int_equal(choose("cuda", "auto", FAKE_GPUS, &choice, &err), WS_OK);
    assert_string_equal(choice.module, FAKE_GPUS);
    assert_int_equal(choice.number, 0);
    assert_int_equal(choice.count, 2);
    assert_int_equal(choice.precision, WS_PRECISION_BF16);
    assert_string_equal(choice.about, "Fake sm_0 bf16");
    assert_int_equal(choose("auto", "f32", FAKE_GPUS, &choice, &err), WS_OK);
    assert_int_equal(choice.count, 2);
    assert_int_equal(choice.precision, WS_PRECISION_F32);
    assert_int_equal(choose("cuda:1", "tf32", FAKE_GPUS, &choice, &err), WS_OK);
    assert_int_equal(choice.number, 1);
    assert_int_equal(choice.count, 1);
    assert_int_equal(choice.precision, WS_PRECISION_TF32);
    assert_int_equal(choose("cuda:2", "auto", FAKE_GPUS, &choice, &err), WS_UNSUPPORTED);
    assert_says(&err, "'device' is 'cuda:2': there is no GPU number 2: this machine has 2");
}

/* Opening -------------------------------------------------------------------------------------- */

static void opening__gives_the_cpu_where_nothing_is_chosen(void **state)
{
    struct ws_device *device;
    struct ws_device_choice choice;
    (void)state;
    assert_int_equal(ws_device_open(NULL, 1, NULL, &device, NULL), WS_OK);
    assert_ptr_equal(ws_batching_of(device), &ws_cpu_batching);
    assert_int_equal(device->memory, 0);
    assert_string_equal(device->about, "");
    device->ops->close(device);
    assert_int_equal(choose("cpu", "auto", FAKE_GPUS, &choice, NULL), WS_OK);
    assert_int_equal(ws_device_open(&choice, 2, NULL, &device, NULL), WS_OK);
    assert_string_equal(device->ops->name, "cpu");
    assert_ptr_equal(ws_batching_of(device), &ws_cpu_batching);
    device->ops->close(device);
}

static void opening__says_what_a_gpu_is(void **state)
{
    struct ws_device_choice choice;
    struct ws_device *device;
    struct ws_error err;
    (void)state;
    assert_int_equal(choose("cuda:1", "tf32", FAKE_GPUS, &choice, &err), WS_OK);
    assert_int_equal(ws_device_open(&choice, 1, NULL, &device, &err), WS_OK);
    assert_ptr_equal(ws_batching_of(device), &ws_gpu_batching);
    assert_int_equal(device->memory, 1 << 30);
    assert_string_equal(device->about, "Fake sm_0 tf32");
    assert_string_equal(device->library, "fake-1");
    device->ops->close(device);
    choice.number = 7; /* taken away since */
    assert_int_equal(ws_device_open(&choice, 1, NULL, &device, &err), WS_UNSUPPORTED);
    assert_says(&err, "GPU number 7: there is no such GPU");
}

static void opening__leaves_nothing_behind_when_memory_is_out(void **state)
{
    struct ws_device_choice choice;
    enum ws_status status = WS_NO_MEMORY;
    (void)state;
    assert_int_equal(choose("cuda", "auto", FAKE_GPUS, &choice, NULL), WS_OK);
    for (unsigned n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_device *device = NULL;
        status = ws_device_open(&choice, 1, &allocator, &device, NULL);
        if (status == WS_OK)
            device->ops->close(device);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings__are_words_that_can_be_meant),
        cmocka_unit_test(settings__give_the_cpu_no_other_precision),
        cmocka_unit_test(settings__say_whether_only_a_gpu_will_do),
        cmocka_unit_test(choosing__falls_back_to_the_cpu_only_where_it_may),
        cmocka_unit_test(choosing__finds_the_gpus_there_are),
        cmocka_unit_test(opening__gives_the_cpu_where_nothing_is_chosen),
        cmocka_unit_test(opening__says_what_a_gpu_is),
        cmocka_unit_test(opening__leaves_nothing_behind_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
