/*
 * Switching errors of transformers off (models/error_switch.h), approximately: a shape that holds
 * the truth is that of the teacher that is the truth, and a fit that goes on for longer is nearer
 * to the best there is. What samples are made by, decoding, counts as a part of the fit.
 */
#include <inttypes.h>
#include <string.h>

#include "base/number.h"

#include "models/nn/transformer/transformer_family.h"
#include "models/teacher.h"

/* Times as many steps of training. */
enum { LONGER = 8 };

/* The form of which `d` is the description; 0 where that is what an architecture does. */
static enum ws_status form_of(const struct ws_description *d, struct ws_form *out,
                              struct ws_error *err)
{
    struct ws_description usual;
    *out = (struct ws_form){
        .architecture = d->architecture,
        .layers = d->layers,
        .width = d->width,
        .heads = d->heads,
        .kv_heads = d->kv_heads == d->heads ? 0 : d->kv_heads,
        .context = d->context,
        .tied = d->tied,
    };
    WS_TRY(ws_form_describe(out, d->vocabulary, 0, &usual, err));
    out->inner = usual.inner == d->inner ? 0 : d->inner;
    return WS_OK;
}

/* Adds what the options of `wanted` are in place of those of `own`, where they differ. */
static enum ws_status change_options(const struct ws_option_table *table, const void *own,
                                     const void *wanted, struct ws_arena *arena,
                                     struct ws_switch *out, struct ws_error *err)
{
    char before[WS_REAL_TEXT_SIZE], after[WS_REAL_TEXT_SIZE];
    for (size_t i = 0; i < table->count; i++) {
        struct ws_buffer text;
        ws_buffer_fix(&text, before, sizeof before);
        ws_option_print(&table->options[i], own, &text);
        ws_buffer_fix(&text, after, sizeof after);
        ws_option_print(&table->options[i], wanted, &text);
        if (strcmp(before, after) == 0)
            continue;
        const char *value = ws_arena_text(arena, after);
        if (!value)
            return ws_fail_memory(err, "a switch");
        ws_switch_change(out, table->options[i].name, value);
    }
    return WS_OK;
}

enum ws_status ws_transformer_enlarge(const void *untyped, const struct ws_deal *truth,
                                      struct ws_arena *arena, struct ws_switch *out,
                                      struct ws_error *err)
{
    const struct ws_transformer_settings *settings = untyped;
    const struct ws_model *teacher = ws_teacher_of(truth);
    struct ws_description d;
    struct ws_form own, form;
    if (!teacher || teacher->ops != &ws_family_transformer) {
        *out = ws_switch_refuse("no transformer is known to hold a truth that is none; wanted "
                                "teacher=DIRECTORY, a transformer");
        return WS_OK;
    }
    if (settings->base && settings->base[0] != '\0') {
        *out = ws_switch_refuse("fits start from 'base', whose shape they keep; wanted fresh "
                                "models");
        return WS_OK;
    }
    const struct ws_transformer *written =
        &((const struct ws_transformer_model *)teacher)->transformer;
    WS_TRY(ws_transformer_describe(settings, written->description.vocabulary, arena->allocator, &d,
                                   err));
    WS_TRY(form_of(&d, &own, err));
    WS_TRY(form_of(&written->description, &form, err));
    if (form.context < own.context) /* which holds as much */
        form.context = own.context;
    *out = ws_switch_none("models have the teacher's shape; held fixed: how they are trained");
    out->is_approximate = true;
    return change_options(&ws_form_options, &own, &form, arena, out, err);
}

enum ws_status ws_transformer_fit_exactly(const void *untyped, const struct ws_deal *truth,
                                          struct ws_arena *arena, struct ws_switch *out,
                                          struct ws_error *err)
{
    (void)truth;
    const struct ws_transformer_settings *settings = untyped;
    struct ws_decoding plain;
    if (settings->training.steps == 0) {
        *out = ws_switch_refuse("by 'epochs' models of more items are trained for longer, so that "
                                "two errors would change at once; wanted 'steps'");
        return WS_OK;
    }
    const char *steps = ws_arena_format(arena, "%" PRIu64, LONGER * settings->training.steps);
    if (!steps)
        return ws_fail_memory(err, "a switch");
    WS_TRY(ws_options_defaults(&ws_decoding_options, &plain, arena, err));
    plain.new_tokens = settings->decoding.new_tokens; /* no length is a part of it */
    plain.min_new_tokens = settings->decoding.min_new_tokens;
    plain.stop_at_end = settings->decoding.stop_at_end;
    plain.batch = settings->decoding.batch;
    *out = ws_switch_none("8 times as many steps, and tokens are drawn from the model's own "
                          "distribution; held fixed: learning rate, schedule and batch");
    out->is_approximate = true;
    ws_switch_change(out, "steps", steps);
    return change_options(&ws_decoding_options, &settings->decoding, &plain, arena, out, err);
}
