#include "server/metrics_text.h"

#include <inttypes.h>

void ws_metrics_head(struct ws_buffer *out, const char *name, const char *type, const char *help)
{
    ws_buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_label(struct ws_buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            ws_buffer_text(out, "\\n");
        else if (*text == '\\' || *text == '"')
            ws_buffer_format(out, "\\%c", *text);
        else
            ws_buffer_append(out, text, 1);
    }
}

void ws_metrics_value(struct ws_buffer *out, const char *name, const char *label, const char *text,
                      uint64_t value)
{
    ws_buffer_text(out, name);
    if (label) {
        ws_buffer_format(out, "{%s=\"", label);
        append_label(out, text);
        ws_buffer_text(out, "\"}");
    }
    ws_buffer_format(out, " %" PRIu64 "\n", value);
}
