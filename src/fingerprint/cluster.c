#include "fingerprint/cluster.h"

#include <string.h>

#include "fingerprint/unicode.h"

void ws_cluster_take_apart(struct ws_cluster *cluster)
{
    int32_t parts[WS_UNICODE_PARTS];
    if (cluster->starter < 0xC0 || cluster->mark_count > 0) /* 0xC0: the first composite */
        return;
    size_t count = ws_unicode_parts(cluster->starter, WS_UNICODE_CANONICAL, parts);
    size_t letters = count;
    while (letters > 1 && ws_unicode_class(parts[letters - 1]) > 0)
        letters--;
    if (letters == count || ws_unicode_compose(parts, letters) != 1)
        return;
    cluster->starter = parts[0];
    for (; letters < count; letters++) {
        cluster->classes[cluster->mark_count] = ws_unicode_class(parts[letters]);
        cluster->marks[cluster->mark_count++] = parts[letters];
    }
}

void ws_cluster_mark(struct ws_cluster *cluster, int32_t mark, unsigned class, uint64_t begin,
                     uint64_t end)
{
    if (ws_cluster_is_empty(cluster))
        cluster->begin = begin;
    ws_cluster_take_apart(cluster);
    cluster->end = end;
    if (cluster->mark_count == WS_CLUSTER_MARKS)
        return;
    size_t at = cluster->mark_count++;
    for (; at > 0 && cluster->classes[at - 1] > class; at--) {
        cluster->marks[at] = cluster->marks[at - 1];
        cluster->classes[at] = cluster->classes[at - 1];
    }
    cluster->marks[at] = mark;
    cluster->classes[at] = class;
}

bool ws_cluster_join(struct ws_cluster *cluster, int32_t character, uint64_t end)
{
    int32_t joined[WS_CLUSTER_MOST + 1];
    if (cluster->starter < 0)
        return false;
    size_t count = ws_cluster_compose(cluster, joined);
    if (count != 1)
        return false;
    joined[1] = character;
    if (ws_unicode_compose(joined, 2) != 1)
        return false;
    cluster->starter = joined[0];
    cluster->mark_count = 0;
    cluster->end = end;
    return true;
}

size_t ws_cluster_compose(const struct ws_cluster *cluster, int32_t out[WS_CLUSTER_MOST])
{
    size_t count = 0;
    if (cluster->starter >= 0)
        out[count++] = cluster->starter;
    memcpy(out + count, cluster->marks, cluster->mark_count * sizeof *out);
    count += cluster->mark_count;
    return cluster->mark_count > 0 ? ws_unicode_compose(out, count) : count;
}
