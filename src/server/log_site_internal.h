/*
 * What the parts of a log's site share: its files (log_site_files.c), shards that it names
 * (log_site_shards.c), an index of these (log_site_index.c), what is handed in (log_site_add.c),
 * what is looked up (log_site_lookup.c), its numbers (log_site_numbers.c). Contract:
 * tests/fault/test_log_site.c.
 */
#ifndef WS_SERVER_LOG_SITE_INTERNAL_H
#define WS_SERVER_LOG_SITE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/log_desk.h"
#include "server/log_lookup.h"
#include "server/log_site.h"
#include "server/microhttpd.h"

/* clang-format off */
/*    name        what was asked for of a shard, or what came of it */
#define WS_SHARD_ANSWER_MAP(X)                                             \
    X(head)       /* its head */                                           \
    X(proof)      /* a tile with its proof */                              \
    X(part)       /* a part of a file */                                   \
    X(withdrawn)  /* nothing: it was taken back */                         \
    X(unknown)    /* nothing: no statement names it, or it is not here */
/* clang-format on */

enum shard_answer {
#define X(name) SHARD_##name,
    WS_SHARD_ANSWER_MAP(X)
#undef X
        SHARD_ANSWERS
};

struct log_shards; /* what is known of them (log_site_shards.c) */

/* clang-format off */
/*    name       HTTP   a request that is refused */
#define WS_REFUSAL_MAP(X)                                                  \
    X(malformed, 400)   /* is no envelope with a statement */             \
    X(signature, 403)   /* has a bad signature */                         \
    X(stranger,  403)   /* is signed by nobody whom the log takes */      \
    X(quota,     429)   /* is more than its issuer may add */             \
    X(too_long,  413)   /* has more bytes than an entry may */            \
    X(crowded,   503)   /* comes beside too many connections */           \
    X(closing,   503)   /* comes when the log takes no more */            \
    X(corrupt,   503)   /* comes when the log can sign no more */         \
    X(unconfirmed, 503) /* comes before witnesses confirmed this copy */  \
    X(disk,      507)   /* could not be kept */
/* clang-format on */

enum refusal {
#define X(name, number) REFUSED_##name,
    WS_REFUSAL_MAP(X)
#undef X
        REFUSALS
};

struct ws_log_site {
    struct ws_log_site_settings settings;
    struct ws_microhttpd http;
    struct ws_http_server *server;
    int directory; /* descriptor */
    struct ws_log_desk *desk;
    struct ws_error complaint; /* of the thread that publishes: the last; empty when it went well */
    const struct ws_note_key **keys; /* of the issuers */
    pthread_mutex_t mutex;           /* guards what follows */
    struct ws_quota_left *left;      /* of each issuer, and last of all strangers */
    atomic_uint_fast64_t refused[REFUSALS];
    struct log_shards *shards; /* NULL: none are served */
    atomic_uint_fast64_t shard_answers[SHARD_ANSWERS];
    struct ws_log_lookup *lookups; /* NULL: nothing can be looked up */
};

/* Those of lookups are the last: where nothing can be looked up, they are not there. */
enum { LOG_SITE_ROUTES = 20, LOG_SITE_LOOKUP_ROUTE = 10 };
extern const struct ws_http_route log_site_routes[LOG_SITE_ROUTES];

/* Functions of routes. */
ws_http_function log_site_file, log_site_add, log_site_numbers;
ws_http_function log_site_shard, log_site_shard_proof, log_site_shard_tiles,
    log_site_shard_documents;
ws_http_function log_site_index, log_site_index_list, log_site_index_proof;
ws_http_function log_site_lookup, log_site_lookup_bundle, log_site_lookup_log;

/* Reads the log for the shards that it names. NULL is fine to close. */
WS_MUST_CHECK enum ws_status log_shards_open(const struct ws_log_site_settings *settings,
                                             struct log_shards **out, struct ws_error *err);
void log_shards_close(struct log_shards *shards);
/* Which live shards of an index were withdrawn since, by what is known of the log now: of each by
 * its number the entry that did, or SHARD_STAYS. Lives in the arena; NULL where none was, or
 * nothing is known. */
#define SHARD_STAYS UINT64_MAX
WS_MUST_CHECK enum ws_status log_shards_withdrawn(struct log_shards *shards,
                                                  const struct ws_index_list *list,
                                                  struct ws_arena *arena, const uint64_t **out,
                                                  struct ws_error *err);

/* The answer of one that is refused: counted, and with its number. */
enum ws_status log_site_refuse(struct ws_log_site *site, enum refusal why,
                               struct ws_http_answer *answer, enum ws_status status);

#endif
