/*
 * Self-BLEU: how much of each text the other texts of a sample already say. 1 is a sample of
 * copies.
 *
 * The mean over items of BLEU-4 (Papineni et al. 2002) of the item against all others (Zhu et al.
 * 2018, arXiv 1802.01886): the geometric mean of four clipped precisions, times the brevity penalty
 * for the closest reference length (the shorter of two). A precision without a match counts 0.1
 * matches (Chen and Cherry 2014, method 1); an item without a matching token scores 0.
 *
 * An item's places of an n-gram match as far as the item among the others that has it most often
 * goes; ws_grams knows how far, so that all items against all others are linear in tokens.
 * Contract: tests/unit/test_metric_text.c.
 */
#ifndef WS_MEASURE_SELF_BLEU_H
#define WS_MEASURE_SELF_BLEU_H

#include "measure/grams.h"

enum { WS_SELF_BLEU_LENGTH = 4, WS_SELF_BLEU_LEAST = 2 /* items */ };

struct ws_self_bleu {
    uint64_t count;
    double *score; /* (count) the logarithm of the item's score so far */
};

/* The brevity penalties. */
WS_MUST_CHECK enum ws_status ws_self_bleu_init(struct ws_self_bleu *bleu,
                                               const struct ws_payload *text,
                                               struct ws_arena *arena, struct ws_error *err);
/* The precisions of one length; once for each of 1 to WS_SELF_BLEU_LENGTH. */
void ws_self_bleu_add(struct ws_self_bleu *bleu, const struct ws_grams *grams);
double ws_self_bleu_value(const struct ws_self_bleu *bleu); /* NaN below WS_SELF_BLEU_LEAST */

#endif
