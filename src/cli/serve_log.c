#include "cli/serve_log.h"

#include <stdio.h>

#include "base/file.h"
#include "base/number.h"
#include "ledger/key_file.h"

enum { PUBLISH_SECONDS = 5, PUBLISH_MOST = 86400 };

static enum ws_status read_signer(const char *path, struct ws_arena *arena,
                                  struct serve_log_keys *keys, struct ws_error *err)
{
    WS_TRY(ws_key_file_read(path, WS_KEY_ED25519, arena, &keys->signer, err));
    keys->has_signer = true;
    return WS_OK;
}

static enum ws_status read_issuers(const char *path, struct ws_arena *arena,
                                   struct serve_log_keys *keys, struct ws_error *err)
{
    struct ws_bytes text;
    WS_TRY(ws_file_read(path, WS_ISSUER_LIST_LIMIT, arena, &text, err));
    return ws_issuer_list_read(text, path, arena, &keys->issuers, err);
}

static enum ws_status read_witnesses(const char *path, struct ws_arena *arena,
                                     struct serve_log_keys *keys, struct ws_error *err)
{
    struct ws_bytes text;
    WS_TRY(ws_file_read(path, WS_TRUST_LIMIT, arena, &text, err));
    WS_TRY(ws_trust_read(text, path, arena, &keys->trust, err));
    keys->transport = ws_witness_over_http(&ws_witness_patience);
    keys->witnesses = (struct ws_log_witnesses){&keys->trust, &keys->transport};
    return WS_OK;
}

static enum ws_status read_roles(const char *path, struct ws_arena *arena,
                                 struct serve_log_keys *keys, struct ws_error *err)
{
    struct ws_bytes text;
    WS_TRY(ws_file_read(path, WS_TRUST_LIMIT, arena, &text, err));
    return ws_roles_read(text, path, &keys->trust, arena, &keys->roles, err);
}

/* What only makes sense together. */
static enum ws_status check_flags(const struct serve_log_flags *flags, struct ws_error *err)
{
    if (!flags->shards != !flags->roles)
        return ws_fail(err, WS_INVALID,
                       "--shards and --roles go together: roles say whose shards are served, and "
                       "whose word takes them back");
    if (flags->index && !(flags->shards && flags->policy))
        return ws_fail(err, WS_INVALID,
                       "--index is for lookups: give --shards, --roles and --policy, too");
    if (!flags->key && (flags->issuers || flags->allow_anyone || (flags->policy && !flags->roles) ||
                        flags->publish_every))
        return ws_fail(
            err, WS_INVALID,
            "--issuers, --allow-anyone, --policy and --publish-every are for a log that takes "
            "entries: give its --key FILE, too");
    if (flags->key && !flags->issuers && !flags->allow_anyone)
        return ws_fail(err, WS_INVALID,
                       "whose entries does the log take? --issuers FILE lists their keys, "
                       "--allow-anyone takes them all");
    return WS_OK;
}

static void complain(const char *message)
{
    (void)fprintf(stderr, "wellspring: %s\n", message);
}

enum ws_status serve_log_start(const struct serve_log_flags *flags,
                               const struct ws_http_settings *http, struct ws_arena *arena,
                               struct serve_log_keys *keys, struct ws_log_site **out,
                               struct ws_error *err)
{
    uint64_t seconds = PUBLISH_SECONDS;
    WS_TRY(check_flags(flags, err));
    if (flags->publish_every &&
        (!ws_whole_parse(flags->publish_every, &seconds) || seconds == 0 || seconds > PUBLISH_MOST))
        return ws_fail(err, WS_INVALID, "--publish-every is '%.40s', wanted whole seconds, 1 to %d",
                       flags->publish_every, PUBLISH_MOST);
    if (flags->key)
        WS_TRY(read_signer(flags->key, arena, keys, err));
    if (flags->issuers)
        WS_TRY(read_issuers(flags->issuers, arena, keys, err));
    if (flags->policy)
        WS_TRY(read_witnesses(flags->policy, arena, keys, err));
    if (flags->roles)
        WS_TRY(read_roles(flags->roles, arena, keys, err));
    keys->lookup = (struct ws_lookup_request){.log = flags->log,
                                              .policy = flags->policy,
                                              .roles = flags->roles,
                                              .shards = flags->shards,
                                              .index = flags->index};
    const struct ws_log_site_settings settings = {
        .directory = flags->log,
        .signer = flags->key ? &keys->signer : NULL,
        .issuers = &keys->issuers,
        .takes_anyones = flags->allow_anyone,
        .witnesses = flags->policy ? &keys->witnesses : NULL,
        .publish_seconds = (double)seconds,
        .shards = flags->shards,
        .roles = &keys->roles,
        .lookup = flags->roles && flags->policy ? &keys->lookup : NULL,
        .complain = complain};
    return ws_log_site_start(&settings, http, out, err);
}

void serve_log_close(struct serve_log_keys *keys)
{
    if (keys->has_signer)
        ws_note_signer_close(&keys->signer);
    ws_issuer_list_close(&keys->issuers);
    ws_roles_close(&keys->roles);
    ws_trust_close(&keys->trust);
}
