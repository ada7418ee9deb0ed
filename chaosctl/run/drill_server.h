/* The socket of a run, `socket` in its folder: lines in, lines out, from this user's processes.  Floor 3.
 *
 * Whoever connects is bounded: in how many they are, in what each may send, in what is kept for each to read.
 * Nobody can make the run wait.  It knows nothing of what the lines say. */
#ifndef RUN_DRILL_SERVER_H
#define RUN_DRILL_SERVER_H

#include <sys/types.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/run/loop.h"

#define DRILL_SOCKET      "socket"
#define DRILL_CLIENTS_MAX 32

struct drill_server;

/* Who asks, as the kernel says. */
struct drill_peer {
    uid_t uid;
    pid_t pid;
};

/* Append the answer to one line, without a newline.  Called from the loop; must not close the server. */
typedef void drill_answer_fn(void *arg, const struct drill_peer *peer, const char *line, size_t len,
                             struct buf *ret_answer);

/* Listen in the folder, which is private to this user.  -errno. */
int drill_server_open(struct loop *loop, int folder_fd, drill_answer_fn *fn, void *arg,
                      struct drill_server **ret_server);

/* Shuts everybody out; the socket's file goes with the folder.  NULL is fine. */
void drill_server_close(struct drill_server *server);

#endif
