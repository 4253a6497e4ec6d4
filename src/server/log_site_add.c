#include <math.h>
#include <string.h>
#include <time.h>

#include "ledger/envelope.h"
#include "ledger/statement.h"
#include "server/log_site_internal.h"

/* An entry that waits for the disk; lives in its request's arena. */
struct handed_in {
    struct ws_desk_entry entry;
    struct ws_log_site *site;
    struct ws_http_pending *pending;
    struct ws_http_answer *answer;
};

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

enum ws_status log_site_refuse(struct ws_log_site *site, enum refusal why,
                               struct ws_http_answer *answer, enum ws_status status)
{
    static const unsigned numbers[] = {
#define X(name, number) [REFUSED_##name] = number,
        WS_REFUSAL_MAP(X)
#undef X
    };
    atomic_fetch_add(&site->refused[why], 1);
    answer->status = numbers[why];
    return status;
}

/* Who signed: the index of an issuer, or their count for a stranger. A signature that names no key
 * would have to be tried with the keys of all. */
static enum ws_status find_issuer(struct ws_log_site *site, const struct ws_envelope *envelope,
                                  struct ws_arena *arena, struct ws_http_answer *answer,
                                  size_t *out, struct ws_error *err)
{
    const size_t count = site->settings.issuers->count;
    bool *signed_by = WS_ARENA_ZNEW(arena, bool, count + 1);
    if (!signed_by)
        return ws_fail_memory(err, "an entry");
    for (size_t i = 0; i < envelope->signature_count; i++)
        if (!*envelope->signatures[i].key_id)
            return log_site_refuse(
                site, REFUSED_malformed, answer,
                ws_fail(err, WS_INVALID, "a signature has no keyid: wanted NAME+ID of its key"));
    enum ws_status status = ws_envelope_check(envelope, site->keys, count, arena, signed_by, err);
    if (status == WS_CORRUPT)
        return log_site_refuse(site, REFUSED_signature, answer, status);
    WS_TRY(status);
    for (*out = 0; *out < count && !signed_by[*out];)
        ++*out;
    if (*out == count && !site->settings.takes_anyones)
        return log_site_refuse(site, REFUSED_stranger, answer,
                               ws_fail(err, WS_INVALID, "'%.200s' is no issuer of this log",
                                       envelope->signatures[0].key_id));
    return WS_OK;
}

/* What an entry cites is earlier than all that come with it. */
static enum ws_status check_statement(struct ws_log_site *site, const struct ws_envelope *envelope,
                                      struct ws_arena *arena, struct ws_http_answer *answer,
                                      struct ws_error *err)
{
    struct ws_desk_numbers numbers;
    struct ws_statement statement;
    if (strcmp(envelope->payload_type, WS_STATEMENT_PAYLOAD_TYPE) != 0)
        return log_site_refuse(site, REFUSED_malformed, answer,
                               ws_fail(err, WS_INVALID,
                                       "the payload's type is '%.100s', wanted '%s'",
                                       envelope->payload_type, WS_STATEMENT_PAYLOAD_TYPE));
    ws_log_desk_numbers(site->desk, &numbers);
    enum ws_status status =
        ws_statement_read(envelope->payload, numbers.count, arena, &statement, err);
    if (status == WS_CORRUPT || status == WS_UNSUPPORTED)
        return log_site_refuse(site, REFUSED_malformed, answer, status);
    return status;
}

static enum ws_status take_quota(struct ws_log_site *site, size_t issuer, size_t bytes,
                                 struct ws_http_answer *answer, struct ws_error *err)
{
    const struct ws_issuer_list *issuers = site->settings.issuers;
    const bool is_known = issuer < issuers->count;
    const struct ws_quota *quota = is_known ? &issuers->items[issuer].quota : &ws_usual_quota;
    pthread_mutex_lock(&site->mutex);
    const double wait = ws_quota_take(&site->left[issuer], quota, bytes, now());
    pthread_mutex_unlock(&site->mutex);
    if (wait == 0)
        return WS_OK;
    answer->retry_after = (unsigned)fmin(ceil(wait), 86400);
    return log_site_refuse(site, REFUSED_quota, answer,
                           ws_fail(err, WS_LIMIT, "more than %s may add for now",
                                   is_known ? issuers->items[issuer].key.name : "strangers"));
}

/* By a thread of the desk. */
static void on_kept(struct ws_desk_entry *entry, uint64_t index, enum ws_status status,
                    const struct ws_error *err)
{
    const struct handed_in *in = entry->user;
    if (status == WS_OK) {
        ws_buffer_format(&in->answer->body, "%llu\n", (unsigned long long)index);
        in->answer->type = "text/plain; charset=utf-8";
    } else {
        const enum refusal why = status == WS_BUSY ? REFUSED_unconfirmed : REFUSED_disk;
        (void)log_site_refuse(in->site, why, in->answer, status);
    }
    ws_http_finish(in->pending, status, err);
}

static enum ws_status hand_in(struct ws_log_site *site, const struct ws_http_request *request,
                              struct ws_error *err)
{
    struct handed_in *in = WS_ARENA_NEW(request->arena, struct handed_in, 1);
    if (!in)
        return ws_fail_memory(err, "an entry");
    *in = (struct handed_in){.entry = {.bytes = request->body, .done = on_kept, .user = in},
                             .site = site,
                             .pending = request->pending,
                             .answer = ws_http_later(request->pending)};
    struct ws_error error;
    enum ws_status status = ws_log_desk_add(site->desk, &in->entry, &error);
    const enum refusal why = status == WS_CORRUPT ? REFUSED_corrupt : REFUSED_closing;
    if (status != WS_OK)
        ws_http_finish(in->pending, log_site_refuse(site, why, in->answer, status), &error);
    return WS_OK;
}

enum ws_status log_site_add(void *site_, const struct ws_http_request *request,
                            struct ws_http_answer *answer, struct ws_error *err)
{
    struct ws_log_site *site = site_;
    struct ws_envelope envelope;
    size_t issuer;
    if (!site->desk) {
        answer->status = MHD_HTTP_METHOD_NOT_ALLOWED;
        return ws_fail(err, WS_UNSUPPORTED, "entries are not taken here");
    }
    enum ws_status status = ws_envelope_read(request->body, request->arena, &envelope, err);
    if (status == WS_CORRUPT || status == WS_INVALID || status == WS_LIMIT)
        return log_site_refuse(site, REFUSED_malformed, answer, status);
    WS_TRY(status);
    WS_TRY(find_issuer(site, &envelope, request->arena, answer, &issuer, err));
    WS_TRY(check_statement(site, &envelope, request->arena, answer, err));
    WS_TRY(take_quota(site, issuer, request->body.size, answer, err));
    return hand_in(site, request, err);
}
