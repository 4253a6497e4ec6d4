/*
 * Where somebody's registry is, in one file that can stand wherever a policy does: whom he trusts,
 * which log, where shards lie, and his own key. docs/formats/trust.md has the format.
 *
 *     urn:wellspring:registry:v1
 *     policy <file>
 *     roles <file>
 *     log <directory or URL>
 *     shards <directory>
 *     index <file>
 *     openings <directory>
 *     state <directory>
 *     keys <file>
 *     issuer <file>
 *
 * Contract: tests/unit/test_registry.c, tests/fuzz/fuzz_registry.c.
 */
#ifndef WS_LEDGER_REGISTRY_H
#define WS_LEDGER_REGISTRY_H

#include "ledger/lookup.h"

#define WS_REGISTRY_LOOKUP_MAP(X)                                                                  \
    X(policy) X(roles) X(log) X(shards) X(index) X(openings) X(state) X(keys)
#define WS_REGISTRY_MAP(X) WS_REGISTRY_LOOKUP_MAP(X) X(issuer)

/* What no line says is NULL; the policy is always there. */
struct ws_registry {
#define X(name) const char *name;
    WS_REGISTRY_MAP(X)
#undef X
};

/* Whether a text is a registry's and no policy: by its first line. */
bool ws_registry_is(struct ws_bytes text);

/* Reads a registry; relative places are meant from `folder`, which "" or ends with '/'. `name`
 * starts messages: "registry.txt:3: ...". WS_INVALID names the line; WS_LIMIT. It lives in the
 * arena. */
WS_MUST_CHECK enum ws_status ws_registry_read(struct ws_bytes text, const char *name,
                                              const char *folder, struct ws_arena *arena,
                                              struct ws_registry *out, struct ws_error *err);

/* That in a file; WS_INVALID where it is none. */
WS_MUST_CHECK enum ws_status ws_registry_load(const char *path, struct ws_arena *arena,
                                              struct ws_registry *out, struct ws_error *err);

/* Where the regular file that the request names as its policy is a registry, the request's policy
 * is that of the registry, and so is all else that the request has not. */
WS_MUST_CHECK enum ws_status ws_registry_complete(struct ws_lookup_request *request,
                                                  struct ws_arena *arena, struct ws_error *err);

#endif
