/*
 * Watching logs: honest ones of any size, whole and in pieces; damaged ones; and those that fork,
 * roll back, or do so while a look is stopped half way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_monitor.h"
#include "ledger/log_store.h"
#include "support/place.h"

enum { MANY = 70000, STOP_AT = 66000, RECORD_EACH = 65536, TIMES = 8 };

struct trial {
    struct place place;
    struct ws_arena arena;
    struct ws_note_signer signer, witness;
    struct ws_trust trust, witnessed; /* without a quorum, and with that of the witness */
    char log[PATH_MAX], fork[PATH_MAX], state[PATH_MAX];
    uint64_t first, told, stop_at; /* entries that were told of */
    uint64_t times[TIMES];         /* of the last of them */
    bool is_new;                   /* to each look comes another listener */
};

static void append_key(struct ws_buffer *out, const char *before, const struct ws_note_signer *of)
{
    struct ws_note_key key;
    assert_int_equal(ws_note_signer_key(of, &key, NULL), WS_OK);
    ws_buffer_text(out, before);
    ws_note_key_append(out, &key);
    ws_note_key_close(&key);
}

static void read_policies(struct trial *trial)
{
    struct ws_buffer policy;
    ws_buffer_init(&policy, NULL, 1 << 16);
    append_key(&policy, "log ", &trial->signer);
    const size_t log = policy.size;
    ws_buffer_text(&policy, "\nquorum none\n");
    assert_int_equal(
        ws_trust_read(ws_buffer_bytes(&policy), "policy", &trial->arena, &trial->trust, NULL),
        WS_OK);
    policy.size = log;
    append_key(&policy, "\nwitness w ", &trial->witness);
    ws_buffer_text(&policy, "\nquorum w\n");
    assert_int_equal(
        ws_trust_read(ws_buffer_bytes(&policy), "policy", &trial->arena, &trial->witnessed, NULL),
        WS_OK);
    ws_buffer_release(&policy);
}

static int open_trial(void **state)
{
    static struct trial trial;
    trial = (struct trial){.stop_at = UINT64_MAX};
    new_place(&trial.place);
    ws_arena_init(&trial.arena, NULL);
    (void)snprintf(trial.log, sizeof trial.log, "%s/log", trial.place.path);
    (void)snprintf(trial.fork, sizeof trial.fork, "%s/fork", trial.place.path);
    (void)snprintf(trial.state, sizeof trial.state, "%s/state", trial.place.path);
    assert_int_equal(ws_note_signer_make("log", WS_KEY_ED25519, &trial.arena, &trial.signer, NULL),
                     WS_OK);
    assert_int_equal(
        ws_note_signer_make("w", WS_KEY_COSIGNATURE, &trial.arena, &trial.witness, NULL), WS_OK);
    read_policies(&trial);
    *state = &trial;
    return 0;
}

static int close_trial(void **state)
{
    struct trial *trial = *state;
    ws_trust_close(&trial->trust);
    ws_trust_close(&trial->witnessed);
    ws_note_signer_close(&trial->signer);
    ws_note_signer_close(&trial->witness);
    ws_arena_release(&trial->arena);
    remove_place(&trial->place);
    return 0;
}

/* So many more entries, "<text> <index>", and a checkpoint. */
static void grow(struct trial *trial, const char *log, const char *text, uint64_t count)
{
    struct ws_log_store store;
    struct ws_error err = {.message = ""};
    uint64_t first;
    if (!ws_directory_exists(log))
        assert_int_equal(ws_log_make(log, &trial->signer, &err), WS_OK);
    assert_int_equal(ws_log_open(log, NULL, &store, &err), WS_OK);
    struct ws_bytes *entries = calloc(count + 1, sizeof *entries);
    assert_non_null(entries);
    for (uint64_t i = 0; i < count; i++)
        entries[i] = ws_bytes_of_text(
            ws_arena_format(&trial->arena, "%s %ju", text, (uintmax_t)(store.count + i)));
    if (count > 0)
        assert_int_equal(ws_log_add(&store, entries, count, &first, &err), WS_OK);
    assert_int_equal(ws_log_publish(&store, &trial->signer, &err), WS_OK);
    free(entries);
    ws_log_close(&store);
}

static enum ws_status on_entry(void *trial_, uint64_t index, uint64_t time, struct ws_bytes entry,
                               struct ws_error *err)
{
    struct trial *trial = trial_;
    trial->times[index % TIMES] = time;
    assert_true(entry.size > 2);
    if (index == trial->stop_at)
        return ws_fail(err, WS_INTERRUPTED, "stopped");
    if (trial->told == 0)
        trial->first = index;
    if (index == 0)
        trial->first = trial->told = 0;
    assert_int_equal(index, trial->first + trial->told);
    trial->told++;
    return WS_OK;
}

static enum ws_status begin_anew(void *trial_, const struct ws_trusted_checkpoint *shown,
                                 uint64_t seen, uint64_t *had, struct ws_error *err)
{
    (void)trial_, (void)err;
    assert_int_equal(*had, seen);
    assert_true(shown->checkpoint.size > 0);
    *had = 0;
    return WS_OK;
}

static enum ws_status look(struct trial *trial, const char *log, struct ws_monitor_look *out)
{
    struct ws_log_source source;
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_log_source_open(log, &source, &err), WS_OK);
    const struct ws_monitor_listener listener = {
        .begin = trial->is_new ? begin_anew : NULL, .entry = on_entry, .user = trial};
    const struct ws_monitor monitor = {
        .source = &source, .trust = &trial->trust, .state = trial->state, .listener = &listener};
    trial->told = 0;
    enum ws_status status = ws_monitor_look(&monitor, &trial->arena, out, &err);
    ws_log_source_close(&source);
    return status;
}

static void assert_look(struct trial *trial, const char *log, enum ws_monitor_verdict verdict,
                        uint64_t first, uint64_t told)
{
    struct ws_monitor_look out = {.verdict = WS_MONITOR_VERDICTS};
    assert_int_equal(look(trial, log, &out), WS_OK);
    assert_int_equal(out.verdict, verdict);
    assert_int_equal(trial->told, told);
    if (told > 0)
        assert_int_equal(trial->first, first);
}

static void a_log__is_read_as_it_grows(void **state)
{
    struct trial *trial = *state;
    static const uint64_t steps[] = {1, 2, 252, 1, 1, 300, 1000};
    uint64_t size = 0;
    grow(trial, trial->log, "entry", 0);
    assert_look(trial, trial->log, WS_MONITOR_FIRST, 0, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        grow(trial, trial->log, "entry", steps[i]);
        assert_look(trial, trial->log, WS_MONITOR_GROWN, size, steps[i]);
        assert_look(trial, trial->log, WS_MONITOR_SAME, 0, 0);
        size += steps[i];
    }
}

static void a_look__that_was_stopped_goes_on(void **state)
{
    struct trial *trial = *state;
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", MANY);
    trial->stop_at = STOP_AT;
    assert_int_equal(look(trial, trial->log, &out), WS_INTERRUPTED);
    assert_int_equal(trial->told, STOP_AT);
    trial->stop_at = UINT64_MAX;
    assert_look(trial, trial->log, WS_MONITOR_FIRST, RECORD_EACH, MANY - RECORD_EACH);
    assert_look(trial, trial->log, WS_MONITOR_SAME, 0, 0);
}

/* Changes one byte of a file. */
static void spoil(struct trial *trial, const char *path, size_t at)
{
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read(path, 1 << 24, &trial->arena, &bytes, NULL), WS_OK);
    uint8_t *copy = ws_arena_copy(&trial->arena, bytes.data, bytes.size);
    copy[at % bytes.size] ^= 1;
    assert_int_equal(ws_file_replace(path, ws_bytes_of(copy, bytes.size), NULL), WS_OK);
}

/* All of the file but its last byte, or nothing of it, until it is whole again. */
static void assert_cut_is_seen(struct trial *trial, const char *path)
{
    struct ws_monitor_look out;
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read(path, 1 << 24, &trial->arena, &bytes, NULL), WS_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ws_file_replace(path, ws_bytes_of(bytes.data, i * (bytes.size - 1)), NULL),
                         WS_OK);
        if (look(trial, trial->log, &out) != WS_CORRUPT)
            fail_msg("a piece of '%s' was not missed", path);
    }
    assert_int_equal(ws_file_replace(path, bytes, NULL), WS_OK);
}

static void every_byte__counts(void **state)
{
    struct trial *trial = *state;
    static const char *const files[] = {
        "checkpoint", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88",
        "tile/0/000", "tile/0/001",       "tile/0/002.p/88",  "tile/1/000.p/2"};
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 600);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = join(&trial->arena, trial->log, files[i]);
        for (size_t at = 3; at < 60; at += 19) {
            spoil(trial, path, at);
            if (look(trial, trial->log, &out) != WS_CORRUPT)
                fail_msg("byte %zu of '%s' was not missed", at, files[i]);
            spoil(trial, path, at);
        }
        assert_cut_is_seen(trial, path);
    }
    assert_look(trial, trial->log, WS_MONITOR_FIRST, 0, 600);
}

static void assert_evidence(struct trial *trial)
{
    struct ws_trusted_checkpoint seen, shown;
    struct ws_bytes note;
    assert_int_equal(ws_file_read(join(&trial->arena, trial->state, "fork-seen"), WS_NOTE_LIMIT,
                                  &trial->arena, &note, NULL),
                     WS_OK);
    assert_int_equal(ws_trust_check(&trial->trust, note, &trial->arena, &seen, NULL), WS_OK);
    assert_int_equal(ws_file_read(join(&trial->arena, trial->state, "fork-shown"), WS_NOTE_LIMIT,
                                  &trial->arena, &note, NULL),
                     WS_OK);
    assert_int_equal(ws_trust_check(&trial->trust, note, &trial->arena, &shown, NULL), WS_OK);
    assert_false(ws_hash_equal(&seen.checkpoint.root, &shown.checkpoint.root));
}

/* After a log of 300 entries was seen, another of `size` is shown, signed by the same key. */
static void assert_fork_of(struct trial *trial, uint64_t size)
{
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 300);
    grow(trial, trial->fork, "other", size);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(look(trial, trial->fork, &out), WS_OK);
    assert_int_equal(out.verdict, WS_MONITOR_FORKED);
    assert_true(out.notes[0].size > 0 && out.notes[1].size > 0);
    assert_evidence(trial);
    /* It is not forgotten, whatever is shown next. */
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(out.verdict, WS_MONITOR_FORKED);
}

static void a_fork__of_the_same_size_is_found(void **state)
{
    assert_fork_of(*state, 300);
}

static void a_fork__that_is_larger_is_found(void **state)
{
    assert_fork_of(*state, 1000);
}

/* Of the same history's tiles the checkpoint alone is another: what was seen began otherwise. */
static void a_fork__that_is_smaller_is_found(void **state)
{
    struct trial *trial = *state;
    struct ws_bytes other;
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 300);
    grow(trial, trial->fork, "other", 299);
    assert_int_equal(ws_file_read(join(&trial->arena, trial->fork, "checkpoint"), WS_NOTE_LIMIT,
                                  &trial->arena, &other, NULL),
                     WS_OK);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(ws_file_replace(join(&trial->arena, trial->log, "checkpoint"), other, NULL),
                     WS_OK);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(out.verdict, WS_MONITOR_FORKED);
    assert_evidence(trial);
}

/* A mirror that is late, or a log that was rolled back, has no tiles that prove which. Neither is
 * accused of a fork, and nothing is remembered. */
static void an_old_copy__is_refused_and_no_fork(void **state)
{
    struct trial *trial = *state;
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 300);
    grow(trial, trial->fork, "entry", 299); /* the same entries */
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(look(trial, trial->fork, &out), WS_CORRUPT);
    assert_look(trial, trial->log, WS_MONITOR_SAME, 0, 0);
    grow(trial, trial->fork, "entry", 1);
    assert_look(trial, trial->fork, WS_MONITOR_SAME, 0, 0);
    grow(trial, trial->fork, "entry", 700);
    assert_look(trial, trial->fork, WS_MONITOR_GROWN, 300, 700);
}

static void a_fork__is_found_though_a_look_at_it_was_stopped(void **state)
{
    struct trial *trial = *state;
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 300);
    grow(trial, trial->fork, "other", MANY);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    trial->stop_at = STOP_AT;
    assert_int_equal(look(trial, trial->fork, &out), WS_INTERRUPTED);
    trial->stop_at = UINT64_MAX;
    assert_int_equal(look(trial, trial->fork, &out), WS_OK);
    assert_int_equal(out.verdict, WS_MONITOR_FORKED);
    assert_evidence(trial);
}

static void an_older_checkpoint__is_told_from_a_fork(void **state)
{
    struct trial *trial = *state;
    struct ws_bytes older;
    struct ws_monitor_look out;
    const char *path = join(&trial->arena, trial->log, "checkpoint");
    grow(trial, trial->log, "entry", 300);
    assert_int_equal(ws_file_read(path, WS_NOTE_LIMIT, &trial->arena, &older, NULL), WS_OK);
    grow(trial, trial->log, "entry", 300);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(ws_file_replace(path, older, NULL), WS_OK);
    assert_look(trial, trial->log, WS_MONITOR_STALE, 0, 0);
    /* Restored from an old copy, it went on otherwise. */
    grow(trial, trial->fork, "entry", 300);
    grow(trial, trial->fork, "other", 600);
    assert_int_equal(look(trial, trial->fork, &out), WS_OK);
    assert_int_equal(out.verdict, WS_MONITOR_FORKED);
    assert_evidence(trial);
}

/* A server may damage what it serves; only what is signed makes a fork. */
static void damage__is_no_fork(void **state)
{
    struct trial *trial = *state;
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 300);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    grow(trial, trial->log, "entry", 300);
    const char *path = join(&trial->arena, trial->log, "tile/0/001");
    spoil(trial, path, 5);
    assert_int_equal(look(trial, trial->log, &out), WS_CORRUPT);
    assert_false(ws_file_exists(join(&trial->arena, trial->state, "fork-shown")));
    spoil(trial, path, 5);
    assert_look(trial, trial->log, WS_MONITOR_GROWN, 300, 300);
}

/* Whom nothing was told yet is told all, and the log is held to what was seen before all the same.
 */
static void a_new_listener__is_told_the_whole_log(void **state)
{
    struct trial *trial = *state;
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 300);
    assert_look(trial, trial->log, WS_MONITOR_FIRST, 0, 300);
    trial->is_new = true;
    assert_look(trial, trial->log, WS_MONITOR_SAME, 0, 300);
    grow(trial, trial->log, "entry", 400);
    assert_look(trial, trial->log, WS_MONITOR_GROWN, 0, 700);
    spoil(trial, join(&trial->arena, trial->log, "tile/entries/000"), 5);
    assert_int_equal(look(trial, trial->log, &out), WS_CORRUPT);
    grow(trial, trial->fork, "other", 1000);
    assert_int_equal(look(trial, trial->fork, &out), WS_OK);
    assert_int_equal(out.verdict, WS_MONITOR_FORKED);
    assert_evidence(trial);
}

static void a_state__is_of_one_log(void **state)
{
    struct trial *trial = *state;
    struct ws_monitor_look out;
    grow(trial, trial->log, "entry", 3);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(
        ws_file_replace(join(&trial->arena, trial->state, "checkpoint"),
                        ws_bytes_of_text("elsewhere\n1\n"
                                         "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n\n"
                                         "— a AAAAAAAA\n"),
                        NULL),
        WS_OK);
    assert_int_equal(look(trial, trial->log, &out), WS_CONFLICT);
}

/* With a witness --------------------------------------------------------------------------------
 */

/* The last checkpoint with a cosignature, served and, where `is_first`, kept. */
static void cosign(struct trial *trial, const char *log, uint64_t time, bool is_first)
{
    struct ws_log_store store;
    struct ws_error err = {.message = ""};
    struct ws_bytes last, kept;
    struct ws_note note;
    struct ws_buffer all;
    assert_int_equal(ws_log_open(log, NULL, &store, &err), WS_OK);
    assert_int_equal(ws_log_last_signed(&store, &trial->arena, &last, &err), WS_OK);
    assert_int_equal(ws_note_read(last, &trial->arena, &note, &err), WS_OK);
    ws_buffer_init(&all, NULL, WS_NOTE_LIMIT);
    ws_buffer_append(&all, note.text.data, note.text.size);
    ws_buffer_u8(&all, '\n');
    ws_buffer_append(&all, note.signatures[0].line.data, note.signatures[0].line.size);
    assert_int_equal(ws_note_sign(&all, note.text, &trial->witness, time, &trial->arena, &err),
                     WS_OK);
    kept = ws_buffer_bytes(&all);
    if (!is_first)
        assert_int_equal(ws_file_read(ws_log_kept_checkpoint_path(&trial->arena, log, store.size),
                                      WS_NOTE_LIMIT, &trial->arena, &kept, &err),
                         WS_OK);
    assert_int_equal(ws_log_serve(&store, ws_buffer_bytes(&all), kept, &err), WS_OK);
    ws_buffer_release(&all);
    ws_log_close(&store);
}

/* So many more, which nobody cosigned yet. */
static void sign_more(struct trial *trial, const char *log, const char *text, uint64_t count)
{
    struct ws_log_store store;
    struct ws_error err = {.message = ""};
    if (!ws_directory_exists(log))
        assert_int_equal(ws_log_make(log, &trial->signer, &err), WS_OK);
    assert_int_equal(ws_log_open(log, NULL, &store, &err), WS_OK);
    assert_int_equal(ws_log_set_confirmed(&store, true, &err), WS_OK);
    for (uint64_t i = 0, index; i < count; i++) {
        const struct ws_bytes entry = ws_bytes_of_text(
            ws_arena_format(&trial->arena, "%s %ju", text, (uintmax_t)store.count));
        assert_int_equal(ws_log_add(&store, &entry, 1, &index, &err), WS_OK);
    }
    assert_int_equal(ws_log_sign(&store, &trial->signer, &err), WS_OK);
    ws_log_close(&store);
}

static void assert_times(const struct trial *trial, uint64_t first, const uint64_t *times,
                         size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(trial->times[(first + i) % TIMES], times[i]);
}

/* Not by the checkpoint that is shown, which is later, and later still when it is cosigned anew. */
static void an_entry__is_dated_by_the_first_kept_checkpoint(void **state)
{
    struct trial *trial = *state;
    struct ws_trust none = trial->trust;
    trial->trust = trial->witnessed;
    sign_more(trial, trial->log, "entry", 2);
    cosign(trial, trial->log, 1000, true);
    sign_more(trial, trial->log, "entry", 1); /* too few cosigned it */
    sign_more(trial, trial->log, "entry", 1);
    cosign(trial, trial->log, 1200, true);
    cosign(trial, trial->log, 9000, false);
    assert_look(trial, trial->log, WS_MONITOR_FIRST, 0, 4);
    assert_times(trial, 0, (const uint64_t[]){1000, 1000, 1200, 1200}, 4);
    /* The next look goes on from there. */
    sign_more(trial, trial->log, "entry", 1);
    cosign(trial, trial->log, 9100, true);
    sign_more(trial, trial->log, "entry", 1);
    cosign(trial, trial->log, 9200, true);
    cosign(trial, trial->log, 9300, false);
    assert_look(trial, trial->log, WS_MONITOR_GROWN, 4, 2);
    assert_times(trial, 4, (const uint64_t[]){9100, 9200}, 2);
    /* Where the way there is missing, what is shown says it. */
    sign_more(trial, trial->log, "entry", 1);
    cosign(trial, trial->log, 9400, true);
    cosign(trial, trial->log, 9500, false);
    assert_int_equal(ws_file_remove(join(&trial->arena, trial->log, "checkpoints/006.next"), NULL),
                     WS_OK);
    assert_look(trial, trial->log, WS_MONITOR_GROWN, 6, 1);
    assert_times(trial, 6, (const uint64_t[]){9500}, 1);
    trial->trust = none;
}

/* A kept one that the witness cosigned of other entries. */
static void a_kept_checkpoint__of_other_entries_is_a_fork(void **state)
{
    struct trial *trial = *state;
    struct ws_monitor_look out;
    struct ws_trust none = trial->trust;
    const char *kept = ws_log_kept_checkpoint_path(&trial->arena, trial->log, 2);
    struct ws_bytes other;
    trial->trust = trial->witnessed;
    sign_more(trial, trial->fork, "other", 2);
    cosign(trial, trial->fork, 1000, true);
    assert_int_equal(ws_file_read(join(&trial->arena, trial->fork, "checkpoint"), WS_NOTE_LIMIT,
                                  &trial->arena, &other, NULL),
                     WS_OK);
    sign_more(trial, trial->log, "entry", 2);
    cosign(trial, trial->log, 1000, true);
    sign_more(trial, trial->log, "entry", 2);
    cosign(trial, trial->log, 1100, true);
    assert_int_equal(ws_file_replace(kept, other, NULL), WS_OK);
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    assert_int_equal(out.verdict, WS_MONITOR_FORKED);
    assert_evidence(trial);
    trial->trust = none;
}

/* What the log's key signed is evidence, whoever else did. */
static void a_fork__that_nobody_cosigned_is_kept(void **state)
{
    struct trial *trial = *state;
    static const uint64_t sizes[] = {4, 9, 2};
    struct ws_monitor_look out;
    struct ws_trust none = trial->trust;
    struct ws_bytes honest, other;
    const char *log = join(&trial->arena, trial->log, "checkpoint");
    sign_more(trial, trial->log, "entry", 4);
    cosign(trial, trial->log, 1000, true);
    assert_int_equal(ws_file_read(log, WS_NOTE_LIMIT, &trial->arena, &honest, NULL), WS_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (i > 0)
            remove_tree(&trial->arena, trial->state);
        trial->trust = trial->witnessed;
        assert_int_equal(look(trial, trial->log, &out), WS_OK);
        assert_int_equal(out.verdict, WS_MONITOR_FIRST);
        trial->trust = none;
        grow(trial, trial->fork, "other", sizes[i]);
        assert_int_equal(ws_file_read(join(&trial->arena, trial->fork, "checkpoint"), WS_NOTE_LIMIT,
                                      &trial->arena, &other, NULL),
                         WS_OK);
        trial->trust = trial->witnessed;
        /* Of the smaller one the honest tiles prove that they began otherwise. */
        const bool is_smaller = sizes[i] < 4;
        if (is_smaller)
            assert_int_equal(ws_file_replace(log, other, NULL), WS_OK);
        assert_int_equal(look(trial, is_smaller ? trial->log : trial->fork, &out), WS_OK);
        assert_int_equal(out.verdict, WS_MONITOR_FORKED);
        trial->trust = none;
        assert_evidence(trial);
        if (is_smaller)
            assert_int_equal(ws_file_replace(log, honest, NULL), WS_OK);
        remove_tree(&trial->arena, trial->fork);
    }
    /* One that goes on, and that nobody cosigned, is refused and no fork. */
    remove_tree(&trial->arena, trial->state);
    trial->trust = trial->witnessed;
    assert_int_equal(look(trial, trial->log, &out), WS_OK);
    sign_more(trial, trial->log, "entry", 1);
    assert_int_equal(ws_file_read(ws_log_kept_checkpoint_path(&trial->arena, trial->log, 5),
                                  WS_NOTE_LIMIT, &trial->arena, &other, NULL),
                     WS_OK);
    assert_int_equal(ws_file_replace(log, other, NULL), WS_OK);
    assert_int_equal(look(trial, trial->log, &out), WS_CORRUPT);
    assert_false(ws_file_exists(join(&trial->arena, trial->state, "fork-shown")));
    trial->trust = none;
}

#define TRIAL(test) cmocka_unit_test_setup_teardown(test, open_trial, close_trial)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRIAL(a_log__is_read_as_it_grows),
        TRIAL(a_look__that_was_stopped_goes_on),
        TRIAL(every_byte__counts),
        TRIAL(a_fork__of_the_same_size_is_found),
        TRIAL(a_fork__that_is_larger_is_found),
        TRIAL(a_fork__that_is_smaller_is_found),
        TRIAL(an_old_copy__is_refused_and_no_fork),
        TRIAL(a_fork__is_found_though_a_look_at_it_was_stopped),
        TRIAL(an_older_checkpoint__is_told_from_a_fork),
        TRIAL(damage__is_no_fork),
        TRIAL(a_new_listener__is_told_the_whole_log),
        TRIAL(a_state__is_of_one_log),
        TRIAL(an_entry__is_dated_by_the_first_kept_checkpoint),
        TRIAL(a_kept_checkpoint__of_other_entries_is_a_fork),
        TRIAL(a_fork__that_nobody_cosigned_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
