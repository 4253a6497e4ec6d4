/*
 * Contract of compute/team.h and of steps that a team shares (models/nn/transformer/train.h): its
 * members are threads of one process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/buffer.h"
#include "compute/team.h"
#include "support/failing_heap.h"
#include "support/training_stand.h"

enum { MOST = 7, STEPS = 4 };

/* Where members leave what they give. */
struct meeting {
    pthread_barrier_t barrier;
    const void *given[MOST];
    const struct ws_stretch *to[MOST];
    size_t trades; /* of the leader */
};

struct member {
    struct ws_team team;
    struct ws_word words[MOST];
    struct meeting *meeting;
    const struct ws_device_choice *device;
    const struct ws_allocator *allocator;
};

static void *const *give(struct member *member, const void *what)
{
    member->meeting->given[member->team.member] = what;
    pthread_barrier_wait(&member->meeting->barrier);
    return (void *const *)(uintptr_t)member->meeting->given;
}

static void part(struct member *member)
{
    pthread_barrier_wait(&member->meeting->barrier);
}

static void tell(void *user, void *bytes, uint64_t size)
{
    struct member *member = user;
    const void *from = give(member, bytes)[0];
    if (member->team.member > 0)
        memcpy(bytes, from, size);
    part(member);
}

static void gather(void *user, const void *mine, size_t size, void *all)
{
    struct member *member = user;
    void *const *given = give(member, mine);
    for (unsigned m = 0; m < member->team.count; m++)
        memcpy((char *)all + m * size, given[m], size);
    part(member);
}

static void trade(void *user, const float *out, const struct ws_stretch *to, float *in,
                  const struct ws_stretch *from)
{
    struct member *member = user;
    const unsigned self = member->team.member;
    member->meeting->to[self] = to;
    void *const *given = give(member, out);
    for (unsigned m = 0; m < member->team.count; m++) {
        const struct ws_stretch there = member->meeting->to[m][self];
        assert_int_equal(there.count, from[m].count);
        memcpy(in + from[m].first, (const float *)given[m] + there.first, there.count * sizeof *in);
    }
    if (self == 0)
        member->meeting->trades++;
    part(member);
}

static void *help(void *user)
{
    struct member *member = user;
    while (ws_team_hear(&member->team) == WS_TEAM_TRAIN)
        ws_trainer_assist(&member->team, member->device, 1, member->allocator);
    return NULL;
}

struct crew {
    struct meeting meeting;
    struct member members[MOST];
    pthread_t threads[MOST];
    unsigned count;
};

static void gather_crew(struct crew *crew, unsigned count, const struct ws_device_choice *device,
                        const struct ws_allocator *allocator)
{
    memset(crew, 0, sizeof *crew);
    crew->count = count;
    assert_int_equal(pthread_barrier_init(&crew->meeting.barrier, NULL, count), 0);
    for (unsigned m = 0; m < count; m++) {
        struct member *member = &crew->members[m];
        *member = (struct member){
            .team = {m, count, member->words, tell, gather, trade, member},
            .meeting = &crew->meeting,
            .device = device,
            .allocator = allocator,
        };
        if (m > 0)
            assert_int_equal(pthread_create(&crew->threads[m], NULL, help, member), 0);
    }
}

static void dismiss_crew(struct crew *crew)
{
    ws_team_say(&crew->members[0].team, WS_TEAM_LEAVE);
    for (unsigned m = 1; m < crew->count; m++)
        assert_int_equal(pthread_join(crew->threads[m], NULL), 0);
    pthread_barrier_destroy(&crew->meeting.barrier);
}

/* Five parts of two and three examples, two at a time, and something of everything. */
static struct ws_train_settings settings_in_parts(const char *parts)
{
    return SETTINGS("batch", "11", "parts", parts, "micro_batch", "2", "steps", "8", "warmup", "2",
                    "dropout", "0.1", "validate_every", "3", "keep_best", "true", "learning_rate",
                    "0.01", "schedule", "cosine");
}

static void set_up(struct stand *stand, struct text *text, const char *parts)
{
    const struct ws_train_settings settings = settings_in_parts(parts);
    make_text(text, tiny_models[GPT2].vocabulary, EXAMPLES, 1);
    *stand =
        open_stand(&settings, &tiny_models[GPT2], &text->examples, &text->examples, WS_CPU_FAST, 1);
}

/* The state after some steps alone and the rest with a crew. */
static void train(struct ws_buffer *out, const char *parts, struct crew *crew, uint64_t alone)
{
    struct text text;
    struct stand stand;
    set_up(&stand, &text, parts);
    if (crew && crew->members[1].device)
        stand.device->memory = 1 << 30; /* as a device's whose memory is its own */
    take_steps(&stand, alone);
    if (crew)
        assert_int_equal(ws_trainer_share(stand.trainer, &crew->members[0].team, NULL), WS_OK);
    take_steps(&stand, 100);
    ws_buffer_init(out, NULL, SIZE_MAX);
    ws_trainer_write(stand.trainer, out);
    close_stand(&stand);
}

static void assert_same(const struct ws_buffer *a, const struct ws_buffer *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

static void team__takes_the_steps_of_one(void **state)
{
    (void)state;
    static struct crew crew;
    struct ws_buffer one, many;
    train(&one, "5", NULL, 0);
    for (unsigned count = 2; count <= MOST; count++) {
        gather_crew(&crew, count, NULL, NULL);
        train(&many, "5", &crew, count == 3 ? STEPS : 0);
        dismiss_crew(&crew);
        assert_true(crew.meeting.trades >= STEPS * 2);
        assert_same(&one, &many);
        ws_buffer_release(&many);
    }
    ws_buffer_release(&one);
}

static void team__trades_through_the_hosts(void **state)
{
    (void)state;
    static struct crew crew;
    struct ws_buffer one, many;
    struct ws_device_choice fake;
    const struct ws_device_settings cuda = {.device = "cuda"};
    assert_int_equal(ws_device_choose(&cuda, FAKE_GPUS, &fake, NULL), WS_OK);
    train(&one, "5", NULL, 0);
    gather_crew(&crew, 3, &fake, NULL);
    train(&many, "5", &crew, 1);
    dismiss_crew(&crew);
    assert_same(&one, &many);
    ws_buffer_release(&many);
    ws_buffer_release(&one);
}

static void team__has_nothing_to_share_of_one_part(void **state)
{
    (void)state;
    static struct crew crew;
    struct ws_buffer one, many;
    train(&one, "1", NULL, 0);
    gather_crew(&crew, 2, NULL, NULL);
    train(&many, "1", &crew, 0);
    dismiss_crew(&crew);
    assert_int_equal(crew.meeting.trades, 0);
    assert_same(&one, &many);
    ws_buffer_release(&many);
    ws_buffer_release(&one);
}

/* A helper whose memory is out, wherever that is, tells the leader; both are free again. */
static void team__hears_of_a_helper_that_fails(void **state)
{
    (void)state;
    static struct crew crew;
    enum ws_status status = WS_NO_MEMORY;
    struct text text;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct stand stand;
        struct ws_error error = {.message = ""};
        gather_crew(&crew, 2, NULL, &allocator);
        set_up(&stand, &text, "5");
        status = ws_trainer_share(stand.trainer, &crew.members[0].team, &error);
        while (status == WS_OK && !ws_trainer_done(stand.trainer))
            status = ws_trainer_step(stand.trainer, &error);
        if (status != WS_OK && strncmp(error.message, "helper 1: ", 10) != 0)
            fail_msg("'%s'", error.message);
        close_stand(&stand);
        dismiss_crew(&crew);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

static void team__ends_with_a_leader_that_stops(void **state)
{
    (void)state;
    static struct crew crew;
    struct text text;
    struct stand stand;
    struct ws_buffer one, many;
    gather_crew(&crew, 3, NULL, NULL);
    set_up(&stand, &text, "5");
    assert_int_equal(ws_trainer_share(stand.trainer, &crew.members[0].team, NULL), WS_OK);
    take_steps(&stand, 2);
    close_stand(&stand); /* in the middle */
    train(&one, "5", NULL, 0);
    train(&many, "5", &crew, 0); /* the crew is free for another */
    dismiss_crew(&crew);
    assert_same(&one, &many);
    ws_buffer_release(&many);
    ws_buffer_release(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(team__takes_the_steps_of_one),
        cmocka_unit_test(team__trades_through_the_hosts),
        cmocka_unit_test(team__has_nothing_to_share_of_one_part),
        cmocka_unit_test(team__hears_of_a_helper_that_fails),
        cmocka_unit_test(team__ends_with_a_leader_that_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
