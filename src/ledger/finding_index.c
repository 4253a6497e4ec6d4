/*
 * What an index says of what is looked up: whether it counts, which shards its mirrors verified,
 * and whether it proves that nothing was left out.
 */
#include <stdlib.h>

#include "ledger/finding_internal.h"
#include "ledger/naming.h"

static bool is_of_index(const struct ws_finding_claim *claim)
{
    return claim->claim.standing == WS_CLAIM_COUNTS && claim->fate == WS_CLAIM_HOLDS &&
           claim->claim.statement.kind == WS_STATEMENT_INDEX;
}

static bool names_index(const struct ws_finding_claim *claim, const struct ws_hash *digest)
{
    return is_of_index(claim) && ws_hash_equal(&claim->claim.statement.subjects[0].digest, digest);
}

static bool is_named(const struct ws_finding_making *in, const struct ws_hash *digest)
{
    for (size_t i = 0; i < in->out->claim_count; i++)
        if (names_index(&in->out->claims[i], digest))
            return true;
    return false;
}

/* Of the party one claim is there already. */
static bool has_signed(const struct ws_finding *out, size_t party)
{
    for (size_t i = 0; i < out->signer_count; i++)
        if (out->claims[out->signers[i]].claim.party == party)
            return true;
    return false;
}

/* Whoever shows an old index keeps back what was logged since: its mirror may have signed a newer
 * one. */
static void find_newest(struct ws_finding_making *in)
{
    struct ws_finding *out = in->out;
    uint64_t most = in->list.log.size;
    for (size_t i = 0; i < out->claim_count; i++) {
        const struct ws_index_statement *said = &out->claims[i].claim.statement.index;
        if (!is_of_index(&out->claims[i]) || said->entries <= most ||
            strcmp(said->log, in->list.log.origin) != 0)
            continue;
        out->newest = i;
        most = said->entries;
    }
}

/* What each mirror says of the entries that the list is of: this index, or another. */
static enum ws_status hear_mirrors(struct ws_finding_making *in, const struct ws_hash *digest,
                                   struct ws_error *why)
{
    struct ws_finding *out = in->out;
    out->signers = WS_ARENA_NEW(in->arena, size_t, out->claim_count);
    out->dissenters = WS_ARENA_NEW(in->arena, size_t, out->claim_count);
    if (!out->signers || !out->dissenters)
        return ws_fail_memory(why, "the mirrors of an index");
    for (size_t i = 0; i < out->claim_count; i++) {
        const struct ws_finding_claim *claim = &out->claims[i];
        const struct ws_index_statement *said = &claim->claim.statement.index;
        if (!is_of_index(claim) || said->entries != in->list.log.size ||
            strcmp(said->log, in->list.log.origin) != 0)
            continue;
        if (!names_index(claim, digest) || !ws_hash_equal(&said->root, &in->list.log.root))
            out->dissenters[out->dissenter_count++] = i;
        else if (!has_signed(out, claim->claim.party))
            out->signers[out->signer_count++] = i;
    }
    return out->signer_count > 0
               ? WS_OK
               : ws_fail(why, WS_CORRUPT, "the list is of something else than statements say");
}

static int compare_digests(const void *a_, const void *b_)
{
    const struct ws_verified_shard *a = a_, *b = b_;
    return memcmp(a->digest.bytes, b->digest.bytes, WS_HASH_SIZE);
}

static enum ws_status list_verified(struct ws_finding_making *in)
{
    const size_t count = in->list.shard_count;
    in->live = WS_ARENA_NEW(in->arena, const struct ws_index_shard *, count + 1);
    in->verified = WS_ARENA_NEW(in->arena, struct ws_verified_shard, count + 1);
    in->is_covered = WS_ARENA_ZNEW(in->arena, bool, count + 1);
    if (!in->live || !in->verified || !in->is_covered)
        return ws_fail_memory(in->err, "an index's list");
    for (size_t i = 0; i < count; i++) {
        const struct ws_index_shard *line = &in->list.shards[i];
        const bool is_live = line->state == WS_INDEX_LIVE;
        if (is_live || line->state == WS_INDEX_KEYED)
            in->verified[in->verified_count++] = (struct ws_verified_shard){
                line->digest, is_live ? in->live_count : WS_INDEX_NOT_LIVE};
        if (is_live)
            in->live[in->live_count++] = line;
    }
    qsort(in->verified, in->verified_count, sizeof *in->verified, compare_digests);
    return WS_OK;
}

/* Each fingerprint is looked up in the index once, and not for each shard. */
static enum ws_status ask_index(struct ws_finding_making *in)
{
    const size_t count = in->evidence->query.mark_count;
    in->answers = WS_ARENA_NEW(in->arena, struct ws_index_answer, count + 1);
    if (!in->answers)
        return ws_fail_memory(in->err, "an index");
    for (size_t i = 0; i < count; i += ws_finding_equal_marks(&in->marks, i)) {
        struct ws_index_answer *answer = &in->answers[i];
        const uint64_t value = ws_ordered_mark(&in->marks, i);
        *answer = (struct ws_index_answer){.tile = ws_finding_tile(&in->index, value)};
        if (answer->tile)
            answer->count = ws_range_tile_find(answer->tile, value, &answer->first);
    }
    return WS_OK;
}

/* The list, and every tile, is what a mirror signed. */
static enum ws_status check_index(struct ws_finding_making *in, const struct ws_hash *digest,
                                  struct ws_error *why)
{
    const struct ws_evidence_index *index = &in->evidence->index;
    struct ws_hash hash;
    WS_TRY(ws_hash_of(index->list, &hash, why));
    if (!ws_hash_equal(&hash, &index->head.list))
        return ws_fail(why, WS_CORRUPT, "the list is not the head's");
    WS_TRY(ws_index_list_read(index->list, in->arena, &in->list, why));
    if (strcmp(in->list.log.origin, in->out->head.checkpoint.origin) != 0 ||
        in->list.log.size != index->head.entries ||
        strcmp(in->list.scheme, in->evidence->scheme) != 0)
        return ws_fail(why, WS_CORRUPT, "the list is of something else than the head says");
    WS_TRY(ws_finding_check_tiles(in, &index->head.range, &index->tiles, &in->index, why));
    WS_TRY(list_verified(in));
    WS_TRY(ask_index(in));
    find_newest(in);
    return hear_mirrors(in, digest, why);
}

enum ws_status ws_finding_read_index(struct ws_finding_making *in)
{
    struct ws_error why;
    struct ws_hash digest;
    struct ws_finding *out = in->out;
    out->coverage = WS_COVERAGE_NO_INDEX;
    if (!in->evidence->has_index)
        return WS_OK;
    WS_TRY(ws_hash_of(in->evidence->index.head_bytes, &digest, in->err));
    out->coverage = WS_COVERAGE_UNSIGNED;
    if (!is_named(in, &digest))
        return WS_OK;
    const enum ws_status status = check_index(in, &digest, &why);
    out->refused += status != WS_OK;
    out->index_entries = in->evidence->index.head.entries;
    if (status != WS_OK)
        out->coverage = WS_COVERAGE_DAMAGED;
    else if (out->signer_count < out->index_quorum)
        out->coverage = WS_COVERAGE_FEW_SIGNED;
    else if (!ws_index_list_is_by(&in->list, &in->reader->roles_digest))
        out->coverage = WS_COVERAGE_OTHER_ROLES;
    else
        out->coverage = WS_COVERAGE_COMPLETE;
    return status == WS_NO_MEMORY ? ws_fail_memory(in->err, "an index") : WS_OK;
}

static bool is_index_sound(const struct ws_finding_making *in)
{
    return in->out->coverage == WS_COVERAGE_COMPLETE;
}

/* What the index says of a shard that its mirror verified; NULL where it does not, or is not sound.
 */
static const struct ws_verified_shard *find_verified(const struct ws_finding_making *in,
                                                     const struct ws_hash *shard)
{
    const struct ws_verified_shard wanted = {.digest = *shard};
    return is_index_sound(in)
               ? bsearch(&wanted, in->verified, in->verified_count, sizeof wanted, compare_digests)
               : NULL;
}

size_t ws_finding_live_number(const struct ws_finding_making *in, const struct ws_hash *shard)
{
    const struct ws_verified_shard *found = find_verified(in, shard);
    return found ? found->number : WS_INDEX_NOT_LIVE;
}

bool ws_finding_index_lacks(const struct ws_finding_making *in, size_t live, size_t place)
{
    if (live == WS_INDEX_NOT_LIVE)
        return false;
    const struct ws_index_answer *answer = &in->answers[place];
    for (uint32_t i = 0; i < answer->count; i++)
        if (ws_range_tile_number(answer->tile, answer->first + i) == live)
            return false;
    return answer->tile != NULL;
}

/* The line of the list on a subject of an entry; NULL where there is none. */
static const struct ws_index_shard *find_line(const struct ws_finding_making *in, uint64_t entry,
                                              uint32_t subject)
{
    size_t low = 0, high = in->list.shard_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct ws_index_shard *line = &in->list.shards[middle];
        if (line->entry < entry || (line->entry == entry && line->subject < subject))
            low = middle + 1;
        else
            high = middle;
    }
    const struct ws_index_shard *line = &in->list.shards[low];
    return low < in->list.shard_count && line->entry == entry && line->subject == subject ? line
                                                                                          : NULL;
}

/* Whether the claim is in the entries that the index is of. */
static bool is_of_index_entries(const struct ws_finding_making *in,
                                const struct ws_finding_shard *shard)
{
    return in->out->claims[shard->claim].claim.index < in->list.log.size;
}

const char *ws_finding_unverified(const struct ws_finding_making *in,
                                  const struct ws_finding_shard *shard)
{
    static const char *const said[WS_INDEX_STATES] = {
        [WS_INDEX_UNAVAILABLE] = "the index says that its mirror could not get it",
        [WS_INDEX_DAMAGED] = "the index says that what its mirror got is not what it may be",
        [WS_INDEX_FOREIGN] = "the index says that it has another scheme of fingerprints",
        [WS_INDEX_WITHDRAWN] = "the index says that it was withdrawn",
        [WS_INDEX_UNFOUNDED] = "the index says that its statement does not count",
    };
    if (!is_index_sound(in))
        return NULL;
    const struct ws_hash *digest =
        &ws_finding_shard_subject(in->out, shard->claim, shard->subject)->digest;
    const struct ws_index_shard *line =
        find_line(in, in->out->claims[shard->claim].claim.index, shard->subject);
    /* Whether its key still spoke could be left out, and no list has the statement. */
    if (!is_of_index_entries(in, shard))
        return "it was named behind the entries that the index is of";
    if (line && !ws_hash_equal(&line->digest, digest))
        return "the index has another shard in its place";
    if (line && said[line->state])
        return said[line->state];
    return find_verified(in, digest) ? NULL : "no mirror has verified it: the index lacks it";
}

/* Whether anything was left out ---------------------------------------------------------------- */

/* Every claim of this shard was searched, of those that the index is of and that held then, and
 * there is at least one. What was taken back since is in the index all the same. */
static bool is_searched(const struct ws_finding_making *in, const struct ws_hash *digest)
{
    const struct ws_finding *out = in->out;
    bool is_there = false;
    for (size_t i = 0; i < out->shard_count; i++) {
        const struct ws_finding_shard *shard = &out->shards[i];
        if (!is_of_index_entries(in, shard) ||
            !ws_hash_equal(ws_finding_shard_digest(out, shard), digest))
            continue;
        is_there = true;
        if (shard->state != WS_SEARCHED_WHOLE && shard->fate_then == WS_CLAIM_HOLDS)
            return false;
    }
    return is_there;
}

static bool counts(const struct ws_finding_making *in, uint64_t entry)
{
    const struct ws_log_proof *proof = ws_finding_entry(in->evidence, entry);
    return proof &&
           in->out->claims[proof - in->evidence->entries].claim.standing == WS_CLAIM_COUNTS;
}

/* A line of a shard that is not in the index leaves nothing out where the reader would not count
 * it, either: his roles are those of the list. */
static bool leaves_nothing_out(const struct ws_finding_making *in,
                               const struct ws_index_shard *line)
{
    switch (line->state) {
    case WS_INDEX_LIVE:
        return true;
    case WS_INDEX_REPEATED:
        return ws_finding_live_number(in, &line->digest) != WS_INDEX_NOT_LIVE;
    case WS_INDEX_KEYED:
        return is_searched(in, &line->digest) && counts(in, line->entry);
    case WS_INDEX_WITHDRAWN:
    case WS_INDEX_UNFOUNDED:
        return true;
    case WS_INDEX_UNAVAILABLE:
    case WS_INDEX_DAMAGED:
    case WS_INDEX_FOREIGN:
    case WS_INDEX_STATES:
        break;
    }
    return false;
}

/* A claim that held then, of which the index should have the shard, and has it not: the mirror
 * could not get it, did not want to have it, or knows of a withdrawal that is not there. */
static bool is_missed(const struct ws_finding_making *in, const struct ws_finding_shard *shard)
{
    return is_of_index_entries(in, shard) && shard->fate_then == WS_CLAIM_HOLDS &&
           ws_finding_unverified(in, shard);
}

/* What was withdrawn by then, and where, is no other than the mirror says: it read every entry, and
 * who gathered the evidence can have left out what a shard's fate hangs on. */
static bool is_contradicted(const struct ws_finding_making *in,
                            const struct ws_finding_shard *shard)
{
    const struct ws_index_shard *line =
        is_of_index_entries(in, shard)
            ? find_line(in, in->out->claims[shard->claim].claim.index, shard->subject)
            : NULL;
    if (!line || line->state == WS_INDEX_UNFOUNDED)
        return false;
    return shard->fate_then == WS_CLAIM_HOLDS
               ? line->state == WS_INDEX_WITHDRAWN
               : line->state != WS_INDEX_WITHDRAWN || line->withdrawn_at != shard->withdrawn_then;
}

static void doubt(struct ws_finding_making *in, enum ws_coverage why, uint64_t entry)
{
    in->out->coverage = why;
    in->out->doubted_entry = entry;
}

/* The statements that are here against the list. */
static void judge_claims(struct ws_finding_making *in)
{
    struct ws_finding *out = in->out;
    for (size_t i = 0; i < out->shard_count && is_index_sound(in); i++) {
        const struct ws_finding_shard *shard = &out->shards[i];
        const uint64_t entry = out->claims[shard->claim].claim.index;
        if (is_contradicted(in, shard))
            doubt(in, WS_COVERAGE_CONTRADICTED, entry);
        else if (is_missed(in, shard))
            doubt(in, WS_COVERAGE_LEFT_OUT, entry);
    }
}

/* Every statement that the list has of a shard is there and counts, also those that name it again.
 * The mirror counted it: where it does not count here, what it rests on may have been left out, the
 * change that brought its key in for one. */
static bool is_heard(const struct ws_finding_making *in, const struct ws_hash *digest)
{
    for (size_t i = 0; i < in->list.shard_count; i++) {
        const struct ws_index_shard *line = &in->list.shards[i];
        if ((line->state == WS_INDEX_LIVE || line->state == WS_INDEX_REPEATED) &&
            ws_hash_equal(&line->digest, digest) && !counts(in, line->entry))
            return false;
    }
    return true;
}

/* What the index says of the fingerprint at this place of the order was searched, too. */
static enum ws_coverage cover_value(const struct ws_finding_making *in, size_t place)
{
    const struct ws_index_answer *answer = &in->answers[place];
    if (!answer->tile)
        return WS_COVERAGE_PARTLY;
    for (uint32_t i = 0; i < answer->count; i++) {
        const uint32_t number = ws_range_tile_number(answer->tile, answer->first + i);
        if (number >= in->live_count)
            return WS_COVERAGE_NOT_FOUND;
        const struct ws_hash *digest = &in->live[number]->digest;
        if (!in->is_covered[number] && (!is_searched(in, digest) || !is_heard(in, digest)))
            return WS_COVERAGE_NOT_FOUND;
        in->is_covered[number] = true;
    }
    return WS_COVERAGE_COMPLETE;
}

void ws_finding_judge_coverage(struct ws_finding_making *in)
{
    struct ws_finding *out = in->out;
    if (!is_index_sound(in))
        return;
    if (in->evidence->query.mark_count == 0)
        out->coverage = WS_COVERAGE_NO_MARKS;
    if (in->is_index_refuted)
        out->coverage = WS_COVERAGE_REFUTED;
    for (size_t i = 0; i < in->list.shard_count && is_index_sound(in); i++)
        if (!leaves_nothing_out(in, &in->list.shards[i]))
            doubt(in, WS_COVERAGE_LEFT_OUT, in->list.shards[i].entry);
    judge_claims(in);
    for (size_t i = 0; i < in->evidence->query.mark_count && is_index_sound(in);
         i += ws_finding_equal_marks(&in->marks, i))
        out->coverage = cover_value(in, i);
}
