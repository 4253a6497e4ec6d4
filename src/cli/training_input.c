#include "cli/training_input.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "cli/text_source.h"
#include "models/nn/transformer/hugging_face.h"

#define FIELD(name)  offsetof(struct training_options, name)
#define DEVICE(name) offsetof(struct training_options, device.name)

static const struct ws_option options_table[] = {
    {"model", WS_OPTION_TEXT, FIELD(model), 0, 0, "", NULL, 0,
     "directory of a model to go on from (Hugging Face's form); empty: a fresh one"},
    {"tokenizer", WS_OPTION_TEXT, FIELD(tokenizer), 0, 0, "", NULL, 0,
     "tokenizer.json or a directory with one; empty: the model's, or one trained on the text"},
    {"vocabulary", WS_OPTION_WHOLE, FIELD(vocabulary), 257, 1e6, "4096", NULL, 0,
     "tokens of a tokenizer that is trained on the text"},
    {"validation", WS_OPTION_TEXT, FIELD(validation), 0, 0, "", NULL, 0,
     "text to validate on; empty: none"},
    {"block", WS_OPTION_WHOLE, FIELD(block), 1, 1e7, "128", NULL, 0,
     "tokens of an example: text is cut in blocks of so many"},
    {"start", WS_OPTION_TEXT, FIELD(start), 0, 0, "", NULL, 0,
     "token that each example begins with, or none; empty: <|endoftext|> for a fresh model, none "
     "for a given one"},
    {"seed", WS_OPTION_WHOLE, FIELD(seed), 0, 1e18, "1", NULL, 0,
     "of fresh parameters, the order of examples, and dropout"},
    {"threads", WS_OPTION_WHOLE, FIELD(threads), 0, 4096, "0", NULL, WS_OPTION_EXECUTION,
     "threads; 0: one a processor"},
    WS_DEVICE_OPTIONS(DEVICE),
    {"checkpoint_seconds", WS_OPTION_REAL, FIELD(checkpoint_seconds), 0, 1e9, "60", NULL,
     WS_OPTION_EXECUTION, "longest work lost when the machine stops"},
    {"save_type", WS_OPTION_CHOICE, FIELD(save_type), 0, 0, "f32", "f32|f16|bf16",
     WS_OPTION_EXECUTION,
     "what the finished model's numbers are rounded to; a training is of f32 and goes on from it"},
};
const struct ws_option_table training_options = {"text and model", options_table,
                                                 sizeof options_table / sizeof *options_table};

enum ws_dtype training_save_type(const struct training_options *options)
{
    static const enum ws_dtype types[] = {WS_DTYPE_F32, WS_DTYPE_F16, WS_DTYPE_BF16};
    return types[options->save_type];
}

/* Tokenizer ------------------------------------------------------------------------------------ */

static enum ws_status train_tokenizer(const struct text_source *sources, size_t count,
                                      const struct training_options *options,
                                      struct training_input *out, struct ws_error *err)
{
    static const char *const special[] = {"<|endoftext|>"};
    struct ws_tokenizer_training *training;
    WS_TRY(ws_tokenizer_training_open((uint32_t)options->vocabulary, special, 1,
                                      &out->spill.allocator, &training, err));
    enum ws_status status = text_sources_teach(sources, count, training, err);
    if (status == WS_OK)
        status = ws_tokenizer_training_finish(training, &out->arena, &out->tokenizer, err);
    ws_tokenizer_training_close(training);
    return status;
}

static enum ws_status require_same(const struct ws_tokenizer *tokenizer,
                                   const struct ws_tokenizer *own,
                                   const struct training_options *options, struct ws_error *err)
{
    struct ws_buffer given;
    struct ws_buffer wanted;
    ws_buffer_init(&given, NULL, SIZE_MAX / 2);
    ws_buffer_init(&wanted, NULL, SIZE_MAX / 2);
    ws_tokenizer_write_json(tokenizer, &given);
    ws_tokenizer_write_json(own, &wanted);
    enum ws_status status = ws_buffer_check(&given, "the tokenizer", err);
    if (status == WS_OK)
        status = ws_buffer_check(&wanted, "the model's tokenizer", err);
    if (status == WS_OK &&
        (given.size != wanted.size || memcmp(given.data, wanted.data, given.size) != 0))
        status = ws_fail(err, WS_INVALID, "'tokenizer' is '%s', and the model '%s' has another",
                         options->tokenizer, options->model);
    ws_buffer_release(&wanted);
    ws_buffer_release(&given);
    return status;
}

/* Ids that mean something else to the model than to the tokenizer teach it nothing. */
static enum ws_status check_model_tokenizer(const struct ws_tokenizer *tokenizer,
                                            const struct training_options *options,
                                            struct ws_error *err)
{
    struct ws_arena arena;
    const struct ws_tokenizer *own;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_tokenizer_open(options->model, &arena, &own, err);
    if (status == WS_OK)
        status = require_same(tokenizer, own, options, err);
    else if (status == WS_NOT_FOUND)
        status = WS_OK; /* that is what a tokenizer is given for */
    ws_arena_release(&arena);
    return status;
}

static enum ws_status find_tokenizer(const struct text_source *sources, size_t count,
                                     const struct training_options *options,
                                     struct training_input *out, struct ws_error *err)
{
    const char *path = *options->tokenizer ? options->tokenizer : options->model;
    if (*path)
        WS_TRY(ws_tokenizer_open(path, &out->arena, &out->tokenizer, err));
    if (*options->tokenizer && *options->model)
        return check_model_tokenizer(out->tokenizer, options, err);
    if (*path)
        return WS_OK;
    return train_tokenizer(sources, count, options, out, err);
}

/* Model ---------------------------------------------------------------------------------------- */

struct ws_rng_key training_init_key(const struct training_options *options)
{
    return ws_rng_key(WS_STREAM_INIT, options->seed, 0, 0);
}

struct ws_rng_key training_key(const struct training_options *options)
{
    return ws_rng_key(WS_STREAM_INIT, options->seed, 0, 1);
}

static enum ws_status make_model(const struct training_options *options, const struct ws_form *form,
                                 struct training_input *out, struct ws_error *err)
{
    struct ws_transformer *model = &out->model;
    WS_TRY(ws_form_describe(form, ws_tokenizer_count(out->tokenizer),
                            ws_tokenizer_end_of_text(out->tokenizer), &model->description, err));
    ws_layout_of(&model->description, &model->layout);
    /* Before numbers are drawn that could not be trained: four blocks, and one to begin from. */
    WS_TRY(ws_memory_suffices(5 * sizeof(float) * (uint64_t)model->layout.size,
                              ws_memory_available(), "training this model", err));
    float *parameters = WS_ARENA_NEW(&out->weights, float, model->layout.size);
    if (!parameters)
        return ws_fail_memory(err, "the model");
    ws_transformer_init(&model->description, &model->layout, training_init_key(options),
                        parameters);
    model->parameters = parameters;
    return WS_OK;
}

static enum ws_status find_model(const struct training_options *options, const struct ws_form *form,
                                 struct training_input *out, struct ws_error *err)
{
    if (!*options->model)
        return make_model(options, form, out, err);
    WS_TRY(ws_hf_open(options->model, &out->weights, &out->model, err));
    uint32_t tokens = ws_tokenizer_count(out->tokenizer);
    uint32_t vocabulary = out->model.description.vocabulary;
    if (tokens > vocabulary)
        return ws_fail(err, WS_CORRUPT,
                       "the tokenizer has %" PRIu32 " tokens, the model in '%s' %" PRIu32, tokens,
                       options->model, vocabulary);
    return WS_OK;
}

/* Examples ------------------------------------------------------------------------------------- */

static enum ws_status find_start(const struct training_options *options,
                                 const struct ws_tokenizer *tokenizer, uint32_t *out,
                                 struct ws_error *err)
{
    *out = WS_NO_TOKEN;
    if (strcmp(options->start, "none") == 0 || (!*options->start && *options->model))
        return WS_OK;
    *out = *options->start ? ws_tokenizer_find(tokenizer, options->start)
                           : ws_tokenizer_end_of_text(tokenizer);
    if (*out != WS_NO_TOKEN)
        return WS_OK;
    if (*options->start)
        return ws_fail(err, WS_INVALID, "'start' is '%.80s', which is no token of the tokenizer",
                       options->start);
    return ws_fail(err, WS_INVALID,
                   "the tokenizer has no token that ends a text; 'start' must name one or be none");
}

static enum ws_status make_examples(const struct ws_train_text_form *form,
                                    const struct text_source *sources, size_t count,
                                    struct training_input *out, struct ws_examples *examples,
                                    struct ws_error *err)
{
    struct ws_train_text text;
    ws_train_text_init(&text, form, &out->spill.allocator);
    enum ws_status status = WS_OK;
    for (size_t i = 0; i < count && status == WS_OK; i++)
        status = text_source_collect(&sources[i], &text, err);
    if (status == WS_OK)
        status = ws_train_text_examples(&text, &out->arena, examples, err);
    out->left_out += text.left_out;
    ws_train_text_release(&text);
    return status;
}

static enum ws_status make_all_examples(const struct training_options *options,
                                        const struct text_source *sources, size_t count,
                                        const struct text_source *validation,
                                        struct training_input *out, struct ws_error *err)
{
    uint32_t context = out->model.description.context;
    if (options->block > context)
        return ws_fail(err, WS_INVALID,
                       "'block' is %" PRIu64 " tokens, the model's context %" PRIu32,
                       options->block, context);
    struct ws_train_text_form form = {
        .tokenizer = out->tokenizer,
        .block = (size_t)options->block,
        .end = ws_tokenizer_end_of_text(out->tokenizer),
    };
    WS_TRY(find_start(options, out->tokenizer, &form.start, err));
    form.flags = form.start == WS_NO_TOKEN ? WS_ENCODE_FRONT : 0;
    WS_TRY(make_examples(&form, sources, count, out, &out->examples, err));
    if (!*options->validation)
        return WS_OK;
    return make_examples(&form, validation, 1, out, &out->validation, err);
}

/* The whole ------------------------------------------------------------------------------------ */

static enum ws_status read_all(const char *const *texts, size_t count,
                               const struct training_options *options, const struct ws_form *form,
                               struct text_source *sources, struct training_input *out,
                               struct ws_error *err)
{
    struct text_source *validation = &sources[count];
    for (size_t i = 0; i < count; i++)
        WS_TRY(text_source_open(texts[i], &out->spill.allocator, &sources[i], err));
    if (*options->validation)
        WS_TRY(text_source_open(options->validation, &out->spill.allocator, validation, err));
    WS_TRY(find_tokenizer(sources, count, options, out, err));
    WS_TRY(find_model(options, form, out, err));
    return make_all_examples(options, sources, count, validation, out, err);
}

enum ws_status training_input_read(const char *const *texts, size_t count,
                                   const struct training_options *options,
                                   const struct ws_form *form, struct training_input *out,
                                   struct ws_error *err)
{
    *out = (struct training_input){.left_out = 0};
    ws_spill_init(&out->spill, NULL);
    ws_arena_init(&out->arena, &out->spill.allocator);
    ws_arena_init(&out->weights, NULL);
    struct text_source *sources = WS_ARENA_ZNEW(&out->arena, struct text_source, count + 1);
    if (!sources)
        return ws_fail_memory(err, "the text");
    enum ws_status status = read_all(texts, count, options, form, sources, out, err);
    for (size_t i = 0; i <= count; i++)
        text_source_close(&sources[i]);
    return status;
}

void training_input_release(struct training_input *input)
{
    ws_arena_release(&input->weights);
    ws_arena_release(&input->arena);
}
