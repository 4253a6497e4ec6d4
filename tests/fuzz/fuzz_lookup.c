/*
 * Any text as what is posted to be looked up, in a registry that has an archive's text and a
 * model's, and a mirror's index: parts of these stand around the text as the first byte says. What
 * comes out is of this text alone, is written as JSON, and comes to the same from its bundle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/lookup_answer.h"
#include "support/made_registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct stage {
    struct made_registry registry;
    struct ws_lookup lookup;
    struct ws_bytes human, model;
    bool is_set;
} stage;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void clean_up(void)
{
    ws_lookup_close(&stage.lookup);
    registry_end(&stage.registry);
}

static void set_the_stage(void)
{
    struct made_registry *r = &stage.registry;
    registry_begin(r);
    stage.human = registry_text(r, 0);
    stage.model = registry_text(r, 1);
    (void)registry_claim(r, ARCHIVE, stage.human);
    registry_publish(r, 1);
    (void)registry_claim(r, ALPHA, stage.model);
    registry_publish(r, 10);
    registry_index(r);
    registry_publish(r, 11);
    require(ws_lookup_open(&stage.lookup, &r->request, NULL) == WS_OK);
    require(atexit(clean_up) == 0);
    stage.is_set = true;
}

static void read_text(struct ws_query_reader *reader, unsigned around, struct ws_bytes text,
                      struct ws_query *out)
{
    require(ws_query_open(reader, NULL, NULL) == WS_OK);
    if (around & 1)
        require(ws_query_add(reader, stage.human, NULL) == WS_OK);
    require(ws_query_add(reader, text, NULL) == WS_OK);
    if (around & 2)
        require(ws_query_add(reader, ws_bytes_of(stage.model.data, stage.model.size / 3), NULL) ==
                WS_OK);
    require(ws_query_end(reader, out, NULL) == WS_OK);
}

/* Spans rise, and all characters have one label. */
static void look_at(const struct ws_finding *finding, const struct ws_query *query)
{
    const struct ws_verdict *verdict = &finding->verdict;
    uint64_t end = 0, all = 0;
    for (size_t i = 0; i < verdict->span_count; i++) {
        require(verdict->spans[i].begin >= end && verdict->spans[i].end > verdict->spans[i].begin);
        end = verdict->spans[i].end;
    }
    for (size_t i = 0; i < WS_VERDICT_LABELS; i++)
        all += verdict->characters[i];
    require(end <= query->characters && all == query->characters);
    require(finding->refused == 0 &&
            finding->coverage ==
                (query->mark_count > 0 ? WS_COVERAGE_COMPLETE : WS_COVERAGE_NO_MARKS));
}

static void compare(const struct ws_evidence *evidence, const struct ws_finding *finding,
                    const struct ws_finding_reader *reader, struct ws_arena *arena)
{
    struct ws_buffer bundle;
    struct ws_evidence read;
    struct ws_finding again;
    ws_buffer_init(&bundle, NULL, SIZE_MAX);
    require(ws_evidence_append(&bundle, evidence, NULL) == WS_OK);
    require(ws_evidence_take_apart(ws_buffer_bytes(&bundle), arena, &read, NULL) == WS_OK);
    require(ws_finding_make(&read, reader, arena, &again, NULL) == WS_OK);
    require(again.verdict.label == finding->verdict.label &&
            again.verdict.span_count == finding->verdict.span_count &&
            again.coverage == finding->coverage);
    ws_buffer_release(&bundle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (!stage.is_set)
        set_the_stage();
    const struct ws_finding_reader reader = registry_reader(&stage.lookup);
    struct ws_query_reader text = {.fingerprinter = NULL};
    struct ws_query query;
    struct ws_evidence evidence;
    struct ws_finding finding;
    struct ws_arena arena;
    uint64_t *sizes;
    ws_arena_init(&arena, NULL);
    read_text(&text, data[0], ws_bytes_of(data + 1, size - 1), &query);
    require(ws_lookup_gather(&stage.lookup, &query, &arena, &evidence, NULL) == WS_OK);
    require(ws_finding_make(&evidence, &reader, &arena, &finding, NULL) == WS_OK);
    require(ws_lookup_measure(&stage.lookup, &finding, &arena, &sizes, NULL) == WS_OK);
    look_at(&finding, &query);
    const struct ws_lookup_answer answer = {
        .evidence = &evidence, .finding = &finding, .witnesses = 3, .sizes = sizes};
    json_t *json = ws_lookup_answer_json(&answer);
    require(json != NULL);
    json_decref(json);
    compare(&evidence, &finding, &reader, &arena);
    ws_query_close(&text);
    ws_arena_release(&arena);
    return 0;
}
