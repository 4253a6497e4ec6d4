/*
 * What the machine gives this process.
 */
#ifndef WS_BASE_MACHINE_H
#define WS_BASE_MACHINE_H

#include <stdint.h>

/* Bytes of memory this process may have: the machine's, or fewer where it is limited (ulimit -v,
 * the limit of its control group). What others use of it is not subtracted. */
uint64_t ws_memory_size(void);

#endif
