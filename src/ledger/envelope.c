#include "ledger/envelope.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/plain_json.h"

static const char NAME[] = "an envelope";

/* The pre-authentication encoding, in the arena. */
static enum ws_status encode(const char *type, struct ws_bytes payload, struct ws_arena *arena,
                             struct ws_bytes *out, struct ws_error *err)
{
    const char *head =
        ws_arena_format(arena, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.size);
    if (!head)
        return ws_fail_memory(err, NAME);
    size_t size = strlen(head);
    uint8_t *message = WS_ARENA_NEW(arena, uint8_t, size + payload.size + 1);
    if (!message)
        return ws_fail_memory(err, NAME);
    memcpy(message, head, size);
    if (payload.size > 0)
        memcpy(message + size, payload.data, payload.size);
    *out = ws_bytes_of(message, size + payload.size);
    return WS_OK;
}

/* Reading -------------------------------------------------------------------------------------- */

/* DSSE allows the alphabet for URLs, too, but not both in one text. */
static void use_plain_alphabet(char *text)
{
    if (strpbrk(text, "+/"))
        return;
    for (; *text; text++)
        *text = *text == '-' ? '+' : *text == '_' ? '/' : *text;
}

static enum ws_status read_base64(const json_t *object, const char *key, struct ws_arena *arena,
                                  struct ws_bytes *out, struct ws_error *err)
{
    const char *text;
    WS_TRY(ws_json_read_text(object, key, NAME, &text, err));
    char *plain = ws_arena_text(arena, text);
    if (!plain)
        return ws_fail_memory(err, NAME);
    use_plain_alphabet(plain);
    enum ws_status status = ws_base64_read(ws_bytes_of_text(plain), arena, out, err);
    if (status == WS_CORRUPT)
        ws_error_prefix(err, "%s: '%s'", NAME, key);
    return status;
}

static enum ws_status read_signature(const json_t *json, struct ws_arena *arena,
                                     struct ws_envelope_signature *out, struct ws_error *err)
{
    const char *key_id = "";
    if (!json_is_object(json))
        return ws_fail(err, WS_CORRUPT, "%s: a signature is an object with 'sig'", NAME);
    if (json_object_get(json, "keyid"))
        WS_TRY(ws_json_read_text(json, "keyid", NAME, &key_id, err));
    out->key_id = ws_arena_text(arena, key_id);
    if (!out->key_id)
        return ws_fail_memory(err, NAME);
    return read_base64(json, "sig", arena, &out->bytes, err);
}

static enum ws_status read_members(const json_t *json, struct ws_arena *arena,
                                   struct ws_envelope *out, struct ws_error *err)
{
    const char *type;
    json_t *signatures;
    WS_TRY(read_base64(json, "payload", arena, &out->payload, err));
    WS_TRY(ws_json_read_text(json, "payloadType", NAME, &type, err));
    WS_TRY(ws_json_read_array(json, "signatures", NAME, &signatures, err));
    out->payload_type = ws_arena_text(arena, type);
    if (!out->payload_type)
        return ws_fail_memory(err, NAME);
    out->signature_count = json_array_size(signatures);
    if (out->signature_count < 1 || out->signature_count > WS_ENVELOPE_SIGNATURE_LIMIT)
        return ws_fail(err, WS_CORRUPT, "%s: %zu signatures, wanted 1 to %d", NAME,
                       out->signature_count, WS_ENVELOPE_SIGNATURE_LIMIT);
    for (size_t i = 0; i < out->signature_count; i++)
        WS_TRY(read_signature(json_array_get(signatures, i), arena, &out->signatures[i], err));
    return WS_OK;
}

/* An envelope as ws_envelope_append writes it, which most are (base/plain_json.h). */

/* False for any other than those, which may be an envelope, too. */
static bool read_plain(struct ws_bytes bytes, struct ws_arena *arena, struct ws_envelope *out)
{
    struct ws_bytes payload, type, key_id, signature;
    struct ws_envelope_signature *only = &out->signatures[0];
    if (!ws_plain_json_text(&bytes, "{\"payload\":\"", &payload) ||
        !ws_plain_json_text(&bytes, ",\"payloadType\":\"", &type) ||
        !ws_plain_json_text(&bytes, ",\"signatures\":[{\"keyid\":\"", &key_id) ||
        !ws_plain_json_text(&bytes, ",\"sig\":\"", &signature) || !ws_bytes_is(bytes, "}]}"))
        return false;
    out->payload_type = ws_arena_text_of(arena, type.data, type.size);
    only->key_id = ws_arena_text_of(arena, key_id.data, key_id.size);
    out->signature_count = 1;
    return out->payload_type && only->key_id &&
           ws_base64_read(payload, arena, &out->payload, NULL) == WS_OK &&
           ws_base64_read(signature, arena, &only->bytes, NULL) == WS_OK;
}

enum ws_status ws_envelope_read(struct ws_bytes bytes, struct ws_arena *arena,
                                struct ws_envelope *out, struct ws_error *err)
{
    json_t *json;
    struct ws_envelope envelope;
    if (bytes.size > WS_ENVELOPE_LIMIT)
        return ws_fail(err, WS_CORRUPT, "%s of %zu bytes; the most is %d", NAME, bytes.size,
                       WS_ENVELOPE_LIMIT);
    if (read_plain(bytes, arena, &envelope)) {
        *out = envelope;
        return WS_OK;
    }
    WS_TRY(ws_json_parse(bytes, NAME, &json, err));
    enum ws_status status = read_members(json, arena, &envelope, err);
    json_decref(json);
    if (status == WS_OK)
        *out = envelope;
    return status;
}

/* Signatures ----------------------------------------------------------------------------------- */

enum { KEY_ID_SIZE = WS_KEY_NAME_LIMIT + 10 };

static void print_key_id(const char *name, uint32_t id, char out[KEY_ID_SIZE])
{
    (void)snprintf(out, KEY_ID_SIZE, "%s+%08" PRIx32, name, id);
}

static bool is_good(const struct ws_note_key *key, struct ws_bytes message,
                    const struct ws_envelope_signature *signature)
{
    return signature->bytes.size == WS_ED25519_SIGNATURE_SIZE &&
           ws_ed25519_verify(&key->public_key, message, signature->bytes.data);
}

static enum ws_status check_signature(const struct ws_envelope_signature *signature,
                                      struct ws_bytes message,
                                      const struct ws_note_key *const keys[], size_t count,
                                      bool signed_by[], struct ws_error *err)
{
    char key_id[KEY_ID_SIZE];
    for (size_t k = 0; k < count; k++) {
        print_key_id(keys[k]->name, keys[k]->id, key_id);
        bool is_named = strcmp(signature->key_id, key_id) == 0;
        if (!is_named && *signature->key_id)
            continue;
        bool good = is_good(keys[k], message, signature);
        if (is_named && !good)
            return ws_fail(err, WS_CORRUPT, "the signature of '%.200s' is bad", key_id);
        signed_by[k] |= good;
    }
    return WS_OK;
}

enum ws_status ws_envelope_check(const struct ws_envelope *envelope,
                                 const struct ws_note_key *const keys[], size_t count,
                                 struct ws_arena *scratch, bool signed_by[], struct ws_error *err)
{
    struct ws_bytes message;
    WS_TRY(encode(envelope->payload_type, envelope->payload, scratch, &message, err));
    for (size_t k = 0; k < count; k++) {
        assert(keys[k]->type == WS_KEY_ED25519);
        signed_by[k] = false;
    }
    for (size_t s = 0; s < envelope->signature_count; s++)
        WS_TRY(check_signature(&envelope->signatures[s], message, keys, count, signed_by, err));
    return WS_OK;
}

/* Writing -------------------------------------------------------------------------------------- */

/* As a JSON text; NULL when memory is out. */
static json_t *base64_text(struct ws_bytes bytes, struct ws_arena *scratch)
{
    struct ws_buffer text;
    ws_buffer_init(&text, scratch->allocator, SIZE_MAX);
    ws_base64_append(&text, bytes);
    json_t *json = text.status == WS_OK ? json_string(ws_buffer_string(&text)) : NULL;
    ws_buffer_release(&text);
    return json;
}

enum ws_status ws_envelope_append(struct ws_buffer *out, const char *payload_type,
                                  struct ws_bytes payload, const struct ws_note_signer *signer,
                                  struct ws_arena *scratch, struct ws_error *err)
{
    char key_id[KEY_ID_SIZE];
    uint8_t signature[WS_ED25519_SIGNATURE_SIZE];
    struct ws_bytes message;
    size_t start = out->size;
    WS_TRY(encode(payload_type, payload, scratch, &message, err));
    WS_TRY(ws_ed25519_sign(&signer->private_key, message, signature, err));
    print_key_id(signer->name, signer->id, key_id);
    json_t *json = json_pack("{s:o, s:s, s:[{s:s, s:o}]}", "payload", base64_text(payload, scratch),
                             "payloadType", payload_type, "signatures", "keyid", key_id, "sig",
                             base64_text(ws_bytes_of(signature, sizeof signature), scratch));
    ws_json_append(json, out);
    json_decref(json);
    WS_TRY(ws_buffer_check(out, NAME, err));
    if (out->size - start > WS_ENVELOPE_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s of %zu bytes; the most is %d", NAME, out->size - start,
                       WS_ENVELOPE_LIMIT);
    return WS_OK;
}
