/*
 * What was installed with the program (packaging/CMakeLists.txt). It is found from where the
 * program lies, so that an installed tree can be moved.
 */
#ifndef WS_CLI_INSTALLED_H
#define WS_CLI_INSTALLED_H

#include "base/arena.h"

/* Where the presets say that their text lies: what ./dev fetches, seen from the source tree. */
#define PRESET_CORPUS "build/corpus/austen.txt"

/* The installed copy of that text, which may be compressed; NULL when there is none. */
const char *installed_corpus(struct ws_arena *arena);

/* A module that is opened at run time: beside the program, as it is built, or where it is
 * installed; NULL when there is none. */
const char *installed_module(struct ws_arena *arena, const char *name);

#endif
