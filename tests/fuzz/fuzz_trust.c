/*
 * A policy of trust from anywhere: it is refused with its line, or its groups are made of members
 * above them and can be complete.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void look_at(const struct ws_trust *trust)
{
    require(trust->quorum == WS_TRUST_NO_QUORUM || trust->quorum < trust->member_count);
    for (size_t i = 0; i < trust->member_count; i++) {
        const struct ws_trust_member *member = &trust->members[i];
        require(*member->name != '\0');
        if (member->key.name)
            continue;
        require(member->needed >= 1 && member->needed <= member->member_count);
        for (size_t m = 0; m < member->member_count; m++)
            require(member->members[m] < i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_trust trust;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_trust_read(ws_bytes_of(data, size), "fuzz", &arena, &trust, &err);
    if (status == WS_OK) {
        look_at(&trust);
        ws_trust_close(&trust);
    } else {
        require(status == WS_INVALID || status == WS_LIMIT || status == WS_UNSUPPORTED);
        require(strncmp(err.message, "fuzz:", 5) == 0);
    }
    ws_arena_release(&arena);
    return 0;
}
