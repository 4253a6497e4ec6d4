/*
 * wellspring ledger timestamp: has an authority of RFC 3161 stamp a log's checkpoint, beside what
 * its witnesses say, or looks at what one stamped.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/json.h"
#include "cli/ledger_command.h"
#include "ledger/log_checkpoint.h"
#include "ledger/timestamp.h"

struct timestamp_request {
    const char *authorities, *from, *request, *answer;
    bool json;
};

static const struct ws_http_limits patience = {.seconds = 30, .bytes = WS_TIMESTAMP_LIMIT};

/* The checkpoint that is served. */
struct stamped {
    const char *directory;
    struct ws_bytes note;
    struct ws_checkpoint checkpoint;
    const char *path; /* of the answer */
};

static enum ws_status read_stamped(const char *directory, struct ws_arena *arena,
                                   struct stamped *out, struct ws_error *err)
{
    struct ws_note note;
    const char *path = ws_arena_format(arena, "%s/checkpoint", directory);
    if (!path)
        return ws_fail_memory(err, "a checkpoint");
    out->directory = directory;
    WS_TRY(ws_file_read(path, WS_NOTE_LIMIT, arena, &out->note, err));
    WS_TRY(ws_note_read(out->note, arena, &note, err));
    WS_TRY(ws_checkpoint_read(note.text, arena, &out->checkpoint, err));
    out->path = ws_timestamp_path(arena, directory, out->checkpoint.size);
    return out->path ? WS_OK : ws_fail_memory(err, "a timestamp");
}

static enum ws_status ask(const char *url, struct ws_bytes query, struct ws_arena *arena,
                          struct ws_bytes *out, struct ws_error *err)
{
    struct ws_http_client *client;
    struct ws_http_reply reply;
    WS_TRY(ws_http_client_open(&patience, &client, err));
    enum ws_status status =
        ws_http_post(client, url, WS_TIMESTAMP_QUERY_TYPE, query, arena, &reply, err);
    ws_http_client_close(client);
    WS_TRY(status);
    if (reply.status != 200)
        return ws_http_fail(err, url, &reply);
    *out = reply.body;
    return WS_OK;
}

/* From the authority, from a file, or where it was kept. */
static enum ws_status find_answer(const struct timestamp_request *request,
                                  const struct stamped *stamped, struct ws_arena *arena,
                                  struct ws_bytes *out, struct ws_error *err)
{
    struct ws_bytes query;
    if (!request->from)
        return ws_file_read(request->answer ? request->answer : stamped->path, WS_TIMESTAMP_LIMIT,
                            arena, out, err);
    WS_TRY(ws_timestamp_request(stamped->note, arena, &query, err));
    return ask(request->from, query, arena, out, err);
}

static enum ws_status print(const struct timestamp_request *request, const struct stamped *stamped,
                            const struct ws_timestamp *stamp, struct ws_error *err)
{
    char time[32];
    time_text(stamp->time, time);
    if (request->json)
        return print_json(json_pack("{s:s, s:I, s:s, s:I, s:o}", "origin",
                                    stamped->checkpoint.origin, "size",
                                    (json_int_t)stamped->checkpoint.size, "existed_no_later_than",
                                    time, "accuracy_seconds", (json_int_t)stamp->accuracy, "file",
                                    ws_json_path(stamped->path)),
                          "the answer", err);
    (void)printf("The %" PRIu64 " entries of '%s' existed no later than %s",
                 stamped->checkpoint.size, stamped->checkpoint.origin, time);
    if (stamp->accuracy > 0)
        (void)printf(", give or take %" PRIu64 " seconds", stamp->accuracy);
    (void)printf(",\nby the word of one authority; its answer is '%s'.\n"
                 "Next: keep the authority's certificates, without which nobody can check it\n",
                 stamped->path);
    return WS_OK;
}

static enum ws_status write_request(const struct timestamp_request *request,
                                    const struct stamped *stamped, struct ws_arena *arena,
                                    struct ws_error *err)
{
    struct ws_bytes query;
    WS_TRY(ws_timestamp_request(stamped->note, arena, &query, err));
    WS_TRY(ws_file_replace(request->request, query, err));
    if (!request->json)
        (void)printf("'%s' is for an authority to answer.\nNext: give its answer with --answer\n",
                     request->request);
    return WS_OK;
}

/* What was got is kept when it holds, and only then. */
static enum ws_status check(const struct timestamp_request *request, const struct stamped *stamped,
                            struct ws_arena *arena, struct ws_error *err)
{
    struct ws_bytes answer = {NULL, 0};
    struct ws_timestamp stamp;
    const uint64_t now = (uint64_t)ws_system_clock.wall(ws_system_clock.user);
    if (!request->authorities)
        return ws_fail(err, WS_INVALID,
                       "timestamp: whose word counts? --authorities names a file of certificates");
    WS_TRY(find_answer(request, stamped, arena, &answer, err));
    WS_TRY(
        ws_timestamp_check(answer, stamped->note, request->authorities, now, arena, &stamp, err));
    if (request->from || request->answer) {
        WS_TRY(ws_file_place(stamped->path, answer, err));
        WS_TRY(ws_file_sync_all(stamped->directory, err));
    }
    return print(request, stamped, &stamp, err);
}

static enum ws_status timestamp(void *context, const struct arguments *arguments,
                                struct ws_error *err)
{
    const struct timestamp_request *request = context;
    struct stamped stamped;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = read_stamped(arguments->positional[0], &arena, &stamped, err);
    if (status == WS_OK)
        status = request->request ? write_request(request, &stamped, &arena, err)
                                  : check(request, &stamped, &arena, err);
    ws_arena_release(&arena);
    return status;
}

int cmd_ledger_timestamp(int argc, char **argv)
{
    struct timestamp_request request = {.json = false};
    const struct flag table[] = {
        {"authorities", 0, "FILE", "certificates (PEM) of the authorities whose word counts", NULL,
         &request.authorities},
        {"from", 0, "URL", "the authority that is asked; its answer is checked and kept", NULL,
         &request.from},
        {"request", 0, "FILE", "write the request, for another way to the authority", NULL,
         &request.request},
        {"answer", 0, "FILE", "an authority's answer, to be checked and kept", NULL,
         &request.answer},
        {"json", 0, NULL, "what it says as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger timestamp DIR --authorities FILE [options]",
        .about =
            "Has an authority of RFC 3161 stamp the checkpoint that a log serves, or looks at the\n"
            "stamp that is kept. This is a grade of evidence beside witnesses and in no quorum: "
            "one\n"
            "party's word, which counts as long as its certificate is valid.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which DIR? 'ledger init' makes one",
    };
    return command_of_one(&line, argc, argv, timestamp, &request);
}
