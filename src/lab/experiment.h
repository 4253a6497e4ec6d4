/*
 * An experiment: settings, resolved into arms.
 *
 * Settings come from one YAML mapping and from `key=value` overrides, later ones over earlier ones.
 * One of the family or the data that is given a list differs between arms. Which keys exist depends
 * on the family and the data source that the experiment names; a key that none of them has, or that
 * belongs to another family or source, is an error. The canonical text of what is not an execution
 * setting is what a run is identified by.
 *
 * Parsing is a pure function of bytes: nothing is opened. Fuzz target:
 * tests/fuzz/fuzz_experiment.c. Contract: tests/unit/test_experiment.c.
 */
#ifndef WS_LAB_EXPERIMENT_H
#define WS_LAB_EXPERIMENT_H

#include "base/yaml.h"
#include "data/human.h"
#include "lab/policy.h"
#include "models/family.h"

/* Which random numbers the arms of a seed share. */
enum ws_pair {
    WS_PAIR_DATA, /* those of human data and of where fits start */
    WS_PAIR_ALL,  /* those of samples, policies and metrics, too */
};

/* What models are fitted to. */
enum ws_fit_to {
    WS_FIT_SAMPLES,
    WS_FIT_POPULATIONS, /* the laws that training items come from: no statistical error */
};

struct ws_experiment_settings {
    const char *title;
    const char *family;
    struct ws_text_list policies;
    bool control;
    struct ws_text_list vary;
    uint32_t pair;   /* enum ws_pair */
    uint32_t fit_to; /* enum ws_fit_to */
    struct ws_text_list sweep;
    uint64_t generations;
    uint64_t seeds;
    const char *growth;
    uint64_t metric_items;
    uint64_t measure_every;
    /* execution */
    uint64_t threads;                 /* 0: one for each processor */
    struct ws_device_settings device; /* of families that compute on one */
    double checkpoint_seconds;        /* work at risk when the machine stops */
    uint64_t keep_every;              /* 0: the last checkpoint only */
    uint64_t keep_texts;              /* items of each sample that people can read */
    bool keep_models;                 /* models as directories, for other programs */
    bool fail_fast;                   /* the first chain that fails stops all */
    bool skip_absorbed;               /* chains that can no longer change do nothing but measure */
    const char *then;                 /* the experiment to go on with; "": none */
};

/* A setting in force. */
struct ws_setting {
    const char *name;
    const char *value;
    const char *initial; /* the option's default, or NULL */
    unsigned traits;     /* of the option */
};

/* Human data as some arms have them. */
struct ws_arm_data {
    struct ws_human_settings settings;
    uint64_t items;        /* base number of training items; 0: known when the data are open */
    uint64_t sample_items; /* of every metric sample, likewise; of vectors 0 may be meant */
    uint64_t item_size;    /* numbers or tokens in an item; 0 until the data are open */
};

/* A policy with a variation: one value of each varied setting. */
struct ws_arm {
    const char *name;                /* the policy's canonical name and the variation */
    const char *directory;           /* the same, fit for a file name */
    const char *variation;           /* "epochs=5 repetition_penalty=2"; "" where nothing varies */
    const struct ws_setting *varied; /* (varied_count) what the variation is of */
    size_t varied_count;
    struct ws_policy policy;
    const void *family_settings;
    const struct ws_arm_data *data;
    size_t variant;                 /* its number, of the human data too (ws_human_variant) */
    uint64_t key;                   /* hash of the arm's settings, for random streams */
    struct ws_policy_totals totals; /* for all generations, one seed */
    bool outgrows_control;          /* trains on more than the base number of items */
};

/* A setting as it was given. */
struct ws_given {
    const char *name;
    const char *value;
    const char *where; /* "quickstart.yaml:7" or "--set" */
    bool list;         /* a list of YAML: `value` is its items, joined by ',' */
};

struct ws_experiment {
    struct ws_arena arena; /* holds everything below */
    const char *name;      /* "quickstart" */
    const char *file;      /* what messages call its text */
    const struct ws_given *given;
    size_t given_count;
    struct ws_experiment_settings settings;
    struct ws_human_settings data; /* what arms share; each has its own */
    const struct ws_family_ops *family;
    void *family_settings; /* likewise */
    struct ws_growth growth;
    struct ws_arm *arms;
    size_t arm_count;
    struct ws_arm_data *variants; /* the different ones of all arms */
    size_t variant_count;
    struct ws_human_input *inputs; /* what the data are, then the files that arms' settings name */
    size_t input_count;            /* 0 until the data are open */
    const char *canonical;         /* text that identifies the run, without what may grow */
};

/* A setting from the command line. */
struct ws_override {
    const char *name;
    const char *value;
};

/* `name` is the experiment's, `file` what messages call its text. On failure `out` needs no
 * release. Every mistake of the text or the overrides is WS_INVALID. */
WS_MUST_CHECK enum ws_status ws_experiment_parse(struct ws_bytes text, const char *name,
                                                 const char *file,
                                                 const struct ws_override *overrides,
                                                 size_t override_count,
                                                 const struct ws_allocator *allocator,
                                                 struct ws_experiment *out, struct ws_error *err);
/* The same from settings that were read already: a part of a larger file. */
WS_MUST_CHECK enum ws_status
ws_experiment_of_settings(const struct ws_yaml *settings, const char *name, const char *file,
                          const struct ws_override *overrides, size_t override_count,
                          const struct ws_allocator *allocator, struct ws_experiment *out,
                          struct ws_error *err);
void ws_experiment_release(struct ws_experiment *experiment);

/* Where `name` was given last, or the file when it was not: starts the message of a mistake that is
 * found after parsing. */
const char *ws_experiment_place(const struct ws_experiment *experiment, const char *name);

/* Opens the experiment's human data, those of every variant, plans what could not be planned
 * without them (items=0), checks that the family takes them, and notes all inputs. Besides
 * WS_INVALID, what ws_human_open gives.
 */
WS_MUST_CHECK enum ws_status ws_experiment_open_human(struct ws_experiment *experiment,
                                                      const struct ws_allocator *allocator,
                                                      struct ws_human **out, struct ws_error *err);

/* Every setting in force that all arms share, in the order of the tables: for run.json, comparisons
 * and --help. The values live in `arena`. */
WS_MUST_CHECK enum ws_status ws_experiment_list(const struct ws_experiment *experiment,
                                                struct ws_arena *arena, struct ws_setting **out,
                                                size_t *count, struct ws_error *err);

/* The tables of every setting there is, those of all experiments first, then each family's that has
 * any. Returns how many. */
enum { WS_EXPERIMENT_TABLES_MOST = 32 };
size_t ws_experiment_tables(const struct ws_option_table *out[WS_EXPERIMENT_TABLES_MOST]);

/* Their help. */
void ws_experiment_help(struct ws_buffer *out);

/* Whether any family, source or experiment has a setting of this name. */
bool ws_experiment_has_setting(const char *name);
/* Whether it says how a run is carried out, so that no result depends on it. */
bool ws_experiment_is_execution(const char *name);
/* The one that was probably meant, or NULL. */
const char *ws_experiment_nearest_setting(const char *name);

#endif
