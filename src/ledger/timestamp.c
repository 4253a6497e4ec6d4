#include "ledger/timestamp.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <time.h>

#include "base/file.h"
#include "ledger/note.h"
#include "ledger/tile.h"

/* What OpenSSL says last, in words; its list is emptied. */
static enum ws_status fail_openssl(struct ws_error *err, enum ws_status status, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    enum ws_status result =
        ws_fail(err, status, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
    return result;
}

/* Requests ------------------------------------------------------------------------------------- */

static bool set_imprint(TS_REQ *request, const struct ws_hash *digest)
{
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    unsigned char bytes[WS_HASH_SIZE];
    memcpy(bytes, digest->bytes, sizeof bytes);
    bool done = imprint && algorithm &&
                X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
                TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
                TS_MSG_IMPRINT_set_msg(imprint, bytes, WS_HASH_SIZE) == 1 &&
                TS_REQ_set_msg_imprint(request, imprint) == 1;
    TS_MSG_IMPRINT_free(imprint);
    X509_ALGOR_free(algorithm);
    return done;
}

/* NULL when memory is out. */
static TS_REQ *new_request(const struct ws_hash *digest)
{
    TS_REQ *request = TS_REQ_new();
    if (request && TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_cert_req(request, 1) == 1 &&
        set_imprint(request, digest))
        return request;
    TS_REQ_free(request);
    ERR_clear_error();
    return NULL;
}

static enum ws_status digest_of(struct ws_bytes note, struct ws_arena *arena, struct ws_hash *out,
                                struct ws_error *err)
{
    struct ws_note read;
    WS_TRY(ws_note_read(note, arena, &read, err));
    return ws_hash_of(read.text, out, err);
}

enum ws_status ws_timestamp_request(struct ws_bytes note, struct ws_arena *arena,
                                    struct ws_bytes *out, struct ws_error *err)
{
    struct ws_hash digest;
    unsigned char *der = NULL;
    WS_TRY(digest_of(note, arena, &digest, err));
    TS_REQ *request = new_request(&digest);
    int size = request ? i2d_TS_REQ(request, &der) : -1;
    if (size > 0)
        *out = ws_bytes_of(ws_arena_copy(arena, der, (size_t)size), (size_t)size);
    TS_REQ_free(request);
    OPENSSL_free(der);
    return size > 0 && out->data ? WS_OK : ws_fail_memory(err, "a request for a timestamp");
}

/* Answers -------------------------------------------------------------------------------------- */

static bool read_digest(TS_TST_INFO *info, struct ws_hash *out)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *algorithm;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const ASN1_OCTET_STRING *bytes = TS_MSG_IMPRINT_get_msg(imprint);
    if (OBJ_obj2nid(algorithm) != NID_sha256 || ASN1_STRING_length(bytes) != WS_HASH_SIZE)
        return false;
    memcpy(out->bytes, ASN1_STRING_get0_data(bytes), WS_HASH_SIZE);
    return true;
}

static bool read_time(const TS_TST_INFO *info, uint64_t *out)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &parts) != 1)
        return false;
    time_t time = timegm(&parts);
    *out = (uint64_t)time;
    return time > 0;
}

/* Parts of seconds count as one. */
static bool read_accuracy(TS_TST_INFO *info, uint64_t *out)
{
    TS_ACCURACY *accuracy = TS_TST_INFO_get_accuracy(info);
    *out = 0;
    if (!accuracy)
        return true;
    const ASN1_INTEGER *seconds = TS_ACCURACY_get_seconds(accuracy);
    bool has_parts = TS_ACCURACY_get_millis(accuracy) || TS_ACCURACY_get_micros(accuracy);
    if (seconds && (ASN1_INTEGER_get_uint64(out, seconds) != 1 || *out > INT_MAX))
        return false;
    *out += has_parts;
    return true;
}

static enum ws_status read_info(TS_RESP *response, struct ws_timestamp *out, struct ws_error *err)
{
    TS_TST_INFO *info = TS_RESP_get_tst_info(response);
    if (!info)
        return ws_fail(err, WS_CORRUPT, "the authority refused: its answer has no timestamp");
    if (!read_digest(info, &out->digest))
        return ws_fail(err, WS_CORRUPT, "the timestamp is of no SHA-256");
    if (!read_time(info, &out->time) || !read_accuracy(info, &out->accuracy))
        return ws_fail(err, WS_CORRUPT, "the timestamp has no time that can be told");
    return WS_OK;
}

static enum ws_status parse(struct ws_bytes answer, TS_RESP **out, struct ws_error *err)
{
    const unsigned char *next = answer.data;
    if (answer.size > WS_TIMESTAMP_LIMIT)
        return ws_fail(err, WS_CORRUPT, "an answer of %zu bytes; the most is %d", answer.size,
                       WS_TIMESTAMP_LIMIT);
    TS_RESP *response = d2i_TS_RESP(NULL, &next, (long)answer.size);
    if (response && next == answer.data + answer.size) {
        *out = response;
        return WS_OK;
    }
    TS_RESP_free(response);
    return fail_openssl(err, WS_CORRUPT, "this is no answer of a time-stamping authority");
}

enum ws_status ws_timestamp_read(struct ws_bytes answer, struct ws_timestamp *out,
                                 struct ws_error *err)
{
    TS_RESP *response;
    WS_TRY(parse(answer, &response, err));
    enum ws_status status = read_info(response, out, err);
    TS_RESP_free(response);
    ERR_clear_error();
    return status;
}

/* Checking ------------------------------------------------------------------------------------- */

static enum ws_status open_authorities(const char *path, uint64_t now, X509_STORE **out,
                                       struct ws_error *err)
{
    X509_STORE *store = X509_STORE_new();
    if (!store)
        return ws_fail_memory(err, "certificates");
    if (!ws_file_exists(path)) {
        X509_STORE_free(store);
        return ws_fail(err, WS_NOT_FOUND, "there is no file of certificates '%.300s'", path);
    }
    if (X509_STORE_load_file(store, path) != 1) {
        X509_STORE_free(store);
        ERR_clear_error();
        return ws_fail(err, WS_INVALID, "'%.300s' has no certificates in PEM", path);
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)now);
    *out = store;
    return WS_OK;
}

/* The store is the context's from then on. */
static enum ws_status verify(TS_RESP *response, const struct ws_hash *digest, X509_STORE *store,
                             struct ws_error *err)
{
    TS_REQ *request = new_request(digest);
    TS_VERIFY_CTX *context = request ? TS_REQ_to_TS_VERIFY_CTX(request, NULL) : NULL;
    TS_REQ_free(request);
    if (!context) {
        X509_STORE_free(store);
        return ws_fail_memory(err, "a timestamp's check");
    }
    TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
    (void)TS_VERIFY_CTX_set_store(context, store);
    bool good = TS_RESP_verify_response(context, response) == 1;
    TS_VERIFY_CTX_free(context);
    return good ? WS_OK : fail_openssl(err, WS_CORRUPT, "the timestamp does not hold");
}

enum ws_status ws_timestamp_check(struct ws_bytes answer, struct ws_bytes note,
                                  const char *authorities, uint64_t now, struct ws_arena *arena,
                                  struct ws_timestamp *out, struct ws_error *err)
{
    struct ws_hash digest;
    struct ws_timestamp read;
    TS_RESP *response;
    X509_STORE *store;
    WS_TRY(digest_of(note, arena, &digest, err));
    WS_TRY(parse(answer, &response, err));
    enum ws_status status = read_info(response, &read, err);
    if (status == WS_OK)
        status = open_authorities(authorities, now, &store, err);
    if (status == WS_OK)
        status = verify(response, &digest, store, err);
    TS_RESP_free(response);
    ERR_clear_error();
    if (status == WS_OK)
        *out = read;
    return status;
}

const char *ws_timestamp_path(struct ws_arena *arena, const char *directory, uint64_t size)
{
    char name[WS_TILE_PATH_SIZE];
    const struct ws_tile numbered = {.index = size, .width = WS_TILE_WIDTH};
    ws_tile_path(&numbered, name);
    return ws_arena_format(arena, "%s/timestamps/%s", directory, name + strlen("tile/0/"));
}
