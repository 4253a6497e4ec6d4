#include "ledger/mirror.h"

#include <string.h>

/* Of two URLs, one below the other, the longer one. */
const struct ws_mirror *ws_mirror_at(const struct ws_roles *roles, const char *from)
{
    const struct ws_mirror *found = NULL;
    for (size_t i = 0; i < roles->mirror_count; i++) {
        const struct ws_mirror *mirror = &roles->mirrors[i];
        size_t length = strlen(mirror->url);
        while (length > 0 && mirror->url[length - 1] == '/')
            length--;
        if (strncmp(from, mirror->url, length) == 0 &&
            (from[length] == '\0' || from[length] == '/') &&
            (!found || strlen(found->url) < strlen(mirror->url)))
            found = mirror;
    }
    return found;
}

enum ws_status ws_mirror_check(const struct ws_mirror *mirror, struct ws_bytes note,
                               struct ws_arena *arena, uint64_t *time, struct ws_error *err)
{
    const struct ws_note_key *const keys[] = {&mirror->key};
    struct ws_note read;
    struct ws_note_proof proof;
    WS_TRY(ws_note_read(note, arena, &read, err));
    WS_TRY(ws_note_check(&read, keys, 1, arena, &proof, err));
    if (!proof.is_signed || proof.time == 0)
        return ws_fail(err, WS_CORRUPT,
                       "the mirror '%.100s' has not cosigned the checkpoint that is shown there: "
                       "it does not say that it stored what this covers",
                       mirror->key.name);
    *time = proof.time;
    return WS_OK;
}
