/*
 * Canonical text beside Unicode's own table of NFKC_Casefold, where Debian's unicode-data has it:
 * a character and what the table makes of it have one canonical text, but for those that are quotes
 * to us.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "support/canon_text.h"

#define TABLE "/usr/share/unicode/DerivedNormalizationProps.txt"

/* Acute accents and double primes, which the table takes apart. */
static const int32_t quotes[] = {0xB4, 0x1FFD, 0x2033, 0x2036, 0};

static void canonise(struct ws_canon *canon, const struct ws_buffer *raw, struct ws_buffer *out)
{
    struct canon_text text;
    canon_text_init(&text);
    canon_text_make(canon, ws_buffer_bytes(raw), SIZE_MAX, NULL, &text);
    ws_buffer_reset(out);
    ws_buffer_append(out, ws_buffer_string(&text.text), text.text.size);
    canon_text_release(&text);
}

static void append_character(struct ws_buffer *out, int32_t character)
{
    uint8_t bytes[4];
    ws_buffer_append(out, bytes, ws_utf8_encode(character, bytes));
}

/* Between letters, so that what is left out at the ends of a text is not. */
static void require_mapped(struct ws_canon *canon, int32_t character, const char *mapping)
{
    struct ws_buffer raw, mapped, wanted, made;
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    ws_buffer_init(&mapped, NULL, SIZE_MAX);
    ws_buffer_init(&wanted, NULL, SIZE_MAX);
    ws_buffer_init(&made, NULL, SIZE_MAX);
    ws_buffer_text(&raw, "x");
    append_character(&raw, character);
    ws_buffer_text(&raw, "y");
    ws_buffer_text(&mapped, "x");
    for (char *end; *mapping != '#' && *mapping != '\0'; mapping = end) {
        const long part = strtol(mapping, &end, 16);
        if (end == mapping)
            break;
        append_character(&mapped, (int32_t)part);
    }
    ws_buffer_text(&mapped, "y");
    canonise(canon, &raw, &made);
    canonise(canon, &mapped, &wanted);
    if (strcmp(ws_buffer_string(&made), ws_buffer_string(&wanted)) != 0)
        fail_msg("U+%04lX became '%s', wanted '%s'", (long)character, ws_buffer_string(&made),
                 ws_buffer_string(&wanted));
    ws_buffer_release(&raw);
    ws_buffer_release(&mapped);
    ws_buffer_release(&wanted);
    ws_buffer_release(&made);
}

/* "00A0          ; NFKC_CF; 0020   # Zs ...": how many characters the line is of. */
static size_t require_line(struct ws_canon *canon, const char *line)
{
    static const char name[] = "; NFKC_CF;";
    const char *mapping = strstr(line, name);
    char *end;
    size_t count = 0;
    if (!mapping)
        return 0;
    const long first = strtol(line, &end, 16);
    const long last = end[0] == '.' && end[1] == '.' ? strtol(end + 2, NULL, 16) : first;
    for (long c = first; c <= last; c++, count++)
        if (!plain_is_among((int32_t)c, quotes))
            require_mapped(canon, (int32_t)c, mapping + sizeof name - 1);
    return count;
}

static void canon__folds_as_unicode_does(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_bytes bytes, line;
    struct ws_canon *canon;
    size_t count = 0;
    if (!ws_file_exists(TABLE)) {
        print_message("no Unicode data at " TABLE "\n");
        skip();
    }
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_file_read(TABLE, 1 << 24, &arena, &bytes, NULL), WS_OK);
    assert_int_equal(ws_canon_open(NULL, &canon, NULL), WS_OK);
    assert_true(ws_bytes_split(bytes, '\n', &line, &bytes));
    const bool known = ws_bytes_is(line, "# DerivedNormalizationProps-15.0.0.txt");
    while (known && ws_bytes_split(bytes, '\n', &line, &bytes)) {
        char text[256] = {0};
        memcpy(text, line.data, line.size < sizeof text ? line.size : sizeof text - 1);
        if (text[0] != '#')
            count += require_line(canon, text);
    }
    ws_canon_close(canon);
    ws_arena_release(&arena);
    if (!known) {
        print_message(TABLE " is not of Unicode 15.0.0\n");
        skip();
    }
    assert_int_equal(count, 10491);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canon__folds_as_unicode_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
