#include "bench_device.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "compute/device.h"

static bool read_precision(const char *text, uint32_t *out)
{
    static const char *const names[] = {"auto", "f32", "tf32", "bf16"};
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    return false;
}

enum ws_status bench_device_open(char **arguments, struct ws_device **out, struct ws_error *err)
{
    struct ws_device_settings settings = {.device = "cpu"};
    struct ws_device_choice choice;
    const char *module = NULL;
    uint64_t threads = 0;
    if (!arguments[0] || !ws_whole_parse(arguments[0], &threads) || threads == 0)
        return ws_fail(err, WS_INVALID, "wanted THREADS");
    if (arguments[1]) {
        settings.device = arguments[1];
        if (!arguments[2] || !read_precision(arguments[2], &settings.precision) || !arguments[3])
            return ws_fail(err, WS_INVALID, "wanted DEVICE auto|f32|tf32|bf16 MODULE");
        module = arguments[3];
    }
    WS_TRY(ws_device_choose(&settings, module, &choice, err));
    return ws_device_open(&choice, (unsigned)threads, NULL, out, err);
}

int bench_exit_status(const char *program, enum ws_status status, const struct ws_error *err)
{
    if (status == WS_OK)
        return 0;
    (void)fprintf(stderr, "%s: %s\n", program, err->message);
    switch (status) {
    case WS_UNSUPPORTED:
        return BENCH_NO_GPU;
    case WS_INVALID:
        return 2;
    default:
        return 1;
    }
}
