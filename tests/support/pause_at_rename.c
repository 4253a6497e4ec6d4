/* Before the C library's by LD_PRELOAD: of the processes that know the same file $PAUSED, the first
 * that has renamed a file to a name which ends in $PAUSE_AT makes that file and stops itself by
 * SIGSTOP. What a test then does to them is in time, however fast the machine. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), ending = strlen(end);
    return length >= ending && strcmp(name + length - ending, end) == 0;
}

static bool is_first(const char *mark)
{
    int descriptor = open(mark, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return descriptor >= 0 && close(descriptor) == 0;
}

int rename(const char *from, const char *to)
{
    int (*library_rename)(const char *, const char *);
    *(void **)&library_rename = dlsym(RTLD_NEXT, "rename");
    int status = library_rename(from, to);
    const char *end = getenv("PAUSE_AT"), *mark = getenv("PAUSED");
    if (status == 0 && end && mark && ends_in(to, end) && is_first(mark)) {
        raise(SIGSTOP);
    }
    return status;
}
