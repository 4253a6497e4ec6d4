/*
 * Shared objects that are opened at run time, for what few need and many would wait for.
 */
#ifndef WS_BASE_MODULE_H
#define WS_BASE_MODULE_H

#include "base/status.h"

/* The function `name` of the module at `path`, into the pointer to a function at `out`. It never
 * goes away. WS_UNSUPPORTED: it cannot be loaded; `what` it is begins the message. */
WS_MUST_CHECK enum ws_status ws_module_function(const char *what, const char *path,
                                                const char *name, void *out, struct ws_error *err);

#endif
