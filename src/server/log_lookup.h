/*
 * Lookups of a log's site: whose a posted text is (ledger/lookup.h), the evidence for it, and what
 * the log has.
 *
 * One thread answers one question after another, beside those that serve files; a few wait for it,
 * and more are told to come again. The log is read anew when it, the shards or the index changed.
 * A text lies in the memory of its request, and is gone with it: nothing of it is kept or printed.
 * Contract: tests/cli/serve_lookup.sh.
 */
#ifndef WS_SERVER_LOG_LOOKUP_H
#define WS_SERVER_LOG_LOOKUP_H

#include "ledger/lookup.h"
#include "server/http_server.h"

enum { WS_LOOKUP_TEXT_LIMIT = 1 << 22 /* bytes of a text that is posted */ };

/* clang-format off */
/*    name      what came of a question */
#define WS_LOOKUP_OUTCOME_MAP(X)                                           \
    X(answered)                                                            \
    X(crowded)  /* too many waited, or it waited too long */               \
    X(failed)
/* clang-format on */

enum ws_lookup_outcome {
#define X(name) WS_LOOKUP_##name,
    WS_LOOKUP_OUTCOME_MAP(X)
#undef X
        WS_LOOKUP_OUTCOMES
};

enum ws_lookup_question {
    WS_ASKED_VERDICT, /* JSON, as the command prints it */
    WS_ASKED_BUNDLE,
    WS_ASKED_LOG, /* JSON: its checkpoint, statements, and whom the site's roles and policy name */
};

struct ws_log_lookup;

/* The request's texts stay until it is closed; `complain` is told by its thread why nothing can be
 * answered, when that is another reason than the time before. */
WS_MUST_CHECK enum ws_status ws_log_lookup_start(const struct ws_lookup_request *request,
                                                 void (*complain)(const char *message),
                                                 struct ws_log_lookup **out, struct ws_error *err);

/* A route's function: answers later. WS_BUSY, 503, when too many wait. */
WS_MUST_CHECK enum ws_status ws_log_lookup_ask(struct ws_log_lookup *lookups,
                                               enum ws_lookup_question question,
                                               const struct ws_http_request *request,
                                               struct ws_http_answer *answer, struct ws_error *err);
uint64_t ws_log_lookup_count(struct ws_log_lookup *lookups, enum ws_lookup_outcome outcome);

/* Answers who waits, and ends the thread; who asks later is told so. Then no answer is outstanding.
 */
void ws_log_lookup_drain(struct ws_log_lookup *lookups);
/* It was drained. NULL is fine. */
void ws_log_lookup_close(struct ws_log_lookup *lookups);

#endif
