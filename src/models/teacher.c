#include "models/teacher.h"

#include "models/ngram.h"
#include "models/nn/transformer/transformer_family.h"

static enum ws_status open_ngram(const struct ws_human_settings *data,
                                 const struct ws_dataset *texts, struct ws_arena *arena,
                                 const struct ws_model **out, struct ws_error *err)
{
    struct ws_ngram_settings *settings = WS_ARENA_NEW(arena, struct ws_ngram_settings, 1);
    const struct ws_rng_key unused = {{0, 0}, 0}; /* counting has no starting point */
    if (!settings)
        return ws_fail_memory(err, "the teacher");
    *settings = (struct ws_ngram_settings){data->teacher_order, WS_NGRAM_MLE};
    return ws_family_ngram.fit(settings, 1, &texts, &unused, NULL, arena, out, err);
}

static enum ws_status open_transformer(const struct ws_human_settings *data,
                                       const struct ws_dataset *texts, struct ws_arena *arena,
                                       const struct ws_model **out, struct ws_hash *identity,
                                       struct ws_error *err)
{
    const struct ws_family_ops *family = &ws_family_transformer;
    struct ws_transformer_settings *settings =
        WS_ARENA_NEW(arena, struct ws_transformer_settings, 1);
    const char *name;
    if (!settings)
        return ws_fail_memory(err, "the teacher");
    WS_TRY(ws_options_defaults(&family->options, settings, arena, err));
    settings->base = data->teacher;
    WS_TRY(family->check(settings, texts, 1, data->block, err));
    WS_TRY(family->identify(settings, arena, &name, identity, err));
    return ws_transformer_of_base(settings, texts->types, data->block, arena, out, err);
}

static enum ws_status open(const struct ws_human_settings *settings, const struct ws_dataset *texts,
                           struct ws_arena *arena, const void **model, struct ws_hash *identity,
                           struct ws_error *err)
{
    const struct ws_model *teacher = NULL;
    if (settings->teacher[0] != '\0')
        WS_TRY(open_transformer(settings, texts, arena, &teacher, identity, err));
    else
        WS_TRY(open_ngram(settings, texts, arena, &teacher, err));
    *model = teacher;
    return WS_OK;
}

static enum ws_status draw(const void *model, uint64_t count, struct ws_rng_key key,
                           struct ws_arena *arena, const struct ws_payload **out,
                           struct ws_error *err)
{
    const struct ws_model *teacher = model;
    return teacher->ops->sample(1, &teacher, &count, &key, NULL, arena, out, err);
}

const struct ws_teachers ws_teachers = {open, draw};

const struct ws_model *ws_teacher_of(const struct ws_deal *truth)
{
    return ws_human_teacher(truth->human);
}
