/* Corpora of vectors: tables in files, each row an item. */
#include <inttypes.h>

#include "base/file.h"
#include "data/human_internal.h"
#include "data/npy.h"

static enum ws_status read_bytes(struct ws_human *human, struct ws_bytes bytes, const char *path,
                                 struct ws_payload *out, struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    if (settings->source == WS_HUMAN_NPY)
        return ws_npy_read(bytes, path, &settings->columns, &human->arena, out, err);
    return ws_csv_read(bytes, path, &settings->csv, &settings->columns, &human->arena, out, err);
}

/* The numbers are copied, so that a file that changes later changes no run that goes on. */
static enum ws_status read_table(struct ws_human *human, enum ws_corpus which, const char *path,
                                 const char **at_fault, struct ws_error *err)
{
    struct ws_mapped_file file;
    if (path[0] == '\0')
        return WS_OK;
    *at_fault = ws_corpus_name(which);
    WS_TRY(ws_file_map(path, &file, err));
    enum ws_status status = ws_human_note_input(human, *at_fault, file.bytes, err);
    if (status == WS_OK)
        status = read_bytes(human, file.bytes, path, &human->corpora[which], err);
    if (status == WS_INVALID) /* no other setting can be at fault */
        *at_fault = "columns";
    ws_file_unmap(&file);
    return status;
}

enum ws_status ws_human_open_tables(struct ws_human *human, const char **at_fault,
                                    struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    const struct ws_payload *training = &human->corpora[WS_CORPUS_TRAINING];
    const struct ws_payload *test = &human->corpora[WS_CORPUS_TEST];
    WS_TRY(read_table(human, WS_CORPUS_TRAINING, settings->corpus, at_fault, err));
    WS_TRY(read_table(human, WS_CORPUS_TEST, settings->test_corpus, at_fault, err));
    if (test->count > 0 && test->dimension != training->dimension)
        return ws_fail(err, WS_CORRUPT,
                       "'%s' has %" PRIu32 " column%s, wanted %" PRIu32 " as '%s' has",
                       settings->test_corpus, test->dimension, test->dimension > 1 ? "s" : "",
                       training->dimension, settings->corpus);
    human->empty.kind = WS_DATA_VECTORS;
    human->empty.dimension = training->dimension;
    return ws_human_settle_sizes(human, at_fault, err);
}
