/*
 * wellspring train: trains a model on text, or goes on training one.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/training_directory.h"

struct train_flags {
    bool quiet, json;
    const char *output;
};

struct training {
    struct train_flags flags;
    struct training_options options;
    struct ws_form form;
    struct ws_train_settings settings;
    struct training_directory directory;
    struct training_input input;
    struct ws_device_choice choice;
    struct ws_device *device;
    struct ws_trainer *trainer;
    struct terminal terminal;
    double begun;
    uint64_t first_step, first_tokens; /* of this run */
};

static double now(void)
{
    return ws_system_clock.elapsed(ws_system_clock.user);
}

/* Progress ------------------------------------------------------------------------------------- */

static void show_progress(struct training *t)
{
    char bar[160];
    char words[160];
    size_t count;
    uint64_t step = ws_trainer_step_count(t->trainer);
    uint64_t steps = ws_trainer_steps(t->trainer);
    const struct ws_train_point *points = ws_trainer_curve(t->trainer, &count);
    double loss = points[count - 1].loss;
    double elapsed = now() - t->begun;
    double speed = (double)(ws_trainer_tokens(t->trainer) - t->first_tokens) / elapsed;
    (void)snprintf(bar, sizeof bar, "step %" PRIu64 "/%" PRIu64 "  loss %.3f  %.0f tokens/s", step,
                   steps, loss, speed);
    (void)snprintf(words, sizeof words, "step %" PRIu64 " of %" PRIu64 ", loss %.3f, %.0f tokens/s",
                   step, steps, loss, speed);
    terminal_show(&t->terminal,
                  &(struct terminal_state){
                      .share = (double)step / (double)steps,
                      .elapsed = elapsed,
                      .left = elapsed * (double)(steps - step) / (double)(step - t->first_step),
                      .bar = bar,
                      .words = words,
                  });
}

static void show_validation(struct training *t, size_t *seen)
{
    size_t count;
    const struct ws_train_point *points = ws_trainer_validations(t->trainer, &count);
    if (count > *seen && !t->terminal.quiet) {
        terminal_clear(&t->terminal);
        (void)fprintf(stderr, "validation after step %" PRIu64 ": loss %.4f, perplexity %.4g\n",
                      points[count - 1].step, points[count - 1].loss, exp(points[count - 1].loss));
    }
    *seen = count;
}

static void announce(const struct training *t)
{
    const struct ws_examples *examples = &t->input.examples;
    uint64_t steps = ws_trainer_steps(t->trainer);
    if (t->terminal.quiet)
        return;
    (void)fprintf(stderr,
                  "%s: %zu parameters, %" PRIu64 " examples with %" PRIu64 " tokens, %" PRIu64
                  " steps\n",
                  t->flags.output, t->input.model.layout.parameters, examples->count,
                  examples->ends[examples->count - 1], steps);
    if (t->input.left_out > 0)
        (void)fprintf(stderr, "%" PRIu64 " lines have nothing to learn within 'block' tokens\n",
                      t->input.left_out);
    if (t->settings.batch > examples->count)
        (void)fprintf(stderr, "fewer examples than a batch of %" PRIu64 ": each step takes all\n",
                      t->settings.batch);
    if (t->device->memory > 0)
        (void)fprintf(stderr, "on %s, %" PRIu64 " examples at a time\n", t->device->about,
                      ws_trainer_micro_batch(t->trainer));
    if (t->first_step > 0)
        (void)fprintf(stderr, "goes on after step %" PRIu64 "\n", t->first_step);
}

/* Results -------------------------------------------------------------------------------------- */

static void print_point(const json_t *results, const char *key, const char *title)
{
    const json_t *point = json_object_get(results, key);
    if (!point)
        return;
    (void)printf("%-16s %10" JSON_INTEGER_FORMAT " %10.4f %12.4g\n", title,
                 json_integer_value(json_object_get(point, "step")),
                 json_number_value(json_object_get(point, "loss")),
                 json_number_value(json_object_get(point, "perplexity")));
}

static void print_table(const struct training *t, const json_t *results)
{
    (void)printf("%" JSON_INTEGER_FORMAT " parameters, trained on %" JSON_INTEGER_FORMAT
                 " tokens in %" JSON_INTEGER_FORMAT " steps\n\n",
                 json_integer_value(json_object_get(results, "parameters")),
                 json_integer_value(json_object_get(results, "tokens")),
                 json_integer_value(json_object_get(results, "steps")));
    (void)printf("%-16s %10s %10s %12s\n", "", "after step", "nats/token", "perplexity");
    print_point(results, "training", "training *");
    print_point(results, "validation", "validation");
    print_point(results, "best_validation", "best validation");
    (void)printf("\n* mean of the last tenth of the steps\n");
    (void)printf("\nThe model is in %s (training.jsonl holds the loss curve). Next:\n",
                 t->flags.output);
    begin_command(stdout, " ");
    print_words("generate");
    print_word(t->flags.output);
    end_command(NULL);
    begin_command(stdout, " ");
    print_words("evaluate");
    print_word(t->flags.output);
    print_words("--text FILE");
    end_command(NULL);
    begin_command(stdout, " ");
    print_words("train TEXT --model");
    print_word(t->flags.output);
    print_words("-o DIR");
    end_command("goes on with other text");
}

static enum ws_status print_results(const struct training *t, struct ws_error *err)
{
    json_t *results;
    if (t->flags.quiet && !t->flags.json)
        return WS_OK;
    WS_TRY(training_directory_results(&t->directory, &results, err));
    if (t->flags.json)
        return print_json(results, "the results", err);
    print_table(t, results);
    json_decref(results);
    return WS_OK;
}

/* Training ------------------------------------------------------------------------------------- */

/* A step that fails leaves the trainer as it was, and that is kept; a validation that fails leaves
 * one of no more use, and what was saved before stays. */
static enum ws_status fail_numeric(const struct training *t, uint64_t steps_before,
                                   struct ws_error *err)
{
    const struct ws_error inner = *err;
    const char *other = "other settings need another directory, or this one removed";
    struct ws_error unsaved;
    if (ws_trainer_step_count(t->trainer) == steps_before &&
        training_directory_save(&t->directory, t->trainer, &unsaved) == WS_OK)
        return ws_fail(err, WS_NUMERIC, "%s; '%s' has the state before it; %s", inner.message,
                       t->directory.state, other);
    if (ws_file_exists(t->directory.state))
        return ws_fail(err, WS_NUMERIC, "%s; '%s' has the last state that was saved; %s",
                       inner.message, t->directory.state, other);
    return ws_fail(err, WS_NUMERIC, "%s; no state was saved; %s", inner.message, other);
}

static enum ws_status take_steps(struct training *t, struct ws_error *err)
{
    double saved = now();
    size_t validations;
    (void)ws_trainer_validations(t->trainer, &validations);
    while (!ws_trainer_done(t->trainer)) {
        uint64_t before = ws_trainer_step_count(t->trainer);
        enum ws_status status = ws_trainer_step(t->trainer, err);
        if (status == WS_NUMERIC)
            return fail_numeric(t, before, err);
        WS_TRY(status);
        show_validation(t, &validations);
        show_progress(t);
        if (!*stop_signal_flag() && now() - saved < t->options.checkpoint_seconds)
            continue;
        WS_TRY(training_directory_save(&t->directory, t->trainer, err));
        saved = now();
        if (*stop_signal_flag())
            return ws_fail(err, WS_INTERRUPTED,
                           "stopped after step %" PRIu64 " of %" PRIu64
                           "; the same command goes on",
                           ws_trainer_step_count(t->trainer), ws_trainer_steps(t->trainer));
    }
    return WS_OK;
}

static enum ws_status open_trainer(struct training *t, struct ws_error *err)
{
    unsigned threads = t->options.threads > 0 ? (unsigned)t->options.threads : ws_processor_count();
    const struct ws_transformer *model = &t->input.model;
    if (t->choice.count == 0) {
        uint64_t memory = ws_trainer_memory(
            &t->settings, NULL, &model->description, t->input.examples.count,
            ws_examples_longest(&t->input.examples), ws_examples_longest(&t->input.validation));
        WS_TRY(ws_memory_suffices(memory, ws_memory_available(), "this training", err));
    }
    WS_TRY(ws_device_open(&t->choice, threads, NULL, &t->device, err));
    WS_TRY(ws_trainer_open(&t->settings, t->device, &model->description, model->parameters,
                           &t->input.examples, &t->input.validation, training_key(&t->options),
                           NULL, &t->trainer, err));
    if (t->settings.warmup > ws_trainer_steps(t->trainer))
        return ws_fail(err, WS_INVALID,
                       "'warmup' is %" PRIu64 " steps, and the training has only %" PRIu64
                       " by 'steps' or 'epochs'",
                       t->settings.warmup, ws_trainer_steps(t->trainer));
    ws_arena_release(&t->input.weights); /* it has its own by now */
    t->input.model.parameters = NULL;
    return WS_OK;
}

static enum ws_status train(struct training *t, const char *const *texts, size_t count,
                            struct ws_error *err)
{
    bool complete = false;
    WS_TRY(training_directory_open(t->flags.output, training_save_type(&t->options), &t->directory,
                                   err));
    WS_TRY(training_input_read(texts, count, &t->options, &t->form, &t->input, err));
    WS_TRY(open_trainer(t, err));
    WS_TRY(training_directory_resume(&t->directory, t->trainer, &complete, err));
    if (!complete) {
        t->first_step = ws_trainer_step_count(t->trainer);
        t->first_tokens = ws_trainer_tokens(t->trainer);
        t->begun = now();
        announce(t);
        stop_signal_take(); /* from here on a training saves its state before it stops */
        WS_TRY(take_steps(t, err));
        struct ws_trainer *trainer = t->trainer;
        t->trainer = NULL; /* it is closed on the way */
        WS_TRY(training_directory_finish(&t->directory, trainer, &t->input, err));
    }
    terminal_clear(&t->terminal);
    return print_results(t, err);
}

static int train_in_directory(struct training *t, const char *const *texts, size_t count)
{
    struct ws_error error;
    terminal_init(&t->terminal, t->flags.quiet);
    enum ws_status status = train(t, texts, count, &error);
    terminal_clear(&t->terminal);
    ws_trainer_close(t->trainer);
    if (t->device)
        t->device->ops->close(t->device);
    training_input_release(&t->input);
    training_directory_close(&t->directory);
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}

/* What is named beside a model or a tokenizer that has it already, whatever the value. */
static enum ws_status check_named(const struct arguments *arguments,
                                  const struct training_options *options, struct ws_error *err)
{
    for (size_t i = 0; *options->model && i < ws_form_options.count; i++)
        if (arguments_name(arguments, ws_form_options.options[i].name))
            return ws_fail(err, WS_INVALID, "'%s' is for fresh models, and '%s' is given",
                           ws_form_options.options[i].name, options->model);
    const char *path = *options->tokenizer ? options->tokenizer : options->model;
    if (*path && arguments_name(arguments, "vocabulary"))
        return ws_fail(err, WS_INVALID,
                       "'vocabulary' is for a tokenizer trained on the text, and that of '%s' is "
                       "given",
                       path);
    return WS_OK;
}

/* What would be ignored is refused: whoever names it expects something of it. */
static enum ws_status check_effects(const struct arguments *arguments, const struct training *t,
                                    struct ws_error *err)
{
    if (t->settings.schedule == WS_SCHEDULE_CONSTANT && arguments_name(arguments, "final_rate"))
        return ws_fail(err, WS_INVALID,
                       "'final_rate' is given with 'schedule' at constant: a linear or cosine one "
                       "falls to it");
    if (t->settings.steps > 0 && arguments_name(arguments, "epochs"))
        return ws_fail(err, WS_INVALID, "'steps' and 'epochs' are given; one is enough");
    if (!*t->options.validation && arguments_name(arguments, "validate_every"))
        return ws_fail(err, WS_INVALID,
                       "'validate_every' is given without a text for 'validation'");
    return WS_OK;
}

static enum ws_status check_arguments(const struct arguments *arguments, const struct training *t,
                                      struct ws_error *err)
{
    if (arguments->positional_count == 0)
        return ws_fail(err, WS_INVALID, "train: which text? Try 'train TEXT -o DIR'");
    if (!t->flags.output)
        return ws_fail(err, WS_INVALID, "train: where to? Give a directory with -o");
    WS_TRY(check_named(arguments, &t->options, err));
    return check_effects(arguments, t, err);
}

int cmd_train(int argc, char **argv)
{
    struct training t = {.directory = {.lock = -1}};
    const struct flag flags[] = {
        {"output", 'o', "DIR", "where the model goes, and the training until then", NULL,
         &t.flags.output},
        {"quiet", 'q', NULL, "no progress, no table", &t.flags.quiet, NULL},
        {"json", 0, NULL, "results as JSON", &t.flags.json, NULL},
    };
    const struct command_settings settings[] = {
        {&training_options, &t.options},
        {&ws_form_options, &t.form},
        {&ws_train_options, &t.settings},
    };
    const struct command_line line = {
        .usage = "train TEXT... -o DIR [options]",
        .about =
            "Trains a transformer on text files (also .gz, .zst, and directories of them) or on\n"
            "JSON lines (.jsonl) with \"text\", or with \"prompt\" and \"completion\", of which "
            "only\n"
            "the completion is learned. DIR becomes a Hugging Face directory with tokenizer. A\n"
            "training that was stopped or killed goes on with the same command.",
        .flags = flags,
        .flag_count = sizeof flags / sizeof *flags,
        .settings = settings,
        .settings_count = sizeof settings / sizeof *settings,
        .positional_most = SIZE_MAX,
    };
    struct arguments arguments;
    struct ws_error error;
    int exit_status = EXIT_DONE;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && !arguments.help)
        status = check_arguments(&arguments, &t, &error);
    if (status == WS_OK && !arguments.help)
        status = choose_device(&t.options.device, &arguments.arena, &t.choice, &error);
    if (status != WS_OK)
        exit_status = report(status, &error);
    else if (arguments.help)
        print_help(&line);
    else
        exit_status = train_in_directory(&t, arguments.positional, arguments.positional_count);
    ws_arena_release(&arguments.arena);
    return exit_status;
}
