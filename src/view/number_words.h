/*
 * A number as people read it: "8,099", "41 %", "0.032", "not a number". Contract:
 * tests/unit/test_number_words.c.
 */
#ifndef WS_VIEW_NUMBER_WORDS_H
#define WS_VIEW_NUMBER_WORDS_H

#include "view/headline.h"

enum { WS_NUMBER_WORDS_SIZE = 48 };

/* Three digits or so: exact numbers stand in tables. */
void ws_number_words(enum ws_number_form form, double value, char out[WS_NUMBER_WORDS_SIZE]);

#endif
