/* One request, one answer.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/run/drill_client.h"
#include "chaosctl/run/drill_server.h"

#define WAIT_S     10
#define TRIES      100       /* a crowd at the door may have us shut out before we are heard */
#define ANSWER_MAX (4 << 20) /* bytes */

static int open_folder(const char *folder)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

bool drill_client_may_ask(const char *folder)
{
    struct stat st;
    cleanup_fd int fd = open_folder(folder);

    return fd >= 0 && !fstatat(fd, DRILL_SOCKET, &st, AT_SYMLINK_NOFOLLOW) && S_ISSOCK(st.st_mode);
}

static int check_peer(int fd)
{
    struct ucred who;
    socklen_t len = sizeof(who);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
        return -errno;
    return who.uid == geteuid() || geteuid() == 0 ? 0 : -EPERM;
}

static int connect_in(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = WAIT_S};
    cleanup_fd int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return folder_fd;
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" DRILL_SOCKET, folder_fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    int error = check_peer(fd);
    return error ? error : steal_fd(&fd);
}

static int send_all(int fd, const char *line)
{
    for (size_t at = 0, len = strlen(line); at < len;) {
        ssize_t n = send(fd, line + at, len - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int receive_line(int fd, struct buf *answer)
{
    char part[4096];

    while (!answer->len || answer->data[answer->len - 1] != '\n') {
        ssize_t n = recv(fd, part, sizeof(part), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return !n ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
        buf_add_n(answer, part, (size_t)n);
        if (answer->failed || answer->len > ANSWER_MAX)
            return answer->failed ? -ENOMEM : -EMSGSIZE;
    }
    return 0;
}

static int ask_once(const char *folder, const char *line, struct buf *answer)
{
    cleanup_fd int fd = connect_in(folder);

    if (fd < 0)
        return fd;
    int error = send_all(fd, line);
    return error ? error : receive_line(fd, answer);
}

/* Who is shut out before a byte was answered was not heard: a request that was heard is answered first. */
static bool was_not_heard(int error, const struct buf *answer)
{
    return !answer->len && (error == -ECONNRESET || error == -EPIPE);
}

int drill_client_ask(const char *folder, const char *line, char **ret_answer)
{
    cleanup_buf struct buf answer = {0};
    int error = -ENOENT;

    for (int i = 0; i < TRIES; i++) {
        error = ask_once(folder, line, &answer);
        if (!was_not_heard(error, &answer))
            break;
    }
    if (error)
        return error;
    *ret_answer = buf_steal(&answer);
    return *ret_answer ? 0 : -ENOMEM;
}
