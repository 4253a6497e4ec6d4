#include "server/http_guard.h"

#include <string.h>
#include <strings.h>

/* Whether what follows a host is nothing or ":<digits>". */
static bool is_port(const char *text)
{
    if (*text == '\0')
        return true;
    return *text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1) &&
           strlen(text + 1) <= 5;
}

/* "127.0.0.1": 127 and three numbers. */
static size_t loopback_size(const char *host)
{
    static const char digits[] = "0123456789";
    if (strncmp(host, "127", 3) != 0)
        return 0;
    size_t at = 3;
    for (int part = 0; part < 3; part++) {
        if (host[at] != '.')
            return 0;
        size_t size = strspn(host + at + 1, digits);
        if (size == 0 || size > 3)
            return 0;
        at += 1 + size;
    }
    return at;
}

bool ws_host_is_loopback(const char *host)
{
    static const char *const names[] = {"localhost", "[::1]"};
    if (!host)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);
        if (strncasecmp(host, names[i], size) == 0)
            return is_port(host + size);
    }
    size_t size = loopback_size(host);
    return size > 0 && is_port(host + size);
}

bool ws_origin_is_of_host(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http://", "https://"}; /* a proxy may add the second */
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i]);
        if (strncmp(origin, schemes[i], size) == 0)
            return strcasecmp(origin + size, host) == 0;
    }
    return false;
}

static const char token_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool ws_token_is_fit(const char *token)
{
    size_t size = strlen(token);
    return size >= WS_TOKEN_LEAST && size <= WS_TOKEN_MOST && strspn(token, token_letters) == size;
}

bool ws_token_equals(const char *token, const char *seen, size_t seen_size)
{
    const size_t size = strlen(token);
    unsigned differs = seen_size != size;
    for (size_t i = 0; i < seen_size; i++)
        differs |= (unsigned char)token[size ? i % size : 0] ^ (unsigned char)seen[i];
    return differs == 0;
}

bool ws_bearer_is(const char *authorization, const char *token)
{
    static const char scheme[] = "Bearer ";
    const size_t size = sizeof scheme - 1;
    if (!authorization || strncasecmp(authorization, scheme, size) != 0)
        return false;
    return ws_token_equals(token, authorization + size, strlen(authorization + size));
}

bool ws_cookie_is(const char *cookies, const char *name, const char *token)
{
    const size_t name_size = strlen(name);
    bool found = false;
    for (const char *next = cookies; next && *next;) {
        next += strspn(next, "; ");
        size_t size = strcspn(next, ";");
        if (size > name_size && next[name_size] == '=' && memcmp(next, name, name_size) == 0)
            found |= ws_token_equals(token, next + name_size + 1, size - name_size - 1);
        next += size;
    }
    return found;
}

bool ws_tag_is_known(const char *if_none_match, const char *tag)
{
    return if_none_match && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, tag));
}
