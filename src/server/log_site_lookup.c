#include "server/log_site_internal.h"

static enum ws_status ask(const struct ws_log_site *site, enum ws_lookup_question question,
                          const struct ws_http_request *request, struct ws_http_answer *answer,
                          struct ws_error *err)
{
    return ws_log_lookup_ask(site->lookups, question, request, answer, err);
}

enum ws_status log_site_lookup(void *site, const struct ws_http_request *request,
                               struct ws_http_answer *answer, struct ws_error *err)
{
    return ask(site, WS_ASKED_VERDICT, request, answer, err);
}

enum ws_status log_site_lookup_bundle(void *site, const struct ws_http_request *request,
                                      struct ws_http_answer *answer, struct ws_error *err)
{
    return ask(site, WS_ASKED_BUNDLE, request, answer, err);
}

enum ws_status log_site_lookup_log(void *site, const struct ws_http_request *request,
                                   struct ws_http_answer *answer, struct ws_error *err)
{
    return ask(site, WS_ASKED_LOG, request, answer, err);
}
