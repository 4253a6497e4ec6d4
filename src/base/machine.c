#include "base/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The number in a file of the kernel's; UINT64_MAX when it holds none, as for "max". */
static uint64_t read_limit(const char *path)
{
    uint64_t limit = UINT64_MAX;
    FILE *file = fopen(path, "re");
    if (!file)
        return limit;
    if (fscanf(file, "%" SCNu64, &limit) != 1)
        limit = UINT64_MAX;
    (void)fclose(file);
    return limit;
}

uint64_t ws_memory_size(void)
{
    uint64_t size = UINT64_MAX;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        size = (uint64_t)pages * (uint64_t)page;
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0)
        size = smaller(size, limit.rlim_cur);
    size = smaller(size, read_limit("/sys/fs/cgroup/memory.max"));
    return smaller(size, read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}
