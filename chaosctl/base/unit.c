/* Numbers as people write them.  Floor 1. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit durations[] = {
    {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {NULL, 0},
};
static const struct unit sizes[] = {
    {"", 1},        {"B", 1},          {"kB", 1e3},          {"MB", 1e6}, {"GB", 1e9},
    {"KiB", 1024.}, {"MiB", 1048576.}, {"GiB", 1073741824.}, {NULL, 0},
};
static const struct unit throughputs[] = {
    {"B/s", 1},       {"kB/s", 1e3},       {"MB/s", 1e6},          {"GB/s", 1e9},
    {"KiB/s", 1024.}, {"MiB/s", 1048576.}, {"GiB/s", 1073741824.}, {NULL, 0},
};
static const struct unit rates[] = {{"/s", 1}, {"/m", 1. / 60}, {"/h", 1. / 3600}, {NULL, 0}};
static const struct unit probabilities[] = {{"", 1}, {"%", 0.01}, {NULL, 0}};

/* Digits with at most one point: strtod would take hexadecimal, infinity and the locale's comma. */
static int parse_decimal(const char **text, double *ret_value)
{
    const char *p = *text;
    double value = 0, place = 1;
    int digits = 0;

    for (; isdigit((unsigned char)*p); p++, digits++)
        value = value * 10 + (*p - '0');
    if (*p == '.' && digits)
        for (p++; isdigit((unsigned char)*p); p++)
            value += (*p - '0') * (place /= 10);
    if (!digits || p[-1] == '.' || digits > 300)
        return -EINVAL;
    *text = p;
    *ret_value = value;
    return 0;
}

static int parse(const char *text, const struct unit *units, double *ret_value)
{
    double value = 0;
    int r = parse_decimal(&text, &value);

    if (r)
        return r;
    while (*text == ' ')
        text++;
    for (; units->name; units++)
        if (!strcmp(units->name, text)) {
            *ret_value = value * units->factor;
            return 0;
        }
    return -EINVAL;
}

int unit_parse_duration(const char *text, uint64_t *ret_ns)
{
    double ns = 0;

    if (!strcmp(text, "0")) {
        *ret_ns = 0;
        return 0;
    }
    int r = parse(text, durations, &ns);
    if (r)
        return r;
    if (ns > 365. * 24 * 3600e9)
        return -ERANGE;
    *ret_ns = (uint64_t)llround(ns);
    return 0;
}

int unit_parse_size(const char *text, uint64_t *ret_bytes)
{
    double bytes = 0;
    int r = parse(text, sizes, &bytes);

    if (r)
        return r;
    if (bytes > 1e18)
        return -ERANGE;
    *ret_bytes = (uint64_t)llround(bytes);
    return 0;
}

int unit_parse_throughput(const char *text, uint64_t *ret_bytes_per_s)
{
    double rate = 0;
    int r = parse(text, throughputs, &rate);

    if (r)
        return r;
    if (rate < 1 || rate > 1e12)
        return -ERANGE;
    *ret_bytes_per_s = (uint64_t)llround(rate);
    return 0;
}

int unit_parse_probability(const char *text, double *ret_probability)
{
    double p = 0;
    int r = parse(text, probabilities, &p);

    if (r)
        return r;
    if (p > 1)
        return -ERANGE;
    *ret_probability = p;
    return 0;
}

int unit_parse_rate(const char *text, double *ret_per_s)
{
    double rate = 0;
    int r = parse(text, rates, &rate);

    if (r)
        return r;
    if (rate <= 0 || rate > 1e6)
        return -ERANGE;
    *ret_per_s = rate;
    return 0;
}

int unit_parse_count(const char *text, uint64_t *ret_count)
{
    char *end = NULL;

    if (!isdigit((unsigned char)*text))
        return -EINVAL;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (*end)
        return -EINVAL;
    if (errno)
        return -ERANGE;
    *ret_count = n;
    return 0;
}

const char *unit_format_duration(uint64_t ns, char text[static UNIT_TEXT_BYTES])
{
    double v = (double)ns;

    if (ns < NS_PER_US)
        snprintf(text, UNIT_TEXT_BYTES, "%u ns", (unsigned)ns);
    else if (ns < 999500)
        snprintf(text, UNIT_TEXT_BYTES, "%.3g us", v / 1e3);
    else if (ns < 999500000)
        snprintf(text, UNIT_TEXT_BYTES, "%.3g ms", v / 1e6);
    else if (ns < 60 * NS_PER_S)
        snprintf(text, UNIT_TEXT_BYTES, "%.3g s", v / 1e9);
    else
        snprintf(text, UNIT_TEXT_BYTES, "%llu m %llu s", (unsigned long long)(ns / NS_PER_S / 60),
                 (unsigned long long)(ns / NS_PER_S % 60));
    return text;
}

#define NAMES_MAX 7
static const char *const binary_names[NAMES_MAX] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
static const char *const decimal_names[NAMES_MAX] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

static const char *format_bytes(uint64_t bytes, double base, const char *const names[NAMES_MAX],
                                const char *tail, char text[static UNIT_TEXT_BYTES])
{
    double v = (double)bytes;
    size_t i = 0;

    while (v >= base && i + 1 < NAMES_MAX) {
        v /= base;
        i++;
    }
    snprintf(text, UNIT_TEXT_BYTES, "%.4g %s%s", v, names[i], tail);
    return text;
}

const char *unit_format_size(uint64_t bytes, char text[static UNIT_TEXT_BYTES])
{
    return format_bytes(bytes, 1024, binary_names, "", text);
}

const char *unit_format_throughput(uint64_t bytes_per_s, char text[static UNIT_TEXT_BYTES])
{
    if (!(bytes_per_s % 1000) || bytes_per_s % 1024)
        return format_bytes(bytes_per_s, 1000, decimal_names, "/s", text);
    return format_bytes(bytes_per_s, 1024, binary_names, "/s", text);
}
