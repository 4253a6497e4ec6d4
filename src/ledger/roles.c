#include "ledger/roles.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "ledger/policy_lines.h"

static const char FIRST_LINE[] = "urn:wellspring:roles:v1";

/* What is being read. */
struct reading {
    struct ws_roles roles;
    const struct ws_trust *trust;
    size_t *group;            /* by witness: the group that it is in, or NONE */
    size_t *run_by;           /* by witness, as in struct ws_trust_member */
    const char *(*operators); /* names, by the first witness of each */
};
#define NONE SIZE_MAX

/* Parties -------------------------------------------------------------------------------------- */

static size_t find_party(const struct ws_roles *roles, struct ws_bytes name)
{
    for (size_t i = 0; i < roles->party_count; i++)
        if (ws_bytes_is(name, roles->parties[i]))
            return i;
    return roles->party_count;
}

/* The line's next item: a party, a new one where there is none of this name. */
static enum ws_status take_party(struct reading *in, struct ws_policy_line *line, size_t *out)
{
    struct ws_roles *roles = &in->roles;
    struct ws_bytes name;
    WS_TRY(ws_policy_take(line, "a party", &name));
    if (!ws_utf8_is_word(name))
        return ws_fail(line->err, WS_INVALID, "a party's name is not UTF-8");
    *out = find_party(roles, name);
    if (*out < roles->party_count)
        return WS_OK;
    if (roles->party_count == WS_ROLES_LIMIT)
        return ws_fail(line->err, WS_LIMIT, "more than %d parties", WS_ROLES_LIMIT);
    WS_TRY(ws_policy_copy(line, name, &roles->parties[*out]));
    roles->party_count++;
    return WS_OK;
}

static enum ws_status take_known_party(struct reading *in, struct ws_policy_line *line, size_t *out)
{
    struct ws_bytes name;
    WS_TRY(ws_policy_take(line, "a party", &name));
    *out = find_party(&in->roles, name);
    if (*out == in->roles.party_count)
        return ws_fail(line->err, WS_INVALID, "no key of '%.*s' stands above",
                       ws_policy_quoted(name), (const char *)name.data);
    return WS_OK;
}

/* Keys ----------------------------------------------------------------------------------------- */

static bool is_same_key(const struct ws_note_key *a, const struct ws_note_key *b)
{
    return memcmp(a->public_key.bytes, b->public_key.bytes, WS_ED25519_KEY_SIZE) == 0;
}

static bool is_known(const struct ws_roles *roles, const struct ws_note_key *key)
{
    for (size_t i = 0; i < roles->key_count; i++)
        if (is_same_key(key, &roles->keys[i].key))
            return true;
    for (size_t i = 0; i < roles->mirror_count; i++)
        if (is_same_key(key, &roles->mirrors[i].key))
            return true;
    return false;
}

/* A key that no line has yet: what it signs is of one party. */
static enum ws_status take_new_key(struct reading *in, struct ws_policy_line *line,
                                   enum ws_key_type type, const char *whose,
                                   struct ws_note_key *out)
{
    struct ws_note_key key;
    WS_TRY(ws_policy_take_key(line, type, whose, &key));
    if (is_known(&in->roles, &key)) {
        ws_note_key_close(&key);
        return ws_fail(line->err, WS_INVALID, "this key was there before");
    }
    *out = key;
    return WS_OK;
}

static enum ws_status read_key_of(struct reading *in, struct ws_policy_line *line, bool is_root)
{
    struct ws_roles *roles = &in->roles;
    struct ws_party_key *key = &roles->keys[roles->key_count];
    if (roles->key_count == WS_ROLES_LIMIT)
        return ws_fail(line->err, WS_LIMIT, "more than %d keys", WS_ROLES_LIMIT);
    WS_TRY(take_party(in, line, &key->party));
    WS_TRY(take_new_key(in, line, WS_KEY_ED25519, "a key of statements", &key->key));
    key->is_root = is_root;
    roles->key_count++;
    return ws_policy_end(line);
}

static enum ws_status read_key(void *user, struct ws_policy_line *line)
{
    return read_key_of(user, line, false);
}

static enum ws_status read_root(void *user, struct ws_policy_line *line)
{
    return read_key_of(user, line, true);
}

static enum ws_status read_mirror(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    struct ws_roles *roles = &in->roles;
    struct ws_mirror *mirror = &roles->mirrors[roles->mirror_count];
    struct ws_bytes url;
    if (roles->mirror_count == WS_ROLES_LIMIT)
        return ws_fail(line->err, WS_LIMIT, "more than %d mirrors", WS_ROLES_LIMIT);
    WS_TRY(take_party(in, line, &mirror->party));
    WS_TRY(take_new_key(in, line, WS_KEY_COSIGNATURE, "a mirror's key", &mirror->key));
    roles->mirror_count++;
    WS_TRY(ws_policy_take(line, "a URL", &url));
    WS_TRY(ws_policy_copy(line, url, &mirror->url));
    return ws_policy_end(line);
}

/* Roles ---------------------------------------------------------------------------------------- */

static enum ws_status grant(struct reading *in, struct ws_policy_line *line, enum ws_role role)
{
    struct ws_roles *roles = &in->roles;
    struct ws_granted_role *granted = &roles->granted[roles->granted_count];
    struct ws_bytes space;
    if (roles->granted_count == WS_ROLES_LIMIT)
        return ws_fail(line->err, WS_LIMIT, "more than %d roles", WS_ROLES_LIMIT);
    granted->role = role;
    WS_TRY(take_known_party(in, line, &granted->party));
    WS_TRY(ws_policy_take(line, "a namespace", &space));
    if (!ws_utf8_is_word(space) || space.data[space.size - 1] == '/')
        return ws_fail(line->err, WS_INVALID,
                       "a namespace is UTF-8 and goes on behind '/', which it does not end with");
    WS_TRY(ws_policy_copy(line, space, &granted->space));
    roles->granted_count++;
    return ws_policy_end(line);
}

static enum ws_status read_issuer(void *user, struct ws_policy_line *line)
{
    return grant(user, line, WS_ROLE_ISSUER);
}

static enum ws_status read_archive(void *user, struct ws_policy_line *line)
{
    return grant(user, line, WS_ROLE_ARCHIVE);
}

bool ws_roles_allow(const struct ws_roles *roles, size_t party, enum ws_role role, const char *name)
{
    for (size_t i = 0; i < roles->granted_count; i++) {
        const struct ws_granted_role *granted = &roles->granted[i];
        size_t size = strlen(granted->space);
        if (granted->party == party && granted->role == role &&
            strncmp(name, granted->space, size) == 0 && (name[size] == '\0' || name[size] == '/'))
            return true;
    }
    return false;
}

/* Operators ------------------------------------------------------------------------------------ */

static enum ws_status take_witness(struct reading *in, struct ws_policy_line *line,
                                   struct ws_bytes name, size_t *out)
{
    const struct ws_trust *trust = in->trust;
    size_t i = 0;
    while (i < trust->member_count &&
           !(trust->members[i].key.name && ws_bytes_is(name, trust->members[i].name)))
        i++;
    if (i == trust->member_count)
        return ws_fail(line->err, WS_INVALID, "the policy has no witness '%.*s'",
                       ws_policy_quoted(name), (const char *)name.data);
    if (in->run_by[i] != NONE)
        return ws_fail(line->err, WS_INVALID, "'%.*s' has an operator already",
                       ws_policy_quoted(name), (const char *)name.data);
    *out = i;
    return WS_OK;
}

static bool is_operator(const struct reading *in, struct ws_bytes name)
{
    for (size_t i = 0; i < in->trust->member_count; i++)
        if (in->operators[i] && ws_bytes_is(name, in->operators[i]))
            return true;
    return false;
}

static enum ws_status read_operator(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    struct ws_bytes name, witness;
    size_t first, next;
    WS_TRY(ws_policy_take(line, "an operator", &name));
    if (is_operator(in, name))
        return ws_fail(line->err, WS_INVALID,
                       "'%.*s' was there before: one line has all of its "
                       "witnesses",
                       ws_policy_quoted(name), (const char *)name.data);
    WS_TRY(ws_policy_take(line, "a witness", &witness));
    WS_TRY(take_witness(in, line, witness, &first));
    WS_TRY(ws_policy_copy(line, name, &in->operators[first]));
    in->run_by[first] = first;
    while (ws_policy_next(line, &witness)) {
        WS_TRY(take_witness(in, line, witness, &next));
        if (in->group[next] != in->group[first])
            return ws_fail(line->err, WS_INVALID,
                           "'%.80s' and '%.80s' are in different groups of the policy, which "
                           "would count their operator twice",
                           in->trust->members[first].name, in->trust->members[next].name);
        in->run_by[next] = first;
    }
    return WS_OK;
}

/* Each group can be complete when every operator counts once. */
static enum ws_status check_groups(const struct reading *in, struct ws_error *err)
{
    const struct ws_trust *trust = in->trust;
    for (size_t i = 0; i < trust->member_count; i++) {
        const struct ws_trust_member *group = &trust->members[i];
        size_t operators = 0;
        for (size_t m = 0; m < group->member_count; m++) {
            size_t member = group->members[m];
            operators += in->run_by[member] == NONE || in->run_by[member] == member;
        }
        if (operators < group->needed)
            return ws_fail(err, WS_INVALID,
                           "the policy's group '%.80s' wants %zu of its members, and %zu operators "
                           "run them all",
                           group->name, group->needed, operators);
    }
    return WS_OK;
}

/* Limits --------------------------------------------------------------------------------------- */

static enum ws_status take_seconds(struct ws_policy_line *line, uint64_t *out)
{
    struct ws_bytes seconds;
    WS_TRY(ws_policy_take(line, "a number of seconds", &seconds));
    if (*out != 0)
        return ws_fail(line->err, WS_INVALID, "this limit was there before");
    if (!ws_read_size(seconds, out) || *out == 0)
        return ws_fail(line->err, WS_INVALID, "'%.*s', wanted whole seconds from 1 on",
                       ws_policy_quoted(seconds), (const char *)seconds.data);
    return ws_policy_end(line);
}

/* Of what witnesses date. */
static enum ws_status take_limit(struct reading *in, struct ws_policy_line *line, uint64_t *out)
{
    WS_TRY(take_seconds(line, out));
    if (in->trust->quorum == WS_TRUST_NO_QUORUM)
        return ws_fail(line->err, WS_INVALID,
                       "the policy wants no quorum, and without one there "
                       "are no dates to limit");
    return WS_OK;
}

static enum ws_status read_max_age(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    return take_limit(in, line, &in->roles.max_age);
}

static enum ws_status read_max_delay(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    return take_limit(in, line, &in->roles.max_delay);
}

static enum ws_status read_max_opening(void *user, struct ws_policy_line *line)
{
    struct reading *in = user;
    return take_seconds(line, &in->roles.max_opening);
}

/* Indices -------------------------------------------------------------------------------------- */

static enum ws_status read_index_quorum(void *user, struct ws_policy_line *line)
{
    struct ws_roles *roles = &((struct reading *)user)->roles;
    struct ws_bytes number;
    WS_TRY(ws_policy_take(line, "a number of mirrors", &number));
    if (roles->index_quorum != 0)
        return ws_fail(line->err, WS_INVALID, "this quorum was there before");
    if (!ws_read_size(number, &roles->index_quorum) || roles->index_quorum == 0)
        return ws_fail(line->err, WS_INVALID, "'%.*s', wanted a whole number of mirrors from 1 on",
                       ws_policy_quoted(number), (const char *)number.data);
    return ws_policy_end(line);
}

/* It can be reached. Without a line it is 1, also where nobody has a mirror: then no index counts.
 */
static enum ws_status check_index_quorum(struct ws_roles *roles, struct ws_error *err)
{
    const size_t parties = ws_roles_mirror_parties(roles);
    if (roles->index_quorum > parties)
        return ws_fail(err, WS_INVALID,
                       "index-quorum is %" PRIu64 ", more than the parties with mirrors, %zu: "
                       "each counts once",
                       roles->index_quorum, parties);
    if (roles->index_quorum == 0)
        roles->index_quorum = 1;
    return WS_OK;
}

/* The file ------------------------------------------------------------------------------------- */

static bool prepare(struct reading *in, struct ws_arena *arena)
{
    const struct ws_trust *trust = in->trust;
    size_t count = trust->member_count + 1;
    in->roles.parties = WS_ARENA_NEW(arena, const char *, WS_ROLES_LIMIT);
    in->roles.keys = WS_ARENA_NEW(arena, struct ws_party_key, WS_ROLES_LIMIT);
    in->roles.mirrors = WS_ARENA_NEW(arena, struct ws_mirror, WS_ROLES_LIMIT);
    in->roles.granted = WS_ARENA_NEW(arena, struct ws_granted_role, WS_ROLES_LIMIT);
    in->group = WS_ARENA_NEW(arena, size_t, count);
    in->run_by = WS_ARENA_NEW(arena, size_t, count);
    in->operators = WS_ARENA_ZNEW(arena, const char *, count);
    if (!in->roles.parties || !in->roles.keys || !in->roles.mirrors || !in->roles.granted ||
        !in->group || !in->run_by || !in->operators)
        return false;
    for (size_t i = 0; i < trust->member_count; i++)
        in->group[i] = in->run_by[i] = NONE;
    for (size_t i = 0; i < trust->member_count; i++)
        for (size_t m = 0; m < trust->members[i].member_count; m++)
            in->group[trust->members[i].members[m]] = i;
    return true;
}

static enum ws_status read_all(struct reading *in, struct ws_bytes text, const char *name,
                               struct ws_arena *arena, struct ws_error *err)
{
    static const struct ws_policy_kind kinds[] = {
        {"key", read_key},
        {"root", read_root},
        {"issuer", read_issuer},
        {"archive", read_archive},
        {"mirror", read_mirror},
        {"operator", read_operator},
        {"index-quorum", read_index_quorum},
        {"max-age", read_max_age},
        {"max-delay", read_max_delay},
        {"max-opening", read_max_opening},
    };
    struct ws_bytes first;
    if (!ws_bytes_split(text, '\n', &first, &text) || !ws_bytes_is(first, FIRST_LINE))
        return ws_fail(err, WS_INVALID, "%s:1: wanted '%s' and the line's end", name, FIRST_LINE);
    WS_TRY(ws_policy_read_lines(
        text, name, 2, kinds, sizeof kinds / sizeof *kinds,
        "key, root, issuer, archive, mirror, operator, index-quorum, max-age, max-delay or "
        "max-opening",
        in, arena, err));
    enum ws_status status = check_groups(in, err);
    if (status == WS_OK)
        status = check_index_quorum(&in->roles, err);
    if (status != WS_OK)
        ws_error_prefix(err, "%s", name);
    return status;
}

enum ws_status ws_roles_read(struct ws_bytes text, const char *name, struct ws_trust *trust,
                             struct ws_arena *arena, struct ws_roles *out, struct ws_error *err)
{
    struct reading in = {.trust = trust};
    if (text.size > WS_TRUST_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s: %zu bytes of roles; the most is %d", name, text.size,
                       WS_TRUST_LIMIT);
    if (!prepare(&in, arena))
        return ws_fail_memory(err, "roles");
    enum ws_status status = read_all(&in, text, name, arena, err);
    if (status != WS_OK) {
        ws_roles_close(&in.roles);
        return status;
    }
    for (size_t i = 0; i < trust->member_count; i++)
        if (in.run_by[i] != NONE)
            trust->members[i].run_by = in.run_by[i];
    /* Without a limit an issuer could say that it began before every archive. With none at all an
     * archive could log what a model made today before its issuer does. */
    if (in.roles.max_delay == 0)
        in.roles.max_delay = WS_ROLES_DELAY;
    *out = in.roles;
    return WS_OK;
}

void ws_roles_close(struct ws_roles *roles)
{
    for (size_t i = 0; i < roles->key_count; i++)
        ws_note_key_close(&roles->keys[i].key);
    for (size_t i = 0; i < roles->mirror_count; i++)
        ws_note_key_close(&roles->mirrors[i].key);
    roles->key_count = roles->mirror_count = 0;
}

bool ws_roles_mirror(const struct ws_roles *roles, size_t party)
{
    for (size_t i = 0; i < roles->mirror_count; i++)
        if (roles->mirrors[i].party == party)
            return true;
    return false;
}

size_t ws_roles_mirror_parties(const struct ws_roles *roles)
{
    size_t count = 0;
    for (size_t party = 0; party < roles->party_count; party++)
        count += ws_roles_mirror(roles, party);
    return count;
}
