#include "cli/serving.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/number.h"
#include "server/http_server.h"

enum ws_status read_port(const char *text, unsigned missing, unsigned *out, struct ws_error *err)
{
    uint64_t port = missing;
    if (text && (!ws_whole_parse(text, &port) || port > 65535))
        return ws_fail(err, WS_INVALID, "--port is '%.40s', wanted a whole number up to 65535",
                       text);
    *out = (unsigned)port;
    return WS_OK;
}

/* As many descriptors as connections may take, if the system lets us. */
static void raise_descriptors(void)
{
    struct rlimit files;
    const rlim_t wanted = SERVING_CONNECTIONS + WS_HTTP_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted)
        return;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

void begin_serving(sigset_t *ends)
{
    (void)sigemptyset(ends);
    (void)sigaddset(ends, SIGINT);
    (void)sigaddset(ends, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of who writes it */
    raise_descriptors();
    json_object_seed(0); /* before several threads would */
}

void wait_for_end(const sigset_t *ends)
{
    int seen;
    (void)sigwait(ends, &seen);
}

void print_base_url(const char *address, unsigned port)
{
    const bool v6 = strchr(address, ':') != NULL;
    (void)printf("http://%s%s%s:%u", v6 ? "[" : "", address, v6 ? "]" : "", port);
}
