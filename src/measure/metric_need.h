/*
 * How large a sample a metric asks for. A sample that is smaller has none of it, and what tells a
 * user so is made from this table.
 *
 * Metrics that ask for the same stand in one row. `beside` is of the same samples and asks for
 * less: where it was measured and the row's were not, the sample was too small.
 * Contract: tests/unit/test_shortage.c.
 */
#ifndef WS_MEASURE_METRIC_NEED_H
#define WS_MEASURE_METRIC_NEED_H

#include "measure/metric.h"

enum ws_need_of {
    WS_NEED_SIZE,      /* of `beside`: its n */
    WS_NEED_VALUE,     /* of `beside`: its value */
    WS_NEED_ITEMS,     /* the setting metric_items, of vectors */
    WS_NEED_REFERENCE, /* the setting test_items, of vectors */
};

enum { WS_NEED_METRICS = 5 };

struct ws_metric_need {
    enum ws_metric_id metrics[WS_NEED_METRICS]; /* (metric_count) */
    size_t metric_count;
    enum ws_need_of of;
    enum ws_metric_id beside; /* of sizes and values */
    uint64_t least;
    const char *what; /* "items of the model's sample" */
};

/* Every one there is. */
const struct ws_metric_need *ws_metric_needs(size_t *count);

#endif
