/*
 * Contract of models/nn/transformer/hugging_face.h: configs of published models in both spellings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/architectures.h"
#include "support/hf_configs.h"

static const char opt_125m_config[] =
    "{\"_name_or_path\": \"facebook/opt-125m\", \"activation_dropout\": 0.0,"
    " \"activation_function\": \"relu\", \"architectures\": [\"OPTForCausalLM\"],"
    " \"attention_dropout\": 0.0, \"bos_token_id\": 2, \"do_layer_norm_before\": true,"
    " \"dropout\": 0.1, \"eos_token_id\": 2, \"ffn_dim\": 3072, \"hidden_size\": 768,"
    " \"init_std\": 0.02, \"layerdrop\": 0.0, \"max_position_embeddings\": 2048,"
    " \"model_type\": \"opt\", \"num_attention_heads\": 12, \"num_hidden_layers\": 12,"
    " \"pad_token_id\": 1, \"prefix\": \"</s>\", \"torch_dtype\": \"float16\","
    " \"transformers_version\": \"4.21.0.dev0\", \"use_cache\": true, \"vocab_size\": 50272,"
    " \"word_embed_proj_dim\": 768}";

static const char gpt2_small_config[] =
    "{\"activation_function\": \"gelu_new\", \"architectures\": [\"GPT2LMHeadModel\"],"
    " \"attn_pdrop\": 0.1, \"bos_token_id\": 50256, \"embd_pdrop\": 0.1, \"eos_token_id\": 50256,"
    " \"initializer_range\": 0.02, \"layer_norm_epsilon\": 1e-05, \"model_type\": \"gpt2\","
    " \"n_ctx\": 1024, \"n_embd\": 768, \"n_head\": 12, \"n_layer\": 12, \"n_positions\": 1024,"
    " \"n_special\": 0, \"output_past\": true, \"predict_special_tokens\": true,"
    " \"resid_pdrop\": 0.1, \"summary_activation\": null, \"summary_first_dropout\": 0.1,"
    " \"summary_proj_to_labels\": true, \"summary_type\": \"cls_index\","
    " \"summary_use_proj\": true, \"task_specific_params\": {\"text-generation\":"
    " {\"do_sample\": true, \"max_length\": 50}}, \"vocab_size\": 50257}";

/* The form of releases before 2.11, which wrote the library's defaults out. */
static const char gpt2_with_defaults[] =
    "{\"activation_function\": \"gelu_new\", \"architectures\": [\"GPT2LMHeadModel\"],"
    " \"attn_pdrop\": 0.1, \"bad_words_ids\": null, \"bos_token_id\": 50256, \"do_sample\": false,"
    " \"early_stopping\": false, \"embd_pdrop\": 0.1, \"eos_token_id\": 50256,"
    " \"finetuning_task\": null, \"initializer_range\": 0.02, \"is_decoder\": false,"
    " \"is_encoder_decoder\": false, \"layer_norm_epsilon\": 1e-05, \"length_penalty\": 1.0,"
    " \"max_length\": 20, \"min_length\": 0, \"model_type\": \"gpt2\", \"n_ctx\": 1024,"
    " \"n_embd\": 768, \"n_head\": 12, \"n_layer\": 12, \"n_positions\": 1024,"
    " \"no_repeat_ngram_size\": 0, \"num_beams\": 1, \"num_labels\": 1,"
    " \"num_return_sequences\": 1, \"output_attentions\": false, \"output_past\": true,"
    " \"pruned_heads\": {}, \"repetition_penalty\": 1.0, \"resid_pdrop\": 0.1,"
    " \"temperature\": 1.0, \"top_k\": 50, \"top_p\": 1.0, \"torchscript\": false,"
    " \"use_bfloat16\": false, \"vocab_size\": 50257}";

/* What config.to_dict() of version 4 adds. */
static const char llama_with_defaults[] =
    "{\"model_type\": \"llama\", \"begin_suppress_tokens\": null, \"diversity_penalty\": 0.0,"
    " \"encoder_no_repeat_ngram_size\": 0, \"exponential_decay_length_penalty\": null,"
    " \"forced_bos_token_id\": null, \"forced_eos_token_id\": null, \"num_beam_groups\": 1,"
    " \"remove_invalid_values\": false, \"suppress_tokens\": null, \"tf_legacy_loss\": false,"
    " \"top_k\": 50, \"typical_p\": 1.0, \"neftune_noise_alpha\": null, \"prefix\": null,"
    " \"max_sequence_length\": 2048, \"min_p\": null, \"max_length\": 4096}";

static const char smollm2_135m_config[] =
    "{\"architectures\": [\"LlamaForCausalLM\"], \"attention_bias\": false,"
    " \"attention_dropout\": 0.0, \"bos_token_id\": 0, \"eos_token_id\": 0,"
    " \"hidden_act\": \"silu\", \"hidden_size\": 576, \"initializer_range\": 0.041666666666666664,"
    " \"intermediate_size\": 1536, \"is_llama_config\": true, \"max_position_embeddings\": 8192,"
    " \"model_type\": \"llama\", \"num_attention_heads\": 9, \"num_hidden_layers\": 30,"
    " \"num_key_value_heads\": 3, \"pretraining_tp\": 1, \"rms_norm_eps\": 1e-05,"
    " \"rope_interleaved\": false, \"rope_scaling\": null, \"rope_theta\": 100000,"
    " \"tie_word_embeddings\": true, \"torch_dtype\": \"bfloat16\","
    " \"transformers.js_config\": {\"kv_cache_dtype\": {\"q4f16\": \"float16\"}},"
    " \"transformers_version\": \"4.40.1\", \"use_cache\": true, \"vocab_size\": 49152}";

static const char llama2_7b[] =
    "{\"_name_or_path\": \"meta-llama/Llama-2-7b-hf\", \"architectures\": [\"LlamaForCausalLM\"],"
    " \"bos_token_id\": 1, \"eos_token_id\": 2, \"hidden_act\": \"silu\", \"hidden_size\": 4096,"
    " \"initializer_range\": 0.02, \"intermediate_size\": 11008,"
    " \"max_position_embeddings\": 4096, \"model_type\": \"llama\", \"num_attention_heads\": 32,"
    " \"num_hidden_layers\": 32, \"num_key_value_heads\": 32, \"pretraining_tp\": 1,"
    " \"rms_norm_eps\": 1e-05, \"rope_scaling\": null, \"tie_word_embeddings\": false,"
    " \"torch_dtype\": \"float16\", \"transformers_version\": \"4.31.0.dev0\","
    " \"use_cache\": true, \"vocab_size\": 32000}";

static const char pythia_70m_config[] =
    "{\"architectures\": [\"GPTNeoXForCausalLM\"], \"bos_token_id\": 0, \"eos_token_id\": 0,"
    " \"hidden_act\": \"gelu\", \"hidden_size\": 512, \"initializer_range\": 0.02,"
    " \"intermediate_size\": 2048, \"layer_norm_eps\": 1e-05, \"max_position_embeddings\": 2048,"
    " \"model_type\": \"gpt_neox\", \"num_attention_heads\": 8, \"num_hidden_layers\": 6,"
    " \"rotary_emb_base\": 10000, \"rotary_pct\": 0.25, \"tie_word_embeddings\": false,"
    " \"torch_dtype\": \"float16\", \"transformers_version\": \"4.24.0\", \"use_cache\": true,"
    " \"use_parallel_residual\": true, \"vocab_size\": 50304}";

static void require_refused(const char *json, enum ws_status wanted, const char *part)
{
    struct ws_description d;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_hf_config_parse(ws_bytes_of_text(json), "config.json", &d, &err);
    if (status != wanted || !strstr(err.message, part) ||
        strncmp(err.message, "config.json:", 12) != 0)
        fail_msg("%s\ngave status %d: '%s'\nwanted status %d: '%s'", json, (int)status, err.message,
                 (int)wanted, part);
}

static void config__of_opt_125m_is_followed(void **state)
{
    (void)state;
    struct ws_description d = parse_config(opt_125m_config);
    struct ws_description wanted = opt_125m;
    wanted.residual_dropout = 0.1F;
    require_same(&d, &wanted);
}

static void config__of_gpt2_is_followed(void **state)
{
    (void)state;
    struct ws_description d = parse_config(gpt2_small_config);
    struct ws_description wanted = gpt2_small;
    wanted.embedding_dropout = wanted.residual_dropout = wanted.attention_dropout = 0.1F;
    require_same(&d, &wanted);
}

static void config__of_smollm2_is_followed(void **state)
{
    (void)state;
    struct ws_description d = parse_config(smollm2_135m_config);
    require_same(&d, &smollm2_135m);
}

static void config__of_llama2_is_followed(void **state)
{
    (void)state;
    struct ws_description d = parse_config(llama2_7b);
    assert_int_equal(d.kv_heads, 32);
    assert_int_equal(d.head_size, 128);
    assert_int_equal(d.rotated, 128);
    assert_true(d.rotary_base == 10000);
    assert_false(d.tied);
    assert_int_equal(d.bos, 1);
}

static void config__of_pythia_is_followed(void **state)
{
    (void)state;
    struct ws_description d = parse_config(pythia_70m_config);
    require_same(&d, &pythia_70m);
}

static void config__may_be_spelled_as_version_4_or_5(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"{\"model_type\": \"llama\", \"rope_theta\": 500000.0, \"rope_scaling\": null}",
         "{\"model_type\": \"llama\", \"rope_parameters\": {\"rope_theta\": 500000.0,"
         " \"rope_type\": \"default\"}}"},
        {"{\"model_type\": \"llama\", \"rope_theta\": 500000.0}",
         "{\"model_type\": \"llama\", \"rope_theta\": 500000.0,"
         " \"rope_scaling\": {\"type\": \"default\"}}"},
        {"{\"model_type\": \"gpt_neox\", \"rotary_emb_base\": 1000, \"rotary_pct\": 0.5}",
         "{\"model_type\": \"gpt_neox\", \"rope_parameters\": {\"rope_theta\": 1000.0,"
         " \"partial_rotary_factor\": 0.5, \"rope_type\": \"default\"}}"},
        {"{\"model_type\": \"gpt_neox\", \"rotary_emb_base\": 1000, \"rotary_pct\": 0.5}",
         "{\"model_type\": \"gpt_neox\", \"rotary_emb_base\": 1000, \"rotary_pct\": 0.5,"
         " \"rope_theta\": 1000.0, \"partial_rotary_factor\": 0.5, \"rope_scaling\": null}"},
        {"{\"model_type\": \"gpt2\", \"n_embd\": 96, \"n_head\": 3, \"n_layer\": 2,"
         " \"n_positions\": 50}",
         "{\"model_type\": \"gpt2\", \"hidden_size\": 96, \"num_attention_heads\": 3,"
         " \"num_hidden_layers\": 2, \"max_position_embeddings\": 50}"},
        {"{\"model_type\": \"gpt2\", \"torch_dtype\": \"float16\"}",
         "{\"model_type\": \"gpt2\", \"dtype\": \"float16\", \"n_inner\": null}"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct ws_description a = parse_config(same[i][0]), b = parse_config(same[i][1]);
        require_same(&a, &b);
    }
}

static void config__has_the_defaults_of_transformers(void **state)
{
    (void)state;
    struct ws_description d = parse_config("{\"model_type\": \"gpt2\"}");
    struct ws_description wanted = parse_config(gpt2_small_config);
    require_same(&d, &wanted);
    d = parse_config(gpt2_with_defaults);
    require_same(&d, &wanted);
    d = parse_config("{\"model_type\": \"opt\"}");
    wanted = parse_config(opt_125m_config);
    require_same(&d, &wanted);

    d = parse_config("{\"model_type\": \"llama\"}");
    wanted = parse_config(llama_with_defaults);
    require_same(&d, &wanted);
    assert_int_equal(d.vocabulary, 32000);
    assert_int_equal(d.width, 4096);
    assert_int_equal(d.inner, 11008);
    assert_int_equal(d.kv_heads, 32);
    assert_int_equal(d.context, 2048);
    assert_true(d.norm_epsilon == 1e-6F);
    assert_false(d.tied);

    d = parse_config("{\"model_type\": \"gpt_neox\"}");
    assert_int_equal(d.vocabulary, 50432);
    assert_int_equal(d.width, 6144);
    assert_int_equal(d.layers, 44);
    assert_int_equal(d.rotated, 24);
    assert_int_equal(d.bos, 0);
    assert_int_equal(d.eos, 2);

    d = parse_config("{\"model_type\": \"gpt2\", \"vocab_size\": 300}");
    assert_true(d.bos == WS_NO_TOKEN && d.eos == WS_NO_TOKEN);
}

static void config__names_activations_as_transformers_does(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum ws_activation wanted;
    } names[] = {{"relu", WS_ACTIVATION_RELU},
                 {"gelu", WS_ACTIVATION_GELU},
                 {"gelu_new", WS_ACTIVATION_GELU_TANH},
                 {"gelu_fast", WS_ACTIVATION_GELU_TANH},
                 {"gelu_pytorch_tanh", WS_ACTIVATION_GELU_TANH},
                 {"silu", WS_ACTIVATION_SILU},
                 {"swish", WS_ACTIVATION_SILU}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char json[200];
        (void)snprintf(json, sizeof json, "{\"model_type\": \"gpt_neox\", \"hidden_act\": \"%s\"}",
                       names[i].name);
        assert_int_equal(parse_config(json).activation, names[i].wanted);
    }
}

static void config__may_have_any_form_of_no_token(void **state)
{
    (void)state;
    struct ws_description d = parse_config("{\"model_type\": \"llama\", \"pad_token_id\": -1,"
                                           " \"bos_token_id\": null, \"eos_token_id\": [7]}");
    assert_true(d.pad == WS_NO_TOKEN);
    assert_true(d.bos == WS_NO_TOKEN);
    assert_int_equal(d.eos, 7);
}

static void config__with_an_unsupported_setting_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *part;
    } refused[] = {
        {"{\"model_type\": \"bert\"}", "'model_type' is 'bert'"},
        {"{\"model_type\": \"gpt2\", \"activation_function\": \"tanh\"}",
         "'activation_function' is \"tanh\""},
        {"{\"model_type\": \"gpt2\", \"activation_function\": 3}", "'activation_function' is 3"},
        {"{\"model_type\": \"gpt2\", \"scale_attn_by_inverse_layer_idx\": true}",
         "'scale_attn_by_inverse_layer_idx' is true"},
        {"{\"model_type\": \"gpt2\", \"scale_attn_weights\": false}",
         "'scale_attn_weights' is false"},
        {"{\"model_type\": \"gpt2\", \"add_cross_attention\": true}",
         "'add_cross_attention' is true"},
        {"{\"model_type\": \"gpt2\", \"pruned_heads\": {\"0\": [1]}}",
         "'pruned_heads' is {\"0\":[1]}"},
        {"{\"model_type\": \"gpt2\", \"n_layers\": 3}", "'n_layers' is 3"},
        {"{\"model_type\": \"gpt2\", \"rotary_pct\": 0.5}", "'rotary_pct' is 0.5"},
        {"{\"model_type\": \"opt\", \"do_layer_norm_before\": false}",
         "'do_layer_norm_before' is false"},
        {"{\"model_type\": \"opt\", \"word_embed_proj_dim\": 512}", "'word_embed_proj_dim' is 512"},
        {"{\"model_type\": \"opt\", \"_remove_final_layer_norm\": true}",
         "'_remove_final_layer_norm' is true"},
        {"{\"model_type\": \"opt\", \"layer_norm_elementwise_affine\": false}",
         "'layer_norm_elementwise_affine' is false"},
        {"{\"model_type\": \"opt\", \"layerdrop\": 0.1}", "'layerdrop' is 0.1"},
        {"{\"model_type\": \"llama\", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}}",
         "'rope_scaling.type' is \"linear\""},
        {"{\"model_type\": \"llama\", \"rope_parameters\": {\"rope_type\": \"llama3\"}}",
         "'rope_parameters.rope_type' is \"llama3\""},
        {"{\"model_type\": \"llama\", \"rope_parameters\": {\"attention_factor\": 2}}",
         "'rope_parameters.attention_factor' is 2"},
        {"{\"model_type\": \"llama\", \"partial_rotary_factor\": 0.5}",
         "'partial_rotary_factor' is 0.5"},
        {"{\"model_type\": \"llama\", \"sliding_window\": 4096}", "'sliding_window' is 4096"},
        {"{\"model_type\": \"llama\", \"rope_interleaved\": true}", "'rope_interleaved' is true"},
        {"{\"model_type\": \"llama\", \"quantization_config\": {\"bits\": 4}}",
         "'quantization_config' is {\"bits\":4}"},
        {"{\"model_type\": \"llama\", \"eos_token_id\": [1, 2]}", "'eos_token_id' is [1,2]"},
        {"{\"model_type\": \"llama\", \"auto_map\": {\"AutoModel\": \"m.M\"}}", "'auto_map' is"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        require_refused(refused[i].json, WS_UNSUPPORTED, refused[i].part);
}

/* Settings of generation and training are refused, but where they change nothing. */
static void config__with_a_setting_that_would_change_results_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *wanted;
        const char *same; /* as a value it has no effect with */
    } settings[] = {
        {"\"bad_words_ids\": [[3]]", "false, 0, null or empty", "[]"},
        {"\"suppress_tokens\": [3]", "false, 0, null or empty", "[]"},
        {"\"begin_suppress_tokens\": [3]", "false, 0, null or empty", "null"},
        {"\"forced_bos_token_id\": 0", "null", "null"},
        {"\"forced_eos_token_id\": 2", "null", "null"},
        {"\"neftune_noise_alpha\": 5", "false, 0, null or empty", "null"},
        {"\"torchscript\": true", "false, 0, null or empty", "false"},
        {"\"repetition_penalty\": 1.2", "1 or null", "1.0"},
        {"\"temperature\": 0", "1 or null", "1"},
        {"\"temperature\": \"1\"", "1 or null", "null"},
        {"\"top_p\": 0.9", "1 or null", "1.0"},
        {"\"typical_p\": 0.9", "1 or null", "1.0"},
        {"\"min_p\": 0.1", "false, 0, null or empty", "0.0"},
        {"\"top_k\": 40", "50, 0 or null", "50"},
        {"\"top_k\": true", "50, 0 or null", "0"},
        {"\"do_sample\": true", "false, 0, null or empty", "false"},
        {"\"early_stopping\": true", "false, 0, null or empty", "false"},
        {"\"num_beams\": 4", "1 or null", "1"},
        {"\"num_beam_groups\": 2", "1 or null", "1"},
        {"\"num_return_sequences\": 2", "1 or null", "1"},
        {"\"diversity_penalty\": 0.5", "false, 0, null or empty", "0.0"},
        {"\"length_penalty\": 2.0", "1 or null", "1.0"},
        {"\"no_repeat_ngram_size\": 3", "false, 0, null or empty", "0"},
        {"\"encoder_no_repeat_ngram_size\": 3", "false, 0, null or empty", "0"},
        {"\"min_length\": 10", "false, 0, null or empty", "0"},
        {"\"min_new_tokens\": 10", "false, 0, null or empty", "null"},
        {"\"remove_invalid_values\": true", "false, 0, null or empty", "false"},
        {"\"exponential_decay_length_penalty\": [5, 1.1]", "false, 0, null or empty", "null"},
        {"\"n_special\": 3", "false, 0, null or empty", "0"},
        {"\"n_ctx\": 512", "the context's length, 1024", "1024"},
        {"\"max_sequence_length\": 2048", "the context's length, 1024", "null"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char json[200], part[200];
        const char *setting = settings[i].setting;
        int key = (int)strcspn(setting, ":");
        (void)snprintf(json, sizeof json, "{\"model_type\": \"gpt2\", %s}", setting);
        (void)snprintf(part, sizeof part, "'%.*s' is ", key - 2, setting + 1);
        require_refused(json, WS_UNSUPPORTED, part);
        (void)snprintf(part, sizeof part, "which is not supported; wanted %s", settings[i].wanted);
        require_refused(json, WS_UNSUPPORTED, part);
        (void)snprintf(json, sizeof json, "{\"model_type\": \"gpt2\", %.*s: %s}", key, setting,
                       settings[i].same);
        struct ws_description d = parse_config(json), wanted = parse_config(gpt2_small_config);
        require_same(&d, &wanted);
    }
    require_refused("{\"model_type\": \"llama\", \"rope_scaling\": {\"type\": \"default\","
                    " \"use_cache\": true}}",
                    WS_UNSUPPORTED, "'rope_scaling.use_cache' is true");
}

static void config__that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    require_refused("", WS_CORRUPT, "");
    require_refused("[]", WS_CORRUPT, "no object");
    require_refused("{}", WS_CORRUPT, "'model_type' is missing");
    require_refused("{\"model_type\": \"gpt2\", \"n_layer\": \"12\"}", WS_CORRUPT,
                    "'n_layer' is \"12\"");
    require_refused("{\"model_type\": \"gpt2\", \"n_layer\": -1}", WS_CORRUPT, "'n_layer' is -1");
    require_refused("{\"model_type\": \"gpt2\", \"n_layer\": 4294967295}", WS_CORRUPT,
                    "'n_layer' is 4294967295");
    require_refused("{\"model_type\": \"gpt2\", \"n_layer\": null}", WS_CORRUPT,
                    "'n_layer' is null");
    require_refused("{\"model_type\": \"gpt2\", \"n_layer\": 2, \"num_hidden_layers\": 3}",
                    WS_CORRUPT, "'n_layer' and 'num_hidden_layers' differ");
    require_refused("{\"model_type\": \"gpt2\", \"embd_pdrop\": true}", WS_CORRUPT,
                    "'embd_pdrop' is true");
    require_refused("{\"model_type\": \"gpt2\", \"tie_word_embeddings\": 1}", WS_CORRUPT,
                    "'tie_word_embeddings' is 1");
    require_refused("{\"model_type\": \"gpt2\", \"n_layer\": 0}", WS_CORRUPT, "'layers' is 0");
    require_refused("{\"model_type\": \"gpt2\", \"n_head\": 0}", WS_CORRUPT, "0 heads");
    require_refused("{\"model_type\": \"gpt2\", \"n_head\": 7}", WS_CORRUPT, "7 heads");
    require_refused("{\"model_type\": \"gpt2\", \"embd_pdrop\": 1.5}", WS_CORRUPT,
                    "'embedding_dropout' is 1.5");
    require_refused("{\"model_type\": \"gpt2\", \"bos_token_id\": 60000}", WS_CORRUPT,
                    "'bos_token_id' is 60000");
    require_refused("{\"model_type\": \"llama\", \"num_key_value_heads\": 5}", WS_CORRUPT,
                    "'kv_heads' is 5");
    require_refused("{\"model_type\": \"gpt_neox\", \"rotary_pct\": 2}", WS_CORRUPT, "is 2");
    require_refused("{\"model_type\": \"gpt_neox\", \"rope_scaling\": 3}", WS_CORRUPT,
                    "'rope_scaling' is 3");
}

static void config__whose_rotary_settings_contradict_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *part;
    } cases[] = {
        {"{\"model_type\": \"gpt_neox\", \"rotary_pct\": 0.3,"
         " \"rope_parameters\": {\"partial_rotary_factor\": 0.25}}",
         "'rotary_pct' is 0.3 and 'rope_parameters.partial_rotary_factor' is 0.25"},
        {"{\"model_type\": \"llama\", \"rope_theta\": 50000,"
         " \"rope_parameters\": {\"rope_theta\": 10000.0}}",
         "'rope_theta' is 50000 and 'rope_parameters.rope_theta' is 10000"},
        {"{\"model_type\": \"llama\", \"rope_parameters\": {\"rope_theta\": 50000},"
         " \"rope_scaling\": {\"rope_theta\": 10000}}",
         "'rope_parameters.rope_theta' is 50000 and 'rope_scaling.rope_theta' is 10000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        require_refused(cases[i].json, WS_CORRUPT, cases[i].part);
    struct ws_description d = parse_config("{\"model_type\": \"llama\", \"rope_theta\": 50000,"
                                           " \"rope_parameters\": {\"rope_theta\": 50000.0}}");
    assert_float_equal(d.rotary_base, 50000, 0);
}

static void config__that_turns_attention_biases_on_or_off_is_followed(void **state)
{
    (void)state;
    struct ws_description d = parse_config("{\"model_type\": \"llama\", \"attention_bias\": true}");
    assert_true(d.qkv_bias && d.out_bias && !d.feed_bias);
    d = parse_config("{\"model_type\": \"llama\", \"mlp_bias\": true}");
    assert_true(!d.qkv_bias && !d.out_bias && d.feed_bias);
    d = parse_config("{\"model_type\": \"gpt_neox\", \"attention_bias\": false}");
    assert_true(!d.qkv_bias && !d.out_bias && d.feed_bias);
    d = parse_config("{\"model_type\": \"opt\", \"enable_bias\": false}");
    assert_true(!d.qkv_bias && !d.out_bias && !d.feed_bias);
}

static void config__reads_back_as_it_was_written(void **state)
{
    (void)state;
    static const char *const configs[] = {
        opt_125m_config,
        gpt2_small_config,
        smollm2_135m_config,
        llama2_7b,
        pythia_70m_config,
        "{\"model_type\": \"opt\", \"enable_bias\": false, \"activation_function\": \"gelu\"}",
        "{\"model_type\": \"gpt2\", \"n_inner\": 100, \"tie_word_embeddings\": false,"
        " \"pad_token_id\": 3, \"initializer_range\": 0.0123456789, \"embd_pdrop\": 0.3}",
        "{\"model_type\": \"llama\", \"head_dim\": 96, \"attention_bias\": true,"
        " \"mlp_bias\": true, \"hidden_act\": \"gelu\", \"attention_dropout\": 0.25}",
        "{\"model_type\": \"gpt_neox\", \"rotary_pct\": 0, \"use_parallel_residual\": false,"
        " \"attention_bias\": false, \"hidden_dropout\": 0.1}",
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct ws_description d = parse_config(configs[i]);
        struct ws_buffer text;
        write_config(&d, &text);
        struct ws_description again = parse_config(ws_buffer_string(&text));
        require_same(&again, &d);
        ws_buffer_release(&text);
    }
}

static void config__keeps_every_rotary_share_of_a_head(void **state)
{
    (void)state;
    struct ws_description d = parse_config("{\"model_type\": \"gpt_neox\", \"hidden_size\": 640}");
    for (uint32_t size = 2; size <= 160; size += 2) {
        d.head_size = size;
        d.width = size * d.heads;
        for (d.rotated = 0; d.rotated <= size; d.rotated += 2) {
            struct ws_buffer text;
            write_config(&d, &text); /* fails when it would read back otherwise */
            ws_buffer_release(&text);
        }
    }
}

static void config__is_written_in_words_of_both_versions(void **state)
{
    (void)state;
    struct ws_description d = parse_config(smollm2_135m_config);
    struct ws_buffer text;
    write_config(&d, &text);
    static const char *const lines[] = {"\"architectures\": [\n    \"LlamaForCausalLM\"\n  ]",
                                        "\"model_type\": \"llama\"",
                                        "\"rope_theta\": 100000.0",
                                        "\"rope_scaling\": null",
                                        "\"torch_dtype\": \"float32\"",
                                        "\"pad_token_id\": null",
                                        "\"attention_dropout\": 0.0"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(ws_buffer_string(&text), lines[i]))
            fail_msg("no '%s' in\n%s", lines[i], ws_buffer_string(&text));
    ws_buffer_release(&text);
}

static void config__can_say_dropout_wherever_a_training_sets_it(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        float embedding, residual, attention;
    } cases[] = {
        {opt_125m_config, 0, 0.2F, 0.2F},
        {gpt2_small_config, 0.2F, 0.2F, 0.2F},
        {smollm2_135m_config, 0, 0, 0.2F},
        {pythia_70m_config, 0.2F, 0.2F, 0.2F},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_description d = parse_config(cases[i].config);
        struct ws_buffer text;
        ws_description_set_dropout(&d, 0.2F);
        write_config(&d, &text); /* fails when it would read back otherwise */
        ws_buffer_release(&text);
        assert_float_equal(d.embedding_dropout, cases[i].embedding, 0);
        assert_float_equal(d.residual_dropout, cases[i].residual, 0);
        assert_float_equal(d.attention_dropout, cases[i].attention, 0);
        /* The rest is what it has no words for. */
        float *const sites[] = {&d.embedding_dropout, &d.residual_dropout, &d.attention_dropout};
        for (size_t site = 0; site < 3; site++) {
            if (*sites[site] > 0)
                continue;
            *sites[site] = 0.2F;
            ws_buffer_init(&text, NULL, SIZE_MAX);
            assert_int_equal(ws_hf_config_write(&d, WS_DTYPE_F32, &text, NULL), WS_UNSUPPORTED);
            ws_buffer_release(&text);
            *sites[site] = 0;
        }
    }
}

static void config__refuses_to_write_what_it_cannot_say(void **state)
{
    (void)state;
    struct ws_buffer text;
    struct ws_error err = {.message = ""};
    ws_buffer_init(&text, NULL, SIZE_MAX);

    struct ws_description d = parse_config(gpt2_small_config);
    d.gated = true;
    assert_int_equal(ws_hf_config_write(&d, WS_DTYPE_F32, &text, &err), WS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'gated'"));
    d = parse_config(opt_125m_config);
    d.norm_epsilon = 1e-6F;
    assert_int_equal(ws_hf_config_write(&d, WS_DTYPE_F32, &text, &err), WS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'norm_epsilon'"));
    d = parse_config(pythia_70m_config);
    d.kv_heads = 2;
    assert_int_equal(ws_hf_config_write(&d, WS_DTYPE_F32, &text, &err), WS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'kv_heads'"));
    assert_int_equal(text.size, 0);
    ws_buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config__of_opt_125m_is_followed),
        cmocka_unit_test(config__of_gpt2_is_followed),
        cmocka_unit_test(config__of_smollm2_is_followed),
        cmocka_unit_test(config__of_llama2_is_followed),
        cmocka_unit_test(config__of_pythia_is_followed),
        cmocka_unit_test(config__may_be_spelled_as_version_4_or_5),
        cmocka_unit_test(config__has_the_defaults_of_transformers),
        cmocka_unit_test(config__names_activations_as_transformers_does),
        cmocka_unit_test(config__may_have_any_form_of_no_token),
        cmocka_unit_test(config__with_an_unsupported_setting_is_refused),
        cmocka_unit_test(config__with_a_setting_that_would_change_results_is_refused),
        cmocka_unit_test(config__that_makes_no_sense_is_refused),
        cmocka_unit_test(config__whose_rotary_settings_contradict_is_refused),
        cmocka_unit_test(config__that_turns_attention_biases_on_or_off_is_followed),
        cmocka_unit_test(config__reads_back_as_it_was_written),
        cmocka_unit_test(config__keeps_every_rotary_share_of_a_head),
        cmocka_unit_test(config__is_written_in_words_of_both_versions),
        cmocka_unit_test(config__can_say_dropout_wherever_a_training_sets_it),
        cmocka_unit_test(config__refuses_to_write_what_it_cannot_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
