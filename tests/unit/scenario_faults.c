/* Faults, in YAML and as SPECs of the command line. */
#include <netdb.h>
#include <signal.h>

#include "unit/scenario_case.h"

static const struct case_row wrong[] = {
    {"latncy: {target: cache}", "f:9:5: unknown fault \"latncy\" (did you mean \"latency\"?)"},
    {"refsue: {target: cache}", "unknown fault \"refsue\" (did you mean \"refuse\"?)"},
    {"zzz: {}", "unknown fault \"zzz\"; there are: refuse, unreachable, outage, reset, dns, error, delay, "
                "oom, blackhole, latency, bandwidth, truncate, slice, corrupt, drop_response, respond, loss, "
                "duplicate, reorder, kill, pause\n"},
    {"disk: {}", "fault \"disk\" is not in this version yet; available: refuse, unreachable, outage"},
    {"refuse", "a fault is a map of one kind to its keys"},
    {"{}", "a fault is a map of one kind to its keys"},
    {"{refuse: {target: cache}, reset: {target: cache}}", "a fault is a map of one kind to its keys"},
    {"kill: shop", "f:9:11: kill takes a map of its keys: {kill: {in: SERVICE}}"},
    {"refuse: cache", "refuse takes a map of its keys: {refuse: {target: NAME}}"},
    {"refuse: [cache]", "refuse takes a map of its keys"},
    {"refuse: {}", "target is missing in refuse: the dependency that it is about"},
    {"refuse:", "target is missing in refuse"},
    {"kill: {}", "in is missing in kill"},
    {"error: {}", "call is missing in error"},
    {"delay: {call: connect}", "delay is missing in delay"},
    {"refuse: {target: cahce}", "f:9:22: target: unknown target \"cahce\" (did you mean \"cache\"?)"},
    {"refuse: {target: zzz}", "target: unknown target \"zzz\"; there are: cache, recs"},
    {"refuse: {target: [cache, zzz]}", "f:9:30: target: unknown target \"zzz\""},
    {"refuse: {target: []}", "target: an empty list names no target"},
    {"refuse: {target: cache, in: shpo}", "in: unknown service \"shpo\" (did you mean \"shop\"?)"},
    {"refuse: {target: cache, in: quiet}", "in: no fault can enter \"quiet\", whose inject is none"},
    {"refuse: {target: cache, request: x}",
     "f:9:29: request has no meaning for refuse: a connection is refused before a request is sent; reset and "
     "error strike requests"},
    {"outage: {target: cache, request: x}", "request has no meaning for outage"},
    {"oom: {request: x}", "request has no meaning for oom: it strikes no request"},
    {"reset: {target: cache, request: \"\"}", "an empty regex fits every request"},
    {"reset: {target: cache, request: '(a)\\1'}",
     "f:9:42: request: \"(a)\\1\": back-references are not understood in request; write the text out"},
    {"reset: {target: cache, request: '^GET (?=/)'}",
     "f:9:44: request: \"^GET (?=/)\": of groups that begin"},
    {"reset: {target: cache, request: 'a{200}'}", "it is too long: at most 127 signs and repeats"},
    {"reset: {target: cache, request: a, direction: inbound}",
     "direction: request looks at what the service sends; it goes with outbound alone"},
    {"error: {call: send, request: a}", "request: of whom? error needs target: the dependency that is asked"},
    {"error: {call: connect, target: cache, request: a}",
     "request: connect neither sends nor receives; calls such as send and recv do"},
    {"refuse: {target: cache, nth: 3}", "unknown key \"nth\" in refuse"},
    {"refuse: {target: cache, probability: 150%}", "probability: \"150%\" is out of range"},
    {"refuse: {target: cache, probability: 0}", "probability: \"0\" would do nothing"},
    {"refuse: {target: cache, times: 0}", "times: \"0\" would do nothing"},
    {"refuse: {target: cache, every: 0}", "every: \"0\" would do nothing"},
    {"refuse: {target: cache, after: -1}", "after: \"-1\" is not a whole number"},
    {"refuse: {target: cache, for: 0}", "for: \"0\" would do nothing"},
    {"refuse: {target: cache, start: 5s}", "start: \"5s\" comes when hold (5 s) is over"},
    {"refuse: {target: cache, direction: in}", "direction: \"in\" is unknown"},
    {"refuse: {target: cache, direction: inbound}",
     "what comes in was accepted by the kernel before the program hears of it"},
    {"unreachable: {target: cache, direction: inbound}", "what comes in was accepted by the kernel"},
    {"unreachable: {target: cache, errno: ECONNREFUSED}",
     "errno: unreachable does not fail with \"ECONNREFUSED\"; it can with: EHOSTUNREACH ENETUNREACH"},
    {"refuse: {target: cache, hits: x}", "hits: \"x\" is not a number or a bound such as \">= 1\""},
    {"refuse: {target: cache, hits: 1.5}", "hits: \"1.5\" is not a number or a bound"},
    {"refuse: {target: cache, hits: \"< 0\"}", "hits: \"< 0\" is not a number or a bound"},
    {"refuse: {target: cache, hits: \"!= 3\"}", "hits: \"!= 3\" is not a number or a bound"},
    {"refuse: {target: cache, times: 2, hits: \">= 3\"}",
     "hits: \">= 3\" cannot be reached: it strikes at most 2 times"},
    {"refuse: {target: cache, times: 1, hits: \">= 2\"}",
     "hits: \">= 2\" cannot be reached: it strikes at most once"},
    {"error: {call: conect}", "call: unknown call \"conect\" (did you mean \"connect\"?)"},
    {"error: {call: connect, errno: EFOO}",
     "errno: connect does not fail with \"EFOO\"; it can with: ECONNREFUSED ETIMEDOUT"},
    {"error: {call: connect, errno: E}", "connect does not fail with \"E\""},
    {"error: {call: connect, errno: ECONN}", "connect does not fail with \"ECONN\""},
    {"error: {call: closefrom}", "closefrom cannot fail"},
    {"error: {call: malloc, target: cache}", "malloc allocates memory, which belongs to no dependency"},
    {"delay: {call: connect, delay: 5}", "delay: \"5\" has no unit: 5ms or 5s?"},
    {"dns: {target: cache}", "target: \"cache\" is tcp 127.0.0.1:6379: there is no name to resolve"},
    {"dns: {mode: slow}", "mode: slow needs delay"},
    {"dns: {mode: broken}", "mode: \"broken\" is unknown; there are: nxdomain, servfail, timeout, slow"},
    {"dns: {delay: 3s}", "delay: only the modes timeout and slow wait"},
    {"dns: {direction: outbound}", "direction has no meaning for dns"},
    {"oom: {target: cache}", "f:9:11: target has no meaning for oom: memory belongs to no dependency"},
    {"oom: {nth: 0}", "nth: \"0\" would do nothing"},
    {"oom: {nth: 3, times: 2}", "nth stands for after and times"},
    {"oom: {size: big}", "size: \"big\" is not a size or a range"},
    {"oom: {size: \"< 0\"}", "size: \"< 0\" is not a size or a range"},
    {"oom: {size: \"64KiB..1KiB\"}", "size: \"64KiB..1KiB\" is not a size or a range"},
    {"oom: {quota: x}", "quota: \"x\" is not a size such as 64KiB"},
    {"oom: {caller: /lib/x.so}", "caller: the base name of a program or library is wanted"},
    {"kill: {in: shop, signal: SIGSTOP}", "signal: that does not end a service; the fault pause stops one"},
    {"kill: {in: shop, signal: SIGFOO}", "signal: unknown signal \"SIGFOO\""},
    {"kill: {in: shop, times: 2}", "times has no meaning for kill: it happens once, to a whole service"},
    {"pause: {in: shop, probability: 50%}", "probability has no meaning for pause"},
    {"pause: {in: shop, target: cache}", "target has no meaning for pause"},
};

START_TEST(a_wrong_fault_is_an_error)
{
    check_row(parse_fault(wrong[_i].fragment), wrong[_i].error);
}
END_TEST

static const struct {
    const char *fault, *text;
} texts[] = {
    {"refuse: {target: cache}", "refuse cache"},
    {"reset: {target: cache, probability: 50%}", "reset cache, 50%"},
    {"outage: {target: [recs, cache], in: shop}", "outage cache+recs in shop"},
    {"outage: {target: cache, direction: inbound}", "outage cache, inbound"},
    {"unreachable: {target: cache}", "unreachable cache"},
    {"unreachable: {target: cache, errno: ENETUNREACH}", "unreachable ENETUNREACH cache"},
    {"error: {call: connect, errno: ETIMEDOUT}", "error connect ETIMEDOUT"},
    {"error: {call: __connect}", "error connect ECONNREFUSED"},
    {"error: {call: recv, target: cache}", "error recv ECONNRESET on cache"},
    {"error: {call: getaddrinfo, errno: EAI_FAIL}", "error getaddrinfo EAI_FAIL"},
    {"delay: {call: connect, delay: 200ms, target: cache}", "delay connect 200 ms on cache"},
    {"dns: {target: recs}", "dns nxdomain recs"},
    {"dns: {mode: timeout}", "dns timeout, 10 s"},
    {"oom: {}", "oom"},
    {"oom:", "oom"},
    {"oom: {nth: 3, in: shop}", "oom nth 3 in shop"},
    {"oom: {size: \">= 1KiB\", quota: 1MiB, caller: libssl.so.3}",
     "oom of >= 1 KiB beyond 1 MiB by libssl.so.3"},
    {"oom: {size: \"1KiB..64KiB\"}", "oom of 1 KiB..64 KiB"},
    {"kill: {in: shop}", "kill shop"},
    {"kill: {in: quiet, signal: TERM}", "kill SIGTERM quiet"},
    {"pause: {in: shop, start: 1s, for: 2s}", "pause shop, from 1 s, for 2 s"},
    {"refuse: {target: cache, after: 3, every: 2, times: 4}",
     "refuse cache, after 3, every 2, at most 4 times"},
    {"refuse: {target: cache, times: 1}", "refuse cache, at most once"},
    {"reset: {target: cache, direction: any}", "reset cache, any direction"},
    {"reset: {target: cache, direction: outbound}", "reset cache, outbound"},
};

START_TEST(a_fault_reads_for_people)
{
    ck_assert_str_eq(fault_of(texts[_i].fault)->text, texts[_i].text);
}
END_TEST

#define SEALED                                                                                               \
    "version: 1\nservices: {a: {run: [a], inject: none}, b: {run: [b], inject: %s}}\n"                       \
    "experiments:\n- name: e\n  faults: [{%s}]\n  after: [{exec: [x]}]\n"

START_TEST(a_fault_that_can_enter_no_service_is_an_error)
{
    static const char why[] = "f:5:13: no service can be entered: all say inject: none\n";

    ck_assert_str_eq(parse(SEALED, "none", "oom: {}"), why);
    ck_assert_str_eq(parse(SEALED, "none", "error: {call: connect}"), why);
    ck_assert_str_eq(parse(SEALED, "none", "oom: {in: a}"),
                     "f:5:23: in: no fault can enter \"a\", whose inject is none; kill and pause can reach "
                     "it\n");
    ck_assert_str_eq(parse(SEALED, "none", "kill: {in: a}"), "");
    ck_assert_str_eq(parse(SEALED, "auto", "oom: {}"), "");
}
END_TEST

START_TEST(a_scenario_without_services_may_have_any_fault)
{
    ck_assert_str_eq(
        parse("version: 1\nexperiments: [{name: e, faults: [{oom: {}}], after: [{exec: [x]}]}]\n"), "");
}
END_TEST

START_TEST(a_fault_has_defaults)
{
    const struct fault *f = fault_of("refuse: {target: [recs, cache]}");

    ck_assert_int_eq(f->kind, FAULT_refuse);
    ck_assert_uint_eq(f->targets, 3);
    ck_assert_int_eq(f->service, -1);
    ck_assert_int_eq(f->call, CALL_COUNT);
    ck_assert_int_eq(f->error, 0);
    ck_assert_double_eq(f->probability, 1);
    ck_assert_uint_eq(f->after, 0);
    ck_assert_uint_eq(f->every, 1);
    ck_assert_uint_eq(f->times, RULE_ENDLESS);
    ck_assert_uint_eq(f->start_ns, 0);
    ck_assert_uint_eq(f->for_ns, RULE_ENDLESS);
    ck_assert_uint_eq(f->size_max, UINT64_MAX);
    ck_assert_int_eq(f->direction, DIRECTION_ANY);
    ck_assert_str_eq(f->hits_text, ">= 1");
    ck_assert_uint_eq(f->hits_min, 1);
    ck_assert_uint_eq(f->hits_max, RULE_ENDLESS);
    ck_assert_int_eq(f->at.line, 9);
    ck_assert_int_eq(f->at.column, 5);
}
END_TEST

static const struct {
    const char *written, *text;
    uint64_t min, max;
} hits[] = {
    {"0", "any", 0, RULE_ENDLESS}, {"0..0", "0..0", 0, 0},          {"3", "3", 3, 3},
    {"2..5", "2..5", 2, 5},        {"> 2", "> 2", 3, RULE_ENDLESS}, {">= 2", ">= 2", 2, RULE_ENDLESS},
    {"< 2", "< 2", 0, 1},          {"<= 2", "<= 2", 0, 2},
};

START_TEST(hits_are_a_range)
{
    char text[128];

    snprintf(text, sizeof(text), "refuse: {target: cache, hits: \"%s\"}", hits[_i].written);
    const struct fault *f = fault_of(text);
    ck_assert_uint_eq(f->hits_min, hits[_i].min);
    ck_assert_uint_eq(f->hits_max, hits[_i].max);
    ck_assert_str_eq(f->hits_text, hits[_i].text);
}
END_TEST

static const struct {
    const char *written;
    uint64_t min, max;
} sizes[] = {
    {">= 1KiB", 1024, UINT64_MAX}, {"> 1KiB", 1025, UINT64_MAX}, {"1KiB..64KiB", 1024, 65536},
    {"< 4096", 0, 4095},           {"<= 4096", 0, 4096},         {"64", 64, 64},
};

START_TEST(sizes_are_a_range)
{
    char text[128];

    snprintf(text, sizeof(text), "oom: {size: \"%s\"}", sizes[_i].written);
    const struct fault *f = fault_of(text);
    ck_assert_uint_eq(f->size_min, sizes[_i].min);
    ck_assert_uint_eq(f->size_max, sizes[_i].max);
}
END_TEST

START_TEST(nth_is_after_and_times)
{
    const struct fault *f = fault_of("oom: {nth: 7}");

    ck_assert_uint_eq(f->after, 6);
    ck_assert_uint_eq(f->times, 1);
    ck_assert_int_eq(f->error, ENOMEM);
}
END_TEST

static const struct {
    const char *fault;
    int error;
    uint64_t delay_ns;
} errors[] = {
    {"unreachable: {target: cache}", EHOSTUNREACH, 0},
    {"error: {call: connect}", ECONNREFUSED, 0},
    {"error: {call: getaddrinfo}", EAI_AGAIN, 0},
    {"error: {call: gethostbyname, errno: EAI_NONAME}", EAI_NONAME, 0},
    {"dns: {}", EAI_NONAME, 0},
    {"dns: {mode: servfail}", EAI_AGAIN, 0},
    {"dns: {mode: timeout}", EAI_AGAIN, 10 * NS_PER_S},
    {"dns: {mode: timeout, delay: 1s}", EAI_AGAIN, NS_PER_S},
    {"dns: {mode: slow, delay: 1s}", 0, NS_PER_S},
    {"delay: {call: connect, delay: 1s}", 0, NS_PER_S},
};

START_TEST(a_fault_has_its_error_and_delay)
{
    const struct fault *f = fault_of(errors[_i].fault);

    ck_assert_int_eq(f->error, errors[_i].error);
    ck_assert_uint_eq(f->delay_ns, errors[_i].delay_ns);
}
END_TEST

START_TEST(kill_kills_unless_told)
{
    ck_assert_int_eq(fault_of("kill: {in: shop}")->signal, SIGKILL);
    ck_assert_int_eq(fault_of("kill: {in: shop, signal: 15}")->signal, SIGTERM);
    ck_assert_int_eq(fault_of("kill: {in: quiet}")->service, 1);
}
END_TEST

/* Every name of every call's menu must be a number: call.def is written by hand. */
START_TEST(every_error_of_the_menus_is_known)
{
    for (int i = 0; i < CALL_COUNT; i++) {
        const char *menu = call_errnos((enum call)i);
        for (char name[32]; *menu; menu += strspn(menu, " ")) {
            char text[128];
            size_t len = strcspn(menu, " ");
            snprintf(name, sizeof(name), "%.*s", (int)len, menu);
            snprintf(text, sizeof(text), "error: {call: %s, errno: %s}", call_name((enum call)i), name);
            ck_assert_int_ne(fault_of(text)->error, 0);
            menu += len;
        }
    }
}
END_TEST

/* --- SPECs --- */

static struct fault spec_fault;

static const char *add_spec(const char *spec)
{
    struct diag *diag = diag_new("fault");
    cleanup_buf struct buf rendered = {0};

    last_result = scenario_add_fault(loaded, spec, diag, &spec_fault);
    diag_render(diag, &rendered);
    ck_assert_int_eq(last_result == 0, diag_count(diag) == 0);
    diag_free(diag);
    snprintf(errors_text, sizeof(errors_text), "%s", buf_text(&rendered));
    return errors_text;
}

static void start_empty(void)
{
    forget();
    loaded = scenario_empty();
    ck_assert_ptr_nonnull(loaded);
}

static const struct case_row wrong_specs[] = {
    {"", "fault:1:1: the kind of fault is missing"},
    {":", "the kind of fault is missing"},
    {"latncy", "fault:1:1: unknown fault \"latncy\" (did you mean \"latency\"?)"},
    {"respond:target=h:1,status=5000", "fault:1:27: status: \"5000\" is not a status of 200 to 599"},
    {"refuse", "target is missing in refuse"},
    {"refuse:", "target is missing in refuse"},
    {"refuse:target", "fault:1:8: key=value is wanted here"},
    {"refuse:=x", "key=value is wanted here"},
    {"refuse:target=h:1,", "fault:1:19: key=value is wanted behind the comma"},
    {"refuse:target=h:1,,", "key=value is wanted here"},
    {"refuse:target=h:1,target=h:2", "fault:1:19: this key is here twice"},
    {"refuse:target='h:1", "fault:1:15: a quote without its end"},
    {"refuse:target='h:1'x", "a comma or the end is wanted behind the closing quote"},
    {"refuse:target=", "target: the name of a target is wanted here, not nothing"},
    {"refuse:target=nowhere", "unknown target \"nowhere\": the scenario has none"},
    {"refuse:target=h:99999", "fault:1:15: \"h:99999\" has a port that is none"},
    {"refuse:target=h:1+h:x", "fault:1:19: \"h:x\" has a port that is none"},
    {"refuse:target=h:1,times=0", "fault:1:25: times: \"0\" would do nothing"},
    {"kill:in=shop", "unknown service \"shop\": the scenario has none"},
    {"oom:target=h:1", "target has no meaning for oom"},
    {"\xff", "not UTF-8"},
    {"oom:caller=\xff", "not UTF-8"},
};

START_TEST(a_wrong_spec_is_an_error)
{
    start_empty();
    check_row(add_spec(wrong_specs[_i].fragment), wrong_specs[_i].error);
    ck_assert_uint_eq(loaded->dependencies_count, 0);
}
END_TEST

static const struct {
    const char *spec, *text, *target; /* of the first dependency */
} specs[] = {
    {"oom", "oom", NULL},
    {"oom:nth=3", "oom nth 3", NULL},
    {"oom:size='>= 1KiB'", "oom of >= 1 KiB", NULL},
    {"oom:size=\"1KiB..2KiB\",caller=a", "oom of 1 KiB..2 KiB by a", NULL},
    {"error:call=connect,errno=ETIMEDOUT", "error connect ETIMEDOUT", NULL},
    {"refuse:target=127.0.0.1:6379,probability=50%", "refuse 127.0.0.1:6379, 50%", "tcp 127.0.0.1:6379"},
    {"refuse:target=[::1]:80", "refuse [::1]:80", "tcp [::1]:80"},
    {"refuse:target=[::1]", "refuse [::1]", "tcp [::1]:*"},
    {"refuse:target=10.0.0.0/8", "refuse 10.0.0.0/8", "tcp 10.0.0.0/8:*"},
    {"dns:target=recs.internal", "dns nxdomain recs.internal", "tcp recs.internal:*"},
    {"dns:target=localhost", "dns nxdomain localhost", "tcp localhost:*"},
    {"refuse:target=/run/x.sock", "refuse /run/x.sock", "unix /run/x.sock"},
    {"refuse:target=unix:x", "refuse unix:x", "unix x"},
    {"refuse:target=@x", "refuse @x", "unix @x"},
    {"error:call=sendto,target=udp:h:53", "error sendto ECONNRESET on udp:h:53", "udp h:53"},
    {"refuse:target=h:1+h:2", "refuse h:1+h:2", "tcp h:1"},
    {"refuse:target='/^a+b/:80+h:2'", "refuse /^a+b/:80+h:2", "tcp /^a+b/:80"},
};

START_TEST(a_spec_is_a_fault)
{
    start_empty();
    ck_assert_str_eq(add_spec(specs[_i].spec), "");
    ck_assert_str_eq(spec_fault.text, specs[_i].text);
    if (specs[_i].target)
        ck_assert_str_eq(loaded->dependencies[0].text, specs[_i].target);
    else
        ck_assert_uint_eq(loaded->dependencies_count, 0);
}
END_TEST

START_TEST(a_spec_may_name_what_the_scenario_has)
{
    ck_assert_str_eq(parse_top(""), "");
    ck_assert_str_eq(add_spec("refuse:target=recs+h:1,in=shop"), "");
    ck_assert_uint_eq(spec_fault.targets, 2 | 4);
    ck_assert_int_eq(spec_fault.service, 0);
    ck_assert_str_eq(loaded->dependencies[2].name, "h:1");
    ck_assert_uint_eq(loaded->dependencies[2].targets[0].bit, 2);
    ck_assert_str_eq(add_spec("reset:target=h:1"), "");
    ck_assert_uint_eq(spec_fault.targets, 4);
    ck_assert_uint_eq(loaded->dependencies_count, 3);
}
END_TEST

START_TEST(specs_stop_when_there_is_no_room_for_targets)
{
    start_empty();
    for (int i = 0; i < DEPENDENCY_MAX; i++) {
        char spec[64];
        snprintf(spec, sizeof(spec), "refuse:target=h:%d", i + 1);
        ck_assert_str_eq(add_spec(spec), "");
    }
    ck_assert_has(add_spec("refuse:target=h:99"), "more targets than there is room for");
    ck_assert_uint_eq(loaded->dependencies_count, DEPENDENCY_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_faults");
    TCase *c = new_case(suite, "faults");

    tcase_add_loop_test(c, a_wrong_fault_is_an_error, 0, ROWS(wrong));
    tcase_add_loop_test(c, a_fault_reads_for_people, 0, ROWS(texts));
    tcase_add_test(c, a_fault_that_can_enter_no_service_is_an_error);
    tcase_add_test(c, a_scenario_without_services_may_have_any_fault);
    tcase_add_test(c, a_fault_has_defaults);
    tcase_add_loop_test(c, hits_are_a_range, 0, ROWS(hits));
    tcase_add_loop_test(c, sizes_are_a_range, 0, ROWS(sizes));
    tcase_add_test(c, nth_is_after_and_times);
    tcase_add_loop_test(c, a_fault_has_its_error_and_delay, 0, ROWS(errors));
    tcase_add_test(c, kill_kills_unless_told);
    tcase_add_test(c, every_error_of_the_menus_is_known);
    tcase_add_loop_test(c, a_wrong_spec_is_an_error, 0, ROWS(wrong_specs));
    tcase_add_loop_test(c, a_spec_is_a_fault, 0, ROWS(specs));
    tcase_add_test(c, a_spec_may_name_what_the_scenario_has);
    tcase_add_test(c, specs_stop_when_there_is_no_room_for_targets);
    return check_main(suite);
}
