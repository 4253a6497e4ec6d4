/*
 * Any bytes as config.json: refused with a message that names the file, or a description that can
 * be laid out, written, and read back the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/nn/transformer/hugging_face.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void lay_out(const struct ws_description *d)
{
    struct ws_layout layout;
    ws_layout_of(d, &layout);
    require(layout.parameters > 0 && layout.parameters <= layout.size);
    struct ws_tensor last = ws_layout_at(&layout, WS_TENSOR_NORM, 0);
    require(last.offset + last.columns <= layout.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_description d, again;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_hf_config_parse(ws_bytes_of(data, size), "fuzz.json", &d, &err);
    if (status != WS_OK) {
        require(status == WS_CORRUPT || status == WS_UNSUPPORTED);
        require(strncmp(err.message, "fuzz.json:", 10) == 0);
        return 0;
    }
    lay_out(&d);
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1 << 16);
    require(ws_hf_config_write(&d, WS_DTYPE_F32, &text, NULL) == WS_OK);
    require(ws_hf_config_parse(ws_buffer_bytes(&text), "again.json", &again, NULL) == WS_OK);
    require(again.architecture == d.architecture && again.width == d.width);
    ws_buffer_release(&text);
    return 0;
}
