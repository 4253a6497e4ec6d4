#include "models/nn/transformer/transformer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/sampler.h"

enum { ALIGNMENT = 16 };

/* No model of today has more numbers, and no sum or product of sizes below it overflows. */
#define PARAMETERS_MOST 0x1p40

/* The layout ----------------------------------------------------------------------------------- */

struct shape {
    size_t rows;
    size_t columns;
};

static struct shape shape_if(bool present, size_t rows, size_t columns)
{
    return present ? (struct shape){rows, columns} : (struct shape){0, 0};
}

static struct shape shape_of(const struct ws_description *d, enum ws_tensor_kind kind)
{
    size_t queries = (size_t)d->heads * d->head_size;
    size_t qkv = queries + 2 * (size_t)d->kv_heads * d->head_size;
    size_t up = d->gated ? 2 * (size_t)d->inner : d->inner;
    switch (kind) {
    case WS_TENSOR_TOKENS:
        return shape_if(true, d->vocabulary, d->width);
    case WS_TENSOR_PLACES:
        return shape_if(d->learned_positions, (size_t)d->position_offset + d->context, d->width);
    case WS_TENSOR_NORM1:
    case WS_TENSOR_NORM2:
    case WS_TENSOR_NORM:
        return shape_if(true, 1, d->width);
    case WS_TENSOR_NORM1_BIAS:
    case WS_TENSOR_NORM2_BIAS:
    case WS_TENSOR_NORM_BIAS:
        return shape_if(d->norm == WS_NORM_LAYER, 1, d->width);
    case WS_TENSOR_QKV:
        return shape_if(true, qkv, d->width);
    case WS_TENSOR_QKV_BIAS:
        return shape_if(d->qkv_bias, 1, qkv);
    case WS_TENSOR_OUT:
        return shape_if(true, d->width, queries);
    case WS_TENSOR_OUT_BIAS:
        return shape_if(d->out_bias, 1, d->width);
    case WS_TENSOR_UP:
        return shape_if(true, up, d->width);
    case WS_TENSOR_UP_BIAS:
        return shape_if(d->feed_bias, 1, up);
    case WS_TENSOR_DOWN:
        return shape_if(true, d->width, d->inner);
    case WS_TENSOR_DOWN_BIAS:
        return shape_if(d->feed_bias, 1, d->width);
    case WS_TENSOR_HEAD:
        return shape_if(!d->tied, d->vocabulary, d->width);
    case WS_TENSOR_KIND_COUNT:
        break;
    }
    return shape_if(false, 0, 0);
}

/* Where tensors have been put so far. */
struct place {
    size_t next;
    size_t parameters;
};

static struct ws_tensor put(const struct ws_description *d, enum ws_tensor_kind kind,
                            struct place *place)
{
    struct shape shape = shape_of(d, kind);
    if (shape.rows == 0)
        return (struct ws_tensor){0, 0, 0};
    struct ws_tensor tensor = {place->next, shape.rows, shape.columns};
    size_t count = shape.rows * shape.columns;
    place->parameters += count;
    place->next += (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return tensor;
}

void ws_layout_of(const struct ws_description *d, struct ws_layout *out)
{
    *out = (struct ws_layout){.layers = d->layers};
    struct place place = {0, 0};
    for (int kind = WS_TENSOR_TOKENS; kind < WS_TENSOR_NORM1; kind++)
        out->global[kind] = put(d, (enum ws_tensor_kind)kind, &place);
    struct place layer = place;
    for (int kind = WS_TENSOR_NORM1; kind <= WS_TENSOR_DOWN_BIAS; kind++)
        out->first_layer[kind] = put(d, (enum ws_tensor_kind)kind, &layer);
    out->layer_stride = layer.next - place.next;
    place.next += d->layers * out->layer_stride;
    place.parameters += d->layers * (layer.parameters - place.parameters);
    for (int kind = WS_TENSOR_NORM; kind < WS_TENSOR_KIND_COUNT; kind++)
        out->global[kind] = put(d, (enum ws_tensor_kind)kind, &place);
    out->size = place.next;
    out->parameters = place.parameters;
}

/* The check ------------------------------------------------------------------------------------ */

static enum ws_status check_sizes(const struct ws_description *d, struct ws_error *err)
{
    const struct {
        const char *name;
        uint32_t value;
    } sizes[] = {{"vocabulary", d->vocabulary}, {"context", d->context}, {"width", d->width},
                 {"layers", d->layers},         {"heads", d->heads},     {"kv_heads", d->kv_heads},
                 {"head_size", d->head_size},   {"inner", d->inner}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].value == 0)
            return ws_fail(err, WS_INVALID, "a transformer's '%s' is 0, wanted at least 1",
                           sizes[i].name);
    if (d->heads % d->kv_heads != 0)
        return ws_fail(err, WS_INVALID,
                       "a transformer's 'kv_heads' is %" PRIu32 ", wanted a divisor of the %" PRIu32
                       " heads",
                       d->kv_heads, d->heads);
    if (d->rotated % 2 != 0 || d->rotated > d->head_size)
        return ws_fail(err, WS_INVALID,
                       "a transformer's 'rotated' is %" PRIu32
                       ", wanted an even number of at most the %" PRIu32 " of a head",
                       d->rotated, d->head_size);
    if (d->position_offset > UINT32_MAX - d->context)
        return ws_fail(err, WS_INVALID,
                       "a transformer's 'position_offset' is %" PRIu32
                       ", which with a context of %" PRIu32 " is over 2^32",
                       d->position_offset, d->context);
    return WS_OK;
}

/* In doubles, which do not overflow. */
static double parameters_about(const struct ws_description *d)
{
    double width = d->width;
    double queries = (double)d->heads * d->head_size;
    double layer = width * (2 * queries + 2.0 * d->kv_heads * d->head_size + 3.0 * d->inner + 8) +
                   3 * queries + 2.0 * d->inner;
    double rows = 2.0 * d->vocabulary + d->position_offset + d->context + 2;
    return width * rows + d->layers * layer;
}

void ws_description_set_dropout(struct ws_description *d, float dropout)
{
    static const struct {
        bool embedding, residual, attention;
    } sites[] = {
        [WS_ARCHITECTURE_OPT] = {false, true, true},
        [WS_ARCHITECTURE_GPT2] = {true, true, true},
        [WS_ARCHITECTURE_LLAMA] = {false, false, true},
        [WS_ARCHITECTURE_NEOX] = {true, true, true},
    };
    d->embedding_dropout = sites[d->architecture].embedding ? dropout : 0;
    d->residual_dropout = sites[d->architecture].residual ? dropout : 0;
    d->attention_dropout = sites[d->architecture].attention ? dropout : 0;
}

static enum ws_status check_reals(const struct ws_description *d, struct ws_error *err)
{
    const struct {
        const char *name;
        float value;
        float below;
    } reals[] = {{"norm_epsilon", d->norm_epsilon, INFINITY},
                 {"embedding_dropout", d->embedding_dropout, 1},
                 {"residual_dropout", d->residual_dropout, 1},
                 {"attention_dropout", d->attention_dropout, 1},
                 {"initial_deviation", d->initial_deviation, INFINITY},
                 {"rotary_base", d->rotary_base, INFINITY}};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if (!(reals[i].value >= 0 && reals[i].value < reals[i].below))
            return ws_fail(err, WS_INVALID,
                           "a transformer's '%s' is %g, wanted at least 0 and below %g",
                           reals[i].name, (double)reals[i].value, (double)reals[i].below);
    if (d->rotated > 0 && !(d->rotary_base >= 1))
        return ws_fail(err, WS_INVALID,
                       "a transformer's 'rotary_base' is %g, wanted a number of at least 1",
                       (double)d->rotary_base);
    return WS_OK;
}

static enum ws_status check_tokens(const struct ws_description *d, struct ws_error *err)
{
    const struct {
        const char *name;
        uint32_t id;
    } tokens[] = {{"bos", d->bos}, {"eos", d->eos}, {"pad", d->pad}};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        if (tokens[i].id != WS_NO_TOKEN && tokens[i].id >= d->vocabulary)
            return ws_fail(err, WS_INVALID,
                           "a transformer's '%s' is token %" PRIu32
                           ", but its vocabulary has %" PRIu32,
                           tokens[i].name, tokens[i].id, d->vocabulary);
    return WS_OK;
}

enum ws_status ws_description_check(const struct ws_description *d, struct ws_error *err)
{
    WS_TRY(check_sizes(d, err));
    if (parameters_about(d) > PARAMETERS_MOST)
        return ws_fail(err, WS_UNSUPPORTED,
                       "a transformer of about %.2g parameters, wanted at most 2^40",
                       parameters_about(d));
    WS_TRY(check_reals(d, err));
    return check_tokens(d, err);
}

/* Fresh parameters ----------------------------------------------------------------------------- */

static void fill_normal(float *out, size_t count, double deviation, struct ws_rng *rng)
{
    enum { PIECE = 256 };
    double piece[PIECE];
    for (size_t done = 0; done < count; done += PIECE) {
        size_t size = count - done < PIECE ? count - done : PIECE;
        ws_sample_normals(rng, 0, deviation, piece, size);
        for (size_t i = 0; i < size; i++)
            out[done + i] = (float)piece[i];
    }
}

static void init_tensor(const struct ws_description *d, enum ws_tensor_kind kind, uint32_t layer,
                        struct ws_rng_key key, float *out, size_t count)
{
    double deviation = (double)d->initial_deviation;
    struct ws_rng rng;
    switch (kind) {
    case WS_TENSOR_NORM1:
    case WS_TENSOR_NORM2:
    case WS_TENSOR_NORM:
        for (size_t i = 0; i < count; i++)
            out[i] = 1;
        break;
    case WS_TENSOR_OUT:
    case WS_TENSOR_DOWN:
        deviation /= sqrt(2.0 * d->layers);
        /* fallthrough */
    case WS_TENSOR_TOKENS:
    case WS_TENSOR_PLACES:
    case WS_TENSOR_QKV:
    case WS_TENSOR_UP:
    case WS_TENSOR_HEAD:
        ws_rng_init(&rng, key, (uint64_t)kind + (uint64_t)WS_TENSOR_KIND_COUNT * layer);
        fill_normal(out, count, deviation, &rng);
        break;
    default: /* biases stay 0 */
        break;
    }
}

void ws_transformer_init(const struct ws_description *d, const struct ws_layout *layout,
                         struct ws_rng_key key, float *parameters)
{
    memset(parameters, 0, layout->size * sizeof *parameters);
    for (int kind = 0; kind < WS_TENSOR_KIND_COUNT; kind++) {
        uint32_t layers = ws_tensor_in_layer((enum ws_tensor_kind)kind) ? d->layers : 1;
        for (uint32_t layer = 0; layer < layers; layer++) {
            struct ws_tensor t = ws_layout_at(layout, (enum ws_tensor_kind)kind, layer);
            init_tensor(d, (enum ws_tensor_kind)kind, layer, key, parameters + t.offset,
                        t.rows * t.columns);
        }
    }
}
