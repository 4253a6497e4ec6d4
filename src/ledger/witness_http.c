#include "ledger/witness_http.h"

const struct ws_http_limits ws_witness_patience = {.seconds = 10, .bytes = WS_WITNESS_ANSWER_LIMIT};

/* A client for each question: each comes from a thread of its own. */
static enum ws_status post(void *limits, const char *url, struct ws_bytes body,
                           struct ws_arena *arena, struct ws_witness_reply *out,
                           struct ws_error *err)
{
    struct ws_http_client *client;
    struct ws_http_reply reply;
    WS_TRY(ws_http_client_open(limits, &client, err));
    enum ws_status status =
        ws_http_post(client, url, "text/plain; charset=utf-8", body, arena, &reply, err);
    ws_http_client_close(client);
    if (status == WS_OK)
        *out = (struct ws_witness_reply){reply.status, reply.type, reply.body};
    return status;
}

struct ws_witness_transport ws_witness_over_http(const struct ws_http_limits *limits)
{
    return (struct ws_witness_transport){post, (void *)(uintptr_t)limits};
}
