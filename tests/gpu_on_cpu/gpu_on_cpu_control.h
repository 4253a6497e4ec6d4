/*
 * What a test can ask of the GPU on the CPU, in C too. Part of gpu_on_cpu.h.
 */
#ifndef WS_TESTS_GPU_ON_CPU_CONTROL_H
#define WS_TESTS_GPU_ON_CPU_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How threads and blocks follow each other from the next launch on. */
enum gpu_on_cpu_orders { GPU_FORWARDS, GPU_BACKWARDS, GPU_SHUFFLED };

void gpu_on_cpu_order(enum gpu_on_cpu_orders order, uint64_t seed);

/* After so many more allocations, of the device's memory or pinned, they fail; < 0: they do not. */
void gpu_on_cpu_fail_allocations(long after);

/* How much was allocated and not given back. */
size_t gpu_on_cpu_blocks(void);

/* Copies between the device and the host, whichever is which, when all that was put on streams is
 * done. */
void gpu_on_cpu_copy(void *to, const void *from, size_t size);

#ifdef __cplusplus
}
#endif

#endif
