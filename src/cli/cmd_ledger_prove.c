/*
 * wellspring ledger prove: a proof of an entry for those who have no log, with the first checkpoint
 * that covers it and that the policy accepts: it says since when.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"
#include "cli/ledger_command.h"
#include "ledger/kept_checkpoints.h"
#include "ledger/log_proof.h"
#include "ledger/log_reader.h"

struct prove_request {
    const char *index, *out, *policy;
    bool bare;
};

/* The first one that the policy accepts. */
struct choice {
    const struct ws_trust *trust;
    struct ws_arena *arena;
    struct ws_arena kept; /* of the kept checkpoint that is considered, and of nothing else */
    struct ws_bytes note;
    struct ws_checkpoint checkpoint;
    bool found;
};

static enum ws_status consider(void *user, uint64_t size, const char *path, bool *stop,
                               struct ws_error *err)
{
    struct choice *choice = user;
    struct ws_trusted_checkpoint trusted;
    (void)size;
    ws_arena_reset(&choice->kept);
    WS_TRY(ws_file_read(path, WS_NOTE_LIMIT, &choice->kept, &choice->note, err));
    enum ws_status status =
        ws_trust_check(choice->trust, choice->note, &choice->kept, &trusted, err);
    if (status == WS_CORRUPT)
        return WS_OK; /* not cosigned, or not as the policy wants */
    WS_TRY(status);
    choice->checkpoint = trusted.checkpoint;
    choice->found = *stop = true;
    return WS_OK;
}

/* The last one that is served: whoever reads the proof judges it. */
static enum ws_status take_served(const char *directory, struct choice *choice,
                                  struct ws_error *err)
{
    struct ws_note note;
    const char *path = ws_arena_format(choice->arena, "%s/checkpoint", directory);
    if (!path)
        return ws_fail_memory(err, "a proof");
    WS_TRY(ws_file_read(path, WS_NOTE_LIMIT, choice->arena, &choice->note, err));
    WS_TRY(ws_note_read(choice->note, choice->arena, &note, err));
    return ws_checkpoint_read(note.text, choice->arena, &choice->checkpoint, err);
}

static enum ws_status choose(const char *directory, uint64_t index, const char *policy,
                             struct choice *choice, struct ws_error *err)
{
    struct ws_trust trust;
    WS_TRY(take_served(directory, choice, err));
    if (index >= choice->checkpoint.size)
        return ws_fail(err, WS_INVALID,
                       "--index is %" PRIu64 " and the log's last checkpoint covers %" PRIu64
                       " entries; 'ledger publish' makes the next",
                       index, choice->checkpoint.size);
    if (!policy)
        return WS_OK;
    WS_TRY(read_policy(policy, choice->arena, &trust, err));
    choice->trust = &trust;
    enum ws_status status = ws_kept_checkpoints(directory, index + 1, NULL, consider, choice, err);
    ws_trust_close(&trust);
    WS_TRY(status);
    if (!choice->found)
        return ws_fail(err, WS_NOT_FOUND,
                       "no checkpoint that covers entry %" PRIu64 " is one that '%.200s' accepts",
                       index, policy);
    return WS_OK;
}

static enum ws_status make_proof(const char *directory, uint64_t index, const struct choice *choice,
                                 bool bare, struct ws_buffer *out, struct ws_error *err)
{
    struct ws_log_proof proof = {.has_extra = !bare, .index = index, .checkpoint = choice->note};
    struct ws_log_reader *reader = WS_ARENA_NEW(choice->arena, struct ws_log_reader, 1);
    struct ws_hash leaf;
    if (!reader)
        return ws_fail_memory(err, "a proof");
    ws_log_reader_init(reader, directory, choice->checkpoint.size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(reader);
    WS_TRY(ws_merkle_prove_inclusion(&nodes, index, choice->checkpoint.size, &proof.way, err));
    WS_TRY(ws_log_reader_entry(reader, index, choice->arena, &proof.extra, err));
    /* A damaged log makes no proofs that nobody could check. */
    ws_merkle_leaf(proof.extra, &leaf);
    enum ws_status status = ws_merkle_check_inclusion(index, choice->checkpoint.size, &leaf,
                                                      &proof.way, &choice->checkpoint.root, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "the log '%.200s' is damaged, 'ledger fsck' says where", directory);
        return status;
    }
    ws_log_proof_append(out, &proof);
    return ws_buffer_check(out, "a proof", err);
}

static enum ws_status write_proof(const struct prove_request *request, struct ws_bytes proof,
                                  struct ws_error *err)
{
    if (!request->out) {
        (void)fwrite(proof.data, 1, proof.size, stdout);
        return WS_OK;
    }
    WS_TRY(write_output(request->out, proof, err));
    (void)printf("'%s' proves entry %s.\n", request->out, request->index);
    begin_command(stdout, "Next:\n ");
    print_words("ledger verify");
    print_word(request->out);
    print_flag_word("policy", request->policy ? request->policy : "POLICY");
    end_command(NULL);
    return WS_OK;
}

static enum ws_status prove(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct prove_request *request = context;
    const char *directory = arguments->positional[0];
    struct ws_arena arena;
    struct ws_buffer proof;
    uint64_t index;
    if (!request->index || !ws_whole_parse(request->index, &index))
        return ws_fail(err, WS_INVALID, "prove: --index is '%.40s', wanted the index of an entry",
                       request->index ? request->index : "");
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&proof, NULL, SIZE_MAX);
    struct choice choice = {.arena = &arena};
    ws_arena_init(&choice.kept, NULL);
    enum ws_status status = choose(directory, index, request->policy, &choice, err);
    if (status == WS_OK)
        status = make_proof(directory, index, &choice, request->bare, &proof, err);
    if (status == WS_OK)
        status = write_proof(request, ws_buffer_bytes(&proof), err);
    ws_buffer_release(&proof);
    ws_arena_release(&choice.kept);
    ws_arena_release(&arena);
    return status;
}

int cmd_ledger_prove(int argc, char **argv)
{
    struct prove_request request = {.index = NULL};
    const struct flag table[] = {
        {"index", 'n', "N", "the entry, from 0", NULL, &request.index},
        {"out", 'o', "FILE", "where the proof goes (default standard output)", NULL, &request.out},
        {"policy", 0, "FILE", "take the first checkpoint that it accepts; without it, the last one",
         NULL, &request.policy},
        {"bare", 0, NULL, "leave the entry itself out of the proof", &request.bare, NULL},
    };
    const struct command_line line = {
        .usage = "ledger prove DIR --index N [options]",
        .about =
            "Writes a proof (c2sp.org/tlog-proof) that an entry is in the log, with a checkpoint: "
            "enough for\n'ledger verify' to check it without the log. With --policy it is the "
            "first checkpoint that covers\nthe entry and was cosigned as the policy wants, which "
            "says since when the entry is there.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "prove: in which log?",
    };
    return command_of_one(&line, argc, argv, prove, &request);
}
