/*
 * A server's numbers as text: help, type, labels with anything in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/metrics_text.h"

static void metrics__are_lines_that_others_read(void **state)
{
    char storage[500];
    struct ws_buffer out;
    (void)state;
    ws_buffer_fix(&out, storage, sizeof storage);
    ws_metrics_head(&out, "size", "gauge", "Entries.");
    ws_metrics_value(&out, "size", NULL, NULL, UINT64_MAX);
    ws_metrics_head(&out, "refused", "counter", "Requests.");
    ws_metrics_value(&out, "refused", "reason", "a \"b\\\nc", 0);
    assert_int_equal(out.status, WS_OK);
    assert_string_equal(ws_buffer_string(&out),
                        "# HELP size Entries.\n# TYPE size gauge\nsize 18446744073709551615\n"
                        "# HELP refused Requests.\n# TYPE refused counter\n"
                        "refused{reason=\"a \\\"b\\\\\\nc\"} 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics__are_lines_that_others_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
