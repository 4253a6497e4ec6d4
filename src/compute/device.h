/*
 * Choosing what computes: the CPU, or GPUs through the CUDA module.
 *
 * What is asked for is a text, "auto", "cpu", "cuda" or "cuda:N", and a precision; what is chosen
 * names GPUs that are there. The module is opened by its path, once a process (the loader counts),
 * and stays, for the driver has threads of its own. Contract: tests/unit/test_device.c,
 * tests/cli/device.sh.
 */
#ifndef WS_COMPUTE_DEVICE_H
#define WS_COMPUTE_DEVICE_H

#include "base/option.h"
#include "compute/compute.h"

#define WS_CUDA_MODULE_FILE "wellspring-cuda.so"

/* As they are given by people. */
struct ws_device_settings {
    const char *device;
    uint32_t precision; /* WS_PRECISION_BY_DEVICE, or 1 + enum ws_precision */
};

enum { WS_PRECISION_BY_DEVICE = 0 };

/* The rows of an option table whose field `x` lies at FIELD(x). */
/* clang-format off */
#define WS_DEVICE_OPTIONS(FIELD)                                                                   \
    {"device", WS_OPTION_TEXT, FIELD(device), 0, 0, "auto", NULL, WS_OPTION_EXECUTION,             \
     "what transformers are computed on: auto, cpu, cuda (all NVIDIA GPUs) or cuda:N (number N "   \
     "alone); auto: GPUs where there are some"},                                                   \
    {"precision", WS_OPTION_CHOICE, FIELD(precision), 0, 0, "auto", "auto|f32|tf32|bf16",          \
     WS_OPTION_EXECUTION, "how GPUs multiply; auto: bf16. The CPU knows f32 alone"}
/* clang-format on */

/* What was chosen. NULL in place of a choice: the CPU. */
struct ws_device_choice {
    const char *module; /* path of the CUDA module; NULL: the CPU */
    unsigned number;    /* the first GPU */
    unsigned count;     /* of GPUs from there on; of the CPU 0 */
    enum ws_precision precision;
    char about[112]; /* what the first GPU is: "NVIDIA H100 80GB HBM3 sm_90 cuda-13.0 bf16" */
};

/* Whether the settings can be meant at all: WS_INVALID for words that they do not take, the
 * message begins with `where`. */
WS_MUST_CHECK enum ws_status ws_device_settings_check(const struct ws_device_settings *settings,
                                                      const char *where, struct ws_error *err);

/* Whether nothing but a GPU will do. They have passed the check. */
bool ws_device_settings_want_gpu(const struct ws_device_settings *settings);

/* `module`: path of the CUDA module, which the choice points to; NULL: there is none. Beside what
 * the check gives: WS_UNSUPPORTED when GPUs are asked for and there is no module, none of this
 * version, no driver, one that is too old, or no such GPU; with "auto" these choose the CPU. */
WS_MUST_CHECK enum ws_status ws_device_choose(const struct ws_device_settings *settings,
                                              const char *module, struct ws_device_choice *out,
                                              struct ws_error *err);

/* The first GPU of the choice, or the CPU with so many threads. WS_UNSUPPORTED, WS_NO_MEMORY. */
WS_MUST_CHECK enum ws_status ws_device_open(const struct ws_device_choice *choice, unsigned threads,
                                            const struct ws_allocator *allocator,
                                            struct ws_device **out, struct ws_error *err);

#endif
