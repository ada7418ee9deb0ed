/* Careful once: the large buffer may be refused, the small one that comes in its place may not. */
#include <stdlib.h>

#include "corpus.h"

static char *buffer_new(size_t *ret_size)
{
    *ret_size = 1 << 16;
    char *buffer = malloc(*ret_size);
    if (buffer)
        return buffer;
    *ret_size = 64;
    buffer = malloc(*ret_size);
#ifdef FIXED
    if (!buffer)
        return NULL;
#endif
    buffer[0] = '\0'; /* DEFECT: segv */
    return buffer;
}

int main(void)
{
    size_t size;
    char *buffer = buffer_new(&size);

    if (!buffer)
        return complain("buffer");
    snprintf(buffer, size, "%d\n", 6 * 7);
    int status = say(buffer);
    free(buffer);
    return status;
}
