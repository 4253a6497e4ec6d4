#include "models/nn/transformer/comparison.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "models/nn/transformer/generate.h"
#include "models/nn/transformer/hugging_face.h"
#include "models/nn/transformer/train.h"

enum { PROMPT = 8, BEAMS = 5, ROWS_BESIDE_TENSORS = 6, NAMES_SHOWN = 5 };

/* Below this share of the whole's norm a gradient is rounding alone: a bias of keys has none. */
#define GRADIENT_ZERO 1e-6

struct comparing {
    struct ws_device *device;
    const struct ws_transformer *model;
    const char *path;
    const char *gradients_path;
    struct ws_weights reference;
    struct ws_arena *arena; /* of the rows */
    struct ws_arena scratch;
    struct ws_examples examples; /* input_ids, each the text of the next token */
    size_t sequences;
    size_t length;
    struct ws_comparison *rows;
    size_t count;
    const char **others; /* names of tensors that are not compared */
    size_t other_count;
};

static const char *const known[] = {"input_ids",    "logits", "loss",
                                    "adamw_losses", "greedy", "beam5"};
enum { KNOWN_COUNT = sizeof known / sizeof *known };

const char *ws_difference_text(enum ws_difference kind)
{
    switch (kind) {
    case WS_DIFFERENCE_LARGEST:
        return "largest difference / largest number";
    case WS_DIFFERENCE_RELATIVE:
        return "largest relative difference";
    case WS_DIFFERENCE_NORM:
        return "norm of the difference / norm";
    case WS_DIFFERENCE_COUNT:
        return "sequences that differ";
    }
    return "";
}

/* Rows ----------------------------------------------------------------------------------------- */

static void add_row(struct comparing *c, const char *what, enum ws_difference kind,
                    double difference, double tolerance)
{
    /* What is not a number is not below a tolerance. */
    c->rows[c->count++] = (struct ws_comparison){
        .what = what,
        .kind = kind,
        .ok = difference <= tolerance,
        .difference = difference,
        .tolerance = tolerance,
    };
}

/* A model whose arithmetic ends in no number is a row that is out, not an error. */
static enum ws_status add_computed(struct comparing *c, const char *what, enum ws_difference kind,
                                   enum ws_status status, double difference, double tolerance)
{
    if (status != WS_OK && status != WS_NUMERIC)
        return status;
    add_row(c, what, kind, status == WS_OK ? difference : (double)NAN, tolerance);
    return WS_OK;
}

static void add_absent(struct comparing *c, const char *what, enum ws_difference kind)
{
    c->rows[c->count++] =
        (struct ws_comparison){.what = what, .kind = kind, .absent = true, .ok = true};
}

/* The reference -------------------------------------------------------------------------------- */

/* Dimensions of 0 are of any size. */
static enum ws_status check_shape(const struct comparing *c, const struct ws_tensor_view *view,
                                  const uint64_t *shape, size_t rank, struct ws_error *err)
{
    bool same = view->rank == rank;
    for (size_t i = 0; same && i < rank; i++)
        same = view->shape[i] > 0 && (shape[i] == 0 || view->shape[i] == shape[i]);
    if (same)
        return WS_OK;
    struct ws_buffer text;
    char storage[160];
    ws_buffer_fix(&text, storage, sizeof storage);
    for (size_t i = 0; i < view->rank; i++)
        ws_buffer_format(&text, "%s%" PRIu64, i > 0 ? " x " : "", view->shape[i]);
    ws_buffer_text(&text, ", wanted ");
    for (size_t i = 0; i < rank; i++)
        ws_buffer_format(&text, shape[i] > 0 ? "%s%" PRIu64 : "%sany", i > 0 ? " x " : "",
                         shape[i]);
    return ws_fail(err, WS_CORRUPT, "%s: '%s' has the shape %s", c->path, view->name,
                   ws_buffer_string(&text));
}

static enum ws_status no_memory(const struct comparing *c, const char *name, struct ws_error *err)
{
    return ws_fail(err, WS_NO_MEMORY, "%s: out of memory for '%s'", c->path, name);
}

static enum ws_status read_reals(struct comparing *c, const struct ws_tensor_view *view,
                                 const float **out, struct ws_error *err)
{
    float *values = WS_ARENA_NEW(&c->scratch, float, (size_t)view->count);
    if (!values)
        return no_memory(c, view->name, err);
    enum ws_status status = ws_tensor_read_f32(view, values, err);
    if (status != WS_OK)
        ws_error_prefix(err, "%s", c->path);
    *out = values;
    return status;
}

static enum ws_status read_tokens(struct comparing *c, const struct ws_tensor_view *view,
                                  const uint32_t **out, struct ws_error *err)
{
    int32_t *ids = WS_ARENA_NEW(&c->scratch, int32_t, (size_t)view->count);
    uint32_t *tokens = WS_ARENA_NEW(&c->scratch, uint32_t, (size_t)view->count);
    if (!ids || !tokens)
        return no_memory(c, view->name, err);
    enum ws_status status = ws_tensor_read_i32(view, ids, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "%s", c->path);
        return status;
    }
    for (size_t i = 0; i < view->count; i++) {
        if (ids[i] < 0 || (uint32_t)ids[i] >= c->model->description.vocabulary)
            return ws_fail(err, WS_CORRUPT,
                           "%s: '%s' holds token %" PRId32 ", but the vocabulary has %" PRIu32,
                           c->path, view->name, ids[i], c->model->description.vocabulary);
        tokens[i] = (uint32_t)ids[i];
    }
    *out = tokens;
    return WS_OK;
}

static enum ws_status read_input(struct comparing *c, struct ws_error *err)
{
    const struct ws_tensor_view *view = ws_weights_find(&c->reference, "input_ids");
    const uint64_t any[2] = {0, 0};
    const uint32_t *tokens = NULL;
    if (!view)
        return ws_fail(err, WS_CORRUPT, "%s: 'input_ids' is missing", c->path);
    WS_TRY(check_shape(c, view, any, 2, err));
    WS_TRY(read_tokens(c, view, &tokens, err));
    c->sequences = (size_t)view->shape[0];
    c->length = (size_t)view->shape[1];
    if (c->length < 2 || c->length > c->model->description.context)
        return ws_fail(err, WS_CORRUPT,
                       "%s: 'input_ids' are %zu tokens long, wanted from 2 to the context's "
                       "%" PRIu32,
                       c->path, c->length, c->model->description.context);
    uint64_t *ends = WS_ARENA_NEW(&c->scratch, uint64_t, c->sequences);
    if (!ends)
        return no_memory(c, "input_ids", err);
    for (size_t i = 0; i < c->sequences; i++)
        ends[i] = (i + 1) * c->length;
    const struct ws_blocks blocks = {c->sequences, ends, tokens};
    return ws_examples_of(&blocks, WS_NO_TOKEN, &c->scratch, &c->examples, err);
}

static enum ws_status batch_of(struct comparing *c, struct ws_batch *out, struct ws_error *err)
{
    uint32_t *starts = WS_ARENA_NEW(&c->scratch, uint32_t, c->sequences + 1);
    if (!starts)
        return no_memory(c, "input_ids", err);
    for (size_t i = 0; i <= c->sequences; i++)
        starts[i] = (uint32_t)(i * c->length);
    *out = (struct ws_batch){c->sequences, starts, c->examples.tokens, c->examples.targets};
    return WS_OK;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

/* Names go on terminals as messages do. */
static const char *printable(const char *name, struct ws_arena *arena)
{
    struct ws_error text;
    (void)ws_fail(&text, WS_OK, "%s", name);
    return ws_arena_text(arena, text.message);
}

static enum ws_status find_others(struct comparing *c, struct ws_error *err)
{
    const struct ws_safetensors *all = &c->reference.all;
    c->others = WS_ARENA_NEW(c->arena, const char *, all->count);
    if (!c->others)
        return no_memory(c, "comparisons", err);
    for (size_t i = 0; i < all->count; i++) {
        if (is_known(all->tensors[i].name))
            continue;
        const char *name = printable(all->tensors[i].name, c->arena);
        if (!name)
            return no_memory(c, "comparisons", err);
        c->others[c->other_count++] = name;
    }
    return WS_OK;
}

/* Nothing compared is nothing wrong only by the look of it. */
static enum ws_status check_compares(const struct comparing *c, struct ws_error *err)
{
    const struct ws_safetensors *all = &c->reference.all;
    struct ws_buffer names;
    char storage[200];
    if (all->count - c->other_count > 1 || ws_file_exists(c->gradients_path))
        return WS_OK;
    ws_buffer_fix(&names, storage, sizeof storage);
    size_t shown = 0;
    for (; shown < all->count && shown < NAMES_SHOWN; shown++)
        ws_buffer_format(&names, "%s'%.24s'", shown > 0 ? ", " : "", all->tensors[shown].name);
    if (shown < all->count)
        ws_buffer_format(&names, " and %zu more", all->count - shown);
    return ws_fail(err, WS_CORRUPT,
                   "%.160s: holds nothing to compare, none of 'logits', 'loss', 'adamw_losses', "
                   "'greedy' and 'beam5', and no grads.safetensors is beside it; it holds %s",
                   c->path, ws_buffer_string(&names));
}

/* Forward -------------------------------------------------------------------------------------- */

/* What is not a number is larger than any and stays. */
static void keep_larger(double *largest, double value)
{
    if (!isnan(*largest) && !(value <= *largest))
        *largest = value;
}

struct logits {
    const float *wanted;
    size_t vocabulary;
    double difference;
    double largest;
};

static void compare_logits(void *context, const float *seen, size_t first, size_t rows)
{
    struct logits *logits = context;
    const float *wanted = logits->wanted + first * logits->vocabulary;
    for (size_t i = 0; i < rows * logits->vocabulary; i++) {
        double difference = fabs((double)seen[i] - (double)wanted[i]);
        keep_larger(&logits->difference, difference);
        logits->largest = fmax(logits->largest, fabs((double)wanted[i]));
    }
}

static enum ws_status add_logits(struct comparing *c, struct ws_network *network,
                                 const struct ws_batch *batch, struct ws_error *err)
{
    const struct ws_tensor_view *view = ws_weights_find(&c->reference, "logits");
    const uint64_t shape[3] = {c->sequences, c->length, c->model->description.vocabulary};
    struct logits logits = {.vocabulary = c->model->description.vocabulary};
    if (!view) {
        add_absent(c, "logits", WS_DIFFERENCE_LARGEST);
        return WS_OK;
    }
    WS_TRY(check_shape(c, view, shape, 3, err));
    WS_TRY(read_reals(c, view, &logits.wanted, err));
    WS_TRY(ws_network_visit_logits(network, batch, compare_logits, &logits, err));
    add_row(c, "logits", WS_DIFFERENCE_LARGEST, logits.difference / logits.largest, 1e-4);
    return WS_OK;
}

static enum ws_status add_loss(struct comparing *c, struct ws_network *network,
                               struct ws_error *err)
{
    const struct ws_tensor_view *view = ws_weights_find(&c->reference, "loss");
    const float *wanted = NULL;
    double loss = 0;
    uint64_t targets = 0;
    if (!view) {
        add_absent(c, "loss", WS_DIFFERENCE_RELATIVE);
        return WS_OK;
    }
    if (view->count != 1)
        return ws_fail(err, WS_CORRUPT, "%s: 'loss' holds %" PRIu64 " numbers, wanted 1", c->path,
                       view->count);
    WS_TRY(read_reals(c, view, &wanted, err));
    WS_TRY(ws_network_mean_loss(network, &c->examples, &loss, &targets, err));
    add_row(c, "loss", WS_DIFFERENCE_RELATIVE, fabs(loss / (double)wanted[0] - 1), 1e-5);
    return WS_OK;
}

/* Gradients ------------------------------------------------------------------------------------ */

struct norms {
    double difference; /* of a - b */
    double wanted;     /* of b */
};

static struct norms norms_of(const float *seen, const float *wanted, size_t count)
{
    struct norms sums = {0, 0};
    for (size_t i = 0; i < count; i++) {
        double difference = (double)seen[i] - (double)wanted[i];
        sums.difference += difference * difference;
        sums.wanted += (double)wanted[i] * (double)wanted[i];
    }
    return (struct norms){sqrt(sums.difference), sqrt(sums.wanted)};
}

static size_t count_of(const struct ws_tensor_source *tensor)
{
    return (size_t)(tensor->rank == 1 ? tensor->shape[0] : tensor->shape[0] * tensor->shape[1]);
}

/* Two blocks of gradients, tensor by tensor as Hugging Face has them. */
static enum ws_status add_tensors(struct comparing *c, const float *seen, const float *wanted,
                                  struct ws_error *err)
{
    const struct ws_description *d = &c->model->description;
    const struct ws_layout *layout = &c->model->layout;
    struct ws_tensor_source *ours, *theirs;
    size_t count;
    WS_TRY(ws_hf_export(d, layout, seen, WS_DTYPE_F32, &c->scratch, &ours, &count, err));
    WS_TRY(ws_hf_export(d, layout, wanted, WS_DTYPE_F32, &c->scratch, &theirs, &count, err));
    struct norms whole = norms_of(seen, wanted, layout->size);
    add_row(c, "gradient", WS_DIFFERENCE_NORM, whole.difference / whole.wanted, 1e-4);
    for (size_t i = 0; i < count; i++) {
        struct norms norms = norms_of(ours[i].values, theirs[i].values, count_of(&ours[i]));
        const char *what = ws_arena_format(c->arena, "gradient of %s", ours[i].name);
        if (!what)
            return no_memory(c, ours[i].name, err);
        double against = norms.wanted < GRADIENT_ZERO * whole.wanted ? whole.wanted : norms.wanted;
        add_row(c, what, WS_DIFFERENCE_NORM, norms.difference / against, 1e-4);
    }
    return WS_OK;
}

static enum ws_status read_gradients(struct comparing *c, float *out, struct ws_error *err)
{
    struct ws_weights weights;
    WS_TRY(ws_safetensors_open(c->gradients_path, c->scratch.allocator, &weights, err));
    enum ws_status status = ws_hf_import(&c->model->description, &c->model->layout, &weights.all,
                                         c->gradients_path, c->scratch.allocator, out, err);
    ws_weights_close(&weights);
    return status;
}

static enum ws_status add_gradients(struct comparing *c, struct ws_network *network,
                                    const struct ws_batch *batch, struct ws_error *err)
{
    size_t size = c->model->layout.size;
    float *wanted = WS_ARENA_NEW(&c->scratch, float, size);
    float *seen = WS_ARENA_NEW(&c->scratch, float, size);
    if (!wanted || !seen)
        return no_memory(c, "gradients", err);
    WS_TRY(read_gradients(c, wanted, err));
    float scale = 1 / (float)(c->sequences * (c->length - 1));
    WS_TRY(ws_network_train(network, batch, scale, NULL, NULL, err));
    c->device->ops->read(c->device, seen, ws_network_gradients(network), size * sizeof *seen);
    WS_TRY(c->device->ops->check(c->device, err));
    return add_tensors(c, seen, wanted, err);
}

static enum ws_status compare_with_network(struct comparing *c, struct ws_network *network,
                                           bool has_gradients, struct ws_error *err)
{
    struct ws_batch batch;
    ws_network_write(network, c->model->parameters);
    WS_TRY(batch_of(c, &batch, err));
    WS_TRY(add_logits(c, network, &batch, err));
    WS_TRY(add_loss(c, network, err));
    if (has_gradients)
        return add_gradients(c, network, &batch, err);
    add_absent(c, "gradient", WS_DIFFERENCE_NORM);
    return WS_OK;
}

/* Training ------------------------------------------------------------------------------------- */

static enum ws_status run_trainer(struct ws_trainer *trainer, const float *wanted, size_t steps,
                                  double *out, struct ws_error *err)
{
    double largest = 0;
    for (size_t i = 0; i < steps; i++)
        WS_TRY(ws_trainer_step(trainer, err));
    size_t count = 0;
    const struct ws_train_point *curve = ws_trainer_curve(trainer, &count);
    for (size_t i = 0; i < count; i++)
        keep_larger(&largest, fabs(curve[i].loss / (double)wanted[i] - 1));
    *out = largest;
    return WS_OK;
}

static enum ws_status add_training(struct comparing *c, struct ws_error *err)
{
    const struct ws_tensor_view *view = ws_weights_find(&c->reference, "adamw_losses");
    const uint64_t any[1] = {0};
    const float *wanted = NULL;
    struct ws_trainer *trainer = NULL;
    double difference = 0;
    if (!view) {
        add_absent(c, "adamw_losses", WS_DIFFERENCE_RELATIVE);
        return WS_OK;
    }
    WS_TRY(check_shape(c, view, any, 1, err));
    WS_TRY(read_reals(c, view, &wanted, err));
    const struct ws_train_settings settings = {
        .epochs = view->count,
        .parts = 1,
        .steps = view->count,
        .batch = c->sequences,
        .learning_rate = 1e-3,
        .schedule = WS_SCHEDULE_CONSTANT,
        .beta1 = 0.9,
        .beta2 = 0.95,
        .epsilon = 1e-8,
        .weight_decay = 0.1,
        .decay_on = WS_DECAY_ALL,
        .clip = 1,
        .dropout = 0,
    };
    WS_TRY(ws_trainer_open(&settings, c->device, &c->model->description, c->model->parameters,
                           &c->examples, NULL, (struct ws_rng_key){{0, 0}, 0}, c->scratch.allocator,
                           &trainer, err));
    enum ws_status status = run_trainer(trainer, wanted, (size_t)view->count, &difference, err);
    ws_trainer_close(trainer);
    return add_computed(c, "adamw_losses", WS_DIFFERENCE_RELATIVE, status, difference, 1e-4);
}

/* Decoding ------------------------------------------------------------------------------------- */

/* What is made of the first PROMPT tokens of each sequence: how many differ from `wanted`. */
static enum ws_status generate(struct comparing *c, struct ws_generator *generator,
                               const uint32_t *wanted, size_t columns, double *out,
                               struct ws_error *err)
{
    uint64_t *ends = WS_ARENA_NEW(&c->scratch, uint64_t, c->sequences);
    uint32_t *tokens = WS_ARENA_NEW(&c->scratch, uint32_t, c->sequences * PROMPT);
    if (!ends || !tokens)
        return no_memory(c, "prompts", err);
    for (size_t i = 0; i < c->sequences; i++) {
        ends[i] = (i + 1) * PROMPT;
        memcpy(tokens + i * PROMPT, c->examples.tokens + i * c->length, PROMPT * sizeof *tokens);
    }
    const struct ws_prompts prompts = {c->sequences, ends, tokens};
    size_t batch = (size_t)ws_generator_batch(generator), size = columns - PROMPT, differ = 0;
    for (size_t first = 0; first < c->sequences; first += batch) {
        struct ws_continuations made;
        WS_TRY(ws_generate_batch(generator, &prompts, first, (struct ws_rng_key){{0, 0}, 0},
                                 &c->scratch, &made, err));
        for (size_t i = 0; i < made.count; i++) {
            const uint32_t *row = wanted + (first + i) * columns;
            bool same = memcmp(row, tokens + (first + i) * PROMPT, PROMPT * sizeof *row) == 0 &&
                        made.ends[i] == (i + 1) * size &&
                        memcmp(row + PROMPT, made.tokens + i * size, size * sizeof *row) == 0;
            differ += !same;
        }
    }
    *out = (double)differ;
    return WS_OK;
}

static enum ws_status add_decoding(struct comparing *c, const char *what, uint64_t beams,
                                   struct ws_error *err)
{
    const struct ws_tensor_view *view = ws_weights_find(&c->reference, what);
    const uint64_t shape[2] = {c->sequences, 0};
    const uint32_t *wanted = NULL;
    struct ws_generator *generator = NULL;
    double differ = 0;
    if (!view) {
        add_absent(c, what, WS_DIFFERENCE_COUNT);
        return WS_OK;
    }
    WS_TRY(check_shape(c, view, shape, 2, err));
    size_t columns = (size_t)view->shape[1];
    if (columns <= PROMPT || c->length < PROMPT)
        return ws_fail(err, WS_CORRUPT,
                       "%s: '%s' is %zu tokens long and 'input_ids' %zu, wanted %d and more",
                       c->path, what, columns, c->length, PROMPT);
    WS_TRY(read_tokens(c, view, &wanted, err));
    const struct ws_decoding decoding = {
        .new_tokens = columns - PROMPT,
        .top_p = 1,
        .typical_p = 1,
        .beams = beams,
        .length_penalty = 1,
        .repetition_penalty = 1,
    };
    WS_TRY(ws_generator_open(c->device, c->model, &decoding, PROMPT, c->scratch.allocator,
                             &generator, err));
    enum ws_status status = generate(c, generator, wanted, columns, &differ, err);
    ws_generator_close(generator);
    return add_computed(c, what, WS_DIFFERENCE_COUNT, status, differ, 0);
}

/* All ------------------------------------------------------------------------------------------ */

static const char *beside(const char *path, const char *name, struct ws_arena *arena)
{
    const char *slash = strrchr(path, '/');
    return ws_arena_format(arena, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name);
}

static enum ws_status compare_forward(struct comparing *c, struct ws_error *err)
{
    struct ws_network *network = NULL;
    bool has_gradients = ws_file_exists(c->gradients_path);
    WS_TRY(ws_network_open(c->device, &c->model->description, c->sequences * c->length,
                           has_gradients, c->scratch.allocator, &network, err));
    enum ws_status status = compare_with_network(c, network, has_gradients, err);
    ws_network_close(network);
    return status;
}

static enum ws_status compare_all(struct comparing *c, struct ws_error *err)
{
    struct ws_tensor_source *tensors;
    size_t count;
    WS_TRY(ws_hf_export(&c->model->description, &c->model->layout, c->model->parameters,
                        WS_DTYPE_F32, &c->scratch, &tensors, &count, err));
    c->rows = WS_ARENA_NEW(c->arena, struct ws_comparison, count + ROWS_BESIDE_TENSORS);
    c->gradients_path = beside(c->path, "grads.safetensors", &c->scratch);
    if (!c->rows || !c->gradients_path)
        return no_memory(c, "comparisons", err);
    WS_TRY(read_input(c, err));
    WS_TRY(find_others(c, err));
    WS_TRY(check_compares(c, err));
    WS_TRY(compare_forward(c, err));
    WS_TRY(add_training(c, err));
    WS_TRY(add_decoding(c, "greedy", 1, err));
    return add_decoding(c, "beam5", BEAMS, err);
}

enum ws_status ws_reference_compare(struct ws_device *device, const struct ws_transformer *model,
                                    const char *path, struct ws_arena *arena,
                                    struct ws_comparisons *out, struct ws_error *err)
{
    struct comparing c = {.device = device, .model = model, .path = path, .arena = arena};
    WS_TRY(ws_safetensors_open(path, arena->allocator, &c.reference, err));
    ws_arena_init(&c.scratch, arena->allocator);
    enum ws_status status = compare_all(&c, err);
    ws_arena_release(&c.scratch);
    ws_weights_close(&c.reference);
    if (status == WS_OK)
        *out = (struct ws_comparisons){c.rows, c.count, c.others, c.other_count};
    return status;
}
