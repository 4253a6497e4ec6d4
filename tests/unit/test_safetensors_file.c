/*
 * Files of tensors, in shards and alone, as the format's own writer makes them; and memory that
 * runs out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "data/safetensors.h"
#include "support/failing_heap.h"
#include "support/failing_jansson.h"
#include "support/safetensors_files.h"

#define SHARED WS_SOURCE_DIR "/../shared/conformance/models"

/* ---- files ---- */

static void assert_names(const char *joined)
{
    struct ws_names names;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    assert_int_equal(ws_directory_list(".", &arena, &names, NULL), WS_OK);
    for (size_t i = 0; i < names.count; i++)
        ws_buffer_format(&text, "%s ", names.items[i]);
    assert_string_equal(ws_buffer_string(&text), joined);
    ws_buffer_release(&text);
}

static void clear(void)
{
    struct ws_names names;
    assert_int_equal(ws_directory_list(".", &arena, &names, NULL), WS_OK);
    for (size_t i = 0; i < names.count; i++)
        assert_int_equal(unlink(names.items[i]), 0);
}

static void put_text(const char *path, const char *text)
{
    assert_int_equal(ws_file_replace(path, ws_bytes_of_text(text), NULL), WS_OK);
}

static void assert_has_sources(const struct ws_weights *weights)
{
    assert_int_equal(weights->all.count, SOURCE_COUNT);
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        float values[6];
        const struct ws_tensor_view *view = ws_weights_find(weights, sources[i].name);
        assert_non_null(view);
        assert_string_equal(view->name, sources[i].name);
        assert_int_equal(ws_tensor_read_f32(view, values, NULL), WS_OK);
        assert_memory_equal(values, sources[i].values, view->count * sizeof *values);
        if (i > 0)
            assert_true(strcmp(weights->all.tensors[i - 1].name, weights->all.tensors[i].name) < 0);
    }
    assert_null(ws_weights_find(weights, "other"));
}

static void file__has_the_same_bytes_as_a_buffer(void **state)
{
    (void)state;
    struct ws_weights weights;
    struct ws_bytes bytes;
    assert_int_equal(ws_safetensors_save("m", sources, SOURCE_COUNT, NULL, NULL), WS_OK);
    assert_int_equal(ws_file_read("m", 10000, &arena, &bytes, NULL), WS_OK);
    assert_is_sources(bytes);
    assert_int_equal(ws_safetensors_open("m", NULL, &weights, NULL), WS_OK);
    assert_has_sources(&weights);
    /* It is what it was while another takes its name. */
    assert_int_equal(ws_safetensors_save("m", NULL, 0, NULL, NULL), WS_OK);
    assert_has_sources(&weights);
    ws_weights_close(&weights);
    ws_weights_close(&weights);
    assert_names("m ");
    clear();
}

static void file__larger_than_a_chunk_is_written_whole(void **state)
{
    (void)state;
    enum { COUNT = 100003 };
    static float values[COUNT], back[COUNT];
    const uint64_t shape[] = {COUNT};
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)(i % 251 - 125);
    const struct ws_tensor_source tensors[] = {{"b", WS_DTYPE_BF16, 1, shape, values},
                                               {"f", WS_DTYPE_F32, 1, shape, values},
                                               {"h", WS_DTYPE_F16, 1, shape, values}};
    struct ws_weights weights;
    assert_int_equal(ws_safetensors_save("m", tensors, 3, NULL, NULL), WS_OK);
    assert_int_equal(ws_safetensors_open("m", NULL, &weights, NULL), WS_OK);
    for (size_t i = 0; i < 3; i++) {
        memset(back, 0, sizeof back);
        assert_int_equal(ws_tensor_read_f32(&weights.all.tensors[i], back, NULL), WS_OK);
        assert_memory_equal(back, values, sizeof back);
    }
    ws_weights_close(&weights);
    clear();
}

static void file__that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    struct ws_weights weights;
    struct ws_error err;
    assert_int_equal(ws_safetensors_open("none", NULL, &weights, &err), WS_NOT_FOUND);
    assert_string_equal(err.message, "cannot read 'none': No such file or directory");
    assert_int_equal(ws_safetensors_open(".", NULL, &weights, &err), WS_IO);
    assert_string_equal(err.message, "'.' is not a regular file");
    put_text("empty", "");
    assert_int_equal(ws_safetensors_open("empty", NULL, &weights, &err), WS_CORRUPT);
    assert_string_equal(err.message, "empty: is 0 bytes long, wanted the 8 of a header's length");
    assert_int_equal(ws_weights_open(".", NULL, &weights, &err), WS_NOT_FOUND);
    assert_string_equal(err.message,
                        "'.' has no 'model.safetensors' and no 'model.safetensors.index.json'");
    assert_int_equal(ws_safetensors_save("none/m", sources, 1, NULL, &err), WS_NOT_FOUND);
    assert_int_equal(ws_weights_save("none", sources, 1, 0, NULL, &err), WS_NOT_FOUND);
    clear();
}

static void weights__are_one_file_up_to_the_limit(void **state)
{
    (void)state;
    struct ws_weights weights;
    assert_int_equal(ws_weights_save(".", sources, SOURCE_COUNT, 46, NULL, NULL), WS_OK);
    assert_names("model.safetensors ");
    assert_int_equal(ws_weights_open(".", NULL, &weights, NULL), WS_OK);
    assert_has_sources(&weights);
    ws_weights_close(&weights);
    clear();
}

#define SHARD(n) "model-0000" #n "-of-00003.safetensors"

static void weights__are_shards_beyond_the_limit(void **state)
{
    (void)state;
    struct ws_weights weights;
    struct ws_bytes index;
    /* 24 bytes are over the limit, 10 + 8 are not, 4 more would be. */
    assert_int_equal(ws_weights_save(".", sources, SOURCE_COUNT, 20, NULL, NULL), WS_OK);
    assert_names(SHARD(1) " " SHARD(2) " " SHARD(3) " model.safetensors.index.json ");
    static const char wanted[] =
        "{\n  \"metadata\": {\n    \"total_size\": 46\n  },\n"
        "  \"weight_map\": {\n"
        "    \"z\": \"" SHARD(1) "\",\n"
                                 "    \"half\": \"" SHARD(2) "\",\n"
                                                             "    \"b\": \"" SHARD(
                                                                 2) "\",\n"
                                                                    "    \"a\": \"" SHARD(
                                                                        3) "\",\n"
                                                                           "    \"none\": \"" SHARD(
                                                                               3) "\"\n  }\n}\n";
    assert_int_equal(ws_file_read("model.safetensors.index.json", 10000, &arena, &index, NULL),
                     WS_OK);
    assert_int_equal(index.size, sizeof wanted - 1);
    assert_memory_equal(index.data, wanted, index.size);
    assert_int_equal(ws_weights_open(".", NULL, &weights, NULL), WS_OK);
    assert_int_equal(weights.file_count, 3);
    assert_has_sources(&weights);
    ws_weights_close(&weights);
    clear();
}

static void weights__leave_no_other_form_behind(void **state)
{
    (void)state;
    struct ws_weights weights;
    assert_int_equal(ws_weights_save(".", sources, 1, 100, NULL, NULL), WS_OK);
    assert_int_equal(ws_weights_save(".", sources, SOURCE_COUNT, 20, NULL, NULL), WS_OK);
    assert_false(ws_file_exists("model.safetensors"));
    assert_int_equal(ws_weights_open(".", NULL, &weights, NULL), WS_OK);
    assert_has_sources(&weights);
    ws_weights_close(&weights);
    assert_int_equal(ws_weights_save(".", sources, 1, 100, NULL, NULL), WS_OK);
    assert_false(ws_file_exists("model.safetensors.index.json"));
    assert_int_equal(ws_weights_open(".", NULL, &weights, NULL), WS_OK);
    assert_int_equal(weights.all.count, 1);
    ws_weights_close(&weights);
    clear();
}

#define INDEX(map) "{\"metadata\":{},\"weight_map\":{" map "}}"

static void assert_index_refused(const char *index, const char *message)
{
    struct ws_weights weights;
    struct ws_error err = {.message = ""};
    put_text("model.safetensors.index.json", index);
    enum ws_status status = ws_weights_open(".", NULL, &weights, &err);
    assert_string_equal(err.message, message);
    assert_int_equal(status, WS_CORRUPT);
}

static void index__must_agree_with_the_shards(void **state)
{
    (void)state;
    struct ws_weights weights;
    struct ws_error err;
    assert_int_equal(ws_safetensors_save("s1", &sources[0], 2, NULL, NULL), WS_OK); /* z half */
    assert_int_equal(ws_safetensors_save("s2", &sources[2], 1, NULL, NULL), WS_OK); /* b */
    assert_int_equal(ws_safetensors_save("s3", &sources[1], 2, NULL, NULL), WS_OK); /* half b */
    put_text("model.safetensors.index.json", INDEX("\"z\":\"s1\",\"b\":\"s2\",\"half\":\"s1\""));
    assert_int_equal(ws_weights_open(".", NULL, &weights, &err), WS_OK);
    assert_int_equal(weights.all.count, 3);
    ws_weights_close(&weights);
#define AT "./model.safetensors.index.json: "
    assert_index_refused(INDEX("\"z\":\"s1\",\"b\":\"s3\",\"half\":\"s1\""),
                         AT "tensor 'half' is in 's3', the index says 's1'");
    assert_index_refused(INDEX("\"z\":\"s1\",\"b\":\"s2\""),
                         AT "tensor 'half' is in 's1', the index does not name it");
    assert_index_refused(INDEX("\"z\":\"s1\",\"half\":\"s1\",\"b\":\"s2\",\"q\":\"s2\""),
                         AT "tensor 'q' is not in 's2'");
    assert_index_refused(INDEX("\"z\":\"../s1\""),
                         AT "tensor 'z' is in '../s1', wanted the name of a file beside the index");
    assert_index_refused(INDEX("\"z\":\"..\""),
                         AT "tensor 'z' is in '..', wanted the name of a file beside the index");
    assert_index_refused(INDEX("\"z\":\"/etc/passwd\""),
                         AT "tensor 'z' is in '/etc/passwd', wanted the name of a file beside the "
                            "index");
    assert_index_refused(INDEX("\"z\":\"\""),
                         AT "tensor 'z' is in '', wanted the name of a file beside the index");
    assert_index_refused(INDEX("\"z\":7"),
                         AT "tensor 'z' is in '', wanted the name of a file beside the index");
    assert_index_refused("{\"metadata\":{}}", AT "'weight_map' is missing, wanted an object");
#undef AT
    put_text("model.safetensors.index.json", INDEX("\"z\":\"s9\""));
    assert_int_equal(ws_weights_open(".", NULL, &weights, &err), WS_NOT_FOUND);
    assert_string_equal(err.message, "cannot read './s9': No such file or directory");
    put_text("s9", "{}");
    assert_index_refused(INDEX("\"z\":\"s9\""),
                         "./s9: is 2 bytes long, wanted the 8 of a header's length");
    put_text("model.safetensors.index.json", INDEX(""));
    assert_int_equal(ws_weights_open(".", NULL, &weights, &err), WS_OK);
    assert_int_equal(weights.all.count, 0);
    ws_weights_close(&weights);
    clear();
}

/* ---- files of the format's own writer ---- */

/* What was read, as something to be written; the reference writes no metadata with `reference` and
 * `grads`, so those are not the same. */
static void assert_writes_what_it_reads(const char *path)
{
    struct ws_weights weights;
    struct ws_error err;
    struct ws_buffer out;
    struct ws_arena values;
    if (ws_safetensors_open(path, NULL, &weights, &err) != WS_OK)
        fail_msg("%s", err.message);
    ws_arena_init(&values, NULL);
    size_t count = weights.all.count;
    struct ws_tensor_source *tensors = WS_ARENA_NEW(&values, struct ws_tensor_source, count);
    assert_non_null(tensors);
    for (size_t i = 0; i < count; i++) {
        const struct ws_tensor_view *view = &weights.all.tensors[count - 1 - i];
        float *numbers_read = WS_ARENA_NEW(&values, float, (size_t)view->count);
        assert_non_null(numbers_read);
        assert_int_equal(ws_tensor_read_f32(view, numbers_read, NULL), WS_OK);
        tensors[i] = (struct ws_tensor_source){view->name, view->dtype, view->rank, view->shape,
                                               numbers_read};
    }
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_safetensors_append(tensors, count, &out, NULL), WS_OK);
    assert_int_equal(out.size, weights.files[0].bytes.size);
    assert_memory_equal(out.data, weights.files[0].bytes.data, out.size);
    ws_buffer_release(&out);
    ws_arena_release(&values);
    ws_weights_close(&weights);
}

static const char *const architectures[] = {"opt-tiny", "gpt2-tiny", "llama-tiny", "neox-tiny"};

enum { ARCHITECTURES = sizeof architectures / sizeof *architectures };

static void skip_without_conformance(void)
{
    if (!ws_directory_exists(SHARED)) {
        print_message("skipped: '" SHARED "' is not there\n");
        skip();
    }
}

static void reference_files__are_written_as_they_were_byte_for_byte(void **state)
{
    (void)state;
    skip_without_conformance();
    for (int i = 0; i < ARCHITECTURES; i++)
        assert_writes_what_it_reads(
            ws_arena_format(&arena, "%s/%s/model.safetensors", SHARED, architectures[i]));
}

static void reference_files__are_read(void **state)
{
    (void)state;
    skip_without_conformance();
    for (int i = 0; i < ARCHITECTURES; i++) {
        struct ws_weights model, grads, reference;
        const char *directory = ws_arena_format(&arena, "%s/%s", SHARED, architectures[i]);
        assert_int_equal(ws_weights_open(directory, NULL, &model, NULL), WS_OK);
        assert_int_equal(
            ws_safetensors_open(ws_arena_format(&arena, "%s/grads.safetensors", directory), NULL,
                                &grads, NULL),
            WS_OK);
        assert_int_equal(
            ws_safetensors_open(ws_arena_format(&arena, "%s/reference.safetensors", directory),
                                NULL, &reference, NULL),
            WS_OK);
        assert_int_equal(grads.all.count, model.all.count);
        for (size_t t = 0; t < model.all.count; t++)
            assert_non_null(ws_weights_find(&grads, model.all.tensors[t].name));
        const struct ws_tensor_view *ids = ws_weights_find(&reference, "input_ids");
        const struct ws_tensor_view *loss = ws_weights_find(&reference, "loss");
        static int32_t tokens[3 * 48];
        float value;
        assert_int_equal(ids->count, 3 * 48);
        assert_int_equal(ws_tensor_read_i32(ids, tokens, NULL), WS_OK);
        for (size_t t = 0; t < ids->count; t++)
            assert_in_range(tokens[t], 0, 511);
        assert_int_equal(loss->count, 1);
        assert_int_equal(ws_tensor_read_f32(loss, &value, NULL), WS_OK);
        assert_true(value > 5 && value < 8); /* random weights, 512 tokens: about log 512 */
        ws_weights_close(&model);
        ws_weights_close(&grads);
        ws_weights_close(&reference);
    }
}

/* ---- memory ---- */

static int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    (void)closedir(directory);
    return count;
}

static enum ws_status save_and_open(const struct ws_allocator *allocator)
{
    struct ws_weights weights;
    struct ws_buffer out;
    ws_buffer_init(&out, allocator, SIZE_MAX);
    enum ws_status status = ws_safetensors_append(sources, SOURCE_COUNT, &out, NULL);
    ws_buffer_release(&out);
    WS_TRY(status);
    WS_TRY(ws_weights_save(".", sources, SOURCE_COUNT, 100, allocator, NULL));
    WS_TRY(ws_weights_save(".", sources, SOURCE_COUNT, 20, allocator, NULL));
    jansson_reads = true;
    status = ws_weights_open(".", allocator, &weights, NULL);
    jansson_reads = false;
    if (status == WS_OK) {
        assert_int_equal(weights.all.count, SOURCE_COUNT);
        ws_weights_close(&weights);
    }
    return status;
}

static void safetensors__survive_every_failing_allocation(void **state)
{
    (void)state;
    int open_before = open_descriptors();
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        status = save_and_open(&allocator);
        assert_int_equal(status == WS_OK, heap.failures == 0);
        assert_true(failing_heap_is_clean(&heap));
        clear();
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 10);
    assert_int_equal(open_descriptors(), open_before);
}

static void safetensors__survive_every_failing_allocation_of_jansson(void **state)
{
    (void)state;
    json_malloc_t before_malloc;
    json_free_t before_free;
    json_get_alloc_funcs(&before_malloc, &before_free);
    json_set_alloc_funcs(jansson_malloc, jansson_free);
    enum ws_status status = WS_OK;
    bool refused = true, clean = true;
    long n = 0;
    for (; refused && clean && (status == WS_OK || status == WS_NO_MEMORY); n++) {
        jansson_heap = (struct failing_heap){.countdown = n, .for_good = true};
        status = save_and_open(NULL);
        refused = jansson_heap.failures > 0;
        clean = failing_heap_is_clean(&jansson_heap);
        if (refused != (status == WS_NO_MEMORY))
            break;
    }
    json_set_alloc_funcs(before_malloc, before_free);
    clear();
    assert_int_equal(status, WS_OK);
    assert_false(refused);
    assert_true(clean);
    assert_true(n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file__has_the_same_bytes_as_a_buffer),
        cmocka_unit_test(file__larger_than_a_chunk_is_written_whole),
        cmocka_unit_test(file__that_cannot_be_opened_is_named),
        cmocka_unit_test(weights__are_one_file_up_to_the_limit),
        cmocka_unit_test(weights__are_shards_beyond_the_limit),
        cmocka_unit_test(weights__leave_no_other_form_behind),
        cmocka_unit_test(index__must_agree_with_the_shards),
        cmocka_unit_test(reference_files__are_written_as_they_were_byte_for_byte),
        cmocka_unit_test(reference_files__are_read),
        cmocka_unit_test(safetensors__survive_every_failing_allocation),
        cmocka_unit_test(safetensors__survive_every_failing_allocation_of_jansson),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
