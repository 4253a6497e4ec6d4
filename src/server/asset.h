/*
 * Files that pages are made of, built into the program from src/server/assets/ by CMake.
 */
#ifndef WS_SERVER_ASSET_H
#define WS_SERVER_ASSET_H

#include <stddef.h>

struct ws_asset {
    const char *name; /* "index.html" */
    const unsigned char *bytes;
    size_t size;
    const char *tag; /* of its content: an entity tag, with quotes */
};

extern const struct ws_asset ws_assets[];
extern const size_t ws_asset_count;

const struct ws_asset *ws_asset_find(const char *name); /* or NULL */

/* By the name's ending. */
const char *ws_media_type(const char *name);

#endif
