/*
 * wellspring ledger monitor: what came into somebody's log, and whether it only ever grew.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "cli/ledger_command.h"
#include "cli/stop_signal.h"
#include "ledger/claims.h"
#include "ledger/log_monitor.h"
#include "ledger/mirror.h"
#include "ledger/pin.h"

enum { EVERY_MOST = 86400 };

struct monitor_request {
    const char *policy, *roles, *state, *issuer, *every;
    bool once, json;
    /* Made of these. */
    uint64_t seconds; /* 0: once */
    struct ws_arena arena;
    struct ws_trust trust;
    struct ws_roles known;   /* parties and their keys */
    struct ws_claims claims; /* what the log says, as far as it was read */
    struct ws_log_source_tree tree;
    uint64_t seen;           /* of the look */
    struct ws_arena scratch; /* of one entry */
    bool alarm;              /* what was to be verified is not so */
    bool forked;
};

/* Entries -------------------------------------------------------------------------------------- */

/* What an entry is about, in a word: a model, a collection, an earlier entry, a key. */
static const char *subject_of(const struct ws_statement *statement, struct ws_arena *arena)
{
    switch (statement->kind) {
    case WS_STATEMENT_EMISSION:
        return statement->emission.model;
    case WS_STATEMENT_ARCHIVE:
        return statement->archive.collection;
    case WS_STATEMENT_WITHDRAWAL:
        return ws_arena_format(arena, "entry %" PRIu64, statement->withdrawal.entry);
    case WS_STATEMENT_KEY_CHANGE:
        return statement->key_change.is_compromise
                   ? ws_arena_format(arena, "%s, stolen, from entry %" PRIu64 " on",
                                     statement->key_change.old_key, statement->key_change.since)
                   : statement->key_change.old_key;
    case WS_STATEMENT_INDEX:
        return ws_arena_format(arena, "%" PRIu64 " entries", statement->index.entries);
    default:
        return "";
    }
}

static enum ws_status print_claim(struct monitor_request *request, const struct ws_claim *claim,
                                  uint64_t time, const char *type, const char *about,
                                  struct ws_error *err)
{
    char date[32];
    static const char *const names[] = {
#define X(name, text) #name,
        WS_CLAIM_MAP(X)
#undef X
    };
    const char *party = request->known.parties[claim->party];
    if (!request->json) {
        (void)printf("entry %" PRIu64 ": %s: %s%s%s: %s%s\n", claim->index, party, type,
                     *about ? ": " : "", ws_is_one_line(about) ? about : "(not printable)",
                     ws_claim_text(claim->standing),
                     claim->is_early ? ", and tells of a time after its own date" : "");
        return WS_OK;
    }
    time_text(time, date);
    json_t *line =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:b, s:s?}", "entry", (json_int_t)claim->index,
                  "party", party, "type", type, "about", about, "standing", names[claim->standing],
                  "early", claim->is_early, "existed_no_later_than", time > 0 ? date : NULL);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (!text)
        return ws_fail_memory(err, "an entry");
    (void)printf("%s\n", text);
    free(text);
    return WS_OK;
}

/* What the entry is about is printed also where it does not count: texts are the issuer's. */
static enum ws_status print_entry(struct monitor_request *request, const struct ws_claim *claim,
                                  uint64_t time, struct ws_bytes entry, struct ws_error *err)
{
    struct ws_envelope envelope;
    struct ws_statement statement;
    const char *type = "no statement known here", *about = "";
    if (ws_envelope_read(entry, &request->scratch, &envelope, NULL) == WS_OK &&
        ws_statement_read(envelope.payload, claim->index, &request->scratch, &statement, NULL) ==
            WS_OK) {
        type = ws_statement_type(statement.kind);
        about = subject_of(&statement, &request->scratch);
    }
    return about ? print_claim(request, claim, time, type, about, err)
                 : ws_fail_memory(err, "an entry");
}

/* Statements are understood in the log's order, from its first entry on. */
static enum ws_status begin(void *request_, const struct ws_trusted_checkpoint *shown,
                            uint64_t seen, uint64_t *had, struct ws_error *err)
{
    struct monitor_request *request = request_;
    request->tree.checkpoint = shown->checkpoint;
    request->seen = seen;
    *had = request->claims.size;
    (void)err;
    return WS_OK;
}

static enum ws_status read_cited(void *request_, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct monitor_request *request = request_;
    return ws_log_source_entry(&request->tree, index, arena, out, err);
}

static enum ws_status begin_claims(struct monitor_request *request, struct ws_error *err)
{
    ws_claims_close(&request->claims);
    return ws_claims_open(&request->claims, &request->known,
                          (struct ws_claims_log){read_cited, request}, NULL, err);
}

/* Prints an entry that names a key of a party: the one that was asked for, or any. */
static enum ws_status on_entry(void *request_, uint64_t index, uint64_t time, struct ws_bytes entry,
                               struct ws_error *err)
{
    struct monitor_request *request = request_;
    struct ws_claim claim;
    if (*stop_signal_flag())
        return ws_fail(err, WS_INTERRUPTED, "stopped; with --state the next look goes on");
    if (!request->roles)
        return WS_OK;
    if (index == 0)
        WS_TRY(begin_claims(request, err));
    ws_arena_reset(&request->scratch);
    WS_TRY(ws_claims_read(&request->claims, entry, time, &request->scratch, &claim, err));
    if (index < request->seen || !claim.is_of_party)
        return WS_OK;
    const char *party = request->known.parties[claim.party];
    return !request->issuer || strcmp(request->issuer, party) == 0
               ? print_entry(request, &claim, time, entry, err)
               : WS_OK;
}

/* Looks ---------------------------------------------------------------------------------------- */

static void print_notes(const struct ws_monitor_look *look)
{
    for (size_t i = 0; i < 2; i++)
        (void)printf("\n--- %s:\n%.*s", i == 0 ? "seen before" : "shown now",
                     (int)look->notes[i].size, (const char *)look->notes[i].data);
}

static enum ws_status print_line(const struct ws_monitor_look *look, struct ws_error *err)
{
    static const char *const names[] = {
#define X(name, text) #name,
        WS_MONITOR_MAP(X)
#undef X
    };
    const struct ws_checkpoint *shown = &look->shown.checkpoint;
    char date[32];
    time_text(look->shown.time, date);
    json_t *line =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:s?}", "log", shown->origin, "verdict",
                  names[look->verdict], "size", (json_int_t)shown->size, "old_size",
                  (json_int_t)look->old_size, "witnesses", (json_int_t)look->shown.witnesses,
                  "existed_no_later_than", look->shown.time > 0 ? date : NULL);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (!text)
        return ws_fail_memory(err, "an answer");
    (void)printf("%s\n", text);
    free(text);
    return WS_OK;
}

static enum ws_status print_look(struct monitor_request *request,
                                 const struct ws_monitor_look *look, struct ws_error *err)
{
    const struct ws_trusted_checkpoint *shown = &look->shown;
    const bool forked = look->verdict == WS_MONITOR_FORKED;
    if (request->json)
        WS_TRY(print_line(look, err));
    else
        (void)printf("%s: %" PRIu64 " entries; %s\n", shown->checkpoint.origin,
                     shown->checkpoint.size, ws_monitor_text(look->verdict));
    if (!request->json && shown->time > 0) {
        char time[32];
        time_text(shown->time, time);
        (void)printf("cosigned by %zu witnesses of %zu operators: it existed no later than %s\n",
                     shown->witnesses, shown->operators, time);
    }
    if (forked && !request->json)
        print_notes(look);
    (void)fflush(stdout);
    if (look->verdict == WS_MONITOR_STALE)
        return ws_fail(err, WS_IO,
                       "log '%.150s' shows %" PRIu64 " entries, fewer than the %" PRIu64
                       " that were seen: an old copy, or a cache that is late",
                       shown->checkpoint.origin, shown->checkpoint.size, look->old_size);
    if (!forked)
        return WS_OK;
    request->alarm = request->forked = true;
    return ws_fail(err, WS_CORRUPT,
                   "log '%.150s' FORKED: two signed checkpoints cannot both be "
                   "true%s%.150s%s; keep them, and tell its other readers",
                   shown->checkpoint.origin, request->state ? "; they are in '" : "",
                   request->state ? request->state : "",
                   request->state ? "/fork-seen' and '.../fork-shown'" : "");
}

/* Clients that verify proofs with this state are held to what the monitor saw, and it to what they
 * did. A refusal says that the checkpoint is not to be relied on, whatever its kind. */
static enum ws_status pin(struct monitor_request *request, const struct ws_monitor_look *look,
                          struct ws_error *err)
{
    const struct ws_pin_book book = {request->state, &request->trust, request->known.max_age,
                                     (uint64_t)time(NULL)};
    const struct ws_log_source_tree tree = {request->tree.source, look->shown.checkpoint};
    struct ws_merkle_nodes nodes = ws_log_source_nodes(&tree);
    const struct ws_pin_prover prover = ws_pin_prover_of(&nodes);
    struct ws_pin_result result;
    enum ws_status status =
        ws_pin_accept(&book, look->note, &prover, &request->arena, &result, err);
    request->alarm = status == WS_CORRUPT || status == WS_CONFLICT;
    return request->alarm ? WS_CORRUPT : status;
}

/* Where the log is read from a mirror that the roles name. */
static enum ws_status check_mirror(struct monitor_request *request, const char *from,
                                   const struct ws_monitor_look *look, struct ws_error *err)
{
    const struct ws_mirror *mirror = ws_mirror_at(&request->known, from);
    uint64_t stored;
    char date[32];
    if (!mirror)
        return WS_OK;
    enum ws_status status = ws_mirror_check(mirror, look->note, &request->arena, &stored, err);
    request->alarm = status == WS_CORRUPT;
    WS_TRY(status);
    time_text(stored, date);
    if (!request->json)
        (void)printf("the mirror of '%s' says that it had stored all of it by %s\n",
                     request->known.parties[mirror->party], date);
    return WS_OK;
}

/* What was seen before of a log is the state's alone; without one every look is the first. */
static enum ws_status look_once(struct monitor_request *request, const struct ws_log_source *source,
                                struct ws_error *err)
{
    const struct ws_monitor_listener listener = {request->roles ? begin : NULL, on_entry, request};
    const struct ws_monitor monitor = {
        .source = source, .trust = &request->trust, .state = request->state, .listener = &listener};
    struct ws_monitor_look look;
    ws_arena_reset(&request->arena);
    enum ws_status status = ws_monitor_look(&monitor, &request->arena, &look, err);
    request->alarm = status == WS_CORRUPT;
    if (status != WS_OK) {
        ws_error_prefix(err, "%.150s", source->from);
        /* What was read of a look that failed may not be what is signed. */
        if (request->roles && begin_claims(request, NULL) != WS_OK)
            return WS_NO_MEMORY;
        return status;
    }
    WS_TRY(print_look(request, &look, err));
    WS_TRY(check_mirror(request, source->from, &look, err));
    return look.verdict != WS_MONITOR_STALE ? pin(request, &look, err) : WS_OK;
}

static void wait_for(uint64_t seconds)
{
    const struct timespec moment = {.tv_nsec = 100000000};
    for (uint64_t i = 0; i < 10 * seconds && !*stop_signal_flag(); i++)
        (void)nanosleep(&moment, NULL);
}

/* A look that fails is told of, and the next one may go well; a fork does not go away. */
static enum ws_status look_again_and_again(struct monitor_request *request,
                                           const struct ws_log_source *source, struct ws_error *err)
{
    while (!*stop_signal_flag()) {
        enum ws_status status = look_once(request, source, err);
        if (request->forked)
            return status;
        if (status != WS_OK && status != WS_INTERRUPTED)
            (void)fprintf(stderr, "wellspring: %s\n", err->message);
        wait_for(request->seconds);
    }
    return WS_OK;
}

/* The command ---------------------------------------------------------------------------------- */

static enum ws_status check_request(struct monitor_request *request, struct ws_error *err)
{
    if (!request->policy)
        return ws_fail(err, WS_INVALID, "monitor: whose log is it? --policy FILE names its key");
    if (request->issuer && !request->roles)
        return ws_fail(err, WS_INVALID, "monitor: --issuer is a party of --roles FILE");
    if (request->every && request->once)
        return ws_fail(err, WS_INVALID, "monitor: --once or --every, not both");
    if (request->every && (!ws_whole_parse(request->every, &request->seconds) ||
                           request->seconds == 0 || request->seconds > EVERY_MOST))
        return ws_fail(err, WS_INVALID, "--every is '%.40s', wanted whole seconds, 1 to %d",
                       request->every, EVERY_MOST);
    if (request->every && !request->state)
        return ws_fail(err, WS_INVALID,
                       "monitor: --every needs --state DIR, where it remembers "
                       "what it saw");
    return WS_OK;
}

static enum ws_status read_roles(struct monitor_request *request, struct ws_arena *arena,
                                 struct ws_error *err)
{
    struct ws_bytes text;
    bool is_party = !request->issuer;
    WS_TRY(ws_file_read(request->roles, WS_TRUST_LIMIT, arena, &text, err));
    WS_TRY(ws_roles_read(text, request->roles, &request->trust, arena, &request->known, err));
    const struct ws_roles *known = &request->known;
    for (size_t i = 0; i < known->party_count && !is_party; i++)
        is_party = strcmp(request->issuer, known->parties[i]) == 0;
    if (!is_party)
        return ws_fail(err, WS_INVALID, "'%.200s' has no party '%.80s'", request->roles,
                       request->issuer);
    return begin_claims(request, err);
}

static enum ws_status follow(struct monitor_request *request, const char *from,
                             struct ws_arena *arena, struct ws_error *err)
{
    struct ws_log_source source;
    if (request->roles)
        WS_TRY(read_roles(request, arena, err));
    WS_TRY(ws_log_source_open(from, &source, err));
    request->tree.source = &source;
    stop_signal_take();
    enum ws_status status = request->seconds ? look_again_and_again(request, &source, err)
                                             : look_once(request, &source, err);
    ws_log_source_close(&source);
    if (status == WS_OK && !request->seconds && !request->state && !request->json)
        (void)printf("Nothing was remembered.\nNext: --state DIR, which holds the log to what it "
                     "showed, and --every 60\n");
    return status;
}

static enum ws_status monitor(void *context, const struct arguments *arguments,
                              struct ws_error *err)
{
    struct monitor_request *request = context;
    struct ws_arena arena;
    struct ws_bytes text;
    WS_TRY(check_request(request, err));
    ws_arena_init(&arena, NULL);
    ws_arena_init(&request->arena, NULL);
    ws_arena_init(&request->scratch, NULL);
    enum ws_status status = ws_file_read(request->policy, WS_TRUST_LIMIT, &arena, &text, err);
    if (status == WS_OK)
        status = ws_trust_read(text, request->policy, &arena, &request->trust, err);
    if (status == WS_OK)
        status = follow(request, arguments->positional[0], &arena, err);
    ws_claims_close(&request->claims);
    ws_roles_close(&request->known);
    ws_trust_close(&request->trust);
    ws_arena_release(&request->scratch);
    ws_arena_release(&request->arena);
    ws_arena_release(&arena);
    return status;
}

int cmd_ledger_monitor(int argc, char **argv)
{
    struct monitor_request request = {.seconds = 0};
    const struct flag table[] = {
        {"policy", 0, "FILE", "the log's key, and its witnesses", NULL, &request.policy},
        {"state", 0, "DIR", "what was seen before, to which the log is held", NULL, &request.state},
        {"roles", 0, "FILE", "whose keys are whose: their entries are printed", NULL,
         &request.roles},
        {"issuer", 0, "NAME", "this party's entries alone", NULL, &request.issuer},
        {"once", 0, NULL, "one look (the default)", &request.once, NULL},
        {"every", 0, "S", "look again after so many seconds, until stopped or the log forks", NULL,
         &request.every},
        {"json", 0, NULL, "a line of JSON for each entry and each look", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger monitor URL|DIR --policy FILE [options]",
        .about =
            "Reads what came into a log since the last look, verifies every byte of it against\n"
            "the checkpoint that was signed, and that this goes on from the one before. Ends with\n"
            "3 when the log forked, or is not what was signed. Takes any log of tlog-tiles.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which log? A URL, or a directory",
    };
    const int status = command_of_one(&line, argc, argv, monitor, &request);
    return status == EXIT_FAILED && request.alarm ? EXIT_NOT_VERIFIED : status;
}
