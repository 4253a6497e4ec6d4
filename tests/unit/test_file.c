/* Files that are replaced whole, files that grow, directories and locks. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/file_change.h"
#include "support/failing_heap.h"

static struct ws_arena arena;
static char root[] = "/tmp/ws-test-file-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    ws_arena_init(&arena, NULL);
    return mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

/* Every test clears what it made in the root. */
static int tear_down(void **state)
{
    (void)state;
    ws_arena_release(&arena);
    return chdir("/") == 0 ? rmdir(root) : -1;
}

static void write_text(const char *path, const char *text)
{
    struct ws_error err = {.message = ""};
    if (ws_file_replace(path, ws_bytes_of_text(text), &err) != WS_OK)
        fail_msg("%s", err.message);
}

static void assert_file(const char *path, const char *text)
{
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read(path, 1 << 20, &arena, &bytes, NULL), WS_OK);
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

static void assert_names(const char *path, const char *joined)
{
    struct ws_names names;
    char text[400] = "";
    size_t used = 0;
    assert_int_equal(ws_directory_list(path, &arena, &names, NULL), WS_OK);
    for (size_t i = 0; i < names.count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s ", names.items[i]);
    assert_string_equal(text, joined);
}

static void file__reads_back_what_was_replaced(void **state)
{
    (void)state;
    assert_false(ws_file_exists("a"));
    write_text("a", "first");
    assert_true(ws_file_exists("a"));
    assert_file("a", "first");
    write_text("a", "");
    assert_file("a", "");
    uint8_t big[300000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(ws_file_replace("a", ws_bytes_of(big, sizeof big), NULL), WS_OK);
    struct ws_bytes back;
    assert_int_equal(ws_file_read("a", sizeof big, &arena, &back, NULL), WS_OK);
    assert_int_equal(back.size, sizeof big);
    assert_memory_equal(back.data, big, sizeof big);
    uint64_t size;
    assert_int_equal(ws_file_size("a", &size, NULL), WS_OK);
    assert_int_equal(size, sizeof big);
    assert_names(".", "a ");
    unlink("a");
}

static void file__takes_its_mode_from_the_umask(void **state)
{
    (void)state;
    struct stat about;
    mode_t before = umask(027);
    write_text("a", "x");
    (void)umask(before);
    assert_int_equal(stat("a", &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    unlink("a");
}

static void file__is_not_read_beyond_the_limit(void **state)
{
    (void)state;
    struct ws_bytes bytes;
    struct ws_error err;
    write_text("a", "12345");
    assert_int_equal(ws_file_read("a", 5, &arena, &bytes, &err), WS_OK);
    assert_int_equal(ws_file_read("a", 4, &arena, &bytes, &err), WS_LIMIT);
    assert_string_equal(err.message, "'a' is 5 bytes long, the limit is 4");
    assert_int_equal(ws_file_read("a", 0, &arena, &bytes, &err), WS_LIMIT);
    assert_int_equal(ws_file_read("a", SIZE_MAX, &arena, &bytes, &err), WS_OK);
    assert_int_equal(ws_file_read("/dev/zero", 100000, &arena, &bytes, &err), WS_LIMIT);
    assert_string_equal(err.message, "'/dev/zero' is larger than the limit of 100000 bytes");
    unlink("a");
}

static void file__may_be_a_pipe(void **state)
{
    (void)state;
    enum { SIZE = 200000 }; /* more than a chunk: read in growing pieces */
    static char text[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 26);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        int to = open("pipe", O_WRONLY);
        size_t done = 0;
        for (ssize_t put; done < SIZE && (put = write(to, text + done, SIZE - done)) > 0;)
            done += (size_t)put;
        _exit(done == SIZE ? 0 : 1);
    }
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read("pipe", 1 << 20, &arena, &bytes, NULL), WS_OK);
    int ended;
    assert_int_equal(waitpid(writer, &ended, 0), writer);
    assert_int_equal(ended, 0);
    assert_int_equal(bytes.size, SIZE);
    assert_memory_equal(bytes.data, text, SIZE);
    unlink("pipe");
}

static void file__that_is_missing_is_named(void **state)
{
    (void)state;
    struct ws_bytes bytes;
    struct ws_names names;
    struct ws_hash hash;
    uint64_t size;
    struct ws_error err;
    assert_int_equal(ws_file_read("none", 10, &arena, &bytes, &err), WS_NOT_FOUND);
    assert_string_equal(err.message, "cannot read 'none': No such file or directory");
    assert_int_equal(ws_file_size("none", &size, &err), WS_NOT_FOUND);
    assert_int_equal(ws_file_hash("none", &hash, &err), WS_NOT_FOUND);
    assert_int_equal(ws_directory_list("none", &arena, &names, &err), WS_NOT_FOUND);
    assert_int_equal(ws_file_read(".", 10000, &arena, &bytes, &err), WS_IO);
    assert_string_equal(err.message, "cannot read '.': Is a directory");
    assert_int_equal(ws_file_size(".", &size, &err), WS_IO);
    assert_false(ws_file_exists("."));
    assert_true(ws_directory_exists("."));
    assert_false(ws_directory_exists("none"));
}

static void file__hashes_in_pieces(void **state)
{
    (void)state;
    /* FIPS 180-2, appendix B.3: a million times the letter a. */
    char *text = malloc(1000000);
    assert_non_null(text);
    memset(text, 'a', 1000000);
    assert_int_equal(ws_file_replace("a", ws_bytes_of(text, 1000000), NULL), WS_OK);
    free(text);
    struct ws_hash hash;
    char hex[WS_HASH_TEXT_SIZE];
    assert_int_equal(ws_file_hash("a", &hash, NULL), WS_OK);
    ws_hash_text(&hash, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    unlink("a");
}

/* A full disk, as far as one process can have it: no file may grow beyond `size`. */
static struct rlimit limit_before;

static void fill_disk(rlim_t size)
{
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit_before), 0);
    const struct rlimit limit = {size, limit_before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void clear_disk(void)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit_before), 0);
}

static void file__is_as_before_when_the_disk_is_full(void **state)
{
    (void)state;
    static char text[10000];
    struct ws_error err;
    write_text("a", "old");
    write_text("part", "0123456789");
    const char *const parts[] = {"part", "part"};
    fill_disk(15);
    enum ws_status replaced = ws_file_replace("a", ws_bytes_of(text, sizeof text), &err);
    enum ws_status joined = ws_file_concatenate("a", parts, 2, NULL);
    clear_disk();
    assert_int_equal(replaced, WS_IO);
    assert_string_equal(err.message, "cannot write 'a': File too large");
    assert_int_equal(joined, WS_IO);
    assert_file("a", "old");
    assert_names(".", "a part ");
    unlink("a");
    unlink("part");
}

static void file__leaves_no_draft_when_it_cannot_be_replaced(void **state)
{
    (void)state;
    struct ws_error err;
    const struct ws_bytes bytes = ws_bytes_of_text("x");
    assert_int_equal(mkdir("taken", 0755), 0);
    assert_int_equal(ws_file_replace("taken", bytes, &err), WS_IO);
    assert_string_equal(err.message, "cannot write 'taken': Is a directory");
    assert_int_equal(ws_file_replace("none/a", bytes, &err), WS_NOT_FOUND);
    assert_string_equal(err.message, "cannot write 'none/a': No such file or directory");
    write_text("a", "x");
    assert_int_equal(ws_file_replace("a/b", bytes, &err), WS_IO);
    assert_string_equal(err.message, "cannot write 'a/b': Not a directory");
    char longest[5000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(ws_file_replace(longest, bytes, &err), WS_IO);
    assert_non_null(strstr(err.message, "File name too long"));
    longest[250] = '\0'; /* fits, but not with what a draft's name has behind it */
    assert_int_equal(ws_file_replace(longest, bytes, &err), WS_IO);
    assert_names(".", "a taken ");
    unlink("a");
    rmdir("taken");
}

static void file__cannot_be_replaced_in_a_read_only_directory(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: root may write everywhere\n");
        skip();
    }
    struct ws_error err;
    assert_int_equal(mkdir("fixed", 0555), 0);
    enum ws_status status = ws_file_replace("fixed/a", ws_bytes_of_text("x"), &err);
    rmdir("fixed");
    assert_int_equal(status, WS_IO);
    assert_string_equal(err.message, "cannot write 'fixed/a': Permission denied");
}

static void put(struct ws_file_draft *draft, const char *text)
{
    assert_int_equal(ws_file_draft_write(draft, ws_bytes_of_text(text), "a", NULL), WS_OK);
}

static void draft__is_the_file_once_it_is_kept(void **state)
{
    (void)state;
    struct ws_file_draft draft;
    write_text("a", "old");
    assert_int_equal(ws_file_draft_open(&draft, "a", NULL), WS_OK);
    put(&draft, "new");
    put(&draft, "");
    put(&draft, "er");
    assert_file("a", "old");
    assert_int_equal(ws_file_draft_keep(&draft, "a", NULL), WS_OK);
    assert_file("a", "newer");
    ws_file_draft_drop(&draft); /* there is none any more */
    assert_names(".", "a ");

    assert_int_equal(ws_file_draft_open(&draft, "a", NULL), WS_OK);
    put(&draft, "newest");
    ws_file_draft_drop(&draft);
    ws_file_draft_drop(&draft);
    assert_file("a", "newer");
    assert_names(".", "a ");
    unlink("a");
}

static void draft__that_fails_leaves_nothing(void **state)
{
    (void)state;
    static char text[10000];
    struct ws_file_draft draft;
    struct ws_error err;
    write_text("a", "old");
    assert_int_equal(ws_file_draft_open(&draft, "a", NULL), WS_OK);
    put(&draft, "0123456789");
    fill_disk(15);
    enum ws_status status = ws_file_draft_write(&draft, ws_bytes_of(text, sizeof text), "a", &err);
    clear_disk();
    assert_int_equal(status, WS_IO);
    assert_string_equal(err.message, "cannot write 'a': File too large");
    ws_file_draft_drop(&draft);
    assert_file("a", "old");
    assert_names(".", "a ");
    assert_int_equal(mkdir("taken", 0755), 0);
    assert_int_equal(ws_file_draft_open(&draft, "taken", NULL), WS_OK);
    assert_int_equal(ws_file_draft_keep(&draft, "taken", &err), WS_IO);
    assert_string_equal(err.message, "cannot write 'taken': Is a directory");
    assert_int_equal(ws_file_draft_open(&draft, "none/a", NULL), WS_NOT_FOUND);
    ws_file_draft_drop(&draft);
    assert_names(".", "a taken ");
    unlink("a");
    rmdir("taken");
}

static void directory__is_synced_if_it_is_there(void **state)
{
    (void)state;
    struct ws_error err;
    assert_int_equal(ws_directory_sync(".", &err), WS_OK);
    assert_int_equal(ws_directory_sync("nowhere", &err), WS_NOT_FOUND);
    assert_non_null(strstr(err.message, "cannot sync 'nowhere'"));
}

static void file__is_removed_once(void **state)
{
    (void)state;
    struct ws_error err;
    write_text("a", "x");
    assert_int_equal(ws_file_remove("a", &err), WS_OK);
    assert_false(ws_file_exists("a"));
    assert_int_equal(ws_file_remove("a", &err), WS_OK);
    assert_int_equal(ws_file_remove("none/a", &err), WS_OK);
    assert_int_equal(mkdir("taken", 0755), 0);
    assert_int_equal(ws_file_remove("taken", &err), WS_IO);
    assert_string_equal(err.message, "cannot remove 'taken': Is a directory");
    rmdir("taken");
}

static void map__shows_a_file_until_it_is_unmapped(void **state)
{
    (void)state;
    struct ws_mapped_file file;
    struct ws_error err;
    write_text("a", "some text");
    assert_int_equal(ws_file_map("a", &file, NULL), WS_OK);
    assert_int_equal(file.bytes.size, 9);
    write_text("a", "another");
    unlink("a");
    assert_memory_equal(file.bytes.data, "some text", 9);
    ws_file_unmap(&file);
    ws_file_unmap(&file);
    assert_int_equal(file.bytes.size, 0);

    write_text("a", "");
    assert_int_equal(ws_file_map("a", &file, NULL), WS_OK);
    assert_int_equal(file.bytes.size, 0);
    ws_file_unmap(&file);
    assert_int_equal(ws_file_map("none", &file, &err), WS_NOT_FOUND);
    assert_string_equal(err.message, "cannot read 'none': No such file or directory");
    assert_int_equal(ws_file_map(".", &file, &err), WS_IO);
    assert_string_equal(err.message, "'.' is not a regular file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(ws_file_map("pipe", &file, &err), WS_IO);
    unlink("pipe");
    unlink("a");
}

/* Whether the page is in this process's memory, as the kernel tells (proc_pid_pagemap(5)). */
static bool is_mapped(const uint8_t *place)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t entry;
    int descriptor = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    assert_true(descriptor >= 0);
    assert_int_equal(
        pread(descriptor, &entry, sizeof entry, (off_t)((uintptr_t)place / page * sizeof entry)),
        sizeof entry);
    close(descriptor);
    return entry >> 63;
}

static void window__shows_the_whole_file_and_holds_two_steps(void **state)
{
    (void)state;
    /* Larger than any run of pages that are mapped together because one of them is read. */
    enum { STEP = 1 << 22, SIZE = 5 * STEP + 100, TILE = 100000 };
    struct ws_mapped_file file;
    struct ws_file_window window;
    char *text = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)(i * 2654435761U >> 24);
    assert_int_equal(ws_file_replace("a", (struct ws_bytes){(uint8_t *)text, SIZE}, NULL), WS_OK);
    assert_int_equal(ws_file_map("a", &file, NULL), WS_OK);
    ws_file_window_open(&window, &file, STEP - 1);
    assert_int_equal(window.step, STEP);
    for (size_t at = 0; at < SIZE; at += TILE) {
        ws_file_window_reach(&window, at);
        assert_memory_equal(file.bytes.data + at, text + at, SIZE - at < TILE ? SIZE - at : TILE);
        assert_false(at >= 2 * STEP && is_mapped(file.bytes.data + at / STEP * STEP - 2 * STEP));
        assert_true(is_mapped(file.bytes.data + at));
    }
    ws_file_unmap(&file);

    assert_int_equal(ws_file_map("a", &file, NULL), WS_OK);
    ws_file_window_open(&window, &file, 1);
    ws_file_window_reach(&window, 4 * STEP); /* over many steps */
    assert_memory_equal(file.bytes.data, text, SIZE);
    ws_file_window_reach(&window, SIZE); /* beyond the end */
    assert_memory_equal(file.bytes.data, text, SIZE);
    ws_file_unmap(&file);
    free(text);
    unlink("a");
}

static void files__are_joined_whole(void **state)
{
    (void)state;
    static char big[150000];
    memset(big, 'b', sizeof big);
    const char *const parts[] = {"one", "none", "big", "one"};
    struct ws_error err;
    write_text("one", "1\n");
    assert_int_equal(ws_file_concatenate("all", parts, 3, &err), WS_NOT_FOUND);
    assert_string_equal(err.message, "cannot read 'none': No such file or directory");
    assert_false(ws_file_exists("all"));
    write_text("none", "");
    assert_int_equal(ws_file_replace("big", ws_bytes_of(big, sizeof big), NULL), WS_OK);
    assert_int_equal(ws_file_concatenate("all", parts, 4, NULL), WS_OK);
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read("all", 1 << 20, &arena, &bytes, NULL), WS_OK);
    assert_int_equal(bytes.size, sizeof big + 4);
    assert_memory_equal(bytes.data, "1\nbb", 4);
    assert_memory_equal(bytes.data + bytes.size - 4, "bb1\n", 4);
    assert_int_equal(ws_file_concatenate("all", parts, 0, NULL), WS_OK);
    assert_file("all", "");
    assert_names(".", "all big none one ");
    unlink("all");
    unlink("big");
    unlink("none");
    unlink("one");
}

static void directory__is_made_with_its_parents(void **state)
{
    (void)state;
    struct ws_error err;
    assert_int_equal(ws_directory_make("d/e//f/", &err), WS_OK);
    assert_true(ws_directory_exists("d/e/f"));
    assert_int_equal(ws_directory_make("d/e", &err), WS_OK);
    char absolute[200];
    (void)snprintf(absolute, sizeof absolute, "%s/d/g", root);
    assert_int_equal(ws_directory_make(absolute, &err), WS_OK);
    assert_int_equal(ws_directory_make("/", &err), WS_OK);
    write_text("d/file", "x");
    assert_int_equal(ws_directory_make("d/file", &err), WS_IO);
    assert_string_equal(err.message, "cannot make directory 'd/file': Not a directory");
    assert_int_equal(ws_directory_make("d/file/x", &err), WS_IO);
    assert_int_equal(ws_directory_make("", &err), WS_NOT_FOUND);
    assert_names("d", "e file g ");
    assert_names("d/e/f", "");
    unlink("d/file");
    rmdir("d/g");
    rmdir("d/e/f");
    rmdir("d/e");
    rmdir("d");
}

static void directory__is_listed_in_byte_order(void **state)
{
    (void)state;
    static const char *const names[] = {"b", "a", "B", ".hidden", "a.tmp-1", "\xC3\xA4", "10", "9"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_text(names[i], "");
    assert_names(".", ".hidden 10 9 B a a.tmp-1 b \xC3\xA4 ");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
}

static void append(struct ws_append_file *file, const char *text)
{
    assert_int_equal(ws_append_write(file, ws_bytes_of_text(text), "log", NULL), WS_OK);
}

static void append_file__is_cut_to_what_is_on_record(void **state)
{
    (void)state;
    struct ws_append_file file;
    struct ws_error err;
    assert_int_equal(ws_append_open(&file, "log", 5, &err), WS_NOT_FOUND);
    assert_int_equal(file.descriptor, -1);
    assert_int_equal(ws_append_open(&file, "log", 0, &err), WS_OK);
    append(&file, "one\n");
    append(&file, "two\n");
    assert_int_equal(ws_append_sync(&file, "log", NULL), WS_OK);
    assert_int_equal(file.size, 8);
    append(&file, "torn");
    ws_append_close(&file);
    ws_append_close(&file);
    assert_file("log", "one\ntwo\ntorn");

    assert_int_equal(ws_append_open(&file, "log", 8, &err), WS_OK);
    append(&file, "three\n");
    ws_append_close(&file);
    assert_file("log", "one\ntwo\nthree\n");

    assert_int_equal(ws_append_open(&file, "log", 15, &err), WS_CORRUPT);
    assert_string_equal(err.message, "'log' is 14 bytes long, wanted at least the 15 on record");
    assert_file("log", "one\ntwo\nthree\n");
    assert_int_equal(ws_append_open(&file, "log", 0, &err), WS_OK);
    ws_append_close(&file);
    assert_file("log", "");
    unlink("log");
}

static void append_file__is_as_before_when_the_disk_is_full(void **state)
{
    (void)state;
    struct ws_append_file file;
    struct ws_error err;
    assert_int_equal(ws_append_open(&file, "log", 0, &err), WS_OK);
    append(&file, "0123456789");
    fill_disk(15);
    enum ws_status status = ws_append_write(&file, ws_bytes_of_text("abcdefghij"), "log", &err);
    clear_disk();
    assert_int_equal(status, WS_IO);
    assert_string_equal(err.message, "cannot write 'log': File too large");
    assert_int_equal(file.size, 10);
    assert_file("log", "0123456789");
    append(&file, "next");
    assert_file("log", "0123456789next");
    ws_append_close(&file);
    unlink("log");
}

static void lock__has_one_holder_and_dies_with_it(void **state)
{
    (void)state;
    int lock, other = -1;
    struct ws_error err;
    pid_t holder = fork(); /* takes the lock and is killed holding it */
    assert_true(holder >= 0);
    if (holder == 0) {
        if (ws_lock_take("lock", &lock, NULL) == WS_OK)
            (void)raise(SIGKILL);
        _exit(1);
    }
    int ended;
    assert_int_equal(waitpid(holder, &ended, 0), holder);
    assert_true(WIFSIGNALED(ended));

    assert_int_equal(ws_lock_take("lock", &lock, &err), WS_OK);
    assert_int_equal(ws_lock_take("lock", &other, &err), WS_BUSY);
    assert_string_equal(err.message, "'lock' is held by another process; wait until it ends");
    assert_int_equal(other, -1);
    assert_true(fcntl(lock, F_GETFD) & FD_CLOEXEC);
    ws_lock_drop(lock);
    ws_lock_drop(-1);
    assert_int_equal(ws_lock_take("lock", &other, &err), WS_OK);
    ws_lock_drop(other);
    assert_int_equal(ws_lock_take("none/lock", &other, &err), WS_NOT_FOUND);
    assert_file("lock", "");
    unlink("lock");
}

static int open_descriptors(void)
{
    struct ws_names names;
    assert_int_equal(ws_directory_list("/proc/self/fd", &arena, &names, NULL), WS_OK);
    return (int)names.count;
}

static void files__survive_every_failing_allocation(void **state)
{
    (void)state;
    write_text("a", "text");
    for (int i = 0; i < 100; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "n%d", i);
        write_text(name, "");
    }
    int open_before = open_descriptors();
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena failing;
        struct ws_names names;
        struct ws_bytes bytes;
        ws_arena_init(&failing, &allocator);
        status = ws_file_read("a", 10, &failing, &bytes, NULL);
        if (status == WS_OK)
            status = ws_directory_list(".", &failing, &names, NULL);
        assert_int_equal(status == WS_OK, heap.failures == 0);
        ws_arena_release(&failing);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 3);
    assert_int_equal(open_descriptors(), open_before);
    unlink("a");
    for (int i = 0; i < 100; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "n%d", i);
        unlink(name);
    }
}

/* Runs last: failures above must not have left a file open. */
static void files__are_closed_after_failures(void **state)
{
    (void)state;
    int before = open_descriptors();
    struct ws_append_file file;
    struct ws_bytes bytes;
    struct ws_names names;
    struct ws_hash hash;
    const char *const parts[] = {"a", "."};
    struct ws_mapped_file mapped;
    struct ws_file_draft draft;
    int lock, held;
    write_text("a", "12345");
    assert_int_not_equal(ws_file_map(".", &mapped, NULL), WS_OK);
    assert_int_equal(ws_file_map("a", &mapped, NULL), WS_OK); /* needs no descriptor */
    assert_int_equal(ws_file_draft_open(&draft, ".", NULL), WS_OK);
    assert_int_not_equal(ws_file_draft_keep(&draft, ".", NULL), WS_OK);
    assert_int_not_equal(ws_file_read("a", 1, &arena, &bytes, NULL), WS_OK);
    assert_int_not_equal(ws_file_read(".", 100000, &arena, &bytes, NULL), WS_OK);
    assert_int_not_equal(ws_file_hash(".", &hash, NULL), WS_OK);
    assert_int_not_equal(ws_directory_list("a", &arena, &names, NULL), WS_OK);
    assert_int_not_equal(ws_append_open(&file, "a", 10, NULL), WS_OK);
    assert_int_not_equal(ws_file_concatenate("b", parts, 2, NULL), WS_OK);
    assert_int_equal(ws_lock_take("a", &held, NULL), WS_OK);
    assert_int_not_equal(ws_lock_take("a", &lock, NULL), WS_OK);
    ws_lock_drop(held);
    assert_int_equal(open_descriptors(), before);
    ws_file_unmap(&mapped);
    assert_names(".", "a ");
    unlink("a");
}

static void file__is_other_when_it_was_replaced(void **state)
{
    (void)state;
    struct ws_file_change seen = {.number = 0};
    assert_true(ws_file_is_other("one", &seen)); /* it is not there */
    for (int i = 0; i < 2; i++) {
        write_text("one", "text");
        assert_true(ws_file_is_other("one", &seen));
        assert_false(ws_file_is_other("one", &seen));
    }
    assert_int_equal(unlink("one"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file__reads_back_what_was_replaced),
        cmocka_unit_test(file__takes_its_mode_from_the_umask),
        cmocka_unit_test(file__is_not_read_beyond_the_limit),
        cmocka_unit_test(file__may_be_a_pipe),
        cmocka_unit_test(file__that_is_missing_is_named),
        cmocka_unit_test(file__hashes_in_pieces),
        cmocka_unit_test(file__is_as_before_when_the_disk_is_full),
        cmocka_unit_test(file__leaves_no_draft_when_it_cannot_be_replaced),
        cmocka_unit_test(file__cannot_be_replaced_in_a_read_only_directory),
        cmocka_unit_test(draft__is_the_file_once_it_is_kept),
        cmocka_unit_test(draft__that_fails_leaves_nothing),
        cmocka_unit_test(directory__is_synced_if_it_is_there),
        cmocka_unit_test(file__is_removed_once),
        cmocka_unit_test(map__shows_a_file_until_it_is_unmapped),
        cmocka_unit_test(window__shows_the_whole_file_and_holds_two_steps),
        cmocka_unit_test(files__are_joined_whole),
        cmocka_unit_test(directory__is_made_with_its_parents),
        cmocka_unit_test(directory__is_listed_in_byte_order),
        cmocka_unit_test(append_file__is_cut_to_what_is_on_record),
        cmocka_unit_test(append_file__is_as_before_when_the_disk_is_full),
        cmocka_unit_test(lock__has_one_holder_and_dies_with_it),
        cmocka_unit_test(files__survive_every_failing_allocation),
        cmocka_unit_test(files__are_closed_after_failures),
        cmocka_unit_test(file__is_other_when_it_was_replaced),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
