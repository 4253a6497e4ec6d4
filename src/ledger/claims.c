#include "ledger/claims.h"

#include <string.h>

static const char *const texts[WS_CLAIM_STANDINGS] = {
#define X(name, text) text,
    WS_CLAIM_MAP(X)
#undef X
};

const char *ws_claim_text(enum ws_claim_standing standing)
{
    return texts[standing];
}

/* Keys ----------------------------------------------------------------------------------------- */

/* Whether the key speaks for its party in entry `index`: it does so, and so did each that brought
 * the next one in. */
static bool speaks(const struct ws_claims *claims, size_t key, uint64_t index)
{
    const struct ws_claims_key *it = &claims->keys[key];
    while (index >= it->from && index < it->until) {
        if (it->introducer == WS_CLAIMS_NO_KEY)
            return true;
        index = it->from;
        it = &claims->keys[it->introducer];
    }
    return false;
}

static size_t find_key(const struct ws_claims *claims, const char *text)
{
    size_t i = 0;
    while (i < claims->key_count && strcmp(claims->keys[i].text, text) != 0)
        i++;
    return i < claims->key_count ? i : WS_CLAIMS_NO_KEY;
}

/* The key with this "<name>+<id>", with which keys are printed, too. */
static size_t find_named(const struct ws_claims *claims, const char *id)
{
    size_t size = strlen(id), i = 0;
    while (i < claims->key_count && (size == 0 || strncmp(claims->keys[i].text, id, size) != 0 ||
                                     claims->keys[i].text[size] != '+'))
        i++;
    return i < claims->key_count ? i : WS_CLAIMS_NO_KEY;
}

static bool is_among(size_t key, const size_t keys[], size_t count)
{
    size_t i = 0;
    while (i < count && keys[i] != key)
        i++;
    return i < count;
}

/* Room for one more of `count` things; what was there lies in the arena until the end, which is as
 * much again at most. */
static void *grown(struct ws_arena *arena, void *items, size_t count, size_t size, size_t *room)
{
    if (count < *room)
        return items;
    void *more = ws_arena_alloc(arena, 2 * count + 16, size);
    if (more && count > 0)
        memcpy(more, items, count * size);
    if (more)
        *room = 2 * count + 16;
    return more;
}

static enum ws_status make_room_for_key(struct ws_claims *claims, struct ws_error *err)
{
    struct ws_claims_key *keys =
        grown(&claims->arena, claims->keys, claims->key_count, sizeof *keys, &claims->key_room);
    if (!keys)
        return ws_fail_memory(err, "the keys of a log");
    claims->keys = keys;
    return WS_OK;
}

static enum ws_status print_key(const struct ws_note_key *key, struct ws_arena *arena,
                                const char **out, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, arena->allocator, WS_STATEMENT_TEXT_LIMIT);
    ws_note_key_append(&text, key);
    enum ws_status status = ws_buffer_check(&text, "a key", err);
    if (status == WS_OK) {
        *out = ws_arena_text(arena, ws_buffer_string(&text));
        status = *out ? WS_OK : ws_fail_memory(err, "a key");
    }
    ws_buffer_release(&text);
    return status;
}

static enum ws_status open_keys(struct ws_claims *claims, struct ws_error *err)
{
    for (size_t i = 0; i < claims->roles->key_count; i++) {
        const struct ws_party_key *key = &claims->roles->keys[i];
        const char *text;
        WS_TRY(make_room_for_key(claims, err));
        WS_TRY(print_key(&key->key, &claims->arena, &text, err));
        claims->keys[claims->key_count++] = (struct ws_claims_key){
            .text = text,
            .key = key->key,
            .party = key->party,
            .is_root = key->is_root,
            .introducer = WS_CLAIMS_NO_KEY,
            .until = UINT64_MAX,
        };
    }
    return WS_OK;
}

enum ws_status ws_claims_open(struct ws_claims *claims, const struct ws_roles *roles,
                              struct ws_claims_log log, const struct ws_allocator *allocator,
                              struct ws_error *err)
{
    *claims = (struct ws_claims){.roles = roles, .log = log};
    ws_arena_init(&claims->arena, allocator);
    return open_keys(claims, err);
}

/* The keys of the roles are the roles' own. */
void ws_claims_close(struct ws_claims *claims)
{
    for (size_t i = 0; i < claims->key_count; i++)
        if (claims->keys[i].introducer != WS_CLAIMS_NO_KEY)
            ws_note_key_close(&claims->keys[i].key);
    claims->key_count = claims->withdrawal_count = 0;
    ws_arena_release(&claims->arena);
}

/* Fate ----------------------------------------------------------------------------------------- */

/* The first withdrawal of this entry, or of one behind it. */
static size_t find_withdrawal(const struct ws_claims *claims, uint64_t entry)
{
    size_t low = 0, high = claims->withdrawal_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (claims->withdrawals[middle].entry < entry)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum ws_claim_fate ws_claims_fate(const struct ws_claims *claims, uint64_t index, size_t key,
                                  uint64_t *at)
{
    if (!speaks(claims, key, index))
        return WS_CLAIM_REVOKED;
    for (size_t i = find_withdrawal(claims, index);
         i < claims->withdrawal_count && claims->withdrawals[i].entry == index; i++)
        if (speaks(claims, claims->withdrawals[i].key, claims->withdrawals[i].at)) {
            *at = claims->withdrawals[i].at;
            return WS_CLAIM_WITHDRAWN;
        }
    return WS_CLAIM_HOLDS;
}

/* Of itself ------------------------------------------------------------------------------------ */

/* What an entry is in, while it is read. */
struct reading {
    const struct ws_claims *claims;
    struct ws_arena *arena;
    struct ws_error *err;
};

/* What is no failure of ours is a fault of the entry. */
static enum ws_status take_fault(enum ws_status status, enum ws_claim_standing fault,
                                 struct ws_claim *claim)
{
    if (status == WS_OK || status == WS_NO_MEMORY)
        return status;
    claim->standing = fault;
    return WS_OK;
}

/* The first signer that speaks in this entry. */
static enum ws_status find_signer(struct reading *in, const struct ws_envelope *envelope,
                                  struct ws_claim *claim)
{
    const struct ws_note_key *keys[WS_ENVELOPE_SIGNATURE_LIMIT];
    size_t known[WS_ENVELOPE_SIGNATURE_LIMIT], count = 0;
    bool signed_by[WS_ENVELOPE_SIGNATURE_LIMIT];
    for (size_t s = 0; s < envelope->signature_count; s++) {
        size_t key = find_named(in->claims, envelope->signatures[s].key_id);
        if (key == WS_CLAIMS_NO_KEY || is_among(key, known, count))
            continue;
        keys[count] = &in->claims->keys[key].key;
        known[count++] = key;
    }
    claim->standing = WS_CLAIM_UNKNOWN;
    if (count == 0)
        return WS_OK;
    claim->standing = WS_CLAIM_UNTIMELY;
    claim->is_of_party = true;
    claim->key = known[0];
    claim->party = in->claims->keys[known[0]].party;
    WS_TRY(take_fault(ws_envelope_check(envelope, keys, count, in->arena, signed_by, in->err),
                      WS_CLAIM_FORGED, claim));
    for (size_t i = 0; i < count && claim->standing == WS_CLAIM_UNTIMELY; i++)
        if (signed_by[i] && speaks(in->claims, known[i], claim->index)) {
            claim->standing = WS_CLAIM_COUNTS;
            claim->key = known[i];
            claim->party = in->claims->keys[known[i]].party;
        }
    return WS_OK;
}

static bool is_in_role(const struct ws_claims *claims, const struct ws_claim *claim)
{
    const struct ws_statement *s = &claim->statement;
    if (claims->keys[claim->key].is_root)
        return s->kind == WS_STATEMENT_KEY_CHANGE;
    if (s->kind == WS_STATEMENT_EMISSION)
        return ws_roles_allow(claims->roles, claim->party, WS_ROLE_ISSUER, s->emission.model);
    if (s->kind == WS_STATEMENT_ARCHIVE)
        return ws_roles_allow(claims->roles, claim->party, WS_ROLE_ARCHIVE, s->archive.collection);
    if (s->kind == WS_STATEMENT_INDEX)
        return ws_roles_mirror(claims->roles, claim->party);
    return true;
}

/* What the entry is by itself: whatever it cites, and whenever it was logged. */
static enum ws_status read_alone(struct reading *in, struct ws_bytes entry, uint64_t index,
                                 struct ws_claim *out)
{
    struct ws_envelope envelope;
    *out = (struct ws_claim){.standing = WS_CLAIM_COUNTS, .index = index};
    WS_TRY(
        take_fault(ws_envelope_read(entry, in->arena, &envelope, in->err), WS_CLAIM_FOREIGN, out));
    if (out->standing == WS_CLAIM_COUNTS &&
        strcmp(envelope.payload_type, WS_STATEMENT_PAYLOAD_TYPE) != 0)
        out->standing = WS_CLAIM_FOREIGN;
    if (out->standing == WS_CLAIM_COUNTS)
        WS_TRY(find_signer(in, &envelope, out));
    if (out->standing == WS_CLAIM_COUNTS) {
        enum ws_status status =
            ws_statement_read(envelope.payload, index, in->arena, &out->statement, in->err);
        WS_TRY(take_fault(status, status == WS_UNSUPPORTED ? WS_CLAIM_FOREIGN : WS_CLAIM_MALFORMED,
                          out));
    }
    if (out->standing == WS_CLAIM_COUNTS && !is_in_role(in->claims, out))
        out->standing = WS_CLAIM_OUT_OF_ROLE;
    return WS_OK;
}

/* What it cites -------------------------------------------------------------------------------- */

/* Whether an earlier entry tells of documents, counts by itself, and was not withdrawn. */
static enum ws_status read_cited(struct reading *in, uint64_t index, struct ws_claim *out,
                                 struct ws_bytes *entry, bool *tells, struct ws_error *err)
{
    uint64_t at;
    WS_TRY(in->claims->log.read(in->claims->log.user, index, in->arena, entry, err));
    WS_TRY(read_alone(in, *entry, index, out));
    *tells = out->standing == WS_CLAIM_COUNTS &&
             (out->statement.kind == WS_STATEMENT_EMISSION ||
              out->statement.kind == WS_STATEMENT_ARCHIVE) &&
             ws_claims_fate(in->claims, index, out->key, &at) == WS_CLAIM_HOLDS;
    return WS_OK;
}

/* What a model was trained on is one step less deep than what it makes. */
static enum ws_status check_depth(struct reading *in, struct ws_claim *claim, struct ws_error *err)
{
    const struct ws_emission *emission = &claim->statement.emission;
    struct ws_arena arena;
    struct reading cited = {in->claims, &arena, in->err};
    enum ws_status status = WS_OK;
    ws_arena_init(&arena, in->arena->allocator);
    for (size_t i = 0; i < emission->source_count && status == WS_OK; i++) {
        struct ws_claim source;
        struct ws_bytes entry;
        bool tells = false;
        status = read_cited(&cited, emission->sources[i], &source, &entry, &tells, err);
        if (status == WS_OK && tells && source.statement.kind == WS_STATEMENT_EMISSION &&
            emission->depth.at_least <= source.statement.emission.depth.at_least)
            claim->standing = WS_CLAIM_SHALLOW;
        ws_arena_reset(&arena);
    }
    ws_arena_release(&arena);
    return status;
}

/* A period should be over when its statement is logged. */
static bool is_early(const char *ended, uint64_t date)
{
    return date > 0 && ws_statement_seconds(ended) > date + WS_TRUST_SKEW;
}

/* Not behind the date, either: what is tolerated of clocks is no time for an archive to come first.
 */
static uint64_t believed_start(const struct ws_roles *roles, const char *started, uint64_t date)
{
    uint64_t start = ws_statement_seconds(started);
    uint64_t least = date > roles->max_delay ? date - roles->max_delay : 0;
    if (date > 0 && start > date)
        return date;
    return start < least ? least : start;
}

static enum ws_status check_emission(struct reading *in, uint64_t date, struct ws_claim *claim,
                                     struct ws_error *err)
{
    const struct ws_emission *emission = &claim->statement.emission;
    claim->start = believed_start(in->claims->roles, emission->started, date);
    claim->is_early = is_early(emission->ended, date);
    return check_depth(in, claim, err);
}

/* What it changes ------------------------------------------------------------------------------ */

static enum ws_status add_withdrawal(struct ws_claims *claims, const struct ws_claim *claim,
                                     struct ws_error *err)
{
    uint64_t entry = claim->statement.withdrawal.entry;
    size_t place = find_withdrawal(claims, entry + 1);
    struct ws_claims_withdrawal *all =
        grown(&claims->arena, claims->withdrawals, claims->withdrawal_count, sizeof *all,
              &claims->withdrawal_room);
    if (!all)
        return ws_fail_memory(err, "the withdrawals of a log");
    memmove(all + place + 1, all + place, (claims->withdrawal_count - place) * sizeof *all);
    all[place] = (struct ws_claims_withdrawal){entry, claim->index, claim->key};
    claims->withdrawals = all;
    claims->withdrawal_count++;
    return WS_OK;
}

/* Whether the subject, where there is one, is of these bytes. */
static enum ws_status check_subject(struct ws_bytes of, struct ws_claim *claim,
                                    struct ws_error *err)
{
    const struct ws_statement *s = &claim->statement;
    struct ws_hash hash;
    WS_TRY(ws_hash_of(of, &hash, err));
    if (s->subject_count > 0 && !ws_hash_equal(&s->subjects[0].digest, &hash))
        claim->standing = WS_CLAIM_VOID;
    return WS_OK;
}

/* A party withdraws what it said itself. */
static enum ws_status withdraw(struct ws_claims *claims, struct reading *in, struct ws_claim *claim,
                               struct ws_error *err)
{
    struct ws_claim cited;
    struct ws_bytes entry;
    bool tells;
    WS_TRY(read_cited(in, claim->statement.withdrawal.entry, &cited, &entry, &tells, err));
    if (!tells || cited.party != claim->party)
        claim->standing = WS_CLAIM_VOID;
    WS_TRY(check_subject(entry, claim, err));
    return claim->standing == WS_CLAIM_COUNTS ? add_withdrawal(claims, claim, err) : WS_OK;
}

/* A key speaks for itself when it hands over or gives up, and a root key for every other of its
 * party. What is stolen cannot name a successor. */
static bool may_change(const struct ws_claims *claims, const struct ws_claim *claim, size_t old)
{
    const struct ws_key_change *change = &claim->statement.key_change;
    if (old == WS_CLAIMS_NO_KEY || claims->keys[old].party != claim->party)
        return false;
    if (old == claim->key)
        return !change->is_compromise || !change->new_key;
    return claims->keys[claim->key].is_root;
}

/* Whether somebody has this key, or one that signatures would take for it. */
static bool is_taken(const struct ws_claims *claims, const struct ws_note_key *key)
{
    for (size_t i = 0; i < claims->key_count; i++) {
        const struct ws_note_key *other = &claims->keys[i].key;
        if (memcmp(other->public_key.bytes, key->public_key.bytes, WS_ED25519_KEY_SIZE) == 0 ||
            (other->id == key->id && strcmp(other->name, key->name) == 0))
            return true;
    }
    return false;
}

static size_t count_keys(const struct ws_claims *claims, size_t party)
{
    size_t count = 0;
    for (size_t i = 0; i < claims->key_count; i++)
        count += claims->keys[i].party == party;
    return count;
}

/* A key that follows `old`; the claim is void where it cannot be. */
static enum ws_status introduce(struct ws_claims *claims, size_t old, struct ws_claim *claim,
                                struct ws_error *err)
{
    struct ws_claims_key key = {
        .party = claim->party,
        .is_root = claims->keys[old].is_root,
        .introducer = claim->key,
        .from = claim->index,
        .until = UINT64_MAX,
    };
    WS_TRY(make_room_for_key(claims, err));
    WS_TRY(take_fault(ws_note_key_read(ws_bytes_of_text(claim->statement.key_change.new_key),
                                       &claims->arena, &key.key, err),
                      WS_CLAIM_VOID, claim));
    if (claim->standing != WS_CLAIM_COUNTS)
        return WS_OK;
    enum ws_status status = print_key(&key.key, &claims->arena, &key.text, err);
    if (status == WS_OK && (key.key.type != WS_KEY_ED25519 || is_taken(claims, &key.key) ||
                            count_keys(claims, claim->party) == WS_CLAIMS_KEY_LIMIT))
        claim->standing = WS_CLAIM_VOID;
    if (status != WS_OK || claim->standing == WS_CLAIM_VOID)
        ws_note_key_close(&key.key);
    else
        claims->keys[claims->key_count++] = key;
    return status;
}

/* The key change itself is the last that an old key says, unless a root key says that it was stolen
 * before. */
static uint64_t last_of(const struct ws_claim *claim, size_t old)
{
    const struct ws_key_change *change = &claim->statement.key_change;
    return change->is_compromise && old != claim->key ? change->since : claim->index + 1;
}

/* Who ends what brought him in says that he may say nothing. */
static enum ws_status change_key(struct ws_claims *claims, struct ws_claim *claim,
                                 struct ws_error *err)
{
    size_t old = find_key(claims, claim->statement.key_change.old_key);
    enum ws_status status = WS_OK;
    if (!may_change(claims, claim, old)) {
        claim->standing = WS_CLAIM_VOID;
        return WS_OK;
    }
    WS_TRY(check_subject(ws_bytes_of(claims->keys[old].key.public_key.bytes, WS_ED25519_KEY_SIZE),
                         claim, err));
    if (claim->standing != WS_CLAIM_COUNTS)
        return WS_OK;
    uint64_t before = claims->keys[old].until, until = last_of(claim, old);
    claims->keys[old].until = before < until ? before : until;
    if (!speaks(claims, claim->key, claim->index))
        claim->standing = WS_CLAIM_VOID;
    else if (claim->statement.key_change.new_key)
        status = introduce(claims, old, claim, err);
    if (status != WS_OK || claim->standing == WS_CLAIM_VOID)
        claims->keys[old].until = before;
    return status;
}

/* Reading -------------------------------------------------------------------------------------- */

/* What a statement says beyond itself. */
static enum ws_status take_effect(struct ws_claims *claims, struct reading *in, uint64_t date,
                                  struct ws_claim *claim, struct ws_error *err)
{
    switch (claim->statement.kind) {
    case WS_STATEMENT_EMISSION:
        return check_emission(in, date, claim, err);
    case WS_STATEMENT_ARCHIVE:
        claim->is_early = is_early(claim->statement.archive.ended, date);
        return WS_OK;
    case WS_STATEMENT_WITHDRAWAL:
        return withdraw(claims, in, claim, err);
    case WS_STATEMENT_KEY_CHANGE:
        return change_key(claims, claim, err);
    case WS_STATEMENT_INDEX:
    case WS_STATEMENT_KINDS:
        break;
    }
    return WS_OK;
}

enum ws_status ws_claims_read(struct ws_claims *claims, struct ws_bytes entry, uint64_t date,
                              struct ws_arena *arena, struct ws_claim *out, struct ws_error *err)
{
    struct reading in = {claims, arena, err};
    struct ws_claim claim;
    WS_TRY(read_alone(&in, entry, claims->size, &claim));
    if (claim.standing == WS_CLAIM_COUNTS)
        WS_TRY(take_effect(claims, &in, date, &claim, err));
    claims->size++;
    *out = claim;
    return WS_OK;
}
