/*
 * Encoding, decoding and looking things up.
 */
#include "data/tokenizer.h"

#include <assert.h>
#include <string.h>

#include "data/tokenizer_internal.h"

/* Encoding ------------------------------------------------------------------------------------- */

struct encoder {
    const struct ws_tokenizer *tokenizer;
    bool plain;
    struct ws_buffer *out;
    struct ws_buffer normal;  /* a normalised part of the text */
    struct ws_buffer spaced;  /* a piece with a space put before it */
    struct ws_buffer scratch; /* of long words */
    size_t count;
    uint32_t ids[1024]; /* (count) not yet in `out` */
    struct ws_error *err;
};

static void flush(struct encoder *encoder)
{
    ws_buffer_append(encoder->out, encoder->ids, encoder->count * sizeof *encoder->ids);
    encoder->count = 0;
}

static void put(struct encoder *encoder, uint32_t id)
{
    if (encoder->count == sizeof encoder->ids / sizeof *encoder->ids)
        flush(encoder);
    encoder->ids[encoder->count++] = id;
}

static void put_all(struct encoder *encoder, const uint32_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        put(encoder, ids[i]);
}

/* A word too long for `ids` is joined in `out`: room for an id a byte is taken there, and what was
 * not needed given back. */
static enum ws_status encode_long(struct encoder *encoder, struct ws_bytes word)
{
    struct ws_buffer *out = encoder->out;
    size_t before = out->size;
    size_t count = 0;
    if (word.size > SIZE_MAX / sizeof(uint32_t))
        return ws_fail(encoder->err, WS_LIMIT, "a word of %zu bytes is too long", word.size);
    uint32_t *room = ws_buffer_extend(out, word.size * sizeof *room);
    if (!room)
        return ws_buffer_check(out, "the ids", encoder->err);
    enum ws_status status =
        ws_merge_word(encoder->tokenizer, word, room, &count, &encoder->scratch, encoder->err);
    out->size = before + count * sizeof *room;
    out->data[out->size] = '\0';
    return status;
}

static enum ws_status encode_joined(struct encoder *encoder, struct ws_bytes word)
{
    size_t most = sizeof encoder->ids / sizeof *encoder->ids;
    size_t count = 0;
    if (encoder->count + word.size > most)
        flush(encoder);
    if (word.size > most)
        return encode_long(encoder, word);
    WS_TRY(ws_merge_word(encoder->tokenizer, word, encoder->ids + encoder->count, &count,
                         &encoder->scratch, encoder->err));
    encoder->count += count;
    return WS_OK;
}

static enum ws_status encode_word(struct encoder *encoder, struct ws_bytes word)
{
    const struct ws_tokenizer *tokenizer = encoder->tokenizer;
    uint32_t id = ws_tokenizer_find_word(tokenizer, word);
    if (id == WS_NO_TOKEN || !(tokenizer->traits[id] & WS_TOKEN_WHOLE))
        return encode_joined(encoder, word);
    put(encoder, id);
    return WS_OK;
}

static enum ws_status put_space_before(struct encoder *encoder, struct ws_bytes *text)
{
    if (text->data[0] == ' ')
        return WS_OK;
    ws_buffer_reset(&encoder->spaced);
    ws_buffer_u8(&encoder->spaced, ' ');
    ws_buffer_append(&encoder->spaced, text->data, text->size);
    *text = ws_buffer_bytes(&encoder->spaced);
    return ws_buffer_check(&encoder->spaced, "the text", encoder->err);
}

/* Cuts `text` by step `number`, and each piece by the steps that follow. */
static enum ws_status encode_pieces(struct encoder *encoder, uint32_t number, struct ws_bytes text)
{
    const struct ws_tokenizer *tokenizer = encoder->tokenizer;
    if (number == tokenizer->step_count)
        return encode_word(encoder, text);
    enum ws_split_step step = tokenizer->steps[number];
    if (step == WS_SPLIT_PREFIX_SPACE) {
        WS_TRY(put_space_before(encoder, &text));
        return encode_pieces(encoder, number + 1, text);
    }
    while (text.size > 0) {
        size_t size = ws_split_piece(step, text);
        WS_TRY(encode_pieces(encoder, number + 1, ws_bytes_of(text.data, size)));
        text = ws_bytes_of(text.data + size, text.size - size);
    }
    return WS_OK;
}

/* Between two added tokens of the text as it is. */
static enum ws_status encode_between(struct encoder *encoder, struct ws_bytes text);

/* `text` as it is or normalised: its added tokens, and what lies between them. */
static enum ws_status encode_part(struct encoder *encoder, bool normalized, struct ws_bytes text)
{
    const struct ws_tokenizer *tokenizer = encoder->tokenizer;
    struct ws_added_match match;
    struct ws_added_scan scan = {
        .tokenizer = tokenizer,
        .trie = normalized ? &tokenizer->normalized : &tokenizer->exact,
        .text = text,
        .plain = encoder->plain,
    };
    for (bool found = true; found;) {
        size_t from = scan.done;
        found = ws_added_next(&scan, &match);
        size_t to = found ? match.start : text.size;
        if (from < to) {
            struct ws_bytes part = ws_bytes_of(text.data + from, to - from);
            WS_TRY(normalized ? encode_pieces(encoder, 0, part) : encode_between(encoder, part));
        }
        if (found)
            put(encoder, match.token->id);
    }
    return WS_OK;
}

static bool is_ascii(struct ws_bytes text)
{
    uint8_t bits = 0;
    for (size_t i = 0; i < text.size; i++)
        bits |= text.data[i];
    return bits < 0x80;
}

static enum ws_status encode_between(struct encoder *encoder, struct ws_bytes text)
{
    if (encoder->tokenizer->nfc && !is_ascii(text)) {
        ws_buffer_reset(&encoder->normal);
        WS_TRY(ws_normalize(text, &encoder->normal, encoder->err));
        text = ws_buffer_bytes(&encoder->normal);
    }
    return encode_part(encoder, true, text);
}

enum ws_status ws_tokenizer_encode(const struct ws_tokenizer *tokenizer, struct ws_bytes text,
                                   unsigned flags, struct ws_buffer *out, struct ws_error *err)
{
    struct encoder encoder;
    encoder.tokenizer = tokenizer;
    encoder.plain = flags & WS_ENCODE_PLAIN;
    encoder.out = out;
    encoder.count = 0;
    encoder.err = err;
    ws_buffer_init(&encoder.normal, out->allocator, SIZE_MAX);
    ws_buffer_init(&encoder.spaced, out->allocator, SIZE_MAX);
    ws_buffer_init(&encoder.scratch, out->allocator, SIZE_MAX);
    if (flags & WS_ENCODE_FRONT)
        put_all(&encoder, tokenizer->front, tokenizer->front_count);
    enum ws_status status = encode_part(&encoder, false, text);
    if (flags & WS_ENCODE_BACK)
        put_all(&encoder, tokenizer->back, tokenizer->back_count);
    flush(&encoder);
    ws_buffer_release(&encoder.normal);
    ws_buffer_release(&encoder.spaced);
    ws_buffer_release(&encoder.scratch);
    return status == WS_OK ? ws_buffer_check(out, "the ids", err) : status;
}

/* White space that follows something else: no word lies across its front, nor does any added token
 * where `can_cut` says so. A space that is put before every part would show, but for a blank. */
size_t ws_tokenizer_cut(const struct ws_tokenizer *tokenizer, struct ws_bytes text)
{
    bool blanks_only = false;
    for (uint32_t i = 0; i < tokenizer->step_count; i++)
        blanks_only = blanks_only || tokenizer->steps[i] == WS_SPLIT_PREFIX_SPACE;
    for (size_t at = text.size; tokenizer->can_cut && at-- > 1;) {
        int32_t before;
        if (text.data[at] != ' ' && (text.data[at] != '\n' || blanks_only))
            continue;
        (void)ws_char_before(ws_bytes_of(text.data, at), &before);
        if (ws_char_class(before) != WS_CHAR_SPACE)
            return at;
    }
    return 0;
}

/* Decoding and looking up ---------------------------------------------------------------------- */

enum ws_status ws_tokenizer_decode(const struct ws_tokenizer *tokenizer, const uint32_t *ids,
                                   size_t count, unsigned flags, struct ws_buffer *out,
                                   struct ws_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] >= tokenizer->count)
            return ws_fail(err, WS_INVALID, "id %u at place %zu is no token of %s, which has %u",
                           ids[i], i, tokenizer->name, tokenizer->count);
        if ((flags & WS_DECODE_PLAIN) && (tokenizer->traits[ids[i]] & WS_TOKEN_SPECIAL))
            continue;
        struct ws_bytes piece = ws_tokenizer_piece(tokenizer, ids[i]);
        ws_buffer_append(out, piece.data, piece.size);
    }
    return ws_buffer_check(out, "the text", err);
}

uint32_t ws_tokenizer_count(const struct ws_tokenizer *tokenizer)
{
    return tokenizer->count;
}

uint32_t ws_tokenizer_find(const struct ws_tokenizer *tokenizer, const char *text)
{
    for (uint32_t i = 0; i < tokenizer->added_count; i++)
        if (strcmp(tokenizer->added[i].text, text) == 0)
            return tokenizer->added[i].id;
    return ws_tokenizer_find_word(tokenizer, ws_bytes_of_text(text));
}

uint32_t ws_tokenizer_end_of_text(const struct ws_tokenizer *tokenizer)
{
    return tokenizer->end_of_text;
}
