/* What the tests of respond share: rules that answer, requests, and what comes of them. */
#ifndef TESTS_RESPOND_H
#define TESTS_RESPOND_H

#include "stream.h"

#define HEAD "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\n"
#define BODY "sorry"
#define GET  "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define DEL  "DELETE /x HTTP/1.1\r\n\r\n"
#define OK   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static UNUSED const char whole[] = HEAD BODY;

static UNUSED struct rule answering(const char *head, const char *body, bool raw, bool closes)
{
    struct rule rule = stream_rule(FAULT_respond);
    struct reply reply = {.len = (uint32_t)(strlen(head) + strlen(body)),
                          .head_len = (uint32_t)strlen(head),
                          .is_raw = raw,
                          .closes = closes};

    memcpy(reply.bytes, head, strlen(head));
    memcpy(reply.bytes + strlen(head), body, strlen(body));
    rule.reply = table_reply(table, &reply);
    return rule;
}

static UNUSED int arm_answer(bool closes)
{
    return arm(answering(HEAD, BODY, false, closes));
}

static UNUSED int arm_for(const char *pattern)
{
    struct rule rule = answering(HEAD, BODY, false, true);
    const char *why;
    size_t at;

    if (!expression_compile(pattern, &rule.request, &why, &at))
        give_up(why);
    return arm(rule);
}

static UNUSED bool put(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static UNUSED bool arrives(int fd, const char *text)
{
    struct timeval patience = {.tv_sec = 10};
    char buf[400] = "";

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return recv(fd, buf, strlen(text), MSG_WAITALL) == (ssize_t)strlen(text) && !strcmp(buf, text);
}

static UNUSED bool answered(struct reader *r, const char *text)
{
    char buf[400] = "";

    return get_all(r, buf, strlen(text), 20000) && !strcmp(buf, text);
}

static UNUSED bool nothing(struct reader *r)
{
    char byte;

    return get(r, &byte, 1, 60) == -1 && errno == EAGAIN;
}

static UNUSED bool ends(struct reader *r)
{
    char byte;

    return get(r, &byte, 1, 20000) == 0;
}

/* The dependency has had no byte: its connection is open still, or at its end. */
static UNUSED bool was_not_called(int server)
{
    char byte;
    ssize_t got = recv(server, &byte, 1, MSG_DONTWAIT);

    return got == 0 || (got == -1 && errno == EAGAIN);
}

static UNUSED bool served(struct pair p, struct reader *r)
{
    return put(p.client, GET) && arrives(p.server, GET) && put(p.server, OK) && answered(r, OK);
}

static UNUSED bool is_settled(void)
{
    return !table->kept;
}

#endif
