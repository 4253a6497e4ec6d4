/*
 * Any bytes as the texts of a run's samples: lines that are read, lines that are damaged, and every
 * line is one of them or is not wanted.
 */
#include <stdint.h>
#include <stdlib.h>

#include "view/text_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t generations[] = {0, 3};
    const struct ws_text_lines_query query = {generations, 2, 2};
    struct ws_arena arena;
    struct ws_text_lines out;
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    ws_arena_init(&arena, NULL);
    require(ws_text_lines_read(ws_bytes_of(data, size), &query, &arena, &out, NULL) == WS_OK);
    require(out.count + out.damaged <= lines);
    for (size_t i = 0; i < out.count; i++) {
        require(out.lines[i].generation == 0 || out.lines[i].generation == 3);
        require(out.lines[i].item < 2 && strlen(out.lines[i].text) <= size);
    }
    ws_arena_release(&arena);
    return 0;
}
