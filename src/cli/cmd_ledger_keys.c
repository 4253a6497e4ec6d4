/*
 * wellspring ledger keys: makes a key, or prints the public halves of keys. What is private goes
 * into files that nobody else may read, and nowhere else.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/ledger_command.h"

struct keys_request {
    const char *make, *role;
    bool json;
};

/* What a key is for: it decides the type, and what is to be done with it next. */
static const struct key_role {
    const char *name;
    enum ws_key_type type;
    const char *next;
} key_roles[] = {
    {"log", WS_KEY_ED25519,
     "begin the log with it:\n  wellspring ledger init DIR --origin NAME --key FILE"},
    {"issuer", WS_KEY_ED25519,
     "sign statements with it:\n  wellspring ledger add DIR DESCRIPTION --issuer FILE"},
    {"witness", WS_KEY_COSIGNATURE, "readers put its line into their policies: witness NAME VKEY"},
    {"root", WS_KEY_ED25519,
     "move the file to where no network reaches;\nit says which keys are an issuer's"},
    {"recovery", WS_KEY_ED25519,
     "move the file to another place than the root's;\nit speaks when the root's is lost"},
};
enum { ROLE_COUNT = sizeof key_roles / sizeof *key_roles };

static enum ws_status find_role(const char *name, const struct key_role **out, struct ws_error *err)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (strcmp(key_roles[i].name, name) == 0) {
            *out = &key_roles[i];
            return WS_OK;
        }
    return ws_fail(err, WS_INVALID,
                   "--for is '%.40s', wanted log, issuer, witness, root or recovery", name);
}

static json_t *key_json(const char *path, const struct ws_note_key *key, const char *vkey)
{
    char id[9];
    (void)snprintf(id, sizeof id, "%08x", (unsigned)key->id);
    return json_pack("{s:o, s:s, s:s, s:s, s:s}", "file", ws_json_path(path), "name", key->name,
                     "id", id, "type", key->type == WS_KEY_ED25519 ? "ed25519" : "cosignature",
                     "vkey", vkey);
}

/* Prints the public half, or adds it to `list`. */
static enum ws_status show_key(const char *path, const struct ws_note_signer *signer, json_t **list,
                               struct ws_arena *arena, struct ws_error *err)
{
    struct ws_note_key key;
    WS_TRY(ws_note_signer_key(signer, &key, err));
    const char *vkey = vkey_text(&key, arena);
    if (vkey && list)
        ws_json_add(list, key_json(path, &key, vkey));
    else if (vkey)
        (void)printf("%s\n", vkey);
    ws_note_key_close(&key);
    return vkey ? WS_OK : ws_fail_memory(err, "a key");
}

static enum ws_status show_keys(const struct arguments *arguments, json_t **list,
                                struct ws_arena *arena, struct ws_error *err)
{
    for (size_t i = 0; i < arguments->positional_count; i++) {
        const char *path = arguments->positional[i];
        struct ws_note_signer signer;
        WS_TRY(ws_key_file_read_any(path, arena, &signer, err));
        enum ws_status status = show_key(path, &signer, list, arena, err);
        ws_note_signer_close(&signer);
        WS_TRY(status);
    }
    return WS_OK;
}

static enum ws_status make_key(const struct keys_request *request, const char *path, json_t **list,
                               struct ws_arena *arena, struct ws_error *err)
{
    const struct key_role *role;
    struct ws_note_signer signer;
    WS_TRY(find_role(request->role ? request->role : "issuer", &role, err));
    WS_TRY(ws_note_signer_make(request->make, role->type, arena, &signer, err));
    enum ws_status status = ws_key_file_write(path, &signer, err);
    if (status == WS_OK)
        status = show_key(path, &signer, list, arena, err);
    ws_note_signer_close(&signer);
    if (status == WS_OK && !list)
        (void)printf("Next: %s\n", role->next);
    return status;
}

static enum ws_status keys(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct keys_request *request = context;
    struct ws_arena arena;
    json_t *list = request->json ? json_array() : NULL;
    json_t **add = request->json ? &list : NULL;
    enum ws_status status;
    ws_arena_init(&arena, NULL);
    if (request->make && arguments->positional_count != 1)
        status = ws_fail(err, WS_INVALID, "keys: --make writes one FILE, not %zu",
                         arguments->positional_count);
    else if (!request->make && request->role)
        status = ws_fail(err, WS_INVALID, "keys: --for is said of a key that --make makes");
    else if (request->make)
        status = make_key(request, arguments->positional[0], add, &arena, err);
    else
        status = show_keys(arguments, add, &arena, err);
    ws_arena_release(&arena);
    if (status == WS_OK && request->json)
        return print_json(list, "the answer", err);
    json_decref(list);
    return status;
}

int cmd_ledger_keys(int argc, char **argv)
{
    struct keys_request request = {.json = false};
    const struct flag table[] = {
        {"make", 0, "NAME", "make a private key of that name in FILE, which must not be there yet",
         NULL, &request.make},
        {"for", 0, "ROLE", "log, issuer (the default), witness, root or recovery", NULL,
         &request.role},
        {"json", 0, NULL, "the keys as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger keys FILE... [options]",
        .about =
            "Prints the public keys that belong to files of private keys, or makes one. Private "
            "keys are\nnever printed; their files are readable by their owner alone, and never "
            "written over.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "which FILE? --make NAME makes one",
    };
    return command_of_one(&line, argc, argv, keys, &request);
}
