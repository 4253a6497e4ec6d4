/*
 * Functions that must not be called: no bound, no error, hidden state or another thread's time.
 *
 * The build includes this file before every source of src/. The headers that declare the functions
 * come first, so that the names are taken away only afterwards. Macros that look like calls, and
 * not `#pragma GCC poison`, because a library's header may still use a name for a member.
 */
#ifndef WS_BASE_BANNED_H
#define WS_BASE_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WS_BANNED(name) name##_is_a_banned_function

#undef strcpy
#undef strcat
#undef strtok
#undef sprintf
#undef vsprintf
#undef gets
#undef atoi
#undef rand
#undef gmtime
#undef localtime
#undef alloca

#define strcpy(to, from)    WS_BANNED(strcpy)   /* snprintf, ws_arena_text */
#define strcat(to, from)    WS_BANNED(strcat)   /* ws_buffer_text */
#define strtok(text, marks) WS_BANNED(strtok)   /* strcspn */
#define sprintf(...)        WS_BANNED(sprintf)  /* snprintf, ws_buffer_format */
#define vsprintf(...)       WS_BANNED(vsprintf) /* vsnprintf */
#define gets(to)            WS_BANNED(gets)
#define atoi(text)          WS_BANNED(atoi)      /* ws_whole_parse */
#define rand()              WS_BANNED(rand)      /* ws_rng */
#define gmtime(time)        WS_BANNED(gmtime)    /* gmtime_r */
#define localtime(time)     WS_BANNED(localtime) /* localtime_r */
#define alloca(size)        WS_BANNED(alloca)    /* ws_arena_alloc */

#endif
