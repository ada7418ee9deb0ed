/* Nearest names.  Floor 1. */
#include <string.h>

#include "chaosctl/base/suggest.h"

#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t m, const char *b, size_t n)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];

    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            size_t change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = least(change, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[m][n];
}

const char *suggest(const char *written, const char *const *candidates, size_t count)
{
    size_t m = strlen(written), best = WORD_MAX;
    const char *found = NULL;

    for (size_t i = 0; m <= WORD_MAX && i < count; i++) {
        size_t n = strlen(candidates[i]);
        size_t far = n <= WORD_MAX ? distance(written, m, candidates[i], n) : WORD_MAX;
        if (far < best && far <= ((m > n ? m : n) + 2) / 3) {
            best = far;
            found = candidates[i];
        }
    }
    return found;
}
