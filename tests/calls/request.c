/* `request`: faults on those requests alone whose first bytes match, one after the other on a connection. */
#include "stream.h"

static struct rule with_request(struct rule rule, const char *pattern)
{
    const char *why;
    size_t at;

    rule.direction = DIRECTION_OUTBOUND;
    if (!expression_compile(pattern, &rule.request, &why, &at))
        give_up(why);
    return rule;
}

static struct rule failing(enum call call, int error)
{
    return (struct rule){.kind = FAULT_error,
                         .effect = EFFECT_FAIL,
                         .calls = call_bit(call),
                         .error = error,
                         .targets = CACHE};
}

static bool put(int fd, const char *text)
{
    return send(fd, text, strlen(text), 0) == (ssize_t)strlen(text);
}

/* The server's part: what it was asked, and its answer. */
static bool answered(struct pair p, const char *request, const char *answer)
{
    char buf[600] = "";
    size_t len = strlen(request);

    for (size_t at = 0; at < len;) {
        ssize_t got = recv(p.server, buf + at, len - at, 0);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return !memcmp(buf, request, len) && put(p.server, answer);
}

static bool got(int fd, const char *answer)
{
    char buf[100] = "";

    return recv(fd, buf, strlen(answer), MSG_WAITALL) == (ssize_t)strlen(answer) && !strcmp(buf, answer);
}

static bool served(struct pair p, const char *request)
{
    return put(p.client, request) && answered(p, request, "ok") && got(p.client, "ok");
}

static void sends(void)
{
    struct pair p = connection(listening);
    int rule = arm(with_request(failing(CALL_send, ENOBUFS), "^GET /recs"));

    fact("error: a request that does not match is sent", served(p, "GET /item/1"));
    errno = 0;
    fact("one that does, fails", send(p.client, "GET /recs/1", 11, 0) == -1 && errno == ENOBUFS);
    fact("it was none of the others, and those were not counted",
         hits(rule) == 1 && table->rules[rule].matches == 1);
    lift(rule);
    fact("lifted, it goes on", served(p, "GET /recs/1"));
    hang_up(p);
}

static void a_body(void)
{
    struct pair p = connection(listening);
    int rule = arm(with_request(failing(CALL_send, ENOBUFS), "recs"));

    fact("only its first send is looked at", put(p.client, "POST /x ") && put(p.client, "recs"));
    fact("what belongs to the same request is not another", answered(p, "POST /x recs", "ok") && !hits(rule));
    fact("after the answer a request begins",
         got(p.client, "ok") && send(p.client, "recs", 4, 0) == -1 && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void parts(void)
{
    struct pair p = connection(listening);
    struct iovec parts[] = {{"GE", 2}, {NULL, 0}, {"T /re", 5}, {"cs", 2}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 4};
    struct mmsghdr messages = {.msg_hdr = message};
    int rule = arm(with_request(failing(CALL_writev, EIO), "^GET /recs$"));
    int other = arm(with_request(failing(CALL_sendmsg, EIO), "^GET /recs$"));
    int third = arm(with_request(failing(CALL_sendmmsg, EIO), "^GET /recs$"));
    int fourth = arm(with_request(failing(CALL_write, EIO), "^GET /recs$"));

    fact("parts are matched as what they are together: writev",
         writev(p.client, parts, 4) == -1 && errno == EIO);
    fact("and sendmsg", sendmsg(p.client, &message, 0) == -1 && errno == EIO);
    fact("and sendmmsg", sendmmsg(p.client, &messages, 1, 0) == -1 && errno == EIO);
    fact("and write", write(p.client, "GET /recs", 9) == -1 && errno == EIO);
    lift(rule);
    lift(other);
    lift(third);
    lift(fourth);
    hang_up(p);
}

/* The number was another connection's, which was in the middle of a request. */
static void a_number_again(void)
{
    struct pair p = connection(listening), q;
    int rule = arm(with_request(failing(CALL_send, EIO), "^GET"));
    bool asked = put(p.client, "POST");

    lift(rule);
    hang_up(p);
    q = connection(listening);
    rule = arm(with_request(failing(CALL_send, EIO), "^GET"));
    fact("a number that is another connection's by now begins anew",
         asked && q.client == p.client && send(q.client, "GET", 3, 0) == -1 && hits(rule) == 1);
    lift(rule);
    hang_up(q);
}

static void the_end_of_what_is_looked_at(void)
{
    char long_one[600];
    struct pair p = connection(listening);
    int rule = arm(with_request(failing(CALL_send, EIO), "end"));

    memset(long_one, 'x', sizeof(long_one));
    memcpy(long_one + REQUEST_BYTES - 2, "end", 3);
    fact("what stands behind the first 512 bytes is not looked at",
         send(p.client, long_one, sizeof(long_one), 0) == (ssize_t)sizeof(long_one) && !hits(rule));
    hang_up(p);
    p = connection(listening);
    memcpy(long_one + REQUEST_BYTES - 3, "end", 3);
    fact("what ends there is", send(p.client, long_one, sizeof(long_one), 0) == -1 && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void resets(void)
{
    struct pair p = connection(listening), other = connection(listening);
    struct rule reset = stream_rule(FAULT_reset);
    int rule = arm(with_request(reset, "^DEL"));

    fact("reset: other requests are served", served(p, "GET") && served(other, "SET"));
    errno = 0;
    fact("one that matches resets its connection",
         send(p.client, "DEL a", 5, MSG_NOSIGNAL) == -1 && errno != 0);
    fact("and no other", served(other, "GET") && hits(rule) == 1);
    lift(rule);
    hang_up(p);
    hang_up(other);
}

static void latency(enum manner way)
{
    char sentence[120], buf[8] = "";
    struct pair p = connection(listening);
    struct rule late = stream_rule(FAULT_latency);

    late.delay_ns = 300 * MS;
    int rule = arm(with_request(late, "^SLOW"));
    struct reader r = reader_of(way, p.client);
    bool quick = true;
    for (int i = 0; i < 3; i++)
        quick = quick && put(p.client, "FAST") && answered(p, "FAST", "ok") && get_all(&r, buf, 2, 20000);
    snprintf(sentence, sizeof(sentence), "latency, %s: answers to other requests are not held",
             way_names[way]);
    fact(sentence, quick && !hits(rule) && !memcmp(buf, "ok", 2));
    uint64_t start = now_ns();
    bool slow = put(p.client, "SLOW") && answered(p, "SLOW", "no") && get_all(&r, buf, 2, 20000);
    snprintf(sentence, sizeof(sentence), "%s: the answer to one that matches is", way_names[way]);
    fact(sentence,
         slow && since(start) >= 300 * MS && since(start) < LONG && hits(rule) == 1 && !memcmp(buf, "no", 2));
    bool again = put(p.client, "FAST") && answered(p, "FAST", "ok") && get_all(&r, buf, 2, 20000);
    snprintf(sentence, sizeof(sentence), "%s: the next is not", way_names[way]);
    fact(sentence, again && hits(rule) == 1 && !memcmp(buf, "ok", 2));
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

/* What is pushed is held by the one rule; the answer that comes at once behind it, by both. */
static void apart(void)
{
    char buf[3] = "";
    struct pair p = connection(listening);
    struct rule late = stream_rule(FAULT_latency);
    struct pollfd in = {.fd = p.client, .events = POLLIN};
    int all = (late.delay_ns = 200 * MS, arm(late));
    int some = arm(with_request(late, "^SLOW"));
    bool asked = put(p.client, "FAST") && answered(p, "FAST", "a") && got(p.client, "a");

    put(p.server, "b");
    bool held = !poll(&in, 1, 0);
    uint64_t start = now_ns();
    asked = asked && put(p.client, "SLOW") && answered(p, "SLOW", "c");
    held = held && !poll(&in, 1, 0);
    asked = asked && recv(p.client, buf, 2, MSG_WAITALL) == 2 && !strcmp(buf, "bc");
    fact("delays of several rules add up, and an answer does not join what came before its request",
         asked && held && since(start) >= 400 * MS && hits(some) == 1);
    lift(all);
    lift(some);
    hang_up(p);
}

/* The request falls into the hole, and whatever is sent behind it. */
static void blackhole(void)
{
    struct pair p = connection(listening), other = connection(listening);
    int rule = arm(with_request(stream_rule(FAULT_blackhole), "^LOST"));
    struct pollfd in = {.fd = p.server, .events = POLLIN};

    fact("blackhole: a request that does not match gets through", served(p, "GET"));
    fact("blackhole: one that matches does not arrive", put(p.client, "LOST") && !poll(&in, 1, 200));
    fact("on another connection one does", served(other, "GET"));
    lift(rule);
    struct pollfd answer = {.fd = p.client, .events = POLLIN};
    poll(&answer, 1, 0);
    fact("and after the lift it does, and is answered",
         answered(p, "LOST", "ok") && poll(&answer, 1, 20000) == 1 && got(p.client, "ok"));
    hang_up(p);
    hang_up(other);
}

static void truncates(void)
{
    char buf[10] = "";
    struct pair p = connection(listening);
    struct rule cut = stream_rule(FAULT_truncate);

    cut.bytes = 2;
    int rule = arm(with_request(cut, "^CUT"));
    fact("truncate: an answer to another request is whole",
         put(p.client, "GET") && answered(p, "GET", "whole") && got(p.client, "whole"));
    fact("one that matches, with an answer too short to be cut",
         put(p.client, "CUT") && answered(p, "CUT", "a") && got(p.client, "a"));
    fact("does not have the next answer cut",
         put(p.client, "GET") && answered(p, "GET", "whole") && got(p.client, "whole") && !hits(rule));
    bool asked = put(p.client, "CUT") && answered(p, "CUT", "answer");
    fact("one with a longer one ends there, bytes counted from the request on",
         asked && recv(p.client, buf, 10, MSG_WAITALL) == 2 && !memcmp(buf, "an", 2) && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void corrupts(void)
{
    char buf[10] = "";
    struct pair p = connection(listening);
    int rule = arm(with_request(stream_rule(FAULT_corrupt), "^BAD"));

    fact("corrupt: not the answer to another request", served(p, "GET"));
    bool asked = put(p.client, "BAD") && answered(p, "BAD", "hello") && recv(p.client, buf, 5, 0) == 5;
    fact("but to one that matches", asked && memcmp(buf, "hello", 5) && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void a_request_under_way(void)
{
    struct pair p = connection(listening);
    struct rule late = stream_rule(FAULT_latency);
    int watch = (late.delay_ns = 1 * MS, arm(late));
    bool asked = put(p.client, "SLOW") && answered(p, "SLOW", "ok");

    late.delay_ns = 10 * SECOND;
    int rule = arm(with_request(late, "^SLOW"));
    fact("a request that was sent before the fault is not struck",
         asked && got(p.client, "ok") && !hits(rule));
    lift(rule);
    lift(watch);
    hang_up(p);
}

static void duplicates(void)
{
    struct pair p = connection(listening);
    int other = dup(p.client), rule = arm(with_request(failing(CALL_recv, EIO), "^BAD"));
    char byte;

    fact("what was sent by one number is known to its duplicate",
         put(p.client, "BAD") && recv(other, &byte, 1, MSG_DONTWAIT) == -1 && errno == EIO &&
             hits(rule) == 1);
    lift(rule);
    close(other);
    hang_up(p);
}

static void tls(void)
{
    struct pair p = connection(listening), q = connection(listening);
    int rule = arm(with_request(failing(CALL_send, EIO), "."));

    fact("TLS: a handshake is sent", served(p, "\x16\x03\x01\x02"));
    fact("and application data", served(p, "\x17\x03\x03\x02") && served(p, "\x17\x03\x03\x02"));
    fact("the connection is counted once", table->rules[rule].unseen == 1 && !table->rules[rule].matches);
    fact("and another too", served(q, "\x17\x03\x03\x02") && table->rules[rule].unseen == 2);
    int late = arm(with_request(failing(CALL_write, EIO), "."));
    fact("a rule that comes later counts them too",
         served(p, "\x17\x03\x03\x02") && table->rules[late].unseen == 1 && table->rules[rule].unseen == 2);
    lift(rule);
    lift(late);
    hang_up(p);
    hang_up(q);
}

static void a_fresh_connection(void)
{
    int rule = arm(with_request(failing(CALL_send, EIO), "^GET")), fd = socket(AF_INET, SOCK_STREAM, 0);

    dial(fd, port_of(listening));
    fact("the first request of a connection made under the fault",
         send(fd, "GET", 3, 0) == -1 && errno == EIO);
    lift(rule);
    close(fd);
    close(accept(listening, NULL, NULL));
}

static void datagrams(void)
{
    int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = local(0);
    struct target t = {.kind = TARGET_ADDRESS, .bit = 1, .prefix = 128, .protocol = PROTOCOL_UDP};

    memcpy(t.address, (uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, 16);
    bind(server, (struct sockaddr *)&own, sizeof(own));
    t.port = port_of(server);
    target_add(t);
    own = local(t.port);
    struct rule rule = failing(CALL_sendto, EIO);
    rule.targets = 1u << 1;
    int index = arm(with_request(rule, "^bad"));
    fact("each datagram is a request",
         sendto(client, "good", 4, 0, (struct sockaddr *)&own, sizeof(own)) == 4 &&
             sendto(client, "bad", 3, 0, (struct sockaddr *)&own, sizeof(own)) == -1 &&
             sendto(client, "good", 4, 0, (struct sockaddr *)&own, sizeof(own)) == 4 && hits(index) == 1);
    lift(index);
    close(server);
    close(client);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 4 + 3 + 4 + 1 + 2 + 3 + 3 * WAYS + 1 + 3 + 4 + 2 + 1 + 1 + 5 + 1 + 1 + 1);
    sends();
    a_body();
    parts();
    a_number_again();
    the_end_of_what_is_looked_at();
    resets();
    for (enum manner way = 0; way < WAYS; way++)
        latency(way);
    apart();
    blackhole();
    truncates();
    corrupts();
    a_request_under_way();
    duplicates();
    tls();
    a_fresh_connection();
    datagrams();
    return 0;
}
