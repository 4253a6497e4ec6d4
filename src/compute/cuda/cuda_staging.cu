/*
 * Small arrays on their way: tokens, positions and starts to the device, losses and tokens back.
 *
 * Both ways go through pinned memory, which the GPU copies while the host goes on. What is sent
 * lies in two rooms that take turns: a full one waits for everything before it, and stays as it is
 * until the other one is full, so that an operation finds all it sent. Layer after layer sends the
 * same positions: bytes that are there already are not sent again.
 */
#include <stdlib.h>
#include <string.h>

#include "compute/cuda/cuda_memory.h"

enum { ROOM_SIZE = 8 << 20, RECENT = 8, ALIGNMENT = 256, RECEIVED_FIRST = 4 << 20, WAITING = 256 };

/* As many of the largest array as a room that grows for it holds: no operation sends more. */
enum { ROOM_FOR = 8 };

struct sent {
    size_t offset;
    size_t size; /* 0: none */
};

struct room {
    unsigned char *pinned; /* (size): what lies in `device`, on its way or there */
    unsigned char *device;
    size_t size;
    size_t used;
};

struct received {
    void *host;
    const void *from; /* on the device: there until another operation has scratch */
    size_t offset;
    size_t size;
};

struct ws_cuda_staging {
    struct room rooms[2];
    unsigned turn;
    struct sent recent[RECENT]; /* of the room whose turn it is */
    unsigned next;              /* of `recent`, to be replaced */
    unsigned char *pinned_back; /* (back_size) */
    size_t back_size;
    size_t back_used;
    struct received waiting[WAITING];
    unsigned waiting_count;
    bool waits; /* nothing is used on the device before the host had it */
};

static size_t padded(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void *pin(struct ws_cuda *cuda, size_t size)
{
    void *memory = NULL;
    if (!ws_cuda_ok(cuda, cudaMallocHost(&memory, size), "taking pinned memory"))
        return NULL;
    return memory;
}

/* Nothing of the room is under way when it is called. */
static bool grow_room(struct ws_cuda *cuda, struct room *room, size_t size)
{
    (void)cudaFreeHost(room->pinned);
    (void)cudaFree(room->device);
    room->pinned = (unsigned char *)pin(cuda, size);
    room->device = (unsigned char *)ws_cuda_take(cuda, size, "what is sent to it");
    room->size = room->pinned && room->device ? size : 0;
    return room->size > 0;
}

static bool grow_back(struct ws_cuda *cuda, size_t size)
{
    struct ws_cuda_staging *s = cuda->staging;
    (void)cudaFreeHost(s->pinned_back);
    s->pinned_back = (unsigned char *)pin(cuda, size);
    s->back_size = s->pinned_back ? size : 0;
    return s->back_size > 0;
}

enum ws_status ws_cuda_staging_open(struct ws_cuda *cuda, struct ws_error *err)
{
    cuda->staging =
        (struct ws_cuda_staging *)ws_realloc(cuda->allocator, NULL, 0, sizeof *cuda->staging);
    if (!cuda->staging)
        return ws_fail_memory(err, "the device");
    memset(cuda->staging, 0, sizeof *cuda->staging);
    const char *ahead = getenv("WELLSPRING_CUDA_AHEAD");
    cuda->staging->waits = ahead && strcmp(ahead, "none") == 0;
    if (grow_room(cuda, &cuda->staging->rooms[0], ROOM_SIZE) &&
        grow_room(cuda, &cuda->staging->rooms[1], ROOM_SIZE) && grow_back(cuda, RECEIVED_FIRST))
        return WS_OK;
    *err = cuda->failure;
    return err->status;
}

void ws_cuda_staging_close(struct ws_cuda *cuda)
{
    struct ws_cuda_staging *s = cuda->staging;
    if (!s)
        return;
    for (int i = 0; i < 2; i++) {
        (void)cudaFreeHost(s->rooms[i].pinned);
        (void)cudaFree(s->rooms[i].device);
    }
    (void)cudaFreeHost(s->pinned_back);
    ws_free(cuda->allocator, s, sizeof *s);
    cuda->staging = NULL;
}

/* To the device -------------------------------------------------------------------------------- */

static const void *find_sent(const struct ws_cuda_staging *s, const void *host, size_t size)
{
    const struct room *room = &s->rooms[s->turn];
    for (unsigned i = 0; i < RECENT; i++)
        if (s->recent[i].size == size &&
            memcmp(room->pinned + s->recent[i].offset, host, size) == 0)
            return room->device + s->recent[i].offset;
    return NULL;
}

/* The other room, empty, once all that was sent before was used. */
static bool take_turn(struct ws_cuda *cuda, size_t size)
{
    struct ws_cuda_staging *s = cuda->staging;
    const double since = ws_cuda_times_now(cuda);
    if (!ws_cuda_ok(cuda, cudaStreamSynchronize(cuda->stream), "waiting for the GPU"))
        return false;
    ws_cuda_times_waited(cuda, "waiting for a room to send in", since);
    s->turn = 1 - s->turn;
    memset(s->recent, 0, sizeof s->recent);
    struct room *room = &s->rooms[s->turn];
    room->used = 0;
    return ROOM_FOR * padded(size) <= room->size || grow_room(cuda, room, ROOM_FOR * padded(size));
}

const void *ws_cuda_send(struct ws_cuda *cuda, const void *host, size_t size)
{
    struct ws_cuda_staging *s = cuda->staging;
    if (cuda->failure.status != WS_OK)
        return NULL;
    if (size == 0)
        return s->rooms[s->turn].device;
    const void *there = find_sent(s, host, size);
    if (there)
        return there;
    if (s->rooms[s->turn].used + padded(size) > s->rooms[s->turn].size && !take_turn(cuda, size))
        return NULL;
    struct room *room = &s->rooms[s->turn];
    size_t offset = room->used;
    room->used += padded(size);
    memcpy(room->pinned + offset, host, size);
    if (!ws_cuda_ok(cuda,
                    cudaMemcpyAsync(room->device + offset, room->pinned + offset, size,
                                    cudaMemcpyHostToDevice, cuda->stream),
                    "writing to the GPU"))
        return NULL;
    s->recent[s->next] = {offset, size};
    s->next = (s->next + 1) % RECENT;
    return room->device + offset;
}

/* To the host ---------------------------------------------------------------------------------- */

void ws_cuda_deliver(struct ws_cuda *cuda)
{
    struct ws_cuda_staging *s = cuda->staging;
    const double since = ws_cuda_times_now(cuda);
    bool there = ws_cuda_ok(cuda, cudaStreamSynchronize(cuda->stream), "working on the GPU");
    ws_cuda_times_waited(cuda, "waiting for results", since);
    for (unsigned i = 0; there && i < s->waiting_count; i++)
        memcpy(s->waiting[i].host, s->pinned_back + s->waiting[i].offset, s->waiting[i].size);
    s->waiting_count = 0;
    s->back_used = 0;
}

const void *ws_cuda_awaited(struct ws_cuda *cuda, const void *host, size_t size)
{
    const struct ws_cuda_staging *s = cuda->staging;
    if (s->waiting_count == 0)
        return NULL;
    const struct received *last = &s->waiting[s->waiting_count - 1];
    if (last->host != host || last->size != size)
        return NULL;
    if (!s->waits)
        return last->from;
    ws_cuda_deliver(cuda);
    return NULL;
}

void ws_cuda_staging_empty(struct ws_cuda *cuda)
{
    cuda->staging->waiting_count = 0;
    cuda->staging->back_used = 0;
}

void ws_cuda_receive(struct ws_cuda *cuda, void *host, const void *from, size_t size)
{
    struct ws_cuda_staging *s = cuda->staging;
    if (cuda->failure.status != WS_OK || size == 0)
        return;
    if (s->back_used + padded(size) > s->back_size || s->waiting_count == WAITING)
        ws_cuda_deliver(cuda);
    if (padded(size) > s->back_size && !grow_back(cuda, 2 * padded(size)))
        return;
    size_t offset = s->back_used;
    if (!ws_cuda_ok(cuda,
                    cudaMemcpyAsync(s->pinned_back + offset, from, size, cudaMemcpyDeviceToHost,
                                    cuda->stream),
                    "reading from the GPU"))
        return;
    s->waiting[s->waiting_count++] = {host, from, offset, size};
    s->back_used += padded(size);
}
