#include "view/figure_offer.h"

#include <string.h>

#include "lab/known_form.h"
#include "models/family.h"

static bool has_variations(const struct ws_run_description *run)
{
    for (size_t a = 0; a < run->arm_count; a++)
        if (run->arms[a].varied_count > 0)
            return true;
    return false;
}

static bool has_perplexities(const struct ws_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (strstr(results->curves[i].metric, "perplexity_histogram/"))
            return true;
    return false;
}

static bool has_two_generations(const struct ws_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (results->curves[i].point_count > 1)
            return true;
    return false;
}

static enum ws_status find_forms(const struct ws_run_description *run,
                                 const struct ws_results *results, struct ws_arena *arena,
                                 bool *out, struct ws_error *err)
{
    *out = false;
    for (size_t a = 0; a < run->arm_count && !*out; a++)
        for (size_t i = 0; i < results->count && !*out; i++) {
            struct ws_known_form known[WS_KNOWN_FORMS_MOST];
            size_t count = 0;
            if (strcmp(results->curves[i].arm, run->arms[a].name) != 0)
                continue;
            WS_TRY(ws_known_forms(run, &run->arms[a], results->curves[i].metric, arena, known,
                                  &count, err));
            *out = count > 0;
        }
    return WS_OK;
}

/* Families of which no chain is run again for a figure: view/chain_replay.h. */
static bool is_slow(const char *family)
{
    return strcmp(family, "transformer") == 0 || strcmp(family, "external") == 0;
}

enum ws_status ws_figure_offers(const struct ws_run_description *run,
                                const struct ws_results *results, struct ws_arena *arena,
                                enum ws_figure_offer out[WS_FIGURE_KINDS], struct ws_error *err)
{
    const struct ws_family_ops *family = is_slow(run->family) ? NULL : ws_family_find(run->family);
    const uint32_t accepts = family ? family->accepts : 0;
    const uint32_t types = 1u << WS_DATA_SYMBOLS | 1u << WS_DATA_COUNTS;
    bool has_forms;
    WS_TRY(find_forms(run, results, arena, &has_forms, err));
    const bool stored[WS_FIGURE_KINDS] = {
        [WS_FIGURE_OF_METRIC] = true,
        [WS_FIGURE_OF_MULTIPLES] = has_variations(run),
        [WS_FIGURE_OF_PERPLEXITY] = has_perplexities(results),
        [WS_FIGURE_OF_PROFILE] = has_two_generations(results),
        [WS_FIGURE_OF_THEORY] = has_forms,
    };
    const bool replayed[WS_FIGURE_KINDS] = {
        [WS_FIGURE_OF_DISTRIBUTION] = accepts & (types | 1u << WS_DATA_VECTORS),
        [WS_FIGURE_OF_SURVIVAL] = accepts & (types | 1u << WS_DATA_TOKENS),
        [WS_FIGURE_OF_ZIPF] = accepts & (types | 1u << WS_DATA_TOKENS),
    };
    for (int kind = 0; kind < WS_FIGURE_KINDS; kind++)
        out[kind] = stored[kind]     ? WS_FIGURE_STORED
                    : replayed[kind] ? WS_FIGURE_REPLAYED
                                     : WS_FIGURE_NONE;
    return WS_OK;
}
