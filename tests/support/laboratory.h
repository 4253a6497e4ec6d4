/*
 * Small experiments of every family for tests of the laboratory: experiment, human data and, for
 * text, a corpus that is the same each time.
 */
#ifndef WS_TESTS_LABORATORY_H
#define WS_TESTS_LABORATORY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab/experiment.h"

#define LABORATORY_POLICIES                                                                        \
    "policies: [replace, keep:0.25, mix:0.5:0.25:0.25, accumulate, accumulate-subsample, augment," \
    " fresh:0.1]\n"

static const char *const laboratory_texts[] = {
    "family: discrete\nsource: zipf\ntypes: 20\nitems: 40\ntest_items: 10\n",
    "family: gaussian\nsource: normal\ndimension: 2\nitems: 20\ntest_items: 5\n",
    "family: ngram\norder: 3\nsource: text\nblock: 5\nitems: 20\ntest_items: 5\nfresh_items: 20\n",
    ("family: transformer\nlayers: 1\nwidth: 8\nheads: 2\ninner: 8\ncontext: 5\nbatch: 8\n"
     "source: text\nblock: 5\nitems: 20\ntest_items: 5\nfresh_items: 20\n"),
};
enum { LABORATORY_COUNT = sizeof laboratory_texts / sizeof *laboratory_texts };

struct laboratory {
    struct ws_experiment experiment;
    struct ws_human *human;
    char corpus[40]; /* removed when it closes */
};

/* Where files of tests lie: in memory if the machine has such a place, for runs wait for every file
 * to reach the disk. */
static inline const char *laboratory_temporary(void)
{
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

/* 600 words of 30 kinds, frequent and rare ones. */
static inline bool laboratory_write_corpus(char path[40])
{
    (void)snprintf(path, 40, "%s/ws-laboratory-XXXXXX", laboratory_temporary());
    int descriptor = mkstemp(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!file)
        return false;
    uint32_t x = 1;
    for (int i = 0; i < 600; i++) {
        x = x * 1664525 + 1013904223;
        unsigned a = x >> 16 & 31;
        (void)fprintf(file, "w%u ", a * a / 32);
    }
    return fclose(file) == 0;
}

/* `text` is one of laboratory_texts, `more` whatever else is set. False says why in `err`. */
static inline bool laboratory_open(struct laboratory *lab, const char *text, const char *more,
                                   const struct ws_allocator *allocator, struct ws_error *err)
{
    char all[2000];
    *lab = (struct laboratory){.human = NULL};
    if (strstr(text, "source: text") && !laboratory_write_corpus(lab->corpus))
        return false;
    (void)snprintf(all, sizeof all, "%s%s%s%s\n%s", text, lab->corpus[0] ? "corpus: " : "",
                   lab->corpus, lab->corpus[0] ? "\n" : "", more);
    if (ws_experiment_parse(ws_bytes_of_text(all), "test", "test.yaml", NULL, 0, allocator,
                            &lab->experiment, err) != WS_OK)
        return false;
    if (ws_experiment_open_human(&lab->experiment, allocator, &lab->human, err) == WS_OK)
        return true;
    ws_experiment_release(&lab->experiment);
    return false;
}

static inline void laboratory_close(struct laboratory *lab)
{
    ws_human_close(lab->human);
    ws_experiment_release(&lab->experiment);
    if (lab->corpus[0])
        (void)unlink(lab->corpus);
}

#endif
