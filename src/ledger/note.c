#include "ledger/note.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/hash.h"
#include "base/utf8.h"

static const char LINE_START[] = "\xE2\x80\x94 "; /* an em dash and a blank */

enum {
    ID_SIZE = 4,
    TIME_SIZE = 8,
    TYPED_SIZE = 1 + WS_ED25519_KEY_SIZE,
};

static uint32_t load32_be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static uint64_t load64_be(const uint8_t *p)
{
    return (uint64_t)load32_be(p) << 32 | load32_be(p + 4);
}

static void append32_be(struct ws_buffer *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        ws_buffer_u8(out, (uint8_t)(value >> shift));
}

static void append64_be(struct ws_buffer *out, uint64_t value)
{
    append32_be(out, (uint32_t)(value >> 32));
    append32_be(out, (uint32_t)value);
}

/* Keys ----------------------------------------------------------------------------------------- */

bool ws_key_name_ok(struct ws_bytes name)
{
    return name.size > 0 && name.size <= WS_KEY_NAME_LIMIT && !memchr(name.data, '+', name.size) &&
           ws_utf8_is_word(name);
}

static bool is_known(uint8_t type)
{
    return type == WS_KEY_ED25519 || type == WS_KEY_COSIGNATURE;
}

/* SHA-256(name, line's end, type, key)[0..4] */
static enum ws_status id_of(struct ws_bytes name, const uint8_t typed[TYPED_SIZE], uint32_t *out,
                            struct ws_error *err)
{
    char storage[WS_KEY_NAME_LIMIT + 1 + TYPED_SIZE + 1];
    struct ws_buffer text;
    struct ws_hash hash;
    ws_buffer_fix(&text, storage, sizeof storage);
    ws_buffer_append(&text, name.data, name.size);
    ws_buffer_u8(&text, '\n');
    ws_buffer_append(&text, typed, TYPED_SIZE);
    WS_TRY(ws_hash_of(ws_buffer_bytes(&text), &hash, err));
    *out = load32_be(hash.bytes);
    return WS_OK;
}

static void set_typed(uint8_t typed[TYPED_SIZE], enum ws_key_type type, const uint8_t *key)
{
    typed[0] = (uint8_t)type;
    memcpy(typed + 1, key, WS_ED25519_KEY_SIZE);
}

/* "<name>+<id>+<base64>", taken apart. */
struct key_text {
    struct ws_bytes name;
    uint32_t id;
    uint8_t typed[TYPED_SIZE];
};

static bool read_id(struct ws_bytes text, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.size; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = memchr(digits, text.data[i], 16);
        if (!digit)
            return false;
        *out = *out << 4 | (uint32_t)(digit - digits);
    }
    return text.size == 8;
}

static enum ws_status no_key(struct ws_error *err)
{
    return ws_fail(err, WS_INVALID,
                   "this is no key of signed notes: wanted name+8 hex digits+base64");
}

static enum ws_status read_key_text(struct ws_bytes text, struct ws_arena *arena,
                                    struct key_text *out, struct ws_error *err)
{
    struct ws_bytes rest, id, key, bytes;
    if (!ws_bytes_split(text, '+', &out->name, &rest) || !ws_bytes_split(rest, '+', &id, &key) ||
        !ws_key_name_ok(out->name) || !read_id(id, &out->id))
        return no_key(err);
    enum ws_status status = ws_base64_read(key, arena, &bytes, err);
    if (status == WS_CORRUPT || (status == WS_OK && bytes.size == 0))
        return no_key(err);
    WS_TRY(status);
    if (!is_known(bytes.data[0]))
        return ws_fail(err, WS_UNSUPPORTED,
                       "a key of type %d; known are 1 (Ed25519) and 4 (its cosignatures)",
                       bytes.data[0]);
    if (bytes.size != TYPED_SIZE)
        return no_key(err);
    memcpy(out->typed, bytes.data, TYPED_SIZE);
    return WS_OK;
}

static enum ws_status check_id(uint32_t seen, uint32_t wanted, struct ws_error *err)
{
    if (seen == wanted)
        return WS_OK;
    return ws_fail(err, WS_INVALID,
                   "a key whose id is %08" PRIx32 " and should be %08" PRIx32
                   ": it was copied badly",
                   seen, wanted);
}

enum ws_status ws_note_key_read(struct ws_bytes text, struct ws_arena *arena,
                                struct ws_note_key *out, struct ws_error *err)
{
    struct key_text read;
    uint32_t id;
    WS_TRY(read_key_text(text, arena, &read, err));
    WS_TRY(id_of(read.name, read.typed, &id, err));
    WS_TRY(check_id(read.id, id, err));
    struct ws_note_key key = {
        .name = ws_arena_text_of(arena, read.name.data, read.name.size),
        .id = id,
        .type = read.typed[0],
    };
    if (!key.name)
        return ws_fail_memory(err, "a key");
    WS_TRY(ws_ed25519_public_open(read.typed + 1, &key.public_key, err));
    *out = key;
    return WS_OK;
}

static void append_key(struct ws_buffer *out, const char *name, uint32_t id, enum ws_key_type type,
                       const uint8_t *bytes)
{
    uint8_t typed[TYPED_SIZE];
    set_typed(typed, type, bytes);
    ws_buffer_format(out, "%s+%08" PRIx32 "+", name, id);
    ws_base64_append(out, ws_bytes_of(typed, sizeof typed));
}

void ws_note_key_append(struct ws_buffer *out, const struct ws_note_key *key)
{
    append_key(out, key->name, key->id, key->type, key->public_key.bytes);
}

void ws_note_key_close(struct ws_note_key *key)
{
    ws_ed25519_public_close(&key->public_key);
}

/* The private key is opened; the rest follows from it. */
static enum ws_status complete_signer(struct ws_bytes name, enum ws_key_type type,
                                      struct ws_arena *arena, struct ws_note_signer *signer,
                                      struct ws_error *err)
{
    uint8_t typed[TYPED_SIZE];
    set_typed(typed, type, signer->private_key.public_bytes);
    signer->type = type;
    signer->name = ws_arena_text_of(arena, name.data, name.size);
    return signer->name ? id_of(name, typed, &signer->id, err) : ws_fail_memory(err, "a key");
}

static const char PRIVATE[] = "PRIVATE+KEY+";

enum ws_status ws_note_signer_read(struct ws_bytes text, struct ws_arena *arena,
                                   struct ws_note_signer *out, struct ws_error *err)
{
    struct key_text read;
    struct ws_note_signer signer = {0};
    size_t start = sizeof PRIVATE - 1;
    if (text.size < start || memcmp(text.data, PRIVATE, start) != 0)
        return ws_fail(err, WS_INVALID, "this is no private key: it does not begin with '%s'",
                       PRIVATE);
    WS_TRY(read_key_text(ws_bytes_of(text.data + start, text.size - start), arena, &read, err));
    WS_TRY(ws_ed25519_private_open(read.typed + 1, &signer.private_key, err));
    enum ws_status status = complete_signer(read.name, read.typed[0], arena, &signer, err);
    if (status == WS_OK)
        status = check_id(read.id, signer.id, err);
    if (status != WS_OK)
        ws_note_signer_close(&signer);
    else
        *out = signer;
    return status;
}

void ws_note_signer_append(struct ws_buffer *out, const struct ws_note_signer *signer)
{
    ws_buffer_text(out, PRIVATE);
    append_key(out, signer->name, signer->id, signer->type, signer->private_key.seed);
}

enum ws_status ws_note_signer_make(const char *name, enum ws_key_type type, struct ws_arena *arena,
                                   struct ws_note_signer *out, struct ws_error *err)
{
    struct ws_note_signer signer = {0};
    if (!ws_key_name_ok(ws_bytes_of_text(name)))
        return ws_fail(
            err, WS_INVALID,
            "'%.80s' cannot be a key's name: wanted 1 to %d bytes without blanks and '+'", name,
            WS_KEY_NAME_LIMIT);
    WS_TRY(ws_ed25519_private_make(&signer.private_key, err));
    enum ws_status status = complete_signer(ws_bytes_of_text(name), type, arena, &signer, err);
    if (status != WS_OK)
        ws_note_signer_close(&signer);
    else
        *out = signer;
    return status;
}

void ws_note_signer_close(struct ws_note_signer *signer)
{
    ws_ed25519_private_close(&signer->private_key);
}

enum ws_status ws_note_signer_key(const struct ws_note_signer *signer, struct ws_note_key *out,
                                  struct ws_error *err)
{
    struct ws_note_key key = {.name = signer->name, .id = signer->id, .type = signer->type};
    WS_TRY(ws_ed25519_public_open(signer->private_key.public_bytes, &key.public_key, err));
    *out = key;
    return WS_OK;
}

/* Reading -------------------------------------------------------------------------------------- */

bool ws_note_text_ok(struct ws_bytes text)
{
    return text.size > 0 && text.data[text.size - 1] == '\n' && ws_utf8_is_lines(text);
}

/* Where the signatures begin: behind the last empty line. 0 when there is none. */
static size_t find_signatures(struct ws_bytes note)
{
    for (size_t i = note.size; i >= 2; i--)
        if (note.data[i - 1] == '\n' && note.data[i - 2] == '\n')
            return i;
    return 0;
}

/* WS_CORRUPT where the line is none. */
static enum ws_status read_signature(struct ws_bytes line, struct ws_arena *arena,
                                     struct ws_note_signature *out)
{
    size_t start = sizeof LINE_START - 1;
    struct ws_bytes base64, bytes;
    out->line = ws_bytes_of(line.data, line.size + 1);
    if (line.size < start || memcmp(line.data, LINE_START, start) != 0)
        return WS_CORRUPT;
    line = ws_bytes_of(line.data + start, line.size - start);
    if (!ws_bytes_split(line, ' ', &out->name, &base64) || !ws_key_name_ok(out->name))
        return WS_CORRUPT;
    WS_TRY(ws_base64_read(base64, arena, &bytes, NULL));
    if (bytes.size <= ID_SIZE)
        return WS_CORRUPT;
    out->id = load32_be(bytes.data);
    out->bytes = ws_bytes_of(bytes.data + ID_SIZE, bytes.size - ID_SIZE);
    return WS_OK;
}

static enum ws_status read_signatures(struct ws_bytes lines, struct ws_arena *arena,
                                      struct ws_note *note, struct ws_error *err)
{
    struct ws_bytes line;
    note->signature_count = 0;
    while (ws_bytes_split(lines, '\n', &line, &lines)) {
        if (note->signature_count == WS_NOTE_SIGNATURE_LIMIT)
            return ws_fail(err, WS_CORRUPT, "a note with more than %d signatures",
                           WS_NOTE_SIGNATURE_LIMIT);
        enum ws_status status =
            read_signature(line, arena, &note->signatures[note->signature_count++]);
        if (status == WS_NO_MEMORY)
            return ws_fail_memory(err, "a note");
        if (status != WS_OK)
            return ws_fail(err, WS_CORRUPT, "line %zu behind a note's text is no signature",
                           note->signature_count);
    }
    return WS_OK;
}

enum ws_status ws_note_read(struct ws_bytes bytes, struct ws_arena *arena, struct ws_note *out,
                            struct ws_error *err)
{
    if (bytes.size > WS_NOTE_LIMIT)
        return ws_fail(err, WS_CORRUPT, "a note of %zu bytes; the most is %d", bytes.size,
                       WS_NOTE_LIMIT);
    if (!ws_note_text_ok(bytes))
        return ws_fail(err, WS_CORRUPT,
                       "no signed note: wanted lines of UTF-8 without control characters");
    size_t start = find_signatures(bytes);
    if (start == 0 || start == bytes.size)
        return ws_fail(err, WS_CORRUPT, "no signed note: there are no signatures");
    struct ws_note note = {.text = ws_bytes_of(bytes.data, start - 1)};
    note.signatures = WS_ARENA_NEW(arena, struct ws_note_signature, WS_NOTE_SIGNATURE_LIMIT);
    if (!note.signatures)
        return ws_fail_memory(err, "a note");
    WS_TRY(read_signatures(ws_bytes_of(bytes.data + start, bytes.size - start), arena, &note, err));
    *out = note;
    return WS_OK;
}

/* Signatures ----------------------------------------------------------------------------------- */

/* What a key signs: the text, or the text behind a time. */
static enum ws_status message_of(enum ws_key_type type, struct ws_bytes text, uint64_t time,
                                 struct ws_arena *scratch, struct ws_bytes *out,
                                 struct ws_error *err)
{
    char head[64];
    struct ws_buffer start;
    if (type == WS_KEY_ED25519) {
        *out = text;
        return WS_OK;
    }
    ws_buffer_fix(&start, head, sizeof head);
    ws_buffer_format(&start, "cosignature/v1\ntime %" PRIu64 "\n", time);
    uint8_t *message = WS_ARENA_NEW(scratch, uint8_t, start.size + text.size);
    if (!message)
        return ws_fail_memory(err, "a cosignature");
    memcpy(message, head, start.size);
    memcpy(message + start.size, text.data, text.size);
    *out = ws_bytes_of(message, start.size + text.size);
    return WS_OK;
}

static enum ws_status check_signature(const struct ws_note_key *key,
                                      const struct ws_note_signature *signature,
                                      struct ws_bytes text, struct ws_arena *scratch,
                                      struct ws_note_proof *out, struct ws_error *err)
{
    size_t time_size = key->type == WS_KEY_COSIGNATURE ? TIME_SIZE : 0;
    const uint8_t *bytes = signature->bytes.data;
    struct ws_bytes message;
    bool good = signature->bytes.size == time_size + WS_ED25519_SIGNATURE_SIZE;
    if (good) {
        out->time = time_size > 0 ? load64_be(bytes) : 0;
        WS_TRY(message_of(key->type, text, out->time, scratch, &message, err));
        good = ws_ed25519_verify(&key->public_key, message, bytes + time_size);
    }
    if (!good)
        return ws_fail(err, WS_CORRUPT, "the signature of '%.200s' is bad", key->name);
    out->is_signed = true;
    return WS_OK;
}

bool ws_note_signature_is_by(const struct ws_note_signature *signature,
                             const struct ws_note_key *key)
{
    return signature->id == key->id && signature->name.size == strlen(key->name) &&
           memcmp(signature->name.data, key->name, signature->name.size) == 0;
}

enum ws_status ws_note_check(const struct ws_note *note, const struct ws_note_key *const keys[],
                             size_t count, struct ws_arena *scratch, struct ws_note_proof proofs[],
                             struct ws_error *err)
{
    memset(proofs, 0, count * sizeof *proofs);
    for (size_t s = 0; s < note->signature_count; s++)
        for (size_t k = 0; k < count; k++)
            if (!proofs[k].is_signed && ws_note_signature_is_by(&note->signatures[s], keys[k]))
                WS_TRY(check_signature(keys[k], &note->signatures[s], note->text, scratch,
                                       &proofs[k], err));
    return WS_OK;
}

enum ws_status ws_note_sign(struct ws_buffer *out, struct ws_bytes text,
                            const struct ws_note_signer *signer, uint64_t time,
                            struct ws_arena *scratch, struct ws_error *err)
{
    char storage[ID_SIZE + TIME_SIZE + WS_ED25519_SIGNATURE_SIZE + 1];
    uint8_t signature[WS_ED25519_SIGNATURE_SIZE];
    struct ws_buffer bytes;
    struct ws_bytes message;
    assert(ws_note_text_ok(text));
    WS_TRY(message_of(signer->type, text, time, scratch, &message, err));
    WS_TRY(ws_ed25519_sign(&signer->private_key, message, signature, err));
    ws_buffer_fix(&bytes, storage, sizeof storage);
    append32_be(&bytes, signer->id);
    if (signer->type == WS_KEY_COSIGNATURE)
        append64_be(&bytes, time);
    ws_buffer_append(&bytes, signature, sizeof signature);
    ws_buffer_text(out, LINE_START);
    ws_buffer_text(out, signer->name);
    ws_buffer_u8(out, ' ');
    ws_base64_append(out, ws_buffer_bytes(&bytes));
    ws_buffer_u8(out, '\n');
    return ws_buffer_check(out, "a signature", err);
}
