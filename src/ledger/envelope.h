/*
 * DSSE envelopes (github.com/secure-systems-lab/dsse, v1): bytes with a type, signed.
 *
 *     {"payload":"<base64>","payloadType":"<type>","signatures":[{"keyid":"<id>","sig":"<base64>"}]}
 *
 * What is signed is "DSSEv1", the type and the bytes, each after its length; so no other format's
 * signature can be shown for it. Keys are those of notes (ledger/note.h), and their ids are
 * "<name>+<id in hex>". Contract: tests/unit/test_envelope.c, tests/fuzz/fuzz_envelope.c.
 */
#ifndef WS_LEDGER_ENVELOPE_H
#define WS_LEDGER_ENVELOPE_H

#include "ledger/note.h"

enum {
    WS_ENVELOPE_LIMIT = 65535, /* bytes: a log's entry is no longer */
    WS_ENVELOPE_SIGNATURE_LIMIT = 16,
};

struct ws_envelope_signature {
    const char *key_id; /* "" where it is not said */
    struct ws_bytes bytes;
};

struct ws_envelope {
    struct ws_bytes payload;
    const char *payload_type;
    struct ws_envelope_signature signatures[WS_ENVELOPE_SIGNATURE_LIMIT];
    size_t signature_count; /* at least 1 */
};

/* Takes an envelope apart and believes nothing in it; members that the format does not have are
 * passed over. WS_CORRUPT where it is none; what is read lives in the arena. */
WS_MUST_CHECK enum ws_status ws_envelope_read(struct ws_bytes bytes, struct ws_arena *arena,
                                              struct ws_envelope *out, struct ws_error *err);

/* signed_by[i]: keys[i], of type WS_KEY_ED25519, signed it. WS_CORRUPT when a signature that names
 * one of the keys is bad. One that names no key is tried with all. */
WS_MUST_CHECK enum ws_status ws_envelope_check(const struct ws_envelope *envelope,
                                               const struct ws_note_key *const keys[], size_t count,
                                               struct ws_arena *scratch, bool signed_by[],
                                               struct ws_error *err);

/* Appends an envelope with one signature, on one line without an end. WS_LIMIT when it would be
 * longer than WS_ENVELOPE_LIMIT. */
WS_MUST_CHECK enum ws_status ws_envelope_append(struct ws_buffer *out, const char *payload_type,
                                                struct ws_bytes payload,
                                                const struct ws_note_signer *signer,
                                                struct ws_arena *scratch, struct ws_error *err);

#endif
