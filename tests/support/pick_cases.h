/*
 * Cases of the operations `pick` and `rank` of compute/compute.h for any device: examples worked by
 * hand, and equality with the reference.
 */
#ifndef WS_TESTS_PICK_CASES_H
#define WS_TESTS_PICK_CASES_H

#include "compute/compute.h"

enum { PICK_EXAMPLE_COUNT = 8 };

struct pick_example {
    const char *name;
    void (*run)(void **state); /* a pointer to the device */
};

extern const struct pick_example PICK_EXAMPLES[PICK_EXAMPLE_COUNT];

/* A device against the reference, and against itself: `again` gives the same bytes. */
struct pick_sides {
    struct ws_device *reference, *device, *again;
};

void pick_compare_settings(const struct pick_sides *sides);
void pick_compare_equals(const struct pick_sides *sides);
void pick_compare_ranks(const struct pick_sides *sides);
void pick_compare_long_rows(const struct pick_sides *sides);

/* Everything is chosen from softmax(scores). */
struct ws_pick pick_plain(size_t rows, size_t vocabulary);

/* What `pick` makes of scores on the host. Either output may be NULL. */
void pick_run(struct ws_device *device, const struct ws_pick *pick, const float *scores,
              uint32_t *tokens, float *probabilities);

/* Scores of a peaked or a flat distribution; `grain` > 0 makes equals. */
void pick_make_scores(struct ws_rng *rng, float *scores, size_t count, double spread, double grain);

#endif
