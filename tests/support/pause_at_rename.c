/* Before the C library's by LD_PRELOAD: the first file that the process renames to a name that ends
 * in PAUSE_AT is followed by a SIGSTOP of its own. A test that stops or kills it then never comes
 * too late, however fast the machine. */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), ending = strlen(end);
    return length >= ending && strcmp(name + length - ending, end) == 0;
}

int rename(const char *from, const char *to)
{
    static volatile sig_atomic_t paused;
    static int (*library_rename)(const char *, const char *);
    if (!library_rename) {
        *(void **)&library_rename = dlsym(RTLD_NEXT, "rename");
    }
    int status = library_rename(from, to);
    const char *end = getenv("PAUSE_AT");
    if (status == 0 && end && !paused && ends_in(to, end)) {
        paused = 1;
        raise(SIGSTOP);
    }
    return status;
}
