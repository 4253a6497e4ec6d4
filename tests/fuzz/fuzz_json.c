/*
 * Run directories hold JSON that anybody may have changed. Our reader takes what jansson's takes
 * and makes the same of it; only the depth is ours to limit.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *ours = NULL;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_json_parse(ws_bytes_of(data, size), "fuzz.json", &ours, &err);
    if (status == WS_LIMIT)
        return 0;
    require(status == WS_OK || status == WS_CORRUPT);
    require(status == WS_OK || strncmp(err.message, "fuzz.json:", 10) == 0);
    if (size > 0 && memchr(data, 0, size)) { /* jansson overlooks a zero byte behind a number */
        require(!ours);
        return 0;
    }
    json_t *theirs = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    require((ours != NULL) == (theirs != NULL));
    require(!ours || json_equal(ours, theirs));
    json_decref(ours);
    json_decref(theirs);
    return 0;
}
