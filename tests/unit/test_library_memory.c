/*
 * The published library when memory is out: any of its allocations may fail, it says so, and
 * nothing is left behind. It takes its memory from the C library, so malloc stands in front of that
 * one here, as the sanitizers' does; there this has nothing to test.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/crypto.h>

#include <wellspring/wellspring.h>

#include "support/place.h"

#ifdef WS_SANITIZE

int main(void)
{
    return 77;
}

#else

static long countdown = LONG_MAX, live;

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's. */
void *__libc_malloc(size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);
/* NOLINTEND(bugprone-reserved-identifier) */

/* jansson 2.14 does not look whether its scanner's token buffer could be doubled, see
 * support/failing_jansson.h; its is the only malloc of such sizes. */
static bool may_be_token_buffer(size_t size)
{
    return size >= 32 && (size & (size - 1)) == 0;
}

void *malloc(size_t size)
{
    if (!may_be_token_buffer(size) && countdown-- == 0)
        return NULL;
    live++;
    return __libc_malloc(size);
}

void *realloc(void *block, size_t size)
{
    if (countdown-- == 0)
        return NULL;
    live += !block;
    return __libc_realloc(block, size);
}

void free(void *block)
{
    live -= block != NULL;
    __libc_free(block);
}

static const char text[] = "family: discrete\n"
                           "source: zipf\n"
                           "types: 20\n"
                           "items: 40\n"
                           "policies: [replace]\n"
                           "generations: 2\n"
                           "seeds: 1\n";

/* What is tried: makes something, and frees it when it could be made. */
typedef enum wellspring_status trial(const char *directory, struct wellspring_error *error);

static enum wellspring_status try_to_parse(const char *directory, struct wellspring_error *error)
{
    (void)directory;
    const struct wellspring_setting settings[] = {{"seeds", "2"}};
    struct wellspring_experiment *experiment = NULL;
    enum wellspring_status status = wellspring_experiment_parse(text, sizeof text - 1, "memory",
                                                                settings, 1, &experiment, error);
    wellspring_experiment_free(experiment);
    return status;
}

static enum wellspring_status try_to_load(const char *directory, struct wellspring_error *error)
{
    struct wellspring_results *results = NULL;
    enum wellspring_status status = wellspring_results_load(directory, &results, error);
    wellspring_results_free(results);
    return status;
}

static void fail_each_allocation(trial *attempt, const char *directory)
{
    long n = 0, refused = 0;
    /* The first hash of a process lets OpenSSL prepare itself, which it keeps. It also does without
     * some of its allocations: then the attempt succeeds all the same. */
    assert_int_equal(attempt(directory, NULL), WELLSPRING_OK);
    OPENSSL_thread_stop();
    for (long left = -1; left < 0; n++) {
        struct wellspring_error error;
        long before = live;
        countdown = n;
        enum wellspring_status status = attempt(directory, &error);
        left = countdown;
        countdown = LONG_MAX;
        OPENSSL_thread_stop(); /* the errors that it remembers */
        assert_int_equal(live, before);
        if (status != WELLSPRING_OK && (status != WELLSPRING_NO_MEMORY || left >= 0))
            fail_msg("allocation %ld: %s", n, error.message);
        refused += status == WELLSPRING_NO_MEMORY;
    }
    assert_true(refused > 5);
}

static void library__survives_every_failing_allocation(void **state)
{
    (void)state;
    struct place place;
    struct wellspring_experiment *experiment = NULL;
    struct wellspring_error error;
    new_place(&place);
    fail_each_allocation(try_to_parse, place.path);
    if (wellspring_experiment_parse(text, sizeof text - 1, "memory", NULL, 0, &experiment,
                                    &error) != WELLSPRING_OK ||
        wellspring_run(experiment, place.path, NULL, NULL, &error) != WELLSPRING_OK)
        fail_msg("%s", error.message);
    wellspring_experiment_free(experiment);
    fail_each_allocation(try_to_load, place.path);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library__survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
