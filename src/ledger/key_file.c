#include "ledger/key_file.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

enum { KEY_FILE_LIMIT = 4096 }; /* bytes */

enum ws_status ws_key_file_write(const char *path, const struct ws_note_signer *signer,
                                 struct ws_error *err)
{
    char storage[KEY_FILE_LIMIT];
    struct ws_buffer text;
    ws_buffer_fix(&text, storage, sizeof storage);
    ws_note_signer_append(&text, signer);
    ws_buffer_u8(&text, '\n');
    enum ws_status status = ws_buffer_check(&text, "a key", err);
    if (status == WS_OK)
        status = ws_file_create_private(path, ws_buffer_bytes(&text), err);
    OPENSSL_cleanse(storage, sizeof storage);
    return status;
}

enum ws_status ws_key_file_check_mode(const char *path, struct ws_error *err)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return ws_fail_system(err, "read", path);
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return ws_fail(
            err, WS_INVALID,
            "others may read the private key '%.200s' (mode %03o); wanted 600: chmod 600", path,
            (unsigned)about.st_mode & 0777);
    return WS_OK;
}

static const char *const type_names[] = {
    [WS_KEY_ED25519] = "a log or an issuer", [WS_KEY_COSIGNATURE] = "a witness"};

enum ws_status ws_key_file_read_any(const char *path, struct ws_arena *arena,
                                    struct ws_note_signer *out, struct ws_error *err)
{
    struct ws_bytes bytes, line, rest;
    WS_TRY(ws_key_file_check_mode(path, err));
    WS_TRY(ws_file_read(path, KEY_FILE_LIMIT, arena, &bytes, err));
    if (!ws_bytes_split(bytes, '\n', &line, &rest))
        line = bytes;
    enum ws_status status = ws_note_signer_read(line, arena, out, err);
    if (status != WS_OK)
        ws_error_prefix(err, "'%.200s'", path);
    return status;
}

enum ws_status ws_key_file_read(const char *path, enum ws_key_type type, struct ws_arena *arena,
                                struct ws_note_signer *out, struct ws_error *err)
{
    struct ws_note_signer signer;
    WS_TRY(ws_key_file_read_any(path, arena, &signer, err));
    if (signer.type == type) {
        *out = signer;
        return WS_OK;
    }
    ws_note_signer_close(&signer);
    return ws_fail(err, WS_INVALID, "'%.200s' is the key of %s, wanted that of %s", path,
                   type_names[signer.type], type_names[type]);
}
