#include "ledger/verdict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/mark_order.h"

const struct ws_verdict_rules ws_verdict_rules_5 = {
    .least_hits = 3,
    .least_characters = 200,
    .most_documents = 64,
    .whole = 0.5,
};

const char *ws_verdict_word(enum ws_verdict_label label)
{
    static const char *const words[] = {
#define X(name, word) word,
        WS_VERDICT_MAP(X)
#undef X
    };
    return words[label];
}

/* Matches -------------------------------------------------------------------------------------- */

static bool is_common(const struct ws_verdict_rules *rules, const struct ws_verdict_hit *hit)
{
    return hit->documents > rules->most_documents;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By claim, document and place. */
static int compare_hits(const void *a_, const void *b_)
{
    const struct ws_verdict_hit *a = a_, *b = b_;
    int order = compare(a->claim, b->claim);
    if (order == 0)
        order = compare(a->document, b->document);
    return order ? order : compare(a->mark, b->mark);
}

static int compare_values(const void *a, const void *b)
{
    return compare(*(const uint64_t *)a, *(const uint64_t *)b);
}

/* Different numbers among so many, which are sorted on the way. */
static uint64_t count_distinct(uint64_t *values, size_t count)
{
    uint64_t distinct = 0;
    qsort(values, count, sizeof *values, compare_values);
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || values[i] != values[i - 1];
    return distinct;
}

/* Characters that marks cover, whose beginnings rise. */
static uint64_t cover(const struct ws_verdict_input *input, const struct ws_verdict_hit *hits,
                      size_t count)
{
    uint64_t covered = 0, end = 0;
    for (size_t i = 0; i < count; i++) {
        const struct ws_verdict_mark *mark = &input->marks[hits[i].mark];
        uint64_t begin = mark->begin > end ? mark->begin : end;
        if (mark->end > begin) {
            covered += mark->end - begin;
            end = mark->end;
        }
    }
    return covered;
}

/* What a pass over hits works in. */
struct work {
    const struct ws_verdict_rules *rules;
    const struct ws_verdict_input *input;
    struct ws_verdict_hit *hits; /* sorted, without those of common fingerprints */
    size_t hit_count;
    uint64_t *values; /* as many as hits */
    size_t *phrases;  /* of each mark; find_phrases */
};

static bool is_exact(const struct ws_verdict_input *input, size_t claim, uint64_t document)
{
    for (size_t i = 0; i < input->exact_count; i++)
        if (input->exacts[i].claim == claim && input->exacts[i].document == document)
            return true;
    return false;
}

/* The hits of one document. */
static bool is_match(const struct work *work, const struct ws_verdict_hit *hits, size_t count,
                     struct ws_verdict_match *out)
{
    for (size_t i = 0; i < count; i++)
        work->values[i] = work->input->marks[hits[i].mark].value;
    *out = (struct ws_verdict_match){
        .claim = hits->claim,
        .document = hits->document,
        .is_exact = is_exact(work->input, hits->claim, hits->document),
        .hits = count_distinct(work->values, count),
        .characters = cover(work->input, hits, count),
    };
    return out->is_exact || (out->hits >= work->rules->least_hits &&
                             out->characters >= work->rules->least_characters);
}

/* Texts too short for fingerprints can be opened all the same. */
static void add_exacts(const struct work *work, struct ws_verdict *out)
{
    for (size_t i = 0; i < work->input->exact_count; i++) {
        const struct ws_verdict_exact *exact = &work->input->exacts[i];
        bool is_there = false;
        for (size_t m = 0; m < out->match_count; m++)
            is_there |= out->matches[m].claim == exact->claim &&
                        out->matches[m].document == exact->document;
        if (!is_there)
            out->matches[out->match_count++] = (struct ws_verdict_match){
                .claim = exact->claim, .document = exact->document, .is_exact = true};
    }
}

static int compare_matches(const void *a_, const void *b_)
{
    const struct ws_verdict_match *a = a_, *b = b_;
    int order = compare(a->claim, b->claim);
    return order ? order : compare(a->document, b->document);
}

/* How many hits from the first on are of its document. */
static size_t of_one_document(const struct ws_verdict_hit *hits, size_t count)
{
    size_t n = 1;
    while (n < count && hits[n].claim == hits->claim && hits[n].document == hits->document)
        n++;
    return n;
}

static enum ws_status find_matches(const struct work *work, struct ws_arena *arena,
                                   struct ws_verdict *out, struct ws_error *err)
{
    out->matches = WS_ARENA_NEW(arena, struct ws_verdict_match,
                                work->hit_count + work->input->exact_count + 1);
    if (!out->matches)
        return ws_fail_memory(err, "a verdict");
    for (size_t first = 0; first < work->hit_count;) {
        const size_t count = of_one_document(work->hits + first, work->hit_count - first);
        if (is_match(work, work->hits + first, count, &out->matches[out->match_count]))
            out->match_count++;
        first += count;
    }
    add_exacts(work, out);
    qsort(out->matches, out->match_count, sizeof *out->matches, compare_matches);
    return WS_OK;
}

/* Spans ---------------------------------------------------------------------------------------- */

/* A claim begins or ceases to cover the text. */
struct edge {
    uint64_t at;
    size_t claim;
    bool begins;
};

static int compare_edges(const void *a_, const void *b_)
{
    const struct edge *a = a_, *b = b_;
    return compare(a->at, b->at);
}

/* Of two claims, whether the first was witnessed first; what nobody dated comes last. */
static bool is_earlier(const struct ws_verdict_claim *a, const struct ws_verdict_claim *b)
{
    return a->since != 0 && (b->since == 0 || a->since < b->since);
}

/* The archive that was witnessed first, of those that cover a place `depth[claim]` > 0 times. */
static size_t first_archive(const struct ws_verdict_input *input, const uint64_t *depth)
{
    size_t first = WS_VERDICT_NO_CLAIM;
    for (size_t c = 0; c < input->claim_count; c++)
        if (depth[c] > 0 && !input->claims[c].is_emission &&
            (first == WS_VERDICT_NO_CLAIM || is_earlier(&input->claims[c], &input->claims[first])))
            first = c;
    return first;
}

/* An archive that was witnessed before the emission can have started has what the model repeats. */
static bool is_beaten(const struct ws_verdict_claim *emission,
                      const struct ws_verdict_claim *archive)
{
    return archive->since != 0 && archive->since < emission->start;
}

static void add_emission(const struct ws_verdict_input *input, size_t claim,
                         struct ws_verdict_span *span)
{
    const struct ws_verdict_claim *emission = &input->claims[claim];
    if (span->emission == WS_VERDICT_NO_CLAIM) {
        span->emission = claim;
        span->at_least = emission->at_least;
        span->has_most = emission->has_most;
        span->at_most = emission->at_most;
        return;
    }
    if (is_earlier(emission, &input->claims[span->emission]))
        span->emission = claim;
    if (emission->at_least < span->at_least)
        span->at_least = emission->at_least;
    span->has_most &= emission->has_most;
    if (emission->at_most > span->at_most)
        span->at_most = emission->at_most;
}

/* What the claims that cover a place say of it. */
static struct ws_verdict_span judge(const struct ws_verdict_input *input, const uint64_t *depth)
{
    struct ws_verdict_span span = {.archive = first_archive(input, depth),
                                   .emission = WS_VERDICT_NO_CLAIM};
    const bool has_archive = span.archive != WS_VERDICT_NO_CLAIM;
    for (size_t c = 0; c < input->claim_count; c++)
        if (depth[c] > 0 && input->claims[c].is_emission &&
            !(has_archive && is_beaten(&input->claims[c], &input->claims[span.archive])))
            add_emission(input, c, &span);
    if (!span.has_most)
        span.at_most = 0;
    const bool has_emission = span.emission != WS_VERDICT_NO_CLAIM;
    if (has_archive)
        span.label = has_emission ? WS_VERDICT_CONTESTED : WS_VERDICT_HUMAN;
    else
        span.label = has_emission ? WS_VERDICT_MODEL : WS_VERDICT_UNKNOWN;
    return span;
}

static bool says_the_same(const struct ws_verdict_span *a, const struct ws_verdict_span *b)
{
    return a->label == b->label && a->archive == b->archive && a->emission == b->emission &&
           a->at_least == b->at_least && a->has_most == b->has_most && a->at_most == b->at_most;
}

static void add_span(struct ws_verdict *out, const struct ws_verdict_span *span)
{
    struct ws_verdict_span *last = out->span_count > 0 ? &out->spans[out->span_count - 1] : NULL;
    out->characters[span->label] += span->end - span->begin;
    if (span->label == WS_VERDICT_UNKNOWN)
        return;
    if (last && last->end == span->begin && says_the_same(last, span))
        last->end = span->end;
    else
        out->spans[out->span_count++] = *span;
}

/* An emission has what an archive has too often to say whose it is, and not so early that it is
 * beaten: people may have written it, and that contests it. Returns how many edges. */
static size_t list_phrase(const struct work *work, const struct ws_verdict_hit *hit,
                          struct edge *edges)
{
    const struct ws_verdict_mark *mark = &work->input->marks[hit->mark];
    const size_t phrase = work->phrases[hit->mark];
    if (phrase == WS_VERDICT_NO_CLAIM || !work->input->claims[hit->claim].is_emission)
        return 0;
    edges[0] = (struct edge){mark->begin, phrase, true};
    edges[1] = (struct edge){mark->end, phrase, false};
    return 2;
}

/* Both ends of what every match covers; returns how many. */
static size_t list_edges(const struct work *work, const struct ws_verdict *verdict,
                         struct edge *edges)
{
    size_t count = 0, match = 0;
    for (size_t h = 0; h < work->hit_count; h++) {
        const struct ws_verdict_hit *hit = &work->hits[h];
        const struct ws_verdict_match wanted = {.claim = hit->claim, .document = hit->document};
        while (match < verdict->match_count &&
               compare_matches(&verdict->matches[match], &wanted) < 0)
            match++;
        if (match == verdict->match_count ||
            compare_matches(&verdict->matches[match], &wanted) != 0)
            continue;
        edges[count++] = (struct edge){work->input->marks[hit->mark].begin, hit->claim, true};
        edges[count++] = (struct edge){work->input->marks[hit->mark].end, hit->claim, false};
        count += list_phrase(work, hit, edges + count);
    }
    for (size_t m = 0; m < verdict->match_count; m++) {
        if (!verdict->matches[m].is_exact)
            continue;
        edges[count++] = (struct edge){0, verdict->matches[m].claim, true};
        edges[count++] = (struct edge){work->input->characters, verdict->matches[m].claim, false};
    }
    return count;
}

static enum ws_status find_spans(const struct work *work, struct ws_arena *arena,
                                 struct ws_verdict *out, struct ws_error *err)
{
    const size_t most = 4 * work->hit_count + 2 * out->match_count + 1;
    struct edge *edges = WS_ARENA_NEW(arena, struct edge, most);
    uint64_t *depth = WS_ARENA_ZNEW(arena, uint64_t, work->input->claim_count + 1);
    out->spans = WS_ARENA_NEW(arena, struct ws_verdict_span, most);
    if (!edges || !depth || !out->spans)
        return ws_fail_memory(err, "a verdict");
    const size_t count = list_edges(work, out, edges);
    qsort(edges, count, sizeof *edges, compare_edges);
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (edges[i].at > at) {
            struct ws_verdict_span span = judge(work->input, depth);
            span.begin = at;
            span.end = edges[i].at;
            add_span(out, &span);
            at = edges[i].at;
        }
        if (edges[i].begins)
            depth[edges[i].claim]++;
        else
            depth[edges[i].claim]--;
    }
    out->characters[WS_VERDICT_UNKNOWN] += work->input->characters - at;
    return WS_OK;
}

/* The whole ------------------------------------------------------------------------------------ */

/* A label counts in the whole from so many characters on, or where it is of all of a short text. */
static bool counts(const struct ws_verdict_rules *rules, const struct ws_verdict_input *input,
                   uint64_t characters)
{
    return characters > 0 &&
           (characters >= rules->least_characters || characters == input->characters);
}

/* Fingerprints of the text by the label of where they begin. */
static void count_fingerprints(const struct ws_verdict_input *input,
                               const struct ws_verdict *verdict, uint64_t out[WS_VERDICT_LABELS])
{
    size_t s = 0;
    for (size_t m = 0; m < input->mark_count; m++) {
        const uint64_t begin = input->marks[m].begin;
        while (s < verdict->span_count && verdict->spans[s].end <= begin)
            s++;
        const bool is_labelled = s < verdict->span_count && verdict->spans[s].begin <= begin;
        out[is_labelled ? verdict->spans[s].label : WS_VERDICT_UNKNOWN]++;
    }
}

/* Blanks and invisible characters between words make what is quoted longer; they bring no
 * fingerprints. */
static bool is_of_whole(const struct ws_verdict_rules *rules, const struct ws_verdict_input *input,
                        uint64_t characters, uint64_t fingerprints)
{
    return (double)characters >= rules->whole * (double)input->characters &&
           (double)fingerprints >= rules->whole * (double)input->mark_count;
}

static enum ws_verdict_label label_of(const struct ws_verdict_rules *rules,
                                      const struct ws_verdict_input *input,
                                      const struct ws_verdict *verdict)
{
    const uint64_t *characters = verdict->characters;
    uint64_t fingerprints[WS_VERDICT_LABELS] = {0};
    const bool is_human = counts(rules, input, characters[WS_VERDICT_HUMAN]);
    const bool is_model = counts(rules, input, characters[WS_VERDICT_MODEL]);
    count_fingerprints(input, verdict, fingerprints);
    if (counts(rules, input, characters[WS_VERDICT_CONTESTED]))
        return WS_VERDICT_CONTESTED;
    if (is_model)
        return !is_human && is_of_whole(rules, input, characters[WS_VERDICT_MODEL],
                                        fingerprints[WS_VERDICT_MODEL])
                   ? WS_VERDICT_MODEL
                   : WS_VERDICT_MIXED;
    return is_human && is_of_whole(rules, input, characters[WS_VERDICT_HUMAN],
                                   fingerprints[WS_VERDICT_HUMAN])
               ? WS_VERDICT_HUMAN
               : WS_VERDICT_UNKNOWN;
}

/* Of each mark the claim of the archive that was witnessed first of those in which it is common, or
 * WS_VERDICT_NO_CLAIM. */
static void find_phrases(const struct work *work)
{
    size_t *phrases = work->phrases;
    for (size_t m = 0; m < work->input->mark_count; m++)
        phrases[m] = WS_VERDICT_NO_CLAIM;
    for (size_t i = 0; i < work->input->hit_count; i++) {
        const struct ws_verdict_hit *hit = &work->input->hits[i];
        const struct ws_verdict_claim *claim = &work->input->claims[hit->claim];
        size_t *first = &phrases[hit->mark];
        if (!is_common(work->rules, hit) || claim->is_emission)
            continue;
        if (*first == WS_VERDICT_NO_CLAIM || is_earlier(claim, &work->input->claims[*first]))
            *first = hit->claim;
    }
}

/* Hits of fingerprints that tell documents apart. A phrase that an
 * archive had before, too often to say whose it is, is not a model's who repeats it, either. */
static void take_hits(struct work *work)
{
    for (size_t i = 0; i < work->input->hit_count; i++) {
        const struct ws_verdict_hit *hit = &work->input->hits[i];
        const struct ws_verdict_claim *claim = &work->input->claims[hit->claim];
        const size_t phrase = work->phrases[hit->mark];
        if (is_common(work->rules, hit) || (claim->is_emission && phrase != WS_VERDICT_NO_CLAIM &&
                                            is_beaten(claim, &work->input->claims[phrase])))
            continue;
        work->hits[work->hit_count++] = *hit;
    }
    qsort(work->hits, work->hit_count, sizeof *work->hits, compare_hits);
}

/* Distinct fingerprints that documents have; or of them those that too many have. */
static uint64_t count_found(const struct work *work, bool common_alone)
{
    size_t count = 0;
    for (size_t i = 0; i < work->input->hit_count; i++)
        if (!common_alone || is_common(work->rules, &work->input->hits[i]))
            work->values[count++] = work->input->marks[work->input->hits[i].mark].value;
    return count_distinct(work->values, count);
}

static enum ws_status count_marks(const struct ws_verdict_input *input, struct ws_arena *arena,
                                  uint64_t *out, struct ws_error *err)
{
    const uint32_t *order = ws_mark_order(input->marks, input->mark_count, arena);
    if (!order)
        return ws_fail_memory(err, "a verdict");
    for (size_t i = 0; i < input->mark_count; i++)
        *out += i == 0 || input->marks[order[i]].value != input->marks[order[i - 1]].value;
    return WS_OK;
}

enum ws_status ws_verdict_decide(const struct ws_verdict_rules *rules,
                                 const struct ws_verdict_input *input, struct ws_arena *arena,
                                 struct ws_verdict *out, struct ws_error *err)
{
    struct work work = {.rules = rules, .input = input};
    struct ws_verdict verdict = {.label = WS_VERDICT_UNKNOWN};
    work.hits = WS_ARENA_NEW(arena, struct ws_verdict_hit, input->hit_count + 1);
    work.values = WS_ARENA_NEW(arena, uint64_t, input->hit_count + 1);
    work.phrases = WS_ARENA_NEW(arena, size_t, input->mark_count + 1);
    if (!work.hits || !work.values || !work.phrases)
        return ws_fail_memory(err, "a verdict");
    for (size_t i = 0; i < input->hit_count; i++)
        assert(input->hits[i].claim < input->claim_count &&
               input->hits[i].mark < input->mark_count);
    find_phrases(&work);
    take_hits(&work);
    WS_TRY(count_marks(input, arena, &verdict.distinct, err));
    verdict.found = count_found(&work, false);
    verdict.common = count_found(&work, true);
    WS_TRY(find_matches(&work, arena, &verdict, err));
    WS_TRY(find_spans(&work, arena, &verdict, err));
    verdict.label = label_of(rules, input, &verdict);
    *out = verdict;
    return WS_OK;
}
