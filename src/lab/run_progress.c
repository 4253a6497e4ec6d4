#include "lab/run_progress.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "lab/run_directory.h"

enum { FILE_SIZE = 1 << 16 };

/* Processes ------------------------------------------------------------------------------------ */

/* A short file of the kernel's, without the end of its line; "" when it cannot be read. */
static const char *read_line(const char *path, struct ws_arena *arena)
{
    struct ws_bytes bytes;
    if (ws_file_read(path, FILE_SIZE, arena, &bytes, NULL) != WS_OK)
        return "";
    const char *end = memchr(bytes.data, '\n', bytes.size);
    const int size = (int)(end ? end - (const char *)bytes.data : (ptrdiff_t)bytes.size);
    const char *line = ws_arena_format(arena, "%.*s", size, (const char *)bytes.data);
    return line ? line : "";
}

static const char *read_boot(struct ws_arena *arena)
{
    return read_line("/proc/sys/kernel/random/boot_id", arena);
}

/* Field 22 of /proc/<number>/stat, counted behind the program's name, which may hold anything; 0
 * when there is no such process. */
static uint64_t read_start(uint64_t number, struct ws_arena *arena)
{
    const char *path = ws_arena_format(arena, "/proc/%" PRIu64 "/stat", number);
    const char *next = path ? strrchr(read_line(path, arena), ')') : NULL;
    for (int field = 2; next && field < 22; field++)
        next = strchr(next + 1, ' ');
    return next ? strtoull(next + 1, NULL, 10) : 0;
}

struct ws_process_name ws_process_name(struct ws_arena *arena)
{
    const uint64_t number = (uint64_t)getpid();
    return (struct ws_process_name){read_boot(arena), number, read_start(number, arena)};
}

enum ws_process_state ws_process_look(const struct ws_process_name *process)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const char *boot = read_boot(&arena);
    enum ws_process_state state = WS_PROCESS_ELSEWHERE;
    if (*boot && strcmp(boot, process->boot) == 0)
        state = process->started > 0 && read_start(process->number, &arena) == process->started
                    ? WS_PROCESS_THERE
                    : WS_PROCESS_GONE;
    ws_arena_release(&arena);
    return state;
}

enum ws_status ws_process_ask_to_end(const struct ws_process_name *process, struct ws_error *err)
{
    if (process->number == 0 || process->number > INT32_MAX)
        return ws_fail(err, WS_NOT_FOUND, "no process is on record");
    /* Held before it is looked at, so that its number cannot become another's in between. */
    int held = pidfd_open((pid_t)process->number, 0);
    if (held < 0 && errno != ESRCH)
        return ws_fail(err, WS_IO, "process %" PRIu64 " cannot be reached: %s", process->number,
                       strerrordesc_np(errno));
    enum ws_process_state state = ws_process_look(process);
    enum ws_status status = WS_OK;
    if (state == WS_PROCESS_ELSEWHERE)
        status = ws_fail(err, WS_UNSUPPORTED, "it runs on another machine; stop it there");
    else if (held < 0 || state == WS_PROCESS_GONE)
        status = ws_fail(err, WS_NOT_FOUND, "process %" PRIu64 " is gone; it was killed",
                         process->number);
    else if (pidfd_send_signal(held, SIGTERM, NULL, 0) != 0)
        status = ws_fail(err, WS_IO, "process %" PRIu64 " cannot be stopped: %s", process->number,
                         strerrordesc_np(errno));
    if (held >= 0)
        (void)close(held);
    return status;
}

/* The file ------------------------------------------------------------------------------------- */

static json_t *to_json(const struct ws_run_progress *p)
{
    return json_pack("{s:s, s:{s:s, s:I, s:I, s:b}, s:f, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I}",
                     "format", WS_PROGRESS_FORMAT, "process", "boot", p->process.boot, "number",
                     (json_int_t)p->process.number, "started", (json_int_t)p->process.started,
                     "stops", p->stops, "elapsed", p->elapsed, "work", (json_int_t)p->work,
                     "work_left", (json_int_t)p->work_left, "chains", (json_int_t)p->chains,
                     "chains_done", (json_int_t)p->chains_done, "arm", ws_json_path(p->arm),
                     "first_seed", (json_int_t)p->first_seed, "seeds", (json_int_t)p->seeds,
                     "generation", (json_int_t)p->generation);
}

enum ws_status ws_progress_write(const char *directory, const struct ws_run_progress *progress,
                                 struct ws_error *err)
{
    char path[PATH_MAX];
    struct ws_buffer text;
    int size = snprintf(path, sizeof path, "%s/" WS_PROGRESS_FILE, directory);
    if (size < 0 || (size_t)size >= sizeof path)
        return ws_fail(err, WS_LIMIT, "the path of '%.200s' is too long", directory);
    json_t *object = to_json(progress);
    ws_buffer_init(&text, NULL, FILE_SIZE);
    ws_json_append(object, &text);
    json_decref(object);
    ws_buffer_text(&text, "\n");
    enum ws_status status = ws_buffer_check(&text, "the progress", err);
    if (status == WS_OK)
        status = ws_file_replace_quickly(path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

void ws_progress_remove(const char *directory)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/" WS_PROGRESS_FILE, directory) < sizeof path)
        (void)unlink(path);
}

static enum ws_status read_process(const json_t *root, const char *name, struct ws_arena *arena,
                                   struct ws_run_progress *out, struct ws_error *err)
{
    json_t *process;
    const char *boot;
    WS_TRY(ws_json_read_object(root, "process", name, &process, err));
    WS_TRY(ws_json_read_text(process, "boot", name, &boot, err));
    WS_TRY(ws_json_read_whole(process, "number", name, &out->process.number, err));
    WS_TRY(ws_json_read_whole(process, "started", name, &out->process.started, err));
    WS_TRY(ws_json_read_flag(process, "stops", name, &out->stops, err));
    out->process.boot = ws_arena_text(arena, boot);
    return out->process.boot ? WS_OK : ws_fail_memory(err, name);
}

static enum ws_status read_members(const json_t *root, const char *name, struct ws_arena *arena,
                                   struct ws_run_progress *out, struct ws_error *err)
{
    const char *format, *arm;
    WS_TRY(ws_json_read_text(root, "format", name, &format, err));
    if (strcmp(format, WS_PROGRESS_FORMAT) != 0)
        return ws_fail(err, WS_UNSUPPORTED, "%s: the format is '%.40s', wanted '%s'", name, format,
                       WS_PROGRESS_FORMAT);
    WS_TRY(read_process(root, name, arena, out, err));
    WS_TRY(ws_json_read_real(root, "elapsed", name, &out->elapsed, err));
    WS_TRY(ws_json_read_text(root, "arm", name, &arm, err));
    const struct {
        const char *key;
        uint64_t *to;
    } wholes[] = {
        {"work", &out->work},
        {"work_left", &out->work_left},
        {"chains", &out->chains},
        {"chains_done", &out->chains_done},
        {"first_seed", &out->first_seed},
        {"seeds", &out->seeds},
        {"generation", &out->generation},
    };
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        WS_TRY(ws_json_read_whole(root, wholes[i].key, name, wholes[i].to, err));
    out->arm = ws_arena_text(arena, arm);
    return out->arm ? WS_OK : ws_fail_memory(err, name);
}

enum ws_status ws_progress_parse(struct ws_bytes bytes, const char *name, struct ws_arena *arena,
                                 struct ws_run_progress *out, struct ws_error *err)
{
    json_t *root;
    struct ws_run_progress progress = {.arm = ""};
    WS_TRY(ws_json_parse(bytes, name, &root, err));
    enum ws_status status = read_members(root, name, arena, &progress, err);
    json_decref(root);
    if (status == WS_OK)
        *out = progress;
    return status;
}

enum ws_status ws_progress_read(const char *directory, struct ws_arena *arena,
                                struct ws_run_progress *out, struct ws_error *err)
{
    struct ws_bytes bytes;
    const char *path = ws_run_path(arena, directory, WS_PROGRESS_FILE);
    if (!path)
        return ws_fail_memory(err, "the progress");
    WS_TRY(ws_file_read(path, FILE_SIZE, arena, &bytes, err));
    return ws_progress_parse(bytes, path, arena, out, err);
}

double ws_progress_seconds_left(const struct ws_run_progress *progress)
{
    if (progress->work == 0 || progress->elapsed < 1)
        return -1;
    return progress->elapsed * (double)progress->work_left / (double)progress->work;
}
