/*
 * The runs of a directory as a page lists them: searched, grouped, ordered, a part at a time.
 *
 * The list is what the run index says (lab/run_index.h), kept in memory and read anew when it is
 * older than a moment, so that many who look at ten thousand runs cost no more than one. Several
 * threads may ask at a time. Contract: tests/unit/test_run_list.c.
 */
#ifndef WS_SERVER_RUN_LIST_H
#define WS_SERVER_RUN_LIST_H

#include "lab/run_index.h"

enum { WS_RUN_ROWS_MOST = 10000 }; /* that one answer may have */

struct ws_run_list;

WS_MUST_CHECK enum ws_status ws_run_list_new(const char *parent, struct ws_run_list **out,
                                             struct ws_error *err);
void ws_run_list_free(struct ws_run_list *list); /* NULL is fine */
const char *ws_run_list_parent(const struct ws_run_list *list);

/* By what runs are put together. */
enum ws_run_grouping {
    WS_GROUP_NONE,
    WS_GROUP_NAME,
    WS_GROUP_FAMILY,
    WS_GROUP_STATE,
    WS_GROUP_POLICIES,
    WS_GROUP_DAY, /* that it was begun */
    WS_GROUPING_COUNT
};
extern const char *const ws_run_groupings[WS_GROUPING_COUNT]; /* "none", "name", ... */

struct ws_run_request {
    const char *search;         /* words that must each be in a run's names, title, family, state or
                                   policies, whatever the case; NULL or "": all */
    const char *state, *family; /* NULL: any */
    enum ws_run_grouping grouping;
    const char *group; /* those of one group alone, or NULL */
    enum ws_run_order order;
    bool descending;
    uint64_t first, most; /* of what is left */
};

struct ws_run_group {
    const char *name;
    uint64_t runs, running;
};

struct ws_run_page {
    uint64_t version; /* rises when the list is another */
    uint64_t total;   /* runs in the directory */
    uint64_t matched; /* of them, that were asked for */
    struct ws_run_entry *runs;
    size_t count;
    struct ws_run_group *groups; /* of those that were asked for but for `group`, by name */
    size_t group_count;
    const char **damaged; /* what is wrong with runs that cannot be read: the first 20 */
    size_t damaged_count;
    uint64_t damaged_total; /* how many cannot */
};

/* Reads it, so that who asks first does not wait. As ws_run_index_visit. */
WS_MUST_CHECK enum ws_status ws_run_list_read(struct ws_run_list *list, struct ws_error *err);

/* Everything lives in `arena`. As ws_run_index_visit. */
WS_MUST_CHECK enum ws_status ws_run_list_ask(struct ws_run_list *list,
                                             const struct ws_run_request *request,
                                             struct ws_arena *arena, struct ws_run_page *out,
                                             struct ws_error *err);

#endif
