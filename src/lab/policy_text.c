/* The names of policies, filters and laws of growth: text in, parameters and canonical text out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "lab/policy.h"

enum { MAX_ARGUMENTS = 3, NAME_SIZE = 64 };

/* What an argument may be. */
struct range {
    const char *name;
    double least, most;
    const char *wanted;
    bool without_least, without_most; /* the bounds themselves are refused */
    bool whole;
};

static const struct range share = {"share", 0, 1, "0 to 1", false, false, false};
static const struct range weight = {"weight", 0, 1, "above 0 and below 1", true, true, false};
static const struct range ratio = {"ratio", 1e-6, 1e6, "1e-6 to 1e6", false, false, false};
static const struct range multiple = {"multiple", 0,     1e6,  "above 0 and at most 1e6",
                                      true,       false, false};
static const struct range bias = {"lambda", 0, 1, "0 to 1", false, false, false};
static const struct range factor = {"factor", 1, 1e6, "1 to 1e6", false, false, false};
static const struct range probability = {"probability", 0, 1, "0 to 1", false, false, false};
static const struct range sharpness = {"sharpness", 1e-6, 1e6, "1e-6 to 1e6", false, false, false};
static const struct range score = {"score", 0, 1, "0 to 1", false, false, false};
static const struct range exponent = {"exponent", 0, 1e6, "0 to 1e6", false, false, false};
static const struct range repeats = {
    "number of repeats", 1, 255, "a whole number from 1 to 255", false, false, true};
static const struct range output = {"share", 0, 255, "above 0 and at most 255", true, false, false};
static const struct range group = {"group", 2,     1e6, "a whole number from 2 to 1e6",
                                   false,   false, true};
static const struct range reward = {"weight", -1e6, 1e6, "-1e6 to 1e6", false, false, false};
static const struct range window = {"window", 1,     1e7, "a whole number from 1 to 1e7",
                                    false,    false, true};

/* What policies and filters have in common: a name and its arguments. */
struct form {
    const char *name;
    const char *text; /* for messages: "keep:SHARE" */
    const struct range *ranges[MAX_ARGUMENTS];
    size_t required;                /* the arguments after these may be left out ... */
    double defaults[MAX_ARGUMENTS]; /* ... which stands for these */
};

static size_t argument_count(const struct form *form)
{
    size_t count = 0;
    while (count < MAX_ARGUMENTS && form->ranges[count])
        count++;
    return count;
}

/* Policies ------------------------------------------------------------------------------------- */

struct named_policy {
    struct form form;
    void (*fill)(struct ws_policy *policy, const double *arguments);
    bool sums; /* its shares sum to 1 */
};

static void fill_replace(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->generated = 1;
}

static void fill_keep(struct ws_policy *policy, const double *x)
{
    policy->original = x[0];
    policy->generated = 1 - x[0];
}

static void fill_mix(struct ws_policy *policy, const double *x)
{
    policy->generated = x[0];
    policy->previous = x[1];
    policy->original = x[2];
}

static void fill_accumulate(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->pool = WS_SHARE_ALL;
}

static void fill_accumulate_subsample(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->pool = 1;
}

static void fill_window(struct ws_policy *policy, const double *x)
{
    policy->original = WS_SHARE_ALL;
    policy->recent = (uint32_t)x[0];
}

static void fill_recent(struct ws_policy *policy, const double *x)
{
    policy->recent = (uint32_t)x[0];
}

static void fill_history(struct ws_policy *policy, const double *x)
{
    policy->history = x[0];
    policy->generated = 1 - x[0];
    policy->original = x[1];
}

static void fill_augment(struct ws_policy *policy, const double *x)
{
    policy->original = WS_SHARE_ALL;
    policy->generated = x[0];
}

static void fill_fresh(struct ws_policy *policy, const double *x)
{
    policy->fresh = x[0];
    policy->generated = 1 - x[0];
}

static void fill_weighted(struct ws_policy *policy, const double *x)
{
    policy->fresh = 1;
    policy->generated = 1 / x[1];
    policy->weight = x[0];
}

static void fill_golden_ratio(struct ws_policy *policy, const double *x)
{
    const double k = x[0];
    policy->fresh = 1;
    policy->generated = 1 / k;
    /* (sqrt(k^2 + 4 k) - k) / 2 without the difference of two nearly equal numbers */
    policy->weight = 2 * k / (sqrt(k * k + 4 * k) + k);
}

/* Every item weighs the same, which is what the weight k / (1 + k) comes to. */
static void fill_naive(struct ws_policy *policy, const double *x)
{
    policy->fresh = 1;
    policy->generated = 1 / x[0];
}

static void fill_control(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->control = true;
}

#define NO_ARGUMENT                                                                                \
    {NULL, NULL, NULL}, 0,                                                                         \
    {                                                                                              \
        0, 0, 0                                                                                    \
    }

static const struct named_policy named_policies[] = {
    {{"replace", "replace", NO_ARGUMENT}, fill_replace, false},
    {{"keep", "keep:SHARE", {&share}, 1, {0}}, fill_keep, false},
    {{"mix", "mix:MODEL:PREVIOUS:ORIGINAL", {&share, &share, &share}, 3, {0}}, fill_mix, true},
    {{"accumulate", "accumulate", NO_ARGUMENT}, fill_accumulate, false},
    {{"accumulate-subsample", "accumulate-subsample", NO_ARGUMENT},
     fill_accumulate_subsample,
     false},
    {{"augment", "augment[:MULTIPLE]", {&multiple}, 0, {1}}, fill_augment, false},
    {{"window", "window:OUTPUTS", {&window}, 1, {0}}, fill_window, false},
    {{"recent", "recent:OUTPUTS", {&window}, 1, {0}}, fill_recent, false},
    {{"history", "history:SHARE[:ORIGINAL]", {&share, &share}, 1, {0, 0}}, fill_history, false},
    {{"fresh", "fresh:SHARE", {&share}, 1, {0}}, fill_fresh, false},
    {{"weighted", "weighted:WEIGHT[:RATIO]", {&weight, &ratio}, 1, {0, 1}}, fill_weighted, false},
    {{"golden-ratio", "golden-ratio[:RATIO]", {&ratio}, 0, {1}}, fill_golden_ratio, false},
    {{"naive", "naive[:RATIO]", {&ratio}, 0, {1}}, fill_naive, false},
    {{"control", "control", NO_ARGUMENT}, fill_control, false},
};
enum { NAMED_COUNT = sizeof named_policies / sizeof *named_policies };

/* Filters -------------------------------------------------------------------------------------- */

/* Two of them are about how output is made, and become members of the policy. */
enum { OF_THE_POLICY_BIAS = -1, OF_THE_POLICY_OVERSAMPLE = -2 };

struct named_filter {
    struct form form;
    int kind; /* enum ws_filter_kind, or one of those above */
    unsigned traits;
};

static const struct named_filter named_filters[] = {
    {{"biased", "biased:LAMBDA", {&bias}, 1, {0}}, OF_THE_POLICY_BIAS, 0},
    {{"oversample", "oversample:FACTOR", {&factor}, 1, {0}}, OF_THE_POLICY_OVERSAMPLE, 0},
    {{"drop-detected",
      "drop-detected:COVERAGE:FALSE_POSITIVES",
      {&probability, &probability},
      2,
      {0}},
     WS_FILTER_DROP_DETECTED,
     WS_FILTER_CHANGES_COUNT},
    {{"confidence", "confidence:MODEL:HUMAN", {&sharpness, &sharpness}, 2, {0}},
     WS_FILTER_CONFIDENCE,
     WS_FILTER_SCORES},
    {{"likelihood", "likelihood", NO_ARGUMENT},
     WS_FILTER_LIKELIHOOD,
     WS_FILTER_SCORES | WS_FILTER_NEEDS_FIRST | WS_FILTER_NEEDS_DENSITY},
    {{"drop-above", "drop-above:SCORE", {&score}, 1, {0}},
     WS_FILTER_DROP_ABOVE,
     WS_FILTER_READS_SCORES | WS_FILTER_CHANGES_COUNT},
    {{"resample", "resample:EXPONENT:REPEATS:SHARE", {&exponent, &repeats, &output}, 3, {0}},
     WS_FILTER_RESAMPLE,
     WS_FILTER_READS_SCORES | WS_FILTER_CHANGES_COUNT},
    {{"keep-surprising", "keep-surprising:SHARE", {&share}, 1, {0}},
     WS_FILTER_KEEP_SURPRISING,
     WS_FILTER_NEEDS_DENSITY | WS_FILTER_CHANGES_COUNT},
    {{"keep-correct", "keep-correct:RIGHT:WRONG", {&probability, &probability}, 2, {0}},
     WS_FILTER_KEEP_CORRECT,
     WS_FILTER_NEEDS_LABELS | WS_FILTER_CHANGES_COUNT},
    {{"keep-chosen", "keep-chosen:GROUP:WEIGHT", {&group, &reward}, 2, {0}},
     WS_FILTER_KEEP_CHOSEN,
     WS_FILTER_CHANGES_COUNT},
    {{"edit", "edit:PROBABILITY", {&probability}, 1, {0}}, WS_FILTER_EDIT, WS_FILTER_NEEDS_EDITOR},
};
enum { NAMED_FILTER_COUNT = sizeof named_filters / sizeof *named_filters };

/* Parsing -------------------------------------------------------------------------------------- */

/* Reads ":x:y:z"; returns how many numbers, or SIZE_MAX when it is anything else. */
static size_t parse_numbers(const char *text, double out[MAX_ARGUMENTS])
{
    size_t count = 0;
    while (*text == ':') {
        char number[64];
        size_t size = strcspn(++text, ":");
        if (count == MAX_ARGUMENTS || size >= sizeof number)
            return SIZE_MAX;
        memcpy(number, text, size);
        number[size] = '\0';
        if (!ws_real_parse(number, &out[count]))
            return SIZE_MAX;
        count++;
        text += size;
    }
    return *text == '\0' ? count : SIZE_MAX;
}

static bool is_within(const struct range *range, double x)
{
    if (!(x >= range->least && x <= range->most))
        return false;
    if ((x == range->least && range->without_least) || (x == range->most && range->without_most))
        return false;
    return !range->whole || x == floor(x);
}

/* The arguments of `text`, which begins with the form's name. `what`: "policy". */
static enum ws_status parse_arguments(const struct form *form, const char *what, const char *text,
                                      double x[MAX_ARGUMENTS], struct ws_error *err)
{
    size_t most = argument_count(form);
    size_t count = parse_numbers(text + strlen(form->name), x);
    if (count < form->required || count > most)
        return ws_fail(err, WS_INVALID, "%s '%.80s' is not of the form %s", what, text, form->text);
    for (size_t i = 0; i < count; i++) {
        const struct range *range = form->ranges[i];
        if (!is_within(range, x[i]))
            return ws_fail(err, WS_INVALID, "%s '%.80s' has a %s of %g, wanted %s", what, text,
                           range->name, x[i], range->wanted);
        x[i] = x[i] == 0 ? 0 : x[i]; /* one zero: -0 would print differently */
    }
    for (size_t i = count; i < most; i++)
        x[i] = form->defaults[i];
    return WS_OK;
}

/* "keep:0.1": the same text for the same arguments, however they were written. */
static const char *canonical_name(const struct form *form, const double *x, struct ws_arena *arena)
{
    size_t count = argument_count(form);
    while (count > form->required && x[count - 1] == form->defaults[count - 1])
        count--;
    const char *name = ws_arena_text(arena, form->name);
    for (size_t i = 0; name && i < count; i++) {
        char number[WS_REAL_TEXT_SIZE];
        ws_real_text(x[i], number);
        name = ws_arena_format(arena, "%s:%s", name, number);
    }
    return name;
}

/* The form called `name` of `count` ones; NULL with what is wrong in `err`. */
static const struct form *find_form(const struct form *const *forms, size_t count, const char *what,
                                    const char *name, struct ws_error *err)
{
    const char *names[NAMED_COUNT + NAMED_FILTER_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        names[i] = forms[i]->name;
        if (strcmp(names[i], name) == 0)
            return forms[i];
    }
    const char *nearest = ws_nearest_name(name, names, count);
    char list[400];
    struct ws_buffer all;
    ws_buffer_fix(&all, list, sizeof list);
    for (size_t i = 0; i < count; i++)
        ws_buffer_format(&all, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", forms[i]->text);
    if (nearest)
        (void)ws_fail(err, WS_INVALID, "unknown %s '%s'; did you mean '%s'?", what, name, nearest);
    else
        (void)ws_fail(err, WS_INVALID, "unknown %s '%s', wanted %s", what, name,
                      ws_buffer_string(&all));
    return NULL;
}

/* What stands before the first ':', cut where no name is as long. */
static void copy_name(const char *text, char name[NAME_SIZE])
{
    size_t size = strcspn(text, ":");
    (void)snprintf(name, NAME_SIZE, "%.*s", (int)(size < NAME_SIZE - 1 ? size : NAME_SIZE - 1),
                   text);
}

static enum ws_status parse_base(const char *text, struct ws_arena *arena, struct ws_policy *out,
                                 struct ws_error *err)
{
    char name[NAME_SIZE];
    const struct form *forms[NAMED_COUNT];
    for (size_t i = 0; i < NAMED_COUNT; i++)
        forms[i] = &named_policies[i].form;
    copy_name(text, name);
    const struct form *form = find_form(forms, NAMED_COUNT, "policy", name, err);
    if (!form)
        return WS_INVALID;
    const struct named_policy *named = (const struct named_policy *)(const void *)form;
    double x[MAX_ARGUMENTS] = {0};
    WS_TRY(parse_arguments(form, "policy", text, x, err));
    double sum = x[0] + x[1] + x[2];
    if (named->sums && fabs(sum - 1) > 1e-9)
        return ws_fail(err, WS_INVALID, "policy '%.80s' has shares that sum to %g, wanted 1", text,
                       sum);
    *out = (struct ws_policy){.name = canonical_name(form, x, arena), .bias = 1, .oversample = 1};
    if (!out->name)
        return ws_fail_memory(err, "a policy");
    named->fill(out, x);
    return WS_OK;
}

/* One more filter, for which there is room, or a member of the policy. */
static enum ws_status parse_filter(const char *text, struct ws_arena *arena,
                                   struct ws_policy *policy, struct ws_filter *filters,
                                   struct ws_error *err)
{
    char name[NAME_SIZE];
    const struct form *forms[NAMED_FILTER_COUNT];
    for (size_t i = 0; i < NAMED_FILTER_COUNT; i++)
        forms[i] = &named_filters[i].form;
    copy_name(text, name);
    const struct form *form = find_form(forms, NAMED_FILTER_COUNT, "filter", name, err);
    if (!form)
        return WS_INVALID;
    const struct named_filter *named = (const struct named_filter *)(const void *)form;
    double x[MAX_ARGUMENTS] = {0};
    WS_TRY(parse_arguments(form, "filter", text, x, err));
    const char *canonical = canonical_name(form, x, arena);
    if (canonical)
        policy->name = ws_arena_format(arena, "%s|%s", policy->name, canonical);
    if (!canonical || !policy->name)
        return ws_fail_memory(err, "a policy");
    double *member = named->kind == OF_THE_POLICY_BIAS         ? &policy->bias
                     : named->kind == OF_THE_POLICY_OVERSAMPLE ? &policy->oversample
                                                               : NULL;
    if (member && *member != 1)
        return ws_fail(err, WS_INVALID, "policy '%.80s' has two of '%s'", policy->name, name);
    if (member)
        *member = x[0];
    else
        filters[policy->filter_count++] = (struct ws_filter){
            (enum ws_filter_kind)named->kind, canonical, named->traits, {x[0], x[1], x[2]}};
    return WS_OK;
}

/* Whether each filter finds what it needs in the ones before it. */
static enum ws_status check_order(const struct ws_policy *policy, struct ws_error *err)
{
    const struct ws_filter *scorer = NULL;
    bool read = true;
    for (size_t i = 0; i < policy->filter_count; i++) {
        const struct ws_filter *filter = &policy->filters[i];
        if (filter->traits & WS_FILTER_READS_SCORES) {
            if (!scorer)
                return ws_fail(err, WS_INVALID,
                               "filter '%s' looks at scores, wanted 'confidence:MODEL:HUMAN' or "
                               "'likelihood' before it",
                               filter->name);
            read = true;
        }
        if (filter->traits & WS_FILTER_SCORES) {
            scorer = filter;
            read = false;
        }
        if (filter->kind == WS_FILTER_RESAMPLE && filter->x[2] > filter->x[1])
            return ws_fail(err, WS_INVALID,
                           "filter '%s' draws %g items for each there is, wanted at most its %g "
                           "repeats",
                           filter->name, filter->x[2], filter->x[1]);
    }
    if (!read)
        return ws_fail(
            err, WS_INVALID,
            "filter '%s' gives scores that no filter looks at, wanted 'drop-above:SCORE' "
            "or 'resample:EXPONENT:REPEATS:SHARE' behind it",
            scorer->name);
    return WS_OK;
}

/* Whether there is something to filter, and the policy can go on from what is left. */
static enum ws_status check_use(const struct ws_policy *policy, struct ws_error *err)
{
    bool filtered = policy->filter_count > 0 || policy->bias != 1 || policy->oversample != 1;
    if (policy->control && filtered)
        return ws_fail(err, WS_INVALID,
                       "policy '%.80s' filters the control, which is human data "
                       "alone",
                       policy->name);
    if (policy->previous > 0 && ws_policy_filters(policy, WS_FILTER_CHANGES_COUNT))
        return ws_fail(err, WS_INVALID,
                       "policy '%.80s' takes a share of the training set before, of which filters "
                       "leave no known number",
                       policy->name);
    return WS_OK;
}

/* What stands behind the policy's name: "|biased:0.8|...". */
static enum ws_status parse_filters(const char *text, struct ws_arena *arena,
                                    struct ws_policy *policy, struct ws_error *err)
{
    size_t most = 0;
    for (const char *c = text; *c; c++)
        most += *c == '|';
    struct ws_filter *filters = WS_ARENA_NEW(arena, struct ws_filter, most);
    if (!filters)
        return ws_fail_memory(err, "a policy");
    policy->filters = filters;
    while (*text == '|') {
        size_t size = strcspn(++text, "|");
        const char *one = ws_arena_format(arena, "%.*s", (int)size, text);
        if (!one)
            return ws_fail_memory(err, "a policy");
        WS_TRY(parse_filter(one, arena, policy, filters, err));
        text += size;
    }
    WS_TRY(check_order(policy, err));
    return check_use(policy, err);
}

enum ws_status ws_policy_parse(const char *text, struct ws_arena *arena, struct ws_policy *out,
                               struct ws_error *err)
{
    size_t size = strcspn(text, "|");
    const char *base = ws_arena_format(arena, "%.*s", (int)size, text);
    if (!base)
        return ws_fail_memory(err, "a policy");
    WS_TRY(parse_base(base, arena, out, err));
    return text[size] == '\0' ? WS_OK : parse_filters(text + size, arena, out, err);
}

enum ws_status ws_growth_parse(const char *text, struct ws_growth *out, struct ws_error *err)
{
    static const char *const names[] = {"constant", "linear", "power", "geometric"};
    size_t size = strcspn(text, ":");
    double x[MAX_ARGUMENTS] = {0};
    size_t count = parse_numbers(text + size, x);
    for (unsigned law = 0; law < 4; law++) {
        if (strlen(names[law]) != size || memcmp(names[law], text, size) != 0)
            continue;
        if (count != (law == WS_GROWTH_CONSTANT ? 0 : 1))
            break;
        double least = law == WS_GROWTH_GEOMETRIC ? 1 : 0;
        if (x[0] < least && count == 1)
            return ws_fail(err, WS_INVALID, "'growth' is '%.60s', wanted a number of at least %g",
                           text, least);
        *out = (struct ws_growth){(enum ws_growth_law)law, x[0]};
        return WS_OK;
    }
    return ws_fail(err, WS_INVALID,
                   "'growth' is '%.60s', wanted constant, linear:RATE, power:EXPONENT or "
                   "geometric:FACTOR",
                   text);
}
