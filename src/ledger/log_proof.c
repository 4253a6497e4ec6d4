#include "ledger/log_proof.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "ledger/proof_lines.h"

static const char FIRST_LINE[] = "c2sp.org/tlog-proof@v1";

static enum ws_status no_proof(struct ws_error *err, const char *why)
{
    return ws_fail(err, WS_CORRUPT, "no proof of a log: %s", why);
}

/* Takes a line off, without its end; false when there is no whole one. */
static bool take_line(struct ws_bytes *text, struct ws_bytes *line)
{
    return ws_bytes_split(*text, '\n', line, text);
}

/* What stands behind this word and a blank; false where the line begins otherwise. */
static bool take_word(struct ws_bytes *line, const char *word)
{
    size_t size = strlen(word);
    if (line->size <= size || memcmp(line->data, word, size) != 0 || line->data[size] != ' ')
        return false;
    *line = ws_bytes_of(line->data + size + 1, line->size - size - 1);
    return true;
}

enum ws_status ws_log_proof_read(struct ws_bytes bytes, struct ws_arena *arena,
                                 struct ws_log_proof *out, struct ws_error *err)
{
    struct ws_log_proof proof = {.has_extra = false};
    struct ws_bytes line;
    if (!take_line(&bytes, &line) || !ws_bytes_is(line, FIRST_LINE))
        return no_proof(err, "wanted 'c2sp.org/tlog-proof@v1' on its first line");
    if (!take_line(&bytes, &line))
        return no_proof(err, "it ends behind its first line");
    proof.has_extra = take_word(&line, "extra");
    if (proof.has_extra) {
        WS_TRY(ws_base64_read(line, arena, &proof.extra, err));
        if (!take_line(&bytes, &line))
            return no_proof(err, "it ends behind its extra data");
    }
    if (!take_word(&line, "index") || !ws_read_size(line, &proof.index))
        return no_proof(err, "wanted 'index' and a number");
    const char *wrong = ws_proof_lines_take(&bytes, WS_MERKLE_PROOF_LIMIT, &proof.way);
    if (wrong)
        return no_proof(err, wrong);
    proof.checkpoint = bytes;
    *out = proof;
    return WS_OK;
}

void ws_log_proof_append(struct ws_buffer *out, const struct ws_log_proof *proof)
{
    ws_buffer_format(out, "%s\n", FIRST_LINE);
    if (proof->has_extra) {
        ws_buffer_text(out, "extra ");
        ws_base64_append(out, proof->extra);
        ws_buffer_u8(out, '\n');
    }
    ws_buffer_format(out, "index %" PRIu64 "\n", proof->index);
    ws_proof_lines_append(out, &proof->way);
    ws_buffer_append(out, proof->checkpoint.data, proof->checkpoint.size);
}

enum ws_status ws_log_proof_check(const struct ws_log_proof *proof, struct ws_bytes entry,
                                  const struct ws_trust *trust, struct ws_arena *arena,
                                  struct ws_trusted_checkpoint *out, struct ws_error *err)
{
    struct ws_hash leaf;
    struct ws_trusted_checkpoint trusted;
    WS_TRY(ws_trust_check(trust, proof->checkpoint, arena, &trusted, err));
    ws_merkle_leaf(entry, &leaf);
    WS_TRY(ws_merkle_check_inclusion(proof->index, trusted.checkpoint.size, &leaf, &proof->way,
                                     &trusted.checkpoint.root, err));
    *out = trusted;
    return WS_OK;
}
