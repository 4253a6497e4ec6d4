/*
 * One pass over the layers in each direction, as calls of the device.
 *
 * The residual stream is added to where it is normalised next: what a branch (attention or
 * feed-forward) adds waits in `branch` until then. A layer is
 *
 *     sum1 = stream + branch      normal1 = norm1(sum1)
 *     attended = attention(rotary(qkv(normal1)))          branch = dropout(out(attended))
 *     sum2 = sum1 + branch        normal2 = norm2(sum2)
 *     active = activation(up(normal2))                    branch = dropout(down(active))
 *
 * and with parallel residuals normal2 = norm2(sum1), and both branches are added at once.
 */
#include "models/nn/transformer/network.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { ALIGNMENT = 16 }; /* floats */

/* Where activations lie in their block, in floats. */
struct places {
    /* Of layer 0: layer l's are l * stride further. A network that does not train has stride 0: it
     * needs nothing of a layer once it is past. */
    size_t sum1, normal1, stats1;
    size_t qkv, attended, lse;
    size_t sum2, normal2, stats2;
    size_t up, active;
    size_t stride;
    /* Outside layers. */
    size_t sum, normal, stats; /* before the output layer */
    size_t branch;
    size_t branch2; /* parallel residuals only */
    size_t cosines, sines;
    /* Gradients: of the stream, of what the two norms gave, of what a branch added before dropout,
     * and of what lies inside a branch. */
    size_t dstream, dnormal1, dnormal2, dbranch;
    size_t dinner, douter;
    size_t size; /* of the block */
};

struct ws_network {
    struct ws_device *device;
    const struct ws_device_ops *ops;
    const struct ws_allocator *allocator;
    struct ws_description description;
    struct ws_layout layout;
    struct places places;
    size_t tokens;
    float *parameters; /* device, as everything of this kind below */
    float *gradients;
    float *activations;
    uint32_t *positions; /* host, (tokens): of the batch at hand */
};

/* One batch on its way. */
struct pass {
    const struct ws_batch *batch;
    size_t rows;
    const struct ws_rng_key *dropout; /* NULL: none */
};

/* Memory --------------------------------------------------------------------------------------- */

static size_t take(size_t *end, size_t count)
{
    size_t offset = *end;
    *end += (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return offset;
}

static size_t attended_width(const struct ws_description *d)
{
    return (size_t)d->heads * d->head_size;
}

static size_t qkv_width(const struct ws_description *d)
{
    return ((size_t)d->heads + 2 * (size_t)d->kv_heads) * d->head_size;
}

static size_t up_width(const struct ws_description *d)
{
    return (d->gated ? 2 : 1) * (size_t)d->inner;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ReLU's gradient can be read off what it gave. */
static bool needs_up(const struct ws_description *d)
{
    return d->gated || d->activation != WS_ACTIVATION_RELU;
}

static void place_layers(const struct ws_description *d, size_t tokens, bool trains,
                         struct places *p, size_t *end)
{
    size_t first = *end, width = d->width;
    p->sum1 = take(end, tokens * width);
    p->normal1 = take(end, tokens * width);
    p->stats1 = take(end, tokens * 2);
    p->qkv = take(end, tokens * qkv_width(d));
    p->attended = take(end, tokens * attended_width(d));
    p->lse = take(end, tokens * d->heads);
    p->sum2 = d->parallel_residual ? p->sum1 : take(end, tokens * width);
    p->normal2 = take(end, tokens * width);
    p->stats2 = take(end, tokens * 2);
    p->active = take(end, tokens * d->inner);
    p->up = needs_up(d) ? take(end, tokens * up_width(d)) : p->active;
    p->stride = trains ? *end - first : 0;
    *end = first + (trains ? d->layers : 1) * (*end - first);
}

static void place_gradients(const struct ws_description *d, size_t tokens, struct places *p,
                            size_t *end)
{
    size_t narrow = tokens * d->width;
    p->dstream = take(end, narrow);
    p->dnormal1 = take(end, narrow);
    p->dnormal2 = take(end, narrow);
    p->dbranch = take(end, narrow);
    p->dinner = take(end, tokens * larger(attended_width(d), d->inner));
    p->douter = take(end, tokens * larger(qkv_width(d), d->gated ? up_width(d) : 0));
}

static struct places places_of(const struct ws_description *d, size_t tokens, bool trains)
{
    struct places p = {0};
    size_t end = 0;
    place_layers(d, tokens, trains, &p, &end);
    p.sum = take(&end, tokens * d->width);
    p.normal = take(&end, tokens * d->width);
    p.stats = take(&end, tokens * 2);
    p.branch = take(&end, tokens * d->width);
    p.branch2 = take(&end, d->parallel_residual ? tokens * d->width : 0);
    p.cosines = take(&end, (size_t)d->context * (d->rotated / 2));
    p.sines = take(&end, (size_t)d->context * (d->rotated / 2));
    if (trains)
        place_gradients(d, tokens, &p, &end);
    p.size = end;
    return p;
}

uint64_t ws_network_memory(const struct ws_description *description, size_t tokens, bool trains)
{
    struct ws_layout layout;
    ws_layout_of(description, &layout);
    struct places places = places_of(description, tokens, trains);
    return sizeof(float) * ((trains ? 2 : 1) * (uint64_t)layout.size + places.size);
}

void ws_rotary_tables(const struct ws_description *d, float *cosines, float *sines)
{
    size_t half = d->rotated / 2;
    for (size_t i = 0; i < half; i++) {
        double turn = pow(d->rotary_base, -2.0 * (double)i / (double)d->rotated);
        for (size_t position = 0; position < d->context; position++) {
            cosines[position * half + i] = (float)cos((double)position * turn);
            sines[position * half + i] = (float)sin((double)position * turn);
        }
    }
}

static enum ws_status write_rotary_tables(struct ws_network *n, struct ws_error *err)
{
    const struct ws_description *d = &n->description;
    size_t count = (size_t)d->context * (d->rotated / 2);
    if (count == 0)
        return WS_OK;
    size_t size = 2 * count * sizeof(float);
    float *tables = ws_realloc(n->allocator, NULL, 0, size);
    if (!tables)
        return ws_fail_memory(err, "the rotary tables");
    ws_rotary_tables(d, tables, tables + count);
    n->ops->write(n->device, n->activations + n->places.cosines, tables, size / 2);
    n->ops->write(n->device, n->activations + n->places.sines, tables + count, size / 2);
    ws_free(n->allocator, tables, size);
    return n->ops->check(n->device, err);
}

static enum ws_status take_memory(struct ws_network *n, bool trains, struct ws_error *err)
{
    size_t size = n->layout.size * sizeof(float);
    n->positions = ws_realloc(n->allocator, NULL, 0, n->tokens * sizeof *n->positions);
    n->parameters = n->ops->alloc(n->device, size);
    if (trains)
        n->gradients = n->ops->alloc(n->device, size);
    n->activations = n->ops->alloc(n->device, n->places.size * sizeof(float));
    if (!n->positions || !n->parameters || (trains && !n->gradients) || !n->activations)
        return ws_fail(err, WS_NO_MEMORY,
                       "no memory for a network of %zu parameters and %zu tokens at a time: it "
                       "needs %" PRIu64 " MiB",
                       n->layout.parameters, n->tokens,
                       (ws_network_memory(&n->description, n->tokens, trains) >> 20) + 1);
    return write_rotary_tables(n, err);
}

enum ws_status ws_network_open(struct ws_device *device, const struct ws_description *description,
                               size_t tokens, bool trains, const struct ws_allocator *allocator,
                               struct ws_network **out, struct ws_error *err)
{
    assert(tokens > 0);
    if (tokens > WS_NETWORK_TOKENS)
        return ws_fail(err, WS_LIMIT, "%zu tokens at a time, the limit is %d", tokens,
                       WS_NETWORK_TOKENS);
    struct ws_network *n = ws_realloc(allocator, NULL, 0, sizeof *n);
    if (!n)
        return ws_fail_memory(err, "a network");
    *n = (struct ws_network){
        .device = device,
        .ops = device->ops,
        .allocator = allocator,
        .description = *description,
        .places = places_of(description, tokens, trains),
        .tokens = tokens,
    };
    ws_layout_of(description, &n->layout);
    enum ws_status status = take_memory(n, trains, err);
    if (status != WS_OK)
        ws_network_close(n);
    else
        *out = n;
    return status;
}

void ws_network_close(struct ws_network *network)
{
    struct ws_network *n = network;
    if (!n)
        return;
    n->ops->release(n->device, n->activations, n->places.size * sizeof(float));
    n->ops->release(n->device, n->gradients, n->layout.size * sizeof(float));
    n->ops->release(n->device, n->parameters, n->layout.size * sizeof(float));
    ws_free(n->allocator, n->positions, n->tokens * sizeof *n->positions);
    ws_free(n->allocator, n, sizeof *n);
}

size_t ws_network_tokens(const struct ws_network *network)
{
    return network->tokens;
}

const struct ws_allocator *ws_network_allocator(const struct ws_network *network)
{
    return network->allocator;
}

const struct ws_layout *ws_network_layout(const struct ws_network *network)
{
    return &network->layout;
}

float *ws_network_parameters(struct ws_network *network)
{
    return network->parameters;
}

float *ws_network_gradients(struct ws_network *network)
{
    return network->gradients;
}

void ws_network_write(struct ws_network *network, const float *parameters)
{
    network->ops->write(network->device, network->parameters, parameters,
                        network->layout.size * sizeof(float));
}

void ws_network_read(struct ws_network *network, float *parameters)
{
    network->ops->read(network->device, parameters, network->parameters,
                       network->layout.size * sizeof(float));
}

/* Batches -------------------------------------------------------------------------------------- */

/* The largest of all tokens + `more`, which makes 0 of WS_NO_TARGET where that is 1. So simple that
 * it becomes vector code: a device waits while its next batch is looked at. */
static uint32_t largest_token(const uint32_t *tokens, uint32_t more, size_t count)
{
    uint32_t largest = 0;
    for (size_t t = 0; t < count; t++)
        largest = tokens[t] + more > largest ? tokens[t] + more : largest;
    return largest;
}

static enum ws_status check_token(const struct ws_network *n, const char *what, uint32_t token,
                                  size_t place, struct ws_error *err)
{
    if (token < n->description.vocabulary)
        return WS_OK;
    return ws_fail(err, WS_INVALID, "%s %zu of a batch is %" PRIu32 ", the vocabulary has %" PRIu32,
                   what, place, token, n->description.vocabulary);
}

static enum ws_status check_batch(const struct ws_network *n, const struct ws_batch *batch,
                                  struct ws_error *err)
{
    assert(batch->starts[0] == 0);
    for (size_t s = 0; s < batch->sequences; s++) {
        assert(batch->starts[s] <= batch->starts[s + 1]);
        uint32_t length = batch->starts[s + 1] - batch->starts[s];
        if (length == 0)
            return ws_fail(err, WS_INVALID, "sequence %zu of a batch is empty", s);
        if (length > n->description.context)
            return ws_fail(err, WS_INVALID,
                           "a sequence of %" PRIu32 " tokens, the model's context is %" PRIu32,
                           length, n->description.context);
    }
    size_t rows = batch->starts[batch->sequences];
    if (rows == 0 || rows > n->tokens)
        return ws_fail(err, WS_INVALID, "a batch of %zu tokens for a network opened for 1 to %zu",
                       rows, n->tokens);
    const uint32_t vocabulary = n->description.vocabulary;
    if (largest_token(batch->tokens, 0, rows) < vocabulary &&
        (!batch->targets || largest_token(batch->targets, 1, rows) <= vocabulary))
        return WS_OK;
    for (size_t t = 0; t < rows; t++) {
        WS_TRY(check_token(n, "token", batch->tokens[t], t, err));
        if (batch->targets && batch->targets[t] != WS_NO_TARGET)
            WS_TRY(check_token(n, "target", batch->targets[t], t, err));
    }
    return WS_OK;
}

static struct pass begin_pass(struct ws_network *n, const struct ws_batch *batch,
                              const struct ws_rng_key *dropout)
{
    for (size_t s = 0; s < batch->sequences; s++)
        for (uint32_t t = batch->starts[s]; t < batch->starts[s + 1]; t++)
            n->positions[t] = t - batch->starts[s];
    return (struct pass){batch, batch->starts[batch->sequences], dropout};
}

/* Pieces --------------------------------------------------------------------------------------- */

/* An activation of a layer. */
static float *kept(const struct ws_network *n, size_t place, uint32_t layer)
{
    return n->activations + place + layer * n->places.stride;
}

static float *parameter(const struct ws_network *n, enum ws_tensor_kind kind, uint32_t layer)
{
    return ws_layout_find(&n->layout, n->parameters, kind, layer);
}

static float *gradient(const struct ws_network *n, enum ws_tensor_kind kind, uint32_t layer)
{
    return ws_layout_find(&n->layout, n->gradients, kind, layer);
}

static enum ws_tensor_kind head_kind(const struct ws_network *n)
{
    return n->description.tied ? WS_TENSOR_TOKENS : WS_TENSOR_HEAD;
}

/* The bias of every tensor that has one is the kind after it. */
static enum ws_tensor_kind bias_of(enum ws_tensor_kind kind)
{
    return (enum ws_tensor_kind)(kind + 1);
}

static struct ws_linear linear_of(const struct ws_network *n, const struct pass *pass,
                                  enum ws_tensor_kind kind, uint32_t layer)
{
    struct ws_tensor weight = ws_layout_at(&n->layout, kind, layer);
    return (struct ws_linear){
        .rows = pass->rows,
        .in = weight.columns,
        .out = weight.rows,
        .weight = parameter(n, kind, layer),
        .bias = parameter(n, bias_of(kind), layer),
    };
}

static void linear(struct ws_network *n, const struct pass *pass, enum ws_tensor_kind kind,
                   uint32_t layer, float *y, const float *x)
{
    struct ws_linear l = linear_of(n, pass, kind, layer);
    n->ops->linear(n->device, y, x, &l);
}

static void linear_backward(struct ws_network *n, const struct pass *pass, enum ws_tensor_kind kind,
                            uint32_t layer, float *dx, float *dbias, const float *dy,
                            const float *x)
{
    struct ws_linear l = linear_of(n, pass, kind, layer);
    n->ops->linear_backward(n->device, dx, gradient(n, kind, layer), dbias, dy, x, &l, false);
}

static struct ws_norm_shape norm_shape(const struct ws_network *n, const struct pass *pass)
{
    return (struct ws_norm_shape){
        .kind = n->description.norm,
        .rows = pass->rows,
        .width = n->description.width,
        .eps = n->description.norm_epsilon,
    };
}

static void norm(struct ws_network *n, const struct pass *pass, enum ws_tensor_kind kind,
                 uint32_t layer, float *y, float *sum, float *stats, const float *x,
                 const float *addend)
{
    struct ws_norm_shape shape = norm_shape(n, pass);
    n->ops->norm(n->device, y, sum, stats, x, addend, parameter(n, kind, layer),
                 parameter(n, bias_of(kind), layer), &shape);
}

static void norm_backward(struct ws_network *n, const struct pass *pass, enum ws_tensor_kind kind,
                          uint32_t layer, float *dx, const float *dy, const float *x,
                          const float *stats, bool add_input)
{
    struct ws_norm_shape shape = norm_shape(n, pass);
    n->ops->norm_backward(n->device, dx, gradient(n, kind, layer),
                          gradient(n, bias_of(kind), layer), dy, x, stats,
                          parameter(n, kind, layer), &shape, add_input);
}

/* Dropout's places: the embedding, then three in each layer. */
enum { SITE_EMBEDDING, SITE_PROBABILITIES, SITE_ATTENTION, SITE_FEED, SITES_IN_LAYER = 3 };

static struct ws_dropout dropout_at(const struct pass *pass, float p, uint32_t site, uint32_t layer)
{
    if (!pass->dropout)
        return (struct ws_dropout){.p = 0};
    return (struct ws_dropout){p, *pass->dropout, site + SITES_IN_LAYER * layer};
}

static void drop(struct ws_network *n, const struct pass *pass, float p, uint32_t site,
                 uint32_t layer, float *x)
{
    struct ws_dropout dropout = dropout_at(pass, p, site, layer);
    if (dropout.p > 0)
        n->ops->dropout(n->device, x, x, &dropout, pass->rows * n->description.width);
}

/* The gradient of what a branch added, given that of the stream. */
static const float *drop_backward(struct ws_network *n, const struct pass *pass, uint32_t site,
                                  uint32_t layer)
{
    const float *dstream = n->activations + n->places.dstream;
    struct ws_dropout dropout = dropout_at(pass, n->description.residual_dropout, site, layer);
    if (dropout.p <= 0)
        return dstream;
    float *dbranch = n->activations + n->places.dbranch;
    n->ops->dropout(n->device, dbranch, dstream, &dropout, pass->rows * n->description.width);
    return dbranch;
}

static struct ws_attention attention_of(const struct ws_network *n, const struct pass *pass)
{
    const struct ws_description *d = &n->description;
    return (struct ws_attention){
        .sequences = pass->batch->sequences,
        .starts = pass->batch->starts,
        .heads = d->heads,
        .kv_heads = d->kv_heads,
        .size = d->head_size,
    };
}

static void turn(struct ws_network *n, const struct pass *pass, float *qkv, bool inverse)
{
    const struct ws_description *d = &n->description;
    if (d->rotated == 0)
        return;
    const struct ws_rotary rotary = {
        .rows = pass->rows,
        .heads = d->heads,
        .kv_heads = d->kv_heads,
        .size = d->head_size,
        .rotated = d->rotated,
        .cosines = n->activations + n->places.cosines,
        .sines = n->activations + n->places.sines,
        .positions = n->positions,
    };
    n->ops->rotary(n->device, qkv, &rotary, inverse);
}

/* Position 0 has its row behind `position_offset` others. */
static float *places_of_positions(const struct ws_network *n, float *table)
{
    return table ? table + (size_t)n->description.position_offset * n->description.width : NULL;
}

/* Forward -------------------------------------------------------------------------------------- */

static void embed(struct ws_network *n, const struct pass *pass)
{
    float *stream = kept(n, n->places.sum1, 0);
    float *places = places_of_positions(n, parameter(n, WS_TENSOR_PLACES, 0));
    n->ops->embedding(n->device, stream, parameter(n, WS_TENSOR_TOKENS, 0), places,
                      pass->batch->tokens, n->positions, pass->rows, n->description.width);
    drop(n, pass, n->description.embedding_dropout, SITE_EMBEDDING, 0, stream);
}

static void attend(struct ws_network *n, const struct pass *pass, uint32_t l)
{
    const struct ws_description *d = &n->description;
    const struct places *p = &n->places;
    float *qkv = kept(n, p->qkv, l);
    float *attended = kept(n, p->attended, l);
    float *branch = n->activations + p->branch;
    struct ws_attention attention = attention_of(n, pass);
    struct ws_dropout dropout = dropout_at(pass, d->attention_dropout, SITE_PROBABILITIES, l);
    linear(n, pass, WS_TENSOR_QKV, l, qkv, kept(n, p->normal1, l));
    turn(n, pass, qkv, false);
    n->ops->attention(n->device, attended, kept(n, p->lse, l), qkv, &attention, &dropout);
    linear(n, pass, WS_TENSOR_OUT, l, branch, attended);
    drop(n, pass, d->residual_dropout, SITE_ATTENTION, l, branch);
}

static void feed(struct ws_network *n, const struct pass *pass, uint32_t l, float *branch)
{
    const struct ws_description *d = &n->description;
    const struct places *p = &n->places;
    float *up = kept(n, p->up, l);
    float *active = kept(n, p->active, l);
    const float *normal2 = kept(n, p->normal2, l);
    if (d->gated) {
        linear(n, pass, WS_TENSOR_UP, l, up, normal2);
        n->ops->gate(n->device, active, up, d->activation, pass->rows, d->inner);
    } else {
        const struct ws_linear to_up = linear_of(n, pass, WS_TENSOR_UP, l);
        n->ops->linear_activation(n->device, active, needs_up(d) ? up : NULL, normal2, &to_up,
                                  d->activation);
    }
    linear(n, pass, WS_TENSOR_DOWN, l, branch, active);
    drop(n, pass, d->residual_dropout, SITE_FEED, l, branch);
}

static void forward_layer(struct ws_network *n, const struct pass *pass, uint32_t l)
{
    const struct places *p = &n->places;
    float *branch = n->activations + p->branch;
    float *sum1 = kept(n, p->sum1, l);
    float *sum2 = kept(n, p->sum2, l);
    bool parallel = n->description.parallel_residual;
    norm(n, pass, WS_TENSOR_NORM1, l, kept(n, p->normal1, l), sum1, kept(n, p->stats1, l),
         l == 0 ? sum1 : kept(n, p->sum2, l - 1), l == 0 ? NULL : branch);
    attend(n, pass, l);
    norm(n, pass, WS_TENSOR_NORM2, l, kept(n, p->normal2, l), sum2, kept(n, p->stats2, l), sum1,
         parallel ? NULL : branch);
    if (!parallel) {
        feed(n, pass, l, branch);
        return;
    }
    float *branch2 = n->activations + p->branch2;
    feed(n, pass, l, branch2);
    n->ops->add(n->device, branch, branch, branch2, pass->rows * n->description.width);
}

/* Up to what the output layer takes. */
static const float *forward(struct ws_network *n, const struct pass *pass)
{
    const struct places *p = &n->places;
    embed(n, pass);
    for (uint32_t l = 0; l < n->description.layers; l++)
        forward_layer(n, pass, l);
    float *normal = n->activations + p->normal;
    norm(n, pass, WS_TENSOR_NORM, 0, normal, n->activations + p->sum, n->activations + p->stats,
         kept(n, p->sum2, n->description.layers - 1), n->activations + p->branch);
    return normal;
}

static struct ws_head head_of(const struct ws_network *n, const struct pass *pass)
{
    return (struct ws_head){
        .rows = pass->rows,
        .width = n->description.width,
        .vocabulary = n->description.vocabulary,
        .weight = parameter(n, head_kind(n), 0),
        .target = pass->batch->targets,
    };
}

enum ws_status ws_network_score(struct ws_network *network, const struct ws_batch *batch,
                                float *loss, float *entropy, struct ws_error *err)
{
    struct ws_network *n = network;
    WS_TRY(check_batch(n, batch, err));
    struct pass pass = begin_pass(n, batch, NULL);
    struct ws_head head = head_of(n, &pass);
    n->ops->head_loss(n->device, loss, entropy, forward(n, &pass), &head);
    return n->ops->check(n->device, err);
}

enum ws_status ws_network_visit_logits(struct ws_network *network, const struct ws_batch *batch,
                                       ws_logits_visit *visit, void *context, struct ws_error *err)
{
    struct ws_network *n = network;
    WS_TRY(check_batch(n, batch, err));
    struct pass pass = begin_pass(n, batch, NULL);
    size_t width = n->description.width, vocabulary = n->description.vocabulary;
    size_t most = ws_batching_of(n->device)->scores_rows;
    size_t size = most * vocabulary * sizeof(float);
    float *on_host = ws_realloc(n->allocator, NULL, 0, size);
    float *on_device = n->ops->alloc(n->device, size);
    enum ws_status status = on_host ? WS_OK : ws_fail_memory(err, "logits");
    const float *x = forward(n, &pass);
    for (size_t first = 0; status == WS_OK && first < pass.rows; first += most) {
        const struct ws_linear head = {
            .rows = pass.rows - first < most ? pass.rows - first : most,
            .in = width,
            .out = vocabulary,
            .weight = parameter(n, head_kind(n), 0),
        };
        if (on_device) {
            n->ops->scores(n->device, on_device, x, first, &head);
            n->ops->read(n->device, on_host, on_device, head.rows * vocabulary * sizeof(float));
        }
        status = n->ops->check(n->device, err);
        if (status == WS_OK)
            visit(context, on_host, first, head.rows);
    }
    n->ops->release(n->device, on_device, size);
    ws_free(n->allocator, on_host, size);
    return status;
}

struct logits_copy {
    float *out;
    size_t vocabulary;
};

static void copy_logits(void *context, const float *logits, size_t first, size_t rows)
{
    const struct logits_copy *copy = context;
    memcpy(copy->out + first * copy->vocabulary, logits, rows * copy->vocabulary * sizeof *logits);
}

enum ws_status ws_network_logits(struct ws_network *network, const struct ws_batch *batch,
                                 float *logits, struct ws_error *err)
{
    struct logits_copy copy = {logits, network->description.vocabulary};
    return ws_network_visit_logits(network, batch, copy_logits, &copy, err);
}

/* Backward ------------------------------------------------------------------------------------- */

/* Gives dnormal2. */
static void feed_backward(struct ws_network *n, const struct pass *pass, uint32_t l)
{
    const struct ws_description *d = &n->description;
    const struct places *p = &n->places;
    const float *up = kept(n, p->up, l);
    float *dactive = n->activations + p->dinner;
    float *dup = d->gated ? n->activations + p->douter : dactive;
    linear_backward(n, pass, WS_TENSOR_DOWN, l, dactive, gradient(n, WS_TENSOR_DOWN_BIAS, l),
                    drop_backward(n, pass, SITE_FEED, l), kept(n, p->active, l));
    float *dbias = gradient(n, WS_TENSOR_UP_BIAS, l);
    if (d->gated) {
        n->ops->gate_backward(n->device, dup, dactive, up, d->activation, pass->rows, d->inner);
    } else {
        n->ops->activation_backward(n->device, dup, dbias, dactive, up, d->activation, pass->rows,
                                    d->inner);
        dbias = NULL;
    }
    linear_backward(n, pass, WS_TENSOR_UP, l, n->activations + p->dnormal2, dbias, dup,
                    kept(n, p->normal2, l));
}

/* Gives dnormal1. */
static void attend_backward(struct ws_network *n, const struct pass *pass, uint32_t l)
{
    const struct places *p = &n->places;
    const float *attended = kept(n, p->attended, l);
    float *dattended = n->activations + p->dinner;
    float *dqkv = n->activations + p->douter;
    struct ws_attention attention = attention_of(n, pass);
    struct ws_dropout dropout =
        dropout_at(pass, n->description.attention_dropout, SITE_PROBABILITIES, l);
    linear_backward(n, pass, WS_TENSOR_OUT, l, dattended, gradient(n, WS_TENSOR_OUT_BIAS, l),
                    drop_backward(n, pass, SITE_ATTENTION, l), attended);
    n->ops->attention_backward(n->device, dqkv, dattended, attended, kept(n, p->lse, l),
                               kept(n, p->qkv, l), &attention, &dropout);
    turn(n, pass, dqkv, true);
    linear_backward(n, pass, WS_TENSOR_QKV, l, n->activations + p->dnormal1,
                    gradient(n, WS_TENSOR_QKV_BIAS, l), dqkv, kept(n, p->normal1, l));
}

/* The stream's gradient after the layer becomes the one before it. Parallel branches both begin
 * before the layer, so neither's share may be added before both have read it. */
static void backward_layer(struct ws_network *n, const struct pass *pass, uint32_t l)
{
    const struct places *p = &n->places;
    float *dstream = n->activations + p->dstream;
    feed_backward(n, pass, l);
    if (n->description.parallel_residual)
        attend_backward(n, pass, l);
    norm_backward(n, pass, WS_TENSOR_NORM2, l, dstream, n->activations + p->dnormal2,
                  kept(n, p->sum2, l), kept(n, p->stats2, l), true);
    if (!n->description.parallel_residual)
        attend_backward(n, pass, l);
    norm_backward(n, pass, WS_TENSOR_NORM1, l, dstream, n->activations + p->dnormal1,
                  kept(n, p->sum1, l), kept(n, p->stats1, l), true);
}

static void backward(struct ws_network *n, const struct pass *pass, float *dnormal)
{
    const struct places *p = &n->places;
    float *dstream = n->activations + p->dstream;
    norm_backward(n, pass, WS_TENSOR_NORM, 0, dstream, dnormal, n->activations + p->sum,
                  n->activations + p->stats, false);
    for (uint32_t l = n->description.layers; l-- > 0;)
        backward_layer(n, pass, l);
    drop(n, pass, n->description.embedding_dropout, SITE_EMBEDDING, 0, dstream);
    n->ops->embedding_backward(n->device, gradient(n, WS_TENSOR_TOKENS, 0),
                               places_of_positions(n, gradient(n, WS_TENSOR_PLACES, 0)), dstream,
                               pass->batch->tokens, n->positions, pass->rows, n->description.width);
}

enum ws_status ws_network_train_ahead(struct ws_network *network, const struct ws_batch *batch,
                                      float scale, const struct ws_rng_key *dropout, float *loss,
                                      struct ws_error *err)
{
    struct ws_network *n = network;
    assert(n->gradients);
    WS_TRY(check_batch(n, batch, err));
    struct pass pass = begin_pass(n, batch, dropout);
    struct ws_head head = head_of(n, &pass);
    float *dnormal = n->activations + n->places.dnormal1;
    const float *normal = forward(n, &pass);
    n->ops->head_loss_backward(n->device, loss, dnormal, gradient(n, head_kind(n), 0), NULL, normal,
                               &head, scale);
    backward(n, &pass, dnormal);
    return WS_OK;
}

enum ws_status ws_network_train(struct ws_network *network, const struct ws_batch *batch,
                                float scale, const struct ws_rng_key *dropout, float *loss,
                                struct ws_error *err)
{
    WS_TRY(ws_network_train_ahead(network, batch, scale, dropout, loss, err));
    return network->ops->check(network->device, err);
}
