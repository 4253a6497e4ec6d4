/*
 * Contract of models/nn/transformer/train.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/nn/transformer/form.h"
#include "support/failing_heap.h"
#include "support/training_stand.h"

/* Examples ------------------------------------------------------------------------------------- */

static void train__makes_examples_from_a_start_or_by_a_shift(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_examples out;
    const uint64_t ends[] = {3, 4, 6};
    const uint32_t tokens[] = {5, 6, 7, 8, 9, 4};
    const struct ws_blocks blocks = {3, ends, tokens};
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_examples_of(&blocks, 0, &arena, &out, NULL), WS_OK);
    const uint32_t from_start[] = {0, 5, 6, 0, 0, 9};
    assert_int_equal(out.count, 3);
    assert_memory_equal(out.ends, ends, sizeof ends);
    assert_memory_equal(out.tokens, from_start, sizeof from_start);
    assert_memory_equal(out.targets, tokens, sizeof tokens);

    assert_int_equal(ws_examples_of(&blocks, WS_NO_TOKEN, &arena, &out, NULL), WS_OK);
    const uint32_t after[] = {6, 7, WS_NO_TARGET, WS_NO_TARGET, 4, WS_NO_TARGET};
    assert_memory_equal(out.tokens, tokens, sizeof tokens);
    assert_memory_equal(out.targets, after, sizeof after);

    const uint64_t holes[] = {3, 3, 6};
    const struct ws_blocks empty = {3, holes, tokens};
    struct ws_error error;
    assert_int_equal(ws_examples_of(&empty, 0, &arena, &out, &error), WS_INVALID);
    assert_string_equal(error.message, "block 1 of the text has no tokens");
    ws_arena_release(&arena);
}

/* Steps ---------------------------------------------------------------------------------------- */

static void train__follows_its_schedule(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    const char *const schedules[] = {"constant", "linear", "cosine"};
    for (int s = 0; s < 3; s++) {
        struct ws_train_settings settings =
            SETTINGS("learning_rate", "0.01", "warmup", "4", "steps", "12", "final_rate", "0.1",
                     "schedule", schedules[s], "batch", "3");
        struct stand stand =
            open_stand(&settings, &tiny_models[GPT2], &text.examples, NULL, WS_CPU_REFERENCE, 1);
        assert_int_equal(ws_trainer_steps(stand.trainer), 12);
        take_steps(&stand, 100);
        const struct ws_train_point *points = curve(&stand, 12);
        for (int i = 0; i < 12; i++) {
            double p = (i - 4) / 8.0;
            double left = s == 0 ? 1 : s == 1 ? 1 - p : (1 + cos(acos(-1) * p)) / 2;
            double wanted = i < 4 ? 0.01 * (i + 1) / 4 : 0.01 * (0.1 + 0.9 * left);
            assert_int_equal(points[i].step, i + 1);
            assert_true(fabs(points[i].rate - wanted) < 1e-15);
        }
        close_stand(&stand);
    }
}

/* One step of AdamW in double; `moments` holds both. */
static void update_by_hand(const struct ws_train_settings *s, const struct ws_layout *layout,
                           const float *gradient, uint64_t step, double *weights, double *moments)
{
    size_t size = layout->size;
    double squares = 0;
    for (size_t i = 0; i < size; i++)
        squares += (double)gradient[i] * (double)gradient[i];
    double scale = s->clip > 0 ? fmin(1, s->clip / (sqrt(squares) + 1e-6)) : 1;
    for (int k = 0; k < WS_TENSOR_KIND_COUNT; k++)
        for (uint32_t l = 0; l < (ws_tensor_in_layer((enum ws_tensor_kind)k) ? 2 : 1); l++) {
            struct ws_tensor tensor = ws_layout_at(layout, (enum ws_tensor_kind)k, l);
            bool decays = s->decay_on == WS_DECAY_ALL || tensor.rows > 1;
            for (size_t i = tensor.offset; i < tensor.offset + tensor.rows * tensor.columns; i++) {
                double g = (double)gradient[i] * scale;
                double *first = &moments[i];
                double *second = &moments[size + i];
                *first = s->beta1 * *first + (1 - s->beta1) * g;
                *second = s->beta2 * *second + (1 - s->beta2) * g * g;
                double mean = *first / (1 - pow(s->beta1, (double)step));
                double square = *second / (1 - pow(s->beta2, (double)step));
                weights[i] -= s->learning_rate * (decays ? s->weight_decay : 0) * weights[i];
                weights[i] -= s->learning_rate * mean / (sqrt(square) + s->epsilon);
            }
        }
}

/* All examples are one batch, so that their order does not matter. */
static void train__takes_the_steps_of_adamw(void **state)
{
    (void)state;
    enum { STEPS = 3 };
    const struct ws_description *d = &tiny_models[GPT2];
    struct text text;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    uint32_t starts[EXAMPLES + 1] = {0};
    double targets = 0;
    for (size_t i = 0; i < EXAMPLES; i++)
        starts[i + 1] = (uint32_t)text.ends[i];
    for (size_t i = 0; i < starts[EXAMPLES]; i++)
        targets += text.targets[i] != WS_NO_TARGET;
    const struct ws_batch batch = {EXAMPLES, starts, text.tokens, text.targets};
    const char *const variants[][2] = {{"matrices", "0.5"}, {"all", "0"}};
    for (size_t v = 0; v < 2; v++) {
        struct ws_train_settings settings =
            SETTINGS("learning_rate", "0.01", "steps", "3", "batch", "100", "weight_decay", "0.5",
                     "decay_on", variants[v][0], "clip", variants[v][1]);
        struct stand stand = open_stand(&settings, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
        size_t size = stand.size;
        struct ws_network *network;
        assert_int_equal(ws_network_open(stand.device, d, TOKENS, true, NULL, &network, NULL),
                         WS_OK);
        const struct ws_layout *layout = ws_network_layout(network);
        double *weights = test_calloc(size, sizeof *weights);
        double *moments = test_calloc(2 * size, sizeof *moments);
        float *gradient = test_calloc(size, sizeof *gradient);
        for (size_t i = 0; i < size; i++)
            weights[i] = (double)stand.start[i];
        for (uint64_t step = 1; step <= STEPS; step++) {
            float loss[TOKENS];
            for (size_t i = 0; i < size; i++)
                stand.start[i] = (float)weights[i];
            ws_network_write(network, stand.start);
            stand.device->ops->zero(stand.device, ws_network_gradients(network),
                                    size * sizeof(float));
            assert_int_equal(
                ws_network_train(network, &batch, (float)(1 / targets), NULL, loss, NULL), WS_OK);
            stand.device->ops->read(stand.device, gradient, ws_network_gradients(network),
                                    size * sizeof(float));
            update_by_hand(&settings, layout, gradient, step, weights, moments);
            take_steps(&stand, 1);
            double sum = 0;
            double squares = 0;
            for (size_t i = 0; i < starts[EXAMPLES]; i++)
                sum += (double)loss[i];
            for (size_t i = 0; i < size; i++)
                squares += (double)gradient[i] * (double)gradient[i];
            const struct ws_train_point *points = curve(&stand, step);
            assert_true(fabs(points[step - 1].loss - sum / targets) < 1e-6);
            assert_true(fabs(points[step - 1].norm - sqrt(squares)) < 1e-5 * sqrt(squares));
        }
        assert_true(settings.clip <= 0 || curve(&stand, STEPS)[0].norm > settings.clip);
        /* A step is as long for gradients that are only rounding (of key biases, say) as for
         * others, so what differs there must not count. */
        const float *seen = read_parameters(&stand);
        size_t apart = 0;
        for (size_t i = 0; i < size; i++)
            apart += fabs((double)seen[i] - weights[i]) > 1e-5;
        assert_true(apart <= (size_t)2 * d->layers * d->width);
        test_free(weights);
        test_free(moments);
        test_free(gradient);
        ws_network_close(network);
        close_stand(&stand);
    }
}

static void train__adds_up_micro_batches_to_the_same_steps(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[LLAMA].vocabulary, EXAMPLES, 1);
    const char *const sizes[] = {"0", "1", "3", "5"};
    double losses[4][6];
    for (size_t m = 0; m < 4; m++) {
        struct ws_train_settings settings =
            SETTINGS("micro_batch", sizes[m], "batch", "5", "epochs", "3", "learning_rate", "0.01");
        struct stand stand =
            open_stand(&settings, &tiny_models[LLAMA], &text.examples, NULL, WS_CPU_REFERENCE, 1);
        assert_int_equal(ws_trainer_steps(stand.trainer), 6);
        take_steps(&stand, 100);
        const struct ws_train_point *points = curve(&stand, 6);
        for (size_t i = 0; i < 6; i++) {
            losses[m][i] = points[i].loss;
            assert_true(fabs(losses[m][i] - losses[0][i]) < 1e-4);
        }
        close_stand(&stand);
    }
    assert_true(losses[0][5] < losses[0][0]);
}

/* With a rate of 0 an example has the same loss whenever it comes. */
static void train__sees_each_example_once_an_epoch_in_another_order(void **state)
{
    (void)state;
    enum { EPOCHS = 3 };
    struct text text;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    struct ws_train_settings settings = SETTINGS("learning_rate", "0", "batch", "1", "epochs", "3");
    struct stand stand =
        open_stand(&settings, &tiny_models[GPT2], &text.examples, NULL, WS_CPU_REFERENCE, 1);
    take_steps(&stand, 1000);
    const struct ws_train_point *points = curve(&stand, (size_t)EPOCHS * EXAMPLES);
    size_t moved = 0;
    for (size_t epoch = 1; epoch < EPOCHS; epoch++)
        for (size_t i = 0; i < EXAMPLES; i++) {
            size_t times = 0;
            for (size_t j = 0; j < EXAMPLES; j++)
                times += points[epoch * EXAMPLES + j].loss == points[i].loss;
            assert_int_equal(times, 1);
            moved += points[epoch * EXAMPLES + i].loss != points[(epoch - 1) * EXAMPLES + i].loss;
        }
    assert_true(moved > EXAMPLES);
    assert_int_equal(ws_trainer_tokens(stand.trainer), EPOCHS * text.ends[EXAMPLES - 1]);
    close_stand(&stand);
}

static void train__takes_examples_as_they_stand_when_told(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    struct ws_train_settings settings =
        SETTINGS("learning_rate", "0", "batch", "1", "epochs", "2", "shuffle", "false");
    struct stand stand =
        open_stand(&settings, &tiny_models[GPT2], &text.examples, NULL, WS_CPU_REFERENCE, 1);
    take_steps(&stand, 1000);
    const struct ws_train_point *points = curve(&stand, (size_t)2 * EXAMPLES);
    for (size_t i = 0; i < EXAMPLES; i++)
        assert_true(points[EXAMPLES + i].loss == points[i].loss);
    settings.epochs = 1;
    struct ws_examples first = text.examples;
    first.count = 1;
    struct stand alone =
        open_stand(&settings, &tiny_models[GPT2], &first, NULL, WS_CPU_REFERENCE, 1);
    take_steps(&alone, 1000);
    assert_true(curve(&alone, 1)->loss == points[0].loss);
    close_stand(&alone);
    close_stand(&stand);
}

static void train__drops_the_incomplete_batch_and_takes_what_there_is(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    const struct {
        const char *batch, *epochs, *steps;
        uint64_t wanted;
    } cases[] = {{"4", "3", "0", 6},
                 {"11", "2", "0", 2},
                 {"50", "2", "0", 2},
                 {"4", "1", "9", 9},
                 {"1", "2", "0", 22}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct ws_train_settings settings =
            SETTINGS("batch", cases[c].batch, "epochs", cases[c].epochs, "steps", cases[c].steps);
        struct stand stand =
            open_stand(&settings, &tiny_models[GPT2], &text.examples, NULL, WS_CPU_REFERENCE, 1);
        assert_int_equal(ws_trainer_steps(stand.trainer), cases[c].wanted);
        take_steps(&stand, 1000);
        assert_int_equal(ws_trainer_step_count(stand.trainer), cases[c].wanted);
        assert_true(ws_trainer_done(stand.trainer));
        close_stand(&stand);
    }
}

static void train__learns_what_can_be_learned(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[GPT2];
    uint64_t ends[8];
    uint32_t tokens[64];
    for (size_t i = 0; i < 8; i++)
        ends[i] = 8 * (i + 1);
    for (size_t i = 0; i < 64; i++)
        tokens[i] = (uint32_t)((i / 8 + i % 8) % 5);
    const struct ws_blocks blocks = {8, ends, tokens};
    struct ws_arena arena;
    struct ws_examples examples;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_examples_of(&blocks, WS_NO_TOKEN, &arena, &examples, NULL), WS_OK);
    struct ws_train_settings settings =
        SETTINGS("learning_rate", "0.01", "steps", "80", "batch", "4", "schedule", "cosine");
    struct stand stand = open_stand(&settings, d, &examples, NULL, WS_CPU_FAST, 2);
    take_steps(&stand, 1000);
    const struct ws_train_point *points = curve(&stand, 80);
    assert_true(points[0].loss > 2);
    assert_true(points[79].loss < 0.1);
    close_stand(&stand);
    ws_arena_release(&arena);
}

static void train__gives_the_same_bytes_for_any_number_of_threads(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[LLAMA].vocabulary, EXAMPLES, 1);
    struct ws_train_settings settings =
        SETTINGS("epochs", "2", "batch", "4", "dropout", "0.1", "learning_rate", "0.01");
    struct stand one =
        open_stand(&settings, &tiny_models[LLAMA], &text.examples, NULL, WS_CPU_FAST, 1);
    struct stand three =
        open_stand(&settings, &tiny_models[LLAMA], &text.examples, NULL, WS_CPU_FAST, 3);
    take_steps(&one, 100);
    take_steps(&three, 100);
    assert_memory_equal(read_parameters(&one), read_parameters(&three), one.size * sizeof(float));
    close_stand(&one);
    close_stand(&three);
}

static void examples__are_as_many_as_fit(void **state)
{
    (void)state;
    static const uint64_t ends[] = {3, 5, 5, 5, 9};
    static const uint32_t tokens[9];
    static const uint32_t targets[9] = {WS_NO_TARGET};
    const struct ws_examples examples = {5, ends, tokens, targets};
    assert_int_equal(ws_examples_longest(&examples), 4);
    assert_int_equal(ws_examples_targets(&examples, NULL, 5), 8);
    assert_int_equal(ws_examples_targets(&examples, (const uint64_t[]){1, 4}, 2), 6);
    assert_int_equal(ws_examples_that_fit(&examples, 0, 2), 1); /* too long, but the first */
    assert_int_equal(ws_examples_that_fit(&examples, 0, 4), 1);
    assert_int_equal(ws_examples_that_fit(&examples, 0, 5), 4);
    assert_int_equal(ws_examples_that_fit(&examples, 0, 100), 5);
    assert_int_equal(ws_examples_that_fit(&examples, 1, 2), 2); /* 4 tokens, were none empty */
    assert_int_equal(ws_examples_that_fit(&examples, 4, 4), 1);
}

static void train__describes_the_model_with_the_dropout_it_was_trained_with(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[LLAMA].vocabulary, EXAMPLES, 1);
    struct ws_train_settings settings = SETTINGS("steps", "1", "dropout", "0.25");
    struct stand stand =
        open_stand(&settings, &tiny_models[LLAMA], &text.examples, NULL, WS_CPU_FAST, 1);
    const struct ws_description *d = ws_trainer_description(stand.trainer);
    assert_float_equal(d->embedding_dropout, 0, 0);
    assert_float_equal(d->residual_dropout, 0, 0);
    assert_float_equal(d->attention_dropout, 0.25, 0);
    close_stand(&stand);
    settings.dropout = -1;
    struct ws_description own = tiny_models[LLAMA];
    own.attention_dropout = 0.5F;
    stand = open_stand(&settings, &own, &text.examples, NULL, WS_CPU_FAST, 1);
    assert_float_equal(ws_trainer_description(stand.trainer)->attention_dropout, 0.5, 0);
    close_stand(&stand);
}

/* Validation ----------------------------------------------------------------------------------- */

static void train__means_over_targets_not_over_examples(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    struct ws_train_settings settings = SETTINGS("learning_rate", "0", "batch", "11");
    struct stand stand =
        open_stand(&settings, &tiny_models[GPT2], &text.examples, NULL, WS_CPU_REFERENCE, 1);
    struct ws_network *network;
    double loss;
    uint64_t targets;
    take_steps(&stand, 1);
    assert_int_equal(
        ws_network_open(stand.device, &tiny_models[GPT2], 9, false, NULL, &network, NULL), WS_OK);
    ws_network_write(network, stand.start);
    assert_int_equal(ws_network_mean_loss(network, &text.examples, &loss, &targets, NULL), WS_OK);
    assert_int_equal(targets, text.ends[EXAMPLES - 1] - 4);
    assert_true(fabs(loss - curve(&stand, 1)[0].loss) < 1e-6);
    for (size_t i = 0; i < TOKENS; i++)
        text.targets[i] = WS_NO_TARGET;
    struct ws_error error;
    assert_int_equal(ws_network_mean_loss(network, &text.examples, &loss, &targets, &error),
                     WS_INVALID);
    assert_string_equal(error.message, "there is nothing to predict in 11 examples");
    ws_network_close(network);
    assert_int_equal(
        ws_network_open(stand.device, &tiny_models[GPT2], 3, false, NULL, &network, NULL), WS_OK);
    text.targets[0] = 1;
    assert_int_equal(ws_network_mean_loss(network, &text.examples, &loss, &targets, &error),
                     WS_INVALID);
    assert_string_equal(error.message,
                        "an example of 6 tokens for a network opened for 3 at a time");
    ws_network_close(network);
    close_stand(&stand);
}

static void train__validates_when_it_is_due(void **state)
{
    (void)state;
    struct text text;
    struct text other;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    make_text(&other, tiny_models[GPT2].vocabulary, 4, 2);
    const struct {
        const char *every;
        size_t count;
        uint64_t steps[4];
    } cases[] = {{"0", 2, {5, 10}}, {"4", 3, {4, 8, 10}}, {"100", 1, {10}}};
    for (size_t c = 0; c < 3; c++) {
        struct ws_train_settings settings =
            SETTINGS("batch", "2", "epochs", "2", "validate_every", cases[c].every);
        struct stand stand = open_stand(&settings, &tiny_models[GPT2], &text.examples,
                                        &other.examples, WS_CPU_REFERENCE, 1);
        take_steps(&stand, 100);
        size_t count;
        const struct ws_train_point *points = ws_trainer_validations(stand.trainer, &count);
        assert_int_equal(count, cases[c].count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(points[i].step, cases[c].steps[i]);
        close_stand(&stand);
    }
}

/* Only how often tokens are wanted can be learned, so learning them by heart soon hurts. */
static void train__stops_without_patience_and_keeps_the_best(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[GPT2];
    struct text text;
    struct text other;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    make_text(&other, d->vocabulary, 6, 2);
    struct ws_train_settings settings =
        SETTINGS("batch", "11", "steps", "500", "validate_every", "3", "patience", "2", "keep_best",
                 "true", "learning_rate", "0.002", "weight_decay", "0");
    struct stand stand =
        open_stand(&settings, d, &text.examples, &other.examples, WS_CPU_REFERENCE, 1);
    take_steps(&stand, 1000);
    uint64_t steps = ws_trainer_step_count(stand.trainer);
    assert_true(ws_trainer_done(stand.trainer) && steps < 500);
    size_t count;
    const struct ws_train_point *points = ws_trainer_validations(stand.trainer, &count);
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        best = points[i].loss < points[best].loss ? i : best;
    assert_true(best > 0);
    assert_int_equal(count, best + 3);
    assert_int_equal(steps, 3 * count);
    struct ws_network *network;
    double loss;
    uint64_t targets;
    assert_int_equal(ws_network_open(stand.device, d, TOKENS, false, NULL, &network, NULL), WS_OK);
    ws_network_write(network, read_parameters(&stand));
    assert_int_equal(ws_network_mean_loss(network, &other.examples, &loss, &targets, NULL), WS_OK);
    assert_true(fabs(loss - points[best].loss) < 1e-6);
    assert_true(loss < points[count - 1].loss);
    ws_network_close(network);
    close_stand(&stand);
}

/* Refusals ------------------------------------------------------------------------------------- */

static void refuses(const struct ws_train_settings *settings, const struct ws_examples *examples,
                    const struct ws_examples *validation, enum ws_status status,
                    const char *message)
{
    struct ws_layout layout;
    struct ws_device *device;
    struct ws_trainer *trainer;
    struct ws_error error;
    ws_layout_of(&tiny_models[GPT2], &layout);
    float *parameters = test_calloc(layout.size, sizeof(float));
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL), WS_OK);
    assert_int_equal(ws_trainer_open(settings, device, &tiny_models[GPT2], parameters, examples,
                                     validation, key, NULL, &trainer, &error),
                     status);
    assert_string_equal(error.message, message);
    device->ops->close(device);
    test_free(parameters);
}

static void train__refuses_what_it_cannot_train_on(void **state)
{
    (void)state;
    const struct ws_train_settings plain = SETTINGS("batch", "2");
    const struct ws_train_settings best = SETTINGS("keep_best", "true");
    const struct ws_train_settings patient = SETTINGS("patience", "1");
    const struct ws_examples none = {0};
    struct text text;
    make_text(&text, 17, EXAMPLES, 1);
    refuses(&plain, &none, NULL, WS_INVALID,
            "there is no training example with anything to predict");
    refuses(&best, &text.examples, &none, WS_INVALID,
            "'keep_best' needs examples to validate on, and there are none");
    refuses(&patient, &text.examples, NULL, WS_INVALID,
            "'patience' needs examples to validate on, and there are none");
    text.tokens[4] = 17;
    refuses(&plain, &text.examples, NULL, WS_INVALID,
            "training example 1 has token 17, the model's vocabulary has 17");
    refuses(&plain, &text.examples, &text.examples, WS_INVALID,
            "training example 1 has token 17, the model's vocabulary has 17");
    make_text(&text, 17, EXAMPLES, 1);
    struct text bad = text;
    bad.examples = (struct ws_examples){EXAMPLES, bad.ends, bad.tokens, bad.targets};
    bad.targets[0] = 1000;
    refuses(&plain, &text.examples, &bad.examples, WS_INVALID,
            "validation example 0 has token 1000, the model's vocabulary has 17");
    bad.ends[0] = 0;
    refuses(&plain, &bad.examples, NULL, WS_INVALID, "training example 0 has no tokens");
    bad.ends[0] = bad.ends[1] = 9;
    bad.targets[0] = 0;
    refuses(&plain, &bad.examples, NULL, WS_INVALID,
            "training example 0 has 9 tokens, the model's context is 8");
}

/* An embedding that is not a number hurts when its token comes. */
static void train__stops_at_a_loss_that_is_not_finite(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[LLAMA];
    struct text text;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    struct ws_layout layout;
    ws_layout_of(d, &layout);
    float *start = test_malloc(layout.size * sizeof(float));
    float *before = test_malloc(layout.size * sizeof(float));
    float *after = test_malloc(layout.size * sizeof(float));
    tiny_parameters(&layout, 3, start);
    for (size_t t = 0; t < text.ends[EXAMPLES - 1]; t++) /* only one token 5 */
        text.tokens[t] = text.tokens[t] == 5 ? 6 : text.tokens[t];
    text.tokens[text.ends[6]] = 5;
    start[layout.global[WS_TENSOR_TOKENS].offset + (size_t)5 * d->width] = NAN;
    struct ws_train_settings settings = SETTINGS("batch", "1");
    struct ws_device *device;
    struct ws_trainer *trainer;
    struct ws_error error;
    assert_int_equal(ws_cpu_open(WS_CPU_FAST, 1, NULL, &device, NULL), WS_OK);
    assert_int_equal(ws_trainer_open(&settings, device, d, start, &text.examples, NULL, key, NULL,
                                     &trainer, NULL),
                     WS_OK);
    enum ws_status status = WS_OK;
    while (status == WS_OK && !ws_trainer_done(trainer)) {
        ws_trainer_parameters(trainer, before);
        status = ws_trainer_step(trainer, &error);
    }
    assert_int_equal(status, WS_NUMERIC);
    uint64_t step = ws_trainer_step_count(trainer);
    assert_true(step > 0);
    char wanted[80];
    (void)snprintf(wanted, sizeof wanted, "the loss at step %u is ", (unsigned)step + 1);
    assert_memory_equal(error.message, wanted, strlen(wanted));
    size_t count;
    (void)ws_trainer_curve(trainer, &count);
    assert_int_equal(count, step);
    ws_trainer_parameters(trainer, after);
    assert_memory_equal(before, after, layout.size * sizeof(float));
    assert_int_equal(ws_trainer_step(trainer, &error), WS_NUMERIC); /* and again */
    ws_trainer_close(trainer);
    device->ops->close(device);
    test_free(start);
    test_free(before);
    test_free(after);
}

static void train__stops_at_a_validation_loss_that_is_not_finite(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[LLAMA];
    struct text text;
    struct text other;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    make_text(&other, d->vocabulary, 3, 2);
    struct ws_layout layout;
    ws_layout_of(d, &layout);
    float *start = test_malloc(layout.size * sizeof(float));
    tiny_parameters(&layout, 3, start);
    for (size_t t = 0; t < text.ends[EXAMPLES - 1]; t++)
        text.tokens[t] = text.tokens[t] == 5 ? 6 : text.tokens[t];
    other.tokens[0] = 5;
    start[layout.global[WS_TENSOR_TOKENS].offset + (size_t)5 * d->width] = NAN;
    struct ws_train_settings settings = SETTINGS("batch", "2");
    struct ws_device *device;
    struct ws_trainer *trainer;
    struct ws_error error = {0};
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL), WS_OK);
    assert_int_equal(ws_trainer_open(&settings, device, d, start, &text.examples, &other.examples,
                                     key, NULL, &trainer, NULL),
                     WS_OK);
    enum ws_status status = WS_OK;
    while (status == WS_OK && !ws_trainer_done(trainer))
        status = ws_trainer_step(trainer, &error);
    assert_int_equal(status, WS_NUMERIC);
    assert_memory_equal(error.message, "the validation loss after step 5 is ", 36);
    ws_trainer_close(trainer);
    device->ops->close(device);
    test_free(start);
}

/* Memory --------------------------------------------------------------------------------------- */

static void train__says_what_memory_it_takes(void **state)
{
    (void)state;
    enum { BLOCKS = 6, SLACK = 64 };
    struct text text;
    struct ws_layout layout;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    ws_layout_of(&tiny_models[GPT2], &layout);
    float *parameters = test_calloc(layout.size, sizeof(float));
    struct ws_train_settings settings = RICH;
    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    struct ws_device *device;
    struct ws_trainer *trainer;
    assert_int_equal(ws_cpu_open(WS_CPU_FAST, 1, &allocator, &device, NULL), WS_OK);
    long before = atomic_load(&heap.live_bytes);
    assert_int_equal(ws_trainer_open(&settings, device, &tiny_models[GPT2], parameters,
                                     &text.examples, &text.examples, key, NULL, &trainer, NULL),
                     WS_OK);
    long taken = atomic_load(&heap.live_bytes) - before;
    long said = (long)ws_trainer_memory(&settings, NULL, &tiny_models[GPT2], text.examples.count,
                                        ws_examples_longest(&text.examples),
                                        ws_examples_longest(&text.examples));
    assert_in_range(taken - said, 0, BLOCKS * SLACK);
    ws_trainer_close(trainer);
    device->ops->close(device);
    assert_true(failing_heap_is_clean(&heap));
    test_free(parameters);
}

/* GPT-2 small on many long examples: without a limit they would take 5 GB. */
static void train__keeps_the_activations_of_large_models_small(void **state)
{
    (void)state;
    enum { COUNT = 64, LENGTH = 128 };
    const struct ws_form form = {WS_ARCHITECTURE_GPT2, 12, 768, 12, 0, 0, LENGTH, true};
    struct ws_description d;
    struct ws_layout layout;
    uint64_t ends[COUNT];
    static const uint32_t zeros[COUNT * LENGTH];
    for (uint64_t i = 0; i < COUNT; i++)
        ends[i] = (i + 1) * LENGTH;
    const struct ws_examples examples = {COUNT, ends, zeros, zeros};
    assert_int_equal(ws_form_describe(&form, 50257, 0, &d, NULL), WS_OK);
    ws_layout_of(&d, &layout);
    uint64_t blocks = 4 * sizeof(float) * (uint64_t)layout.size;
    struct ws_train_settings settings = SETTINGS("batch", "64");
    uint64_t activations =
        ws_trainer_memory(&settings, NULL, &d, examples.count, ws_examples_longest(&examples), 0) -
        blocks;
    assert_in_range(activations, UINT64_C(400) << 20, UINT64_C(550) << 20);
    settings.micro_batch =
        2; /* the 256 tokens, in 2.6 GiB with 4 blocks and one to start */
    activations =
        ws_trainer_memory(&settings, NULL, &d, examples.count, ws_examples_longest(&examples), 0) -
        blocks;
    assert_true(activations + blocks + blocks / 4 < (UINT64_C(2600) << 20));
}

/* As many examples at a time as fit where a device has memory of its own. */
static void train__takes_smaller_micro_batches_where_memory_is_short(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[GPT2];
    struct text text;
    struct ws_layout layout;
    struct ws_device *device;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    ws_layout_of(d, &layout);
    float *parameters = test_calloc(layout.size, sizeof(float));
    tiny_parameters(&layout, 3, parameters);
    const size_t longest = ws_examples_longest(&text.examples);
    struct ws_train_settings settings = SETTINGS("batch", "4");
    struct ws_train_settings halved = SETTINGS("batch", "4", "micro_batch", "2");
    uint64_t whole = ws_trainer_memory(&settings, NULL, d, EXAMPLES, longest, 0);
    uint64_t half = ws_trainer_memory(&halved, NULL, d, EXAMPLES, longest, 0);
    const struct {
        uint64_t memory, micro_batch;
        const char *identity;
    } cases[] = {
        {0, 4, "\ntaken_micro_batch=4\n"},
        {whole * 4 / 3 + 4, 4, "\ntaken_micro_batch=4\n"},
        {half * 4 / 3 + 4, 2, "\ndevice=Fake bf16 fake-1\ntaken_micro_batch=2\n"},
        {1, 1, "\ntaken_micro_batch=1\n"}, /* then it is the device that refuses */
    };
    assert_true(half < whole);
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL), WS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_trainer *trainer;
        device->memory = cases[i].memory;
        (void)snprintf(device->about, sizeof device->about, i == 2 ? "Fake bf16" : "");
        (void)snprintf(device->library, sizeof device->library, "fake-1");
        assert_int_equal(ws_trainer_open(&settings, device, d, parameters, &text.examples, NULL,
                                         key, NULL, &trainer, NULL),
                         WS_OK);
        assert_int_equal(ws_trainer_micro_batch(trainer), cases[i].micro_batch);
        const struct ws_bytes identity = ws_trainer_identity(trainer);
        assert_non_null(
            memmem(identity.data, identity.size, cases[i].identity, strlen(cases[i].identity)));
        ws_trainer_close(trainer);
    }
    device->ops->close(device);
    test_free(parameters);
}

static enum ws_status train_on(const struct ws_allocator *allocator, const float *parameters,
                               const struct ws_examples *examples, struct ws_error *error)
{
    struct ws_train_settings settings = RICH;
    struct ws_device *device = NULL;
    struct ws_trainer *trainer = NULL;
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, allocator, 1 << 24);
    enum ws_status status = ws_cpu_open(WS_CPU_REFERENCE, 1, allocator, &device, error);
    if (status == WS_OK)
        status = ws_trainer_open(&settings, device, &tiny_models[GPT2], parameters, examples,
                                 examples, key, allocator, &trainer, error);
    for (int i = 0; i < 3 && status == WS_OK; i++)
        status = ws_trainer_step(trainer, error);
    if (status == WS_OK) {
        ws_trainer_write(trainer, &bytes);
        status = ws_buffer_check(&bytes, "a state", error);
    }
    if (status == WS_OK) {
        struct ws_reader in;
        ws_reader_init(&in, ws_buffer_bytes(&bytes));
        status = ws_trainer_read(trainer, &in, error);
    }
    ws_trainer_close(trainer);
    if (device)
        device->ops->close(device);
    ws_buffer_release(&bytes);
    return status;
}

static void train__leaves_nothing_behind_when_memory_is_out(void **state)
{
    (void)state;
    struct text text;
    struct ws_layout layout;
    make_text(&text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    ws_layout_of(&tiny_models[GPT2], &layout);
    float *parameters = test_calloc(layout.size, sizeof(float));
    tiny_parameters(&layout, 3, parameters);
    enum ws_status status = WS_NO_MEMORY;
    bool says_how_much = false;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_error error = {0};
        status = train_on(&allocator, parameters, &text.examples, &error);
        says_how_much = says_how_much || strstr(error.message, "which takes 1 MiB");
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 12);
    assert_true(says_how_much);
    test_free(parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__makes_examples_from_a_start_or_by_a_shift),
        cmocka_unit_test(train__follows_its_schedule),
        cmocka_unit_test(train__takes_the_steps_of_adamw),
        cmocka_unit_test(train__adds_up_micro_batches_to_the_same_steps),
        cmocka_unit_test(train__sees_each_example_once_an_epoch_in_another_order),
        cmocka_unit_test(train__takes_examples_as_they_stand_when_told),
        cmocka_unit_test(train__drops_the_incomplete_batch_and_takes_what_there_is),
        cmocka_unit_test(train__learns_what_can_be_learned),
        cmocka_unit_test(examples__are_as_many_as_fit),
        cmocka_unit_test(train__describes_the_model_with_the_dropout_it_was_trained_with),
        cmocka_unit_test(train__gives_the_same_bytes_for_any_number_of_threads),
        cmocka_unit_test(train__means_over_targets_not_over_examples),
        cmocka_unit_test(train__validates_when_it_is_due),
        cmocka_unit_test(train__stops_without_patience_and_keeps_the_best),
        cmocka_unit_test(train__refuses_what_it_cannot_train_on),
        cmocka_unit_test(train__stops_at_a_loss_that_is_not_finite),
        cmocka_unit_test(train__stops_at_a_validation_loss_that_is_not_finite),
        cmocka_unit_test(train__says_what_memory_it_takes),
        cmocka_unit_test(train__keeps_the_activations_of_large_models_small),
        cmocka_unit_test(train__takes_smaller_micro_batches_where_memory_is_short),
        cmocka_unit_test(train__leaves_nothing_behind_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
