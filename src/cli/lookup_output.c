#include "cli/lookup_output.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/ledger_command.h"

enum {
    SPANS_SHOWN = 40,
    MATCHES_SHOWN = 20,
    SHARDS_SHOWN = 20,
    SIGNERS_SHOWN = 8 /* of text; JSON has all */
};

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
        (void)snprintf(out, 64, "unknown");
    else if (span->at_most == span->at_least)
        (void)snprintf(out, 64, "%" PRIu64, span->at_least);
    else
        (void)snprintf(out, 64, "%" PRIu64 " to %" PRIu64, span->at_least, span->at_most);
}

/* Text ----------------------------------------------------------------------------------------- */

static void print_since(const struct ws_lookup_answer *o, const struct ws_finding_claim *claim)
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

static void print_depth(const struct ws_verdict_span *span)
{
    char depth[64];
    depth_text(span, depth);
    (void)printf("  depth         %s", depth);
    if (!span->has_most)
        (void)printf(": %" PRIu64 " or more, and no most is declared; caps take it as the worst",
                     span->at_least);
    (void)printf("\n");
}

/* Who speaks for the longest span of a label that is not the whole's. */
static void print_claim(const struct ws_lookup_answer *o, const struct ws_verdict_span *span,
                        size_t speaker)
{
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, speaker);
    const bool is_model = speaker == span->emission;
    (void)printf("  %-12s  as claimed by '%s': %s\n", is_model ? "model" : "human", claim->party,
                 ws_lookup_subject(claim));
    if (is_model)
        print_depth(span);
    print_since(o, claim);
}

static void print_claims(const struct ws_lookup_answer *o)
{
    static const enum ws_verdict_label labels[] = {WS_VERDICT_HUMAN, WS_VERDICT_MODEL,
                                                   WS_VERDICT_CONTESTED};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        struct ws_verdict_span span;
        if (!ws_lookup_join(o, labels[i], &span))
            continue;
        if (labels[i] != WS_VERDICT_MODEL)
            print_claim(o, &span, span.archive);
        if (labels[i] != WS_VERDICT_HUMAN)
            print_claim(o, &span, span.emission);
    }
}

/* Of all of it, as one party claims. */
static void print_whole(const struct ws_lookup_answer *o, enum ws_verdict_label label,
                        const struct ws_verdict_span *span)
{
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, ws_lookup_speaker(span));
    (void)printf("%s, as claimed by '%s': %s\n", ws_verdict_word(label), claim->party,
                 ws_lookup_subject(claim));
    if (label == WS_VERDICT_MODEL)
        print_depth(span);
    print_since(o, claim);
}

static void print_headline(const struct ws_lookup_answer *o)
{
    const char *const others[WS_VERDICT_LABELS] = {
        [WS_VERDICT_UNKNOWN] = ws_lookup_unknown(o),
        [WS_VERDICT_MIXED] = "a part of it is a model's, as claimed",
        [WS_VERDICT_CONTESTED] = "claims contradict each other, and no date decides",
    };
    const enum ws_verdict_label label = o->finding->verdict.label;
    const char *unproven = ws_lookup_unproven(o);
    struct ws_verdict_span span;
    if (!others[label] && ws_lookup_join(o, label, &span)) {
        print_whole(o, label, &span);
        return;
    }
    if (unproven)
        (void)printf("%s\n", unproven);
    else
        (void)printf("%s: %s\n", ws_verdict_word(label), others[label] ? others[label] : "");
    print_claims(o);
}

static void print_query(const struct ws_lookup_answer *o)
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
    if (query->mark_count > 0)
        (void)printf(", of which shards have %" PRIu64, verdict->found);
    if (verdict->common > 0)
        (void)printf(", of these %" PRIu64 " common ones, which count for nothing",
                     verdict->common);
    (void)printf("%s\n", query->mark_count > 0 ? "" : ": the text is too short to be found by any");
}

static void print_head(const struct ws_lookup_answer *o)
{
    const struct ws_trusted_checkpoint *head = &o->finding->head;
    char date[32];
    date_text(head->time, date);
    (void)printf("  log           %" PRIu64 " entries of '%s', %s%s\n  rules         %s\n",
                 head->checkpoint.size, head->checkpoint.origin,
                 head->time > 0 ? "as of " : "not dated: the policy wants no witnesses",
                 head->time > 0 ? date : "", o->evidence->rules);
}

static void print_spans(const struct ws_lookup_answer *o)
{
    const struct ws_verdict *verdict = &o->finding->verdict;
    if (verdict->span_count == 0 || !o->evidence->query.has_text)
        return;
    (void)printf("\n  %10s %10s  %-9s  %-8s  %-20s  %s\n", "begin", "end", "label", "depth",
                 "no later than", "as claimed by");
    for (size_t i = 0; i < verdict->span_count && i < SPANS_SHOWN; i++) {
        const struct ws_verdict_span *span = &verdict->spans[i];
        const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, ws_lookup_speaker(span));
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

static void print_match(const struct ws_lookup_answer *o, size_t i)
{
    const struct ws_verdict_match *match = &o->finding->verdict.matches[i];
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, match->claim);
    char of_document[16] = "-";
    if (o->sizes && o->sizes[i] > 0)
        (void)snprintf(of_document, sizeof of_document, "%.3f",
                       ws_lookup_share(match->hits, o->sizes[i]));
    (void)printf("  %10" PRIu64 " %6" PRIu32 " %10" PRIu32 "  %12" PRIu64 " %11.3f %15s %11" PRIu64
                 "  %.12s%s\n",
                 claim->claim.index, ws_finding_subject(match->document),
                 ws_finding_number(match->document), match->hits,
                 ws_lookup_share(match->hits, o->finding->verdict.distinct), of_document,
                 match->characters, claim->party, match->is_exact ? ", all" : "");
}

static void print_matches(const struct ws_lookup_answer *o)
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

static void print_shard(const struct ws_lookup_answer *o, const struct ws_finding_shard *shard)
{
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, shard->claim);
    (void)printf("  entry %" PRIu64 " ('%.20s'), shard %" PRIu32 " '%.40s': %s", claim->claim.index,
                 claim->party, shard->subject,
                 ws_finding_shard_subject(o->finding, shard->claim, shard->subject)->name,
                 ws_searched_word(shard->state));
    if (shard->state == WS_SEARCHED_WITHDRAWN)
        (void)printf(" at entry %" PRIu64, shard->withdrawn_in);
    (void)printf("\n");
    if (shard->why)
        (void)printf("    %.94s\n", shard->why);
}

static void print_shards(const struct ws_lookup_answer *o)
{
    const struct ws_finding *finding = o->finding;
    size_t searched = 0, shown = 0;
    for (size_t i = 0; i < finding->shard_count; i++)
        searched += finding->shards[i].state == WS_SEARCHED_WHOLE;
    if (o->evidence->query.has_text)
        (void)printf("\nShards: %zu of %zu searched.\n", searched, finding->shard_count);
    else
        (void)printf("\nShards: none was searched, for a digest has no fingerprints.\n");
    for (size_t i = 0; i < finding->shard_count; i++)
        if (finding->shards[i].state != WS_SEARCHED_WHOLE && shown++ < SHARDS_SHOWN)
            print_shard(o, &finding->shards[i]);
    if (shown > SHARDS_SHOWN)
        (void)printf("  ... and %zu more (--json has all)\n", shown - SHARDS_SHOWN);
}

static void print_disputes(const struct ws_lookup_answer *o)
{
    for (size_t i = 0; i < o->finding->claim_count; i++) {
        const struct ws_finding_claim *claim = &o->finding->claims[i];
        if (!claim->is_disputed)
            continue;
        (void)printf("Entry %" PRIu64 " is disputed, and ", claim->claim.index);
        if (claim->shown > 0)
            (void)printf("counts for the documents alone that were shown: %zu.\n", claim->shown);
        else
            (void)printf("none of its documents was shown in time: it counts for nothing.\n");
    }
}

static void print_signers(const struct ws_lookup_answer *o)
{
    const struct ws_finding *finding = o->finding;
    (void)printf("  Signed by %zu of %zu mirrors of the roles, which want %" PRIu64 ":",
                 finding->signer_count, finding->mirrors, finding->index_quorum);
    for (size_t i = 0; i < finding->signer_count && i < SIGNERS_SHOWN; i++) {
        const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, finding->signers[i]);
        (void)printf("%s '%.20s' in entry %" PRIu64, i > 0 ? "," : "", claim->party,
                     claim->claim.index);
    }
    (void)printf("%s\n", finding->signer_count > SIGNERS_SHOWN ? ", ... (--json has all)" : ".");
}

static void print_dissenters(const struct ws_lookup_answer *o)
{
    const struct ws_finding *finding = o->finding;
    for (size_t i = 0; i < finding->dissenter_count && i < SIGNERS_SHOWN; i++) {
        const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, finding->dissenters[i]);
        (void)printf("  '%.20s' signed another index of the same %" PRIu64
                     " entries, in entry %" PRIu64 ".\n",
                     claim->party, finding->index_entries, claim->claim.index);
    }
    if (finding->dissenter_count > SIGNERS_SHOWN)
        (void)printf("  ... and %zu more (--json has all)\n",
                     finding->dissenter_count - SIGNERS_SHOWN);
    if (finding->dissenter_count > 0)
        (void)printf("  Of two that differ one lies, reads by other roles, or could not get a "
                     "shard: who has the shards\n  finds which by 'wellspring index verify'.\n");
}

static void print_newest(const struct ws_lookup_answer *o)
{
    if (o->finding->newest == WS_VERDICT_NO_CLAIM)
        return;
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, o->finding->newest);
    (void)printf("  A newer index is there, of the first %" PRIu64
                 " entries: '%.20s' signed it in entry %" PRIu64 ".\n",
                 claim->claim.statement.index.entries, claim->party, claim->claim.index);
}

static void print_coverage(const struct ws_lookup_answer *o)
{
    const struct ws_finding *finding = o->finding;
    if (finding->coverage == WS_COVERAGE_COMPLETE) {
        const struct ws_finding_claim *mirror = ws_lookup_answer_claim(o, finding->signers[0]);
        (void)printf("Nothing is left out of what the first %" PRIu64 " of %" PRIu64
                     " entries name: so says the index that\n'%.20s' signed in entry %" PRIu64
                     ".\n",
                     finding->index_entries, finding->head.checkpoint.size, mirror->party,
                     mirror->claim.index);
    } else {
        (void)printf("Completeness not proven:\n  %s", ws_coverage_text(finding->coverage));
        if (finding->coverage == WS_COVERAGE_LEFT_OUT ||
            finding->coverage == WS_COVERAGE_CONTRADICTED)
            (void)printf(": entry %" PRIu64, finding->doubted_entry);
        (void)printf(".\n");
    }
    if (finding->signer_count > 0 && finding->mirrors > 1)
        print_signers(o);
    print_dissenters(o);
    print_newest(o);
}

static void print_later_one(const struct ws_lookup_answer *o, const struct ws_lookup_later *later)
{
    const struct ws_finding_claim *claim = ws_lookup_answer_claim(o, later->claim);
    (void)printf("  entry %" PRIu64 " ('%.20s') ", claim->claim.index, claim->party);
    if (later->fate == WS_LATER_WITHDRAWN)
        (void)printf("was withdrawn at entry %" PRIu64 ".\n", later->at);
    else if (later->fate == WS_LATER_SHARD)
        (void)printf("stands; its shard %" PRIu32 " was withdrawn by its owner at entry %" PRIu64
                     ".\n",
                     later->subject, later->at);
    else if (later->fate == WS_LATER_REVOKED)
        (void)printf("was revoked: its key was stolen.\n");
    else if (later->fate == WS_LATER_HOLDS)
        (void)printf("has its shard %" PRIu32 " still, with all that the log has.\n",
                     later->subject);
    else
        (void)printf("does not count, with all that the log has.\n");
}

static void print_later(const struct ws_lookup_answer *o)
{
    (void)printf("Of what it rests on, by the %" PRIu64 " entries that the log shows now:%s\n",
                 o->log_size, o->later_count > 0 ? "" : " nothing was taken back since.");
    for (size_t i = 0; i < o->later_count && i < SHARDS_SHOWN; i++)
        print_later_one(o, &o->later[i]);
    if (o->later_count > SHARDS_SHOWN)
        (void)printf("  ... and %zu more (--json has all)\n", o->later_count - SHARDS_SHOWN);
}

static void print_bundle(const struct ws_lookup_answer *o)
{
    const struct ws_finding *finding = o->finding;
    if (!finding->is_same_policy || !finding->is_same_roles)
        (void)printf("The bundle was made under another policy or other roles; the verdict is by "
                     "yours.\n");
    if (!o->was_text_given)
        (void)printf("Whether it is about a text that you have was not looked for: --text FILE\n");
    if (o->log_size > 0)
        print_later(o);
    (void)printf("%s where no index shows it, it does not say.\n",
                 o->log_size > 0
                     ? "What was left out by its maker"
                     : "What was withdrawn later (--log LOG), or left out by its maker");
}

void print_lookup(const struct ws_lookup_answer *output)
{
    print_headline(output);
    print_query(output);
    print_head(output);
    print_spans(output);
    print_matches(output);
    print_shards(output);
    print_coverage(output);
    print_disputes(output);
    if (output->is_bundle)
        print_bundle(output);
}

enum ws_status print_lookup_json(const struct ws_lookup_answer *answer, struct ws_error *err)
{
    return print_json(ws_lookup_answer_json(answer), "the answer", err);
}
