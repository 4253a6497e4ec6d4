#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits at `*text` and steps over them; false when there are none or too many. */
static bool take_whole(const char **text, uint64_t *out)
{
    uint64_t value = 0;
    const char *p = *text;
    for (; is_digit(*p); p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return false;
    if (p == *text)
        return false;
    *text = p;
    *out = value;
    return true;
}

static bool take_exponent(const char **text, uint64_t *out)
{
    static const char letters[] = "kMG";
    const char *letter = **text ? strchr(letters, **text) : NULL;
    if (letter) {
        ++*text;
        *out = 3 * (uint64_t)(letter - letters + 1);
        return true;
    }
    if (**text != 'e' && **text != 'E') {
        *out = 0;
        return true;
    }
    ++*text;
    return take_whole(text, out);
}

bool ws_whole_parse(const char *text, uint64_t *out)
{
    uint64_t value, exponent;
    if (!take_whole(&text, &value) || !take_exponent(&text, &exponent) || *text)
        return false;
    for (uint64_t i = 0; i < exponent && value > 0; i++)
        if (__builtin_mul_overflow(value, 10, &value))
            return false;
    *out = value;
    return true;
}

uint64_t ws_whole_bound(double bound)
{
    return bound < 0x1p64 ? (uint64_t)bound : UINT64_MAX;
}

static const char *skip_digits(const char *p)
{
    while (is_digit(*p))
        p++;
    return p;
}

static const char *skip_sign(const char *p)
{
    return *p == '-' || *p == '+' ? p + 1 : p;
}

/* The grammar is ours: strtod also takes blanks, hexadecimal and names. */
static bool is_decimal(const char *text)
{
    const char *start = skip_sign(text);
    const char *p = skip_digits(start);
    size_t digits = (size_t)(p - start);
    if (*p == '.') {
        const char *fraction = p + 1;
        p = skip_digits(fraction);
        digits += (size_t)(p - fraction);
    }
    if (digits == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        start = skip_sign(p + 1);
        p = skip_digits(start);
        if (p == start)
            return false;
    }
    return *p == '\0';
}

/* The C locale for this thread; give the result to uselocale afterwards. glibc keeps the C locale
 * in static storage, so there is nothing to fail or to free. */
static locale_t enter_c_locale(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

bool ws_real_parse(const char *text, double *out)
{
    if (!is_decimal(text))
        return false;
    locale_t before = enter_c_locale();
    double value = strtod(text, NULL);
    (void)uselocale(before);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

void ws_real_text(double value, char out[WS_REAL_TEXT_SIZE])
{
    if (!isfinite(value)) {
        const char *name = value > 0 ? "inf" : "-inf";
        (void)snprintf(out, WS_REAL_TEXT_SIZE, "%s", isnan(value) ? "nan" : name);
        return;
    }
    locale_t before = enter_c_locale();
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(out, WS_REAL_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    (void)uselocale(before);
}
