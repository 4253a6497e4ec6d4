/*
 * config.json: a description in the words of `transformers`, and back.
 *
 * Sources: the configuration classes of transformers 4.46 to 5.17 (configuration_opt.py,
 * configuration_gpt2.py, configuration_llama.py, configuration_gpt_neox.py,
 * configuration_utils.py), and the config.json of published models.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "models/nn/transformer/hugging_face.h"

static const struct {
    const char *type;
    const char *model; /* the class in `architectures` */
} architectures[] = {
    [WS_ARCHITECTURE_OPT] = {"opt", "OPTForCausalLM"},
    [WS_ARCHITECTURE_GPT2] = {"gpt2", "GPT2LMHeadModel"},
    [WS_ARCHITECTURE_LLAMA] = {"llama", "LlamaForCausalLM"},
    [WS_ARCHITECTURE_NEOX] = {"gpt_neox", "GPTNeoXForCausalLM"},
};
enum { ARCHITECTURE_COUNT = sizeof architectures / sizeof *architectures };

/* The first name of each is the one that is written. */
static const struct {
    const char *name;
    enum ws_activation activation;
} activations[] = {
    {"relu", WS_ACTIVATION_RELU},
    {"gelu", WS_ACTIVATION_GELU},
    {"gelu_python", WS_ACTIVATION_GELU},
    {"gelu_new", WS_ACTIVATION_GELU_TANH},
    {"gelu_pytorch_tanh", WS_ACTIVATION_GELU_TANH},
    {"gelu_python_tanh", WS_ACTIVATION_GELU_TANH},
    {"gelu_fast", WS_ACTIVATION_GELU_TANH},
    {"gelu_accurate", WS_ACTIVATION_GELU_TANH},
    {"silu", WS_ACTIVATION_SILU},
    {"swish", WS_ACTIVATION_SILU},
};
enum { ACTIVATION_COUNT = sizeof activations / sizeof *activations };

/* Settings that are not followed, and the values of theirs that change nothing. */
enum harmless {
    ANY,       /* whatever it says: it changes neither what a model computes nor what it learns */
    OFF,       /* false, 0, null or empty */
    NONE,      /* null: 0 would be a token */
    ON,        /* true */
    IS,        /* `number`, or null */
    OFF_OR_IS, /* either */
    CONTEXT,   /* the context's length, or null */
};

/* clang-format off */
static const struct {
    const char *key;
    enum harmless when;
    double number;
} others[] = {
    /* What the file is, and where it comes from. */
    {"model_type", ANY, 0}, {"architectures", ANY, 0}, {"transformers_version", ANY, 0},
    {"_name_or_path", ANY, 0}, {"name_or_path", ANY, 0}, {"_commit_hash", ANY, 0},
    {"torch_dtype", ANY, 0}, {"dtype", ANY, 0}, {"is_llama_config", ANY, 0},
    {"transformers.js_config", ANY, 0}, {"unsloth_version", ANY, 0}, {"unsloth_fixed", ANY, 0},
    /* How `transformers` computes or returns the same thing. `pretraining_tp` slices matrices,
     * `reorder_and_upcast_attn` raises 16-bit weights to the 32 bits that are used here anyway. */
    {"use_cache", ANY, 0}, {"return_dict", ANY, 0}, {"use_return_dict", ANY, 0},
    {"output_hidden_states", ANY, 0}, {"output_attentions", ANY, 0}, {"output_scores", ANY, 0},
    {"return_dict_in_generate", ANY, 0}, {"use_bfloat16", ANY, 0},
    {"chunk_size_feed_forward", ANY, 0}, {"pretraining_tp", ANY, 0},
    {"gradient_checkpointing", ANY, 0}, {"tf_legacy_loss", ANY, 0}, {"output_past", ANY, 0},
    {"reorder_and_upcast_attn", ANY, 0}, {"is_decoder", ANY, 0}, {"attn_implementation", ANY, 0},
    {"_attn_implementation", ANY, 0}, {"_attn_implementation_autoset", ANY, 0},
    {"_flash_attn_2_enabled", ANY, 0},
    /* Other tasks, and heads that are not the language model's. */
    {"id2label", ANY, 0}, {"label2id", ANY, 0}, {"num_labels", ANY, 0}, {"_num_labels", ANY, 0},
    {"problem_type", ANY, 0}, {"task_specific_params", ANY, 0}, {"finetuning_task", ANY, 0},
    {"classifier_dropout", ANY, 0}, {"summary_type", ANY, 0}, {"summary_use_proj", ANY, 0},
    {"summary_activation", ANY, 0}, {"summary_proj_to_labels", ANY, 0},
    {"summary_first_dropout", ANY, 0},
    /* The tokenizer's, and of models with an encoder. `predict_special_tokens` is about tokens that
     * `n_special` would add. */
    {"tokenizer_class", ANY, 0}, {"prefix", ANY, 0}, {"sep_token_id", ANY, 0},
    {"unk_token_id", ANY, 0}, {"cls_token_id", ANY, 0}, {"mask_token_id", ANY, 0},
    {"decoder_start_token_id", ANY, 0}, {"predict_special_tokens", ANY, 0},
    /* Generation: a command says how long a text may be, so a config's word on that is passed over.
     * A law of the tokens other than the model's own would be another generation. */
    {"max_length", ANY, 0}, {"max_new_tokens", ANY, 0}, {"min_length", OFF, 0},
    {"min_new_tokens", OFF, 0}, {"num_return_sequences", IS, 1},
    {"early_stopping", OFF, 0}, {"num_beams", IS, 1}, {"num_beam_groups", IS, 1},
    {"diversity_penalty", OFF, 0}, {"length_penalty", IS, 1}, {"repetition_penalty", IS, 1},
    {"no_repeat_ngram_size", OFF, 0}, {"encoder_no_repeat_ngram_size", OFF, 0},
    {"bad_words_ids", OFF, 0}, {"forced_bos_token_id", NONE, 0},
    {"forced_eos_token_id", NONE, 0}, {"remove_invalid_values", OFF, 0},
    {"exponential_decay_length_penalty", OFF, 0}, {"suppress_tokens", OFF, 0},
    {"begin_suppress_tokens", OFF, 0},
    /* Old releases wrote the library's defaults into every config, a `top_k` of 50 among them, which
     * has no effect unless `do_sample` is true. */
    {"do_sample", OFF, 0}, {"temperature", IS, 1}, {"top_k", OFF_OR_IS, 50}, {"top_p", IS, 1},
    {"min_p", OFF, 0}, {"typical_p", IS, 1},
    /* How it is trained: a clone of the token table is not tied to it. */
    {"neftune_noise_alpha", OFF, 0}, {"torchscript", OFF, 0},
    /* What another model would be. The first llamas have `max_sequence_length` beside
     * `max_position_embeddings` or instead of it, GPT-2 has `n_ctx` beside `n_positions`. */
    {"n_ctx", CONTEXT, 0}, {"max_sequence_length", CONTEXT, 0}, {"n_special", OFF, 0},
    {"is_encoder_decoder", OFF, 0}, {"add_cross_attention", OFF, 0},
    {"tie_encoder_decoder", OFF, 0}, {"cross_attention_hidden_size", OFF, 0},
    {"pruned_heads", OFF, 0}, {"quantization_config", OFF, 0}, {"per_layer_config", OFF, 0},
    {"sliding_window", OFF, 0}, {"use_sliding_window", OFF, 0}, {"rope_interleaved", OFF, 0},
    {"layerdrop", OFF, 0}, {"activation_dropout", OFF, 0},
    {"attention_probs_dropout_prob", OFF, 0}, {"hidden_dropout_prob", OFF, 0},
    {"_remove_final_layer_norm", OFF, 0}, {"scale_embeddings", OFF, 0},
    {"scale_attn_by_inverse_layer_idx", OFF, 0},
    {"scale_attn_weights", ON, 0}, {"do_layer_norm_before", ON, 0},
    {"layer_norm_elementwise_affine", ON, 0}, {"learned_embeddings", ON, 0},
};
/* clang-format on */
enum { OTHER_COUNT = sizeof others / sizeof *others };

/* Reading -------------------------------------------------------------------------------------- */

enum { FOLLOWED_MOST = 40 };

/* An object, and which of its members somebody asked for. It remembers its first failure. */
struct reader {
    const json_t *object;
    const char *name;
    const char *path; /* of a nested object: "rope_scaling.", else "" */
    enum ws_status status;
    struct ws_error *err;
    const char *followed[FOLLOWED_MOST];
    size_t followed_count;
};

static void refuse(struct reader *r, enum ws_status status, const char *key, const json_t *value,
                   const char *wanted)
{
    if (r->status != WS_OK)
        return;
    char shown[96];
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1 << 16);
    ws_json_append(value, &text);
    (void)snprintf(shown, sizeof shown, "%.80s",
                   text.status == WS_OK ? ws_buffer_string(&text) : "too long to show");
    ws_buffer_release(&text);
    r->status =
        ws_fail(r->err, status, "%s: '%s%.80s' is %s, %s", r->name, r->path, key, shown, wanted);
}

static const json_t *find(struct reader *r, const char *key)
{
    assert(r->followed_count < FOLLOWED_MOST);
    r->followed[r->followed_count++] = key;
    return json_object_get(r->object, key);
}

static bool same_value(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

/* Settings that have had two names: whichever is there; both must agree. `alias` may be NULL. */
static const json_t *find_either(struct reader *r, const char *key, const char *alias)
{
    const json_t *value = find(r, key);
    const json_t *other = alias ? find(r, alias) : NULL;
    if (value && other && !same_value(value, other) && r->status == WS_OK)
        r->status = ws_fail(r->err, WS_CORRUPT, "%s: '%s%s' and '%s%s' differ, which mean the same",
                            r->name, r->path, key, r->path, alias);
    return value ? value : other;
}

static uint32_t read_whole(struct reader *r, const char *key, const char *alias, uint32_t initial)
{
    const json_t *value = find_either(r, key, alias);
    if (!value)
        return initial;
    json_int_t whole = json_integer_value(value);
    if (json_is_integer(value) && whole >= 0 && whole < (json_int_t)UINT32_MAX)
        return (uint32_t)whole;
    refuse(r, WS_CORRUPT, key, value, "wanted a whole number of at least 0 and below 2^32 - 1");
    return initial;
}

/* null is as good as missing. */
static uint32_t read_whole_or_null(struct reader *r, const char *key, uint32_t initial)
{
    if (json_is_null(find(r, key)))
        return initial;
    return read_whole(r, key, NULL, initial);
}

static double read_real(struct reader *r, const char *key, const char *alias, double initial)
{
    const json_t *value = find_either(r, key, alias);
    if (!value)
        return initial;
    if (json_is_number(value))
        return json_number_value(value);
    refuse(r, WS_CORRUPT, key, value, "wanted a number");
    return initial;
}

static bool read_flag(struct reader *r, const char *key, bool initial)
{
    const json_t *value = find(r, key);
    if (!value)
        return initial;
    if (json_is_boolean(value))
        return json_is_true(value);
    refuse(r, WS_CORRUPT, key, value, "wanted true or false");
    return initial;
}

static enum ws_activation read_activation(struct reader *r, const char *key, const char *initial)
{
    const json_t *value = find(r, key);
    const char *name = value ? json_string_value(value) : initial;
    for (size_t i = 0; name && i < ACTIVATION_COUNT; i++)
        if (strcmp(name, activations[i].name) == 0)
            return activations[i].activation;
    refuse(r, WS_UNSUPPORTED, key, value,
           "which is not supported; wanted 'relu', 'gelu', 'gelu_new', 'silu' or a synonym");
    return WS_ACTIVATION_RELU;
}

/* A default that the vocabulary does not have is no token: small models leave it out. */
static uint32_t read_token(struct reader *r, const char *key, uint32_t vocabulary, uint32_t initial)
{
    const json_t *value = find(r, key);
    if (!value)
        return initial < vocabulary ? initial : WS_NO_TOKEN;
    if (json_array_size(value) == 1)
        value = json_array_get(value, 0);
    if (json_is_null(value) || (json_is_integer(value) && json_integer_value(value) == -1))
        return WS_NO_TOKEN;
    json_int_t id = json_integer_value(value);
    if (json_is_integer(value) && id >= 0 && id < (json_int_t)vocabulary)
        return (uint32_t)id;
    if (json_is_array(value))
        refuse(r, WS_UNSUPPORTED, key, value, "which is not supported; wanted one token");
    else
        refuse(r, WS_CORRUPT, key, value, "wanted the id of a token in the vocabulary, or null");
    return WS_NO_TOKEN;
}

/* false, 0, null, "", [] or {} */
static bool is_off(const json_t *value)
{
    return json_is_false(value) || json_is_null(value) ||
           (json_is_number(value) && json_number_value(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

static bool is_followed(const struct reader *r, const char *key)
{
    for (size_t i = 0; i < r->followed_count; i++)
        if (strcmp(r->followed[i], key) == 0)
            return true;
    return false;
}

/* What a value had to be, or NULL when it changes nothing. */
static const char *wanted_instead(enum harmless when, double number, const json_t *value,
                                  uint32_t context, char text[48])
{
    double seen = json_is_number(value) ? json_number_value(value) : NAN;
    switch (when) {
    case ANY:
        return NULL;
    case OFF:
        return is_off(value) ? NULL : "false, 0, null or empty";
    case NONE:
        return json_is_null(value) ? NULL : "null";
    case ON:
        return json_is_true(value) ? NULL : "true";
    case OFF_OR_IS:
        (void)snprintf(text, 48, "%g, 0 or null", number);
        return is_off(value) || seen == number ? NULL : text;
    case CONTEXT:
        (void)snprintf(text, 48, "the context's length, %" PRIu32, context);
        return json_is_null(value) || seen == (double)context ? NULL : text;
    case IS:
        break;
    }
    (void)snprintf(text, 48, "%g or null", number);
    return json_is_null(value) || seen == number ? NULL : text;
}

static void refuse_unknown(struct reader *r, const char *key, const json_t *value)
{
    refuse(r, WS_UNSUPPORTED, key, value,
           "a setting that is not known here and may change the model");
}

static void check_other(struct reader *r, const char *key, const json_t *value, uint32_t context)
{
    for (size_t i = 0; i < OTHER_COUNT; i++) {
        if (strcmp(others[i].key, key) != 0)
            continue;
        char text[48], why[96];
        const char *wanted = wanted_instead(others[i].when, others[i].number, value, context, text);
        if (!wanted)
            return;
        (void)snprintf(why, sizeof why, "which is not supported; wanted %s", wanted);
        refuse(r, WS_UNSUPPORTED, key, value, why);
        return;
    }
    refuse_unknown(r, key, value);
}

static void check_others(struct reader *r, uint32_t context)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)r->object, key, value)
    {
        if (!is_followed(r, key))
            check_other(r, key, value, context);
    }
}

/* What is harmless beside everything else is unknown inside of a nested object. */
static void refuse_others(struct reader *inner)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)inner->object, key, value)
    {
        if (!is_followed(inner, key))
            refuse_unknown(inner, key, value);
    }
}

/* Rotary positions: base and the turning share of a head. Version 4 has them beside everything
 * else, under names of the architecture's own, and version 5 in `rope_parameters`, which
 * `rope_scaling` became. Later releases of version 4 write both. */
struct rope {
    double base;
    double share;
    char base_name[48]; /* of the setting that said so; empty: none did */
    char share_name[48];
};

/* Takes a setting that may have been said before, elsewhere: then both must agree. */
static void read_rope_number(struct reader *r, const char *key, const char *alias, double *number,
                             char name[48])
{
    bool is_first = json_object_get(r->object, key);
    if (!is_first && !(alias && json_object_get(r->object, alias)))
        return;
    double before = *number;
    const char *said_as = is_first ? key : alias;
    *number = read_real(r, key, alias, before);
    if (name[0] != '\0' && *number != before && r->status == WS_OK)
        r->status =
            ws_fail(r->err, WS_CORRUPT, "%s: '%s' is %g and '%s%s' is %g, which mean the same",
                    r->name, name, before, r->path, said_as, *number);
    (void)snprintf(name, 48, "%s%s", r->path, said_as);
}

static void read_rope_object(struct reader *r, const char *key, struct rope *rope)
{
    const json_t *object = find(r, key);
    if (!object || json_is_null(object))
        return;
    if (!json_is_object(object)) {
        refuse(r, WS_CORRUPT, key, object, "wanted an object or null");
        return;
    }
    char path[32];
    (void)snprintf(path, sizeof path, "%s.", key);
    struct reader inner = {.object = object, .name = r->name, .path = path, .err = r->err};
    inner.status = r->status;
    const json_t *type = find_either(&inner, "rope_type", "type");
    if (type && !(json_is_string(type) && strcmp(json_string_value(type), "default") == 0))
        refuse(&inner, WS_UNSUPPORTED, json_object_get(object, "rope_type") ? "rope_type" : "type",
               type, "which is not supported; wanted 'default'");
    read_rope_number(&inner, "rope_theta", NULL, &rope->base, rope->base_name);
    read_rope_number(&inner, "partial_rotary_factor", NULL, &rope->share, rope->share_name);
    refuse_others(&inner);
    r->status = inner.status;
}

static struct rope read_rope(struct reader *r, const char *base_key, const char *share_key,
                             double share)
{
    struct rope rope = {.base = 10000, .share = share};
    read_rope_number(r, "rope_theta", base_key, &rope.base, rope.base_name);
    read_rope_number(r, "partial_rotary_factor", share_key, &rope.share, rope.share_name);
    read_rope_object(r, "rope_parameters", &rope);
    read_rope_object(r, "rope_scaling", &rope);
    if (!(rope.share >= 0 && rope.share <= 1) && r->status == WS_OK)
        r->status = ws_fail(r->err, WS_CORRUPT,
                            "%s: the rotary share of a head is %g, wanted a number from 0 to 1",
                            r->name, rope.share);
    return rope;
}

/* As int(head_size * share) in Python. */
static uint32_t rotated_of(uint32_t head_size, double share)
{
    return share >= 0 && share <= 1 ? (uint32_t)((double)head_size * share) : 0;
}

static uint32_t head_size_of(struct reader *r, const struct ws_description *d)
{
    if (d->heads > 0 && d->width % d->heads == 0)
        return d->width / d->heads;
    if (r->status == WS_OK)
        r->status = ws_fail(r->err, WS_CORRUPT,
                            "%s: %" PRIu32 " channels cannot be shared among %" PRIu32 " heads",
                            r->name, d->width, d->heads);
    return 0;
}

static void read_tokens(struct reader *r, struct ws_description *d, uint32_t bos, uint32_t eos,
                        uint32_t pad)
{
    d->bos = read_token(r, "bos_token_id", d->vocabulary, bos);
    d->eos = read_token(r, "eos_token_id", d->vocabulary, eos);
    d->pad = read_token(r, "pad_token_id", d->vocabulary, pad);
}

static void read_opt(struct reader *r, struct ws_description *d)
{
    d->vocabulary = read_whole(r, "vocab_size", NULL, 50272);
    d->context = read_whole(r, "max_position_embeddings", NULL, 2048);
    d->width = read_whole(r, "hidden_size", NULL, 768);
    d->layers = read_whole(r, "num_hidden_layers", NULL, 12);
    d->heads = d->kv_heads = read_whole(r, "num_attention_heads", NULL, 12);
    d->head_size = head_size_of(r, d);
    d->inner = read_whole(r, "ffn_dim", NULL, 3072);
    d->norm_epsilon = 1e-5F; /* PyTorch's own: OPT has no setting for it */
    d->activation = read_activation(r, "activation_function", "relu");
    d->learned_positions = true;
    d->position_offset = 2;
    d->qkv_bias = d->out_bias = d->feed_bias = read_flag(r, "enable_bias", true);
    d->tied = read_flag(r, "tie_word_embeddings", true);
    d->residual_dropout = (float)read_real(r, "dropout", NULL, 0.1);
    d->attention_dropout = (float)read_real(r, "attention_dropout", NULL, 0);
    d->initial_deviation = (float)read_real(r, "init_std", NULL, 0.02);
    read_tokens(r, d, 2, 2, 1);
    if (read_whole_or_null(r, "word_embed_proj_dim", d->width) != d->width)
        refuse(r, WS_UNSUPPORTED, "word_embed_proj_dim", find(r, "word_embed_proj_dim"),
               "which is not supported; wanted hidden_size");
}

static void read_gpt2(struct reader *r, struct ws_description *d)
{
    d->vocabulary = read_whole(r, "vocab_size", NULL, 50257);
    d->context = read_whole(r, "n_positions", "max_position_embeddings", 1024);
    d->width = read_whole(r, "n_embd", "hidden_size", 768);
    d->layers = read_whole(r, "n_layer", "num_hidden_layers", 12);
    d->heads = d->kv_heads = read_whole(r, "n_head", "num_attention_heads", 12);
    d->head_size = head_size_of(r, d);
    uint32_t inner = d->width <= UINT32_MAX / 4 ? 4 * d->width : UINT32_MAX;
    d->inner = read_whole_or_null(r, "n_inner", inner);
    d->norm_epsilon = (float)read_real(r, "layer_norm_epsilon", NULL, 1e-5);
    d->activation = read_activation(r, "activation_function", "gelu_new");
    d->learned_positions = true;
    d->qkv_bias = d->out_bias = d->feed_bias = true;
    d->tied = read_flag(r, "tie_word_embeddings", true);
    d->embedding_dropout = (float)read_real(r, "embd_pdrop", NULL, 0.1);
    d->residual_dropout = (float)read_real(r, "resid_pdrop", NULL, 0.1);
    d->attention_dropout = (float)read_real(r, "attn_pdrop", NULL, 0.1);
    d->initial_deviation = (float)read_real(r, "initializer_range", NULL, 0.02);
    read_tokens(r, d, 50256, 50256, WS_NO_TOKEN);
}

static void read_llama(struct reader *r, struct ws_description *d)
{
    d->vocabulary = read_whole(r, "vocab_size", NULL, 32000);
    d->context = read_whole(r, "max_position_embeddings", NULL, 2048);
    d->width = read_whole(r, "hidden_size", NULL, 4096);
    d->layers = read_whole(r, "num_hidden_layers", NULL, 32);
    d->heads = read_whole(r, "num_attention_heads", NULL, 32);
    d->kv_heads = read_whole_or_null(r, "num_key_value_heads", d->heads);
    d->head_size = read_whole_or_null(r, "head_dim", head_size_of(r, d));
    d->inner = read_whole(r, "intermediate_size", NULL, 11008);
    d->norm = WS_NORM_RMS;
    d->norm_epsilon = (float)read_real(r, "rms_norm_eps", NULL, 1e-6);
    d->activation = read_activation(r, "hidden_act", "silu");
    d->gated = true;
    struct rope rope = read_rope(r, NULL, NULL, 1);
    d->rotated = rotated_of(d->head_size, rope.share);
    d->rotary_base = (float)rope.base;
    d->qkv_bias = d->out_bias = read_flag(r, "attention_bias", false);
    d->feed_bias = read_flag(r, "mlp_bias", false);
    d->tied = read_flag(r, "tie_word_embeddings", false);
    d->attention_dropout = (float)read_real(r, "attention_dropout", NULL, 0);
    d->initial_deviation = (float)read_real(r, "initializer_range", NULL, 0.02);
    read_tokens(r, d, 1, 2, WS_NO_TOKEN);
    if (rope.share != 1 && r->status == WS_OK) /* the model class turns whole heads */
        r->status = ws_fail(r->err, WS_UNSUPPORTED,
                            "%s: 'partial_rotary_factor' is %g, which a llama cannot have; wanted "
                            "1",
                            r->name, rope.share);
}

static void read_neox(struct reader *r, struct ws_description *d)
{
    d->vocabulary = read_whole(r, "vocab_size", NULL, 50432);
    d->context = read_whole(r, "max_position_embeddings", NULL, 2048);
    d->width = read_whole(r, "hidden_size", NULL, 6144);
    d->layers = read_whole(r, "num_hidden_layers", NULL, 44);
    d->heads = d->kv_heads = read_whole(r, "num_attention_heads", NULL, 64);
    d->head_size = head_size_of(r, d);
    d->inner = read_whole(r, "intermediate_size", NULL, 24576);
    d->norm_epsilon = (float)read_real(r, "layer_norm_eps", NULL, 1e-5);
    d->activation = read_activation(r, "hidden_act", "gelu");
    struct rope rope = read_rope(r, "rotary_emb_base", "rotary_pct", 0.25);
    d->rotated = rotated_of(d->head_size, rope.share);
    d->rotary_base = (float)rope.base;
    d->parallel_residual = read_flag(r, "use_parallel_residual", true);
    d->qkv_bias = d->out_bias = read_flag(r, "attention_bias", true);
    d->feed_bias = true;
    d->tied = read_flag(r, "tie_word_embeddings", false);
    d->embedding_dropout = d->residual_dropout = (float)read_real(r, "hidden_dropout", NULL, 0);
    d->attention_dropout = (float)read_real(r, "attention_dropout", NULL, 0);
    d->initial_deviation = (float)read_real(r, "initializer_range", NULL, 0.02);
    read_tokens(r, d, 0, 2, WS_NO_TOKEN);
}

static enum ws_status find_architecture(const json_t *object, const char *name,
                                        enum ws_architecture *out, struct ws_error *err)
{
    const char *type = NULL;
    WS_TRY(ws_json_read_text(object, "model_type", name, &type, err));
    for (size_t i = 0; i < ARCHITECTURE_COUNT; i++) {
        if (strcmp(type, architectures[i].type) == 0) {
            *out = (enum ws_architecture)i;
            return WS_OK;
        }
    }
    return ws_fail(err, WS_UNSUPPORTED,
                   "%s: 'model_type' is '%.80s', which is not supported; wanted 'opt', 'gpt2', "
                   "'llama' or 'gpt_neox'",
                   name, type);
}

static enum ws_status read_config(const json_t *object, const char *name,
                                  struct ws_description *out, struct ws_error *err)
{
    static void (*const readers[])(struct reader *, struct ws_description *) = {
        [WS_ARCHITECTURE_OPT] = read_opt,
        [WS_ARCHITECTURE_GPT2] = read_gpt2,
        [WS_ARCHITECTURE_LLAMA] = read_llama,
        [WS_ARCHITECTURE_NEOX] = read_neox,
    };
    struct ws_description d = {.norm = WS_NORM_LAYER};
    if (!json_is_object(object))
        return ws_fail(err, WS_CORRUPT, "%s: holds no object", name);
    WS_TRY(find_architecture(object, name, &d.architecture, err));
    struct reader reader = {.object = object, .name = name, .path = "", .err = err};
    readers[d.architecture](&reader, &d);
    check_others(&reader, d.context);
    WS_TRY(reader.status);
    struct ws_error inner;
    enum ws_status status = ws_description_check(&d, &inner);
    if (status != WS_OK) /* sizes that do not fit together are the file's fault, not a caller's */
        return ws_fail(err, status == WS_INVALID ? WS_CORRUPT : status, "%s: %s", name,
                       inner.message);
    *out = d;
    return WS_OK;
}

enum ws_status ws_hf_config_parse(struct ws_bytes json, const char *name,
                                  struct ws_description *out, struct ws_error *err)
{
    json_t *object = NULL;
    WS_TRY(ws_json_parse(json, name, &object, err));
    enum ws_status status = read_config(object, name, out, err);
    json_decref(object);
    return status;
}

/* Writing -------------------------------------------------------------------------------------- */

/* The shortest decimal that is this float: 0.02 and not 0.0199999996. */
static double short_real(float value)
{
    char text[WS_REAL_TEXT_SIZE];
    double real = (double)value;
    for (int digits = 6; digits <= 9; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (ws_real_parse(text, &real) && (float)real == value)
            break;
    }
    return real;
}

static json_t *token_json(uint32_t token)
{
    return token == WS_NO_TOKEN ? json_null() : json_integer(token);
}

static const char *activation_name(enum ws_activation activation)
{
    for (size_t i = 0; i < ACTIVATION_COUNT; i++)
        if (activations[i].activation == activation)
            return activations[i].name;
    return "";
}

static const char *dtype_name(enum ws_dtype dtype)
{
    return dtype == WS_DTYPE_F16 ? "float16" : dtype == WS_DTYPE_BF16 ? "bfloat16" : "float32";
}

/* What rotated_of makes the very number of. */
static double rotary_share(const struct ws_description *d)
{
    double share = (double)d->rotated / (double)d->head_size;
    return rotated_of(d->head_size, share) == d->rotated ? share : nextafter(share, 1);
}

static json_t *opt_json(const struct ws_description *d)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:b, s:f, s:f, s:f, s:f, s:b, s:b, "
        "s:b, s:I}",
        "vocab_size", (json_int_t)d->vocabulary, "max_position_embeddings", (json_int_t)d->context,
        "hidden_size", (json_int_t)d->width, "num_hidden_layers", (json_int_t)d->layers,
        "num_attention_heads", (json_int_t)d->heads, "ffn_dim", (json_int_t)d->inner,
        "activation_function", activation_name(d->activation), "enable_bias", d->qkv_bias,
        "tie_word_embeddings", d->tied, "dropout", short_real(d->residual_dropout),
        "attention_dropout", short_real(d->attention_dropout), "layerdrop", 0.0, "init_std",
        short_real(d->initial_deviation), "do_layer_norm_before", 1, "_remove_final_layer_norm", 0,
        "layer_norm_elementwise_affine", 1, "word_embed_proj_dim", (json_int_t)d->width);
}

static json_t *gpt2_json(const struct ws_description *d)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:s, s:b, s:f, s:f, s:f, s:f, s:b, s:b}", "vocab_size",
        (json_int_t)d->vocabulary, "n_positions", (json_int_t)d->context, "n_embd",
        (json_int_t)d->width, "n_layer", (json_int_t)d->layers, "n_head", (json_int_t)d->heads,
        "n_inner", (json_int_t)d->inner, "layer_norm_epsilon", short_real(d->norm_epsilon),
        "activation_function", activation_name(d->activation), "tie_word_embeddings", d->tied,
        "embd_pdrop", short_real(d->embedding_dropout), "resid_pdrop",
        short_real(d->residual_dropout), "attn_pdrop", short_real(d->attention_dropout),
        "initializer_range", short_real(d->initial_deviation), "scale_attn_weights", 1,
        "scale_attn_by_inverse_layer_idx", 0);
}

static json_t *llama_json(const struct ws_description *d)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:s, s:f, s:n, s:b, s:b, s:b, "
        "s:f, s:f}",
        "vocab_size", (json_int_t)d->vocabulary, "max_position_embeddings", (json_int_t)d->context,
        "hidden_size", (json_int_t)d->width, "num_hidden_layers", (json_int_t)d->layers,
        "num_attention_heads", (json_int_t)d->heads, "num_key_value_heads", (json_int_t)d->kv_heads,
        "head_dim", (json_int_t)d->head_size, "intermediate_size", (json_int_t)d->inner,
        "rms_norm_eps", short_real(d->norm_epsilon), "hidden_act", activation_name(d->activation),
        "rope_theta", short_real(d->rotary_base), "rope_scaling", "attention_bias", d->qkv_bias,
        "mlp_bias", d->feed_bias, "tie_word_embeddings", d->tied, "attention_dropout",
        short_real(d->attention_dropout), "initializer_range", short_real(d->initial_deviation));
}

static json_t *neox_json(const struct ws_description *d)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:s, s:f, s:f, s:n, s:b, s:b, s:b, s:f, "
        "s:f, s:f}",
        "vocab_size", (json_int_t)d->vocabulary, "max_position_embeddings", (json_int_t)d->context,
        "hidden_size", (json_int_t)d->width, "num_hidden_layers", (json_int_t)d->layers,
        "num_attention_heads", (json_int_t)d->heads, "intermediate_size", (json_int_t)d->inner,
        "layer_norm_eps", short_real(d->norm_epsilon), "hidden_act", activation_name(d->activation),
        "rotary_emb_base", short_real(d->rotary_base), "rotary_pct", rotary_share(d),
        "rope_scaling", "use_parallel_residual", d->parallel_residual, "attention_bias",
        d->qkv_bias, "tie_word_embeddings", d->tied, "hidden_dropout",
        short_real(d->residual_dropout), "attention_dropout", short_real(d->attention_dropout),
        "initializer_range", short_real(d->initial_deviation));
}

/* Version 4's words, which version 5 reads as well. */
static json_t *config_json(const struct ws_description *d, enum ws_dtype dtype)
{
    static json_t *(*const writers[])(const struct ws_description *) = {
        [WS_ARCHITECTURE_OPT] = opt_json,
        [WS_ARCHITECTURE_GPT2] = gpt2_json,
        [WS_ARCHITECTURE_LLAMA] = llama_json,
        [WS_ARCHITECTURE_NEOX] = neox_json,
    };
    json_t *json = json_pack("{s:[s], s:s, s:s, s:b, s:o, s:o, s:o}", "architectures",
                             architectures[d->architecture].model, "model_type",
                             architectures[d->architecture].type, "torch_dtype", dtype_name(dtype),
                             "use_cache", 1, "bos_token_id", token_json(d->bos), "eos_token_id",
                             token_json(d->eos), "pad_token_id", token_json(d->pad));
    if (json_object_update_new(json, writers[d->architecture](d)) == 0)
        return json;
    json_decref(json);
    return NULL;
}

/* clang-format off */
#define DESCRIPTION_PARTS(X)                                                                  \
    X(vocabulary) X(context) X(width) X(layers) X(heads) X(kv_heads) X(head_size) X(inner)    \
    X(norm) X(norm_epsilon) X(activation) X(gated) X(learned_positions) X(position_offset)    \
    X(rotated) X(rotary_base) X(parallel_residual) X(qkv_bias) X(out_bias) X(feed_bias)       \
    X(tied) X(embedding_dropout) X(residual_dropout) X(attention_dropout)                     \
    X(initial_deviation) X(bos) X(eos) X(pad)
/* clang-format on */

static enum ws_status check_written(struct ws_bytes text, const struct ws_description *d,
                                    struct ws_error *err)
{
    struct ws_description read;
    WS_TRY(ws_hf_config_parse(text, "config.json", &read, err));
#define X(part)                                                                                    \
    if (read.part != d->part)                                                                      \
        return ws_fail(err, WS_UNSUPPORTED,                                                        \
                       "a transformer's '" #part "' is %g, but the config.json of '%s' can only "  \
                       "say %g",                                                                   \
                       (double)d->part, architectures[d->architecture].type, (double)read.part);
    DESCRIPTION_PARTS(X)
#undef X
    return WS_OK;
}

enum ws_status ws_hf_config_write(const struct ws_description *d, enum ws_dtype dtype,
                                  struct ws_buffer *out, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, out->allocator, WS_JSON_LIMIT);
    json_t *json = config_json(d, dtype);
    ws_json_append_short(json, &text);
    json_decref(json);
    ws_buffer_text(&text, "\n");
    enum ws_status status = ws_buffer_check(&text, "config.json", err);
    if (status == WS_OK)
        status = check_written(ws_buffer_bytes(&text), d, err);
    if (status == WS_OK)
        ws_buffer_append(out, text.data, text.size);
    ws_buffer_release(&text);
    return status;
}
