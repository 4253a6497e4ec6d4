#include "cli/lookup_output.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/ledger_command.h"

enum { SPANS_SHOWN = 40, MATCHES_SHOWN = 20, SHARDS_SHOWN = 20 /* of text; JSON has all */ };

/* Claims --------------------------------------------------------------------------------------- */

static const struct ws_finding_claim *claim_of(const struct lookup_output *o, size_t claim)
{
    return &o->finding->claims[claim];
}

/* The model or the collection. */
static const char *subject_of(const struct ws_finding_claim *claim)
{
    const struct ws_statement *s = &claim->claim.statement;
    return s->kind == WS_STATEMENT_EMISSION ? s->emission.model : s->archive.collection;
}

/* The claim that a span's label is by. */
static size_t speaker(const struct ws_verdict_span *span)
{
    return span->label == WS_VERDICT_HUMAN || span->emission == WS_VERDICT_NO_CLAIM
               ? span->archive
               : span->emission;
}

static void date_text(uint64_t date, char out[32])
{
    if (date > 0)
        time_text(date, out);
    else
        (void)snprintf(out, 32, "not dated");
}

static void depth_text(const struct ws_verdict_span *span, char out[64])
{
    if (span->emission == WS_VERDICT_NO_CLAIM)
        (void)snprintf(out, 64, "-");
    else if (!span->has_most)
        (void)snprintf(out, 64, "from %" PRIu64, span->at_least);
    else if (span->at_most == span->at_least)
        (void)snprintf(out, 64, "%" PRIu64, span->at_least);
    else
        (void)snprintf(out, 64, "%" PRIu64 " to %" PRIu64, span->at_least, span->at_most);
}

/* Another span of the same label: `most` is the length of the longest so far. */
static void join_span(const struct ws_verdict_span *span, uint64_t *most,
                      struct ws_verdict_span *joined)
{
    if (span->at_least < joined->at_least)
        joined->at_least = span->at_least;
    if (span->at_most > joined->at_most)
        joined->at_most = span->at_most;
    joined->has_most &= span->has_most;
    if (span->end - span->begin > *most) {
        *most = span->end - span->begin;
        joined->archive = span->archive;
        joined->emission = span->emission;
    }
}

/* All spans of a label as one: the bounds of depth over all of them, and the claims of the longest.
 * False where there is none. */
static bool join_spans(const struct lookup_output *o, enum ws_verdict_label label,
                       struct ws_verdict_span *out)
{
    const struct ws_verdict *verdict = &o->finding->verdict;
    uint64_t most = 0;
    bool is_there = false;
    for (size_t i = 0; i < verdict->span_count; i++) {
        if (verdict->spans[i].label != label)
            continue;
        if (!is_there)
            *out = verdict->spans[i];
        is_there = true;
        join_span(&verdict->spans[i], &most, out);
    }
    return is_there;
}

/* Text ----------------------------------------------------------------------------------------- */

static void print_since(const struct lookup_output *o, const struct ws_finding_claim *claim)
{
    char date[32];
    if (claim->trusted.time == 0) {
        (void)printf("  since         not dated: the policy wants no witnesses (entry %" PRIu64
                     ")\n",
                     claim->claim.index);
        return;
    }
    date_text(claim->trusted.time, date);
    (void)printf("  since         %s at the latest: entry %" PRIu64
                 ", by %zu of %zu witnesses, of %zu operators\n",
                 date, claim->claim.index, claim->trusted.witnesses, o->witnesses,
                 claim->trusted.operators);
}

static void print_headline(const struct lookup_output *o)
{
    static const char *const others[WS_VERDICT_LABELS] = {
        [WS_VERDICT_UNKNOWN] = "no claim that counts has it",
        [WS_VERDICT_MIXED] = "some of it is a model's, and some is not",
        [WS_VERDICT_CONTESTED] = "claims contradict each other, and no date decides",
    };
    const enum ws_verdict_label label = o->finding->verdict.label;
    struct ws_verdict_span span;
    char depth[64];
    if (others[label] || !join_spans(o, label, &span)) {
        (void)printf("%s: %s\n", ws_verdict_word(label), others[label] ? others[label] : "");
        return;
    }
    const struct ws_finding_claim *claim = claim_of(o, speaker(&span));
    (void)printf("%s, as claimed by '%s': %s\n", ws_verdict_word(label), claim->party,
                 subject_of(claim));
    if (label == WS_VERDICT_MODEL) {
        depth_text(&span, depth);
        (void)printf("  depth         %s\n", depth);
    }
    print_since(o, claim);
}

static void print_query(const struct lookup_output *o)
{
    const struct ws_query *query = &o->evidence->query;
    const struct ws_verdict *verdict = &o->finding->verdict;
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&query->digest, digest);
    (void)printf("  SHA-256       %s of canonical text\n", digest);
    if (!query->has_text) {
        (void)printf("  looked up     in %zu openings: shards have salted commitments to digests, "
                     "which nobody\n                can look up but who has a document's opening\n",
                     o->evidence->opening_count);
        return;
    }
    (void)printf("  characters    %" PRIu64 ":", query->characters);
    for (enum ws_verdict_label label = 0; label < WS_VERDICT_LABELS; label++)
        if (label != WS_VERDICT_MIXED && verdict->characters[label] > 0)
            (void)printf(" %s %" PRIu64, ws_verdict_word(label), verdict->characters[label]);
    (void)printf("\n  fingerprints  %" PRIu64, verdict->distinct);
    if (verdict->common > 0)
        (void)printf(", of them %" PRIu64 " common ones, which count for nothing", verdict->common);
    (void)printf("%s\n", query->mark_count > 0 ? "" : ": the text is too short to be found by any");
}

static void print_head(const struct lookup_output *o)
{
    const struct ws_trusted_checkpoint *head = &o->finding->head;
    char date[32];
    date_text(head->time, date);
    (void)printf("  as of         %s: %" PRIu64 " entries of '%s'\n  rules         %s\n",
                 head->time > 0 ? date : "no date, for the policy wants no witnesses",
                 head->checkpoint.size, head->checkpoint.origin, o->evidence->rules);
}

static void print_spans(const struct lookup_output *o)
{
    const struct ws_verdict *verdict = &o->finding->verdict;
    if (verdict->span_count == 0 || !o->evidence->query.has_text)
        return;
    (void)printf("\n  %10s %10s  %-9s  %-8s  %-20s  %s\n", "begin", "end", "label", "depth",
                 "since", "as claimed by");
    for (size_t i = 0; i < verdict->span_count && i < SPANS_SHOWN; i++) {
        const struct ws_verdict_span *span = &verdict->spans[i];
        const struct ws_finding_claim *claim = claim_of(o, speaker(span));
        char depth[64], date[32];
        depth_text(span, depth);
        date_text(claim->trusted.time, date);
        (void)printf("  %10" PRIu64 " %10" PRIu64 "  %-9s  %-8s  %-20s  %.16s, entry %" PRIu64 "\n",
                     span->begin, span->end, ws_verdict_word(span->label), depth, date,
                     claim->party, claim->claim.index);
    }
    if (verdict->span_count > SPANS_SHOWN)
        (void)printf("  ... and %zu more (--json has all)\n", verdict->span_count - SPANS_SHOWN);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

static void print_match(const struct lookup_output *o, size_t i)
{
    const struct ws_verdict_match *match = &o->finding->verdict.matches[i];
    const struct ws_finding_claim *claim = claim_of(o, match->claim);
    char of_document[16] = "-";
    if (o->sizes && o->sizes[i] > 0)
        (void)snprintf(of_document, sizeof of_document, "%.3f", share(match->hits, o->sizes[i]));
    (void)printf("  %10" PRIu64 " %6" PRIu32 " %10" PRIu32 "  %12" PRIu64 " %11.3f %15s %11" PRIu64
                 "  %.12s%s\n",
                 claim->claim.index, ws_finding_subject(match->document),
                 ws_finding_number(match->document), match->hits,
                 share(match->hits, o->finding->verdict.distinct), of_document, match->characters,
                 claim->party, match->is_exact ? ", all" : "");
}

static void print_matches(const struct lookup_output *o)
{
    const struct ws_verdict *verdict = &o->finding->verdict;
    if (verdict->match_count == 0)
        return;
    (void)printf("\n  %10s %6s %10s  %12s %11s %15s %11s  %s\n", "entry", "shard", "document",
                 "fingerprints", "of the text", "of the document", "characters", "of");
    for (size_t i = 0; i < verdict->match_count && i < MATCHES_SHOWN; i++)
        print_match(o, i);
    if (verdict->match_count > MATCHES_SHOWN)
        (void)printf("  ... and %zu more (--json has all)\n", verdict->match_count - MATCHES_SHOWN);
}

static void print_shard(const struct lookup_output *o, const struct ws_finding_shard *shard)
{
    const struct ws_finding_claim *claim = claim_of(o, shard->claim);
    (void)printf("  entry %" PRIu64 " ('%.20s'), shard %" PRIu32 " '%.40s': %s", claim->claim.index,
                 claim->party, shard->subject,
                 ws_finding_shard_subject(o->finding, shard->claim, shard->subject)->name,
                 ws_searched_word(shard->state));
    if (shard->state == WS_SEARCHED_WITHDRAWN)
        (void)printf(" at entry %" PRIu64, claim->withdrawn_in);
    (void)printf("\n");
    if (shard->why)
        (void)printf("    %.94s\n", shard->why);
}

static void print_shards(const struct lookup_output *o)
{
    const struct ws_finding *finding = o->finding;
    size_t searched = 0, shown = 0;
    for (size_t i = 0; i < finding->shard_count; i++)
        searched += finding->shards[i].state == WS_SEARCHED_WHOLE;
    (void)printf("\nShards: %zu of %zu searched.\n", searched, finding->shard_count);
    for (size_t i = 0; i < finding->shard_count; i++)
        if (finding->shards[i].state != WS_SEARCHED_WHOLE && shown++ < SHARDS_SHOWN)
            print_shard(o, &finding->shards[i]);
    if (shown > SHARDS_SHOWN)
        (void)printf("  ... and %zu more (--json has all)\n", shown - SHARDS_SHOWN);
}

static void print_disputes(const struct lookup_output *o)
{
    for (size_t i = 0; i < o->finding->claim_count; i++)
        if (o->finding->claims[i].is_disputed)
            (void)printf("Entry %" PRIu64 " is disputed, and was not opened in time: it counts for "
                         "nothing.\n",
                         o->finding->claims[i].claim.index);
}

static void print_coverage(const struct lookup_output *o)
{
    const struct ws_finding *finding = o->finding;
    if (finding->coverage == WS_COVERAGE_COMPLETE) {
        const struct ws_finding_claim *mirror = claim_of(o, finding->mirror);
        (void)printf("Nothing is left out of what the first %" PRIu64
                     " entries name: so says the index that '%.20s'\nsigned in entry %" PRIu64
                     ".\n",
                     finding->index_entries, mirror->party, mirror->claim.index);
        return;
    }
    (void)printf("%s%sompleteness not proven:\n  %s.\n",
                 finding->verdict.label == WS_VERDICT_UNKNOWN ? "Absent from these shards; " : "",
                 finding->verdict.label == WS_VERDICT_UNKNOWN ? "c" : "C",
                 ws_coverage_text(finding->coverage));
}

static void print_bundle(const struct lookup_output *o)
{
    const struct ws_finding *finding = o->finding;
    if (!finding->is_same_policy || !finding->is_same_roles)
        (void)printf("The bundle was made under another policy or other roles; the verdict is by "
                     "yours.\n");
    if (!o->was_text_given)
        (void)printf("Whether it is about a text that you have was not looked for: --text FILE\n");
    (void)printf("What was withdrawn later, or left out by its maker where no index shows it, it "
                 "does not say.\n");
}

void print_lookup(const struct lookup_output *output)
{
    print_headline(output);
    print_query(output);
    print_head(output);
    print_spans(output);
    print_matches(output);
    if (output->evidence->query.has_text) {
        print_shards(output);
        print_coverage(output);
    }
    print_disputes(output);
    if (output->is_bundle)
        print_bundle(output);
}

/* JSON ----------------------------------------------------------------------------------------- */

static json_t *date_json(uint64_t date)
{
    char text[32];
    if (date == 0)
        return json_null();
    time_text(date, text);
    return json_string(text);
}

static json_t *depth_json(const struct ws_verdict_span *span)
{
    if (span->emission == WS_VERDICT_NO_CLAIM)
        return json_null();
    return json_pack("{s:I, s:o}", "at_least", (json_int_t)span->at_least, "at_most",
                     span->has_most ? json_integer((json_int_t)span->at_most) : json_null());
}

static json_t *claim_json(const struct lookup_output *o, size_t claim)
{
    if (claim == WS_VERDICT_NO_CLAIM)
        return json_null();
    const struct ws_finding_claim *of = claim_of(o, claim);
    return json_pack("{s:s, s:s, s:I, s:o, s:I, s:I, s:I}", "claimed_by", of->party, "of",
                     subject_of(of), "entry", (json_int_t)of->claim.index, "since",
                     date_json(of->trusted.time), "witnesses_cosigned",
                     (json_int_t)of->trusted.witnesses, "witnesses_of_policy",
                     (json_int_t)o->witnesses, "operators", (json_int_t)of->trusted.operators);
}

static json_t *span_json(const struct lookup_output *o, const struct ws_verdict_span *span)
{
    return json_pack("{s:I, s:I, s:s, s:o, s:o, s:o}", "begin", (json_int_t)span->begin, "end",
                     (json_int_t)span->end, "label", ws_verdict_word(span->label), "depth",
                     depth_json(span), "archive", claim_json(o, span->archive), "emission",
                     claim_json(o, span->emission));
}

static json_t *match_json(const struct lookup_output *o, size_t i)
{
    const struct ws_verdict_match *match = &o->finding->verdict.matches[i];
    const bool is_known = o->sizes && o->sizes[i] > 0;
    return json_pack(
        "{s:I, s:s, s:I, s:I, s:b, s:I, s:I, s:f, s:o}", "entry",
        (json_int_t)claim_of(o, match->claim)->claim.index, "claimed_by",
        claim_of(o, match->claim)->party, "shard", (json_int_t)ws_finding_subject(match->document),
        "document", (json_int_t)ws_finding_number(match->document), "exact", match->is_exact,
        "fingerprints", (json_int_t)match->hits, "characters", (json_int_t)match->characters,
        "of_text", share(match->hits, o->finding->verdict.distinct), "of_document",
        is_known ? json_real(share(match->hits, o->sizes[i])) : json_null());
}

static json_t *shard_json(const struct lookup_output *o, const struct ws_finding_shard *shard)
{
    const struct ws_statement_subject *subject =
        ws_finding_shard_subject(o->finding, shard->claim, shard->subject);
    const struct ws_finding_claim *claim = claim_of(o, shard->claim);
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&subject->digest, digest);
    return json_pack(
        "{s:I, s:I, s:s, s:s, s:s, s:o, s:I, s:s?}", "entry", (json_int_t)claim->claim.index,
        "shard", (json_int_t)shard->subject, "name", subject->name, "digest", digest, "state",
        ws_searched_word(shard->state), "withdrawn_in",
        shard->state == WS_SEARCHED_WITHDRAWN ? json_integer((json_int_t)claim->withdrawn_in)
                                              : json_null(),
        "found", (json_int_t)shard->found, "why", shard->why);
}

static json_t *lists_json(const struct lookup_output *o)
{
    const struct ws_finding *finding = o->finding;
    json_t *spans = json_array(), *matches = json_array(), *shards = json_array(),
           *disputed = json_array();
    for (size_t i = 0; o->evidence->query.has_text && i < finding->verdict.span_count; i++)
        ws_json_add(&spans, span_json(o, &finding->verdict.spans[i]));
    for (size_t i = 0; i < finding->verdict.match_count; i++)
        ws_json_add(&matches, match_json(o, i));
    for (size_t i = 0; i < finding->shard_count; i++)
        ws_json_add(&shards, shard_json(o, &finding->shards[i]));
    for (size_t i = 0; i < finding->claim_count; i++)
        if (finding->claims[i].is_disputed)
            ws_json_add(&disputed, json_integer((json_int_t)finding->claims[i].claim.index));
    return json_pack("{s:o, s:o, s:o, s:o}", "spans", spans, "matches", matches, "shards", shards,
                     "disputed", disputed);
}

static json_t *label_json(const struct lookup_output *o)
{
    const struct ws_verdict *verdict = &o->finding->verdict;
    struct ws_verdict_span span;
    if (!join_spans(o, verdict->label, &span))
        return json_pack("{s:s, s:n, s:n}", "label", ws_verdict_word(verdict->label), "depth",
                         "claim");
    return json_pack("{s:s, s:o, s:o}", "label", ws_verdict_word(verdict->label), "depth",
                     depth_json(&span), "claim", claim_json(o, speaker(&span)));
}

static json_t *whole_json(const struct lookup_output *o)
{
    const struct ws_finding *finding = o->finding;
    const struct ws_verdict *verdict = &finding->verdict;
    const struct ws_query *query = &o->evidence->query;
    char digest[WS_HASH_TEXT_SIZE];
    json_t *characters = json_object();
    ws_hash_text(&query->digest, digest);
    for (enum ws_verdict_label label = 0; label < WS_VERDICT_LABELS; label++)
        if (label != WS_VERDICT_MIXED && query->has_text)
            (void)json_object_set_new(characters, ws_verdict_word(label),
                                      json_integer((json_int_t)verdict->characters[label]));
    return json_pack(
        "{s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:I, s:o, s:b, s:s, s:I, s:b, s:b, s:b, s:I}", "rules",
        o->evidence->rules, "sha256", digest, "characters", characters, "fingerprints",
        (json_int_t)verdict->distinct, "common", (json_int_t)verdict->common, "openings",
        (json_int_t)o->evidence->opening_count, "log", finding->head.checkpoint.origin, "entries",
        (json_int_t)finding->head.checkpoint.size, "as_of", date_json(finding->head.time),
        "complete", finding->coverage == WS_COVERAGE_COMPLETE, "coverage",
        ws_coverage_text(finding->coverage), "index_entries", (json_int_t)finding->index_entries,
        "same_policy", finding->is_same_policy, "same_roles", finding->is_same_roles,
        "text_compared", !o->is_bundle || o->was_text_given, "refused",
        (json_int_t)finding->refused);
}

enum ws_status print_lookup_json(const struct lookup_output *output, struct ws_error *err)
{
    json_t *all = label_json(output), *whole = whole_json(output), *lists = lists_json(output);
    const bool is_whole = all && whole && lists && json_object_update(all, whole) == 0 &&
                          json_object_update(all, lists) == 0;
    json_decref(whole);
    json_decref(lists);
    if (!is_whole) {
        json_decref(all);
        all = NULL;
    }
    return print_json(all, "the answer", err);
}
