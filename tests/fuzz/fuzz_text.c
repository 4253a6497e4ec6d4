/*
 * Any bytes, by the first one: cut into words (0) or bytes (1), or inflated as a file (2 gzip, 3
 * zstd) and then cut. Words that were cut are whole: cutting them again gives the same.
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

static void cut_words(struct ws_bytes text)
{
    struct ws_arena arena;
    struct ws_buffer joined;
    struct ws_tokens once, twice;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&joined, NULL, 8 * text.size + 8);
    if (ws_text_tokens(&(struct ws_text){text, "input"}, 1, WS_TEXT_WORDS, &arena, &once, NULL) ==
        WS_OK) {
        for (size_t i = 0; i < once.count; i++) {
            require(once.ids[i] < once.vocabulary.count);
            require(once.vocabulary.words[once.ids[i]][0] != '\0');
            ws_buffer_format(&joined, "%s ", once.vocabulary.words[once.ids[i]]);
        }
        require(ws_text_tokens(&(struct ws_text){ws_buffer_bytes(&joined), "words"}, 1,
                               WS_TEXT_WORDS, &arena, &twice, NULL) == WS_OK);
        require(twice.count == once.count && twice.vocabulary.count == once.vocabulary.count);
        require(memcmp(twice.ids, once.ids, once.count * sizeof *once.ids) == 0);
    }
    ws_buffer_release(&joined);
    ws_arena_release(&arena);
}

static void cut_bytes(struct ws_bytes text)
{
    struct ws_arena arena;
    struct ws_tokens tokens;
    ws_arena_init(&arena, NULL);
    if (ws_text_tokens(&(struct ws_text){text, "input"}, 1, WS_TEXT_BYTES, &arena, &tokens, NULL) ==
        WS_OK)
        require(tokens.count == text.size);
    ws_arena_release(&arena);
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
    case 1:
        cut_bytes(rest);
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
