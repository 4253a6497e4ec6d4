/* Models of a target, and of counts, against the truth. */
#include <math.h>

#include "data/law_regression.h"
#include "measure/metric_set.h"
#include "models/least_squares.h"

static const double *item(const struct ws_segment *segment, uint64_t i)
{
    return segment->payload->vectors + ws_segment_item(segment, i) * segment->payload->dimension;
}

/* Mean over the items' inputs of ((w - w*) x)^2. */
static double risk_over(const struct ws_dataset *data, const double *weights, const double *truth,
                        size_t inputs)
{
    double sum = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++) {
            const double *x = item(&data->segments[s], i);
            double error = ws_dot(x, weights, inputs) - ws_dot(x, truth, inputs);
            sum += error * error;
        }
    return sum / (double)data->count;
}

void ws_measure_regression(const struct ws_reference *reference,
                           const struct ws_regression_model *model, struct ws_metric_set *set)
{
    const struct ws_linear_truth *truth = ws_law_linear_truth(reference->deal->law);
    if (!truth)
        return;
    uint64_t n = model->base.training_items;
    double squares = 0;
    for (uint32_t j = 0; j < truth->inputs; j++) {
        double error = model->weights[j] - truth->weights[j];
        squares += error * error;
    }
    ws_metric_put(set, WS_METRIC_EXCESS_RISK, n, truth->input_variance * squares);
    ws_metric_put(
        set, WS_METRIC_DESIGN_RISK, n,
        risk_over(&reference->deal->original, model->weights, truth->weights, truth->inputs));
    ws_metric_put(set, WS_METRIC_WEIGHT_ERROR, n, squares);
}

/* Share of items whose label is the one that the model finds likelier. */
static double accuracy_over(const struct ws_dataset *data, const struct ws_logistic_model *model)
{
    uint64_t right = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++) {
            const double *x = item(&data->segments[s], i);
            right += (ws_dot(x, model->weights, model->inputs) >= 0) == (x[model->inputs] == 1);
        }
    return (double)right / (double)data->count;
}

/* An item of a class lies round the class's centre: x w is normal. */
static double true_accuracy(const struct ws_two_class_truth *truth,
                            const struct ws_logistic_model *model)
{
    double towards = 0;
    for (uint32_t j = 0; j < model->inputs; j++)
        towards += truth->centre * model->weights[j];
    double deviation =
        sqrt(truth->input_variance * ws_dot(model->weights, model->weights, model->inputs));
    return deviation > 0 ? erfc(-towards / deviation / sqrt(2)) / 2 : 0.5;
}

void ws_measure_logistic(const struct ws_reference *reference,
                         const struct ws_logistic_model *model, struct ws_metric_set *set)
{
    const struct ws_dataset *data = &reference->deal->reference;
    const struct ws_two_class_truth *truth = ws_law_two_class_truth(reference->deal->law);
    if (data->count > 0)
        ws_metric_put(set, WS_METRIC_ACCURACY, data->count, accuracy_over(data, model));
    if (truth)
        ws_metric_put(set, WS_METRIC_ACCURACY_TRUTH, model->base.training_items,
                      true_accuracy(truth, model));
}

void ws_measure_mean_count(const struct ws_mean_count_model *model, struct ws_metric_set *set)
{
    uint64_t n = model->base.training_items;
    ws_metric_put(set, WS_METRIC_ALIVE, n, model->mean > 0);
    if (model->base.ops == &ws_family_bernoulli)
        ws_metric_put(set, WS_METRIC_BOTH_ALIVE, n, model->mean > 0 && model->mean < 1);
    ws_metric_put(set, WS_METRIC_COUNT_MEAN, n, model->mean);
}
