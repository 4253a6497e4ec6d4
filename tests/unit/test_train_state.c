/*
 * Contract of models/nn/transformer/train.h: the state that a training goes on from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/training_stand.h"

static void write_state(struct stand *stand, struct ws_buffer *out)
{
    ws_buffer_init(out, NULL, 1 << 24);
    ws_trainer_write(stand->trainer, out);
    assert_int_equal(out->status, WS_OK);
}

static enum ws_status read_state(struct stand *stand, struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    enum ws_status status = ws_trainer_read(stand->trainer, &in, err);
    if (status == WS_OK)
        assert_true(ws_reader_at_end(&in));
    return status;
}

static void train__goes_on_from_any_step_as_if_it_had_not_stopped(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[GPT2];
    struct text text;
    struct text other;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    make_text(&other, d->vocabulary, 4, 2);
    struct ws_train_settings settings = RICH;
    struct stand whole = open_stand(&settings, d, &text.examples, &other.examples, WS_CPU_FAST, 1);
    take_steps(&whole, 1000);
    struct ws_buffer last;
    write_state(&whole, &last);
    for (uint64_t stop = 0; stop <= ws_trainer_steps(whole.trainer); stop++) {
        struct ws_buffer middle;
        struct ws_buffer end;
        struct stand first =
            open_stand(&settings, d, &text.examples, &other.examples, WS_CPU_FAST, 2);
        struct stand second =
            open_stand(&settings, d, &text.examples, &other.examples, WS_CPU_FAST, 3);
        take_steps(&first, stop);
        write_state(&first, &middle);
        assert_int_equal(read_state(&second, ws_buffer_bytes(&middle), NULL), WS_OK);
        assert_int_equal(ws_trainer_step_count(second.trainer), stop);
        take_steps(&second, 1000);
        write_state(&second, &end);
        assert_int_equal(end.size, last.size);
        assert_memory_equal(end.data, last.data, last.size);
        assert_memory_equal(read_parameters(&second), read_parameters(&whole),
                            whole.size * sizeof(float));
        ws_buffer_release(&middle);
        ws_buffer_release(&end);
        close_stand(&first);
        close_stand(&second);
    }
    ws_buffer_release(&last);
    close_stand(&whole);
}

static void train__keeps_its_state_in_a_file(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[GPT2];
    struct text text;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    struct ws_train_settings settings = SETTINGS("batch", "2", "epochs", "2");
    struct stand first = open_stand(&settings, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    struct stand second = open_stand(&settings, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    char place[] = "/tmp/ws-train-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(place));
    (void)snprintf(path, sizeof path, "%s/trainer.state", place);
    struct ws_error error;
    assert_int_equal(ws_trainer_load(second.trainer, path, &error), WS_NOT_FOUND);
    take_steps(&first, 7);
    assert_int_equal(ws_trainer_save(first.trainer, path, NULL), WS_OK);
    assert_int_equal(ws_trainer_load(second.trainer, path, NULL), WS_OK);
    assert_int_equal(ws_trainer_step_count(second.trainer), 7);
    /* The same bytes as in memory. */
    struct ws_buffer bytes;
    write_state(&first, &bytes);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    char *seen = test_malloc(bytes.size + 1);
    assert_int_equal(fread(seen, 1, bytes.size + 1, file), bytes.size);
    assert_memory_equal(seen, bytes.data, bytes.size);
    assert_int_equal(fputc(0, file), 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(ws_trainer_load(second.trainer, path, &error), WS_CORRUPT);
    assert_memory_equal(error.message, path, strlen(path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ws_trainer_save(first.trainer, "/proc/nowhere", &error), WS_NOT_FOUND);
    assert_int_equal(rmdir(place), 0);
    test_free(seen);
    ws_buffer_release(&bytes);
    close_stand(&first);
    close_stand(&second);
}

static void train__refuses_the_state_of_another_training(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[GPT2];
    struct text text;
    struct text other;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    make_text(&other, d->vocabulary, EXAMPLES, 2);
    struct ws_train_settings settings = SETTINGS("batch", "2", "learning_rate", "0.01");
    struct ws_train_settings faster = SETTINGS("batch", "2", "learning_rate", "0.02");
    struct ws_train_settings micro =
        SETTINGS("batch", "2", "learning_rate", "0.01", "micro_batch", "1");
    struct stand one = open_stand(&settings, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    struct ws_buffer bytes;
    struct ws_error error;
    take_steps(&one, 2);
    write_state(&one, &bytes);

    struct stand two = open_stand(&faster, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    assert_int_equal(read_state(&two, ws_buffer_bytes(&bytes), &error), WS_CONFLICT);
    assert_string_equal(error.message, "it is of a training with 'learning_rate=0.01', not "
                                       "'learning_rate=0.02'");
    assert_int_equal(ws_trainer_step_count(two.trainer), 0);
    assert_memory_equal(read_parameters(&two), two.start, two.size * sizeof(float));
    close_stand(&two);

    two = open_stand(&micro, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    assert_int_equal(read_state(&two, ws_buffer_bytes(&bytes), &error), WS_CONFLICT);
    assert_string_equal(error.message,
                        "it is of a training with 'micro_batch=0', not 'micro_batch=1'");
    close_stand(&two);

    two = open_stand(&settings, d, &other.examples, NULL, WS_CPU_REFERENCE, 1);
    assert_int_equal(read_state(&two, ws_buffer_bytes(&bytes), &error), WS_CONFLICT);
    assert_string_equal(error.message, "it is of a training with other text");
    close_stand(&two);

    two = open_stand(&settings, d, &text.examples, &other.examples, WS_CPU_REFERENCE, 1);
    assert_int_equal(read_state(&two, ws_buffer_bytes(&bytes), &error), WS_CONFLICT);
    assert_string_equal(error.message, "it is of a training with other text to validate on");
    close_stand(&two);

    struct ws_description wider = *d;
    wider.inner = 32;
    two = open_stand(&settings, &wider, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    assert_int_equal(read_state(&two, ws_buffer_bytes(&bytes), &error), WS_CONFLICT);
    assert_string_equal(error.message, "it is of a training with another model to start from");
    assert_int_equal(ws_trainer_compare(two.trainer, ws_trainer_identity(one.trainer), NULL),
                     WS_CONFLICT);
    assert_int_equal(ws_trainer_compare(one.trainer, ws_trainer_identity(one.trainer), NULL),
                     WS_OK);
    close_stand(&two);

    ws_buffer_release(&bytes);
    close_stand(&one);
}

static void train__refuses_damaged_states_and_stays_as_it_was(void **state)
{
    (void)state;
    const struct ws_description *d = &tiny_models[GPT2];
    struct text text;
    make_text(&text, d->vocabulary, EXAMPLES, 1);
    struct ws_train_settings settings = SETTINGS("batch", "2", "epochs", "2");
    struct stand one = open_stand(&settings, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    struct stand two = open_stand(&settings, d, &text.examples, NULL, WS_CPU_REFERENCE, 1);
    struct ws_buffer bytes;
    struct ws_error error;
    take_steps(&one, 7);
    write_state(&one, &bytes);
    size_t stride = bytes.size / 300 + 1;
    for (size_t cut = 0; cut < bytes.size; cut += cut < 100 ? 1 : stride)
        assert_int_equal(read_state(&two, ws_bytes_of(bytes.data, cut), &error), WS_CORRUPT);
    for (size_t at = 0; at < bytes.size; at += at < 100 ? 1 : stride) {
        bytes.data[at] ^= 0x10;
        enum ws_status status = read_state(&two, ws_buffer_bytes(&bytes), &error);
        bytes.data[at] ^= 0x10;
        assert_int_equal(status, at >= 8 && at < 12 ? WS_UNSUPPORTED : WS_CORRUPT);
    }
    assert_int_equal(ws_trainer_step_count(two.trainer), 0);
    assert_memory_equal(read_parameters(&two), two.start, two.size * sizeof(float));
    assert_int_equal(read_state(&two, ws_buffer_bytes(&bytes), &error), WS_OK);
    ws_buffer_release(&bytes);
    close_stand(&one);
    close_stand(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__goes_on_from_any_step_as_if_it_had_not_stopped),
        cmocka_unit_test(train__keeps_its_state_in_a_file),
        cmocka_unit_test(train__refuses_the_state_of_another_training),
        cmocka_unit_test(train__refuses_damaged_states_and_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
