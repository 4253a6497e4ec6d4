/*
 * wellspring generate: texts from a model.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/generate_prompts.h"
#include "cli/generated_file.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "lab/run_directory.h"
#include "models/nn/transformer/hugging_face.h"

struct generate_settings {
    uint64_t seed;
    uint64_t count;
    uint64_t threads;
    struct ws_device_settings device;
};

#define FIELD(name)  offsetof(struct generate_settings, name)
#define DEVICE(name) offsetof(struct generate_settings, device.name)

static const struct ws_option generate_options[] = {
    {"count", WS_OPTION_WHOLE, FIELD(count), 1, 1e9, "1", NULL, 0, "texts for each prompt"},
    {"seed", WS_OPTION_WHOLE, FIELD(seed), 0, 1e18, "1", NULL, 0,
     "the same seed makes the same texts"},
    {"threads", WS_OPTION_WHOLE, FIELD(threads), 0, 1024, "0", NULL, WS_OPTION_EXECUTION,
     "threads; 0: one for each processor. Texts do not depend on it"},
    WS_DEVICE_OPTIONS(DEVICE),
};

static const struct ws_option_table generate_table = {
    "generate", generate_options, sizeof generate_options / sizeof *generate_options};

struct generate_flags {
    const char *prompt, *prompts, *output;
    bool ids, jsonl, quiet;
};

struct generation {
    const char *model_path;
    struct generate_flags flags;
    struct generate_settings settings;
    struct ws_decoding decoding;
    bool fits_context; /* no number of new tokens is named: as many as fit, at most the default */
    struct ws_arena arena; /* model, tokenizer, prompts */
    struct ws_arena batch; /* of one batch */
    struct ws_transformer model;
    uint32_t eos;
    const struct ws_tokenizer *tokenizer;
    struct prompt_set prompts;
    struct ws_device_choice choice;
    struct ws_device *device;
    struct ws_generator *generator;
    struct generated_file file;
    struct ws_buffer out; /* of one batch */
    struct ws_buffer text;
    struct ws_buffer ids;
    struct terminal terminal;
    uint64_t total, first, done; /* texts: in all, when it began, now */
    uint64_t made;               /* tokens since then */
    double begun;
};

static double now(void)
{
    return ws_system_clock.elapsed(ws_system_clock.user);
}

/* A text as it is printed ---------------------------------------------------------------------- */

struct made_text {
    struct ws_bytes prompt;
    const uint32_t *prompt_ids;
    size_t prompt_size;
    const uint32_t *ids; /* what was made */
    size_t size;
    bool finished; /* its end was made */
};

/* The bytes of ids into g->text, without special tokens. A vocabulary may be larger than its
 * tokenizer; the ids beyond stand for nothing. */
static enum ws_status decode(struct generation *g, const uint32_t *ids, size_t size,
                             struct ws_error *err)
{
    ws_buffer_reset(&g->text);
    ws_buffer_reset(&g->ids);
    for (size_t i = 0; i < size; i++)
        if (ids[i] < ws_tokenizer_count(g->tokenizer))
            ws_buffer_append(&g->ids, &ids[i], sizeof ids[i]);
    WS_TRY(ws_buffer_check(&g->ids, "a text", err));
    const uint32_t *known = (const uint32_t *)(const void *)g->ids.data;
    return ws_tokenizer_decode(g->tokenizer, known, g->ids.size / sizeof *known, WS_DECODE_PLAIN,
                               &g->text, err);
}

static void put_ids(struct ws_buffer *out, const uint32_t *ids, size_t size, const char *before)
{
    for (size_t i = 0; i < size; i++)
        ws_buffer_format(out, "%s%" PRIu32, i > 0 ? " " : before, ids[i]);
}

/* Text as JSON that this project's readers take: without broken characters, and without the zero
 * character. */
static json_t *text_json(struct ws_bytes text, struct ws_buffer *scratch)
{
    size_t before = scratch->size;
    while (text.size > 0) {
        const uint8_t *zero = memchr(text.data, 0, text.size);
        size_t size = zero ? (size_t)(zero - text.data) : text.size;
        ws_utf8_repair(ws_bytes_of(text.data, size), scratch);
        if (zero)
            ws_buffer_text(scratch, "\xEF\xBF\xBD");
        size += zero ? 1 : 0;
        text = ws_bytes_of(text.data + size, text.size - size);
    }
    json_t *json = scratch->status == WS_OK
                       ? json_stringn(ws_buffer_string(scratch) + before, scratch->size - before)
                       : NULL;
    scratch->size = before;
    return json;
}

static json_t *ids_json(const uint32_t *ids, size_t size)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < size; i++) {
        if (json_array_append_new(array, json_integer(ids[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static enum ws_status put_json(struct generation *g, const struct made_text *text,
                               struct ws_error *err)
{
    WS_TRY(decode(g, text->ids, text->size, err));
    json_t *prompt = text_json(text->prompt, &g->ids);
    json_t *made = text_json(ws_buffer_bytes(&g->text), &g->ids);
    json_t *line = json_pack("{s:o, s:o, s:o, s:b}", "prompt", prompt, "text", made, "tokens",
                             ids_json(text->ids, text->size), "finished", text->finished);
    ws_json_append(line, &g->out);
    ws_buffer_u8(&g->out, '\n');
    json_decref(line);
    return WS_OK;
}

static enum ws_status put_plain(struct generation *g, uint64_t number, const struct made_text *text,
                                struct ws_error *err)
{
    if (g->total > 1)
        ws_buffer_format(&g->out, "%s--- %" PRIu64 " of %" PRIu64 " ---\n", number > 0 ? "\n" : "",
                         number + 1, g->total);
    WS_TRY(decode(g, text->ids, text->size, err));
    ws_buffer_append(&g->out, text->prompt.data, text->prompt.size);
    ws_buffer_append(&g->out, ws_buffer_string(&g->text), g->text.size);
    ws_buffer_u8(&g->out, '\n');
    return WS_OK;
}

static enum ws_status put_text(struct generation *g, uint64_t number, const struct made_text *text,
                               struct ws_error *err)
{
    if (g->flags.jsonl || g->flags.output)
        return put_json(g, text, err);
    if (!g->flags.ids)
        return put_plain(g, number, text, err);
    put_ids(&g->out, text->prompt_ids, text->prompt_size, "");
    put_ids(&g->out, text->ids, text->size, " ");
    ws_buffer_u8(&g->out, '\n');
    return WS_OK;
}

/* Batches -------------------------------------------------------------------------------------- */

static enum ws_status put_batch(struct generation *g, const struct ws_continuations *made,
                                struct ws_error *err)
{
    const struct ws_prompts *prompts = &g->prompts.tokens;
    ws_buffer_reset(&g->out);
    for (uint64_t i = 0; i < made->count; i++) {
        uint64_t number = g->done + i;
        uint64_t start = number > 0 ? prompts->ends[number - 1] : 0;
        uint64_t from = i > 0 ? made->ends[i - 1] : 0;
        struct made_text text = {
            .prompt = g->prompts.texts[number / g->settings.count],
            .prompt_ids = prompts->tokens + start,
            .prompt_size = prompts->ends[number] - start,
            .ids = made->tokens + from,
            .size = made->ends[i] - from,
        };
        text.finished = g->decoding.stop_at_end && text.ids[text.size - 1] == g->eos;
        WS_TRY(put_text(g, number, &text, err));
    }
    WS_TRY(ws_buffer_check(&g->out, "the texts of a batch", err));
    if (g->flags.output)
        return generated_file_append(&g->file, ws_buffer_bytes(&g->out), made->count, err);
    (void)fwrite(ws_buffer_string(&g->out), 1, g->out.size, stdout);
    return fflush(stdout) == 0 ? WS_OK : ws_fail_system(err, "write", "standard output");
}

static void show_progress(struct generation *g)
{
    char bar[120], words[120];
    double elapsed = now() - g->begun;
    double speed = (double)g->made / elapsed;
    (void)snprintf(bar, sizeof bar, "%" PRIu64 "/%" PRIu64 " texts  %.0f tokens/s", g->done,
                   g->total, speed);
    (void)snprintf(words, sizeof words, "%" PRIu64 " of %" PRIu64 " texts, %.0f tokens/s", g->done,
                   g->total, speed);
    terminal_show(&g->terminal,
                  &(struct terminal_state){
                      .share = (double)g->done / (double)g->total,
                      .elapsed = elapsed,
                      .left = elapsed * (double)(g->total - g->done) / (double)(g->done - g->first),
                      .bar = bar,
                      .words = words,
                  });
}

static enum ws_status stop(const struct generation *g, struct ws_error *err)
{
    return ws_fail(err, WS_INTERRUPTED,
                   "stopped after %" PRIu64 " of %" PRIu64 " texts; the same command goes on",
                   g->done, g->total);
}

static enum ws_status make_texts(struct generation *g, struct ws_error *err)
{
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, g->settings.seed, 0, 0);
    g->begun = now();
    while (g->done < g->total) {
        struct ws_continuations made;
        ws_arena_reset(&g->batch);
        WS_TRY(ws_generate_batch(g->generator, &g->prompts.tokens, g->done, key, &g->batch, &made,
                                 err));
        if (!g->flags.output)
            terminal_clear(&g->terminal);
        WS_TRY(put_batch(g, &made, err));
        g->done += made.count;
        g->made += made.ends[made.count - 1];
        show_progress(g);
        if (g->flags.output && *stop_signal_flag() && g->done < g->total)
            return stop(g, err);
    }
    return WS_OK;
}

/* What the texts are made of ------------------------------------------------------------------- */

static bool set_hash(json_t *object, const char *key, struct ws_bytes bytes)
{
    struct ws_hash hash;
    char text[WS_HASH_TEXT_SIZE];
    if (ws_hash_of(bytes, &hash, NULL) != WS_OK)
        return false;
    ws_hash_text(&hash, text);
    return json_object_set_new(object, key, json_string(text)) == 0;
}

static bool set_options(json_t *object, const struct ws_option_table *table, const void *settings,
                        struct ws_buffer *scratch)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->options[i].traits & WS_OPTION_EXECUTION)
            continue;
        ws_buffer_reset(scratch);
        ws_option_print(&table->options[i], settings, scratch);
        if (json_object_set_new(object, table->options[i].name,
                                json_string(ws_buffer_string(scratch))) != 0)
            return false;
    }
    return true;
}

static bool set_hashes(json_t *object, const struct generation *g, struct ws_buffer *scratch)
{
    const struct ws_prompts *prompts = &g->prompts.tokens;
    uint64_t tokens = prompts->ends[prompts->count - 1];
    ws_buffer_reset(scratch);
    ws_tokenizer_write_json(g->tokenizer, scratch);
    return scratch->status == WS_OK &&
           set_hash(object, "prompts", ws_bytes_of(prompts->tokens, tokens * sizeof(uint32_t))) &&
           set_hash(object, "tokenizer", ws_buffer_bytes(scratch)) &&
           set_hash(object, "model",
                    ws_bytes_of(g->model.parameters, g->model.layout.size * sizeof(float)));
}

/* What lies beside a file of texts. */
static json_t *describe(struct generation *g)
{
    struct ws_buffer text;
    json_t *object = json_pack("{s:s, s:s}", "format", "wellspring-texts/1", "version", WS_VERSION);
    struct ws_decoding decoding = g->decoding;
    decoding.batch = ws_generator_batch(g->generator);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_compute_class(g->device, &text);
    bool fine =
        object && json_object_set_new(object, "machine", json_string(ws_buffer_string(&text))) == 0;
    fine = fine && set_options(object, &generate_table, &g->settings, &text) &&
           set_options(object, &ws_decoding_options, &decoding, &text) &&
           set_hashes(object, g, &text);
    ws_buffer_release(&text);
    if (fine)
        return object;
    json_decref(object);
    return NULL;
}

static enum ws_status open_file(struct generation *g, struct ws_error *err)
{
    json_t *about = describe(g);
    if (!about)
        return ws_fail_memory(err, "the texts' description");
    enum ws_status status = generated_file_open(g->flags.output, about, g->total,
                                                ws_generator_batch(g->generator), &g->file, err);
    json_decref(about);
    if (status == WS_OK)
        g->done = g->first = g->file.texts;
    return status;
}

/* Opening -------------------------------------------------------------------------------------- */

static enum ws_status check_tokenizer(const struct generation *g, struct ws_error *err)
{
    uint32_t count = ws_tokenizer_count(g->tokenizer);
    if (count <= g->model.description.vocabulary)
        return WS_OK;
    return ws_fail(err, WS_CORRUPT,
                   "%s: the tokenizer has %" PRIu32 " tokens, but the model's vocabulary %" PRIu32,
                   g->model_path, count, g->model.description.vocabulary);
}

static enum ws_status read_prompts(struct generation *g, struct ws_error *err)
{
    uint32_t start = g->model.description.bos;
    if (start == WS_NO_TOKEN)
        start = ws_tokenizer_end_of_text(g->tokenizer);
    const struct prompt_source source = {g->flags.prompt, g->flags.prompts, g->settings.count,
                                         start};
    WS_TRY(prompts_read(&source, g->tokenizer, &g->arena, &g->prompts, err));
    g->total = g->prompts.tokens.count;
    return WS_OK;
}

/* A model of a short context makes shorter texts, unless their length is asked for. */
static void fit_length(struct generation *g)
{
    uint64_t context = g->model.description.context;
    uint64_t longest = g->prompts.longest;
    if (!g->fits_context || longest > context || g->decoding.new_tokens <= context - longest + 1)
        return;
    g->decoding.new_tokens = context - longest + 1; /* the last needs no position */
    if (!g->flags.quiet)
        (void)fprintf(
            stderr, "texts of up to %" PRIu64 " new tokens: the model's context has %" PRIu64 "\n",
            g->decoding.new_tokens, context);
}

static enum ws_status open_generator(struct generation *g, struct ws_error *err)
{
    const struct ws_description *d = &g->model.description;
    uint64_t longest = g->prompts.longest;
    unsigned threads =
        g->settings.threads > 0 ? (unsigned)g->settings.threads : ws_processor_count();
    const struct ws_batching *batching = g->choice.count > 0 ? &ws_gpu_batching : &ws_cpu_batching;
    enum ws_status status = ws_decoding_fits(&g->decoding, d, longest, batching, err);
    if (status != WS_OK && g->prompts.size > 1)
        ws_error_prefix(err, "prompt %" PRIu64, g->prompts.longest_prompt);
    WS_TRY(status);
    if (g->choice.count == 0)
        WS_TRY(ws_memory_suffices(ws_generator_memory(d, &g->decoding, longest, batching),
                                  ws_memory_available(), "this generation", err));
    WS_TRY(ws_device_open(&g->choice, threads, NULL, &g->device, err));
    return ws_generator_open(g->device, &g->model, &g->decoding, longest, NULL, &g->generator, err);
}

/* Texts of one prompt that nothing is drawn for are all the same. */
static enum ws_status check_count(const struct generation *g, struct ws_error *err)
{
    if (g->settings.count > 1 && g->decoding.beams > 1)
        return ws_fail(err, WS_INVALID,
                       "'count' is %" PRIu64 " with 'beams' at %" PRIu64
                       ": a beam search makes one text of a prompt",
                       g->settings.count, g->decoding.beams);
    if (g->settings.count > 1 && g->decoding.temperature == 0)
        return ws_fail(err, WS_INVALID,
                       "'count' is %" PRIu64 " with 'temperature' at 0: without drawing a prompt "
                       "has one text",
                       g->settings.count);
    return WS_OK;
}

static enum ws_status generate(struct generation *g, struct ws_error *err)
{
    WS_TRY(ws_decoding_check(&g->decoding, err));
    WS_TRY(check_count(g, err));
    WS_TRY(ws_tokenizer_open(g->model_path, &g->arena, &g->tokenizer, err));
    WS_TRY(ws_hf_open(g->model_path, &g->arena, &g->model, err));
    g->eos = g->model.description.eos;
    WS_TRY(check_tokenizer(g, err));
    WS_TRY(read_prompts(g, err));
    fit_length(g);
    WS_TRY(open_generator(g, err));
    if (g->flags.output) {
        WS_TRY(open_file(g, err));
        stop_signal_take();
    }
    WS_TRY(make_texts(g, err));
    return g->flags.output ? generated_file_finish(&g->file, err) : WS_OK;
}

/* The command ---------------------------------------------------------------------------------- */

/* Texts on standard output may be piped; what is said about them is not. */
static void print_next_step(const struct generation *g)
{
    if (g->flags.quiet)
        return;
    if (g->made > 0)
        (void)fprintf(stderr, "%" PRIu64 " tokens in %.1f s\n", g->made, now() - g->begun);
    if (g->flags.output) {
        (void)printf("%" PRIu64 " texts in %s\n", g->total, g->flags.output);
        begin_command(stdout, "Next:\n ");
        print_words("evaluate");
        print_word(g->model_path);
        print_words("--text");
        print_word(g->flags.output);
    } else {
        begin_command(stderr, "Next:\n ");
        print_words("generate");
        print_word(g->model_path);
        print_words("--count 1000 -o texts.jsonl");
    }
    end_command(NULL);
}

static int run(struct generation *g)
{
    struct ws_error error;
    ws_arena_init(&g->arena, NULL);
    ws_arena_init(&g->batch, NULL);
    ws_buffer_init(&g->out, NULL, SIZE_MAX);
    ws_buffer_init(&g->text, NULL, SIZE_MAX);
    ws_buffer_init(&g->ids, NULL, SIZE_MAX);
    terminal_init(&g->terminal, g->flags.quiet);
    enum ws_status status = generate(g, &error);
    terminal_clear(&g->terminal);
    if (status == WS_OK)
        print_next_step(g);
    generated_file_close(&g->file);
    ws_generator_close(g->generator);
    if (g->device)
        g->device->ops->close(g->device);
    ws_buffer_release(&g->ids);
    ws_buffer_release(&g->text);
    ws_buffer_release(&g->out);
    ws_arena_release(&g->batch);
    ws_arena_release(&g->arena);
    if (status != WS_OK && ferror(stdout)) /* finish_output says it */
        return EXIT_FAILED;
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}

static enum ws_status check_arguments(const struct arguments *arguments,
                                      const struct generate_flags *flags, struct ws_error *err)
{
    if (arguments->positional_count == 0)
        return ws_fail(err, WS_INVALID, "generate: from which model? Give its directory");
    if (flags->prompt && flags->prompts)
        return ws_fail(err, WS_INVALID, "--prompt and --prompts are given; one is enough");
    if (flags->ids && (flags->jsonl || flags->output))
        return ws_fail(err, WS_INVALID, "--ids prints lines of ids; JSON lines hold them anyway");
    return WS_OK;
}

static const char about[] =
    "Texts from a Hugging Face directory with tokenizer. Without a prompt a text begins with the\n"
    "model's start token. FILE has one prompt a line; as .jsonl a JSON string a line, or an "
    "object\n"
    "with \"prompt\". With -o the texts go into a file, batch by batch: the same command goes on\n"
    "where it was stopped or killed, and the file is the same in the end. Without --new-tokens "
    "texts\n"
    "are shorter than the default where the model's context has no room for it. Decoding is as "
    "the\n"
    "settings here say: the directory's generation_config.json is not read.";

int cmd_generate(int argc, char **argv)
{
    struct generation g = {.file = {.lock = -1, .file = {.descriptor = -1}}};
    const struct flag flags[] = {
        {"prompt", 'p', "TEXT", "continue this", NULL, &g.flags.prompt},
        {"prompts", 0, "FILE", "continue each of these; - is standard input", NULL,
         &g.flags.prompts},
        {"output", 'o', "FILE", "JSON lines into a file", NULL, &g.flags.output},
        {"jsonl", 0, NULL, "JSON lines: prompt, text, tokens, finished", &g.flags.jsonl, NULL},
        {"ids", 0, NULL, "token ids, a text a line, the prompt's included", &g.flags.ids, NULL},
        {"quiet", 'q', NULL, "no progress, nothing but the texts", &g.flags.quiet, NULL},
    };
    const struct command_settings settings[] = {
        {&generate_table, &g.settings},
        {&ws_decoding_options, &g.decoding},
    };
    const struct command_line line = {
        .usage = "generate MODEL [options]",
        .about = about,
        .flags = flags,
        .flag_count = sizeof flags / sizeof *flags,
        .settings = settings,
        .settings_count = sizeof settings / sizeof *settings,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    int exit_status = EXIT_DONE;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && !arguments.help)
        status = check_arguments(&arguments, &g.flags, &error);
    if (status == WS_OK && !arguments.help)
        status = choose_device(&g.settings.device, &arguments.arena, &g.choice, &error);
    if (status != WS_OK) {
        exit_status = report(status, &error);
    } else if (arguments.help) {
        print_help(&line);
    } else {
        g.fits_context = !arguments_name(&arguments, "new_tokens");
        g.model_path = arguments.positional[0];
        exit_status = run(&g);
    }
    ws_arena_release(&arguments.arena);
    return exit_status;
}
