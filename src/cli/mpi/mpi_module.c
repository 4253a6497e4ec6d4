#include "cli/mpi/mpi_module.h"

#include <mpi.h>
#include <string.h>

/* Errors of MPI end all ranks, as is its default: a rank that cannot talk leaves the others
 * waiting. */

static void gather_sizes(void *user, uint64_t mine, uint64_t *all)
{
    (void)user;
    MPI_Allgather(&mine, 1, MPI_UINT64_T, all, 1, MPI_UINT64_T, MPI_COMM_WORLD);
}

/* Rank by rank, each tells all others: it is little, and seldom. */
static void gather_bytes(void *user, const void *mine, const uint64_t *sizes, void *all)
{
    const struct mpi_module *module = user;
    char *next = all;
    for (unsigned rank = 0; rank < module->ranks.count; rank++) {
        if (rank == module->ranks.rank && sizes[rank] > 0)
            memcpy(next, mine, sizes[rank]);
        MPI_Bcast(next, (int)sizes[rank], MPI_BYTE, (int)rank, MPI_COMM_WORLD);
        next += sizes[rank];
    }
}

static void close_ranks(void)
{
    MPI_Finalize();
}

__attribute__((visibility("default"))) mpi_module_open wellspring_mpi_open;

bool wellspring_mpi_open(struct mpi_module *out)
{
    int rank, count;
    if (MPI_Init(NULL, NULL) != MPI_SUCCESS)
        return false;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    out->ranks = (struct ws_ranks){
        .rank = (unsigned)rank,
        .count = (unsigned)count,
        .gather_sizes = gather_sizes,
        .gather_bytes = gather_bytes,
        .user = out,
    };
    out->close = close_ranks;
    return true;
}
