#include "base/memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/number.h"

/* The digits at `text`, UINT64_MAX when there are none or they say more. */
static uint64_t digits(struct ws_bytes text)
{
    char number[24] = "";
    size_t size = 0;
    while (size < text.size && size < sizeof number - 1 && text.data[size] >= '0' &&
           text.data[size] <= '9') {
        number[size] = (char)text.data[size];
        size++;
    }
    uint64_t value;
    return ws_whole_parse(number, &value) ? value : UINT64_MAX;
}

uint64_t ws_meminfo_available(struct ws_bytes text)
{
    static const char name[] = "\nMemAvailable:";
    const uint8_t *found = memmem(text.data, text.size, name, sizeof name - 1);
    if (!found)
        return UINT64_MAX;
    size_t at = (size_t)(found - text.data) + sizeof name - 1;
    while (at < text.size && text.data[at] == ' ')
        at++;
    uint64_t kilobytes = digits(ws_bytes_of(text.data + at, text.size - at));
    return kilobytes > UINT64_MAX / 1024 ? UINT64_MAX : kilobytes * 1024;
}

static struct ws_bytes read_small(const char *path, char *out, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, out, size) : 0;
    if (file >= 0)
        (void)close(file);
    return ws_bytes_of(out, got > 0 ? (size_t)got : 0);
}

static uint64_t group_limit(const char *path)
{
    char text[32];
    return digits(read_small(path, text, sizeof text));
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t ws_memory_available(void)
{
    char text[4096];
    uint64_t kernel = ws_meminfo_available(read_small("/proc/meminfo", text, sizeof text));
    /* Where a container sees its group, version 2 and 1; "max" is no limit. */
    uint64_t group = smaller(group_limit("/sys/fs/cgroup/memory.max"),
                             group_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    struct rlimit limit;
    uint64_t process = getrlimit(RLIMIT_AS, &limit) == 0 ? limit.rlim_cur : UINT64_MAX;
    return smaller(process, smaller(kernel, group));
}

/* The second number of statm counts pages. */
uint64_t ws_memory_resident(void)
{
    char text[128];
    struct ws_bytes all = read_small("/proc/self/statm", text, sizeof text);
    const uint8_t *blank = all.size > 0 ? memchr(all.data, ' ', all.size) : NULL;
    if (!blank)
        return 0;
    size_t at = (size_t)(blank - all.data) + 1;
    uint64_t pages = digits(ws_bytes_of(all.data + at, all.size - at));
    return pages == UINT64_MAX ? 0 : pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void ws_memory_ask_large_pages(void *bytes, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), past = (uintptr_t)bytes % page;
    const size_t before = past ? page - past : 0;
    if (size >= page + before)
        (void)madvise((uint8_t *)bytes + before, size - before, MADV_HUGEPAGE);
}

enum ws_status ws_memory_suffices(uint64_t needed, uint64_t available, const char *what,
                                  struct ws_error *err)
{
    if (needed <= available)
        return WS_OK;
    return ws_fail(err, WS_NO_MEMORY,
                   "%s needs about %" PRIu64 " MiB of memory, and %" PRIu64 " MiB are available",
                   what, (needed >> 20) + 1, available >> 20);
}
