/*
 * Teachers: models that stand for the truth behind texts (data/human.h, source `teacher`).
 *
 * A teacher writes human texts without end, so that what a loop loses of them can be attributed.
 * It is an n-gram by maximum likelihood, fitted on all blocks of a corpus, or a transformer in a
 * Hugging Face directory, sampled as it is: temperature 1, nothing cut off, from its start token.
 * A random number of the data stream makes each block, so teachers keep the house's rules.
 * Contract: tests/unit/test_teacher.c.
 */
#ifndef WS_MODELS_TEACHER_H
#define WS_MODELS_TEACHER_H

#include "models/family.h"

/* For the `teachers` of data that are opened. */
extern const struct ws_teachers ws_teachers;

/* NULL when the truth is no teacher. */
const struct ws_model *ws_teacher_of(const struct ws_deal *truth);

#endif
