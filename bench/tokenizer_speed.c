/*
 * Times tokenizers on one core, without reading files. Prints seconds, the median of three.
 *
 *   tokenizer_speed encode TOKENIZER TEXT
 *   tokenizer_speed train COUNT TEXT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "data/tokenizer.h"

static enum ws_status encode(const char *path, struct ws_bytes text, struct ws_arena *arena,
                             double *seconds, struct ws_error *err)
{
    const struct ws_tokenizer *tokenizer;
    struct ws_buffer ids;
    WS_TRY(ws_tokenizer_open(path, arena, &tokenizer, err));
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    double start = ws_system_clock.elapsed(NULL);
    enum ws_status status = ws_tokenizer_encode(tokenizer, text, 0, &ids, err);
    *seconds = ws_system_clock.elapsed(NULL) - start;
    ws_buffer_release(&ids);
    return status;
}

static enum ws_status train(const char *count_text, struct ws_bytes text, struct ws_arena *arena,
                            double *seconds, struct ws_error *err)
{
    static const char *const special[] = {"<|endoftext|>"};
    const struct ws_tokenizer *tokenizer;
    uint64_t count = 0;
    if (!ws_whole_parse(count_text, &count) || count > UINT32_MAX)
        return ws_fail(err, WS_INVALID, "'%s' is no number of tokens", count_text);
    double start = ws_system_clock.elapsed(NULL);
    WS_TRY(ws_tokenizer_train(text, (uint32_t)count, special, 1, arena, &tokenizer, err));
    *seconds = ws_system_clock.elapsed(NULL) - start;
    return WS_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum ws_status run(char **arguments, struct ws_arena *arena, struct ws_error *err)
{
    double times[3];
    struct ws_bytes text;
    WS_TRY(ws_file_read(arguments[3], SIZE_MAX, arena, &text, err));
    for (int i = 0; i < 3; i++)
        WS_TRY(strcmp(arguments[1], "train") == 0
                   ? train(arguments[2], text, arena, &times[i], err)
                   : encode(arguments[2], text, arena, &times[i], err));
    qsort(times, 3, sizeof *times, ascending);
    (void)printf("%.6f\n", times[1]);
    return WS_OK;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "encode") != 0 && strcmp(argv[1], "train") != 0)) {
        (void)fprintf(stderr, "usage: %s encode TOKENIZER TEXT | train COUNT TEXT\n", argv[0]);
        return 2;
    }
    struct ws_arena arena;
    struct ws_error error;
    ws_arena_init(&arena, NULL);
    enum ws_status status = run(argv, &arena, &error);
    ws_arena_release(&arena);
    if (status != WS_OK)
        (void)fprintf(stderr, "%s: %s\n", argv[0], error.message);
    return status != WS_OK;
}
