/*
 * Writes the six Jane Austen novels, one after another, from the R package janeaustenr: its
 * `data/Rdata.rdb` on standard input, plain text on standard output. `./dev corpus` uses it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rdb_text.h"

enum { SIZE_LIMIT = 1 << 28 };

static enum ws_status read_all(FILE *file, struct ws_buffer *out, struct ws_error *err)
{
    char piece[1 << 14];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0)
        ws_buffer_append(out, piece, size);
    if (ferror(file))
        return ws_fail(err, WS_IO, "standard input cannot be read");
    return ws_buffer_check(out, "standard input", err);
}

static enum ws_status write_all(FILE *file, struct ws_bytes bytes, struct ws_error *err)
{
    if (fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fflush(file) != 0)
        return ws_fail(err, WS_IO, "standard output cannot be written");
    return WS_OK;
}

int main(void)
{
    struct ws_buffer rdb;
    struct ws_buffer text;
    struct ws_error err = {0};
    ws_buffer_init(&rdb, NULL, SIZE_LIMIT);
    ws_buffer_init(&text, NULL, SIZE_LIMIT);
    enum ws_status status = read_all(stdin, &rdb, &err);
    if (status == WS_OK)
        status = ws_rdb_text(ws_buffer_bytes(&rdb), &text, &err);
    if (status == WS_OK)
        status = write_all(stdout, ws_buffer_bytes(&text), &err);
    if (status != WS_OK)
        (void)fprintf(stderr, "extract_austen: %s\n", err.message);
    ws_buffer_release(&text);
    ws_buffer_release(&rdb);
    return status == WS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
