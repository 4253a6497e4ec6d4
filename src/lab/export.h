/*
 * A run's metrics for other programs: CSV (RFC 4180), JSON lines or Parquet (lab/parquet.h), every
 * record or the summary over seeds. Where settings vary between arms, columns at the end have the
 * arm's policy and its value of each; those are numbers where all arms' are. Contract:
 * tests/unit/test_results.c.
 */
#ifndef WS_LAB_EXPORT_H
#define WS_LAB_EXPORT_H

#include "lab/results.h"

enum ws_export_format {
    WS_EXPORT_CSV,
    WS_EXPORT_JSONL,
    WS_EXPORT_PARQUET,
};

/* Where an export goes, piece by piece: all records of a large run need not fit in memory. */
struct ws_export_target {
    enum ws_status (*write)(void *user, struct ws_bytes bytes, struct ws_error *err);
    void *user;
    /* Told of chains whose records cannot be read, and are left out; NULL: they end the export. */
    enum ws_status (*lose)(void *user, const struct ws_lost_chains *lost, struct ws_error *err);
};

/* arm, seed, generation, metric, definition, n, value, floor: one row a record. `floor` is the
 * noise floor of the metric in that chain, nan where it has none. In CSV a value that is not finite
 * is nan, inf or -inf. */
WS_MUST_CHECK enum ws_status ws_export_records(const char *directory, enum ws_export_format format,
                                               const struct ws_allocator *allocator,
                                               const struct ws_export_target *target,
                                               struct ws_error *err);

/* arm, generation, metric, definition, n, seeds, median, low, high, mean, standard_error, floor:
 * low and high are the 0.1 and 0.9 quantiles over seeds, `floor` the median of the noise floors.
 * Behind a curve's rows those of its theory (lab/theory.h): the metric is "theory/<kind>/<metric>",
 * the definition the form with its arguments, n and seeds are 0, and what is expected is in `mean`,
 * or in `median` where it is of that. */
WS_MUST_CHECK enum ws_status ws_export_summary(const char *directory, enum ws_export_format format,
                                               const struct ws_allocator *allocator,
                                               const struct ws_export_target *target,
                                               struct ws_error *err);

#endif
