/* Listening sockets, by /proc.  Floor 3. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/listener.h"

#define LISTENERS_MAX 256
#define STATE_LISTEN  0x0a

struct listener {
    unsigned long inode;
    uint16_t port;
};

struct listeners {
    struct listener items[LISTENERS_MAX];
    size_t count;
};

/* sl, local address:port, remote, state, four fields of queues and timers, uid, timeout, inode */
static void read_listeners(pid_t pid, const char *name, struct listeners *all)
{
    char path[64], line[512];
    unsigned port, state;
    unsigned long inode;

    snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, name);
    cleanup_file FILE *file = fopen(path, "re");
    while (file && all->count < LISTENERS_MAX && fgets(line, sizeof(line), file)) {
        if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*u %lu", &port, &state, &inode) !=
                3 ||
            state != STATE_LISTEN)
            continue;
        all->items[all->count++] = (struct listener){inode, (uint16_t)port};
    }
}

static uint16_t port_of(const struct listeners *all, unsigned long inode)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].inode == inode)
            return all->items[i].port;
    return 0;
}

static void clean_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static uint16_t lower(uint16_t a, uint16_t b)
{
    return !a || (b && b < a) ? b : a;
}

static uint16_t lowest_of(pid_t pid, const struct listeners *all)
{
    char path[320], link[64];
    unsigned long inode;
    uint16_t lowest = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    __attribute__((cleanup(clean_dir))) DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, entry->d_name);
        ssize_t len = readlink(path, link, sizeof(link) - 1);
        if (len <= 0)
            continue;
        link[len] = '\0';
        if (sscanf(link, "socket:[%lu]", &inode) == 1)
            lowest = lower(lowest, port_of(all, inode));
    }
    return lowest;
}

uint16_t listener_port(const pid_t *pids, size_t count)
{
    struct listeners all = {.count = 0};
    uint16_t lowest = 0;

    if (!count)
        return 0;
    read_listeners(pids[0], "tcp", &all);
    read_listeners(pids[0], "tcp6", &all);
    for (size_t i = 0; i < count && all.count; i++)
        lowest = lower(lowest, lowest_of(pids[i], &all));
    return lowest;
}
