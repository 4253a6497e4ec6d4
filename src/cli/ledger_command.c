#include "cli/ledger_command.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/number.h"

const char *vkey_text(const struct ws_note_key *key, struct ws_arena *arena)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_note_key_append(&text, key);
    const char *copy = text.status == WS_OK ? ws_arena_text(arena, ws_buffer_string(&text)) : NULL;
    ws_buffer_release(&text);
    return copy;
}

enum ws_status read_policy(const char *path, struct ws_arena *arena, struct ws_trust *out,
                           struct ws_error *err)
{
    struct ws_bytes text;
    WS_TRY(ws_file_read(path, WS_TRUST_LIMIT, arena, &text, err));
    return ws_trust_read(text, path, arena, out, err);
}

enum ws_status open_log_patiently(const char *directory, double seconds, struct ws_log_store *out,
                                  struct ws_error *err)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    const double start = ws_system_clock.elapsed(NULL);
    for (;;) {
        enum ws_status status = ws_log_open(directory, NULL, out, err);
        if (status != WS_BUSY)
            return status;
        if (ws_system_clock.elapsed(NULL) - start >= seconds)
            return ws_fail(err, WS_BUSY,
                           "another process writes to the log '%.200s', and still did after %g s; "
                           "--wait SECONDS waits longer",
                           directory, seconds);
        (void)nanosleep(&pause, NULL);
    }
}

enum ws_status sign_statement(const struct ws_statement *statement,
                              const struct ws_note_signer *signer, struct ws_arena *arena,
                              struct ws_bytes *out, struct ws_error *err)
{
    struct ws_buffer text, envelope;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&envelope, NULL, SIZE_MAX);
    enum ws_status status = ws_statement_append(&text, statement, WS_MERKLE_SIZE_LIMIT - 1, err);
    if (status == WS_OK)
        status = ws_envelope_append(&envelope, WS_STATEMENT_PAYLOAD_TYPE, ws_buffer_bytes(&text),
                                    signer, arena, err);
    if (status == WS_OK) {
        *out = ws_bytes_of(ws_arena_copy(arena, envelope.data, envelope.size), envelope.size);
        if (!out->data)
            status = ws_fail_memory(err, "a statement");
    }
    ws_buffer_release(&envelope);
    ws_buffer_release(&text);
    return status;
}

enum ws_status add_to_log(const char *directory, double patience, struct ws_bytes entry,
                          uint64_t *index, struct ws_error *err)
{
    struct ws_log_store store;
    WS_TRY(open_log_patiently(directory, patience, &store, err));
    enum ws_status status = ws_log_add(&store, &entry, 1, index, err);
    ws_log_close(&store);
    return status;
}

enum ws_status read_seconds(const char *flag, const char *text, double initial, double *out,
                            struct ws_error *err)
{
    uint64_t whole;
    *out = initial;
    if (!text)
        return WS_OK;
    if (!ws_whole_parse(text, &whole) || whole > 1000000000)
        return ws_fail(err, WS_INVALID, "--%s is '%.40s', wanted a whole number of seconds", flag,
                       text);
    *out = (double)whole;
    return WS_OK;
}

void time_text(uint64_t seconds, char out[32])
{
    ws_clock_text((double)seconds, out);
}
