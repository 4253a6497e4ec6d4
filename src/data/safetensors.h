/*
 * Tensors in files: the safetensors format, in which Hugging Face models come and go.
 *
 * A file is the header's length (8 bytes, little-endian), a JSON object that gives every tensor's
 * name, type, shape and place, and the data, row-major and little-endian, without holes. What is
 * read is a view into the file's bytes: nothing is copied, nothing is aligned. A reader refuses
 * what the format's own implementation refuses, and a name twice. A JSON header over 64 MiB is over
 * a limit of ours (WS_JSON_LIMIT).
 *
 * Source: https://github.com/huggingface/safetensors, README and safetensors/src/tensor.rs.
 * Contract: tests/unit/test_safetensors.c. Fuzz targets: tests/fuzz/fuzz_safetensors.c,
 * tests/fuzz/fuzz_safetensors_index.c.
 */
#ifndef WS_DATA_SAFETENSORS_H
#define WS_DATA_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"

/* In the order in which the format's own writer puts types into a file, last first. */
/* clang-format off */
#define WS_DTYPE_MAP(X) \
    X(BOOL, 1)          \
    X(U8,   1)          \
    X(I8,   1)          \
    X(I16,  2)          \
    X(U16,  2)          \
    X(F16,  2)          \
    X(BF16, 2)          \
    X(I32,  4)          \
    X(U32,  4)          \
    X(F32,  4)          \
    X(F64,  8)          \
    X(I64,  8)          \
    X(U64,  8)
/* clang-format on */

enum ws_dtype {
    WS_DTYPE_UNKNOWN = 0,
#define X(name, size) WS_DTYPE_##name,
    WS_DTYPE_MAP(X)
#undef X
        WS_DTYPE_COUNT
};

const char *ws_dtype_name(enum ws_dtype dtype); /* "F32" */
size_t ws_dtype_size(enum ws_dtype dtype);      /* bytes of one element */

struct ws_tensor_view {
    const char *name;
    enum ws_dtype dtype;
    size_t rank; /* 0: one number */
    const uint64_t *shape;
    uint64_t count;      /* the product of the shape */
    const uint8_t *data; /* count x ws_dtype_size(dtype) bytes; any alignment */
};

struct ws_safetensors {
    const struct ws_tensor_view *tensors; /* ascending by name (strcmp) */
    size_t count;
};

/* `name` is the file's, for messages. Views live as long as both `file` and the arena. WS_CORRUPT;
 * WS_UNSUPPORTED for a type that exists and is not in the table above. */
WS_MUST_CHECK enum ws_status ws_safetensors_parse(struct ws_bytes file, const char *name,
                                                  struct ws_arena *arena,
                                                  struct ws_safetensors *out, struct ws_error *err);

/* NULL when there is none of that name. Logarithmic time. */
const struct ws_tensor_view *ws_safetensors_find(const struct ws_safetensors *file,
                                                 const char *name);

/* All `count` elements. F32, F16, BF16 and F64 (rounded) as f32, I32 and I64 as i32;
 * WS_UNSUPPORTED for another type, WS_CORRUPT for an integer that does not fit. After a failure
 * `out` holds anything. */
WS_MUST_CHECK enum ws_status ws_tensor_read_f32(const struct ws_tensor_view *view, float *out,
                                                struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_tensor_read_i32(const struct ws_tensor_view *view, int32_t *out,
                                                struct ws_error *err);

/* What `model.safetensors.index.json` says: which of a model's files has which tensor. */
struct ws_shard_entry {
    const char *tensor;
    size_t file; /* its number */
};

struct ws_shard_index {
    const struct ws_shard_entry *entries; /* ascending by tensor (strcmp) */
    size_t count;
    const char *const *files; /* ascending, each once; names that lead into the directory itself */
    size_t file_count;
};

/* A pure function of bytes; `name` starts messages. What it gives lives in the arena, and does not
 * need `json`. WS_CORRUPT. */
WS_MUST_CHECK enum ws_status ws_shard_index_parse(struct ws_bytes json, const char *name,
                                                  struct ws_arena *arena,
                                                  struct ws_shard_index *out, struct ws_error *err);

/* NULL when the index does not name it. Logarithmic time. */
const struct ws_shard_entry *ws_shard_index_find(const struct ws_shard_index *index,
                                                 const char *tensor);

/* ---- files ---- */

/* The tensors of one file, or of all shards of a model, which stay mapped until it is closed. Views
 * and names live that long. */
struct ws_weights {
    struct ws_arena arena;
    struct ws_safetensors all;
    struct ws_mapped_file *files;
    size_t file_count;
};

/* One file. After a failure there is nothing to close. */
WS_MUST_CHECK enum ws_status ws_safetensors_open(const char *path,
                                                 const struct ws_allocator *allocator,
                                                 struct ws_weights *out, struct ws_error *err);

/* A Hugging Face directory: `model.safetensors` or, when there is none, every shard that
 * `model.safetensors.index.json` names. A tensor must be in the shard that the index says, and in
 * no other. WS_NOT_FOUND when there is neither. */
WS_MUST_CHECK enum ws_status ws_weights_open(const char *directory,
                                             const struct ws_allocator *allocator,
                                             struct ws_weights *out, struct ws_error *err);
const struct ws_tensor_view *ws_weights_find(const struct ws_weights *weights, const char *name);
void ws_weights_close(struct ws_weights *weights); /* zeroed or closed before is fine */

/* ---- writing ---- */

struct ws_tensor_source {
    const char *name;    /* UTF-8, each once */
    enum ws_dtype dtype; /* what it is stored as: F32, or rounded to F16 or BF16 */
    size_t rank;
    const uint64_t *shape;
    const float *values; /* the product of the shape */
};

/* The same bytes as the format's own writer with the metadata {"format": "pt"}, in whatever order
 * the tensors come. WS_INVALID for another type, a name twice or one that is not text.
 * One buffer; one file, which is replaced whole; */
WS_MUST_CHECK enum ws_status ws_safetensors_append(const struct ws_tensor_source *tensors,
                                                   size_t count, struct ws_buffer *out,
                                                   struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_safetensors_save(const char *path,
                                                 const struct ws_tensor_source *tensors,
                                                 size_t count, const struct ws_allocator *allocator,
                                                 struct ws_error *err);

/* or what ws_weights_open reads: one file when the data fit `shard_limit` bytes, else shards filled
 * in the order given (a tensor over the limit has one to itself) and their index. What the other
 * form left in the directory is removed. While shards replace older shards the directory has no
 * index, so a program that is killed then leaves no model rather than a mixed one. */
#define WS_WEIGHTS_SHARD_LIMIT UINT64_C(5000000000)
WS_MUST_CHECK enum ws_status
ws_weights_save(const char *directory, const struct ws_tensor_source *tensors, size_t count,
                uint64_t shard_limit, const struct ws_allocator *allocator, struct ws_error *err);

#endif
