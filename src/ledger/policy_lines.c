#include "ledger/policy_lines.h"

#include "base/utf8.h"

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

int ws_policy_quoted(struct ws_bytes item)
{
    return item.size < 80 ? (int)item.size : 80;
}

bool ws_policy_next(struct ws_policy_line *line, struct ws_bytes *out)
{
    struct ws_bytes *left = &line->left;
    while (left->size > 0 && is_blank(left->data[0]))
        *left = ws_bytes_of(left->data + 1, left->size - 1);
    size_t size = 0;
    while (size < left->size && !is_blank(left->data[size]))
        size++;
    *out = ws_bytes_of(left->data, size);
    *left = ws_bytes_of(left->data + size, left->size - size);
    return size > 0;
}

enum ws_status ws_policy_take(struct ws_policy_line *line, const char *what, struct ws_bytes *out)
{
    if (!ws_policy_next(line, out))
        return ws_fail(line->err, WS_INVALID, "%s is missing", what);
    return WS_OK;
}

enum ws_status ws_policy_end(struct ws_policy_line *line)
{
    struct ws_bytes more;
    if (ws_policy_next(line, &more))
        return ws_fail(line->err, WS_INVALID, "'%.*s' is too much", ws_policy_quoted(more),
                       (const char *)more.data);
    return WS_OK;
}

enum ws_status ws_policy_copy(struct ws_policy_line *line, struct ws_bytes item, const char **out)
{
    *out = ws_arena_text_of(line->arena, item.data, item.size);
    return *out ? WS_OK : ws_fail_memory(line->err, "a policy");
}

enum ws_status ws_policy_take_key(struct ws_policy_line *line, enum ws_key_type type,
                                  const char *whose, struct ws_note_key *out)
{
    struct ws_bytes text;
    WS_TRY(ws_policy_take(line, "a key", &text));
    WS_TRY(ws_note_key_read(text, line->arena, out, line->err));
    enum ws_key_type seen = out->type;
    if (seen == type)
        return WS_OK;
    ws_note_key_close(out);
    return ws_fail(line->err, WS_INVALID, "%s is of type %d, this one is of type %d", whose,
                   (int)type, (int)seen);
}

static bool has_control(struct ws_bytes text)
{
    while (text.size > 0) {
        int32_t character;
        const size_t size = ws_utf8_decode(text, false, &character);
        if ((character >= 0 && character < 0x20 && character != '\t') || character == 0x7F ||
            ws_utf8_turns(character))
            return true;
        text = ws_bytes_of(text.data + size, text.size - size);
    }
    return false;
}

static enum ws_status read_line(struct ws_policy_line *line, const struct ws_policy_kind kinds[],
                                size_t count, const char *wanted, void *user)
{
    struct ws_bytes keyword;
    if (has_control(line->left))
        return ws_fail(line->err, WS_INVALID, "a control character");
    if (!ws_policy_next(line, &keyword) || keyword.data[0] == '#')
        return WS_OK;
    for (size_t i = 0; i < count; i++)
        if (ws_bytes_is(keyword, kinds[i].keyword))
            return kinds[i].read(user, line);
    return ws_fail(line->err, WS_INVALID, "'%.*s', wanted %s", ws_policy_quoted(keyword),
                   (const char *)keyword.data, wanted);
}

enum ws_status ws_policy_read_lines(struct ws_bytes text, const char *name, size_t first,
                                    const struct ws_policy_kind kinds[], size_t count,
                                    const char *wanted, void *user, struct ws_arena *arena,
                                    struct ws_error *err)
{
    struct ws_policy_line line = {.arena = arena, .err = err};
    for (size_t number = first; text.size > 0; number++) {
        if (!ws_bytes_split(text, '\n', &line.left, &text))
            return ws_fail(err, WS_INVALID, "%s:%zu: the line does not end", name, number);
        enum ws_status status = read_line(&line, kinds, count, wanted, user);
        if (status != WS_OK) {
            ws_error_prefix(err, "%s:%zu", name, number);
            return status;
        }
    }
    return WS_OK;
}
