/* Checkpoints: the text of one, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_checkpoint.h"
#include "ledger/note.h"

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

/* The last one of the log that Tessera is tested with; its entries are these words. */
static void checkpoint__of_another_log_covers_its_entries(void **state)
{
    static const char *const words[] = {"one",    "two",   "three",    "four",    "five",
                                        "six",    "seven", "eit",      "nain",    "ten",
                                        "ileven", "twelf", "threeten", "fourten", "fivten"};
    static const char text[] =
        "example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n"
        "— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/"
        "uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n";
    static const char vkey[] =
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    struct ws_note_key key;
    struct ws_note note;
    struct ws_note_proof proof;
    struct ws_checkpoint checkpoint;
    struct ws_frontier frontier = {0};
    struct ws_hash hash;
    assert_int_equal(ws_note_key_read(ws_bytes_of_text(vkey), *state, &key, NULL), WS_OK);
    const struct ws_note_key *const keys[] = {&key};
    assert_int_equal(ws_note_read(ws_bytes_of_text(text), *state, &note, NULL), WS_OK);
    assert_int_equal(ws_note_check(&note, keys, 1, *state, &proof, NULL), WS_OK);
    assert_true(proof.is_signed);
    assert_int_equal(ws_checkpoint_read(note.text, *state, &checkpoint, NULL), WS_OK);
    assert_int_equal(checkpoint.size, sizeof words / sizeof *words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        ws_merkle_leaf(ws_bytes_of_text(words[i]), &hash);
        ws_frontier_add(&frontier, &hash);
    }
    ws_frontier_root(&frontier, &hash);
    assert_true(ws_hash_equal(&hash, &checkpoint.root));
    ws_note_key_close(&key);
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
        cmocka_unit_test(checkpoint__of_another_log_covers_its_entries),
        cmocka_unit_test(checkpoint__passes_extensions_over),
        cmocka_unit_test(checkpoint__refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
