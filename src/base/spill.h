/*
 * An allocator whose large blocks lie in files, so that what does not fit in memory can be left to
 * the system's page cache.
 *
 * A block of WS_SPILL_BLOCK bytes or more is a mapping of a temporary file of its own that has no
 * name any more: nothing is left behind however the program ends. It lies in the directory $TMPDIR
 * or, without that, /var/tmp (not /tmp, which may be memory itself). Room is reserved when a block
 * grows, so that a full disk is a failed allocation and not a fault at the first write. Smaller
 * blocks come from the allocator beneath. Contract: tests/unit/test_spill.c,
 * tests/unit/test_large_corpus.c.
 */
#ifndef WS_BASE_SPILL_H
#define WS_BASE_SPILL_H

#include "base/allocator.h"

#ifdef WS_SMALL_LIMITS
enum { WS_SPILL_BLOCK = 1 << 12 };
#else
enum { WS_SPILL_BLOCK = 1 << 24 };
#endif

/* Must stay where it is while blocks of it live. */
struct ws_spill {
    struct ws_allocator allocator;      /* to be handed out */
    const struct ws_allocator *beneath; /* of small blocks; NULL: the C library's */
};

/* $TMPDIR or, without that, /var/tmp. */
const char *ws_temporary_directory(void);

void ws_spill_init(struct ws_spill *spill, const struct ws_allocator *beneath);

#endif
