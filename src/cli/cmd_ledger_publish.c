/*
 * wellspring ledger publish: a checkpoint of what was added, cosigned by the policy's witnesses.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/ledger_command.h"
#include "cli/stop_signal.h"
#include "ledger/log_cosign.h"
#include "ledger/witness_http.h"

enum { PATIENCE = 30 /* seconds */ };

struct publish_request {
    const char *key, *policy, *every, *wait;
    bool once, json;
};

/* What publishes, again and again. */
struct publisher {
    const char *directory;
    struct ws_note_signer signer;
    struct ws_trust trust; /* without logs where no policy was given */
    struct ws_witness_transport transport;
    double patience;
    bool json;
};

static json_t *witness_json(const struct ws_trust *trust, const struct ws_witness_outcome *outcome)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "witness", trust->members[outcome->member].name,
                     "result", ws_witness_result_name(outcome->result), "message",
                     outcome->message ? outcome->message : "", "time", (json_int_t)outcome->time);
}

static enum ws_status print_cosigning_json(const struct publisher *publisher,
                                           const struct ws_log_cosigning *came,
                                           struct ws_error *err)
{
    char time[32];
    json_t *witnesses = json_array();
    time_text(came->time, time);
    for (size_t i = 0; i < came->outcomes.count; i++)
        ws_json_add(&witnesses, witness_json(&publisher->trust, &came->outcomes.items[i]));
    return print_json(json_pack("{s:I, s:b, s:o, s:o}", "size", (json_int_t)came->size, "served",
                                came->is_served, "existed_no_later_than",
                                came->time > 0 ? json_string(time) : json_null(), "witnesses",
                                witnesses),
                      "the answer", err);
}

static void print_cosigning(const struct publisher *publisher, const struct ws_log_cosigning *came)
{
    const size_t witnesses = ws_trust_witnesses(&publisher->trust);
    char time[32];
    size_t cosigned = 0;
    for (size_t i = 0; i < came->outcomes.count; i++)
        cosigned += came->outcomes.items[i].result == WS_WITNESS_GAVE_COSIGNED;
    (void)printf("A checkpoint of %" PRIu64 " entries is %s", came->size,
                 came->is_served ? "published" : "signed, and not yet published");
    if (witnesses > 0)
        (void)printf("; %zu of %zu witnesses cosigned it", cosigned, witnesses);
    (void)printf(".\n");
    if (came->time > 0) {
        time_text(came->time, time);
        (void)printf(
            "What it covers existed no later than %s: that is when the policy's quorum of\n"
            "witnesses was complete.\n",
            time);
    }
    for (size_t i = 0; i < came->outcomes.count; i++) {
        const struct ws_witness_outcome *outcome = &came->outcomes.items[i];
        if (outcome->result != WS_WITNESS_GAVE_COSIGNED)
            (void)printf("  %s: %s\n", publisher->trust.members[outcome->member].name,
                         outcome->message ? outcome->message
                                          : ws_witness_result_name(outcome->result));
    }
    (void)fflush(stdout);
}

/* The log is another's between two checkpoints. */
static enum ws_status publish_once(const struct publisher *publisher, bool *served,
                                   struct ws_error *err)
{
    const struct ws_log_witnesses witnesses = {&publisher->trust, &publisher->transport};
    struct ws_log_cosigning came;
    struct ws_log_store store;
    struct ws_arena arena;
    WS_TRY(open_log_patiently(publisher->directory, publisher->patience, &store, err));
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_log_publish_cosigned(&store, &publisher->signer, &witnesses, &arena, &came, err);
    *served = status == WS_OK && came.is_served;
    if (status == WS_OK && publisher->json)
        status = print_cosigning_json(publisher, &came, err);
    else if (status == WS_OK)
        print_cosigning(publisher, &came);
    ws_arena_release(&arena);
    ws_log_close(&store);
    return status;
}

/* Until the next one, or a signal. */
static void rest(double seconds)
{
    const double start = ws_system_clock.elapsed(NULL);
    while (!*stop_signal_flag() && ws_system_clock.elapsed(NULL) - start < seconds)
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

/* What may pass (others write, a disk is full, witnesses are silent) is told and tried again; a log
 * that was changed stays as it is. */
static enum ws_status publish_often(const struct publisher *publisher, double seconds,
                                    struct ws_error *err)
{
    bool served;
    stop_signal_take();
    while (!*stop_signal_flag()) {
        enum ws_status status = publish_once(publisher, &served, err);
        if (status != WS_OK && status != WS_BUSY && status != WS_IO)
            return status;
        if (status != WS_OK)
            (void)fprintf(stderr, "wellspring: %s\n", err->message);
        rest(seconds);
    }
    return WS_OK;
}

static enum ws_status publish_alone(const struct publisher *publisher, struct ws_error *err)
{
    bool served;
    WS_TRY(publish_once(publisher, &served, err));
    if (!served)
        return ws_fail(err, WS_BUSY,
                       "too few witnesses cosigned the checkpoint; readers see the one before it. "
                       "Publish again when they answer");
    if (!publisher->json) {
        begin_command(stdout, "Next:\n ");
        print_words("ledger prove");
        print_word(publisher->directory);
        print_words("--index 0 --out entry.tlog-proof");
        end_command(NULL);
    }
    return WS_OK;
}

static enum ws_status work(const struct publish_request *request, struct publisher *publisher,
                           struct ws_error *err)
{
    double seconds;
    WS_TRY(read_seconds("every", request->every, 0, &seconds, err));
    WS_TRY(read_seconds("wait", request->wait, PATIENCE, &publisher->patience, err));
    if (request->every && request->once)
        return ws_fail(err, WS_INVALID, "publish: --once or --every, not both");
    if (request->every && seconds == 0)
        return ws_fail(err, WS_INVALID, "--every is '0', wanted at least a second");
    return request->every ? publish_often(publisher, seconds, err) : publish_alone(publisher, err);
}

static enum ws_status publish(void *context, const struct arguments *arguments,
                              struct ws_error *err)
{
    const struct publish_request *request = context;
    struct publisher publisher = {.directory = arguments->positional[0],
                                  .trust = {.quorum = WS_TRUST_NO_QUORUM},
                                  .transport = ws_witness_over_http(&ws_witness_patience),
                                  .json = request->json};
    struct ws_arena arena;
    if (!request->key)
        return ws_fail(err, WS_INVALID, "publish: which --key signs?");
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        request->policy ? read_policy(request->policy, &arena, &publisher.trust, err) : WS_OK;
    if (status == WS_OK) {
        status = ws_key_file_read(request->key, WS_KEY_ED25519, &arena, &publisher.signer, err);
        if (status == WS_OK) {
            status = work(request, &publisher, err);
            ws_note_signer_close(&publisher.signer);
        }
        ws_trust_close(&publisher.trust);
    }
    ws_arena_release(&arena);
    return status;
}

int cmd_ledger_publish(int argc, char **argv)
{
    struct publish_request request = {.key = NULL};
    const struct flag table[] = {
        {"key", 'k', "FILE", "the private key of the log", NULL, &request.key},
        {"policy", 0, "FILE", "whose witnesses are asked, and how many must cosign", NULL,
         &request.policy},
        {"once", 0, NULL, "one checkpoint (the default)", &request.once, NULL},
        {"every", 0, "SECONDS", "one again and again, until a signal ends it", NULL,
         &request.every},
        {"wait", 0, "SECONDS", "for a log that another process writes to (default 30)", NULL,
         &request.wait},
        {"json", 0, NULL, "what came of it as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger publish DIR --key FILE [options]",
        .about =
            "Signs a checkpoint of all that was added, has the policy's witnesses cosign it, and "
            "serves it\nwhen enough have. The first cosignature of each is kept for ever: it "
            "dates the entries.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "publish: which log?",
    };
    return command_of_one(&line, argc, argv, publish, &request);
}
