/* A library that calls out by itself, as an extension of PHP does. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *plugin_dial(int port);
const char *plugin_dial(int port)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const char *said =
        connect(fd, (struct sockaddr *)&there, sizeof(there)) ? strerrorname_np(errno) : "connected";
    close(fd);
    return said;
}
