/*
 * GNU libmicrohttpd, opened when a server starts: with it comes GnuTLS, and every other command
 * would start 3 ms later for both. One struct a server: functions by their own names.
 */
#ifndef WS_SERVER_MICROHTTPD_H
#define WS_SERVER_MICROHTTPD_H

#include <microhttpd.h>

#include "base/status.h"

#define WS_MICROHTTPD_MAP(X)                                                                       \
    X(MHD_start_daemon)                                                                            \
    X(MHD_stop_daemon)                                                                             \
    X(MHD_get_connection_info)                                                                     \
    X(MHD_lookup_connection_value)                                                                 \
    X(MHD_get_connection_values)                                                                   \
    X(MHD_suspend_connection)                                                                      \
    X(MHD_resume_connection)                                                                       \
    X(MHD_create_response_from_buffer)                                                             \
    X(MHD_create_response_from_fd)                                                                 \
    X(MHD_create_response_from_callback)                                                           \
    X(MHD_add_response_header)                                                                     \
    X(MHD_queue_response)                                                                          \
    X(MHD_destroy_response)

struct ws_microhttpd {
    void *library; /* NULL: not open */
#define X(name) __typeof__(name) *name;
    WS_MICROHTTPD_MAP(X)
#undef X
};

/* WS_UNSUPPORTED: it is not installed. */
WS_MUST_CHECK enum ws_status ws_microhttpd_open(struct ws_microhttpd *out, struct ws_error *err);
void ws_microhttpd_close(struct ws_microhttpd *http); /* zeroed is fine */

#endif
