#include "server/log_desk.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH = 4096 /* entries that are kept at once, at most */ };

struct ws_log_desk {
    struct ws_desk_settings settings;
    struct ws_log_store store; /* of the thread that took it */
    bool is_open;              /* it, which a failure may have closed */
    struct ws_bytes bytes[BATCH];
    pthread_t keeper, publisher;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t change;
    bool is_taken, publisher_waits;      /* the store, and for it */
    struct ws_desk_entry *first, **last; /* what was handed in */
    bool works;                          /* on entries that are not in that list any more */
    bool drains, ends;
    bool is_corrupt; /* as publishing found, and has not gone well since */
    struct ws_desk_numbers numbers;
};

/* The store ------------------------------------------------------------------------------------ */

/* The mutex is held. Who publishes comes seldom, and goes first. */
static void take_store(struct ws_log_desk *desk, bool publishes)
{
    desk->publisher_waits |= publishes;
    while (desk->is_taken || (!publishes && desk->publisher_waits))
        pthread_cond_wait(&desk->change, &desk->mutex);
    desk->publisher_waits &= !publishes;
    desk->is_taken = true;
}

static void give_store(struct ws_log_desk *desk)
{
    desk->is_taken = false;
    pthread_cond_broadcast(&desk->change);
}

/* While witnesses are asked entries are kept. */
static void let_go(void *desk_)
{
    struct ws_log_desk *desk = desk_;
    pthread_mutex_lock(&desk->mutex);
    give_store(desk);
    pthread_mutex_unlock(&desk->mutex);
}

static void take_back(void *desk_)
{
    struct ws_log_desk *desk = desk_;
    pthread_mutex_lock(&desk->mutex);
    take_store(desk, true);
    pthread_mutex_unlock(&desk->mutex);
}

/* What the disk could not finish is found again by opening the log anew. */
static enum ws_status reopen(struct ws_log_desk *desk, struct ws_error *err)
{
    if (desk->is_open)
        ws_log_close(&desk->store);
    desk->is_open = false;
    WS_TRY(ws_log_open(desk->settings.directory, NULL, &desk->store, err));
    desk->is_open = true;
    desk->store.let_go = let_go;
    desk->store.take_back = take_back;
    desk->store.holder = desk;
    return WS_OK;
}

static void note_sizes(struct ws_log_desk *desk)
{
    desk->numbers.count = desk->store.count;
    desk->numbers.published = desk->store.size;
}

/* Entries ---------------------------------------------------------------------------------------
 */

/* Cuts a batch from the list. */
static struct ws_desk_entry *take_batch(struct ws_log_desk *desk, size_t *count)
{
    struct ws_desk_entry *batch = desk->first, **end = &desk->first;
    for (*count = 0; *end && *count < BATCH; end = &(*end)->next)
        desk->bytes[(*count)++] = (*end)->bytes;
    desk->first = *end;
    if (!desk->first)
        desk->last = &desk->first;
    *end = NULL;
    return batch;
}

static void answer_batch(struct ws_desk_entry *batch, uint64_t index, enum ws_status status,
                         const struct ws_error *err)
{
    for (struct ws_desk_entry *next; batch; batch = next) {
        next = batch->next; /* it may be gone when it is done */
        batch->done(batch, index++, status, err);
    }
}

/* The mutex is held, and given up while the disk works. */
static void keep_batch(struct ws_log_desk *desk)
{
    struct ws_error error;
    uint64_t index = 0;
    size_t count;
    take_store(desk, false);
    struct ws_desk_entry *batch = take_batch(desk, &count);
    desk->works = true;
    pthread_mutex_unlock(&desk->mutex);
    enum ws_status status = desk->is_open ? WS_OK : reopen(desk, &error);
    if (status == WS_OK)
        status = ws_log_add(&desk->store, desk->bytes, count, &index, &error);
    pthread_mutex_lock(&desk->mutex);
    if (status == WS_OK) {
        desk->numbers.added += count;
        desk->numbers.batches++;
        note_sizes(desk);
    }
    give_store(desk);
    pthread_mutex_unlock(&desk->mutex);
    answer_batch(batch, index, status, &error);
    pthread_mutex_lock(&desk->mutex);
    desk->works = false;
    pthread_cond_broadcast(&desk->change);
}

/* Likewise. */
static void publish(struct ws_log_desk *desk)
{
    struct ws_error error;
    take_store(desk, true);
    pthread_mutex_unlock(&desk->mutex);
    enum ws_status status = desk->is_open ? WS_OK : reopen(desk, &error);
    if (status == WS_OK) {
        status = desk->settings.publish(desk->settings.user, &desk->store, &error);
        if (status != WS_OK)
            (void)reopen(desk, NULL); /* else tried again, with the next entry or checkpoint */
    }
    pthread_mutex_lock(&desk->mutex);
    if (status != WS_OK)
        desk->numbers.publish_failures++;
    if (status == WS_OK || status == WS_CORRUPT)
        desk->is_corrupt = status == WS_CORRUPT;
    if (desk->is_open)
        note_sizes(desk);
    give_store(desk);
}

/* The threads ---------------------------------------------------------------------------------- */

static struct timespec after(struct timespec time, double seconds)
{
    const double whole = (double)(time_t)seconds;
    time.tv_sec += (time_t)whole;
    time.tv_nsec += (long)(1e9 * (seconds - whole));
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

static bool is_over(const struct timespec *until)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > until->tv_sec ||
           (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

static void *keep(void *desk_)
{
    struct ws_log_desk *desk = desk_;
    pthread_mutex_lock(&desk->mutex);
    while (!desk->ends)
        if (desk->first)
            keep_batch(desk);
        else
            pthread_cond_wait(&desk->change, &desk->mutex);
    pthread_mutex_unlock(&desk->mutex);
    return NULL;
}

/* Ends when nothing is kept any more. */
static void *publish_often(void *desk_)
{
    struct ws_log_desk *desk = desk_;
    struct timespec next;
    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&desk->mutex);
    while (!desk->ends) {
        if (!is_over(&next)) {
            (void)pthread_cond_timedwait(&desk->change, &desk->mutex, &next);
            continue;
        }
        publish(desk);
        (void)clock_gettime(CLOCK_MONOTONIC, &next);
        next = after(next, desk->settings.seconds);
    }
    if (desk->numbers.count > desk->numbers.published)
        publish(desk);
    pthread_mutex_unlock(&desk->mutex);
    return NULL;
}

static void end(struct ws_log_desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    desk->ends = true;
    pthread_cond_broadcast(&desk->change);
    pthread_mutex_unlock(&desk->mutex);
}

static enum ws_status start_threads(struct ws_log_desk *desk, struct ws_error *err)
{
    if (pthread_create(&desk->keeper, NULL, keep, desk) != 0)
        return ws_fail(err, WS_IO, "the log's thread cannot be started");
    if (pthread_create(&desk->publisher, NULL, publish_often, desk) == 0)
        return WS_OK;
    end(desk);
    (void)pthread_join(desk->keeper, NULL);
    return ws_fail(err, WS_IO, "the log's second thread cannot be started");
}

/* From outside --------------------------------------------------------------------------------- */

enum ws_status ws_log_desk_add(struct ws_log_desk *desk, struct ws_desk_entry *entry,
                               struct ws_error *err)
{
    pthread_mutex_lock(&desk->mutex);
    const bool drains = desk->drains, is_corrupt = desk->is_corrupt;
    if (!drains && !is_corrupt) {
        entry->next = NULL;
        *desk->last = entry;
        desk->last = &entry->next;
        pthread_cond_broadcast(&desk->change);
    }
    pthread_mutex_unlock(&desk->mutex);
    if (drains)
        return ws_fail(err, WS_INTERRUPTED, "the log is closing; try again later");
    return is_corrupt
               ? ws_fail(err, WS_CORRUPT, "the log can sign no checkpoints, and takes nothing")
               : WS_OK;
}

void ws_log_desk_numbers(struct ws_log_desk *desk, struct ws_desk_numbers *out)
{
    pthread_mutex_lock(&desk->mutex);
    *out = desk->numbers;
    pthread_mutex_unlock(&desk->mutex);
}

static void free_desk(struct ws_log_desk *desk)
{
    if (desk->is_open)
        ws_log_close(&desk->store);
    pthread_cond_destroy(&desk->change);
    pthread_mutex_destroy(&desk->mutex);
    free(desk);
}

enum ws_status ws_log_desk_open(const struct ws_desk_settings *settings, struct ws_log_desk **out,
                                struct ws_error *err)
{
    pthread_condattr_t monotonic;
    struct ws_log_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ws_fail_memory(err, "a log");
    desk->settings = *settings;
    desk->last = &desk->first;
    pthread_mutex_init(&desk->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&desk->change, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum ws_status status = reopen(desk, err);
    if (status == WS_OK) {
        note_sizes(desk);
        status = start_threads(desk, err);
    }
    if (status == WS_OK)
        *out = desk;
    else
        free_desk(desk);
    return status;
}

void ws_log_desk_drain(struct ws_log_desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    desk->drains = true;
    while (desk->first || desk->works)
        pthread_cond_wait(&desk->change, &desk->mutex);
    pthread_mutex_unlock(&desk->mutex);
}

void ws_log_desk_close(struct ws_log_desk *desk)
{
    if (!desk)
        return;
    ws_log_desk_drain(desk);
    end(desk);
    (void)pthread_join(desk->keeper, NULL);
    (void)pthread_join(desk->publisher, NULL);
    free_desk(desk);
}
