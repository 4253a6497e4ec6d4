/*
 * An answer of a time-stamping authority from anywhere: it is refused as damaged, or has a time.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ledger/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_timestamp read = {.time = 0};
    enum ws_status status = ws_timestamp_read(ws_bytes_of(data, size), &read, NULL);
    require(status == WS_OK || status == WS_CORRUPT);
    require(status != WS_OK || read.time > 0);
    return 0;
}
