/*
 * Run directories hold JSON that anybody may have changed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* What was read is written and read back the same. */
static void write_and_read(const json_t *json)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_json_append(json, &text);
    json_t *again = NULL;
    require(ws_json_parse(ws_buffer_bytes(&text), "again.json", &again, NULL) == WS_OK);
    require(json_equal(json, again));
    json_decref(again);
    ws_buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *json = NULL;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_json_parse(ws_bytes_of(data, size), "fuzz.json", &json, &err);
    require(status == WS_OK || status == WS_CORRUPT);
    require(status == WS_OK || strncmp(err.message, "fuzz.json:", 10) == 0);
    if (json)
        write_and_read(json);
    json_decref(json);
    return 0;
}
