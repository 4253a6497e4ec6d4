/*
 * wellspring plan: what an experiment would do and cost.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/pool.h"
#include "cli/command.h"
#include "cli/installed.h"
#include "cli/terminal.h"
#include "lab/plan.h"

static void format_bytes(double bytes, char *out, size_t size)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    (void)snprintf(out, size, bytes < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* What was tried, so that who reads the estimate can judge it. */
static void print_probe(const struct ws_probe *probe)
{
    (void)printf("\nThis machine, tried alone on one core: a fit of %" PRIu64
                 " items in %.2g s,\n%" PRIu64 " sampled in %.2g s, %" PRIu64
                 " measured in %.2g s. Times are estimates\nfrom that.\n",
                 probe->fit.items, probe->fit.seconds, probe->sample.items, probe->sample.seconds,
                 probe->measure.items, probe->measure.seconds);
}

/* An estimate, and what this program took before it was made: a run begins with the same. */
struct estimate {
    struct ws_device_choice device;
    struct ws_cost cost;
    struct ws_probe probe;
    bool probed;
    double begun;    /* processor seconds until the data were there */
    double resident; /* bytes */
};

static void print_plan(const struct ws_experiment *e, const struct estimate *estimate)
{
    const struct ws_cost *cost = &estimate->cost;
    char time[32], memory[32], disk[32];
    const char *variation = "";
    bool outgrown = false;
    (void)printf("%s%s%s\n%zu arms x %" PRIu64 " seeds x %" PRIu64 " generations of family %s\n\n",
                 e->name, e->settings.title[0] ? ": " : "", e->settings.title, e->arm_count,
                 e->settings.seeds, e->settings.generations, e->family->name);
    (void)printf("%-22s %12s %12s %12s %10s %7s\n", "policy", "largest set", "trained on",
                 "sampled", "core time", "disk");
    for (size_t a = 0; a < e->arm_count; a++) {
        const struct ws_arm_cost *arm = &cost->arms[a];
        if (strcmp(e->arms[a].variation, variation) != 0)
            (void)printf("%s\n", e->arms[a].variation);
        variation = e->arms[a].variation;
        outgrown = outgrown || e->arms[a].outgrows_control;
        format_duration(arm->seconds, time, sizeof time);
        format_bytes(arm->disk, disk, sizeof disk);
        print_row_name(e->arms[a].policy.name, e->arms[a].outgrows_control ? " *" : "", 22);
        (void)printf(" %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %10s %7s\n", arm->largest,
                     arm->trained, arm->sampled, time, disk);
    }
    format_duration(estimate->begun + cost->seconds, time, sizeof time);
    format_bytes(estimate->resident + cost->memory, memory, sizeof memory);
    format_bytes(cost->disk, disk, sizeof disk);
    (void)printf("\nItems of one seed; times and disk of all seeds. Estimated:\n"
                 "%s on %u threads, %s of memory, %s of disk.\n",
                 time, cost->threads, memory, disk);
    if (estimate->device.count > 0)
        (void)printf("Computed on %u x %s; most of the memory is theirs.\n", estimate->device.count,
                     estimate->device.about);
    if (estimate->probed)
        print_probe(&estimate->probe);
    else
        (void)printf("Nothing was tried here: times are those of a 3 GHz x86.\n");
    if (outgrown)
        (void)printf("* trains on more items than the control\n");
    struct ws_error error;
    if (ws_plan_check_memory(cost, ws_memory_available(), &error) != WS_OK)
        (void)printf("It would not begin here: %s\n", error.message);
}

static json_t *arms_json(const struct ws_experiment *e, const struct estimate *estimate)
{
    const struct ws_cost *cost = &estimate->cost;
    json_t *arms = json_array();
    for (size_t a = 0; a < e->arm_count; a++) {
        const struct ws_arm_cost *arm = &cost->arms[a];
        json_t *entry = json_pack(
            "{s:s, s:b, s:I, s:I, s:I, s:f, s:f, s:f}", "arm", e->arms[a].name, "outgrows_control",
            e->arms[a].outgrows_control, "largest_training_set", (json_int_t)arm->largest,
            "trained_items", (json_int_t)arm->trained, "sampled_items", (json_int_t)arm->sampled,
            "core_seconds", arm->seconds, "disk_bytes", arm->disk, "step_seconds",
            estimate->probed ? estimate->probe.steps[a] : 0);
        ws_json_add(&arms, entry);
    }
    return arms;
}

static json_t *probed_json(const struct ws_probed *probed)
{
    return json_pack("{s:I, s:f}", "items", (json_int_t)probed->items, "seconds", probed->seconds);
}

static json_t *probe_json(const struct ws_probe *probe)
{
    if (!probe)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:f}", "fit", probed_json(&probe->fit), "sample",
                     probed_json(&probe->sample), "measure", probed_json(&probe->measure),
                     "chain_seconds", probe->start);
}

static enum ws_status print_plan_json(const struct ws_experiment *e,
                                      const struct estimate *estimate, struct ws_error *err)
{
    const struct ws_cost *cost = &estimate->cost;
    json_t *root = json_pack(
        "{s:s, s:I, s:I, s:I, s:s, s:f, s:f, s:f, s:f, s:o, s:o}", "experiment", e->name,
        "generations", (json_int_t)e->settings.generations, "seeds", (json_int_t)e->settings.seeds,
        "threads", (json_int_t)cost->threads, "device",
        estimate->device.count > 0 ? estimate->device.about : "cpu", "begin_seconds",
        estimate->begun, "seconds", estimate->begun + cost->seconds, "memory_bytes",
        estimate->resident + cost->memory, "disk_bytes", cost->disk, "probe",
        probe_json(estimate->probed ? &estimate->probe : NULL), "arms", arms_json(e, estimate));
    return print_json(root, "the plan", err);
}

/* As it can be typed: with the program as it was called. */
static void print_next_step(const char *what, const struct arguments *arguments)
{
    begin_command(stdout, "Next:");
    print_words("run");
    print_word(what);
    print_settings(arguments, NULL);
    end_command(NULL);
}

struct plan_request {
    const struct arguments *arguments;
    bool json;
    bool no_probe;
    double done; /* processor seconds that went into plans before this one */
};

/* Costs from constants first: what would not begin here is not tried either. */
static enum ws_status make_estimate(const struct plan_request *request,
                                    struct ws_experiment *experiment, const struct ws_human *human,
                                    struct estimate *out, struct ws_error *err)
{
    const unsigned processors = ws_processor_count();
    struct ws_arena *arena = &experiment->arena;
    out->begun = ws_processor_clock.elapsed(NULL) - request->done;
    out->resident = (double)ws_memory_resident();
    out->device = (struct ws_device_choice){.count = 0};
    if (experiment->family->computes)
        WS_TRY(ws_device_choose(&experiment->settings.device,
                                installed_module(arena, WS_CUDA_MODULE_FILE), &out->device, err));
    WS_TRY(ws_plan_cost(experiment, human, &out->device, NULL, processors, arena, &out->cost, err));
    out->probed =
        !request->no_probe && ws_plan_check_memory(&out->cost, ws_memory_available(), err) == WS_OK;
    if (!out->probed)
        return WS_OK;
    const bool elsewhere = experiment->family->outside || out->device.count > 0;
    const struct ws_clock *clock = elsewhere ? &ws_system_clock : &ws_processor_clock;
    WS_TRY(ws_probe(experiment, human, &out->device, clock, arena, &out->probe, err));
    return ws_plan_cost(experiment, human, &out->device, &out->probe, processors, arena, &out->cost,
                        err);
}

static int plan(void *context, const char *what, struct ws_experiment *experiment, bool last)
{
    struct plan_request *request = context;
    struct ws_human *human = NULL;
    struct estimate estimate;
    struct ws_error error;
    enum ws_status status = open_human(experiment, &human, &error);
    if (status == WS_OK)
        status = make_estimate(request, experiment, human, &estimate, &error);
    if (status == WS_OK && request->json)
        status = print_plan_json(experiment, &estimate, &error);
    else if (status == WS_OK)
        print_plan(experiment, &estimate);
    if (status == WS_OK && !request->json)
        print_next_step(what, request->arguments);
    if (status == WS_OK && !request->json && !last)
        (void)printf("\n");
    ws_human_close(human);
    request->done = ws_processor_clock.elapsed(NULL);
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}

int cmd_plan(int argc, char **argv)
{
    struct arguments arguments;
    struct plan_request request = {.arguments = &arguments};
    const struct flag table[] = {
        {"json", 0, NULL, "the plan as JSON", &request.json, NULL},
        {"no-probe", 0, NULL, "do not try the machine: times of another one", &request.no_probe,
         NULL},
    };
    const struct command_line line = {
        .usage = "plan FILE|PRESET [options]",
        .about = "Shows the arms of an experiment, and about what time, memory and disk it takes. "
                 "How fast this\nmachine is is tried for a second or so on the experiment's own "
                 "data; nothing else is run.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .takes_settings = true,
        .positional_most = 1,
    };
    struct ws_error error;
    int exit_status = EXIT_DONE;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && !arguments.help && arguments.positional_count == 0)
        status = ws_fail(&error, WS_INVALID, "plan: which experiment? Try 'plan quickstart'");
    if (status != WS_OK)
        exit_status = report(status, &error);
    else if (arguments.help)
        print_help(&line);
    else
        exit_status = visit_experiments(arguments.positional[0], &arguments, true, plan, &request);
    ws_arena_release(&arguments.arena);
    return exit_status;
}
