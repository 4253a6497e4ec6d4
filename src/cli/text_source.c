#include "cli/text_source.h"

#include <string.h>

#include "data/text.h"

static bool ends_with(const char *path, const char *ending)
{
    size_t size = strlen(path);
    size_t end = strlen(ending);
    return size >= end && strcmp(path + size - end, ending) == 0;
}

enum ws_status text_source_read(const char *path, struct text_source *out, struct ws_error *err)
{
    out->path = path;
    out->json_lines =
        ends_with(path, ".jsonl") || ends_with(path, ".jsonl.gz") || ends_with(path, ".jsonl.zst");
    ws_buffer_init(&out->bytes, NULL, SIZE_MAX / 2);
    return ws_text_read(path, SIZE_MAX / 2, &out->bytes, err);
}

enum ws_status text_source_collect(const struct text_source *source, struct ws_train_text *out,
                                   struct ws_error *err)
{
    struct ws_bytes bytes = ws_buffer_bytes(&source->bytes);
    return source->json_lines ? ws_train_text_json_lines(out, bytes, source->path, err)
                              : ws_train_text_plain(out, bytes, source->path, err);
}
