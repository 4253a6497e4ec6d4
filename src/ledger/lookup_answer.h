/*
 * What a lookup came to, as JSON, and what its other forms share with that. Contract:
 * tests/cli/lookup.sh.
 */
#ifndef WS_LEDGER_LOOKUP_ANSWER_H
#define WS_LEDGER_LOOKUP_ANSWER_H

#include "base/json.h"
#include "ledger/lookup.h"

struct ws_lookup_answer {
    const struct ws_evidence *evidence;
    const struct ws_finding *finding;
    size_t witnesses;      /* of the policy */
    const uint64_t *sizes; /* fingerprints of each document that matches; NULL: not known */
    bool is_bundle;        /* else the evidence was gathered now */
    bool was_text_given;   /* of a bundle: it was compared with the text */
    uint64_t log_size;     /* of a bundle: entries that the log shows now; 0: it was not asked */
    const struct ws_lookup_later *later; /* what it took back since */
    size_t later_count;
};

static inline const struct ws_finding_claim *
ws_lookup_answer_claim(const struct ws_lookup_answer *answer, size_t claim)
{
    return &answer->finding->claims[claim];
}

/* The model of an emission, the collection of an archive. */
const char *ws_lookup_subject(const struct ws_finding_claim *claim);

/* The claim that a span's label is by. */
size_t ws_lookup_speaker(const struct ws_verdict_span *span);

/* All spans of a label as one: the bounds of depth over all of them, and the claims of the longest.
 * False where there is none. */
bool ws_lookup_join(const struct ws_lookup_answer *o, enum ws_verdict_label label,
                    struct ws_verdict_span *out);

static inline double ws_lookup_share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

/* "2026-11-01T00:00:00Z"; null where nobody dates it (0). */
json_t *ws_lookup_date_json(uint64_t date);

/* NULL when memory is out; docs/formats/verdict.md. */
json_t *ws_lookup_answer_json(const struct ws_lookup_answer *o);

/* What is said in place of "unknown" while it is not proven that nothing was left out, or where
 * shards have at least half of a text that gets no label; else NULL, and beside another verdict. */
const char *ws_lookup_unproven(const struct ws_lookup_answer *o);
/* What "unknown" means, where that is said. */
const char *ws_lookup_unknown(const struct ws_lookup_answer *o);

#endif
