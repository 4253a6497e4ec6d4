/* Experiment files that are built into the program (presets/ of the source tree). */
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

#endif
