#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

struct ws_pool {
    const struct ws_allocator *allocator;
    size_t size;           /* of this block */
    unsigned thread_count; /* started, the caller not counted */
    pthread_mutex_t mutex;
    pthread_cond_t started;
    pthread_cond_t finished;
    unsigned long round; /* counts calls of ws_pool_run */
    unsigned working;    /* threads still in this round */
    bool stopping;
    atomic_size_t next;
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

static void *thread_main(void *argument)
{
    struct ws_pool *pool = argument;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->round == seen && !pool->stopping)
            pthread_cond_wait(&pool->started, &pool->mutex);
        if (pool->stopping)
            break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->mutex);
        claim_pieces(pool);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->working == 0)
            pthread_cond_signal(&pool->finished);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static size_t pool_size(unsigned threads)
{
    return sizeof(struct ws_pool) + threads * sizeof(pthread_t);
}

enum ws_status ws_pool_new(unsigned threads, const struct ws_allocator *allocator,
                           struct ws_pool **out, struct ws_error *err)
{
    unsigned helpers = threads - 1;
    struct ws_pool *pool = ws_realloc(allocator, NULL, 0, pool_size(helpers));
    if (!pool)
        return ws_fail_memory(err, "the thread pool");
    *pool = (struct ws_pool){.allocator = allocator, .size = pool_size(helpers)};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->started, NULL);
    pthread_cond_init(&pool->finished, NULL);
    while (pool->thread_count < helpers &&
           pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, pool) == 0)
        pool->thread_count++;
    *out = pool;
    return WS_OK;
}

void ws_pool_free(struct ws_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->started);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->started);
    pthread_mutex_destroy(&pool->mutex);
    ws_free(pool->allocator, pool, pool->size);
}

void ws_pool_run(struct ws_pool *pool, size_t pieces, void (*work)(void *context, size_t piece),
                 void *context)
{
    pthread_mutex_lock(&pool->mutex);
    pool->work = work;
    pool->context = context;
    pool->pieces = pieces;
    atomic_store(&pool->next, 0);
    pool->working = pool->thread_count;
    pool->round++;
    pthread_cond_broadcast(&pool->started);
    pthread_mutex_unlock(&pool->mutex);

    claim_pieces(pool);

    pthread_mutex_lock(&pool->mutex);
    while (pool->working > 0)
        pthread_cond_wait(&pool->finished, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

unsigned ws_processor_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}
