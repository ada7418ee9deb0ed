/* Faults on streams and datagrams, in YAML and as SPECs. */
#include <jansson.h>

#include "chaosctl/base/unit.h"
#include "unit/scenario_case.h"

static const struct case_row wrong[] = {
    {"latency: {target: cache}", "delay is missing in latency: how much later"},
    {"latency: {delay: 1s}", "target is missing in latency"},
    {"latency: cache", "latency takes a map of its keys: {latency: {target: NAME, delay: 200ms}}"},
    {"latency: {target: cache, delay: 100}", "delay: \"100\" has no unit: 100ms or 100s?"},
    {"latency: {target: cache, delay: 0}", "delay: \"0\" would do nothing"},
    {"latency: {target: cache, delay: 100ms, jitter: 101ms}",
     "f:9:52: jitter: \"101ms\" is more than the delay (100 ms)"},
    {"latency: {target: cache, delay: 100ms, jitter: 101ms, distribution: uniform}",
     "is more than the delay"},
    {"latency: {target: cache, delay: 100ms, distribution: normal}",
     "distribution: of what? There is no jitter"},
    {"latency: {target: cache, delay: 100ms, jitter: 10ms, distribution: gauss}",
     "distribution: \"gauss\" is unknown; there are: uniform, normal, pareto"},
    {"latency: {target: cache, delay: 1s, rate: 1kB/s}", "unknown key \"rate\" in latency"},
    {"latency: {target: cache, delay: 1s, request: [x]}",
     "request: a regular expression such as '^GET /recs' is wanted here, not a list"},
    {"bandwidth: {target: statsd, rate: 1kB/s}", "f:9:25: target: \"statsd\" is udp h:8125; bandwidth works "
                                                 "on streams alone: of datagrams there are loss, "
                                                 "latency, duplicate, reorder, corrupt and blackhole"},
    {"truncate: {target: [cache, statsd], after: 1B}",
     "\"statsd\" is udp h:8125; truncate works on streams alone"},
    {"slice: {target: statsd, size: 1B}", "\"statsd\" is udp h:8125; slice works on streams alone"},
    {"bandwidth: {target: cache}", "rate is missing in bandwidth"},
    {"bandwidth: cache", "{bandwidth: {target: NAME, rate: 100kB/s}}"},
    {"bandwidth: {target: cache, rate: 100}", "rate: \"100\" has no unit: 100kB/s?"},
    {"bandwidth: {target: cache, rate: 100kB}", "rate: \"100kB\" has no unit: 100kB/s?"},
    {"bandwidth: {target: cache, rate: 100/s}", "rate: \"100/s\" is not a size a second, such as 100kB/s"},
    {"bandwidth: {target: cache, rate: 0B/s}", "rate: \"0B/s\" is out of range"},
    {"bandwidth: {target: cache, rate: 0.5B/s}", "rate: \"0.5B/s\" is out of range"},
    {"bandwidth: {target: cache, rate: 1kb/s}", "rate: \"1kb/s\" is not a size a second"},
    {"blackhole: {}", "target is missing in blackhole"},
    {"blackhole: {target: cache, delay: 1s}", "unknown key \"delay\" in blackhole"},
    {"truncate: {target: cache}", "after is missing in truncate: so many bytes of each stream"},
    {"truncate: cache", "{truncate: {target: NAME, after: 20B}}"},
    {"truncate: {target: cache, after: 20}",
     "f:9:38: after: \"20\" has no unit; bytes of the stream are counted here, not calls: 20B?"},
    {"truncate: {target: cache, after: 20s}", "after: \"20s\" is not a size with its unit, such as 20B"},
    {"truncate: {target: cache, bytes: 20B}", "unknown key \"bytes\" in truncate"},
    {"reset: {target: cache, after: soon}",
     "after: \"soon\" is not a number of matches, a size of received bytes"},
    {"refuse: {target: cache, after: 1KiB}", "only truncate and reset take; refuse counts matches"},
    {"latency: {target: cache, delay: 1s, after: 20x}", "after: \"20x\" is not a whole number"},
    {"slice: {target: cache}", "size is missing in slice: so many bytes a call at most"},
    {"slice: cache", "{slice: {target: NAME, size: 1B}}"},
    {"slice: {target: cache, size: 0}", "size: \"0\" would do nothing"},
    {"slice: {target: cache, size: \">= 1B\"}", "size: \">= 1B\" is not a size such as 64KiB"},
    {"drop_response: {}", "target is missing in drop_response"},
    {"drop_response: {target: cache, then: hang}", "then: \"hang\" is unknown; there are: silence, reset"},
    {"drop_response: {target: statsd}", "drop_response works on streams alone"},
    {"drop_response: {target: cache, direction: inbound}",
     "direction: drop_response looks at what the service sends"},
    {"respond: {target: cache}",
     "f:9:5: status is missing in respond: of an HTTP answer, such as 503; or raw"},
    {"respond: {status: 503}", "target is missing in respond"},
    {"respond: cache", "{respond: {target: NAME, status: 503}}"},
    {"respond: {target: cache, status: 99}", "f:9:38: status: \"99\" is not a status of 200 to 599"},
    {"respond: {target: cache, status: 600}", "status: \"600\" is not a status of 200 to 599"},
    {"respond: {target: cache, status: 100}",
     "status: \"100\" is not a status of 200 to 599: what it announces would have to follow"},
    {"respond: {target: cache, status: down}", "status: \"down\" is not a whole number"},
    {"respond: {target: cache, status: 503, raw: x}",
     "f:9:48: raw stands for a whole answer: it cannot stand with status, headers or body"},
    {"respond: {target: cache, body: x, raw: x}", "raw stands for a whole answer"},
    {"respond: {target: cache, raw: \"\"}", "raw: no bytes are no answer"},
    {"respond: {target: cache, body: x}", "status is missing in respond"},
    {"respond: {target: cache, status: 204, body: x}", "body: an answer of 204 has none"},
    {"respond: {target: cache, status: 304, body: x}", "body: an answer of 304 has none"},
    {"respond: {target: cache, status: 503, headers: x}", "headers: a map"},
    {"respond: {target: cache, status: 503, headers: {\"a b\": x}}", "headers: \"a b\" is no header"},
    {"respond: {target: cache, status: 503, headers: {a: \"x\\r\\nb: y\"}}",
     "headers: \"a\" is no header, or its value has line breaks"},
    {"respond: {target: cache, status: 503, delay: 5}", "delay: \"5\" has no unit"},
    {"respond: {target: cache, status: 503, direction: inbound}",
     "f:9:54: direction: respond looks at what the service sends; it goes with outbound alone"},
    {"respond: {target: cache, status: 503, direction: any}", "it goes with outbound alone"},
    {"respond: {target: statsd, status: 503}", "\"statsd\" is udp h:8125; respond works on streams alone"},
    {"loss: {target: cache}", "loss works on datagrams alone"},
    {"loss: {}", "target is missing in loss"},
    {"loss: {target: local, direction: inbound}",
     "direction: \"local\" is unix /run/x.sock, where loss strikes datagrams that are sent"},
    {"duplicate: {target: [statsd, cache]}", "\"cache\" is tcp h:6379; duplicate works on datagrams alone"},
    {"duplicate: {target: statsd, delay: 1s}", "unknown key \"delay\" in duplicate"},
    {"duplicate: {}", "target is missing in duplicate"},
    {"reorder: {target: cache}", "\"cache\" is tcp h:6379; reorder works on datagrams alone"},
    {"reorder: {target: local}", "\"local\" is unix /run/x.sock; reorder works on udp alone"},
    {"reorder: {target: statsd, delay: 10}", "delay: \"10\" has no unit"},
    {"reorder: {target: statsd, request: x}", "a datagram that is received belongs to no request"},
    {"latency: {target: statsd, delay: 1s, request: x}",
     "request: \"statsd\" is udp h:8125, and a datagram that is received belongs to no request; there loss, "
     "duplicate and blackhole take it"},
    {"corrupt: {}", "target is missing in corrupt"},
    {"corrupt: {target: cache, in: quiet}", "in: no fault can enter \"quiet\""},
};

static const char *parse_stream_fault(const char *fault)
{
    return parse(
        "version: 1\n"
        "services: {shop: {run: [shop]}, quiet: {run: [quiet], inject: none}}\n"
        "dependencies: {cache: {tcp: \"h:6379\"}, statsd: {udp: \"h:8125\"}, local: {unix: /run/x.sock}}\n"
        "\n\n"
        "experiments:\n- name: e\n  faults:\n  - %s\n  during: [{calls: {target: cache}, expect: {count: "
        "1}}]\n",
        fault);
}

START_TEST(a_wrong_stream_fault_is_an_error)
{
    check_row(parse_stream_fault(wrong[_i].fragment), wrong[_i].error);
}
END_TEST

static const struct {
    const char *fault, *text;
} texts[] = {
    {"latency: {target: cache, delay: 100ms}", "latency cache 100 ms"},
    {"latency: {target: cache, delay: 100ms, jitter: 20ms}", "latency cache 100 ms ±20 ms"},
    {"latency: {target: cache, delay: 100ms, jitter: 20ms, distribution: uniform}",
     "latency cache 100 ms ±20 ms"},
    {"latency: {target: cache, delay: 1s, jitter: 1s}", "latency cache 1 s ±1 s"},
    {"latency: {target: cache, delay: 1ms, jitter: 2ms, distribution: normal}",
     "latency cache 1 ms ±2 ms normal"},
    {"latency: {target: cache, delay: 1ms, jitter: 2ms, distribution: pareto, direction: inbound, for: 2s}",
     "latency cache 1 ms ±2 ms pareto, inbound, for 2 s"},
    {"latency: {target: [cache, local], in: shop, delay: 1s, probability: 50%, after: 3}",
     "latency cache+local 1 s in shop, 50%, after 3"},
    {"bandwidth: {target: cache, rate: 100kB/s}", "bandwidth cache 100 kB/s"},
    {"bandwidth: {target: cache, rate: 1.5MiB/s}", "bandwidth cache 1.5 MiB/s"},
    {"bandwidth: {target: cache, rate: 300 B/s}", "bandwidth cache 300 B/s"},
    {"blackhole: {target: cache}", "blackhole cache"},
    {"truncate: {target: cache, after: 20B}", "truncate cache after 20 B"},
    {"truncate: {target: cache, after: 1.5KiB, times: 1}", "truncate cache after 1.5 KiB, at most once"},
    {"reset: {target: cache, after: 10KiB}", "reset cache after 10 KiB"},
    {"reset: {target: cache, after: 300ms}", "reset cache after 300 ms"},
    {"reset: {target: cache, after: 3}", "reset cache, after 3"},
    {"slice: {target: cache, size: 1}", "slice cache to 1 B"},
    {"slice: {target: cache, size: 4KiB, direction: inbound}", "slice cache to 4 KiB, inbound"},
    {"respond: {target: cache, status: 503}", "respond cache 503"},
    {"respond: {target: cache, status: 404, delay: 200ms, request: ^GET}",
     "respond cache 404 in 200 ms, request /^GET/"},
    {"respond: {target: local, raw: \"-ERR\\r\\n\", direction: outbound}", "respond local raw 6 B, outbound"},
    {"loss: {target: statsd, probability: 30%}", "loss statsd, 30%"},
    {"loss: {target: [statsd, local], request: x}", "loss statsd+local, request /x/"},
    {"loss: {target: statsd, direction: inbound}", "loss statsd, inbound"},
    {"duplicate: {target: statsd, every: 3}", "duplicate statsd, every 3"},
    {"reorder: {target: statsd}", "reorder statsd within 100 ms"},
    {"reorder: {target: statsd, delay: 20ms, probability: 10%}", "reorder statsd within 20 ms, 10%"},
    {"latency: {target: [cache, statsd], delay: 1s}", "latency cache+statsd 1 s"},
    {"blackhole: {target: statsd, request: x}", "blackhole statsd, request /x/"},
    {"corrupt: {target: statsd}", "corrupt statsd"},
    {"corrupt: {target: local, every: 3}", "corrupt local, every 3"},
};

static const struct {
    const char *keys, *wire;
    bool closes;
    size_t body_len;
} answers[] = {
    {"status: 503", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false, 0},
    {"status: 299", "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", false, 0},
    {"status: 204", "HTTP/1.1 204 No Content\r\n\r\n", false, 0},
    {"status: 200, body: ok, headers: {A: b}", "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nok",
     false, 2},
    {"status: 200, body: ok, headers: {content-length: 9}",
     "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nConnection: close\r\n\r\nok", true, 2},
    {"status: 200, headers: {Connection: close}",
     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true, 0},
    {"status: 200, probability: 50%", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
     true, 0},
    {"status: 200, request: x", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true, 0},
    {"status: 200, after: 1", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true, 0},
    {"status: 200, every: 2", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true, 0},
    {"status: 200, times: 2", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true, 0},
    {"raw: \"-ERR\\r\\n\"", "-ERR\r\n", false, 0},
    {"raw: \"-ERR\\r\\n\", times: 1", "-ERR\r\n", true, 0},
};

START_TEST(an_answer_is_what_goes_over_the_wire)
{
    char fault[200];

    snprintf(fault, sizeof(fault), "respond: {target: cache, %s}", answers[_i].keys);
    ck_assert_str_eq(parse_stream_fault(fault), "");
    const struct reply *reply = loaded->cells[0].faults[0].reply;
    ck_assert_ptr_nonnull(reply);
    ck_assert_uint_eq(reply->len, strlen(answers[_i].wire));
    ck_assert_mem_eq(reply->bytes, answers[_i].wire, reply->len);
    ck_assert_uint_eq(reply->head_len, reply->len - answers[_i].body_len);
    ck_assert_int_eq(reply->closes, answers[_i].closes);
    ck_assert_int_eq(reply->is_raw, !strncmp(answers[_i].keys, "raw", 3));
}
END_TEST

static const char *parse_long_answer(const char *key, size_t len)
{
    char *fault = calloc(1, len + 100);

    int at = sprintf(fault, "respond: {target: cache, %s: ", key);
    memset(fault + at, 'x', len);
    strcpy(fault + at + len, "}");
    const char *errors = parse_stream_fault(fault);
    free(fault);
    return errors;
}

START_TEST(an_answer_has_its_limit)
{
    ck_assert_str_eq(parse_long_answer("raw", REPLY_BYTES), "");
    ck_assert_has(parse_long_answer("raw", REPLY_BYTES + 1),
                  "f:9:35: raw: the answer has 8193 bytes; there is room for 8 KiB");
    ck_assert_str_eq(parse_long_answer("status: 200, body", 8000), "");
    ck_assert_has(parse_long_answer("status: 200, body", REPLY_BYTES),
                  "body: the answer has 8233 bytes with its head; there is room for 8 KiB");
}
END_TEST

START_TEST(a_stream_fault_reads_for_people)
{
    ck_assert_str_eq(parse_stream_fault(texts[_i].fault), "");
    ck_assert_str_eq(loaded->cells[0].faults[0].text, texts[_i].text);
}
END_TEST

START_TEST(each_takes_every_common_key)
{
    static const char *const kinds[] = {"latency: {delay: 1s", "bandwidth: {rate: 1B/s",
                                        "blackhole: {hits: 0", "slice: {size: 1", "corrupt: {hits: 0"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "%s, target: cache, in: shop, probability: 50%%, after: 1, times: 2, every: 3, start: 1s, "
                 "for: 1s, direction: inbound}",
                 kinds[i]);
        ck_assert_str_eq(parse_stream_fault(text), "");
    }
}
END_TEST

START_TEST(a_latency_has_its_numbers)
{
    ck_assert_str_eq(
        parse_stream_fault("latency: {target: cache, delay: 100ms, jitter: 20ms, distribution: pareto}"), "");
    const struct fault *f = &loaded->cells[0].faults[0];

    ck_assert_uint_eq(f->delay_ns, 100 * NS_PER_MS);
    ck_assert_uint_eq(f->jitter_ns, 20 * NS_PER_MS);
    ck_assert_int_eq(f->distribution, DISTRIBUTION_PARETO);
    ck_assert_str_eq(parse_stream_fault("latency: {target: cache, delay: 100ms}"), "");
    ck_assert_uint_eq(loaded->cells[0].faults[0].jitter_ns, 0);
    ck_assert_int_eq(loaded->cells[0].faults[0].distribution, DISTRIBUTION_UNIFORM);
}
END_TEST

/* `after` of truncate must not be taken for a number of matches as well. */
START_TEST(bytes_of_a_stream_are_no_matches)
{
    ck_assert_str_eq(parse_stream_fault("truncate: {target: cache, after: 2KiB}"), "");
    ck_assert_uint_eq(loaded->cells[0].faults[0].bytes, 2048);
    ck_assert_uint_eq(loaded->cells[0].faults[0].after, 0);
    ck_assert_str_eq(parse_stream_fault("slice: {target: cache, size: 3, after: 5}"), "");
    ck_assert_uint_eq(loaded->cells[0].faults[0].bytes, 3);
    ck_assert_uint_eq(loaded->cells[0].faults[0].after, 5);
    ck_assert_uint_eq(loaded->cells[0].faults[0].size_max, UINT64_MAX);
    ck_assert_str_eq(parse_stream_fault("reset: {target: cache, after: 2s}"), "");
    ck_assert_uint_eq(loaded->cells[0].faults[0].age_ns, 2000000000);
    ck_assert_uint_eq(loaded->cells[0].faults[0].bytes, 0);
    ck_assert_str_eq(parse_stream_fault("reset: {target: cache, after: 5}"), "");
    ck_assert_uint_eq(loaded->cells[0].faults[0].after, 5);
}
END_TEST

static const struct {
    const char *text;
    uint64_t bytes_per_s;
    const char *formatted;
} throughputs[] = {
    {"1B/s", 1, "1 B/s"},
    {"100kB/s", 100000, "100 kB/s"},
    {"1MiB/s", 1048576, "1 MiB/s"},
    {"1.5MB/s", 1500000, "1.5 MB/s"},
    {"64 KiB/s", 65536, "64 KiB/s"},
    {"2GB/s", 2000000000, "2 GB/s"},
};

START_TEST(a_throughput_is_read_and_written)
{
    char text[UNIT_TEXT_BYTES];
    uint64_t bytes_per_s = 0;

    ck_assert_int_eq(unit_parse_throughput(throughputs[_i].text, &bytes_per_s), 0);
    ck_assert_uint_eq(bytes_per_s, throughputs[_i].bytes_per_s);
    ck_assert_str_eq(unit_format_throughput(bytes_per_s, text), throughputs[_i].formatted);
}
END_TEST

static const struct case_row specs[] = {
    {"latency:target=h:1,delay=200ms", "latency h:1 200 ms"},
    {"latency:target=h:1,delay=200ms,jitter=50ms,distribution=normal", "latency h:1 200 ms ±50 ms normal"},
    {"bandwidth:target=h:1+h:2,rate=100kB/s", "bandwidth h:1+h:2 100 kB/s"},
    {"blackhole:target=/run/x.sock", "blackhole /run/x.sock"},
    {"truncate:target=h:1,after=20B", "truncate h:1 after 20 B"},
    {"slice:target=h:1,size=1", "slice h:1 to 1 B"},
    {"corrupt:target=h:1,probability=1%,direction=inbound", "corrupt h:1, 1%, inbound"},
};

START_TEST(a_spec_is_a_stream_fault)
{
    struct diag *diag = diag_new("fault");
    struct fault fault;

    loaded = scenario_empty();
    ck_assert_int_eq(scenario_add_fault(loaded, specs[_i].fragment, diag, &fault), 0);
    ck_assert_str_eq(fault.text, specs[_i].error);
    diag_free(diag);
}
END_TEST

/* --- JSON Schema --- */

/* The name of the $defs entry that a key of a kind refers to. */
static const char *schema_of(const json_t *root, const char *kind, const char *key)
{
    const json_t *fault = json_object_get(json_object_get(root, "$defs"), "fault");
    const json_t *keys =
        json_object_get(json_object_get(json_object_get(fault, "properties"), kind), "properties");
    const char *reference = json_string_value(json_object_get(json_object_get(keys, key), "$ref"));

    return reference ? reference + strlen("#/$defs/") : "";
}

START_TEST(the_schema_knows_which_after_and_size_are_meant)
{
    char *text = scenario_schema();
    json_t *root = json_loads(text, 0, NULL);

    ck_assert_str_eq(schema_of(root, "truncate", "after"), "stream-size");
    ck_assert_str_eq(schema_of(root, "reset", "after"), "cut-after");
    ck_assert_str_eq(schema_of(root, "slice", "size"), "bytes");
    ck_assert_str_eq(schema_of(root, "oom", "size"), "sizes");
    ck_assert_str_eq(schema_of(root, "bandwidth", "rate"), "throughput");
    ck_assert_str_eq(schema_of(root, "latency", "distribution"), "distribution");
    ck_assert_str_eq(schema_of(root, "latency", "rate"), "");
    json_decref(root);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_streams");
    TCase *c = new_case(suite, "streams");

    tcase_add_loop_test(c, a_wrong_stream_fault_is_an_error, 0, ROWS(wrong));
    tcase_add_loop_test(c, an_answer_is_what_goes_over_the_wire, 0, ROWS(answers));
    tcase_add_test(c, an_answer_has_its_limit);
    tcase_add_loop_test(c, a_stream_fault_reads_for_people, 0, ROWS(texts));
    tcase_add_test(c, each_takes_every_common_key);
    tcase_add_test(c, a_latency_has_its_numbers);
    tcase_add_test(c, bytes_of_a_stream_are_no_matches);
    tcase_add_loop_test(c, a_throughput_is_read_and_written, 0, ROWS(throughputs));
    tcase_add_loop_test(c, a_spec_is_a_stream_fault, 0, ROWS(specs));
    tcase_add_test(c, the_schema_knows_which_after_and_size_are_meant);
    return check_main(suite);
}
