/*
 * Signed notes (c2sp.org/signed-note): a text, a blank line, and signature lines
 *
 *     — <key name> <base64 of key id and signature>
 *
 * A key is a name, a type and the public key's bytes; its id is the beginning of the SHA-256 of all
 * three. Who reads a note brings the keys that it trusts: signatures of other keys are passed over,
 * and one bad signature of a known key condemns the note.
 *
 * Two types are known: Ed25519 of the text, and Ed25519 of the text with a time (a cosignature,
 * c2sp.org/tlog-cosignature). Contract: tests/unit/test_note.c, tests/fuzz/fuzz_note.c.
 */
#ifndef WS_LEDGER_NOTE_H
#define WS_LEDGER_NOTE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/ed25519.h"

enum {
    WS_NOTE_LIMIT = 1000000,       /* bytes of a note */
    WS_NOTE_SIGNATURE_LIMIT = 100, /* of a note */
    WS_KEY_NAME_LIMIT = 255,       /* bytes */
};

enum ws_key_type {
    WS_KEY_ED25519 = 1,
    WS_KEY_COSIGNATURE = 4,
};

/* Keys ----------------------------------------------------------------------------------------- */

/* A key that signatures are checked with. */
struct ws_note_key {
    const char *name;
    uint32_t id;
    enum ws_key_type type;
    struct ws_ed25519_public public_key;
};

/* Whether this can be a key's name: UTF-8, not empty, without spaces and '+'. */
bool ws_key_name_ok(struct ws_bytes name);

/* "<name>+<id in hex>+<base64 of type and public key>", as Go's note package and C2SP print keys.
 * WS_INVALID where it is none; WS_UNSUPPORTED for a type that is not known here. The name lives in
 * the arena; ws_note_key_close gives the rest back. */
WS_MUST_CHECK enum ws_status ws_note_key_read(struct ws_bytes text, struct ws_arena *arena,
                                              struct ws_note_key *out, struct ws_error *err);
void ws_note_key_append(struct ws_buffer *out, const struct ws_note_key *key);
void ws_note_key_close(struct ws_note_key *key);

/* A key that signs. */
struct ws_note_signer {
    const char *name;
    uint32_t id;
    enum ws_key_type type;
    struct ws_ed25519_private private_key;
};

/* "PRIVATE+KEY+<name>+<id>+<base64 of type and seed>". WS_INVALID where it is none. */
WS_MUST_CHECK enum ws_status ws_note_signer_read(struct ws_bytes text, struct ws_arena *arena,
                                                 struct ws_note_signer *out, struct ws_error *err);
void ws_note_signer_append(struct ws_buffer *out, const struct ws_note_signer *signer);
/* A new key. WS_INVALID for what is no name. */
WS_MUST_CHECK enum ws_status ws_note_signer_make(const char *name, enum ws_key_type type,
                                                 struct ws_arena *arena, struct ws_note_signer *out,
                                                 struct ws_error *err);
void ws_note_signer_close(struct ws_note_signer *signer);
/* What others check its signatures with. */
WS_MUST_CHECK enum ws_status ws_note_signer_key(const struct ws_note_signer *signer,
                                                struct ws_note_key *out, struct ws_error *err);

/* Notes ---------------------------------------------------------------------------------------- */

struct ws_note_signature {
    struct ws_bytes name;
    uint32_t id;
    struct ws_bytes bytes; /* behind the id; at least one */
    struct ws_bytes line;  /* all of it with its end, in what was read */
};

struct ws_note {
    struct ws_bytes text; /* ends with a line's end; lies in what was read */
    struct ws_note_signature *signatures;
    size_t signature_count; /* at least 1 */
};

/* Takes a note apart and believes nothing in it. WS_CORRUPT where it is no note. */
WS_MUST_CHECK enum ws_status ws_note_read(struct ws_bytes bytes, struct ws_arena *arena,
                                          struct ws_note *out, struct ws_error *err);

/* Whether a signature names this key; says nothing of whether it is good. */
bool ws_note_signature_is_by(const struct ws_note_signature *signature,
                             const struct ws_note_key *key);

/* What a key says of a note. */
struct ws_note_proof {
    bool is_signed;
    uint64_t time; /* of a cosignature: POSIX seconds; else 0 */
};

/* Fills proofs[i] for keys[i]. Of two signatures of one key the first counts. WS_CORRUPT when a
 * key's signature is bad, whatever the others are; that none has signed is WS_OK. */
WS_MUST_CHECK enum ws_status ws_note_check(const struct ws_note *note,
                                           const struct ws_note_key *const keys[], size_t count,
                                           struct ws_arena *scratch, struct ws_note_proof proofs[],
                                           struct ws_error *err);

/* Whether this can be a note's text: UTF-8 without control characters but the line's end, and
 * ending with one. */
bool ws_note_text_ok(struct ws_bytes text);

/* Appends a signature line of `text`; `time` counts for cosignatures alone. A note is its text, a
 * line's end, and such lines. */
WS_MUST_CHECK enum ws_status ws_note_sign(struct ws_buffer *out, struct ws_bytes text,
                                          const struct ws_note_signer *signer, uint64_t time,
                                          struct ws_arena *scratch, struct ws_error *err);

#endif
