#include "cli/ledger_command.h"

#include <stdio.h>

#include "base/json.h"

enum ws_status print_ledger_json(json_t *json, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_json_append_pretty(json, &text);
    enum ws_status status = ws_buffer_check(&text, "the answer", err);
    if (status == WS_OK)
        (void)printf("%s\n", ws_buffer_string(&text));
    ws_buffer_release(&text);
    json_decref(json);
    return status;
}

const char *vkey_text(const struct ws_note_key *key, struct ws_arena *arena)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_note_key_append(&text, key);
    const char *copy = text.status == WS_OK ? ws_arena_text(arena, ws_buffer_string(&text)) : NULL;
    ws_buffer_release(&text);
    return copy;
}
