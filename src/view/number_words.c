#include "view/number_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void write_count(double value, char out[WS_NUMBER_WORDS_SIZE])
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%.0f", value);
    size_t count = strlen(digits), at = 0;
    for (size_t i = 0; i < count && at + 2 < WS_NUMBER_WORDS_SIZE; i++) {
        if (i > 0 && (count - i) % 3 == 0 && digits[i - 1] != '-')
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

/* `decimals`: of what is written with an exponent. */
static void write_real(double value, int decimals, char out[WS_NUMBER_WORDS_SIZE])
{
    double magnitude = fabs(value);
    if (magnitude >= 1e6 || (magnitude < 0.0005 && magnitude > 0))
        (void)snprintf(out, WS_NUMBER_WORDS_SIZE, "%.*e", decimals, value);
    else if (magnitude >= 100)
        (void)snprintf(out, WS_NUMBER_WORDS_SIZE, "%.0f", value);
    else
        (void)snprintf(out, WS_NUMBER_WORDS_SIZE, magnitude >= 1 ? "%.3g" : "%.3f", value);
}

static void write_percent(double value, int decimals, char out[WS_NUMBER_WORDS_SIZE])
{
    if (fabs(value) >= 1e4)
        (void)snprintf(out, WS_NUMBER_WORDS_SIZE, "%.*e %%", decimals, 100 * value);
    else
        (void)snprintf(out, WS_NUMBER_WORDS_SIZE, fabs(value) < 0.1 ? "%.1f %%" : "%.0f %%",
                       100 * value);
}

static void write_finite(enum ws_number_form form, double value, int decimals,
                         char out[WS_NUMBER_WORDS_SIZE])
{
    if (form == WS_NUMBER_COUNT && fabs(value) < 1e15)
        write_count(value, out);
    else if (form == WS_NUMBER_PERCENT)
        write_percent(value, decimals, out);
    else
        write_real(value, decimals, out);
}

void ws_number_words(enum ws_number_form form, double value, char out[WS_NUMBER_WORDS_SIZE])
{
    if (isfinite(value))
        write_finite(form, value, 1, out);
    else
        (void)snprintf(out, WS_NUMBER_WORDS_SIZE, "%s",
                       isnan(value) ? "not a number"
                       : value > 0  ? "infinity"
                                    : "minus infinity");
}

void ws_number_cell(enum ws_number_form form, double value, char out[WS_NUMBER_WORDS_SIZE])
{
    if (isfinite(value))
        write_finite(form, value, 0, out);
    else
        (void)snprintf(out, WS_NUMBER_WORDS_SIZE, "%s",
                       isnan(value) ? "nan"
                       : value > 0  ? "inf"
                                    : "-inf");
}
