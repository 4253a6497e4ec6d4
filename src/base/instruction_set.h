/*
 * Which of the instruction sets that the folders `vector` are compiled for this processor has. It
 * is the build that gives them their options (CMakeLists.txt).
 */
#ifndef WS_BASE_INSTRUCTION_SET_H
#define WS_BASE_INSTRUCTION_SET_H

#ifdef WS_VECTOR_X86

#include <stdbool.h>

static inline bool ws_has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static inline bool ws_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

#endif

#endif
