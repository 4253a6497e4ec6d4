#include "models/family.h"

#include <string.h>

const struct ws_family_ops *const ws_families[] = {
    &ws_family_discrete,   &ws_family_gaussian,    &ws_family_gmm,       &ws_family_kde,
    &ws_family_regression, &ws_family_logistic,    &ws_family_bernoulli, &ws_family_poisson,
    &ws_family_ngram,      &ws_family_transformer, &ws_family_external,
};
const size_t ws_family_count = sizeof ws_families / sizeof *ws_families;

const struct ws_family_ops *ws_family_find(const char *name)
{
    for (size_t i = 0; i < ws_family_count; i++)
        if (strcmp(ws_families[i]->name, name) == 0)
            return ws_families[i];
    return NULL;
}
