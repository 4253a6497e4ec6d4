/* A journal from anywhere: it is refused, or its whole entries make up its beginning. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/log_journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_journal journal;
    struct ws_buffer again;
    struct ws_bytes entry;
    struct ws_hash leaf;
    if (ws_journal_open(ws_bytes_of(data, size), &journal, NULL) != WS_OK)
        return 0;
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_journal_head(&again, journal.next);
    while (ws_journal_next(&journal, &entry, &leaf))
        ws_journal_append(&again, entry, journal.begins);
    require(again.size == journal.offset && again.size + journal.left.size == size);
    require(memcmp(again.data, data, again.size) == 0);
    (void)!ws_journal_check_end(&journal, NULL);
    ws_buffer_release(&again);
    return 0;
}
