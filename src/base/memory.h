/*
 * How much memory there is to be had, for programs that ask before they begin: the system promises
 * more than it has and ends whoever believes it.
 *
 * Contract: tests/unit/test_base.c.
 */
#ifndef WS_BASE_MEMORY_H
#define WS_BASE_MEMORY_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/* Bytes that could still be taken without swapping, as the kernel estimates (MemAvailable), but not
 * more than the limit of a container or of the process (ulimit -v). UINT64_MAX where none can be
 * read. */
uint64_t ws_memory_available(void);

/* Bytes of this process that lie in memory now; 0 where that cannot be read. */
uint64_t ws_memory_resident(void);

/* WS_NO_MEMORY when `what` ("training") needs more than there is; says how much. */
WS_MUST_CHECK enum ws_status ws_memory_suffices(uint64_t needed, uint64_t available,
                                                const char *what, struct ws_error *err);

/* Asks for large pages (MADV_HUGEPAGE) for memory that was not touched yet: only about speed, where
 * it is refused they stay small. */
void ws_memory_ask_large_pages(void *bytes, size_t size);

/* The bytes that a line "MemAvailable:  123 kB" of /proc/meminfo says; UINT64_MAX without one. */
uint64_t ws_meminfo_available(struct ws_bytes text);

#endif
