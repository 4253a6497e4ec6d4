/*
 * Any bytes as a file that a command of the program reads, both picked by the first byte: the
 * command ends with one of its exit statuses, and with one line on stderr when it failed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "support/laboratory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_WORDS = 24 };

#define GENERATE(...)                                                                              \
    {                                                                                              \
        "generate", "model", "-q", "--new-tokens", "1", "--threads", "1", __VA_ARGS__              \
    }
#define TRAIN                                                                                      \
    {                                                                                              \
        "train", "text.txt", "-q", "-o", "model", "--threads", "1", "--layers", "1", "--width",    \
            "8", "--heads", "1", "--context", "8", "--block", "8", "--vocabulary", "260",          \
            "--epochs", "1"                                                                        \
    }

typedef int main_function(int argc, char **argv);

/* The bytes become the file. */
static const struct {
    const char *file;
    main_function *run;
    const char *words[MOST_WORDS];
} subjects[] = {
    {"ids.txt", cmd_tokenize, {"tokenize", "-t", "model", "-d", "ids.txt"}},
    {"texts.jsonl", cmd_tokenize, {"tokenize", "-t", "model", "--jsonl", "texts.jsonl"}},
    {"ids.jsonl", cmd_tokenize, {"tokenize", "-t", "model", "--jsonl", "-d", "ids.jsonl"}},
    {"prompts.txt", cmd_generate, GENERATE("--prompts", "prompts.txt")},
    {"prompts.jsonl", cmd_generate, GENERATE("--prompts", "prompts.jsonl")},
    {"out.jsonl.settings", cmd_generate, GENERATE("-o", "out.jsonl")},
    {"model/training.json", cmd_train, TRAIN},
    {"run/run.json", cmd_runs, {"runs", "."}},
    {"run/run.json", cmd_export, {"export", "run"}},
    {"whole/summary", cmd_export, {"export", "whole", "--summary"}},
    {"plan.yaml", cmd_plan, {"plan", "plan.yaml"}},
    {"documents.jsonl", cmd_shard, {"shard", "build", "documents.jsonl", "-o", "made/shard"}},
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    require(file != NULL);
    require(fwrite(bytes, 1, size, file) == size);
    require(fclose(file) == 0);
}

static int run(main_function *command, const char *const *words)
{
    char copies[MOST_WORDS][40];
    char *argv[MOST_WORDS + 1];
    int argc = 0;
    for (; argc < MOST_WORDS && words[argc]; argc++) {
        (void)snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
        argv[argc] = copies[argc];
    }
    argv[argc] = NULL;
    return command(argc, argv);
}

static char place[48];

static void remove_tree(const char *path)
{
    struct ws_arena arena;
    struct ws_names names;
    ws_arena_init(&arena, NULL);
    if (ws_directory_exists(path) && ws_directory_list(path, &arena, &names, NULL) == WS_OK) {
        for (size_t i = 0; i < names.count; i++)
            remove_tree(ws_arena_format(&arena, "%s/%s", path, names.items[i]));
        (void)rmdir(path);
    } else {
        (void)unlink(path);
    }
    ws_arena_release(&arena);
}

static void clean_up(void)
{
    remove_tree(place);
}

/* A model with its tokenizer, and a run that is complete, in a directory of their own. */
static void set_the_stage(void)
{
    static const char text[] = "a rose is a rose is a rose\nso it is said\n";
    static const char experiment[] = "family: discrete\nsource: zipf\ntypes: 5\nitems: 9\n"
                                     "test_items: 5\ngenerations: 2\nseeds: 2\n";
    static const char *const train[MOST_WORDS] = TRAIN;
    static const char *const experiment_words[MOST_WORDS] = {"run",   "whole.yaml", "-q", "-o",
                                                             "whole", "--threads",  "1"};
    (void)snprintf(place, sizeof place, "%s/fuzz-command-XXXXXX", laboratory_temporary());
    require(mkdtemp(place) != NULL);
    require(atexit(clean_up) == 0);
    require(chdir(place) == 0);
    write_file("text.txt", text, sizeof text - 1);
    write_file("whole.yaml", experiment, sizeof experiment - 1);
    require(run(cmd_train, train) == EXIT_DONE);
    require(run(cmd_run, experiment_words) == EXIT_DONE);
    require(mkdir("run", 0700) == 0 && mkdir("made", 0700) == 0);
}

/* How many lines `text` has, all of them whole. */
static size_t lines_of(const char *text, size_t size)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    require(size == 0 || text[size - 1] == '\n');
    return lines;
}

/* What a command prints is dropped, what it complains of is kept; sanitizers write to neither. */
static void run_subject(size_t subject)
{
    char *said = NULL;
    size_t size = 0;
    FILE *before_out = stdout, *before_err = stderr;
    stdout = fopen("/dev/null", "w");
    stderr = open_memstream(&said, &size);
    require(stdout != NULL && stderr != NULL);
    int status = run(subjects[subject].run, subjects[subject].words);
    require(fclose(stdout) == 0 && fclose(stderr) == 0);
    stdout = before_out;
    stderr = before_err;
    require(status == EXIT_DONE || status == EXIT_FAILED || status == EXIT_USAGE);
    if (status != EXIT_DONE)
        require(lines_of(said, size) == 1 && strncmp(said, "wellspring: ", 12) == 0);
    free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    /* The fuzzer, too, names files from where it was started. */
    int home = open(".", O_RDONLY | O_DIRECTORY);
    require(home >= 0);
    if (place[0] == '\0')
        set_the_stage();
    require(chdir(place) == 0);
    size_t subject = data[0] % SUBJECTS;
    write_file(subjects[subject].file, data + 1, size - 1);
    run_subject(subject);
    (void)unlink("out.jsonl");
    remove_tree("made");
    require(mkdir("made", 0700) == 0);
    require(fchdir(home) == 0 && close(home) == 0);
    return 0;
}
