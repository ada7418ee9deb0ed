/* Toxiproxy's HTTP API (2.12), request by request.  Floor 3.  Knows no socket. */
#ifndef CHAOSCTL_PROXY_API_H
#define CHAOSCTL_PROXY_API_H

#include <stddef.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/proxy/proxies.h"

#define API_VERSION "2.12.0" /* that clients are told */

struct api_request {
    const char *method; /* "GET" */
    const char *path;   /* without a query, not decoded */
    const char *agent;  /* its User-Agent; may be NULL */
    const char *body;
    size_t body_len;
};

struct api_answer {
    int status;
    const char *type; /* NULL: no body */
    struct buf body;  /* to be freed */
};

void api_serve(struct proxies *proxies, const struct api_request *request, struct api_answer *ret_answer);

/* As a request with a body that is too large. */
void api_refuse(int status, const char *why, struct api_answer *ret_answer);

/* A file as /populate takes it.  Returns how many there are, or -1 with *ret_problem set. */
int api_populate(struct proxies *proxies, const char *text, size_t len, struct problem *ret_problem);

#endif
