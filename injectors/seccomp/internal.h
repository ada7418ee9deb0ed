/* What the files of the supervisor share.  Floor 1; nobody outside injectors/seccomp/ includes this.
 *
 * serve.c    its loop: questions, orders, time
 * listen.c   a thread for each listener
 * ask.c      from a notification to a verdict
 * open.c     verdicts carried out on a program's socket
 * attempt.c  connects that hang until they are to arrive
 * reset.c    connections that are there when a fault resets all
 * address.c, remote.c, hole.c   what they work with */
#ifndef SECCOMP_INTERNAL_H
#define SECCOMP_INTERNAL_H

#include <pthread.h>

#include "injectors/relay.h"
#include "injectors/seccomp.h"
#include "injectors/seccomp/hole.h"
#include "injectors/seccomp/remote.h"
#include "injectors/stream.h"

#define CLIENT_MAX 1024 /* pairs of service and dependencies; more are not relayed */
#define AGAIN_MAX  1024 /* connects under way that are remembered */

struct listener {
    struct server *server;
    int fd;
    uint32_t service;
    size_t rank; /* in the progress */
    pthread_t thread;
    bool has_thread; /* or the loop asks */
    _Atomic bool is_over;
};

/* A connect that a dependency may be meant by, on its way from a listener's thread to the loop. */
struct question {
    struct listener *listener;
    struct seccomp_notif notice;
    struct address there;
    uint32_t targets;
};

/* A connect that hangs in a hole. */
struct attempt {
    struct attempt *next;
    struct server *server;
    int pid, fd;     /* the program's, */
    uint64_t cookie; /* and the socket that this must be */
    uint32_t targets, service;
    struct address there;   /* the dependency */
    struct address own, at; /* the names of the socket and of the hole */
    struct mark mark;       /* until when it is held */
    uint64_t born_ns;
    int upstream_fd; /* -1: not begun */
    int upstream_error;
    bool upstream_is_open;
};

/* All links of one service to one set of dependencies. */
struct client {
    struct relay_target target;
    struct relay_count count;
};

struct server {
    const struct seccomp_supervision *supervision;
    struct table *table;
    struct relay *relay;
    bool has_orders;               /* somebody may still give some */
    uint64_t end_ns;               /* nobody is left: what is on its way is delivered until then */
    size_t listeners_count, ranks; /* that serve; that there were */
    int ends_fd;                   /* an epoll set of them */
    int questions[2];              /* a pipe */
    struct hole holes[2];          /* IPv4, IPv6 */
    int door_fd; /* of unix sockets that are relayed: a listener without a path; -1: none yet */
    struct attempt *attempts;
    int timer_fd, upstreams_fd; /* an epoll set of those that are being connected */
    struct client clients[CLIENT_MAX];
    size_t clients_count;
    uint32_t resets[RULE_MAX]; /* serials of rules that have reset what was there when they began */
    uint64_t again[AGAIN_MAX]; /* cookies of sockets whose non-blocking connect was answered */
    size_t again_next;
};

/* A connect to a dependency, as far as it is known. */
struct opening {
    struct server *server;
    const struct listener *listener;
    const struct seccomp_notif *notice;
    struct address there;
    uint32_t targets;
    int pid, fd; /* its process; its socket, as a descriptor of ours */
    bool waits;  /* it is a blocking one */
    uint64_t cookie;
};

/* listen.c */
void listeners_prepare(void);
/* fd is the listener's from then on, unless it fails: -errno. */
int listener_begin(struct server *server, int fd, uint32_t service);
/* Which have ended? */
void listeners_look(struct server *server);
/* One of those that were handed to the loop. */
void listener_answered(struct listener *listener, uint64_t id);

/* ask.c */
/* Is it a connect that somebody here may have something to do with?  Any thread's. */
bool question_concerns(const struct server *server, struct question *question);
void question_answer(struct server *server, const struct question *question);

/* open.c: each answers the notification. */
void open_fail(const struct opening *o, int error);
void open_refuse(const struct opening *o);
void open_directly(const struct opening *o);
void open_relayed(const struct opening *o, const struct mark *mark);
/* Of a unix socket, which knows no connect that takes its time. */
void open_relayed_path(const struct opening *o);
/* Never waits, whatever the socket is.  0 or the errno. */
int connect_now(int fd, const struct address *there);
/* As by a closed port.  The errno. */
int connect_nowhere(int fd, const struct address *there);
/* One but this machine's own: what is here it does not reach. */
bool socket_has_device(int fd);
bool socket_is_again(struct server *server, uint64_t cookie);

/* attempt.c */
/* Takes over upstream_fd (-1: it is to be begun).  False: out of memory. */
bool attempt_add(const struct opening *o, const struct mark *mark, const struct address *at, int upstream_fd,
                 bool is_open);
/* Begin to connect to the dependency: a descriptor, or -errno.  *ret_is_open: it is connected already. */
int upstream_begin(const struct address *there, bool *ret_is_open);
/* Lead one to the other; both are taken over. */
void link_make(struct server *server, uint32_t targets, uint32_t service, int client_fd, int upstream_fd);
/* What is due.  Returns when to look again; STREAM_NEVER: when something changes. */
uint64_t attempts_look(struct server *server, uint64_t now_ns);
void upstreams_look(struct server *server);

/* reset.c */
/* Reset what is there, as the rules say that began since; returns when the next one begins. */
uint64_t resets_look(struct server *server, uint64_t now_ns);

uint64_t server_now_ns(void);
bool server_has_lease(const struct server *server, uint64_t now_ns);

#endif
