/*
 * A signed note from anywhere: it is refused as damaged, or its text and signatures lie in it. A
 * key of its signers, or a private one, is read as it stands in the first line where there is one.
 * Nothing is proven.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void try_key(struct ws_bytes line, struct ws_arena *arena)
{
    struct ws_note_key key;
    enum ws_status status = ws_note_key_read(line, arena, &key, NULL);
    require(status == WS_OK || status == WS_INVALID || status == WS_UNSUPPORTED);
    if (status != WS_OK)
        return;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_note_key_append(&text, &key);
    require(text.size == line.size && memcmp(text.data, line.data, line.size) == 0);
    ws_buffer_release(&text);
    ws_note_key_close(&key);
}

static void try_signer(struct ws_bytes line, struct ws_arena *arena)
{
    struct ws_note_signer signer;
    enum ws_status status = ws_note_signer_read(line, arena, &signer, NULL);
    require(status == WS_OK || status == WS_INVALID || status == WS_UNSUPPORTED);
    if (status != WS_OK)
        return;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_note_signer_append(&text, &signer);
    require(text.size == line.size && memcmp(text.data, line.data, line.size) == 0);
    ws_buffer_release(&text);
    ws_note_signer_close(&signer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char known[] =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    struct ws_arena arena;
    struct ws_note note;
    struct ws_note_key key;
    struct ws_bytes bytes = ws_bytes_of(data, size), line = bytes, rest;
    ws_arena_init(&arena, NULL);
    (void)ws_bytes_split(bytes, '\n', &line, &rest);
    try_key(line, &arena);
    try_signer(line, &arena);
    require(ws_note_key_read(ws_bytes_of_text(known), &arena, &key, NULL) == WS_OK);
    enum ws_status status = ws_note_read(bytes, &arena, &note, NULL);
    require(status == WS_OK || status == WS_CORRUPT);
    if (status == WS_OK) {
        const struct ws_note_key *const keys[] = {&key};
        struct ws_note_proof proof;
        require(note.signature_count > 0 && note.signature_count <= WS_NOTE_SIGNATURE_LIMIT);
        require(note.text.data == data && note.text.size < size);
        require(data[note.text.size - 1] == '\n' && data[note.text.size] == '\n');
        status = ws_note_check(&note, keys, 1, &arena, &proof, NULL);
        require(status == WS_OK || status == WS_CORRUPT);
    }
    ws_note_key_close(&key);
    ws_arena_release(&arena);
    return 0;
}
