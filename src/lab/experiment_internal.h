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

/* WS_INVALID for a data setting that the experiment does not read: says why. */
WS_MUST_CHECK enum ws_status ws_experiment_check_source(const struct ws_experiment *experiment,
                                                        const struct ws_given *given,
                                                        struct ws_error *err);

/* The canonical text of all that decides an arm's results but its name: every setting that is not
 * of the whole experiment's arms, those of data and family from `data` and `family_settings`. */
void ws_experiment_canonical_model(const struct ws_experiment *experiment,
                                   const struct ws_human_settings *data,
                                   const void *family_settings, struct ws_buffer *out);

/* Whether `given` is a list of values of a setting that has one value: arms differ in it. */
bool ws_experiment_is_varied_by(const struct ws_experiment *experiment,
                                const struct ws_given *given);

/* Whether the arms, which are made, differ in the setting `name`. */
bool ws_experiment_varies(const struct ws_experiment *experiment, const char *name);

/* Gives `data` what the variant has of its own. */
WS_MUST_CHECK enum ws_status ws_experiment_vary_data(struct ws_experiment *experiment,
                                                     size_t variant, struct ws_human_settings *data,
                                                     struct ws_error *err);

/* Every variation with every policy, the control last. */
WS_MUST_CHECK enum ws_status ws_experiment_make_arms(struct ws_experiment *experiment,
                                                     struct ws_error *err);
/* The plans of those with this variant of the data, once the number of items is known. */
WS_MUST_CHECK enum ws_status ws_experiment_plan_arms(struct ws_experiment *experiment,
                                                     size_t variant, struct ws_error *err);

/* Whether the data are in the tokens of the base model, where a family has one that has a
 * tokenizer: of another the same number is another word. WS_INVALID, what ws_tokenizer_open gives.
 */
WS_MUST_CHECK enum ws_status ws_experiment_check_tokens(const struct ws_experiment *experiment,
                                                        const struct ws_human *human,
                                                        struct ws_error *err);

#endif
