#include <math.h>

#include "compute/cpu/pick.h"

struct part {
    const uint32_t *tokens;
    size_t count;
};

static struct part part_of_row(const size_t *ends, const uint32_t *tokens, size_t r)
{
    if (!ends)
        return (struct part){NULL, 0};
    size_t start = r > 0 ? ends[r - 1] : 0;
    return (struct part){tokens + start, ends[r] - start};
}

size_t ws_edit_scratch(const struct ws_edits *edits, size_t rows)
{
    size_t most = 0;
    for (size_t r = 0; r < rows; r++) {
        size_t count = part_of_row(edits->seen_ends, edits->seen, r).count;
        most = count > most ? count : most;
    }
    return most;
}

/* A token that was seen twice is penalised once: all scores are looked at before any is changed. */
void ws_edit_row(float *row, const struct ws_edits *edits, size_t r, float *scratch)
{
    struct part seen = part_of_row(edits->seen_ends, edits->seen, r);
    for (size_t i = 0; i < seen.count; i++)
        scratch[i] = row[seen.tokens[i]];
    for (size_t i = 0; i < seen.count; i++)
        row[seen.tokens[i]] =
            scratch[i] < 0 ? scratch[i] * edits->penalty : scratch[i] / edits->penalty;
    struct part banned = part_of_row(edits->banned_ends, edits->banned, r);
    for (size_t i = 0; i < banned.count; i++)
        row[banned.tokens[i]] = -INFINITY;
}
