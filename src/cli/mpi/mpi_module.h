/*
 * What lies between the program and its MPI module. The module calls nothing of the program.
 */
#ifndef WS_CLI_MPI_MODULE_H
#define WS_CLI_MPI_MODULE_H

#include "lab/ranks.h"

#define MPI_MODULE_FILE "wellspring-mpi.so"
#define MPI_MODULE_OPEN "wellspring_mpi_open"

struct mpi_module {
    struct ws_ranks ranks; /* its `user` is this struct */
    void (*close)(void);
};

/* False when MPI cannot be initialised. */
typedef bool mpi_module_open(struct mpi_module *out);

#endif
