/* The regular expressions of requests: what they match is what PCRE2 matches, and what they cannot do is
 * said. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "injectors/decision/expression.h"
#include "injectors/decision/rule.h"

#define TEXT_MAX 200

static bool compiles(const char *pattern, struct expression *ret)
{
    const char *why = NULL;
    size_t at;

    return expression_compile(pattern, ret, &why, &at);
}

static bool found(const char *pattern, const char *text, size_t len)
{
    struct expression e;

    ck_assert_msg(compiles(pattern, &e), "%s", pattern);
    return expression_matches(&e, (const uint8_t *)text, len);
}

static const struct {
    const char *pattern, *text;
    bool matches;
} rows[] = {
    {"^GET /recs", "GET /recs HTTP/1.1\r\n", true},
    {"^GET /recs", "GET /item HTTP/1.1\r\n", false},
    {"^GET", "xGET", false},
    {"recs", "GET /recs", true},
    {"^(GET|HEAD) /", "HEAD / HTTP/1.1", true},
    {"^(?:GET|HEAD) /", "POST / HTTP/1.1", false},
    {"^\\*\\d+\\r\\n\\$\\d+\\r\\n(?:GET|MGET)\\r\\n", "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", true},
    {"(?i)^\\*\\d+\\r\\n\\$3\\r\\nget", "*2\r\n$3\r\nGeT\r\n", true},
    {"^\\*\\d+\\r\\n\\$3\\r\\nget", "*2\r\n$3\r\nGET\r\n", false},
    {"(?i)[a-c]x", "Bx", true},
    {"(?i)[^a-c]x", "Bx", false},
    {"a.c", "a\nc", false},
    {"(?s)a.c", "a\nc", true},
    {"(?is)A.C", "a\nc", true},
    {"^a{2,3}$", "aa", true},
    {"^a{2,3}$", "a", false},
    {"^a{2,3}$", "aaaa", false},
    {"^a{2}$", "aa", true},
    {"^a{2,}$", "aaaaa", true},
    {"^(ab){0}c$", "c", true},
    {"^(?:ab?){1,3}$", "abaab", true},
    {"^{\"a\": 1}", "{\"a\": 1}", true},
    {"a|b|cd", "xcd", true},
    {"^(a|)$", "", true},
    {"(a*)*b", "aaab", true},
    {"^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
    {"\\bid\\b", "x id=1", true},
    {"\\bid\\b", "x idle", false},
    {"i\\Bd", "id", true},
    {"^[\\d\\-x]+$", "1-x", true},
    {"^[]a]+$", "]a", true},
    {"\\x00\\xff", "\xff", false},
    {"é+$", "éé", true},
    {"end$", "end\n", true},
    {"end$", "end\n\n", false},
    {"^a+?b", "aab", true},
    {"a\\+", "a+", true},
};

START_TEST(a_request_is_matched)
{
    size_t len = strlen(rows[_i].text);

    ck_assert_msg(found(rows[_i].pattern, rows[_i].text, len) == rows[_i].matches, "%s on %s",
                  rows[_i].pattern, rows[_i].text);
}
END_TEST

START_TEST(bytes_of_any_value_are_matched)
{
    const char packet[] = "\x00\x01\xff\x03";

    ck_assert(found("^\\x00\\x01[\\x80-\\xff]", packet, 4));
    ck_assert(found("\\x03$", packet, 4));
    ck_assert(!found("^\\x00\\x01[^\\xff]", packet, 4));
}
END_TEST

static const struct {
    const char *pattern, *why;
    size_t at;
} refused[] = {
    {"(a)\\1", "back-references are not understood", 4},
    {"a(?=b)", "only (?:...) is understood", 2},
    {"(?<x>a)", "only (?:...) is understood", 1},
    {"a(?i)b", "only (?:...) is understood", 2},
    {"a++", "possessive", 2},
    {"a**", "a repeat of a repeat", 2},
    {"*a", "nothing to repeat", 0},
    {"a|+", "nothing to repeat", 2},
    {"ab(c", "a group without its )", 2},
    {"ab)", "a ) without its group", 2},
    {"x[ab", "a class without its ]", 1},
    {"[[:alpha:]]", "POSIX classes", 1},
    {"[é]", "single bytes", 1},
    {"[b-a]", "runs backwards", 4},
    {"\\p{L}", "this escape is not understood", 1},
    {"\\x1", "two hexadecimal digits", 2},
    {"a\\", "nothing follows the last backslash", 2},
    {"a{3,2}", "the count runs backwards", 6},
    {"a{200}", "it is too long", 1},
};

START_TEST(what_is_not_understood_is_said_with_its_place)
{
    struct expression e;
    const char *why = "";
    size_t at = 99;

    ck_assert_msg(!expression_compile(refused[_i].pattern, &e, &why, &at), "%s", refused[_i].pattern);
    ck_assert_msg(strstr(why, refused[_i].why), "%s: %s", refused[_i].pattern, why);
    ck_assert_msg(at == refused[_i].at, "%s: at %zu", refused[_i].pattern, at);
}
END_TEST

START_TEST(the_longest_fits_and_one_more_does_not)
{
    char text[TEXT_MAX];
    struct expression e;

    memset(text, 'a', sizeof(text));
    text[EXPRESSION_STEPS - 1] = '\0';
    ck_assert(compiles(text, &e));
    ck_assert(expression_matches(&e, (const uint8_t *)text, EXPRESSION_STEPS - 1));
    ck_assert(!expression_matches(&e, (const uint8_t *)text, EXPRESSION_STEPS - 2));
    text[EXPRESSION_STEPS - 1] = 'a';
    text[EXPRESSION_STEPS] = '\0';
    ck_assert(!compiles(text, &e));
}
END_TEST

/* --- against PCRE2 --- */

static uint64_t drawn;

static unsigned draw(unsigned below)
{
    return (unsigned)(rule_draw(11, drawn++) % below);
}

static void add_pattern(char *to, int depth)
{
    static const char *const atoms[] = {"a",   "b",   "c", ".", "[ab]", "[^a]",
                                        "\\w", "\\b", "^", "$", "\\n",  "\\S"};
    static const char *const repeats[] = {"",  "",    "",      "",      "*",  "+",
                                          "?", "{2}", "{1,2}", "{0,1}", "*?", "{2,}"};

    for (unsigned i = 0, n = 1 + draw(3); i < n; i++) {
        if (depth && !draw(4)) {
            strcat(to, draw(2) ? "(" : "(?:");
            add_pattern(to, depth - 1);
            strcat(to, draw(2) ? "|" : "");
            add_pattern(to, depth - 1);
            strcat(to, ")");
        } else {
            unsigned atom = draw(12);
            strcat(to, atoms[atom]);
            if (atom >= 7 && atom <= 9)
                continue;
        }
        strcat(to, repeats[draw(12)]);
    }
}

static bool pcre_finds(const char *pattern, const char *text, size_t len, bool *ret_found)
{
    int error;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &error, &at, NULL);

    if (!code)
        return false;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    *ret_found = pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, data, NULL) >= 0;
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return true;
}

START_TEST(what_matches_is_what_pcre2_matches)
{
    int compared = 0;

    for (int n = 0; n < 20000; n++) {
        char pattern[2000] = "", text[12];
        size_t len = draw(10);
        struct expression e;
        bool theirs;
        strcat(pattern, draw(4) ? "" : "(?i)");
        add_pattern(pattern, 2);
        for (size_t i = 0; i < len; i++)
            text[i] = "abcABC\n -"[draw(9)];
        if (!compiles(pattern, &e) || !pcre_finds(pattern, text, len, &theirs))
            continue;
        compared++;
        ck_assert_msg(expression_matches(&e, (const uint8_t *)text, len) == theirs,
                      "%s on \"%.*s\": PCRE2 says %d", pattern, (int)len, text, theirs);
    }
    ck_assert_int_gt(compared, 10000);
}
END_TEST

START_TEST(a_damaged_one_ends)
{
    for (int n = 0; n < 2000; n++) {
        struct expression e;
        uint8_t *raw = (uint8_t *)&e, text[64];
        for (size_t i = 0; i < sizeof(e); i++)
            raw[i] = (uint8_t)draw(n % 2 ? 256 : 10);
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = (uint8_t)draw(256);
        (void)expression_matches(&e, text, sizeof(text));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expression");
    TCase *c = tcase_create("expression");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_request_is_matched, 0, sizeof(rows) / sizeof(*rows));
    tcase_add_test(c, bytes_of_any_value_are_matched);
    tcase_add_loop_test(c, what_is_not_understood_is_said_with_its_place, 0,
                        sizeof(refused) / sizeof(*refused));
    tcase_add_test(c, the_longest_fits_and_one_more_does_not);
    tcase_add_test(c, what_matches_is_what_pcre2_matches);
    tcase_add_test(c, a_damaged_one_ends);
    suite_add_tcase(suite, c);
    return check_main(suite);
}
