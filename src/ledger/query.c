#include "ledger/query.h"

static enum ws_status take(void *reader_, const struct ws_fingerprint *found, size_t count,
                           struct ws_error *err)
{
    struct ws_query_reader *reader = reader_;
    for (size_t i = 0; i < count; i++) {
        const struct ws_verdict_mark mark = {found[i].value, found[i].begin, found[i].end};
        ws_buffer_append(&reader->marks, &mark, sizeof mark);
    }
    if (reader->marks.status == WS_LIMIT)
        return ws_fail(err, WS_LIMIT,
                       "the text has more than %zu fingerprints, the most that are looked up at "
                       "once: look up parts of it, as 'split -C 1G FILE' makes them",
                       WS_QUERY_LIMIT / sizeof(struct ws_verdict_mark));
    return ws_buffer_check(&reader->marks, "the fingerprints of a document", err);
}

enum ws_status ws_query_open(struct ws_query_reader *reader, const struct ws_allocator *allocator,
                             struct ws_error *err)
{
    *reader = (struct ws_query_reader){.fingerprinter = NULL};
    ws_buffer_init(&reader->marks, allocator, WS_QUERY_LIMIT);
    return ws_fingerprinter_open(allocator, take, reader, &reader->fingerprinter, err);
}

enum ws_status ws_query_add(struct ws_query_reader *reader, struct ws_bytes raw,
                            struct ws_error *err)
{
    return ws_fingerprinter_add(reader->fingerprinter, raw, err);
}

enum ws_status ws_query_end(struct ws_query_reader *reader, struct ws_query *out,
                            struct ws_error *err)
{
    struct ws_document_print print;
    WS_TRY(ws_fingerprinter_end(reader->fingerprinter, &print, err));
    *out = (struct ws_query){
        .digest = print.digest,
        .has_text = true,
        .characters = print.counts.raw_points,
        .marks = (const struct ws_verdict_mark *)(const void *)reader->marks.data,
        .mark_count = reader->marks.size / sizeof(struct ws_verdict_mark),
    };
    return WS_OK;
}

enum ws_status ws_query_read(struct ws_query_reader *reader, struct ws_bytes raw,
                             const struct ws_allocator *allocator, struct ws_query *out,
                             struct ws_error *err)
{
    WS_TRY(ws_query_open(reader, allocator, err));
    WS_TRY(ws_query_add(reader, raw, err));
    return ws_query_end(reader, out, err);
}

void ws_query_close(struct ws_query_reader *reader)
{
    ws_fingerprinter_close(reader->fingerprinter);
    ws_buffer_release(&reader->marks);
    *reader = (struct ws_query_reader){.fingerprinter = NULL};
}
