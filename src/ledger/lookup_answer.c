#include "ledger/lookup_answer.h"

#include "base/clock.h"

const char *ws_lookup_subject(const struct ws_finding_claim *claim)
{
    const struct ws_statement *s = &claim->claim.statement;
    return s->kind == WS_STATEMENT_EMISSION ? s->emission.model : s->archive.collection;
}

size_t ws_lookup_speaker(const struct ws_verdict_span *span)
{
    return span->label == WS_VERDICT_HUMAN || span->emission == WS_VERDICT_NO_CLAIM
               ? span->archive
               : span->emission;
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

bool ws_lookup_join(const struct ws_lookup_answer *o, enum ws_verdict_label label,
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

json_t *ws_lookup_date_json(uint64_t date)
{
    char text[32];
    if (date == 0)
        return json_null();
    ws_clock_text((double)date, text);
    return json_string(text);
}

static json_t *depth_json(const struct ws_verdict_span *span)
{
    if (span->emission == WS_VERDICT_NO_CLAIM)
        return json_null();
    return json_pack("{s:I, s:o}", "at_least", (json_int_t)span->at_least, "at_most",
                     span->has_most ? json_integer((json_int_t)span->at_most) : json_null());
}

static json_t *claim_json(const struct ws_lookup_answer *o, size_t claim)
{
    if (claim == WS_VERDICT_NO_CLAIM)
        return json_null();
    const struct ws_finding_claim *of = ws_lookup_answer_claim(o, claim);
    return json_pack("{s:s, s:s, s:I, s:o, s:I, s:I, s:I}", "claimed_by", of->party, "of",
                     ws_lookup_subject(of), "entry", (json_int_t)of->claim.index, "since",
                     ws_lookup_date_json(of->trusted.time), "witnesses_cosigned",
                     (json_int_t)of->trusted.witnesses, "witnesses_of_policy",
                     (json_int_t)o->witnesses, "operators", (json_int_t)of->trusted.operators);
}

static json_t *span_json(const struct ws_lookup_answer *o, const struct ws_verdict_span *span)
{
    return json_pack("{s:I, s:I, s:s, s:o, s:o, s:o}", "begin", (json_int_t)span->begin, "end",
                     (json_int_t)span->end, "label", ws_verdict_word(span->label), "depth",
                     depth_json(span), "archive", claim_json(o, span->archive), "emission",
                     claim_json(o, span->emission));
}

static json_t *match_json(const struct ws_lookup_answer *o, size_t i)
{
    const struct ws_verdict_match *match = &o->finding->verdict.matches[i];
    const bool is_known = o->sizes && o->sizes[i] > 0;
    return json_pack("{s:I, s:s, s:I, s:I, s:b, s:I, s:I, s:f, s:o}", "entry",
                     (json_int_t)ws_lookup_answer_claim(o, match->claim)->claim.index, "claimed_by",
                     ws_lookup_answer_claim(o, match->claim)->party, "shard",
                     (json_int_t)ws_finding_subject(match->document), "document",
                     (json_int_t)ws_finding_number(match->document), "exact", match->is_exact,
                     "fingerprints", (json_int_t)match->hits, "characters",
                     (json_int_t)match->characters, "of_text",
                     ws_lookup_share(match->hits, o->finding->verdict.distinct), "of_document",
                     is_known ? json_real(ws_lookup_share(match->hits, o->sizes[i])) : json_null());
}

static json_t *shard_json(const struct ws_lookup_answer *o, const struct ws_finding_shard *shard)
{
    const struct ws_statement_subject *subject =
        ws_finding_shard_subject(o->finding, shard->claim, shard->subject);
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, shard->claim);
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&subject->digest, digest);
    return json_pack(
        "{s:I, s:I, s:s, s:s, s:s, s:o, s:I, s:s?}", "entry", (json_int_t)claim->claim.index,
        "shard", (json_int_t)shard->subject, "name", subject->name, "digest", digest, "state",
        ws_searched_word(shard->state), "withdrawn_in",
        shard->state == WS_SEARCHED_WITHDRAWN ? json_integer((json_int_t)shard->withdrawn_in)
                                              : json_null(),
        "found", (json_int_t)shard->found, "why", shard->why);
}

/* Statements of mirrors. */
static json_t *mirrors_json(const struct ws_lookup_answer *o, const size_t claims[], size_t count)
{
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, claims[i]);
        ws_json_add(&all, json_pack("{s:s, s:I}", "claimed_by", claim->party, "entry",
                                    (json_int_t)claim->claim.index));
    }
    return all;
}

static bool any_searched(const struct ws_finding *finding)
{
    for (size_t i = 0; i < finding->shard_count; i++)
        if (finding->shards[i].state == WS_SEARCHED_WHOLE ||
            finding->shards[i].state == WS_SEARCHED_PARTLY)
            return true;
    return false;
}

/* The whole of it may be somebody's, and the rules could not say so. */
static bool is_mostly_found(const struct ws_verdict *verdict)
{
    return verdict->found > 0 &&
           (double)verdict->found >= ws_verdict_rules_5.whole * (double)verdict->distinct;
}

#define MOSTLY_FOUND                                                                               \
    "shards have half of it or more, too little or too common for a label of the whole"

const char *ws_lookup_unproven(const struct ws_lookup_answer *o)
{
    const struct ws_finding *finding = o->finding;
    const struct ws_verdict *verdict = &finding->verdict;
    const bool is_complete = finding->coverage == WS_COVERAGE_COMPLETE;
    if (verdict->label != WS_VERDICT_UNKNOWN)
        return NULL;
    if (is_mostly_found(verdict))
        return is_complete ? MOSTLY_FOUND : MOSTLY_FOUND "; completeness not proven";
    if (is_complete)
        return NULL;
    if (verdict->span_count > 0)
        return "what claims have of it is too little to speak for the whole; completeness not "
               "proven";
    if (verdict->found > 0)
        return "what shards have of it is too little to be labelled; completeness not proven";
    if (!o->evidence->query.has_text)
        return "absent from these openings; completeness not proven";
    return any_searched(finding) ? "absent from these shards; completeness not proven"
                                 : "no shard could be searched; completeness not proven";
}

const char *ws_lookup_unknown(const struct ws_lookup_answer *o)
{
    const struct ws_verdict *verdict = &o->finding->verdict;
    if (verdict->span_count > 0)
        return "what claims have of it is too little to speak for the whole";
    return verdict->found > 0 ? "what shards have of it is too little to be labelled"
                              : "no claim that counts has it";
}

static json_t *newest_json(const struct ws_lookup_answer *o)
{
    if (o->finding->newest == WS_VERDICT_NO_CLAIM)
        return json_null();
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, o->finding->newest);
    return json_pack("{s:s, s:I, s:I}", "claimed_by", claim->party, "entry",
                     (json_int_t)claim->claim.index, "entries",
                     (json_int_t)claim->claim.statement.index.entries);
}

/* Null where the log was not asked. */
static json_t *later_json(const struct ws_lookup_answer *o)
{
    if (o->log_size == 0)
        return json_null();
    json_t *all = json_array();
    for (size_t i = 0; i < o->later_count; i++) {
        const struct ws_lookup_later *later = &o->later[i];
        const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, later->claim);
        const bool is_withdrawn = later->fate == WS_LATER_SHARD;
        const bool is_of_shard = is_withdrawn || later->fate == WS_LATER_HOLDS;
        ws_json_add(&all,
                    json_pack("{s:s, s:I, s:s, s:o, s:o}", "claimed_by", claim->party, "entry",
                              (json_int_t)claim->claim.index, "fate", ws_later_word(later->fate),
                              "shard",
                              is_of_shard ? json_integer((json_int_t)later->subject) : json_null(),
                              "withdrawn_in",
                              is_withdrawn || later->fate == WS_LATER_WITHDRAWN
                                  ? json_integer((json_int_t)later->at)
                                  : json_null()));
    }
    return all;
}

static json_t *lists_json(const struct ws_lookup_answer *o)
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
            ws_json_add(&disputed,
                        json_pack("{s:I, s:I}", "entry", (json_int_t)finding->claims[i].claim.index,
                                  "shown", (json_int_t)finding->claims[i].shown));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "spans", spans, "matches", matches,
                     "shards", shards, "disputed", disputed, "index_signers",
                     mirrors_json(o, finding->signers, finding->signer_count), "index_dissenters",
                     mirrors_json(o, finding->dissenters, finding->dissenter_count), "newer_index",
                     newest_json(o), "taken_back_since", later_json(o));
}

static json_t *label_json(const struct ws_lookup_answer *o)
{
    const struct ws_verdict *verdict = &o->finding->verdict;
    struct ws_verdict_span span;
    if (!ws_lookup_join(o, verdict->label, &span))
        return json_pack("{s:s, s:s?, s:n, s:n}", "label", ws_verdict_word(verdict->label),
                         "unproven", ws_lookup_unproven(o), "depth", "claim");
    return json_pack("{s:s, s:n, s:o, s:o}", "label", ws_verdict_word(verdict->label), "unproven",
                     "depth", depth_json(&span), "claim", claim_json(o, ws_lookup_speaker(&span)));
}

static json_t *whole_json(const struct ws_lookup_answer *o)
{
    const struct ws_finding *finding = o->finding;
    const struct ws_verdict *verdict = &finding->verdict;
    const struct ws_query *query = &o->evidence->query;
    char digest[WS_HASH_TEXT_SIZE];
    const bool is_doubted =
        finding->coverage == WS_COVERAGE_LEFT_OUT || finding->coverage == WS_COVERAGE_CONTRADICTED;
    json_t *characters = json_object();
    ws_hash_text(&query->digest, digest);
    for (enum ws_verdict_label label = 0; label < WS_VERDICT_LABELS; label++)
        if (label != WS_VERDICT_MIXED && query->has_text)
            (void)json_object_set_new(characters, ws_verdict_word(label),
                                      json_integer((json_int_t)verdict->characters[label]));
    return json_pack(
        "{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:s, s:I, s:o, s:b, s:s, s:o, s:I, s:I, s:I, s:b, "
        "s:b, s:b, s:I}",
        "rules", o->evidence->rules, "sha256", digest, "characters", characters, "fingerprints",
        (json_int_t)verdict->distinct, "found", (json_int_t)verdict->found, "common",
        (json_int_t)verdict->common, "openings", (json_int_t)o->evidence->opening_count, "log",
        finding->head.checkpoint.origin, "entries", (json_int_t)finding->head.checkpoint.size,
        "as_of", ws_lookup_date_json(finding->head.time), "complete",
        finding->coverage == WS_COVERAGE_COMPLETE, "coverage", ws_coverage_text(finding->coverage),
        "doubted_entry",
        is_doubted ? json_integer((json_int_t)finding->doubted_entry) : json_null(),
        "index_entries", (json_int_t)finding->index_entries, "index_quorum",
        (json_int_t)finding->index_quorum, "mirrors", (json_int_t)finding->mirrors, "same_policy",
        finding->is_same_policy, "same_roles", finding->is_same_roles, "text_compared",
        !o->is_bundle || o->was_text_given, "refused", (json_int_t)finding->refused);
}

json_t *ws_lookup_answer_json(const struct ws_lookup_answer *o)
{
    json_t *all = label_json(o), *whole = whole_json(o), *lists = lists_json(o);
    const bool is_whole = all && whole && lists && json_object_update(all, whole) == 0 &&
                          json_object_update(all, lists) == 0;
    json_decref(whole);
    json_decref(lists);
    if (is_whole)
        return all;
    json_decref(all);
    return NULL;
}
