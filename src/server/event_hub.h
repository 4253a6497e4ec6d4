/*
 * News for many who watch: server-sent events by topic.
 *
 * One thread finds out what is new and publishes it; whoever watches a topic gets its latest
 * message, once, and then each later one. A message is the whole state of its topic, so a viewer
 * who is slow, or comes late, misses nothing but what is no longer true, and none is waited for: a
 * topic keeps one message and a viewer the one that he is being sent. Nothing is done for a viewer
 * between messages. Contract: tests/unit/test_event_hub.c, tests/cli/serve.sh.
 */
#ifndef WS_SERVER_EVENT_HUB_H
#define WS_SERVER_EVENT_HUB_H

#include "base/arena.h"
#include "base/status.h"
#include "server/microhttpd.h"

enum { WS_VIEWERS_MOST = 1000 };

struct ws_event_hub;
struct ws_event_viewer;

WS_MUST_CHECK enum ws_status ws_event_hub_new(const struct ws_microhttpd *http,
                                              struct ws_event_hub **out, struct ws_error *err);
void ws_event_hub_free(struct ws_event_hub *hub); /* when no viewer is left; NULL is fine */

/* WS_LIMIT: as many as there may be watch already. */
WS_MUST_CHECK enum ws_status ws_event_hub_join(struct ws_event_hub *hub, const char *topic,
                                               struct ws_event_viewer **out, struct ws_error *err);

/* Tells all viewers of the topic, unless it is what they were told last: then only now and again,
 * so that those who have gone are noticed. `data` is one line. Nothing happens when nobody watches.
 */
WS_MUST_CHECK enum ws_status ws_event_hub_publish(struct ws_event_hub *hub, const char *topic,
                                                  const char *data, struct ws_error *err);

/* Topics that somebody watches; names live in `arena`. */
WS_MUST_CHECK enum ws_status ws_event_hub_topics(struct ws_event_hub *hub, struct ws_arena *arena,
                                                 const char ***out, size_t *count,
                                                 struct ws_error *err);

/* Waits `seconds`, and while nobody watches until somebody does; less when somebody new comes.
 * False once the hub is closed. */
bool ws_event_hub_wait(struct ws_event_hub *hub, double seconds);

/* Ends all streams, and those that come later at once. */
void ws_event_hub_close(struct ws_event_hub *hub);

/* What http_server.c sends a viewer by: the next bytes for him; with none the connection is
 * suspended until there are. */
void ws_event_viewer_on(struct ws_event_viewer *viewer, struct MHD_Connection *connection);
ssize_t ws_event_viewer_read(void *viewer, uint64_t position, char *to, size_t most);
void ws_event_viewer_leave(void *viewer);

#endif
