/*
 * Files of published experiments are hostile bytes: whatever they hold, the parser gives claims
 * whose rows can be measured, or one line that says what is wrong. So are closed forms and
 * tolerances.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/reproduction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Every generation is planned, and ten million of them for hundreds of arms take their time. */
static const struct ws_override few_generations = {"generations", "20"};

static void require_claim(const struct ws_reproduction *r, const struct ws_claim *claim)
{
    require(claim->row_count >= 1 && claim->metric.count >= 1);
    require(claim->tolerance.factor >= 1 && claim->tolerance.precision > 0);
    for (size_t i = 0; i < claim->row_count; i++) {
        const struct ws_claim_row *row = &claim->rows[i];
        require(row->experiment < r->experiment_count);
        require(row->first <= row->last && row->last < 20);
        require(row->is_form || isfinite(row->expected.value));
        require(row->expected.standard_error >= 0);
    }
}

static void parse_file(struct ws_bytes text)
{
    struct ws_reproduction r;
    struct ws_error err = {.message = ""};
    enum ws_status status =
        ws_reproduction_parse(text, "fuzz", "fuzz.yaml", &few_generations, 1, NULL, &r, &err);
    if (status != WS_OK) {
        require(status == WS_INVALID && err.message[0] != '\0' && !strchr(err.message, '\n'));
        return;
    }
    size_t rows = 0;
    for (size_t c = 0; c < r.claim_count; c++) {
        require(r.claims[c].first_row == rows);
        rows += r.claims[c].row_count;
        require_claim(&r, &r.claims[c]);
    }
    require(rows == r.row_count);
    ws_reproduction_release(&r);
}

static void parse_texts(const uint8_t *data, size_t size)
{
    struct ws_form_call call;
    struct ws_tolerance tolerance;
    struct ws_error err = {.message = ""};
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (ws_form_parse(text, &call, &err) == WS_OK)
        require(call.form != NULL);
    else
        require(err.message[0] != '\0');
    if (ws_tolerance_parse(text, &tolerance, &err) == WS_OK)
        require(tolerance.factor >= 1 && tolerance.relative >= 0 && tolerance.absolute >= 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_file(ws_bytes_of(data, size));
    parse_texts(data, size);
    return 0;
}
