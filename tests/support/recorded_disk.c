#include "support/recorded_disk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum {
    OPERATION_LIMIT = 4096,
    INODE_LIMIT = 2048,
    DESCRIPTOR_LIMIT = 256,
    NAME_SIZE = 64,
    SITE_LIMIT = 64,
};

enum kind { WRITE, TRUNCATE, NAME, RENAME, REMOVE, SYNC };

/* All that happens, as far as it can be lost. The inode is the file's; `folder` is where its name
 * is. */
struct operation {
    enum kind kind;
    size_t inode;
    size_t folder;
    char name[NAME_SIZE], old_name[NAME_SIZE]; /* of RENAME: it was called so, in the same folder */
    size_t offset, size;
    uint8_t *bytes;
    size_t site;   /* of SYNC */
    bool of_bytes; /* SYNC of the inode's bytes, */
    bool of_names; /* of the names in it, */
    bool of_all;   /* or of all there is */
};

/* What the program sees: a file or folder, and its name. */
struct inode {
    char path[PATH_MAX];
    bool is_folder;
    size_t offset; /* where `write` goes on */
};

static struct {
    bool is_on;
    char root[PATH_MAX];
    struct operation operations[OPERATION_LIMIT];
    size_t count;
    struct inode inodes[INODE_LIMIT];
    size_t inode_count;
    size_t inode_of[DESCRIPTOR_LIMIT]; /* 0: none of ours; else 1 more */
    size_t offset_of[DESCRIPTOR_LIMIT];
    char sites[SITE_LIMIT][2 * NAME_SIZE];
    size_t site_count;
    size_t fails_at;
} record = {.fails_at = SIZE_MAX};

/* Names ---------------------------------------------------------------------------------------- */

static bool is_ours(const char *path)
{
    size_t size = strlen(record.root);
    return record.is_on && strncmp(path, record.root, size) == 0 &&
           (path[size] == '/' || path[size] == '\0');
}

static size_t find_inode(const char *path)
{
    for (size_t i = 0; i < record.inode_count; i++)
        if (strcmp(record.inodes[i].path, path) == 0)
            return i;
    return SIZE_MAX;
}

static size_t add_inode(const char *path, bool is_folder)
{
    assert(record.inode_count < INODE_LIMIT);
    struct inode *inode = &record.inodes[record.inode_count];
    (void)snprintf(inode->path, sizeof inode->path, "%s", path);
    inode->is_folder = is_folder;
    return record.inode_count++;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static size_t folder_of(const char *path)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(last_name(path) - path - 1), path);
    size_t found = find_inode(folder);
    assert(found != SIZE_MAX);
    return found;
}

static struct operation *add(enum kind kind, size_t inode)
{
    assert(record.count < OPERATION_LIMIT);
    struct operation *o = &record.operations[record.count++];
    *o = (struct operation){.kind = kind, .inode = inode};
    return o;
}

static void add_name(enum kind kind, size_t inode, const char *path)
{
    struct operation *o = add(kind, inode);
    o->folder = folder_of(path);
    (void)snprintf(o->name, sizeof o->name, "%s", last_name(path));
}

/* Whether the next operation is the one that fails. */
static bool fails(int reason)
{
    if (record.count != record.fails_at)
        return false;
    record.fails_at = SIZE_MAX;
    errno = reason;
    return true;
}

/* Sites ---------------------------------------------------------------------------------------- */

/* "checkpoint.tmp-0123" is the draft of "checkpoint". */
static int plain_size(const char *name)
{
    const char *draft = strstr(name, WS_FILE_DRAFT);
    return draft ? (int)(draft - name) : (int)strlen(name);
}

/* What was done last in the folder. */
static const char *last_in(size_t folder)
{
    for (size_t i = record.count; i-- > 0;) {
        const struct operation *o = &record.operations[i];
        if (o->kind != SYNC && o->kind != WRITE && o->kind != TRUNCATE && o->folder == folder)
            return o->name;
    }
    return "nothing";
}

static size_t site_of(const char *call, size_t inode, bool of_all)
{
    const struct inode *synced = &record.inodes[inode];
    const char *name = synced->is_folder ? last_in(inode) : last_name(synced->path);
    char site[2 * NAME_SIZE];
    (void)snprintf(site, sizeof site, "%s%s %.*s", call, synced->is_folder ? " behind" : "",
                   of_all ? 0 : plain_size(name), name);
    for (size_t i = 0; i < record.site_count; i++)
        if (strcmp(record.sites[i], site) == 0)
            return i;
    assert(record.site_count < SITE_LIMIT);
    memcpy(record.sites[record.site_count], site, sizeof site);
    return record.site_count++;
}

static int add_sync(const char *call, int descriptor, bool of_all)
{
    size_t inode = record.inode_of[descriptor] - 1;
    if (fails(EIO))
        return -1;
    size_t site = site_of(call, inode, of_all);
    struct operation *o = add(SYNC, inode);
    o->site = site;
    o->of_all = of_all;
    o->of_names = record.inodes[inode].is_folder;
    o->of_bytes = !o->of_names;
    return 0;
}

/* The system's calls --------------------------------------------------------------------------- */

/* The names are those of the linker's --wrap. NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_open(const char *path, int flags, ...);
int __real_close(int descriptor);
ssize_t __real_write(int descriptor, const void *bytes, size_t size);
ssize_t __real_pwrite(int descriptor, const void *bytes, size_t size, off_t offset);
int __real_fsync(int descriptor);
int __real_fdatasync(int descriptor);
int __real_syncfs(int descriptor);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __real_ftruncate(int descriptor, off_t size);

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int descriptor);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t size);
ssize_t __wrap_pwrite(int descriptor, const void *bytes, size_t size, off_t offset);
int __wrap_fsync(int descriptor);
int __wrap_fdatasync(int descriptor);
int __wrap_syncfs(int descriptor);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_ftruncate(int descriptor, off_t size);

static bool is_watched(int descriptor)
{
    return record.is_on && descriptor >= 0 && descriptor < DESCRIPTOR_LIMIT &&
           record.inode_of[descriptor] > 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (!is_ours(path))
        return __real_open(path, flags, mode);
    size_t inode = find_inode(path);
    if (inode == SIZE_MAX && flags & O_CREAT && fails(ENOSPC))
        return -1;
    int descriptor = __real_open(path, flags, mode);
    if (descriptor < 0)
        return descriptor;
    assert(descriptor < DESCRIPTOR_LIMIT && !(flags & O_TRUNC));
    if (inode == SIZE_MAX) {
        inode = add_inode(path, false);
        add_name(NAME, inode, path);
    }
    record.inode_of[descriptor] = inode + 1;
    record.offset_of[descriptor] = 0;
    return descriptor;
}

int __wrap_close(int descriptor)
{
    if (descriptor >= 0 && descriptor < DESCRIPTOR_LIMIT)
        record.inode_of[descriptor] = 0;
    return __real_close(descriptor);
}

static ssize_t record_write(int descriptor, const void *bytes, size_t size, size_t offset)
{
    if (fails(ENOSPC))
        return -1;
    ssize_t put = __real_pwrite(descriptor, bytes, size, (off_t)offset);
    if (put <= 0)
        return put;
    struct operation *o = add(WRITE, record.inode_of[descriptor] - 1);
    o->offset = offset;
    o->size = (size_t)put;
    o->bytes = malloc(o->size);
    assert(o->bytes);
    memcpy(o->bytes, bytes, o->size);
    return put;
}

ssize_t __wrap_write(int descriptor, const void *bytes, size_t size)
{
    if (!is_watched(descriptor))
        return __real_write(descriptor, bytes, size);
    ssize_t put = record_write(descriptor, bytes, size, record.offset_of[descriptor]);
    if (put > 0)
        record.offset_of[descriptor] += (size_t)put;
    return put;
}

ssize_t __wrap_pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    if (!is_watched(descriptor))
        return __real_pwrite(descriptor, bytes, size, offset);
    return record_write(descriptor, bytes, size, (size_t)offset);
}

int __wrap_ftruncate(int descriptor, off_t size)
{
    if (is_watched(descriptor)) {
        struct operation *o = add(TRUNCATE, record.inode_of[descriptor] - 1);
        o->size = (size_t)size;
    }
    return __real_ftruncate(descriptor, size);
}

int __wrap_fsync(int descriptor)
{
    return is_watched(descriptor) ? add_sync("fsync", descriptor, false) : __real_fsync(descriptor);
}

int __wrap_fdatasync(int descriptor)
{
    return is_watched(descriptor) ? add_sync("fdatasync", descriptor, false)
                                  : __real_fdatasync(descriptor);
}

int __wrap_syncfs(int descriptor)
{
    return is_watched(descriptor) ? add_sync("syncfs", descriptor, true)
                                  : __real_syncfs(descriptor);
}

int __wrap_rename(const char *from, const char *to)
{
    if (!is_ours(from))
        return __real_rename(from, to);
    if (fails(ENOSPC))
        return -1;
    if (__real_rename(from, to) != 0)
        return -1;
    size_t inode = find_inode(from), replaced = find_inode(to);
    assert(inode != SIZE_MAX && folder_of(from) == folder_of(to));
    if (replaced != SIZE_MAX)
        record.inodes[replaced].path[0] = '\0';
    add_name(RENAME, inode, to);
    struct operation *o = &record.operations[record.count - 1];
    (void)snprintf(o->old_name, sizeof o->old_name, "%s", last_name(from));
    (void)snprintf(record.inodes[inode].path, PATH_MAX, "%s", to);
    return 0;
}

int __wrap_unlink(const char *path)
{
    if (__real_unlink(path) != 0)
        return -1;
    if (is_ours(path)) {
        size_t inode = find_inode(path);
        add_name(REMOVE, inode, path);
        record.inodes[inode].path[0] = '\0';
    }
    return 0;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    if (is_ours(path) && find_inode(path) == SIZE_MAX && fails(ENOSPC))
        return -1;
    if (__real_mkdir(path, mode) != 0)
        return -1;
    if (is_ours(path))
        add_name(NAME, add_inode(path, true), path);
    return 0;
}

/* NOLINTEND(bugprone-reserved-identifier) */

/* The record ----------------------------------------------------------------------------------- */

void record_from(const char *root)
{
    for (size_t i = 0; i < record.count; i++)
        free(record.operations[i].bytes);
    record.count = record.inode_count = record.site_count = 0;
    memset(record.inode_of, 0, sizeof record.inode_of);
    (void)snprintf(record.root, sizeof record.root, "%s", root);
    (void)add_inode(root, true);
    record.is_on = true;
}

void record_end(void)
{
    record.is_on = false;
}

size_t record_size(void)
{
    return record.count;
}

void record_fail_at(size_t at)
{
    record.fails_at = at;
}

size_t sync_site_count(void)
{
    return record.site_count;
}

const char *sync_site_name(size_t site)
{
    return record.sites[site];
}

/* Losing --------------------------------------------------------------------------------------- */

static bool keeps(const struct operation *sync, const struct operation *o)
{
    if (sync->of_all)
        return true;
    if (o->kind == WRITE || o->kind == TRUNCATE)
        return sync->of_bytes && sync->inode == o->inode;
    return sync->of_names && sync->inode == o->folder;
}

static bool is_synced(size_t number, size_t count, size_t without)
{
    for (size_t i = number + 1; i < count; i++) {
        const struct operation *o = &record.operations[i];
        if (o->kind == SYNC && o->site != without && keeps(o, &record.operations[number]))
            return true;
    }
    return false;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* The disk: each file's bytes, and names in folders. */
struct disk {
    struct {
        uint8_t *bytes;
        size_t size;
    } files[INODE_LIMIT];
    struct name {
        size_t folder, inode;
        char name[NAME_SIZE];
    } names[INODE_LIMIT];
    size_t name_count;
};

static void resize(struct disk *disk, size_t inode, size_t size)
{
    uint8_t *bytes = realloc(disk->files[inode].bytes, size + 1);
    assert(bytes);
    size_t before = disk->files[inode].size;
    if (size > before)
        memset(bytes + before, 0, size - before);
    disk->files[inode].bytes = bytes;
    disk->files[inode].size = size;
}

static void write_bytes(struct disk *disk, const struct operation *o, size_t size)
{
    if (disk->files[o->inode].size < o->offset + size)
        resize(disk, o->inode, o->offset + size);
    if (size > 0) /* of an empty file there are no bytes */
        memcpy(disk->files[o->inode].bytes + o->offset, o->bytes, size);
}

static void drop_name(struct disk *disk, size_t folder, const char *name)
{
    for (size_t i = 0; i < disk->name_count; i++)
        if (disk->names[i].folder == folder && strcmp(disk->names[i].name, name) == 0) {
            disk->names[i] = disk->names[--disk->name_count];
            return;
        }
}

static void set_name(struct disk *disk, const struct operation *o)
{
    drop_name(disk, o->folder, o->name);
    assert(disk->name_count < INODE_LIMIT);
    struct name *name = &disk->names[disk->name_count++];
    *name = (struct name){.folder = o->folder, .inode = o->inode};
    memcpy(name->name, o->name, sizeof name->name);
}

/* `part` of 256: how much of a write came to the disk. */
static void apply(struct disk *disk, const struct operation *o, unsigned part)
{
    switch (o->kind) {
    case WRITE:
        write_bytes(disk, o, o->size * part / 256);
        break;
    case TRUNCATE:
        resize(disk, o->inode, o->size);
        break;
    case RENAME:
        drop_name(disk, o->folder, o->old_name);
        set_name(disk, o);
        break;
    case NAME:
        set_name(disk, o);
        break;
    case REMOVE:
        drop_name(disk, o->folder, o->name);
        break;
    case SYNC:
        break;
    }
}

static void write_folder(const struct disk *disk, size_t folder, const char *path)
{
    for (size_t i = 0; i < disk->name_count; i++) {
        const struct name *name = &disk->names[i];
        char below[PATH_MAX];
        if (name->folder != folder)
            continue;
        int size = snprintf(below, sizeof below, "%s/%s", path, name->name);
        assert(size > 0 && (size_t)size < sizeof below);
        if (record.inodes[name->inode].is_folder) {
            int made = __real_mkdir(below, 0755);
            assert(made == 0);
            (void)made;
            write_folder(disk, name->inode, below);
            continue;
        }
        int file = __real_open(below, O_WRONLY | O_CREAT | O_EXCL, 0644);
        size_t left = disk->files[name->inode].size;
        ssize_t put = left > 0 ? __real_write(file, disk->files[name->inode].bytes, left) : 0;
        assert(file >= 0 && put == (ssize_t)left);
        (void)put;
        (void)__real_close(file);
    }
}

void write_disk(size_t count, enum loss loss, uint64_t seed, size_t without, const char *to)
{
    static struct disk disk;
    uint64_t state = seed;
    assert(!record.is_on && count <= record.count);
    for (size_t i = 0; i < record.inode_count; i++)
        disk.files[i].size = 0;
    disk.name_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t random = next_random(&state);
        unsigned part = 256;
        if (loss != LOSE_NOTHING && !is_synced(i, count, without)) {
            if (loss == LOSE_ALL || random & 1)
                continue;
            if (random & 2)
                part = random >> 8 & 255;
        }
        apply(&disk, &record.operations[i], part);
    }
    write_folder(&disk, 0, to);
    for (size_t i = 0; i < record.inode_count; i++) {
        free(disk.files[i].bytes);
        disk.files[i].bytes = NULL;
        disk.files[i].size = 0;
    }
}
