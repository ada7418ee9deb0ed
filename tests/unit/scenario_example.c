/* The example of DESIGN.md, adapted to the faults of this version: it loads, its fields are right, it
 * survives being cut at every byte, and the JSON Schema knows all of its keys. */
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/scenario_case.h"

static const char example[] =
    "version: 1\n"
    "name: shop survives its dependencies\n"
    "seed: 42                              # every random decision follows from it\n"
    "vars:\n"
    "  base: \"http://127.0.0.1:${env.CASE_PORT:-8080}\"\n"
    "  token: {secret: env.CASE_TOKEN}     # masked wherever it would be printed\n"
    "services:\n"
    "  redis: {run: [redis-server, --port, \"6390\", --save, \"\"], ready: {tcp: \"127.0.0.1:6390\", within: "
    "10s}, inject: none}\n"
    "  shop:\n"
    "    run: [/usr/bin/python3, shop.py]  # relative paths: from the scenario's folder\n"
    "    env: {REDIS_URL: \"redis://127.0.0.1:6390\"}\n"
    "    ready: {http: \"${base}/healthz\", within: 15s}\n"
    "    inject: auto\n"
    "dependencies:\n"
    "  cache: {tcp: \"127.0.0.1:6390\"}\n"
    "  recs:  {tcp: \"recs.internal:80\", protocol: http}\n"
    "probes:\n"
    "  item: {http: {get: \"${base}/item/42\", headers: {Authorization: \"Bearer ${token}\"}, timeout: 2s}}\n"
    "load:\n"
    "  browse: {probe: item, rate: 50/s}\n"
    "steady_state:\n"
    "  - {load: browse, expect: {success: \">= 99%\", p95: \"< 300ms\"}, min_samples: 50}\n"
    "stop_when:\n"
    "  - {service: shop, expect: {alive: false}}\n"
    "defaults: {hold: 10s, recovery: {within: 5s, stable_for: 2s}}\n"
    "experiments:\n"
    "  - name: redis-down\n"
    "    hypothesis: losing the cache costs latency, not availability\n"
    "    answers: [recover, understand]\n"
    "    faults: [{outage: {target: cache}}]\n"
    "    during:\n"
    "      - {load: browse, expect: {success: \">= 99%\", p95: \"< 800ms\"}}\n"
    "      - {calls: {target: cache}, expect: {rate: \"<= 5/s\"}}\n"
    "      - {log: shop, match: '\"event\":\"cache_bypass\"', count: \">= 1\"}\n"
    "  - name: recs-fail\n"
    "    faults:\n"
    "      one_of:                         # one cell each\n"
    "        - refuse: {target: recs}\n"
    "        - respond: {target: recs, status: 503}\n"
    "        - dns: {target: recs, mode: servfail}\n"
    "        - blackhole: {target: recs}\n"
    "        - truncate: {target: recs, after: 20B}\n"
    "    during:\n"
    "      - {probe: item, eventually: 2s, expect: {status: 200, body: '\"recs_source\":\"cached\"', json: "
    "{\"/recs/0/id\": \">= 1\"}}}\n"
    "  - name: fan-out\n"
    "    matrix: {dep: [recs, cache]}      # times one_of\n"
    "    faults: [{reset: {target: \"${dep}\", probability: 50%}}]\n"
    "    during: [{probe: item, always: true, expect: {status: 200, latency: \"< 1s\"}}]\n"
    "    steps:\n"
    "      - {http: {put: \"${base}/flags/recs\", json: {enabled: false}}, expect: {status: 204}}\n"
    "      - {wait: 500ms}\n"
    "    after: [{exec: [redis-cli, -p, \"6390\", ping], expect: {exit: 0, stdout: '^PONG'}}]\n"
    "    cleanup: [{http: {put: \"${base}/flags/recs\", json: {enabled: true}}}]   # always runs\n";

static void load_example(void)
{
    setenv("CASE_TOKEN", "hush", 1);
    unsetenv("CASE_PORT");
    ck_assert_str_eq(parse_n(example, sizeof(example) - 1), "");
}

START_TEST(its_head_is_right)
{
    load_example();
    ck_assert_str_eq(loaded->path, "/nowhere/f.yml");
    ck_assert_str_eq(loaded->name, "shop survives its dependencies");
    ck_assert_uint_eq(loaded->seed, 42);
    ck_assert_uint_eq(loaded->lease_ns, 5 * NS_PER_S);
    ck_assert_uint_eq(loaded->secrets_count, 1);
    ck_assert_str_eq(loaded->secrets[0], "hush");
}
END_TEST

START_TEST(its_services_are_right)
{
    load_example();
    const struct service *redis = &loaded->services[0], *shop = &loaded->services[1];

    ck_assert_uint_eq(loaded->services_count, 2);
    ck_assert_str_eq(redis->argv[3], "--save");
    ck_assert_str_eq(redis->argv[4], "");
    ck_assert_int_eq(redis->inject, INJECT_NONE);
    ck_assert_str_eq(redis->ready->host, "127.0.0.1");
    ck_assert_uint_eq(redis->ready->port, 6390);
    ck_assert_str_eq(shop->name, "shop");
    ck_assert_str_eq(shop->env[0].value, "redis://127.0.0.1:6390");
    ck_assert_str_eq(shop->ready->url, "http://127.0.0.1:8080/healthz");
    ck_assert_uint_eq(shop->ready_within_ns, 15 * NS_PER_S);
    ck_assert_int_eq(shop->stop_signal, SIGTERM);
}
END_TEST

START_TEST(its_probe_and_load_are_right)
{
    load_example();
    const struct probe *item = &loaded->probes[0];

    ck_assert_str_eq(item->method, "GET");
    ck_assert_str_eq(item->url, "http://127.0.0.1:8080/item/42");
    ck_assert_str_eq(item->headers[0].value, "Bearer hush");
    ck_assert_uint_eq(item->timeout_ns, 2 * NS_PER_S);
    ck_assert_double_eq(loaded->loads[0].rate_per_s, 50);
    ck_assert_str_eq(loaded->dependencies[1].text, "tcp recs.internal:80");
    ck_assert_uint_eq(loaded->steady[0].min_samples, 50);
    ck_assert_str_eq(loaded->steady[0].expect[1].text, "p95 < 300ms");
    ck_assert_str_eq(loaded->stop_when[0].expect[0].text, "alive = false");
}
END_TEST

START_TEST(its_cells_are_right)
{
    static const struct {
        const char *experiment, *label, *fault;
    } cells[] = {
        {"redis-down", "", "outage cache"},
        {"recs-fail", "refuse recs", "refuse recs"},
        {"recs-fail", "respond recs 503", "respond recs 503"},
        {"recs-fail", "dns servfail recs", "dns servfail recs"},
        {"recs-fail", "blackhole recs", "blackhole recs"},
        {"recs-fail", "truncate recs after 20 B", "truncate recs after 20 B"},
        {"fan-out", "dep=recs", "reset recs, 50%"},
        {"fan-out", "dep=cache", "reset cache, 50%"},
    };

    load_example();
    ck_assert_uint_eq(loaded->cells_count, 8);
    for (size_t i = 0; i < 8; i++) {
        ck_assert_str_eq(loaded->cells[i].experiment, cells[i].experiment);
        ck_assert_str_eq(loaded->cells[i].label, cells[i].label);
        ck_assert_str_eq(loaded->cells[i].faults[0].text, cells[i].fault);
        ck_assert_uint_eq(loaded->cells[i].timing.hold_ns, 10 * NS_PER_S);
        ck_assert_uint_eq(loaded->cells[i].timing.recovery_within_ns, 5 * NS_PER_S);
    }
}
END_TEST

START_TEST(its_checks_and_steps_are_right)
{
    load_example();
    const struct cell *down = &loaded->cells[0], *fan = &loaded->cells[7];
    const struct check *item = &loaded->cells[1].during[0];

    ck_assert_uint_eq(down->answers, 1u << QUESTION_RECOVER | 1u << QUESTION_UNDERSTAND);
    ck_assert_uint_eq(down->during_count, 3);
    ck_assert_str_eq(down->during[2].match, "\"event\":\"cache_bypass\"");
    ck_assert_int_eq(item->quantifier, EVENTUALLY);
    ck_assert_uint_eq(item->expect_count, 3);
    ck_assert_str_eq(item->expect[2].key, "/recs/0/id");
    ck_assert_int_eq(fan->during[0].quantifier, ALWAYS);
    ck_assert_str_eq(fan->steps[0].probe->body, "{\"enabled\":false}");
    ck_assert_uint_eq(fan->steps[1].wait_ns, 500 * NS_PER_MS);
    ck_assert_str_eq(fan->after[0].expect[1].regex, "^PONG");
    ck_assert_str_eq(fan->cleanup[0].expect[0].text, "ok = true");
    ck_assert_double_eq(fan->faults[0].probability, 0.5);
}
END_TEST

START_TEST(it_may_be_cut_anywhere)
{
    setenv("CASE_TOKEN", "hush", 1);
    for (size_t len = 0; len < sizeof(example) - 1; len++) {
        /* A block of its own, so that a sanitizer sees a read past its end. */
        char *cut = malloc(len + 1);
        memcpy(cut, example, len);
        (void)parse_n(cut, len);
        ck_assert_msg(last_result == 0 || last_result == -EINVAL, "%d at byte %zu", last_result, len);
        free(cut);
    }
}
END_TEST

START_TEST(any_of_its_bytes_may_be_damaged)
{
    static const char signs[] = "\0\xff\n\t:{[\"'&*-#$";

    setenv("CASE_TOKEN", "hush", 1);
    for (size_t i = 0; i < sizeof(example) - 1; i++) {
        char *damaged = malloc(sizeof(example) - 1);
        memcpy(damaged, example, sizeof(example) - 1);
        damaged[i] = signs[i % (sizeof(signs) - 1)];
        (void)parse_n(damaged, sizeof(example) - 1);
        ck_assert(last_result == 0 || last_result == -EINVAL);
        free(damaged);
    }
}
END_TEST

/* --- files --- */

static int load_file(const char *path)
{
    struct diag *diag = diag_new(path);
    cleanup_buf struct buf rendered = {0};

    forget();
    int r = scenario_load(path, diag, &loaded);
    diag_render(diag, &rendered);
    snprintf(errors_text, sizeof(errors_text), "%s", buf_text(&rendered));
    diag_free(diag);
    return r;
}

START_TEST(a_file_knows_its_folder)
{
    char folder[] = "/tmp/chaosctl-scenario-XXXXXX", path[64], other[80], *real;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/shop.v2.yml", folder);
    FILE *file = fopen(path, "w");
    fputs(HEAD TAIL, file);
    fclose(file);
    snprintf(other, sizeof(other), "%s/../%s/shop.v2.yml", folder, folder + 5);
    ck_assert_int_eq(load_file(other), 0);
    real = realpath(folder, NULL);
    ck_assert_str_eq(loaded->dir, real);
    ck_assert_str_eq(loaded->services[0].dir, real);
    ck_assert_str_eq(loaded->path, other);
    ck_assert_str_eq(loaded->name, "shop.v2");
    free(real);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(what_is_no_file_is_an_error)
{
    ck_assert_int_eq(load_file("/no/such/file.yml"), -ENOENT);
    ck_assert_str_eq(errors_text, "/no/such/file.yml: No such file or directory\n");
    ck_assert_int_eq(load_file("/tmp"), -EISDIR);
    ck_assert_has(errors_text, "/tmp: is a directory");
    ck_assert_int_eq(load_file("/dev/null"), -EINVAL);
    ck_assert_has(errors_text, "/dev/null: is not a regular file");
}
END_TEST

START_TEST(an_empty_scenario_has_defaults)
{
    forget();
    loaded = scenario_empty();
    ck_assert_ptr_nonnull(loaded);
    ck_assert_uint_eq(loaded->seed, 1);
    ck_assert_int_eq(loaded->dir[0], '/');
    ck_assert_uint_eq(loaded->cells_count, 0);
}
END_TEST

/* --- JSON Schema --- */

static const json_t *resolve(const json_t *root, const json_t *schema)
{
    const char *name = json_string_value(json_object_get(schema, "$ref"));

    return name ? json_object_get(json_object_get(root, "$defs"), name + strlen("#/$defs/")) : schema;
}

static void check_references(const json_t *root, json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_object_get(value, "$ref"))
        ck_assert_ptr_nonnull(resolve(root, value));
    json_object_foreach(value, key, item) check_references(root, item);
    json_array_foreach(value, i, item) check_references(root, item);
}

static const json_t *property(const json_t *root, const json_t *schema, const char *name)
{
    return resolve(root, json_object_get(json_object_get(resolve(root, schema), "properties"), name));
}

START_TEST(the_schema_is_whole)
{
    char *text = scenario_schema();
    json_t *root = text ? json_loads(text, 0, NULL) : NULL;

    ck_assert_ptr_nonnull(root);
    ck_assert_str_eq(json_string_value(json_object_get(root, "$schema")),
                     "https://json-schema.org/draft/2020-12/schema");
    check_references(root, root);
    free(text);
    json_decref(root);
}
END_TEST

START_TEST(the_schema_follows_the_tables)
{
    char *text = scenario_schema();
    json_t *root = json_loads(text, 0, NULL);
    const json_t *fault = json_object_get(json_object_get(root, "$defs"), "fault");
    const json_t *expect = json_object_get(json_object_get(root, "$defs"), "expect");

    ck_assert_ptr_nonnull(property(root, root, "experiments"));
    ck_assert_ptr_nonnull(property(root, fault, "refuse"));
    ck_assert_ptr_null(property(root, fault, "disk"));
    ck_assert_ptr_nonnull(property(root, property(root, fault, "respond"), "headers"));
    ck_assert_ptr_nonnull(property(root, property(root, fault, "drop_response"), "request"));
    ck_assert_ptr_nonnull(property(root, property(root, fault, "drop_response"), "then"));
    ck_assert_ptr_nonnull(property(root, property(root, fault, "oom"), "nth"));
    ck_assert_ptr_null(property(root, property(root, fault, "oom"), "target"));
    ck_assert_ptr_null(property(root, property(root, fault, "refuse"), "request"));
    ck_assert_str_eq(
        json_string_value(json_array_get(json_object_get(property(root, fault, "kill"), "required"), 0)),
        "in");
    for (int i = 0; i < METRIC_COUNT; i++)
        ck_assert_ptr_nonnull(property(root, expect, metric_info((enum metric)i)->name));
    free(text);
    json_decref(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_example");
    TCase *c = new_case(suite, "example");

    tcase_add_test(c, its_head_is_right);
    tcase_add_test(c, its_services_are_right);
    tcase_add_test(c, its_probe_and_load_are_right);
    tcase_add_test(c, its_cells_are_right);
    tcase_add_test(c, its_checks_and_steps_are_right);
    tcase_add_test(c, it_may_be_cut_anywhere);
    tcase_add_test(c, any_of_its_bytes_may_be_damaged);
    tcase_add_test(c, a_file_knows_its_folder);
    tcase_add_test(c, what_is_no_file_is_an_error);
    tcase_add_test(c, an_empty_scenario_has_defaults);
    tcase_add_test(c, the_schema_is_whole);
    tcase_add_test(c, the_schema_follows_the_tables);
    return check_main(suite);
}
