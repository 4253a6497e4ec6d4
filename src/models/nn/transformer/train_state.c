/*
 * A trainer's whole state as bytes. The format is in docs/formats/trainer.md.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "models/nn/transformer/train_internal.h"

static const char magic[8] = {'W', 'S', 'T', 'R', 'A', 'I', 'N', '1'};
enum { VERSION = 1, HEADER_SIZE = 8 + 4 + 4 + 8, COUNTS_SIZE = 4 * 8 };
enum { POINT_SIZE = 3 * 8, VALIDATION_SIZE = 2 * 8 };

/* What a state is of ----------------------------------------------------------------------------
 */

static enum ws_status hash_numbers(const void *const *arrays, const size_t *sizes, size_t count,
                                   char out[WS_HASH_TEXT_SIZE], struct ws_error *err)
{
    struct ws_hasher hasher;
    struct ws_hash hash;
    WS_TRY(ws_hasher_init(&hasher, err));
    for (size_t i = 0; i < count; i++)
        ws_hasher_update(&hasher, ws_bytes_of(arrays[i], sizes[i]));
    enum ws_status status = ws_hasher_finish(&hasher, &hash, err);
    ws_hasher_release(&hasher);
    if (status == WS_OK)
        ws_hash_text(&hash, out);
    return status;
}

static enum ws_status hash_examples(const struct ws_examples *examples, char out[WS_HASH_TEXT_SIZE],
                                    struct ws_error *err)
{
    size_t tokens = (size_t)ws_example_start(examples, examples->count);
    const void *const arrays[] = {examples->ends, examples->tokens, examples->targets};
    const size_t sizes[] = {(size_t)examples->count * sizeof *examples->ends,
                            tokens * sizeof *examples->tokens, tokens * sizeof *examples->targets};
    return hash_numbers(arrays, sizes, tokens > 0 ? 3 : 0, out, err);
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Everything that the description says of the arithmetic; dropout is among it. */
static enum ws_status hash_model(const struct ws_trainer *t, const float *parameters,
                                 char out[WS_HASH_TEXT_SIZE], struct ws_error *err)
{
    const struct ws_description *d = &t->description;
    const uint32_t form[] = {
        d->vocabulary,
        d->context,
        d->width,
        d->layers,
        d->heads,
        d->kv_heads,
        d->head_size,
        d->inner,
        (uint32_t)d->norm,
        bits_of(d->norm_epsilon),
        (uint32_t)d->activation,
        d->gated,
        d->learned_positions,
        d->position_offset,
        d->rotated,
        bits_of(d->rotary_base),
        d->parallel_residual,
        d->qkv_bias,
        d->out_bias,
        d->feed_bias,
        d->tied,
        bits_of(d->embedding_dropout),
        bits_of(d->residual_dropout),
        bits_of(d->attention_dropout),
    };
    const void *const arrays[] = {form, parameters};
    const size_t sizes[] = {sizeof form, t->size * sizeof *parameters};
    return hash_numbers(arrays, sizes, 2, out, err);
}

enum ws_status ws_trainer_identify(struct ws_trainer *trainer, const float *parameters,
                                   struct ws_error *err)
{
    struct ws_trainer *t = trainer;
    char model[WS_HASH_TEXT_SIZE];
    char examples[WS_HASH_TEXT_SIZE];
    char validation[WS_HASH_TEXT_SIZE];
    WS_TRY(hash_model(t, parameters, model, err));
    WS_TRY(hash_examples(&t->examples, examples, err));
    WS_TRY(hash_examples(&t->validation, validation, err));
    ws_options_canonical(&ws_train_options, &t->settings, true, &t->identity);
    if (t->device->about[0])
        ws_buffer_format(&t->identity, "device=%s %s\n", t->device->about, t->device->library);
    ws_buffer_format(&t->identity, "taken_micro_batch=%" PRIu64 "\n", t->micro_batch);
    ws_buffer_format(&t->identity, "key=%08" PRIx32 "%08" PRIx32 "%08" PRIx32 "\n", t->key.word[0],
                     t->key.word[1], t->key.generation);
    ws_buffer_format(&t->identity, "model=%s\nexamples=%s\nvalidation=%s\n", model, examples,
                     validation);
    return ws_buffer_check(&t->identity, "what a training is of", err);
}

struct ws_bytes ws_trainer_identity(const struct ws_trainer *trainer)
{
    return ws_buffer_bytes(&trainer->identity);
}

static bool begins(struct ws_bytes text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && memcmp(text.data, with, size) == 0;
}

/* The first line that differs says why. */
enum ws_status ws_trainer_compare(const struct ws_trainer *trainer, struct ws_bytes identity,
                                  struct ws_error *err)
{
    static const char *const words[][2] = {
        {"device=", "another 'device' or 'precision'"},
        {"taken_micro_batch=", "other micro-batches"},
        {"key=", "another seed"},
        {"model=", "another model to start from"},
        {"examples=", "other text"},
        {"validation=", "other text to validate on"},
    };
    const char *ours = ws_buffer_string(&trainer->identity);
    size_t line = 0;
    size_t i = 0;
    for (; ours[i] != '\0' && i < identity.size && (uint8_t)ours[i] == identity.data[i]; i++)
        if (ours[i] == '\n')
            line = i + 1;
    if (ours[i] == '\0' && i == identity.size)
        return WS_OK;
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        if (begins(ws_bytes_of_text(ours + line), words[w][0]) ||
            begins(ws_bytes_of(identity.data + line, identity.size - line), words[w][0]))
            return ws_fail(err, WS_CONFLICT, "it is of a training with %s", words[w][1]);
    size_t end = line;
    while (end < identity.size && identity.data[end] != '\n')
        end++;
    return ws_fail(err, WS_CONFLICT, "it is of a training with '%.*s', not '%.*s'",
                   (int)(end - line < 100 ? end - line : 100), (const char *)identity.data + line,
                   (int)strcspn(ours + line, "\n"), ours + line);
}

/* Writing -------------------------------------------------------------------------------------- */

/* Where bytes go: a buffer that keeps them all or, with a draft, only until they are flushed. */
struct sink {
    struct ws_buffer *buffer;
    size_t flushed; /* bytes of the buffer that are hashed, and written when there is a draft */
    struct ws_hasher hasher;
    struct ws_file_draft *draft; /* or NULL */
    const char *path;
};

static enum ws_status flush(struct sink *sink, struct ws_error *err)
{
    struct ws_buffer *buffer = sink->buffer;
    WS_TRY(ws_buffer_check(buffer, "a training's state", err));
    struct ws_bytes bytes = ws_bytes_of(buffer->data + sink->flushed, buffer->size - sink->flushed);
    ws_hasher_update(&sink->hasher, bytes);
    sink->flushed = buffer->size;
    if (!sink->draft)
        return WS_OK;
    WS_TRY(ws_file_draft_write(sink->draft, bytes, sink->path, err));
    ws_buffer_reset(buffer);
    sink->flushed = 0;
    return WS_OK;
}

static enum ws_status put_block(struct sink *sink, struct ws_trainer *t, const float *block,
                                struct ws_error *err)
{
    for (size_t done = 0; done < t->size; done += WS_STATE_PIECE) {
        size_t count = t->size - done < WS_STATE_PIECE ? t->size - done : WS_STATE_PIECE;
        t->ops->read(t->device, t->piece, block + done, count * sizeof *t->piece);
        ws_buffer_u32s(sink->buffer, t->piece, count);
        WS_TRY(flush(sink, err));
    }
    return t->ops->check(t->device, err);
}

static void put_points(struct sink *sink, struct ws_trainer *t)
{
    size_t count;
    const struct ws_train_point *curve = ws_trainer_curve(t, &count);
    for (size_t i = 0; i < count; i++)
        ws_buffer_f64s(sink->buffer, (const double[]){curve[i].loss, curve[i].rate, curve[i].norm},
                       3);
    const struct ws_train_point *validations = ws_trainer_validations(t, &count);
    for (size_t i = 0; i < count; i++) {
        ws_buffer_u64(sink->buffer, validations[i].step);
        ws_buffer_f64(sink->buffer, validations[i].loss);
    }
}

static uint64_t blocks_size(const struct ws_trainer *t)
{
    return (t->best ? 4 : 3) * (uint64_t)t->size * sizeof(float);
}

uint64_t ws_trainer_state_size(const struct ws_trainer *trainer)
{
    const struct ws_trainer *t = trainer;
    size_t validations;
    (void)ws_trainer_validations(t, &validations);
    return HEADER_SIZE + t->identity.size + COUNTS_SIZE + t->step * POINT_SIZE +
           validations * VALIDATION_SIZE + blocks_size(t) + WS_HASH_SIZE;
}

static enum ws_status put_state(struct sink *sink, struct ws_trainer *t, struct ws_error *err)
{
    struct ws_buffer *out = sink->buffer;
    size_t validations;
    (void)ws_trainer_validations(t, &validations);
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, (uint32_t)t->identity.size);
    ws_buffer_u64(out, ws_trainer_state_size(t));
    ws_buffer_append(out, t->identity.data, t->identity.size);
    ws_buffer_u64s(out, (const uint64_t[]){t->step, t->tokens, validations, t->size}, 4);
    put_points(sink, t);
    WS_TRY(flush(sink, err));
    WS_TRY(put_block(sink, t, ws_network_parameters(t->network), err));
    WS_TRY(put_block(sink, t, t->first, err));
    WS_TRY(put_block(sink, t, t->second, err));
    if (t->best)
        WS_TRY(put_block(sink, t, t->best, err));
    struct ws_hash hash;
    WS_TRY(ws_hasher_finish(&sink->hasher, &hash, err));
    ws_buffer_append(out, hash.bytes, WS_HASH_SIZE);
    WS_TRY(ws_buffer_check(out, "a training's state", err));
    if (!sink->draft)
        return WS_OK;
    return ws_file_draft_write(sink->draft, ws_buffer_bytes(out), sink->path, err);
}

void ws_trainer_write(struct ws_trainer *trainer, struct ws_buffer *out)
{
    struct sink sink = {.buffer = out, .flushed = out->size};
    if (out->status != WS_OK)
        return;
    enum ws_status status = ws_hasher_init(&sink.hasher, NULL);
    if (status == WS_OK) {
        status = put_state(&sink, trainer, NULL);
        ws_hasher_release(&sink.hasher);
    }
    if (status != WS_OK)
        out->status = status;
}

enum ws_status ws_trainer_save(struct ws_trainer *trainer, const char *path, struct ws_error *err)
{
    struct ws_file_draft draft;
    struct ws_buffer buffer;
    struct sink sink = {.buffer = &buffer, .draft = &draft, .path = path};
    WS_TRY(ws_hasher_init(&sink.hasher, err));
    ws_buffer_init(&buffer, trainer->allocator, SIZE_MAX);
    enum ws_status status = ws_file_draft_open(&draft, path, err);
    if (status == WS_OK)
        status = put_state(&sink, trainer, err);
    if (status == WS_OK)
        status = ws_file_draft_keep(&draft, path, err);
    ws_file_draft_drop(&draft);
    ws_buffer_release(&buffer);
    ws_hasher_release(&sink.hasher);
    return status;
}

/* Reading -------------------------------------------------------------------------------------- */

/* A state taken apart, its numbers still where they were. */
struct state {
    uint64_t step, tokens, validations;
    struct ws_reader points, blocks;
};

static enum ws_status corrupt(struct ws_error *err)
{
    return ws_fail(err, WS_CORRUPT, "the training's state is damaged");
}

/* The bytes of one state, without header and hash. */
static enum ws_status open_state(struct ws_reader *in, struct ws_reader *body,
                                 uint32_t *identity_size, struct ws_error *err)
{
    const uint8_t *start = in->next;
    const uint8_t *seen = ws_read_bytes(in, sizeof magic);
    if (!seen || memcmp(seen, magic, sizeof magic) != 0)
        return ws_fail(err, WS_CORRUPT, "not a training's state");
    uint32_t version = ws_read_u32(in);
    if (ws_reader_ok(in) && version != VERSION)
        return ws_fail(err, WS_UNSUPPORTED,
                       "a training's state of version %" PRIu32 ", this program reads %d", version,
                       VERSION);
    *identity_size = ws_read_u32(in);
    uint64_t size = ws_read_u64(in);
    if (!ws_reader_ok(in) || size < HEADER_SIZE + WS_HASH_SIZE || size - HEADER_SIZE > in->left)
        return ws_fail(err, WS_CORRUPT, "the training's state is cut short");
    size_t covered = (size_t)size - WS_HASH_SIZE;
    struct ws_hash hash;
    WS_TRY(ws_hash_of(ws_bytes_of(start, covered), &hash, err));
    ws_reader_init(body, ws_bytes_of(in->next, covered - HEADER_SIZE));
    (void)ws_read_bytes(in, covered - HEADER_SIZE);
    if (memcmp(ws_read_bytes(in, WS_HASH_SIZE), hash.bytes, WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "the training's state does not match its hash");
    return WS_OK;
}

static enum ws_status parse_state(const struct ws_trainer *t, struct ws_reader *in,
                                  struct state *out, struct ws_error *err)
{
    struct ws_reader body;
    uint32_t identity_size;
    WS_TRY(open_state(in, &body, &identity_size, err));
    const uint8_t *identity = ws_read_bytes(&body, identity_size);
    if (!identity)
        return corrupt(err);
    WS_TRY(ws_trainer_compare(t, ws_bytes_of(identity, identity_size), err));
    out->step = ws_read_u64(&body);
    out->tokens = ws_read_u64(&body);
    out->validations = ws_read_u64(&body);
    uint64_t size = ws_read_u64(&body);
    out->points = body;
    if (!ws_reader_ok(&body) || out->step > t->steps || out->validations > out->step ||
        size != t->size || !ws_reader_holds(&body, out->step, POINT_SIZE))
        return corrupt(err);
    (void)ws_read_bytes(&body, (size_t)out->step * POINT_SIZE);
    if (!ws_reader_holds(&body, out->validations, VALIDATION_SIZE))
        return corrupt(err);
    (void)ws_read_bytes(&body, (size_t)out->validations * VALIDATION_SIZE);
    out->blocks = body;
    return body.left == blocks_size(t) ? WS_OK : corrupt(err);
}

static enum ws_status parse_points(const struct ws_trainer *t, struct state *state,
                                   struct ws_buffer *curve, struct ws_buffer *validations,
                                   struct ws_error *err)
{
    uint64_t last = 0;
    for (uint64_t i = 0; i < state->step; i++) {
        struct ws_train_point point = {.step = i + 1};
        point.loss = ws_read_f64(&state->points);
        point.rate = ws_read_f64(&state->points);
        point.norm = ws_read_f64(&state->points);
        ws_buffer_append(curve, &point, sizeof point);
    }
    for (uint64_t i = 0; i < state->validations; i++) {
        struct ws_train_point point = {.step = ws_read_u64(&state->points)};
        point.loss = ws_read_f64(&state->points);
        if (point.step <= last || point.step > state->step || !isfinite(point.loss))
            return corrupt(err);
        last = point.step;
        ws_buffer_append(validations, &point, sizeof point);
    }
    if (t->validation.count == 0 && state->validations > 0)
        return corrupt(err);
    WS_TRY(ws_buffer_check(curve, "the loss curve", err));
    return ws_buffer_check(validations, "the validation points", err);
}

static void take_block(struct ws_trainer *t, struct ws_reader *in, float *block)
{
    for (size_t done = 0; done < t->size; done += WS_STATE_PIECE) {
        size_t count = t->size - done < WS_STATE_PIECE ? t->size - done : WS_STATE_PIECE;
        ws_read_u32s(in, t->piece, count);
        t->ops->write(t->device, block + done, t->piece, count * sizeof *t->piece);
    }
}

static void swap(struct ws_buffer *a, struct ws_buffer *b)
{
    struct ws_buffer kept = *a;
    *a = *b;
    *b = kept;
}

static enum ws_status take_state(struct ws_trainer *t, struct state *state, struct ws_error *err)
{
    t->step = state->step;
    t->tokens = state->tokens;
    t->best_loss = (double)INFINITY;
    t->since_best = 0;
    size_t count;
    const struct ws_train_point *validations = ws_trainer_validations(t, &count);
    for (size_t i = 0; i < count; i++)
        (void)ws_trainer_judge(t, validations[i].loss);
    take_block(t, &state->blocks, ws_network_parameters(t->network));
    take_block(t, &state->blocks, t->first);
    take_block(t, &state->blocks, t->second);
    if (t->best)
        take_block(t, &state->blocks, t->best);
    return t->ops->check(t->device, err);
}

enum ws_status ws_trainer_read(struct ws_trainer *trainer, struct ws_reader *in,
                               struct ws_error *err)
{
    struct ws_trainer *t = trainer;
    struct state state;
    struct ws_buffer curve;
    struct ws_buffer validations;
    WS_TRY(parse_state(t, in, &state, err));
    ws_buffer_init(&curve, t->allocator, SIZE_MAX);
    ws_buffer_init(&validations, t->allocator, SIZE_MAX);
    enum ws_status status = parse_points(t, &state, &curve, &validations, err);
    if (status == WS_OK) {
        swap(&t->curve, &curve);
        swap(&t->validations, &validations);
        status = take_state(t, &state, err);
    }
    ws_buffer_release(&curve);
    ws_buffer_release(&validations);
    return status;
}

enum ws_status ws_trainer_load(struct ws_trainer *trainer, const char *path, struct ws_error *err)
{
    struct ws_mapped_file file;
    struct ws_reader in;
    WS_TRY(ws_file_map(path, &file, err));
    ws_reader_init(&in, file.bytes);
    enum ws_status status = ws_trainer_read(trainer, &in, err);
    if (status == WS_OK && in.left > 0)
        status = ws_fail(err, WS_CORRUPT, "bytes follow a training's state");
    ws_file_unmap(&file);
    if (status != WS_OK)
        ws_error_prefix(err, "%s", path);
    return status;
}
