/*
 * wellspring vault statement: what an archive says of the texts that it preserved, with a shard of
 * them, from one command.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"
#include "cli/ledger_command.h"
#include "cli/shard_making.h"
#include "cli/stop_signal.h"
#include "cli/vault_command.h"
#include "ledger/vault.h"

enum { PATIENCE = 30 /* seconds */ };

struct statement_request {
    const char *collection, *method, *key, *out, *log;
    const char *started, *ended, *licence, *ai_preference;
    bool json;
};

/* A statement that is being made. */
struct archiving {
    const struct statement_request *request;
    struct ws_vault vault;
    struct ws_arena arena;
    struct shard_making making;
    uint64_t items, not_texts;
    const char *first, *last; /* capture dates of what is in the shard */
    json_t *left_out;
    struct ws_shard shard; /* as it was written */
    uint64_t index;        /* in the log */
};

/* Whether it is text ---------------------------------------------------------------------------
 */

/* Bytes that come in pieces, which may cut a character. */
struct text_check {
    bool is_text;
    uint8_t kept[4]; /* the beginning of a character */
    size_t kept_size;
};

/* UTF-8 without NUL: what else there is, other programs may take for text, and this one not. */
static void check_bytes(struct text_check *check, struct ws_bytes bytes, bool more)
{
    while (bytes.size > 0 && check->is_text) {
        int32_t character;
        size_t size = ws_utf8_decode(bytes, more, &character);
        if (size == 0) {
            memcpy(check->kept, bytes.data, bytes.size);
            check->kept_size = bytes.size;
            return;
        }
        check->is_text = character > 0;
        bytes = ws_bytes_of(bytes.data + size, bytes.size - size);
    }
}

static enum ws_status check_piece(void *check_, struct ws_bytes piece, struct ws_error *err)
{
    struct text_check *check = check_;
    (void)err;
    while (check->kept_size > 0 && piece.size > 0 && check->is_text) {
        uint8_t begun[sizeof check->kept];
        const size_t size = check->kept_size + 1;
        memcpy(begun, check->kept, check->kept_size);
        begun[check->kept_size] = piece.data[0];
        piece = ws_bytes_of(piece.data + 1, piece.size - 1);
        check->kept_size = 0;
        check_bytes(check, ws_bytes_of(begun, size), true);
    }
    check_bytes(check, piece, true);
    return WS_OK;
}

static enum ws_status is_text(const struct archiving *archiving, const struct ws_hash *item,
                              bool *yes, struct ws_error *err)
{
    struct text_check check = {.is_text = true};
    WS_TRY(ws_vault_get(&archiving->vault, item, check_piece, &check, err));
    *yes = check.is_text && check.kept_size == 0;
    return WS_OK;
}

/* The shard ------------------------------------------------------------------------------------
 */

static void leave_out(struct archiving *archiving, const struct ws_vault_record *record)
{
    char item[WS_HASH_TEXT_SIZE];
    ws_hash_text(&record->item, item);
    archiving->not_texts++;
    if (archiving->request->json)
        ws_json_add(&archiving->left_out,
                    json_pack("{s:s, s:s}", "item", item, "origin", record->origin));
    else
        (void)printf("Not in it: %s from %s: no text in UTF-8\n", item, record->origin);
}

/* All records of an item say when it was captured. */
static void note_dates(struct archiving *archiving, size_t record)
{
    for (uint64_t at = record + 1; at > 0; at = archiving->vault.earlier[at - 1]) {
        const char *captured = archiving->vault.records[at - 1].captured;
        if (!archiving->first || strcmp(captured, archiving->first) < 0)
            archiving->first = captured;
        if (!archiving->last || strcmp(captured, archiving->last) > 0)
            archiving->last = captured;
    }
}

static enum ws_status take_item(struct archiving *archiving, size_t number, struct ws_error *err)
{
    const struct ws_vault_record *record = &archiving->vault.records[number];
    const uint64_t before = archiving->making.empty;
    bool yes;
    WS_TRY(is_text(archiving, &record->item, &yes, err));
    if (!yes) {
        leave_out(archiving, record);
        return WS_OK;
    }
    WS_TRY(ws_vault_get(&archiving->vault, &record->item, shard_making_piece, &archiving->making,
                        err));
    WS_TRY(shard_making_end(&archiving->making, err));
    if (archiving->making.empty == before)
        note_dates(archiving, number);
    return WS_OK;
}

/* Each item that is there comes once, where its last record stands. */
static enum ws_status take_items(struct archiving *archiving, struct ws_error *err)
{
    const struct ws_vault *vault = &archiving->vault;
    for (size_t i = 0; i < vault->count; i++) {
        const struct ws_vault_record *record = &vault->records[i];
        if (record->is_removal || ws_vault_find(vault, &record->item) != record)
            continue;
        archiving->items++;
        WS_TRY(take_item(archiving, i, err));
    }
    return WS_OK;
}

static enum ws_status make_shard(struct archiving *archiving, struct ws_error *err)
{
    const struct statement_request *request = archiving->request;
    stop_signal_take();
    enum ws_status status =
        shard_making_open(&archiving->making, request->out, NULL, NULL, 0, &archiving->arena, err);
    if (status == WS_OK)
        status = take_items(archiving, err);
    if (status == WS_OK)
        status = shard_making_keep(&archiving->making, err);
    shard_making_close(&archiving->making);
    WS_TRY(status);
    return ws_shard_open(&archiving->shard, request->out, err);
}

/* The statement --------------------------------------------------------------------------------
 */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum ws_status make_statement(struct archiving *archiving,
                                     const struct ws_note_signer *signer, struct ws_bytes *out,
                                     struct ws_error *err)
{
    const struct statement_request *request = archiving->request;
    struct ws_statement_subject subject = {base_of(request->out), archiving->shard.digest};
    const struct ws_statement statement = {
        .kind = WS_STATEMENT_ARCHIVE,
        .subjects = &subject,
        .subject_count = 1,
        .archive = {.collection = request->collection,
                    .started = request->started ? request->started : archiving->first,
                    .ended = request->ended ? request->ended : archiving->last,
                    .documents = archiving->shard.head.documents,
                    .method = request->method,
                    .licence = request->licence,
                    .ai_preference = request->ai_preference},
    };
    return sign_statement(&statement, signer, &archiving->arena, out, err);
}

static enum ws_status print_made_json(const struct archiving *archiving, const char *statement,
                                      struct ws_error *err)
{
    const struct statement_request *request = archiving->request;
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&archiving->shard.digest, digest);
    return print_json(
        json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:O, s:s, s:s, s:o}", "statement",
                  ws_json_path(statement), "shard", ws_json_path(request->out), "digest", digest,
                  "documents", (json_int_t)archiving->shard.head.documents, "fingerprints",
                  (json_int_t)archiving->shard.head.range.pairs, "without_text",
                  (json_int_t)archiving->making.empty, "left_out", archiving->left_out, "started",
                  request->started ? request->started : archiving->first, "ended",
                  request->ended ? request->ended : archiving->last, "index",
                  request->log ? json_integer((json_int_t)archiving->index) : json_null()),
        "the answer", err);
}

static void print_made(const struct archiving *archiving, const char *statement)
{
    const struct statement_request *request = archiving->request;
    (void)printf("'%s': %" PRIu64 " documents of '%s', of the vault's %" PRIu64
                 " items, captured from %s to %s.\n",
                 statement, archiving->shard.head.documents, request->collection, archiving->items,
                 request->started ? request->started : archiving->first,
                 request->ended ? request->ended : archiving->last);
    if (archiving->making.empty > 0)
        (void)printf("%" PRIu64 " items have no text and are left out.\n", archiving->making.empty);
    (void)printf("Keep '%s', and publish '%s' and its other files.\n", archiving->making.secret,
                 request->out);
    if (request->log)
        (void)printf("It is entry %" PRIu64 ".\n", archiving->index);
    begin_command(stdout, "Next:\n ");
    if (request->log) {
        print_words("ledger publish");
        print_word(request->log);
        print_words("--key LOG-KEY");
    } else {
        print_words("ledger add LOG");
        print_word(statement);
    }
    end_command(NULL);
}

static enum ws_status make_with(struct archiving *archiving, const struct ws_note_signer *signer,
                                struct ws_error *err)
{
    const struct statement_request *request = archiving->request;
    struct ws_bytes envelope;
    const char *path = ws_arena_format(&archiving->arena, "%s.statement", request->out);
    if (!path)
        return ws_fail_memory(err, "a statement");
    WS_TRY(make_shard(archiving, err));
    WS_TRY(make_statement(archiving, signer, &envelope, err));
    WS_TRY(ws_file_replace(path, envelope, err));
    if (request->log)
        WS_TRY(add_to_log(request->log, PATIENCE, envelope, &archiving->index, err));
    if (request->json)
        return print_made_json(archiving, path, err);
    print_made(archiving, path);
    return WS_OK;
}

static enum ws_status check_request(const struct statement_request *request, struct ws_error *err)
{
    static const char *const names[] = {"collection", "method", "key", "out"};
    const char *const given[] = {request->collection, request->method, request->key, request->out};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (!given[i])
            return ws_fail(err, WS_INVALID, "statement: --%s is not given, and is wanted",
                           names[i]);
    const char *const times[] = {request->started, request->ended};
    for (size_t i = 0; i < 2; i++)
        if (times[i] && !ws_statement_is_time(times[i]))
            return ws_fail(err, WS_INVALID, "--%s is '%.40s', wanted '2026-11-01T00:00:00Z'",
                           i == 0 ? "started" : "ended", times[i]);
    return WS_OK;
}

static enum ws_status make(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct statement_request *request = context;
    struct archiving archiving = {.request = request, .left_out = json_array()};
    struct ws_note_signer signer;
    enum ws_status status = check_request(request, err);
    ws_arena_init(&archiving.arena, NULL);
    if (status == WS_OK)
        status = ws_key_file_read(request->key, WS_KEY_ED25519, &archiving.arena, &signer, err);
    if (status == WS_OK) {
        status = ws_vault_open(arguments->positional[0], false, &archiving.vault, err);
        if (status == WS_OK) {
            status = make_with(&archiving, &signer, err);
            ws_vault_close(&archiving.vault);
        }
        ws_note_signer_close(&signer);
    }
    ws_shard_close(&archiving.shard);
    json_decref(archiving.left_out);
    ws_arena_release(&archiving.arena);
    return status;
}

int cmd_vault_statement(int argc, char **argv)
{
    struct statement_request request = {.collection = NULL};
    const struct flag table[] = {
        {"collection", 0, "NAME", "what the archive calls it, in its namespace", NULL,
         &request.collection},
        {"method", 0, "TEXT", "how the items were captured", NULL, &request.method},
        {"key", 0, "KEY", "the archive's private key", NULL, &request.key},
        {"out", 'o', "FILE", "the shard's head; other files, and the statement, have longer names",
         NULL, &request.out},
        {"log", 0, "LOG", "the directory of a log that the statement is added to", NULL,
         &request.log},
        {"started", 0, "TIME", "of capture (default: the earliest that the records say)", NULL,
         &request.started},
        {"ended", 0, "TIME", "likewise (default: the latest)", NULL, &request.ended},
        {"license", 0, "TEXT", "the licence, as it stands", NULL, &request.licence},
        {"ai-preference", 0, "TEXT", "a Content-Usage header or the like, as it stands", NULL,
         &request.ai_preference},
        {"json", 0, NULL, "what was made as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "vault statement DIR --collection NAME --method TEXT --key KEY --out FILE "
                 "[options]",
        .about =
            "Makes a shard of the texts that are in a vault, and an archive's signed statement "
            "of it. What was\nremoved is not in it; items that are no text in UTF-8 are named "
            "and left out. Publish shards only of\ntext that is public: who can guess a text "
            "can ask for it.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "of which vault?",
    };
    return command_of_one(&line, argc, argv, make, &request);
}
