/*
 * wellspring: finds the command and runs it.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
#define X(name, summary) {#name, summary, cmd_##name},
    WS_COMMANDS(X)
#undef X
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_usage(FILE *stream)
{
    (void)fprintf(stream,
                  "wellspring: will training on model output ruin my model, and what keeps it "
                  "from happening?\n\nusage: wellspring COMMAND [arguments]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        (void)fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
    (void)fprintf(stream,
                  "\n'wellspring COMMAND --help' says more. Start with:\n  %s run quickstart\n",
                  program_invocation_name);
}

static int unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *nearest = ws_nearest_name(name, names, COMMAND_COUNT);
    if (nearest)
        (void)fprintf(stderr, "wellspring: unknown command '%s'; did you mean '%s'?\n", name,
                      nearest);
    else
        (void)fprintf(stderr, "wellspring: unknown command '%s'; --help lists them\n", name);
    return EXIT_USAGE;
}

/* One block of chains after another asks for the same memory, which is not to go back to the system
 * in between. glibc goes as far as this by itself, once it has seen large pieces come and go. */
static void keep_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int main(int argc, char **argv)
{
    keep_memory();
    /* A write over a file-size limit is to fail with an error, not to kill. */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return finish_output(EXIT_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("wellspring %s\n", WS_VERSION);
        return finish_output(EXIT_DONE);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return finish_output(commands[i].run(argc - 1, argv + 1));
    return unknown_command(argv[1]);
}
