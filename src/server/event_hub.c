#include "server/event_hub.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEAT_SECONDS 15.0

/* Shared by a topic and by viewers that are being sent it. */
struct message {
    size_t holders;
    size_t size;
    char text[];
};

struct ws_event_viewer {
    struct ws_event_hub *hub;
    struct topic *topic;
    struct MHD_Connection *connection;
    struct message *sending; /* or NULL */
    size_t sent;
    uint64_t seen; /* version of the message he got last */
    bool asleep;   /* the connection is suspended */
    struct ws_event_viewer *next;
};

struct topic {
    char *name;
    uint64_t version;
    double published;       /* when */
    struct message *latest; /* or NULL */
    struct ws_event_viewer *viewers;
    struct topic *next;
};

struct ws_event_hub {
    const struct ws_microhttpd *http;
    pthread_mutex_t mutex; /* guards everything */
    pthread_cond_t change; /* somebody came, or the hub was closed */
    struct topic *topics;  /* those that are watched */
    size_t viewer_count;
    bool news; /* somebody came since the last wait */
    bool closed;
};

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

enum ws_status ws_event_hub_new(const struct ws_microhttpd *http, struct ws_event_hub **out,
                                struct ws_error *err)
{
    pthread_condattr_t monotonic;
    struct ws_event_hub *hub = calloc(1, sizeof *hub);
    if (!hub)
        return ws_fail_memory(err, "the viewers");
    hub->http = http;
    pthread_mutex_init(&hub->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->change, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = hub;
    return WS_OK;
}

void ws_event_hub_free(struct ws_event_hub *hub)
{
    if (!hub)
        return;
    pthread_cond_destroy(&hub->change);
    pthread_mutex_destroy(&hub->mutex);
    free(hub);
}

/* Topics, with the mutex held ------------------------------------------------------------------ */

static void let_go(struct message *message)
{
    if (message && --message->holders == 0)
        free(message);
}

static struct topic *find_topic(const struct ws_event_hub *hub, const char *name)
{
    struct topic *topic = hub->topics;
    while (topic && strcmp(topic->name, name) != 0)
        topic = topic->next;
    return topic;
}

static struct topic *add_topic(struct ws_event_hub *hub, const char *name)
{
    struct topic *topic = calloc(1, sizeof *topic);
    char *copy = strdup(name);
    if (!topic || !copy) {
        free(topic);
        free(copy);
        return NULL;
    }
    *topic = (struct topic){.name = copy, .next = hub->topics};
    hub->topics = topic;
    return topic;
}

static void drop_topic(struct ws_event_hub *hub, struct topic *topic)
{
    struct topic **link = &hub->topics;
    while (*link != topic)
        link = &(*link)->next;
    *link = topic->next;
    let_go(topic->latest);
    free(topic->name);
    free(topic);
}

static void wake(const struct ws_event_hub *hub, struct topic *topic)
{
    for (struct ws_event_viewer *viewer = topic->viewers; viewer; viewer = viewer->next) {
        if (viewer->asleep)
            hub->http->MHD_resume_connection(viewer->connection);
        viewer->asleep = false;
    }
}

/* What is called from outside ------------------------------------------------------------------ */

enum ws_status ws_event_hub_join(struct ws_event_hub *hub, const char *name,
                                 struct ws_event_viewer **out, struct ws_error *err)
{
    struct ws_event_viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return ws_fail_memory(err, "a viewer");
    enum ws_status status = WS_OK;
    pthread_mutex_lock(&hub->mutex);
    struct topic *topic = find_topic(hub, name);
    if (hub->viewer_count == WS_VIEWERS_MOST)
        status = ws_fail(err, WS_LIMIT, "%d viewers watch already", WS_VIEWERS_MOST);
    else if (!topic && !(topic = add_topic(hub, name)))
        status = ws_fail_memory(err, "a viewer");
    if (status == WS_OK) {
        *viewer = (struct ws_event_viewer){.hub = hub, .topic = topic, .next = topic->viewers};
        topic->viewers = viewer;
        hub->viewer_count++;
        hub->news = true;
        pthread_cond_signal(&hub->change);
    }
    pthread_mutex_unlock(&hub->mutex);
    if (status == WS_OK)
        *out = viewer;
    else
        free(viewer);
    return status;
}

void ws_event_viewer_leave(void *viewer_)
{
    struct ws_event_viewer *viewer = viewer_;
    struct ws_event_hub *hub = viewer->hub;
    struct topic *topic = viewer->topic;
    pthread_mutex_lock(&hub->mutex);
    struct ws_event_viewer **link = &topic->viewers;
    while (*link != viewer)
        link = &(*link)->next;
    *link = viewer->next;
    let_go(viewer->sending);
    if (!topic->viewers)
        drop_topic(hub, topic);
    hub->viewer_count--;
    pthread_mutex_unlock(&hub->mutex);
    free(viewer);
}

static bool is_due(const struct topic *topic, const struct message *message)
{
    const struct message *latest = topic->latest;
    return !latest || latest->size != message->size ||
           memcmp(latest->text, message->text, message->size) != 0 ||
           now() - topic->published >= BEAT_SECONDS;
}

/* As the stream of a page's EventSource has it. */
static struct message *make_message(const char *data)
{
    static const char before[] = "data: ", behind[] = "\n\n";
    const size_t size = strlen(before) + strlen(data) + strlen(behind);
    struct message *message = malloc(sizeof *message + size + 1);
    if (!message)
        return NULL;
    *message = (struct message){.holders = 1, .size = size};
    (void)stpcpy(stpcpy(stpcpy(message->text, before), data), behind);
    return message;
}

enum ws_status ws_event_hub_publish(struct ws_event_hub *hub, const char *name, const char *data,
                                    struct ws_error *err)
{
    struct message *message = make_message(data);
    if (!message)
        return ws_fail_memory(err, "an event");
    pthread_mutex_lock(&hub->mutex);
    struct topic *topic = find_topic(hub, name);
    if (topic && is_due(topic, message)) {
        let_go(topic->latest);
        topic->latest = message;
        topic->version++;
        topic->published = now();
        wake(hub, topic);
    } else {
        free(message); /* nobody has seen it */
    }
    pthread_mutex_unlock(&hub->mutex);
    return WS_OK;
}

enum ws_status ws_event_hub_topics(struct ws_event_hub *hub, struct ws_arena *arena,
                                   const char ***out, size_t *count, struct ws_error *err)
{
    size_t there = 0, filled = 0;
    bool copied = true;
    pthread_mutex_lock(&hub->mutex);
    for (const struct topic *topic = hub->topics; topic; topic = topic->next)
        there++;
    const char **names = WS_ARENA_NEW(arena, const char *, there + 1);
    for (const struct topic *topic = hub->topics; names && copied && topic; topic = topic->next) {
        names[filled] = ws_arena_text(arena, topic->name);
        copied = names[filled++] != NULL;
    }
    pthread_mutex_unlock(&hub->mutex);
    if (!names || !copied)
        return ws_fail_memory(err, "the viewers");
    *out = names;
    *count = there;
    return WS_OK;
}

bool ws_event_hub_wait(struct ws_event_hub *hub, double seconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t nanoseconds = until.tv_nsec + (int64_t)(seconds * 1e9);
    until.tv_sec += (time_t)(nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    pthread_mutex_lock(&hub->mutex);
    int waited = 0;
    while (!hub->closed && !hub->news && (waited == 0 || !hub->topics))
        waited = hub->topics ? pthread_cond_timedwait(&hub->change, &hub->mutex, &until)
                             : pthread_cond_wait(&hub->change, &hub->mutex);
    hub->news = false;
    bool open = !hub->closed;
    pthread_mutex_unlock(&hub->mutex);
    return open;
}

void ws_event_hub_close(struct ws_event_hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    hub->closed = true;
    for (struct topic *topic = hub->topics; topic; topic = topic->next)
        wake(hub, topic);
    pthread_cond_broadcast(&hub->change);
    pthread_mutex_unlock(&hub->mutex);
}

void ws_event_viewer_on(struct ws_event_viewer *viewer, struct MHD_Connection *connection)
{
    viewer->connection = connection;
}

ssize_t ws_event_viewer_read(void *viewer_, uint64_t position, char *to, size_t most)
{
    struct ws_event_viewer *viewer = viewer_;
    struct topic *topic = viewer->topic;
    ssize_t size = 0;
    (void)position; /* of a stream that has no end */
    pthread_mutex_lock(&viewer->hub->mutex);
    if (!viewer->sending && topic->latest && viewer->seen != topic->version) {
        viewer->sending = topic->latest;
        viewer->sending->holders++;
        viewer->seen = topic->version;
        viewer->sent = 0;
    }
    if (viewer->hub->closed) {
        size = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (viewer->sending) {
        size_t left = viewer->sending->size - viewer->sent;
        size = (ssize_t)(left < most ? left : most);
        memcpy(to, viewer->sending->text + viewer->sent, (size_t)size);
        viewer->sent += (size_t)size;
        if (viewer->sent == viewer->sending->size) {
            let_go(viewer->sending);
            viewer->sending = NULL;
        }
    } else {
        viewer->asleep = true;
        viewer->hub->http->MHD_suspend_connection(viewer->connection);
    }
    pthread_mutex_unlock(&viewer->hub->mutex);
    return size;
}
