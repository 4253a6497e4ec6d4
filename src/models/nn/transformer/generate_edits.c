/*
 * What a text's own past asks of the next token's scores.
 */
#include <string.h>

#include "models/nn/transformer/generator.h"

void ws_edits_begin(struct ws_edit_lists *lists)
{
    lists->rows = 0;
}

/* The tokens that followed where the last n - 1 tokens were before; n == 1: all there are. */
static size_t ban_repeats(const struct ws_sequence *sequence, uint64_t n, uint32_t *banned)
{
    const uint32_t *tokens = sequence->tokens;
    size_t length = sequence->length, count = 0;
    if (n == 0 || length < n)
        return 0;
    const uint32_t *last = tokens + length - (n - 1);
    for (size_t i = 0; i + n <= length; i++)
        if (memcmp(tokens + i, last, (n - 1) * sizeof *tokens) == 0)
            banned[count++] = tokens[i + n - 1];
    return count;
}

void ws_edits_add(struct ws_edit_lists *lists, const struct ws_decoding *decoding, uint32_t eos,
                  const struct ws_sequence *sequence)
{
    size_t r = lists->rows++;
    size_t seen = r > 0 ? lists->seen_ends[r - 1] : 0;
    size_t banned = r > 0 ? lists->banned_ends[r - 1] : 0;
    if (decoding->repetition_penalty != 1) {
        memcpy(lists->seen + seen, sequence->tokens, sequence->length * sizeof *sequence->tokens);
        seen += sequence->length;
    }
    banned += ban_repeats(sequence, decoding->no_repeat_ngram, lists->banned + banned);
    if (eos != WS_NO_TOKEN && sequence->length - sequence->prompt < decoding->min_new_tokens)
        lists->banned[banned++] = eos;
    lists->seen_ends[r] = seen;
    lists->banned_ends[r] = banned;
}

struct ws_edits ws_edits_of(const struct ws_edit_lists *lists, const struct ws_decoding *decoding)
{
    return (struct ws_edits){
        .penalty = (float)decoding->repetition_penalty,
        .seen_ends = lists->seen_ends,
        .seen = lists->seen,
        .banned_ends = lists->banned_ends,
        .banned = lists->banned,
    };
}
