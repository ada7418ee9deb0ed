/* Which dependency an endpoint or a name belongs to. */
#include <arpa/inet.h>
#include <string.h>

#include "injectors/decision/target.h"
#include "check_main.h"

static void set_address(uint8_t address[16], const char *text)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (inet_pton(AF_INET6, text, address) == 1)
        return;
    memcpy(address, mapped, 12);
    ck_assert_int_eq(inet_pton(AF_INET, text, address + 12), 1);
}

static struct target at(const char *address, uint8_t prefix, uint16_t port)
{
    struct target t = {.kind = TARGET_ADDRESS, .bit = 3, .prefix = prefix, .port = port};

    set_address(t.address, address);
    return t;
}

static struct target named(enum target_kind kind, const char *text, uint16_t port)
{
    struct target t = {.kind = (uint8_t)kind, .bit = 3, .port = port};

    strcpy(t.text, text);
    return t;
}

static struct endpoint end_at(const char *address, uint16_t port)
{
    struct endpoint end = {.port = port};

    set_address(end.address, address);
    return end;
}

static uint32_t match(struct target t, struct endpoint end)
{
    return target_match(&t, 1, &end, 0);
}

START_TEST(an_address_matches_with_its_port_alone)
{
    ck_assert_uint_eq(match(at("10.1.2.3", 128, 80), end_at("10.1.2.3", 80)), 1 << 3);
    ck_assert_uint_eq(match(at("10.1.2.3", 128, 80), end_at("10.1.2.3", 81)), 0);
    ck_assert_uint_eq(match(at("10.1.2.3", 128, 80), end_at("10.1.2.4", 80)), 0);
    ck_assert_uint_eq(match(at("10.1.2.3", 128, 0), end_at("10.1.2.3", 81)), 1 << 3);
}
END_TEST

START_TEST(a_prefix_counts_bits_not_bytes)
{
    ck_assert_uint_ne(match(at("10.1.0.0", 96 + 15, 0), end_at("10.0.9.9", 1)), 0);
    ck_assert_uint_ne(match(at("10.0.0.0", 96 + 15, 0), end_at("10.1.9.9", 1)), 0);
    ck_assert_uint_eq(match(at("10.0.0.0", 96 + 15, 0), end_at("10.2.9.9", 1)), 0);
    ck_assert_uint_ne(match(at("2001:db8::", 33, 0), end_at("2001:db8:7fff::1", 1)), 0);
    ck_assert_uint_eq(match(at("2001:db8::", 33, 0), end_at("2001:db8:8000::1", 1)), 0);
}
END_TEST

START_TEST(a_prefix_of_0_matches_all_and_a_damaged_one_nothing)
{
    ck_assert_uint_ne(match(at("::", 0, 0), end_at("10.2.9.9", 1)), 0);
    ck_assert_uint_eq(match(at("10.2.9.9", 129, 0), end_at("10.2.9.9", 1)), 0);
    ck_assert_uint_eq(match(at("10.2.9.9", 255, 0), end_at("10.2.9.9", 1)), 0);
}
END_TEST

START_TEST(udp_is_not_tcp)
{
    struct endpoint end = end_at("10.1.2.3", 53);

    end.protocol = PROTOCOL_UDP;
    ck_assert_uint_eq(match(at("10.1.2.3", 128, 53), end), 0);
}
END_TEST

START_TEST(an_ipv4_address_in_ipv6_is_the_same_address)
{
    ck_assert_uint_ne(match(at("10.1.2.3", 128, 0), end_at("::ffff:10.1.2.3", 5)), 0);
}
END_TEST

static struct endpoint unix_at(const char *path, size_t len)
{
    return (struct endpoint){.is_unix = true, .path = path, .path_len = len};
}

START_TEST(a_unix_path_matches_whole)
{
    struct target t = named(TARGET_UNIX, "/run/db.sock", 0);

    ck_assert_uint_ne(match(t, unix_at("/run/db.sock", 12)), 0);
    ck_assert_uint_eq(match(t, unix_at("/run/db.sock2", 13)), 0);
    ck_assert_uint_eq(match(t, unix_at("/run/db.soc", 11)), 0);
    ck_assert_uint_eq(match(t, end_at("10.1.2.3", 1)), 0);
    ck_assert_uint_eq(match(at("::", 0, 0), unix_at("/run/db.sock", 12)), 0);
}
END_TEST

START_TEST(a_names_endpoint_matches_by_what_was_resolved_and_the_port)
{
    struct target t = named(TARGET_NAME, "db.internal", 5432);
    struct endpoint end = end_at("10.1.2.3", 5432), other = end_at("10.1.2.3", 80);

    ck_assert_uint_eq(target_match(&t, 1, &end, 0), 0);
    ck_assert_uint_ne(target_match(&t, 1, &end, 1 << 3), 0);
    ck_assert_uint_eq(target_match(&t, 1, &end, 1 << 4), 0);
    ck_assert_uint_eq(target_match(&t, 1, &other, 1 << 3), 0);
}
END_TEST

START_TEST(a_name_matches_without_case_and_root_dot)
{
    struct target t = named(TARGET_NAME, "DB.internal", 0);

    ck_assert_uint_ne(target_match_name(&t, 1, "db.INTERNAL"), 0);
    ck_assert_uint_ne(target_match_name(&t, 1, "db.internal."), 0);
    ck_assert_uint_eq(target_match_name(&t, 1, "db.internal.evil"), 0);
    ck_assert_uint_eq(target_match_name(&t, 1, "db.interna"), 0);
    ck_assert_uint_eq(target_match_name(&t, 1, ""), 0);
}
END_TEST

START_TEST(a_pattern_matches_names)
{
    struct target t = named(TARGET_PATTERN, "^db[0-9]+\\.internal$", 0);

    ck_assert_uint_ne(target_match_name(&t, 1, "db17.internal"), 0);
    ck_assert_uint_eq(target_match_name(&t, 1, "db.internal"), 0);
}
END_TEST

START_TEST(damaged_targets_match_nothing_and_crash_nobody)
{
    struct target t = at("::", 0, 0);

    t.bit = DEPENDENCY_MAX;
    ck_assert_uint_eq(match(t, end_at("10.1.2.3", 1)), 0);
    t = named(TARGET_PATTERN, "", 0);
    memset(t.text, 'a', sizeof(t.text));
    ck_assert_uint_eq(target_match_name(&t, 1, "aaaa"), 0);
    t.kind = TARGET_UNIX;
    ck_assert_uint_eq(match(t, unix_at("aaaa", 4)), 0);
    t.kind = 200;
    ck_assert_uint_eq(match(t, end_at("10.1.2.3", 1)), 0);
}
END_TEST

START_TEST(several_dependencies_may_claim_one_endpoint)
{
    struct target both[2] = {at("10.0.0.0", 104, 0), at("10.1.2.3", 128, 80)};
    struct endpoint end = end_at("10.1.2.3", 80);

    both[0].bit = 0;
    ck_assert_uint_eq(target_match(both, 2, &end, 0), 1 | 1 << 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target");
    TCase *tests = tcase_create("target");

    tcase_add_test(tests, an_address_matches_with_its_port_alone);
    tcase_add_test(tests, a_prefix_counts_bits_not_bytes);
    tcase_add_test(tests, a_prefix_of_0_matches_all_and_a_damaged_one_nothing);
    tcase_add_test(tests, udp_is_not_tcp);
    tcase_add_test(tests, an_ipv4_address_in_ipv6_is_the_same_address);
    tcase_add_test(tests, a_unix_path_matches_whole);
    tcase_add_test(tests, a_names_endpoint_matches_by_what_was_resolved_and_the_port);
    tcase_add_test(tests, a_name_matches_without_case_and_root_dot);
    tcase_add_test(tests, a_pattern_matches_names);
    tcase_add_test(tests, damaged_targets_match_nothing_and_crash_nobody);
    tcase_add_test(tests, several_dependencies_may_claim_one_endpoint);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
