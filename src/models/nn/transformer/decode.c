/*
 * One pass over the layers, as calls of the device. The residual stream is added to where it is
 * normalised next: what a branch (attention or feed-forward) adds waits in `branch` until then.
 */
#include "models/nn/transformer/decode.h"

#include <assert.h>
#include <inttypes.h>

#include "models/nn/transformer/network.h"

enum { ALIGNMENT = 16 }; /* floats */

/* The parameters of a layer, or those outside layers. A matrix is packed, the rest is plain. */
struct tensors {
    const float *plain[WS_TENSOR_KIND_COUNT];
    struct ws_packed *packed[WS_TENSOR_KIND_COUNT];
};

/* Where things lie in the decoder's block, in floats. */
struct places {
    size_t plain; /* parameters */
    size_t cosines, sines;
    size_t keys, values; /* of one layer after another */
    size_t stream, normal, stats;
    size_t qkv, attended, branch;
    size_t up, active;
    size_t last; /* the stream of the last tokens of prompts */
    size_t logits;
    size_t size; /* of the block */
};

struct ws_decoder {
    struct ws_device *device;
    const struct ws_device_ops *ops;
    const struct ws_allocator *allocator;
    struct ws_description description;
    struct ws_decoder_size size;
    struct places places;
    float *block;
    uint32_t *holders;       /* device; see struct ws_cache */
    struct ws_arena arena;   /* of what follows, on the host */
    struct tensors *tensors; /* (layers + 1): the last are those outside layers */
    uint32_t *slots;         /* (tokens_at_once): of the rows of prompts */
    uint32_t *positions;
    uint32_t *starts; /* (size.slots + 1): of a group of prompts */
};

/* Rows on their way through the layers. Host. */
struct pass {
    size_t rows;
    const uint32_t *tokens;
    const uint32_t *slots;
    const uint32_t *positions;
    const struct ws_attention *whole; /* whole sequences; NULL: each row goes on from its slot */
};

/* Memory --------------------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t tokens_at_once(const struct ws_decoder_size *size)
{
    size_t group = smaller(larger(size->prompt, size->group), size->slots * size->prompt);
    return larger(size->slots, group);
}

static size_t padded(size_t count)
{
    return (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t take(struct places *p, size_t count)
{
    size_t offset = p->size;
    p->size += padded(count);
    return offset;
}

/* A matrix that is multiplied with; of the tables of tokens and positions rows are looked up. */
static bool is_multiplied(enum ws_tensor_kind kind)
{
    return !ws_tensor_is_vector(kind) && kind != WS_TENSOR_TOKENS && kind != WS_TENSOR_PLACES;
}

/* A tensor of a layer or, for place == layers, one outside them; without rows when it is not there.
 */
static struct ws_tensor tensor_at(const struct ws_layout *layout, uint32_t place,
                                  enum ws_tensor_kind kind)
{
    if (ws_tensor_in_layer(kind) != (place < layout->layers))
        return (struct ws_tensor){0};
    return ws_layout_at(layout, kind, place);
}

struct matrix_sizes {
    uint64_t all;
    uint64_t largest;
};

static struct matrix_sizes matrix_sizes(const struct ws_description *d)
{
    struct ws_layout layout;
    struct matrix_sizes sizes = {0};
    ws_layout_of(d, &layout);
    for (uint32_t place = 0; place <= d->layers; place++) {
        for (int kind = 0; kind < WS_TENSOR_KIND_COUNT; kind++) {
            struct ws_tensor t = tensor_at(&layout, place, (enum ws_tensor_kind)kind);
            uint64_t size =
                is_multiplied((enum ws_tensor_kind)kind) ? (uint64_t)t.rows * t.columns : 0;
            sizes.all += size;
            sizes.largest = size > sizes.largest ? size : sizes.largest;
        }
    }
    if (d->tied)
        sizes.all += (uint64_t)d->vocabulary * d->width;
    return sizes;
}

static size_t plain_size(const struct ws_description *d)
{
    struct ws_layout layout;
    size_t size = 0;
    ws_layout_of(d, &layout);
    for (uint32_t place = 0; place <= d->layers; place++) {
        for (int kind = 0; kind < WS_TENSOR_KIND_COUNT; kind++) {
            struct ws_tensor t = tensor_at(&layout, place, (enum ws_tensor_kind)kind);
            size += is_multiplied((enum ws_tensor_kind)kind) ? 0 : padded(t.rows * t.columns);
        }
    }
    return size;
}

static size_t cache_size(const struct ws_description *d, const struct ws_decoder_size *size)
{
    return size->slots * d->kv_heads * size->capacity * d->head_size;
}

static size_t attended_width(const struct ws_description *d)
{
    return (size_t)d->heads * d->head_size;
}

static struct places places_of(const struct ws_description *d, const struct ws_decoder_size *size)
{
    struct places p = {0};
    size_t tokens = tokens_at_once(size);
    p.plain = take(&p, plain_size(d));
    p.cosines = take(&p, (size_t)d->context * (d->rotated / 2));
    p.sines = take(&p, (size_t)d->context * (d->rotated / 2));
    p.keys = take(&p, d->layers * cache_size(d, size));
    p.values = take(&p, d->layers * cache_size(d, size));
    p.stream = take(&p, tokens * d->width);
    p.normal = take(&p, tokens * d->width);
    p.stats = take(&p, tokens * 2);
    p.qkv = take(&p, tokens * (attended_width(d) + 2 * (size_t)d->kv_heads * d->head_size));
    p.attended = take(&p, tokens * attended_width(d));
    p.branch = take(&p, tokens * d->width);
    p.up = take(&p, tokens * d->inner * (d->gated ? 2 : 1));
    p.active = take(&p, d->gated ? tokens * d->inner : 0);
    p.last = take(&p, size->slots * d->width);
    p.logits = take(&p, size->slots * d->vocabulary);
    return p;
}

uint64_t ws_decoder_memory(const struct ws_description *d, const struct ws_decoder_size *size)
{
    struct matrix_sizes matrices = matrix_sizes(d);
    return sizeof(float) * (places_of(d, size).size + matrices.all + matrices.largest);
}

/* Opening -------------------------------------------------------------------------------------- */

/* Packs a matrix through `staging`, device memory that is large enough. */
static struct ws_packed *pack(struct ws_decoder *decoder, const float *host, float *staging,
                              const struct ws_tensor *t)
{
    decoder->ops->write(decoder->device, staging, host, t->rows * t->columns * sizeof *host);
    return decoder->ops->pack(decoder->device, staging, t->rows, t->columns, decoder->size.slots);
}

static void load_tensors(struct ws_decoder *decoder, const struct ws_transformer *model,
                         float *staging)
{
    float *plain = decoder->block + decoder->places.plain;
    for (uint32_t place = 0; place <= model->layout.layers; place++) {
        for (int k = 0; k < WS_TENSOR_KIND_COUNT; k++) {
            struct ws_tensor t = tensor_at(&model->layout, place, (enum ws_tensor_kind)k);
            const float *host = model->parameters + t.offset;
            size_t count = t.rows * t.columns;
            if (count == 0)
                continue;
            if (is_multiplied((enum ws_tensor_kind)k)) {
                decoder->tensors[place].packed[k] = pack(decoder, host, staging, &t);
                continue;
            }
            decoder->ops->write(decoder->device, plain, host, count * sizeof *host);
            decoder->tensors[place].plain[k] = plain;
            plain += padded(count);
        }
    }
    struct tensors *outside = &decoder->tensors[model->layout.layers];
    if (model->description.tied)
        outside->packed[WS_TENSOR_HEAD] = decoder->ops->pack(
            decoder->device, outside->plain[WS_TENSOR_TOKENS], model->description.vocabulary,
            model->description.width, decoder->size.slots);
}

static enum ws_status write_rotary_tables(struct ws_decoder *decoder, struct ws_error *err)
{
    const struct ws_description *d = &decoder->description;
    size_t count = (size_t)d->context * (d->rotated / 2);
    struct ws_arena scratch;
    ws_arena_init(&scratch, decoder->allocator);
    float *cosines = WS_ARENA_NEW(&scratch, float, count);
    float *sines = WS_ARENA_NEW(&scratch, float, count);
    enum ws_status status = WS_OK;
    if (cosines && sines) {
        ws_rotary_tables(d, cosines, sines);
        size_t size = count * sizeof *sines;
        decoder->ops->write(decoder->device, decoder->block + decoder->places.cosines, cosines,
                            size);
        decoder->ops->write(decoder->device, decoder->block + decoder->places.sines, sines, size);
    } else {
        status = ws_fail_memory(err, "the rotary tables");
    }
    ws_arena_release(&scratch);
    return status;
}

static size_t holders_size(const struct ws_decoder_size *size)
{
    return size->slots * size->capacity * sizeof(uint32_t);
}

static enum ws_status fill(struct ws_decoder *decoder, const struct ws_transformer *model,
                           struct ws_error *err)
{
    size_t tokens = tokens_at_once(&decoder->size);
    size_t staging_size = matrix_sizes(&model->description).largest * sizeof(float);
    decoder->tensors =
        WS_ARENA_ZNEW(&decoder->arena, struct tensors, (size_t)model->description.layers + 1);
    decoder->slots = WS_ARENA_NEW(&decoder->arena, uint32_t, tokens);
    decoder->positions = WS_ARENA_NEW(&decoder->arena, uint32_t, tokens);
    decoder->starts = WS_ARENA_NEW(&decoder->arena, uint32_t, decoder->size.slots + 1);
    decoder->block = decoder->ops->alloc(decoder->device, decoder->places.size * sizeof(float));
    float *staging = decoder->ops->alloc(decoder->device, staging_size);
    bool follows = decoder->size.reorders && decoder->ops->cache_follow;
    if (follows)
        decoder->holders = decoder->ops->alloc(decoder->device, holders_size(&decoder->size));
    bool taken = decoder->tensors && decoder->slots && decoder->positions && decoder->starts &&
                 decoder->block && (decoder->holders || !follows);
    if (taken && staging)
        load_tensors(decoder, model, staging);
    decoder->ops->release(decoder->device, staging, staging_size);
    if (!taken || !staging || decoder->ops->check(decoder->device, NULL) == WS_NO_MEMORY)
        return ws_fail(err, WS_NO_MEMORY,
                       "no memory to run %zu sequences of %zu tokens at a time: it takes %" PRIu64
                       " MiB",
                       decoder->size.slots, decoder->size.capacity,
                       (ws_decoder_memory(&model->description, &decoder->size) >> 20) + 1);
    WS_TRY(write_rotary_tables(decoder, err));
    return decoder->ops->check(decoder->device, err);
}

enum ws_status ws_decoder_open(struct ws_device *device, const struct ws_transformer *model,
                               const struct ws_decoder_size *size,
                               const struct ws_allocator *allocator, struct ws_decoder **out,
                               struct ws_error *err)
{
    struct ws_decoder *decoder = ws_realloc(allocator, NULL, 0, sizeof *decoder);
    if (!decoder)
        return ws_fail_memory(err, "a decoder");
    *decoder = (struct ws_decoder){
        .device = device,
        .ops = device->ops,
        .allocator = allocator,
        .description = model->description,
        .size = *size,
        .places = places_of(&model->description, size),
    };
    ws_arena_init(&decoder->arena, allocator);
    enum ws_status status = fill(decoder, model, err);
    if (status != WS_OK)
        ws_decoder_close(decoder);
    else
        *out = decoder;
    return status;
}

void ws_decoder_close(struct ws_decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t place = 0; decoder->tensors && place <= decoder->description.layers; place++)
        for (int kind = 0; kind < WS_TENSOR_KIND_COUNT; kind++)
            decoder->ops->unpack(decoder->device, decoder->tensors[place].packed[kind]);
    decoder->ops->release(decoder->device, decoder->holders, holders_size(&decoder->size));
    decoder->ops->release(decoder->device, decoder->block, decoder->places.size * sizeof(float));
    ws_arena_release(&decoder->arena);
    ws_free(decoder->allocator, decoder, sizeof *decoder);
}

float *ws_decoder_logits(struct ws_decoder *decoder)
{
    return decoder->block + decoder->places.logits;
}

/* Layers --------------------------------------------------------------------------------------- */

static const struct tensors *outside_layers(const struct ws_decoder *decoder)
{
    return &decoder->tensors[decoder->description.layers];
}

/* The bias of a tensor that may have one is the kind after it. */
static void linear(struct ws_decoder *decoder, const struct tensors *t, enum ws_tensor_kind kind,
                   float *y, const float *x, size_t rows)
{
    decoder->ops->linear_packed(decoder->device, y, x, t->packed[kind], t->plain[kind + 1], rows);
}

/* normal = norm(stream + addend), which the stream becomes. */
static void norm(struct ws_decoder *decoder, const struct tensors *t, enum ws_tensor_kind kind,
                 float *stream, const float *addend, size_t rows)
{
    const struct ws_description *d = &decoder->description;
    const struct ws_norm_shape shape = {d->norm, rows, d->width, d->norm_epsilon};
    decoder->ops->norm(decoder->device, decoder->block + decoder->places.normal, stream,
                       decoder->block + decoder->places.stats, stream, addend, t->plain[kind],
                       t->plain[kind + 1], &shape);
}

static struct ws_cache cache_of(const struct ws_decoder *decoder, uint32_t layer)
{
    const struct ws_description *d = &decoder->description;
    size_t offset = layer * cache_size(d, &decoder->size);
    return (struct ws_cache){
        .keys = decoder->block + decoder->places.keys + offset,
        .values = decoder->block + decoder->places.values + offset,
        .slots = decoder->size.slots,
        .kv_heads = d->kv_heads,
        .capacity = decoder->size.capacity,
        .size = d->head_size,
        .holders = decoder->holders,
    };
}

static void turn(struct ws_decoder *decoder, const struct pass *pass, float *qkv)
{
    const struct ws_description *d = &decoder->description;
    const struct ws_rotary rotary = {
        .rows = pass->rows,
        .heads = d->heads,
        .kv_heads = d->kv_heads,
        .size = d->head_size,
        .rotated = d->rotated,
        .cosines = decoder->block + decoder->places.cosines,
        .sines = decoder->block + decoder->places.sines,
        .positions = pass->positions,
    };
    if (d->rotated > 0)
        decoder->ops->rotary(decoder->device, qkv, &rotary, false);
}

static void attend(struct ws_decoder *decoder, const struct pass *pass, uint32_t layer)
{
    const struct ws_device_ops *ops = decoder->ops;
    const struct places *p = &decoder->places;
    float *qkv = decoder->block + p->qkv, *attended = decoder->block + p->attended;
    const struct tensors *t = &decoder->tensors[layer];
    const struct ws_cache cache = cache_of(decoder, layer);
    size_t heads = decoder->description.heads;
    linear(decoder, t, WS_TENSOR_QKV, qkv, decoder->block + p->normal, pass->rows);
    turn(decoder, pass, qkv);
    ops->cache_store(decoder->device, &cache, qkv, heads, pass->slots, pass->positions, pass->rows);
    if (pass->whole) {
        const struct ws_dropout none = {0};
        ops->attention(decoder->device, attended, NULL, qkv, pass->whole, &none);
    } else {
        ops->cache_attention(decoder->device, attended, qkv, &cache, heads, pass->slots,
                             pass->positions, pass->rows);
    }
    linear(decoder, t, WS_TENSOR_OUT, decoder->block + p->branch, attended, pass->rows);
}

static void feed(struct ws_decoder *decoder, const struct pass *pass, uint32_t layer)
{
    const struct ws_description *d = &decoder->description;
    const struct places *p = &decoder->places;
    const struct tensors *t = &decoder->tensors[layer];
    float *up = decoder->block + p->up, *active = up;
    linear(decoder, t, WS_TENSOR_UP, up, decoder->block + p->normal, pass->rows);
    if (d->gated) {
        active = decoder->block + p->active;
        decoder->ops->gate(decoder->device, active, up, d->activation, pass->rows, d->inner);
    } else {
        decoder->ops->activation(decoder->device, up, up, d->activation, pass->rows * d->inner);
    }
    linear(decoder, t, WS_TENSOR_DOWN, decoder->block + p->branch, active, pass->rows);
}

/* Leaves the stream without what the last branch adds. */
static void run_layers(struct ws_decoder *decoder, const struct pass *pass)
{
    const struct ws_description *d = &decoder->description;
    const struct tensors *outside = outside_layers(decoder);
    float *stream = decoder->block + decoder->places.stream;
    float *branch = decoder->block + decoder->places.branch;
    const float *places = outside->plain[WS_TENSOR_PLACES];
    if (places)
        places += (size_t)d->position_offset * d->width;
    decoder->ops->embedding(decoder->device, stream, outside->plain[WS_TENSOR_TOKENS], places,
                            pass->tokens, pass->positions, pass->rows, d->width);
    for (uint32_t layer = 0; layer < d->layers; layer++) {
        const struct tensors *t = &decoder->tensors[layer];
        norm(decoder, t, WS_TENSOR_NORM1, stream, layer > 0 ? branch : NULL, pass->rows);
        attend(decoder, pass, layer);
        if (d->parallel_residual) {
            norm(decoder, t, WS_TENSOR_NORM2, stream, NULL, pass->rows);
            decoder->ops->add(decoder->device, stream, stream, branch, pass->rows * d->width);
        } else {
            norm(decoder, t, WS_TENSOR_NORM2, stream, branch, pass->rows);
        }
        feed(decoder, pass, layer);
    }
}

static void write_logits(struct ws_decoder *decoder, float *stream, const float *addend,
                         size_t first, size_t rows)
{
    const struct tensors *outside = outside_layers(decoder);
    norm(decoder, outside, WS_TENSOR_NORM, stream, addend, rows);
    float *logits = ws_decoder_logits(decoder) + first * decoder->description.vocabulary;
    decoder->ops->scores_packed(decoder->device, logits, decoder->block + decoder->places.normal,
                                outside->packed[WS_TENSOR_HEAD], rows);
}

void ws_decoder_step(struct ws_decoder *decoder, size_t rows, const uint32_t *tokens,
                     const uint32_t *slots, const uint32_t *positions)
{
    assert(rows <= decoder->size.slots);
    const struct pass pass = {rows, tokens, slots, positions, NULL};
    run_layers(decoder, &pass);
    write_logits(decoder, decoder->block + decoder->places.stream,
                 decoder->block + decoder->places.branch, 0, rows);
}

/* Prompts -------------------------------------------------------------------------------------- */

/* Sequences first .. end - 1 of `starts`, whose own starts begin with 0. */
struct group {
    size_t first;
    size_t end;
    uint32_t *starts;
};

static void begin_group(struct ws_decoder *decoder, const struct group *group,
                        const uint32_t *tokens, const uint32_t *slots)
{
    const struct ws_description *d = &decoder->description;
    size_t sequences = group->end - group->first;
    const struct ws_attention whole = {
        .sequences = sequences,
        .starts = group->starts,
        .heads = d->heads,
        .kv_heads = d->kv_heads,
        .size = d->head_size,
    };
    for (size_t s = 0; s < sequences; s++) {
        for (uint32_t t = group->starts[s]; t < group->starts[s + 1]; t++) {
            decoder->slots[t] = slots[group->first + s];
            decoder->positions[t] = t - group->starts[s];
        }
    }
    const struct pass pass = {group->starts[sequences], tokens, decoder->slots, decoder->positions,
                              &whole};
    run_layers(decoder, &pass);
    float *stream = decoder->block + decoder->places.stream;
    float *last = decoder->block + decoder->places.last;
    decoder->ops->add(decoder->device, stream, stream, decoder->block + decoder->places.branch,
                      pass.rows * d->width);
    for (size_t s = 0; s < sequences; s++)
        decoder->slots[s] = group->starts[s + 1] - 1;
    decoder->ops->rows(decoder->device, last, stream, decoder->slots, sequences, d->width);
    write_logits(decoder, last, NULL, group->first, sequences);
}

void ws_decoder_begin(struct ws_decoder *decoder, size_t sequences, const uint32_t *starts,
                      const uint32_t *tokens, const uint32_t *slots)
{
    assert(sequences <= decoder->size.slots);
    size_t most = tokens_at_once(&decoder->size);
    struct group group = {0, 0, decoder->starts};
    while (group.first < sequences) {
        uint32_t begin = starts[group.first];
        group.starts[0] = 0;
        while (group.end < sequences && starts[group.end + 1] - begin <= most) {
            group.end++;
            group.starts[group.end - group.first] = starts[group.end] - begin;
        }
        assert(group.end > group.first);
        begin_group(decoder, &group, tokens + begin, slots);
        group.first = group.end;
    }
}

void ws_decoder_reorder(struct ws_decoder *decoder, const uint32_t *parents, const uint32_t *firsts,
                        const uint32_t *lengths)
{
    assert(decoder->size.reorders);
    for (uint32_t layer = 0; layer < decoder->description.layers; layer++) {
        const struct ws_cache cache = cache_of(decoder, layer);
        if (decoder->holders && layer == 0)
            decoder->ops->cache_follow(decoder->device, &cache, parents, firsts, lengths,
                                       cache.slots);
        else if (!decoder->holders)
            decoder->ops->cache_move(decoder->device, &cache, parents, firsts, lengths,
                                     cache.slots);
    }
}
