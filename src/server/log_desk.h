/*
 * Where entries are handed in, by many at once: one thread keeps all that came together in the log,
 * which is one sync of the disk for all of them, and another publishes a checkpoint now and then.
 * While it asks witnesses, who may be slow, entries are kept as at other times.
 *
 * An entry is answered when it survives a loss of power. When it cannot be kept, all that came with
 * it are told so and nothing of them is in the log; what was kept before stays. Contract:
 * tests/fault/test_log_site.c.
 */
#ifndef WS_SERVER_LOG_DESK_H
#define WS_SERVER_LOG_DESK_H

#include "ledger/log_store.h"

/* One entry on its way; the bytes and this live until `done` is called, by a thread of the
 * desk. */
struct ws_desk_entry {
    struct ws_bytes bytes;
    /* `index` counts where `status` is WS_OK; else `err` says why it was not kept. */
    void (*done)(struct ws_desk_entry *entry, uint64_t index, enum ws_status status,
                 const struct ws_error *err);
    void *user;
    struct ws_desk_entry *next; /* the desk's */
};

struct ws_desk_settings {
    const char *directory;
    /* Publishes what waits, if anything does; called from a thread of the desk every `seconds`. */
    enum ws_status (*publish)(void *user, struct ws_log_store *store, struct ws_error *err);
    void *user;
    double seconds;
};

struct ws_desk_numbers {
    uint64_t count; /* entries that the log keeps, published or not */
    uint64_t published;
    uint64_t added, batches, publish_failures; /* since the start */
};

struct ws_log_desk;

/* Takes the log for this process, as ws_log_open does. */
WS_MUST_CHECK enum ws_status ws_log_desk_open(const struct ws_desk_settings *settings,
                                              struct ws_log_desk **out, struct ws_error *err);
/* Takes no more, is done with all that was handed in, publishes, and ends. NULL is fine. */
void ws_log_desk_close(struct ws_log_desk *desk);
/* The first half of closing: once it returns every entry was answered, and new ones are refused. */
void ws_log_desk_drain(struct ws_log_desk *desk);

/* `done` is not called, and it is WS_INTERRUPTED, when the desk was told to take no more;
 * WS_CORRUPT once publishing failed with that, until it goes well: entries of a log that can sign
 * no more would be in none. */
WS_MUST_CHECK enum ws_status ws_log_desk_add(struct ws_log_desk *desk, struct ws_desk_entry *entry,
                                             struct ws_error *err);

void ws_log_desk_numbers(struct ws_log_desk *desk, struct ws_desk_numbers *out);

#endif
