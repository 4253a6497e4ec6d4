/*
 * Contract of models/nn/transformer/generate.h: what `transformers` 5.17 makes of the models of
 * tests/golden/models, token for token, and the distributions that it draws from. None of those
 * searches stopped at the end-of-sequence token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "models/nn/transformer/generate.h"
#include "models/nn/transformer/hugging_face.h"
#include "models/nn/transformer/network.h"

static const char *const models[] = {"opt-tiny", "gpt2-tiny", "llama-tiny", "neox-tiny"};
enum { MODEL_COUNT = sizeof models / sizeof *models, ROWS = 3, PROMPT = 8, LENGTH = 48 };

static const enum ws_cpu_kind kinds[] = {WS_CPU_REFERENCE, WS_CPU_FAST};

/* A model with all that is known about it. */
struct stand {
    struct ws_device *device;
    struct ws_arena arena;
    struct ws_transformer model;
    struct ws_safetensors references;
    json_t *decoding; /* of decoding.json */
    json_t *about;    /* the part of this model */
};

static void succeed(enum ws_status status, const struct ws_error *err)
{
    if (status != WS_OK)
        fail_msg("%s", err->message);
}

static struct ws_bytes read_golden(struct ws_arena *arena, const char *name)
{
    struct ws_error err = {.message = ""};
    struct ws_bytes bytes = {NULL, 0};
    const char *path = ws_arena_format(arena, WS_SOURCE_DIR "/tests/golden/models/%s", name);
    assert_non_null(path);
    succeed(ws_file_read(path, 1 << 26, arena, &bytes, &err), &err);
    return bytes;
}

static void open_stand(struct stand *stand, const char *name, enum ws_cpu_kind kind)
{
    struct ws_error err = {.message = ""};
    *stand = (struct stand){0};
    ws_arena_init(&stand->arena, NULL);
    const char *directory =
        ws_arena_format(&stand->arena, WS_SOURCE_DIR "/tests/golden/models/%s", name);
    const char *references = ws_arena_format(&stand->arena, "%s/reference.safetensors", name);
    succeed(ws_cpu_open(kind, 2, NULL, &stand->device, &err), &err);
    succeed(ws_hf_open(directory, &stand->arena, &stand->model, &err), &err);
    succeed(ws_safetensors_parse(read_golden(&stand->arena, references), references, &stand->arena,
                                 &stand->references, &err),
            &err);
    succeed(ws_json_parse(read_golden(&stand->arena, "decoding.json"), "decoding.json",
                          &stand->decoding, &err),
            &err);
    stand->about = json_object_get(stand->decoding, name);
    assert_non_null(stand->about);
}

static void close_stand(struct stand *stand)
{
    json_decref(stand->decoding);
    stand->device->ops->close(stand->device);
    ws_arena_release(&stand->arena);
}

/* Number `column` of row `row` of a table in decoding.json. */
static double known(const struct stand *stand, const char *table, size_t row, size_t column)
{
    json_t *number =
        json_array_get(json_array_get(json_object_get(stand->about, table), row), column);
    assert_true(json_is_number(number));
    return json_number_value(number);
}

static void prompts_of(const struct stand *stand, uint32_t *tokens, uint64_t *ends)
{
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t t = 0; t < PROMPT; t++)
            tokens[r * PROMPT + t] = (uint32_t)known(stand, "prompt", r, t);
        ends[r] = (r + 1) * PROMPT;
    }
}

static struct ws_decoding greedy(uint64_t new_tokens)
{
    return (struct ws_decoding){
        .new_tokens = new_tokens,
        .top_p = 1,
        .typical_p = 1,
        .beams = 1,
        .length_penalty = 1,
        .repetition_penalty = 1,
    };
}

/* What is made of the prompts, (ROWS, new_tokens). */
static const uint32_t *generate(struct stand *stand, const struct ws_decoding *decoding)
{
    struct ws_generator *generator = NULL;
    struct ws_error err = {.message = ""};
    uint32_t tokens[ROWS * PROMPT];
    uint64_t ends[ROWS];
    prompts_of(stand, tokens, ends);
    const struct ws_prompts prompts = {ROWS, ends, tokens};
    struct ws_continuations made = {0};
    succeed(
        ws_generator_open(stand->device, &stand->model, decoding, PROMPT, NULL, &generator, &err),
        &err);
    succeed(ws_generate_batch(generator, &prompts, 0, (struct ws_rng_key){0}, &stand->arena, &made,
                              &err),
            &err);
    ws_generator_close(generator);
    assert_int_equal(made.count, ROWS);
    for (size_t r = 0; r < ROWS; r++)
        assert_int_equal(made.ends[r], (r + 1) * decoding->new_tokens);
    return made.tokens;
}

static void require_tokens(const uint32_t *made, size_t row, size_t column, size_t columns,
                           double wanted, const char *what)
{
    if (made[row * columns + column] != (uint32_t)wanted)
        fail_msg("%s: token %zu of row %zu is %u, wanted %.0f", what, column, row,
                 made[row * columns + column], wanted);
}

static void compare_with_tensor(struct stand *stand, const struct ws_decoding *decoding,
                                const char *name)
{
    int32_t wanted[ROWS * (PROMPT + 24)];
    const struct ws_tensor_view *view = ws_safetensors_find(&stand->references, name);
    assert_true(view && view->count == sizeof wanted / sizeof *wanted);
    assert_int_equal(ws_tensor_read_i32(view, wanted, NULL), WS_OK);
    const uint32_t *made = generate(stand, decoding);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t t = 0; t < 24; t++)
            require_tokens(made, r, t, 24, wanted[r * (PROMPT + 24) + PROMPT + t], name);
}

static void compare_with_table(struct stand *stand, const struct ws_decoding *decoding,
                               const char *name)
{
    const uint32_t *made = generate(stand, decoding);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t t = 0; t < decoding->new_tokens; t++)
            require_tokens(made, r, t, decoding->new_tokens, known(stand, name, r, PROMPT + t),
                           name);
}

static void for_all(void (*check)(struct stand *stand))
{
    for (size_t m = 0; m < MODEL_COUNT; m++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            struct stand stand;
            open_stand(&stand, models[m], kinds[k]);
            check(&stand);
            close_stand(&stand);
        }
    }
}

static void check_greedy(struct stand *stand)
{
    struct ws_decoding decoding = greedy(24);
    compare_with_tensor(stand, &decoding, "greedy");
    decoding = greedy(20);
    decoding.repetition_penalty = 2;
    compare_with_table(stand, &decoding, "greedy_rep2.0");
}

static void greedy__makes_the_same_tokens(void **state)
{
    (void)state;
    for_all(check_greedy);
}

static void check_beams(struct stand *stand)
{
    struct ws_decoding decoding = greedy(24);
    decoding.beams = 5;
    compare_with_tensor(stand, &decoding, "beam5");
    decoding.new_tokens = 20;
    decoding.repetition_penalty = 3;
    compare_with_table(stand, &decoding, "beam5_rep3.0");
    decoding.repetition_penalty = 1;
    decoding.no_repeat_ngram = 3;
    compare_with_table(stand, &decoding, "beam5_ngram3");
}

static void beams__make_the_same_tokens(void **state)
{
    (void)state;
    for_all(check_beams);
}

static void compare_probabilities(struct stand *stand, const struct ws_decoding *decoding,
                                  const char *name)
{
    struct ws_generator *generator = NULL;
    struct ws_error err = {.message = ""};
    uint32_t tokens[ROWS * PROMPT];
    uint64_t ends[ROWS];
    float *made = NULL;
    size_t vocabulary = stand->model.description.vocabulary;
    prompts_of(stand, tokens, ends);
    const struct ws_prompts prompts = {ROWS, ends, tokens};
    succeed(
        ws_generator_open(stand->device, &stand->model, decoding, PROMPT, NULL, &generator, &err),
        &err);
    succeed(ws_generate_probabilities(generator, &prompts, &stand->arena, &made, &err), &err);
    ws_generator_close(generator);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t v = 0; v < vocabulary; v++)
            if (fabs((double)made[r * vocabulary + v] - known(stand, name, r, v)) > 1e-5)
                fail_msg("%s: token %zu of row %zu has %g, wanted %g", name, v, r,
                         (double)made[r * vocabulary + v], known(stand, name, r, v));
}

static void check_probabilities(struct stand *stand)
{
    struct ws_decoding plain = greedy(1);
    plain.temperature = 1;
    struct ws_decoding decoding = plain;
    decoding.top_k = 7;
    compare_probabilities(stand, &decoding, "probs_topk7");
    decoding = plain;
    decoding.top_p = 0.9;
    compare_probabilities(stand, &decoding, "probs_topp09");
    decoding = plain;
    decoding.temperature = 0.7;
    compare_probabilities(stand, &decoding, "probs_temp07");
    decoding = plain;
    decoding.min_p = 0.1;
    compare_probabilities(stand, &decoding, "probs_minp01");
}

static void probabilities__are_the_same(void **state)
{
    (void)state;
    for_all(check_probabilities);
}

static void check_scores(struct stand *stand)
{
    struct ws_error err = {.message = ""};
    int32_t ids[ROWS * LENGTH];
    uint32_t tokens[ROWS * LENGTH], targets[ROWS * LENGTH], starts[ROWS + 1];
    float loss[ROWS * LENGTH], entropy[ROWS * LENGTH];
    const struct ws_tensor_view *view = ws_safetensors_find(&stand->references, "input_ids");
    assert_true(view && view->count == ROWS * LENGTH);
    assert_int_equal(ws_tensor_read_i32(view, ids, NULL), WS_OK);
    for (size_t t = 0; t < ROWS * LENGTH; t++) {
        tokens[t] = (uint32_t)ids[t];
        targets[t] = (t + 1) % LENGTH > 0 ? (uint32_t)ids[t + 1] : WS_NO_TARGET;
    }
    for (uint32_t r = 0; r <= ROWS; r++)
        starts[r] = r * LENGTH;
    const struct ws_batch batch = {ROWS, starts, tokens, targets};
    struct ws_network *network = NULL;
    succeed(ws_network_open(stand->device, &stand->model.description, ROWS * LENGTH, false, NULL,
                            &network, &err),
            &err);
    ws_network_write(network, stand->model.parameters);
    succeed(ws_network_score(network, &batch, loss, entropy, &err), &err);
    ws_network_close(network);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t t = 0; t + 1 < LENGTH; t++) {
            double log_probability = known(stand, "token_logprob", r, t);
            assert_true(fabs((double)loss[r * LENGTH + t] + log_probability) < 1e-4);
            assert_true(fabs((double)entropy[r * LENGTH + t] - known(stand, "entropy", r, t)) <
                        1e-4);
        }
    }
}

static void scores__are_the_same(void **state)
{
    (void)state;
    for_all(check_scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy__makes_the_same_tokens),
        cmocka_unit_test(beams__make_the_same_tokens),
        cmocka_unit_test(probabilities__are_the_same),
        cmocka_unit_test(scores__are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
