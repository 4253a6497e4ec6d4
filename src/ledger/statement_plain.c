#include "ledger/statement_plain.h"

#include "base/plain_json.h"

enum { MOST = 16 /* shards, and sources; of more JSON in general reads all */ };

struct plain {
    struct ws_bytes left;
    struct ws_arena *arena;
};

static bool take(struct plain *in, const char *text)
{
    return ws_plain_json_take(&in->left, text);
}

static bool take_text(struct plain *in, const char *before, const char **out)
{
    struct ws_bytes text;
    if (!ws_plain_json_text(&in->left, before, &text))
        return false;
    *out = ws_arena_text_of(in->arena, (const char *)text.data, text.size);
    return *out != NULL;
}

static bool take_text_if(struct plain *in, const char *before, const char **out)
{
    *out = NULL;
    return !ws_plain_json_is_next(in->left, before) || take_text(in, before, out);
}

static bool take_whole(struct plain *in, const char *before, uint64_t *out)
{
    return ws_plain_json_whole(&in->left, before, out);
}

static bool take_digest(struct plain *in, struct ws_hash *out)
{
    struct ws_bytes text;
    return ws_plain_json_text(&in->left, ",\"digest\":{\"sha256\":\"", &text) &&
           ws_hash_read(text, out) && take(in, "}}");
}

static bool take_subjects(struct plain *in, struct ws_statement *out)
{
    size_t count = 0;
    out->subjects = WS_ARENA_NEW(in->arena, struct ws_statement_subject, MOST);
    if (!out->subjects || !take(in, ",\"subject\":["))
        return false;
    do {
        if (count == MOST || !take_text(in, "{\"name\":\"", &out->subjects[count].name) ||
            !take_digest(in, &out->subjects[count].digest))
            return false;
        count++;
    } while (take(in, ","));
    out->subject_count = count;
    return take(in, "]");
}

static bool take_sources(struct plain *in, struct ws_emission *out)
{
    size_t count = 0;
    out->sources = WS_ARENA_NEW(in->arena, uint64_t, MOST);
    if (!out->sources || !take(in, ",\"prov:wasDerivedFrom\":["))
        return false;
    while (!ws_plain_json_is_next(in->left, "]")) {
        if (count == MOST || !take_whole(in, count > 0 ? "," : "", &out->sources[count]))
            return false;
        count++;
    }
    out->source_count = count;
    return take(in, "]");
}

static bool take_depth(struct plain *in, struct ws_generation_depth *out)
{
    static const char most[] = ",\"atMost\":";
    if (!take_whole(in, ",\"generation\":{\"atLeast\":", &out->at_least))
        return false;
    out->has_most = ws_plain_json_is_next(in->left, most);
    if (out->has_most && !take_whole(in, most, &out->at_most))
        return false;
    return take(in, "}");
}

static bool take_emission(struct plain *in, struct ws_emission *out)
{
    return take_text(in, "{\"model\":{\"id\":\"", &out->model) && take_digest(in, &out->weights) &&
           take_text(in, ",\"prov:startedAtTime\":\"", &out->started) &&
           take_text(in, ",\"prov:endedAtTime\":\"", &out->ended) &&
           take_whole(in, ",\"documents\":", &out->documents) &&
           take_whole(in, ",\"leastBytes\":", &out->least_bytes) &&
           take_text(in, ",\"digitalSourceType\":\"", &out->source_type) &&
           take_depth(in, &out->depth) && take_sources(in, out) &&
           take_text_if(in, ",\"decoding\":\"", &out->decoding) &&
           take_text_if(in, ",\"watermark\":\"", &out->watermark);
}

static bool take_archive(struct plain *in, struct ws_archive *out)
{
    return take_text(in, "{\"collection\":\"", &out->collection) &&
           take_text(in, ",\"prov:startedAtTime\":\"", &out->started) &&
           take_text(in, ",\"prov:endedAtTime\":\"", &out->ended) &&
           take_whole(in, ",\"documents\":", &out->documents) &&
           take_text(in, ",\"method\":\"", &out->method) &&
           take_text_if(in, ",\"license\":\"", &out->licence) &&
           take_text_if(in, ",\"aiPreference\":\"", &out->ai_preference);
}

bool ws_statement_read_plain(struct ws_bytes text, struct ws_arena *arena, struct ws_statement *out)
{
    struct plain in = {text, arena};
    struct ws_bytes type;
    if (!take(&in, "{\"_type\":\"https://in-toto.io/Statement/v1\"") || !take_subjects(&in, out) ||
        !ws_plain_json_text(&in.left, ",\"predicateType\":\"", &type) ||
        !take(&in, ",\"predicate\":"))
        return false;
    if (ws_bytes_is(type, ws_statement_type(WS_STATEMENT_EMISSION))) {
        out->kind = WS_STATEMENT_EMISSION;
        if (!take_emission(&in, &out->emission))
            return false;
    } else if (ws_bytes_is(type, ws_statement_type(WS_STATEMENT_ARCHIVE))) {
        out->kind = WS_STATEMENT_ARCHIVE;
        if (!take_archive(&in, &out->archive))
            return false;
    } else {
        return false;
    }
    return take(&in, "}}") && in.left.size == 0;
}
