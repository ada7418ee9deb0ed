/* The datagrams that wait at a UDP socket, one by one.  Floor 1.
 *
 * They lie in the kernel's receive queue until they are told.  The first of them is peeked at: whose it is,
 * when it came (the kernel's own stamp of it, SIOCGSTAMPNS, which no program sees), and what becomes of it,
 * decided once.  One that is lost is thrown away, one that is late stays, one that is doubled is told by a
 * peek before it is taken.  One that is overtaken stays too, and the next is told by a peek behind it
 * (SO_PEEK_OFF) and thrown away when its turn comes.  So none is ever in our hands, and whatever we forget is
 * told by the kernel as it came.
 *
 * What is known of a socket is soft state out of a fixed pool, found by its cookie, and locked (lock.h) for
 * some system calls at most, none of which waits.
 *
 * Accepted limits: those behind a late one wait with it, whosever they are; what does not fit into the
 * receive buffer the kernel loses; of two threads or processes that read one socket, the one may take what
 * the other decided on when it reads behind our back; a program that uses SO_PEEK_OFF itself is left alone;
 * an ICMP error that comes in while we look is told by the next call that receives, and wakes nobody; who has
 * just overtaken another at a lift comes once more; five faults on one datagram are four.  A socket that was
 * looked at is stamped until it is closed, which costs it nothing that it could see. */
#ifndef PRELOAD_DATAGRAM_H
#define PRELOAD_DATAGRAM_H

#include "preload/ask.h"
#include "preload/line.h"

/* What becomes of a datagram that is sent.  Returns true when the call ends here, as ask does. */
bool datagram_send(struct ask *a) HIDDEN;

/* Answers may come soon: have the kernel note when. */
void datagram_begin(int fd) HIDDEN;

/* As line_look. */
void datagram_look(int fd, uint64_t known, struct line_view *ret_view) HIDDEN;

/* As recvmsg, but never waits: EAGAIN when nothing is to be told yet.  *ret_view: why, or what is left.
 * Returns DATAGRAM_ELSE when no rule is about the socket. */
#define DATAGRAM_ELSE (-2)
ssize_t datagram_take(int fd, uint64_t known, struct msghdr *message, int flags,
                      struct line_view *ret_view) HIDDEN;

/* As recvmsg, with ask_done. */
ssize_t datagram_receive(struct ask *a, struct msghdr *message, int flags) HIDDEN;

#endif
