/*
 * Metric records: what is measured of one model, one JSON object a line.
 *
 *   {"arm":"keep:0.1","seed":1,"generation":3,"metric":"types","definition":"types.sample/1",
 *    "n":250000,"value":8123.0}
 *
 * The realised mix comes first: "mix/human", the share of human items among the n items that the
 * generation was trained on, then one record for each origin that is there, "mix/<source>/<depth>".
 * Where a policy trains on its whole pool, depths with equally many items share one record,
 * "mix/<source>/<first>..<last>": a pool of every generation would else write a record for each at
 * each. Values that are not finite are the
 * strings "nan", "inf" and "-inf". Format: docs/formats/metrics.md.
 * Contract: tests/unit/test_record.c; the reader's fuzz target is tests/fuzz/fuzz_record.c.
 */
#ifndef WS_LAB_RECORD_H
#define WS_LAB_RECORD_H

#include "measure/metric.h"

struct ws_record_place {
    const char *arm;
    uint64_t seed;
    uint32_t generation;
};

struct ws_record {
    struct ws_record_place place;
    const char *metric;
    const char *definition;
    uint64_t n;
    double value;
};

#define WS_MIX_DEFINITION        "mix.items/1"
#define WS_TRAINING_DEFINITION   "loss.training/1"
#define WS_VALIDATION_DEFINITION "loss.validation/1"

/* `whole_pool`: depths are joined, which all seeds of such an arm do alike. */
WS_MUST_CHECK enum ws_status ws_record_mix(const struct ws_record_place *place,
                                           const struct ws_mix_part *parts, size_t part_count,
                                           uint64_t items, bool whole_pool, struct ws_buffer *out,
                                           struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_record_measurements(const struct ws_record_place *place,
                                                    const struct ws_measurement *measurements,
                                                    size_t count, struct ws_buffer *out,
                                                    struct ws_error *err);

/* "training_loss/<step>" and "validation_loss/<step>". */
WS_MUST_CHECK enum ws_status ws_record_curve(const struct ws_record_place *place,
                                             const struct ws_loss_point *points, size_t count,
                                             struct ws_buffer *out, struct ws_error *err);

/* One line, without its newline. The texts live in `arena`. A pure function of bytes. */
WS_MUST_CHECK enum ws_status ws_record_parse(struct ws_bytes line, const char *name,
                                             struct ws_arena *arena, struct ws_record *out,
                                             struct ws_error *err);

#endif
