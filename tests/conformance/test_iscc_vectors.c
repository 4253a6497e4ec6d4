/*
 * Text-Codes of iscc-core, the reference of ISO 24138, where they are: their licence is another, so
 * the project does not hold them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "fingerprint/iscc.h"

#define VECTORS WS_SOURCE_DIR "/../shared/conformance/iscc/text.json"

static void require_code(const char *name, const json_t *vector)
{
    const json_t *inputs = json_object_get(vector, "inputs");
    const json_t *outputs = json_object_get(vector, "outputs");
    const json_t *raw = json_array_get(inputs, 0);
    struct ws_iscc *iscc;
    struct ws_iscc_code code;
    char text[WS_ISCC_TEXT_SIZE];
    assert_int_equal(ws_iscc_open(NULL, &iscc, NULL), WS_OK);
    ws_iscc_add(iscc, ws_bytes_of(json_string_value(raw), json_string_length(raw)));
    ws_iscc_end(iscc, &code);
    ws_iscc_close(iscc);
    ws_iscc_text(&code, (unsigned)json_integer_value(json_array_get(inputs, 1)), text);
    print_message("%s\n", name);
    assert_string_equal(text, json_string_value(json_object_get(outputs, "iscc")));
    assert_int_equal(code.characters, json_integer_value(json_object_get(outputs, "characters")));
}

static void iscc__gives_every_vector(void **state)
{
    (void)state;
    if (!ws_file_exists(VECTORS)) {
        print_message("no ISCC vectors at " VECTORS "\n");
        skip();
    }
    const char *name;
    json_t *vector, *all = json_load_file(VECTORS, 0, NULL);
    json_t *codes = json_object_get(all, "gen_text_code_v0");
    assert_int_equal(json_object_size(codes), 5);
    json_object_foreach(codes, name, vector) require_code(name, vector);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iscc__gives_every_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
