/*
 * wellspring ledger add: envelopes as they are, and descriptions made into statements and signed.
 * All files are checked before the log is taken; then they are added together, or none is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/ledger_command.h"
#include "ledger/admission.h"
#include "ledger/description.h"
#include "ledger/issuer_list.h"
#include "ledger/log_source.h"

enum {
    FILE_LIMIT = 1 << 30, /* bytes of a file of envelopes */
    THREADS_MOST = 64,
    PATIENCE = 30, /* seconds */
};

struct add_request {
    const char *issuer, *issuers, *wait;
    bool json;
};

/* What is to be added, and where each came from. */
struct batch {
    const char *directory; /* the log */
    struct ws_arena arena;
    struct ws_bytes *entries;
    const char **files;
    struct ws_admitted *admitted;
    size_t count, room;
    struct ws_note_signer signer;
    bool has_signer;
    struct ws_issuer_list issuers;
    const struct ws_note_key **keys;
    size_t key_count;
};

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "the entries");
}

/* Collecting ----------------------------------------------------------------------------------- */

static enum ws_status take_entry(struct batch *batch, struct ws_bytes entry, const char *file,
                                 struct ws_error *err)
{
    if (batch->count == batch->room) {
        const size_t room = batch->room * 2 + 64;
        struct ws_bytes *entries = WS_ARENA_NEW(&batch->arena, struct ws_bytes, room);
        const char **files = WS_ARENA_NEW(&batch->arena, const char *, room);
        if (!entries || !files)
            return no_memory(err);
        for (size_t i = 0; i < batch->count; i++) {
            entries[i] = batch->entries[i];
            files[i] = batch->files[i];
        }
        batch->entries = entries;
        batch->files = files;
        batch->room = room;
    }
    batch->entries[batch->count] = entry;
    batch->files[batch->count++] = file;
    return WS_OK;
}

static const char *folder_of(const char *path, struct ws_arena *arena)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    return slash == path ? "/" : ws_arena_text_of(arena, path, (size_t)(slash - path));
}

/* What is taken back is in the log by then, so that its digest can be. */
static enum ws_status find_withdrawn(struct batch *batch, struct ws_description *description,
                                     struct ws_error *err)
{
    const struct ws_log_source source = {.from = batch->directory};
    struct ws_log_source_tree tree = {.source = &source};
    const uint64_t index = description->statement.withdrawal.entry;
    struct ws_bytes bytes, entry;
    struct ws_note note;
    WS_TRY(ws_log_source_read(&source, "checkpoint", &batch->arena, &bytes, err));
    WS_TRY(ws_note_read(bytes, &batch->arena, &note, err));
    WS_TRY(ws_checkpoint_read(note.text, &batch->arena, &tree.checkpoint, err));
    if (index >= tree.checkpoint.size)
        return ws_fail(err, WS_INVALID,
                       "it withdraws entry %" PRIu64
                       ", and the log's last checkpoint covers %" PRIu64
                       " entries; 'ledger publish' makes the next",
                       index, tree.checkpoint.size);
    WS_TRY(ws_log_source_entry(&tree, index, &batch->arena, &entry, err));
    return ws_description_withdraw(description, entry, err);
}

static enum ws_status take_description(struct batch *batch, struct ws_bytes text, const char *file,
                                       struct ws_error *err)
{
    struct ws_description description;
    struct ws_bytes entry;
    WS_TRY(ws_description_read(text, file, &batch->arena, &description, err));
    if (!batch->has_signer)
        return ws_fail(err, WS_INVALID,
                       "add: '%.200s' is a description, to be signed: whose key? --issuer KEY",
                       file);
    const char *folder = folder_of(file, &batch->arena);
    if (!folder)
        return no_memory(err);
    WS_TRY(ws_description_hash(&description, folder, &batch->arena, err));
    enum ws_status status = WS_OK;
    if (description.statement.kind == WS_STATEMENT_WITHDRAWAL)
        status = find_withdrawn(batch, &description, err);
    if (status == WS_OK)
        status = sign_statement(&description.statement, &batch->signer, &batch->arena, &entry, err);
    if (status != WS_OK)
        ws_error_prefix(err, "'%.200s'", file);
    return status == WS_OK ? take_entry(batch, entry, file, err) : status;
}

/* One over the whole file, or one a line. */
static enum ws_status take_envelopes(struct batch *batch, struct ws_bytes text, const char *file,
                                     struct ws_error *err)
{
    struct ws_bytes line;
    struct ws_envelope envelope;
    struct ws_arena scratch;
    while (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    ws_arena_init(&scratch, NULL);
    const bool is_one = text.size <= WS_ENVELOPE_LIMIT &&
                        ws_envelope_read(text, &scratch, &envelope, NULL) == WS_OK;
    ws_arena_release(&scratch);
    if (is_one)
        return take_entry(batch, text, file, err);
    while (ws_bytes_split(text, '\n', &line, &text))
        WS_TRY(take_entry(batch, line, file, err));
    return take_entry(batch, text, file, err);
}

static enum ws_status take_file(struct batch *batch, const char *file, struct ws_error *err)
{
    static const char mark[] = "\"payloadType\"";
    struct ws_bytes text;
    WS_TRY(ws_file_read(file, FILE_LIMIT, &batch->arena, &text, err));
    const bool holds_envelopes =
        text.size > 0 && text.data[0] == '{' && memmem(text.data, text.size, mark, strlen(mark));
    return holds_envelopes ? take_envelopes(batch, text, file, err)
                           : take_description(batch, text, file, err);
}

/* Checking ------------------------------------------------------------------------------------- */

static enum ws_status list_keys(struct batch *batch, struct ws_error *err)
{
    batch->keys = WS_ARENA_NEW(&batch->arena, const struct ws_note_key *, batch->issuers.count + 1);
    if (!batch->keys)
        return no_memory(err);
    for (size_t i = 0; i < batch->issuers.count; i++)
        batch->keys[batch->key_count++] = &batch->issuers.items[i].key;
    return WS_OK;
}

static enum ws_status check(struct batch *batch, struct ws_error *err)
{
    const unsigned processors = ws_processor_count();
    struct ws_pool *pool;
    size_t bad;
    WS_TRY(list_keys(batch, err));
    const struct ws_admission admission = {.keys = batch->keys, .key_count = batch->key_count};
    batch->admitted = WS_ARENA_ZNEW(&batch->arena, struct ws_admitted, batch->count + 1);
    if (!batch->admitted)
        return no_memory(err);
    json_object_seed(0); /* before several threads would */
    WS_TRY(ws_pool_new(processors < THREADS_MOST ? processors : THREADS_MOST, NULL, &pool, err));
    enum ws_status status = ws_admission_check(&admission, batch->entries, batch->count, pool,
                                               batch->admitted, &bad, err);
    ws_pool_free(pool);
    if (status == WS_OK)
        return WS_OK;
    ws_error_prefix(err, "'%.200s', entry %zu of what is added", batch->files[bad], bad);
    return status == WS_CORRUPT || status == WS_UNSUPPORTED || status == WS_LIMIT ? WS_INVALID
                                                                                  : status;
}

/* What is cited is earlier, and that is known when the place is. */
static enum ws_status check_places(const struct batch *batch, uint64_t first, struct ws_error *err)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->admitted[i].least_index > first + i)
            return ws_fail(err, WS_INVALID,
                           "'%.200s' cites entry %" PRIu64 " and would be entry %" PRIu64
                           " itself: what is cited is earlier",
                           batch->files[i], batch->admitted[i].least_index - 1, first + i);
    return WS_OK;
}

/* Adding --------------------------------------------------------------------------------------- */

static enum ws_status print_added_json(const struct batch *batch, uint64_t first,
                                       struct ws_error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < batch->count; i++)
        ws_json_add(&list,
                    json_pack("{s:I, s:o, s:s, s:I}", "index", (json_int_t)first + (json_int_t)i,
                              "file", ws_json_path(batch->files[i]), "predicate_type",
                              ws_statement_type(batch->admitted[i].kind), "bytes",
                              (json_int_t)batch->entries[i].size));
    return print_json(list, "the answer", err);
}

static void print_added(const struct batch *batch, const char *directory, uint64_t first)
{
    for (size_t i = 0; i < batch->count; i++) {
        (void)printf("entry %" PRIu64 ": ", first + i);
        print_safely(batch->files[i]);
        (void)printf("\n");
    }
    if (batch->key_count == 0 && !batch->has_signer)
        (void)printf("Whose they are was not checked: --issuers FILE names whose are taken.\n");
    begin_command(stdout, "Kept, and in the log with its next checkpoint. Next:\n ");
    print_words("ledger publish");
    print_word(directory);
    print_words("--key KEY");
    end_command(NULL);
}

static enum ws_status put(const struct batch *batch, const char *directory, double patience,
                          uint64_t *first, struct ws_error *err)
{
    struct ws_log_store store;
    WS_TRY(open_log_patiently(directory, patience, &store, err));
    enum ws_status status = check_places(batch, store.count, err);
    if (status == WS_OK)
        status = ws_log_add(&store, batch->entries, batch->count, first, err);
    ws_log_close(&store);
    return status;
}

static enum ws_status add_files(struct batch *batch, const struct arguments *arguments,
                                const struct add_request *request, struct ws_error *err)
{
    const char *directory = arguments->positional[0];
    double patience;
    uint64_t first;
    WS_TRY(read_seconds("wait", request->wait, PATIENCE, &patience, err));
    for (size_t i = 1; i < arguments->positional_count; i++)
        WS_TRY(take_file(batch, arguments->positional[i], err));
    WS_TRY(check(batch, err));
    WS_TRY(put(batch, directory, patience, &first, err));
    if (request->json)
        return print_added_json(batch, first, err);
    print_added(batch, directory, first);
    return WS_OK;
}

static enum ws_status read_keys(struct batch *batch, const struct add_request *request,
                                struct ws_error *err)
{
    struct ws_bytes text;
    if (request->issuers) {
        WS_TRY(ws_file_read(request->issuers, WS_ISSUER_LIST_LIMIT, &batch->arena, &text, err));
        WS_TRY(ws_issuer_list_read(text, request->issuers, &batch->arena, &batch->issuers, err));
    }
    if (request->issuer)
        WS_TRY(
            ws_key_file_read(request->issuer, WS_KEY_ED25519, &batch->arena, &batch->signer, err));
    batch->has_signer = request->issuer != NULL;
    return WS_OK;
}

static enum ws_status add(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct add_request *request = context;
    struct batch batch = {.directory = arguments->positional[0]};
    if (arguments->positional_count < 2)
        return ws_fail(err, WS_INVALID, "add: which FILE is to be added to '%.200s'?",
                       arguments->positional[0]);
    ws_arena_init(&batch.arena, NULL);
    enum ws_status status = read_keys(&batch, request, err);
    if (status == WS_OK)
        status = add_files(&batch, arguments, request, err);
    if (batch.has_signer)
        ws_note_signer_close(&batch.signer);
    ws_issuer_list_close(&batch.issuers);
    ws_arena_release(&batch.arena);
    return status;
}

int cmd_ledger_add(int argc, char **argv)
{
    struct add_request request = {.issuer = NULL};
    const struct flag table[] = {
        {"issuer", 0, "KEY", "the private key that signs what is described", NULL, &request.issuer},
        {"issuers", 0, "FILE", "whose statements are taken: lines of 'issuer VKEY'", NULL,
         &request.issuers},
        {"wait", 0, "SECONDS", "for a log that another process writes to (default 30)", NULL,
         &request.wait},
        {"json", 0, NULL, "indices as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger add DIR FILE... [options]",
        .about =
            "Adds statements to a log: envelopes (DSSE), one to a file or to a line, or "
            "descriptions in YAML or\nJSON, which are made into statements and signed. All are "
            "checked first; all are added, or none.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "add: to which log?",
    };
    return command_of_one(&line, argc, argv, add, &request);
}
