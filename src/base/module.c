#include "base/module.h"

#include <dlfcn.h>
#include <string.h>

enum ws_status ws_module_function(const char *what, const char *path, const char *name, void *out,
                                  struct ws_error *err)
{
    void *loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *found = loaded ? dlsym(loaded, name) : NULL;
    if (!found) {
        const char *why = dlerror();
        return ws_fail(err, WS_UNSUPPORTED, "%s cannot be loaded: %.300s", what, why ? why : name);
    }
    memcpy(out, &found, sizeof found); /* to ISO C a function is no object */
    return WS_OK;
}
