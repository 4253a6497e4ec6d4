/*
 * Members of a team on one machine, each with a GPU of its own, trade by NCCL, which is opened when
 * there are any. Where it cannot be had, or two share a GPU, which it refuses, they trade through
 * the hosts. Nothing of it adds numbers.
 */
#include "compute/cuda/cuda_device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is needed of <nccl.h>, as it has been since version 2.7: not everyone who builds has it. */
extern "C" {
typedef struct ncclComm *nccl_link;
struct nccl_id {
    char internal[128];
};
typedef int nccl_get_id(struct nccl_id *id);
typedef int nccl_init(nccl_link *link, int count, struct nccl_id id, int member);
typedef int nccl_destroy(nccl_link link);
typedef int nccl_send(const void *from, size_t count, int type, int member, nccl_link link,
                      cudaStream_t stream);
typedef int nccl_receive(void *to, size_t count, int type, int member, nccl_link link,
                         cudaStream_t stream);
typedef int nccl_group(void);
typedef const char *nccl_text(int error);
}
enum { NCCL_SUCCESS = 0, NCCL_FLOAT = 7 };

#define FUNCTIONS(X)                                                                               \
    X(nccl_get_id, get_id, "ncclGetUniqueId")                                                      \
    X(nccl_init, init, "ncclCommInitRank")                                                         \
    X(nccl_destroy, destroy, "ncclCommDestroy")                                                    \
    X(nccl_send, send, "ncclSend")                                                                 \
    X(nccl_receive, receive, "ncclRecv")                                                           \
    X(nccl_group, start, "ncclGroupStart")                                                         \
    X(nccl_group, end, "ncclGroupEnd")                                                             \
    X(nccl_text, text, "ncclGetErrorString")

namespace
{
struct nccl {
#define X(type, member, name) type *member;
    FUNCTIONS(X)
#undef X
};

struct by_nccl {
    struct ws_exchange base;
    struct ws_cuda *cuda;
    const struct ws_team *team;
    struct nccl library;
    nccl_link link;
};
} // namespace

/* Once loaded it stays: it has threads of its own. */
static bool open_library(struct nccl *out)
{
    const char *wanted = getenv("WELLSPRING_NCCL");
    if (wanted && strcmp(wanted, "none") == 0)
        return false;
    void *library = dlopen(wanted ? wanted : "libnccl.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        return false;
#define X(type, member, name)                                                                      \
    out->member = (type *)dlsym(library, name);                                                    \
    if (!out->member)                                                                              \
        return false;
    FUNCTIONS(X)
#undef X
    return true;
}

/* Meeting -------------------------------------------------------------------------------------- */

/* Each says whether it can, and on which machine and GPU it is; all come to the same answer. */
static bool all_can(const struct ws_team *team, bool can, int number)
{
    struct ws_word mine;
    char machine[200] = "", bus[32] = "";
    memset(&mine, 0, sizeof mine);
    (void)gethostname(machine, sizeof machine - 1);
    mine.number = can && cudaDeviceGetPCIBusId(bus, sizeof bus, number) == cudaSuccess;
    (void)snprintf(mine.message, sizeof mine.message, "%s %s", machine, bus);
    team->gather(team->user, &mine, sizeof mine, team->words);
    const struct ws_word *words = team->words;
    for (unsigned m = 0; m < team->count; m++) {
        const size_t length = strlen(machine) + 1;
        if (words[m].number != 1 || strncmp(words[m].message, mine.message, length) != 0)
            return false;
        for (unsigned other = 0; other < m; other++)
            if (strcmp(words[m].message, words[other].message) == 0)
                return false;
    }
    return true;
}

/* Whether all say yes. */
static bool all_agree(const struct ws_team *team, bool well)
{
    struct ws_word mine;
    memset(&mine, 0, sizeof mine);
    mine.number = well;
    team->gather(team->user, &mine, sizeof mine, team->words);
    for (unsigned m = 0; m < team->count; m++)
        if (team->words[m].number != 1)
            return false;
    return true;
}

static bool connect(struct by_nccl *x)
{
    const struct ws_team *team = x->team;
    struct nccl_id id = {};
    bool well = team->member > 0 || x->library.get_id(&id) == NCCL_SUCCESS;
    if (!all_agree(team, well))
        return false;
    team->tell(team->user, &id, sizeof id);
    well = x->library.init(&x->link, (int)team->count, id, (int)team->member) == NCCL_SUCCESS;
    if (all_agree(team, well))
        return true;
    if (well)
        (void)x->library.destroy(x->link);
    return false;
}

/* Trading -------------------------------------------------------------------------------------- */

static void close_exchange(struct ws_exchange *exchange)
{
    struct by_nccl *x = (struct by_nccl *)exchange;
    (void)cudaStreamSynchronize(x->cuda->stream);
    (void)x->library.destroy(x->link);
    ws_free(x->cuda->allocator, x, sizeof *x);
}

static void trade(struct ws_exchange *exchange, const float *out, const struct ws_stretch *to,
                  float *in, const struct ws_stretch *from)
{
    struct by_nccl *x = (struct by_nccl *)exchange;
    const struct nccl *n = &x->library;
    int error = n->start();
    for (unsigned m = 0; m < x->team->count && error == NCCL_SUCCESS; m++) {
        if (to[m].count > 0)
            error = n->send(out + to[m].first, to[m].count, NCCL_FLOAT, (int)m, x->link,
                            x->cuda->stream);
        if (from[m].count > 0 && error == NCCL_SUCCESS)
            error = n->receive(in + from[m].first, from[m].count, NCCL_FLOAT, (int)m, x->link,
                               x->cuda->stream);
    }
    const int ended = n->end();
    if (error == NCCL_SUCCESS)
        error = ended;
    if (error == NCCL_SUCCESS)
        return;
    char text[200];
    (void)snprintf(text, sizeof text, "GPU %d failed while gradients were exchanged: %.120s",
                   x->cuda->number, n->text(error));
    ws_cuda_fail(x->cuda, WS_IO, text);
}

struct ws_exchange *ws_cuda_exchange(struct ws_device *device, const struct ws_team *team)
{
    struct ws_cuda *cuda = (struct ws_cuda *)device;
    struct by_nccl *x = (struct by_nccl *)ws_realloc(cuda->allocator, NULL, 0, sizeof *x);
    if (x)
        *x = by_nccl{{close_exchange, trade}, cuda, team, {}, NULL};
    if (all_can(team, x && open_library(&x->library), cuda->number) && connect(x))
        return &x->base;
    ws_free(cuda->allocator, x, x ? sizeof *x : 0);
    return NULL;
}
