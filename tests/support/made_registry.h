/*
 * A registry in directories of its own: a log with dates of the test's choice, shards of texts that
 * nobody else has, and whoever looks a text up. The policy wants two of the witnesses w0, w1 and
 * w2; max-delay is three days. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_MADE_REGISTRY_H
#define WS_TESTS_MADE_REGISTRY_H

#include "base/rng.h"
#include "ledger/kept_checkpoints.h"
#include "ledger/lookup.h"
#include "ledger/shard_writer.h"
#include "support/made_statements.h"
#include "support/place.h"

enum { REGISTRY_TEXTS = 32, REGISTRY_WORDS = 300 };
enum registry_party {
    ALPHA,
    BRAVO,
    ARCHIVE,
    MIRROR,
    SECOND_MIRROR,
    THIRD_MIRROR,
    STRANGER,
    REGISTRY_PARTIES
};

static const char *const registry_names[REGISTRY_PARTIES] = {"alpha",  "bravo", "archive", "mirror",
                                                             "second", "third", "stranger"};

struct made_registry {
    struct made_parties made;
    struct ws_note_signer signers[REGISTRY_PARTIES];
    struct made_tree tree;
    struct place place; /* log/, shards/, policy, roles */
    uint64_t published; /* entries of the last checkpoint */
    size_t shards, indices, openings;
    struct ws_bytes asked;          /* what is looked up, where a test has it here */
    const char *index;              /* NULL: none is used */
    const struct ws_shard_key *key; /* of the shards that are made next; NULL: none */
    struct ws_lookup_request request;
    struct ws_dispute dispute; /* of the reader; since 0: none */
};

static inline const char *registry_path(struct made_registry *r, const char *name)
{
    const char *path = ws_arena_format(&r->made.arena, "%s/%s", r->place.path, name);
    assert_non_null(path);
    return path;
}

static inline void registry_file(struct made_registry *r, const char *name, struct ws_bytes bytes)
{
    assert_int_equal(ws_file_place(registry_path(r, name), bytes, NULL), WS_OK);
}

/* A key of cosignatures that a mirror never uses here. */
static inline const char *registry_stored_key(struct made_registry *r)
{
    struct ws_note_signer stored;
    assert_int_equal(
        ws_note_signer_make("stored", WS_KEY_COSIGNATURE, &r->made.arena, &stored, NULL), WS_OK);
    const char *text = made_key_text(&stored, &r->made);
    ws_note_signer_close(&stored);
    return text;
}

static inline void registry_trust(struct made_registry *r)
{
    struct made_parties *made = &r->made;
    const char *vkeys[REGISTRY_PARTIES];
    for (size_t i = 0; i < REGISTRY_PARTIES; i++)
        vkeys[i] = made_key_text(&r->signers[i], made);
    const char *roles = ws_arena_format(
        &made->arena,
        "key alpha %s\nkey bravo %s\nkey archive %s\nissuer alpha example.com/alpha\nissuer bravo "
        "example.com/bravo\narchive archive example.org\nmax-delay %d\nmax-opening %d\n",
        vkeys[ALPHA], vkeys[BRAVO], vkeys[ARCHIVE], 3 * MADE_DAY, MADE_DAY);
    for (enum registry_party party = MIRROR; party <= THIRD_MIRROR; party++)
        roles = ws_arena_format(&made->arena, "%skey %s %s\nmirror %s %s http://127.0.0.1:1/%d\n",
                                roles, registry_names[party], vkeys[party], registry_names[party],
                                registry_stored_key(r), (int)party);
    const char *policy = ws_arena_format(&made->arena, "log %s\n", made_key_text(&made->log, made));
    for (size_t i = 0; i < 3; i++)
        policy = ws_arena_format(&made->arena, "%switness w%zu %s\n", policy, i,
                                 made_key_text(&made->witnesses[i], made));
    policy = ws_arena_format(&made->arena, "%sgroup two 2 w0 w1 w2\nquorum two\n", policy);
    made_parties_trust(made, "group two 2 w0 w1 w2\nquorum two\n", roles);
    registry_file(r, "policy", ws_bytes_of_text(policy));
    registry_file(
        r, "roles",
        ws_bytes_of_text(ws_arena_format(&made->arena, "urn:wellspring:roles:v1\n%s", roles)));
}

static inline void registry_begin(struct made_registry *r)
{
    *r = (struct made_registry){.shards = 0};
    made_parties_begin(&r->made);
    new_place(&r->place);
    for (size_t i = 0; i < REGISTRY_PARTIES; i++)
        assert_int_equal(ws_note_signer_make(registry_names[i], WS_KEY_ED25519, &r->made.arena,
                                             &r->signers[i], NULL),
                         WS_OK);
    registry_trust(r);
    assert_int_equal(ws_directory_make(registry_path(r, "shards"), NULL), WS_OK);
    r->request = (struct ws_lookup_request){
        .log = registry_path(r, "log"),
        .policy = registry_path(r, "policy"),
        .roles = registry_path(r, "roles"),
        .shards = registry_path(r, "shards"),
        .now = MADE_STARTED + UINT64_C(100) * MADE_DAY,
    };
}

static inline void registry_end(struct made_registry *r)
{
    for (size_t i = 0; i < REGISTRY_PARTIES; i++)
        ws_note_signer_close(&r->signers[i]);
    remove_place(&r->place);
    made_parties_close(&r->made);
}

/* Some 2,700 characters that no text of another number has. */
static inline struct ws_bytes registry_text(struct made_registry *r, uint64_t number)
{
    struct ws_buffer text;
    struct ws_rng rng;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 7, 0, 0), number);
    for (size_t i = 0; i < REGISTRY_WORDS; i++)
        ws_buffer_format(&text, "%08x ", (unsigned)ws_rng_u64(&rng));
    assert_int_equal(text.status, WS_OK);
    const struct ws_bytes bytes = {ws_arena_copy(&r->made.arena, text.data, text.size), text.size};
    ws_buffer_release(&text);
    return bytes;
}

static inline struct ws_bytes registry_join(struct made_registry *r, struct ws_bytes a,
                                            struct ws_bytes b)
{
    uint8_t *both = ws_arena_alloc(&r->made.arena, a.size + b.size, 1);
    assert_non_null(both);
    memcpy(both, a.data, a.size);
    memcpy(both + a.size, b.data, b.size);
    return ws_bytes_of(both, a.size + b.size);
}

static inline struct ws_query registry_query(struct made_registry *r, struct ws_bytes text)
{
    struct ws_query_reader reader;
    struct ws_query query;
    assert_int_equal(ws_query_open(&reader, NULL, NULL), WS_OK);
    assert_int_equal(ws_query_add(&reader, text, NULL), WS_OK);
    assert_int_equal(ws_query_end(&reader, &query, NULL), WS_OK);
    if (query.mark_count > 0)
        query.marks =
            ws_arena_copy(&r->made.arena, query.marks, query.mark_count * sizeof *query.marks);
    ws_query_close(&reader);
    return query;
}

/* The head of the shard that was made last. */
static inline const char *registry_last_shard(struct made_registry *r)
{
    return registry_path(r, ws_arena_format(&r->made.arena, "shards/%zu", r->shards - 1));
}

/* A shard of so many documents, equal ones; the digest of its head. */
static inline struct ws_hash registry_shard_of_keys(struct made_registry *r, const uint64_t *keys,
                                                    size_t count, const struct ws_hash *document,
                                                    unsigned documents)
{
    struct ws_shard_settings settings = {.scheme = WS_FINGERPRINT_ID, .key = r->key};
    struct ws_shard_writer writer;
    struct ws_shard_head head;
    struct ws_shard shard;
    settings.secret[0] = (uint8_t)++r->shards;
    const char *path = registry_last_shard(r);
    assert_int_equal(ws_shard_writer_open(&writer, &settings, NULL, NULL), WS_OK);
    for (unsigned d = 0; d < documents; d++) {
        assert_int_equal(ws_shard_writer_add(&writer, keys, count, NULL), WS_OK);
        assert_int_equal(ws_shard_writer_end(&writer, document, NULL), WS_OK);
    }
    assert_int_equal(ws_shard_writer_keep(&writer, path, &head, NULL), WS_OK);
    ws_shard_writer_close(&writer);
    assert_int_equal(ws_shard_open(&shard, path, NULL), WS_OK);
    const struct ws_hash digest = shard.digest;
    ws_shard_close(&shard);
    return digest;
}

/* The fingerprints of a text, and as many as `more` of them that follow 0. */
static inline uint64_t *registry_keys(struct made_registry *r, const struct ws_query *query,
                                      size_t more)
{
    uint64_t *keys = WS_ARENA_NEW(&r->made.arena, uint64_t, query->mark_count + more);
    assert_non_null(keys);
    for (size_t i = 0; i < query->mark_count; i++)
        keys[i] = query->marks[i].value;
    for (size_t i = 0; i < more; i++)
        keys[query->mark_count + i] = i;
    return keys;
}

/* A shard of so many documents of one text. */
static inline struct ws_hash registry_shard_of(struct made_registry *r, struct ws_bytes text,
                                               unsigned documents)
{
    const struct ws_query query = registry_query(r, text);
    return registry_shard_of_keys(r, registry_keys(r, &query, 0), query.mark_count, &query.digest,
                                  documents);
}

static inline struct ws_hash registry_shard(struct made_registry *r, struct ws_bytes text)
{
    return registry_shard_of(r, text, 1);
}

static inline uint64_t registry_say(struct made_registry *r, enum registry_party party,
                                    struct ws_statement statement, const struct ws_hash *digest)
{
    struct ws_statement_subject subject = {.name = "shard"};
    if (digest) {
        subject.digest = *digest;
        statement.subjects = &subject;
        statement.subject_count = 1;
    }
    return made_tree_add(&r->tree,
                         made_entry(&r->made, &r->signers[party], &statement, r->tree.size));
}

/* The issuer of the shard that was made as number `shard`, from 0, shows its document of this text:
 * with the text that he says it is, of no bytes for none. */
static inline void registry_show(struct made_registry *r, size_t shard, struct ws_bytes document,
                                 struct ws_bytes text)
{
    const uint8_t secret[WS_SHARD_SECRET_SIZE] = {(uint8_t)(shard + 1)};
    const struct ws_query query = registry_query(r, document);
    const char *name = ws_arena_format(&r->made.arena, "openings/%zu", r->openings++);
    struct ws_shard_opening opening;
    struct ws_shard from;
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    r->request.openings = registry_path(r, "openings");
    assert_int_equal(ws_directory_make(r->request.openings, NULL), WS_OK);
    const char *path = registry_path(r, ws_arena_format(&r->made.arena, "shards/%zu", shard));
    assert_int_equal(ws_shard_open(&from, path, NULL), WS_OK);
    assert_int_equal(ws_shard_open_commitment(&from, secret, &query.digest, &opening, NULL), WS_OK);
    opening.text = text;
    ws_shard_opening_append(&bytes, &opening);
    assert_int_equal(bytes.status, WS_OK);
    registry_file(r, name, ws_buffer_bytes(&bytes));
    ws_buffer_release(&bytes);
    ws_shard_close(&from);
}

static inline struct ws_statement registry_emission(enum registry_party party)
{
    struct ws_statement s =
        made_emission(party == ALPHA ? "example.com/alpha/1" : "example.com/bravo/1", 1, NULL, 0);
    s.emission.depth.has_most = true;
    s.emission.depth.at_most = 3;
    return s;
}

/* The party's model made the text, or the archive captured it: the entry. */
static inline uint64_t registry_claim(struct made_registry *r, enum registry_party party,
                                      struct ws_bytes text)
{
    const struct ws_hash digest = registry_shard(r, text);
    return registry_say(r, party,
                        party == ARCHIVE ? made_archive("example.org/1") : registry_emission(party),
                        &digest);
}

/* All that was said so far, in a checkpoint that the witnesses cosign so many days after
 * MADE_STARTED. */
static inline void registry_publish_with(struct made_registry *r, const uint64_t times[4])
{
    struct ws_arena *arena = &r->made.arena;
    struct ws_buffer hashes, bundle;
    const uint64_t size = r->tree.size;
    const struct ws_bytes note = made_checkpoint(&r->made, &r->tree, size, times);
    struct ws_tile tile = {.width = (unsigned)size};
    char name[WS_TILE_PATH_SIZE];
    ws_buffer_init(&hashes, NULL, SIZE_MAX);
    ws_buffer_init(&bundle, NULL, SIZE_MAX);
    for (size_t i = 0; i < size; i++) {
        ws_buffer_append(&hashes, r->tree.leaves[i].bytes, WS_HASH_SIZE);
        ws_bundle_append(&bundle, r->tree.entries[i]);
    }
    ws_tile_path(&tile, name);
    registry_file(r, ws_arena_format(arena, "log/%s", name), ws_buffer_bytes(&hashes));
    tile.is_bundle = true;
    ws_tile_path(&tile, name);
    registry_file(r, ws_arena_format(arena, "log/%s", name), ws_buffer_bytes(&bundle));
    registry_file(r, "log/checkpoint", note);
    registry_file(r, ws_arena_format(arena, "log/%s", ws_kept_name(arena, size)), note);
    registry_file(r, ws_arena_format(arena, "log/%s", ws_kept_next_name(arena, r->published)),
                  ws_bytes_of_text(ws_arena_format(arena, "%u\n", (unsigned)size)));
    r->published = size;
    ws_buffer_release(&hashes);
    ws_buffer_release(&bundle);
}

static inline void registry_publish(struct made_registry *r, uint64_t days)
{
    const uint64_t time = MADE_STARTED + days * MADE_DAY;
    registry_publish_with(r, (const uint64_t[4]){time, time, time, 0});
}

/* What a mirror writes of itself in place of what it found. */
typedef void lie_of_mirror(struct ws_index_list *list, const struct ws_shard **live);

/* A mirror's index of what was published, of the shards that are there now; used from the next
 * checkpoint on. `lie` may be NULL. */
static inline void registry_write_index(struct made_registry *r, lie_of_mirror *lie)
{
    struct made_parties *made = &r->made;
    struct ws_log_source source;
    struct ws_shard_shelf shelf;
    struct ws_index_list list;
    struct ws_index_head head;
    const struct ws_shard **live;
    struct ws_bytes text;
    struct ws_hash roles;
    struct ws_index_plan plan = {.source = &source,
                                 .roles = &made->roles,
                                 .roles_digest = &roles,
                                 .scheme = WS_FINGERPRINT_ID};
    struct ws_frontier frontier = {.size = 0};
    for (size_t i = 0; i < r->published; i++)
        ws_frontier_add(&frontier, &r->tree.leaves[i]);
    plan.log = (struct ws_checkpoint){.origin = "log.example", .size = r->published};
    ws_frontier_root(&frontier, &plan.log.root);
    text = contents(&made->arena, r->request.roles);
    assert_int_equal(ws_hash_of(text, &roles, NULL), WS_OK);
    assert_int_equal(ws_log_source_open(r->request.log, &source, NULL), WS_OK);
    assert_int_equal(ws_shard_shelf_open(&shelf, r->request.shards, &made->arena, NULL), WS_OK);
    assert_int_equal(
        ws_index_take_stock(&plan, &shelf, NULL, NULL, &made->arena, &list, &live, NULL), WS_OK);
    if (lie)
        lie(&list, live);
    r->request.index = registry_path(r, ws_arena_format(&made->arena, "%zu.index", r->indices++));
    assert_int_equal(ws_index_write(r->request.index, &list, live, NULL, &head, NULL), WS_OK);
    ws_shard_shelf_close(&shelf);
    ws_log_source_close(&source);
}

/* The mirror logs a statement of the index at hand. */
static inline void registry_sign_index(struct made_registry *r, enum registry_party mirror)
{
    struct ws_index index;
    assert_int_equal(ws_index_open(&index, r->request.index, &r->made.arena, NULL), WS_OK);
    const struct ws_checkpoint *log = &index.list.log;
    const struct ws_statement statement = {
        .kind = WS_STATEMENT_INDEX,
        .index = {.log = log->origin, .entries = log->size, .root = log->root}};
    (void)registry_say(r, mirror, statement, &index.digest);
    ws_index_close(&index);
}

static inline void registry_index_of(struct made_registry *r, enum registry_party mirror,
                                     lie_of_mirror *lie)
{
    registry_write_index(r, lie);
    registry_sign_index(r, mirror);
}

static inline void registry_index(struct made_registry *r)
{
    registry_index_of(r, MIRROR, NULL);
}

/* One line more of the roles that the reader has. */
static inline void registry_add_role(struct made_registry *r, const char *line)
{
    const struct ws_bytes roles = contents(&r->made.arena, r->request.roles);
    registry_file(r, "roles",
                  ws_bytes_of_text(ws_arena_format(&r->made.arena, "%.*s%s\n", (int)roles.size,
                                                   (const char *)roles.data, line)));
}

/* The reader wants so many mirrors behind an index; their own roles say the same. */
static inline void registry_want_mirrors(struct made_registry *r, unsigned count)
{
    registry_add_role(r, ws_arena_format(&r->made.arena, "index-quorum %u", count));
}

/* Looking up ----------------------------------------------------------------------------------- */

/* The claims of this entry were doubted so many days after MADE_STARTED. */
static inline void registry_doubt(struct made_registry *r, uint64_t entry, uint64_t days)
{
    r->dispute = (struct ws_dispute){entry, MADE_STARTED + days * MADE_DAY};
}

static inline struct ws_finding_reader registry_reader(const struct ws_lookup *lookup)
{
    return (struct ws_finding_reader){.trust = &lookup->trust,
                                      .roles = &lookup->roles,
                                      .policy_digest = lookup->policy_digest,
                                      .roles_digest = lookup->roles_digest,
                                      .now = MADE_STARTED + UINT64_C(100) * MADE_DAY,
                                      .keys = lookup->keys};
}

static inline void registry_open(struct made_registry *r, struct ws_lookup *lookup)
{
    struct ws_error err;
    if (ws_lookup_open(lookup, &r->request, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* What evidence says to the reader. */
static inline struct ws_finding registry_judge(struct made_registry *r,
                                               const struct ws_lookup *lookup,
                                               const struct ws_evidence *evidence)
{
    struct ws_finding_reader reader = registry_reader(lookup);
    struct ws_finding finding = {.claim_count = 0};
    struct ws_error err;
    reader.disputes = &r->dispute;
    reader.dispute_count = r->dispute.since > 0;
    if (ws_finding_make(evidence, &reader, &r->made.arena, &finding, &err) != WS_OK)
        fail_msg("%s", err.message);
    return finding;
}

static inline struct ws_finding registry_find(struct made_registry *r, struct ws_lookup *lookup,
                                              struct ws_bytes text, struct ws_evidence *evidence)
{
    const struct ws_query query = registry_query(r, text);
    struct ws_error err;
    if (ws_lookup_gather(lookup, &query, &r->made.arena, evidence, &err) != WS_OK)
        fail_msg("%s", err.message);
    return registry_judge(r, lookup, evidence);
}

/* The evidence as a bundle. */
static inline struct ws_bytes registry_bundle(struct made_registry *r,
                                              const struct ws_evidence *evidence)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    assert_int_equal(ws_evidence_append(&bytes, evidence, NULL), WS_OK);
    const struct ws_bytes copy = {ws_arena_copy(&r->made.arena, bytes.data, bytes.size),
                                  bytes.size};
    ws_buffer_release(&bytes);
    return copy;
}

#endif
