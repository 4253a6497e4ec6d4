/*
 * The fast operations: matrix products by oneDNN, the rest by vector code, all threads.
 *
 * What each computes is said at its entry in compute.h. Private to compute/cpu/.
 */
#ifndef WS_COMPUTE_CPU_FAST_H
#define WS_COMPUTE_CPU_FAST_H

#include "compute/compute.h"

void ws_fast_linear(struct ws_device *device, float *y, const float *x, const struct ws_linear *l);
void ws_fast_linear_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                             const float *dy, const float *x, const struct ws_linear *l,
                             bool add_input);
struct ws_packed *ws_fast_pack(struct ws_device *device, const float *weight, size_t out, size_t in,
                               size_t rows);
void ws_fast_linear_packed(struct ws_device *device, float *y, const float *x,
                           const struct ws_packed *packed, const float *bias, size_t rows);

void ws_fast_norm(struct ws_device *device, float *y, float *sum, float *stats, const float *x,
                  const float *addend, const float *weight, const float *bias,
                  const struct ws_norm_shape *shape);
void ws_fast_norm_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                           const float *dy, const float *x, const float *stats, const float *weight,
                           const struct ws_norm_shape *shape, bool add_input);

void ws_fast_activation(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                        size_t count);
void ws_fast_activation_backward(struct ws_device *device, float *dx, float *dbias, const float *dy,
                                 const float *x, enum ws_activation kind, size_t rows,
                                 size_t width);
void ws_fast_gate(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                  size_t rows, size_t width);
void ws_fast_gate_backward(struct ws_device *device, float *dx, const float *dy, const float *x,
                           enum ws_activation kind, size_t rows, size_t width);

void ws_fast_rotary(struct ws_device *device, float *qkv, const struct ws_rotary *r, bool inverse);
void ws_fast_attention(struct ws_device *device, float *y, float *lse, const float *qkv,
                       const struct ws_attention *a, const struct ws_dropout *dropout);
void ws_fast_attention_backward(struct ws_device *device, float *dqkv, const float *dy,
                                const float *y, const float *lse, const float *qkv,
                                const struct ws_attention *a, const struct ws_dropout *dropout);

void ws_fast_cache_store(struct ws_device *device, const struct ws_cache *cache, const float *qkv,
                         size_t heads, const uint32_t *slots, const uint32_t *positions,
                         size_t rows);
void ws_fast_cache_attention(struct ws_device *device, float *y, const float *qkv,
                             const struct ws_cache *cache, size_t heads, const uint32_t *slots,
                             const uint32_t *positions, size_t rows);
void ws_fast_cache_move(struct ws_device *device, const struct ws_cache *cache,
                        const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                        size_t slots);

void ws_fast_embedding(struct ws_device *device, float *y, const float *table, const float *places,
                       const uint32_t *tokens, const uint32_t *positions, size_t rows,
                       size_t width);
void ws_fast_embedding_backward(struct ws_device *device, float *dtable, float *dplaces,
                                const float *dy, const uint32_t *tokens, const uint32_t *positions,
                                size_t rows, size_t width);

void ws_fast_head_loss(struct ws_device *device, float *loss, float *entropy, const float *x,
                       const struct ws_head *head);
void ws_fast_head_loss_backward(struct ws_device *device, float *loss, float *dx, float *dweight,
                                float *dbias, const float *x, const struct ws_head *head,
                                float scale);

void ws_fast_add(struct ws_device *device, float *y, const float *x, const float *addend,
                 size_t count);
void ws_fast_dropout(struct ws_device *device, float *y, const float *x,
                     const struct ws_dropout *dropout, size_t count);
void ws_fast_accumulate(struct ws_device *device, float *sum, const float *x, size_t count);
double ws_fast_sum_squares(struct ws_device *device, const float *x, size_t count);
void ws_fast_adamw(struct ws_device *device, float *weight, float *first, float *second,
                   const float *gradient, const struct ws_adamw *settings, size_t count);

#endif
