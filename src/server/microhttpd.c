#include "server/microhttpd.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libmicrohttpd.so.12" /* of 0.9.71 and later, and of 1.0 */

enum ws_status ws_microhttpd_open(struct ws_microhttpd *out, struct ws_error *err)
{
    struct ws_microhttpd http = {.library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL)};
    if (!http.library)
        return ws_fail(err, WS_UNSUPPORTED,
                       "serving needs " LIBRARY ", which Debian's libmicrohttpd12 has: %.200s",
                       dlerror());
    /* POSIX has the address of a function as one of an object. */
    void *found;
#define X(name)                                                                                    \
    found = dlsym(http.library, #name);                                                            \
    if (!found) {                                                                                  \
        (void)dlclose(http.library);                                                               \
        return ws_fail(err, WS_UNSUPPORTED, LIBRARY " has no " #name);                             \
    }                                                                                              \
    memcpy(&http.name, &found, sizeof found);
    WS_MICROHTTPD_MAP(X)
#undef X
    *out = http;
    return WS_OK;
}

void ws_microhttpd_close(struct ws_microhttpd *http)
{
    if (http->library)
        (void)dlclose(http->library);
    http->library = NULL;
}
