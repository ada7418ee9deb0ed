/* PCRE2 within bounds.  Floor 3.
 *
 * PCRE2's match limit counts anew at each start position, so it bounds one position and not the whole: 1 MiB
 * of a's under `a.*b` would take hours without ever reaching it.  Hence the text is searched in windows of
 * start positions, with a look at the clock between them: wide windows with a low limit while that goes well,
 * narrow ones with a high limit where it does not.  The limit accepted: `\G` means a window's start. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <time.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/check/judge.h"

#define MATCH_LIMIT    1000000u  /* steps from one start position */
#define WINDOW_STEPS   10000000u /* steps in one window; some 100 ms */
#define WINDOW_MIN     (WINDOW_STEPS / MATCH_LIMIT)
#define WINDOW_MAX     65536u
#define WINDOW_FIRST   4096u
#define HEAP_LIMIT_KIB 65536

struct regex {
    pcre2_code *utf, *bytes; /* the same pattern; bytes: for texts that are not UTF-8 */
    pcre2_match_context *context;
    pcre2_match_data *data;
};

static pcre2_code *compile(const char *pattern, uint32_t options)
{
    int error;
    PCRE2_SIZE at;

    return pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                         options | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT, &error, &at, NULL);
}

struct regex *regex_new(const char *pattern)
{
    struct regex *regex = calloc(1, sizeof(*regex));

    if (!regex)
        return NULL;
    regex->utf = compile(pattern, PCRE2_UTF);
    regex->bytes = compile(pattern, PCRE2_NEVER_UTF); /* NULL when it names \x{100} and the like */
    regex->context = pcre2_match_context_create(NULL);
    regex->data = pcre2_match_data_create(1, NULL);
    if ((!regex->utf && !regex->bytes) || !regex->context || !regex->data) {
        regex_free(regex);
        return NULL;
    }
    pcre2_set_heap_limit(regex->context, HEAP_LIMIT_KIB);
    return regex;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->utf);
    pcre2_code_free(regex->bytes);
    pcre2_match_context_free(regex->context);
    pcre2_match_data_free(regex->data);
    free(regex);
}

/* Of the processor, not of the wall: a busy machine must not make a good regex give up. */
static uint64_t used_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

static bool is_not_utf8(int result)
{
    return result <= PCRE2_ERROR_UTF8_ERR1 && result >= PCRE2_ERROR_UTF8_ERR21;
}

/* Where the window after this one starts; in UTF-8 not inside of a character. */
static size_t next_start(const struct regex *regex, const pcre2_code *code, const char *text, size_t len,
                         size_t at)
{
    while (code == regex->utf && at < len && ((unsigned char)text[at] & 0xC0) == 0x80)
        at++;
    return at;
}

/* PCRE2's result: >= 0, PCRE2_ERROR_NOMATCH, or why it gave up. */
static int search(const struct regex *regex, const pcre2_code *code, const char *text, size_t len)
{
    uint64_t until_ns = used_ns() + REGEX_BUDGET_NS;
    uint32_t options = 0, window = WINDOW_FIRST;

    for (size_t at = 0;;) {
        pcre2_set_match_limit(regex->context, WINDOW_STEPS / window);
        pcre2_set_offset_limit(regex->context, at + window - 1);
        int result = pcre2_match(code, (PCRE2_SPTR)text, len, at, options, regex->data, regex->context);
        if (result == PCRE2_ERROR_MATCHLIMIT && window > WINDOW_MIN) {
            window = window / 16 > WINDOW_MIN ? window / 16 : WINDOW_MIN;
        } else {
            if (result != PCRE2_ERROR_NOMATCH || at + window > len)
                return result;
            at = next_start(regex, code, text, len, at + window);
            window = window < WINDOW_MAX / 2 ? 2 * window : WINDOW_MAX;
        }
        if (used_ns() > until_ns)
            return PCRE2_ERROR_MATCHLIMIT;
        options = PCRE2_NO_UTF_CHECK; /* the first call has seen to the whole text */
    }
}

enum judgement regex_match(const struct regex *regex, const char *text, size_t len)
{
    if (!regex)
        return JUDGE_UNKNOWN;
    int result = PCRE2_ERROR_UTF8_ERR1;
    if (regex->utf)
        result = search(regex, regex->utf, text, len);
    if (is_not_utf8(result) && regex->bytes)
        result = search(regex, regex->bytes, text, len);
    if (result >= 0)
        return JUDGE_HOLDS;
    return result == PCRE2_ERROR_NOMATCH ? JUDGE_FAILS : JUDGE_UNKNOWN;
}

size_t regex_match_start(const struct regex *regex)
{
    return pcre2_get_ovector_pointer(regex->data)[0];
}
