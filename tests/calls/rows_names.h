/* Rows of rows.c for the calls that resolve names, and a name server for those that ask one themselves. */
#ifndef TESTS_ROWS_NAMES_H
#define TESTS_ROWS_NAMES_H

static struct outcome do_getaddrinfo(void *symbol, struct fixture *f)
{
    struct addrinfo *list = NULL;
    int error = CALLS(int (*)(const char *, const char *, void *, void *))("localhost", NULL, NULL, &list);

    (void)f;
    if (list)
        freeaddrinfo(list);
    return (struct outcome){error != 0, error ? error : FOREIGN};
}

static struct outcome do_getnameinfo(void *symbol, struct fixture *f)
{
    struct sockaddr_in who = local(80);
    char host[256];
    int error = CALLS(int (*)(const void *, socklen_t, char *, socklen_t, char *, socklen_t, int))(
        &who, sizeof(who), host, sizeof(host), NULL, 0, 0);

    (void)f;
    return (struct outcome){error != 0, error ? error : FOREIGN};
}

static struct outcome do_host(void *symbol, struct fixture *f)
{
    (void)f;
    return by_h_errno(!CALLS(void *(*)(const char *))("localhost"));
}

static struct outcome do_host2(void *symbol, struct fixture *f)
{
    (void)f;
    return by_h_errno(!CALLS(void *(*)(const char *, int))("localhost", AF_INET));
}

static char host_buf[2000];

static struct outcome by_result(struct hostent *found, int error)
{
    h_errno = error;
    return by_h_errno(!found);
}

static struct outcome do_host_r(void *symbol, struct fixture *f)
{
    struct hostent entry, *found = &entry;
    int error = 0;

    (void)f;
    CALLS(int (*)(const char *, void *, char *, size_t, void *, int *))
    ("localhost", &entry, host_buf, sizeof(host_buf), &found, &error);
    return by_result(found, error);
}

static struct outcome do_host2_r(void *symbol, struct fixture *f)
{
    struct hostent entry, *found = &entry;
    int error = 0;

    (void)f;
    CALLS(int (*)(const char *, int, void *, char *, size_t, void *, int *))
    ("localhost", AF_INET, &entry, host_buf, sizeof(host_buf), &found, &error);
    return by_result(found, error);
}

static const uint8_t loopback[4] = {127, 0, 0, 1};

static struct outcome do_addr(void *symbol, struct fixture *f)
{
    (void)f;
    return by_h_errno(!CALLS(void *(*)(const void *, socklen_t, int))(loopback, 4, AF_INET));
}

static struct outcome do_addr_r(void *symbol, struct fixture *f)
{
    struct hostent entry, *found = &entry;
    int error = 0;

    (void)f;
    CALLS(int (*)(const void *, socklen_t, int, void *, char *, size_t, void *, int *))
    (loopback, 4, AF_INET, &entry, host_buf, sizeof(host_buf), &found, &error);
    return by_result(found, error);
}

static struct outcome do_getaddrinfo_a(void *symbol, struct fixture *f)
{
    struct gaicb request = {.ar_name = "localhost"}, *list[] = {&request};
    int error = CALLS(int (*)(int, struct gaicb **, int, void *))(GAI_WAIT, list, 1, NULL);

    (void)f;
    if (!error)
        error = gai_error(&request);
    if (request.ar_result)
        freeaddrinfo(request.ar_result);
    /* It starts a thread, which libc does not keep errno over. */
    return (struct outcome){error != 0 || list[0] != &request, error ? error : FOREIGN};
}

/* --- records --- */

#define RECORD "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" /* of the name asked for: 127.0.0.1 */

/* Each question gets that one answer. */
static void *serve_names(void *fd)
{
    unsigned char message[600];
    struct sockaddr_in from;

    for (;;) {
        socklen_t len = sizeof(from);
        long got = syscall(SYS_recvfrom, (int)(intptr_t)fd, message, 500, 0, &from, &len);
        if (got < 12)
            continue;
        message[2] |= 0x80;
        message[7] = 1;
        memcpy(message + got, RECORD, sizeof(RECORD) - 1);
        syscall(SYS_sendto, (int)(intptr_t)fd, message, (size_t)got + sizeof(RECORD) - 1, 0, &from, len);
    }
    return NULL;
}

static void name_server(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = local(0);
    pthread_t thread;

    if (res_init() || bind(fd, (struct sockaddr *)&own, sizeof(own)))
        give_up("a name server");
    _res.nscount = 1;
    _res.nsaddr_list[0] = local(port_of(fd));
    _res.options &= ~(RES_USE_EDNS0 | RES_DNSRCH | RES_DEFNAMES);
    if (pthread_create(&thread, NULL, serve_names, (void *)(intptr_t)fd))
        give_up("pthread_create");
}

static unsigned char record[600];

/* errno is libc's here: its resolver does not keep it. */
static struct outcome by_record(int len)
{
    return by_h_errno(len <= 12 || record[len - 1] != 1);
}

static struct outcome do_res(void *symbol, struct fixture *f)
{
    (void)f;
    return by_record(CALLS(int (*)(const char *, int, int, void *, int))("db.example.", ns_c_in, ns_t_a,
                                                                         record, sizeof(record)));
}

static struct outcome do_res_domain(void *symbol, struct fixture *f)
{
    (void)f;
    return by_record(CALLS(int (*)(const char *, const char *, int, int, void *, int))(
        "db", "example", ns_c_in, ns_t_a, record, sizeof(record)));
}

static struct outcome do_res_n(void *symbol, struct fixture *f)
{
    (void)f;
    return by_record(CALLS(int (*)(void *, const char *, int, int, void *, int))(
        &_res, "db.example.", ns_c_in, ns_t_a, record, sizeof(record)));
}

static struct outcome do_res_ndomain(void *symbol, struct fixture *f)
{
    (void)f;
    return by_record(CALLS(int (*)(void *, const char *, const char *, int, int, void *, int))(
        &_res, "db", "example", ns_c_in, ns_t_a, record, sizeof(record)));
}

#endif
