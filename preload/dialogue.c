/* Who spoke last.  Floor 1. */
#include "preload/dialogue.h"

#define HEADS 64

void dialogue_start(struct dialogue *d)
{
    *d = (struct dialogue){.is_followed = true};
    http_begin(&d->request, HTTP_REQUEST, false);
    http_begin(&d->response, HTTP_RESPONSE, false);
}

bool dialogue_is_between(const struct dialogue *d)
{
    return !d->request.has_begun;
}

bool dialogue_is_settled(const struct dialogue *d)
{
    return d->asked == d->answered && !d->response.has_begun;
}

static void lose(struct dialogue *d)
{
    d->is_followed = false;
}

/* From its head on it can be answered. */
static void ask_noted(struct dialogue *d)
{
    uint64_t bit = UINT64_C(1) << d->asked % HEADS;

    d->heads = d->request.is_head ? d->heads | bit : d->heads & ~bit;
    d->asked++;
    d->is_tunnel = d->is_tunnel || d->request.is_connect;
    if (d->is_tunnel || d->asked - d->answered > HEADS)
        lose(d);
}

static void request_end(struct dialogue *d)
{
    if (http_is_broken(&d->request))
        lose(d);
    else if (http_is_complete(&d->request))
        http_begin(&d->request, HTTP_REQUEST, false);
}

size_t dialogue_sent(struct dialogue *d, const uint8_t *bytes, size_t len)
{
    bool had_head = http_has_head(&d->request);
    size_t taken = http_feed(&d->request, bytes, len);

    if (!had_head && http_has_head(&d->request))
        ask_noted(d);
    request_end(d);
    return taken;
}

void dialogue_sent_unseen(struct dialogue *d, uint64_t len)
{
    http_skip(&d->request, len);
    request_end(d);
}

static void response_end(struct dialogue *d)
{
    if (http_is_endless(&d->response) && d->response.status == 101)
        d->is_tunnel = true;
    if (http_is_broken(&d->response) || d->is_tunnel)
        lose(d);
    if (!http_is_complete(&d->response))
        return;
    d->answered += !http_is_interim(&d->response);
    http_begin(&d->response, HTTP_RESPONSE, false);
}

void dialogue_heard(struct dialogue *d, const uint8_t *bytes, size_t len)
{
    while (len && d->is_followed) {
        if (!d->response.has_begun)
            http_begin(&d->response, HTTP_RESPONSE, d->heads >> d->answered % HEADS & 1);
        size_t taken = http_feed(&d->response, bytes, len);
        bytes += taken;
        len -= taken;
        response_end(d);
    }
}
