#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/compute_cases.h"
#include "support/device_cases.h"
#include "support/pick_cases.h"

static const struct {
    enum ws_precision precision;
    const char *name;
} PRECISIONS[] = {
    {WS_PRECISION_F32, "f32"}, {WS_PRECISION_TF32, "tf32"}, {WS_PRECISION_BF16, "bf16"}};

enum {
    PRECISION_COUNT = sizeof PRECISIONS / sizeof *PRECISIONS,
    PICK_TESTS = PICK_EXAMPLE_COUNT + 4,
    TEST_COUNT = PRECISION_COUNT * (CASE_GROUP_COUNT + PICK_TESTS),
};

/* What one test is about; its device lives as long as the test. */
struct subject {
    const struct device_kind *kind;
    enum ws_precision precision;
    const struct case_group *group;     /* or */
    const struct pick_example *example; /* or */
    void (*compare)(const struct pick_sides *sides);
    struct ws_device *reference, *device;
};

static int open_devices(void **state)
{
    struct subject *s = *state;
    struct ws_error err = {0};
    if (ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &s->reference, &err) != WS_OK ||
        s->kind->open(s->precision, NULL, &s->device, &err) != WS_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    return 0;
}

static int close_devices(void **state)
{
    struct subject *s = *state;
    s->reference->ops->close(s->reference);
    s->device->ops->close(s->device);
    return 0;
}

static void before(const struct subject *s, size_t run)
{
    if (s->kind->before)
        s->kind->before(run);
}

static void operations__agree_with_the_reference(void **state)
{
    const struct subject *s = *state;
    static struct case_result reference, first, again;
    const struct case_group *group = s->group;
    for (size_t i = 0; i < group->count + s->kind->drawn; i++) {
        if (s->kind->slow && i < group->count && i >= group->count - group->heavy)
            continue;
        case_run(&reference, s->reference, s->precision, group, i);
        before(s, 0);
        case_run(&first, s->device, s->precision, group, i);
        case_compare(&reference, &first, s->precision, group, i);
        for (size_t run = 1; run < s->kind->runs; run++) {
            before(s, run);
            case_run(&again, s->device, s->precision, group, i);
            assert_int_equal(first.count, again.count);
            if (memcmp(first.numbers, again.numbers, first.count * sizeof *first.numbers) != 0)
                fail_msg("%s, case %zu: run %zu gives other bytes", group->name, i, run);
        }
    }
}

static void picks__agree_with_the_reference(void **state)
{
    const struct subject *s = *state;
    before(s, 0);
    const struct pick_sides sides = {s->reference, s->device, s->device};
    s->compare(&sides);
}

static void examples__are_as_worked_by_hand(void **state)
{
    const struct subject *s = *state;
    void *device = s->device;
    before(s, 1);
    s->example->run(&device);
}

int device_check(const struct device_kind *kind, const char *precision)
{
    static struct subject subjects[TEST_COUNT];
    static struct CMUnitTest tests[TEST_COUNT];
    static char names[TEST_COUNT][100];
    static const struct {
        const char *name;
        void (*compare)(const struct pick_sides *sides);
    } comparisons[] = {{"pick", pick_compare_settings},
                       {"pick with equals", pick_compare_equals},
                       {"rank", pick_compare_ranks},
                       {"pick and rank of long rows", pick_compare_long_rows}};
    for (size_t i = 0; i < TEST_COUNT; i++) {
        size_t p = i / (TEST_COUNT / PRECISION_COUNT), k = i % (TEST_COUNT / PRECISION_COUNT);
        struct subject *s = &subjects[i];
        const char *name;
        *s = (struct subject){.kind = kind, .precision = PRECISIONS[p].precision};
        tests[i] = (struct CMUnitTest){names[i], NULL, open_devices, close_devices, s};
        if (k < CASE_GROUP_COUNT) {
            s->group = &CASE_GROUPS[k];
            name = s->group->name;
            tests[i].test_func = operations__agree_with_the_reference;
        } else if (k < CASE_GROUP_COUNT + PICK_EXAMPLE_COUNT) {
            s->example = &PICK_EXAMPLES[k - CASE_GROUP_COUNT];
            name = s->example->name;
            tests[i].test_func = examples__are_as_worked_by_hand;
        } else {
            s->compare = comparisons[k - CASE_GROUP_COUNT - PICK_EXAMPLE_COUNT].compare;
            name = comparisons[k - CASE_GROUP_COUNT - PICK_EXAMPLE_COUNT].name;
            tests[i].test_func = picks__agree_with_the_reference;
        }
        (void)snprintf(names[i], sizeof names[i], "%s (%s)", name, PRECISIONS[p].name);
    }
    for (size_t p = 0; precision && p < PRECISION_COUNT; p++)
        if (strcmp(PRECISIONS[p].name, precision) == 0)
            return _cmocka_run_group_tests(precision, tests + p * (TEST_COUNT / PRECISION_COUNT),
                                           TEST_COUNT / PRECISION_COUNT, NULL, NULL);
    return _cmocka_run_group_tests("device", tests, TEST_COUNT, NULL, NULL);
}
