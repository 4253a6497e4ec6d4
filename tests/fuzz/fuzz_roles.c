/*
 * Roles from anywhere, beside a policy with some witnesses: they are refused with their file's
 * name, or whoever has a role is a party, and every operator is in one group.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/roles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static const char policy[] =
    "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"
    "witness A a+1e094502+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"
    "witness B b+4a6900f0+BDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop\n"
    "group g any A B\nquorum g\n";

static void look_at(const struct ws_roles *roles, const struct ws_trust *trust)
{
    for (size_t i = 0; i < roles->key_count; i++)
        require(roles->keys[i].party < roles->party_count);
    for (size_t i = 0; i < roles->mirror_count; i++)
        require(roles->mirrors[i].party < roles->party_count);
    for (size_t i = 0; i < roles->granted_count; i++) {
        const struct ws_granted_role *granted = &roles->granted[i];
        require(granted->party < roles->party_count);
        require(ws_roles_allow(roles, granted->party, granted->role, granted->space));
    }
    require(roles->index_quorum == 1 ||
            (roles->index_quorum > 1 && roles->index_quorum <= ws_roles_mirror_parties(roles)));
    for (size_t i = 0; i < trust->member_count; i++)
        require(trust->members[i].run_by <= i || trust->members[i].key.name != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_trust trust;
    struct ws_roles roles;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    require(ws_trust_read(ws_bytes_of_text(policy), "policy", &arena, &trust, &err) == WS_OK);
    enum ws_status status =
        ws_roles_read(ws_bytes_of(data, size), "fuzz", &trust, &arena, &roles, &err);
    if (status == WS_OK) {
        look_at(&roles, &trust);
        ws_roles_close(&roles);
    } else {
        require(status == WS_INVALID || status == WS_LIMIT || status == WS_UNSUPPORTED);
        require(strncmp(err.message, "fuzz:", 5) == 0);
    }
    ws_trust_close(&trust);
    ws_arena_release(&arena);
    return 0;
}
