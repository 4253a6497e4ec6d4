/*
 * JSON, through jansson: reading with checks, and writing the same bytes for the same values.
 *
 * What is read here was written by this project, so a fault in it is WS_CORRUPT and names the
 * place. Objects keep the order in which their members were set. JSON has no NaN and no infinity:
 * they travel as the texts "nan", "inf" and "-inf". jansson has one allocator a process (see
 * json_set_alloc_funcs), not ours. Contract: tests/unit/test_json.c,
 * tests/fuzz/fuzz_json.c.
 */
#ifndef WS_BASE_JSON_H
#define WS_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

enum { WS_JSON_LIMIT = 1 << 26 }; /* bytes of one text */

/* An object or an array; a member twice and the zero character are refused. `name` starts messages:
 * "run.json:7: ...". The caller gives the result back with json_decref. */
WS_MUST_CHECK enum ws_status ws_json_parse(struct ws_bytes text, const char *name, json_t **out,
                                           struct ws_error *err);

/* The member `key`. What is not copied lives as long as `object`. */
WS_MUST_CHECK enum ws_status ws_json_read_text(const json_t *object, const char *key,
                                               const char *name, const char **out,
                                               struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_json_read_whole(const json_t *object, const char *key,
                                                const char *name, uint64_t *out,
                                                struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_json_read_real(const json_t *object, const char *key,
                                               const char *name, double *out, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_json_read_flag(const json_t *object, const char *key,
                                               const char *name, bool *out, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_json_read_object(const json_t *object, const char *key,
                                                 const char *name, json_t **out,
                                                 struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_json_read_array(const json_t *object, const char *key,
                                                const char *name, json_t **out,
                                                struct ws_error *err);

/* A text; what is not UTF-8 becomes '?', for paths may be anything. */
json_t *ws_json_path(const char *path);

/* A number, or a text for what is not finite; NULL when memory is out. */
json_t *ws_json_real(double value);

/* Appends `item`, which it takes. When memory is out, or either is NULL, gives both back and makes
 * *array NULL, which is to be looked at once at the end. */
void ws_json_add(json_t **array, json_t *item);

/* On one line without blanks, reals with 17 digits; NULL, what a json_ function gives when memory
 * is out, fails the buffer. */
void ws_json_append(const json_t *json, struct ws_buffer *out);
/* The members of an object likewise, without the brackets around them. */
void ws_json_append_members(const json_t *object, struct ws_buffer *out);
void ws_json_append_pretty(const json_t *json, struct ws_buffer *out); /* indented by 2 */
/* Pretty, and reals with 15 digits where these are enough for every one of them (0.1 and not
 * 0.10000000000000001): for files that people look at. */
void ws_json_append_short(const json_t *json, struct ws_buffer *out);

#endif
