/*
 * Any bytes as what a witness answers; the first picks the status of HTTP and the type. Whatever it
 * is, asking comes to an end with one of its results, and what is taken for a cosignature is one:
 * the policy, whose quorum is this witness, accepts the checkpoint with it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/witness_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POLICY                                                                                     \
    "log log.example+f2442184+AQGLSQxxpVwNWTEl/p/GlNtH9/vX0NOF49gjMaBlZaCX\n"                      \
    "witness w witness.example+0681ceae+BOy/YNWhACXKbbumOlfB4E0xc2dwTgLitT8BZq8mHe9/ http://w\n"   \
    "quorum w\n"
#define NOTE                                                                                       \
    "log.example\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n"                             \
    "— log.example "                                                                             \
    "8kQhhNVpWyCRGPC2jHn+FV3qYzjNV2mo5IeHLuDaGylB6vytayvbZMvrc22wF1WhvOrA52ocHiPzEMV7wgL9KJeaog4=" \
    "\n"

static void require(int condition)
{
    if (!condition)
        abort();
}

static enum ws_status answer(void *reply, const char *url, struct ws_bytes body,
                             struct ws_arena *arena, struct ws_witness_reply *out,
                             struct ws_error *err)
{
    (void)url, (void)arena, (void)err;
    require(body.size > 0);
    *out = *(const struct ws_witness_reply *)reply;
    return WS_OK;
}

/* Proofs are of a tree of one hash everywhere; this witness does not check them. */
static enum ws_status read_node(void *user, unsigned level, uint64_t index, struct ws_hash *out,
                                struct ws_error *err)
{
    (void)user, (void)level, (void)index, (void)err;
    *out = (struct ws_hash){{0}};
    return WS_OK;
}

static void check_cosignature(const struct ws_trust *trust,
                              const struct ws_witness_outcomes *outcomes, struct ws_arena *arena)
{
    struct ws_buffer note;
    struct ws_trusted_checkpoint trusted;
    ws_buffer_init(&note, NULL, SIZE_MAX);
    require(ws_witness_merge(trust, ws_bytes_of_text(NOTE), outcomes, arena, &note, NULL) == WS_OK);
    require(ws_trust_check(trust, ws_buffer_bytes(&note), arena, &trusted, NULL) == WS_OK);
    require(trusted.has_quorum && trusted.witnesses == 1);
    require(trusted.time == outcomes->items[0].time);
    ws_buffer_release(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {200, 409, 422, 500};
    static const char *const types[] = {"text/x.tlog.size", "text/plain", ""};
    if (size == 0)
        return 0;
    struct ws_witness_reply reply = {.status = statuses[data[0] % 4],
                                     .type = types[data[0] / 4 % 3],
                                     .body = ws_bytes_of(data + 1, size - 1)};
    const struct ws_witness_transport transport = {answer, &reply};
    const struct ws_merkle_nodes nodes = {read_node, NULL};
    struct ws_arena arena;
    struct ws_trust trust;
    struct ws_witness_outcomes outcomes;
    ws_arena_init(&arena, NULL);
    require(ws_trust_read(ws_bytes_of_text(POLICY), "fuzz", &arena, &trust, NULL) == WS_OK);
    require(ws_witness_gather(&trust, ws_bytes_of_text(NOTE), 2, &nodes, &transport, &arena,
                              &outcomes, NULL) == WS_OK);
    require(outcomes.count == 1);
    const struct ws_witness_outcome *outcome = &outcomes.items[0];
    require(outcome->message && !strchr(outcome->message, '\n'));
    require((outcome->result == WS_WITNESS_GAVE_COSIGNED) == (outcome->cosignature.size > 0));
    require(outcome->result != WS_WITNESS_GAVE_AHEAD || outcome->size > 5);
    if (outcome->result == WS_WITNESS_GAVE_COSIGNED)
        check_cosignature(&trust, &outcomes, &arena);
    ws_trust_close(&trust);
    ws_arena_release(&arena);
    return 0;
}
