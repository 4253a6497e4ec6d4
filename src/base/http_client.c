#include "base/http_client.h"

#define CURL_DISABLE_TYPECHECK /* its macros would stand in for the functions found below */
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/module.h"

enum { REDIRECTS = 3, SHOWN = 160 /* bytes of a body in a message */ };

#define LIBCURL_MAP(X)                                                                             \
    X(curl_easy_init)                                                                              \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_strerror)                                                                          \
    X(curl_easy_cleanup)                                                                           \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)

struct libcurl {
#define X(name) __typeof__(name) *name;
    LIBCURL_MAP(X)
#undef X
};

struct ws_http_client {
    struct libcurl libcurl;
    struct ws_http_limits limits;
    CURL *handle;
    struct ws_buffer body;
    char why[CURL_ERROR_SIZE];
};

/* The library ---------------------------------------------------------------------------------- */

static enum ws_status find_functions(struct libcurl *out, const char *file, struct ws_error *err)
{
#define X(name) WS_TRY(ws_module_function("libcurl", file, #name, &out->name, err));
    LIBCURL_MAP(X)
#undef X
    return WS_OK;
}

/* Debian has it over OpenSSL and over GnuTLS: whichever is there. It starts itself with its first
 * handle, from any thread, since 7.84. */
static enum ws_status find_library(struct libcurl *out, struct ws_error *err)
{
    struct ws_error second;
    enum ws_status status = find_functions(out, "libcurl.so.4", err);
    if (status == WS_OK || find_functions(out, "libcurl-gnutls.so.4", &second) == WS_OK)
        return WS_OK;
    ws_error_prefix(err, "asking over HTTP needs Debian's libcurl4");
    return status;
}

/* A client ------------------------------------------------------------------------------------- */

static size_t take(char *piece, size_t one, size_t size, void *client_)
{
    struct ws_http_client *client = client_;
    ws_buffer_append(&client->body, piece, one * size);
    return client->body.status == WS_OK ? one * size : 0;
}

/* What holds for every request. False when the library that was found is too old for one of them.
 */
static bool set_options(struct ws_http_client *client)
{
    CURL *handle = client->handle;
    const long milliseconds = (long)(1e3 * client->limits.seconds);
    return client->libcurl.curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds) == CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https") ==
               CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_MAXREDIRS, (long)REDIRECTS) ==
               CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_USERAGENT, "wellspring") == CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, client->why) == CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           client->libcurl.curl_easy_setopt(handle, CURLOPT_WRITEDATA, client) == CURLE_OK;
}

enum ws_status ws_http_client_open(const struct ws_http_limits *limits, struct ws_http_client **out,
                                   struct ws_error *err)
{
    struct libcurl libcurl;
    WS_TRY(find_library(&libcurl, err));
    struct ws_http_client *client = ws_realloc(NULL, NULL, 0, sizeof *client);
    if (!client)
        return ws_fail_memory(err, "an HTTP client");
    *client = (struct ws_http_client){
        .libcurl = libcurl, .limits = *limits, .handle = libcurl.curl_easy_init()};
    ws_buffer_init(&client->body, NULL, limits->bytes);
    enum ws_status status = WS_OK;
    if (!client->handle)
        status = ws_fail_memory(err, "an HTTP client");
    else if (!set_options(client))
        status = ws_fail(err, WS_UNSUPPORTED, "libcurl is too old: wanted 7.85 or newer");
    if (status == WS_OK)
        *out = client;
    else
        ws_http_client_close(client);
    return status;
}

void ws_http_client_close(struct ws_http_client *client)
{
    if (!client)
        return;
    if (client->handle)
        client->libcurl.curl_easy_cleanup(client->handle);
    ws_buffer_release(&client->body);
    ws_free(NULL, client, sizeof *client);
}

/* Requests ------------------------------------------------------------------------------------- */

static enum ws_status status_of(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return WS_INVALID;
    case CURLE_OUT_OF_MEMORY:
        return WS_NO_MEMORY;
    default:
        return WS_IO;
    }
}

static enum ws_status fail_request(const struct ws_http_client *client, const char *url,
                                   CURLcode code, struct ws_error *err)
{
    if (code == CURLE_WRITE_ERROR && client->body.status == WS_LIMIT)
        return ws_fail(err, WS_LIMIT, "'%.200s' answers with more than %zu bytes", url,
                       client->limits.bytes);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return ws_fail(err, WS_IO, "'%.200s' gave no whole answer in %g seconds", url,
                       client->limits.seconds);
    return ws_fail(err, status_of(code), "cannot ask '%.200s': %.200s", url,
                   client->why[0] ? client->why : client->libcurl.curl_easy_strerror(code));
}

static enum ws_status keep_reply(struct ws_http_client *client, struct ws_arena *arena,
                                 struct ws_http_reply *out, struct ws_error *err)
{
    long status = 0;
    const char *type = NULL;
    (void)client->libcurl.curl_easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, &status);
    (void)client->libcurl.curl_easy_getinfo(client->handle, CURLINFO_CONTENT_TYPE, &type);
    out->status = (unsigned)status;
    out->type = ws_arena_text(arena, type ? type : "");
    out->body =
        ws_bytes_of(ws_arena_copy(arena, ws_buffer_string(&client->body), client->body.size),
                    client->body.size);
    return out->type && out->body.data ? WS_OK : ws_fail_memory(err, "an answer");
}

/* To the scheme that was asked for, and no other. */
static const char *redirect_scheme(const char *url)
{
    return strncasecmp(url, "https:", strlen("https:")) == 0 ? "https" : "http";
}

static enum ws_status ask(struct ws_http_client *client, const char *url, struct ws_arena *arena,
                          struct ws_http_reply *out, struct ws_error *err)
{
    ws_buffer_reset(&client->body);
    client->why[0] = '\0';
    CURLcode code = client->libcurl.curl_easy_setopt(client->handle, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = client->libcurl.curl_easy_setopt(client->handle, CURLOPT_REDIR_PROTOCOLS_STR,
                                                redirect_scheme(url));
    if (code == CURLE_OK)
        code = client->libcurl.curl_easy_perform(client->handle);
    return code == CURLE_OK ? keep_reply(client, arena, out, err)
                            : fail_request(client, url, code, err);
}

enum ws_status ws_http_get(struct ws_http_client *client, const char *url, struct ws_arena *arena,
                           struct ws_http_reply *out, struct ws_error *err)
{
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_HTTPGET, 1L);
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER,
                                           (struct curl_slist *)NULL);
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_FOLLOWLOCATION, 1L);
    return ask(client, url, arena, out, err);
}

enum ws_status ws_http_post(struct ws_http_client *client, const char *url, const char *type,
                            struct ws_bytes body, struct ws_arena *arena, struct ws_http_reply *out,
                            struct ws_error *err)
{
    const char *line = ws_arena_format(arena, "Content-Type: %s", type);
    if (!line)
        return ws_fail_memory(err, "a request");
    /* Without "Expect: 100-continue", for which some servers never say to go on. */
    struct curl_slist *first = client->libcurl.curl_slist_append(NULL, "Expect:");
    struct curl_slist *headers = first ? client->libcurl.curl_slist_append(first, line) : NULL;
    if (!headers) {
        client->libcurl.curl_slist_free_all(first);
        return ws_fail_memory(err, "a request");
    }
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_POST, 1L);
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_POSTFIELDS,
                                           body.size ? (const char *)body.data : "");
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_POSTFIELDSIZE_LARGE,
                                           (curl_off_t)body.size);
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER, headers);
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_FOLLOWLOCATION, 0L);
    enum ws_status status = ask(client, url, arena, out, err);
    (void)client->libcurl.curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER,
                                           (struct curl_slist *)NULL);
    client->libcurl.curl_slist_free_all(headers);
    return status;
}

enum ws_status ws_http_fail(struct ws_error *err, const char *url,
                            const struct ws_http_reply *reply)
{
    struct ws_bytes line = reply->body, rest;
    (void)ws_bytes_split(line, '\n', &line, &rest);
    return ws_fail(err, reply->status == 404 || reply->status == 410 ? WS_NOT_FOUND : WS_IO,
                   "'%.200s' answered %u%s%.*s", url, reply->status, line.size ? ": " : "",
                   line.size < SHOWN ? (int)line.size : SHOWN,
                   line.size ? (const char *)line.data : "");
}
