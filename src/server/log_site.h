/*
 * A log over HTTP: its files as c2sp.org/tlog-tiles has them, entries that issuers hand in, numbers
 * for those who look after it.
 *
 *     GET  /checkpoint, /checkpoints/<size>, /tile/..., /vkey     docs/formats/log.md
 *     POST /add                                                   docs/formats/log.md
 *     GET  /shards/...                                            docs/formats/shard.md
 *     POST /lookup, /lookup/bundle; GET /lookup/log               docs/formats/log.md
 *     GET  /, /lookup, /assets/...: a page that asks these
 *     GET  /metrics
 *
 * Nothing else of the directory can be asked for. Without a key that signs it is read alone, and
 * another process may write it. Contract: tests/fault/test_log_site.c.
 */
#ifndef WS_SERVER_LOG_SITE_H
#define WS_SERVER_LOG_SITE_H

#include "ledger/issuer_list.h"
#include "ledger/log_cosign.h"
#include "ledger/lookup.h"
#include "ledger/roles.h"
#include "server/http_server.h"

struct ws_log_site_settings {
    const char *directory;
    const struct ws_note_signer *signer; /* NULL: nothing can be added */
    const struct ws_issuer_list *issuers;
    bool takes_anyones;                       /* entries of whomever, who share the usual quota */
    const struct ws_log_witnesses *witnesses; /* who cosign checkpoints; NULL: nobody */
    double publish_seconds;                   /* from one checkpoint to the next */
    const char *shards;           /* where shards are that the log names; NULL: nowhere */
    const struct ws_roles *roles; /* which of them hold and which were withdrawn */
    /* In what texts are looked up; NULL: nobody can ask. Its `now` is not read. */
    const struct ws_lookup_request *lookup;
    /* Why a checkpoint could not be published or a text not looked up, when it is another reason
     * than the time before; by a thread of the site. NULL: nobody is told. */
    void (*complain)(const char *message);
};

struct ws_log_site;

/* All that is given stays as it is until the site has stopped. The settings' `token` is not asked
 * for. */
WS_MUST_CHECK enum ws_status ws_log_site_start(const struct ws_log_site_settings *settings,
                                               const struct ws_http_settings *http,
                                               struct ws_log_site **out, struct ws_error *err);
unsigned ws_log_site_port(const struct ws_log_site *site);
/* Answers whoever has asked, publishes what was added, and ends. */
void ws_log_site_stop(struct ws_log_site *site);

#endif
