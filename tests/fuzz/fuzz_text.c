/*
 * Any bytes, by the first one: cut into words (0), or inflated as a file (2 gzip, 3 zstd) and then
 * cut. Words that were cut are whole: cutting them again gives the same; and a text in two pieces
 * gives the words of the whole.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* A text, and what it was cut into. */
struct cut_text {
    struct ws_words words;
    struct ws_buffer ids;
};

static void begin(struct cut_text *text)
{
    ws_words_init(&text->words, NULL);
    ws_buffer_init(&text->ids, NULL, SIZE_MAX);
}

static void end(struct cut_text *text)
{
    ws_buffer_release(&text->ids);
    ws_words_release(&text->words);
}

static enum ws_status encode(struct cut_text *to, struct ws_bytes bytes)
{
    const struct ws_text text = {bytes, "input", 0};
    return ws_words_encode(&to->words, &text, &to->ids, NULL);
}

static void require_same(const struct cut_text *a, const struct cut_text *b)
{
    require(a->words.set.count == b->words.set.count && a->ids.size == b->ids.size);
    require(a->ids.size == 0 || memcmp(a->ids.data, b->ids.data, a->ids.size) == 0);
}

static void join(const struct cut_text *text, struct ws_buffer *out)
{
    const uint32_t *ids = (const uint32_t *)(const void *)text->ids.data;
    for (size_t i = 0; i < text->ids.size / sizeof *ids; i++) {
        require(ids[i] < text->words.set.count);
        const char *word = ws_text_set_at(&text->words.set, ids[i]);
        require(word[0] != '\0');
        ws_buffer_format(out, "%s ", word);
    }
}

static void cut_words(struct ws_bytes text)
{
    struct cut_text once, twice, parts;
    struct ws_buffer joined;
    begin(&once);
    begin(&twice);
    begin(&parts);
    ws_buffer_init(&joined, NULL, 8 * text.size + 8);
    if (encode(&once, text) == WS_OK) {
        join(&once, &joined);
        require(encode(&twice, ws_buffer_bytes(&joined)) == WS_OK);
        require_same(&once, &twice);
        size_t cut = ws_words_cut(ws_bytes_of(text.data, text.size / 2));
        require(encode(&parts, ws_bytes_of(text.data, cut)) == WS_OK);
        require(encode(&parts, ws_bytes_of(text.data + cut, text.size - cut)) == WS_OK);
        require_same(&once, &parts);
    }
    ws_buffer_release(&joined);
    end(&parts);
    end(&twice);
    end(&once);
}

static void inflate_file(struct ws_bytes packed, const char *ending)
{
    const char *directory = getenv("TMPDIR");
    char path[512];
    int size = snprintf(path, sizeof path, "%s/fuzz-text-XXXXXX%s", directory ? directory : "/tmp",
                        ending);
    require(size > 0 && (size_t)size < sizeof path);
    int file = mkstemps(path, (int)strlen(ending));
    require(file >= 0);
    require(write(file, packed.data, packed.size) == (ssize_t)packed.size);
    require(close(file) == 0);
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1 << 16);
    if (ws_text_read(path, 1 << 16, &text, NULL) == WS_OK)
        cut_words(ws_buffer_bytes(&text));
    require(text.size <= 1 << 16);
    ws_buffer_release(&text);
    require(unlink(path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct ws_bytes rest = ws_bytes_of(data + 1, size - 1);
    switch (data[0]) {
    case 0:
        cut_words(rest);
        break;
    case 2:
        inflate_file(rest, ".gz");
        break;
    case 3:
        inflate_file(rest, ".zst");
        break;
    default:
        break;
    }
    return 0;
}
