/*
 * Contract of models/nn/transformer/generate.h and decode.h, on the four architectures: the cache
 * against whole forward passes, and everything that settings promise about texts. Equality with
 * `transformers` is in tests/conformance/test_decoding.c; its rules for the end-of-sequence token
 * in beam search, of which no reference is there, are written out plainly here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/nn/transformer/decode.h"
#include "models/nn/transformer/generate.h"
#include "models/nn/transformer/network.h"
#include "support/failing_heap.h"
#include "support/statistics.h"
#include "support/tiny_models.h"

enum { CONTEXT = 24, MOST_VOCABULARY = 17 };

static const struct ws_rng_key KEY = {{3, 4}, 5};

/* A model of one of the four architectures, on the host. */
static struct ws_transformer make_model(struct ws_arena *arena, size_t which, uint64_t seed)
{
    struct ws_transformer model = {.description = tiny_models[which]};
    model.description.context = CONTEXT;
    ws_layout_of(&model.description, &model.layout);
    float *parameters = WS_ARENA_NEW(arena, float, model.layout.size);
    assert_non_null(parameters);
    tiny_parameters(&model.layout, seed, parameters);
    model.parameters = parameters;
    return model;
}

static struct ws_device *open_device(enum ws_cpu_kind kind, unsigned threads)
{
    struct ws_device *device = NULL;
    assert_int_equal(ws_cpu_open(kind, threads, NULL, &device, NULL), WS_OK);
    return device;
}

static struct ws_decoding sampling(uint64_t new_tokens)
{
    return (struct ws_decoding){
        .new_tokens = new_tokens,
        .temperature = 1,
        .top_p = 1,
        .typical_p = 1,
        .beams = 1,
        .length_penalty = 1,
        .repetition_penalty = 1,
        .stop_at_end = true,
    };
}

/* Prompts of lengths 1, 2, ... `longest`, 1, ... of random tokens. */
static struct ws_prompts make_prompts(struct ws_arena *arena, uint64_t count, uint64_t longest,
                                      uint32_t vocabulary, uint64_t item)
{
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, count);
    uint32_t *tokens = WS_ARENA_NEW(arena, uint32_t, count * longest);
    assert_true(ends && tokens);
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), item);
    uint64_t end = 0;
    for (uint64_t i = 0; i < count; i++) {
        for (uint64_t t = 0; t <= i % longest; t++)
            tokens[end++] = (uint32_t)ws_rng_below(&rng, vocabulary);
        ends[i] = end;
    }
    return (struct ws_prompts){count, ends, tokens};
}

static uint64_t longest_of(const struct ws_prompts *prompts)
{
    uint64_t longest = 0;
    for (uint64_t i = 0; i < prompts->count; i++) {
        uint64_t length = prompts->ends[i] - (i > 0 ? prompts->ends[i - 1] : 0);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void succeed(enum ws_status status, const struct ws_error *err)
{
    if (status != WS_OK)
        fail_msg("%s", err->message);
}

/* All prompts, batch after batch. */
static struct ws_continuations generate(struct ws_device *device,
                                        const struct ws_transformer *model,
                                        const struct ws_decoding *decoding,
                                        const struct ws_prompts *prompts, struct ws_arena *arena)
{
    struct ws_generator *generator = NULL;
    struct ws_error err = {.message = ""};
    succeed(ws_generator_open(device, model, decoding, longest_of(prompts), NULL, &generator, &err),
            &err);
    struct ws_continuations all = {
        .ends = WS_ARENA_NEW(arena, uint64_t, prompts->count),
        .tokens = WS_ARENA_NEW(arena, uint32_t, prompts->count * decoding->new_tokens),
    };
    assert_true(all.ends && all.tokens);
    uint64_t end = 0;
    while (all.count < prompts->count) {
        struct ws_continuations made = {0};
        succeed(ws_generate_batch(generator, prompts, all.count, KEY, arena, &made, &err), &err);
        assert_true(made.count > 0 && made.count <= ws_generator_batch(generator));
        for (uint64_t i = 0; i < made.count; i++)
            all.ends[all.count + i] = end + made.ends[i];
        memcpy(all.tokens + end, made.tokens, made.ends[made.count - 1] * sizeof *made.tokens);
        end += made.ends[made.count - 1];
        all.count += made.count;
    }
    ws_generator_close(generator);
    return all;
}

static const uint32_t *part(const uint64_t *ends, const uint32_t *tokens, uint64_t i,
                            uint64_t *count)
{
    uint64_t start = i > 0 ? ends[i - 1] : 0;
    *count = ends[i] - start;
    return tokens + start;
}

static void require_same(const struct ws_continuations *a, const struct ws_continuations *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->ends, b->ends, a->count * sizeof *a->ends);
    assert_memory_equal(a->tokens, b->tokens, a->ends[a->count - 1] * sizeof *a->tokens);
}

/* The cache ------------------------------------------------------------------------------------ */

/* The logits of the last token of a text, by a whole forward pass. */
static void whole_logits(struct ws_network *network, const uint32_t *tokens, size_t length,
                         float *last)
{
    static float logits[CONTEXT * MOST_VOCABULARY];
    const uint32_t starts[] = {0, (uint32_t)length};
    const struct ws_batch batch = {1, starts, tokens, NULL};
    struct ws_error err = {.message = ""};
    size_t vocabulary = ws_network_layout(network)->global[WS_TENSOR_TOKENS].rows;
    succeed(ws_network_logits(network, &batch, logits, &err), &err);
    memcpy(last, logits + (length - 1) * vocabulary, vocabulary * sizeof *last);
}

static struct ws_network *open_network(struct ws_device *device, const struct ws_transformer *model)
{
    struct ws_network *network = NULL;
    assert_int_equal(
        ws_network_open(device, &model->description, CONTEXT, false, NULL, &network, NULL), WS_OK);
    ws_network_write(network, model->parameters);
    return network;
}

static void require_near(const float *a, const float *b, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)a[i]));
    for (size_t i = 0; i < count; i++)
        if (fabs((double)a[i] - (double)b[i]) > 1e-5 * largest)
            fail_msg("logit %zu is %g with the cache, %g without", i, (double)b[i], (double)a[i]);
}

/* Texts of the cache's slots, as they grow. */
struct texts {
    uint32_t tokens[4][CONTEXT];
    uint32_t lengths[4];
};

static void require_logits(struct ws_device *device, struct ws_decoder *decoder,
                           struct ws_network *network, const struct texts *texts,
                           const uint32_t *slots, size_t rows, size_t vocabulary)
{
    float cached[MOST_VOCABULARY], whole[MOST_VOCABULARY];
    for (size_t r = 0; r < rows; r++) {
        device->ops->read(device, cached, ws_decoder_logits(decoder) + r * vocabulary,
                          vocabulary * sizeof *cached);
        whole_logits(network, texts->tokens[slots[r]], texts->lengths[slots[r]], whole);
        require_near(whole, cached, vocabulary);
    }
}

static void decode_and_compare(enum ws_cpu_kind kind, size_t which)
{
    struct ws_device *device = open_device(kind, 2);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_transformer model = make_model(&arena, which, 1);
    struct ws_network *network = open_network(device, &model);
    struct ws_decoder *decoder = NULL;
    uint32_t vocabulary = model.description.vocabulary;
    const struct ws_decoder_size size = {
        .slots = 4, .capacity = CONTEXT, .prompt = 7, .reorders = true};
    struct ws_error err = {.message = ""};
    succeed(ws_decoder_open(device, &model, &size, NULL, &decoder, &err), &err);

    static const uint32_t starts[] = {0, 3, 4, 11}, prompt_slots[] = {2, 0, 3};
    uint32_t prompts[11];
    struct texts texts = {0};
    struct ws_rng rng;
    ws_rng_init(&rng, KEY, which);
    for (size_t s = 0; s < 3; s++) {
        for (uint32_t t = starts[s]; t < starts[s + 1]; t++) {
            prompts[t] = (uint32_t)ws_rng_below(&rng, vocabulary);
            texts.tokens[prompt_slots[s]][texts.lengths[prompt_slots[s]]++] = prompts[t];
        }
    }
    ws_decoder_begin(decoder, 3, starts, prompts, prompt_slots);
    require_logits(device, decoder, network, &texts, prompt_slots, 3, vocabulary);

    /* Slot 1 becomes what slot 3 is, and slot 0 what it is plus what slot 2 has; then they go on,
     * and one row is left out. */
    const uint32_t parents[] = {0, 3, 2, 3}, firsts[] = {0, 0, 0, 0}, lengths[] = {0, 7, 0, 0};
    ws_decoder_reorder(decoder, parents, firsts, lengths);
    memcpy(texts.tokens[1], texts.tokens[3], sizeof texts.tokens[1]);
    texts.lengths[1] = texts.lengths[3];
    static const uint32_t slots[] = {3, 1, 2, 0};
    for (size_t step = 0; step < 8; step++) {
        size_t rows = step < 5 ? 4 : 3;
        uint32_t tokens[4], positions[4];
        for (size_t r = 0; r < rows; r++) {
            uint32_t slot = slots[r];
            tokens[r] = (uint32_t)ws_rng_below(&rng, vocabulary);
            positions[r] = texts.lengths[slot];
            texts.tokens[slot][texts.lengths[slot]++] = tokens[r];
        }
        ws_decoder_step(decoder, rows, tokens, slots, positions);
        require_logits(device, decoder, network, &texts, slots, rows, vocabulary);
    }
    assert_int_equal(device->ops->check(device, NULL), WS_OK);
    ws_decoder_close(decoder);
    ws_network_close(network);
    device->ops->close(device);
    ws_arena_release(&arena);
}

static void decoder__gives_the_logits_of_a_whole_pass(void **state)
{
    (void)state;
    for (size_t which = 0; which < TINY_MODELS; which++) {
        decode_and_compare(WS_CPU_REFERENCE, which);
        decode_and_compare(WS_CPU_FAST, which);
    }
}

/* Many prompts, so that they go through the layers in several groups. */
static void decoder__takes_prompts_of_any_number_and_length(void **state)
{
    (void)state;
    enum { PROMPTS = 150, LONGEST = 15 };
    struct ws_device *device = open_device(WS_CPU_FAST, 2);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_transformer model = make_model(&arena, 2, 1);
    struct ws_network *network = open_network(device, &model);
    uint32_t vocabulary = model.description.vocabulary;
    struct ws_prompts prompts = make_prompts(&arena, PROMPTS, LONGEST, vocabulary, 0);
    uint32_t starts[PROMPTS + 1] = {0}, slots[PROMPTS];
    for (uint32_t i = 0; i < PROMPTS; i++) {
        starts[i + 1] = (uint32_t)prompts.ends[i];
        slots[i] = PROMPTS - 1 - i;
    }
    assert_true(starts[PROMPTS] > 1024);
    struct ws_decoder *decoder = NULL;
    const struct ws_decoder_size size = {.slots = PROMPTS, .capacity = LONGEST, .prompt = LONGEST};
    assert_int_equal(ws_decoder_open(device, &model, &size, NULL, &decoder, NULL), WS_OK);
    ws_decoder_begin(decoder, PROMPTS, starts, prompts.tokens, slots);
    for (uint32_t i = 0; i < PROMPTS; i++) {
        float cached[MOST_VOCABULARY], whole[MOST_VOCABULARY];
        device->ops->read(device, cached, ws_decoder_logits(decoder) + i * vocabulary,
                          vocabulary * sizeof *cached);
        whole_logits(network, prompts.tokens + starts[i], starts[i + 1] - starts[i], whole);
        require_near(whole, cached, vocabulary);
    }
    ws_decoder_close(decoder);
    ws_network_close(network);
    device->ops->close(device);
    ws_arena_release(&arena);
}

/* Batches -------------------------------------------------------------------------------------- */

static void generate__makes_the_same_of_a_prompt_in_any_batch(void **state)
{
    (void)state;
    static const uint64_t batches[] = {1, 3, 64};
    for (size_t which = 0; which < TINY_MODELS; which++) {
        for (int mode = 0; mode < 3; mode++) {
            struct ws_device *device = open_device(WS_CPU_FAST, 2);
            struct ws_arena arena;
            ws_arena_init(&arena, NULL);
            struct ws_transformer model = make_model(&arena, which, 2);
            struct ws_prompts prompts =
                make_prompts(&arena, 20, 5, model.description.vocabulary, which);
            struct ws_decoding decoding = sampling(12);
            decoding.temperature = mode == 1 ? 0 : 1;
            decoding.beams = mode == 2 ? 3 : 1;
            struct ws_continuations made[3];
            for (size_t b = 0; b < 3; b++) {
                decoding.batch = batches[b];
                made[b] = generate(device, &model, &decoding, &prompts, &arena);
                require_same(&made[0], &made[b]);
            }
            ws_arena_release(&arena);
            device->ops->close(device);
        }
    }
}

static void generate__draws_prompt_i_from_item_i(void **state)
{
    (void)state;
    struct ws_device *device = open_device(WS_CPU_FAST, 1);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_transformer model = make_model(&arena, 1, 3);
    struct ws_prompts one = make_prompts(&arena, 12, 4, model.description.vocabulary, 0);
    struct ws_prompts other = make_prompts(&arena, 12, 4, model.description.vocabulary, 1);
    uint64_t length;
    const uint32_t *kept = part(one.ends, one.tokens, 7, &length);
    memcpy((uint32_t *)other.tokens + other.ends[6], kept, length * sizeof *kept);
    struct ws_decoding decoding = sampling(8);
    struct ws_continuations a = generate(device, &model, &decoding, &one, &arena);
    struct ws_continuations b = generate(device, &model, &decoding, &other, &arena);
    uint64_t a_length, b_length;
    const uint32_t *a_part = part(a.ends, a.tokens, 7, &a_length);
    const uint32_t *b_part = part(b.ends, b.tokens, 7, &b_length);
    assert_int_equal(a_length, b_length);
    assert_memory_equal(a_part, b_part, a_length * sizeof *a_part);
    assert_true(a.ends[11] != b.ends[11] || memcmp(a.tokens, b.tokens, 4 * a.ends[11]) != 0);
    ws_arena_release(&arena);
    device->ops->close(device);
}

static void generate__makes_the_same_bytes_with_any_number_of_threads(void **state)
{
    (void)state;
    static const unsigned threads[] = {1, 2, 7};
    for (size_t beams = 1; beams <= 4; beams += 3) {
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        struct ws_transformer model = make_model(&arena, 3, 4);
        struct ws_prompts prompts = make_prompts(&arena, 30, 6, model.description.vocabulary, 2);
        struct ws_decoding decoding = sampling(10);
        decoding.beams = beams;
        decoding.batch = 16;
        struct ws_continuations made[3];
        for (size_t t = 0; t < 3; t++) {
            struct ws_device *device = open_device(WS_CPU_FAST, threads[t]);
            made[t] = generate(device, &model, &decoding, &prompts, &arena);
            require_same(&made[0], &made[t]);
            device->ops->close(device);
        }
        ws_arena_release(&arena);
    }
}

/* The law -------------------------------------------------------------------------------------- */

/* Two tokens of one prompt, drawn often, against the probabilities of all pairs. */
static void generate__draws_texts_from_the_models_distribution(void **state)
{
    (void)state;
    enum { VOCABULARY = 11, PAIRS = VOCABULARY * VOCABULARY };
    size_t draws = statistics_draws(20000);
    struct ws_device *device = open_device(WS_CPU_FAST, 2);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_transformer model = make_model(&arena, 2, 5);
    assert_int_equal(model.description.vocabulary, VOCABULARY);
    uint64_t *ends = WS_ARENA_NEW(&arena, uint64_t, draws);
    uint32_t *tokens = WS_ARENA_NEW(&arena, uint32_t, draws);
    assert_true(ends && tokens);
    for (size_t i = 0; i < draws; i++) {
        ends[i] = i + 1;
        tokens[i] = 4;
    }
    struct ws_decoding decoding = sampling(2);
    decoding.stop_at_end = false;
    decoding.batch = 500;
    const struct ws_prompts prompts = {draws, ends, tokens};
    struct ws_continuations made = generate(device, &model, &decoding, &prompts, &arena);
    static uint64_t seen[PAIRS];
    static double expected[PAIRS];
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < draws; i++)
        seen[made.tokens[2 * i] * VOCABULARY + made.tokens[2 * i + 1]]++;

    struct ws_generator *generator = NULL;
    assert_int_equal(ws_generator_open(device, &model, &decoding, 2, NULL, &generator, NULL),
                     WS_OK);
    uint32_t next_tokens[1 + 2 * VOCABULARY] = {4};
    uint64_t next_ends[1 + VOCABULARY] = {1};
    for (uint32_t v = 0; v < VOCABULARY; v++) {
        next_tokens[1 + 2 * v] = 4;
        next_tokens[2 + 2 * v] = v;
        next_ends[v + 1] = 3 + 2 * v;
    }
    const struct ws_prompts next = {1 + VOCABULARY, next_ends, next_tokens};
    float *p = NULL;
    assert_int_equal(ws_generate_probabilities(generator, &next, &arena, &p, NULL), WS_OK);
    for (size_t v = 0; v < PAIRS; v++)
        expected[v] = (double)draws * (double)p[v / VOCABULARY] * (double)p[VOCABULARY + v];
    assert_true(statistics_accept("pairs", statistics_chi_squared_p(seen, expected, PAIRS)));
    ws_generator_close(generator);
    ws_arena_release(&arena);
    device->ops->close(device);
}

/* Settings ------------------------------------------------------------------------------------- */

static bool holds(const uint32_t *tokens, uint64_t count, uint32_t token)
{
    for (uint64_t t = 0; t < count; t++)
        if (tokens[t] == token)
            return true;
    return false;
}

/* Continuations of 60 prompts with the Llama, whose end is token 2. */
struct scene {
    struct ws_device *device;
    struct ws_arena arena;
    struct ws_transformer model;
    struct ws_prompts prompts;
};

enum { END = 2 };

static int open_scene(void **state)
{
    static struct scene scene;
    scene.device = open_device(WS_CPU_FAST, 2);
    ws_arena_init(&scene.arena, NULL);
    scene.model = make_model(&scene.arena, 2, 6);
    assert_int_equal(scene.model.description.eos, END);
    scene.prompts = make_prompts(&scene.arena, 60, 5, scene.model.description.vocabulary, 3);
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    scene->device->ops->close(scene->device);
    ws_arena_release(&scene->arena);
    return 0;
}

static struct ws_continuations play(struct scene *scene, const struct ws_decoding *decoding)
{
    return generate(scene->device, &scene->model, decoding, &scene->prompts, &scene->arena);
}

static void sequences__end_with_the_end_token_or_at_their_length(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding decoding = sampling(15);
    struct ws_continuations made = play(scene, &decoding);
    size_t ended = 0;
    for (uint64_t i = 0; i < made.count; i++) {
        uint64_t length;
        const uint32_t *tokens = part(made.ends, made.tokens, i, &length);
        assert_true(length >= 1 && length <= 15);
        assert_false(holds(tokens, length - 1, END));
        assert_true(length == 15 || tokens[length - 1] == END);
        ended += length < 15;
    }
    assert_true(ended > 10 && ended < 60);
    decoding.stop_at_end = false;
    made = play(scene, &decoding);
    assert_int_equal(made.ends[59], 60 * 15);
    assert_true(holds(made.tokens, 60 * 15, END));
}

static void sequences__have_no_end_before_their_least_length(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding decoding = sampling(10);
    decoding.min_new_tokens = 4;
    struct ws_continuations made = play(scene, &decoding);
    size_t at_least = 0;
    for (uint64_t i = 0; i < made.count; i++) {
        uint64_t length;
        const uint32_t *tokens = part(made.ends, made.tokens, i, &length);
        assert_true(length >= 5);
        assert_false(holds(tokens, 4, END));
        at_least += length == 5;
    }
    assert_true(at_least > 0);
}

static void sequences__have_no_ngram_twice(void **state)
{
    struct scene *scene = *state;
    for (uint64_t n = 1; n <= 3; n++) {
        struct ws_decoding decoding = sampling(n == 1 ? 5 : 19);
        decoding.no_repeat_ngram = n;
        decoding.stop_at_end = false;
        struct ws_continuations made = play(scene, &decoding);
        for (uint64_t i = 0; i < made.count; i++) {
            uint32_t text[CONTEXT];
            uint64_t start, length;
            const uint32_t *prompt = part(scene->prompts.ends, scene->prompts.tokens, i, &start);
            const uint32_t *tokens = part(made.ends, made.tokens, i, &length);
            memcpy(text, prompt, start * sizeof *text);
            memcpy(text + start, tokens, length * sizeof *text);
            for (uint64_t end = start > n ? start : n; end < start + length; end++)
                for (uint64_t before = 0; before + n <= end; before++)
                    assert_true(memcmp(text + before, text + end + 1 - n, n * sizeof *text) != 0);
        }
    }
}

static void penalty__makes_repetitions_rare(void **state)
{
    struct scene *scene = *state;
    size_t repeated[2] = {0, 0};
    for (int penalised = 0; penalised < 2; penalised++) {
        struct ws_decoding decoding = sampling(5);
        decoding.stop_at_end = false;
        decoding.repetition_penalty = penalised ? 50 : 1;
        struct ws_continuations made = play(scene, &decoding);
        for (uint64_t i = 0; i < made.count; i++) {
            uint64_t length, start;
            const uint32_t *prompt = part(scene->prompts.ends, scene->prompts.tokens, i, &start);
            const uint32_t *tokens = part(made.ends, made.tokens, i, &length);
            for (uint64_t t = 0; t < length; t++)
                repeated[penalised] +=
                    holds(tokens, t, tokens[t]) || holds(prompt, start, tokens[t]);
        }
    }
    assert_true(3 * repeated[1] < 2 * repeated[0]);
}

static void filters__keep_what_they_say(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding greedy = sampling(9), one = sampling(9), narrow = sampling(9);
    greedy.temperature = 0;
    one.top_k = 1;
    narrow.top_p = 1e-6;
    struct ws_continuations a = play(scene, &greedy);
    struct ws_continuations b = play(scene, &one);
    struct ws_continuations c = play(scene, &narrow);
    require_same(&a, &b);
    require_same(&a, &c);
}

/* Beams ---------------------------------------------------------------------------------------- */

enum { MOST_BEAMS = 5, MOST_MADE = 10 };

struct plain_text {
    double score;
    size_t length;
    uint32_t tokens[CONTEXT];
};

static int best_first(const void *a, const void *b)
{
    double x = ((const struct plain_text *)a)->score, y = ((const struct plain_text *)b)->score;
    return (x < y) - (x > y);
}

/* All continuations of the running texts by one token, the best first. */
static void extend(struct ws_network *network, const struct plain_text *running, size_t count,
                   size_t vocabulary, struct plain_text *out)
{
    for (size_t j = 0; j < count; j++) {
        float logits[MOST_VOCABULARY];
        whole_logits(network, running[j].tokens, running[j].length, logits);
        double sum = 0;
        for (size_t v = 0; v < vocabulary; v++)
            sum += exp((double)logits[v]);
        for (size_t v = 0; v < vocabulary; v++) {
            struct plain_text *text = &out[j * vocabulary + v];
            *text = running[j];
            text->score += (double)logits[v] - log(sum);
            text->tokens[text->length++] = (uint32_t)v;
        }
    }
    qsort(out, count * vocabulary, sizeof *out, best_first);
}

/* The search as it is described, without a cache. Gives the best finished text. */
static struct plain_text plain_search(struct ws_network *network, const uint32_t *prompt,
                                      size_t length, const struct ws_decoding *decoding,
                                      size_t vocabulary)
{
    static struct plain_text all[MOST_BEAMS * MOST_VOCABULARY];
    struct plain_text running[MOST_BEAMS] = {{.length = length}};
    struct plain_text finished[2 * MOST_BEAMS] = {0};
    size_t beams = decoding->beams, count = 1, done = 0;
    memcpy(running[0].tokens, prompt, length * sizeof *prompt);
    for (size_t made = 1; made <= decoding->new_tokens; made++) {
        double divisor = pow((double)made, decoding->length_penalty);
        extend(network, running, count, vocabulary, all);
        count = 0;
        for (size_t k = 0; k < 2 * beams; k++) {
            bool end = all[k].tokens[all[k].length - 1] == END || made == decoding->new_tokens;
            if (!end && count < beams)
                running[count++] = all[k];
            if (!end || k >= beams)
                continue;
            finished[done] = all[k];
            finished[done++].score /= divisor;
        }
        qsort(finished, done, sizeof *finished, best_first);
        done = done < beams ? done : beams;
        if (done == beams && running[0].score / divisor <= finished[beams - 1].score)
            break;
    }
    return finished[0];
}

static void beams__follow_the_plain_search_with_ends(void **state)
{
    struct scene *scene = *state;
    static const double penalties[] = {1, 0, -1, 2};
    struct ws_network *network = open_network(scene->device, &scene->model);
    size_t early = 0;
    for (size_t beams = 2; beams <= MOST_BEAMS; beams += 3) {
        for (size_t p = 0; p < 4; p++) {
            struct ws_decoding decoding = sampling(MOST_MADE);
            decoding.beams = beams;
            decoding.length_penalty = penalties[p];
            struct ws_continuations made = play(scene, &decoding);
            for (uint64_t i = 0; i < made.count; i++) {
                uint64_t start, length;
                const uint32_t *prompt =
                    part(scene->prompts.ends, scene->prompts.tokens, i, &start);
                const uint32_t *tokens = part(made.ends, made.tokens, i, &length);
                struct plain_text wanted = plain_search(network, prompt, start, &decoding,
                                                        scene->model.description.vocabulary);
                assert_int_equal(length, wanted.length - start);
                assert_memory_equal(tokens, wanted.tokens + start, length * sizeof *tokens);
                early += length < MOST_MADE;
            }
        }
    }
    assert_true(early > 20);
    ws_network_close(network);
}

static void beams__find_what_is_more_probable_than_greedy(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding decoding = sampling(6);
    decoding.stop_at_end = false;
    decoding.temperature = 0;
    struct ws_continuations greedy = play(scene, &decoding);
    decoding.beams = 5;
    struct ws_continuations beams = play(scene, &decoding);
    size_t others = 0;
    for (uint64_t i = 0; i < beams.count; i++)
        others += memcmp(greedy.tokens + 6 * i, beams.tokens + 6 * i, 6 * sizeof(uint32_t)) != 0;
    assert_true(others > 5);
}

/* Refusals ------------------------------------------------------------------------------------- */

static void require_refused(struct scene *scene, const struct ws_decoding *decoding,
                            uint64_t longest, enum ws_status wanted, const char *word)
{
    struct ws_generator *generator = NULL;
    struct ws_error err = {.message = ""};
    enum ws_status status =
        ws_generator_open(scene->device, &scene->model, decoding, longest, NULL, &generator, &err);
    if (status != wanted || !strstr(err.message, word))
        fail_msg("status %d: '%s', wanted %d: '%s'", (int)status, err.message, (int)wanted, word);
    assert_null(generator);
}

static void settings__that_contradict_are_refused(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding decoding = sampling(CONTEXT);
    require_refused(scene, &decoding, 2, WS_INVALID,
                    "need 25 positions, the model's context has 24");
    decoding = sampling(4);
    require_refused(scene, &decoding, 0, WS_INVALID, "0 tokens");
    decoding.min_new_tokens = 5;
    require_refused(scene, &decoding, 2, WS_INVALID, "min_new_tokens");
    decoding = sampling(4);
    decoding.temperature = 1e-5;
    require_refused(scene, &decoding, 2, WS_INVALID, "temperature");
    decoding = sampling(4);
    decoding.beams = 6;
    require_refused(scene, &decoding, 2, WS_INVALID, "'beams' is 6, wanted at most half");
    decoding.beams = 2;
    decoding.temperature = 0.5;
    require_refused(scene, &decoding, 2, WS_INVALID, "beam search draws nothing");
    decoding = sampling(4);
    decoding.beams = 2;
    decoding.top_p = 0.5;
    require_refused(scene, &decoding, 2, WS_INVALID, "'top_p' is for drawing tokens, beam search");
    decoding = sampling(20);
    decoding.batch = UINT64_C(1) << 40;
    require_refused(scene, &decoding, 5, WS_NO_MEMORY, "GiB");
}

static void settings__that_others_leave_without_effect_are_refused(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding decoding = sampling(4);
    decoding.length_penalty = 2;
    require_refused(scene, &decoding, 2, WS_INVALID, "'length_penalty' is 2 with 'beams' at 1");
    const struct {
        uint64_t top_k;
        double top_p, min_p, typical_p;
        const char *word;
    } cases[] = {
        {5, 1, 0, 1, "'top_k' is for drawing tokens, with 'temperature' at 0"},
        {0, 0.5, 0, 1, "'top_p' is for drawing tokens, with 'temperature' at 0"},
        {0, 1, 0.5, 1, "'min_p' is for drawing tokens, with 'temperature' at 0"},
        {0, 1, 0, 0.5, "'typical_p' is for drawing tokens, with 'temperature' at 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        decoding = sampling(4);
        decoding.top_k = cases[i].top_k;
        decoding.top_p = cases[i].top_p;
        decoding.min_p = cases[i].min_p;
        decoding.typical_p = cases[i].typical_p;
        assert_int_equal(ws_decoding_check(&decoding, NULL), WS_OK);
        decoding.temperature = 0;
        require_refused(scene, &decoding, 2, WS_INVALID, cases[i].word);
    }
}

static void prompts__that_do_not_fit_are_refused(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding decoding = sampling(4);
    struct ws_generator *generator = NULL;
    assert_int_equal(
        ws_generator_open(scene->device, &scene->model, &decoding, 3, NULL, &generator, NULL),
        WS_OK);
    const struct {
        uint64_t ends[3];
        uint32_t tokens[8];
        const char *word;
    } cases[] = {
        {{1, 1, 3}, {1, 2, 3}, "prompt 2 holds no token"},
        {{1, 2, 6}, {1, 2, 3, 4, 5, 6}, "prompt 3 has 4 tokens"},
        {{1, 3, 4}, {1, 2, 11, 4}, "prompt 2 holds token 11, the model's vocabulary has 11"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_prompts prompts = {3, cases[i].ends, cases[i].tokens};
        struct ws_continuations made = {0};
        struct ws_error err = {.message = ""};
        assert_int_equal(ws_generate_batch(generator, &prompts, 0, KEY, &scene->arena, &made, &err),
                         WS_INVALID);
        assert_non_null(strstr(err.message, cases[i].word));
        assert_null(made.tokens);
    }
    ws_generator_close(generator);
}

static void generate__says_when_a_model_gives_no_numbers(void **state)
{
    struct scene *scene = *state;
    struct ws_transformer broken = scene->model;
    float *parameters = ws_arena_copy(&scene->arena, broken.parameters,
                                      broken.layout.size * sizeof *broken.parameters);
    assert_non_null(parameters);
    parameters[ws_layout_at(&broken.layout, WS_TENSOR_NORM, 0).offset] = NAN;
    broken.parameters = parameters;
    for (uint64_t beams = 1; beams <= 2; beams++) {
        struct ws_decoding decoding = sampling(4);
        decoding.beams = beams;
        struct ws_generator *generator = NULL;
        struct ws_continuations made = {0};
        struct ws_error err = {.message = ""};
        assert_int_equal(
            ws_generator_open(scene->device, &broken, &decoding, 5, NULL, &generator, NULL), WS_OK);
        assert_int_equal(
            ws_generate_batch(generator, &scene->prompts, 0, KEY, &scene->arena, &made, &err),
            WS_NUMERIC);
        assert_non_null(strstr(err.message, "prompt 1"));
        ws_generator_close(generator);
    }
}

/* Memory --------------------------------------------------------------------------------------- */

static enum ws_status generate_with(const struct ws_allocator *allocator, const struct scene *scene,
                                    uint64_t beams, struct ws_error *err)
{
    struct ws_device *device = NULL;
    struct ws_generator *generator = NULL;
    struct ws_arena arena;
    struct ws_continuations made;
    struct ws_decoding decoding = sampling(3);
    decoding.beams = beams;
    decoding.batch = 4;
    decoding.top_k = beams > 1 ? 0 : 5;
    const struct ws_prompts prompts = {4, scene->prompts.ends, scene->prompts.tokens};
    WS_TRY(ws_cpu_open(WS_CPU_FAST, 2, allocator, &device, err));
    ws_arena_init(&arena, allocator);
    enum ws_status status =
        ws_generator_open(device, &scene->model, &decoding, 5, allocator, &generator, err);
    if (status == WS_OK)
        status = ws_generate_batch(generator, &prompts, 0, KEY, &arena, &made, err);
    ws_generator_close(generator);
    ws_arena_release(&arena);
    device->ops->close(device);
    return status;
}

static void generate__gives_back_what_it_took_when_memory_is_out(void **state)
{
    for (uint64_t beams = 1; beams <= 2; beams++) {
        enum ws_status status = WS_NO_MEMORY;
        long n = 0;
        for (; status == WS_NO_MEMORY; n++) {
            struct failing_heap heap = {.countdown = n};
            const struct ws_allocator allocator = {failing_realloc, &heap};
            struct ws_error err = {.message = ""};
            status = generate_with(&allocator, *state, beams, &err);
            if (status != WS_OK)
                assert_true(strlen(err.message) > 0);
            assert_true(failing_heap_is_clean(&heap));
        }
        assert_int_equal(status, WS_OK);
        assert_true(n > 10);
    }
}

static void memory__is_told_before_it_is_taken(void **state)
{
    struct scene *scene = *state;
    struct ws_decoding decoding = sampling(20);
    decoding.batch = 64;
    uint64_t told = ws_generator_memory(&scene->model.description, &decoding, 5, &ws_cpu_batching);
    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    struct ws_device *device = NULL;
    struct ws_generator *generator = NULL;
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, &allocator, &device, NULL), WS_OK);
    assert_int_equal(ws_generator_open(device, &scene->model, &decoding, 5, NULL, &generator, NULL),
                     WS_OK);
    uint64_t taken = (uint64_t)atomic_load(&heap.live_bytes);
    assert_true(10 * taken > 9 * told && 10 * taken < 11 * told);
    ws_generator_close(generator);
    device->ops->close(device);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoder__gives_the_logits_of_a_whole_pass),
        cmocka_unit_test(decoder__takes_prompts_of_any_number_and_length),
        cmocka_unit_test(generate__makes_the_same_of_a_prompt_in_any_batch),
        cmocka_unit_test(generate__draws_prompt_i_from_item_i),
        cmocka_unit_test(generate__makes_the_same_bytes_with_any_number_of_threads),
        cmocka_unit_test(generate__draws_texts_from_the_models_distribution),
        WITH_SCENE(sequences__end_with_the_end_token_or_at_their_length),
        WITH_SCENE(sequences__have_no_end_before_their_least_length),
        WITH_SCENE(sequences__have_no_ngram_twice),
        WITH_SCENE(penalty__makes_repetitions_rare),
        WITH_SCENE(filters__keep_what_they_say),
        WITH_SCENE(beams__follow_the_plain_search_with_ends),
        WITH_SCENE(beams__find_what_is_more_probable_than_greedy),
        WITH_SCENE(settings__that_contradict_are_refused),
        WITH_SCENE(settings__that_others_leave_without_effect_are_refused),
        WITH_SCENE(prompts__that_do_not_fit_are_refused),
        WITH_SCENE(generate__says_when_a_model_gives_no_numbers),
        WITH_SCENE(generate__gives_back_what_it_took_when_memory_is_out),
        WITH_SCENE(memory__is_told_before_it_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
