/*
 * The device interface: every operation that neural networks are made of here.
 *
 * A device is a table of operations and what they need. Two sets for the CPU stand side by side:
 * the plain reference, written to be read, with double sums; and the fast one, oneDNN for matrix
 * products and vector code for the rest. Each operation is a fused block, large enough that a call
 * costs nothing beside it.
 *
 * Conventions. Numbers are f32; matrices row-major; destination first. Pointers are the device's
 * memory unless a comment says host. No operation overlaps its operands unless it says so. A
 * backward operation *adds* to gradients of parameters and *overwrites* the gradient of its input,
 * unless `add_input` says that this too is added to. Shapes are asserted.
 *
 * Activations (x, y, qkv, caches, the gradients of these; not parameters, their gradients, stats,
 * lse, scores, tables) may be narrower on a device: four bytes are set aside for each number, and a
 * device of bf16 keeps the numbers of an array in the first half of its bytes. So an array of
 * activations is handed over by its start, never by an address inside it, and the host sees them
 * through `put` and `get`. Parameters stay f32; a device that multiplies in bf16 keeps copies.
 *
 * Results are the same bytes for any number of threads: work is cut by shape alone, and every sum
 * has a fixed order. Operations do not fail one by one: a device remembers its first failure, goes
 * on doing nothing, and is asked once a step with `check`. A device may still be at work when an
 * operation returns: what an operation writes to the host is there after the next `check`; what it
 * reads from the host may be changed at once.
 *
 * Contract: tests/unit/test_compute.c (fast against reference, reference against finite
 * differences, any number of threads).
 */
#ifndef WS_COMPUTE_COMPUTE_H
#define WS_COMPUTE_COMPUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/allocator.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/status.h"

enum ws_norm {
    WS_NORM_LAYER, /* (x - mean) / sqrt(variance + eps) * weight + bias */
    WS_NORM_RMS,   /* x / sqrt(mean(x^2) + eps) * weight; no bias */
};

enum ws_activation {
    WS_ACTIVATION_RELU,
    WS_ACTIVATION_GELU,      /* x Phi(x), with erf */
    WS_ACTIVATION_GELU_TANH, /* Hendrycks and Gimpel's tanh approximation, GPT-2's gelu_new */
    WS_ACTIVATION_SILU,      /* x sigmoid(x) */
};

/* y = x W^T + b */
struct ws_linear {
    size_t rows;
    size_t in;           /* x is (rows, in) */
    size_t out;          /* y is (rows, out) */
    const float *weight; /* (out, in) */
    const float *bias;   /* (out) or NULL */
};

struct ws_norm_shape {
    enum ws_norm kind;
    size_t rows;
    size_t width;
    float eps;
};

/* Causal self-attention over sequences laid one after another: tokens starts[s] .. starts[s + 1]
 * are sequence s. Row t of qkv holds the token's queries (heads, size), keys (kv_heads, size) and
 * values (kv_heads, size); query head h attends to key head h / (heads / kv_heads). Scores are
 * divided by sqrt(size). */
struct ws_attention {
    size_t sequences;
    const uint32_t *starts; /* host, (sequences + 1), ascending, starts[0] == 0 */
    size_t heads;
    size_t kv_heads; /* divides heads */
    size_t size;     /* of a head */
};

/* Each element is kept with probability 1 - p, independently, and divided by it. The elements of
 * one call are numbered from 0 (those of attention are (sequence, head, query, key), squares of
 * each sequence's length). Element n takes word n / 16 % 4 of Philox block b = n / 64 * 16 + n % 16
 * of `key`: its counter is b mod 2^32, its item site * 2^32 + b / 2^32. It is kept when the word is
 * at least p * 2^32. So the backward call with the same values sees the same ones. p == 0, or NULL
 * where a pointer is handed over: nothing happens. */
struct ws_dropout {
    float p;
    struct ws_rng_key key; /* of the training step */
    uint32_t site;         /* which place in the network */
};

/* Rotary positions (Su et al. 2021), the half-split form of GPT-NeoX and Llama: in each head of
 * `size` the first `rotated` numbers are pairs (i, i + rotated / 2), turned by position *
 * base^(-2 i / rotated). Only queries and keys are turned. */
struct ws_rotary {
    size_t rows; /* of qkv, laid out as in ws_attention */
    size_t heads;
    size_t kv_heads;
    size_t size;
    size_t rotated;       /* even, <= size */
    const float *cosines; /* (positions, rotated / 2) */
    const float *sines;
    const uint32_t *positions; /* host, (rows) */
};

/* The keys and values of running sequences: a slot a sequence, (slots, capacity, kv_heads, size).
 * All heads of a position lie together, so that a slot is read as one stream.
 *
 * With holders, position p of slot s lies where slot holders[s][p] has room for its own. Storing it
 * makes s its holder; so a position that others hold in common may not be stored again. */
struct ws_cache {
    float *keys;
    float *values;
    size_t slots;
    size_t kv_heads;
    size_t capacity;   /* positions */
    size_t size;       /* of a head */
    uint32_t *holders; /* (slots, capacity); NULL: each slot holds its own */
};

/* The output layer with its loss: logits = x W^T, softmax, and cross-entropy against targets. Whole
 * logits are never held: rows are taken in pieces. */
struct ws_head {
    size_t rows;
    size_t width;
    size_t vocabulary;
    const float *weight;    /* (vocabulary, width) */
    const float *bias;      /* (vocabulary) or NULL */
    const uint32_t *target; /* host, (rows); WS_NO_TARGET where a row has none */
};

#define WS_NO_TARGET UINT32_MAX

struct ws_adamw {
    float rate; /* learning rate of this step */
    float beta1, beta2;
    float epsilon;
    float decay;   /* decoupled: w -= rate * decay * w */
    float scale;   /* gradients are multiplied by it first: clipping, averaging */
    uint64_t step; /* 1, 2, ...: for the bias corrections */
    /* Numbers from turns[0] on do not decay, those from turns[1] on do again, and so on: one call
     * for a whole model, whose vectors are spared. Host, ascending; without turns all decay. */
    const size_t *turns;
    size_t turn_count;
};

/* What is done to rows of scores before tokens are taken from them: the penalty first, then the
 * bans. The tokens of row r are seen[seen_ends[r - 1]] .. seen[seen_ends[r]], and may be there more
 * than once. Host; without ends there are none. */
struct ws_edits {
    float penalty; /* of a token seen: score < 0 ? score * penalty : score / penalty */
    const size_t *seen_ends;
    const uint32_t *seen;
    const size_t *banned_ends;
    const uint32_t *banned; /* their scores become -infinity */
};

/* How rows of scores become one token each: softmax(scores / temperature), of which the largest
 * probabilities are kept, in this order: the top_k largest; the fewest largest that sum to top_p;
 * those of at least min_p times the largest; the fewest whose log probability is nearest to the
 * mean one that sum to typical_p. Each step sees the probabilities renormalised; equals at an edge
 * are kept together. */
struct ws_pick {
    size_t rows;
    size_t vocabulary;
    struct ws_edits edits;
    float temperature;      /* 0: the largest score, of equals the first; what follows is ignored */
    size_t top_k;           /* 0: all */
    float top_p;            /* 1: all */
    float min_p;            /* 0: all */
    float typical_p;        /* 1: all */
    const double *uniforms; /* host, (rows), in [0, 1): where in the cumulative distribution, whose
                               order is that of the tokens */
};

struct ws_device;
struct ws_team;
struct ws_exchange;
struct ws_packed; /* a weight in the layout that the device multiplies fastest */

struct ws_device_ops {
    const char *name; /* "cpu", "cpu-reference" */

    void (*close)(struct ws_device *device);
    /* The first failure since open, if any. */
    enum ws_status (*check)(struct ws_device *device, struct ws_error *err);

    /* Memory of the device, cleared; NULL and a remembered failure when there is none. */
    void *(*alloc)(struct ws_device *device, size_t size);
    void (*release)(struct ws_device *device, void *memory, size_t size); /* NULL is fine */
    void (*write)(struct ws_device *device, void *out, const void *host, size_t size);
    void (*read)(struct ws_device *device, void *host, const void *in, size_t size);
    void (*zero)(struct ws_device *device, void *out, size_t size);
    void (*copy)(struct ws_device *device, void *out, const void *in, size_t size);
    /* Activations from and to f32 on the host; `get` waits for them. */
    void (*put)(struct ws_device *device, float *out, const float *host, size_t count);
    void (*get)(struct ws_device *device, float *host, const float *in, size_t count);
    /* y (count, width): row i is row rows[i] of x. rows: host, (count). */
    void (*rows)(struct ws_device *device, float *y, const float *x, const uint32_t *rows,
                 size_t count, size_t width);

    void (*linear)(struct ws_device *device, float *y, const float *x, const struct ws_linear *l);
    /* up = x W^T + b, active = activation(up). up may be NULL: for WS_ACTIVATION_RELU the backward
     * call may be given `active` in its place. */
    void (*linear_activation)(struct ws_device *device, float *active, float *up, const float *x,
                              const struct ws_linear *l, enum ws_activation kind);
    /* Any of dx, dweight, dbias may be NULL. */
    void (*linear_backward)(struct ws_device *device, float *dx, float *dweight, float *dbias,
                            const float *dy, const float *x, const struct ws_linear *l,
                            bool add_input);

    /* A weight (out, in) packed for `linear_packed` with about `rows` rows; it follows no later
     * change of the weight. NULL and a remembered failure when memory is out. */
    struct ws_packed *(*pack)(struct ws_device *device, const float *weight, size_t out, size_t in,
                              size_t rows);
    void (*unpack)(struct ws_device *device, struct ws_packed *packed); /* gives it back */
    void (*linear_packed)(struct ws_device *device, float *y, const float *x,
                          const struct ws_packed *packed, const float *bias, size_t rows);
    /* scores (rows, out), f32 whatever activations are: rows first .. first + l->rows - 1 of x. */
    void (*scores)(struct ws_device *device, float *scores, const float *x, size_t first,
                   const struct ws_linear *l);
    void (*scores_packed)(struct ws_device *device, float *scores, const float *x,
                          const struct ws_packed *packed, size_t rows);

    /* sum = x + addend (addend may be NULL: then sum is not written, may be NULL, and x is
     * normalised), y = norm(sum). stats (rows, 2): mean and 1 / deviation, for the backward call;
     * may be NULL. sum may be x or addend. */
    void (*norm)(struct ws_device *device, float *y, float *sum, float *stats, const float *x,
                 const float *addend, const float *weight, const float *bias,
                 const struct ws_norm_shape *shape);
    /* x is what was normalised. */
    void (*norm_backward)(struct ws_device *device, float *dx, float *dweight, float *dbias,
                          const float *dy, const float *x, const float *stats, const float *weight,
                          const struct ws_norm_shape *shape, bool add_input);

    /* y may be x; in place backward: dx may be dy. */
    void (*activation)(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                       size_t count);
    /* dbias (width) is of what was added to each row of x before; may be NULL. */
    void (*activation_backward)(struct ws_device *device, float *dx, float *dbias, const float *dy,
                                const float *x, enum ws_activation kind, size_t rows, size_t width);
    /* y (rows, width) = activation(x[:, :width]) * x[:, width:], x (rows, 2 width): SwiGLU with
     * WS_ACTIVATION_SILU. */
    void (*gate)(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                 size_t rows, size_t width);
    void (*gate_backward)(struct ws_device *device, float *dx, const float *dy, const float *x,
                          enum ws_activation kind, size_t rows, size_t width);

    /* In place; `inverse` turns back, which is the backward operation too. */
    void (*rotary)(struct ws_device *device, float *qkv, const struct ws_rotary *r, bool inverse);

    /* y (tokens, heads * size). lse (tokens, heads): log of the softmax's sum, for the backward
     * call; may be NULL. */
    void (*attention)(struct ws_device *device, float *y, float *lse, const float *qkv,
                      const struct ws_attention *a, const struct ws_dropout *dropout);
    void (*attention_backward)(struct ws_device *device, float *dqkv, const float *dy,
                               const float *y, const float *lse, const float *qkv,
                               const struct ws_attention *a, const struct ws_dropout *dropout);

    /* Puts the keys and values of qkv's rows (rows, (heads + 2 kv_heads) * size) into the cache:
     * row r into slot slots[r] at positions[r]. slots, positions: host. */
    void (*cache_store)(struct ws_device *device, const struct ws_cache *cache, const float *qkv,
                        size_t heads, const uint32_t *slots, const uint32_t *positions,
                        size_t rows);
    /* y (rows, heads * size): row r's queries over positions 0 .. positions[r] of slot slots[r]. */
    void (*cache_attention)(struct ws_device *device, float *y, const float *qkv,
                            const struct ws_cache *cache, size_t heads, const uint32_t *slots,
                            const uint32_t *positions, size_t rows);
    /* Slot i becomes what slot parents[i] was in positions firsts[i] .. lengths[i] - 1; before
     * them they are equal already. host, (slots), the first ones of the cache. A device does it by
     * moving numbers, without holders, or by changing holders, once for all layers that share
     * them; it has one of the two operations, the other one is NULL. */
    void (*cache_move)(struct ws_device *device, const struct ws_cache *cache,
                       const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                       size_t slots);
    void (*cache_follow)(struct ws_device *device, const struct ws_cache *cache,
                         const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                         size_t slots);

    /* y (rows, width) = table[token] + places[position]; places may be NULL. tokens, positions:
     * host, (rows). The tokens may be what a `pick` just before has yet to write there: nobody
     * waits for them. WS_NO_TARGET, which that may be, is taken for token 0. */
    void (*embedding)(struct ws_device *device, float *y, const float *table, const float *places,
                      const uint32_t *tokens, const uint32_t *positions, size_t rows, size_t width);
    void (*embedding_backward)(struct ws_device *device, float *dtable, float *dplaces,
                               const float *dy, const uint32_t *tokens, const uint32_t *positions,
                               size_t rows, size_t width);

    /* host outputs, (rows), each may be NULL: loss[r] = -log softmax(logits)[target], 0 without a
     * target; entropy[r] of the softmax, nats. */
    void (*head_loss)(struct ws_device *device, float *loss, float *entropy, const float *x,
                      const struct ws_head *head);
    /* The same and its gradient: of the sum of the losses, times `scale`. */
    void (*head_loss_backward)(struct ws_device *device, float *loss, float *dx, float *dweight,
                               float *dbias, const float *x, const struct ws_head *head,
                               float scale);

    /* tokens: host, (rows); probabilities: (rows, vocabulary), may be scores. Either may be NULL.
     * scores (rows, vocabulary) are overwritten. A row whose scores are all banned, or not all
     * numbers below infinity, has the token WS_NO_TARGET and no probabilities. */
    void (*pick)(struct ws_device *device, uint32_t *tokens, float *probabilities, float *scores,
                 const struct ws_pick *pick);
    /* tokens, values: host, (rows, count): the largest of each row of log softmax(scores) after the
     * edits, in descending order, of equals the smaller token first. count <= vocabulary. scores
     * (rows, vocabulary) are overwritten. Rows as above have only WS_NO_TARGET. */
    void (*rank)(struct ws_device *device, uint32_t *tokens, float *values, float *scores,
                 const struct ws_edits *edits, size_t rows, size_t vocabulary, size_t count);

    /* y = x + addend, in place where y is either; scale: y *= factor. */
    void (*add)(struct ws_device *device, float *y, const float *x, const float *addend,
                size_t count);
    /* y may be x. Its own backward. */
    void (*dropout)(struct ws_device *device, float *y, const float *x,
                    const struct ws_dropout *dropout, size_t count);

    /* sum += x: gradients of parameters, or pieces of them. */
    void (*accumulate)(struct ws_device *device, float *sum, const float *x, size_t count);
    /* The sum of squares of parameters or their gradients, in double; waits for it. */
    double (*sum_squares)(struct ws_device *device, const float *x, size_t count);
    void (*adamw)(struct ws_device *device, float *weight, float *first, float *second,
                  const float *gradient, const struct ws_adamw *settings, size_t count);

    /* Optional, to be called by all members of a team (compute/team.h): how their devices trade
     * without the host. NULL, to all of them, where they cannot; which is no failure. */
    struct ws_exchange *(*exchange)(struct ws_device *device, const struct ws_team *team);
};

/* How much of a kind of work is handed to a device at once: less is slow, more gains nothing. It
 * shows in the last bits of results, so it is that of a kind of device, not of a machine. */
struct ws_batching {
    size_t prompt_tokens; /* of prompts, through the layers together */
    size_t scored_tokens;
    size_t scores_rows;  /* of a large vocabulary, for the host */
    size_t sampled_rows; /* texts made together, ... */
    double cache_bytes;  /* ... and what they may take in the cache */
    size_t trained_tokens_least;
    size_t trained_tokens_most; /* fewer where their activations take more than ... */
    uint64_t trained_bytes;     /* ... this */
};

extern const struct ws_batching ws_cpu_batching, ws_gpu_batching;

struct ws_device {
    const struct ws_device_ops *ops;
    const struct ws_batching *batching; /* NULL: ws_cpu_batching */
    uint64_t memory;  /* bytes that were free when it opened; 0: its memory is the host's */
    char about[112];  /* what decides its results beside the host's compute class, or "" */
    char library[32]; /* likewise, the matrix library of other origin and its version */
};

static inline const struct ws_batching *ws_batching_of(const struct ws_device *device)
{
    return device->batching ? device->batching : &ws_cpu_batching;
}

/* How a device multiplies, and what its activations are. The CPU knows f32 alone. */
enum ws_precision {
    WS_PRECISION_F32,  /* f32 throughout */
    WS_PRECISION_TF32, /* f32 numbers, which are rounded to tf32 where they are multiplied */
    WS_PRECISION_BF16, /* bf16 activations and products; sums, parameters and optimiser f32 */
};

enum ws_cpu_kind {
    WS_CPU_FAST,
    WS_CPU_REFERENCE,
};

/* `threads` >= 1. The device is used by one thread at a time. */
WS_MUST_CHECK enum ws_status ws_cpu_open(enum ws_cpu_kind kind, unsigned threads,
                                         const struct ws_allocator *allocator,
                                         struct ws_device **out, struct ws_error *err);

/* The threads of a CPU device, for host work between its operations (picking tokens, say). */
struct ws_pool *ws_cpu_pool(struct ws_device *device);

/* Vector code for host rows, the same bytes on every instruction set. */
float ws_row_max(const float *x, size_t count);
/* y[i] = exp((x[i] - max) * factor); gives the sum, in double, of a fixed order. y may be x. */
double ws_row_exp(float *y, const float *x, float max, float factor, size_t count);

#endif
