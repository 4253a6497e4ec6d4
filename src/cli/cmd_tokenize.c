/*
 * wellspring tokenize: text to token ids, ids to text, and training a tokenizer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "data/tokenizer.h"

enum { CHUNK = 1 << 20 };

struct tokenize_flags {
    const char *tokenizer;
    const char *train;
    bool decode, jsonl, plain;
};

/* A file or standard input, read in pieces, and what is done with it. */
struct conversion {
    const struct ws_tokenizer *tokenizer;
    const struct tokenize_flags *flags;
    FILE *in;
    const char *name;       /* of the input */
    struct ws_buffer input; /* read and not yet worked on */
    bool at_end;            /* of the file: `input` is all that is left */
    uint64_t line;          /* of JSON lines, from 1 */
    struct ws_buffer ids;   /* uint32_t */
    struct ws_buffer text;  /* for standard output */
    bool begun;             /* something was printed on this line */
    struct ws_error *err;
};

/* Input and output ----------------------------------------------------------------------------- */

/* At least as much again as is there, so that what cannot be cut is looked at a few times only. */
static enum ws_status read_more(struct conversion *c)
{
    size_t wanted = c->input.size > CHUNK ? c->input.size : CHUNK;
    size_t before = c->input.size;
    char *room = ws_buffer_extend(&c->input, wanted);
    if (!room)
        return ws_fail_memory(c->err, c->name);
    size_t size = fread(room, 1, wanted, c->in);
    c->input.size = before + size;
    c->at_end = size < wanted;
    return ferror(c->in) ? ws_fail_system(c->err, "read", c->name) : WS_OK;
}

static void drop_input(struct conversion *c, size_t size)
{
    c->input.size -= size;
    memmove(c->input.data, c->input.data + size, c->input.size);
}

static enum ws_status print_text(struct conversion *c)
{
    WS_TRY(ws_buffer_check(&c->text, "the output", c->err));
    (void)fwrite(ws_buffer_string(&c->text), 1, c->text.size, stdout);
    ws_buffer_reset(&c->text);
    return WS_OK;
}

static void put_number(struct ws_buffer *out, uint32_t value)
{
    char digits[10];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    ws_buffer_append(out, digits + at, sizeof digits - at);
}

/* What is wrong with an input is no fault of the command line. */
static enum ws_status blame_input(struct conversion *c, enum ws_status status)
{
    if (status != WS_INVALID && status != WS_UNSUPPORTED)
        return status;
    struct ws_error inner = *c->err;
    if (c->flags->jsonl)
        return ws_fail(c->err, WS_CORRUPT, "%s:%" PRIu64 ": %s", c->name, c->line, inner.message);
    return ws_fail(c->err, WS_CORRUPT, "%s: %s", c->name, inner.message);
}

/* Text to ids ---------------------------------------------------------------------------------- */

static enum ws_status encode_and_print(struct conversion *c, struct ws_bytes text, unsigned flags,
                                       char separator)
{
    ws_buffer_reset(&c->ids);
    WS_TRY(blame_input(c, ws_tokenizer_encode(c->tokenizer, text, flags, &c->ids, c->err)));
    const uint32_t *ids = (const uint32_t *)(const void *)c->ids.data;
    for (size_t i = 0; i < c->ids.size / sizeof *ids; i++) {
        if (c->begun)
            ws_buffer_u8(&c->text, (uint8_t)separator);
        put_number(&c->text, ids[i]);
        c->begun = true;
    }
    return WS_OK;
}

static enum ws_status encode_text(struct conversion *c)
{
    unsigned flags = c->flags->plain ? WS_ENCODE_PLAIN : WS_ENCODE_FRONT;
    while (!c->at_end) {
        WS_TRY(read_more(c));
        size_t size = c->input.size;
        if (!c->at_end)
            size = ws_tokenizer_cut(c->tokenizer, ws_buffer_bytes(&c->input));
        else if (!c->flags->plain)
            flags |= WS_ENCODE_BACK;
        if (size == 0 && !c->at_end)
            continue;
        WS_TRY(encode_and_print(c, ws_bytes_of(c->input.data, size), flags, ' '));
        drop_input(c, size);
        flags &= ~(unsigned)WS_ENCODE_FRONT;
        WS_TRY(print_text(c));
    }
    ws_buffer_u8(&c->text, '\n');
    return print_text(c);
}

/* Ids to text ---------------------------------------------------------------------------------- */

static enum ws_status decode_ids(struct conversion *c)
{
    const uint32_t *ids = (const uint32_t *)(const void *)c->ids.data;
    WS_TRY(ws_buffer_check(&c->ids, "the ids", c->err));
    return blame_input(c, ws_tokenizer_decode(c->tokenizer, ids, c->ids.size / sizeof *ids,
                                              c->flags->plain ? WS_DECODE_PLAIN : 0, &c->text,
                                              c->err));
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The whole numbers that end before `size`. */
static enum ws_status parse_ids(struct conversion *c, size_t size)
{
    const char *text = c->input.data;
    ws_buffer_reset(&c->ids);
    for (size_t at = 0; at < size;) {
        size_t start = at;
        uint64_t id = 0;
        for (; at < size && text[at] >= '0' && text[at] <= '9' && at - start < 11; at++)
            id = 10 * id + (uint64_t)(text[at] - '0');
        if ((at < size && !is_blank(text[at])) || id > UINT32_MAX) {
            size_t end = at;
            while (end < size && end - start < 20 && !is_blank(text[end]))
                end++;
            return ws_fail(c->err, WS_CORRUPT, "%s: '%.*s' is no token id", c->name,
                           (int)(end - start), text + start);
        }
        if (at > start) {
            uint32_t value = (uint32_t)id;
            ws_buffer_append(&c->ids, &value, sizeof value);
        }
        while (at < size && is_blank(text[at]))
            at++;
    }
    return WS_OK;
}

static enum ws_status decode_text(struct conversion *c)
{
    while (!c->at_end) {
        WS_TRY(read_more(c));
        size_t size = c->input.size;
        while (!c->at_end && size > 0 && !is_blank(c->input.data[size - 1]))
            size--;
        WS_TRY(parse_ids(c, size));
        WS_TRY(decode_ids(c));
        drop_input(c, size);
        WS_TRY(print_text(c));
    }
    return WS_OK;
}

/* JSON lines ----------------------------------------------------------------------------------- */

static enum ws_status encode_line(struct conversion *c, const json_t *line)
{
    unsigned flags = c->flags->plain ? WS_ENCODE_PLAIN : WS_ENCODE_FRONT | WS_ENCODE_BACK;
    if (!json_is_string(line))
        return ws_fail(c->err, WS_CORRUPT, "%s:%" PRIu64 ": no JSON string", c->name, c->line);
    struct ws_bytes text = ws_bytes_of(json_string_value(line), json_string_length(line));
    ws_buffer_u8(&c->text, '[');
    c->begun = false;
    WS_TRY(encode_and_print(c, text, flags, ','));
    ws_buffer_text(&c->text, "]\n");
    return WS_OK;
}

static enum ws_status decode_line(struct conversion *c, const json_t *line)
{
    if (!json_is_array(line))
        return ws_fail(c->err, WS_CORRUPT, "%s:%" PRIu64 ": no JSON array", c->name, c->line);
    ws_buffer_reset(&c->ids);
    for (size_t i = 0; i < json_array_size(line); i++) {
        const json_t *item = json_array_get(line, i);
        json_int_t id = json_integer_value(item);
        if (!json_is_integer(item) || id < 0 || id > UINT32_MAX)
            return ws_fail(c->err, WS_CORRUPT, "%s:%" PRIu64 ": item %zu is no token id", c->name,
                           c->line, i + 1);
        uint32_t value = (uint32_t)id;
        ws_buffer_append(&c->ids, &value, sizeof value);
    }
    size_t before = c->text.size;
    struct ws_buffer repaired;
    ws_buffer_init(&repaired, NULL, SIZE_MAX);
    enum ws_status status = decode_ids(c);
    if (status == WS_OK)
        ws_utf8_repair(ws_bytes_of(c->text.data + before, c->text.size - before), &repaired);
    c->text.size = before;
    json_t *json = json_stringn(ws_buffer_string(&repaired), repaired.size);
    ws_json_append(json, &c->text);
    ws_buffer_u8(&c->text, '\n');
    json_decref(json);
    ws_buffer_release(&repaired);
    return status;
}

static enum ws_status convert_line(struct conversion *c, struct ws_bytes bytes)
{
    json_error_t error;
    json_t *line =
        json_loadb((const char *)bytes.data, bytes.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!line)
        return ws_fail(c->err, WS_CORRUPT, "%s:%" PRIu64 ": %s", c->name, c->line, error.text);
    enum ws_status status = c->flags->decode ? decode_line(c, line) : encode_line(c, line);
    json_decref(line);
    return status == WS_OK ? print_text(c) : status;
}

static enum ws_status convert_lines(struct conversion *c)
{
    while (!c->at_end) {
        WS_TRY(read_more(c));
        size_t done = 0;
        while (done < c->input.size) {
            const char *start = c->input.data + done;
            const char *end = memchr(start, '\n', c->input.size - done);
            if (!end && !c->at_end)
                break;
            size_t size = end ? (size_t)(end - start) : c->input.size - done;
            c->line++;
            WS_TRY(convert_line(c, ws_bytes_of(start, size)));
            done += end ? size + 1 : size;
        }
        drop_input(c, done);
    }
    return WS_OK;
}

/* Training ------------------------------------------------------------------------------------- */

/* A directory that holds a model is not to lose its tokenizer to a slip of the hand. */
static enum ws_status refuse_to_replace(const char *directory, struct ws_error *err)
{
    static const char *const names[] = {"tokenizer.json", "vocab.json", "merges.txt",
                                        "encoder.json", "vocab.bpe"};
    struct ws_arena arena;
    enum ws_status status = WS_OK;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names && status == WS_OK; i++) {
        const char *path = ws_arena_format(&arena, "%s/%s", directory, names[i]);
        if (!path)
            status = ws_fail_memory(err, directory);
        else if (ws_file_exists(path))
            status = ws_fail(err, WS_CONFLICT,
                             "'%s' is there already; train into another directory", path);
    }
    ws_arena_release(&arena);
    return status;
}

static void print_trained(const struct ws_tokenizer *tokenizer, uint64_t wanted,
                          const char *directory)
{
    uint32_t count = ws_tokenizer_count(tokenizer);
    (void)printf("%" PRIu32 " tokens in %s%s\n", count, directory,
                 count < wanted ? ": the text has no more pairs" : "");
    begin_command(stdout, "Next:\n ");
    print_words("tokenize --tokenizer");
    print_word(directory);
    print_words("FILE");
    end_command(NULL);
}

static enum ws_status train_on_input(struct conversion *c, struct ws_tokenizer_training *training,
                                     struct ws_arena *arena, const struct ws_tokenizer **out)
{
    while (!c->at_end) {
        WS_TRY(read_more(c));
        struct ws_bytes text = ws_buffer_bytes(&c->input);
        if (!c->at_end)
            text.size = ws_tokenizer_training_cut(text);
        WS_TRY(ws_tokenizer_training_add(training, text, c->err));
        drop_input(c, text.size);
    }
    return ws_tokenizer_training_finish(training, arena, out, c->err);
}

static enum ws_status train(struct conversion *c, struct ws_arena *arena)
{
    static const char *const special[] = {"<|endoftext|>"};
    struct ws_tokenizer_training *training;
    const char *directory = c->flags->tokenizer;
    const struct ws_tokenizer *tokenizer;
    uint64_t count = 0;
    if (!ws_whole_parse(c->flags->train, &count) || count > UINT32_MAX)
        return ws_fail(c->err, WS_INVALID, "--train is '%.40s', wanted a number of tokens",
                       c->flags->train);
    WS_TRY(refuse_to_replace(directory, c->err));
    WS_TRY(ws_tokenizer_training_open((uint32_t)count, special, 1, NULL, &training, c->err));
    enum ws_status status = train_on_input(c, training, arena, &tokenizer);
    ws_tokenizer_training_close(training);
    WS_TRY(status);
    WS_TRY(ws_tokenizer_save(tokenizer, directory, c->err));
    print_trained(tokenizer, count, directory);
    return WS_OK;
}

/* The command ---------------------------------------------------------------------------------- */

static enum ws_status convert(struct conversion *c, struct ws_arena *arena)
{
    if (c->flags->train)
        return train(c, arena);
    WS_TRY(ws_tokenizer_open(c->flags->tokenizer, arena, &c->tokenizer, c->err));
    if (c->flags->jsonl)
        return convert_lines(c);
    return c->flags->decode ? decode_text(c) : encode_text(c);
}

static enum ws_status tokenize(const struct tokenize_flags *flags, const char *path,
                               struct ws_error *err)
{
    if (!flags->tokenizer)
        return ws_fail(err, WS_INVALID, "tokenize: which tokenizer? --tokenizer PATH");
    if (flags->train && (flags->decode || flags->jsonl || flags->plain))
        return ws_fail(err, WS_INVALID, "--train goes with neither --decode, --jsonl nor --plain");
    bool standard_input = strcmp(path, "-") == 0;
    struct ws_arena arena;
    struct conversion c = {
        .flags = flags,
        .in = standard_input ? stdin : fopen(path, "rb"),
        .name = standard_input ? "standard input" : path,
        .err = err,
    };
    if (!c.in)
        return ws_fail_system(err, "read", path);
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&c.input, NULL, SIZE_MAX);
    ws_buffer_init(&c.ids, NULL, SIZE_MAX);
    ws_buffer_init(&c.text, NULL, SIZE_MAX);
    enum ws_status status = convert(&c, &arena);
    ws_buffer_release(&c.input);
    ws_buffer_release(&c.ids);
    ws_buffer_release(&c.text);
    ws_arena_release(&arena);
    if (!standard_input)
        (void)fclose(c.in);
    return status;
}

int cmd_tokenize(int argc, char **argv)
{
    struct tokenize_flags flags = {0};
    const struct flag table[] = {
        {"tokenizer", 't', "PATH", "tokenizer.json, or the directory of a tokenizer or model", NULL,
         &flags.tokenizer},
        {"decode", 'd', NULL, "from ids to text", &flags.decode, NULL},
        {"train", 0, "SIZE", "train SIZE tokens on the input, write them to directory PATH", NULL,
         &flags.train},
        {"jsonl", 'j', NULL, "a JSON string a line to an array of ids a line", &flags.jsonl, NULL},
        {"plain", 'p', NULL, "no special tokens: none read, none added, none written", &flags.plain,
         NULL},
    };
    const struct command_line line = {
        .usage = "tokenize --tokenizer PATH [options] [FILE|-]",
        .about =
            "Prints the token ids of a file or of standard input, separated by blanks, or with\n"
            "--decode the bytes of such ids. Byte-level BPE; ids are those of the Hugging Face\n"
            "library: special tokens that are spelt out in the text are recognised, and what\n"
            "the tokenizer puts around a text is added, unless --plain says otherwise.\n"
            "With --jsonl --decode, what is not UTF-8 becomes U+FFFD.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && arguments.help)
        print_help(&line);
    else if (status == WS_OK)
        status = tokenize(&flags, arguments.positional_count > 0 ? arguments.positional[0] : "-",
                          &error);
    ws_arena_release(&arguments.arena);
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}
