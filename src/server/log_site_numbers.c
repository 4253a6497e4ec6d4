#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/file.h"
#include "server/log_site_internal.h"
#include "server/metrics_text.h"

/* A number of its own, without labels. */
static void append(struct ws_buffer *out, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    ws_metrics_head(out, name, type, help);
    ws_metrics_value(out, name, NULL, NULL, value);
}

/* What the last checkpoint says, and when it was written. */
static enum ws_status append_checkpoint(const struct ws_log_site *site, struct ws_arena *arena,
                                        struct ws_buffer *out, struct ws_error *err)
{
    const char *path = ws_arena_format(arena, "%s/checkpoint", site->settings.directory);
    struct ws_bytes bytes;
    struct ws_note note;
    struct ws_checkpoint checkpoint;
    struct stat about;
    struct timespec now;
    if (!path)
        return ws_fail_memory(err, "a checkpoint");
    WS_TRY(ws_file_read(path, WS_NOTE_LIMIT, arena, &bytes, err));
    WS_TRY(ws_note_read(bytes, arena, &note, err));
    WS_TRY(ws_checkpoint_read(note.text, arena, &checkpoint, err));
    if (stat(path, &about) != 0)
        return ws_fail_system(err, "cannot read", path);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    append(out, "wellspring_log_size", "gauge", "Entries that the last checkpoint covers.",
           checkpoint.size);
    append(out, "wellspring_log_checkpoint_age_seconds", "gauge",
           "Seconds since the last checkpoint was written.",
           now.tv_sec > about.st_mtim.tv_sec ? (uint64_t)(now.tv_sec - about.st_mtim.tv_sec) : 0);
    append(out, "wellspring_log_cosignatures", "gauge",
           "Signatures of the last checkpoint besides the log's.", note.signature_count - 1);
    return WS_OK;
}

static void append_desk(struct ws_log_site *site, struct ws_buffer *out)
{
    static const char *const reasons[] = {
#define X(name, number) [REFUSED_##name] = #name,
        WS_REFUSAL_MAP(X)
#undef X
    };
    static const char refused[] = "wellspring_log_refused_total";
    struct ws_desk_numbers numbers;
    ws_log_desk_numbers(site->desk, &numbers);
    append(out, "wellspring_log_waiting", "gauge",
           "Entries that are kept and wait for the next checkpoint.",
           numbers.count - numbers.published);
    append(out, "wellspring_log_added_total", "counter", "Entries that were taken.", numbers.added);
    append(out, "wellspring_log_batches_total", "counter", "Syncs of the disk that these took.",
           numbers.batches);
    append(out, "wellspring_log_publish_failures_total", "counter",
           "Checkpoints that could not be published.", numbers.publish_failures);
    ws_metrics_head(out, refused, "counter", "Requests that were refused, by reason.");
    for (size_t i = 0; i < REFUSALS; i++)
        ws_metrics_value(out, refused, "reason", reasons[i], atomic_load(&site->refused[i]));
}

static void append_shards(struct ws_log_site *site, struct ws_buffer *out)
{
    static const char *const answers[] = {
#define X(name) [SHARD_##name] = #name,
        WS_SHARD_ANSWER_MAP(X)
#undef X
    };
    static const char name[] = "wellspring_log_shard_requests_total";
    ws_metrics_head(out, name, "counter", "Requests for shards, by what was answered.");
    for (size_t i = 0; i < SHARD_ANSWERS; i++)
        ws_metrics_value(out, name, "answer", answers[i], atomic_load(&site->shard_answers[i]));
}

static void append_lookups(struct ws_log_site *site, struct ws_buffer *out)
{
    static const char *const outcomes[] = {
#define X(name) [WS_LOOKUP_##name] = #name,
        WS_LOOKUP_OUTCOME_MAP(X)
#undef X
    };
    static const char name[] = "wellspring_log_lookups_total";
    ws_metrics_head(out, name, "counter", "Texts that were looked up, by what came of it.");
    for (enum ws_lookup_outcome i = 0; i < WS_LOOKUP_OUTCOMES; i++)
        ws_metrics_value(out, name, "outcome", outcomes[i], ws_log_lookup_count(site->lookups, i));
}

enum ws_status log_site_numbers(void *site_, const struct ws_http_request *request,
                                struct ws_http_answer *answer, struct ws_error *err)
{
    struct ws_log_site *site = site_;
    struct statvfs disk;
    answer->type = WS_METRICS_TYPE;
    WS_TRY(append_checkpoint(site, request->arena, &answer->body, err));
    if (site->desk)
        append_desk(site, &answer->body);
    if (site->shards)
        append_shards(site, &answer->body);
    if (site->lookups)
        append_lookups(site, &answer->body);
    if (fstatvfs(site->directory, &disk) == 0)
        append(&answer->body, "wellspring_log_disk_free_bytes", "gauge",
               "Bytes that are free where the log is.", (uint64_t)disk.f_bavail * disk.f_frsize);
    return WS_OK;
}
