/*
 * wellspring lookup: whose a document is, by the claims of a log; and 'lookup verify', the same
 * from a bundle of evidence, without log, shards or network.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/number.h"
#include "cli/ledger_command.h"
#include "cli/lookup_output.h"
#include "cli/shard_command.h"
#include "ledger/registry.h"

enum { PIECE = 1 << 16, DISPUTE_LIMIT = 256 };

struct lookup_flags {
    struct ws_lookup_request given; /* as it is on the command line */
    struct ws_lookup_request at;    /* with what a registry file adds */
    const char *hash, *disputed, *bundle, *text;
    bool json;
    bool refused; /* what was to be believed is not so */
};

/* What is asked -------------------------------------------------------------------------------- */

static enum ws_status read_stream(struct ws_query_reader *reader, FILE *in, const char *name,
                                  struct ws_query *out, struct ws_error *err)
{
    char piece[PIECE];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, in)) > 0)
        WS_TRY(ws_query_add(reader, ws_bytes_of(piece, size), err));
    if (ferror(in))
        return ws_fail_system(err, "read", name);
    return ws_query_end(reader, out, err);
}

static enum ws_status read_document(struct ws_query_reader *reader, const char *path,
                                    struct ws_query *out, struct ws_error *err)
{
    WS_TRY(ws_query_open(reader, NULL, err));
    if (strcmp(path, "-") == 0)
        return read_stream(reader, stdin, "standard input", out, err);
    FILE *in = fopen(path, "rb");
    if (!in)
        return ws_fail_system(err, "read", path);
    enum ws_status status = read_stream(reader, in, path, out, err);
    (void)fclose(in);
    return status;
}

/* "3@2026-11-01T00:00:00Z", several between commas. */
static enum ws_status read_dispute(struct ws_bytes text, struct ws_arena *arena,
                                   struct ws_dispute *out, struct ws_error *err)
{
    struct ws_bytes entry, date;
    const char *time = NULL;
    if (ws_bytes_split(text, '@', &entry, &date))
        time = ws_arena_text_of(arena, date.data, date.size);
    if (!time || !ws_read_size(entry, &out->entry) || !ws_statement_is_time(time))
        return ws_fail(err, WS_INVALID,
                       "--disputed is '%.*s', wanted ENTRY@DATE such as 3@2026-11-01T00:00:00Z",
                       (int)(text.size < 60 ? text.size : 60), (const char *)text.data);
    out->since = ws_statement_seconds(time);
    return WS_OK;
}

static enum ws_status read_disputes(const char *text, struct ws_arena *arena,
                                    struct ws_finding_reader *reader, struct ws_error *err)
{
    struct ws_bytes left = ws_bytes_of_text(text ? text : ""), one;
    struct ws_dispute *disputes = WS_ARENA_NEW(arena, struct ws_dispute, DISPUTE_LIMIT);
    if (!disputes)
        return ws_fail_memory(err, "disputes");
    reader->disputes = disputes;
    while (left.size > 0) {
        if (reader->dispute_count == DISPUTE_LIMIT)
            return ws_fail(err, WS_LIMIT, "--disputed has more than %d entries", DISPUTE_LIMIT);
        if (!ws_bytes_split(left, ',', &one, &left)) {
            one = left;
            left.size = 0;
        }
        WS_TRY(read_dispute(one, arena, &disputes[reader->dispute_count++], err));
    }
    return WS_OK;
}

/* Answering ------------------------------------------------------------------------------------ */

static enum ws_status write_bundle(const struct lookup_flags *flags,
                                   const struct ws_evidence *evidence, struct ws_error *err)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    enum ws_status status = ws_evidence_append(&bytes, evidence, err);
    if (status == WS_OK)
        status = write_output(flags->bundle, ws_buffer_bytes(&bytes), err);
    ws_buffer_release(&bytes);
    return status;
}

/* The same with its evidence in a file; then, what others do with that. */
static void print_next(const struct lookup_flags *flags, const char *document)
{
    begin_command(stdout, "Next:\n ");
    if (flags->bundle) {
        print_words("lookup verify");
        print_word(flags->bundle);
        /* What came through standard input is gone. */
        print_flag_word("text", document && strcmp(document, "-") != 0 ? document : NULL);
    } else {
        print_words("lookup");
        print_flag_word("hash", flags->hash);
        if (document)
            print_word(document);
        print_flag_word("log", flags->given.log);
        print_flag_word("shards", flags->given.shards);
        print_flag_word("index", flags->given.index);
        print_flag_word("openings", flags->given.openings);
        print_flag_word("state", flags->given.state);
        print_flag_word("bundle", "evidence.bundle");
    }
    print_flag_word("policy", flags->given.policy);
    print_flag_word("roles", flags->given.roles);
    print_flag_word("keys", flags->given.keys);
    print_flag_word("disputed", flags->disputed);
    end_command(NULL);
}

static enum ws_status answer(const struct lookup_flags *flags,
                             const struct ws_lookup_answer *output, struct ws_error *err)
{
    if (flags->json)
        return print_lookup_json(output, err);
    print_lookup(output);
    return WS_OK;
}

static enum ws_status look_up(const struct lookup_flags *flags, struct ws_lookup *lookup,
                              const struct ws_query *query, const char *document,
                              struct ws_arena *arena, struct ws_error *err)
{
    struct ws_finding_reader reader = {.trust = &lookup->trust,
                                       .roles = &lookup->roles,
                                       .policy_digest = lookup->policy_digest,
                                       .roles_digest = lookup->roles_digest,
                                       .now = flags->at.now,
                                       .keys = lookup->keys};
    struct ws_evidence evidence;
    struct ws_finding finding;
    uint64_t *sizes;
    WS_TRY(read_disputes(flags->disputed, arena, &reader, err));
    WS_TRY(ws_lookup_gather(lookup, query, arena, &evidence, err));
    WS_TRY(ws_finding_make(&evidence, &reader, arena, &finding, err));
    WS_TRY(ws_lookup_measure(lookup, &finding, arena, &sizes, err));
    if (flags->bundle)
        WS_TRY(write_bundle(flags, &evidence, err));
    const struct ws_lookup_answer output = {.evidence = &evidence,
                                            .finding = &finding,
                                            .witnesses = ws_trust_witnesses(&lookup->trust),
                                            .sizes = sizes};
    WS_TRY(answer(flags, &output, err));
    if (!flags->json)
        print_next(flags, document);
    return WS_OK;
}

static enum ws_status look_up_in_log(struct lookup_flags *flags, const struct ws_query *query,
                                     const char *document, struct ws_arena *arena,
                                     struct ws_error *err)
{
    struct ws_lookup lookup;
    enum ws_status status = ws_lookup_open(&lookup, &flags->at, err);
    flags->refused = status == WS_CORRUPT || status == WS_CONFLICT;
    if (status == WS_OK)
        status = look_up(flags, &lookup, query, document, arena, err);
    ws_lookup_close(&lookup);
    return status;
}

/* Nothing else is written over: it could be the text that is looked up, or a key. */
static enum ws_status check_bundle(const struct lookup_flags *flags, struct ws_error *err)
{
    struct stat about;
    const char *path = flags->bundle;
    if (strcmp(path, "-") == 0)
        return flags->json ? ws_fail(err, WS_INVALID,
                                     "--json and --bundle -: both would go to standard output")
                           : WS_OK;
    if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
        !begins_with(path, "WSBUNDL1"))
        return ws_fail(err, WS_INVALID,
                       "'%.300s' is there, and is no bundle: it is not written over", path);
    return WS_OK;
}

static enum ws_status check_flags(const struct lookup_flags *flags,
                                  const struct arguments *arguments, struct ws_error *err)
{
    if (flags->hash ? arguments->positional_count > 0 : arguments->positional_count != 1)
        return ws_fail(err, WS_INVALID,
                       "which document? a file, - for standard input, or --hash SHA-256 alone");
    return flags->bundle ? check_bundle(flags, err) : WS_OK;
}

/* What the command line and a registry file, in the policy's place, say together. */
static enum ws_status find_registry(struct lookup_flags *flags, struct ws_arena *arena,
                                    struct ws_error *err)
{
    flags->at = flags->given;
    if (flags->at.policy)
        WS_TRY(ws_registry_complete(&flags->at, arena, err));
    if (!flags->at.log || !flags->at.policy || !flags->at.roles || !flags->at.shards)
        return ws_fail(err, WS_INVALID,
                       "by which log, on whose word, in which shards? --log DIR|URL --policy FILE "
                       "--roles FILE --shards DIR, or --policy REGISTRY that has lines of these");
    return WS_OK;
}

static enum ws_status lookup_document(struct lookup_flags *flags, struct arguments *arguments,
                                      struct ws_error *err)
{
    struct ws_query query = {.has_text = false};
    struct ws_query_reader reader = {.fingerprinter = NULL};
    WS_TRY(check_flags(flags, arguments, err));
    WS_TRY(find_registry(flags, &arguments->arena, err));
    const char *document = flags->hash ? NULL : arguments->positional[0];
    enum ws_status status = flags->hash ? read_digest("hash", flags->hash, &query.digest, err)
                                        : read_document(&reader, document, &query, err);
    if (status == WS_OK)
        status = look_up_in_log(flags, &query, document, &arguments->arena, err);
    ws_query_close(&reader);
    return status;
}

/* Bundles -------------------------------------------------------------------------------------- */

#define NO_TRUST                                                                                   \
    "on whose word? --policy FILE --roles FILE, or --policy REGISTRY that has lines of these"

/* That a bundle is about this text. */
static enum ws_status compare_text(const struct ws_query *said, const char *path,
                                   struct ws_error *err)
{
    struct ws_query_reader reader;
    struct ws_query query = {.has_text = false};
    enum ws_status status = read_document(&reader, path, &query, err);
    if (status == WS_OK && !ws_hash_equal(&said->digest, &query.digest))
        status = ws_fail(err, WS_CORRUPT, "the bundle is about another text than '%.200s'", path);
    bool is_same = status == WS_OK && said->mark_count == query.mark_count &&
                   said->characters == query.characters;
    for (size_t i = 0; is_same && i < query.mark_count; i++)
        is_same = said->marks[i].value == query.marks[i].value &&
                  said->marks[i].begin == query.marks[i].begin &&
                  said->marks[i].end == query.marks[i].end;
    if (status == WS_OK && said->has_text && !is_same)
        status = ws_fail(err, WS_CORRUPT,
                         "the bundle has other fingerprints than '%.200s', or of other characters",
                         path);
    ws_query_close(&reader);
    return status;
}

/* What the log took back since, where it is asked for. */
static enum ws_status follow(const struct lookup_flags *flags, struct ws_arena *arena,
                             struct ws_lookup_answer *output, struct ws_error *err)
{
    const struct ws_lookup_request request = {.log = flags->given.log,
                                              .policy = flags->at.policy,
                                              .roles = flags->at.roles,
                                              .state = flags->at.state,
                                              .now = flags->at.now};
    struct ws_lookup lookup;
    struct ws_lookup_later *later;
    if (!request.log)
        return WS_OK;
    enum ws_status status = ws_lookup_open(&lookup, &request, err);
    if (status == WS_OK)
        status =
            ws_lookup_follow(&lookup, output->finding, arena, &later, &output->later_count, err);
    if (status == WS_OK) {
        output->later = later;
        output->log_size = lookup.head.checkpoint.size;
    }
    ws_lookup_close(&lookup);
    return status;
}

static enum ws_status verify_evidence(const struct lookup_flags *flags,
                                      const struct ws_evidence *evidence,
                                      struct ws_finding_reader *reader, struct ws_arena *arena,
                                      struct ws_error *err)
{
    struct ws_finding finding;
    WS_TRY(read_disputes(flags->disputed, arena, reader, err));
    if (flags->text)
        WS_TRY(compare_text(&evidence->query, flags->text, err));
    WS_TRY(ws_finding_make(evidence, reader, arena, &finding, err));
    if (finding.refused > 0)
        return ws_fail(err, WS_CORRUPT,
                       "%zu of its pieces are not what the statements say: tiles, openings or the "
                       "index",
                       finding.refused);
    struct ws_lookup_answer output = {.evidence = evidence,
                                      .finding = &finding,
                                      .witnesses = ws_trust_witnesses(reader->trust),
                                      .is_bundle = true,
                                      .was_text_given = flags->text != NULL};
    WS_TRY(follow(flags, arena, &output, err));
    return answer(flags, &output, err);
}

static enum ws_status verify_bundle(const struct lookup_flags *flags, const char *path,
                                    struct ws_arena *arena, struct ws_trust *trust,
                                    struct ws_roles *roles, struct ws_error *err)
{
    struct ws_finding_reader reader = {.trust = trust, .roles = roles, .now = flags->at.now};
    struct ws_bytes bytes;
    struct ws_evidence evidence;
    WS_TRY(ws_lookup_read_trust(flags->at.policy, flags->at.roles, arena, trust, roles,
                                &reader.policy_digest, &reader.roles_digest, err));
    WS_TRY(ws_shard_keys_load(flags->at.keys, arena, &reader.keys, err));
    WS_TRY(ws_file_read(path, WS_EVIDENCE_LIMIT, arena, &bytes, err));
    enum ws_status status = ws_evidence_take_apart(bytes, arena, &evidence, err);
    if (status == WS_OK)
        status = verify_evidence(flags, &evidence, &reader, arena, err);
    if (status == WS_CORRUPT)
        ws_error_prefix(err, "'%.150s' is refused", path);
    return status;
}

static enum ws_status verify(void *context, const struct arguments *arguments, struct ws_error *err)
{
    struct lookup_flags *flags = context;
    struct ws_trust trust = {.log_count = 0};
    struct ws_roles roles = {.key_count = 0};
    struct ws_arena arena;
    if (!flags->given.policy)
        return ws_fail(err, WS_INVALID, NO_TRUST);
    ws_arena_init(&arena, NULL);
    flags->at = flags->given;
    enum ws_status status = ws_registry_complete(&flags->at, &arena, err);
    if (status == WS_OK && !flags->at.roles)
        status = ws_fail(err, WS_INVALID, NO_TRUST);
    if (status == WS_OK)
        status = verify_bundle(flags, arguments->positional[0], &arena, &trust, &roles, err);
    flags->refused = status == WS_CORRUPT;
    ws_roles_close(&roles);
    ws_trust_close(&trust);
    ws_arena_release(&arena);
    return status;
}

static int cmd_lookup_verify(int argc, char **argv)
{
    struct lookup_flags flags = {.given.now = (uint64_t)time(NULL)};
    const struct flag table[] = {
        {"policy", 0, "FILE", "logs and witnesses that you trust, or a registry file", NULL,
         &flags.given.policy},
        {"roles", 0, "FILE", "whose key is whose, and who may speak of what", NULL,
         &flags.given.roles},
        {"keys", 0, "FILE", "keys of shards, one a line", NULL, &flags.given.keys},
        {"text", 0, "FILE", "the document, to see that the bundle is about it", NULL, &flags.text},
        {"log", 0, "DIR|URL", "see what was taken back since: the log, every byte of it", NULL,
         &flags.given.log},
        {"state", 0, "DIR", "with --log: what the log showed before", NULL, &flags.given.state},
        {"disputed", 0, "LIST", "ENTRY@DATE,...: claims that somebody asked to be opened", NULL,
         &flags.disputed},
        {"json", 0, NULL, "the answer as JSON", &flags.json, NULL},
    };
    const struct command_line line = {
        .usage = "lookup verify BUNDLE --policy FILE [options]",
        .about =
            "Comes to the verdict anew, from what a bundle of 'lookup --bundle' proves to you, "
            "without log,\nshards or network. With --log says what was taken back since. Ends with "
            "3 when any of it is not\nproven.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "verify: which bundle?",
    };
    const int status = command_of_one(&line, argc, argv, verify, &flags);
    return flags.refused ? EXIT_NOT_VERIFIED : status;
}

/* The command ---------------------------------------------------------------------------------- */

static int run_lookup(const struct command_line *line, struct lookup_flags *flags, int argc,
                      char **argv)
{
    struct arguments arguments;
    struct ws_error error;
    enum ws_status status = arguments_parse(line, argc, argv, &arguments, &error);
    if (status == WS_OK && arguments.help)
        print_help(line);
    else if (status == WS_OK)
        status = lookup_document(flags, &arguments, &error);
    ws_arena_release(&arguments.arena);
    const int exit_status = status == WS_OK ? EXIT_DONE : report(status, &error);
    return flags->refused ? EXIT_NOT_VERIFIED : exit_status;
}

int cmd_lookup(int argc, char **argv)
{
    struct lookup_flags flags = {.given.now = (uint64_t)time(NULL)};
    const struct flag table[] = {
        {"log", 0, "DIR|URL", "the log, of which every byte is read", NULL, &flags.given.log},
        {"policy", 0, "FILE", "logs and witnesses that you trust, or a registry file", NULL,
         &flags.given.policy},
        {"roles", 0, "FILE", "whose key is whose, and who may speak of what", NULL,
         &flags.given.roles},
        {"shards", 0, "DIR", "where shards are", NULL, &flags.given.shards},
        {"index", 0, "FILE", "a mirror's index, which proves that no shard is left out", NULL,
         &flags.given.index},
        {"openings", 0, "DIR", "what issuers showed of their commitments", NULL,
         &flags.given.openings},
        {"state", 0, "DIR", "what the log showed before, to which it is held", NULL,
         &flags.given.state},
        {"keys", 0, "FILE", "keys of shards, one a line", NULL, &flags.given.keys},
        {"hash", 0, "SHA-256", "in place of a document: that of its canonical text", NULL,
         &flags.hash},
        {"disputed", 0, "LIST", "ENTRY@DATE,...: claims that somebody asked to be opened", NULL,
         &flags.disputed},
        {"bundle", 'o', "FILE", "write the evidence, for 'lookup verify'", NULL, &flags.bundle},
        {"json", 0, NULL, "the answer as JSON", &flags.json, NULL},
    };
    static const struct subcommand subcommands[] = {
        {"verify", "come to the verdict anew, from a bundle alone", cmd_lookup_verify},
    };
    const struct command_line line = {
        .usage = "lookup FILE|-|--hash SHA-256 --policy FILE [options]",
        .about =
            "Whose a document is: human or which model, of which depth, which characters, since "
            "when and on\nwhose word. Shards are looked up here, and nothing of the document "
            "leaves this machine.\nEnds with 3 when the log is refused.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .subcommands = subcommands,
        .subcommand_count = 1,
    };
    if (argc > 1 && strcmp(argv[1], subcommands[0].name) == 0)
        return cmd_lookup_verify(argc - 1, argv + 1);
    return run_lookup(&line, &flags, argc, argv);
}
