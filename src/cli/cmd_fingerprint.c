/*
 * wellspring fingerprint: what stands for a document in the registry.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/iscc.h"

enum { PIECE = 1 << 16, ISCC_BITS = 256 };

struct fingerprint_flags {
    bool list, json, canonical;
};

/* One document after another, and what they are taken through. */
struct fingerprinting {
    const struct fingerprint_flags *flags;
    struct ws_fingerprinter *fingerprinter;
    struct ws_iscc *iscc;
    struct ws_canon *canon;
    struct ws_buffer text; /* for standard output */
    bool listed;           /* a fingerprint of this document was */
};

static enum ws_status print_text(struct fingerprinting *f, struct ws_error *err)
{
    WS_TRY(ws_buffer_check(&f->text, "the output", err));
    (void)fwrite(ws_buffer_string(&f->text), 1, f->text.size, stdout);
    ws_buffer_reset(&f->text);
    return WS_OK;
}

/* Fingerprints are printed as they are found, so that a document of any size has room. */
static enum ws_status list(void *context, const struct ws_fingerprint *found, size_t count,
                           struct ws_error *err)
{
    struct fingerprinting *f = context;
    if (!f->flags->list)
        return WS_OK;
    for (size_t i = 0; i < count; i++) {
        const struct ws_fingerprint *one = &found[i];
        if (f->flags->json)
            ws_buffer_format(&f->text, "%s[\"%016" PRIx64 "\",%" PRIu64 ",%" PRIu64 "]",
                             f->listed ? "," : "", one->value, one->begin, one->end);
        else
            ws_buffer_format(&f->text, "%016" PRIx64 " %12" PRIu64 " %12" PRIu64 "\n", one->value,
                             one->begin, one->end);
        f->listed = true;
    }
    return print_text(f, err);
}

/* Results ----------------------------------------------------------------------------------------
 */

static void begin_results(struct fingerprinting *f, const char *name)
{
    f->listed = false;
    if (f->flags->json) {
        json_t *file = ws_json_path(name);
        ws_buffer_text(&f->text, "{\"file\":");
        ws_json_append(file, &f->text);
        ws_buffer_text(&f->text, f->flags->list ? ",\"list\":[" : ",");
        json_decref(file);
    } else if (f->flags->list) {
        ws_buffer_format(&f->text, "%s\n%-16s %12s %12s\n", name, "fingerprint", "begin", "end");
    }
}

static void end_json(struct fingerprinting *f, const struct ws_document_print *print,
                     const char *digest, const char *iscc)
{
    const struct ws_canon_counts *counts = &print->counts;
    json_t *members =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:I}", "canon", WS_CANON_ID, "scheme",
                  WS_FINGERPRINT_ID, "raw_bytes", (json_int_t)counts->raw_bytes, "code_points",
                  (json_int_t)counts->raw_points, "malformed", (json_int_t)counts->malformed,
                  "canonical_bytes", (json_int_t)counts->bytes, "sha256", digest, "iscc", iscc,
                  "fingerprints", (json_int_t)print->fingerprints);
    if (f->flags->list)
        ws_buffer_text(&f->text, "],");
    ws_json_append_members(members, &f->text);
    ws_buffer_text(&f->text, "}\n");
    json_decref(members);
}

static void end_table(struct fingerprinting *f, const char *name,
                      const struct ws_document_print *print, const char *digest, const char *iscc)
{
    const struct ws_canon_counts *counts = &print->counts;
    if (!f->flags->list)
        ws_buffer_format(&f->text, "%s\n", name);
    ws_buffer_format(&f->text,
                     "  canonical text  %s: %" PRIu64 " bytes of %" PRIu64 " code points\n",
                     WS_CANON_ID, counts->bytes, counts->raw_points);
    if (counts->malformed > 0)
        ws_buffer_format(&f->text, "  malformed       %" PRIu64 " of them, left out\n",
                         counts->malformed);
    ws_buffer_format(&f->text,
                     "  SHA-256         %s\n  ISCC            %s\n"
                     "  fingerprints    %" PRIu64 " of %s%s\n",
                     digest, iscc, print->fingerprints, WS_FINGERPRINT_ID,
                     print->fingerprints > 0 ? "" : ": the text is shorter than one");
}

static enum ws_status end_results(struct fingerprinting *f, const char *name, struct ws_error *err)
{
    struct ws_document_print print;
    struct ws_iscc_code code;
    char digest[WS_HASH_TEXT_SIZE], iscc[WS_ISCC_TEXT_SIZE];
    WS_TRY(ws_fingerprinter_end(f->fingerprinter, &print, err));
    ws_iscc_end(f->iscc, &code);
    ws_iscc_text(&code, ISCC_BITS, iscc);
    ws_hash_text(&print.digest, digest);
    if (f->flags->json)
        end_json(f, &print, digest, iscc);
    else
        end_table(f, name, &print, digest, iscc);
    return print_text(f, err);
}

/* Documents --------------------------------------------------------------------------------------
 */

static enum ws_status add(struct fingerprinting *f, struct ws_bytes raw, struct ws_error *err)
{
    if (!f->flags->canonical) {
        ws_iscc_add(f->iscc, raw);
        return ws_fingerprinter_add(f->fingerprinter, raw, err);
    }
    while (raw.size > 0) {
        struct ws_canon_chunk chunk;
        ws_canon_read(f->canon, &raw, &chunk);
        (void)fwrite(chunk.text.data, 1, chunk.text.size, stdout);
    }
    return WS_OK;
}

static enum ws_status end(struct fingerprinting *f, const char *name, struct ws_error *err)
{
    struct ws_canon_chunk chunk;
    if (!f->flags->canonical)
        return end_results(f, name, err);
    ws_canon_end(f->canon, &chunk);
    (void)fwrite(chunk.text.data, 1, chunk.text.size, stdout);
    return WS_OK;
}

static enum ws_status take_stream(struct fingerprinting *f, FILE *in, const char *name,
                                  struct ws_error *err)
{
    char piece[PIECE];
    size_t size;
    if (!f->flags->canonical)
        begin_results(f, name);
    while ((size = fread(piece, 1, sizeof piece, in)) > 0)
        WS_TRY(add(f, ws_bytes_of(piece, size), err));
    if (ferror(in))
        return ws_fail_system(err, "read", name);
    return end(f, name, err);
}

static enum ws_status take_file(struct fingerprinting *f, const char *path, struct ws_error *err)
{
    if (strcmp(path, "-") == 0)
        return take_stream(f, stdin, "standard input", err);
    FILE *in = fopen(path, "rb");
    if (!in)
        return ws_fail_system(err, "read", path);
    enum ws_status status = take_stream(f, in, path, err);
    (void)fclose(in);
    return status;
}

static enum ws_status take_files(struct fingerprinting *f, const struct arguments *arguments,
                                 struct ws_error *err)
{
    WS_TRY(ws_fingerprinter_open(NULL, list, f, &f->fingerprinter, err));
    WS_TRY(ws_iscc_open(NULL, &f->iscc, err));
    WS_TRY(ws_canon_open(NULL, &f->canon, err));
    for (size_t i = 0; i < arguments->positional_count; i++)
        WS_TRY(take_file(f, arguments->positional[i], err));
    if (f->flags->json || f->flags->list || f->flags->canonical)
        return WS_OK;
    begin_command(stdout, "Next:\n ");
    print_words("fingerprint --list");
    print_word(arguments->positional[0]);
    end_command(NULL);
    return WS_OK;
}

static enum ws_status fingerprint(void *context, const struct arguments *arguments,
                                  struct ws_error *err)
{
    const struct fingerprint_flags *flags = context;
    struct fingerprinting f = {.flags = flags};
    if (flags->canonical && (flags->json || flags->list))
        return ws_fail(err, WS_INVALID, "--canonical goes with neither --json nor --list");
    ws_buffer_init(&f.text, NULL, SIZE_MAX);
    enum ws_status status = take_files(&f, arguments, err);
    ws_fingerprinter_close(f.fingerprinter);
    ws_iscc_close(f.iscc);
    ws_canon_close(f.canon);
    ws_buffer_release(&f.text);
    return status;
}

int cmd_fingerprint(int argc, char **argv)
{
    struct fingerprint_flags flags = {0};
    const struct flag table[] = {
        {"list", 'l', NULL, "each fingerprint with the code points it was made of", &flags.list,
         NULL},
        {"canonical", 'c', NULL, "the canonical text and nothing else", &flags.canonical, NULL},
        {"json", 0, NULL, "as JSON, a line a document", &flags.json, NULL},
    };
    const struct command_line line = {
        .usage = "fingerprint FILE...|- [options]",
        .about =
            "Prints what stands for a document in the registry: the SHA-256 of its canonical text, "
            "its\n"
            "ISCC Text-Code, and how many fingerprints it has. Any 113 bytes of canonical text "
            "that\n"
            "two documents share give them a fingerprint in common. A document is a file of any\n"
            "size, taken as UTF-8; what is not is left out and counted.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "which document? a file, or - for standard input",
    };
    return command_of_one(&line, argc, argv, fingerprint, &flags);
}
