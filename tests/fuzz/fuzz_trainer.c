/*
 * Any bytes as the state of a training: refused, and the trainer stays as it was; or taken, and
 * written as the very bytes it came from. The size and the hash that a state carries are also put
 * right, as a forger would.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "models/nn/transformer/train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static const struct ws_description description = {
    .vocabulary = 3,
    .context = 2,
    .width = 2,
    .layers = 1,
    .heads = 1,
    .kv_heads = 1,
    .head_size = 2,
    .inner = 2,
    .norm = WS_NORM_RMS,
    .norm_epsilon = 1e-5F,
    .activation = WS_ACTIVATION_RELU,
    .tied = true,
    .initial_deviation = 0.5F,
};

static const struct ws_train_settings settings = {
    .epochs = 3,
    .batch = 1,
    .parts = 1,
    .shuffle = true,
    .learning_rate = 0.01,
    .beta1 = 0.9,
    .beta2 = 0.95,
    .epsilon = 1e-8,
    .dropout = -1,
    .validate_every = 1,
    .keep_best = true,
};

static const uint64_t ends[] = {2, 3};
static const uint32_t tokens[] = {0, 1, 2};
static const uint32_t targets[] = {1, 2, 0};
static const struct ws_examples examples = {2, ends, tokens, targets};

static struct ws_trainer *open_trainer(struct ws_device *device)
{
    const struct ws_rng_key key = {{1, 2}, 3};
    struct ws_layout layout;
    float parameters[512];
    struct ws_trainer *trainer = NULL;
    ws_layout_of(&description, &layout);
    require(layout.size <= 512);
    ws_transformer_init(&description, &layout, key, parameters);
    require(ws_trainer_open(&settings, device, &description, parameters, &examples, &examples, key,
                            NULL, &trainer, NULL) == WS_OK);
    return trainer;
}

static void write_state(struct ws_trainer *trainer, struct ws_buffer *out)
{
    ws_buffer_init(out, NULL, 1 << 20);
    ws_trainer_write(trainer, out);
    require(out->status == WS_OK);
}

static void read_state(struct ws_device *device, struct ws_bytes bytes)
{
    struct ws_trainer *trainer = open_trainer(device);
    struct ws_reader in;
    struct ws_buffer before;
    struct ws_buffer after;
    write_state(trainer, &before);
    ws_reader_init(&in, bytes);
    enum ws_status status = ws_trainer_read(trainer, &in, NULL);
    write_state(trainer, &after);
    if (status == WS_OK) {
        require(after.size == bytes.size - in.left);
        require(memcmp(after.data, bytes.data, after.size) == 0);
        if (!ws_trainer_done(trainer)) {
            status = ws_trainer_step(trainer, NULL);
            require(status == WS_OK || status == WS_NUMERIC);
        }
    } else {
        require(after.size == before.size && memcmp(after.data, before.data, after.size) == 0);
    }
    ws_buffer_release(&before);
    ws_buffer_release(&after);
    ws_trainer_close(trainer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SIZE_AT = 16, HEADER = 24 };
    struct ws_device *device = NULL;
    require(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL) == WS_OK);
    read_state(device, ws_bytes_of(data, size));
    uint8_t *forged = malloc(size + 1);
    require(forged != NULL);
    memcpy(forged, data, size);
    if (size >= HEADER + WS_HASH_SIZE) {
        struct ws_hash hash;
        size_t covered = size - WS_HASH_SIZE;
        store64_le(forged + SIZE_AT, size);
        require(ws_hash_of(ws_bytes_of(forged, covered), &hash, NULL) == WS_OK);
        memcpy(forged + covered, hash.bytes, WS_HASH_SIZE);
        read_state(device, ws_bytes_of(forged, size));
    }
    free(forged);
    device->ops->close(device);
    return 0;
}
