/*
 * The contract of models/family.h, run against every family of ws_families with every kind of data
 * that it accepts.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "models/item_likelihood.h"
#include "support/effort.h"
#include "support/failing_heap.h"

enum { CHAINS = 5, ITEMS = 12, TYPES = 7, TOKENS = 30, SAVED_LIMIT = 1 << 24 };

/* A heap that refuses what no honest model of these tests needs. */
static void *capped_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing_heap *heap = user;
    if (new_size > SAVED_LIMIT || atomic_load(&heap->live_bytes) > SAVED_LIMIT)
        return NULL;
    return failing_realloc(user, block, old_size, new_size);
}

/* One family with one kind of data. */
struct subject {
    const struct ws_family_ops *ops;
    enum ws_data_kind kind;
    uint32_t dimension;
    uint32_t types;
    void *settings;
    struct ws_arena arena;
    struct ws_dataset data[CHAINS];
    struct ws_rng_key keys[CHAINS];
};

static struct ws_rng_key key_of(size_t chain)
{
    return ws_rng_key(WS_STREAM_SAMPLING, chain + 1, 77, 0);
}

/* Of those there may be. */
static uint32_t types_seen(const struct ws_payload *payload)
{
    return payload->types < TYPES ? payload->types : TYPES;
}

static void fill_counts(struct ws_payload *payload, struct ws_rng *rng, struct ws_arena *arena)
{
    uint32_t types = types_seen(payload);
    uint32_t *type = WS_ARENA_NEW(arena, uint32_t, TYPES);
    uint64_t *count = WS_ARENA_NEW(arena, uint64_t, TYPES);
    assert_true(type && count);
    for (uint32_t i = 0; i < types; i++) {
        type[i] = i;
        count[i] = 1 + ws_rng_below(rng, 9);
        payload->count += count[i];
    }
    payload->counts.type = type;
    payload->counts.count = count;
    payload->counts.size = types;
}

static void fill_tokens(struct ws_payload *payload, struct ws_rng *rng, struct ws_arena *arena)
{
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, ITEMS * TOKENS);
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, ITEMS);
    assert_true(ids && ends);
    for (uint32_t i = 0; i < ITEMS; i++)
        ends[i] = (i + 1) * TOKENS;
    for (uint32_t i = 0; i < ITEMS * TOKENS; i++)
        ids[i] = (uint32_t)ws_rng_below(rng, 1 + ws_rng_below(rng, TYPES));
    payload->tokens.ids = ids;
    payload->tokens.ends = ends;
}

/* Where the last number of an item is a target, it is a label for those that want one. */
static void fill_vectors(struct subject *subject, struct ws_payload *payload, struct ws_rng *rng)
{
    size_t size = (size_t)ITEMS * subject->dimension;
    double *vectors = WS_ARENA_NEW(&subject->arena, double, size);
    assert_non_null(vectors);
    ws_sample_normals(rng, 0, 1, vectors, size);
    if (subject->ops == &ws_family_logistic)
        for (size_t last = subject->dimension - 1; last < size; last += subject->dimension)
            vectors[last] = vectors[last] > 0;
    payload->vectors = vectors;
}

/* Training data of one chain, different for each. */
static struct ws_dataset training_data(struct subject *subject, size_t chain)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), chain);
    struct ws_payload *payload = WS_ARENA_ZNEW(&subject->arena, struct ws_payload, 1);
    assert_non_null(payload);
    payload->kind = subject->kind;
    payload->count = subject->kind == WS_DATA_COUNTS ? 0 : ITEMS;
    payload->types = subject->types;
    payload->dimension = subject->dimension;
    if (subject->kind == WS_DATA_SYMBOLS) {
        uint32_t *symbols = WS_ARENA_NEW(&subject->arena, uint32_t, ITEMS);
        assert_non_null(symbols);
        for (size_t i = 0; i < ITEMS; i++)
            symbols[i] = (uint32_t)ws_rng_below(&rng, types_seen(payload));
        payload->symbols = symbols;
    } else if (subject->kind == WS_DATA_COUNTS) {
        fill_counts(payload, &rng, &subject->arena);
    } else if (subject->kind == WS_DATA_VECTORS) {
        fill_vectors(subject, payload, &rng);
    } else {
        fill_tokens(payload, &rng, &subject->arena);
    }
    struct ws_dataset data;
    struct ws_origin origin = {.source = WS_SOURCE_ORIGINAL};
    assert_int_equal(ws_dataset_of(payload, origin, &subject->arena, &data, NULL), WS_OK);
    return data;
}

/* Families whose defaults are too much for a test, or ask for more than a chain alone has. */
static const struct {
    const char *family, *name, *value;
} small[] = {
    {"transformer", "layers", "1"},
    {"transformer", "width", "8"},
    {"transformer", "heads", "2"},
    {"transformer", "inner", "8"},
    {"transformer", "context", "30"},
    {"transformer", "batch", "4"},
    {"transformer", "warmup", "2"},
    {"regression", "design", "fresh"},
    {"logistic", "design", "fresh"},
    {"logistic", "ridge", "0.1"},
    {"external", "train", "cp {data} {model}"},
    /* Items of the training set, drawn with replacement. */
    {"external", "sample",
     "awk -v n={items} 'BEGIN { srand({seed}) } { a[NR] = $0 } "
     "END { for (i = 0; i < n; i++) print a[int(rand() * NR) + 1] }' {model} >{out}"},
};

/* What families ask for that cannot do with one number an item or with TYPES types. */
static const struct {
    const char *family;
    uint32_t more_numbers;
    uint32_t types;
} shapes[] = {
    {"regression", 1, 0},
    {"logistic", 1, 0},
    {"bernoulli", 0, 2},
    {"poisson", 0, 1000},
};

static void shape(struct subject *subject)
{
    subject->types = subject->kind == WS_DATA_VECTORS ? 0 : TYPES;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i].family, subject->ops->name) == 0) {
            subject->dimension += shapes[i].more_numbers;
            subject->types = shapes[i].types;
        }
}

static void make_small(struct subject *subject)
{
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        if (strcmp(small[i].family, subject->ops->name) != 0)
            continue;
        const struct ws_option *option = ws_option_find(&subject->ops->options, small[i].name);
        assert_int_equal(
            ws_option_set(option, subject->settings, small[i].value, "test", &subject->arena, NULL),
            WS_OK);
    }
}

static void subject_init(struct subject *subject, const struct ws_family_ops *ops,
                         enum ws_data_kind kind, uint32_t dimension)
{
    *subject = (struct subject){.ops = ops, .kind = kind, .dimension = dimension};
    ws_arena_init(&subject->arena, NULL);
    subject->settings = ws_arena_zalloc(&subject->arena, 1, ops->settings_size);
    assert_non_null(subject->settings);
    assert_int_equal(ws_options_defaults(&ops->options, subject->settings, &subject->arena, NULL),
                     WS_OK);
    make_small(subject);
    shape(subject);
    for (size_t c = 0; c < CHAINS; c++) {
        subject->data[c] = training_data(subject, c);
        subject->keys[c] = key_of(c);
    }
}

/* Runs `test` for every family and every kind of data it accepts; vectors in 1 and 3 dimensions
 * or a few more. */
static void for_each_subject(void (*test)(struct subject *subject))
{
    for (size_t f = 0; f < ws_family_count; f++)
        for (unsigned kind = WS_DATA_SYMBOLS; kind < WS_DATA_KIND_COUNT; kind++)
            for (uint32_t dimension = 1; dimension <= 3; dimension += 2) {
                bool is_vectors = kind == WS_DATA_VECTORS;
                if (!(ws_families[f]->accepts & 1u << kind) || (!is_vectors && dimension > 1))
                    continue;
                struct subject subject;
                subject_init(&subject, ws_families[f], (enum ws_data_kind)kind,
                             is_vectors ? dimension : 0);
                test(&subject);
                ws_arena_release(&subject.arena);
            }
}

static enum ws_status fit_chain(struct subject *subject, size_t chain, struct ws_arena *arena,
                                const struct ws_model **model)
{
    const struct ws_dataset *data = &subject->data[chain];
    return subject->ops->fit(subject->settings, 1, &data, &subject->keys[chain], NULL, arena, model,
                             NULL);
}

static const struct ws_model *fitted(struct subject *subject, size_t chain)
{
    const struct ws_model *model;
    assert_int_equal(fit_chain(subject, chain, &subject->arena, &model), WS_OK);
    return model;
}

static enum ws_status sample_from(const struct ws_model *model, uint64_t count,
                                  struct ws_rng_key key, struct ws_arena *arena,
                                  const struct ws_payload **out)
{
    return model->ops->sample(1, &model, &count, &key, NULL, arena, out, NULL);
}

static struct ws_bytes bytes_of_model(const struct ws_model *model, struct ws_arena *arena)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, SAVED_LIMIT);
    model->ops->save(model, &out);
    assert_int_equal(ws_buffer_check(&out, "a model", NULL), WS_OK);
    const void *copy = ws_arena_copy(arena, out.data, out.size);
    struct ws_bytes bytes = ws_bytes_of(copy, out.size);
    ws_buffer_release(&out);
    assert_non_null(copy);
    return bytes;
}

static struct ws_bytes bytes_of_payload(const struct ws_payload *payload, struct ws_arena *arena)
{
    struct ws_dataset data;
    struct ws_origin origin = {.source = WS_SOURCE_MODEL, .depth = 1, .model = 1};
    assert_int_equal(ws_dataset_of(payload, origin, arena, &data, NULL), WS_OK);
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, SAVED_LIMIT);
    ws_dataset_write(&data, &out);
    assert_int_equal(ws_buffer_check(&out, "a sample", NULL), WS_OK);
    const void *copy = ws_arena_copy(arena, out.data, out.size);
    struct ws_bytes bytes = ws_bytes_of(copy, out.size);
    ws_buffer_release(&out);
    assert_non_null(copy);
    return bytes;
}

static struct ws_bytes bytes_of_sample(const struct ws_model *model, struct ws_rng_key key,
                                       struct ws_arena *arena)
{
    const struct ws_payload *payload;
    assert_int_equal(sample_from(model, ITEMS, key, arena, &payload), WS_OK);
    return bytes_of_payload(payload, arena);
}

static void assert_same(struct ws_bytes a, struct ws_bytes b)
{
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

static bool are_same(struct ws_bytes a, struct ws_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void families__are_found_by_their_names(void **state)
{
    (void)state;
    for (size_t f = 0; f < ws_family_count; f++) {
        assert_ptr_equal(ws_family_find(ws_families[f]->name), ws_families[f]);
        assert_true(strlen(ws_families[f]->summary) > 0 && ws_families[f]->batch > 0);
    }
    assert_null(ws_family_find("gausian"));
}

static void check_takes_what_it_accepts(struct subject *subject)
{
    const struct ws_family_ops *ops = subject->ops;
    struct ws_error err = {0};
    assert_int_equal(ops->check(subject->settings, &subject->data[0], ITEMS, TOKENS, &err), WS_OK);
    for (unsigned kind = WS_DATA_SYMBOLS; kind < WS_DATA_KIND_COUNT; kind++) {
        if (ops->accepts & 1u << kind)
            continue;
        struct ws_dataset other = {.kind = (enum ws_data_kind)kind, .types = 2, .dimension = 1};
        assert_int_equal(ops->check(subject->settings, &other, ITEMS, 0, &err), WS_INVALID);
        assert_non_null(strstr(err.message, ops->name));
    }
}

static void families__take_the_data_they_accept_and_refuse_the_rest(void **state)
{
    (void)state;
    for_each_subject(check_takes_what_it_accepts);
}

static void check_is_deterministic(struct subject *subject)
{
    struct ws_arena *arena = &subject->arena;
    const struct ws_model *once = fitted(subject, 0);
    const struct ws_model *again = fitted(subject, 0);
    assert_same(bytes_of_model(once, arena), bytes_of_model(again, arena));
    assert_same(bytes_of_sample(once, key_of(0), arena), bytes_of_sample(again, key_of(0), arena));
    assert_false(
        are_same(bytes_of_sample(once, key_of(0), arena), bytes_of_sample(once, key_of(1), arena)));
}

static void families__give_the_same_bytes_for_the_same_key_only(void **state)
{
    (void)state;
    for_each_subject(check_is_deterministic);
}

static void check_ignores_neighbours(struct subject *subject)
{
    struct ws_arena *arena = &subject->arena;
    const struct ws_dataset *data[CHAINS];
    const struct ws_model *models[CHAINS];
    const struct ws_payload *samples[CHAINS];
    uint64_t counts[CHAINS];
    for (size_t c = 0; c < CHAINS; c++) {
        data[c] = &subject->data[c];
        counts[c] = ITEMS;
    }
    assert_int_equal(subject->ops->fit(subject->settings, CHAINS, data, subject->keys, NULL, arena,
                                       models, NULL),
                     WS_OK);
    assert_int_equal(
        subject->ops->sample(CHAINS, models, counts, subject->keys, NULL, arena, samples, NULL),
        WS_OK);
    for (size_t c = 0; c < CHAINS; c++) {
        const struct ws_model *alone = fitted(subject, c);
        assert_same(bytes_of_model(models[c], arena), bytes_of_model(alone, arena));
        assert_same(bytes_of_payload(samples[c], arena),
                    bytes_of_sample(alone, subject->keys[c], arena));
    }
}

static void families__give_a_chain_the_same_alone_or_in_a_batch(void **state)
{
    (void)state;
    for_each_subject(check_ignores_neighbours);
}

static void check_loop_closes(struct subject *subject)
{
    const struct ws_model *model = fitted(subject, 0);
    assert_ptr_equal(model->ops, subject->ops);
    assert_ptr_equal(model->settings, subject->settings);
    assert_int_equal(model->training_items, subject->data[0].count);
    for (uint32_t generation = 1; generation <= 4; generation++) {
        struct ws_rng_key key = subject->keys[0];
        key.generation = generation;
        const struct ws_payload *payload;
        assert_int_equal(sample_from(model, 5 * generation, key, &subject->arena, &payload), WS_OK);
        assert_true(subject->ops->accepts & 1u << payload->kind);
        assert_int_equal(payload->count, 5 * generation);
        assert_int_equal(payload->types, subject->data[0].types);
        assert_int_equal(payload->dimension, subject->data[0].dimension);
        struct ws_origin origin = {WS_SOURCE_MODEL, generation, generation};
        assert_int_equal(ws_dataset_of(payload, origin, &subject->arena, &subject->data[0], NULL),
                         WS_OK);
        model = fitted(subject, 0);
        assert_int_equal(model->training_items, 5 * generation);
    }
}

static void families__train_on_their_own_samples(void **state)
{
    (void)state;
    for_each_subject(check_loop_closes);
}

static void check_outlives_its_data(struct subject *subject)
{
    if (subject->ops->borrows) {
        assert_false(subject->ops->keeps_first);
        return;
    }
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    subject->settings = ws_arena_copy(&arena, subject->settings, subject->ops->settings_size);
    assert_non_null(subject->settings);
    const struct ws_model *model;
    assert_int_equal(fit_chain(subject, 0, &arena, &model), WS_OK);
    struct ws_bytes before = bytes_of_model(model, &arena);
    ws_arena_release(&subject->arena); /* and the training data; the sanitizer watches */
    assert_same(bytes_of_model(model, &arena), before);
    ws_arena_release(&arena);
}

static void families__keep_nothing_of_their_training_data_but_what_they_say(void **state)
{
    (void)state;
    for_each_subject(check_outlives_its_data);
}

static void check_loads_what_it_saved(struct subject *subject)
{
    struct ws_arena *arena = &subject->arena;
    const struct ws_model *model = fitted(subject, 0);
    struct ws_bytes saved = bytes_of_model(model, arena);
    const struct ws_model *loaded;
    assert_int_equal(subject->ops->load(subject->settings, saved, arena, &loaded, NULL), WS_OK);
    assert_ptr_equal(loaded->ops, subject->ops);
    assert_ptr_equal(loaded->settings, subject->settings);
    assert_int_equal(loaded->training_items, model->training_items);
    assert_same(bytes_of_model(loaded, arena), saved);
    assert_same(bytes_of_sample(loaded, key_of(9), arena),
                bytes_of_sample(model, key_of(9), arena));
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    subject->ops->describe(loaded, &text);
    assert_true(text.size > 0 && !strchr(text.data, '\n'));
    ws_buffer_release(&text);
}

static void families__sample_the_same_bytes_after_save_and_load(void **state)
{
    (void)state;
    for_each_subject(check_loads_what_it_saved);
}

/* A copy of the exact size, so that the sanitizer sees a read too far, on a heap that refuses
 * what no honest model of this size needs. */
static enum ws_status load_and_use(struct subject *subject, struct ws_bytes bytes)
{
    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {capped_realloc, &heap};
    struct ws_arena arena;
    ws_arena_init(&arena, &allocator);
    uint8_t *copy = malloc(bytes.size + (bytes.size == 0));
    assert_non_null(copy);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    const struct ws_model *model;
    enum ws_status status =
        subject->ops->load(subject->settings, ws_bytes_of(copy, bytes.size), &arena, &model, NULL);
    free(copy);
    if (status == WS_OK && !subject->ops->outside) { /* commands may make anything of it */
        const struct ws_payload *payload;
        enum ws_status sampled = sample_from(model, 2, key_of(0), &arena, &payload);
        assert_true(sampled == WS_OK || sampled == WS_NUMERIC || sampled == WS_NO_MEMORY ||
                    sampled == WS_LIMIT);
    }
    ws_arena_release(&arena);
    assert_true(failing_heap_is_clean(&heap));
    return status;
}

static void check_survives_damage(struct subject *subject)
{
    struct ws_bytes saved = bytes_of_model(fitted(subject, 0), &subject->arena);
    uint8_t *damaged = ws_arena_zalloc(&subject->arena, saved.size + 1, 1);
    assert_non_null(damaged);
    memcpy(damaged, saved.data, saved.size);
    for (size_t size = 0; size < saved.size; size += size < 2000 ? 1 : 5)
        assert_int_equal(load_and_use(subject, ws_bytes_of(damaged, size)), WS_CORRUPT);
    assert_int_equal(load_and_use(subject, ws_bytes_of(damaged, saved.size + 1)), WS_CORRUPT);
    /* Every byte of what is small; of a large model the head and then one in so many, and with
     * little effort a single bit of each behind the head. */
    size_t stride = saved.size > 4000 ? 23 : 1;
    for (size_t i = 0; i < saved.size; i += i < 100 ? 1 : stride) {
        const bool every_bit = i < 200 || effort() > EFFORT_SMALL;
        for (unsigned bit = 0; bit < 8; bit++) {
            if (!every_bit && bit != i % 8)
                continue;
            damaged[i] = (uint8_t)(saved.data[i] ^ 1u << bit);
            enum ws_status status = load_and_use(subject, ws_bytes_of(damaged, saved.size));
            assert_true(status == WS_OK || status == WS_CORRUPT);
            damaged[i] = saved.data[i];
        }
    }
}

static void families__refuse_or_survive_damaged_bytes(void **state)
{
    (void)state;
    for_each_subject(check_survives_damage);
}

static void check_scores_its_training_data(struct subject *subject)
{
    if (!subject->ops->log_density)
        return;
    const struct ws_model *model = fitted(subject, 0);
    struct ws_dataset data = subject->data[0];
    struct ws_dataset twice;
    const struct ws_dataset parts[] = {data, data};
    assert_int_equal(ws_dataset_concat(parts, 2, &subject->arena, &twice, NULL), WS_OK);
    double sum;
    double sum_twice;
    uint64_t terms;
    uint64_t terms_twice;
    assert_int_equal(subject->ops->log_density(model, &data, &subject->arena, &sum, &terms, NULL),
                     WS_OK);
    assert_int_equal(
        subject->ops->log_density(model, &twice, &subject->arena, &sum_twice, &terms_twice, NULL),
        WS_OK);
    assert_true(isfinite(sum));
    assert_int_equal(terms, data.count);
    assert_int_equal(terms_twice, 2 * terms);
    assert_true(fabs(sum_twice - 2 * sum) <= 1e-12 * fabs(sum) * (double)terms);
}

/* One by one they add up to what they are together. */
static void check_each_item_is_likely(struct subject *subject)
{
    const struct ws_model *model = fitted(subject, 0);
    const struct ws_dataset *data = &subject->data[0];
    double *likelihoods = WS_ARENA_NEW(&subject->arena, double, data->count);
    assert_non_null(likelihoods);
    if (!subject->ops->log_density && !subject->ops->score)
        return;
    assert_int_equal(ws_item_likelihoods(model, data, NULL, &subject->arena, likelihoods, NULL),
                     WS_OK);
    double total = 0, sum;
    uint64_t terms;
    for (uint64_t i = 0; i < data->count; i++)
        total += likelihoods[i];
    if (data->kind == WS_DATA_TOKENS) {
        struct ws_item_score scores[ITEMS];
        assert_int_equal(subject->ops->score(model, data, NULL, &subject->arena, scores, NULL),
                         WS_OK);
        for (size_t i = 0; i < ITEMS; i++)
            assert_true(likelihoods[i] == scores[i].log_probability / (double)scores[i].tokens);
        return;
    }
    assert_int_equal(subject->ops->log_density(model, data, &subject->arena, &sum, &terms, NULL),
                     WS_OK);
    assert_true(fabs(total - sum) <= 1e-12 * fabs(sum) * (double)terms);
}

static void families__find_every_item_as_likely_as_all_are_together(void **state)
{
    (void)state;
    for_each_subject(check_each_item_is_likely);
}

/* Mean over a sample of `from` under `model`. */
static double mean_likelihood(struct subject *subject, const struct ws_model *from,
                              const struct ws_model *model)
{
    enum { SAMPLE = 500 };
    const struct ws_payload *payload;
    struct ws_dataset data;
    double likelihoods[SAMPLE], sum = 0;
    assert_int_equal(sample_from(from, SAMPLE, key_of(3), &subject->arena, &payload), WS_OK);
    assert_int_equal(ws_dataset_of(payload, (struct ws_origin){0}, &subject->arena, &data, NULL),
                     WS_OK);
    assert_int_equal(ws_item_likelihoods(model, &data, NULL, &subject->arena, likelihoods, NULL),
                     WS_OK);
    for (size_t i = 0; i < SAMPLE; i++)
        sum += likelihoods[i];
    return sum / SAMPLE;
}

static void check_bias(struct subject *subject)
{
    if (!subject->ops->bias)
        return;
    const struct ws_model *model = fitted(subject, 0), *biased, *strongly;
    assert_int_equal(subject->ops->bias(model, 0.5, &subject->arena, &biased, NULL), WS_OK);
    assert_int_equal(subject->ops->bias(model, 0.1, &subject->arena, &strongly, NULL), WS_OK);
    double own = mean_likelihood(subject, model, model);
    double half = mean_likelihood(subject, biased, model);
    double strong = mean_likelihood(subject, strongly, model);
    assert_true(own < half && half < strong);
}

static void families__biased_make_what_is_likely(void **state)
{
    (void)state;
    for_each_subject(check_bias);
}

static void families__sum_log_densities_over_the_data(void **state)
{
    (void)state;
    for_each_subject(check_scores_its_training_data);
}

static void check_scores_each_item(struct subject *subject)
{
    if (!subject->ops->score)
        return;
    const struct ws_model *model = fitted(subject, 0);
    struct ws_dataset data = subject->data[0];
    struct ws_dataset twice;
    const struct ws_dataset parts[] = {data, data};
    assert_int_equal(ws_dataset_concat(parts, 2, &subject->arena, &twice, NULL), WS_OK);
    struct ws_item_score scores[2 * ITEMS];
    assert_int_equal(data.count, ITEMS);
    assert_int_equal(subject->ops->score(model, &twice, NULL, &subject->arena, scores, NULL),
                     WS_OK);
    for (size_t i = 0; i < ITEMS; i++) {
        const struct ws_item_score *again = &scores[ITEMS + i];
        assert_true(scores[i].tokens > 0 && scores[i].tokens <= TOKENS);
        assert_true(scores[i].log_probability < 0 && isfinite(scores[i].log_probability));
        assert_true(isnan(scores[i].entropy) || scores[i].entropy >= 0);
        assert_int_equal(again->tokens, scores[i].tokens);
        assert_true(again->log_probability == scores[i].log_probability);
        assert_true(again->entropy == scores[i].entropy || isnan(scores[i].entropy));
    }
}

static void families__score_an_item_alike_wherever_it_stands(void **state)
{
    (void)state;
    for_each_subject(check_scores_each_item);
}

/* Everything a family does, with a heap that may fail. */
static enum ws_status do_all(struct subject *subject, struct ws_bytes saved, struct ws_arena *arena)
{
    const struct ws_family_ops *ops = subject->ops;
    const struct ws_model *model;
    const struct ws_payload *payload;
    double sum;
    uint64_t terms;
    WS_TRY(fit_chain(subject, 0, arena, &model));
    WS_TRY(sample_from(model, ITEMS, key_of(0), arena, &payload));
    if (ops->log_density)
        WS_TRY(ops->log_density(model, &subject->data[1], arena, &sum, &terms, NULL));
    struct ws_item_score scores[ITEMS];
    if (ops->score)
        WS_TRY(ops->score(model, &subject->data[1], NULL, arena, scores, NULL));
    const struct ws_model *biased;
    if (ops->bias)
        WS_TRY(ops->bias(model, 0.5, arena, &biased, NULL));
    uint64_t changed;
    if (ops->edit)
        WS_TRY(ops->edit(model, &subject->data[1], 0.1, key_of(0), 0, arena, &payload, &changed,
                         NULL));
    WS_TRY(ops->load(subject->settings, saved, arena, &model, NULL));
    struct ws_buffer out;
    ws_buffer_init(&out, arena->allocator, SAVED_LIMIT);
    ops->save(model, &out);
    ops->describe(model, &out);
    enum ws_status status = ws_buffer_check(&out, "a model", NULL);
    ws_buffer_release(&out);
    return status;
}

static void check_every_allocation_may_fail(struct subject *subject)
{
    struct ws_bytes saved = bytes_of_model(fitted(subject, 0), &subject->arena);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        assert_true(n < 10000);
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        status = do_all(subject, saved, &arena);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        if (status != (heap.failures > 0 ? WS_NO_MEMORY : WS_OK))
            fail_msg("%s: allocation %ld failed, and it ended with %s", subject->ops->name, n,
                     ws_status_phrase(status));
    }
}

static void families__report_every_failed_allocation_and_leak_nothing(void **state)
{
    (void)state;
    for_each_subject(check_every_allocation_may_fail);
}

static void check_costs(struct subject *subject)
{
    struct ws_family_cost cost = {.fit_seconds = -1};
    subject->ops->cost(subject->settings, &subject->data[0], 20, 10, &cost);
    assert_true(cost.fit_seconds > 0 && cost.fit_seconds < 1);
    assert_true(cost.sample_seconds > 0 && cost.sample_seconds < 1);
    assert_true(cost.measure_seconds > 0 && cost.measure_seconds < 1);
    assert_true(cost.item_bytes + cost.model_bytes > 0 && cost.work_bytes >= 0);
}

static void families__say_what_they_cost(void **state)
{
    (void)state;
    for_each_subject(check_costs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families__are_found_by_their_names),
        cmocka_unit_test(families__take_the_data_they_accept_and_refuse_the_rest),
        cmocka_unit_test(families__give_the_same_bytes_for_the_same_key_only),
        cmocka_unit_test(families__give_a_chain_the_same_alone_or_in_a_batch),
        cmocka_unit_test(families__train_on_their_own_samples),
        cmocka_unit_test(families__keep_nothing_of_their_training_data_but_what_they_say),
        cmocka_unit_test(families__sample_the_same_bytes_after_save_and_load),
        cmocka_unit_test(families__refuse_or_survive_damaged_bytes),
        cmocka_unit_test(families__find_every_item_as_likely_as_all_are_together),
        cmocka_unit_test(families__biased_make_what_is_likely),
        cmocka_unit_test(families__sum_log_densities_over_the_data),
        cmocka_unit_test(families__score_an_item_alike_wherever_it_stands),
        cmocka_unit_test(families__report_every_failed_allocation_and_leak_nothing),
        cmocka_unit_test(families__say_what_they_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
