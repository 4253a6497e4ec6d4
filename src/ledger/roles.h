/*
 * What a reader's policy cannot say (ledger/trust.h): whose a key is, what its party may speak of,
 * who runs which witness, and how old a checkpoint may be. docs/formats/trust.md has the format.
 *
 *     urn:wellspring:roles:v1
 *     key <party> <vkey>
 *     root <party> <vkey>
 *     issuer <party> <namespace>
 *     archive <party> <namespace>
 *     mirror <party> <vkey> <url>
 *     operator <name> <witness>...
 *     index-quorum <k>
 *     max-age <seconds>
 *     max-delay <seconds>
 *     max-opening <seconds>
 *
 * Contract: tests/unit/test_roles.c, tests/fuzz/fuzz_roles.c.
 */
#ifndef WS_LEDGER_ROLES_H
#define WS_LEDGER_ROLES_H

#include "ledger/trust.h"

enum {
    WS_ROLES_LIMIT = 4096, /* parties, keys, and roles, of each */
    WS_ROLES_DELAY = 86400 /* max-delay of roles that name none */
};

enum ws_role {
    WS_ROLE_ISSUER,  /* says what models made */
    WS_ROLE_ARCHIVE, /* says what it captured */
};

struct ws_party_key {
    size_t party;
    struct ws_note_key key;
    bool is_root; /* kept offline: signs key changes alone */
};

/* Where the files of the log are, too. What is read there is believed no more than the log. */
struct ws_mirror {
    size_t party;
    struct ws_note_key key; /* of cosignatures of what it has stored */
    const char *url;
};

struct ws_granted_role {
    enum ws_role role;
    size_t party;
    const char *space; /* covers the name that it is, and those behind it and '/' */
};

struct ws_roles {
    const char **parties; /* by name */
    size_t party_count;
    struct ws_party_key *keys;
    size_t key_count;
    struct ws_mirror *mirrors;
    size_t mirror_count;
    struct ws_granted_role *granted;
    size_t granted_count;
    uint64_t index_quorum; /* so many parties with mirrors must have signed one index; from 1 on */
    uint64_t max_age;      /* seconds; 0: checkpoints do not grow stale */
    uint64_t max_delay;    /* seconds; a start is believed no earlier before its entry */
    uint64_t max_opening;  /* seconds in which a disputed claim is to be opened; 0: at once */
};

/* Reads roles beside `trust`, in which witnesses of one operator count once from then on. `name`
 * starts messages: "roles.txt:3: ...". WS_INVALID names the line; WS_LIMIT, WS_UNSUPPORTED. What is
 * read lives in the arena, but for the keys: ws_roles_close. */
WS_MUST_CHECK enum ws_status ws_roles_read(struct ws_bytes text, const char *name,
                                           struct ws_trust *trust, struct ws_arena *arena,
                                           struct ws_roles *out, struct ws_error *err);
void ws_roles_close(struct ws_roles *roles);

/* Whether the party has this role for the model or collection `name`. */
bool ws_roles_allow(const struct ws_roles *roles, size_t party, enum ws_role role,
                    const char *name);

/* Whether the party has a mirror, and so may say what its index of the log is. */
bool ws_roles_mirror(const struct ws_roles *roles, size_t party);
/* How many parties have mirrors: whoever runs several is one. */
size_t ws_roles_mirror_parties(const struct ws_roles *roles);

#endif
