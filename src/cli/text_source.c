#include "cli/text_source.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "data/text.h"
#include "data/text_pieces.h"

static bool ends_with(const char *path, const char *ending)
{
    size_t size = strlen(path);
    size_t end = strlen(ending);
    return size >= end && strcmp(path + size - end, ending) == 0;
}

enum ws_status text_source_open(const char *path, const struct ws_allocator *allocator,
                                struct text_source *out, struct ws_error *err)
{
    struct stat about;
    *out = (struct text_source){.path = path, .allocator = allocator};
    out->json_lines =
        ends_with(path, ".jsonl") || ends_with(path, ".jsonl.gz") || ends_with(path, ".jsonl.zst");
    ws_buffer_init(&out->kept, allocator, SIZE_MAX / 2);
    if (stat(path, &about) != 0)
        return ws_fail_system(err, "open", path);
    if (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))
        return WS_OK;
    return ws_text_read(path, SIZE_MAX / 2, &out->kept, err);
}

void text_source_close(struct text_source *source)
{
    ws_buffer_release(&source->kept);
}

static enum ws_status stream(const struct text_source *source, struct ws_text_sink sink,
                             struct ws_error *err)
{
    const struct ws_bytes kept = ws_buffer_bytes(&source->kept);
    if (kept.size == 0)
        return ws_text_stream(source->path, SIZE_MAX / 2, source->allocator, &sink, err);
    for (size_t at = 0; at < kept.size; at += WS_TEXT_PIECE) {
        const size_t left = kept.size - at;
        WS_TRY(sink.take(sink.user,
                         ws_bytes_of(kept.data + at, left < WS_TEXT_PIECE ? left : WS_TEXT_PIECE),
                         err));
    }
    return WS_OK;
}

/* What a text becomes, piece by piece. */
struct intake {
    const struct text_source *source;
    uint64_t lines; /* before the next piece */
    struct ws_train_text *examples;
    struct ws_text_pieces *words; /* of a training */
    struct ws_buffer line_words;  /* of one piece */
};

static size_t cut_lines(void *user, struct ws_bytes text)
{
    (void)user;
    return ws_tokenizer_training_cut(text);
}

static enum ws_status stream_pieces(const struct text_source *source, struct ws_text_pieces *pieces,
                                    struct ws_error *err)
{
    ws_text_pieces_init(pieces, source->allocator, SIZE_MAX / 2);
    enum ws_status status = stream(source, (struct ws_text_sink){ws_text_pieces_add, pieces}, err);
    if (status == WS_OK)
        status = ws_text_pieces_end(pieces, err);
    ws_text_pieces_release(pieces);
    return status;
}

/* Examples ------------------------------------------------------------------------------------- */

static size_t cut_tokens(void *user, struct ws_bytes text)
{
    const struct intake *in = user;
    return ws_tokenizer_cut(in->examples->form->tokenizer, text);
}

static enum ws_status collect_text(void *user, struct ws_bytes piece, struct ws_error *err)
{
    const struct intake *in = user;
    return ws_train_text_piece(in->examples, piece, in->source->path, err);
}

static enum ws_status collect_lines(void *user, struct ws_bytes piece, struct ws_error *err)
{
    struct intake *in = user;
    return ws_train_text_json_lines(in->examples, piece, in->source->path, &in->lines, err);
}

enum ws_status text_source_collect(const struct text_source *source, struct ws_train_text *out,
                                   struct ws_error *err)
{
    struct intake in = {.source = source, .examples = out};
    struct ws_text_pieces pieces = {.cut = source->json_lines ? cut_lines : cut_tokens,
                                    .take = source->json_lines ? collect_lines : collect_text,
                                    .user = &in};
    WS_TRY(stream_pieces(source, &pieces, err));
    return source->json_lines ? WS_OK : ws_train_text_end(out, err);
}

/* A tokenizer ---------------------------------------------------------------------------------- */

static enum ws_status teach(void *user, struct ws_bytes piece, struct ws_error *err)
{
    return ws_tokenizer_training_add(user, piece, err);
}

static enum ws_status pass_on_lines(void *user, struct ws_bytes piece, struct ws_error *err)
{
    struct intake *in = user;
    ws_buffer_reset(&in->line_words);
    WS_TRY(ws_json_lines_text(piece, in->source->path, &in->lines, &in->line_words, err));
    return ws_text_pieces_add(in->words, ws_buffer_bytes(&in->line_words), err);
}

static enum ws_status teach_source(const struct text_source *source, struct ws_text_pieces *words,
                                   struct ws_error *err)
{
    if (!source->json_lines)
        return stream(source, (struct ws_text_sink){ws_text_pieces_add, words}, err);
    struct intake in = {.source = source, .words = words};
    struct ws_text_pieces pieces = {.cut = cut_lines, .take = pass_on_lines, .user = &in};
    ws_buffer_init(&in.line_words, source->allocator, SIZE_MAX / 2);
    enum ws_status status = stream_pieces(source, &pieces, err);
    ws_buffer_release(&in.line_words);
    return status;
}

enum ws_status text_sources_teach(const struct text_source *sources, size_t count,
                                  struct ws_tokenizer_training *training, struct ws_error *err)
{
    struct ws_text_pieces words = {.cut = cut_lines, .take = teach, .user = training};
    ws_text_pieces_init(&words, sources[0].allocator, SIZE_MAX / 2);
    enum ws_status status = WS_OK;
    for (size_t i = 0; i < count && status == WS_OK; i++)
        status = teach_source(&sources[i], &words, err);
    if (status == WS_OK)
        status = ws_text_pieces_end(&words, err);
    ws_text_pieces_release(&words);
    return status;
}
