/*
 * The prompts of `wellspring generate`: from the command line, from a file, or none at all.
 */
#ifndef WS_CLI_GENERATE_PROMPTS_H
#define WS_CLI_GENERATE_PROMPTS_H

#include "data/tokenizer.h"
#include "models/nn/transformer/generate.h"

struct prompt_source {
    const char *text; /* one prompt, or NULL */
    const char *file; /* one a line; "-" is standard input; or NULL */
    uint64_t count;   /* how often each is continued */
    uint32_t start;   /* begins what has no token of its own, or WS_NO_TOKEN */
};

/* Text i continues prompt i / count. All in an arena. */
struct prompt_set {
    uint64_t size; /* prompts */
    const struct ws_bytes *texts;
    struct ws_prompts tokens; /* size * count */
    uint64_t longest;         /* tokens */
    uint64_t longest_prompt;  /* which one that is, from 1 */
};

/* A file of JSON lines (.jsonl) has a string a line, or an object with "prompt". WS_CORRUPT for a
 * line that is neither, WS_INVALID for a prompt without a token. */
WS_MUST_CHECK enum ws_status prompts_read(const struct prompt_source *source,
                                          const struct ws_tokenizer *tokenizer,
                                          struct ws_arena *arena, struct prompt_set *out,
                                          struct ws_error *err);

#endif
