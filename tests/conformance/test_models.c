/*
 * The models of tests/golden/models against what `transformers` 5.17 in float64 arithmetic made of
 * them, on both CPU devices: logits, losses, gradients, training, and scores.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "models/nn/transformer/comparison.h"
#include "models/nn/transformer/hugging_face.h"
#include "models/nn/transformer/score.h"

#define GOLDEN WS_SOURCE_DIR "/tests/golden/models"

static const char *const models[] = {"opt-tiny", "gpt2-tiny", "llama-tiny", "neox-tiny"};
enum { MODEL_COUNT = sizeof models / sizeof *models };

/* What the issue of these models asks for; comparison.c must ask no less. */
static const struct {
    const char *what;
    double tolerance;
} wanted[] = {{"logits", 1e-4},       {"loss", 1e-5}, {"gradient", 1e-4},
              {"adamw_losses", 1e-4}, {"greedy", 0},  {"beam5", 0}};
enum { WANTED_COUNT = sizeof wanted / sizeof *wanted };

struct subject {
    struct ws_arena arena;
    struct ws_device *device;
    struct ws_transformer model;
    const char *reference;
};

static void setup(struct subject *subject, const char *model, enum ws_cpu_kind kind)
{
    struct ws_error err = {.message = ""};
    ws_arena_init(&subject->arena, NULL);
    const char *directory = ws_arena_format(&subject->arena, GOLDEN "/%s", model);
    subject->reference =
        ws_arena_format(&subject->arena, GOLDEN "/%s/reference.safetensors", model);
    if (ws_cpu_open(kind, 2, NULL, &subject->device, &err) != WS_OK ||
        ws_hf_open(directory, &subject->arena, &subject->model, &err) != WS_OK)
        fail_msg("%s", err.message);
}

static void release(struct subject *subject)
{
    subject->device->ops->close(subject->device);
    ws_arena_release(&subject->arena);
}

static struct ws_comparisons compare(struct subject *subject)
{
    struct ws_comparisons comparisons;
    struct ws_error err = {.message = ""};
    if (ws_reference_compare(subject->device, &subject->model, subject->reference, &subject->arena,
                             &comparisons, &err) != WS_OK)
        fail_msg("%s", err.message);
    return comparisons;
}

static const struct ws_comparison *find_row(const struct ws_comparisons *comparisons,
                                            const char *what)
{
    for (size_t i = 0; i < comparisons->count; i++)
        if (strcmp(comparisons->rows[i].what, what) == 0)
            return &comparisons->rows[i];
    fail_msg("no row '%s'", what);
    return NULL;
}

/* Reference numbers ---------------------------------------------------------------------------- */

static void require_equal(const char *model, enum ws_cpu_kind kind)
{
    struct subject subject;
    setup(&subject, model, kind);
    struct ws_comparisons comparisons = compare(&subject);
    for (size_t i = 0; i < comparisons.count; i++) {
        const struct ws_comparison *row = &comparisons.rows[i];
        if (row->absent || !row->ok || !(row->difference <= row->tolerance))
            fail_msg("%s on %s: %s differs by %g, wanted at most %g", model,
                     subject.device->ops->name, row->what, row->difference, row->tolerance);
        if (strncmp(row->what, "gradient of", 11) == 0)
            assert_true(row->tolerance == 1e-4);
    }
    for (size_t i = 0; i < WANTED_COUNT; i++)
        assert_true(find_row(&comparisons, wanted[i].what)->tolerance == wanted[i].tolerance);
    assert_true(comparisons.count > WANTED_COUNT + 20); /* the gradient of every tensor */
    release(&subject);
}

static void models__on_the_reference_device_equal_transformers(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODEL_COUNT; i++)
        require_equal(models[i], WS_CPU_REFERENCE);
}

static void models__on_the_fast_device_equal_transformers(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODEL_COUNT; i++)
        require_equal(models[i], WS_CPU_FAST);
}

/* One weight of the last layer off by a hundredth. */
static void reference__finds_a_wrong_weight(void **state)
{
    (void)state;
    struct subject subject;
    setup(&subject, "neox-tiny", WS_CPU_FAST);
    const struct ws_layout *layout = &subject.model.layout;
    float *parameters =
        ws_arena_copy(&subject.arena, subject.model.parameters, layout->size * sizeof(float));
    assert_non_null(parameters);
    ws_layout_find(layout, parameters, WS_TENSOR_DOWN, 1)[7] += 0.01F;
    subject.model.parameters = parameters;
    struct ws_comparisons comparisons = compare(&subject);
    static const char *const out[] = {"logits", "gradient", "gradient of embed_out.weight"};
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        const struct ws_comparison *row = find_row(&comparisons, out[i]);
        assert_false(row->ok);
        assert_true(row->difference > row->tolerance);
    }
    release(&subject);
}

/* References that lack something --------------------------------------------------------------- */

/* gpt2-tiny with a copy of its reference, whose bytes a test changes. */
struct changed {
    struct subject subject;
    const char *directory;
    char *bytes;
    size_t size;
};

static void setup_changed(struct changed *changed)
{
    setup(&changed->subject, "gpt2-tiny", WS_CPU_FAST);
    struct ws_arena *arena = &changed->subject.arena;
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read(changed->subject.reference, 1 << 24, arena, &bytes, NULL), WS_OK);
    changed->bytes = ws_arena_copy(arena, bytes.data, bytes.size);
    changed->size = bytes.size;
    char *path = ws_arena_format(arena, "%s/ws-models-XXXXXX",
                                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(path));
    changed->directory = path;
    changed->subject.reference = ws_arena_format(arena, "%s/reference.safetensors", path);
}

static void release_changed(struct changed *changed)
{
    (void)unlink(changed->subject.reference);
    (void)unlink(
        ws_arena_format(&changed->subject.arena, "%s/grads.safetensors", changed->directory));
    assert_int_equal(rmdir(changed->directory), 0);
    release(&changed->subject);
}

/* The header is text. Both are of one length. */
static void replace(struct changed *changed, const char *from, const char *to)
{
    char *at = memmem(changed->bytes, changed->size, from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

static void write_changed(struct changed *changed)
{
    assert_int_equal(ws_file_replace(changed->subject.reference,
                                     ws_bytes_of(changed->bytes, changed->size), NULL),
                     WS_OK);
}

static void require_not_compared(struct changed *changed, enum ws_status status, const char *part)
{
    struct ws_comparisons comparisons;
    struct ws_error err = {.message = ""};
    write_changed(changed);
    assert_int_equal(ws_reference_compare(changed->subject.device, &changed->subject.model,
                                          changed->subject.reference, &changed->subject.arena,
                                          &comparisons, &err),
                     status);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

static void reference__says_what_is_absent(void **state)
{
    (void)state;
    struct changed changed;
    setup_changed(&changed);
    replace(&changed, "\"logits\"", "\"xxxxxx\"");
    replace(&changed, "\"adamw_losses\"", "\"xxxxxxxxxxxx\"");
    replace(&changed, "\"greedy\"", "\"yyyyyy\"");
    replace(&changed, "\"beam5\"", "\"xxxxx\"");
    write_changed(&changed);
    struct ws_comparisons comparisons = compare(&changed.subject);
    assert_int_equal(comparisons.count, WANTED_COUNT);
    for (size_t i = 0; i < WANTED_COUNT; i++) {
        const struct ws_comparison *row = find_row(&comparisons, wanted[i].what);
        assert_int_equal(row->absent, strcmp(row->what, "loss") != 0);
        assert_true(row->ok);
    }
    static const char *const others[] = {"xxxxx", "xxxxxx", "xxxxxxxxxxxx", "yyyyyy"};
    assert_int_equal(comparisons.other_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(comparisons.others[i], others[i]);
    release_changed(&changed);
}

static void reference__with_nothing_to_compare_is_refused(void **state)
{
    (void)state;
    struct changed changed;
    setup_changed(&changed);
    replace(&changed, "\"logits\"", "\"\\nogit\"");
    replace(&changed, "\"loss\"", "\"Loss\"");
    replace(&changed, "\"adamw_losses\"", "\"sgd_losses_x\"");
    replace(&changed, "\"greedy\"", "\"griidy\"");
    require_not_compared(&changed, WS_OK, "");
    replace(&changed, "\"beam5\"", "\"beams\"");
    require_not_compared(&changed, WS_CORRUPT,
                         "it holds '?ogit', 'Loss', 'beams', 'griidy', 'input_ids' and 1 more");
    release_changed(&changed);
}

static void reference__of_another_model_is_refused(void **state)
{
    (void)state;
    struct changed changed;
    setup_changed(&changed);
    require_not_compared(&changed, WS_OK, "");
    replace(&changed, "[3,48,512]", "[3,512,48]");
    require_not_compared(&changed, WS_CORRUPT,
                         "'logits' has the shape 3 x 512 x 48, wanted 3 x 48 x 512");
    replace(&changed, "[3,512,48]", "[3,48,512]");
    replace(&changed, "[3,32]", "[2,48]");
    require_not_compared(&changed, WS_CORRUPT, "has the shape 2 x 48, wanted 3 x any");
    replace(&changed, "[2,48]", "[3,32]");
    replace(&changed, "[3,48]", "[72,2]");
    require_not_compared(&changed, WS_CORRUPT, "'logits' has the shape");
    replace(&changed, "[72,2]", "[3,48]");
    replace(&changed, "\"input_ids\"", "\"output_id\"");
    require_not_compared(&changed, WS_CORRUPT, "'input_ids' is missing");
    release_changed(&changed);
}

static void reference__with_tokens_out_of_the_vocabulary_is_refused(void **state)
{
    (void)state;
    struct changed changed;
    setup_changed(&changed);
    static const uint32_t first[4] = {414, 139, 363, 200}; /* of greedy, beam5 and input_ids */
    char *at = changed.bytes;
    for (char *end = changed.bytes + changed.size;;) {
        at = memmem(at, (size_t)(end - at), first, sizeof first);
        if (!at)
            break;
        memcpy(at, (const uint32_t[]){512}, sizeof *first);
    }
    require_not_compared(&changed, WS_CORRUPT, "'input_ids' holds token 512");
    release_changed(&changed);
}

static void reference__with_gradients_of_another_model_is_refused(void **state)
{
    (void)state;
    struct changed changed;
    struct ws_bytes bytes;
    setup_changed(&changed);
    struct ws_arena *arena = &changed.subject.arena;
    assert_int_equal(
        ws_file_read(GOLDEN "/opt-tiny/grads.safetensors", 1 << 24, arena, &bytes, NULL), WS_OK);
    const char *path = ws_arena_format(arena, "%s/grads.safetensors", changed.directory);
    assert_int_equal(ws_file_replace(path, bytes, NULL), WS_OK);
    require_not_compared(&changed, WS_CORRUPT, "'transformer.wte.weight' is missing");
    release_changed(&changed);
}

/* Scores --------------------------------------------------------------------------------------- */

/* decoding.json has, of each model and sequence, these of every token but the first. */
struct expected {
    json_t *root;
    const json_t *logprob, *entropy, *fast_detectgpt;
};

static void open_expected(struct expected *expected, const char *model, struct ws_arena *arena)
{
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read(GOLDEN "/decoding.json", 1 << 24, arena, &bytes, NULL), WS_OK);
    assert_int_equal(ws_json_parse(bytes, "decoding.json", &expected->root, NULL), WS_OK);
    const json_t *object = json_object_get(expected->root, model);
    expected->logprob = json_object_get(object, "token_logprob");
    expected->entropy = json_object_get(object, "entropy");
    expected->fast_detectgpt = json_object_get(object, "fast_detectgpt");
    assert_int_equal(json_array_size(expected->logprob), 3);
}

static double number_at(const json_t *rows, size_t row, size_t column)
{
    const json_t *number = json_array_get(json_array_get(rows, row), column);
    assert_true(json_is_number(number));
    return json_number_value(number);
}

/* The sequences of a reference as passages. */
static struct ws_examples read_examples(struct subject *subject)
{
    struct ws_weights weights;
    struct ws_examples examples;
    assert_int_equal(ws_safetensors_open(subject->reference, NULL, &weights, NULL), WS_OK);
    const struct ws_tensor_view *view = ws_weights_find(&weights, "input_ids");
    int32_t *ids = WS_ARENA_NEW(&subject->arena, int32_t, view->count);
    assert_int_equal(ws_tensor_read_i32(view, ids, NULL), WS_OK);
    const uint64_t ends[3] = {48, 96, 144};
    const struct ws_blocks blocks = {3, ends, (const uint32_t *)ids};
    assert_int_equal(ws_examples_of(&blocks, WS_NO_TOKEN, &subject->arena, &examples, NULL), WS_OK);
    ws_weights_close(&weights);
    return examples;
}

static void require_scores(const char *model)
{
    struct subject subject;
    struct expected expected;
    struct ws_network *network;
    struct ws_token_score scores[144];
    setup(&subject, model, WS_CPU_FAST);
    open_expected(&expected, model, &subject.arena);
    struct ws_examples examples = read_examples(&subject);
    const uint32_t starts[4] = {0, 48, 96, 144};
    const struct ws_batch batch = {3, starts, examples.tokens, examples.targets};
    assert_int_equal(ws_network_open(subject.device, &subject.model.description, 144, false, NULL,
                                     &network, NULL),
                     WS_OK);
    ws_network_write(network, subject.model.parameters);
    assert_int_equal(ws_score_tokens(network, ws_cpu_pool(subject.device), &batch, scores, NULL),
                     WS_OK);
    double total = 0, mean = 0;
    for (size_t i = 0; i < 3; i++) {
        for (size_t t = 0; t < 47; t++) {
            const struct ws_token_score *score = &scores[48 * i + t];
            assert_true(fabs(score->log_probability - number_at(expected.logprob, i, t)) < 1e-5);
            assert_true(fabs(score->entropy - number_at(expected.entropy, i, t)) < 1e-5);
            total += score->log_probability;
        }
        assert_true(scores[48 * i + 47].log_probability == 0 && scores[48 * i + 47].variance == 0);
        double statistic = json_number_value(json_array_get(expected.fast_detectgpt, i));
        assert_true(fabs(ws_fast_detectgpt(scores + 48 * i, 48) - statistic) < 1e-4);
        mean += statistic / 3;
    }

    /* The same as means, and in batches of one sequence. */
    struct ws_network *narrow;
    struct ws_text_score all, cut;
    assert_int_equal(
        ws_network_open(subject.device, &subject.model.description, 50, false, NULL, &narrow, NULL),
        WS_OK);
    ws_network_write(narrow, subject.model.parameters);
    struct ws_scorer scorer = {.network = network, .pool = ws_cpu_pool(subject.device)};
    assert_int_equal(ws_score_examples(&scorer, &examples, &all, NULL), WS_OK);
    scorer.network = narrow;
    assert_int_equal(ws_score_examples(&scorer, &examples, &cut, NULL), WS_OK);
    assert_true(all.tokens == 141 && all.passages == 3);
    assert_true(cut.tokens == 141 && cut.passages == 3);
    assert_true(fabs(all.loss + total / 141) < 1e-9);
    assert_true(fabs(all.fast_detectgpt - mean) < 1e-4);
    assert_true(fabs(all.loss - cut.loss) < 1e-6 && fabs(all.entropy - cut.entropy) < 1e-6);
    assert_true(fabs(all.fast_detectgpt - cut.fast_detectgpt) < 1e-5);
    ws_network_close(narrow);
    ws_network_close(network);
    json_decref(expected.root);
    release(&subject);
}

static void score__equals_what_transformers_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODEL_COUNT; i++)
        require_scores(models[i]);
}

static void score__of_no_tokens_is_no_number(void **state)
{
    (void)state;
    const struct ws_token_score none = {0, 0, 0};
    assert_true(isnan(ws_fast_detectgpt(&none, 1)));
    assert_true(isnan(ws_fast_detectgpt(NULL, 0)));
}

static void score__refuses_a_passage_that_is_too_long(void **state)
{
    (void)state;
    struct subject subject;
    struct ws_network *network;
    struct ws_text_score score;
    struct ws_error err = {.message = ""};
    setup(&subject, "opt-tiny", WS_CPU_FAST);
    struct ws_examples examples = read_examples(&subject);
    assert_int_equal(ws_network_open(subject.device, &subject.model.description, 47, false, NULL,
                                     &network, NULL),
                     WS_OK);
    const struct ws_scorer scorer = {.network = network, .pool = ws_cpu_pool(subject.device)};
    assert_int_equal(ws_score_examples(&scorer, &examples, &score, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "48 tokens, wanted at most 47"));
    ws_network_close(network);
    release(&subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models__on_the_reference_device_equal_transformers),
        cmocka_unit_test(models__on_the_fast_device_equal_transformers),
        cmocka_unit_test(reference__finds_a_wrong_weight),
        cmocka_unit_test(reference__says_what_is_absent),
        cmocka_unit_test(reference__with_nothing_to_compare_is_refused),
        cmocka_unit_test(reference__of_another_model_is_refused),
        cmocka_unit_test(reference__with_tokens_out_of_the_vocabulary_is_refused),
        cmocka_unit_test(reference__with_gradients_of_another_model_is_refused),
        cmocka_unit_test(score__equals_what_transformers_gives),
        cmocka_unit_test(score__of_no_tokens_is_no_number),
        cmocka_unit_test(score__refuses_a_passage_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
