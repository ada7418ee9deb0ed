/* The small regular expressions of host names. */
#include <stdio.h>
#include <string.h>

#include "injectors/decision/pattern.h"
#include "check_main.h"

static const struct {
    const char *pattern, *text;
    bool matches;
} rows[] = {
    {"db", "my-db-1", true},
    {"^db", "my-db-1", false},
    {"db$", "my-db", true},
    {"db$", "db.", false},
    {"^$", "", true},
    {"a.c", "abc", true},
    {"a.c", "ac", false},
    {"a\\.c", "abc", false},
    {"a\\.c", "a.c", true},
    {"ab*c", "ac", true},
    {"ab*c", "abbbc", true},
    {"ab+c", "ac", false},
    {"ab+c", "abbc", true},
    {"^ab?c$", "abc", true},
    {"^ab?c$", "ac", true},
    {"^ab?c$", "abbc", false},
    {"^[a-c]+$", "abc", true},
    {"^[a-c]+$", "abd", false},
    {"^[^a-c]+$", "xyz", true},
    {"^[^a-c]+$", "xya", false},
    {"^[]x]$", "]", true},
    {"^\\d+$", "2024", true},
    {"^\\d+$", "20a4", false},
    {"^\\w+$", "a_9", true},
    {"^\\w+$", "a-9", false},
    {"^cache|^db", "db1", true},
    {"^cache|^db", "cache1", true},
    {"^cache|^db", "mydb", false},
    {"DB", "db", true},
    {"[A-Z]", "q", true},
    {"^db-.*\\.internal$", "db-7.eu.internal", true},
};

START_TEST(a_row_matches_as_it_says)
{
    ck_assert_msg(pattern_matches(rows[_i].pattern, rows[_i].text) == rows[_i].matches, "/%s/ over \"%s\"",
                  rows[_i].pattern, rows[_i].text);
}
END_TEST

START_TEST(no_pattern_hangs)
{
    char text[2001];

    memset(text, 'a', 2000);
    text[2000] = '\0';
    ck_assert(!pattern_matches("a*a*a*a*a*a*a*a*a*b", text));
}
END_TEST

START_TEST(a_broken_pattern_crashes_nobody)
{
    static const char *const broken[] = {"[", "[^", "\\", "*", "+a", "a|", "|", "[a-", "[\\", "^*", ""};

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        pattern_matches(broken[i], "abc");
}
END_TEST

START_TEST(what_is_not_understood_is_refused_with_the_reason)
{
    static const char *const refused[] = {"(a)", "a{2}", "[a"};
    const char *why;

    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        why = NULL;
        ck_assert_msg(!pattern_is_valid(refused[i], &why), "/%s/", refused[i]);
        ck_assert_ptr_nonnull(why);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        ck_assert_msg(pattern_is_valid(rows[i].pattern, &why), "/%s/: %s", rows[i].pattern, why);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pattern");
    TCase *tests = tcase_create("pattern");

    tcase_add_loop_test(tests, a_row_matches_as_it_says, 0, sizeof(rows) / sizeof(*rows));
    tcase_add_test(tests, no_pattern_hangs);
    tcase_add_test(tests, a_broken_pattern_crashes_nobody);
    tcase_add_test(tests, what_is_not_understood_is_refused_with_the_reason);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
