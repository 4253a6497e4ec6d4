#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/* About 20 microseconds; a pool of more threads than processors sleeps at once. */
enum { SPINS = 500 };

/* In `inside`, beside the count: the round takes no more threads. */
#define CLOSED 0x80000000U

struct ws_pool {
    const struct ws_allocator *allocator;
    size_t size;           /* of this block */
    unsigned thread_count; /* started, the caller not counted */
    unsigned spins;        /* looks at what is waited for before a thread sleeps */
    pthread_mutex_t mutex;
    pthread_cond_t started;
    pthread_cond_t finished;
    atomic_ulong round; /* counts calls of ws_pool_run */
    atomic_uint inside; /* threads at work in this round */
    unsigned sleepers;  /* under the mutex */
    atomic_bool stopping;
    atomic_size_t next;
    /* Changed only while the round is closed and nobody is inside. */
    size_t pieces;
    void (*work)(void *context, size_t piece);
    void *context;
    pthread_t threads[];
};

static void claim_pieces(struct ws_pool *pool)
{
    for (;;) {
        size_t piece = atomic_fetch_add(&pool->next, 1);
        if (piece >= pool->pieces)
            return;
        pool->work(pool->context, piece);
    }
}

static void rest_a_moment(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

/* Whoever comes too late is not waited for, so a round ends when its pieces are done, even where
 * the system lets threads of ours wait for a processor. */
static bool enter(struct ws_pool *pool)
{
    unsigned inside = atomic_load(&pool->inside);
    while (!(inside & CLOSED))
        if (atomic_compare_exchange_weak(&pool->inside, &inside, inside + 1))
            return true;
    return false;
}

static void leave(struct ws_pool *pool)
{
    if (atomic_fetch_sub(&pool->inside, 1) != (CLOSED | 1))
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->finished);
    pthread_mutex_unlock(&pool->mutex);
}

static bool is_waiting(struct ws_pool *pool, unsigned long seen)
{
    return atomic_load(&pool->round) == seen && !atomic_load(&pool->stopping);
}

/* Until a round after `seen`. Rounds often follow each other sooner than a thread falls asleep and
 * wakes, so it looks for a while first. */
static void await_round(struct ws_pool *pool, unsigned long seen)
{
    for (unsigned i = 0; i < pool->spins; i++) {
        if (!is_waiting(pool, seen))
            return;
        rest_a_moment();
    }
    pthread_mutex_lock(&pool->mutex);
    pool->sleepers++;
    while (is_waiting(pool, seen))
        pthread_cond_wait(&pool->started, &pool->mutex);
    pool->sleepers--;
    pthread_mutex_unlock(&pool->mutex);
}

static void *thread_main(void *argument)
{
    struct ws_pool *pool = argument;
    unsigned long seen = 0;
    for (;;) {
        await_round(pool, seen);
        if (atomic_load(&pool->stopping))
            return NULL;
        seen = atomic_load(&pool->round);
        if (enter(pool)) {
            claim_pieces(pool);
            leave(pool);
        }
    }
}

static size_t pool_size(unsigned threads)
{
    return sizeof(struct ws_pool) + threads * sizeof(pthread_t);
}

/* With every signal blocked, which they inherit. */
static void start_threads(struct ws_pool *pool, unsigned count)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    while (pool->thread_count < count &&
           pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, pool) == 0)
        pool->thread_count++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum ws_status ws_pool_new(unsigned threads, const struct ws_allocator *allocator,
                           struct ws_pool **out, struct ws_error *err)
{
    unsigned helpers = threads - 1;
    struct ws_pool *pool = ws_realloc(allocator, NULL, 0, pool_size(helpers));
    if (!pool)
        return ws_fail_memory(err, "the thread pool");
    *pool = (struct ws_pool){.allocator = allocator, .size = pool_size(helpers), .inside = CLOSED};
    if (threads <= ws_processor_count())
        pool->spins = SPINS;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->started, NULL);
    pthread_cond_init(&pool->finished, NULL);
    start_threads(pool, helpers);
    *out = pool;
    return WS_OK;
}

void ws_pool_free(struct ws_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stopping, true);
    pthread_cond_broadcast(&pool->started);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->started);
    pthread_mutex_destroy(&pool->mutex);
    ws_free(pool->allocator, pool, pool->size);
}

static void start_round(struct ws_pool *pool)
{
    atomic_store(&pool->next, 0);
    atomic_store(&pool->inside, 0);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->round, 1);
    if (pool->sleepers > 0)
        pthread_cond_broadcast(&pool->started);
    pthread_mutex_unlock(&pool->mutex);
}

static void end_round(struct ws_pool *pool)
{
    atomic_fetch_or(&pool->inside, CLOSED);
    for (unsigned i = 0; i < pool->spins && atomic_load(&pool->inside) != CLOSED; i++)
        rest_a_moment();
    if (atomic_load(&pool->inside) == CLOSED)
        return;
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->inside) != CLOSED)
        pthread_cond_wait(&pool->finished, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

void ws_pool_run(struct ws_pool *pool, size_t pieces, void (*work)(void *context, size_t piece),
                 void *context)
{
    pool->work = work;
    pool->context = context;
    pool->pieces = pieces;
    start_round(pool);
    claim_pieces(pool);
    end_round(pool);
}

unsigned ws_processor_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}
