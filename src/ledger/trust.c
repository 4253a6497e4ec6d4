#include "ledger/trust.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/policy_lines.h"

/* What is being read. */
struct reading {
    struct ws_trust trust;
    bool *is_member; /* of a group, already; by member */
    bool has_quorum;
};

static enum ws_status take_url(struct ws_policy_line *line, const char **out)
{
    struct ws_bytes url;
    *out = NULL;
    if (ws_policy_next(line, &url))
        WS_TRY(ws_policy_copy(line, url, out));
    return ws_policy_end(line);
}

static bool is_same_key(const struct ws_note_key *a, const struct ws_note_key *b)
{
    return memcmp(a->public_key.bytes, b->public_key.bytes, WS_ED25519_KEY_SIZE) == 0;
}

static enum ws_status read_log(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    struct ws_trust *trust = &in->trust;
    if (trust->log_count == WS_TRUST_PARTY_LIMIT)
        return ws_fail(line->err, WS_LIMIT, "more than %d logs", WS_TRUST_PARTY_LIMIT);
    struct ws_trusted_log *log = &trust->logs[trust->log_count];
    WS_TRY(ws_policy_take_key(line, WS_KEY_ED25519, "a log's key", &log->key));
    trust->log_count++;
    for (size_t i = 0; i + 1 < trust->log_count; i++)
        if (is_same_key(&log->key, &trust->logs[i].key))
            return ws_fail(line->err, WS_INVALID, "this log's key was there before");
    return take_url(line, &log->url);
}

static size_t find_member(const struct ws_trust *trust, struct ws_bytes name)
{
    for (size_t i = 0; i < trust->member_count; i++)
        if (ws_bytes_is(name, trust->members[i].name))
            return i;
    return trust->member_count;
}

/* A new member with the line's next item for a name. */
static enum ws_status add_member(struct reading *in, struct ws_policy_line *line,
                                 struct ws_trust_member **out)
{
    struct ws_trust *trust = &in->trust;
    struct ws_bytes name;
    const char *text;
    WS_TRY(ws_policy_take(line, "a name", &name));
    if (ws_bytes_is(name, "none"))
        return ws_fail(line->err, WS_INVALID, "'none' can be no name");
    if (find_member(trust, name) < trust->member_count)
        return ws_fail(line->err, WS_INVALID, "'%.*s' was there before", ws_policy_quoted(name),
                       (const char *)name.data);
    if (trust->member_count == 2 * WS_TRUST_PARTY_LIMIT)
        return ws_fail(line->err, WS_LIMIT, "more than %d witnesses and groups",
                       2 * WS_TRUST_PARTY_LIMIT);
    WS_TRY(ws_policy_copy(line, name, &text));
    *out = &trust->members[trust->member_count];
    **out = (struct ws_trust_member){.name = text, .run_by = trust->member_count};
    return WS_OK;
}

static enum ws_status read_witness(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    struct ws_trust *trust = &in->trust;
    struct ws_trust_member *witness;
    struct ws_note_key key;
    WS_TRY(add_member(in, line, &witness));
    WS_TRY(ws_policy_take_key(line, WS_KEY_COSIGNATURE, "a witness's key", &key));
    witness->key = key;
    trust->member_count++;
    for (size_t i = 0; i + 1 < trust->member_count; i++)
        if (trust->members[i].key.name && is_same_key(&key, &trust->members[i].key))
            return ws_fail(line->err, WS_INVALID, "this witness's key was there before");
    return take_url(line, &witness->url);
}

static enum ws_status no_member(struct ws_policy_line *line, struct ws_bytes name)
{
    return ws_fail(line->err, WS_INVALID, "no witness or group '%.*s' stands above",
                   ws_policy_quoted(name), (const char *)name.data);
}

static enum ws_status read_members(struct reading *in, struct ws_policy_line *line,
                                   struct ws_trust_member *group)
{
    struct ws_bytes name;
    size_t *members = WS_ARENA_NEW(line->arena, size_t, in->trust.member_count + 1);
    if (!members)
        return ws_fail_memory(line->err, "a policy");
    while (ws_policy_next(line, &name)) {
        size_t member = find_member(&in->trust, name);
        if (member == in->trust.member_count)
            return no_member(line, name);
        if (in->is_member[member])
            return ws_fail(line->err, WS_INVALID, "'%.80s' is in a group already",
                           in->trust.members[member].name);
        in->is_member[member] = true;
        members[group->member_count++] = member;
    }
    group->members = members;
    return WS_OK;
}

static enum ws_status read_group(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    struct ws_trust_member *group;
    struct ws_bytes needed;
    uint64_t count;
    WS_TRY(add_member(in, line, &group));
    WS_TRY(ws_policy_take(line, "'all', 'any' or a number", &needed));
    WS_TRY(read_members(in, line, group));
    if (ws_bytes_is(needed, "all"))
        count = group->member_count;
    else if (ws_bytes_is(needed, "any"))
        count = 1;
    else if (!ws_read_size(needed, &count))
        return ws_fail(line->err, WS_INVALID,
                       "a group takes 'all', 'any' or a number of its members");
    if (count < 1 || count > group->member_count)
        return ws_fail(line->err, WS_INVALID, "%" PRIu64 " of a group's %zu members", count,
                       group->member_count);
    group->needed = (size_t)count;
    in->trust.member_count++;
    return WS_OK;
}

static enum ws_status read_quorum(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    struct ws_bytes name;
    if (in->has_quorum)
        return ws_fail(line->err, WS_INVALID, "a second quorum");
    WS_TRY(ws_policy_take(line, "a name, or 'none',", &name));
    in->has_quorum = true;
    in->trust.quorum =
        ws_bytes_is(name, "none") ? WS_TRUST_NO_QUORUM : find_member(&in->trust, name);
    if (in->trust.quorum == in->trust.member_count)
        return no_member(line, name);
    return ws_policy_end(line);
}

/* How files of roles and registries begin. */
#define OTHER "urn:wellspring:"

enum ws_status ws_trust_read(struct ws_bytes text, const char *name, struct ws_arena *arena,
                             struct ws_trust *out, struct ws_error *err)
{
    static const struct ws_policy_kind kinds[] = {
        {"log", read_log},
        {"witness", read_witness},
        {"group", read_group},
        {"quorum", read_quorum},
    };
    struct reading in = {
        .trust.logs = WS_ARENA_NEW(arena, struct ws_trusted_log, WS_TRUST_PARTY_LIMIT),
        .trust.members = WS_ARENA_NEW(arena, struct ws_trust_member, 2 * WS_TRUST_PARTY_LIMIT),
        .is_member = WS_ARENA_ZNEW(arena, bool, 2 * WS_TRUST_PARTY_LIMIT),
    };
    if (text.size > WS_TRUST_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s: %zu bytes of policy; the most is %d", name, text.size,
                       WS_TRUST_LIMIT);
    if (text.size >= strlen(OTHER) && memcmp(text.data, OTHER, strlen(OTHER)) == 0)
        return ws_fail(
            err, WS_INVALID,
            "%s:1: a file of another kind, wanted a policy. A registry stands in its place "
            "for 'lookup' and 'run --register' alone",
            name);
    if (!in.trust.logs || !in.trust.members || !in.is_member)
        return ws_fail_memory(err, "a policy");
    enum ws_status status = ws_policy_read_lines(text, name, 1, kinds, sizeof kinds / sizeof *kinds,
                                                 "log, witness, group or quorum", &in, arena, err);
    if (status == WS_OK && !in.has_quorum)
        status =
            ws_fail(err, WS_INVALID, "%s: there is no quorum ('quorum none' wants none)", name);
    if (status != WS_OK)
        ws_trust_close(&in.trust);
    else
        *out = in.trust;
    return status;
}

size_t ws_trust_witnesses(const struct ws_trust *trust)
{
    size_t count = 0;
    for (size_t i = 0; i < trust->member_count; i++)
        count += trust->members[i].key.name != NULL;
    return count;
}

void ws_trust_close(struct ws_trust *trust)
{
    for (size_t i = 0; i < trust->log_count; i++)
        ws_note_key_close(&trust->logs[i].key);
    for (size_t i = 0; i < trust->member_count; i++)
        if (trust->members[i].key.name)
            ws_note_key_close(&trust->members[i].key);
    trust->log_count = trust->member_count = 0;
}

/* Checking ------------------------------------------------------------------------------------- */

/* What a check works in. */
struct checking {
    const struct ws_note_key **keys; /* of the members, then of the logs */
    struct ws_note_proof *proofs;
    bool *holds;     /* by member */
    size_t *counted; /* by operator: the last group that counted it, from 1; 0 none */
};

/* A group has no key: nobody has the empty name. */
static bool prepare(const struct ws_trust *trust, struct ws_arena *arena, struct checking *out)
{
    static const struct ws_note_key nobody = {.name = ""};
    size_t count = trust->member_count + trust->log_count + 1;
    out->keys = WS_ARENA_NEW(arena, const struct ws_note_key *, count);
    out->proofs = WS_ARENA_NEW(arena, struct ws_note_proof, count);
    out->holds = WS_ARENA_NEW(arena, bool, count);
    out->counted = WS_ARENA_NEW(arena, size_t, count);
    if (!out->keys || !out->proofs || !out->holds || !out->counted)
        return false;
    for (size_t i = 0; i < trust->member_count; i++)
        out->keys[i] = trust->members[i].key.name ? &trust->members[i].key : &nobody;
    for (size_t i = 0; i < trust->log_count; i++)
        out->keys[trust->member_count + i] = &trust->logs[i].key;
    return true;
}

/* How many operators of the group's members hold. */
static size_t count_operators(const struct ws_trust *trust, size_t group,
                              const struct checking *check)
{
    const struct ws_trust_member *it = &trust->members[group];
    size_t count = 0;
    for (size_t m = 0; m < it->member_count; m++) {
        size_t *counted = &check->counted[trust->members[it->members[m]].run_by];
        if (check->holds[it->members[m]] && *counted != group + 1) {
            *counted = group + 1;
            count++;
        }
    }
    return count;
}

/* Whether the quorum was there at `time`, when those who signed by then had signed. */
static bool is_complete(const struct ws_trust *trust, const struct checking *check, uint64_t time)
{
    memset(check->counted, 0, trust->member_count * sizeof *check->counted);
    for (size_t i = 0; i < trust->member_count; i++) {
        const struct ws_note_proof *proof = &check->proofs[i];
        check->holds[i] = trust->members[i].key.name
                              ? proof->is_signed && proof->time <= time
                              : count_operators(trust, i, check) >= trust->members[i].needed;
    }
    return check->holds[trust->quorum];
}

/* The first of the witnesses' times by which the quorum was complete; false when it is not. */
static bool date_quorum(const struct ws_trust *trust, const struct checking *check, uint64_t *out)
{
    bool found = false;
    for (size_t i = 0; i < trust->member_count; i++) {
        const struct ws_note_proof *proof = &check->proofs[i];
        if (proof->is_signed && (!found || proof->time < *out) &&
            is_complete(trust, check, proof->time)) {
            *out = proof->time;
            found = true;
        }
    }
    return found;
}

/* A log's key says the origin, too: what it signs for another log counts for nothing. */
static bool find_log(const struct ws_trust *trust, const struct ws_note_proof proofs[],
                     const char *origin, size_t *out)
{
    for (size_t i = 0; i < trust->log_count; i++)
        if (proofs[i].is_signed && strcmp(trust->logs[i].key.name, origin) == 0) {
            *out = i;
            return true;
        }
    return false;
}

/* A cosignature of time 0 says of no time, and counts for nothing. */
static void drop_undated(const struct ws_trust *trust, struct ws_note_proof proofs[])
{
    for (size_t i = 0; i < trust->member_count; i++)
        proofs[i].is_signed = proofs[i].is_signed && proofs[i].time > 0;
}

static void count_witnesses(const struct ws_trust *trust, const struct checking *check,
                            struct ws_trusted_checkpoint *out)
{
    memset(check->counted, 0, trust->member_count * sizeof *check->counted);
    for (size_t i = 0; i < trust->member_count; i++)
        if (check->proofs[i].is_signed) {
            size_t *counted = &check->counted[trust->members[i].run_by];
            out->witnesses++;
            out->operators += *counted == 0;
            *counted = 1;
        }
}

/* The root of no entries is known. */
static enum ws_status check_empty(const struct ws_checkpoint *checkpoint, struct ws_error *err)
{
    struct ws_hash empty;
    ws_merkle_empty(&empty);
    if (checkpoint->size == 0 && !ws_hash_equal(&checkpoint->root, &empty))
        return ws_fail(err, WS_CORRUPT, "a checkpoint of no entries with a root of some");
    return WS_OK;
}

enum ws_status ws_trust_check_log(const struct ws_trust *trust, struct ws_bytes note,
                                  struct ws_arena *arena, struct ws_trusted_checkpoint *out,
                                  struct ws_error *err)
{
    struct checking check;
    struct ws_note read;
    struct ws_trusted_checkpoint result = {.time = 0};
    if (!prepare(trust, arena, &check))
        return ws_fail_memory(err, "a checkpoint's signatures");
    WS_TRY(ws_note_read(note, arena, &read, err));
    WS_TRY(ws_checkpoint_read(read.text, arena, &result.checkpoint, err));
    WS_TRY(ws_note_check(&read, check.keys, trust->member_count + trust->log_count, arena,
                         check.proofs, err));
    drop_undated(trust, check.proofs);
    if (!find_log(trust, check.proofs + trust->member_count, result.checkpoint.origin, &result.log))
        return ws_fail(err, WS_CORRUPT, "no log of the policy signed this checkpoint of '%.200s'",
                       result.checkpoint.origin);
    WS_TRY(check_empty(&result.checkpoint, err));
    count_witnesses(trust, &check, &result);
    result.has_quorum =
        trust->quorum == WS_TRUST_NO_QUORUM || date_quorum(trust, &check, &result.time);
    *out = result;
    return WS_OK;
}

enum ws_status ws_trust_check(const struct ws_trust *trust, struct ws_bytes note,
                              struct ws_arena *arena, struct ws_trusted_checkpoint *out,
                              struct ws_error *err)
{
    struct ws_trusted_checkpoint result;
    WS_TRY(ws_trust_check_log(trust, note, arena, &result, err));
    if (!result.has_quorum)
        return ws_fail(err, WS_CORRUPT,
                       "%zu witnesses of the policy cosigned, of %zu operators, and its quorum "
                       "'%.80s' wants more",
                       result.witnesses, result.operators, trust->members[trust->quorum].name);
    *out = result;
    return WS_OK;
}
