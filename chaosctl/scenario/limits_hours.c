/* Parts of the week: [DAYS] [HH:MM-HH:MM].  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/limits.h"

#define DAYS       7
#define EVERY_DAY  0x7f
#define MIDNIGHT   (24 * 60)
#define DAY_LETTER 3

static const char names[DAYS][DAY_LETTER + 1] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static bool take_day(const char **p, int *ret_day)
{
    for (int day = 0; day < DAYS; day++)
        if (!strncmp(*p, names[day], DAY_LETTER)) {
            *p += DAY_LETTER;
            *ret_day = day;
            return true;
        }
    return false;
}

/* "fri-mon" goes over the week's end. */
static bool take_days(const char **p, uint8_t *ret_days)
{
    int from = 0, to = 0;

    do {
        *p += **p == ',';
        if (!take_day(p, &from))
            return false;
        to = from;
        if (**p == '-' && (++*p, !take_day(p, &to)))
            return false;
        for (int day = from; *ret_days |= (uint8_t)(1u << day), day != to;)
            day = (day + 1) % DAYS;
    } while (**p == ',');
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_time(const char **p, uint16_t *ret_min)
{
    const char *t = *p;

    if (!is_digit(t[0]) || !is_digit(t[1]) || t[2] != ':' || !is_digit(t[3]) || !is_digit(t[4]))
        return false;
    int hour = (t[0] - '0') * 10 + t[1] - '0', minute = (t[3] - '0') * 10 + t[4] - '0';
    *ret_min = (uint16_t)(hour * 60 + minute);
    *p += 5;
    return minute < 60 && *ret_min <= MIDNIGHT;
}

bool hours_parse(const char *text, struct hours *ret_hours)
{
    struct hours h = {.to_min = MIDNIGHT, .text = text};
    const char *p = text;

    if (!is_digit(*p) && !take_days(&p, &h.days))
        return false;
    if (h.days && *p == ' ' && !is_digit(*++p))
        return false;
    if (*p && (!take_time(&p, &h.from_min) || *p++ != '-' || !take_time(&p, &h.to_min)))
        return false;
    h.days = h.days ? h.days : EVERY_DAY;
    *ret_hours = h;
    return !*p && h.from_min != h.to_min && h.from_min < MIDNIGHT;
}

bool hours_contain(const struct hours *hours, const struct tm *local)
{
    int minute = local->tm_hour * 60 + local->tm_min;
    bool today = hours->days & 1u << local->tm_wday;
    bool yesterday = hours->days & 1u << (local->tm_wday + DAYS - 1) % DAYS;

    if (hours->from_min < hours->to_min)
        return today && minute >= hours->from_min && minute < hours->to_min;
    return (today && minute >= hours->from_min) || (yesterday && minute < hours->to_min);
}
