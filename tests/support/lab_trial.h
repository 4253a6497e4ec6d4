/*
 * The laboratory's own loop against theory: an experiment as a user writes it, its chains stepped
 * in blocks as a run steps them, and the means over seeds of the records they write. Seeds are 1,
 * 2, ...; how many is fixed beforehand (support/chains.h).
 */
#ifndef WS_TESTS_SUPPORT_LAB_TRIAL_H
#define WS_TESTS_SUPPORT_LAB_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/chain.h"
#include "lab/record.h"
#include "support/chains.h"
#include "support/laboratory.h"

/* What is expected of a metric at a generation, and its cv^2. */
struct trial_row {
    const char *metric;
    uint32_t generation;
    double expected;
    double cv_squared;
};

enum { TRIAL_ROWS_MOST = 8 };

struct trial {
    size_t chains;
    const struct trial_row *rows;
    size_t row_count;
    const struct laboratory *lab;
    const struct ws_arm *arm;
    struct tally (*tallies)[TRIAL_ROWS_MOST]; /* by piece */
    enum ws_status status;                    /* the first failure, if any */
};

/* ---- From records to tallies ---- */

/* Adds the record to the rows that want it. */
static inline void trial_tally_record(const struct trial *trial, uint32_t generation,
                                      const struct ws_record *record, struct tally *tallies)
{
    for (size_t r = 0; r < trial->row_count; r++) {
        const struct trial_row *row = &trial->rows[r];
        if (row->generation == generation && strcmp(record->metric, row->metric) == 0)
            tally_add(&tallies[r], record->value);
    }
}

static inline enum ws_status
trial_tally_records(const struct trial *trial, const struct ws_chain *chain, struct tally *tallies)
{
    struct ws_records_reader reader;
    struct ws_record record;
    bool more;
    ws_records_open(&reader, ws_buffer_bytes(&chain->records.bytes), NULL);
    enum ws_status status = ws_records_next_generation(&reader, &more, NULL);
    while (status == WS_OK && more) {
        status = ws_records_next(&reader, &record, &more, NULL);
        if (status == WS_OK && more) {
            trial_tally_record(trial, reader.generation, &record, tallies);
        } else if (status == WS_OK) {
            status = ws_records_next_generation(&reader, &more, NULL);
        }
    }
    ws_records_close(&reader);
    return status;
}

static inline enum ws_status trial_step_block(const struct trial *trial, struct ws_block *block,
                                              struct tally *tallies)
{
    for (size_t c = 0; c < block->count; c++)
        WS_TRY(ws_chain_start(block, &block->chains[c], NULL));
    for (uint32_t step = 0; step < trial->lab->experiment.settings.generations; step++)
        ws_block_step(block, step, NULL);
    enum ws_status status = WS_OK;
    for (size_t c = 0; status == WS_OK && c < block->count; c++) {
        status = block->chains[c].status;
        if (status == WS_OK)
            status = trial_tally_records(trial, &block->chains[c], tallies);
    }
    return status;
}

static inline void trial_run_piece(void *context, size_t piece)
{
    struct trial *trial = context;
    size_t first = piece * CHAINS_PIECE;
    size_t left = trial->chains - first;
    struct ws_block block;
    enum ws_status status =
        ws_block_init(&block, &trial->lab->experiment, trial->lab->human, trial->arm, first + 1,
                      left < CHAINS_PIECE ? left : CHAINS_PIECE, NULL, NULL);
    if (status == WS_OK) {
        status = trial_step_block(trial, &block, trial->tallies[piece]);
        ws_block_release(&block);
    }
    if (status != WS_OK)
        __atomic_store_n(&trial->status, status, __ATOMIC_RELAXED);
}

/* ---- From tallies to laws ---- */

static inline size_t trial_check_rows(const struct trial *trial)
{
    uint64_t M = trial->lab->experiment.data.items;
    size_t broken = 0;
    for (size_t r = 0; r < trial->row_count; r++) {
        const struct trial_row *row = &trial->rows[r];
        struct tally all = {0};
        for (size_t p = 0; p < chains_pieces(trial->chains); p++)
            tally_merge(&all, &trial->tallies[p][r]);
        assert_int_equal(all.count, trial->chains);
        char name[80];
        (void)snprintf(name, sizeof name, "%s, %s, M=%u, g=%u", row->metric, trial->arm->name,
                       (unsigned)M, (unsigned)row->generation);
        broken += !law_holds(name, row->expected, row->cv_squared, &all);
    }
    return broken;
}

static inline const struct ws_arm *trial_find_arm(const struct ws_experiment *experiment,
                                                  const char *name)
{
    for (size_t a = 0; a < experiment->arm_count; a++)
        if (strcmp(experiment->arms[a].name, name) == 0)
            return &experiment->arms[a];
    return NULL;
}

/* Runs the arm's chains; fails where a row does not hold. Closes the laboratory. */
static inline void check_trial(struct laboratory *lab, const char *arm, size_t chains,
                               const struct trial_row *rows, size_t row_count)
{
    struct trial trial = {
        .chains = statistics_draws(chains),
        .rows = rows,
        .row_count = row_count,
        .lab = lab,
        .arm = trial_find_arm(&lab->experiment, arm),
    };
    assert_true(row_count <= TRIAL_ROWS_MOST);
    assert_non_null(trial.arm);
    size_t pieces = chains_pieces(trial.chains);
    trial.tallies = calloc(pieces, sizeof *trial.tallies);
    assert_non_null(trial.tallies);
    struct ws_pool *pool;
    assert_int_equal(ws_pool_new(CHAINS_THREADS, NULL, &pool, NULL), WS_OK);
    ws_pool_run(pool, pieces, trial_run_piece, &trial);
    ws_pool_free(pool);
    assert_int_equal(trial.status, WS_OK);
    size_t broken = trial_check_rows(&trial);
    free(trial.tallies);
    laboratory_close(lab);
    assert_int_equal(broken, 0);
}

static inline void open_trial(struct laboratory *lab, const char *settings)
{
    struct ws_error err = {.message = ""};
    if (!laboratory_open(lab, settings, "", NULL, &err))
        fail_msg("%s", err.message);
}

#endif
