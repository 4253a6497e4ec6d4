/*
 * The tensors of a Hugging Face directory and where their numbers lie in a layout.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/nn/transformer/hugging_face.h"

enum { NAME_SIZE = 128, SHAPE_SIZE = 64 };

/* How a stored tensor is a tensor of the layout, or a part of one. */
enum form {
    WHOLE,
    TRANSPOSED, /* GPT-2's Conv1D: (in, out) */
    BY_HEAD,    /* GPT-NeoX: each head's queries, keys and values in turn */
    QUERIES,    /* rows of QKV ... */
    KEYS,
    VALUES,
    GATE, /* rows of UP: its first half ... */
    LIFT, /* ... and its second */
};

struct entry {
    const char *name; /* '#' stands for the layer; the prefix is left out */
    enum ws_tensor_kind kind;
    enum form form;
    bool outside_base; /* the output layer is no part of the base model */
};

static const struct entry opt_entries[] = {
    {"decoder.embed_tokens.weight", WS_TENSOR_TOKENS, WHOLE, false},
    {"decoder.embed_positions.weight", WS_TENSOR_PLACES, WHOLE, false},
    {"decoder.layers.#.self_attn_layer_norm.weight", WS_TENSOR_NORM1, WHOLE, false},
    {"decoder.layers.#.self_attn_layer_norm.bias", WS_TENSOR_NORM1_BIAS, WHOLE, false},
    {"decoder.layers.#.self_attn.q_proj.weight", WS_TENSOR_QKV, QUERIES, false},
    {"decoder.layers.#.self_attn.k_proj.weight", WS_TENSOR_QKV, KEYS, false},
    {"decoder.layers.#.self_attn.v_proj.weight", WS_TENSOR_QKV, VALUES, false},
    {"decoder.layers.#.self_attn.q_proj.bias", WS_TENSOR_QKV_BIAS, QUERIES, false},
    {"decoder.layers.#.self_attn.k_proj.bias", WS_TENSOR_QKV_BIAS, KEYS, false},
    {"decoder.layers.#.self_attn.v_proj.bias", WS_TENSOR_QKV_BIAS, VALUES, false},
    {"decoder.layers.#.self_attn.out_proj.weight", WS_TENSOR_OUT, WHOLE, false},
    {"decoder.layers.#.self_attn.out_proj.bias", WS_TENSOR_OUT_BIAS, WHOLE, false},
    {"decoder.layers.#.final_layer_norm.weight", WS_TENSOR_NORM2, WHOLE, false},
    {"decoder.layers.#.final_layer_norm.bias", WS_TENSOR_NORM2_BIAS, WHOLE, false},
    {"decoder.layers.#.fc1.weight", WS_TENSOR_UP, WHOLE, false},
    {"decoder.layers.#.fc1.bias", WS_TENSOR_UP_BIAS, WHOLE, false},
    {"decoder.layers.#.fc2.weight", WS_TENSOR_DOWN, WHOLE, false},
    {"decoder.layers.#.fc2.bias", WS_TENSOR_DOWN_BIAS, WHOLE, false},
    {"decoder.final_layer_norm.weight", WS_TENSOR_NORM, WHOLE, false},
    {"decoder.final_layer_norm.bias", WS_TENSOR_NORM_BIAS, WHOLE, false},
    {"lm_head.weight", WS_TENSOR_HEAD, WHOLE, true},
};

static const struct entry gpt2_entries[] = {
    {"wte.weight", WS_TENSOR_TOKENS, WHOLE, false},
    {"wpe.weight", WS_TENSOR_PLACES, WHOLE, false},
    {"h.#.ln_1.weight", WS_TENSOR_NORM1, WHOLE, false},
    {"h.#.ln_1.bias", WS_TENSOR_NORM1_BIAS, WHOLE, false},
    {"h.#.attn.c_attn.weight", WS_TENSOR_QKV, TRANSPOSED, false},
    {"h.#.attn.c_attn.bias", WS_TENSOR_QKV_BIAS, WHOLE, false},
    {"h.#.attn.c_proj.weight", WS_TENSOR_OUT, TRANSPOSED, false},
    {"h.#.attn.c_proj.bias", WS_TENSOR_OUT_BIAS, WHOLE, false},
    {"h.#.ln_2.weight", WS_TENSOR_NORM2, WHOLE, false},
    {"h.#.ln_2.bias", WS_TENSOR_NORM2_BIAS, WHOLE, false},
    {"h.#.mlp.c_fc.weight", WS_TENSOR_UP, TRANSPOSED, false},
    {"h.#.mlp.c_fc.bias", WS_TENSOR_UP_BIAS, WHOLE, false},
    {"h.#.mlp.c_proj.weight", WS_TENSOR_DOWN, TRANSPOSED, false},
    {"h.#.mlp.c_proj.bias", WS_TENSOR_DOWN_BIAS, WHOLE, false},
    {"ln_f.weight", WS_TENSOR_NORM, WHOLE, false},
    {"ln_f.bias", WS_TENSOR_NORM_BIAS, WHOLE, false},
    {"lm_head.weight", WS_TENSOR_HEAD, WHOLE, true},
};

static const struct entry llama_entries[] = {
    {"embed_tokens.weight", WS_TENSOR_TOKENS, WHOLE, false},
    {"layers.#.input_layernorm.weight", WS_TENSOR_NORM1, WHOLE, false},
    {"layers.#.self_attn.q_proj.weight", WS_TENSOR_QKV, QUERIES, false},
    {"layers.#.self_attn.k_proj.weight", WS_TENSOR_QKV, KEYS, false},
    {"layers.#.self_attn.v_proj.weight", WS_TENSOR_QKV, VALUES, false},
    {"layers.#.self_attn.q_proj.bias", WS_TENSOR_QKV_BIAS, QUERIES, false},
    {"layers.#.self_attn.k_proj.bias", WS_TENSOR_QKV_BIAS, KEYS, false},
    {"layers.#.self_attn.v_proj.bias", WS_TENSOR_QKV_BIAS, VALUES, false},
    {"layers.#.self_attn.o_proj.weight", WS_TENSOR_OUT, WHOLE, false},
    {"layers.#.self_attn.o_proj.bias", WS_TENSOR_OUT_BIAS, WHOLE, false},
    {"layers.#.post_attention_layernorm.weight", WS_TENSOR_NORM2, WHOLE, false},
    {"layers.#.mlp.gate_proj.weight", WS_TENSOR_UP, GATE, false},
    {"layers.#.mlp.up_proj.weight", WS_TENSOR_UP, LIFT, false},
    {"layers.#.mlp.gate_proj.bias", WS_TENSOR_UP_BIAS, GATE, false},
    {"layers.#.mlp.up_proj.bias", WS_TENSOR_UP_BIAS, LIFT, false},
    {"layers.#.mlp.down_proj.weight", WS_TENSOR_DOWN, WHOLE, false},
    {"layers.#.mlp.down_proj.bias", WS_TENSOR_DOWN_BIAS, WHOLE, false},
    {"norm.weight", WS_TENSOR_NORM, WHOLE, false},
    {"lm_head.weight", WS_TENSOR_HEAD, WHOLE, true},
};

static const struct entry neox_entries[] = {
    {"embed_in.weight", WS_TENSOR_TOKENS, WHOLE, false},
    {"layers.#.input_layernorm.weight", WS_TENSOR_NORM1, WHOLE, false},
    {"layers.#.input_layernorm.bias", WS_TENSOR_NORM1_BIAS, WHOLE, false},
    {"layers.#.attention.query_key_value.weight", WS_TENSOR_QKV, BY_HEAD, false},
    {"layers.#.attention.query_key_value.bias", WS_TENSOR_QKV_BIAS, BY_HEAD, false},
    {"layers.#.attention.dense.weight", WS_TENSOR_OUT, WHOLE, false},
    {"layers.#.attention.dense.bias", WS_TENSOR_OUT_BIAS, WHOLE, false},
    {"layers.#.post_attention_layernorm.weight", WS_TENSOR_NORM2, WHOLE, false},
    {"layers.#.post_attention_layernorm.bias", WS_TENSOR_NORM2_BIAS, WHOLE, false},
    {"layers.#.mlp.dense_h_to_4h.weight", WS_TENSOR_UP, WHOLE, false},
    {"layers.#.mlp.dense_h_to_4h.bias", WS_TENSOR_UP_BIAS, WHOLE, false},
    {"layers.#.mlp.dense_4h_to_h.weight", WS_TENSOR_DOWN, WHOLE, false},
    {"layers.#.mlp.dense_4h_to_h.bias", WS_TENSOR_DOWN_BIAS, WHOLE, false},
    {"final_layer_norm.weight", WS_TENSOR_NORM, WHOLE, false},
    {"final_layer_norm.bias", WS_TENSOR_NORM_BIAS, WHOLE, false},
    {"embed_out.weight", WS_TENSOR_HEAD, WHOLE, true},
};

enum { BUFFERS_MOST = 4 };

/* Constants that some version of `transformers` stored beside the parameters. */
#define ENTRIES(list) list, sizeof(list) / sizeof *(list)
static const struct {
    const char *prefix;
    const struct entry *entries;
    size_t count;
    const char *head_alias; /* another name of the output layer: version 5's for GPT-NeoX */
    const char *buffers[BUFFERS_MOST];
} forms[] = {
    [WS_ARCHITECTURE_OPT] = {"model.", ENTRIES(opt_entries), NULL, {"decoder.version"}},
    [WS_ARCHITECTURE_GPT2] = {"transformer.",
                              ENTRIES(gpt2_entries),
                              NULL,
                              {"h.#.attn.bias", "h.#.attn.masked_bias"}},
    [WS_ARCHITECTURE_LLAMA] = {"model.",
                               ENTRIES(llama_entries),
                               NULL,
                               {"rotary_emb.inv_freq", "layers.#.self_attn.rotary_emb.inv_freq"}},
    [WS_ARCHITECTURE_NEOX] = {"gpt_neox.",
                              ENTRIES(neox_entries),
                              "lm_head.weight",
                              {"rotary_emb.inv_freq", "layers.#.attention.bias",
                               "layers.#.attention.masked_bias",
                               "layers.#.attention.rotary_emb.inv_freq"}},
};

/* Stored tensors ------------------------------------------------------------------------------- */

/* One stored tensor: its full name, and rows x columns as the layout has them. */
struct stored {
    char name[NAME_SIZE];
    enum form form;
    enum ws_tensor_kind kind;
    struct ws_tensor part; /* in the layout */
    size_t rank;
    uint64_t shape[2];
};

static void write_name(const char *prefix, const char *pattern, uint32_t layer, char out[NAME_SIZE])
{
    const char *mark = strchr(pattern, '#');
    if (mark)
        (void)snprintf(out, NAME_SIZE, "%s%.*s%" PRIu32 "%s", prefix, (int)(mark - pattern),
                       pattern, layer, mark + 1);
    else
        (void)snprintf(out, NAME_SIZE, "%s%s", prefix, pattern);
}

/* Of QKV or UP, or their biases, whose parts lie one after another. */
static struct ws_tensor part_of(struct ws_tensor whole, enum ws_tensor_kind kind, size_t first,
                                size_t count)
{
    struct ws_tensor part = whole;
    if (ws_tensor_is_vector(kind)) {
        part.offset += first;
        part.columns = count;
    } else {
        part.offset += first * whole.columns;
        part.rows = count;
    }
    return part;
}

/* False when the description has no such tensor. */
static bool find_stored(const struct ws_description *d, const struct ws_layout *layout,
                        const struct entry *entry, uint32_t layer, const char *prefix,
                        struct stored *out)
{
    struct ws_tensor whole = ws_layout_at(layout, entry->kind, layer);
    size_t queries = (size_t)d->heads * d->head_size;
    size_t keys = (size_t)d->kv_heads * d->head_size;
    if (whole.rows == 0)
        return false;
    write_name(entry->outside_base ? "" : prefix, entry->name, layer, out->name);
    out->form = entry->form;
    out->kind = entry->kind;
    out->part = whole;
    if (entry->form == QUERIES)
        out->part = part_of(whole, entry->kind, 0, queries);
    else if (entry->form == KEYS)
        out->part = part_of(whole, entry->kind, queries, keys);
    else if (entry->form == VALUES)
        out->part = part_of(whole, entry->kind, queries + keys, keys);
    else if (entry->form == GATE)
        out->part = part_of(whole, entry->kind, 0, d->inner);
    else if (entry->form == LIFT)
        out->part = part_of(whole, entry->kind, d->inner, d->inner);
    out->rank = ws_tensor_is_vector(entry->kind) ? 1 : 2;
    out->shape[0] = ws_tensor_is_vector(entry->kind) ? out->part.columns : out->part.rows;
    out->shape[1] = out->part.columns;
    if (entry->form == TRANSPOSED) {
        out->shape[0] = out->part.columns;
        out->shape[1] = out->part.rows;
    }
    return true;
}

/* out (columns, rows) of in (rows, columns), a square of a few cache lines at a time. */
static void transpose(float *out, const float *in, size_t rows, size_t columns)
{
    enum { SQUARE = 32 };
    for (size_t i0 = 0; i0 < rows; i0 += SQUARE)
        for (size_t j0 = 0; j0 < columns; j0 += SQUARE)
            for (size_t i = i0; i < rows && i < i0 + SQUARE; i++)
                for (size_t j = j0; j < columns && j < j0 + SQUARE; j++)
                    out[j * rows + i] = in[i * columns + j];
}

/* Between [queries, keys, values][head][size] and [head][queries, keys, values][size], rows of
 * `columns` numbers. GPT-NeoX has as many heads of keys as of queries. */
static void regroup(float *out, const float *in, const struct ws_description *d, size_t columns,
                    bool by_head)
{
    size_t block = (size_t)d->head_size * columns;
    for (size_t third = 0; third < 3; third++) {
        for (size_t head = 0; head < d->heads; head++) {
            size_t ours = (third * d->heads + head) * block;
            size_t theirs = (head * 3 + third) * block;
            memcpy(out + (by_head ? theirs : ours), in + (by_head ? ours : theirs),
                   block * sizeof *out);
        }
    }
}

/* The numbers of a vector lie as those of a matrix of one column. */
static size_t regroup_columns(const struct stored *stored)
{
    return stored->rank == 1 ? 1 : stored->part.columns;
}

/* Writing -------------------------------------------------------------------------------------- */

static enum ws_status export_one(const struct ws_description *d, const struct stored *stored,
                                 const float *block, enum ws_dtype dtype, struct ws_arena *arena,
                                 struct ws_tensor_source *out, struct ws_error *err)
{
    const float *values = block + stored->part.offset;
    size_t count = stored->part.rows * stored->part.columns;
    uint64_t *shape = ws_arena_copy(arena, stored->shape, sizeof stored->shape);
    char *name = ws_arena_text(arena, stored->name);
    bool moved = stored->form == TRANSPOSED || stored->form == BY_HEAD;
    float *copy = moved ? WS_ARENA_NEW(arena, float, count) : NULL;
    if (!shape || !name || (moved && !copy))
        return ws_fail(err, WS_NO_MEMORY, "out of memory for the %zu numbers of '%s'", count,
                       stored->name);
    if (stored->form == TRANSPOSED)
        transpose(copy, values, stored->part.rows, stored->part.columns);
    else if (stored->form == BY_HEAD)
        regroup(copy, values, d, regroup_columns(stored), true);
    *out = (struct ws_tensor_source){name, dtype, stored->rank, shape, moved ? copy : values};
    return WS_OK;
}

enum ws_status ws_hf_export(const struct ws_description *d, const struct ws_layout *layout,
                            const float *block, enum ws_dtype dtype, struct ws_arena *arena,
                            struct ws_tensor_source **out, size_t *count, struct ws_error *err)
{
    size_t most = forms[d->architecture].count * (size_t)d->layers;
    struct ws_tensor_source *sources = WS_ARENA_NEW(arena, struct ws_tensor_source, most);
    if (!sources)
        return ws_fail_memory(err, "a list of tensors");
    size_t used = 0;
    for (size_t i = 0; i < forms[d->architecture].count; i++) {
        const struct entry *entry = &forms[d->architecture].entries[i];
        uint32_t layers = ws_tensor_in_layer(entry->kind) ? d->layers : 1;
        struct stored stored;
        for (uint32_t layer = 0; layer < layers; layer++)
            if (find_stored(d, layout, entry, layer, forms[d->architecture].prefix, &stored))
                WS_TRY(export_one(d, &stored, block, dtype, arena, &sources[used++], err));
    }
    *out = sources;
    *count = used;
    return WS_OK;
}

/* Reading -------------------------------------------------------------------------------------- */

struct import {
    const struct ws_description *d;
    const struct ws_layout *layout;
    const struct ws_safetensors *tensors;
    const char *name;   /* for messages */
    const char *prefix; /* what the names of the base model begin with here */
    float *block;
    struct ws_arena scratch;
};

static void write_shape(const uint64_t *shape, size_t rank, char out[SHAPE_SIZE])
{
    struct ws_buffer text;
    ws_buffer_fix(&text, out, SHAPE_SIZE);
    ws_buffer_text(&text, "(");
    for (size_t i = 0; i < rank; i++)
        ws_buffer_format(&text, "%s%" PRIu64, i > 0 ? ", " : "", shape[i]);
    ws_buffer_text(&text, ")");
}

static enum ws_status check_shape(const struct import *import, const struct stored *stored,
                                  const struct ws_tensor_view *view, struct ws_error *err)
{
    bool same = view->rank == stored->rank;
    for (size_t i = 0; same && i < view->rank; i++)
        same = view->shape[i] == stored->shape[i];
    if (same)
        return WS_OK;
    char seen[SHAPE_SIZE], wanted[SHAPE_SIZE];
    write_shape(view->shape, view->rank, seen);
    write_shape(stored->shape, stored->rank, wanted);
    return ws_fail(err, WS_CORRUPT, "%s: tensor '%s' has the shape %s, wanted %s", import->name,
                   stored->name, seen, wanted);
}

static enum ws_status read_view(const struct import *import, const struct ws_tensor_view *view,
                                float *out, struct ws_error *err)
{
    enum ws_status status = ws_tensor_read_f32(view, out, err);
    if (status != WS_OK)
        ws_error_prefix(err, "%s", import->name);
    return status;
}

static enum ws_status import_one(struct import *import, const struct stored *stored,
                                 const struct ws_tensor_view *view, struct ws_error *err)
{
    WS_TRY(check_shape(import, stored, view, err));
    float *out = import->block + stored->part.offset;
    if (stored->form != TRANSPOSED && stored->form != BY_HEAD)
        return read_view(import, view, out, err);
    ws_arena_reset(&import->scratch);
    float *copy = WS_ARENA_NEW(&import->scratch, float, (size_t)view->count);
    if (!copy)
        return ws_fail(err, WS_NO_MEMORY, "%s: out of memory for the %" PRIu64 " numbers of '%s'",
                       import->name, view->count, stored->name);
    WS_TRY(read_view(import, view, copy, err));
    if (stored->form == TRANSPOSED)
        transpose(out, copy, stored->part.columns, stored->part.rows);
    else
        regroup(out, copy, import->d, regroup_columns(stored), false);
    return WS_OK;
}

static const struct ws_tensor_view *find_view(const struct import *import,
                                              const struct stored *stored)
{
    const struct ws_tensor_view *view = ws_safetensors_find(import->tensors, stored->name);
    const char *alias = forms[import->d->architecture].head_alias;
    if (!view && stored->kind == WS_TENSOR_HEAD && alias)
        view = ws_safetensors_find(import->tensors, alias);
    return view;
}

static enum ws_status import_entries(struct import *import, size_t *used, struct ws_error *err)
{
    const struct ws_description *d = import->d;
    for (size_t i = 0; i < forms[d->architecture].count; i++) {
        const struct entry *entry = &forms[d->architecture].entries[i];
        uint32_t layers = ws_tensor_in_layer(entry->kind) ? d->layers : 1;
        struct stored stored;
        for (uint32_t layer = 0; layer < layers; layer++) {
            if (!find_stored(d, import->layout, entry, layer, import->prefix, &stored))
                continue;
            const struct ws_tensor_view *view = find_view(import, &stored);
            if (!view)
                return ws_fail(err, WS_CORRUPT, "%s: tensor '%s' is missing", import->name,
                               stored.name);
            WS_TRY(import_one(import, &stored, view, err));
            (*used)++;
        }
    }
    return WS_OK;
}

/* What is left over ---------------------------------------------------------------------------- */

/* Whether `name` is the pattern with a number below `layers` for '#'. */
static bool matches(const char *name, const char *pattern, uint32_t layers)
{
    const char *mark = strchr(pattern, '#');
    if (!mark)
        return strcmp(name, pattern) == 0;
    size_t before = (size_t)(mark - pattern);
    if (strncmp(name, pattern, before) != 0)
        return false;
    const char *digits = name + before;
    uint64_t layer = 0;
    size_t count = strspn(digits, "0123456789");
    if (count > 1 && digits[0] == '0')
        return false;
    for (size_t i = 0; i < count && layer < layers; i++)
        layer = 10 * layer + (uint64_t)(digits[i] - '0');
    return count > 0 && layer < layers && strcmp(digits + count, mark + 1) == 0;
}

static bool is_buffer(const struct import *import, const char *name)
{
    const char *const *buffers = forms[import->d->architecture].buffers;
    size_t prefix = strlen(import->prefix);
    if (strncmp(name, import->prefix, prefix) != 0)
        return false;
    for (size_t i = 0; i < BUFFERS_MOST && buffers[i]; i++)
        if (matches(name + prefix, buffers[i], import->d->layers))
            return true;
    return false;
}

/* Whether find_stored gives this name. A tensor that this architecture knows and this description
 * has not (a bias, say) is no parameter. */
static bool is_parameter(const struct import *import, const char *name)
{
    size_t prefix = strlen(import->prefix);
    bool in_base = strncmp(name, import->prefix, prefix) == 0;
    for (size_t i = 0; i < forms[import->d->architecture].count; i++) {
        const struct entry *entry = &forms[import->d->architecture].entries[i];
        if (ws_layout_at(import->layout, entry->kind, 0).rows == 0)
            continue;
        if (entry->outside_base ? strcmp(name, entry->name) == 0
                                : in_base && matches(name + prefix, entry->name, import->d->layers))
            return true;
    }
    return false;
}

static bool is_head(const struct import *import, const char *name)
{
    const char *alias = forms[import->d->architecture].head_alias;
    size_t last = forms[import->d->architecture].count - 1;
    return strcmp(name, forms[import->d->architecture].entries[last].name) == 0 ||
           (alias && strcmp(name, alias) == 0);
}

/* An output layer that is said to be the token table. */
static enum ws_status check_tied(struct import *import, const struct ws_tensor_view *view,
                                 struct ws_error *err)
{
    struct ws_tensor table = ws_layout_at(import->layout, WS_TENSOR_TOKENS, 0);
    struct stored stored = {.rank = 2, .shape = {table.rows, table.columns}};
    (void)snprintf(stored.name, NAME_SIZE, "%s", view->name);
    WS_TRY(check_shape(import, &stored, view, err));
    ws_arena_reset(&import->scratch);
    float *copy = WS_ARENA_NEW(&import->scratch, float, (size_t)view->count);
    if (!copy)
        return ws_fail_memory(err, view->name);
    WS_TRY(read_view(import, view, copy, err));
    if (memcmp(copy, import->block + table.offset, (size_t)view->count * sizeof *copy) == 0)
        return WS_OK;
    return ws_fail(err, WS_CORRUPT,
                   "%s: tensor '%s' is not the token table, though 'tie_word_embeddings' says so",
                   import->name, view->name);
}

static enum ws_status check_rest(struct import *import, size_t used, struct ws_error *err)
{
    bool has_head = ws_layout_at(import->layout, WS_TENSOR_HEAD, 0).rows > 0;
    for (size_t i = 0; i < import->tensors->count; i++) {
        const struct ws_tensor_view *view = &import->tensors->tensors[i];
        if (is_buffer(import, view->name))
            continue;
        if (is_head(import, view->name) && !has_head)
            WS_TRY(check_tied(import, view, err));
        else if (is_parameter(import, view->name) || is_head(import, view->name))
            used--;
        else
            return ws_fail(err, WS_CORRUPT, "%s: tensor '%.200s' is not one of such a model",
                           import->name, view->name);
    }
    if (used != 0)
        return ws_fail(err, WS_CORRUPT, "%s: holds the output layer twice", import->name);
    return WS_OK;
}

static const char *find_prefix(const struct ws_description *d, const struct ws_safetensors *tensors)
{
    char name[NAME_SIZE];
    assert(forms[d->architecture].entries[0].kind == WS_TENSOR_TOKENS);
    write_name("", forms[d->architecture].entries[0].name, 0, name);
    return ws_safetensors_find(tensors, name) ? "" : forms[d->architecture].prefix;
}

enum ws_status ws_hf_import(const struct ws_description *d, const struct ws_layout *layout,
                            const struct ws_safetensors *tensors, const char *name,
                            const struct ws_allocator *allocator, float *block,
                            struct ws_error *err)
{
    struct import import = {.d = d,
                            .layout = layout,
                            .tensors = tensors,
                            .name = name,
                            .prefix = find_prefix(d, tensors),
                            .block = block};
    size_t used = 0;
    memset(block, 0, layout->size * sizeof *block);
    ws_arena_init(&import.scratch, allocator);
    enum ws_status status = import_entries(&import, &used, err);
    if (status == WS_OK)
        status = check_rest(&import, used, err);
    ws_arena_release(&import.scratch);
    return status;
}
