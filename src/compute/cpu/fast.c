#include "compute/cpu/fast.h"

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/pick.h"
#include "compute/cpu/reference.h"

const struct ws_device_ops ws_cpu_fast_ops = {
    .name = "cpu",
    .close = ws_cpu_close,
    .check = ws_cpu_check,
    .alloc = ws_cpu_alloc,
    .release = ws_cpu_release,
    .write = ws_cpu_copy,
    .read = ws_cpu_copy,
    .zero = ws_cpu_zero,
    .copy = ws_cpu_copy,
    .linear = ws_fast_linear,
    .linear_backward = ws_fast_linear_backward,
    .pack = ws_reference_pack,
    .unpack = ws_reference_unpack,
    .linear_packed = ws_reference_linear_packed,
    .norm = ws_fast_norm,
    .norm_backward = ws_fast_norm_backward,
    .activation = ws_fast_activation,
    .activation_backward = ws_fast_activation_backward,
    .gate = ws_fast_gate,
    .gate_backward = ws_fast_gate_backward,
    .rotary = ws_fast_rotary,
    .attention = ws_fast_attention,
    .attention_backward = ws_fast_attention_backward,
    .cache_store = ws_fast_cache_store,
    .cache_attention = ws_fast_cache_attention,
    .cache_reorder = ws_fast_cache_reorder,
    .embedding = ws_fast_embedding,
    .embedding_backward = ws_fast_embedding_backward,
    .head_loss = ws_fast_head_loss,
    .head_loss_backward = ws_fast_head_loss_backward,
    .pick = ws_fast_pick,
    .rank = ws_fast_rank,
    .add = ws_fast_add,
    .dropout = ws_fast_dropout,
    .sum_squares = ws_fast_sum_squares,
    .adamw = ws_fast_adamw,
};
