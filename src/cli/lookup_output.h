/*
 * What a lookup came to, in words and tables of 100 columns, and as JSON.
 */
#ifndef WS_CLI_LOOKUP_OUTPUT_H
#define WS_CLI_LOOKUP_OUTPUT_H

#include "cli/command.h"
#include "ledger/finding.h"

struct lookup_output {
    const struct ws_evidence *evidence;
    const struct ws_finding *finding;
    size_t witnesses;      /* of the policy */
    const uint64_t *sizes; /* fingerprints of each document that matches; NULL: not known */
    bool is_bundle;        /* else the evidence was gathered now */
    bool was_text_given;   /* of a bundle: it was compared with the text */
};

void print_lookup(const struct lookup_output *output);
WS_MUST_CHECK enum ws_status print_lookup_json(const struct lookup_output *output,
                                               struct ws_error *err);

#endif
