/*
 * Who lies, how, and what a client must come to: each cell of the table in docs/formats/trust.md is
 * run. The log, its issuer and one of three witnesses may lie, of which the policy wants two; what
 * lies between the client and the log may change or hold back everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/claims.h"
#include "ledger/log_proof.h"
#include "ledger/pin.h"
#include "support/made_statements.h"
#include "support/place.h"

/* clang-format off */
#define OUTCOMES(X)                                                                                \
    X(ACCEPTED,     "accepted: the others suffice")                                                \
    X(UNTRUSTED,    "refused: not signed and cosigned as the policy wants")                        \
    X(FORKED,       "refused: a fork; both signed checkpoints are kept")                           \
    X(SMALLER,      "refused: older than the pin")                                                 \
    X(STALE,        "refused: stale")                                                              \
    X(UNPROVEN,     "refused: no proof of consistency; both signed checkpoints are kept")          \
    X(NOT_INCLUDED, "refused: no proof that the entry is there")                                   \
    X(NO_ANSWER,    "no answer: the pin stays, until it is stale")                                 \
    X(HONEST_DATE,  "accepted, with the date of an honest witness")                                \
    X(UNKNOWN,      "unknown: that nothing was logged proves nothing")                             \
    X(BOTH_SEEN,    "both are in the one log that everybody sees")                                 \
    X(WITHDRAWN,    "withdrawn in a later entry, and still in the log")                            \
    X(START_CUT,    "believed to start max-delay before its date, no earlier")                     \
    X(ARCHIVE,      "the archive that was witnessed meanwhile goes first")                         \
    X(UNTIMELY,     "refused: the key did not speak there")                                        \
    X(UNSEEN,       "not noticed: without witnesses there are no dates")
/* clang-format on */

enum outcome {
#define X(name, text) name,
    OUTCOMES(X)
#undef X
        OUTCOME_COUNT
};
static const char *const texts[OUTCOME_COUNT] = {
#define X(name, text) text,
    OUTCOMES(X)
#undef X
};

enum { NEEDED_WITNESSES = 3, MAX_AGE = 3600, MAX_DELAY = 2 * MADE_DAY, PINNED = 10 };
#define NOW (MADE_STARTED + 100 * MADE_DAY)

/* An honest witness remembers what it cosigned. */
struct witness {
    uint64_t size;
    struct ws_hash root;
    bool lies;
};

struct world {
    struct made_parties made;
    struct made_tree tree, other; /* the log, and what a liar makes of it */
    struct ws_note_signer alpha, crawl, next;
    struct witness witnesses[NEEDED_WITNESSES];
    struct place place;
    struct ws_pin_book book;
    struct ws_pin_result result;
};

/* The honest parts ----------------------------------------------------------------------------- */

static struct ws_hash root_of(const struct made_tree *tree, uint64_t size)
{
    struct ws_frontier frontier = {.size = 0};
    struct ws_hash root;
    for (uint64_t i = 0; i < size; i++)
        ws_frontier_add(&frontier, &tree->leaves[i]);
    ws_frontier_root(&frontier, &root);
    return root;
}

/* Cosigns what goes on from what it cosigned before, and nothing else. */
static bool agrees(struct witness *witness, struct made_tree *tree, uint64_t size)
{
    const struct ws_merkle_nodes nodes = {made_tree_node, tree};
    const struct ws_hash root = root_of(tree, size);
    struct ws_merkle_proof proof;
    if (witness->lies)
        return true;
    if (witness->size > 0 &&
        (size < witness->size ||
         ws_merkle_prove_consistency(&nodes, witness->size, size, &proof, NULL) != WS_OK ||
         ws_merkle_check_consistency(witness->size, &witness->root, size, &root, &proof, NULL) !=
             WS_OK))
        return false;
    *witness = (struct witness){.size = size, .root = root};
    return true;
}

/* The log signs whatever it is told to; of the witnesses those cosign who agree. */
static struct ws_bytes publish(struct world *world, struct made_tree *tree, uint64_t size,
                               uint64_t time)
{
    uint64_t times[MADE_WITNESSES] = {0};
    for (size_t i = 0; i < NEEDED_WITNESSES; i++)
        if (agrees(&world->witnesses[i], tree, size))
            times[i] = time;
    return made_checkpoint(&world->made, tree, size, times);
}

/* What the client makes of a checkpoint when the tiles are those of `tiles`. */
static enum outcome show(struct world *world, struct ws_bytes note, struct made_tree *tiles)
{
    static const enum outcome outcomes[WS_PIN_VERDICTS] = {
        [WS_PIN_FIRST] = ACCEPTED,      [WS_PIN_SAME] = ACCEPTED,     [WS_PIN_GROWN] = ACCEPTED,
        [WS_PIN_UNTRUSTED] = UNTRUSTED, [WS_PIN_FORKED] = FORKED,     [WS_PIN_SMALLER] = SMALLER,
        [WS_PIN_STALE] = STALE,         [WS_PIN_UNPROVEN] = UNPROVEN,
    };
    struct ws_merkle_nodes nodes = {made_tree_node, tiles};
    const struct ws_pin_prover prover = ws_pin_prover_of(&nodes);
    enum ws_status status = ws_pin_accept(&world->book, note, &prover, &world->made.arena,
                                          &world->result, &world->made.err);
    enum outcome outcome = outcomes[world->result.verdict];
    assert_int_equal(status == WS_OK, outcome == ACCEPTED);
    assert_int_equal(world->result.evidence != NULL, outcome == FORKED || outcome == UNPROVEN);
    return outcome;
}

static void open_parties(struct world *world, const char *groups, const char *limits)
{
    *world = (struct world){.tree.size = 0};
    made_parties_begin(&world->made);
    struct ws_arena *arena = &world->made.arena;
    assert_int_equal(ws_note_signer_make("alpha", WS_KEY_ED25519, arena, &world->alpha, NULL) |
                         ws_note_signer_make("crawl", WS_KEY_ED25519, arena, &world->crawl, NULL) |
                         ws_note_signer_make("next", WS_KEY_ED25519, arena, &world->next, NULL),
                     WS_OK);
    made_parties_trust(&world->made, groups,
                       ws_arena_format(arena,
                                       "key a %s\nkey c %s\nissuer a a.example\n"
                                       "archive c crawl.example\n%s",
                                       made_key_text(&world->alpha, &world->made),
                                       made_key_text(&world->crawl, &world->made), limits));
    new_place(&world->place);
    world->book =
        (struct ws_pin_book){world->place.path, &world->made.trust, world->made.roles.max_age, NOW};
    made_tree_grow(&world->tree, PINNED, "entry", &world->made);
    world->other = world->tree;
}

/* A client that has seen ten entries. */
static void pin(struct world *world)
{
    assert_int_equal(show(world, publish(world, &world->tree, PINNED, NOW), &world->tree),
                     ACCEPTED);
}

static void open_world(struct world *world)
{
    open_parties(world, "group g 2 w0 w1 w2\nquorum g\n", "max-age 3600\nmax-delay 172800\n");
    assert_int_equal(world->book.max_age, MAX_AGE);
    assert_int_equal(world->made.roles.max_delay, MAX_DELAY);
}

static void open_world_without_witnesses(struct world *world)
{
    open_parties(world, "quorum none\n", "");
}

static void close_world(struct world *world)
{
    ws_note_signer_close(&world->alpha);
    ws_note_signer_close(&world->crawl);
    ws_note_signer_close(&world->next);
    remove_place(&world->place);
    made_parties_close(&world->made);
}

/* Another history from the start, of one entry more than is pinned. */
static void make_another(struct world *world)
{
    world->other.size = 0;
    made_tree_grow(&world->other, PINNED + 1, "another", &world->made);
}

/* Whether the client finds an entry by what `tiles` prove, under a checkpoint of eleven. */
static enum outcome find_entry(struct world *world, struct ws_bytes note, struct made_tree *tiles,
                               struct ws_bytes entry)
{
    const struct ws_merkle_nodes nodes = {made_tree_node, tiles};
    struct ws_log_proof proof = {.index = PINNED, .checkpoint = note};
    struct ws_trusted_checkpoint trusted;
    assert_int_equal(
        ws_merkle_prove_inclusion(&nodes, PINNED, PINNED + 1, &proof.way, &world->made.err), WS_OK);
    return ws_log_proof_check(&proof, entry, &world->made.trust, &world->made.arena, &trusted,
                              &world->made.err) == WS_OK
               ? ACCEPTED
               : NOT_INCLUDED;
}

/* The issuer ----------------------------------------------------------------------------------- */

static enum ws_status read_entry(void *user, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct world *world = user;
    (void)arena, (void)err;
    *out = world->tree.entries[index];
    return WS_OK;
}

/* Logs a statement of a signer's. */
static uint64_t say(struct world *world, const struct ws_note_signer *signer,
                    const struct ws_statement *statement)
{
    return made_tree_add(&world->tree,
                         made_entry(&world->made, signer, statement, world->tree.size));
}

/* Reads the log as a client does: each entry with the date `days` behind MADE_STARTED. */
static void read_log(struct world *world, struct ws_claims *claims, struct ws_claim out[],
                     const uint64_t *days)
{
    assert_int_equal(ws_claims_open(claims, &world->made.roles,
                                    (struct ws_claims_log){read_entry, world}, NULL, NULL),
                     WS_OK);
    for (uint64_t i = 0; i < world->tree.size; i++)
        assert_int_equal(ws_claims_read(claims, world->tree.entries[i],
                                        MADE_STARTED + days[i] * MADE_DAY, &world->made.arena,
                                        &out[i], &world->made.err),
                         WS_OK);
}

static const uint64_t soon[MADE_ENTRIES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* How many entries of the log tell what the model made. */
static size_t count_emissions(struct world *world)
{
    struct ws_claims claims;
    struct ws_claim all[MADE_ENTRIES];
    size_t count = 0;
    read_log(world, &claims, all, soon);
    for (uint64_t i = 0; i < world->tree.size; i++)
        count +=
            all[i].standing == WS_CLAIM_COUNTS && all[i].statement.kind == WS_STATEMENT_EMISSION;
    ws_claims_close(&claims);
    return count;
}

static enum outcome issuer_omits(struct world *world)
{
    return count_emissions(world) == 0 ? UNKNOWN : OUTCOME_COUNT;
}

static enum outcome issuer_forks(struct world *world)
{
    struct ws_statement one = made_emission("a.example/m", 1, NULL, 0),
                        other = made_emission("a.example/n", 3, NULL, 0);
    say(world, &world->alpha, &one);
    say(world, &world->alpha, &other);
    return count_emissions(world) == 2 ? BOTH_SEEN : OUTCOME_COUNT;
}

static enum outcome issuer_rolls_back(struct world *world)
{
    struct ws_claims claims;
    struct ws_claim all[MADE_ENTRIES];
    uint64_t at = 0;
    struct ws_statement emission = made_emission("a.example/m", 1, NULL, 0);
    uint64_t entry = say(world, &world->alpha, &emission);
    struct ws_statement withdrawal = made_withdrawal(entry);
    uint64_t later = say(world, &world->alpha, &withdrawal);
    read_log(world, &claims, all, soon);
    enum ws_claim_fate fate = ws_claims_fate(&claims, entry, all[entry].key, &at);
    ws_claims_close(&claims);
    return fate == WS_CLAIM_WITHDRAWN && at == later && all[entry].standing == WS_CLAIM_COUNTS
               ? WITHDRAWN
               : OUTCOME_COUNT;
}

static enum outcome issuer_backdates(struct world *world)
{
    struct ws_claims claims;
    struct ws_claim all[MADE_ENTRIES];
    uint64_t days[MADE_ENTRIES] = {[PINNED] = 30};
    struct ws_statement emission = made_emission("a.example/m", 1, NULL, 0);
    say(world, &world->alpha, &emission);
    read_log(world, &claims, all, days);
    ws_claims_close(&claims);
    return all[PINNED].start == MADE_STARTED + 30 * MADE_DAY - MAX_DELAY ? START_CUT
                                                                         : OUTCOME_COUNT;
}

/* Texts of 1 November, which an archive has on the 5th and the issuer owns up to on the 30th. */
static enum outcome issuer_withholds(struct world *world)
{
    struct ws_claims claims;
    struct ws_claim all[MADE_ENTRIES];
    uint64_t days[MADE_ENTRIES] = {[PINNED] = 5, [PINNED + 1] = 30};
    struct ws_statement archive = made_archive("crawl.example/2026"),
                        emission = made_emission("a.example/m", 1, NULL, 0);
    say(world, &world->crawl, &archive);
    say(world, &world->alpha, &emission);
    read_log(world, &claims, all, days);
    ws_claims_close(&claims);
    bool counts =
        all[PINNED].standing == WS_CLAIM_COUNTS && all[PINNED + 1].standing == WS_CLAIM_COUNTS;
    return counts && MADE_STARTED + 5 * MADE_DAY < all[PINNED + 1].start ? ARCHIVE : OUTCOME_COUNT;
}

static enum outcome issuer_replays(struct world *world)
{
    struct ws_claims claims;
    struct ws_claim all[MADE_ENTRIES];
    struct ws_statement emission = made_emission("a.example/m", 1, NULL, 0);
    struct ws_statement rotation = {
        .kind = WS_STATEMENT_KEY_CHANGE,
        .key_change = {.old_key = made_key_text(&world->alpha, &world->made),
                       .new_key = made_key_text(&world->next, &world->made)}};
    uint64_t first = say(world, &world->alpha, &emission);
    say(world, &world->alpha, &rotation);
    uint64_t again = made_tree_add(&world->tree, world->tree.entries[first]);
    read_log(world, &claims, all, soon);
    ws_claims_close(&claims);
    return all[first].standing == WS_CLAIM_COUNTS && all[again].standing == WS_CLAIM_UNTIMELY
               ? UNTIMELY
               : OUTCOME_COUNT;
}

/* The log -------------------------------------------------------------------------------------- */

/* It took the client's entry and has another in its place. */
static enum outcome log_omits(struct world *world)
{
    pin(world);
    struct ws_bytes entry = ws_bytes_of_text("what was acknowledged");
    made_tree_grow(&world->tree, PINNED + 1, "entry", &world->made);
    struct ws_bytes note = publish(world, &world->tree, PINNED + 1, NOW);
    assert_int_equal(show(world, note, &world->tree), ACCEPTED);
    return find_entry(world, note, &world->tree, entry);
}

static enum outcome log_forks(struct world *world)
{
    pin(world);
    make_another(world);
    return show(world, publish(world, &world->other, PINNED, NOW), &world->other);
}

static enum outcome log_rolls_back(struct world *world)
{
    struct ws_bytes before = publish(world, &world->tree, PINNED - 1, NOW);
    pin(world);
    return show(world, before, &world->tree);
}

/* An entry of today among those of before. */
static enum outcome log_backdates(struct world *world)
{
    pin(world);
    world->other.size = 2;
    made_tree_add(&world->other, ws_bytes_of_text("always was here"));
    for (uint64_t i = 2; i < PINNED; i++)
        made_tree_add(&world->other, world->tree.entries[i]);
    return show(world, publish(world, &world->other, PINNED + 1, NOW), &world->other);
}

/* It grows for others, and the client sees what it always saw. */
static enum outcome log_withholds(struct world *world)
{
    pin(world);
    struct ws_bytes note = publish(world, &world->tree, PINNED, NOW);
    made_tree_grow(&world->tree, PINNED + 1, "entry", &world->made);
    (void)publish(world, &world->tree, PINNED + 1, NOW);
    world->book.now += MADE_DAY;
    return show(world, note, &world->tree);
}

/* An old checkpoint for a client that has no pin. */
static enum outcome log_replays(struct world *world)
{
    struct ws_bytes before = publish(world, &world->tree, PINNED - 1, NOW - MADE_DAY);
    (void)publish(world, &world->tree, PINNED, NOW);
    return show(world, before, &world->tree);
}

/* No witness sees to it: what the client itself saw is all that it has. */
static enum outcome unseen(enum outcome outcome)
{
    return outcome == ACCEPTED ? UNSEEN : outcome;
}

static enum outcome lone_log_withholds(struct world *world)
{
    return unseen(log_withholds(world));
}

static enum outcome lone_log_replays(struct world *world)
{
    return unseen(log_replays(world));
}

/* Mirrors and caches --------------------------------------------------------------------------- */

/* The log has the entry, and the mirror another in its place. */
static enum outcome mirror_omits(struct world *world)
{
    made_tree_grow(&world->tree, PINNED + 1, "entry", &world->made);
    made_tree_grow(&world->other, PINNED + 1, "another", &world->made);
    struct ws_bytes note = publish(world, &world->tree, PINNED + 1, NOW);
    assert_int_equal(find_entry(world, note, &world->tree, world->tree.entries[PINNED]), ACCEPTED);
    return find_entry(world, note, &world->other, world->other.entries[PINNED]);
}

static enum outcome mirror_forks(struct world *world)
{
    pin(world);
    make_another(world);
    made_tree_grow(&world->tree, PINNED + 1, "entry", &world->made);
    return show(world, publish(world, &world->tree, PINNED + 1, NOW), &world->other);
}

/* Flips a bit of the time for which the first witness signed. */
static enum outcome mirror_backdates(struct world *world)
{
    enum { TIME = 8 }; /* base64 digits to one of the time's, behind the id */
    struct ws_bytes note = publish(world, &world->tree, PINNED, NOW);
    char *changed = ws_arena_text_of(&world->made.arena, note.data, note.size);
    char *line = strstr(changed, "\n— w0 ");
    assert_non_null(line);
    line += strlen("\n— w0 ") + TIME;
    *line = *line == 'A' ? 'B' : 'A';
    return show(world, ws_bytes_of(changed, note.size), &world->tree);
}

static enum ws_status prove_nothing(void *user, uint64_t old_size, uint64_t size,
                                    struct ws_merkle_proof *out, struct ws_error *err)
{
    (void)user, (void)old_size, (void)size, (void)out;
    return ws_fail(err, WS_IO, "the mirror does not answer");
}

static enum outcome mirror_withholds(struct world *world)
{
    const struct ws_pin_prover prover = {prove_nothing, NULL};
    pin(world);
    struct ws_bytes old = publish(world, &world->tree, PINNED, NOW);
    made_tree_grow(&world->tree, PINNED + 1, "entry", &world->made);
    struct ws_bytes note = publish(world, &world->tree, PINNED + 1, NOW);
    enum ws_status status = ws_pin_accept(&world->book, note, &prover, &world->made.arena,
                                          &world->result, &world->made.err);
    bool no_answer = status == WS_IO && !world->result.evidence;
    assert_int_equal(show(world, old, &world->tree), ACCEPTED);
    world->book.now += MADE_DAY;
    assert_int_equal(show(world, old, &world->tree), STALE);
    return no_answer ? NO_ANSWER : OUTCOME_COUNT;
}

/* One witness of the two that are needed ------------------------------------------------------- */

/* Cosigned by those whose time is not 0, whoever agrees. */
static struct ws_bytes cosign(struct world *world, uint64_t first, uint64_t second, uint64_t third)
{
    const uint64_t times[MADE_WITNESSES] = {first, second, third};
    return made_checkpoint(&world->made, &world->tree, PINNED, times);
}

static enum outcome witness_omits(struct world *world)
{
    return show(world, cosign(world, 0, NOW, NOW), &world->tree);
}

static enum outcome witness_forks(struct world *world)
{
    world->witnesses[0].lies = true;
    return log_forks(world);
}

/* A smaller tree, signed and cosigned anew. */
static enum outcome witness_rolls_back(struct world *world)
{
    pin(world);
    world->witnesses[0].lies = true;
    return show(world, publish(world, &world->tree, PINNED - 1, NOW), &world->tree);
}

static enum outcome dated(struct world *world, struct ws_bytes note, uint64_t date)
{
    return show(world, note, &world->tree) == ACCEPTED && world->result.checkpoint.time == date
               ? HONEST_DATE
               : OUTCOME_COUNT;
}

static enum outcome witness_backdates(struct world *world)
{
    return dated(world, cosign(world, 1, NOW - 20, NOW - 10), NOW - 20);
}

/* It cosigns a year late, or so it says. */
static enum outcome witness_withholds(struct world *world)
{
    return dated(world, cosign(world, NOW + 365 * UINT64_C(86400), NOW - 20, NOW - 10), NOW - 10);
}

/* What it signed for nine entries stands under ten. */
static enum outcome witness_replays(struct world *world)
{
    struct ws_buffer note;
    struct ws_bytes old = publish(world, &world->tree, PINNED - 1, NOW);
    struct ws_bytes fresh = cosign(world, 0, NOW, 0);
    const char *text = ws_arena_text_of(&world->made.arena, old.data, old.size);
    const char *line = strstr(text, "\n— w0 ");
    assert_non_null(line);
    ws_buffer_init(&note, NULL, WS_NOTE_LIMIT);
    ws_buffer_append(&note, fresh.data, fresh.size);
    ws_buffer_append(&note, line + 1, (size_t)(strchr(line + 1, '\n') - line));
    enum outcome outcome = show(world, ws_buffer_bytes(&note), &world->tree);
    ws_buffer_release(&note);
    return outcome;
}

/* The table ------------------------------------------------------------------------------------ */

static const struct {
    const char *liar, *lie, *how;
    void (*open)(struct world *world);
    enum outcome (*run)(struct world *world);
    enum outcome wanted;
} cells[] = {
    {"issuer", "omit", "does not log what its model made", open_world, issuer_omits, UNKNOWN},
    {"issuer", "fork", "says two things of the same documents", open_world, issuer_forks,
     BOTH_SEEN},
    {"issuer", "roll back", "takes back what it said", open_world, issuer_rolls_back, WITHDRAWN},
    {"issuer", "backdate", "says that it began long ago", open_world, issuer_backdates, START_CUT},
    {"issuer", "withhold", "logs what others have archived by then", open_world, issuer_withholds,
     ARCHIVE},
    {"issuer", "replay", "logs a statement of a retired key again", open_world, issuer_replays,
     UNTIMELY},
    {"log", "omit", "leaves out what it acknowledged", open_world, log_omits, NOT_INCLUDED},
    {"log", "fork", "shows another history", open_world, log_forks, FORKED},
    {"log", "roll back", "shows what it was before", open_world, log_rolls_back, SMALLER},
    {"log", "backdate", "puts an entry among old ones", open_world, log_backdates, UNPROVEN},
    {"log", "withhold", "shows a client no growth", open_world, log_withholds, STALE},
    {"log", "replay", "shows a new client an old checkpoint", open_world, log_replays, STALE},
    {"mirror or CDN", "omit", "serves another entry in its place", open_world, mirror_omits,
     NOT_INCLUDED},
    {"mirror or CDN", "fork", "serves tiles of another history", open_world, mirror_forks,
     UNPROVEN},
    {"mirror or CDN", "roll back", "serves an old checkpoint", open_world, log_rolls_back, SMALLER},
    {"mirror or CDN", "backdate", "changes a cosignature's time", open_world, mirror_backdates,
     UNTRUSTED},
    {"mirror or CDN", "withhold", "does not answer", open_world, mirror_withholds, NO_ANSWER},
    {"mirror or CDN", "replay", "serves a new client an old checkpoint", open_world, log_replays,
     STALE},
    {"k-1 witnesses", "omit", "do not cosign", open_world, witness_omits, ACCEPTED},
    {"k-1 witnesses", "fork", "cosign another history, with the log", open_world, witness_forks,
     FORKED},
    {"k-1 witnesses", "roll back", "cosign fewer entries anew, with the log", open_world,
     witness_rolls_back, UNTRUSTED},
    {"k-1 witnesses", "backdate", "cosign with a time long past", open_world, witness_backdates,
     HONEST_DATE},
    {"k-1 witnesses", "withhold", "cosign a year late", open_world, witness_withholds, HONEST_DATE},
    {"k-1 witnesses", "replay", "let an old cosignature stand below more entries", open_world,
     witness_replays, UNTRUSTED},
    {"log without witnesses", "omit", "leaves out what it acknowledged",
     open_world_without_witnesses, log_omits, NOT_INCLUDED},
    {"log without witnesses", "fork", "shows another history", open_world_without_witnesses,
     log_forks, FORKED},
    {"log without witnesses", "roll back", "shows what it was before", open_world_without_witnesses,
     log_rolls_back, SMALLER},
    {"log without witnesses", "backdate", "puts an entry among old ones",
     open_world_without_witnesses, log_backdates, UNPROVEN},
    {"log without witnesses", "withhold", "shows a client no growth", open_world_without_witnesses,
     lone_log_withholds, UNSEEN},
    {"log without witnesses", "replay", "shows a new client an old checkpoint",
     open_world_without_witnesses, lone_log_replays, UNSEEN},
};

static bool is_documented(const char *row, struct ws_arena *arena)
{
    struct ws_bytes document;
    assert_int_equal(
        ws_file_read(WS_SOURCE_DIR "/docs/formats/trust.md", 1 << 20, arena, &document, NULL),
        WS_OK);
    return strstr(ws_arena_text_of(arena, document.data, document.size), row) != NULL;
}

static void liars__bring_a_client_to_what_is_documented(void **state)
{
    (void)state;
    size_t wrong = 0;
    puts("| liar | lie | what it does | what a client comes to |\n|---|---|---|---|");
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct world world;
        char row[400];
        cells[i].open(&world);
        enum outcome outcome = cells[i].run(&world);
        (void)snprintf(row, sizeof row, "| %s | %s | %s | %s |", cells[i].liar, cells[i].lie,
                       cells[i].how, outcome < OUTCOME_COUNT ? texts[outcome] : "something else");
        puts(row);
        if (outcome != cells[i].wanted || !is_documented(row, &world.made.arena))
            wrong++;
        close_world(&world);
    }
    if (wrong > 0)
        fail_msg("%zu cells are not as the table of docs/formats/trust.md has them", wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(liars__bring_a_client_to_what_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
