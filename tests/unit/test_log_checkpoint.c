/* Checkpoints: the text of one, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_checkpoint.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static int open_arena(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int close_arena(void **state)
{
    ws_arena_release(*state);
    return 0;
}

static void checkpoint__reads_and_writes(void **state)
{
    static const char text[] = "example.com/behind-the-sofa\n20852163\n" ROOT "\n";
    struct ws_checkpoint checkpoint;
    struct ws_buffer out;
    struct ws_error err;
    assert_int_equal(ws_checkpoint_read(ws_bytes_of_text(text), *state, &checkpoint, &err), WS_OK);
    assert_string_equal(checkpoint.origin, "example.com/behind-the-sofa");
    assert_int_equal(checkpoint.size, 20852163);
    assert_int_equal(checkpoint.root.bytes[0], 0x0a);
    ws_buffer_init(&out, NULL, 1000);
    ws_checkpoint_append(&out, &checkpoint);
    assert_string_equal(ws_buffer_string(&out), text);
    ws_buffer_release(&out);
}

static void checkpoint__passes_extensions_over(void **state)
{
    struct ws_checkpoint checkpoint;
    assert_int_equal(ws_checkpoint_read(ws_bytes_of_text("o\n0\n" ROOT "\nmore\nand more\n"),
                                        *state, &checkpoint, NULL),
                     WS_OK);
    assert_int_equal(checkpoint.size, 0);
}

static void checkpoint__refuses_what_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        "o\n",
        "o\n1\n",
        "o\n1\n" ROOT,
        "\n1\n" ROOT "\n",
        "o\n\n" ROOT "\n",
        "o\n01\n" ROOT "\n",
        "o\n+1\n" ROOT "\n",
        "o\n-1\n" ROOT "\n",
        "o\n 1\n" ROOT "\n",
        "o\n1 \n" ROOT "\n",
        "o\n0x1\n" ROOT "\n",
        "o\n9223372036854775808\n" ROOT "\n",
        "o\n99999999999999999999\n" ROOT "\n",
        "o\n1\n" ROOT "=\n",
        "o\n1\nCsUYapGG\n",
        "o\n1\n" ROOT "\n\n",
        "o\n1\n" ROOT "\nmore",
        "o\x01\n1\n" ROOT "\n",
        "\xff\n1\n" ROOT "\n",
    };
    struct ws_checkpoint checkpoint;
    struct ws_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ws_checkpoint_read(ws_bytes_of_text(bad[i]), *state, &checkpoint, &err) != WS_CORRUPT)
            fail_msg("%zu was read", i);
    assert_int_equal(ws_checkpoint_read(ws_bytes_of_text("o\n9223372036854775807\n" ROOT "\n"),
                                        *state, &checkpoint, &err),
                     WS_OK);
    assert_int_equal(checkpoint.size, INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoint__reads_and_writes),
        cmocka_unit_test(checkpoint__passes_extensions_over),
        cmocka_unit_test(checkpoint__refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
