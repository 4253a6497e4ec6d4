/*
 * wellspring ledger verify: proofs, by a reader's policy and nothing else. Says what is proved, and
 * what the entry merely claims.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/ledger_command.h"
#include "ledger/envelope.h"
#include "ledger/log_proof.h"
#include "ledger/roles.h"
#include "ledger/statement.h"

enum { PROOF_LIMIT = 2 << 20 /* bytes */ };

struct verify_request {
    const char *policy, *entry, *roles;
    bool json;
};

struct reader {
    struct ws_arena arena;
    struct ws_trust trust;
    struct ws_roles roles;
    bool has_roles;
    bool json;
    json_t *list;
    struct ws_bytes entry; /* data NULL: that of each proof */
    size_t refused;
};

/* What came of a proof. */
struct verdict {
    bool is_proven;
    struct ws_error why; /* where it is not */
    uint64_t index;
    struct ws_trusted_checkpoint trusted;
    const char *claim;  /* what the entry says; NULL: it is no statement */
    const char *signer; /* as the envelope names the key */
    const char *party;  /* by the roles; NULL: nobody that they name */
    bool may_speak;
};

/* What the entry says ------------------------------------------------------------------------- */

static const char *claim_text(const struct ws_statement *s, struct ws_arena *arena)
{
    switch (s->kind) {
    case WS_STATEMENT_EMISSION:
        return ws_arena_format(arena,
                               "model '%s' made %" PRIu64 " documents, %s to %s, depth at "
                               "least %" PRIu64,
                               s->emission.model, s->emission.documents, s->emission.started,
                               s->emission.ended, s->emission.depth.at_least);
    case WS_STATEMENT_ARCHIVE:
        return ws_arena_format(arena, "archive '%s' captured %" PRIu64 " documents, %s to %s",
                               s->archive.collection, s->archive.documents, s->archive.started,
                               s->archive.ended);
    case WS_STATEMENT_WITHDRAWAL:
        return ws_arena_format(arena, "entry %" PRIu64 " holds no more: %s", s->withdrawal.entry,
                               s->withdrawal.reason);
    case WS_STATEMENT_KEY_CHANGE:
        return ws_arena_format(arena, "the key '%s' signs no more from entry %" PRIu64 " on%s%s",
                               s->key_change.old_key, s->key_change.since,
                               s->key_change.is_compromise ? ", it was stolen" : "",
                               s->key_change.new_key ? "; another one does" : "");
    case WS_STATEMENT_KINDS:
        break;
    }
    return NULL;
}

static bool may_speak(const struct ws_roles *roles, size_t party, const struct ws_statement *s)
{
    switch (s->kind) {
    case WS_STATEMENT_EMISSION:
        return ws_roles_allow(roles, party, WS_ROLE_ISSUER, s->emission.model);
    case WS_STATEMENT_ARCHIVE:
        return ws_roles_allow(roles, party, WS_ROLE_ARCHIVE, s->archive.collection);
    case WS_STATEMENT_WITHDRAWAL:
    case WS_STATEMENT_KEY_CHANGE:
    case WS_STATEMENT_KINDS:
        break;
    }
    return true;
}

/* Whose key of the roles signed. A bad signature of one of them is a fault. */
static enum ws_status find_party(struct reader *reader, const struct ws_envelope *envelope,
                                 const struct ws_statement *statement, struct verdict *verdict,
                                 struct ws_error *err)
{
    const struct ws_roles *roles = &reader->roles;
    const struct ws_note_key **keys =
        WS_ARENA_NEW(&reader->arena, const struct ws_note_key *, roles->key_count + 1);
    bool *signed_by = WS_ARENA_ZNEW(&reader->arena, bool, roles->key_count + 1);
    if (!keys || !signed_by)
        return ws_fail_memory(err, "the roles");
    for (size_t i = 0; i < roles->key_count; i++)
        keys[i] = &roles->keys[i].key;
    WS_TRY(ws_envelope_check(envelope, keys, roles->key_count, &reader->arena, signed_by, err));
    for (size_t i = 0; i < roles->key_count && !verdict->party; i++)
        if (signed_by[i]) {
            verdict->party = roles->parties[roles->keys[i].party];
            verdict->may_speak = may_speak(roles, roles->keys[i].party, statement);
        }
    return WS_OK;
}

static enum ws_status read_claim(struct reader *reader, struct ws_bytes entry,
                                 struct verdict *verdict, struct ws_error *err)
{
    struct ws_envelope envelope;
    struct ws_statement statement;
    if (ws_envelope_read(entry, &reader->arena, &envelope, NULL) != WS_OK ||
        ws_statement_read(envelope.payload, verdict->index, &reader->arena, &statement, NULL) !=
            WS_OK)
        return WS_OK; /* proven, and of another kind */
    verdict->claim = claim_text(&statement, &reader->arena);
    verdict->signer = envelope.signatures[0].key_id;
    return reader->has_roles ? find_party(reader, &envelope, &statement, verdict, err) : WS_OK;
}

/* The proof ------------------------------------------------------------------------------------ */

static enum ws_status check_proof(struct reader *reader, struct ws_bytes bytes,
                                  struct verdict *verdict, struct ws_error *err)
{
    struct ws_log_proof proof;
    WS_TRY(ws_log_proof_read(bytes, &reader->arena, &proof, err));
    verdict->index = proof.index;
    const struct ws_bytes entry = reader->entry.data ? reader->entry : proof.extra;
    if (!reader->entry.data && !proof.has_extra)
        return ws_fail(err, WS_INVALID, "it does not hold its entry: give it with --entry FILE");
    WS_TRY(
        ws_log_proof_check(&proof, entry, &reader->trust, &reader->arena, &verdict->trusted, err));
    WS_TRY(read_claim(reader, entry, verdict, err));
    verdict->is_proven = true;
    return WS_OK;
}

/* What is not proven is a result; what cannot be read is a failure. */
static enum ws_status judge(struct reader *reader, const char *file, struct verdict *verdict,
                            struct ws_error *err)
{
    struct ws_bytes bytes;
    WS_TRY(ws_file_read(file, PROOF_LIMIT, &reader->arena, &bytes, err));
    enum ws_status status = check_proof(reader, bytes, verdict, &verdict->why);
    if (status == WS_OK || status == WS_CORRUPT)
        return WS_OK;
    *err = verdict->why;
    ws_error_prefix(err, "'%.200s'", file);
    return status;
}

/* Telling -------------------------------------------------------------------------------------- */

static void print_date(const struct reader *reader, const struct verdict *verdict)
{
    const struct ws_trusted_checkpoint *trusted = &verdict->trusted;
    char time[32];
    if (trusted->time == 0) {
        (void)printf("  The policy wants no witnesses: nothing is proved of its date.\n");
        return;
    }
    time_text(trusted->time, time);
    (void)printf(
        "  It existed no later than %s: by then the policy's quorum of witnesses was\n"
        "  complete; %zu of its %zu cosigned, of %zu operators. How long before says nobody.\n",
        time, trusted->witnesses, count_witnesses(&reader->trust), trusted->operators);
}

static void print_claim(const struct reader *reader, const struct verdict *verdict)
{
    if (!verdict->claim) {
        (void)printf("  It is no statement that is known here.\n");
        return;
    }
    (void)printf("  It claims: %s.\n", verdict->claim);
    if (!reader->has_roles)
        (void)printf("  It names the key '%s'; whose that is, --roles FILE says.\n",
                     verdict->signer);
    else if (!verdict->party)
        (void)printf("  Nobody whom the roles name signed it.\n");
    else
        (void)printf(
            "  '%s' signed it, and by the roles %s speak of that. Whether it was withdrawn\n"
            "  since, only the log tells.\n",
            verdict->party, verdict->may_speak ? "may" : "may not");
}

static void print_verdict(const struct reader *reader, const char *file,
                          const struct verdict *verdict)
{
    if (!verdict->is_proven) {
        (void)printf("%s: not proven: %s\n", file, verdict->why.message);
        return;
    }
    (void)printf("%s: entry %" PRIu64 " of '%s' is proven.\n", file, verdict->index,
                 verdict->trusted.checkpoint.origin);
    print_date(reader, verdict);
    print_claim(reader, verdict);
}

static json_t *verdict_json(const struct reader *reader, const char *file,
                            const struct verdict *verdict)
{
    const struct ws_trusted_checkpoint *trusted = &verdict->trusted;
    char time[32] = "";
    if (!verdict->is_proven)
        return json_pack("{s:o, s:b, s:s}", "file", ws_json_path(file), "proven", false, "why",
                         verdict->why.message);
    time_text(trusted->time, time);
    return json_pack("{s:o, s:b, s:s, s:I, s:I, s:s?, s:I, s:I, s:I, s:s?, s:s?, s:s?, s:b}",
                     "file", ws_json_path(file), "proven", true, "origin",
                     trusted->checkpoint.origin, "index", (json_int_t)verdict->index, "size",
                     (json_int_t)trusted->checkpoint.size, "existed_no_later_than",
                     trusted->time > 0 ? time : NULL, "witnesses_cosigned",
                     (json_int_t)trusted->witnesses, "witnesses_of_policy",
                     (json_int_t)count_witnesses(&reader->trust), "operators",
                     (json_int_t)trusted->operators, "claims", verdict->claim, "names_key",
                     verdict->signer, "signed_by", verdict->party, "may_speak", verdict->may_speak);
}

static enum ws_status verify_files(struct reader *reader, const struct arguments *arguments,
                                   struct ws_error *err)
{
    for (size_t i = 0; i < arguments->positional_count; i++) {
        const char *file = arguments->positional[i];
        struct verdict verdict = {.is_proven = false};
        WS_TRY(judge(reader, file, &verdict, err));
        reader->refused += !verdict.is_proven;
        if (reader->json)
            ws_json_add(&reader->list, verdict_json(reader, file, &verdict));
        else
            print_verdict(reader, file, &verdict);
    }
    return WS_OK;
}

static enum ws_status open_reader(struct reader *reader, const struct verify_request *request,
                                  struct ws_error *err)
{
    struct ws_bytes text;
    if (request->entry) {
        WS_TRY(
            ws_file_read(request->entry, WS_ENVELOPE_LIMIT, &reader->arena, &reader->entry, err));
        if (reader->entry.size == 0)
            return ws_fail(err, WS_INVALID, "'%.200s' is empty: wanted the entry", request->entry);
    }
    WS_TRY(read_policy(request->policy, &reader->arena, &reader->trust, err));
    if (!request->roles)
        return WS_OK;
    WS_TRY(ws_file_read(request->roles, WS_TRUST_LIMIT, &reader->arena, &text, err));
    WS_TRY(
        ws_roles_read(text, request->roles, &reader->trust, &reader->arena, &reader->roles, err));
    reader->has_roles = true;
    return WS_OK;
}

static enum ws_status verify(const struct verify_request *request,
                             const struct arguments *arguments, size_t *refused,
                             struct ws_error *err)
{
    struct reader reader = {.json = request->json};
    if (!request->policy)
        return ws_fail(err, WS_INVALID,
                       "ledger: verify: by whose --policy? It names the logs and witnesses that "
                       "you trust");
    if (arguments->positional_count > 1 && request->entry)
        return ws_fail(err, WS_INVALID, "ledger: verify: --entry is that of one proof, not of %zu",
                       arguments->positional_count);
    ws_arena_init(&reader.arena, NULL);
    enum ws_status status = open_reader(&reader, request, err);
    if (status == WS_OK && request->json)
        reader.list = json_array();
    if (status == WS_OK)
        status = verify_files(&reader, arguments, err);
    if (status == WS_OK && request->json)
        status = print_json(reader.list, "the answer", err);
    else
        json_decref(reader.list);
    *refused = reader.refused;
    if (reader.has_roles)
        ws_roles_close(&reader.roles);
    ws_trust_close(&reader.trust);
    ws_arena_release(&reader.arena);
    return status;
}

int cmd_ledger_verify(int argc, char **argv)
{
    struct verify_request request = {.policy = NULL};
    const struct flag table[] = {
        {"policy", 0, "FILE", "logs and witnesses that you trust", NULL, &request.policy},
        {"roles", 0, "FILE", "whose key is whose, and who may speak of what", NULL, &request.roles},
        {"entry", 0, "FILE", "the entry, where the proof does not hold it", NULL, &request.entry},
        {"json", 0, NULL, "the verdicts as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger verify FILE... --policy FILE [options]",
        .about =
            "Checks proofs by a policy, without the log and without a network. Says what is "
            "proved: that the\nentry is in the log, and that it existed no later than when the "
            "policy's witnesses had cosigned.\nWhat the entry says is its issuer's claim. Ends "
            "with 3 when a proof proves nothing.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
    };
    struct arguments arguments;
    struct ws_error error;
    size_t refused = 0;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && arguments.help)
        print_help(&line);
    else if (status == WS_OK && arguments.positional_count == 0)
        status = ws_fail(&error, WS_INVALID, "ledger: verify: which proof?");
    else if (status == WS_OK)
        status = verify(&request, &arguments, &refused, &error);
    ws_arena_release(&arguments.arena);
    if (status != WS_OK)
        return report(status, &error);
    return refused > 0 ? EXIT_NOT_VERIFIED : EXIT_DONE;
}
