/*
 * `serve --log`: a log's site from the command's flags.
 */
#ifndef WS_CLI_SERVE_LOG_H
#define WS_CLI_SERVE_LOG_H

#include "base/arena.h"
#include "ledger/witness_http.h"
#include "server/log_site.h"

struct serve_log_flags {
    const char *log, *key, *issuers, *policy, *publish_every;
    const char *shards, *roles, *index;
    bool allow_anyone;
};

/* Keys that must live as long as the site. */
struct serve_log_keys {
    struct ws_note_signer signer;
    bool has_signer;
    struct ws_issuer_list issuers;
    struct ws_trust trust; /* the witnesses are its */
    struct ws_witness_transport transport;
    struct ws_log_witnesses witnesses;
    struct ws_roles roles;
    struct ws_lookup_request lookup;
};

/* The caller closes the keys, also after a failure, behind the site. */
WS_MUST_CHECK enum ws_status serve_log_start(const struct serve_log_flags *flags,
                                             const struct ws_http_settings *http,
                                             struct ws_arena *arena, struct serve_log_keys *keys,
                                             struct ws_log_site **out, struct ws_error *err);
void serve_log_close(struct serve_log_keys *keys); /* zeroed is fine */

#endif
