#include "server/log_lookup_log.h"

#include "ledger/lookup_answer.h"

enum { STATEMENTS_SHOWN = 100 };

/* What a statement is of: the model, the collection, the entry that it takes back. */
static json_t *subject_json(const struct ws_statement *statement)
{
    switch (statement->kind) {
    case WS_STATEMENT_EMISSION:
        return json_string(statement->emission.model);
    case WS_STATEMENT_ARCHIVE:
        return json_string(statement->archive.collection);
    case WS_STATEMENT_WITHDRAWAL:
        return json_sprintf("entry %llu", (unsigned long long)statement->withdrawal.entry);
    case WS_STATEMENT_KEY_CHANGE:
        return json_string(statement->key_change.old_key);
    case WS_STATEMENT_INDEX:
        return json_sprintf("%llu entries", (unsigned long long)statement->index.entries);
    case WS_STATEMENT_KINDS:
        break;
    }
    return json_null();
}

static json_t *statement_json(const struct ws_finding_claim *claim)
{
    static const char *const fates[] = {[WS_CLAIM_HOLDS] = "holds",
                                        [WS_CLAIM_WITHDRAWN] = "withdrawn",
                                        [WS_CLAIM_REVOKED] = "revoked"};
    const struct ws_statement *statement = &claim->claim.statement;
    return json_pack("{s:I, s:s?, s:s, s:o, s:I, s:o, s:s}", "entry",
                     (json_int_t)claim->claim.index, "issuer", claim->party, "type",
                     ws_statement_type(statement->kind), "of", subject_json(statement), "shards",
                     ws_statement_has_shards(statement->kind) ? (json_int_t)statement->subject_count
                                                              : (json_int_t)0,
                     "since", ws_lookup_date_json(claim->trusted.time), "fate", fates[claim->fate]);
}

/* The latest first, and in `earlier` below which entry there are more, or null. Of a finding also
 * those that only others cite, and do not count. */
static json_t *statements_json(const struct ws_finding *finding, uint64_t before, json_t **earlier)
{
    json_t *array = json_array();
    size_t shown = 0;
    uint64_t last = 0;
    *earlier = NULL;
    for (size_t i = finding->claim_count; i > 0; i--) {
        const struct ws_claim *claim = &finding->claims[i - 1].claim;
        if (claim->standing != WS_CLAIM_COUNTS || claim->index >= before)
            continue;
        if (shown++ == STATEMENTS_SHOWN) {
            *earlier = json_integer((json_int_t)last);
            break;
        }
        ws_json_add(&array, statement_json(&finding->claims[i - 1]));
        last = claim->index;
    }
    if (!*earlier)
        *earlier = json_null();
    return array;
}

static json_t *issuers_json(const struct ws_roles *roles)
{
    static const char *const words[] = {[WS_ROLE_ISSUER] = "issuer", [WS_ROLE_ARCHIVE] = "archive"};
    json_t *array = json_array();
    for (size_t i = 0; i < roles->granted_count; i++)
        ws_json_add(&array,
                    json_pack("{s:s, s:s, s:s}", "name", roles->parties[roles->granted[i].party],
                              "role", words[roles->granted[i].role], "of",
                              roles->granted[i].space));
    for (size_t i = 0; i < roles->mirror_count; i++)
        ws_json_add(&array,
                    json_pack("{s:s, s:s, s:s}", "name", roles->parties[roles->mirrors[i].party],
                              "role", "mirror", "of", roles->mirrors[i].url));
    return array;
}

static json_t *witnesses_json(const struct ws_trust *trust)
{
    json_t *array = json_array();
    for (size_t i = 0; i < trust->member_count; i++) {
        const struct ws_trust_member *member = &trust->members[i];
        if (member->key.name)
            ws_json_add(&array, json_pack("{s:s, s:s, s:s?}", "name", member->name, "key",
                                          member->key.name, "url", member->url));
    }
    return array;
}

json_t *ws_log_lookup_log_json(const struct ws_lookup *lookup, const struct ws_finding *finding,
                               uint64_t before)
{
    const struct ws_trusted_checkpoint *head = &finding->head;
    json_t *earlier, *statements = statements_json(finding, before, &earlier);
    return json_pack("{s:s, s:I, s:o, s:I, s:I, s:s%, s:o, s:o, s:o, s:o}", "log",
                     head->checkpoint.origin, "entries", (json_int_t)head->checkpoint.size, "as_of",
                     ws_lookup_date_json(head->time), "cosigned_by", (json_int_t)head->witnesses,
                     "operators", (json_int_t)head->operators, "checkpoint",
                     (const char *)lookup->note.data, lookup->note.size, "statements", statements,
                     "earlier", earlier, "issuers", issuers_json(&lookup->roles), "witnesses",
                     witnesses_json(&lookup->trust));
}
