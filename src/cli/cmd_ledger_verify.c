/*
 * wellspring ledger verify: proofs, by a reader's policy and nothing else. Says what is proved, and
 * what the entry merely claims. With the log, also what became of the claim since: what comes
 * behind an entry may withdraw it, or say that its key was stolen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "cli/ledger_command.h"
#include "ledger/claims.h"
#include "ledger/log_monitor.h"
#include "ledger/log_proof.h"
#include "ledger/mirror.h"
#include "ledger/pin.h"

enum { PROOF_LIMIT = 2 << 20 /* bytes */ };

struct verify_request {
    const char *policy, *entry, *roles, *log, *state;
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
    struct verdict *verdicts;
    size_t count, refused;
    /* Of the log that is looked at, where one is given. */
    struct ws_log_source_tree tree;
    struct ws_trusted_checkpoint head;
    struct ws_claims claims;
};

/* What came of a proof. */
struct verdict {
    bool is_proven;
    struct ws_error why; /* where it is not */
    uint64_t index;
    struct ws_trusted_checkpoint trusted;
    struct ws_bytes note; /* the checkpoint */
    bool is_held;         /* to what was seen before: */
    enum ws_pin_verdict seen;
    const char *claim;  /* what the entry says; NULL: it is no statement */
    const char *signer; /* as the envelope names the key */
    const char *party;  /* by the roles; NULL: nobody that they name */
    bool may_speak;
    bool is_followed; /* the log was read to see what became of it: */
    struct ws_claim read;
    enum ws_claim_fate fate;
    uint64_t withdrawn_in;
};

/* Whether the statement counts and nothing takes it back, as far as the log was read. */
static bool holds(const struct verdict *verdict)
{
    return !verdict->claim || !verdict->is_followed ||
           (verdict->read.standing == WS_CLAIM_COUNTS && verdict->fate == WS_CLAIM_HOLDS);
}

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
    case WS_STATEMENT_INDEX:
        return ws_arena_format(arena, "index of the shards of %" PRIu64 " entries of '%s'",
                               s->index.entries, s->index.log);
    case WS_STATEMENT_KINDS:
        break;
    }
    return NULL;
}

static bool may_speak(const struct ws_roles *roles, const struct ws_party_key *key,
                      const struct ws_statement *s)
{
    const size_t party = key->party;
    if (key->is_root)
        return s->kind == WS_STATEMENT_KEY_CHANGE;
    switch (s->kind) {
    case WS_STATEMENT_EMISSION:
        return ws_roles_allow(roles, party, WS_ROLE_ISSUER, s->emission.model);
    case WS_STATEMENT_ARCHIVE:
        return ws_roles_allow(roles, party, WS_ROLE_ARCHIVE, s->archive.collection);
    case WS_STATEMENT_INDEX:
        return ws_roles_mirror(roles, party);
    case WS_STATEMENT_WITHDRAWAL:
    case WS_STATEMENT_KEY_CHANGE:
    case WS_STATEMENT_KINDS:
        break;
    }
    return true;
}

/* One that names no key counts for nothing, as in the log. */
static struct ws_envelope drop_unnamed(const struct ws_envelope *envelope)
{
    struct ws_envelope named = *envelope;
    named.signature_count = 0;
    for (size_t i = 0; i < envelope->signature_count; i++)
        if (*envelope->signatures[i].key_id)
            named.signatures[named.signature_count++] = envelope->signatures[i];
    return named;
}

/* Whose key of the roles signed. A bad signature of one of them is a fault. */
static enum ws_status find_party(struct reader *reader, const struct ws_envelope *envelope,
                                 const struct ws_statement *statement, struct verdict *verdict,
                                 struct ws_error *err)
{
    const struct ws_roles *roles = &reader->roles;
    const struct ws_envelope named = drop_unnamed(envelope);
    const struct ws_note_key **keys =
        WS_ARENA_NEW(&reader->arena, const struct ws_note_key *, roles->key_count + 1);
    bool *signed_by = WS_ARENA_ZNEW(&reader->arena, bool, roles->key_count + 1);
    if (!keys || !signed_by)
        return ws_fail_memory(err, "the roles");
    for (size_t i = 0; i < roles->key_count; i++)
        keys[i] = &roles->keys[i].key;
    WS_TRY(ws_envelope_check(&named, keys, roles->key_count, &reader->arena, signed_by, err));
    for (size_t i = 0; i < roles->key_count && !verdict->party; i++)
        if (signed_by[i]) {
            verdict->party = roles->parties[roles->keys[i].party];
            verdict->may_speak = may_speak(roles, &roles->keys[i], statement);
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
    verdict->note = proof.checkpoint;
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

/* The log -------------------------------------------------------------------------------------- */

static enum ws_status begin(void *reader_, const struct ws_trusted_checkpoint *shown, uint64_t seen,
                            uint64_t *had, struct ws_error *err)
{
    struct reader *reader = reader_;
    (void)seen, (void)had, (void)err;
    reader->head = *shown;
    reader->tree.checkpoint = shown->checkpoint;
    return WS_OK;
}

static bool is_of_log(const struct reader *reader, const struct verdict *verdict)
{
    return verdict->is_proven &&
           strcmp(verdict->trusted.checkpoint.origin, reader->head.checkpoint.origin) == 0;
}

/* A proof's checkpoint may be of an earlier date than those that the log shows. */
static enum ws_status follow(void *reader_, uint64_t index, uint64_t time, struct ws_bytes entry,
                             struct ws_error *err)
{
    struct reader *reader = reader_;
    struct ws_claim claim;
    uint64_t date = time;
    for (size_t i = 0; i < reader->count; i++)
        if (is_of_log(reader, &reader->verdicts[i]) && reader->verdicts[i].index == index &&
            reader->verdicts[i].trusted.time < date)
            date = reader->verdicts[i].trusted.time;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_claims_read(&reader->claims, entry, date, &arena, &claim, err);
    ws_arena_release(&arena);
    WS_TRY(status);
    claim.statement = (struct ws_statement){.subject_count = 0}; /* it was in the arena */
    for (size_t i = 0; i < reader->count; i++)
        if (is_of_log(reader, &reader->verdicts[i]) && reader->verdicts[i].index == index) {
            reader->verdicts[i].is_followed = true;
            reader->verdicts[i].read = claim;
        }
    return WS_OK;
}

static enum ws_status read_cited(void *reader_, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct reader *reader = reader_;
    return ws_log_source_entry(&reader->tree, index, arena, out, err);
}

/* That the log which is shown now is the one that the proof is of. */
static enum ws_status check_history(struct reader *reader, struct verdict *verdict,
                                    struct ws_error *err)
{
    const struct ws_checkpoint *old = &verdict->trusted.checkpoint;
    const struct ws_checkpoint *head = &reader->head.checkpoint;
    const struct ws_merkle_nodes nodes = ws_log_source_nodes(&reader->tree);
    struct ws_merkle_proof proof;
    enum ws_status status = WS_CORRUPT;
    if (old->size > head->size)
        (void)ws_fail(&verdict->why, WS_CORRUPT,
                      "its checkpoint covers %" PRIu64 " entries, and the log shows %" PRIu64
                      ": an old copy, or rolled back",
                      old->size, head->size);
    else {
        WS_TRY(ws_merkle_prove_consistency(&nodes, old->size, head->size, &proof, err));
        status = ws_merkle_check_consistency(old->size, &old->root, head->size, &head->root, &proof,
                                             &verdict->why);
        if (status != WS_OK)
            ws_error_prefix(&verdict->why, "the log that is shown has another history");
    }
    verdict->is_proven = status == WS_OK;
    return WS_OK;
}

/* Holds the head to what was seen before, where that is known, and to the age that the roles allow.
 */
static enum ws_status pin(struct reader *reader, const char *state, struct ws_bytes note,
                          struct ws_error *err)
{
    const struct ws_pin_book book = {state, &reader->trust, reader->roles.max_age,
                                     (uint64_t)time(NULL)};
    struct ws_merkle_nodes nodes = ws_log_source_nodes(&reader->tree);
    const struct ws_pin_prover prover = ws_pin_prover_of(&nodes);
    struct ws_pin_result result;
    return ws_pin_accept(&book, note, &prover, &reader->arena, &result, err);
}

/* A checkpoint that too few witnesses cosigned is not read any further, but may contradict what was
 * seen: then both are kept. The failure is that of the look, or says so. */
static enum ws_status accuse(struct reader *reader, const char *state, struct ws_error *err)
{
    struct ws_trusted_checkpoint shown;
    struct ws_bytes note;
    if (ws_log_source_read(reader->tree.source, "checkpoint", &reader->arena, &note, NULL) !=
            WS_OK ||
        ws_trust_check_log(&reader->trust, note, &reader->arena, &shown, NULL) != WS_OK ||
        shown.has_quorum)
        return WS_CORRUPT;
    reader->tree.checkpoint = shown.checkpoint;
    enum ws_status status = pin(reader, state, note, err);
    return status == WS_OK ? WS_CORRUPT : status;
}

static enum ws_status follow_log(struct reader *reader, const char *state, struct ws_error *err)
{
    const struct ws_monitor_listener listener = {begin, follow, reader};
    const struct ws_monitor monitor = {
        .source = reader->tree.source, .trust = &reader->trust, .listener = &listener};
    struct ws_monitor_look look;
    WS_TRY(ws_claims_open(&reader->claims, &reader->roles,
                          (struct ws_claims_log){read_cited, reader}, NULL, err));
    enum ws_status status = ws_monitor_look(&monitor, &reader->arena, &look, err);
    if (status == WS_CORRUPT && state)
        status = accuse(reader, state, err);
    WS_TRY(status);
    const struct ws_mirror *mirror = ws_mirror_at(&reader->roles, monitor.source->from);
    uint64_t stored;
    if (mirror)
        WS_TRY(ws_mirror_check(mirror, look.note, &reader->arena, &stored, err));
    WS_TRY(pin(reader, state, look.note, err));
    for (size_t i = 0; i < reader->count; i++) {
        struct verdict *verdict = &reader->verdicts[i];
        if (!is_of_log(reader, verdict))
            continue;
        WS_TRY(check_history(reader, verdict, err));
        if (verdict->is_followed && verdict->read.standing == WS_CLAIM_COUNTS)
            verdict->fate = ws_claims_fate(&reader->claims, verdict->index, verdict->read.key,
                                           &verdict->withdrawn_in);
    }
    return WS_OK;
}

/* A log that is refused says nothing of what became of entries: then nothing is verified. */
static enum ws_status look_at_log(struct reader *reader, const struct verify_request *request,
                                  struct ws_error *err)
{
    struct ws_log_source source;
    WS_TRY(ws_log_source_open(request->log, &source, err));
    reader->tree.source = &source;
    enum ws_status status = follow_log(reader, request->state, err);
    ws_claims_close(&reader->claims);
    ws_log_source_close(&source);
    if (status == WS_CORRUPT || status == WS_CONFLICT) {
        ws_error_prefix(err, "the log '%.150s' is refused", request->log);
        reader->refused = reader->count;
        return WS_CORRUPT;
    }
    return status;
}

/* Without the log: what a proof's own checkpoint says of what was seen before, and the other way
 * round. */
static enum ws_status hold_to_state(struct reader *reader, const char *state, struct ws_error *err)
{
    const struct ws_pin_book book = {
        .directory = state, .trust = &reader->trust, .now = (uint64_t)time(NULL)};
    for (size_t i = 0; i < reader->count; i++) {
        struct verdict *verdict = &reader->verdicts[i];
        struct ws_pin_result result;
        if (!verdict->is_proven)
            continue;
        enum ws_status status =
            ws_pin_compare(&book, verdict->note, &reader->arena, &result, &verdict->why);
        if (status != WS_OK && !result.evidence)
            return ws_fail(err, status, "%s", verdict->why.message);
        verdict->is_proven = status == WS_OK;
        verdict->is_held = true;
        verdict->seen = result.verdict;
    }
    return WS_OK;
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
        time, trusted->witnesses, ws_trust_witnesses(&reader->trust), trusted->operators);
}

/* What became of it. */
static void print_fate(const struct reader *reader, const struct verdict *verdict)
{
    if (!verdict->is_followed) {
        (void)printf("  Withdrawals and stolen keys not looked for: %s.\n",
                     reader->tree.source ? "the log given is another" : "no log given (--log)");
        return;
    }
    (void)printf("  In the log, of %" PRIu64 " entries now, it ", reader->head.checkpoint.size);
    if (verdict->read.standing != WS_CLAIM_COUNTS)
        (void)printf("does not count: it %s.\n", ws_claim_text(verdict->read.standing));
    else if (verdict->fate == WS_CLAIM_WITHDRAWN)
        (void)printf("was withdrawn, in entry %" PRIu64 ".\n", verdict->withdrawn_in);
    else if (verdict->fate == WS_CLAIM_REVOKED)
        (void)printf("counts no more: its key was revoked from there or earlier on.\n");
    else
        (void)printf("counts, and nothing takes it back.\n");
    if (verdict->read.is_early)
        (void)printf("  It tells of a time after its own date.\n");
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
        (void)printf("  '%s' signed it, and by the roles %s speak of that.\n", verdict->party,
                     verdict->may_speak ? "may" : "may not");
    print_fate(reader, verdict);
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
    if (verdict->is_held)
        (void)printf("  Its checkpoint: %s%s.\n", ws_pin_text(verdict->seen),
                     verdict->seen == WS_PIN_APART ? " (--log can)" : "");
    print_claim(reader, verdict);
}

/* null: it was not looked for. */
static json_t *in_log_json(const struct reader *reader, const struct verdict *verdict)
{
    static const char *const standings[] = {
#define X(name, text) #name,
        WS_CLAIM_MAP(X)
#undef X
    };
    static const char *const fates[] = {[WS_CLAIM_HOLDS] = "HOLDS",
                                        [WS_CLAIM_WITHDRAWN] = "WITHDRAWN",
                                        [WS_CLAIM_REVOKED] = "REVOKED"};
    if (!verdict->is_followed)
        return json_null();
    const bool counts = verdict->read.standing == WS_CLAIM_COUNTS;
    return json_pack("{s:I, s:s, s:s?, s:o}", "size", (json_int_t)reader->head.checkpoint.size,
                     "standing", standings[verdict->read.standing], "fate",
                     counts ? fates[verdict->fate] : NULL, "withdrawn_in",
                     counts && verdict->fate == WS_CLAIM_WITHDRAWN
                         ? json_integer((json_int_t)verdict->withdrawn_in)
                         : json_null());
}

static json_t *verdict_json(const struct reader *reader, const char *file,
                            const struct verdict *verdict)
{
    static const char *const seen[] = {
#define X(name, status, text) #name,
        WS_PIN_MAP(X)
#undef X
    };
    const struct ws_trusted_checkpoint *trusted = &verdict->trusted;
    char time[32] = "";
    if (!verdict->is_proven)
        return json_pack("{s:o, s:b, s:s}", "file", ws_json_path(file), "proven", false, "why",
                         verdict->why.message);
    time_text(trusted->time, time);
    return json_pack(
        "{s:o, s:b, s:s, s:I, s:I, s:s?, s:I, s:I, s:I, s:s?, s:s?, s:s?, s:b, s:s?, s:o}", "file",
        ws_json_path(file), "proven", true, "origin", trusted->checkpoint.origin, "index",
        (json_int_t)verdict->index, "size", (json_int_t)trusted->checkpoint.size,
        "existed_no_later_than", trusted->time > 0 ? time : NULL, "witnesses_cosigned",
        (json_int_t)trusted->witnesses, "witnesses_of_policy",
        (json_int_t)ws_trust_witnesses(&reader->trust), "operators", (json_int_t)trusted->operators,
        "claims", verdict->claim, "names_key", verdict->signer, "signed_by", verdict->party,
        "may_speak", verdict->may_speak, "seen_before",
        verdict->is_held ? seen[verdict->seen] : NULL, "in_log", in_log_json(reader, verdict));
}

static void tell(struct reader *reader, const struct arguments *arguments)
{
    for (size_t i = 0; i < reader->count; i++) {
        const struct verdict *verdict = &reader->verdicts[i];
        const char *file = arguments->positional[i];
        reader->refused += !verdict->is_proven || !holds(verdict);
        if (reader->json)
            ws_json_add(&reader->list, verdict_json(reader, file, verdict));
        else
            print_verdict(reader, file, verdict);
    }
}

static enum ws_status verify_files(struct reader *reader, const struct verify_request *request,
                                   const struct arguments *arguments, struct ws_error *err)
{
    reader->count = arguments->positional_count;
    reader->verdicts = WS_ARENA_ZNEW(&reader->arena, struct verdict, reader->count);
    if (!reader->verdicts)
        return ws_fail_memory(err, "proofs");
    for (size_t i = 0; i < reader->count; i++)
        WS_TRY(judge(reader, arguments->positional[i], &reader->verdicts[i], err));
    if (request->log)
        WS_TRY(look_at_log(reader, request, err));
    else if (request->state)
        WS_TRY(hold_to_state(reader, request->state, err));
    tell(reader, arguments);
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
    if (request->log && !request->roles)
        return ws_fail(err, WS_INVALID,
                       "ledger: verify: --log is read for what takes statements back: whose keys "
                       "may do that, --roles FILE says");
    ws_arena_init(&reader.arena, NULL);
    enum ws_status status = open_reader(&reader, request, err);
    if (status == WS_OK && request->json)
        reader.list = json_array();
    if (status == WS_OK)
        status = verify_files(&reader, request, arguments, err);
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
        {"log", 0, "URL|DIR", "the log, read for withdrawals and stolen keys", NULL, &request.log},
        {"state", 0, "DIR", "what was seen of logs before, which they are held to", NULL,
         &request.state},
        {"entry", 0, "FILE", "the entry, where the proof does not hold it", NULL, &request.entry},
        {"json", 0, NULL, "the verdicts as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger verify FILE... --policy FILE [options]",
        .about =
            "Checks proofs by a policy, without the log and without a network. Says what is "
            "proved: that the\nentry is in the log, and that it existed no later than when the "
            "policy's witnesses had cosigned.\nWhat the entry says is its issuer's claim. With "
            "--state, checkpoints\nare held to those that were seen before: without --log, to one "
            "of the same size. Ends with 3\nwhen a proof proves nothing.",
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
    int exit_status = status == WS_OK ? EXIT_DONE : report(status, &error);
    return refused > 0 ? EXIT_NOT_VERIFIED : exit_status;
}
