/* One page over HTTP, from the loop of whoever has it: libmicrohttpd, loaded when it is asked for.  Floor 3.
 *
 * Who reads it is bounded in number and time, and nobody can make the loop wait. */
#ifndef RUN_PAGE_SERVER_H
#define RUN_PAGE_SERVER_H

#include "chaosctl/base/buf.h"
#include "chaosctl/run/loop.h"

struct page_server;

/* Write the page as it is now.  accept: what the reader asks for, or NULL; returns the page's type. */
typedef const char *page_fn(void *arg, const char *accept, struct buf *ret_page);

/* Listen on HOST:PORT.  -EINVAL: that is none; -ELIBACC: there is no libmicrohttpd; -errno. */
int page_server_listen(const char *address, int *ret_fd);

/* Serve on it; the descriptor stays the caller's.  -errno. */
int page_server_open(struct loop *loop, int fd, page_fn *fn, void *arg, struct page_server **ret_server);

/* NULL is fine. */
void page_server_close(struct page_server *server);

#endif
