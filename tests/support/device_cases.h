/*
 * A kind of device held to compute/compute.h: every case of compute_cases.h and pick_cases.h in
 * every precision against the CPU's reference, and the same bytes when it is done again.
 */
#ifndef WS_TESTS_DEVICE_CASES_H
#define WS_TESTS_DEVICE_CASES_H

#include "compute/compute.h"

struct device_kind {
    enum ws_status (*open)(enum ws_precision precision, const struct ws_allocator *allocator,
                           struct ws_device **out, struct ws_error *err);
    void (*before)(size_t run); /* of each case, from 0; or NULL */
    size_t runs;                /* of each case: all must give the same bytes */
    size_t drawn;               /* shapes of each group, besides those that are listed */
    bool slow;                  /* without the heavy ones among those */
};

/* Runs the tests, all or those of one precision, named as people do; gives how many failed. `kind`
 * is read until then. */
int device_check(const struct device_kind *kind, const char *precision);

#endif
