/* Scenarios for unit tests: parse a text, keep what came of it, and its errors as text. */
#ifndef UNIT_SCENARIO_CASE_H
#define UNIT_SCENARIO_CASE_H

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/scenario/scenario.h"
#include "unit/check_main.h"

/* What every fragment stands among. */
#define HEAD                                                                                                 \
    "version: 1\n"                                                                                           \
    "services: {shop: {run: [shop]}, quiet: {run: [quiet], inject: none}}\n"                                 \
    "dependencies: {cache: {tcp: \"127.0.0.1:6379\"}, recs: {tcp: \"recs.internal:80\"}}\n"                  \
    "probes: {item: {http: {get: \"http://h/\"}}, port: {tcp: \"h:1\"}, cmd: {exec: [x]}}\n"                 \
    "load: {browse: {probe: item, rate: 50/s}}\n"
#define TAIL "experiments: [{name: e, faults: [{refuse: {target: cache}}], after: [{exec: [x]}]}]\n"

static struct scenario *loaded; /* by the last parse, or NULL */
static char errors_text[65536]; /* of the last parse */
static int last_result;

static inline void forget(void)
{
    scenario_free(loaded);
    loaded = NULL;
}

static inline const char *parse_at(const char *path, const char *text, size_t len)
{
    struct diag *diag = diag_new("f");
    cleanup_buf struct buf rendered = {0};

    forget();
    ck_assert_ptr_nonnull(diag);
    last_result = scenario_parse(text, len, path, diag, &loaded);
    diag_render(diag, &rendered);
    ck_assert_int_eq(last_result == -EINVAL, diag_count(diag) > 0);
    ck_assert_int_eq(last_result == 0, loaded != NULL);
    snprintf(errors_text, sizeof(errors_text), "%s", buf_text(&rendered));
    diag_free(diag);
    return errors_text;
}

static inline const char *parse_n(const char *text, size_t len)
{
    return parse_at("/nowhere/f.yml", text, len);
}

/* The errors of a whole text; "" when there are none. */
__attribute__((format(printf, 1, 2))) static inline const char *parse(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    const char *errors = parse_n(text, strlen(text));
    free(text);
    return errors;
}

/* Errors of fragments in their places. */
static inline const char *parse_top(const char *lines)
{
    return parse(HEAD "%s\n" TAIL, lines);
}

static inline const char *parse_fault(const char *fault)
{
    return parse(HEAD "experiments:\n- name: e\n  faults:\n  - %s\n  after: [{exec: [x]}]\n", fault);
}

static inline const char *parse_during(const char *check)
{
    return parse(HEAD "experiments:\n- name: e\n  faults: [{refuse: {target: cache}}]\n  during:\n  - %s\n",
                 check);
}

static inline const struct fault *fault_of(const char *fault)
{
    ck_assert_str_eq(parse_fault(fault), "");
    return &loaded->cells[0].faults[0];
}

static inline const struct check *during_of(const char *check)
{
    ck_assert_str_eq(parse_during(check), "");
    return &loaded->cells[0].during[0];
}

#define ck_assert_has(text, part)                                                                            \
    do {                                                                                                     \
        const char *text_ = (text), *part_ = (part);                                                         \
        ck_assert_msg(strstr(text_, part_) != NULL, "\"%s\" is not in:\n%s", part_, text_);                  \
    } while (0)

/* One row of a table: a fragment and what its errors say; error "" means none. */
struct case_row {
    const char *fragment, *error;
};

static inline void check_row(const char *errors, const char *wanted)
{
    if (*wanted)
        ck_assert_has(errors, wanted);
    else
        ck_assert_str_eq(errors, "");
}

#define ROWS(rows) ((int)(sizeof(rows) / sizeof(*(rows))))

static inline TCase *new_case(Suite *suite, const char *name)
{
    TCase *c = tcase_create(name);

    tcase_add_checked_fixture(c, NULL, forget);
    tcase_set_timeout(c, 60);
    suite_add_tcase(suite, c);
    return c;
}

#endif
