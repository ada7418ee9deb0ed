/* Random bytes as HTTP: no byte too far is read, and cuts make no difference.  For tests/fuzz/run. */
#include <stdlib.h>
#include <string.h>

#include "injectors/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The first byte says what it is and where it is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct http whole, cut;

    if (!len)
        return 0;
    enum http_kind kind = bytes[0] & 1 ? HTTP_RESPONSE : HTTP_REQUEST;
    size_t step = (size_t)(bytes[0] >> 2) + 1, at = 0;
    http_begin(&whole, kind, bytes[0] & 2);
    http_begin(&cut, kind, bytes[0] & 2);
    size_t taken = http_feed(&whole, bytes + 1, len - 1);
    while (at < len - 1) {
        size_t here = len - 1 - at < step ? len - 1 - at : step, got = http_feed(&cut, bytes + 1 + at, here);
        at += got;
        if (got < here)
            break;
    }
    if (taken != at || memcmp(&whole, &cut, sizeof(whole)) != 0)
        abort();
    return 0;
}
