#include "cli/mpi_ranks.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/number.h"
#include "cli/installed.h"
#include "cli/mpi/mpi_module.h"

/* What launchers tell a process: Open MPI, and MPICH with its kin. */
static const struct {
    const char *rank, *count;
} launchers[] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PMI_RANK", "PMI_SIZE"},
};

static bool read_environment(const char *name, uint64_t *out)
{
    const char *value = getenv(name);
    return value && ws_whole_parse(value, out) && *out <= UINT32_MAX;
}

/* Whether there are several, and which this is, before they have met. */
static bool were_started(unsigned *rank)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        uint64_t number, count;
        if (!read_environment(launchers[i].rank, &number) ||
            !read_environment(launchers[i].count, &count) || count < 2)
            continue;
        *rank = (unsigned)number;
        return true;
    }
    return false;
}

static void be_silent(void)
{
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
        return; /* they speak, then */
}

#ifdef WS_HAVE_MPI

static enum ws_status meet(struct ws_arena *arena, const struct ws_ranks **out,
                           struct ws_error *err)
{
    struct mpi_module *module = WS_ARENA_ZNEW(arena, struct mpi_module, 1);
    const char *path = installed_module(arena, MPI_MODULE_FILE);
    mpi_module_open *open_module = NULL;
    if (!module)
        return ws_fail_memory(err, "the ranks");
    if (!path)
        return ws_fail(err, WS_UNSUPPORTED,
                       "mpirun started several processes, but " MPI_MODULE_FILE
                       " is neither beside the program nor where it is installed");
    void *loaded = dlopen(path, RTLD_NOW | RTLD_GLOBAL); /* MPI's own modules look for it */
    if (loaded) /* the form that POSIX gives: to ISO C a function is no object */
        *(void **)&open_module = dlsym(loaded, MPI_MODULE_OPEN);
    if (!open_module)
        return ws_fail(err, WS_UNSUPPORTED, "cannot load '%.200s': %.200s", path, dlerror());
    if (!open_module(module))
        return ws_fail(err, WS_IO, "MPI cannot be initialised");
    *out = &module->ranks;
    return WS_OK;
}

void ranks_close(const struct ws_ranks *ranks)
{
    if (ranks)
        ((const struct mpi_module *)ranks->user)->close();
}

#else

static enum ws_status meet(struct ws_arena *arena, const struct ws_ranks **out,
                           struct ws_error *err)
{
    (void)arena;
    (void)out;
    return ws_fail(err, WS_UNSUPPORTED,
                   "mpirun started several processes, but the program was built without MPI: "
                   "install libopenmpi-dev, or another MPI, and build it again");
}

void ranks_close(const struct ws_ranks *ranks)
{
    (void)ranks;
}

#endif

enum ws_status ranks_open(struct ws_arena *arena, const struct ws_ranks **out, struct ws_error *err)
{
    unsigned rank;
    *out = NULL;
    if (!were_started(&rank))
        return WS_OK;
    if (rank > 0)
        be_silent();
    return meet(arena, out, err);
}
