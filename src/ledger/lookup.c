#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/log_monitor.h"
#include "ledger/lookup_internal.h"
#include "ledger/pin.h"

/* Bytes of an opening's file: a text, and some 2,300 of the opening itself. */
enum { OPENING_LIMIT = WS_SHARD_TEXT_LIMIT + (1 << 13) };

/* Dates ---------------------------------------------------------------------------------------- */

static const struct ws_lookup_date *date_at(const struct ws_lookup *lookup, size_t i)
{
    return (const struct ws_lookup_date *)(const void *)lookup->dates.data + i;
}

/* The checkpoint that the search came to, once for all entries that it is the first of. */
static enum ws_status keep_date(struct ws_lookup *lookup, struct ws_error *err)
{
    const struct ws_log_dates *search = &lookup->search;
    const size_t count = lookup->dates.size / sizeof(struct ws_lookup_date);
    struct ws_lookup_date date = {{NULL, 0}, search->first};
    if (count > 0 &&
        date_at(lookup, count - 1)->trusted.checkpoint.size == search->first.checkpoint.size)
        return WS_OK;
    date.trusted.checkpoint.origin = lookup->head.checkpoint.origin; /* it is the same */
    if (search->note.size > 0)
        date.note = ws_bytes_of(ws_arena_copy(&lookup->arena, search->note.data, search->note.size),
                                search->note.size);
    if (search->note.size > 0 && !date.note.data)
        return ws_fail_memory(err, "the checkpoints of a log");
    ws_buffer_append(&lookup->dates, &date, sizeof date);
    return ws_buffer_check(&lookup->dates, "the checkpoints of a log", err);
}

const struct ws_lookup_date *ws_lookup_entry_date(const struct ws_lookup *lookup, uint64_t index)
{
    const struct ws_lookup_date *date = date_at(lookup, 0);
    while (date->trusted.checkpoint.size <= index)
        date++;
    return date;
}

/* The log -------------------------------------------------------------------------------------- */

static enum ws_status read_cited(void *lookup_, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct ws_lookup *lookup = lookup_;
    return ws_log_source_entry(&lookup->tree, index, arena, out, err);
}

static enum ws_status keep_entry(struct ws_lookup *lookup, const struct ws_claim *claim,
                                 struct ws_error *err)
{
    const struct ws_statement *s = &claim->statement;
    struct ws_hash *subjects = WS_ARENA_NEW(&lookup->arena, struct ws_hash, s->subject_count + 1);
    struct ws_lookup_entry entry = {.index = claim->index,
                                    .key = claim->key,
                                    .party = claim->party,
                                    .kind = s->kind,
                                    .subjects = subjects,
                                    .subject_count = s->subject_count};
    if (!subjects)
        return ws_fail_memory(err, "the statements of a log");
    for (size_t i = 0; i < s->subject_count; i++)
        subjects[i] = s->subjects[i].digest;
    if (s->kind == WS_STATEMENT_EMISSION) {
        entry.sources = s->emission.sources;
        entry.source_count = s->emission.source_count;
    } else if (s->kind == WS_STATEMENT_WITHDRAWAL) {
        entry.sources = &s->withdrawal.entry;
        entry.source_count = 1;
    } else if (s->kind == WS_STATEMENT_INDEX &&
               strcmp(s->index.log, lookup->head.checkpoint.origin) == 0) {
        entry.indexed = s->index.entries;
        entry.indexed_root = s->index.root;
    }
    if (entry.source_count > 0)
        entry.sources =
            ws_arena_copy(&lookup->arena, entry.sources, entry.source_count * sizeof(uint64_t));
    if (entry.source_count > 0 && !entry.sources)
        return ws_fail_memory(err, "the statements of a log");
    ws_buffer_append(&lookup->entries, &entry, sizeof entry);
    return ws_buffer_check(&lookup->entries, "the statements of a log", err);
}

static enum ws_status begin(void *lookup_, const struct ws_trusted_checkpoint *shown, uint64_t seen,
                            uint64_t *had, struct ws_error *err)
{
    struct ws_lookup *lookup = lookup_;
    const struct ws_frontier nothing = {.size = 0};
    (void)seen;
    (void)err;
    *had = 0;
    lookup->head = *shown;
    lookup->tree = (struct ws_log_source_tree){&lookup->source, shown->checkpoint};
    ws_log_dates_begin(&lookup->search, &lookup->source, &lookup->trust, shown, &nothing, 0);
    return WS_OK;
}

/* The look itself has searched for the date, and says when a kept checkpoint is a fork's; here its
 * note is wanted, too, for the proofs. */
static enum ws_status take_entry(void *lookup_, uint64_t index, uint64_t time,
                                 struct ws_bytes entry, struct ws_error *err)
{
    struct ws_lookup *lookup = lookup_;
    struct ws_claim claim;
    bool contradicts;
    (void)index;
    ws_arena_reset(&lookup->scratch);
    WS_TRY(ws_log_dates_next(&lookup->search, entry, &time, &contradicts, err));
    WS_TRY(keep_date(lookup, err));
    WS_TRY(ws_claims_read(&lookup->claims, entry, time, &lookup->scratch, &claim, err));
    return claim.standing == WS_CLAIM_COUNTS ? keep_entry(lookup, &claim, err) : WS_OK;
}

size_t ws_lookup_subject_count(const struct ws_lookup *lookup)
{
    size_t count = 0;
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++)
        count += ws_lookup_entry_at(lookup, i)->subject_count;
    return count;
}

static enum ws_status list_namings(struct ws_lookup *lookup, struct ws_error *err)
{
    struct ws_naming *namings =
        WS_ARENA_NEW(&lookup->arena, struct ws_naming, ws_lookup_subject_count(lookup) + 1);
    size_t count = 0;
    if (!namings)
        return ws_fail_memory(err, "the shards of a log");
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = ws_lookup_entry_at(lookup, i);
        struct ws_naming naming = {.entry = entry->index, .party = entry->party};
        if (!ws_lookup_entry_has_shards(entry))
            continue;
        naming.fate = ws_claims_fate(&lookup->claims, entry->index, entry->key, &naming.at);
        for (size_t s = 0; s < entry->subject_count; s++) {
            namings[count] = naming;
            namings[count++].digest = entry->subjects[s];
        }
    }
    ws_namings_settle(namings, count);
    lookup->namings = namings;
    lookup->naming_count = count;
    return WS_OK;
}

const struct ws_naming *ws_lookup_naming(const struct ws_lookup *lookup,
                                         const struct ws_hash *digest, uint64_t entry)
{
    return &lookup->namings[ws_namings_find(lookup->namings, lookup->naming_count, digest, entry)];
}

/* That it is not stale, and goes on from what was seen here before, where that is kept. */
static enum ws_status check_age(struct ws_lookup *lookup, const struct ws_lookup_request *request,
                                struct ws_error *err)
{
    const struct ws_pin_book book = {request->state, &lookup->trust, lookup->roles.max_age,
                                     request->now};
    struct ws_merkle_nodes nodes = ws_log_source_nodes(&lookup->tree);
    const struct ws_pin_prover prover = ws_pin_prover_of(&nodes);
    struct ws_pin_result result;
    return ws_pin_accept(&book, lookup->note, &prover, &lookup->arena, &result, err);
}

static enum ws_status read_log(struct ws_lookup *lookup, const struct ws_lookup_request *request,
                               struct ws_error *err)
{
    const struct ws_monitor_listener listener = {begin, take_entry, lookup};
    const struct ws_monitor monitor = {
        .source = &lookup->source, .trust = &lookup->trust, .listener = &listener};
    struct ws_monitor_look look;
    WS_TRY(ws_log_source_open(request->log, &lookup->source, err));
    WS_TRY(ws_claims_open(&lookup->claims, &lookup->roles,
                          (struct ws_claims_log){read_cited, lookup}, NULL, err));
    enum ws_status status = ws_monitor_look(&monitor, &lookup->arena, &look, err);
    if (status == WS_OK && look.verdict == WS_MONITOR_FORKED)
        status = ws_fail(err, WS_CORRUPT, "%s", ws_monitor_text(look.verdict));
    if (status == WS_OK) {
        lookup->note = look.note;
        status = check_age(lookup, request, err);
    }
    if (status == WS_OK)
        status = list_namings(lookup, err);
    if (status == WS_CORRUPT || status == WS_CONFLICT)
        ws_error_prefix(err, "the log '%.150s' is refused", request->log);
    return status;
}

/* What else is at hand ------------------------------------------------------------------------- */

/* The statement of the index, among those that count. */
static bool is_logged(const struct ws_lookup *lookup, const struct ws_hash *digest)
{
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = ws_lookup_entry_at(lookup, i);
        if (entry->kind == WS_STATEMENT_INDEX && entry->subject_count > 0 &&
            ws_hash_equal(&entry->subjects[0], digest))
            return true;
    }
    return false;
}

bool ws_lookup_entry_holds(const struct ws_lookup *lookup, const struct ws_lookup_entry *entry)
{
    uint64_t at;
    return ws_claims_fate(&lookup->claims, entry->index, entry->key, &at) == WS_CLAIM_HOLDS;
}

/* Whether the entry, a mirror's statement that holds, says what the index at hand says. */
static bool signs_index(const struct ws_lookup *lookup, const struct ws_lookup_entry *entry)
{
    const struct ws_checkpoint *log = &lookup->index.list.log;
    return entry->kind == WS_STATEMENT_INDEX && entry->indexed == log->size &&
           ws_hash_equal(&entry->indexed_root, &log->root) &&
           ws_hash_equal(&entry->subjects[0], &lookup->index.digest) &&
           ws_lookup_entry_holds(lookup, entry);
}

/* By the same count as whoever judges the evidence has: each party once. */
static enum ws_status count_signers(struct ws_lookup *lookup, struct ws_error *err)
{
    bool *has_signed = WS_ARENA_ZNEW(&lookup->arena, bool, lookup->roles.party_count + 1);
    uint64_t signers = 0;
    if (!has_signed)
        return ws_fail_memory(err, "the mirrors of an index");
    for (size_t i = 0; i < ws_lookup_entry_count(lookup); i++) {
        const struct ws_lookup_entry *entry = ws_lookup_entry_at(lookup, i);
        if (!signs_index(lookup, entry) || has_signed[entry->party])
            continue;
        has_signed[entry->party] = true;
        signers++;
    }
    lookup->is_index_believed = signers >= lookup->roles.index_quorum &&
                                ws_index_list_is_by(&lookup->index.list, &lookup->roles_digest);
    return WS_OK;
}

/* That the log of the index is the beginning of the one that is shown. */
static enum ws_status check_beginning(const struct ws_lookup *lookup,
                                      const struct ws_checkpoint *of, struct ws_error *err)
{
    const struct ws_checkpoint *shown = &lookup->head.checkpoint;
    const struct ws_merkle_nodes nodes = ws_log_source_nodes(&lookup->tree);
    struct ws_merkle_proof proof;
    if (strcmp(of->origin, shown->origin) != 0 || of->size > shown->size)
        return ws_fail(err, WS_CORRUPT,
                       "it is of %" PRIu64 " entries of '%.100s', and the log shows %" PRIu64
                       " of '%.100s'",
                       of->size, of->origin, shown->size, shown->origin);
    if (of->size == 0)
        return WS_OK;
    WS_TRY(ws_merkle_prove_consistency(&nodes, of->size, shown->size, &proof, err));
    return ws_merkle_check_consistency(of->size, &of->root, shown->size, &shown->root, &proof, err);
}

static enum ws_status open_index(struct ws_lookup *lookup, const char *path, struct ws_error *err)
{
    if (!path)
        return WS_OK;
    WS_TRY(ws_index_open(&lookup->index, path, &lookup->arena, err));
    lookup->has_index = true;
    if (!is_logged(lookup, &lookup->index.digest))
        return ws_fail(err, WS_INVALID,
                       "no statement of a mirror of the roles names the index '%.200s': whether it "
                       "leaves anything out says nobody",
                       path);
    const enum ws_status status = check_beginning(lookup, &lookup->index.list.log, err);
    if (status != WS_OK)
        ws_error_prefix(err, "the index '%.200s'", path);
    return status == WS_OK ? count_signers(lookup, err) : status;
}

/* What leads to no shard is kept out of bundles: whoever reads one would refuse it all. */
static bool is_opening(struct ws_bytes bytes, struct ws_shard_opening *out)
{
    struct ws_hash shard;
    return ws_shard_opening_read(bytes, out, NULL) == WS_OK &&
           ws_hash_of(out->head_bytes, &shard, NULL) == WS_OK &&
           ws_shard_opening_check(out, &shard, NULL) == WS_OK;
}

static enum ws_status read_opening(struct ws_lookup *lookup, const char *path, struct ws_error *err)
{
    struct ws_bytes bytes;
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return WS_OK; /* something else, or gone by now */
    const enum ws_status status = ws_file_read(path, OPENING_LIMIT, &lookup->arena, &bytes, err);
    if (status == WS_LIMIT)
        return WS_OK; /* something else */
    WS_TRY(status);
    lookup->opening_count += is_opening(bytes, &lookup->openings[lookup->opening_count]);
    return WS_OK;
}

static enum ws_status list_openings(struct ws_lookup *lookup, const char *directory,
                                    struct ws_error *err)
{
    struct ws_names names;
    WS_TRY(ws_directory_list(directory, &lookup->arena, &names, err));
    lookup->openings = WS_ARENA_NEW(&lookup->arena, struct ws_shard_opening, names.count + 1);
    if (!lookup->openings)
        return ws_fail_memory(err, "openings");
    for (size_t i = 0; i < names.count; i++) {
        const char *path = ws_arena_format(&lookup->arena, "%s/%s", directory, names.items[i]);
        if (!path)
            return ws_fail_memory(err, "openings");
        WS_TRY(read_opening(lookup, path, err));
    }
    return WS_OK;
}

static enum ws_status read_openings(struct ws_lookup *lookup, const char *directory,
                                    struct ws_error *err)
{
    if (!directory)
        return WS_OK;
    WS_TRY(list_openings(lookup, directory, err));
    return ws_shown_read(lookup->openings, lookup->opening_count, NULL, &lookup->keys,
                         &lookup->arena, &lookup->shown, err);
}

enum ws_status ws_lookup_read_trust(const char *policy, const char *roles, struct ws_arena *arena,
                                    struct ws_trust *trust, struct ws_roles *out_roles,
                                    struct ws_hash *policy_digest, struct ws_hash *roles_digest,
                                    struct ws_error *err)
{
    struct ws_bytes text;
    WS_TRY(ws_file_read(policy, WS_TRUST_LIMIT, arena, &text, err));
    WS_TRY(ws_hash_of(text, policy_digest, err));
    WS_TRY(ws_trust_read(text, policy, arena, trust, err));
    WS_TRY(ws_file_read(roles, WS_TRUST_LIMIT, arena, &text, err));
    WS_TRY(ws_hash_of(text, roles_digest, err));
    return ws_roles_read(text, roles, trust, arena, out_roles, err);
}

enum ws_status ws_lookup_open(struct ws_lookup *lookup, const struct ws_lookup_request *request,
                              struct ws_error *err)
{
    *lookup = (struct ws_lookup){.has_index = false};
    ws_arena_init(&lookup->arena, NULL);
    ws_arena_init(&lookup->scratch, NULL);
    ws_buffer_init(&lookup->dates, NULL, SIZE_MAX);
    ws_buffer_init(&lookup->entries, NULL, SIZE_MAX);
    WS_TRY(ws_lookup_read_trust(request->policy, request->roles, &lookup->arena, &lookup->trust,
                                &lookup->roles, &lookup->policy_digest, &lookup->roles_digest,
                                err));
    WS_TRY(ws_shard_keys_load(request->keys, &lookup->arena, &lookup->keys, err));
    WS_TRY(read_log(lookup, request, err));
    WS_TRY(open_index(lookup, request->index, err));
    WS_TRY(read_openings(lookup, request->openings, err));
    return request->shards
               ? ws_shard_shelf_open(&lookup->shelf, request->shards, &lookup->arena, err)
               : WS_OK;
}

void ws_lookup_close(struct ws_lookup *lookup)
{
    ws_shard_shelf_close(&lookup->shelf);
    if (lookup->has_index)
        ws_index_close(&lookup->index);
    ws_claims_close(&lookup->claims);
    ws_log_dates_close(&lookup->search);
    ws_log_source_close(&lookup->source);
    ws_roles_close(&lookup->roles);
    ws_trust_close(&lookup->trust);
    ws_buffer_release(&lookup->dates);
    ws_buffer_release(&lookup->entries);
    ws_arena_release(&lookup->scratch);
    ws_arena_release(&lookup->arena);
}

/* Since then ----------------------------------------------------------------------------------- */

static const struct ws_lookup_entry *find_entry(const struct ws_lookup *lookup, uint64_t index)
{
    size_t low = 0, high = ws_lookup_entry_count(lookup);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ws_lookup_entry_at(lookup, middle)->index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ws_lookup_entry_count(lookup) && ws_lookup_entry_at(lookup, low)->index == index
               ? ws_lookup_entry_at(lookup, low)
               : NULL;
}

const char *ws_later_word(enum ws_later_fate fate)
{
    static const char *const words[] = {
#define X(name, word) word,
        WS_LATER_MAP(X)
#undef X
    };
    return words[fate];
}

/* Whether the claim does not stand any more by itself. */
static bool is_over(const struct ws_lookup *lookup, const struct ws_finding *finding,
                    struct ws_lookup_later *later)
{
    const struct ws_lookup_entry *entry =
        find_entry(lookup, finding->claims[later->claim].claim.index);
    const enum ws_claim_fate fate =
        entry ? ws_claims_fate(&lookup->claims, entry->index, entry->key, &later->at)
              : WS_CLAIM_HOLDS;
    later->fate = !entry                       ? WS_LATER_VOID
                  : fate == WS_CLAIM_WITHDRAWN ? WS_LATER_WITHDRAWN
                                               : WS_LATER_REVOKED;
    return !entry || fate != WS_CLAIM_HOLDS;
}

/* False where it is with the shard as the evidence has it. Claims stand together, and one that does
 * not stand by itself is told once. */
static bool is_otherwise(const struct ws_lookup *lookup, const struct ws_finding *finding,
                         const struct ws_finding_shard *shard, const struct ws_lookup_later *last,
                         struct ws_lookup_later *out)
{
    const uint64_t entry = finding->claims[shard->claim].claim.index;
    const struct ws_hash *digest =
        &ws_finding_shard_subject(finding, shard->claim, shard->subject)->digest;
    *out = (struct ws_lookup_later){.claim = shard->claim, .subject = shard->subject};
    if (is_over(lookup, finding, out))
        return shard->fate == WS_CLAIM_HOLDS &&
               !(last && last->claim == out->claim && last->fate == out->fate);
    const struct ws_naming *naming = ws_lookup_naming(lookup, digest, entry);
    out->fate = naming->fate == WS_CLAIM_HOLDS ? WS_LATER_HOLDS : WS_LATER_SHARD;
    out->at = naming->at;
    return (shard->fate == WS_CLAIM_HOLDS) != (naming->fate == WS_CLAIM_HOLDS);
}

enum ws_status ws_lookup_follow(const struct ws_lookup *lookup, const struct ws_finding *finding,
                                struct ws_arena *arena, struct ws_lookup_later **out, size_t *count,
                                struct ws_error *err)
{
    const enum ws_status status = check_beginning(lookup, &finding->head.checkpoint, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "the log does not go on from what the bundle is of");
        return status;
    }
    *count = 0;
    *out = WS_ARENA_NEW(arena, struct ws_lookup_later,
                        finding->shard_count + finding->signer_count + 1);
    if (!*out)
        return ws_fail_memory(err, "what was taken back");
    for (size_t i = 0; i < finding->shard_count; i++)
        *count += is_otherwise(lookup, finding, &finding->shards[i],
                               *count > 0 ? *out + *count - 1 : NULL, *out + *count);
    for (size_t i = 0; i < finding->signer_count; i++) {
        struct ws_lookup_later later = {.claim = finding->signers[i]};
        if (is_over(lookup, finding, &later))
            (*out)[(*count)++] = later;
    }
    return WS_OK;
}

/* Whole documents ------------------------------------------------------------------------------ */

/* Counts the keys of every document of a shard. */
static enum ws_status count_keys(const struct ws_shard *shard, struct ws_arena *arena,
                                 uint32_t **out, struct ws_error *err)
{
    uint32_t *counts = WS_ARENA_ZNEW(arena, uint32_t, shard->head.documents + 1);
    if (!counts)
        return ws_fail_memory(err, "the documents of a shard");
    for (uint64_t i = 0; i < UINT64_C(1) << shard->head.range.bits; i++) {
        struct ws_range_tile tile;
        struct ws_bytes bytes;
        WS_TRY(ws_range_file_tile(&shard->tiles, (uint32_t)i, &bytes, &tile, err));
        for (uint32_t p = 0; p < tile.count; p++) {
            const uint32_t number = ws_range_tile_number(&tile, p);
            if (number < shard->head.documents)
                counts[number]++;
        }
    }
    *out = counts;
    return WS_OK;
}

/* The copy of a shard of which every byte is what its head says; NULL where there is none. Each is
 * read through once. */
static const struct ws_shard *whole_shard(const struct ws_lookup *lookup,
                                          const struct ws_hash *digest)
{
    struct ws_shard_place *place = ws_shard_shelf_find(&lookup->shelf, digest);
    for (; place; place = ws_shard_shelf_next(&lookup->shelf, place)) {
        if (place->state != WS_INDEX_LIVE)
            continue;
        if (place->tiles == WS_TILES_UNREAD)
            place->tiles = ws_range_file_verify(&place->shard.tiles, place->shard.head.documents,
                                                NULL) == WS_OK
                               ? WS_TILES_WHOLE
                               : WS_TILES_SPOILT;
        if (place->tiles == WS_TILES_WHOLE)
            return &place->shard;
    }
    return NULL;
}

enum ws_status ws_lookup_measure(const struct ws_lookup *lookup, const struct ws_finding *finding,
                                 struct ws_arena *arena, uint64_t **sizes, struct ws_error *err)
{
    const struct ws_verdict *verdict = &finding->verdict;
    const struct ws_shard *counted = NULL;
    uint32_t *counts = NULL;
    uint64_t *all = WS_ARENA_ZNEW(arena, uint64_t, verdict->match_count + 1);
    if (!all)
        return ws_fail_memory(err, "the documents that match");
    /* Matches of one shard stand together. */
    for (size_t i = 0; i < verdict->match_count; i++) {
        const struct ws_verdict_match *match = &verdict->matches[i];
        const struct ws_statement_subject *subject =
            ws_finding_shard_subject(finding, match->claim, ws_finding_subject(match->document));
        const struct ws_shard *shard = whole_shard(lookup, &subject->digest);
        if (!shard)
            continue;
        if (shard != counted)
            WS_TRY(count_keys(shard, arena, &counts, err));
        counted = shard;
        const uint32_t number = ws_finding_number(match->document);
        all[i] = number < shard->head.documents ? counts[number] : 0;
    }
    *sizes = all;
    return WS_OK;
}
