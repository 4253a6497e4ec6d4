#include <string.h>

#include "api/handle.h"

/* The numbers of statuses are the same on both sides, and there are no others. */
#define X(name, phrase, http)                                                                      \
    _Static_assert((int)WS_##name == (int)WELLSPRING_##name, "a status has a number of its own");
WS_STATUS_MAP(X)
#undef X
_Static_assert((int)WS_STATUS_COUNT == (int)WELLSPRING_INTERRUPTED + 1, "a status is missing");
_Static_assert(sizeof((struct ws_error *)0)->message ==
                   sizeof((struct wellspring_error *)0)->message,
               "a message may be cut");

const char *wellspring_version(void)
{
    return WS_VERSION;
}

const char *wellspring_status_phrase(enum wellspring_status status)
{
    return ws_status_phrase((enum ws_status)status);
}

enum wellspring_status ws_api_tell(enum ws_status status, const struct ws_error *inside,
                                   struct wellspring_error *outside)
{
    if (status != WS_OK && outside) {
        outside->status = (enum wellspring_status)status;
        memcpy(outside->message, inside->message, sizeof outside->message);
    }
    return (enum wellspring_status)status;
}
