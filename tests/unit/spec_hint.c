/* What `chaosctl top` says while a SPEC is typed, and what Tab makes of it. */
#include <string.h>

#include "chaosctl/report/spec_hint.h"
#include "check_main.h"

static json_t *run;

static void set_up(void)
{
    run =
        json_loads("{\"dependencies\": [{\"name\": \"cache\"}, {\"name\": \"cards\"}, {\"name\": \"recs\"}],"
                   " \"services\": [{\"name\": \"shop\"}]}",
                   0, NULL);
}

static void tear_down(void)
{
    json_decref(run);
}

START_TEST(a_tab_adds_what_all_that_fits_begins_with)
{
    static const struct {
        const char *typed, *added;
    } rows[] = {
        {"lat", "ency:"},
        {"latency:", ""},
        {"latency:tar", "get="},
        {"latency:target=", ""},
        {"latency:target=c", "a"},
        {"latency:target=cac", "he"},
        {"latency:target=cache+r", "ecs"},
        {"latency:target=cache,del", "ay="},
        {"latency:target=cache,delay=", ""},
        {"latency:target=cache,targ", ""}, /* it is given */
        {"pause:in=", "shop"},
        {"r", "e"},
        {"nonesuch", ""},
        {"nonesuch:tar", ""},
        {"", ""},
        {":", ""},
        {"latency:=", ""},
        {"latency:,,", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf added = {0};
        spec_complete(rows[i].typed, run, &added);
        ck_assert_msg(!strcmp(buf_text(&added), rows[i].added), "%s: %s", rows[i].typed, buf_text(&added));
        buf_free(&added);
    }
}
END_TEST

START_TEST(the_hint_is_what_may_come_next)
{
    static const struct {
        const char *typed, *hint;
    } rows[] = {
        {"re", "refuse reset respond reorder"},
        {"lat", "latency:  data, and connecting, arrive late"},
        {"latncy", "no fault of that name; did you mean latency?"},
        {"latncy:target", "no fault of that name"},
        {"latency:tar", "target=  the dependency that it is about, or a list of them"},
        {"latency:targt", "no key of that name; did you mean target?"},
        {"latency:target=", "cache cards recs"},
        {"latency:target=127.0.0.1:80", "the dependency that it is about, or a list of them"},
        {"latency:target=cache,delay=20", "how much later, such as 200ms"},
        {"latency:target=cache,dely=20", "no key of that name"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf hint = {0};
        spec_hint(rows[i].typed, run, &hint);
        ck_assert_msg(!strcmp(buf_text(&hint), rows[i].hint), "%s: %s", rows[i].typed, buf_text(&hint));
        buf_free(&hint);
    }
}
END_TEST

START_TEST(what_must_be_given_is_marked_and_comes_first)
{
    struct buf hint = {0};

    spec_hint("latency:", run, &hint);
    ck_assert_msg(!strncmp(buf_text(&hint), "target! delay! ", 15) ||
                      !strncmp(buf_text(&hint), "delay! target! ", 15),
                  "%s", buf_text(&hint));
    ck_assert_ptr_nonnull(strstr(buf_text(&hint), " jitter "));
    buf_free(&hint);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spec_hint");
    TCase *t = tcase_create("spec_hint");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_tab_adds_what_all_that_fits_begins_with);
    tcase_add_test(t, the_hint_is_what_may_come_next);
    tcase_add_test(t, what_must_be_given_is_marked_and_comes_first);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
