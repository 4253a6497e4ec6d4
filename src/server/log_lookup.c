#include "server/log_lookup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file_change.h"
#include "base/number.h"
#include "ledger/lookup_answer.h"
#include "server/log_lookup_log.h"
#include "server/microhttpd.h"

enum {
    WAITING_MOST = 8,     /* questions, beside the one that is being answered */
    WAITING_SECONDS = 30, /* that one of them waits at most */
    RETRY_SECONDS = 3,
};

/* Lives in its request's arena. */
struct asked {
    enum ws_lookup_question question;
    struct ws_bytes text;
    uint64_t before; /* of the log: the latest statements of entries below this one */
    struct ws_http_pending *pending;
    struct ws_http_answer *answer;
    time_t since;
    struct asked *next;
};

struct ws_log_lookup {
    struct ws_lookup_request request;
    void (*complain)(const char *message);
    atomic_uint_fast64_t outcomes[WS_LOOKUP_OUTCOMES];
    pthread_t thread;
    /* Of the thread alone: */
    struct ws_lookup lookup;
    bool is_open;
    struct ws_file_change checkpoint, shards, index;
    struct ws_error complaint; /* the last; empty when it went well */
    pthread_mutex_t mutex;     /* guards what follows */
    pthread_cond_t change;     /* somebody waits, or it ends */
    struct asked *first, **last;
    size_t waiting;
    bool ends;
};

static time_t monotonic_seconds(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* The log, as it is now ------------------------------------------------------------------------ */

/* Each is looked at, so that what is read next is of what is there now. */
static bool has_changed(struct ws_log_lookup *lookups)
{
    char checkpoint[4096];
    const struct ws_lookup_request *at = &lookups->request;
    const int size = snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", at->log);
    const bool log = size < 0 || (size_t)size >= sizeof checkpoint ||
                     ws_file_is_other(checkpoint, &lookups->checkpoint);
    const bool shards = ws_file_is_other(at->shards, &lookups->shards);
    const bool index = at->index && ws_file_is_other(at->index, &lookups->index);
    return log || shards || index;
}

/* A log that shows nothing new for too long is refused, as it would be when it is read. */
static bool is_stale(const struct ws_log_lookup *lookups)
{
    const struct ws_lookup *lookup = &lookups->lookup;
    return lookup->roles.max_age > 0 &&
           (uint64_t)time(NULL) > lookup->head.time + lookup->roles.max_age;
}

static void close_log(struct ws_log_lookup *lookups)
{
    if (lookups->is_open)
        ws_lookup_close(&lookups->lookup);
    lookups->is_open = false;
}

static void complain(struct ws_log_lookup *lookups, enum ws_status status,
                     const struct ws_error *error)
{
    if (status != WS_OK && lookups->complain &&
        strcmp(lookups->complaint.message, error->message) != 0)
        lookups->complain(error->message);
    lookups->complaint = status == WS_OK ? (struct ws_error){.message = ""} : *error;
}

static enum ws_status refresh(struct ws_log_lookup *lookups, struct ws_error *err)
{
    struct ws_error error;
    const bool changed = has_changed(lookups);
    if (lookups->is_open && !changed && !is_stale(lookups))
        return WS_OK;
    close_log(lookups);
    lookups->request.now = (uint64_t)time(NULL);
    enum ws_status status = ws_lookup_open(&lookups->lookup, &lookups->request, &error);
    lookups->is_open = true;
    complain(lookups, status, &error);
    if (status == WS_OK)
        return WS_OK;
    close_log(lookups);
    /* Why names files of this machine. */
    return ws_fail(err, WS_BUSY,
                   "nothing can be looked up now: this server's policy refuses the log, or what is "
                   "beside it cannot be read");
}

/* Answering ------------------------------------------------------------------------------------ */

static enum ws_status append_json(json_t *json, struct ws_http_answer *answer, struct ws_error *err)
{
    answer->type = "application/json";
    ws_json_append_pretty(json, &answer->body);
    json_decref(json);
    ws_buffer_text(&answer->body, "\n");
    return ws_buffer_check(&answer->body, "an answer", err);
}

static enum ws_status append_bundle(const struct ws_evidence *evidence,
                                    struct ws_http_answer *answer, struct ws_error *err)
{
    answer->type = "application/octet-stream";
    answer->download = "evidence.bundle";
    return ws_evidence_append(&answer->body, evidence, err);
}

static enum ws_status answer_by(struct ws_lookup *lookup, const struct asked *asked,
                                const struct ws_query *query, struct ws_arena *arena,
                                struct ws_error *err)
{
    const enum ws_lookup_question question = asked->question;
    struct ws_http_answer *answer = asked->answer;
    const struct ws_finding_reader reader = {.trust = &lookup->trust,
                                             .roles = &lookup->roles,
                                             .policy_digest = lookup->policy_digest,
                                             .roles_digest = lookup->roles_digest,
                                             .now = (uint64_t)time(NULL)};
    struct ws_evidence evidence;
    struct ws_finding finding;
    uint64_t *sizes;
    WS_TRY(ws_lookup_gather(lookup, query, arena, &evidence, err));
    if (question == WS_ASKED_BUNDLE)
        return append_bundle(&evidence, answer, err);
    WS_TRY(ws_finding_make(&evidence, &reader, arena, &finding, err));
    if (question == WS_ASKED_LOG)
        return append_json(ws_log_lookup_log_json(lookup, &finding, asked->before), answer, err);
    WS_TRY(ws_lookup_measure(lookup, &finding, arena, &sizes, err));
    const struct ws_lookup_answer said = {.evidence = &evidence,
                                          .finding = &finding,
                                          .witnesses = ws_trust_witnesses(&lookup->trust),
                                          .sizes = sizes};
    return append_json(ws_lookup_answer_json(&said), answer, err);
}

static enum ws_status answer(struct ws_log_lookup *lookups, const struct asked *asked,
                             struct ws_error *err)
{
    struct ws_query query = {.has_text = false};
    struct ws_query_reader reader = {.fingerprinter = NULL};
    struct ws_arena arena;
    if (monotonic_seconds() - asked->since > WAITING_SECONDS)
        return ws_fail(err, WS_BUSY, "others are looking up too much; try again");
    WS_TRY(refresh(lookups, err));
    ws_arena_init(&arena, NULL);
    enum ws_status status = asked->question == WS_ASKED_LOG
                                ? WS_OK
                                : ws_query_read(&reader, asked->text, NULL, &query, err);
    if (status == WS_OK)
        status = answer_by(&lookups->lookup, asked, &query, &arena, err);
    ws_query_close(&reader);
    ws_arena_release(&arena);
    return status;
}

static void count(struct ws_log_lookup *lookups, enum ws_lookup_outcome outcome)
{
    atomic_fetch_add(&lookups->outcomes[outcome], 1);
}

/* The message of what fails within is about the server's own files. */
static void finish(struct ws_log_lookup *lookups, struct asked *asked)
{
    struct ws_error error;
    const enum ws_status status = answer(lookups, asked, &error);
    count(lookups, status == WS_OK     ? WS_LOOKUP_answered
                   : status == WS_BUSY ? WS_LOOKUP_crowded
                                       : WS_LOOKUP_failed);
    if (status == WS_BUSY) {
        asked->answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
        asked->answer->retry_after = RETRY_SECONDS;
    } else if (status != WS_OK) {
        asked->answer->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        complain(lookups, status, &error);
        (void)ws_fail(&error, status, "the lookup failed; this server's standard error says why");
    }
    ws_http_finish(asked->pending, status, &error);
}

/* The next question; NULL at the end, when nobody waits. */
static struct asked *next(struct ws_log_lookup *lookups)
{
    pthread_mutex_lock(&lookups->mutex);
    while (!lookups->first && !lookups->ends)
        (void)pthread_cond_wait(&lookups->change, &lookups->mutex);
    struct asked *asked = lookups->first;
    if (asked) {
        lookups->first = asked->next;
        lookups->waiting--;
        if (!lookups->first)
            lookups->last = &lookups->first;
    }
    pthread_mutex_unlock(&lookups->mutex);
    return asked;
}

static void *work(void *lookups_)
{
    struct ws_log_lookup *lookups = lookups_;
    struct asked *asked;
    while ((asked = next(lookups)))
        finish(lookups, asked);
    return NULL;
}

/* Asking --------------------------------------------------------------------------------------- */

/* Under the mutex, so that the thread ends behind the last that waits. */
static bool wait_in_line(struct ws_log_lookup *lookups, const struct ws_http_request *request,
                         struct asked *asked)
{
    pthread_mutex_lock(&lookups->mutex);
    const bool is_taken = !lookups->ends && lookups->waiting < WAITING_MOST;
    if (is_taken) {
        asked->answer = ws_http_later(request->pending);
        *lookups->last = asked;
        lookups->last = &asked->next;
        lookups->waiting++;
        pthread_cond_signal(&lookups->change);
    }
    pthread_mutex_unlock(&lookups->mutex);
    return is_taken;
}

enum ws_status ws_log_lookup_ask(struct ws_log_lookup *lookups, enum ws_lookup_question question,
                                 const struct ws_http_request *request,
                                 struct ws_http_answer *answer, struct ws_error *err)
{
    struct asked *asked = WS_ARENA_NEW(request->arena, struct asked, 1);
    uint64_t before = UINT64_MAX;
    if (question == WS_ASKED_LOG && request->names[0] &&
        !ws_whole_parse(request->names[0], &before))
        return ws_fail(err, WS_NOT_FOUND, "before which entry? a number");
    if (!asked)
        return ws_fail_memory(err, "a lookup");
    *asked = (struct asked){.question = question,
                            .text = request->body,
                            .before = before,
                            .pending = request->pending,
                            .since = monotonic_seconds()};
    if (wait_in_line(lookups, request, asked))
        return WS_OK;
    count(lookups, WS_LOOKUP_crowded);
    answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    answer->retry_after = RETRY_SECONDS;
    return ws_fail(err, WS_BUSY, "others are looking up too much; try again");
}

uint64_t ws_log_lookup_count(struct ws_log_lookup *lookups, enum ws_lookup_outcome outcome)
{
    return atomic_load(&lookups->outcomes[outcome]);
}

/* Start and end -------------------------------------------------------------------------------- */

enum ws_status ws_log_lookup_start(const struct ws_lookup_request *request,
                                   void (*complain_to)(const char *message),
                                   struct ws_log_lookup **out, struct ws_error *err)
{
    struct ws_log_lookup *lookups = calloc(1, sizeof *lookups);
    if (!lookups)
        return ws_fail_memory(err, "lookups");
    lookups->request = *request;
    lookups->complain = complain_to;
    lookups->last = &lookups->first;
    pthread_mutex_init(&lookups->mutex, NULL);
    pthread_cond_init(&lookups->change, NULL);
    if (pthread_create(&lookups->thread, NULL, work, lookups) != 0) {
        ws_log_lookup_close(lookups);
        return ws_fail(err, WS_IO, "the thread of lookups cannot be started");
    }
    *out = lookups;
    return WS_OK;
}

void ws_log_lookup_drain(struct ws_log_lookup *lookups)
{
    pthread_mutex_lock(&lookups->mutex);
    lookups->ends = true;
    pthread_cond_signal(&lookups->change);
    pthread_mutex_unlock(&lookups->mutex);
    (void)pthread_join(lookups->thread, NULL);
}

void ws_log_lookup_close(struct ws_log_lookup *lookups)
{
    if (!lookups)
        return;
    close_log(lookups);
    pthread_cond_destroy(&lookups->change);
    pthread_mutex_destroy(&lookups->mutex);
    free(lookups);
}
