#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "view/run_source.h"
#include "view/text_lines.h"

enum {
    GENERATIONS_SHOWN = 6,
    ITEMS_SHOWN = 3,
    SEED_SHOWN = 1, /* of each arm */
    FILE_LIMIT = 1 << 26,
};

/* The first, the last, and some evenly between, of those that are measured. */
static size_t choose_generations(const struct ws_run_description *run,
                                 uint32_t out[GENERATIONS_SHOWN])
{
    const char *text = ws_run_setting(run, "measure_every");
    uint64_t every;
    if (!text || !ws_whole_parse(text, &every) || every == 0)
        every = 1;
    uint64_t last = (run->generations - 1) / every;
    size_t count = last + 1 < GENERATIONS_SHOWN ? (size_t)last + 1 : GENERATIONS_SHOWN;
    for (size_t i = 0; i < count; i++)
        out[i] = (uint32_t)(every * (count > 1 ? (last * i + (count - 1) / 2) / (count - 1) : 0));
    return count;
}

static enum ws_status read_arm(const struct ws_run_source *source, size_t arm,
                               const struct ws_text_lines_query *query, struct ws_report_run *out,
                               struct ws_report_text *texts, struct ws_error *err)
{
    struct ws_bytes bytes;
    struct ws_text_lines lines;
    const char *path =
        ws_block_path(source->arena, source->directory, source->run.arms[arm].directory, SEED_SHOWN,
                      1, ".texts.jsonl");
    if (!path)
        return ws_fail_memory(err, "the report");
    enum ws_status status = ws_file_read(path, FILE_LIMIT, source->arena, &bytes, err);
    if (status == WS_NOT_FOUND)
        return WS_OK;
    WS_TRY(status);
    WS_TRY(ws_text_lines_read(bytes, query, source->arena, &lines, err));
    out->damaged_texts += lines.damaged;
    for (size_t i = 0; i < lines.count && i < GENERATIONS_SHOWN * ITEMS_SHOWN; i++)
        texts[out->text_count++] = (struct ws_report_text){
            arm, SEED_SHOWN, lines.lines[i].generation, lines.lines[i].item, lines.lines[i].text};
    return WS_OK;
}

enum ws_status ws_source_texts(const struct ws_run_source *source, struct ws_report_run *out,
                               struct ws_error *err)
{
    uint32_t generations[GENERATIONS_SHOWN];
    const struct ws_text_lines_query query = {
        generations, choose_generations(&source->run, generations), ITEMS_SHOWN};
    struct ws_report_text *texts =
        WS_ARENA_NEW(source->arena, struct ws_report_text,
                     source->run.arm_count * GENERATIONS_SHOWN * ITEMS_SHOWN + 1);
    if (!texts)
        return ws_fail_memory(err, "the report");
    out->texts = texts;
    for (size_t a = 0; a < source->run.arm_count; a++)
        WS_TRY(read_arm(source, a, &query, out, texts, err));
    return WS_OK;
}
