#include "compute/team.h"

#include <string.h>

/* Through the hosts ---------------------------------------------------------------------------- */

/* Of a device whose memory is the host's, nothing is copied. */
struct by_host {
    struct ws_exchange base;
    const struct ws_team *team;
    struct ws_device *device;
    const struct ws_allocator *allocator;
    float *out, *in; /* (most), or NULL */
    size_t most;
};

static void close_by_host(struct ws_exchange *exchange)
{
    struct by_host *x = (struct by_host *)exchange;
    ws_free(x->allocator, x->in, x->most * sizeof *x->in);
    ws_free(x->allocator, x->out, x->most * sizeof *x->out);
    ws_free(x->allocator, x, sizeof *x);
}

/* From the start of an array to the last of the stretches. */
static size_t end_of(const struct ws_team *team, const struct ws_stretch *stretches)
{
    size_t end = 0;
    for (unsigned m = 0; m < team->count; m++)
        if (stretches[m].count > 0 && stretches[m].first + stretches[m].count > end)
            end = stretches[m].first + stretches[m].count;
    return end;
}

static void trade_by_host(struct ws_exchange *exchange, const float *out,
                          const struct ws_stretch *to, float *in, const struct ws_stretch *from)
{
    const struct by_host *x = (const struct by_host *)exchange;
    const struct ws_device_ops *ops = x->device->ops;
    if (!x->out) {
        x->team->trade(x->team->user, out, to, in, from);
        return;
    }
    ops->read(x->device, x->out, out, end_of(x->team, to) * sizeof *out);
    (void)!ops->check(x->device, NULL); /* it is there; a failure is asked for by the caller */
    x->team->trade(x->team->user, x->out, to, x->in, from);
    for (unsigned m = 0; m < x->team->count; m++)
        if (from[m].count > 0)
            ops->write(x->device, in + from[m].first, x->in + from[m].first,
                       from[m].count * sizeof *in);
}

static enum ws_status open_by_host(const struct ws_team *team, struct ws_device *device,
                                   size_t most, const struct ws_allocator *allocator,
                                   struct ws_exchange **out, struct ws_error *err)
{
    struct by_host *x = ws_realloc(allocator, NULL, 0, sizeof *x);
    if (!x)
        return ws_fail_memory(err, "an exchange of gradients");
    *x =
        (struct by_host){{close_by_host, trade_by_host}, team, device, allocator, NULL, NULL, most};
    *out = &x->base;
    if (device->memory == 0)
        return WS_OK;
    x->out = ws_realloc(allocator, NULL, 0, most * sizeof *x->out);
    x->in = ws_realloc(allocator, NULL, 0, most * sizeof *x->in);
    if (x->out && x->in)
        return WS_OK;
    close_by_host(&x->base);
    *out = NULL;
    return ws_fail_memory(err, "an exchange of gradients");
}

enum ws_status ws_exchange_open(const struct ws_team *team, struct ws_device *device, size_t most,
                                const struct ws_allocator *allocator, struct ws_exchange **out,
                                struct ws_error *err)
{
    *out = device->ops->exchange ? device->ops->exchange(device, team) : NULL;
    return *out ? WS_OK : open_by_host(team, device, most, allocator, out, err);
}

void ws_exchange_close(struct ws_exchange *exchange)
{
    if (exchange)
        exchange->close(exchange);
}

/* Words ---------------------------------------------------------------------------------------- */

enum ws_status ws_team_meet(const struct ws_team *team, enum ws_status status, double number,
                            struct ws_error *err)
{
    struct ws_word mine = {.status = (uint32_t)status, .number = number};
    if (status != WS_OK && err)
        memcpy(mine.message, err->message, sizeof mine.message);
    struct ws_word *words = team->words;
    team->gather(team->user, &mine, sizeof mine, words);
    for (unsigned m = 0; m < team->count; m++) {
        status = (enum ws_status)words[m].status;
        if (status == WS_OK)
            continue;
        if (m == team->member) /* `err` has it */
            return status;
        if (m == 0)
            return ws_fail(err, status, "%s", words[m].message);
        return ws_fail(err, status, "helper %u: %s", m, words[m].message);
    }
    return WS_OK;
}

void ws_team_say(const struct ws_team *team, enum ws_team_order order)
{
    uint32_t word = order;
    team->tell(team->user, &word, sizeof word);
}

enum ws_team_order ws_team_hear(const struct ws_team *team)
{
    uint32_t word;
    team->tell(team->user, &word, sizeof word);
    return (enum ws_team_order)word;
}
