/* Each allocation of a parse fails in turn: the answer is -ENOMEM, never a wrong error and never a crash.
 *
 * The allocator's entry points are defined here, libyaml, PCRE2 and jansson included.  Sanitizers bring entry
 * points of their own: with them every allocation succeeds, and they look for leaks and overruns in the rest.
 */
#include "unit/scenario_case.h"

static long countdown; /* the allocation that fails, from 1; 0: none */
static bool for_good;  /* those behind it fail too */
static bool failed;    /* it came to that */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails(void)
{
    if (countdown && !--countdown) {
        failed = true;
        countdown = for_good;
        errno = ENOMEM;
        return true;
    }
    return false;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}
#endif

#define VALID                                                                                                \
    "vars: {a: b, t: {secret: env.CASE_TOKEN}}\n"                                                            \
    "steady_state: [{load: browse, expect: {p95: \"< 1s\"}}, {log: shop, never: \"x+\"}]\n"                  \
    "experiments:\n- name: e\n  matrix: {dep: [recs, cache]}\n"                                              \
    "  faults: [{one_of: [{refuse: {target: \"${dep}\"}}, {error: {call: connect, errno: ETIMEDOUT}}]},"     \
    " {oom: {size: \"1KiB..2KiB\"}}]\n"                                                                      \
    "  during: [{probe: item, expect: {json: {/a: [1, \"/x/\"]}, headers: {A: b}, body: \"y|z\"}}]\n"        \
    "  steps: [{http: {put: \"http://h/${dep}\", json: {a: [1, true, \"x\"]}}}, {wait: 1s},"                 \
    " {parallel: [{exec: [ls]}, {probe: port, timeout: 2s, expect: {ok: false}}]}]\n"
#define INVALID                                                                                              \
    "vars: {a: \"${b}\"}\nnam: x\nseed: x\nsteady_state: [{probe: itme}, {exec: ls}, {log: shop, never: "    \
    "\"(\"}]\n" TAIL

static void arm(long k, bool and_all_behind)
{
    failed = false;
    for_good = and_all_behind;
    countdown = k;
}

static void disarm(void)
{
    countdown = 0;
}

/* Parse while the k-th allocation fails; false when there are not so many. */
static bool parse_without(const char *text, long k, bool and_all_behind, int *ret_result, size_t *ret_errors)
{
    struct diag *diag = diag_new("f");

    forget();
    arm(k, and_all_behind);
    *ret_result = scenario_parse(text, strlen(text), "/f.yml", diag, &loaded);
    disarm();
    *ret_errors = diag_count(diag);
    diag_free(diag);
    return failed;
}

/* Everything that people see of it. */
static const char *digest(void)
{
    static char text[4096];
    int n = snprintf(text, sizeof(text), "%s %s %zu %s %s", loaded->name, loaded->dir, loaded->secrets_count,
                     loaded->dependencies[1].text, loaded->steady[1].never);

    for (size_t i = 0; i < loaded->cells_count; i++) {
        const struct cell *c = &loaded->cells[i];
        n += snprintf(text + n, sizeof(text) - (size_t)n, "\n%s: %s, %s; %zu; %s %s", c->label,
                      c->faults[0].text, c->faults[1].text, c->during[0].expect_count,
                      c->steps[0].probe->body, c->steps[1].text);
        for (size_t k = 0; k < c->during[0].expect_count; k++)
            n += snprintf(text + n, sizeof(text) - (size_t)n, ", %s", c->during[0].expect[k].text);
    }
    return text;
}

START_TEST(a_valid_scenario_is_never_called_wrong)
{
    int result = 0;
    size_t errors = 0;
    char whole[4096];

    setenv("CASE_TOKEN", "hush", 1);
    ck_assert_str_eq(parse(HEAD VALID), "");
    snprintf(whole, sizeof(whole), "%s", digest());
    for (long k = 1; parse_without(HEAD VALID, k, _i, &result, &errors); k++)
        /* vasprintf does without its last one, which only gives memory back. */
        ck_assert_msg(result == -ENOMEM || (!result && !strcmp(digest(), whole)),
                      "allocation %ld: %d, %zu errors", k, result, errors);
    ck_assert_int_eq(result, 0);
    ck_assert_uint_eq(loaded->cells_count, 4);
}
END_TEST

START_TEST(an_invalid_scenario_is_never_called_right)
{
    int result = 0;
    size_t errors = 0;

    for (long k = 1; parse_without(HEAD INVALID, k, _i, &result, &errors); k++)
        ck_assert_msg(result == -ENOMEM || (result == -EINVAL && errors), "allocation %ld: %d", k, result);
    ck_assert_int_eq(result, -EINVAL);
    ck_assert_uint_eq(errors, 6);
}
END_TEST

static int add_without(long k, bool and_all_behind)
{
    struct diag *diag = diag_new("f");
    struct fault fault;

    forget();
    loaded = scenario_empty();
    arm(k, and_all_behind);
    int result = scenario_add_fault(loaded, "reset:target=h:1+localhost,probability=50%", diag, &fault);
    disarm();
    diag_free(diag);
    return result;
}

START_TEST(a_spec_is_never_called_wrong)
{
    int result = 0;

    for (long k = 1; (result = add_without(k, _i)) && failed; k++) {
        ck_assert_int_eq(result, -ENOMEM);
        ck_assert_uint_eq(loaded->dependencies_count, 0);
    }
    ck_assert_int_eq(result, 0);
}
END_TEST

START_TEST(a_schema_is_whole_or_none)
{
    char *whole = scenario_schema(), *text = NULL;

    ck_assert_ptr_nonnull(whole);
    /* Thousands of allocations: a sample of them. */
    for (long k = 1; !text; k += 1 + k / 50) {
        arm(k, _i);
        text = scenario_schema();
        disarm();
        ck_assert(failed != (text != NULL));
    }
    ck_assert_str_eq(text, whole);
    free(text);
    free(whole);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_memory");
    TCase *c = new_case(suite, "memory");

    tcase_add_loop_test(c, a_valid_scenario_is_never_called_wrong, 0, 2);
    tcase_add_loop_test(c, an_invalid_scenario_is_never_called_right, 0, 2);
    tcase_add_loop_test(c, a_spec_is_never_called_wrong, 0, 2);
    /* One allocation alone is not tried: jansson 2.14 asserts in lex_scan_string when one fails and the next
     * does not. */
    tcase_add_loop_test(c, a_schema_is_whole_or_none, 1, 2);
    return check_main(suite);
}
