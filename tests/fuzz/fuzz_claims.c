/*
 * Statements from anywhere, one a line, each signed by the party that its first byte says: whatever
 * they are, keys speak from an entry on and up to another, and what was revoked stays so.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

enum { SIGNERS = 5, ENTRIES = 16 };

/* Two parties, root keys of the first, and a stranger. */
static const char *const names[SIGNERS] = {"a", "b", "r", "s", "x"};

struct world {
    struct ws_arena arena;
    struct ws_note_signer signers[SIGNERS];
    struct ws_trust trust;
    struct ws_roles roles;
    struct ws_bytes entries[ENTRIES];
    struct ws_claims claims;
};

static enum ws_status read_entry(void *user, uint64_t index, struct ws_arena *arena,
                                 struct ws_bytes *out, struct ws_error *err)
{
    const struct world *world = user;
    (void)arena, (void)err;
    require(index < world->claims.size);
    *out = world->entries[index];
    return WS_OK;
}

/* The beginning of SHA-256(name, line's end, type, public key). */
static uint32_t id_of(const struct ws_note_signer *signer)
{
    struct ws_buffer typed;
    struct ws_hash hash;
    ws_buffer_init(&typed, NULL, SIZE_MAX);
    ws_buffer_format(&typed, "%s\n%c", signer->name, (int)signer->type);
    ws_buffer_append(&typed, signer->private_key.public_bytes, WS_ED25519_KEY_SIZE);
    require(ws_hash_of(ws_buffer_bytes(&typed), &hash, NULL) == WS_OK);
    ws_buffer_release(&typed);
    return (uint32_t)hash.bytes[0] << 24 | (uint32_t)hash.bytes[1] << 16 |
           (uint32_t)hash.bytes[2] << 8 | hash.bytes[3];
}

/* The same keys each time, so that the corpus can name them. */
static void append_key(struct world *world, const char *line, size_t i, struct ws_buffer *roles)
{
    struct ws_note_key key;
    struct ws_note_signer *signer = &world->signers[i];
    uint8_t seed[WS_ED25519_KEY_SIZE] = {(uint8_t)i};
    *signer = (struct ws_note_signer){.name = names[i], .type = WS_KEY_ED25519};
    require(ws_ed25519_private_open(seed, &signer->private_key, NULL) == WS_OK);
    signer->id = id_of(signer);
    require(ws_note_signer_key(signer, &key, NULL) == WS_OK);
    ws_buffer_text(roles, line);
    ws_note_key_append(roles, &key);
    ws_buffer_u8(roles, '\n');
    ws_note_key_close(&key);
}

static void open_world(struct world *world)
{
    struct ws_buffer roles;
    ws_arena_init(&world->arena, NULL);
    ws_buffer_init(&roles, NULL, SIZE_MAX);
    ws_buffer_text(&roles, "urn:wellspring:roles:v1\n");
    static const char *const lines[SIGNERS] = {"key a ", "key b ", "root a ", "root a ", "# "};
    for (size_t i = 0; i < SIGNERS; i++)
        append_key(world, lines[i], i, &roles);
    ws_buffer_text(&roles, "issuer a m\nissuer b m\narchive b c\n");
    require(ws_trust_read(ws_bytes_of_text("quorum none\n"), "policy", &world->arena, &world->trust,
                          NULL) == WS_OK);
    require(ws_roles_read(ws_buffer_bytes(&roles), "roles", &world->trust, &world->arena,
                          &world->roles, NULL) == WS_OK);
    ws_buffer_release(&roles);
    require(ws_claims_open(&world->claims, &world->roles, (struct ws_claims_log){read_entry, world},
                           NULL, NULL) == WS_OK);
}

static void close_world(struct world *world)
{
    ws_claims_close(&world->claims);
    for (size_t i = 0; i < SIGNERS; i++)
        ws_note_signer_close(&world->signers[i]);
    ws_roles_close(&world->roles);
    ws_trust_close(&world->trust);
    ws_arena_release(&world->arena);
}

/* False where the envelope would be too long. */
static bool wrap(struct world *world, size_t signer, struct ws_bytes payload, struct ws_bytes *out)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    bool is_short = ws_envelope_append(&text, WS_STATEMENT_PAYLOAD_TYPE, payload,
                                       &world->signers[signer], &world->arena, NULL) == WS_OK;
    *out = ws_bytes_of(ws_arena_copy(&world->arena, text.data, text.size), text.size);
    ws_buffer_release(&text);
    return is_short;
}

static void look_at(const struct ws_claims *claims, const struct ws_claim *claim)
{
    uint64_t at = 0;
    for (size_t i = 0; i < claims->key_count; i++) {
        const struct ws_claims_key *key = &claims->keys[i];
        require(key->from < claims->size && key->party < claims->roles->party_count);
        require(key->introducer == WS_CLAIMS_NO_KEY || key->introducer < i);
    }
    for (size_t i = 0; i < claims->withdrawal_count; i++) {
        require(claims->withdrawals[i].entry < claims->withdrawals[i].at);
        require(i == 0 || claims->withdrawals[i - 1].entry <= claims->withdrawals[i].entry);
    }
    if (claim->standing == WS_CLAIM_COUNTS) {
        require(claim->party == claims->keys[claim->key].party);
        require(ws_claims_fate(claims, claim->index, claim->key, &at) == WS_CLAIM_HOLDS);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {.entries[0].size = 0};
    struct ws_bytes text = ws_bytes_of(data, size), line;
    uint64_t until[64];
    open_world(&world);
    while (world.claims.size < ENTRIES && ws_bytes_split(text, '\n', &line, &text)) {
        struct ws_claim claim;
        uint64_t index = world.claims.size;
        size_t before = world.claims.key_count;
        size_t signer = line.size > 0 ? line.data[0] % SIGNERS : 0;
        struct ws_bytes payload = line.size > 0 ? ws_bytes_of(line.data + 1, line.size - 1) : line;
        if (!wrap(&world, signer, payload, &world.entries[index]))
            break;
        for (size_t i = 0; i < before; i++)
            until[i] = world.claims.keys[i].until;
        require(ws_claims_read(&world.claims, world.entries[index], 0, &world.arena, &claim,
                               NULL) == WS_OK);
        for (size_t i = 0; i < before; i++)
            require(world.claims.keys[i].until <= until[i]);
        require(world.claims.size == index + 1);
        look_at(&world.claims, &claim);
    }
    close_world(&world);
    return 0;
}
