/*
 * A disk that loses its power: what a program writes below a folder is recorded, and any beginning
 * of the record is written out as the disk may be found afterwards. The program is linked with
 * `recorded_calls` of tests/CMakeLists.txt, so that its calls of the system come here.
 *
 * The disk of the model keeps what was synced and may keep or lose anything else, in any order:
 * bytes of a file are kept by a sync of the file, names in a folder by a sync of the folder, all by
 * syncfs. So it is worse than those that there are. Syncs are recorded and not done.
 */
#ifndef WS_TESTS_RECORDED_DISK_H
#define WS_TESTS_RECORDED_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins a new record of what happens below `root`, which is empty. */
void record_from(const char *root);
void record_end(void);
size_t record_size(void); /* operations so far: places where the power can fail */

/* The operation number `at` of the record fails instead, with ENOSPC or EIO; SIZE_MAX: none. */
void record_fail_at(size_t at);

/* Places of the program that sync, by what they sync and why: "fdatasync journal". */
size_t sync_site_count(void);
const char *sync_site_name(size_t site);

/* What is lost of what was not synced. */
enum loss { LOSE_ALL, LOSE_NOTHING, LOSE_SOME /* at random, writes also in part */ };

/* The disk as it is when the power fails behind `count` operations, below `to`, which is empty; as
 * if the site `without` did not sync (SIZE_MAX: all do). */
void write_disk(size_t count, enum loss loss, uint64_t seed, size_t without, const char *to);

#endif
