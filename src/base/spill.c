#include "base/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEAD = 1 << 12 }; /* bytes before a block, which keep it aligned: the file's descriptor */

const char *ws_temporary_directory(void)
{
    const char *told = getenv("TMPDIR");
    return told && told[0] != '\0' ? told : "/var/tmp";
}

/* A file without a name; -1 says why in errno. */
static int open_unnamed(void)
{
    const char *directory = ws_temporary_directory();
    int descriptor = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return descriptor;
    char path[4096]; /* a file system that has no such files */
    static const char name[] = "/wellspring-XXXXXX";
    size_t size = strlen(directory);
    if (size + sizeof name > sizeof path)
        return -1;
    memcpy(path, directory, size);
    memcpy(path + size, name, sizeof name);
    descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor >= 0)
        (void)unlink(path);
    return descriptor;
}

static uint8_t *base_of(void *block)
{
    return (uint8_t *)block - HEAD;
}

static int descriptor_of(void *block)
{
    int descriptor;
    memcpy(&descriptor, base_of(block), sizeof descriptor);
    return descriptor;
}

static bool reserve(int descriptor, size_t size)
{
    return size < SIZE_MAX / 2 - HEAD && posix_fallocate(descriptor, 0, (off_t)(size + HEAD)) == 0;
}

static void *map_new(size_t size)
{
    int descriptor = open_unnamed();
    if (descriptor < 0)
        return NULL;
    uint8_t *base = MAP_FAILED;
    if (reserve(descriptor, size))
        base = mmap(NULL, size + HEAD, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (base == MAP_FAILED) {
        (void)close(descriptor);
        return NULL;
    }
    memcpy(base, &descriptor, sizeof descriptor);
    return base + HEAD;
}

static void unmap(void *block, size_t size)
{
    int descriptor = descriptor_of(block);
    (void)munmap(base_of(block), size + HEAD);
    (void)close(descriptor);
}

static void *remap(void *block, size_t old_size, size_t new_size)
{
    if (!reserve(descriptor_of(block), new_size))
        return NULL;
    uint8_t *base = mremap(base_of(block), old_size + HEAD, new_size + HEAD, MREMAP_MAYMOVE);
    return base == MAP_FAILED ? NULL : base + HEAD;
}

/* From one kind of block to the other. */
static void *move(struct ws_spill *spill, void *block, size_t old_size, size_t new_size)
{
    bool to_file = new_size >= WS_SPILL_BLOCK;
    void *moved = to_file ? map_new(new_size) : ws_realloc(spill->beneath, NULL, 0, new_size);
    if (!moved || !block)
        return moved;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    if (to_file)
        ws_free(spill->beneath, block, old_size);
    else
        unmap(block, old_size);
    return moved;
}

static void *spill_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct ws_spill *spill = user;
    bool in_file = block && old_size >= WS_SPILL_BLOCK;
    if (new_size == 0) {
        if (in_file)
            unmap(block, old_size);
        else
            ws_free(spill->beneath, block, old_size);
        return NULL;
    }
    if (in_file && new_size >= WS_SPILL_BLOCK)
        return remap(block, old_size, new_size);
    if (!in_file && new_size < WS_SPILL_BLOCK)
        return ws_realloc(spill->beneath, block, old_size, new_size);
    return move(spill, block, old_size, new_size);
}

void ws_spill_init(struct ws_spill *spill, const struct ws_allocator *beneath)
{
    *spill = (struct ws_spill){.allocator = {spill_realloc, spill}, .beneath = beneath};
}
