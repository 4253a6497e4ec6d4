/*
 * NCCL without GPUs: what members send each other goes through files in $FAKE_NCCL_PLACE, whose
 * names say from whom, to whom and which in order. The memory is that of the GPU on the CPU, whose
 * module $WS_EMULATED_GPU is. A file `traded` is left. $FAKE_NCCL_FAULT: init (no member can
 * begin), send (the third group fails).
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OPERATIONS = 64, MEMBERS = 8, FAULT = 5 };

struct operation {
    const void *from;
    void *to;
    size_t size;
    int member;
};

struct ncclComm {
    int member;
    unsigned sent[MEMBERS], received[MEMBERS];
};

struct id {
    char internal[128];
};

static struct operation sends[OPERATIONS], receives[OPERATIONS];
static int send_count, receive_count;
static unsigned groups;
static struct ncclComm *current;

static void copy(void *to, const void *from, size_t size)
{
    void *module = dlopen(getenv("WS_EMULATED_GPU"), RTLD_NOW | RTLD_NOLOAD);
    void (*copy_bytes)(void *, const void *, size_t);
    void *found = dlsym(module, "gpu_on_cpu_copy");
    memcpy(&copy_bytes, &found, sizeof copy_bytes);
    copy_bytes(to, from, size);
}

static int is_fault(const char *name)
{
    const char *fault = getenv("FAKE_NCCL_FAULT");
    return fault && strcmp(fault, name) == 0;
}

static void name_message(char out[4096], int from, int to, unsigned number, const char *end)
{
    (void)snprintf(out, 4096, "%s/%d-%d-%u%s", getenv("FAKE_NCCL_PLACE"), from, to, number, end);
}

static void put(struct ncclComm *comm, const struct operation *o)
{
    char draft[4096], name[4096];
    const unsigned number = comm->sent[o->member]++;
    name_message(draft, comm->member, o->member, number, ".draft");
    name_message(name, comm->member, o->member, number, "");
    char *bytes = malloc(o->size);
    FILE *file = fopen(draft, "wb");
    copy(bytes, o->from, o->size);
    if (!file || fwrite(bytes, 1, o->size, file) != o->size || fclose(file) != 0 ||
        rename(draft, name) != 0)
        abort();
    free(bytes);
}

static void take(struct ncclComm *comm, const struct operation *o)
{
    const struct timespec moment = {0, 200000};
    char name[4096], traded[4096];
    char *bytes = malloc(o->size);
    FILE *file = NULL;
    name_message(name, o->member, comm->member, comm->received[o->member]++, "");
    for (long looks = 0; !(file = fopen(name, "rb")); looks++) {
        if (looks > 100000)
            abort();
        (void)nanosleep(&moment, NULL);
    }
    if (fread(bytes, 1, o->size, file) != o->size)
        abort();
    (void)fclose(file);
    (void)snprintf(traded, sizeof traded, "%s/traded", getenv("FAKE_NCCL_PLACE"));
    (void)rename(name, traded);
    copy(o->to, bytes, o->size);
    free(bytes);
}

int ncclGetUniqueId(struct id *out);
int ncclGetUniqueId(struct id *out)
{
    memset(out, 'w', sizeof *out);
    return 0;
}

int ncclCommInitRank(struct ncclComm **out, int count, struct id id, int member);
int ncclCommInitRank(struct ncclComm **out, int count, struct id id, int member)
{
    if (is_fault("init") || id.internal[127] != 'w' || count > MEMBERS)
        return FAULT;
    *out = calloc(1, sizeof **out);
    (*out)->member = member;
    return 0;
}

int ncclCommDestroy(struct ncclComm *comm);
int ncclCommDestroy(struct ncclComm *comm)
{
    free(comm);
    return 0;
}

int ncclSend(const void *from, size_t count, int type, int member, struct ncclComm *comm,
             void *stream);
int ncclSend(const void *from, size_t count, int type, int member, struct ncclComm *comm,
             void *stream)
{
    (void)stream;
    current = comm;
    sends[send_count++] = (struct operation){from, NULL, count * sizeof(float), member};
    return type == 7 ? 0 : FAULT;
}

int ncclRecv(void *to, size_t count, int type, int member, struct ncclComm *comm, void *stream);
int ncclRecv(void *to, size_t count, int type, int member, struct ncclComm *comm, void *stream)
{
    (void)stream;
    current = comm;
    receives[receive_count++] = (struct operation){NULL, to, count * sizeof(float), member};
    return type == 7 ? 0 : FAULT;
}

int ncclGroupStart(void);
int ncclGroupStart(void)
{
    send_count = receive_count = 0;
    return 0;
}

int ncclGroupEnd(void);
int ncclGroupEnd(void)
{
    if (++groups == 3 && is_fault("send"))
        return FAULT;
    for (int i = 0; i < send_count; i++)
        put(current, &sends[i]);
    for (int i = 0; i < receive_count; i++)
        take(current, &receives[i]);
    return 0;
}

const char *ncclGetErrorString(int error);
const char *ncclGetErrorString(int error)
{
    return error == FAULT ? "a fault that was asked for" : "another fault";
}
