/*
 * wellspring ledger init: a log without entries.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/ledger_command.h"

struct init_request {
    const char *origin, *key, *policy;
};

/* Nobody who reads by this policy would accept what the log signs. */
static enum ws_status check_policy(const char *path, const struct ws_note_signer *signer,
                                   struct ws_arena *arena, struct ws_error *err)
{
    struct ws_trust trust;
    bool is_named = false;
    WS_TRY(read_policy(path, arena, &trust, err));
    for (size_t i = 0; i < trust.log_count; i++)
        is_named |=
            trust.logs[i].key.id == signer->id && strcmp(trust.logs[i].key.name, signer->name) == 0;
    ws_trust_close(&trust);
    if (!is_named)
        return ws_fail(err, WS_INVALID, "'%.200s' does not name the log '%.200s' with this key",
                       path, signer->name);
    return WS_OK;
}

static enum ws_status print_log(const char *directory, const struct init_request *request,
                                const struct ws_note_signer *signer, struct ws_arena *arena,
                                struct ws_error *err)
{
    struct ws_note_key key;
    WS_TRY(ws_note_signer_key(signer, &key, err));
    const char *vkey = vkey_text(&key, arena);
    ws_note_key_close(&key);
    if (!vkey)
        return ws_fail_memory(err, "a key");
    (void)printf("The log '%s' begins in '%s'. Readers name it in their policies:\nlog %s\n",
                 signer->name, directory, vkey);
    begin_command(stdout, "Next:\n ");
    print_words("ledger add");
    print_word(directory);
    print_words("FILE... --issuer KEY");
    end_command(NULL);
    begin_command(stdout, " ");
    print_words("ledger publish");
    print_word(directory);
    print_flag_word("key", request->key);
    end_command(NULL);
    return WS_OK;
}

static enum ws_status init(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct init_request *request = context;
    const char *directory = arguments->positional[0];
    struct ws_note_signer signer;
    struct ws_arena arena;
    if (!request->key)
        return ws_fail(err, WS_INVALID,
                       "init: which --key signs? "
                       "'ledger keys FILE --make NAME --for log' makes one");
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_key_file_read(request->key, WS_KEY_ED25519, &arena, &signer, err);
    if (status == WS_OK) {
        if (request->origin && strcmp(request->origin, signer.name) != 0)
            status = ws_fail(err, WS_INVALID,
                             "--origin is '%.200s' and the key is that of '%.200s': a log is "
                             "called as its key is",
                             request->origin, signer.name);
        if (status == WS_OK && request->policy)
            status = check_policy(request->policy, &signer, &arena, err);
        if (status == WS_OK)
            status = ws_log_make(directory, &signer, err);
        if (status == WS_OK)
            status = print_log(directory, request, &signer, &arena, err);
        ws_note_signer_close(&signer);
    }
    ws_arena_release(&arena);
    return status;
}

int cmd_ledger_init(int argc, char **argv)
{
    struct init_request request = {.key = NULL};
    const struct flag table[] = {
        {"origin", 0, "NAME", "the log's name, which no two logs share: that of its key", NULL,
         &request.origin},
        {"key", 'k', "FILE", "the private key that signs (ledger keys)", NULL, &request.key},
        {"policy", 0, "FILE", "refuse when this policy would not accept what the log signs", NULL,
         &request.policy},
    };
    const struct command_line line = {
        .usage = "ledger init DIR --key FILE [options]",
        .about = "Begins a log without entries in DIR, which is empty or not there yet.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "init: which directory?",
    };
    return command_of_one(&line, argc, argv, init, &request);
}
