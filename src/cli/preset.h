/*
 * What is built into the program: experiment files (presets/ of the source tree), and published
 * experiments with their numbers (presets/reproduce/).
 */
#ifndef WS_CLI_PRESET_H
#define WS_CLI_PRESET_H

#include <stddef.h>

struct preset {
    const char *name;
    const unsigned char *text;
    size_t size;
};

extern const struct preset presets[];
extern const size_t preset_count;
extern const struct preset reproductions[];
extern const size_t reproduction_count;

#endif
