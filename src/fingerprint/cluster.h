/*
 * A letter with its marks, put together from decomposed characters as NFC has it, in memory that
 * does not grow: the 31st and later marks on one letter are dropped.
 *
 * Characters are pushed one by one and whole clusters come out, each with the raw code points that
 * it was made of. The text of all clusters is NFC. Contract: tests/unit/test_canon.c.
 */
#ifndef WS_FINGERPRINT_CLUSTER_H
#define WS_FINGERPRINT_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WS_CLUSTER_MARKS = 30, WS_CLUSTER_MOST = WS_CLUSTER_MARKS + 1 };

struct ws_cluster {
    int32_t starter;                 /* maybe a composite; -1: marks with nothing before them */
    int32_t marks[WS_CLUSTER_MARKS]; /* in canonical order */
    unsigned classes[WS_CLUSTER_MARKS];
    size_t mark_count;
    uint64_t begin, end; /* raw code points */
};

static inline bool ws_cluster_is_empty(const struct ws_cluster *cluster)
{
    return cluster->starter < 0 && cluster->mark_count == 0;
}

static inline void ws_cluster_clear(struct ws_cluster *cluster)
{
    cluster->starter = -1;
    cluster->mark_count = 0;
}

/* The cluster begins with this character, which is no mark. */
static inline void ws_cluster_start(struct ws_cluster *cluster, int32_t starter, uint64_t begin,
                                    uint64_t end)
{
    cluster->starter = starter;
    cluster->mark_count = 0;
    cluster->begin = begin;
    cluster->end = end;
}

/* A composite gives back the marks it holds, for one that comes now may belong before them. */
void ws_cluster_take_apart(struct ws_cluster *cluster);

/* Takes a mark of this class, up to raw code point `end`; on an empty cluster it begins one. */
void ws_cluster_mark(struct ws_cluster *cluster, int32_t mark, unsigned class, uint64_t begin,
                     uint64_t end);

/* False where the character, which is no mark, does not join the starter: a new cluster begins. */
bool ws_cluster_join(struct ws_cluster *cluster, int32_t character, uint64_t end);

/* Its characters as NFC has them; how many. */
size_t ws_cluster_compose(const struct ws_cluster *cluster, int32_t out[WS_CLUSTER_MOST]);

#endif
