/*
 * Statements for a test, and the entries that they are. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_MADE_STATEMENTS_H
#define WS_TESTS_MADE_STATEMENTS_H

#include "ledger/envelope.h"
#include "ledger/statement.h"
#include "support/made_parties.h"

/* 2026-11-01T00:00:00Z, where the period of emissions begins; they end a day later. */
#define MADE_STARTED UINT64_C(1793491200)
enum { MADE_DAY = 86400 };

static struct ws_statement_subject made_shard = {"shard-0", {{1}}};

static inline struct ws_statement made_emission(const char *model, uint64_t at_least,
                                                uint64_t *sources, size_t source_count)
{
    return (struct ws_statement){
        .kind = WS_STATEMENT_EMISSION,
        .subjects = &made_shard,
        .subject_count = 1,
        .emission =
            {
                .model = model,
                .started = "2026-11-01T00:00:00Z",
                .ended = "2026-11-02T00:00:00Z",
                .documents = 1000,
                .source_type =
                    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
                .depth.at_least = at_least,
                .sources = sources,
                .source_count = source_count,
            },
    };
}

static inline struct ws_statement made_archive(const char *collection)
{
    return (struct ws_statement){
        .kind = WS_STATEMENT_ARCHIVE,
        .subjects = &made_shard,
        .subject_count = 1,
        .archive = {.collection = collection,
                    .started = "2019-11-01T00:00:00Z",
                    .ended = "2019-11-02T00:00:00Z",
                    .documents = 1000,
                    .method = "crawl"},
    };
}

static inline struct ws_statement made_withdrawal(uint64_t entry)
{
    return (struct ws_statement){.kind = WS_STATEMENT_WITHDRAWAL,
                                 .withdrawal = {entry, "erased on request"}};
}

/* An envelope of bytes; in the arena. */
static inline struct ws_bytes made_envelope(struct made_parties *made,
                                            const struct ws_note_signer *signer, const char *type,
                                            struct ws_bytes payload)
{
    struct ws_buffer envelope;
    ws_buffer_init(&envelope, NULL, WS_ENVELOPE_LIMIT);
    assert_int_equal(ws_envelope_append(&envelope, type, payload, signer, &made->arena, &made->err),
                     WS_OK);
    struct ws_bytes bytes = {ws_arena_copy(&made->arena, envelope.data, envelope.size),
                             envelope.size};
    ws_buffer_release(&envelope);
    return bytes;
}

/* The entry `index` that says so. What the writer would refuse for citing what is later is written
 * with a later index. */
static inline struct ws_bytes made_entry(struct made_parties *made,
                                         const struct ws_note_signer *signer,
                                         const struct ws_statement *statement, uint64_t index)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, WS_ENVELOPE_LIMIT);
    if (ws_statement_append(&text, statement, index, &made->err) != WS_OK)
        fail_msg("%s", made->err.message);
    struct ws_bytes entry =
        made_envelope(made, signer, WS_STATEMENT_PAYLOAD_TYPE, ws_buffer_bytes(&text));
    ws_buffer_release(&text);
    return entry;
}

#endif
