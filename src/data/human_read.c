/*
 * Corpora are cut into tokens while they are read: only what cannot be cut yet waits in memory, and
 * no text is kept. A text is cut where no token can lie across, so tokens are those of the whole.
 *
 * A tokenizer that is trained needs the whole training corpus first, which is therefore read twice.
 */
#include <string.h>
#include <sys/stat.h>

#include "data/human_internal.h"
#include "data/text_pieces.h"

#define CORPUS_LIMIT ((size_t)1 << 40) /* bytes after inflation */

/* The corpora of an experiment while they are read. */
struct reading {
    struct ws_human *human;
    struct ws_words words;                  /* of words */
    struct ws_tokenizer_training *training; /* of bpe, while there is no tokenizer */
    struct ws_buffer kept; /* a training corpus that can be read once only, as a pipe */
    struct ws_hash trained_on;
    struct ws_buffer ids; /* words: uint32_t of a piece */
    const char **at_fault;
};

/* One corpus while it is read. */
struct intake {
    struct reading *reading;
    const char *path;
    struct ws_buffer *ids; /* uint32_t */
    struct ws_text_pieces pieces;
    size_t done; /* bytes before what waits */
    struct ws_hasher hasher;
};

/* Cutting -------------------------------------------------------------------------------------- */

static size_t place_to_cut(void *user, struct ws_bytes text)
{
    const struct intake *in = user;
    const struct ws_human *human = in->reading->human;
    if (in->reading->training)
        return ws_tokenizer_training_cut(text);
    switch ((enum ws_human_unit)human->settings.unit) {
    case WS_UNIT_WORDS:
        return ws_words_cut(text);
    case WS_UNIT_BPE:
        return ws_tokenizer_cut(human->tokenizer, text);
    case WS_UNIT_BYTES:
        break;
    }
    return text.size;
}

static enum ws_status encode_bytes(struct ws_bytes text, struct ws_buffer *ids,
                                   struct ws_error *err)
{
    uint32_t *room = ws_buffer_extend(ids, text.size * sizeof *room);
    for (size_t i = 0; room && i < text.size; i++)
        room[i] = text.data[i];
    return ws_buffer_check(ids, "tokens", err);
}

static enum ws_status encode(const struct intake *in, struct ws_bytes piece, struct ws_error *err)
{
    struct reading *r = in->reading;
    const struct ws_text text = {piece, in->path, in->done};
    enum ws_status status = WS_OK;
    switch ((enum ws_human_unit)r->human->settings.unit) {
    case WS_UNIT_WORDS:
        return ws_words_encode(&r->words, &text, in->ids, err);
    case WS_UNIT_BYTES:
        return encode_bytes(piece, in->ids, err);
    case WS_UNIT_BPE:
        status = ws_tokenizer_encode(r->human->tokenizer, piece, 0, in->ids, err);
        if (status != WS_OK)
            ws_error_prefix(err, "'%s'", in->path);
        break;
    }
    return status;
}

/* Independent words are counted, and their order forgotten. */
static enum ws_status count(struct reading *r, struct ws_error *err)
{
    struct ws_buffer *counts = &r->human->word_counts;
    const uint32_t *ids = (const uint32_t *)(const void *)r->ids.data;
    for (size_t i = 0; i < r->ids.size / sizeof *ids; i++) {
        size_t end = ((size_t)ids[i] + 1) * sizeof(uint64_t);
        if (counts->size < end) {
            size_t more = end - counts->size;
            void *room = ws_buffer_extend(counts, more);
            if (!room)
                return ws_buffer_check(counts, "the counts of words", err);
            memset(room, 0, more);
        }
        ((uint64_t *)(void *)counts->data)[ids[i]]++;
    }
    ws_buffer_reset(&r->ids);
    return WS_OK;
}

static enum ws_status use(void *user, struct ws_bytes piece, struct ws_error *err)
{
    struct intake *in = user;
    struct reading *r = in->reading;
    if (r->training)
        WS_TRY(ws_tokenizer_training_add(r->training, piece, err));
    else
        WS_TRY(encode(in, piece, err));
    if (in->ids == &r->ids)
        WS_TRY(count(r, err));
    in->done += piece.size;
    return WS_OK;
}

static enum ws_status take(void *user, struct ws_bytes bytes, struct ws_error *err)
{
    struct intake *in = user;
    ws_hasher_update(&in->hasher, bytes);
    return ws_text_pieces_add(&in->pieces, bytes, err);
}

/* Reading -------------------------------------------------------------------------------------- */

static enum ws_status take_and_keep(void *user, struct ws_bytes bytes, struct ws_error *err)
{
    struct intake *in = user;
    ws_buffer_append(&in->reading->kept, bytes.data, bytes.size);
    WS_TRY(ws_buffer_check(&in->reading->kept, "the text", err));
    return take(in, bytes, err);
}

static bool can_be_read_again(const char *path)
{
    struct stat about;
    return stat(path, &about) != 0 || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode);
}

static enum ws_status read_kept(struct intake *in, struct ws_error *err)
{
    struct ws_bytes text = ws_buffer_bytes(&in->reading->kept);
    for (size_t at = 0; at < text.size; at += WS_TEXT_PIECE) {
        size_t left = text.size - at;
        size_t size = left < WS_TEXT_PIECE ? left : WS_TEXT_PIECE;
        WS_TRY(take(in, ws_bytes_of(text.data + at, size), err));
    }
    return WS_OK;
}

static enum ws_status read_all(struct intake *in, struct ws_hash *hash, struct ws_error *err)
{
    struct reading *r = in->reading;
    bool keeps = r->training && !can_be_read_again(in->path);
    const struct ws_text_sink sink = {keeps ? take_and_keep : take, in};
    if (r->kept.size > 0)
        WS_TRY(read_kept(in, err));
    else
        WS_TRY(ws_text_stream(in->path, CORPUS_LIMIT, r->human->allocator, &sink, err));
    WS_TRY(ws_text_pieces_end(&in->pieces, err));
    return ws_hasher_finish(&in->hasher, hash, err);
}

/* The tokens of a text behind those in `ids`, or, for a training, its words. */
static enum ws_status read_text(struct reading *r, const char *path, struct ws_buffer *ids,
                                struct ws_hash *hash, struct ws_error *err)
{
    struct intake in = {.reading = r, .path = path, .ids = ids};
    in.pieces = (struct ws_text_pieces){.cut = place_to_cut, .take = use, .user = &in};
    WS_TRY(ws_hasher_init(&in.hasher, err));
    ws_text_pieces_init(&in.pieces, &r->human->spill.allocator, CORPUS_LIMIT);
    enum ws_status status = read_all(&in, hash, err);
    ws_text_pieces_release(&in.pieces);
    ws_hasher_release(&in.hasher);
    return status;
}

/* The tokenizer -------------------------------------------------------------------------------- */

static enum ws_status train_on_corpus(struct reading *r, struct ws_error *err)
{
    struct ws_human *human = r->human;
    *r->at_fault = ws_corpus_name(WS_CORPUS_TRAINING);
    WS_TRY(read_text(r, human->settings.corpus, NULL, &r->trained_on, err));
    *r->at_fault = "vocabulary";
    return ws_tokenizer_training_finish(r->training, &human->arena, &human->tokenizer, err);
}

static enum ws_status train_tokenizer(struct reading *r, struct ws_error *err)
{
    static const char *const special[] = {WS_END_OF_TEXT};
    *r->at_fault = "vocabulary";
    WS_TRY(ws_tokenizer_training_open((uint32_t)r->human->settings.vocabulary, special, 1,
                                      &r->human->spill.allocator, &r->training, err));
    enum ws_status status = train_on_corpus(r, err);
    ws_tokenizer_training_close(r->training);
    r->training = NULL;
    return status;
}

static enum ws_status get_tokenizer(struct reading *r, struct ws_error *err)
{
    struct ws_human *human = r->human;
    if (human->settings.tokenizer[0] == '\0')
        return train_tokenizer(r, err);
    *r->at_fault = "tokenizer";
    return ws_tokenizer_open(human->settings.tokenizer, &human->arena, &human->tokenizer, err);
}

static enum ws_status note_tokenizer(struct ws_human *human, struct ws_error *err)
{
    struct ws_buffer json;
    ws_buffer_init(&json, human->allocator, SIZE_MAX);
    ws_tokenizer_write_json(human->tokenizer, &json);
    enum ws_status status = ws_buffer_check(&json, "the tokenizer", err);
    if (status == WS_OK)
        status = ws_human_note_input(human, "tokenizer", ws_buffer_bytes(&json), err);
    ws_buffer_release(&json);
    return status;
}

/* The corpora ---------------------------------------------------------------------------------- */

static enum ws_status read_corpus(struct reading *r, enum ws_corpus which, const char *path,
                                  struct ws_error *err)
{
    struct ws_human *human = r->human;
    struct ws_human_input *input = &human->inputs[human->input_count];
    struct ws_buffer *ids = &human->tokens[which];
    if (path[0] == '\0')
        return WS_OK;
    *r->at_fault = ws_corpus_name(which);
    input->name = ws_corpus_name(which);
    bool counts = human->settings.source == WS_HUMAN_WORDS;
    WS_TRY(read_text(r, path, counts ? &r->ids : ids, &input->hash, err));
    if (ids->size == 0 && human->word_counts.size == 0)
        return ws_fail(err, WS_UNSUPPORTED, "'%s' has no word in it", path);
    human->input_count++;
    return WS_OK;
}

static enum ws_status read_corpora(struct reading *r, struct ws_error *err)
{
    struct ws_human *human = r->human;
    const struct ws_human_settings *settings = &human->settings;
    if (settings->unit == WS_UNIT_BPE)
        WS_TRY(get_tokenizer(r, err));
    bool trained = settings->unit == WS_UNIT_BPE && settings->tokenizer[0] == '\0';
    /* A teacher that is there needs no text: its tokenizer is all. */
    if (settings->source != WS_HUMAN_TEACHER || settings->teacher[0] == '\0')
        WS_TRY(read_corpus(r, WS_CORPUS_TRAINING, settings->corpus, err));
    if (trained && memcmp(&r->trained_on, &human->inputs[0].hash, sizeof r->trained_on) != 0)
        return ws_fail(err, WS_IO, "'%s' was changed while it was read", settings->corpus);
    if (settings->source == WS_HUMAN_TEXT) {
        WS_TRY(read_corpus(r, WS_CORPUS_TEST, settings->test_corpus, err));
        WS_TRY(read_corpus(r, WS_CORPUS_VALIDATION, settings->validation_corpus, err));
    }
    return settings->unit == WS_UNIT_BPE ? note_tokenizer(human, err) : WS_OK;
}

static enum ws_status note_types(struct reading *r, struct ws_error *err)
{
    struct ws_human *human = r->human;
    *r->at_fault = ws_corpus_name(WS_CORPUS_TRAINING);
    switch ((enum ws_human_unit)human->settings.unit) {
    case WS_UNIT_WORDS:
        WS_TRY(ws_words_vocabulary(&r->words, &human->arena, &human->vocabulary, err));
        human->empty.types = human->vocabulary.count;
        break;
    case WS_UNIT_BYTES:
        human->vocabulary = (struct ws_vocabulary){256, NULL};
        human->empty.types = 256;
        break;
    case WS_UNIT_BPE:
        human->empty.types = ws_tokenizer_count(human->tokenizer);
        break;
    }
    return WS_OK;
}

enum ws_status ws_human_read(struct ws_human *human, const char **at_fault, struct ws_error *err)
{
    const struct ws_allocator *allocator = &human->spill.allocator;
    struct reading reading = {.human = human, .at_fault = at_fault};
    ws_words_init(&reading.words, allocator);
    ws_buffer_init(&reading.kept, allocator, CORPUS_LIMIT);
    ws_buffer_init(&reading.ids, allocator, SIZE_MAX);
    enum ws_status status = read_corpora(&reading, err);
    if (status == WS_OK)
        status = note_types(&reading, err);
    ws_buffer_release(&reading.ids);
    ws_buffer_release(&reading.kept);
    ws_words_release(&reading.words);
    return status;
}
