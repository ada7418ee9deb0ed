/* What an open connection costs its process in memory: sockets PORT CONNECTIONS
 *
 * Prints the bytes of private memory that each connection added, once it has been used. */
#include "bench/bench.h"

#define CONNECTIONS_MAX 4000

static int fds[CONNECTIONS_MAX];

/* Of this process alone, and written to: what a shared library or the control area holds is not. */
static uint64_t private_bytes(void)
{
    FILE *rollup = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    unsigned long kib = 0;

    if (!rollup)
        give_up("/proc/self/smaps_rollup");
    while (fgets(line, sizeof(line), rollup))
        if (sscanf(line, "Private_Dirty: %lu", &kib) == 1)
            break;
    fclose(rollup);
    return (uint64_t)kib * 1024;
}

int main(int argc, char **argv)
{
    char byte[8];

    if (argc != 3 || number(argv[2]) - 1 >= CONNECTIONS_MAX)
        return 2;
    unsigned connections = number(argv[2]);
    memset(fds, 1, sizeof(fds));
    private_bytes();
    uint64_t before = private_bytes();
    connect_all(fds, connections, number(argv[1]));
    for (unsigned i = 0; i < connections; i++) {
        set_blocking(fds[i]);
        request(fds[i], sizeof(byte));
        if (recv(fds[i], byte, sizeof(byte), MSG_WAITALL) != sizeof(byte))
            give_up("recv");
    }
    printf("%.0f\n", ((double)private_bytes() - (double)before) / connections);
    return 0;
}
