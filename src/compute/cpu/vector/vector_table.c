#include "compute/cpu/vector/vector_functions.h"

#define VECTOR_TEXT_OF(set) #set
#define VECTOR_TEXT(set)    VECTOR_TEXT_OF(set)

const struct ws_vector_ops VECTOR_NAME(ops, WS_VECTOR_SET) = {
    .name = VECTOR_TEXT(WS_VECTOR_SET),
    .row_max = VECTOR(row_max),
    .row_exp = VECTOR(row_exp),
    .row_sums = VECTOR(row_sums),
    .softmax = VECTOR(softmax),
    .scale = VECTOR(scale),
    .softmax_backward = VECTOR(softmax_backward),
    .multiply = VECTOR(multiply),
    .activation = VECTOR(activation),
    .activation_backward = VECTOR(activation_backward),
    .gate = VECTOR(gate),
    .gate_backward = VECTOR(gate_backward),
    .norm = VECTOR(norm),
    .norm_backward = VECTOR(norm_backward),
    .attend = VECTOR(attend),
    .rotate = VECTOR(rotate),
    .add = VECTOR(add),
    .dot = VECTOR(dot),
    .small_product = VECTOR(small_product),
    .transpose = VECTOR(transpose),
    .dropout_factors = VECTOR(dropout_factors),
    .sum_squares = VECTOR(sum_squares),
    .adamw = VECTOR(adamw),
};
