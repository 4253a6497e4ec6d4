#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

static double seconds(clockid_t id)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double system_elapsed(void *user)
{
    (void)user;
    return seconds(CLOCK_MONOTONIC);
}

static double system_wall(void *user)
{
    (void)user;
    return seconds(CLOCK_REALTIME);
}

static double processor_elapsed(void *user)
{
    (void)user;
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

const struct ws_clock ws_processor_clock = {processor_elapsed, system_wall, NULL};
const struct ws_clock ws_system_clock = {system_elapsed, system_wall, NULL};

void ws_clock_text(double wall_seconds, char out[32])
{
    const bool is_time = wall_seconds > -0x1p55 && wall_seconds < 0x1p55;
    time_t whole = is_time ? (time_t)wall_seconds : 0;
    struct tm utc;
    if (!is_time || !gmtime_r(&whole, &utc) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        (void)snprintf(out, 32, "unknown");
}
