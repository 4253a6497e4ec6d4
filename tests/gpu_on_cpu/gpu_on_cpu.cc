/* Threads of a block are fibers: each has a stack of its own and runs until it waits or ends. They
 * are started by makecontext and left by longjmp, which makes no system call. longjmp is checked
 * for going down the same stack where fortified, so it is not. */
#undef _FORTIFY_SOURCE
#include "gpu_on_cpu.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

enum : size_t {
    STACK = 256 << 10,
    ALIGNMENT = 256,
    CLOSED_MOST = 256 << 10,
    SHARED_MOST = 227 << 10,
    SHARED_MARGIN = 128, /* before and behind GPU_SHARED */
};
static const size_t PAGE = (size_t)sysconf(_SC_PAGESIZE);
enum { WARP_SIZE = GPU_ON_CPU_WARP, MOST_THREADS = 1024, PROCESSORS = 5, POISON = 0xff };

uint3 gpu_on_cpu_thread_index, gpu_on_cpu_block_index;
dim3 gpu_on_cpu_block_size, gpu_on_cpu_grid_size;
unsigned char *gpu_on_cpu_shared;

/* The __shared__ arrays; NULL where there are none. */
extern "C" unsigned char __start_gpu_shared[] __attribute__((weak));
extern "C" unsigned char __stop_gpu_shared[] __attribute__((weak));

/* One thread of the host at a time. */
static std::recursive_mutex whole;
typedef std::lock_guard<std::recursive_mutex> locked;

/* Messages ------------------------------------------------------------------------------------- */

static const void *kernel; /* that runs; NULL: none does */

/* Prints the function and line of an address in the program's code, as far as it has names. */
static void print_place(FILE *out, const void *code)
{
    Dl_info where = {};
    char command[4200], line[1000] = "";
    if (dladdr(code, &where) && where.dli_fname) {
        (void)snprintf(command, sizeof command, "addr2line -s -f -C -p -e '%s' %#zx 2>/dev/null",
                       where.dli_fname, (size_t)code - (size_t)where.dli_fbase);
        if (FILE *names = popen(command, "r")) {
            if (!fgets(line, sizeof line, names))
                line[0] = '\0';
            (void)pclose(names);
        }
    }
    line[strcspn(line, "\n")] = '\0';
    (void)fprintf(out, "%s", line[0] ? line : "an unnamed place");
}

void gpu_on_cpu_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fflush(stdout);
    (void)fputs("gpu_on_cpu: ", stderr);
    if (kernel) {
        (void)fputs("kernel ", stderr);
        print_place(stderr, kernel);
        (void)fprintf(stderr, ", block (%u, %u, %u), thread %u: ", gpu_on_cpu_block_index.x,
                      gpu_on_cpu_block_index.y, gpu_on_cpu_block_index.z,
                      gpu_on_cpu_thread_index.x);
    }
    (void)vfprintf(stderr, format, arguments);
    (void)fputs("\n", stderr);
    va_end(arguments);
    (void)signal(SIGABRT, SIG_DFL); /* a test's handler cannot go on from here */
    abort();
}

/* Faults --------------------------------------------------------------------------------------- */

namespace
{
struct faults {
    bool driver = false, code = false;
    size_t memory = (size_t)64 << 30;
    long launches = -1; /* left; < 0: any number */

    faults()
    {
        const char *text = getenv("GPU_ON_CPU_FAULT");
        driver = text && strcmp(text, "driver") == 0;
        code = text && strcmp(text, "code") == 0;
        if (text && strncmp(text, "memory:", 7) == 0)
            memory = (size_t)atol(text + 7) << 20;
        else if (text && strncmp(text, "lost:", 5) == 0)
            launches = atol(text + 5);
        else if (text && !driver && !code)
            gpu_on_cpu_fail("GPU_ON_CPU_FAULT=%s: there is no such fault", text);
    }
};
} // namespace

static faults &fault()
{
    static faults asked;
    return asked;
}

static bool is_lost()
{
    return fault().launches == 0;
}

/* Idling --------------------------------------------------------------------------------------- */

/* GPU_ON_CPU_IDLE=FILE: nothing is computed, and whatever is read is 0, so that work of any size
 * goes through, at the speed of the host. What the GPU was asked for is counted, and written to the
 * file when the process ends: a line a kind of call, a line a kernel. */
namespace
{
struct counts {
    const char *path = getenv("GPU_ON_CPU_IDLE");
    size_t launches = 0, fills = 0, waits = 0, allocations = 0;
    size_t copies[5] = {}, bytes[5] = {}; /* by the kind of copy */
    std::map<const void *, size_t> kernels;
    ~counts();
};
} // namespace

counts::~counts()
{
    FILE *out = path ? fopen(path, "w") : NULL;
    if (!out)
        return;
    (void)fprintf(out, "launches %zu\nfills %zu\nwaits %zu\nallocations %zu\n", launches, fills,
                  waits, allocations);
    (void)fprintf(out, "to the device %zu, %zu bytes\n", copies[cudaMemcpyHostToDevice],
                  bytes[cudaMemcpyHostToDevice]);
    (void)fprintf(out, "to the host %zu, %zu bytes\n", copies[cudaMemcpyDeviceToHost],
                  bytes[cudaMemcpyDeviceToHost]);
    (void)fprintf(out, "on the device %zu, %zu bytes\n", copies[cudaMemcpyDeviceToDevice],
                  bytes[cudaMemcpyDeviceToDevice]);
    for (const auto &k : kernels) {
        (void)fprintf(out, "%zu of ", k.second);
        print_place(out, k.first);
        (void)fputc('\n', out);
    }
    (void)fclose(out);
}

static counts &counted()
{
    static counts all;
    return all;
}

static bool idles()
{
    return counted().path;
}

/* Order ---------------------------------------------------------------------------------------- */

static enum gpu_on_cpu_orders order;
static uint64_t order_state;
static bool order_known;

void gpu_on_cpu_order(enum gpu_on_cpu_orders wanted, uint64_t seed)
{
    locked hold(whole);
    order = wanted;
    order_state = seed;
    order_known = true;
}

static void know_order()
{
    const char *text = getenv("GPU_ON_CPU_ORDER");
    if (order_known)
        return;
    if (!text || strcmp(text, "forwards") == 0)
        gpu_on_cpu_order(GPU_FORWARDS, 0);
    else if (strcmp(text, "backwards") == 0)
        gpu_on_cpu_order(GPU_BACKWARDS, 0);
    else
        gpu_on_cpu_order(GPU_SHUFFLED, strtoull(text, NULL, 10));
}

/* splitmix64 */
static uint64_t draw()
{
    uint64_t z = order_state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

/* The numbers below `count` in the order that was asked for. */
static void put_in_order(std::vector<unsigned> &out, size_t count)
{
    out.resize(count);
    for (size_t i = 0; i < count; i++)
        out[i] = (unsigned)(order == GPU_BACKWARDS ? count - 1 - i : i);
    if (order == GPU_SHUFFLED)
        for (size_t i = count; i > 1; i--)
            std::swap(out[i - 1], out[draw() % i]);
}

/* Threads -------------------------------------------------------------------------------------- */

/* Other sources have types of these names, too. */
namespace
{
struct fiber {
    jmp_buf left;
    ucontext_t start;
    bool started;
};

struct copy {
    void *to;
    const void *from;
    bool there;
    unsigned group;
};

struct thread {
    unsigned index;
    fiber *on; /* NULL: not started */
    bool ended;
    /* While it waits: at what, and what it hands over to the others. */
    const char *waits_at;
    const void *where;
    unsigned mask;
    void *operand;
    gpu_on_cpu_act *act;
    std::vector<copy> copies;
    unsigned groups;
};

/* Memory. Mapped as: a page that cannot be reached, up to a page of margin, the block, up to 255
 * bytes of margin, a page that cannot be reached. */
struct block {
    unsigned char *map;
    size_t mapped;
    unsigned char *start;
    size_t size;
    bool device;
    bool closed; /* to the host */
};
} // namespace

/* The block that runs. */
static thread threads[MOST_THREADS];               /* in the order in which they run */
static unsigned char can_run[MOST_THREADS];        /* in the same order: for memchr */
static unsigned place[MOST_THREADS];               /* of each index in `threads` */
static unsigned arrived[MOST_THREADS / WARP_SIZE]; /* lanes of each warp that wait for others */
static unsigned thread_count, ended_count, at_barrier;
static thread *current;
static gpu_on_cpu_work *work;

static fiber host = {{}, {}, true}; /* not a fiber: who runs the block */
static fiber *running;
static std::vector<fiber *> idle;

static void switch_fibers(fiber *from, fiber *to)
{
    running = to;
    if (_setjmp(from->left) == 0) {
        if (to->started)
            _longjmp(to->left, 1);
        to->started = true;
        setcontext(&to->start);
    }
}

static void make_current(thread *t)
{
    current = t;
    gpu_on_cpu_thread_index = {t->index, 0, 0};
}

/* Every waiting place with how many threads are there. */
[[noreturn]] static void fail_stuck()
{
    (void)fprintf(stderr, "gpu_on_cpu: threads wait for ever:\n");
    if (ended_count > 0)
        (void)fprintf(stderr, "  %u of %u have ended\n", ended_count, thread_count);
    std::map<const void *, std::vector<unsigned>> places;
    for (unsigned index = 0; index < thread_count; index++)
        if (!threads[place[index]].ended)
            places[threads[place[index]].where].push_back(index);
    for (const auto &one : places) {
        const thread *first = &threads[place[one.second[0]]];
        (void)fprintf(stderr, "  %zu wait at %s, the first of them thread %u with mask %#x: ",
                      one.second.size(), first->waits_at, first->index, first->mask);
        print_place(stderr, (const char *)one.first - 1);
        (void)fprintf(stderr, "\n");
    }
    gpu_on_cpu_fail("threads wait for others that ended or wait elsewhere");
}

/* Who runs after this one; NULL: nobody can. The first that can, so that a warp gets as far ahead
 * of the others as barriers let it; or, shuffled, round and round, so that all keep step. */
static thread *next_thread(const thread *after)
{
    size_t from = order == GPU_SHUFFLED ? (size_t)(after - threads) + 1 : 0;
    void *found = memchr(can_run + from, 1, thread_count - from);
    if (!found)
        found = memchr(can_run, 1, from);
    return found ? &threads[(unsigned char *)found - can_run] : NULL;
}

static void run_fiber();

static fiber *idle_fiber()
{
    if (idle.empty()) {
        fiber *made = new fiber();
        char *stack = (char *)mmap(NULL, STACK + PAGE, PROT_NONE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stack == MAP_FAILED || mprotect(stack + PAGE, STACK, PROT_READ | PROT_WRITE) != 0)
            gpu_on_cpu_fail("there is no memory for the stack of a thread");
        (void)getcontext(&made->start);
        made->start.uc_stack.ss_sp = stack + PAGE;
        made->start.uc_stack.ss_size = STACK;
        makecontext(&made->start, run_fiber, 0);
        idle.push_back(made);
    }
    fiber *out = idle.back();
    idle.pop_back();
    return out;
}

/* Another thread goes on; returns when this one can. */
static void let_run(thread *next)
{
    if (!next)
        fail_stuck();
    if (next == current)
        return;
    if (!next->on)
        next->on = idle_fiber();
    make_current(next);
    switch_fibers(running, next->on);
}

/* Runs threads from their start to their end; one that has not started needs no switch. */
static void run_fiber()
{
    for (;;) {
        work->run();
        current->ended = true;
        can_run[current - threads] = 0;
        ended_count++;
        fiber *mine = running;
        thread *next = next_thread(current);
        if (next && !next->on) {
            next->on = mine;
            make_current(next);
            continue;
        }
        if (!next && ended_count < thread_count)
            fail_stuck();
        idle.push_back(mine);
        if (next)
            make_current(next);
        switch_fibers(mine, next ? next->on : &host);
    }
}

static void wait_at(const char *name, const void *where, unsigned mask, void *operand,
                    gpu_on_cpu_act *act)
{
    current->waits_at = name;
    current->where = where;
    current->mask = mask;
    current->operand = operand;
    current->act = act;
    can_run[current - threads] = 0;
}

void __syncthreads()
{
    wait_at("__syncthreads", __builtin_return_address(0), 0xffffffffU, NULL, NULL);
    if (++at_barrier == thread_count) {
        at_barrier = 0;
        memset(can_run, 1, thread_count);
        let_run(&threads[0]);
    } else {
        let_run(next_thread(current));
    }
}

void gpu_on_cpu_together(unsigned mask, const char *name, void *operand, gpu_on_cpu_act *act)
{
    unsigned warp = current->index / WARP_SIZE, lane = current->index % WARP_SIZE;
    if (!(mask >> lane & 1))
        gpu_on_cpu_fail("%s with mask %#x, in which lane %u is not", name, mask, lane);
    wait_at(name, __builtin_return_address(0), mask, operand, act);
    arrived[warp] |= 1U << lane;
    if ((arrived[warp] & mask) != mask) {
        let_run(next_thread(current));
        return;
    }
    void *operands[WARP_SIZE] = {};
    for (unsigned i = 0; i < WARP_SIZE; i++) {
        thread *other = &threads[place[warp * WARP_SIZE + i]];
        if (!(mask >> i & 1))
            continue;
        if (other->mask != mask || other->act != act)
            gpu_on_cpu_fail("%s with mask %#x meets %s with mask %#x of thread %u", name, mask,
                            other->waits_at, other->mask, other->index);
        /* __syncwarp hands over nothing. */
        operands[i] = other->operand;
        can_run[other - threads] = 1;
    }
    arrived[warp] &= ~mask;
    act(operands);
}

void copy_async(void *shared, const void *global, bool there)
{
    if ((uintptr_t)shared % 16 != 0 || (there && (uintptr_t)global % 16 != 0))
        gpu_on_cpu_fail("copy_async from %p to %p: they are no multiples of 16", global, shared);
    memset(shared, POISON, 16);
    current->copies.push_back({shared, global, there, current->groups});
}

void copy_async_group()
{
    current->groups++;
}

void gpu_on_cpu_wait_for_copies(unsigned most)
{
    std::vector<copy> left;
    for (const copy &c : current->copies) {
        if (c.group + most >= current->groups)
            left.push_back(c);
        else if (c.there)
            memcpy(c.to, c.from, 16);
        else
            memset(c.to, 0, 16);
    }
    current->copies.swap(left);
}

/* Matrix instructions -------------------------------------------------------------------------- */

static float bf16_of(uint32_t word, unsigned which)
{
    return __uint_as_float(which ? word & 0xffff0000U : word << 16);
}

/* c += a b from what lanes hold: a (16, k), b (k, 8) by column. */
static void multiply(void *const lanes[], const float *a, const float *b, unsigned k)
{
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        float *c = ((gpu_on_cpu_product *)lanes[l])->c;
        for (unsigned i = 0; i < 4; i++) {
            const float *row = a + (l / 4 + i / 2 * 8) * k, *column = b + (l % 4 * 2 + i % 2) * k;
            float sum = 0;
            for (unsigned j = 0; j < k; j++)
                sum += row[j] * column[j];
            c[i] += sum;
        }
    }
}

void gpu_on_cpu_mma_bf16(void *const lanes[])
{
    float a[16 * 16], b[8 * 16];
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        const gpu_on_cpu_product *p = (gpu_on_cpu_product *)lanes[l];
        unsigned g = l / 4, t = l % 4;
        for (unsigned w = 0; w < 4; w++)
            for (unsigned i = 0; i < 2; i++)
                a[(g + w % 2 * 8) * 16 + w / 2 * 8 + 2 * t + i] = bf16_of(p->a[w], i);
        for (unsigned w = 0; w < 2; w++)
            for (unsigned i = 0; i < 2; i++)
                b[g * 16 + w * 8 + 2 * t + i] = bf16_of(p->b[w], i);
    }
    multiply(lanes, a, b, 16);
}

static float tf32_of(uint32_t word)
{
    return __uint_as_float(word & ~0x1fffU);
}

void gpu_on_cpu_mma_tf32(void *const lanes[])
{
    float a[16 * 8], b[8 * 8];
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        const gpu_on_cpu_product *p = (gpu_on_cpu_product *)lanes[l];
        unsigned g = l / 4, t = l % 4;
        for (unsigned w = 0; w < 4; w++)
            a[(g + w % 2 * 8) * 8 + w / 2 * 4 + t] = tf32_of(p->a[w]);
        for (unsigned w = 0; w < 2; w++)
            b[g * 8 + w * 4 + t] = tf32_of(p->b[w]);
    }
    multiply(lanes, a, b, 8);
}

static void load(void *const lanes[], bool transposed)
{
    uint16_t numbers[4][8][8];
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        const void *row = ((gpu_on_cpu_load *)lanes[l])->row;
        if ((uintptr_t)row % 16 != 0)
            gpu_on_cpu_fail("load_matrices from %p: it is no multiple of 16", row);
        memcpy(numbers[l / 8][l % 8], row, 16);
    }
    for (unsigned l = 0; l < WARP_SIZE; l++)
        for (unsigned m = 0; m < 4; m++) {
            unsigned g = l / 4, t = l % 4 * 2;
            uint32_t first = transposed ? numbers[m][t][g] : numbers[m][g][t];
            uint32_t second = transposed ? numbers[m][t + 1][g] : numbers[m][g][t + 1];
            ((gpu_on_cpu_load *)lanes[l])->out[m] = first | second << 16;
        }
}

void gpu_on_cpu_load_matrices(void *const lanes[])
{
    load(lanes, false);
}

void gpu_on_cpu_load_transposed(void *const lanes[])
{
    load(lanes, true);
}

/* Memory --------------------------------------------------------------------------------------- */

static std::map<const void *, block> blocks; /* by start */
static long allocations_left = -1;

void gpu_on_cpu_fail_allocations(long after)
{
    locked hold(whole);
    allocations_left = after;
}

size_t gpu_on_cpu_blocks()
{
    locked hold(whole);
    return blocks.size();
}

/* The block in which these bytes lie, or NULL. */
static const block *block_of(const void *memory, size_t size)
{
    auto after = blocks.upper_bound(memory);
    if (after == blocks.begin())
        return NULL;
    const block *b = &(--after)->second;
    size_t offset = (size_t)((const unsigned char *)memory - b->start);
    return offset <= b->size && size <= b->size - offset ? b : NULL;
}

static void open_block(const block &b, bool reach)
{
    if (mprotect(b.map + PAGE, b.mapped - 2 * PAGE, reach ? PROT_READ | PROT_WRITE : PROT_NONE))
        gpu_on_cpu_fail("mprotect fails");
}

/* While one of these is there, device memory can be reached. */
namespace
{
struct device_work {
    device_work()
    {
        for (const auto &b : blocks)
            if (b.second.closed)
                open_block(b.second, true);
    }
    ~device_work()
    {
        for (const auto &b : blocks)
            if (b.second.closed)
                open_block(b.second, false);
    }
};
} // namespace

/* Where the program was when the signal came. */
static const void *interrupted(const void *context)
{
#if defined __x86_64__
    return (const void *)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (const void *)((const ucontext_t *)context)->uc_mcontext.pc;
#else
    (void)context;
    return NULL;
#endif
}

static struct sigaction before;

static void explain_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    const unsigned char *at = (const unsigned char *)info->si_addr;
    (void)sigaction(SIGSEGV, &before, NULL);
    for (const auto &entry : blocks) {
        const block &b = entry.second;
        if (at < b.map || at >= b.map + b.mapped)
            continue;
        (void)fputs("gpu_on_cpu: an access at ", stderr);
        print_place(stderr, interrupted(context));
        (void)fputs("\n", stderr);
        if (at >= b.start && at < b.start + b.size)
            gpu_on_cpu_fail("the host reaches into device memory");
        gpu_on_cpu_fail("an access %td bytes from the start of a block of %zu bytes", at - b.start,
                        b.size);
    }
    if (kernel) {
        (void)fputs("gpu_on_cpu: an access at ", stderr);
        print_place(stderr, interrupted(context));
        (void)fputs("\n", stderr);
        gpu_on_cpu_fail("an access to %p, where there is no memory of the device",
                        (const void *)at);
    }
}

/* Test programs put handlers of their own before each test. */
static void explain_faults()
{
    static stack_t stack;
    struct sigaction action = {}, now = {};
    if (!stack.ss_sp) {
        stack.ss_size = 64 << 10;
        stack.ss_sp = malloc(stack.ss_size);
        (void)sigaltstack(&stack, NULL);
    }
    (void)sigaction(SIGSEGV, NULL, &now);
    if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == explain_fault)
        return;
    before = now;
    action.sa_sigaction = explain_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)sigaction(SIGSEGV, &action, NULL);
}

static size_t memory_left()
{
    size_t left = fault().memory;
    for (const auto &b : blocks)
        if (b.second.device)
            left -= b.second.size;
    return left;
}

static cudaError_t allocate(void **out, size_t size, bool device)
{
    locked hold(whole);
    explain_faults();
    *out = NULL;
    if (size == 0)
        return cudaSuccess;
    if (is_lost())
        return cudaErrorLaunchFailure;
    if (allocations_left == 0 || size > (size_t)1 << 40 || (device && size > memory_left()))
        return cudaErrorMemoryAllocation;
    if (allocations_left > 0)
        allocations_left--;
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t inner = (rounded + PAGE - 1) / PAGE * PAGE;
    block b = {NULL, inner + 2 * PAGE, NULL, size, device, device && size <= CLOSED_MOST};
    void *map = mmap(NULL, b.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return cudaErrorMemoryAllocation;
    b.map = (unsigned char *)map;
    b.start = b.map + PAGE + inner - rounded;
    open_block(b, true);
    counted().allocations++;
    if (!idles())
        memset(b.map + PAGE, POISON, inner);
    if (b.closed)
        open_block(b, false);
    blocks[b.start] = b;
    *out = b.start;
    return cudaSuccess;
}

cudaError_t gpu_on_cpu_malloc(void **out, size_t size)
{
    return allocate(out, size, true);
}

cudaError_t gpu_on_cpu_malloc_host(void **out, size_t size)
{
    return allocate(out, size, false);
}

static bool untouched(const unsigned char *from, const unsigned char *to)
{
    for (; from < to; from++)
        if (*from != POISON)
            return false;
    return true;
}

/* Device memory is open. */
static void check_margins(const block &b)
{
    if (!untouched(b.map + PAGE, b.start))
        gpu_on_cpu_fail("something wrote before a block of %zu bytes", b.size);
    if (!untouched(b.start + b.size, b.map + b.mapped - PAGE))
        gpu_on_cpu_fail("something wrote behind a block of %zu bytes", b.size);
}

static cudaError_t give_back(void *memory)
{
    locked hold(whole);
    if (!memory)
        return cudaSuccess;
    cudaError_t error = cudaDeviceSynchronize();
    auto found = blocks.find(memory);
    if (found == blocks.end())
        return cudaErrorInvalidValue;
    open_block(found->second, true);
    if (!idles())
        check_margins(found->second);
    (void)munmap(found->second.map, found->second.mapped);
    blocks.erase(found);
    return error;
}

cudaError_t cudaFree(void *memory)
{
    return give_back(memory);
}

cudaError_t cudaFreeHost(void *memory)
{
    return give_back(memory);
}

/* Streams -------------------------------------------------------------------------------------- */

struct gpu_on_cpu_stream {
    std::vector<std::function<void()>> jobs;
};

struct gpu_on_cpu_event {
    cudaStream_t stream;
};

static gpu_on_cpu_stream default_stream;
static std::vector<cudaStream_t> streams;

static cudaStream_t known(cudaStream_t stream)
{
    return stream ? stream : &default_stream;
}

static cudaError_t finish(cudaStream_t stream)
{
    std::vector<std::function<void()>> jobs;
    jobs.swap(stream->jobs);
    if (is_lost())
        return cudaErrorLaunchFailure;
    if (jobs.empty())
        return cudaSuccess;
    explain_faults();
    device_work open;
    for (const auto &job : jobs)
        job();
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *out)
{
    locked hold(whole);
    *out = new gpu_on_cpu_stream();
    streams.push_back(*out);
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags)
{
    (void)flags;
    return cudaStreamCreate(out);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    locked hold(whole);
    counted().waits++;
    return finish(known(stream));
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    locked hold(whole);
    cudaError_t error = finish(stream);
    for (size_t i = 0; i < streams.size(); i++)
        if (streams[i] == stream)
            streams.erase(streams.begin() + (long)i);
    delete stream;
    return error;
}

cudaError_t cudaDeviceSynchronize()
{
    locked hold(whole);
    for (cudaStream_t stream : streams)
        (void)finish(stream);
    return finish(&default_stream);
}

cudaError_t cudaEventCreate(cudaEvent_t *out)
{
    *out = new gpu_on_cpu_event();
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags)
{
    (void)flags;
    return cudaEventCreate(out);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    event->stream = known(stream);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t from, cudaEvent_t to)
{
    (void)from;
    (void)to;
    *milliseconds = 0;
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    return event->stream ? cudaStreamSynchronize(event->stream) : cudaSuccess;
}

/* Whether the bytes lie where the kind of copy says. */
static bool right_side(const void *memory, size_t size, bool device)
{
    const block *b = block_of(memory, size);
    if (device)
        return b && b->device;
    return !b || !b->device;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    locked hold(whole);
    if (is_lost())
        return cudaErrorLaunchFailure;
    if (size == 0)
        return cudaSuccess;
    bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (kind != cudaMemcpyDefault &&
        !(right_side(to, size, to_device) && right_side(from, size, from_device)))
        return cudaErrorInvalidValue;
    if (idles()) {
        counted().copies[kind]++;
        counted().bytes[kind] += size;
        if (kind == cudaMemcpyDeviceToHost)
            memset(to, 0, size);
        return cudaSuccess;
    }
    stream = known(stream);
    const block *source = block_of(from, size), *target = block_of(to, size);
    if (source) {
        stream->jobs.push_back([=] { memcpy(to, from, size); });
    } else { /* memory that is not pinned is taken at once */
        auto bytes = std::make_shared<std::vector<unsigned char>>(
            (const unsigned char *)from, (const unsigned char *)from + size);
        stream->jobs.push_back([=] { memcpy(to, bytes->data(), size); });
    }
    return target ? cudaSuccess : finish(stream); /* and written at once */
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t size, cudaMemcpyKind kind)
{
    locked hold(whole);
    (void)cudaDeviceSynchronize();
    cudaError_t error = cudaMemcpyAsync(to, from, size, kind, NULL);
    return error ? error : finish(&default_stream);
}

cudaError_t cudaMemsetAsync(void *to, int byte, size_t size, cudaStream_t stream)
{
    locked hold(whole);
    if (size == 0)
        return cudaSuccess;
    if (!right_side(to, size, true))
        return cudaErrorInvalidValue;
    if (idles()) {
        counted().fills++;
        return cudaSuccess;
    }
    known(stream)->jobs.push_back([=] { memset(to, byte, size); });
    return cudaSuccess;
}

cudaError_t cudaMemset(void *to, int byte, size_t size)
{
    locked hold(whole);
    cudaError_t error = cudaMemsetAsync(to, byte, size, NULL);
    return error ? error : cudaDeviceSynchronize();
}

/* Launching ------------------------------------------------------------------------------------ */

static void run_block(unsigned number, size_t shared)
{
    static std::vector<unsigned> indexes;
    const dim3 &grid = gpu_on_cpu_grid_size;
    gpu_on_cpu_block_index = {number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y};
    if (__start_gpu_shared)
        memset(__start_gpu_shared, POISON, (size_t)(__stop_gpu_shared - __start_gpu_shared));
    if (gpu_on_cpu_shared)
        memset(gpu_on_cpu_shared - SHARED_MARGIN, POISON, SHARED_MARGIN + shared);
    thread_count = gpu_on_cpu_block_size.x;
    put_in_order(indexes, thread_count);
    for (unsigned i = 0; i < thread_count; i++) {
        thread *t = &threads[i];
        t->index = indexes[i];
        t->on = NULL;
        t->ended = false;
        t->copies.clear();
        t->groups = 0;
        place[t->index] = i;
    }
    memset(can_run, 1, thread_count);
    memset(arrived, 0, sizeof arrived);
    ended_count = at_barrier = 0;
    make_current(&threads[0]);
    current->on = idle_fiber();
    switch_fibers(&host, current->on);
    if (gpu_on_cpu_shared && !untouched(gpu_on_cpu_shared - SHARED_MARGIN, gpu_on_cpu_shared))
        gpu_on_cpu_fail("something wrote before GPU_SHARED");
    if (gpu_on_cpu_shared && !untouched(gpu_on_cpu_shared + shared,
                                        gpu_on_cpu_shared + (shared + SHARED_MARGIN - 1) /
                                                                SHARED_MARGIN * SHARED_MARGIN))
        gpu_on_cpu_fail("something wrote behind GPU_SHARED");
}

/* Memory for GPU_SHARED that ends where nothing can be reached. */
static unsigned char *shared_memory(size_t size)
{
    static unsigned char *end;
    if (!end) {
        size_t room = (SHARED_MOST + SHARED_MARGIN + PAGE - 1) / PAGE * PAGE;
        unsigned char *map = (unsigned char *)mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE,
                                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED || mprotect(map + room, PAGE, PROT_NONE) != 0)
            gpu_on_cpu_fail("there is no shared memory");
        end = map + room;
    }
    memset(end - SHARED_MARGIN, POISON, SHARED_MARGIN);
    return end - (size + SHARED_MARGIN - 1) / SHARED_MARGIN * SHARED_MARGIN;
}

cudaError_t gpu_on_cpu_launch(cudaStream_t stream, const void *function, gpu_on_cpu_work *body,
                              dim3 grid, unsigned count, size_t shared)
{
    locked hold(whole);
    std::shared_ptr<gpu_on_cpu_work> owned(body);
    if (count == 0 || count > MOST_THREADS || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
        grid.x > 0x7fffffffU || grid.y > 0xffff || grid.z > 0xffff)
        return cudaErrorInvalidConfiguration;
    if (shared > SHARED_MOST)
        return cudaErrorInvalidValue;
    if (is_lost())
        return cudaErrorLaunchFailure;
    if (fault().launches > 0)
        fault().launches--;
    if (count % WARP_SIZE != 0)
        gpu_on_cpu_fail("a launch with %u threads: they are no whole warps", count);
    if (idles()) {
        counted().launches++;
        counted().kernels[function]++;
        return cudaSuccess;
    }
    known(stream)->jobs.push_back([=] {
        static std::vector<unsigned> numbers;
        know_order();
        kernel = function;
        work = owned.get();
        gpu_on_cpu_grid_size = grid;
        gpu_on_cpu_block_size = dim3(count);
        gpu_on_cpu_shared = shared ? shared_memory(shared) : NULL;
        put_in_order(numbers, (size_t)grid.x * grid.y * grid.z);
        for (unsigned number : numbers)
            run_block(number, shared);
        for (const auto &b : blocks)
            check_margins(b.second);
        kernel = NULL;
    });
    return cudaSuccess;
}

/* The device ----------------------------------------------------------------------------------- */

#define ERRORS(X)                                                                                  \
    X(cudaSuccess, "no error")                                                                     \
    X(cudaErrorInvalidValue, "invalid argument")                                                   \
    X(cudaErrorMemoryAllocation, "out of memory")                                                  \
    X(cudaErrorInvalidConfiguration, "invalid configuration argument")                             \
    X(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version") \
    X(cudaErrorInvalidDeviceFunction, "invalid device function")                                   \
    X(cudaErrorNoDevice, "no CUDA-capable device is detected")                                     \
    X(cudaErrorInvalidDevice, "invalid device ordinal")                                            \
    X(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device") \
    X(cudaErrorLaunchFailure, "unspecified launch failure")                                        \
    X(cudaErrorNotSupported, "operation not supported")

const char *cudaGetErrorName(cudaError_t error)
{
#define X(name, text)                                                                              \
    if (error == name)                                                                             \
        return #name;
    ERRORS(X)
#undef X
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
#define X(name, text)                                                                              \
    if (error == name)                                                                             \
        return text;
    ERRORS(X)
#undef X
    return "unrecognized error code";
}

cudaError_t cudaGetLastError()
{
    return cudaSuccess;
}

cudaError_t cudaPeekAtLastError()
{
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = fault().driver ? 11080 : 13000;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = 13000;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return fault().driver ? cudaErrorInsufficientDriver : cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = 0;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
    if (device != 0)
        return cudaErrorInvalidDevice;
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
        *value = MOST_THREADS;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = GPU_SHARED_DEFAULT;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = PROCESSORS;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = 9;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = 0;
        break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = 228 << 10;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = SHARED_MOST;
        break;
    }
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device)
{
    if (device != 0)
        return cudaErrorInvalidDevice;
    *properties = {
        "GPU on the CPU", fault().memory, GPU_SHARED_DEFAULT, SHARED_MOST, PROCESSORS, 9, 0,
        WARP_SIZE};
    return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char *out, int size, int device)
{
    const char *bus = getenv("GPU_ON_CPU_BUS");
    if (device != 0)
        return cudaErrorInvalidDevice;
    (void)snprintf(out, (size_t)size, "%s", bus ? bus : "0000:00:00.0");
    return cudaSuccess;
}

void gpu_on_cpu_copy(void *to, const void *from, size_t size)
{
    (void)cudaDeviceSynchronize();
    if (cudaMemcpy(to, from, size, cudaMemcpyDefault) != cudaSuccess)
        gpu_on_cpu_fail("%zu bytes cannot be copied", size);
}

cudaError_t cudaMemGetInfo(size_t *unused, size_t *total)
{
    locked hold(whole);
    *total = fault().memory;
    *unused = memory_left();
    return is_lost() ? cudaErrorLaunchFailure : cudaSuccess;
}

cudaError_t gpu_on_cpu_code(cudaFuncAttributes *out)
{
    *out = {MOST_THREADS, 0, 90};
    return fault().code ? cudaErrorNoKernelImageForDevice : cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *function, cudaFuncAttribute attribute, int value)
{
    (void)function;
    (void)attribute;
    return value >= 0 && (size_t)value <= SHARED_MOST ? cudaSuccess : cudaErrorInvalidValue;
}
