/*
 * The script that another witness is tested with (FiloSottile/torchwood, litewitness: its requests,
 * restated), asked of ours: the same statuses, but 404 for an unknown log, as c2sp.org/tlog-witness
 * has it since. The bad signature ends as base64 should, which the script's does not. A checkpoint
 * of Go's sumdb, whose key has another name than its log, comes last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/witness.h"
#include "support/made_log.h"
#include "support/place.h"

#define ORIGIN "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
#define OTHER_ORIGIN                                                                               \
    "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e563"
#define KEY ORIGIN "+5202289b+Af/cLU2Y5BJNP+r3iMDC+av9eWCD0fBJVDfzAux5zxAP"
#define SIZE_1                                                                                     \
    ORIGIN "\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xE2\x80\x94 " ORIGIN " " SIGNED_1
#define THREE "\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n\n\xE2\x80\x94 "
#define SIZE_5                                                                                     \
    ORIGIN "\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n\n\xE2\x80\x94 " ORIGIN " " SIGNED_5
#define SIGNED_1                                                                                   \
    "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=" \
    "\n"
#define SIGNED_3                                                                                   \
    "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/"                                                             \
    "GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=\n"
#define BADLY_SIGNED_3                                                                             \
    "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/"                                                             \
    "GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6gw=\n"
#define SIGNED_5                                                                                   \
    "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/"                           \
    "ASRcWJi0tW90dJWAShei7sDww=\n"
/* The hash 2a, a byte, and zeros. */
#define LEAF(byte)   "Kg" byte "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define WRONG_LEAF   "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABA=\n"
#define ONE_TO_THREE LEAF("EA") LEAF("IA")

static const struct {
    const char *request;
    unsigned status;
    const char *body; /* NULL: any */
} script[] = {
    {"old 0\n\n" SIZE_1, 200, NULL},
    {"old 1\n" ONE_TO_THREE "\n" ORIGIN THREE ORIGIN " " BADLY_SIGNED_3, 403, NULL},
    {"old 1\n" ONE_TO_THREE "\n" OTHER_ORIGIN THREE OTHER_ORIGIN " " SIGNED_3, 404, NULL},
    {"old 1\n\n" ORIGIN THREE ORIGIN " " SIGNED_3, 422, NULL},
    {"old 1\n" LEAF("EA") WRONG_LEAF "\n" ORIGIN THREE ORIGIN " " SIGNED_3, 422, NULL},
    {"old 1\n" ONE_TO_THREE "\n" ORIGIN THREE ORIGIN " " SIGNED_3, 200, NULL},
    {"old 1\n" LEAF("EA") "+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\n" LEAF("QA") "\n" SIZE_5,
     409, "3\n"},
    {"old 3\n" LEAF("IA")
         LEAF("MA") "wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=\n" LEAF("QA") "\n" SIZE_5,
     200, NULL},
    {"old 0\n\n" SIZE_5, 409, "5\n"},
};

static const char sumdb[] = "old 0\n\ngo.sum database tree\n35225469\n"
                            "vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=\n\n\xE2\x80\x94 "
                            "sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+"
                            "gu9HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=\n";

static double noon(void *user)
{
    (void)user;
    return 1.0e9;
}

static struct ws_witness_answer ask(struct ws_witness *witness, const char *request,
                                    struct ws_arena *arena)
{
    struct ws_witness_answer answer;
    assert_int_equal(
        ws_witness_add_checkpoint(witness, ws_bytes_of_text(request), arena, &answer, NULL), WS_OK);
    return answer;
}

static void witness__answers_the_script_of_another(void **state)
{
    const struct ws_clock clock = {.elapsed = noon, .wall = noon};
    struct ws_note_signer signer;
    struct ws_witness witness;
    struct ws_arena arena;
    struct place place;
    (void)state;
    ws_arena_init(&arena, NULL);
    new_place(&place);
    const char *path = join(&arena, place.path, "witness.db");
    make_signer("example.com/witness", WS_KEY_COSIGNATURE, &arena, &signer);
    assert_int_equal(ws_witness_store_make(path, NULL), WS_OK);
    assert_int_equal(ws_witness_open(path, &signer, &clock, &witness, NULL), WS_OK);
    struct ws_error err;
    if (ws_witness_store_add_key(&witness.store, ORIGIN, KEY, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(ws_witness_store_add_key(
                         &witness.store, "go.sum database tree",
                         "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
                         NULL),
                     WS_OK);
    for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
        struct ws_witness_answer answer = ask(&witness, script[i].request, &arena);
        if (answer.status != script[i].status)
            fail_msg("request %zu: %u, wanted %u: %.*s", i, answer.status, script[i].status,
                     (int)answer.body.size, (const char *)answer.body.data);
        if (script[i].body)
            assert_true(ws_bytes_is(answer.body, script[i].body));
        if (answer.status == 200)
            assert_memory_equal(answer.body.data, "\xE2\x80\x94 example.com/witness ", 24);
    }
    assert_int_equal(ask(&witness, sumdb, &arena).status, 200);
    ws_witness_close(&witness);
    ws_note_signer_close(&signer);
    remove_place(&place);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(witness__answers_the_script_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
