#include "cli/stop_signal.h"

#include <stddef.h>

static volatile sig_atomic_t stop_requested;
static char handler_stack[1 << 16];

static void request_stop(int signal_number)
{
    (void)signal_number;
    __atomic_store_n(&stop_requested, 1, __ATOMIC_RELAXED); /* threads of a run look at it */
}

void stop_signal_take(void)
{
    const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_ONSTACK};
    (void)sigaltstack(&stack, NULL);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

const volatile sig_atomic_t *stop_signal_flag(void)
{
    return &stop_requested;
}
