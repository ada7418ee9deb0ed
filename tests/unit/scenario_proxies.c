/* `proxies:`: targets without an address, and what cannot be done to them. */
#include "unit/scenario_case.h"

static const char *parse_proxies(const char *proxies, const char *fault)
{
    char text[4096];

    snprintf(text, sizeof(text),
             HEAD "proxies: %s\n"
                  "experiments: [{name: e, faults: [%s], during: [{probe: cmd, expect: {exit: 0}}]}]\n",
             proxies, fault);
    return parse_at("f.yml", text, strlen(text));
}

static const char good[] = "{front: {listen: \"127.0.0.1:1\", upstream: \"db.internal:5432\"}}";

START_TEST(a_proxy_is_a_dependency_without_an_address)
{
    ck_assert_str_eq(parse_proxies(good, "{latency: {target: front, delay: 1s}}"), "");
    const struct dependency *d = &loaded->dependencies[2];
    ck_assert_uint_eq(loaded->dependencies_count, 3);
    ck_assert_str_eq(d->name, "front");
    ck_assert_str_eq(d->listen, "127.0.0.1:1");
    ck_assert_str_eq(d->upstream, "db.internal:5432");
    ck_assert_str_eq(d->text, "proxy 127.0.0.1:1 to db.internal:5432");
    ck_assert_uint_eq(d->targets_count, 0);
    ck_assert_uint_eq(loaded->cells[0].faults[0].targets, 1u << 2);
    ck_assert_ptr_null(loaded->dependencies[0].listen);
}
END_TEST

static const struct {
    const char *proxies, *fault, *message;
} wrong[] = {
    {"{front: {listen: \"127.0.0.1:1\"}}", "{refuse: {target: front}}", "upstream is missing"},
    {"{front: {upstream: \"h:1\"}}", "{refuse: {target: front}}", "listen is missing"},
    {"{front: {listen: \"127.0.0.1:0\", upstream: \"h:1\"}}", "{refuse: {target: front}}",
     "is not HOST:PORT"},
    {"{front: {listen: \"h:1\", upstream: \"/h/:1\"}}", "{refuse: {target: front}}", "is not HOST:PORT"},
    {"{front: {listen: \"h:1\", upstream: \"h:2\", port: 3}}", "{refuse: {target: front}}",
     "unknown key \"port\""},
    {"{cache: {listen: \"h:1\", upstream: \"h:2\"}}", "{refuse: {target: cache}}", "is a dependency already"},
    {good, "{respond: {target: front, status: 503}}", "cannot carry out respond"},
    {good, "{drop_response: {target: front}}", "cannot carry out drop_response"},
    {good, "{dns: {target: front}}", "cannot carry out dns"},
    {good, "{loss: {target: front}}", "cannot carry out loss"},
    {good, "{error: {call: recv, target: front}}", "cannot carry out error"},
    {good, "{latency: {target: [cache, front], delay: 1s, in: shop}}", "cannot tell whose connection"},
    {good, "{reset: {target: front, direction: inbound}}", "what goes through it is outbound"},
    {good, "{latency: {target: frnt, delay: 1s}}", "did you mean \"front\""},
};

START_TEST(what_is_wrong_is_said)
{
    const char *errors = parse_proxies(wrong[_i].proxies, wrong[_i].fault);

    ck_assert_msg(strstr(errors, wrong[_i].message), "%s / %s: %s", wrong[_i].proxies, wrong[_i].fault,
                  errors);
}
END_TEST

/* Beside services that can be entered, and where none can. */
START_TEST(a_proxy_needs_no_service)
{
    static const char text[] =
        "version: 1\n"
        "services: {s: {run: [x], inject: none}}\n"
        "proxies: {front: {listen: \"h:1\", upstream: \"h:2\"}}\n"
        "experiments: [{name: e, faults: [{refuse: {target: front}}], after: [{exec: [x]}]}]\n";

    ck_assert_str_eq(parse_at("f.yml", text, strlen(text)), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_proxies");
    TCase *tc = tcase_create("proxies");

    tcase_add_test(tc, a_proxy_is_a_dependency_without_an_address);
    tcase_add_loop_test(tc, what_is_wrong_is_said, 0, (int)(sizeof(wrong) / sizeof(*wrong)));
    tcase_add_test(tc, a_proxy_needs_no_service);
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
