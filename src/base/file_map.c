/*
 * Files read where they lie.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* An empty file has nothing to map. */
static enum ws_status map(int descriptor, const char *path, struct ws_bytes *out,
                          struct ws_error *err)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0)
        return ws_fail_system(err, "read", path);
    if (!S_ISREG(about.st_mode))
        return ws_fail(err, WS_IO, "'%.300s' is not a regular file", path);
    size_t size = (size_t)about.st_size;
    void *data = NULL;
    if (size > 0)
        data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED)
        return ws_fail_system(err, "read", path);
    *out = ws_bytes_of(data, size);
    return WS_OK;
}

enum ws_status ws_file_map(const char *path, struct ws_mapped_file *out, struct ws_error *err)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* nor wait for a pipe */
    if (descriptor < 0)
        return ws_fail_system(err, "read", path);
    enum ws_status status = map(descriptor, path, &out->bytes, err);
    (void)close(descriptor); /* the map stays */
    return status;
}

void ws_file_unmap(struct ws_mapped_file *file)
{
    if (file->bytes.size > 0)
        (void)munmap((void *)(uintptr_t)file->bytes.data, file->bytes.size);
    *file = (struct ws_mapped_file){.bytes = {.data = NULL}};
}

/* Advice on what lies between two offsets; nothing is lost where it is not taken. */
static void advise(const struct ws_file_window *window, size_t from, size_t to, int advice)
{
    const size_t end = to < window->bytes.size ? to : window->bytes.size;
    if (from < end)
        (void)madvise((uint8_t *)(uintptr_t)window->bytes.data + from, end - from, advice);
}

void ws_file_window_open(struct ws_file_window *window, const struct ws_mapped_file *file,
                         size_t step)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *window = (struct ws_file_window){file->bytes, (step + page - 1) / page * page, 0};
    advise(window, 0, SIZE_MAX, MADV_RANDOM);
}

/* What is behind the step of `offset` is given back, it and the next one are asked for. */
void ws_file_window_turn(struct ws_file_window *window, size_t offset)
{
    const size_t step = window->step, begin = offset / step * step;
    const size_t behind = window->asked > 2 * step ? window->asked - 2 * step : 0;
    advise(window, behind, begin, MADV_DONTNEED);
    advise(window, window->asked > begin ? window->asked : begin, begin + 2 * step, MADV_WILLNEED);
    window->asked = begin + 2 * step;
}
