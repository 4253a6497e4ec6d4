/*
 * What an experiment would cost, from the plan of its steps, the family's costs, and a probe of
 * this machine (lab/probe.h): time, memory of what threads hold at once, disk at the end.
 */
#ifndef WS_LAB_PLAN_H
#define WS_LAB_PLAN_H

#include "lab/probe.h"

struct ws_arm_cost {
    double seconds;            /* of one core, all seeds */
    double chain_memory;       /* bytes one chain holds at its largest step */
    double disk;               /* bytes, all seeds, at the end */
    uint64_t largest;          /* items of the largest training set */
    uint64_t trained, sampled; /* items, one seed, all generations */
};

struct ws_cost {
    struct ws_arm_cost *arms; /* (arm_count), in `arena` */
    double seconds;           /* wall, with `threads` */
    double memory;
    bool memory_is_sure; /* computed, not guessed */
    double disk;
    unsigned threads;
    unsigned running; /* blocks of chains at a time */
};

/* `probe` may be NULL: then times are those of some other machine. `device`: as in struct ws_job.
 */
WS_MUST_CHECK enum ws_status ws_plan_cost(const struct ws_experiment *experiment,
                                          const struct ws_human *human,
                                          const struct ws_device_choice *device,
                                          const struct ws_probe *probe, unsigned processors,
                                          struct ws_arena *arena, struct ws_cost *out,
                                          struct ws_error *err);

/* WS_NO_MEMORY when it is sure to need more than is `available`: says how much. */
WS_MUST_CHECK enum ws_status ws_plan_check_memory(const struct ws_cost *cost, uint64_t available,
                                                  struct ws_error *err);

#endif
