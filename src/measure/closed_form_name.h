/*
 * Closed forms by name, as files of published experiments write them:
 *
 *     gaussian-w2-squared estimator=mle M=100
 *
 * A form has parameters, all of which are given, and most also depend on n, the number of fits or
 * resamplings, which the caller knows. Parsing is a pure function of the text; fuzz target
 * tests/fuzz/fuzz_reproduction.c. Contract: tests/unit/test_closed_form_name.c.
 */
#ifndef WS_MEASURE_CLOSED_FORM_NAME_H
#define WS_MEASURE_CLOSED_FORM_NAME_H

#include "measure/closed_form.h"

enum { WS_FORM_PARAMETERS_MOST = 6 };

struct ws_form;

/* A form with its arguments, in the order of its parameters. */
struct ws_form_call {
    const struct ws_form *form;
    double arguments[WS_FORM_PARAMETERS_MOST];
};

/* What a form may depend on beside its arguments. */
struct ws_form_setting {
    uint64_t n;             /* fits or resamplings, >= 1 */
    const uint64_t *counts; /* of the human data's types; NULL where they have none */
    size_t types;
};

/* WS_INVALID: an unknown form (with a suggestion), a parameter that it has not, that is missing,
 * given twice or out of its range. */
WS_MUST_CHECK enum ws_status ws_form_parse(const char *text, struct ws_form_call *out,
                                           struct ws_error *err);

/* Whether the form is of the counts of the human data. */
bool ws_form_needs_counts(const struct ws_form_call *call);

/* What the form gives; WS_INVALID where it needs counts and there are none, WS_LIMIT and WS_NUMERIC
 * as the form says. */
WS_MUST_CHECK enum ws_status ws_form_value(const struct ws_form_call *call,
                                           const struct ws_form_setting *setting,
                                           struct ws_arena *scratch, double *out,
                                           struct ws_error *err);

/* The same at each of `count` ascending numbers of fits `n`; `setting->n` is not read. What is left
 * in `scratch` is reset. */
WS_MUST_CHECK enum ws_status ws_form_values(const struct ws_form_call *call,
                                            const struct ws_form_setting *setting,
                                            const uint64_t *n, size_t count,
                                            struct ws_arena *scratch, double *out,
                                            struct ws_error *err);

/* Name and meaning of form number i; NULL beyond the last. */
const char *ws_form_name(size_t i);
const char *ws_form_meaning(size_t i);

#endif
