#include "ledger/trust.h"

#include <inttypes.h>
#include <string.h>

/* Items between blanks and tabs, in the line they lie in. */
struct items {
    struct ws_bytes left;
};

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool next_item(struct items *items, struct ws_bytes *out)
{
    struct ws_bytes *left = &items->left;
    while (left->size > 0 && is_blank(left->data[0]))
        *left = ws_bytes_of(left->data + 1, left->size - 1);
    size_t size = 0;
    while (size < left->size && !is_blank(left->data[size]))
        size++;
    *out = ws_bytes_of(left->data, size);
    *left = ws_bytes_of(left->data + size, left->size - size);
    return size > 0;
}

/* How much of an item a message shows. */
static int quoted(struct ws_bytes item)
{
    return item.size < 80 ? (int)item.size : 80;
}

/* What is being read. */
struct reading {
    struct ws_arena *arena;
    struct ws_trust trust;
    struct items items; /* of the line */
    bool *is_member;    /* of a group, already; by member */
    bool has_quorum;
    struct ws_error *err;
};

static enum ws_status copy(struct reading *in, struct ws_bytes item, const char **out)
{
    *out = ws_arena_text_of(in->arena, item.data, item.size);
    return *out ? WS_OK : ws_fail_memory(in->err, "a policy");
}

static enum ws_status take(struct reading *in, const char *what, struct ws_bytes *out)
{
    if (!next_item(&in->items, out))
        return ws_fail(in->err, WS_INVALID, "%s is missing", what);
    return WS_OK;
}

static enum ws_status end_line(struct reading *in)
{
    struct ws_bytes more;
    if (next_item(&in->items, &more))
        return ws_fail(in->err, WS_INVALID, "'%.*s' is too much", quoted(more),
                       (const char *)more.data);
    return WS_OK;
}

static enum ws_status take_url(struct reading *in, const char **out)
{
    struct ws_bytes url;
    *out = NULL;
    if (next_item(&in->items, &url))
        WS_TRY(copy(in, url, out));
    return end_line(in);
}

/* A key of this type that nobody of its kind has yet: one party under two names counts once. */
static enum ws_status take_key(struct reading *in, enum ws_key_type type, struct ws_note_key *out)
{
    struct ws_bytes text;
    WS_TRY(take(in, "a key", &text));
    WS_TRY(ws_note_key_read(text, in->arena, out, in->err));
    if (out->type == type)
        return WS_OK;
    ws_note_key_close(out);
    return ws_fail(in->err, WS_INVALID,
                   type == WS_KEY_ED25519 ? "a log's key is of type 1, this one signs checkpoints "
                                            "of others"
                                          : "a witness's key is of type 4, this one is of type 1");
}

static bool is_same_key(const struct ws_note_key *a, const struct ws_note_key *b)
{
    return memcmp(a->public_key.bytes, b->public_key.bytes, WS_ED25519_KEY_SIZE) == 0;
}

static enum ws_status read_log(struct reading *in)
{
    struct ws_trust *trust = &in->trust;
    if (trust->log_count == WS_TRUST_PARTY_LIMIT)
        return ws_fail(in->err, WS_LIMIT, "more than %d logs", WS_TRUST_PARTY_LIMIT);
    struct ws_trusted_log *log = &trust->logs[trust->log_count];
    WS_TRY(take_key(in, WS_KEY_ED25519, &log->key));
    trust->log_count++;
    for (size_t i = 0; i + 1 < trust->log_count; i++)
        if (is_same_key(&log->key, &trust->logs[i].key))
            return ws_fail(in->err, WS_INVALID, "this log's key was there before");
    return take_url(in, &log->url);
}

static size_t find_member(const struct ws_trust *trust, struct ws_bytes name)
{
    for (size_t i = 0; i < trust->member_count; i++)
        if (ws_bytes_is(name, trust->members[i].name))
            return i;
    return trust->member_count;
}

/* A new member with the line's next item for a name. */
static enum ws_status add_member(struct reading *in, struct ws_trust_member **out)
{
    struct ws_trust *trust = &in->trust;
    struct ws_bytes name;
    const char *text;
    WS_TRY(take(in, "a name", &name));
    if (ws_bytes_is(name, "none"))
        return ws_fail(in->err, WS_INVALID, "'none' can be no name");
    if (find_member(trust, name) < trust->member_count)
        return ws_fail(in->err, WS_INVALID, "'%.*s' was there before", quoted(name),
                       (const char *)name.data);
    if (trust->member_count == 2 * WS_TRUST_PARTY_LIMIT)
        return ws_fail(in->err, WS_LIMIT, "more than %d witnesses and groups",
                       2 * WS_TRUST_PARTY_LIMIT);
    WS_TRY(copy(in, name, &text));
    *out = &trust->members[trust->member_count];
    **out = (struct ws_trust_member){.name = text};
    return WS_OK;
}

static enum ws_status read_witness(struct reading *in)
{
    struct ws_trust *trust = &in->trust;
    struct ws_trust_member *witness;
    struct ws_note_key key;
    WS_TRY(add_member(in, &witness));
    WS_TRY(take_key(in, WS_KEY_COSIGNATURE, &key));
    witness->key = key;
    trust->member_count++;
    for (size_t i = 0; i + 1 < trust->member_count; i++)
        if (trust->members[i].key.name && is_same_key(&key, &trust->members[i].key))
            return ws_fail(in->err, WS_INVALID, "this witness's key was there before");
    return take_url(in, &witness->url);
}

static enum ws_status no_member(struct reading *in, struct ws_bytes name)
{
    return ws_fail(in->err, WS_INVALID, "no witness or group '%.*s' stands above", quoted(name),
                   (const char *)name.data);
}

static enum ws_status read_members(struct reading *in, struct ws_trust_member *group)
{
    struct ws_bytes name;
    size_t *members = WS_ARENA_NEW(in->arena, size_t, in->trust.member_count + 1);
    if (!members)
        return ws_fail_memory(in->err, "a policy");
    while (next_item(&in->items, &name)) {
        size_t member = find_member(&in->trust, name);
        if (member == in->trust.member_count)
            return no_member(in, name);
        if (in->is_member[member])
            return ws_fail(in->err, WS_INVALID, "'%.80s' is in a group already",
                           in->trust.members[member].name);
        in->is_member[member] = true;
        members[group->member_count++] = member;
    }
    group->members = members;
    return WS_OK;
}

static enum ws_status read_group(struct reading *in)
{
    struct ws_trust_member *group;
    struct ws_bytes needed;
    uint64_t count;
    WS_TRY(add_member(in, &group));
    WS_TRY(take(in, "'all', 'any' or a number", &needed));
    WS_TRY(read_members(in, group));
    if (ws_bytes_is(needed, "all"))
        count = group->member_count;
    else if (ws_bytes_is(needed, "any"))
        count = 1;
    else if (!ws_read_size(needed, &count))
        return ws_fail(in->err, WS_INVALID,
                       "a group takes 'all', 'any' or a number of its members");
    if (count < 1 || count > group->member_count)
        return ws_fail(in->err, WS_INVALID, "%" PRIu64 " of a group's %zu members", count,
                       group->member_count);
    group->needed = (size_t)count;
    in->trust.member_count++;
    return WS_OK;
}

static enum ws_status read_quorum(struct reading *in)
{
    struct ws_bytes name;
    if (in->has_quorum)
        return ws_fail(in->err, WS_INVALID, "a second quorum");
    WS_TRY(take(in, "a name, or 'none',", &name));
    in->has_quorum = true;
    in->trust.quorum =
        ws_bytes_is(name, "none") ? WS_TRUST_NO_QUORUM : find_member(&in->trust, name);
    if (in->trust.quorum == in->trust.member_count)
        return no_member(in, name);
    return end_line(in);
}

static enum ws_status read_line(struct reading *in, struct ws_bytes line)
{
    static const struct {
        const char *keyword;
        enum ws_status (*read)(struct reading *in);
    } kinds[] = {
        {"log", read_log},
        {"witness", read_witness},
        {"group", read_group},
        {"quorum", read_quorum},
    };
    struct ws_bytes keyword;
    for (size_t i = 0; i < line.size; i++)
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7F)
            return ws_fail(in->err, WS_INVALID, "a control character");
    in->items.left = line;
    if (!next_item(&in->items, &keyword) || keyword.data[0] == '#')
        return WS_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (ws_bytes_is(keyword, kinds[i].keyword))
            return kinds[i].read(in);
    return ws_fail(in->err, WS_INVALID, "'%.*s', wanted log, witness, group or quorum",
                   quoted(keyword), (const char *)keyword.data);
}

static enum ws_status read_lines(struct reading *in, struct ws_bytes text, const char *name)
{
    struct ws_bytes line;
    for (size_t number = 1; text.size > 0; number++) {
        if (!ws_bytes_split(text, '\n', &line, &text))
            return ws_fail(in->err, WS_INVALID, "%s:%zu: the line does not end", name, number);
        enum ws_status status = read_line(in, line);
        if (status != WS_OK) {
            ws_error_prefix(in->err, "%s:%zu", name, number);
            return status;
        }
    }
    if (!in->has_quorum)
        return ws_fail(in->err, WS_INVALID, "%s: there is no quorum ('quorum none' wants none)",
                       name);
    return WS_OK;
}

enum ws_status ws_trust_read(struct ws_bytes text, const char *name, struct ws_arena *arena,
                             struct ws_trust *out, struct ws_error *err)
{
    struct reading in = {
        .arena = arena,
        .trust.logs = WS_ARENA_NEW(arena, struct ws_trusted_log, WS_TRUST_PARTY_LIMIT),
        .trust.members = WS_ARENA_NEW(arena, struct ws_trust_member, 2 * WS_TRUST_PARTY_LIMIT),
        .is_member = WS_ARENA_ZNEW(arena, bool, 2 * WS_TRUST_PARTY_LIMIT),
        .err = err,
    };
    if (text.size > WS_TRUST_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s: %zu bytes of policy; the most is %d", name, text.size,
                       WS_TRUST_LIMIT);
    if (!in.trust.logs || !in.trust.members || !in.is_member)
        return ws_fail_memory(err, "a policy");
    enum ws_status status = read_lines(&in, text, name);
    if (status != WS_OK)
        ws_trust_close(&in.trust);
    else
        *out = in.trust;
    return status;
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

/* Whether the quorum was there at `time`, when those who signed by then had signed. */
static bool is_complete(const struct ws_trust *trust, const struct ws_note_proof proofs[],
                        uint64_t time, bool *holds)
{
    for (size_t i = 0; i < trust->member_count; i++) {
        const struct ws_trust_member *member = &trust->members[i];
        size_t count = 0;
        for (size_t m = 0; m < member->member_count; m++)
            count += holds[member->members[m]];
        holds[i] = member->key.name ? proofs[i].is_signed && proofs[i].time <= time
                                    : count >= member->needed;
    }
    return holds[trust->quorum];
}

/* The first of the witnesses' times by which the quorum was complete; false when it is not. */
static bool date_quorum(const struct ws_trust *trust, const struct ws_note_proof proofs[],
                        bool *holds, uint64_t *out)
{
    bool found = false;
    for (size_t i = 0; i < trust->member_count; i++)
        if (proofs[i].is_signed && (!found || proofs[i].time < *out) &&
            is_complete(trust, proofs, proofs[i].time, holds)) {
            *out = proofs[i].time;
            found = true;
        }
    return found;
}

/* What a check works in. */
struct checking {
    const struct ws_note_key **keys; /* of the members, then of the logs */
    struct ws_note_proof *proofs;
    bool *holds;
};

/* A group has no key: nobody has the empty name. */
static bool prepare(const struct ws_trust *trust, struct ws_arena *arena, struct checking *out)
{
    static const struct ws_note_key nobody = {.name = ""};
    size_t count = trust->member_count + trust->log_count + 1;
    out->keys = WS_ARENA_NEW(arena, const struct ws_note_key *, count);
    out->proofs = WS_ARENA_NEW(arena, struct ws_note_proof, count);
    out->holds = WS_ARENA_NEW(arena, bool, count);
    if (!out->keys || !out->proofs || !out->holds)
        return false;
    for (size_t i = 0; i < trust->member_count; i++)
        out->keys[i] = trust->members[i].key.name ? &trust->members[i].key : &nobody;
    for (size_t i = 0; i < trust->log_count; i++)
        out->keys[trust->member_count + i] = &trust->logs[i].key;
    return true;
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

enum ws_status ws_trust_check(const struct ws_trust *trust, struct ws_bytes note,
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
    if (!find_log(trust, check.proofs + trust->member_count, result.checkpoint.origin, &result.log))
        return ws_fail(err, WS_CORRUPT, "no log of the policy signed this checkpoint of '%.200s'",
                       result.checkpoint.origin);
    for (size_t i = 0; i < trust->member_count; i++)
        result.witnesses += check.proofs[i].is_signed;
    if (trust->quorum != WS_TRUST_NO_QUORUM &&
        !date_quorum(trust, check.proofs, check.holds, &result.time))
        return ws_fail(err, WS_CORRUPT,
                       "%zu witnesses of the policy cosigned, and its quorum '%.80s' wants more",
                       result.witnesses, trust->members[trust->quorum].name);
    *out = result;
    return WS_OK;
}
