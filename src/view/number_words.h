/*
 * A number as people read it, in three digits or so: "8,099", "41 %", "0.032". Exact numbers stand
 * in exports. Contract: tests/unit/test_number_words.c.
 */
#ifndef WS_VIEW_NUMBER_WORDS_H
#define WS_VIEW_NUMBER_WORDS_H

#include "view/headline.h"

enum { WS_NUMBER_WORDS_SIZE = 48 };

/* For a sentence: "1.2e+06", "not a number", "minus infinity". */
void ws_number_words(enum ws_number_form form, double value, char out[WS_NUMBER_WORDS_SIZE]);

/* For a narrow cell: "1e+06", "nan", "-inf". */
void ws_number_cell(enum ws_number_form form, double value, char out[WS_NUMBER_WORDS_SIZE]);

#endif
