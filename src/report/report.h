/*
 * A report of runs as one HTML file, which opens anywhere: it asks nothing of a network.
 *
 * The file holds a page (src/report/assets/), Chart.js, and the numbers that are given here as
 * JSON, so that the page can draw them anew. Numbers keep every bit; what is not finite is shown as
 * what it is. Texts may say anything: in HTML they are escaped, in JSON no "<" is left, and the
 * page puts them where they are read as text alone. A policy for browsers allows the page's own
 * scripts, by their hashes, and nothing else.
 *
 * Format of the data: docs/formats/report.md. Contract: tests/unit/test_report.c, tests/browser/.
 */
#ifndef WS_REPORT_REPORT_H
#define WS_REPORT_REPORT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/status.h"

struct ws_report_setting {
    const char *name, *value;
};

struct ws_report_arm {
    const char *name, *policy;
    bool outgrows_control; /* trains on more items than the control */
};

/* A metric that is told of first. */
struct ws_report_headline {
    const char *metric;
    const char *title;  /* "rare words" */
    const char *detail; /* "human = 100 %" */
    const char *form;   /* "count", "percent" or "real" */
};

/* One metric of one arm by generation, over seeds. */
struct ws_report_curve {
    size_t arm; /* of the run's */
    const char *metric, *definition;
    size_t count;              /* of generations */
    const double *generations; /* ascending; all others are of these */
    const double *n, *seeds;
    const double *median, *low, *high; /* low and high: the 0.1 and 0.9 quantiles over seeds */
    const double *mean, *standard_error;
    double floor;          /* what another human sample scores; NaN: not known */
    const double *by_seed; /* (run's seeds, count), NaN where there is none; NULL: left out */
};

/* One of several definitions of collapse, and what a run shows of it. */
struct ws_report_definition {
    const char *name, *test;
};

struct ws_report_verdict {
    size_t definition, arm;
    const char *verdict; /* in words */
    const char *metric;  /* NULL: not measured, and then nothing follows */
    double first, last;  /* medians */
    double bad;          /* the median of what the test looks at, ... */
    double low, high;    /* ... and its interval */
    size_t seeds;        /* that it is of */
    bool has_since;
    uint32_t since; /* a generation */
};

struct ws_report_profile {
    const struct ws_report_definition *definitions;
    size_t definition_count;
    const struct ws_report_verdict *verdicts;
    size_t verdict_count;
    const char *const *stages; /* of each arm, in words; NULL: there is no profile */
    uint32_t first, last;      /* generations that are compared */
};

/* A closed form, a bound or a limit beside a curve of means, or of medians. */
struct ws_report_theory {
    size_t arm;
    const char *metric, *form;
    bool of_median;
    const char *verdict; /* at the last generation, in words */
    size_t count;
    const double *generations, *measured, *standard_error, *expected;
    size_t agree, differ; /* generations; the others tell neither */
};

/* Shares of three errors in what one metric lost; low and high are NaN where there is none. */
enum { WS_REPORT_ERRORS = 3 };
struct ws_report_share {
    double value, low, high;
};
struct ws_report_attributed {
    const char *arm, *metric, *definition;
    uint32_t generation;
    size_t seeds;
    struct ws_report_share total, shares[WS_REPORT_ERRORS];
};

struct ws_report_attribution {
    const char *names[WS_REPORT_ERRORS]; /* of the errors */
    const char *how[WS_REPORT_ERRORS];   /* each is switched off */
    const struct ws_report_attributed *rows;
    size_t row_count;
};

/* What a model wrote. */
struct ws_report_text {
    size_t arm;
    uint64_t seed;
    uint32_t generation;
    uint64_t item;
    const char *text;
};

struct ws_report_run {
    const char *directory, *name, *title, *state, *family;
    const char *started, *finished, *version, *compute_class;
    const char *tokens; /* what its texts are cut into; "": they are none */
    uint64_t generations, seeds;
    const struct ws_report_arm *arms;
    size_t arm_count;
    const struct ws_report_headline *headlines; /* those that the run has */
    size_t headline_count;
    const struct ws_report_curve *curves;
    size_t curve_count;
    const struct ws_report_setting *settings, *inputs;
    size_t setting_count, input_count;
    struct ws_report_profile profile;
    const struct ws_report_theory *theory;
    size_t theory_count;
    struct ws_report_attribution attribution;
    const struct ws_report_text *texts;
    size_t text_count;
    size_t damaged_texts;     /* lines that could not be read */
    const char *damage;       /* why its records cannot be read; NULL: they can */
    const char *const *words; /* (word_count): the summary, a sentence or two each */
    size_t word_count;
    const char *experiment; /* the file that makes it again */
};

/* A run that is not shown. */
struct ws_report_skipped {
    const char *directory, *why;
};

struct ws_report {
    const char *title;
    const char *version; /* of the program */
    const struct ws_report_run *runs;
    size_t run_count; /* >= 1 */
    const struct ws_report_skipped *skipped;
    size_t skipped_count;
};

/* The whole file. The same report gives the same bytes. */
WS_MUST_CHECK enum ws_status ws_report_write(const struct ws_report *report, struct ws_buffer *out,
                                             struct ws_error *err);

#endif
