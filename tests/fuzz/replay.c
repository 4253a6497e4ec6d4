/*
 * Runs a fuzz target over the files of its corpus, so that every build replays what fuzzing found.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 1;
    static uint8_t data[1 << 20];
    size_t size = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    /* A copy of the exact size, so that the sanitizer sees a read one byte too far. */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return 1;
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    DIR *directory = opendir(argv[1]);
    if (!directory) {
        perror(argv[1]);
        return 1;
    }
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (replay(path) != 0) {
            perror(path);
            (void)closedir(directory);
            return 1;
        }
        count++;
    }
    (void)closedir(directory);
    (void)printf("%d inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
