/*
 * wellspring evaluate: a model against another implementation's numbers, or over a text.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/pool.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "cli/text_source.h"
#include "models/nn/transformer/comparison.h"
#include "models/nn/transformer/hugging_face.h"
#include "models/nn/transformer/score.h"

enum { BATCH_TOKENS = 2048 };

struct evaluate_flags {
    const char *reference;
    const char *text;
    bool plain_code, json, quiet;
};

struct evaluate_options {
    uint64_t block;    /* 0: the model's context */
    const char *start; /* token, "none", or empty: as the model has it */
    uint64_t threads;  /* 0: all processors */
    struct ws_device_settings device;
};

#define FIELD(name)  offsetof(struct evaluate_options, name)
#define DEVICE(name) offsetof(struct evaluate_options, device.name)

static const struct ws_option options[] = {
    {"block", WS_OPTION_WHOLE, FIELD(block), 0, 1e7, "0", NULL, 0,
     "tokens of the text that are scored together; 0: the model's context"},
    {"start", WS_OPTION_TEXT, FIELD(start), 0, 0, "", NULL, 0,
     "token that stands before each block, or none; empty: the one that begins the model's texts, "
     "if it has one"},
    {"threads", WS_OPTION_WHOLE, FIELD(threads), 0, 4096, "0", NULL, WS_OPTION_EXECUTION,
     "threads; 0: one a processor"},
    WS_DEVICE_OPTIONS(DEVICE),
};
static const struct ws_option_table evaluate_options = {"evaluation", options,
                                                        sizeof options / sizeof *options};

struct evaluation {
    const struct evaluate_flags *flags;
    const struct evaluate_options *options;
    const char *path; /* of the model */
    struct ws_arena arena;
    struct ws_device *device;
    struct ws_pool *pool; /* for scores, which are made of logits on the host */
    struct ws_transformer model;
    struct ws_comparisons comparisons;
    uint64_t block;
    uint32_t start;
    struct ws_examples examples;
    struct ws_text_score score;
    struct terminal terminal;
    double began; /* seconds */
};

/* printf shows the sign of what is no number. */
static double without_sign(double value)
{
    return isnan(value) ? (double)NAN : value;
}

/* A reference ---------------------------------------------------------------------------------- */

static size_t count_out(const struct ws_comparisons *comparisons)
{
    size_t count = 0;
    for (size_t i = 0; i < comparisons->count; i++)
        count += !comparisons->rows[i].ok;
    return count;
}

static void print_comparison(const struct ws_comparison *row)
{
    if (row->absent)
        (void)printf("%10s  %9s  absent  %s\n", "", "", row->what);
    else if (row->kind == WS_DIFFERENCE_COUNT)
        (void)printf("%10.0f  %9.0f  %-6s  %s\n", without_sign(row->difference), row->tolerance,
                     row->ok ? "ok" : "OUT", row->what);
    else
        (void)printf("%10.1e  %9.0e  %-6s  %s\n", without_sign(row->difference), row->tolerance,
                     row->ok ? "ok" : "OUT", row->what);
}

static void print_comparisons(const struct ws_comparisons *comparisons)
{
    size_t absent = 0, out = count_out(comparisons);
    (void)printf("difference  tolerance\n");
    for (size_t i = 0; i < comparisons->count; i++) {
        const struct ws_comparison *row = &comparisons->rows[i];
        absent += row->absent;
        print_comparison(row);
    }
    for (size_t i = 0; i < comparisons->other_count; i++)
        (void)printf("%10s  %9s  not compared: %s\n", "", "", comparisons->others[i]);
    (void)printf("\n%zu compared, %zu out of tolerance, %zu absent from the reference\n",
                 comparisons->count - absent, out, absent);
}

static json_t *comparison_json(const struct ws_comparison *row)
{
    json_t *json = json_pack("{s:s, s:s, s:s}", "what", row->what, "measure",
                             ws_difference_text(row->kind), "status",
                             row->absent ? "absent"
                             : row->ok   ? "ok"
                                         : "out");
    if (row->absent)
        return json;
    if (json_object_set_new(json, "difference", ws_json_real(row->difference)) == 0 &&
        json_object_set_new(json, "tolerance", ws_json_real(row->tolerance)) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *comparisons_json(const struct ws_comparisons *comparisons)
{
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < comparisons->count; i++) {
        if (json_array_append_new(rows, comparison_json(&comparisons->rows[i])) != 0) {
            json_decref(rows);
            rows = NULL;
        }
    }
    return rows;
}

static json_t *others_json(const struct ws_comparisons *comparisons)
{
    json_t *names = json_array();
    for (size_t i = 0; names && i < comparisons->other_count; i++) {
        if (json_array_append_new(names, json_string(comparisons->others[i])) != 0) {
            json_decref(names);
            names = NULL;
        }
    }
    return names;
}

/* A text --------------------------------------------------------------------------------------- */

static enum ws_status read_block(struct evaluation *e, struct ws_error *err)
{
    uint32_t context = e->model.description.context;
    e->block = e->options->block > 0 ? e->options->block : context;
    if (e->block <= context)
        return WS_OK;
    return ws_fail(err, WS_INVALID, "'block' is %" PRIu64 " tokens, the model's context %" PRIu32,
                   e->block, context);
}

static enum ws_status read_start(struct evaluation *e, const struct ws_tokenizer *tokenizer,
                                 struct ws_error *err)
{
    const char *start = e->options->start;
    e->start = e->model.description.bos;
    if (*start)
        e->start = strcmp(start, "none") == 0 ? WS_NO_TOKEN : ws_tokenizer_find(tokenizer, start);
    if (*start && strcmp(start, "none") != 0 && e->start == WS_NO_TOKEN)
        return ws_fail(err, WS_INVALID, "'start' is '%.80s', which is no token of the tokenizer",
                       start);
    return WS_OK;
}

static enum ws_status make_examples(struct evaluation *e, const struct text_source *source,
                                    const struct ws_tokenizer *tokenizer, struct ws_error *err)
{
    const struct ws_train_text_form form = {
        .tokenizer = tokenizer,
        .block = (size_t)e->block,
        .start = e->start,
        .end = WS_NO_TOKEN,
        .flags = e->start == WS_NO_TOKEN ? WS_ENCODE_FRONT : 0,
    };
    struct ws_train_text text;
    ws_train_text_init(&text, &form, NULL);
    enum ws_status status = text_source_collect(source, &text, err);
    if (status == WS_OK) {
        status = ws_train_text_examples(&text, &e->arena, &e->examples, err);
        if (status != WS_OK)
            ws_error_prefix(err, "%s", e->flags->text);
    }
    ws_train_text_release(&text);
    return status;
}

static enum ws_status read_examples(struct evaluation *e, const struct ws_tokenizer *tokenizer,
                                    struct ws_error *err)
{
    struct text_source source;
    enum ws_status status = text_source_open(e->flags->text, NULL, &source, err);
    if (status == WS_OK)
        status = make_examples(e, &source, tokenizer, err);
    text_source_close(&source);
    return status;
}

static void show_progress(void *user, uint64_t done)
{
    struct evaluation *e = user;
    double elapsed = ws_system_clock.elapsed(NULL) - e->began;
    double share = (double)done / (double)e->examples.count;
    const struct terminal_state state = {share,    elapsed,         elapsed * (1 / share - 1),
                                         "blocks", "blocks scored", NULL};
    terminal_show(&e->terminal, &state);
}

static enum ws_status score_text(struct evaluation *e, struct ws_error *err)
{
    struct ws_network *network = NULL;
    size_t tokens = e->block > BATCH_TOKENS ? (size_t)e->block : BATCH_TOKENS;
    WS_TRY(ws_network_open(e->device, &e->model.description, tokens, false, NULL, &network, err));
    ws_network_write(network, e->model.parameters);
    const struct ws_scorer scorer = {
        .network = network,
        .pool = e->pool,
        .progress = show_progress,
        .user = e,
    };
    terminal_init(&e->terminal, e->flags->quiet);
    e->began = ws_system_clock.elapsed(NULL);
    enum ws_status status = ws_score_examples(&scorer, &e->examples, &e->score, err);
    terminal_clear(&e->terminal);
    ws_network_close(network);
    return status;
}

static enum ws_status evaluate_text(struct evaluation *e, struct ws_error *err)
{
    const struct ws_tokenizer *tokenizer;
    WS_TRY(read_block(e, err));
    WS_TRY(ws_tokenizer_open(e->path, &e->arena, &tokenizer, err));
    if (ws_tokenizer_count(tokenizer) > e->model.description.vocabulary)
        return ws_fail(err, WS_CORRUPT,
                       "%s: the tokenizer has %" PRIu32
                       " tokens, but the model's vocabulary %" PRIu32,
                       e->path, ws_tokenizer_count(tokenizer), e->model.description.vocabulary);
    WS_TRY(read_start(e, tokenizer, err));
    WS_TRY(read_examples(e, tokenizer, err));
    return score_text(e, err);
}

static void print_score(const struct evaluation *e)
{
    char after[32] = "their first token given";
    if (e->start != WS_NO_TOKEN)
        (void)snprintf(after, sizeof after, "each after token %" PRIu32, e->start);
    (void)printf("%" PRIu64 " tokens in %" PRIu64 " blocks of at most %" PRIu64 ", %s\n\n",
                 e->score.tokens, e->score.passages, e->block, after);
    (void)printf("%-15s %10.4f nats a token\n", "loss", without_sign(e->score.loss));
    (void)printf("%-15s %10.4f\n", "perplexity", without_sign(exp(e->score.loss)));
    (void)printf("%-15s %10.4f nats a token\n", "entropy", without_sign(e->score.entropy));
    (void)printf("%-15s %10.4f mean over blocks\n", "fast-detectgpt",
                 without_sign(e->score.fast_detectgpt));
}

static enum ws_status check_score(const struct evaluation *e, struct ws_error *err)
{
    if (isfinite(e->score.loss))
        return WS_OK;
    return ws_fail(err, WS_NUMERIC, "%s: the model gives no number for '%s': its loss is %g",
                   e->path, e->flags->text, without_sign(e->score.loss));
}

static json_t *score_json(const struct evaluation *e)
{
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "file",
                     ws_json_path(e->flags->text), "tokens", (json_int_t)e->score.tokens, "blocks",
                     (json_int_t)e->score.passages, "block", (json_int_t)e->block, "start_token",
                     e->start == WS_NO_TOKEN ? json_null() : json_integer(e->start), "loss",
                     ws_json_real(e->score.loss), "perplexity", ws_json_real(exp(e->score.loss)),
                     "entropy", ws_json_real(e->score.entropy), "fast_detectgpt",
                     ws_json_real(e->score.fast_detectgpt));
}

/* The command ---------------------------------------------------------------------------------- */

static enum ws_status print_results_json(const struct evaluation *e, struct ws_error *err)
{
    json_t *root = json_pack("{s:o}", "model", ws_json_path(e->path));
    bool full = root != NULL;
    if (full && e->flags->reference)
        full = json_object_set_new(root, "comparisons", comparisons_json(&e->comparisons)) == 0 &&
               json_object_set_new(root, "not_compared", others_json(&e->comparisons)) == 0;
    if (full && e->flags->text)
        full = json_object_set_new(root, "text", score_json(e)) == 0;
    if (!full) {
        json_decref(root);
        root = NULL;
    }
    return print_json(root, "the results", err);
}

static enum ws_status open_device(struct evaluation *e, struct ws_error *err)
{
    unsigned threads =
        e->options->threads > 0 ? (unsigned)e->options->threads : ws_processor_count();
    struct ws_device_settings settings = e->options->device;
    struct ws_device_choice choice;
    WS_TRY(ws_device_settings_check(&settings, "--device", err));
    if (e->flags->plain_code && ws_device_settings_want_gpu(&settings))
        return ws_fail(err, WS_INVALID,
                       "--plain-code runs on the CPU alone, and a GPU is asked for");
    WS_TRY(ws_pool_new(threads, NULL, &e->pool, err));
    if (e->flags->plain_code)
        return ws_cpu_open(WS_CPU_REFERENCE, threads, NULL, &e->device, err);
    /* The tolerances of references are those of f32. */
    if (e->flags->reference && settings.precision == WS_PRECISION_BY_DEVICE)
        settings.precision = 1 + WS_PRECISION_F32;
    WS_TRY(choose_device(&settings, &e->arena, &choice, err));
    return ws_device_open(&choice, threads, NULL, &e->device, err);
}

static void print_tables(const struct evaluation *e)
{
    if (e->flags->reference)
        print_comparisons(&e->comparisons);
    if (e->flags->reference && e->flags->text)
        (void)printf("\n");
    if (e->flags->text)
        print_score(e);
}

static enum ws_status evaluate_model(struct evaluation *e, struct ws_error *err)
{
    WS_TRY(ws_hf_open(e->path, &e->arena, &e->model, err));
    if (e->flags->reference)
        WS_TRY(ws_reference_compare(e->device, &e->model, e->flags->reference, &e->arena,
                                    &e->comparisons, err));
    if (e->flags->text)
        WS_TRY(evaluate_text(e, err));
    if (e->flags->json)
        WS_TRY(print_results_json(e, err));
    else
        print_tables(e);
    return e->flags->text ? check_score(e, err) : WS_OK;
}

static int evaluate(const char *path, const struct evaluate_flags *flags,
                    const struct evaluate_options *settings)
{
    struct evaluation e = {.flags = flags, .options = settings, .path = path};
    struct ws_error error;
    ws_arena_init(&e.arena, NULL);
    enum ws_status status = open_device(&e, &error);
    if (status == WS_OK)
        status = evaluate_model(&e, &error);
    if (e.device)
        e.device->ops->close(e.device);
    ws_pool_free(e.pool);
    bool verified = count_out(&e.comparisons) == 0;
    ws_arena_release(&e.arena);
    if (status != WS_OK)
        return report(status, &error);
    return verified ? EXIT_DONE : EXIT_NOT_VERIFIED;
}

static enum ws_status check_arguments(const struct arguments *arguments,
                                      const struct evaluate_flags *flags, struct ws_error *err)
{
    if (arguments->positional_count == 0)
        return ws_fail(err, WS_INVALID, "evaluate: which model? Give its directory");
    if (!flags->reference && !flags->text)
        return ws_fail(err, WS_INVALID,
                       "evaluate: against what? --reference FILE, --text FILE or both");
    return WS_OK;
}

static const char about[] =
    "Compares a model with what another implementation made of it, or scores a text.\n"
    "\n"
    "--reference takes a safetensors file with 'input_ids' and any of 'logits', 'loss',\n"
    "'adamw_losses', 'greedy' and 'beam5'; gradients are looked for in grads.safetensors beside\n"
    "it. Each row is a quantity, its difference and its tolerance: logits max |a - b| / max |b|;\n"
    "losses |a - b| / |b|; gradients |a - b| / |b| in the Euclidean norm, all together and tensor\n"
    "by tensor; greedy and beam5 how many sequences differ. Exit status 3: one is out, as is what\n"
    "is no number (nan). What it holds of other names is not compared, and named.\n"
    "\n"
    "--text, plain or JSON lines (.jsonl), is made tokens by the tokenizer in the model's "
    "directory\n"
    "and cut in blocks; what is left behind the last whole block of plain text is dropped. Blocks\n"
    "are scored each by itself. With a token that stands before each block every token of the\n"
    "block is scored; without one the first is given and not scored.\n"
    "  loss            mean of -log p(token | what stands before it in the block), nats\n"
    "  perplexity      exp(loss)\n"
    "  entropy         mean entropy of the distributions the tokens were scored under, nats\n"
    "  fast-detectgpt  (sum of log p + sum of entropies) / sqrt(sum of the variances of log p) of\n"
    "                  a block, mean over blocks (Bao et al. 2024): high where the text is what\n"
    "                  the model would write\n"
    "Exit status 1: the loss is no number.";

int cmd_evaluate(int argc, char **argv)
{
    struct evaluate_flags flags = {0};
    struct evaluate_options settings;
    const struct command_settings tables[] = {{&evaluate_options, &settings}};
    const struct flag table[] = {
        {"reference", 'r', "FILE", "compare with these numbers", NULL, &flags.reference},
        {"text", 't', "FILE", "score this text", NULL, &flags.text},
        {"plain-code", 0, NULL, "compute with the plain reference code, slowly", &flags.plain_code,
         NULL},
        {"json", 0, NULL, "results as JSON", &flags.json, NULL},
        {"quiet", 'q', NULL, "no progress", &flags.quiet, NULL},
    };
    const struct command_line line = {
        .usage = "evaluate MODEL [options]",
        .about = about,
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .settings = tables,
        .settings_count = 1,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    int exit_status = EXIT_DONE;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && !arguments.help)
        status = check_arguments(&arguments, &flags, &error);
    if (status != WS_OK)
        exit_status = report(status, &error);
    else if (arguments.help)
        print_help(&line);
    else
        exit_status = evaluate(arguments.positional[0], &flags, &settings);
    ws_arena_release(&arguments.arena);
    return exit_status;
}
