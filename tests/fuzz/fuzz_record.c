/*
 * Any bytes as the metric records of a chain: records with all their texts inside of them, which
 * are the same when they are written and read once more, or a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check(const struct ws_record *record, struct ws_bytes bytes)
{
    require(strlen(record->metric) < WS_METRIC_NAME_SIZE);
    require(strlen(record->definition) < bytes.size && record->n <= INT64_MAX);
}

/* Writes what can be read; how many records. */
static size_t copy(struct ws_bytes bytes, struct ws_records *out, enum ws_status *status)
{
    struct ws_records_reader reader;
    struct ws_error err = {.message = ""};
    size_t count = 0;
    bool more;
    ws_records_open(&reader, bytes, NULL);
    *status = ws_records_next_generation(&reader, &more, &err);
    while (*status == WS_OK && more) {
        struct ws_record record;
        ws_records_begin(out, reader.generation);
        *status = ws_records_next(&reader, &record, &more, &err);
        for (; *status == WS_OK && more; count++) {
            check(&record, bytes);
            ws_records_add(out, record.metric, record.definition, record.n, record.value);
            *status = ws_records_next(&reader, &record, &more, &err);
        }
        require(ws_records_end(out, NULL) == WS_OK);
        if (*status == WS_OK)
            *status = ws_records_next_generation(&reader, &more, &err);
    }
    require(*status == WS_OK || (*status == WS_CORRUPT && strstr(err.message, "damaged")));
    ws_records_close(&reader);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_records once, twice;
    enum ws_status status;
    ws_records_init(&once, NULL);
    ws_records_init(&twice, NULL);
    size_t count = copy(ws_bytes_of(data, size), &once, &status);
    require(copy(ws_buffer_bytes(&once.bytes), &twice, &status) == count && status == WS_OK);
    require(once.bytes.size == twice.bytes.size);
    require(once.bytes.size == 0 ||
            memcmp(once.bytes.data, twice.bytes.data, once.bytes.size) == 0);
    ws_records_release(&once);
    ws_records_release(&twice);
    return 0;
}
