/*
 * A document of any bytes, in pieces as long as the first byte says: whatever the pieces, its
 * canonical text and fingerprints are those of the whole, spans lie in the document in order, and
 * canonical text is its own canonical text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "fingerprint/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static enum ws_status take(void *context, const struct ws_fingerprint *found, size_t count,
                           struct ws_error *err)
{
    struct ws_buffer *out = context;
    (void)err;
    ws_buffer_append(out, found, count * sizeof *found);
    return WS_OK;
}

static struct ws_bytes cut(struct ws_bytes *left, size_t most)
{
    struct ws_bytes piece = ws_bytes_of(left->data, left->size < most ? left->size : most);
    left->data += piece.size;
    left->size -= piece.size;
    return piece;
}

static void fingerprint(struct ws_bytes document, size_t most, struct ws_document_print *print,
                        struct ws_buffer *found)
{
    struct ws_fingerprinter *f;
    require(ws_fingerprinter_open(NULL, take, found, &f, NULL) == WS_OK);
    while (document.size > 0)
        require(ws_fingerprinter_add(f, cut(&document, most), NULL) == WS_OK);
    require(ws_fingerprinter_end(f, print, NULL) == WS_OK);
    ws_fingerprinter_close(f);
}

static void canonise(struct ws_bytes document, size_t most, struct ws_buffer *out)
{
    struct ws_canon *canon;
    struct ws_canon_chunk chunk;
    require(ws_canon_open(NULL, &canon, NULL) == WS_OK);
    while (document.size > 0) {
        struct ws_bytes piece = cut(&document, most);
        while (piece.size > 0) {
            ws_canon_read(canon, &piece, &chunk);
            ws_buffer_append(out, chunk.text.data, chunk.text.size);
        }
    }
    ws_canon_end(canon, &chunk);
    ws_buffer_append(out, chunk.text.data, chunk.text.size);
    ws_canon_close(canon);
}

static void require_same(const struct ws_buffer *a, const struct ws_buffer *b)
{
    require(a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0));
}

static void require_order(const struct ws_buffer *found, const struct ws_document_print *print)
{
    const struct ws_fingerprint *list = (const void *)found->data;
    require(found->size == print->fingerprints * sizeof *list);
    require((print->fingerprints > 0) == (print->counts.bytes >= WS_FINGERPRINT_GRAM));
    for (uint64_t i = 0; i < print->fingerprints; i++) {
        require(list[i].begin < list[i].end && list[i].end <= print->counts.raw_points);
        require(i == 0 || (list[i - 1].begin <= list[i].begin && list[i - 1].end <= list[i].end));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_buffer found[2], text[2], again;
    struct ws_document_print print[2];
    if (size == 0)
        return 0;
    const struct ws_bytes document = ws_bytes_of(data + 1, size - 1);
    const size_t most[2] = {SIZE_MAX, (size_t)data[0] + 1};
    for (size_t i = 0; i < 2; i++) {
        ws_buffer_init(&found[i], NULL, SIZE_MAX);
        ws_buffer_init(&text[i], NULL, SIZE_MAX);
        fingerprint(document, most[i], &print[i], &found[i]);
        canonise(document, most[i], &text[i]);
    }
    require(memcmp(&print[0], &print[1], sizeof *print) == 0);
    require_same(&found[0], &found[1]);
    require_same(&text[0], &text[1]);
    require(print[0].counts.raw_bytes == document.size);
    require(print[0].counts.bytes == text[0].size);
    require_order(&found[0], &print[0]);
    ws_buffer_init(&again, NULL, SIZE_MAX);
    canonise(ws_buffer_bytes(&text[0]), SIZE_MAX, &again);
    require_same(&again, &text[0]);
    ws_buffer_release(&again);
    for (size_t i = 0; i < 2; i++) {
        ws_buffer_release(&found[i]);
        ws_buffer_release(&text[i]);
    }
    return 0;
}
