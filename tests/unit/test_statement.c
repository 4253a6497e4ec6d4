/* Statements: each kind written and read, what is cited is earlier, and what makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/statement.h"
#include "ledger/statement_plain.h"

enum { INDEX = 50 };

static struct ws_statement_subject shards[] = {{"shard-0", {{1, 2, 3}}}, {"shard-1", {{0xff}}}};
static uint64_t sources[] = {3, 49};

static struct ws_statement emission(void)
{
    return (struct ws_statement){
        .kind = WS_STATEMENT_EMISSION,
        .subjects = shards,
        .subject_count = 2,
        .emission =
            {
                .model = "example.com/alpha-7b",
                .weights = {{0xab}},
                .started = "2026-11-01T00:00:00Z",
                .ended = "2026-11-02T23:59:59Z",
                .documents = 1000000,
                .least_bytes = 800,
                .source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/"
                               "trainedAlgorithmicMedia",
                .depth = {1, true, 3, true, 1.25},
                .sources = sources,
                .source_count = 2,
                .decoding = "temperature 0.7",
                .watermark = "none",
            },
    };
}

static struct ws_statement archive(void)
{
    return (struct ws_statement){
        .kind = WS_STATEMENT_ARCHIVE,
        .subjects = shards,
        .subject_count = 1,
        .archive = {"CC-MAIN-2019-51", "2019-12-05T00:00:00Z", "2019-12-16T00:00:00Z", 7, "crawl",
                    NULL, "train-ai=n"},
    };
}

static struct ws_statement index_of(uint64_t entries)
{
    static struct ws_statement_subject head = {"day.index", {{7}}};
    return (struct ws_statement){.kind = WS_STATEMENT_INDEX,
                                 .subjects = &head,
                                 .subject_count = 1,
                                 .index = {"log.example", entries, {{8}}}};
}

static struct ws_statement key_change(void)
{
    return (struct ws_statement){
        .kind = WS_STATEMENT_KEY_CHANGE,
        .key_change = {"a+00000000+AAAA", NULL, true, INDEX},
    };
}

static int open_arena(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int close_arena(void **state)
{
    ws_arena_release(*state);
    return 0;
}

/* With a blank before it, it is not as it is written, and is read as any JSON is: as the same. */
static void assert_any_json_reads(struct ws_bytes text, struct ws_arena *arena)
{
    struct ws_statement read;
    struct ws_buffer once_more;
    const char *blank = ws_arena_format(arena, " %.*s", (int)text.size, (const char *)text.data);
    ws_buffer_init(&once_more, NULL, 100000);
    assert_int_equal(ws_statement_read(ws_bytes_of_text(blank), INDEX, arena, &read, NULL), WS_OK);
    assert_int_equal(ws_statement_append(&once_more, &read, INDEX, NULL), WS_OK);
    assert_string_equal(blank + 1, ws_buffer_string(&once_more));
    ws_buffer_release(&once_more);
}

/* Writes it, reads that, and writes it again the same. */
static struct ws_statement again(const struct ws_statement *statement, struct ws_arena *arena)
{
    struct ws_statement read = {0};
    struct ws_buffer text, once_more;
    struct ws_error err = {.message = ""};
    ws_buffer_init(&text, NULL, 100000);
    ws_buffer_init(&once_more, NULL, 100000);
    if (ws_statement_append(&text, statement, INDEX, &err) != WS_OK ||
        ws_statement_read(ws_buffer_bytes(&text), INDEX, arena, &read, &err) != WS_OK ||
        ws_statement_append(&once_more, &read, INDEX, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_string_equal(ws_buffer_string(&text), ws_buffer_string(&once_more));
    assert_any_json_reads(ws_buffer_bytes(&text), arena);
    ws_buffer_release(&text);
    ws_buffer_release(&once_more);
    return read;
}

/* What reads it as it stands, and leaves all else to JSON. */
static void statement__as_written_is_read_as_it_stands(void **state)
{
    struct ws_arena *arena = *state;
    static const struct {
        const char *part, *other; /* one for the other, and it is not plain any more */
    } changes[] = {
        {"{\"_type\"", "{ \"_type\""},
        {"alpha-7b", "alpha\\u002d7b"},
        {"alpha-7b", "alph\xc3\xa4"},
        {"\"documents\":1000000", "\"documents\":1e6"},
        {"\"leastBytes\":800", "\"leastBytes\":0800"},
        {"\"leastBytes\":800", "\"leastBytes\":8000000000000000000"},
        {"\"atMost\":3", "\"atMost\":3,\"tokenMean\":1.25"},
        {"01020300", "0102030G"},
        {"[3,49]", "[3,49,]"},
        {"[3,49]", "[03,49]"},
        {"model-emission:v1", "withdrawal:v1"},
        {"\"watermark\"", "\"mark\""},
        {"\"shard-0\"", "\"shard-0\\\""},
    };
    struct ws_statement made = emission(), read;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 100000);
    made.emission.depth.has_token_mean = false;
    assert_int_equal(ws_statement_append(&text, &made, INDEX, NULL), WS_OK);
    assert_true(ws_statement_read_plain(ws_buffer_bytes(&text), arena, &read));
    const char *whole = ws_buffer_string(&text);
    for (size_t size = 0; size < text.size; size++)
        assert_false(ws_statement_read_plain(ws_bytes_of(whole, size), arena, &read));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(whole, changes[i].part);
        assert_non_null(at);
        const char *changed = ws_arena_format(arena, "%.*s%s%s", (int)(at - whole), whole,
                                              changes[i].other, at + strlen(changes[i].part));
        if (ws_statement_read_plain(ws_bytes_of_text(changed), arena, &read))
            fail_msg("'%s' is taken for plain", changes[i].other);
    }
    ws_buffer_release(&text);
    ws_buffer_init(&text, NULL, 100000);
    made = archive();
    assert_int_equal(ws_statement_append(&text, &made, INDEX, NULL), WS_OK);
    assert_true(ws_statement_read_plain(ws_buffer_bytes(&text), arena, &read));
    ws_buffer_release(&text);
}

static void statement__of_each_kind_reads_as_written(void **state)
{
    struct ws_statement made = emission(), read = again(&made, *state);
    assert_int_equal(read.kind, WS_STATEMENT_EMISSION);
    assert_int_equal(read.subject_count, 2);
    assert_string_equal(read.subjects[1].name, "shard-1");
    assert_memory_equal(read.subjects[0].digest.bytes, shards[0].digest.bytes, WS_HASH_SIZE);
    assert_string_equal(read.emission.model, made.emission.model);
    assert_memory_equal(read.emission.weights.bytes, made.emission.weights.bytes, WS_HASH_SIZE);
    assert_int_equal(read.emission.documents, 1000000);
    assert_int_equal(read.emission.least_bytes, 800);
    assert_int_equal(read.emission.depth.at_most, 3);
    assert_true(read.emission.depth.token_mean == 1.25);
    assert_int_equal(read.emission.source_count, 2);
    assert_int_equal(read.emission.sources[1], 49);
    made = archive();
    read = again(&made, *state);
    assert_string_equal(read.archive.collection, "CC-MAIN-2019-51");
    assert_null(read.archive.licence);
    assert_string_equal(read.archive.ai_preference, "train-ai=n");
    made = (struct ws_statement){.kind = WS_STATEMENT_WITHDRAWAL,
                                 .withdrawal = {7, "erased on request"}};
    read = again(&made, *state);
    assert_int_equal(read.withdrawal.entry, 7);
    made = key_change();
    read = again(&made, *state);
    assert_true(read.key_change.is_compromise);
    assert_int_equal(read.key_change.since, INDEX);
    assert_null(read.key_change.new_key);
    made = index_of(INDEX);
    read = again(&made, *state);
    assert_string_equal(read.index.log, "log.example");
    assert_int_equal(read.index.entries, INDEX);
    assert_memory_equal(read.index.root.bytes, made.index.root.bytes, WS_HASH_SIZE);
}

static void statement__leaves_out_what_is_not_known(void **state)
{
    struct ws_statement made = emission();
    struct ws_buffer text;
    made.emission.depth.has_most = made.emission.depth.has_token_mean = false;
    made.emission.watermark = NULL;
    struct ws_statement read = again(&made, *state);
    assert_false(read.emission.depth.has_most || read.emission.depth.has_token_mean);
    assert_null(read.emission.watermark);
    ws_buffer_init(&text, NULL, 100000);
    assert_int_equal(ws_statement_append(&text, &made, INDEX, NULL), WS_OK);
    assert_null(strstr(ws_buffer_string(&text), "atMost"));
    assert_null(strstr(ws_buffer_string(&text), "watermark"));
    ws_buffer_release(&text);
}

static void assert_refused(const struct ws_statement *statement, const char *member)
{
    struct ws_buffer text;
    struct ws_error err = {.message = ""};
    ws_buffer_init(&text, NULL, 100000);
    assert_int_equal(ws_statement_append(&text, statement, INDEX, &err), WS_INVALID);
    if (!strstr(err.message, member))
        fail_msg("'%s' in: %s", member, err.message);
    ws_buffer_release(&text);
}

static void statement__that_makes_no_sense_is_not_made(void **state)
{
    (void)state;
    static const char *const times[] = {"2026-11-01",           "2026-11-01T00:00:00",
                                        "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
                                        "2026-11-31T00:00:00Z", "2026-11-01T24:00:00Z",
                                        "2026-11-01 00:00:00Z", "2026-11-01T00:00:00+00:00"};
    struct ws_statement s;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        s = emission();
        s.emission.started = times[i];
        assert_refused(&s, "prov:startedAtTime");
    }
    s = emission();
    s.emission.ended = "2026-10-31T23:59:59Z";
    assert_refused(&s, "prov:endedAtTime");
    s = emission();
    s.emission.depth.at_least = 0;
    assert_refused(&s, "atLeast");
    s = emission();
    s.emission.depth.at_least = 4;
    assert_refused(&s, "atMost");
    s = emission();
    s.emission.depth.token_mean = 3.5;
    assert_refused(&s, "tokenMean");
    s.emission.depth.token_mean = 0.5;
    assert_refused(&s, "tokenMean");
    s = emission();
    s.emission.documents = 0;
    assert_refused(&s, "documents");
    s = emission();
    s.emission.model = "two\nlines";
    assert_refused(&s, "id");
    s.emission.model = "alpha.example/\xE2\x80\xAEtxt";
    assert_refused(&s, "id");
    s = emission();
    s.subject_count = 0;
    assert_refused(&s, "subject");
    s = archive();
    s.archive.method = "";
    assert_refused(&s, "method");
    s = key_change();
    s.key_change.is_compromise = false;
    assert_refused(&s, "newKey");
    s = key_change();
    s.subjects = shards;
    s.subject_count = 2;
    assert_refused(&s, "subject");
}

/* Nine tenths human, one tenth of depth 1: 2 deep, and 1.1 in the mean. */
static void statement__has_a_mean_below_its_depth(void **state)
{
    struct ws_statement made = emission();
    made.emission.depth = (struct ws_generation_depth){2, true, 2, true, 1.1};
    struct ws_statement read = again(&made, *state);
    assert_true(read.emission.depth.token_mean == 1.1);
}

static void statement__has_times_in_seconds(void **state)
{
    (void)state;
    assert_int_equal(ws_statement_seconds("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(ws_statement_seconds("1969-12-31T23:59:59Z"), 0);
    assert_int_equal(ws_statement_seconds("2000-02-29T12:34:56Z"), 951827696);
    assert_int_equal(ws_statement_seconds("2026-11-01T00:00:00Z"), 1793491200);
    assert_int_equal(ws_statement_seconds("2100-03-01T00:00:01Z"), 4107542401);
}

/* Cycles and the future cannot be cited. */
static void statement__cites_what_is_earlier(void **state)
{
    (void)state;
    struct ws_statement s = emission();
    uint64_t itself[] = {INDEX};
    s.emission.sources = itself;
    s.emission.source_count = 1;
    assert_refused(&s, "what is cited is earlier");
    s = (struct ws_statement){.kind = WS_STATEMENT_WITHDRAWAL, .withdrawal = {INDEX, "why"}};
    assert_refused(&s, "'entry' is entry 50");
    s = key_change();
    s.key_change.since = INDEX + 1;
    assert_refused(&s, "'since' is entry 51");
    s = index_of(INDEX + 1);
    assert_refused(&s, "an index of 51 entries is entry 50 itself");
    s = index_of(INDEX);
    s.subject_count = 0;
    assert_refused(&s, "the head of the index");
}

static void statement__of_others_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum ws_status status;
    } bad[] = {
        {"", WS_CORRUPT},
        {"[]", WS_CORRUPT},
        {"{\"_type\":\"https://in-toto.io/Statement/v0.1\"}", WS_CORRUPT},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\"}", WS_CORRUPT},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"x\"}", WS_UNSUPPORTED},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"urn:wellspring:"
         "withdrawal:v1\",\"subject\":[],\"predicate\":{\"entry\":-1,\"reason\":\"x\"}}",
         WS_CORRUPT},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"urn:wellspring:"
         "withdrawal:v1\",\"subject\":[],\"predicate\":{\"entry\":1,\"reason\":\"x\"},\"more\":1}",
         WS_OK},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"urn:wellspring:"
         "human-archive:v1\",\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"AB\"}}],"
         "\"predicate\":{}}",
         WS_CORRUPT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ws_statement read;
        assert_int_equal(
            ws_statement_read(ws_bytes_of_text(bad[i].text), INDEX, *state, &read, NULL),
            bad[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statement__of_each_kind_reads_as_written),
        cmocka_unit_test(statement__as_written_is_read_as_it_stands),
        cmocka_unit_test(statement__leaves_out_what_is_not_known),
        cmocka_unit_test(statement__that_makes_no_sense_is_not_made),
        cmocka_unit_test(statement__has_a_mean_below_its_depth),
        cmocka_unit_test(statement__has_times_in_seconds),
        cmocka_unit_test(statement__cites_what_is_earlier),
        cmocka_unit_test(statement__of_others_is_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
