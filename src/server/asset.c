#include "server/asset.h"

#include <string.h>

const struct ws_asset *ws_asset_find(const char *name)
{
    for (size_t i = 0; i < ws_asset_count; i++)
        if (strcmp(ws_assets[i].name, name) == 0)
            return &ws_assets[i];
    return NULL;
}

const char *ws_media_type(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".jsonl", "application/jsonl"},
        {".csv", "text/csv; charset=utf-8"},
        {".parquet", "application/vnd.apache.parquet"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".pdf", "application/pdf"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].ending, dot) == 0)
            return types[i].type;
    return "application/octet-stream";
}
