/*
 * SIGINT and SIGTERM as a wish that long work saves what it has and stops.
 *
 * The handler has a stack of its own. oneDNN's generated code keeps numbers below the stack
 * pointer, further down than the 128 bytes that the x86-64 ABI protects; a handler's frame put
 * there in the middle of a product destroys them, and with them the heap. Threads of a pool take no
 * signals at all (base/pool.h).
 */
#ifndef WS_CLI_STOP_SIGNAL_H
#define WS_CLI_STOP_SIGNAL_H

#include <signal.h>

/* From here on the signals set the flag instead of ending the program. For the main thread. */
void stop_signal_take(void);

/* Not 0 when one has come. */
const volatile sig_atomic_t *stop_signal_flag(void);

#endif
