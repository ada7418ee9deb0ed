/* Services, dependencies, probes, loads, defaults: every rule of theirs. */
#include <signal.h>

#include "unit/scenario_case.h"

static const char *parse_part(const char *key, const char *body)
{
    return parse("version: 1\ndependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\nprobes: {item: {http: "
                 "\"http://h/\"}}\n"
                 "%s:\n  x: %s\n" TAIL,
                 key, body);
}

/* --- services --- */

static const struct case_row services[] = {
    {"{}", "f:5:6: run is missing in a service: program and arguments, a list (or join: true)"},
    {"{run: redis-server}",
     "run: a list: program and arguments, such as [redis-server, --port, \"6390\"] (no shell)"},
    {"{run: []}", "run: the program is missing"},
    {"{run: [\"\"]}", "run: the program is missing"},
    {"{run: [a, ~]}", "run: text (\"\" for an empty one) is wanted here, not nothing"},
    {"{run: [a, [b]]}", "is wanted here, not a list"},
    {"{run: [a], run: [b]}", "the key \"run\" is here twice"},
    {"{run: [a], join: true}", "join: true takes in a process started elsewhere: run starts one; choose"},
    {"{join: yes}", "join: true or false is wanted here; \"yes\" is text (YAML 1.2)"},
    {"{join: \"true\"}", "join: true or false, without quotes, is wanted here"},
    {"{join: true, dir: /x}", "dir has no effect on a process started elsewhere"},
    {"{join: true, env: {A: b}}", "env has no effect"},
    {"{join: true, stop: {within: 1s}}", "stop has no effect"},
    {"{join: true, inject: seccomp}",
     "inject: a process started elsewhere (join: true) cannot be entered by seccomp, "
     "which only the one who starts it can arrange"},
    {"{run: [a], io_uring: alow}", "\"alow\" is nothing to do with io_uring (did you mean \"allow\"?)"},
    {"{join: true, io_uring: allow}", "io_uring has no effect on a process started elsewhere (join: true)"},
    {"{run: [a], inject: preloda}", "\"preloda\" is no way in (did you mean \"preload\"?)"},
    {"{run: [a], env: [A=b]}", "env: a map from names to texts is wanted here, not a list"},
    {"{run: [a], env: {\"A=b\": c}}", "env: \"A=b\" is no name of a variable"},
    {"{run: [a], env: {A: ~}}", "A: text (\"\" for an empty one) is wanted here"},
    {"{run: [a], ready: {within: 1s}}", "exactly one of http, tcp and exec is wanted"},
    {"{run: [a], ready: {tcp: \"h:1\", http: \"http://h\"}}", "exactly one of http, tcp and exec is wanted"},
    {"{run: [a], ready: 5s}", "ready: a map (ready) is wanted here, not text"},
    {"{run: [a], ready: {tcp: \"h:1\", within: 0}}", "within: \"0\" would do nothing"},
    {"{run: [a], ready: {tcp: \"h:1\", within: 10}}", "within: \"10\" has no unit: 10ms or 10s?"},
    {"{run: [a], stop: {signal: SIGTRM}}", "unknown signal \"SIGTRM\" (did you mean \"SIGTERM\"?)"},
    {"{run: [a], stop: {wihtin: 3s}}", "unknown key \"wihtin\" in stop (did you mean \"within\"?)"},
    {"{run: [a], comand: 3}",
     "unknown key \"comand\" in a service; there are: run, join, dir, env, ready, inject, io_uring, stop"},
};

START_TEST(a_wrong_service_is_an_error)
{
    check_row(parse_part("services", services[_i].fragment), services[_i].error);
}
END_TEST

static const struct service *service_of(const char *body)
{
    ck_assert_str_eq(parse_part("services", body), "");
    return &loaded->services[0];
}

START_TEST(a_service_has_defaults)
{
    const struct service *s = service_of("{run: [a, \"\", 5]}");

    ck_assert_str_eq(s->name, "x");
    ck_assert_str_eq(s->argv[0], "a");
    ck_assert_str_eq(s->argv[1], "");
    ck_assert_str_eq(s->argv[2], "5");
    ck_assert_ptr_null(s->argv[3]);
    ck_assert_ptr_null(s->ready);
    ck_assert_uint_eq(s->ready_within_ns, 10 * NS_PER_S);
    ck_assert_int_eq(s->stop_signal, SIGTERM);
    ck_assert_uint_eq(s->stop_within_ns, 5 * NS_PER_S);
    ck_assert_int_eq(s->inject, INJECT_AUTO);
    ck_assert(!s->join);
    ck_assert_int_eq(s->at.line, 5);
    ck_assert_int_eq(s->at.column, 3);
}
END_TEST

START_TEST(a_service_takes_what_is_given)
{
    const struct service *s =
        service_of("{run: [a], dir: /d, env: {A: b, C: \"\"}, inject: none, stop: {signal: INT, within: 1s}, "
                   "ready: {exec: [t, -q], timeout: 1s, within: 3s}}\n  y: {run: [b]}");

    ck_assert_str_eq(s->dir, "/d");
    ck_assert_uint_eq(s->env_count, 2);
    ck_assert_str_eq(s->env[1].name, "C");
    ck_assert_str_eq(s->env[1].value, "");
    ck_assert_int_eq(s->inject, INJECT_NONE);
    ck_assert_int_eq(s->stop_signal, SIGINT);
    ck_assert_uint_eq(s->stop_within_ns, NS_PER_S);
    ck_assert_int_eq(s->ready->kind, PROBE_EXEC);
    ck_assert_str_eq(s->ready->argv[1], "-q");
    ck_assert_uint_eq(s->ready->timeout_ns, NS_PER_S);
    ck_assert_uint_eq(s->ready_within_ns, 3 * NS_PER_S);
    ck_assert_str_eq(s->ready->expect[0].text, "ok = true");
}
END_TEST

START_TEST(an_http_service_is_ready_below_400)
{
    const struct service *s = service_of("{run: [a], ready: {http: \"http://h/\"}}");

    ck_assert_str_eq(s->ready->method, "GET");
    ck_assert_uint_eq(s->ready->expect_count, 2);
    ck_assert_str_eq(s->ready->expect[1].text, "status < 400");
}
END_TEST

START_TEST(a_relative_dir_starts_at_the_scenarios_folder)
{
    ck_assert_str_eq(service_of("{run: [a], dir: sub}")->dir, "//sub"); /* /nowhere does not exist */
}
END_TEST

START_TEST(a_joined_service_needs_no_command)
{
    const struct service *s = service_of("{join: true, ready: {tcp: \"h:1\"}}");

    ck_assert(s->join);
    ck_assert_ptr_null(s->argv);
}
END_TEST

START_TEST(more_services_than_there_is_room_for_are_refused)
{
    struct buf text = {0};

    buf_add(&text, "version: 1\nservices:\n");
    for (int i = 0; i < SERVICE_MAX + 1; i++)
        buf_printf(&text, "  s%d: {run: [a]}\n", i);
    ck_assert_has(parse_n(buf_text(&text), text.len), "more than 32 of them");
    buf_free(&text);
}
END_TEST

/* --- dependencies --- */

static const struct case_row dependencies[] = {
    {"{}", "exactly one of tcp, udp and unix"},
    {"{tcp: \"h:1\", unix: /x}", "exactly one of tcp, udp and unix"},
    {"h:1", "a map (a dependency) is wanted here, not text"},
    {"{tcp: \"127.0.0.1\"}", "tcp: \"127.0.0.1\" has no port: HOST:PORT, or HOST:* for every port"},
    {"{tcp: \"10.0.0.0/8\"}", "has no port"},
    {"{tcp: \"[::1]\"}", "has no port"},
    {"{tcp: \":80\"}", "tcp: \":80\" has no host: 127.0.0.1:80, or *:80 for every host"},
    {"{tcp: \":*\"}", "\":*\" has no host: 127.0.0.1:*, or *:* for every host"},
    {"{tcp: \":\"}", "has a port that is none"},
    {"{tcp: \"h:0\"}", "has a port that is none"},
    {"{tcp: \"h:65536\"}", "has a port that is none"},
    {"{tcp: \"h:http\"}", "has a port that is none"},
    {"{tcp: \"::1:80\"}", "an IPv6 address stands in brackets"},
    {"{tcp: \"[::x]:80\"}", "is no IPv6 address"},
    {"{tcp: \"[::1/129]:80\"}", "is no IPv6 address"},
    {"{tcp: \"[127.0.0.1]:80\"}", "is no IPv6 address"},
    {"{tcp: \"10.0.0.0/33:80\"}", "is no IPv4 address or network"},
    {"{tcp: \"10.0.0.300:80\"}", "is no IPv4 address or network"},
    {"{tcp: \"a b:80\"}", "has no host in it that a program could ask for"},
    {"{tcp: \"http://h:80\"}", "has several colons"},
    {"{tcp: \"//:80\"}", "is an empty pattern"},
    {"{tcp: \"/(a)/:80\"}", "f:5:12: tcp: the pattern /(a)/: "},
    {"{unix: \"\"}", "is no path of a unix socket"},
    {"{unix: \"@\"}", "is no path of a unix socket"},
    {"{tpc: \"h:1\"}", "unknown key \"tpc\" in a dependency (did you mean \"tcp\"?)"},
};

static const char *parse_dependency(const char *body)
{
    return parse("version: 1\ndependencies:\n  cache: {tcp: \"127.0.0.1:1\"}\n#\n  x: %s\n" TAIL, body);
}

START_TEST(a_wrong_dependency_is_an_error)
{
    check_row(parse_dependency(dependencies[_i].fragment), dependencies[_i].error);
}
END_TEST

static const struct dependency *dependency_of(const char *body)
{
    ck_assert_str_eq(parse_dependency(body), "");
    return &loaded->dependencies[1];
}

static const struct {
    const char *body;
    struct target target;
} compiled[] = {
#define V4 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF
    {"{tcp: \"10.1.2.3:80\"}", {TARGET_ADDRESS, 1, PROTOCOL_TCP, 128, 80, {V4, 10, 1, 2, 3}, ""}},
    {"{udp: \"10.0.0.0/8:*\"}", {TARGET_ADDRESS, 1, PROTOCOL_UDP, 104, 0, {V4, 10, 0, 0, 0}, ""}},
    {"{tcp: \"[fd00::/8]:443\"}", {TARGET_ADDRESS, 1, PROTOCOL_TCP, 8, 443, {0xFD}, ""}},
    {"{tcp: \"*:80\"}", {TARGET_ADDRESS, 1, PROTOCOL_TCP, 0, 80, {0}, ""}},
    {"{tcp: \"recs.internal:80\"}", {TARGET_NAME, 1, PROTOCOL_TCP, 0, 80, {0}, "recs.internal"}},
    {"{tcp: '/^recs-\\d+/:*'}", {TARGET_PATTERN, 1, PROTOCOL_TCP, 0, 0, {0}, "^recs-\\d+"}},
    {"{unix: /run/x.sock}", {TARGET_UNIX, 1, PROTOCOL_TCP, 0, 0, {0}, "/run/x.sock"}},
    {"{unix: \"@x\"}", {TARGET_UNIX, 1, PROTOCOL_TCP, 0, 0, {0}, "@x"}},
};

START_TEST(an_address_is_compiled)
{
    const struct dependency *d = dependency_of(compiled[_i].body);

    ck_assert_uint_eq(d->targets_count, 1);
    ck_assert_mem_eq(d->targets, &compiled[_i].target, sizeof(struct target));
}
END_TEST

static const struct {
    const char *path, *whole;
} relative[] = {
    {"x.sock", "/usr/lib/x.sock"},          {"./run/x.sock", "/usr/lib/run/x.sock"},
    {"../x.sock", "/usr/x.sock"},           {".././../run/x.sock", "/run/x.sock"},
    {"../../../run/x.sock", "/run/x.sock"}, {".x/../x.sock", "/usr/lib/.x/../x.sock"},
};

/* A program may say either. */
START_TEST(a_relative_path_is_itself_and_what_it_is_from_the_scenarios_folder)
{
    char text[256];
    int len = snprintf(text, sizeof(text), "version: 1\ndependencies: {cache: {unix: %s}}\n" TAIL,
                       relative[_i].path);

    ck_assert_str_eq(parse_at("/usr/lib/f.yml", text, (size_t)len), "");
    const struct dependency *d = &loaded->dependencies[0];

    ck_assert_uint_eq(d->targets_count, 2);
    ck_assert_str_eq(d->targets[0].text, relative[_i].path);
    ck_assert_str_eq(d->targets[1].text, relative[_i].whole);
    ck_assert_int_eq(d->targets[1].kind, TARGET_UNIX);
    ck_assert_int_eq(strncmp(d->text, "unix ", 5), 0);
    ck_assert_str_eq(d->text + 5, relative[_i].path);
}
END_TEST

START_TEST(a_relative_path_of_a_spec_is_from_the_current_folder)
{
    struct diag *diag = diag_new("f");
    char here[4096];
    struct fault fault;

    ck_assert_ptr_nonnull(realpath(".", here));
    loaded = scenario_empty();
    ck_assert_int_eq(scenario_add_fault(loaded, "refuse:target=unix:x", diag, &fault), 0);
    diag_free(diag);
    const char *whole = loaded->dependencies[0].targets[1].text;
    ck_assert_uint_eq(strlen(whole), strlen(here) + 2);
    ck_assert_int_eq(strncmp(whole, here, strlen(here)), 0);
    ck_assert_str_eq(whole + strlen(here), "/x");
}
END_TEST

START_TEST(localhost_is_its_name_and_its_addresses)
{
    const struct dependency *d = dependency_of("{tcp: \"localhost:80\", protocol: http}");
    static const uint8_t v4[16] = {V4, 127, 0, 0, 1}, v6[16] = {[15] = 1};

    ck_assert_uint_eq(d->targets_count, 3);
    ck_assert_str_eq(d->targets[0].text, "localhost");
    ck_assert_mem_eq(d->targets[1].address, v4, 16);
    ck_assert_uint_eq(d->targets[1].prefix, 128);
    ck_assert_mem_eq(d->targets[2].address, v6, 16);
    ck_assert_uint_eq(d->targets[2].port, 80);
    ck_assert_str_eq(d->text, "tcp localhost:80");
}
END_TEST

START_TEST(more_dependencies_than_there_are_bits_are_refused)
{
    struct buf text = {0};

    buf_add(&text, "version: 1\ndependencies:\n");
    for (int i = 0; i < DEPENDENCY_MAX + 1; i++)
        buf_printf(&text, "  d%d: {tcp: \"h:1\"}\n", i);
    ck_assert_has(parse_n(buf_text(&text), text.len), "more than 31 of them");
    buf_free(&text);
}
END_TEST

START_TEST(more_addresses_than_there_is_room_for_are_refused)
{
    struct buf text = {0};

    buf_add(&text, "version: 1\ndependencies:\n");
    for (int i = 0; i < 22; i++)
        buf_printf(&text, "  d%d: {tcp: \"localhost:%d\"}\n", i, i + 1);
    ck_assert_has(parse_n(buf_text(&text), text.len), "more than 64 addresses in all");
    buf_free(&text);
}
END_TEST

static const char *const bad_names[] = {"1x", "a+b", "a b", "\"\"", "-x", "a/b"};

START_TEST(a_name_is_letters_and_digits)
{
    ck_assert_has(parse("version: 1\ndependencies:\n  %s: {tcp: \"h:1\"}\n" TAIL, bad_names[_i]),
                  "is no name: up to 64");
}
END_TEST

/* --- probes and loads --- */

static const char *parse_probe(const char *body)
{
    return parse("version: 1\ndependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\n\nprobes:\n  x: %s\n" TAIL,
                 body);
}

static const struct case_row probes[] = {
    {"{}", "exactly one of http, tcp and exec is wanted"},
    {"{expect: {ok: true}}", "exactly one of http, tcp and exec is wanted"},
    {"{http: {}}", "http is exactly one of get, post, put, delete, head and patch"},
    {"{http: {get: \"http://h\", put: \"http://h\"}}", "http is exactly one of get, post"},
    {"{http: {get: h}}", "get: \"h\" is no URL such as http://127.0.0.1:8080/health"},
    {"{http: \"ftp://h\"}", "http: \"ftp://h\" is no URL"},
    {"{http: \"http://\"}", "is no URL"},
    {"{http: \"http:///x\"}", "is no URL"},
    {"{http: \"http://h/a b\"}", "is no URL"},
    {"{http: {get: \"http://h\", body: a, json: b}}", "body and json are both given"},
    {"{http: {get: \"http://h\", headers: {\"A B\": c}}}", "headers: \"A B\" is no header"},
    {"{http: {get: \"http://h\", timeout: 2}}", "timeout: \"2\" has no unit: 2ms or 2s?"},
    {"{http: {get: \"http://h\", timeout: 2s}, timeout: 2s}", "timeout: given twice: here and within http"},
    {"{http: {get: \"http://h\", follow: no}}", "follow: true or false is wanted here; \"no\" is text"},
    {"{http: {gte: \"http://h\"}}", "unknown key \"gte\" in http (did you mean \"get\"?)"},
    {"{tcp: h}", "tcp: \"h\" is not HOST:PORT"},
    {"{tcp: \"h:x\"}", "is not HOST:PORT"},
    {"{tcp: \"::1:5\"}", "is not HOST:PORT"},
    {"{tcp: \"10.0.0.0/8:5\"}", "is not HOST:PORT"},
    {"{exec: ls}", "exec: a list: program and arguments"},
    {"{exec: [ls], timeout: 0}", "timeout: \"0\" would do nothing"},
    {"{exec: [ls], expect: {}}", "an empty map expects nothing"},
    {"{exec: [ls], expect: {latency: \"< 2x baseline\"}}", "there is no baseline here to compare with"},
};

START_TEST(a_wrong_probe_is_an_error)
{
    check_row(parse_probe(probes[_i].fragment), probes[_i].error);
}
END_TEST

static const struct probe *probe_of(const char *body)
{
    ck_assert_str_eq(parse_probe(body), "");
    return &loaded->probes[0];
}

START_TEST(a_probe_waits_five_seconds_unless_told)
{
    ck_assert_uint_eq(probe_of("{tcp: \"[::1]:5\"}")->timeout_ns, 5 * NS_PER_S);
    ck_assert_str_eq(loaded->probes[0].host, "::1");
    ck_assert_uint_eq(loaded->probes[0].port, 5);
    ck_assert_uint_eq(probe_of("{http: {get: \"http://h\", timeout: 2s}}")->timeout_ns, 2 * NS_PER_S);
    ck_assert_uint_eq(probe_of("{exec: [a], timeout: 1.5s}")->timeout_ns, 1500 * NS_PER_MS);
}
END_TEST

static const struct {
    const char *yaml, *json;
} bodies[] = {
    {"{a: true, b: \"true\", c: ~, d: 5, e: \"5\", f: 1.5, g: yes}",
     "{\"a\":true,\"b\":\"true\",\"c\":null,\"d\":5,\"e\":\"5\",\"f\":1.5,\"g\":\"yes\"}"},
    {"[1, [2], {x: -3}]", "[1,[2],{\"x\":-3}]"},
    {"007", "\"007\""},
    {"1e999", "\"1e999\""},
    {"12345678901234567890123", "1.2345678901234568e22"},
    {"\"\"", "\"\""},
    {"\"a\\\"b\\n\"", "\"a\\\"b\\n\""},
    {"{}", "{}"},
    {"5.", "\"5.\""},
};

START_TEST(a_json_body_has_the_types_of_yaml)
{
    char text[512];

    snprintf(text, sizeof(text), "{http: {post: \"http://h\", json: %s}}", bodies[_i].yaml);
    const struct probe *p = probe_of(text);
    ck_assert_str_eq(p->body, bodies[_i].json);
    ck_assert_str_eq(p->method, "POST");
    ck_assert_str_eq(p->headers[0].name, "Content-Type");
    ck_assert_str_eq(p->headers[0].value, "application/json");
}
END_TEST

START_TEST(a_content_type_that_is_given_stays)
{
    const struct probe *p =
        probe_of("{http: {post: \"http://h\", json: 1, headers: {content-type: text/x}}}");

    ck_assert_uint_eq(p->headers_count, 1);
    ck_assert_str_eq(p->headers[0].value, "text/x");
}
END_TEST

START_TEST(a_probe_keeps_its_own_expectations)
{
    const struct probe *p =
        probe_of("{http: {get: \"http://h\", follow: true}, expect: {status: [200, 204]}}");

    ck_assert(p->follow);
    ck_assert_ptr_null(p->body);
    ck_assert_uint_eq(p->expect_count, 1);
    ck_assert_str_eq(p->expect[0].text, "status one of 200, 204");
}
END_TEST

static const struct case_row loads[] = {
    {"{rate: 5/s}", "probe is missing in a load"},
    {"{probe: item}", "rate is missing in a load"},
    {"{probe: itme, rate: 5/s}", "probe: unknown probe \"itme\" (did you mean \"item\"?)"},
    {"{probe: item, rate: 5}", "rate: \"5\" has no unit: 5/s?"},
    {"{probe: item, rate: 0/s}", "rate: \"0/s\" is out of range"},
    {"{probe: item, rate: 5/s, max_in_flight: 0}", "max_in_flight: \"0\" would do nothing"},
    {"{probe: item, rate: 5/s, max_in_flight: 100000}", "max_in_flight: more than 65536"},
};

START_TEST(a_wrong_load_is_an_error)
{
    check_row(parse_part("load", loads[_i].fragment), loads[_i].error);
}
END_TEST

START_TEST(a_load_has_a_limit_of_its_own)
{
    ck_assert_str_eq(parse_part("load", "{probe: item, rate: 600/m}"), "");
    ck_assert_double_eq_tol(loaded->loads[0].rate_per_s, 10, 1e-9);
    ck_assert_uint_eq(loaded->loads[0].max_in_flight, 256);
    ck_assert_uint_eq(loaded->loads[0].probe, 0);
}
END_TEST

/* --- head and defaults --- */

static const struct case_row tops[] = {
    {"name: \"\"", "name: one line of text is wanted here, not an empty one"},
    {"name: \"a\\nb\"", "name: one line of text is wanted here, without control characters"},
    {"seed: -1", "seed: \"-1\" is not a whole number"},
    {"seed: 99999999999999999999", "seed: \"99999999999999999999\" is out of range"},
    {"defaults: {hold: 0}", "hold: \"0\" would do nothing"},
    {"defaults: {hold: 10}", "hold: \"10\" has no unit"},
    {"defaults: {hold: 9999h}", "hold: \"9999h\" is out of range"},
    {"defaults: {baseline: {for: 0}}", "for: \"0\" would do nothing"},
    {"defaults: {recovery: {stable_for: 0}}", "stable_for: \"0\" would do nothing"},
    {"defaults: {recovery: 5s}", "recovery: a map (recovery) is wanted here"},
    {"defaults: {isolation: new}", "isolation: \"new\" is not fresh"},
    {"defaults: {lease: 500ms}", "lease: \"500ms\" is out of range: 1s to 60s"},
    {"defaults: {lease: 61s}", "lease: \"61s\" is out of range: 1s to 60s"},
    {"services: [a]", "here twice"},
    {"expriments: []", "unknown key \"expriments\" in a scenario (did you mean \"experiments\"?)"},
};

START_TEST(a_wrong_head_is_an_error)
{
    check_row(parse_top(tops[_i].fragment), tops[_i].error);
}
END_TEST

START_TEST(a_version_must_be_said)
{
    ck_assert_has(parse("name: x\n"), "f:1:1: version is missing in a scenario: of this format: version: 1");
    ck_assert_str_eq(
        parse("version: 2\nfuture: 1\nexperiments: []\n"),
        "f:1:10: version: this chaosctl reads version 1\nf:2:1: unknown key \"future\" in a scenario; there "
        "are: "
        "version, name, seed, vars, services, dependencies, proxies, probes, load, steady_state, stop_when, "
        "defaults, experiments\n");
    ck_assert_has(parse("version: one\n"), "this chaosctl reads version 1");
}
END_TEST

START_TEST(experiments_must_be_there)
{
    ck_assert_has(parse("version: 1\n"), "experiments is missing in a scenario");
    ck_assert_has(parse("version: 1\nexperiments: []\n"), "experiments: the list is empty");
    ck_assert_has(parse("version: 1\nexperiments: {}\n"), "a list of experiments is wanted here, not a map");
}
END_TEST

START_TEST(everything_has_a_default)
{
    ck_assert_str_eq(parse_top(""), "");
    const struct timing *t = &loaded->cells[0].timing;

    ck_assert_str_eq(loaded->name, "f"); /* the file's */
    ck_assert_uint_eq(loaded->seed, 1);
    ck_assert_uint_eq(loaded->lease_ns, 5 * NS_PER_S);
    ck_assert_uint_eq(t->baseline_for_ns, 2 * NS_PER_S);
    ck_assert_uint_eq(t->baseline_within_ns, 15 * NS_PER_S);
    ck_assert_uint_eq(t->hold_ns, 5 * NS_PER_S);
    ck_assert_uint_eq(t->recovery_within_ns, 30 * NS_PER_S);
    ck_assert_uint_eq(t->stable_for_ns, 2 * NS_PER_S);
    ck_assert(!loaded->cells[0].shared);
}
END_TEST

START_TEST(defaults_are_overridden)
{
    ck_assert_str_eq(
        parse(HEAD "defaults: {hold: 1s, recovery: {within: 3s}, isolation: shared, lease: 2s}\n"
                   "experiments:\n- name: e\n  hold: 7s\n  recovery: {stable_for: 1s}\n  isolation: fresh\n"
                   "  baseline: {within: 4s}\n  faults: [{refuse: {target: cache}}]\n"
                   "  after: [{exec: [x]}]\n- {name: d, faults: [{oom: {}}], after: [{exec: [x]}]}\n"),
        "");
    const struct cell *e = &loaded->cells[0], *d = &loaded->cells[1];

    ck_assert_uint_eq(loaded->lease_ns, 2 * NS_PER_S);
    ck_assert_uint_eq(e->timing.hold_ns, 7 * NS_PER_S);
    ck_assert_uint_eq(e->timing.recovery_within_ns, 3 * NS_PER_S);
    ck_assert_uint_eq(e->timing.stable_for_ns, NS_PER_S);
    ck_assert_uint_eq(e->timing.baseline_within_ns, 4 * NS_PER_S);
    ck_assert(!e->shared);
    ck_assert_uint_eq(d->timing.hold_ns, NS_PER_S);
    ck_assert(d->shared);
}
END_TEST

START_TEST(an_experiment_waits_only_when_it_says_so)
{
    ck_assert_str_eq(
        parse(HEAD "experiments:\n- {name: e, confirm: true, faults: [{oom: {}}], after: [{exec: [x]}]}\n"
                   "- {name: d, faults: [{oom: {}}], after: [{exec: [x]}]}\n"),
        "");
    ck_assert(loaded->cells[0].waits);
    ck_assert(!loaded->cells[1].waits);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_parts");
    TCase *c = new_case(suite, "parts");

    tcase_add_loop_test(c, a_wrong_service_is_an_error, 0, ROWS(services));
    tcase_add_test(c, a_service_has_defaults);
    tcase_add_test(c, an_experiment_waits_only_when_it_says_so);
    tcase_add_test(c, a_service_takes_what_is_given);
    tcase_add_test(c, an_http_service_is_ready_below_400);
    tcase_add_test(c, a_relative_dir_starts_at_the_scenarios_folder);
    tcase_add_test(c, a_joined_service_needs_no_command);
    tcase_add_test(c, more_services_than_there_is_room_for_are_refused);
    tcase_add_loop_test(c, a_wrong_dependency_is_an_error, 0, ROWS(dependencies));
    tcase_add_loop_test(c, an_address_is_compiled, 0, ROWS(compiled));
    tcase_add_loop_test(c, a_relative_path_is_itself_and_what_it_is_from_the_scenarios_folder, 0,
                        ROWS(relative));
    tcase_add_test(c, a_relative_path_of_a_spec_is_from_the_current_folder);
    tcase_add_test(c, localhost_is_its_name_and_its_addresses);
    tcase_add_test(c, more_dependencies_than_there_are_bits_are_refused);
    tcase_add_test(c, more_addresses_than_there_is_room_for_are_refused);
    tcase_add_loop_test(c, a_name_is_letters_and_digits, 0, ROWS(bad_names));
    tcase_add_loop_test(c, a_wrong_probe_is_an_error, 0, ROWS(probes));
    tcase_add_test(c, a_probe_waits_five_seconds_unless_told);
    tcase_add_loop_test(c, a_json_body_has_the_types_of_yaml, 0, ROWS(bodies));
    tcase_add_test(c, a_content_type_that_is_given_stays);
    tcase_add_test(c, a_probe_keeps_its_own_expectations);
    tcase_add_loop_test(c, a_wrong_load_is_an_error, 0, ROWS(loads));
    tcase_add_test(c, a_load_has_a_limit_of_its_own);
    tcase_add_loop_test(c, a_wrong_head_is_an_error, 0, ROWS(tops));
    tcase_add_test(c, a_version_must_be_said);
    tcase_add_test(c, experiments_must_be_there);
    tcase_add_test(c, everything_has_a_default);
    tcase_add_test(c, defaults_are_overridden);
    return check_main(suite);
}
