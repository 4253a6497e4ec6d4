/*
 * How fast this machine does an experiment's work: its own fit, sample and measurement, on as much
 * of its data as a fraction of a second allows, and one chain's bookkeeping.
 *
 * What a family says of its costs is how they grow with items and settings (struct ws_family_cost);
 * a probe is the factor between what it says and what was measured here. Times are a processor's,
 * not the wall's, so that a busy machine gives the numbers of an idle one.
 *
 * Contract: tests/unit/test_plan.c; bench/bench_plan.sh compares plans with runs.
 */
#ifndef WS_LAB_PROBE_H
#define WS_LAB_PROBE_H

#include "base/clock.h"
#include "lab/experiment.h"

/* One kind of work. */
struct ws_probed {
    uint64_t items; /* it was tried with */
    double seconds; /* that they took */
    double each;    /* of an item (of counts: a type); of fits: in one epoch */
    double factor;  /* that over what the family says */
};

/* What a fit takes or leaves, in bytes. */
struct ws_probed_size {
    double bytes;  /* for `fit.items` items */
    double growth; /* for an item more that a model made: outputs hold less that is new than human
                      data do. Known where an arm trains on more than the base number of items */
};

struct ws_probe {
    struct ws_probed fit, sample, measure; /* the last an item of sample or reference */
    double start;        /* seconds of a chain before its first step: its human data */
    const double *steps; /* (arms) of a chain and step beside all of these: above all, building the
                            training set that the arm's policy wants */
    uint64_t reference_items, validation_items;
    size_t measurements;          /* of a measured step */
    double drawn_each;            /* of counts: types in a sample, a type that there is; else 1 */
    struct ws_probed_size model;  /* memory of it and of what was left of the fit */
    struct ws_probed_size stored; /* as it is stored */
    struct ws_probed_size work;   /* memory beside the model while it is fitted */
};

/* Tries the first arm, and the first steps of all, for about a second; as long as one item takes
 * where that is more. What `out` points to lies in `arena`. */
WS_MUST_CHECK enum ws_status ws_probe(const struct ws_experiment *experiment,
                                      const struct ws_human *human,
                                      const struct ws_device_choice *device,
                                      const struct ws_clock *clock, struct ws_arena *arena,
                                      struct ws_probe *out, struct ws_error *err);

/* What a set of `items` costs, in items; counts cost by the types that there are. */
double ws_costing_items(const struct ws_dataset *shape, uint64_t items);

/* What a measurement of so many items of reference and sample costs, in items. */
double ws_looked_at(const struct ws_dataset *shape, uint64_t reference, uint64_t sample);

#endif
