/* respond: what a request is, and every call that sends or reads. */
#include <sys/sendfile.h>

#include "respond.h"

/* --- requests --- */

static struct {
    const char *sentence, *request, *answer;
    bool ends;
} const requests[] = {
    {"HEAD is answered without a body", "HEAD / HTTP/1.1\r\n\r\n", HEAD, false},
    {"a chunked body is waited for",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", HEAD BODY, false},
    {"who asks to go on is answered at once",
     "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", HEAD BODY, true},
    {"who wants to close is closed", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", HEAD BODY, true},
    {"so is HTTP/1.0, which would need a word to be kept", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     HEAD BODY, true},
    {"two at once are answered in order, each as it asks", GET "HEAD / HTTP/1.1\r\n\r\n" GET,
     HEAD BODY HEAD HEAD BODY, false},
};
#define REQUESTS (sizeof(requests) / sizeof(*requests))

/* Each whole, and byte by byte. */
static void one_request(size_t i, bool by_bytes)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    const char *text = requests[i].request;
    char name[120];
    int rule = arm_answer(false);
    bool sent = by_bytes || put(p.client, text);

    for (const char *c = text; by_bytes && sent && *c; c++)
        sent = send(p.client, c, 1, 0) == 1;
    bool good = sent && answered(&r, requests[i].answer) && (requests[i].ends ? ends(&r) : nothing(&r));
    snprintf(name, sizeof(name), "%s%s", requests[i].sentence, by_bytes ? ", byte by byte too" : "");
    fact(name, good && was_not_called(p.server));
    lift(rule);
    hang_up(p);
}

static void many_at_once(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(LEVEL, p.client);
    char buf[sizeof(whole)];
    int rule = arm_answer(false), got = 0;
    bool sent = true;

    for (int i = 0; i < 20; i++)
        sent = sent && put(p.client, GET);
    while (sent && get_all(&r, buf, sizeof(whole) - 1, 20000) && !memcmp(buf, whole, sizeof(whole) - 1))
        got++;
    fact("of more than are queued the first are answered, then it closes", got == 8 && ends(&r));
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void pipelined(const char *sentence, const char *first, const char *second)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_for("^DEL");
    char all[200];

    snprintf(all, sizeof(all), "%s%s", first, second);
    bool sent = put(p.client, first) && (!*second || put(p.client, second));
    bool asked = sent && arrives(p.server, all);
    fact(sentence, asked && put(p.server, OK OK) && answered(&r, OK OK) && !hits(rule) &&
                       table->rules[rule].skipped == 1 && table->rules[rule].matches == 1);
    fact("when all were answered, the next is struck",
         put(p.client, DEL) && answered(&r, whole) && ends(&r) && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void in_the_middle_of_an_answer(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_for("^DEL");

    bool asked = put(p.client, GET) && arrives(p.server, GET) &&
                 put(p.server, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab") &&
                 answered(&r, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    fact("no answer comes in the middle of another: the request goes out",
         asked && put(p.client, DEL) && arrives(p.server, DEL) && put(p.server, "cd" OK) &&
             answered(&r, "cd" OK) && table->rules[rule].skipped == 1);
    lift(rule);
    hang_up(p);
}

static void a_body_is_no_request(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_for("^DEL");
    static const char head[] = "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 22\r\n\r\n";

    bool asked = put(p.client, head) && arrives(p.server, head) &&
                 put(p.server, "HTTP/1.1 100 Continue\r\n\r\n") &&
                 answered(&r, "HTTP/1.1 100 Continue\r\n\r\n");
    fact("a body that looks like a request is none", asked && put(p.client, DEL) && arrives(p.server, DEL) &&
                                                         !table->rules[rule].matches && put(p.server, OK) &&
                                                         answered(&r, OK));
    lift(rule);
    hang_up(p);
}

static void counted_one_by_one(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    struct rule second = answering(HEAD, BODY, false, true);

    second.after = 1;
    int rule = arm(second);
    fact("without a regex requests are counted one by one: the second is struck",
         served(p, &r) && put(p.client, GET) && answered(&r, whole) && ends(&r) && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void goes_through(const char *sentence, const char *bytes, uint64_t skipped, uint64_t unseen)
{
    struct pair p = connection(listening);
    int rule = arm_answer(false);

    fact(sentence, put(p.client, bytes) && arrives(p.server, bytes) && put(p.server, "x") &&
                       arrives(p.client, "x") && !hits(rule) && table->rules[rule].skipped == skipped &&
                       table->rules[rule].unseen == unseen);
    lift(rule);
    hang_up(p);
}

static void unseen_in_between(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_for("^DEL");
    bool asked = put(p.client, GET) && arrives(p.server, GET) && !hits(rule);

    lift(rule);
    asked = asked && put(p.server, OK) && answered(&r, OK);
    rule = arm_for("^DEL");
    fact("an answer that came while nothing was armed is not waited for",
         asked && served(p, &r) && put(p.client, DEL) && answered(&r, whole) && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

/* Its later records begin otherwise. */
static void in_tls(void)
{
    struct pair p = connection(listening);
    int rule = arm(answering("-ERR no\r\n", "", true, false));
    static const char hello[] = "\x16\x03\x01 hello", next[] = "\x14\x03\x03 and so on";

    fact("in a TLS connection nothing is struck later either",
         put(p.client, hello) && arrives(p.server, hello) && put(p.server, "x") && arrives(p.client, "x") &&
             put(p.client, next) && arrives(p.server, next) && !table->rules[rule].matches);
    lift(rule);
    hang_up(p);
}

static void raw(void)
{
    struct pair p = connection(listening), q = connection(listening), w = connection(listening);
    struct reader r = reader_of(POLL, p.client), s = reader_of(POLL, q.client), t = reader_of(POLL, w.client);
    int rule = arm(answering("-ERR no\r\n", "", true, false));

    fact("raw answers what is no HTTP, again and again",
         put(p.client, "*1\r\n$4\r\nPING\r\n") && answered(&r, "-ERR no\r\n") && nothing(&r) &&
             put(p.client, "PING\r\n") && answered(&r, "-ERR no\r\n") && was_not_called(p.server));
    fact("what is sent before an answer was read is part of its request",
         put(p.client, "PING\r\n") && put(p.client, "PING\r\n") && answered(&r, "-ERR no\r\n") &&
             nothing(&r));
    fact("to HTTP it ends the connection, once the request is whole",
         put(q.client, "GET / HTTP/1.1\r\n") && nothing(&s) && put(q.client, "\r\n") &&
             answered(&s, "-ERR no\r\n") && ends(&s));
    lift(rule);
    rule = arm(answering("-ERR no\r\n", "", true, true));
    fact("and where not every request is struck",
         put(w.client, "PING\r\n") && answered(&t, "-ERR no\r\n") && ends(&t));
    lift(rule);
    hang_up(p);
    hang_up(q);
    hang_up(w);
}

/* --- calls --- */

static void reading(void)
{
    struct pair p = connection(listening);
    char a[10] = "", b[100] = "", c[100] = "";
    struct iovec parts[] = {{a, 3}, {b, sizeof(b) - 1}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2, .msg_name = c, .msg_namelen = sizeof(c)};
    int rule = arm_answer(false), queued = 0, error = 1;
    socklen_t len = sizeof(error);

    bool asked = put(p.client, GET) && !ioctl(p.client, FIONREAD, &queued);
    fact_equal("FIONREAD tells what is there", asked ? queued : -1, sizeof(whole) - 1);
    fact("SO_ERROR tells of no error", !getsockopt(p.client, SOL_SOCKET, SO_ERROR, &error, &len) && !error);
    fact("MSG_PEEK leaves it", recv(p.client, c, 4, MSG_PEEK) == 4 && !memcmp(c, "HTTP", 4));
    fact("readv fills its parts",
         readv(p.client, parts, 2) == sizeof(whole) - 1 && !memcmp(a, "HTT", 3) && !strcmp(b, whole + 3));
    asked = put(p.client, GET);
    fact("recvmsg names nobody", asked && recvmsg(p.client, &message, 0) == sizeof(whole) - 1 &&
                                     !message.msg_namelen && !message.msg_flags);
    asked = put(p.client, GET) && put(p.client, GET);
    memset(c, 0, sizeof(c));
    fact("MSG_WAITALL goes over the end of an answer",
         asked && recv(p.client, c, 70, MSG_WAITALL) == 70 && !memcmp(c, HEAD BODY HEAD, 70));
    fact("MSG_TRUNC throws away", recv(p.client, NULL, 4, MSG_TRUNC) == 4);
    size_t rest = 2 * (sizeof(whole) - 1) - 74;
    fact("and the rest comes", read(p.client, c, sizeof(c)) == (ssize_t)rest);
    errno = 0;
    fact("then there is nothing", recv(p.client, c, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    lift(rule);
    hang_up(p);
}

static void splicing(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_answer(false), out[2];
    char buf[sizeof(whole)] = "";

    if (pipe(out))
        give_up("pipe");
    bool asked = put(p.client, GET);
    ssize_t got = asked ? splice(p.client, NULL, out[1], NULL, 1000, 0) : -1;
    fact("splice moves it into a pipe",
         got == sizeof(whole) - 1 && read(out[0], buf, sizeof(buf)) == got && !strcmp(buf, whole));
    asked = write(out[1], GET, strlen(GET)) == (ssize_t)strlen(GET) &&
            splice(out[0], NULL, p.client, NULL, strlen(GET), 0) == (ssize_t)strlen(GET);
    fact("a request that begins with a splice is not seen to be one until then",
         asked && answered(&r, whole));
    lift(rule);
    close(out[0]);
    close(out[1]);
    hang_up(p);
}

static void sending(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    char path[] = "/tmp/chaosctl-respond-XXXXXX", text[] = "POST / HTTP/1.1\r\nContent-Length: 600\r\n\r\n",
         body[600];
    struct iovec parts[] = {{text, 7}, {text + 7, 1}, {text + 8, strlen(text) - 8}};
    int rule = arm_answer(false), file = mkstemp(path);
    off_t offset = 100;

    memset(body, 'b', sizeof(body));
    unlink(path);
    bool good = write(file, body, 600) == 600;
    fact("writev is swallowed whole",
         good && writev(p.client, parts, 3) == (ssize_t)strlen(text) && nothing(&r));
    fact("sendfile too, and moves the offset",
         sendfile(p.client, file, &offset, 1000) == 500 && offset == 600 && nothing(&r));
    fact("and the rest from the file's own", lseek(file, 0, SEEK_SET) == 0 &&
                                                 sendfile(p.client, file, NULL, 100) == 100 &&
                                                 lseek(file, 0, SEEK_CUR) == 100 && answered(&r, whole));
    struct mmsghdr message = {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 3}};
    fact("sendmmsg says what was sent",
         sendmmsg(p.client, &message, 1, 0) == 1 && message.msg_len == strlen(text));
    lift(rule);
    close(file);
    hang_up(p);
}

static void two_numbers(void)
{
    struct pair p = connection(listening);
    int rule = arm_answer(false), other = dup(p.client), third = dup(p.client);
    char buf[100] = "";

    bool asked = put(p.client, GET) && recv(other, buf, 10, 0) == 10;
    close(p.client);
    fact("what one number asked another reads, also when the first is closed",
         asked && recv(other, buf + 10, sizeof(buf), 0) == sizeof(whole) - 1 - 10 && !strcmp(buf, whole));
    asked = put(other, GET);
    close(other);
    fact("the same again", asked && recv(third, buf, sizeof(buf), 0) == sizeof(whole) - 1);
    close(third);
    fact("when the last is closed, so is the dependency's end",
         recv(p.server, buf, 1, 0) == 0 && is_settled());
    lift(rule);
    close(p.server);
}

static void forked(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_answer(true);
    bool asked = put(p.client, GET);
    pid_t pid = fork();

    if (!pid) {
        close(p.client);
        _exit(0);
    }
    fact("a child that closes its copy takes nothing away",
         !exit_code_of(pid) && asked && answered(&r, whole) && ends(&r) && is_settled());
    lift(rule);
    hang_up(p);
}

static void descriptors(void)
{
    int before = open_descriptors(), rule = arm_answer(true);
    bool good = true;

    for (int i = 0; i < 100; i++) {
        struct pair p = connection(listening);
        good = good && put(p.client, GET);
        errno = FOREIGN;
        if (i % 2)
            good = good && !close_range((unsigned)p.client, (unsigned)p.client + (i % 3 != 0), 0) &&
                   errno == FOREIGN;
        else
            good = good && !close(p.client) && errno == FOREIGN;
        close(p.server);
    }
    fact("unread answers leave no descriptor and nothing else",
         good && hits(rule) == 100 && open_descriptors() == before && is_settled());
    lift(rule);
}

static void the_requests(void)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        one_request(i, false);
        one_request(i, true);
    }
    many_at_once();
    pipelined("pipelined in two sends: what cannot be answered in order goes out, and counts as skipped", GET,
              DEL);
    pipelined("in one send too", GET DEL, "");
    in_the_middle_of_an_answer();
    a_body_is_no_request();
    counted_one_by_one();
    goes_through("what is no HTTP goes through, and is skipped", "PING\r\n", 1, 0);
    goes_through("TLS goes through, and is unseen", "\x16\x03\x01 and so on", 0, 1);
    unseen_in_between();
    in_tls();
    raw();
}

static void the_calls(void)
{
    reading();
    splicing();
    sending();
    two_numbers();
    forked();
    descriptors();
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, (int)(2 * REQUESTS) + 1 + 1 + 1 + 4 + 1 + 1 + 1 + 2 + 4 + 9 + 2 + 4 + 3 + 1 + 1);
    the_requests();
    the_calls();
    return 0;
}
