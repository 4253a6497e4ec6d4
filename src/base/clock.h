/*
 * Time, passed in: the library never asks the system on its own, so that tests can say what time
 * it is.
 */
#ifndef WS_BASE_CLOCK_H
#define WS_BASE_CLOCK_H

struct ws_clock {
    double (*elapsed)(void *user); /* seconds since an arbitrary start; never goes back */
    double (*wall)(void *user);    /* seconds since 1970-01-01 UTC */
    void *user;
};

extern const struct ws_clock ws_system_clock;
extern const struct ws_clock
    ws_processor_clock; /* elapsed: seconds of all threads of the process */

/* "2026-11-22T12:00:00Z" */
void ws_clock_text(double wall_seconds, char out[32]);

#endif
