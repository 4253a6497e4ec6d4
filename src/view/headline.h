/*
 * The metrics that say most of a family, and what people call them: for tables, figures and
 * reports. Contract: tests/cli/compare.sh.
 */
#ifndef WS_VIEW_HEADLINE_H
#define WS_VIEW_HEADLINE_H

enum ws_number_form { WS_NUMBER_COUNT, WS_NUMBER_PERCENT, WS_NUMBER_REAL };

struct ws_headline {
    const char *metric;
    const char *title;  /* "rare words", over ... */
    const char *detail; /* ... "human = 100 %": at most 15 characters each */
    enum ws_number_form form;
};

/* Those of the family, the telling first; at most WS_HEADLINES, `metric` is NULL behind the last. A
 * run has some of them. */
enum { WS_HEADLINES = 9 };
const struct ws_headline *ws_headlines(const char *family);

/* The metric's of any family; NULL for one that is no headline. */
const struct ws_headline *ws_headline_find(const char *family, const char *metric);

#endif
