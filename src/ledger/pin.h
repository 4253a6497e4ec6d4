/*
 * What a client remembers of logs: of each the last checkpoint that it accepted, its pin. The next
 * one must be proven to go on from there, so that a log that once showed itself to a client cannot
 * take back what it showed. Clients of one directory may be several processes.
 *
 *     <directory>/<SHA-256 of the origin in hex>/checkpoint       the pin, as it was signed
 *     <directory>/<...>/evidence/<size>-<root>                    what contradicts it, and it
 *     <directory>/<...>/lock
 *
 * Contract: tests/unit/test_pin.c, tests/fault/test_liars.c.
 */
#ifndef WS_LEDGER_PIN_H
#define WS_LEDGER_PIN_H

#include "ledger/trust.h"

/* clang-format off */
/*    name       status    what a client says */
#define WS_PIN_MAP(X)                                                                              \
    X(FIRST,     OK,       "the first checkpoint of this log that was seen here")                  \
    X(SAME,      OK,       "the log did not grow")                                                 \
    X(GROWN,     OK,       "the log grew, and all that was there before still is")                 \
    X(APART,     OK,       "of another size than what was seen here before: not compared")         \
    X(UNTRUSTED, CORRUPT,  "not signed and cosigned as the policy wants")                          \
    X(FORKED,    CORRUPT,  "the log signed two trees of one size")                                 \
    X(SMALLER,   CONFLICT, "older than what was seen here before")                                 \
    X(STALE,     CONFLICT, "older than the policy lets a checkpoint be")                           \
    X(AHEAD,     CONFLICT, "dated later than the clock of this machine says")                      \
    X(UNPROVEN,  CORRUPT,  "nobody proves that it goes on from what was seen here before")
/* clang-format on */

enum ws_pin_verdict {
#define X(name, status, text) WS_PIN_##name,
    WS_PIN_MAP(X)
#undef X
        WS_PIN_VERDICTS
};
const char *ws_pin_text(enum ws_pin_verdict verdict);

/* Where a proof of consistency comes from. It is checked, whoever made it. */
struct ws_pin_prover {
    enum ws_status (*prove)(void *user, uint64_t old_size, uint64_t size,
                            struct ws_merkle_proof *out, struct ws_error *err);
    void *user;
};
/* From the log's nodes: those of tiles (ws_log_reader_nodes). */
struct ws_pin_prover ws_pin_prover_of(struct ws_merkle_nodes *nodes);

struct ws_pin_book {
    const char *directory; /* made when there is none; NULL for ws_pin_accept: nothing is kept */
    const struct ws_trust *trust;
    uint64_t max_age; /* seconds, of ws_roles; 0: none */
    uint64_t now;     /* POSIX seconds */
};

struct ws_pin_result {
    enum ws_pin_verdict verdict; /* set also where the checkpoint is refused */
    struct ws_trusted_checkpoint checkpoint;
    /* Where the two checkpoints are that cannot both be true; NULL without. */
    const char *evidence;
};

/* Takes a checkpoint for the pin of its log, or refuses it with the verdict's status: the pin stays
 * as it was. What the prover fails with is returned as it is, with the verdict WS_PIN_UNPROVEN. */
WS_MUST_CHECK enum ws_status ws_pin_accept(const struct ws_pin_book *book, struct ws_bytes note,
                                           const struct ws_pin_prover *prover,
                                           struct ws_arena *arena, struct ws_pin_result *out,
                                           struct ws_error *err);

/* The same without a log that could prove growth: a first checkpoint is pinned, whatever its age,
 * and one of the pin's size held to it. Of another size nothing can be said: WS_PIN_APART. */
WS_MUST_CHECK enum ws_status ws_pin_compare(const struct ws_pin_book *book, struct ws_bytes note,
                                            struct ws_arena *arena, struct ws_pin_result *out,
                                            struct ws_error *err);

/* The pin of a log: as it was signed, and what it says. WS_NOT_FOUND. */
WS_MUST_CHECK enum ws_status ws_pin_read(const struct ws_pin_book *book, const char *origin,
                                         struct ws_arena *arena, struct ws_bytes *note,
                                         struct ws_trusted_checkpoint *out, struct ws_error *err);

#endif
