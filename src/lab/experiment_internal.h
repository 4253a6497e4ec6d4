/*
 * What the two halves of an experiment share, settings (experiment.c) and arms (arms.c); nobody
 * else includes it.
 */
#ifndef WS_LAB_EXPERIMENT_INTERNAL_H
#define WS_LAB_EXPERIMENT_INTERNAL_H

#include "lab/experiment.h"

/* Whether the experiment's human data depend on the data setting `name`. */
bool ws_experiment_reads(const struct ws_experiment *experiment, const char *name);

/* Where `name` was given last; NULL when it was not. */
const struct ws_given *ws_experiment_given(const struct ws_experiment *experiment,
                                           const char *name);

/* The canonical text of all that decides an arm's results but its name: every setting that is not
 * of the whole experiment's arms, those of the family from `family_settings`. */
void ws_experiment_canonical_model(const struct ws_experiment *experiment,
                                   const void *family_settings, struct ws_buffer *out);

/* Whether the arms differ in the family's setting `name`. */
bool ws_experiment_varies(const struct ws_experiment *experiment, const char *name);

/* Every variation with every policy, the control last. */
WS_MUST_CHECK enum ws_status ws_experiment_make_arms(struct ws_experiment *experiment,
                                                     struct ws_error *err);
/* Their plans, once the number of items is known. */
WS_MUST_CHECK enum ws_status ws_experiment_plan_arms(struct ws_experiment *experiment,
                                                     struct ws_error *err);

#endif
