#include "base/file_change.h"

bool ws_file_is_other(const char *path, struct ws_file_change *seen)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return true;
    const bool is_other = about.st_ino != seen->number ||
                          about.st_mtim.tv_sec != seen->changed.tv_sec ||
                          about.st_mtim.tv_nsec != seen->changed.tv_nsec;
    *seen = (struct ws_file_change){about.st_mtim, about.st_ino};
    return is_other;
}
