/*
 * The n-gram language model, over words or bytes.
 *
 * `sampling` chooses the law that makes text: "mle", maximum likelihood, where a context that was
 * never seen falls back to its longest seen suffix; or "kneser-ney", interpolated modified
 * Kneser-Ney (Chen and Goodman 1999, three discounts an order) over the fixed vocabulary. Scores
 * are always Kneser-Ney's, fitted on the same training data: maximum likelihood gives most real
 * text probability zero. They know no entropy of the next token.
 *
 * An item is a block of tokens. Every block is its own sequence: its first token is drawn in the
 * start-of-block context, and no context reaches into the block before. Samples are blocks as long
 * as the longest training block.
 *
 * Fitted to a population, texts of an n-gram teacher and of models of these, it has the counts that
 * are expected of them, and Kneser-Ney takes nothing off a count (ngram_population.c).
 */
#ifndef WS_MODELS_NGRAM_H
#define WS_MODELS_NGRAM_H

#include "models/family.h"

enum ws_ngram_sampling {
    WS_NGRAM_MLE,
    WS_NGRAM_KNESER_NEY,
};

struct ws_ngram_settings {
    uint64_t order;    /* 1 to 5 */
    uint32_t sampling; /* enum ws_ngram_sampling */
};

#endif
