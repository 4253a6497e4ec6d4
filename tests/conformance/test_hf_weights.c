/*
 * Contract of models/nn/transformer/hugging_face.h: whole directories, those of
 * tests/golden/models, which `transformers` 5.17 wrote, and those that are saved here.
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "data/tokenizer.h"
#include "support/failing_heap.h"
#include "support/hf_configs.h"

static const char *const models[] = {"opt-tiny", "gpt2-tiny", "llama-tiny", "neox-tiny"};
enum { MODEL_COUNT = sizeof models / sizeof *models };

static const char *golden(const char *model, struct ws_arena *arena)
{
    const char *path = ws_arena_format(arena, "%s/tests/golden/models/%s", WS_SOURCE_DIR, model);
    assert_non_null(path);
    return path;
}

static struct ws_transformer open_model(const char *directory, struct ws_arena *arena)
{
    struct ws_transformer model;
    struct ws_error err = {.message = ""};
    if (ws_hf_open(directory, arena, &model, &err) != WS_OK)
        fail_msg("%s", err.message);
    return model;
}

static const char *make_directory(struct ws_arena *arena)
{
    char *path = ws_arena_format(arena, "%s/ws-hugging-face-XXXXXX",
                                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    return path;
}

static void remove_directory(const char *path, struct ws_arena *arena)
{
    struct ws_names names;
    assert_int_equal(ws_directory_list(path, arena, &names, NULL), WS_OK);
    for (size_t i = 0; i < names.count; i++)
        (void)unlink(ws_arena_format(arena, "%s/%s", path, names.items[i]));
    assert_int_equal(rmdir(path), 0);
}

/* A model as a list of tensors that a test changes before it is written. */
enum { TENSORS_MOST = 64 };
struct stored_model {
    struct ws_arena arena;
    struct ws_transformer model;
    struct ws_tensor_source tensors[TENSORS_MOST];
    size_t count;
    const char *directory;
};

static void setup_stored(struct stored_model *stored, const char *name)
{
    ws_arena_init(&stored->arena, NULL);
    stored->model = open_model(golden(name, &stored->arena), &stored->arena);
    stored->directory = make_directory(&stored->arena);
    struct ws_tensor_source *tensors;
    assert_int_equal(ws_hf_export(&stored->model.description, &stored->model.layout,
                                  stored->model.parameters, WS_DTYPE_F32, &stored->arena, &tensors,
                                  &stored->count, NULL),
                     WS_OK);
    assert_true(stored->count < TENSORS_MOST);
    memcpy(stored->tensors, tensors, stored->count * sizeof *tensors);
    assert_int_equal(
        ws_hf_save(&stored->model, WS_DTYPE_F32, stored->directory, &stored->arena, NULL), WS_OK);
}

static void release_stored(struct stored_model *stored)
{
    remove_directory(stored->directory, &stored->arena);
    ws_arena_release(&stored->arena);
}

static struct ws_tensor_source *find_source(struct stored_model *stored, const char *name)
{
    for (size_t i = 0; i < stored->count; i++)
        if (strcmp(stored->tensors[i].name, name) == 0)
            return &stored->tensors[i];
    fail_msg("no tensor '%s'", name);
    return NULL;
}

static void add_source(struct stored_model *stored, const char *name, size_t rank,
                       const uint64_t *shape, const float *values)
{
    stored->tensors[stored->count++] =
        (struct ws_tensor_source){name, WS_DTYPE_F32, rank, shape, values};
}

static void write_tensors(struct stored_model *stored, uint64_t shard_limit)
{
    assert_int_equal(
        ws_weights_save(stored->directory, stored->tensors, stored->count, shard_limit, NULL, NULL),
        WS_OK);
}

static void require_opens_the_same(struct stored_model *stored)
{
    struct ws_transformer again = open_model(stored->directory, &stored->arena);
    require_same(&again.description, &stored->model.description);
    assert_memory_equal(again.parameters, stored->model.parameters,
                        stored->model.layout.size * sizeof(float));
}

static void require_not_opened(struct stored_model *stored, enum ws_status wanted, const char *part)
{
    struct ws_transformer model;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_hf_open(stored->directory, &stored->arena, &model, &err);
    if (status != wanted || !strstr(err.message, part))
        fail_msg("status %d: '%s', wanted status %d: '%s'", (int)status, err.message, (int)wanted,
                 part);
}

/* The stored tensor of that name, whatever GPT-NeoX's output layer is called there. */
static const struct ws_tensor_view *find_golden(const struct ws_weights *weights, const char *name)
{
    const struct ws_tensor_view *view = ws_weights_find(weights, name);
    return view || strcmp(name, "embed_out.weight") != 0
               ? view
               : ws_weights_find(weights, "lm_head.weight");
}

static void require_golden(const char *name)
{
    struct ws_arena arena;
    struct ws_weights weights;
    struct ws_tensor_source *tensors;
    size_t count;
    ws_arena_init(&arena, NULL);
    const char *directory = golden(name, &arena);
    struct ws_transformer model = open_model(directory, &arena);
    assert_int_equal(ws_weights_open(directory, NULL, &weights, NULL), WS_OK);
    assert_int_equal(ws_hf_export(&model.description, &model.layout, model.parameters, WS_DTYPE_F32,
                                  &arena, &tensors, &count, NULL),
                     WS_OK);
    assert_int_equal(count, weights.all.count);
    for (size_t i = 0; i < count; i++) {
        const struct ws_tensor_view *view = find_golden(&weights, tensors[i].name);
        if (!view)
            fail_msg("no '%s'", tensors[i].name);
        assert_int_equal(tensors[i].rank, view->rank);
        assert_memory_equal(tensors[i].shape, view->shape, view->rank * sizeof *view->shape);
        assert_memory_equal(tensors[i].values, view->data, view->count * sizeof(float));
    }
    ws_weights_close(&weights);
    ws_arena_release(&arena);
}

static void hugging_face__gives_back_the_tensors_of_transformers(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODEL_COUNT; i++)
        require_golden(models[i]);
}

static void hugging_face__opens_what_it_saved(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        struct stored_model stored;
        setup_stored(&stored, models[i]);
        require_opens_the_same(&stored);
        assert_true(ws_file_exists(
            ws_arena_format(&stored.arena, "%s/generation_config.json", stored.directory)));
        release_stored(&stored);
    }
}

static void write_file(struct stored_model *stored, const char *name, struct ws_bytes bytes)
{
    const char *path = ws_arena_format(&stored->arena, "%s/%s", stored->directory, name);
    assert_int_equal(ws_file_replace(path, bytes, NULL), WS_OK);
}

/* A tokenizer beside the model, and what it makes of a text. */
static void add_tokenizer(struct stored_model *stored)
{
    static const char text[] = "It isn't 1,234 , said\n\n she .<|endoftext|>  Caf\u00e9s?";
    const struct ws_tokenizer *tokenizer;
    struct ws_buffer ids, list;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    ws_buffer_init(&list, NULL, SIZE_MAX);
    assert_int_equal(ws_tokenizer_open(WS_SOURCE_DIR "/tests/golden/tokenizer/tokenizer-dev.json",
                                       &stored->arena, &tokenizer, NULL),
                     WS_OK);
    assert_int_equal(ws_tokenizer_save(tokenizer, stored->directory, NULL), WS_OK);
    assert_int_equal(ws_tokenizer_encode(tokenizer, ws_bytes_of_text(text), 0, &ids, NULL), WS_OK);
    const uint32_t *id = (const uint32_t *)(const void *)ids.data;
    json_t *json = json_array();
    for (size_t i = 0; i < ids.size / sizeof *id; i++)
        assert_int_equal(json_array_append_new(json, json_integer(id[i])), 0);
    ws_json_append(json, &list);
    json_decref(json);
    write_file(stored, "text", ws_bytes_of_text(text));
    write_file(stored, "ids", ws_buffer_bytes(&list));
    ws_buffer_release(&list);
    ws_buffer_release(&ids);
}

/* Python's exit status. The script says what it found. */
static int load_in_transformers(struct stored_model *stored, const char *model)
{
    const char *command =
        ws_arena_format(&stored->arena,
                        "python3 '%s/tests/conformance/load_in_transformers.py' '%s' "
                        "'%s/tests/golden/models/%s/reference.safetensors' '%s/text' '%s/ids'",
                        WS_SOURCE_DIR, stored->directory, WS_SOURCE_DIR, model, stored->directory,
                        stored->directory);
    assert_non_null(command);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void hugging_face__saves_what_transformers_loads(void **state)
{
    (void)state;
    enum { NO_COMMAND = 127, NO_MODULE = 77 };
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        struct stored_model stored;
        setup_stored(&stored, models[i]);
        add_tokenizer(&stored);
        int status = load_in_transformers(&stored, models[i]);
        release_stored(&stored);
        if (status == NO_COMMAND || status == NO_MODULE) {
            print_message("skipped: there is no transformers for Python here\n");
            skip();
        }
        assert_int_equal(status, 0);
    }
}

/* Models with whatever the golden ones have not. */
static void hugging_face__opens_what_it_saved_of_other_descriptions(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "{\"model_type\": \"gpt2\", \"vocab_size\": 40, \"n_positions\": 9, \"n_embd\": 6,"
        " \"n_head\": 3, \"n_layer\": 2, \"n_inner\": 7, \"tie_word_embeddings\": false}",
        "{\"model_type\": \"opt\", \"vocab_size\": 40, \"max_position_embeddings\": 9,"
        " \"hidden_size\": 6, \"num_attention_heads\": 3, \"num_hidden_layers\": 2,"
        " \"ffn_dim\": 7, \"enable_bias\": false, \"tie_word_embeddings\": false}",
        "{\"model_type\": \"llama\", \"vocab_size\": 40, \"hidden_size\": 12,"
        " \"num_attention_heads\": 6, \"num_key_value_heads\": 3, \"head_dim\": 4,"
        " \"num_hidden_layers\": 11, \"intermediate_size\": 5, \"attention_bias\": true,"
        " \"mlp_bias\": true, \"tie_word_embeddings\": true}",
        "{\"model_type\": \"gpt_neox\", \"vocab_size\": 40, \"hidden_size\": 12,"
        " \"num_attention_heads\": 3, \"num_hidden_layers\": 2, \"intermediate_size\": 5,"
        " \"attention_bias\": false, \"tie_word_embeddings\": true, \"rotary_pct\": 0.5}",
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct stored_model stored;
        ws_arena_init(&stored.arena, NULL);
        stored.model.description = parse_config(configs[i]);
        ws_layout_of(&stored.model.description, &stored.model.layout);
        float *parameters = WS_ARENA_NEW(&stored.arena, float, stored.model.layout.size);
        ws_transformer_init(&stored.model.description, &stored.model.layout,
                            ws_rng_key(WS_STREAM_INIT, 1, 0, 0), parameters);
        stored.model.parameters = parameters;
        stored.directory = make_directory(&stored.arena);
        assert_int_equal(
            ws_hf_save(&stored.model, WS_DTYPE_F32, stored.directory, &stored.arena, NULL), WS_OK);
        require_opens_the_same(&stored);
        release_stored(&stored);
    }
}

static void hugging_face__reads_names_without_the_prefix(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"model.", "transformer.", "model.", "gpt_neox."};
    for (size_t m = 0; m < MODEL_COUNT; m++) {
        struct stored_model stored;
        setup_stored(&stored, models[m]);
        for (size_t i = 0; i < stored.count; i++)
            if (strncmp(stored.tensors[i].name, prefixes[m], strlen(prefixes[m])) == 0)
                stored.tensors[i].name += strlen(prefixes[m]);
        write_tensors(&stored, UINT64_MAX);
        require_opens_the_same(&stored);
        release_stored(&stored);
    }
}

static void hugging_face__reads_shards(void **state)
{
    (void)state;
    struct stored_model stored;
    setup_stored(&stored, "gpt2-tiny");
    write_tensors(&stored, 100000);
    assert_false(
        ws_file_exists(ws_arena_format(&stored.arena, "%s/model.safetensors", stored.directory)));
    require_opens_the_same(&stored);
    release_stored(&stored);
}

static void hugging_face__reads_and_writes_16_bit_weights(void **state)
{
    (void)state;
    const struct {
        enum ws_dtype dtype;
        float error; /* relative */
    } types[] = {{WS_DTYPE_F16, 0x1p-11F}, {WS_DTYPE_BF16, 0x1p-8F}};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        struct stored_model stored;
        setup_stored(&stored, "llama-tiny");
        assert_int_equal(
            ws_hf_save(&stored.model, types[t].dtype, stored.directory, &stored.arena, NULL),
            WS_OK);
        struct ws_transformer again = open_model(stored.directory, &stored.arena);
        size_t changed = 0;
        for (size_t i = 0; i < again.layout.size; i++) {
            float a = again.parameters[i], b = stored.model.parameters[i];
            assert_true(fabsf(a - b) <= types[t].error * fabsf(b) + 0x1p-25F);
            changed += a != b;
        }
        assert_true(changed > again.layout.parameters / 2);

        /* What 16 bits can hold is kept. */
        assert_int_equal(ws_hf_save(&again, types[t].dtype, stored.directory, &stored.arena, NULL),
                         WS_OK);
        stored.model = again;
        require_opens_the_same(&stored);
        release_stored(&stored);
    }
}

/* With one weight of the last layer changed. */
static enum ws_status save_with(struct stored_model *stored, enum ws_dtype dtype, float value,
                                struct ws_error *err)
{
    const struct ws_layout *layout = &stored->model.layout;
    float *parameters =
        ws_arena_copy(&stored->arena, stored->model.parameters, layout->size * sizeof(float));
    assert_non_null(parameters);
    ws_layout_find(layout, parameters, WS_TENSOR_DOWN, 1)[7] = value;
    struct ws_transformer model = stored->model;
    model.parameters = parameters;
    return ws_hf_save(&model, dtype, stored->directory, &stored->arena, err);
}

static void hugging_face__refuses_what_16_bits_cannot_hold(void **state)
{
    (void)state;
    struct stored_model stored;
    struct ws_error err;
    setup_stored(&stored, "llama-tiny");
    assert_int_equal(save_with(&stored, WS_DTYPE_F16, -65520, &err), WS_LIMIT);
    assert_string_equal(err.message, "tensor 'model.layers.1.mlp.down_proj.weight' holds -65520, "
                                     "too large for F16");
    assert_int_equal(save_with(&stored, WS_DTYPE_BF16, 0x1.FFp127F, &err), WS_LIMIT);
    assert_non_null(strstr(err.message, "holds 3.39618e+38, too large for BF16"));
    require_opens_the_same(&stored); /* nothing was written */
    assert_int_equal(save_with(&stored, WS_DTYPE_F16, nextafterf(65520, 0), NULL), WS_OK);
    assert_int_equal(save_with(&stored, WS_DTYPE_BF16, nextafterf(0x1.FFp127F, 0), NULL), WS_OK);
    assert_int_equal(save_with(&stored, WS_DTYPE_F32, 0x1.FFp127F, NULL), WS_OK);
    assert_int_equal(save_with(&stored, WS_DTYPE_F16, -INFINITY, NULL), WS_OK);
    release_stored(&stored);
}

static void hugging_face__passes_over_known_buffers(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        const char *buffer;
    } buffers[] = {
        {"opt-tiny", "model.decoder.version"},
        {"gpt2-tiny", "transformer.h.1.attn.bias"},
        {"gpt2-tiny", "transformer.h.0.attn.masked_bias"},
        {"llama-tiny", "model.layers.0.self_attn.rotary_emb.inv_freq"},
        {"neox-tiny", "gpt_neox.layers.1.attention.bias"},
        {"neox-tiny", "gpt_neox.layers.1.attention.masked_bias"},
        {"neox-tiny", "gpt_neox.layers.1.attention.rotary_emb.inv_freq"},
    };
    static const float values[4] = {1, 2, 3, 4};
    static const uint64_t shape[1] = {4};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        struct stored_model stored;
        setup_stored(&stored, buffers[i].model);
        add_source(&stored, buffers[i].buffer, 1, shape, values);
        write_tensors(&stored, UINT64_MAX);
        require_opens_the_same(&stored);
        release_stored(&stored);
    }
}

static void hugging_face__refuses_unknown_tensors(void **state)
{
    (void)state;
    static const char *const names[] = {
        "transformer.h.2.attn.bias", /* there are two layers, 0 and 1 */
        "transformer.h.01.attn.bias",
        "transformer.h..attn.bias",
        "transformer.h.1.attn.c_attn.weights",
        "transformer.h.1.crossattention.bias",
        "score.weight",
        "h.1.attn.bias",
        "transformer.h.99999999999999999999.attn.bias"};
    static const float values[1] = {1};
    static const uint64_t shape[1] = {1};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stored_model stored;
        setup_stored(&stored, "gpt2-tiny");
        add_source(&stored, names[i], 1, shape, values);
        write_tensors(&stored, UINT64_MAX);
        require_not_opened(&stored, WS_CORRUPT, names[i]);
        release_stored(&stored);
    }
}

static void hugging_face__refuses_a_bias_that_the_config_has_not(void **state)
{
    (void)state;
    static const float values[64] = {1};
    static const uint64_t shape[1] = {64};
    struct stored_model stored;
    setup_stored(&stored, "llama-tiny");
    add_source(&stored, "model.layers.0.self_attn.q_proj.bias", 1, shape, values);
    write_tensors(&stored, UINT64_MAX);
    require_not_opened(&stored, WS_CORRUPT, "'model.layers.0.self_attn.q_proj.bias' is not one");
    release_stored(&stored);
}

static void hugging_face__names_a_missing_tensor(void **state)
{
    (void)state;
    struct stored_model stored;
    setup_stored(&stored, "neox-tiny");
    struct ws_tensor_source *gone =
        find_source(&stored, "gpt_neox.layers.1.mlp.dense_4h_to_h.bias");
    *gone = stored.tensors[--stored.count];
    write_tensors(&stored, UINT64_MAX);
    require_not_opened(&stored, WS_CORRUPT,
                       "'gpt_neox.layers.1.mlp.dense_4h_to_h.bias' is missing");
    release_stored(&stored);
}

static void hugging_face__names_a_wrong_shape(void **state)
{
    (void)state;
    static const uint64_t turned[2] = {192, 64}, flat[1] = {64 * 192};
    struct stored_model stored;
    setup_stored(&stored, "gpt2-tiny");
    find_source(&stored, "transformer.h.0.attn.c_attn.weight")->shape = turned;
    write_tensors(&stored, UINT64_MAX);
    require_not_opened(&stored, WS_CORRUPT,
                       "'transformer.h.0.attn.c_attn.weight' has the shape (192, 64), wanted (64, "
                       "192)");
    find_source(&stored, "transformer.h.0.attn.c_attn.weight")->shape = flat;
    find_source(&stored, "transformer.h.0.attn.c_attn.weight")->rank = 1;
    write_tensors(&stored, UINT64_MAX);
    require_not_opened(&stored, WS_CORRUPT, "has the shape (12288), wanted (64, 192)");
    release_stored(&stored);
}

static void hugging_face__takes_a_tied_output_layer_that_is_the_table(void **state)
{
    (void)state;
    struct stored_model stored;
    setup_stored(&stored, "gpt2-tiny");
    struct ws_tensor_source *table = find_source(&stored, "transformer.wte.weight");
    add_source(&stored, "lm_head.weight", 2, table->shape, table->values);
    write_tensors(&stored, UINT64_MAX);
    require_opens_the_same(&stored);

    float *other = ws_arena_copy(&stored.arena, table->values, 512 * 64 * sizeof(float));
    assert_non_null(other);
    other[1000] += 1;
    stored.tensors[stored.count - 1].values = other;
    write_tensors(&stored, UINT64_MAX);
    require_not_opened(&stored, WS_CORRUPT, "'lm_head.weight' is not the token table");
    release_stored(&stored);
}

static void hugging_face__refuses_an_output_layer_of_two_names(void **state)
{
    (void)state;
    struct stored_model stored;
    setup_stored(&stored, "neox-tiny");
    struct ws_tensor_source *head = find_source(&stored, "embed_out.weight");
    add_source(&stored, "lm_head.weight", 2, head->shape, head->values);
    write_tensors(&stored, UINT64_MAX);
    require_not_opened(&stored, WS_CORRUPT, "output layer twice");
    release_stored(&stored);
}

static void hugging_face__names_what_a_directory_lacks(void **state)
{
    (void)state;
    struct stored_model stored;
    setup_stored(&stored, "opt-tiny");
    assert_int_equal(
        unlink(ws_arena_format(&stored.arena, "%s/model.safetensors", stored.directory)), 0);
    require_not_opened(&stored, WS_NOT_FOUND, "model.safetensors");
    assert_int_equal(unlink(ws_arena_format(&stored.arena, "%s/config.json", stored.directory)), 0);
    require_not_opened(&stored, WS_NOT_FOUND, "config.json");
    release_stored(&stored);
}

/* A machine that has one megabyte in a piece and no more. */
static void *small_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    return new_size > 1 << 20 ? NULL : failing_realloc(user, block, old_size, new_size);
}

static void hugging_face__says_how_much_memory_it_needs(void **state)
{
    (void)state;
    struct stored_model stored;
    setup_stored(&stored, "gpt2-tiny");
    struct ws_description d = stored.model.description;
    d.inner = 1 << 20;
    struct ws_layout layout;
    ws_layout_of(&d, &layout);
    struct ws_buffer config;
    write_config(&d, &config);
    const char *path = ws_arena_format(&stored.arena, "%s/config.json", stored.directory);
    assert_int_equal(ws_file_replace(path, ws_buffer_bytes(&config), NULL), WS_OK);

    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {small_realloc, &heap};
    struct ws_arena arena;
    struct ws_transformer model;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, &allocator);
    assert_int_equal(ws_hf_open(stored.directory, &arena, &model, &err), WS_NO_MEMORY);
    const char *wanted =
        ws_arena_format(&stored.arena, "parameters need %zu bytes", layout.size * sizeof(float));
    assert_non_null(strstr(err.message, wanted));
    ws_arena_release(&arena);
    assert_true(failing_heap_is_clean(&heap));
    ws_buffer_release(&config);
    release_stored(&stored);
}

static void hugging_face__survives_every_allocation_that_fails(void **state)
{
    (void)state;
    struct ws_arena paths;
    ws_arena_init(&paths, NULL);
    const char *from = golden("gpt2-tiny", &paths), *to = make_directory(&paths);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_transformer model;
        ws_arena_init(&arena, &allocator);
        status = ws_hf_open(from, &arena, &model, NULL);
        if (status == WS_OK)
            status = ws_hf_save(&model, WS_DTYPE_F32, to, &arena, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        assert_true(status == WS_NO_MEMORY || n > 0);
    }
    assert_int_equal(status, WS_OK);
    remove_directory(to, &paths);
    ws_arena_release(&paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hugging_face__gives_back_the_tensors_of_transformers),
        cmocka_unit_test(hugging_face__opens_what_it_saved),
        cmocka_unit_test(hugging_face__saves_what_transformers_loads),
        cmocka_unit_test(hugging_face__opens_what_it_saved_of_other_descriptions),
        cmocka_unit_test(hugging_face__reads_names_without_the_prefix),
        cmocka_unit_test(hugging_face__reads_shards),
        cmocka_unit_test(hugging_face__reads_and_writes_16_bit_weights),
        cmocka_unit_test(hugging_face__refuses_what_16_bits_cannot_hold),
        cmocka_unit_test(hugging_face__passes_over_known_buffers),
        cmocka_unit_test(hugging_face__refuses_unknown_tensors),
        cmocka_unit_test(hugging_face__refuses_a_bias_that_the_config_has_not),
        cmocka_unit_test(hugging_face__names_a_missing_tensor),
        cmocka_unit_test(hugging_face__names_a_wrong_shape),
        cmocka_unit_test(hugging_face__takes_a_tied_output_layer_that_is_the_table),
        cmocka_unit_test(hugging_face__refuses_an_output_layer_of_two_names),
        cmocka_unit_test(hugging_face__names_what_a_directory_lacks),
        cmocka_unit_test(hugging_face__says_how_much_memory_it_needs),
        cmocka_unit_test(hugging_face__survives_every_allocation_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
