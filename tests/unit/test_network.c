/*
 * Contract of models/nn/transformer/network.h. Gradients are compared with central differences of
 * the loss, element by element, for all four architectures on both devices.
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

#include "models/nn/transformer/network.h"
#include "support/effort.h"
#include "support/failing_heap.h"
#include "support/tiny_models.h"

enum { TOKENS = 24 };

static const enum ws_cpu_kind kinds[] = {WS_CPU_REFERENCE, WS_CPU_FAST};

/* A network with its device. */
struct stand {
    struct ws_device *device;
    struct ws_network *network;
    const struct ws_layout *layout;
    float *parameters; /* host */
    float *gradients;  /* host */
};

static struct stand open_stand(const struct ws_description *d, enum ws_cpu_kind kind,
                               unsigned threads, size_t tokens, bool trains)
{
    struct stand stand;
    assert_int_equal(ws_cpu_open(kind, threads, NULL, &stand.device, NULL), WS_OK);
    assert_int_equal(ws_network_open(stand.device, d, tokens, trains, NULL, &stand.network, NULL),
                     WS_OK);
    stand.layout = ws_network_layout(stand.network);
    stand.parameters = test_calloc(stand.layout->size, sizeof(float));
    stand.gradients = test_calloc(stand.layout->size, sizeof(float));
    tiny_parameters(stand.layout, 7, stand.parameters);
    ws_network_write(stand.network, stand.parameters);
    return stand;
}

static void close_stand(struct stand *stand)
{
    test_free(stand->parameters);
    test_free(stand->gradients);
    ws_network_close(stand->network);
    stand->device->ops->close(stand->device);
}

/* Random tokens and targets in sequences of the given lengths. */
struct text {
    uint32_t starts[8];
    uint32_t tokens[TOKENS];
    uint32_t targets[TOKENS];
    struct ws_batch batch;
};

static void make_text(struct text *text, uint32_t vocabulary, const uint32_t *lengths, size_t count)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), 0);
    text->starts[0] = 0;
    for (size_t s = 0; s < count; s++)
        text->starts[s + 1] = text->starts[s] + lengths[s];
    for (uint32_t t = 0; t < text->starts[count]; t++) {
        text->tokens[t] = (uint32_t)ws_rng_below(&rng, vocabulary);
        text->targets[t] = (uint32_t)ws_rng_below(&rng, vocabulary);
    }
    text->batch = (struct ws_batch){count, text->starts, text->tokens, text->targets};
}

static const uint32_t ragged[] = {3, 8, 1, 6};

/* The gradient of scale * (sum of losses) is left in stand->gradients. Gives the sum. */
static double train(struct stand *stand, const struct ws_batch *batch, float scale,
                    const struct ws_rng_key *dropout, float *losses)
{
    float own[TOKENS];
    float *loss = losses ? losses : own;
    size_t size = stand->layout->size * sizeof(float);
    const struct ws_device_ops *ops = stand->device->ops;
    ops->zero(stand->device, ws_network_gradients(stand->network), size);
    assert_int_equal(ws_network_train(stand->network, batch, scale, dropout, loss, NULL), WS_OK);
    ops->read(stand->device, stand->gradients, ws_network_gradients(stand->network), size);
    double sum = 0;
    for (size_t t = 0; t < batch->starts[batch->sequences]; t++)
        sum += (double)loss[t];
    return sum;
}

static struct ws_description with_dropout(struct ws_description d)
{
    d.embedding_dropout = 0.1F;
    d.residual_dropout = 0.2F;
    d.attention_dropout = 0.3F;
    return d;
}

/* Finite differences --------------------------------------------------------------------------- */

static double loss_at(struct stand *stand, size_t place, float value, const struct ws_batch *batch,
                      const struct ws_rng_key *dropout)
{
    float kept = stand->parameters[place];
    stand->parameters[place] = value;
    ws_network_write(stand->network, stand->parameters);
    stand->parameters[place] = kept;
    if (dropout) /* only training drops */
        return train(stand, batch, 1, dropout, NULL);
    float loss[TOKENS];
    double sum = 0;
    assert_int_equal(ws_network_score(stand->network, batch, loss, NULL, NULL), WS_OK);
    for (size_t t = 0; t < batch->starts[batch->sequences]; t++)
        sum += (double)loss[t];
    return sum;
}

/* Of fourth order, so that the step can be wide enough for losses of f32. The places at which
 * parameters are taken are those that f32 has. */
static double difference(struct stand *stand, size_t place, const struct ws_batch *batch,
                         const struct ws_rng_key *dropout)
{
    const float step = 0x1p-7F;
    const double weights[] = {1, -8, 8, -1};
    const float steps[] = {-2, -1, 1, 2};
    double sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += weights[i] *
               loss_at(stand, place, stand->parameters[place] + steps[i] * step, batch, dropout);
    return sum / (12 * (double)step);
}

/* Of the elements that are compared: a part of them once all have been on the reference, and with
 * little effort. */
static size_t all(void)
{
    return by_effort(11, 1, 1);
}

static size_t some(void)
{
    return by_effort(29, 5, 1);
}

/* A loss with kinks has no differences to speak of beside them: half of the units are always on,
 * the others always off. */
static void part_from_kinks(struct stand *stand)
{
    for (uint32_t l = 0; l < stand->layout->layers; l++) {
        size_t count = ws_layout_at(stand->layout, WS_TENSOR_UP_BIAS, l).columns;
        float *bias = ws_layout_find(stand->layout, stand->parameters, WS_TENSOR_UP_BIAS, l);
        for (size_t i = 0; i < count; i++)
            bias[i] = i % 2 == 0 ? 5 : -5;
    }
    ws_network_write(stand->network, stand->parameters);
}

static void require_gradients(struct stand *stand, const struct ws_batch *batch,
                              const struct ws_rng_key *dropout, size_t stride, const char *name)
{
    size_t size = stand->layout->size;
    float *wanted = test_calloc(size, sizeof(float));
    (void)train(stand, batch, 1, dropout, NULL);
    memcpy(wanted, stand->gradients, size * sizeof(float));
    double squares = 0;
    for (size_t i = 0; i < size; i++)
        squares += (double)wanted[i] * (double)wanted[i];
    double typical = sqrt(squares / (double)stand->layout->parameters);
    assert_true(typical > 0.01);
    for (size_t i = 0; i < size; i += stride) {
        double seen = difference(stand, i, batch, dropout);
        double error = fabs(seen - (double)wanted[i]);
        if (error > 1e-3 * (typical + fabs(seen)))
            fail_msg("%s: gradient %zu is %g, differences say %g (typical %g)", name, i,
                     (double)wanted[i], seen, typical);
    }
    ws_network_write(stand->network, stand->parameters);
    test_free(wanted);
}

static const char *const names[TINY_MODELS] = {"opt", "gpt2", "llama", "neox"};

static void network__gradients_are_those_of_the_loss(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t m = 0; m < TINY_MODELS; m++) {
            struct text text;
            make_text(&text, tiny_models[m].vocabulary, ragged, 4);
            text.targets[4] = WS_NO_TARGET;
            struct stand stand = open_stand(&tiny_models[m], kinds[k], 1, TOKENS, true);
            if (tiny_models[m].activation == WS_ACTIVATION_RELU)
                part_from_kinks(&stand);
            require_gradients(&stand, &text.batch, NULL, k == 0 ? all() : some(), names[m]);
            close_stand(&stand);
        }
}

static void network__gradients_under_dropout_are_those_of_the_loss(void **state)
{
    (void)state;
    const struct ws_rng_key key = {{1, 2}, 3};
    for (size_t m = 0; m < TINY_MODELS; m++) {
        const struct ws_description d = with_dropout(tiny_models[m]);
        struct text text;
        make_text(&text, d.vocabulary, ragged, 4);
        struct stand stand = open_stand(&d, WS_CPU_REFERENCE, 1, TOKENS, true);
        if (d.activation == WS_ACTIVATION_RELU)
            part_from_kinks(&stand);
        require_gradients(&stand, &text.batch, &key, some(), names[m]);
        close_stand(&stand);
    }
}

/* A gated feed-forward with biases, grouped heads beside parallel residuals, one layer. */
static void network__takes_descriptions_of_no_named_architecture(void **state)
{
    (void)state;
    struct ws_description d = tiny_models[2];
    d.parallel_residual = true;
    d.learned_positions = true;
    d.norm = WS_NORM_LAYER;
    d.qkv_bias = d.out_bias = d.feed_bias = true;
    d.tied = true;
    d.layers = 1;
    d.head_size = 2;
    d.rotated = 2;
    struct text text;
    make_text(&text, d.vocabulary, ragged, 4);
    struct stand stand = open_stand(&d, WS_CPU_REFERENCE, 1, TOKENS, true);
    require_gradients(&stand, &text.batch, NULL, all(), "mixture");
    close_stand(&stand);
}

/* Batches -------------------------------------------------------------------------------------- */

static void network__gives_sequences_of_a_batch_what_they_get_alone(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t m = 0; m < TINY_MODELS; m++) {
            struct text text;
            float together[TOKENS];
            float alone[TOKENS];
            make_text(&text, tiny_models[m].vocabulary, ragged, 4);
            struct stand stand = open_stand(&tiny_models[m], kinds[k], 1, TOKENS, true);
            (void)train(&stand, &text.batch, 0.5F, NULL, together);
            size_t size = stand.layout->size;
            double *sum = test_calloc(size, sizeof *sum);
            float *wanted = test_malloc(size * sizeof *wanted);
            memcpy(wanted, stand.gradients, size * sizeof *wanted);
            for (size_t s = 0; s < text.batch.sequences; s++) {
                uint32_t first = text.starts[s];
                const uint32_t starts[] = {0, text.starts[s + 1] - first};
                const struct ws_batch one = {1, starts, text.tokens + first, text.targets + first};
                (void)train(&stand, &one, 0.5F, NULL, alone + first);
                for (size_t i = 0; i < size; i++)
                    sum[i] += (double)stand.gradients[i];
            }
            for (size_t t = 0; t < text.starts[4]; t++)
                assert_true(fabsf(together[t] - alone[t]) <= 2e-6F * (1 + alone[t]));
            for (size_t i = 0; i < size; i++)
                assert_true(fabs((double)wanted[i] - sum[i]) <= 1e-5 * (1 + fabs(sum[i])));
            test_free(sum);
            test_free(wanted);
            close_stand(&stand);
        }
}

static void network__adds_to_the_gradients_that_are_there(void **state)
{
    (void)state;
    struct text text;
    make_text(&text, tiny_models[1].vocabulary, ragged, 4);
    struct stand stand = open_stand(&tiny_models[1], WS_CPU_REFERENCE, 1, TOKENS, true);
    size_t size = stand.layout->size;
    (void)train(&stand, &text.batch, 1, NULL, NULL);
    float *once = test_malloc(size * sizeof *once);
    memcpy(once, stand.gradients, size * sizeof *once);
    float loss[TOKENS];
    assert_int_equal(ws_network_train(stand.network, &text.batch, 1, NULL, loss, NULL), WS_OK);
    stand.device->ops->read(stand.device, stand.gradients, ws_network_gradients(stand.network),
                            size * sizeof(float));
    for (size_t i = 0; i < size; i++)
        assert_true(fabsf(stand.gradients[i] - 2 * once[i]) <= 1e-5F * (1 + fabsf(once[i])));
    test_free(once);
    close_stand(&stand);
}

static void network__masks_tokens_without_a_target(void **state)
{
    (void)state;
    struct text text;
    float all[TOKENS];
    float some[TOKENS];
    make_text(&text, tiny_models[1].vocabulary, ragged, 4);
    struct stand stand = open_stand(&tiny_models[1], WS_CPU_FAST, 1, TOKENS, true);
    (void)train(&stand, &text.batch, 1, NULL, all);
    text.targets[2] = text.targets[9] = WS_NO_TARGET;
    (void)train(&stand, &text.batch, 1, NULL, some);
    for (size_t t = 0; t < text.starts[4]; t++)
        assert_true(some[t] == (t == 2 || t == 9 ? 0 : all[t]));
    for (size_t t = 0; t < TOKENS; t++)
        text.targets[t] = WS_NO_TARGET;
    assert_true(train(&stand, &text.batch, 1, NULL, NULL) == 0);
    for (size_t i = 0; i < stand.layout->size; i++)
        assert_true(stand.gradients[i] == 0);
    close_stand(&stand);
}

static void network__scores_with_the_loss_it_trains_on(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t m = 0; m < TINY_MODELS; m++) {
            struct text text;
            float trained[TOKENS];
            float scored[TOKENS];
            make_text(&text, tiny_models[m].vocabulary, ragged, 4);
            text.targets[5] = WS_NO_TARGET;
            const struct ws_description d = with_dropout(tiny_models[m]);
            struct stand stand = open_stand(&d, kinds[k], 1, TOKENS, true);
            (void)train(&stand, &text.batch, 1, NULL, trained);
            struct stand small = open_stand(&d, kinds[k], 1, TOKENS, false);
            assert_null(ws_network_gradients(small.network));
            assert_int_equal(ws_network_score(small.network, &text.batch, scored, NULL, NULL),
                             WS_OK);
            for (size_t t = 0; t < text.starts[4]; t++)
                assert_true(trained[t] == scored[t]);
            close_stand(&small);
            close_stand(&stand);
        }
}

static void network__logits_give_loss_and_entropy(void **state)
{
    (void)state;
    for (size_t m = 0; m < TINY_MODELS; m++) {
        const struct ws_description *d = &tiny_models[m];
        struct text text;
        float loss[TOKENS];
        float entropy[TOKENS];
        float logits[TOKENS * 32];
        make_text(&text, d->vocabulary, ragged, 4);
        struct stand stand = open_stand(d, WS_CPU_REFERENCE, 1, TOKENS, false);
        assert_int_equal(ws_network_score(stand.network, &text.batch, loss, entropy, NULL), WS_OK);
        assert_int_equal(ws_network_logits(stand.network, &text.batch, logits, NULL), WS_OK);
        for (size_t t = 0; t < text.starts[4]; t++) {
            const float *row = logits + t * d->vocabulary;
            double sum = 0;
            double weighted = 0;
            for (uint32_t v = 0; v < d->vocabulary; v++) {
                sum += exp((double)row[v]);
                weighted += exp((double)row[v]) * (double)row[v];
            }
            assert_true(fabs((double)loss[t] - (log(sum) - (double)row[text.targets[t]])) < 1e-5);
            assert_true(fabs((double)entropy[t] - (log(sum) - weighted / sum)) < 1e-5);
        }
        close_stand(&stand);
    }
}

static void network__sees_nothing_of_later_tokens(void **state)
{
    (void)state;
    for (size_t m = 0; m < TINY_MODELS; m++) {
        struct text text;
        float before[TOKENS];
        float after[TOKENS];
        const uint32_t lengths[] = {8};
        make_text(&text, tiny_models[m].vocabulary, lengths, 1);
        struct stand stand = open_stand(&tiny_models[m], WS_CPU_REFERENCE, 1, TOKENS, false);
        assert_int_equal(ws_network_score(stand.network, &text.batch, before, NULL, NULL), WS_OK);
        text.tokens[5] = (text.tokens[5] + 1) % tiny_models[m].vocabulary;
        assert_int_equal(ws_network_score(stand.network, &text.batch, after, NULL, NULL), WS_OK);
        for (size_t t = 0; t < 8; t++)
            assert_true((before[t] == after[t]) == (t < 5));
        close_stand(&stand);
    }
}

/* Dropout -------------------------------------------------------------------------------------- */

static void network__dropout_is_a_function_of_its_key(void **state)
{
    (void)state;
    const struct ws_rng_key keys[] = {{{1, 2}, 3}, {{1, 2}, 4}};
    for (size_t k = 0; k < 2; k++) {
        const struct ws_description d = with_dropout(tiny_models[3]);
        struct text text;
        make_text(&text, d.vocabulary, ragged, 4);
        struct stand stand = open_stand(&d, kinds[k], 1, TOKENS, true);
        size_t size = stand.layout->size * sizeof(float);
        float *first = test_malloc(size);
        double loss = train(&stand, &text.batch, 1, &keys[0], NULL);
        memcpy(first, stand.gradients, size);
        double other = train(&stand, &text.batch, 1, &keys[1], NULL);
        double again = train(&stand, &text.batch, 1, &keys[0], NULL);
        assert_true(loss == again);
        assert_true(loss != other);
        assert_memory_equal(first, stand.gradients, size);
        assert_true(train(&stand, &text.batch, 1, NULL, NULL) != loss);
        test_free(first);
        close_stand(&stand);
    }
}

/* Each of the three has an effect of its own; and which numbers are dropped differs from layer to
 * layer, else a network of equal layers would see one mask many times. */
static void network__drops_in_embedding_residuals_and_attention(void **state)
{
    (void)state;
    const struct ws_rng_key key = {{1, 2}, 3};
    double sums[4];
    struct text text;
    make_text(&text, tiny_models[1].vocabulary, ragged, 4);
    for (size_t i = 0; i < 4; i++) {
        struct ws_description d = tiny_models[1];
        d.embedding_dropout = i == 1 ? 0.5F : 0;
        d.residual_dropout = i == 2 ? 0.5F : 0;
        d.attention_dropout = i == 3 ? 0.5F : 0;
        struct stand stand = open_stand(&d, WS_CPU_REFERENCE, 1, TOKENS, true);
        sums[i] = train(&stand, &text.batch, 1, &key, NULL);
        close_stand(&stand);
        for (size_t j = 0; j < i; j++)
            assert_true(sums[i] != sums[j]);
    }
}

/* Threads -------------------------------------------------------------------------------------- */

static void network__gives_the_same_bytes_for_any_number_of_threads(void **state)
{
    (void)state;
    enum { WIDE_TOKENS = 300, SEQUENCES = 5 };
    const struct ws_rng_key key = {{1, 2}, 3};
    for (size_t m = 0; m < TINY_MODELS; m++) {
        struct ws_description d = with_dropout(tiny_models[m]);
        d.vocabulary = 700;
        d.context = 128;
        d.width = 64;
        d.head_size = d.rotated > 0 && d.rotated < d.head_size ? 32 : 64 / d.heads;
        d.rotated = d.rotated > 0 ? 16 : 0;
        d.inner = 200;
        const uint32_t starts[SEQUENCES + 1] = {0, 128, 129, 190, 200, WIDE_TOKENS};
        uint32_t tokens[WIDE_TOKENS];
        struct ws_rng rng;
        ws_rng_init(&rng, key, 0);
        for (size_t t = 0; t < WIDE_TOKENS; t++)
            tokens[t] = (uint32_t)ws_rng_below(&rng, d.vocabulary);
        const struct ws_batch batch = {SEQUENCES, starts, tokens, tokens};
        const unsigned threads[] = {1, 2, 7};
        float *first = NULL;
        float losses[2][WIDE_TOKENS];
        for (size_t i = 0; i < 3; i++) {
            struct stand stand = open_stand(&d, WS_CPU_FAST, threads[i], WIDE_TOKENS, true);
            size_t size = stand.layout->size * sizeof(float);
            (void)train(&stand, &batch, 1, &key, losses[i > 0]);
            if (!first) {
                first = test_malloc(size);
                memcpy(first, stand.gradients, size);
            }
            assert_memory_equal(first, stand.gradients, size);
            assert_memory_equal(losses[0], losses[i > 0], sizeof losses[0]);
            close_stand(&stand);
        }
        test_free(first);
    }
}

/* Refusals and memory -------------------------------------------------------------------------- */

static void network__refuses_batches_that_it_cannot_take(void **state)
{
    (void)state;
    struct text text;
    struct ws_error error;
    float loss[TOKENS];
    make_text(&text, 13, ragged, 4);
    struct stand stand = open_stand(&tiny_models[0], WS_CPU_REFERENCE, 1, 18, true);
    uint32_t kept = text.tokens[17];
    text.tokens[17] = 13;
    assert_int_equal(ws_network_score(stand.network, &text.batch, loss, NULL, &error), WS_INVALID);
    assert_string_equal(error.message, "token 17 of a batch is 13, the vocabulary has 13");
    text.tokens[17] = kept;
    text.targets[3] = 99;
    assert_int_equal(ws_network_train(stand.network, &text.batch, 1, NULL, loss, &error),
                     WS_INVALID);
    assert_string_equal(error.message, "target 3 of a batch is 99, the vocabulary has 13");
    const uint32_t lengths[] = {9};
    make_text(&text, 13, lengths, 1);
    assert_int_equal(ws_network_logits(stand.network, &text.batch, loss, &error), WS_INVALID);
    assert_string_equal(error.message, "a sequence of 9 tokens, the model's context is 8");
    const uint32_t many[] = {8, 8, 3};
    make_text(&text, 13, many, 3);
    assert_int_equal(ws_network_score(stand.network, &text.batch, loss, NULL, &error), WS_INVALID);
    assert_string_equal(error.message, "a batch of 19 tokens for a network opened for 1 to 18");
    const uint32_t empty[] = {3, 0, 3};
    make_text(&text, 13, empty, 3);
    assert_int_equal(ws_network_score(stand.network, &text.batch, loss, NULL, &error), WS_INVALID);
    assert_string_equal(error.message, "sequence 1 of a batch is empty");
    /* What was refused has not harmed it. */
    make_text(&text, 13, ragged, 4);
    assert_int_equal(ws_network_score(stand.network, &text.batch, loss, NULL, NULL), WS_OK);
    close_stand(&stand);
}

static void network__says_what_memory_it_takes(void **state)
{
    (void)state;
    enum { BLOCKS = 3, SLACK = 64 }; /* of the device's alignment, a block */
    for (size_t m = 0; m < TINY_MODELS; m++)
        for (int trains = 0; trains < 2; trains++) {
            struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
            const struct ws_allocator allocator = {failing_realloc, &heap};
            struct ws_device *device;
            struct ws_network *network;
            assert_int_equal(ws_cpu_open(WS_CPU_FAST, 1, &allocator, &device, NULL), WS_OK);
            long before = atomic_load(&heap.live_bytes);
            assert_int_equal(
                ws_network_open(device, &tiny_models[m], TOKENS, trains != 0, NULL, &network, NULL),
                WS_OK);
            long taken = atomic_load(&heap.live_bytes) - before;
            long said = (long)ws_network_memory(&tiny_models[m], TOKENS, trains != 0);
            assert_in_range(taken - said, 0, BLOCKS * SLACK);
            ws_network_close(network);
            assert_int_equal(atomic_load(&heap.live_bytes), before);
            device->ops->close(device);
            assert_true(failing_heap_is_clean(&heap));
        }
}

static void network__leaves_nothing_behind_when_memory_is_out(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    struct text text;
    make_text(&text, tiny_models[3].vocabulary, ragged, 4);
    long refusals = 0;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_error error = {0};
        struct ws_device *device = NULL;
        struct ws_network *network = NULL;
        float loss[TOKENS];
        status = ws_cpu_open(WS_CPU_FAST, 1, &allocator, &device, &error);
        if (status == WS_OK)
            status = ws_network_open(device, &tiny_models[3], TOKENS, true, &allocator, &network,
                                     &error);
        if (status == WS_OK)
            status = ws_network_train(network, &text.batch, 1, NULL, loss, &error);
        if (status != WS_OK) {
            refusals++;
            assert_true(strlen(error.message) > 0);
        }
        ws_network_close(network);
        if (device)
            device->ops->close(device);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(refusals >= 5);
}

static void network__refuses_more_tokens_than_it_can_count(void **state)
{
    (void)state;
    struct ws_device *device;
    struct ws_network *network;
    struct ws_error error;
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL), WS_OK);
    assert_int_equal(ws_network_open(device, &tiny_models[0], (size_t)WS_NETWORK_TOKENS + 1, true,
                                     NULL, &network, &error),
                     WS_LIMIT);
    device->ops->close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network__gradients_are_those_of_the_loss),
        cmocka_unit_test(network__gradients_under_dropout_are_those_of_the_loss),
        cmocka_unit_test(network__takes_descriptions_of_no_named_architecture),
        cmocka_unit_test(network__gives_sequences_of_a_batch_what_they_get_alone),
        cmocka_unit_test(network__adds_to_the_gradients_that_are_there),
        cmocka_unit_test(network__masks_tokens_without_a_target),
        cmocka_unit_test(network__scores_with_the_loss_it_trains_on),
        cmocka_unit_test(network__logits_give_loss_and_entropy),
        cmocka_unit_test(network__sees_nothing_of_later_tokens),
        cmocka_unit_test(network__dropout_is_a_function_of_its_key),
        cmocka_unit_test(network__drops_in_embedding_residuals_and_attention),
        cmocka_unit_test(network__gives_the_same_bytes_for_any_number_of_threads),
        cmocka_unit_test(network__refuses_batches_that_it_cannot_take),
        cmocka_unit_test(network__says_what_memory_it_takes),
        cmocka_unit_test(network__leaves_nothing_behind_when_memory_is_out),
        cmocka_unit_test(network__refuses_more_tokens_than_it_can_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
