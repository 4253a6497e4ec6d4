#include "cli/mpi/mpi_module.h"

#include <mpi.h>
#include <string.h>
#include <time.h>

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

/* Teams ---------------------------------------------------------------------------------------- */

/* Of this rank there is one at a time. */
static MPI_Comm team_ranks = MPI_COMM_NULL;

/* Of one message: MPI counts in int. */
enum { PIECE = 1 << 28 };

static int piece_of(uint64_t left)
{
    return left < PIECE ? (int)left : PIECE;
}

/* Until MPI has done what was asked for, without keeping a core busy that another rank may be in
 * need of: MPI itself never sleeps. What is there at once is taken at once. */
static void doze(MPI_Request request)
{
    enum { LOOKS = 2000 };
    const struct timespec moment = {0, 50000};
    int there = 0;
    for (long looks = 0; !there; looks++) {
        MPI_Request_get_status(request, &there, MPI_STATUS_IGNORE);
        if (!there && looks > LOOKS)
            (void)nanosleep(&moment, NULL);
    }
}

static void tell(void *user, void *bytes, uint64_t size)
{
    (void)user;
    for (uint64_t at = 0; at < size; at += PIECE) {
        MPI_Request request;
        MPI_Ibcast((char *)bytes + at, piece_of(size - at), MPI_BYTE, 0, team_ranks, &request);
        doze(request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
}

static void gather(void *user, const void *mine, size_t size, void *all)
{
    (void)user;
    MPI_Request request;
    MPI_Iallgather(mine, (int)size, MPI_BYTE, all, (int)size, MPI_BYTE, team_ranks, &request);
    doze(request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

/* What is left of a stretch from there on, at most a piece. */
static int rest_of(struct ws_stretch stretch, size_t at)
{
    return at < stretch.count ? piece_of(stretch.count - at) : 0;
}

/* With one other member: both stretches in pieces, which come in the order they were sent in. */
static void trade_with(int member, const float *out, struct ws_stretch to, float *in,
                       struct ws_stretch from)
{
    const size_t most = to.count > from.count ? to.count : from.count;
    for (size_t at = 0; at < most; at += PIECE) {
        MPI_Request receiving, sending;
        MPI_Irecv(in + from.first + at, rest_of(from, at), MPI_FLOAT, member, 0, team_ranks,
                  &receiving);
        MPI_Isend(out + to.first + at, rest_of(to, at), MPI_FLOAT, member, 0, team_ranks, &sending);
        doze(receiving);
        doze(sending);
        MPI_Wait(&receiving, MPI_STATUS_IGNORE);
        MPI_Wait(&sending, MPI_STATUS_IGNORE);
    }
}

/* Round after round with another member: in round r, those whose numbers add up to r. */
static void trade(void *user, const float *out, const struct ws_stretch *to, float *in,
                  const struct ws_stretch *from)
{
    (void)user;
    int self, count;
    MPI_Comm_rank(team_ranks, &self);
    MPI_Comm_size(team_ranks, &count);
    if (to[self].count > 0)
        memcpy(in + from[self].first, out + to[self].first, to[self].count * sizeof *in);
    for (int round = 0; round < count; round++) {
        const int member = (round - self + count) % count;
        if (member != self)
            trade_with(member, out, to[member], in, from[member]);
    }
}

static bool form_team(void *user, unsigned number, struct ws_team *out)
{
    int provided, member, count;
    (void)user;
    /* Threads take turns, and need not be the one that began. */
    MPI_Query_thread(&provided);
    if (provided < MPI_THREAD_SERIALIZED)
        return false;
    if (team_ranks != MPI_COMM_NULL)
        MPI_Comm_free(&team_ranks);
    MPI_Comm_split(MPI_COMM_WORLD, (int)number, 0, &team_ranks);
    MPI_Comm_rank(team_ranks, &member);
    MPI_Comm_size(team_ranks, &count);
    *out = (struct ws_team){
        .member = (unsigned)member,
        .count = (unsigned)count,
        .tell = tell,
        .gather = gather,
        .trade = trade,
    };
    return true;
}

/* Beginning and end ---------------------------------------------------------------------------- */

static void look_around(struct ws_ranks *out)
{
    MPI_Comm machine;
    int local, locals;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    MPI_Comm_rank(machine, &local);
    MPI_Comm_size(machine, &locals);
    MPI_Comm_free(&machine);
    out->local = (unsigned)local;
    out->locals = (unsigned)locals;
}

static void close_ranks(void)
{
    if (team_ranks != MPI_COMM_NULL)
        MPI_Comm_free(&team_ranks);
    MPI_Finalize();
}

__attribute__((visibility("default"))) mpi_module_open wellspring_mpi_open;

bool wellspring_mpi_open(struct mpi_module *out)
{
    int rank, count, provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS)
        return false;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    out->ranks = (struct ws_ranks){
        .rank = (unsigned)rank,
        .count = (unsigned)count,
        .gather_sizes = gather_sizes,
        .gather_bytes = gather_bytes,
        .form_team = form_team,
        .user = out,
    };
    look_around(&out->ranks);
    out->close = close_ranks;
    return true;
}
