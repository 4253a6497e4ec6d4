/*
 * cuBLASLt, opened when the device is: it is larger than all else together, and not everyone has
 * it.
 *
 * The library's matrices are columns one after another; ours are rows. What we call C (m, n) is to
 * it C^T (n, m), and C^T = B^T A^T: so B is its left operand and A its right one, and each of them
 * as it lies in memory is to it the transposed of what we say it is.
 *
 * Plans are the library's first choice for a shape. It chooses by the shape, the library and the
 * GPU alone, and only from ways that add up in a fixed order.
 */
#include "compute/cuda/cuda_matrix.h"

#if defined(__CUDACC__) && __has_include(<cublasLt.h>)

#include <cublasLt.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Descriptors are made by the library: their sizes have changed from version to version. */
#define FUNCTIONS(X)                                                                               \
    X(Create)                                                                                      \
    X(Destroy)                                                                                     \
    X(GetVersion)                                                                                  \
    X(Matmul)                                                                                      \
    X(MatmulAlgoGetHeuristic)                                                                      \
    X(MatmulDescCreate)                                                                            \
    X(MatmulDescDestroy)                                                                           \
    X(MatmulDescSetAttribute)                                                                      \
    X(MatmulPreferenceCreate)                                                                      \
    X(MatmulPreferenceDestroy)                                                                     \
    X(MatmulPreferenceSetAttribute)                                                                \
    X(MatrixLayoutCreate)                                                                          \
    X(MatrixLayoutDestroy)

/* What plans differ by. Compared by its bytes: it has no padding. */
struct shape {
    uint64_t m, n, k;
    uint64_t a_columns, b_columns, c_columns;
    uint32_t a_alignment, b_alignment, c_alignment, bias_alignment; /* 0: no bias */
    uint32_t a_transposed, b_transposed, operands, result;
    uint32_t relu, unused;
};

struct plan {
    struct shape shape;
    bool used;
    bool refused; /* the library has no way for this shape */
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t left, right, result;
    cublasLtMatmulAlgo_t algorithm;
};

enum {
    PLANS = 512,
    REACH = 8,      /* how many places a plan may be in */
    ALIGNMENT = 16, /* bytes; more makes no difference to it */
    /* Once loaded it stays: it has state of its own on the GPU. */
    LOADING = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE,
};

struct ws_cuda_blas {
    const struct ws_allocator *allocator;
    void *library;
    cublasLtHandle_t handle;
#define X(name) decltype(&cublasLt##name) name;
    FUNCTIONS(X)
#undef X
    struct plan plans[PLANS];
};

/* The library ---------------------------------------------------------------------------------- */

static void *find_library(const char *wanted, struct ws_error *err, enum ws_status *status)
{
    static const char *const folders[] = {"", "/usr/local/cuda/lib64/"};
    static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"};
    if (wanted) {
        void *library = dlopen(wanted, LOADING);
        if (!library)
            *status = ws_fail(err, WS_NOT_FOUND,
                              "WELLSPRING_CUBLASLT: '%.150s' cannot be opened (%.200s); wanted the "
                              "file of cuBLASLt, or 'none'",
                              wanted, dlerror());
        return library;
    }
    for (const char *folder : folders) {
        for (const char *name : names) {
            char path[64];
            (void)snprintf(path, sizeof path, "%s%s", folder, name);
            void *library = dlopen(path, LOADING);
            if (library)
                return library;
        }
    }
    return NULL;
}

static bool start(struct ws_cuda_blas *blas)
{
#define X(name)                                                                                    \
    blas->name = (decltype(blas->name))dlsym(blas->library, "cublasLt" #name);                     \
    if (!blas->name)                                                                               \
        return false;
    FUNCTIONS(X)
#undef X
    if (blas->Create(&blas->handle) == CUBLAS_STATUS_SUCCESS)
        return true;
    blas->handle = NULL;
    return false;
}

enum ws_status ws_cuda_blas_open(struct ws_cuda_blas **out, const struct ws_allocator *allocator,
                                 struct ws_error *err)
{
    *out = NULL;
    const char *wanted = getenv("WELLSPRING_CUBLASLT");
    if (wanted && strcmp(wanted, "none") == 0)
        return WS_OK;
    enum ws_status status = WS_OK;
    void *library = find_library(wanted, err, &status);
    if (!library)
        return status;
    struct ws_cuda_blas *blas = (struct ws_cuda_blas *)ws_realloc(allocator, NULL, 0, sizeof *blas);
    if (!blas) {
        (void)dlclose(library);
        return ws_fail_memory(err, "the matrix library");
    }
    memset(blas, 0, sizeof *blas);
    blas->allocator = allocator;
    blas->library = library;
    if (start(blas)) {
        *out = blas;
        return WS_OK;
    }
    ws_cuda_blas_close(blas);
    return wanted
               ? ws_fail(err, WS_UNSUPPORTED,
                         "WELLSPRING_CUBLASLT: '%.150s' is not cuBLASLt, or does not start", wanted)
               : WS_OK;
}

/* Plans ---------------------------------------------------------------------------------------- */

static void forget(struct ws_cuda_blas *blas, struct plan *plan)
{
    if (plan->product)
        (void)blas->MatmulDescDestroy(plan->product);
    if (plan->left)
        (void)blas->MatrixLayoutDestroy(plan->left);
    if (plan->right)
        (void)blas->MatrixLayoutDestroy(plan->right);
    if (plan->result)
        (void)blas->MatrixLayoutDestroy(plan->result);
    memset(plan, 0, sizeof *plan);
}

void ws_cuda_blas_close(struct ws_cuda_blas *blas)
{
    if (!blas)
        return;
    for (struct plan &plan : blas->plans)
        forget(blas, &plan);
    if (blas->handle)
        (void)blas->Destroy(blas->handle);
    (void)dlclose(blas->library);
    ws_free(blas->allocator, blas, sizeof *blas);
}

static uint32_t alignment_of(const void *numbers)
{
    uintptr_t address = (uintptr_t)numbers | ALIGNMENT;
    return (uint32_t)(address & -address);
}

/* The plan of this shape, or a place for it, which is not `used`. */
static struct plan *place_of(struct ws_cuda_blas *blas, const struct shape *shape)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    for (size_t i = 0; i < sizeof *shape; i++)
        hash = (hash ^ ((const unsigned char *)shape)[i]) * 1099511628211U;
    struct plan *plan = NULL;
    for (size_t i = 0; i < REACH; i++) {
        plan = &blas->plans[(hash + i) % PLANS];
        if (!plan->used || memcmp(&plan->shape, shape, sizeof *shape) == 0)
            return plan;
    }
    forget(blas, plan);
    return plan;
}

static cudaDataType type_of(uint32_t type)
{
    return type == WS_CUDA_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

static bool describe(struct ws_cuda_blas *blas, struct plan *plan, bool tf32, const void *bias)
{
    const struct shape *s = &plan->shape;
    const cublasOperation_t left = s->b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t right = s->a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const uint32_t parts = (bias ? (uint32_t)CUBLASLT_EPILOGUE_BIAS : 0) |
                           (s->relu ? (uint32_t)CUBLASLT_EPILOGUE_RELU : 0);
    const uint32_t epilogue = parts ? parts : (uint32_t)CUBLASLT_EPILOGUE_DEFAULT;
    const cublasComputeType_t compute =
        tf32 && s->operands == WS_CUDA_F32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    int failures = blas->MatmulDescCreate(&plan->product, compute, CUDA_R_32F);
    if (failures)
        return false;
    failures |= blas->MatmulDescSetAttribute(plan->product, CUBLASLT_MATMUL_DESC_TRANSA, &left,
                                             sizeof left);
    failures |= blas->MatmulDescSetAttribute(plan->product, CUBLASLT_MATMUL_DESC_TRANSB, &right,
                                             sizeof right);
    failures |= blas->MatmulDescSetAttribute(plan->product, CUBLASLT_MATMUL_DESC_EPILOGUE,
                                             &epilogue, sizeof epilogue);
    if (bias)
        failures |= blas->MatmulDescSetAttribute(plan->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                                 &bias, sizeof bias);
    failures |=
        blas->MatrixLayoutCreate(&plan->left, type_of(s->operands), s->b_transposed ? s->k : s->n,
                                 s->b_transposed ? s->n : s->k, (int64_t)s->b_columns);
    failures |=
        blas->MatrixLayoutCreate(&plan->right, type_of(s->operands), s->a_transposed ? s->m : s->k,
                                 s->a_transposed ? s->k : s->m, (int64_t)s->a_columns);
    failures |= blas->MatrixLayoutCreate(&plan->result, type_of(s->result), s->n, s->m,
                                         (int64_t)s->c_columns);
    return failures == 0;
}

/* Sets plan->algorithm, or plan->refused. */
static bool choose(struct ws_cuda_blas *blas, struct plan *plan)
{
    const struct shape *s = &plan->shape;
    const uint64_t workspace = WS_CUDA_WORKSPACE;
    const uint32_t schemes =
        CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    const struct {
        cublasLtMatmulPreferenceAttributes_t name;
        const void *value;
        size_t size;
    } wishes[] = {
        {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace},
        {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes, sizeof schemes},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &s->b_alignment, sizeof s->b_alignment},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &s->a_alignment, sizeof s->a_alignment},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &s->c_alignment, sizeof s->c_alignment},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &s->c_alignment, sizeof s->c_alignment},
    };
    cublasLtMatmulPreference_t preference;
    if (blas->MatmulPreferenceCreate(&preference) != CUBLAS_STATUS_SUCCESS)
        return false;
    int failures = 0, count = 0;
    for (const auto &wish : wishes)
        failures |=
            blas->MatmulPreferenceSetAttribute(preference, wish.name, wish.value, wish.size);
    cublasLtMatmulHeuristicResult_t result;
    memset(&result, 0, sizeof result);
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    if (!failures)
        status = blas->MatmulAlgoGetHeuristic(blas->handle, plan->product, plan->left, plan->right,
                                              plan->result, plan->result, preference, 1, &result,
                                              &count);
    (void)blas->MatmulPreferenceDestroy(preference);
    plan->refused =
        status != CUBLAS_STATUS_SUCCESS || count == 0 || result.state != CUBLAS_STATUS_SUCCESS;
    plan->algorithm = result.algo;
    return !failures;
}

/* NULL and a remembered failure when the library cannot plan at all. */
static struct plan *plan_for(struct ws_cuda *cuda, const struct ws_cuda_product *p,
                             const void *bias)
{
    struct ws_cuda_blas *blas = cuda->matrix->blas;
    struct shape shape;
    memset(&shape, 0, sizeof shape);
    shape = {p->m,
             p->n,
             p->k,
             p->a_columns,
             p->b_columns,
             p->c_columns,
             alignment_of(p->a),
             alignment_of(p->b),
             alignment_of(p->c),
             bias ? alignment_of(bias) : 0,
             p->a_transposed,
             p->b_transposed,
             (uint32_t)p->operands,
             (uint32_t)p->result,
             p->relu,
             0};
    static_assert(sizeof shape == 6 * sizeof(uint64_t) + 10 * sizeof(uint32_t), "no padding");
    struct plan *plan = place_of(blas, &shape);
    if (plan->used)
        return plan;
    plan->shape = shape;
    if (!describe(blas, plan, cuda->precision == WS_PRECISION_TF32, bias) || !choose(blas, plan)) {
        forget(blas, plan);
        ws_cuda_fail(cuda, WS_UNSUPPORTED,
                     "cuBLASLt cannot plan matrix products: its version may "
                     "be too old; WELLSPRING_CUBLASLT=none does without it");
        return NULL;
    }
    plan->used = true;
    return plan;
}

bool ws_cuda_blas_multiply(struct ws_cuda *cuda, const struct ws_cuda_product *p)
{
    struct ws_cuda_blas *blas = cuda->matrix->blas;
    if (p->operands == WS_CUDA_F32 && p->result == WS_CUDA_BF16)
        return false; /* it has none */
    /* The library wants the bias in the type of the result. */
    const void *bias =
        p->bias && p->result == WS_CUDA_BF16 ? ws_cuda_weight(cuda, p->bias) : p->bias;
    if (cuda->failure.status != WS_OK)
        return true;
    struct plan *plan = plan_for(cuda, p, bias);
    if (!plan)
        return true;
    if (plan->refused)
        return false;
    const float one = 1, beta = p->add ? 1 : 0;
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    if (bias)
        status = blas->MatmulDescSetAttribute(plan->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &bias, sizeof bias);
    if (status == CUBLAS_STATUS_SUCCESS)
        status =
            blas->Matmul(blas->handle, plan->product, &one, p->b, plan->left, p->a, plan->right,
                         &beta, p->c, plan->result, p->c, plan->result, &plan->algorithm,
                         cuda->matrix->workspace, WS_CUDA_WORKSPACE, cuda->stream);
    if (status != CUBLAS_STATUS_SUCCESS) {
        char text[200];
        (void)snprintf(text, sizeof text,
                       "cuBLASLt failed with status %d at a product of %zu x %zu x %zu; "
                       "WELLSPRING_CUBLASLT=none does without it",
                       (int)status, p->m, p->n, p->k);
        ws_cuda_fail(cuda, WS_IO, text);
    }
    return true;
}

size_t ws_cuda_blas_version(const struct ws_cuda_blas *blas)
{
    return blas->GetVersion();
}

#else

enum ws_status ws_cuda_blas_open(struct ws_cuda_blas **out, const struct ws_allocator *,
                                 struct ws_error *)
{
    *out = NULL;
    return WS_OK;
}

void ws_cuda_blas_close(struct ws_cuda_blas *)
{
}

size_t ws_cuda_blas_version(const struct ws_cuda_blas *)
{
    return 0;
}

bool ws_cuda_blas_multiply(struct ws_cuda *, const struct ws_cuda_product *)
{
    return false;
}

#endif
