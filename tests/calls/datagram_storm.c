/* Latency with jitter comes, changes and goes under traffic that is numbered: none is lost, doubled or
 * overtaken, however one waits for it; and what changes places only changes places. */
#include "datagram.h"

#define COUNT 600

static int client;
static _Atomic bool is_sent, is_read;

static void *send_all(void *unused)
{
    char text[10];

    (void)unused;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "%d", i);
        tell(server, client, text);
        usleep((useconds_t)(rule_draw(5, (uint64_t)i) % 1000));
    }
    is_sent = true;
    return NULL;
}

static int arm_some(uint64_t draw)
{
    struct rule late = stream_rule(FAULT_latency);

    late.delay_ns = late.jitter_ns = draw % 10000 * 1000;
    late.probability = draw & 1 << 20 ? 0 : RULE_ALWAYS / 2;
    return arm(late);
}

static void *come_and_go(void *unused)
{
    int rule[2] = {-1, -1};

    (void)unused;
    for (uint64_t i = 0; !is_sent || !is_read; i++) {
        uint64_t draw = rule_draw(6, i);
        int *which = &rule[draw >> 40 & 1];
        if (*which >= 0)
            lift(*which);
        *which = *which >= 0 ? -1 : arm_some(draw);
        usleep((useconds_t)(draw >> 24) % 5000);
    }
    for (int i = 0; i < 2; i++)
        if (rule[i] >= 0)
            lift(rule[i]);
    return NULL;
}

static void in_order(enum manner way)
{
    pthread_t sender, keeper;
    int next = 0, misplaced = 0;

    client = connected_client();
    struct reader r = reader_of(way, client);
    is_sent = is_read = false;
    pthread_create(&keeper, NULL, come_and_go, NULL);
    pthread_create(&sender, NULL, send_all, NULL);
    while (next < COUNT) {
        const char *text = heard(&r, 10000);
        if (*text < '0' || *text > '9') {
            printf("# after %d: %s\n", next, text);
            break;
        }
        misplaced += atoi(text) != next++;
    }
    is_read = true;
    pthread_join(sender, NULL);
    pthread_join(keeper, NULL);
    fact(by_way(way, "each comes once, and in its place"),
         next == COUNT && !misplaced && is(there_is(client), "-"));
    if (misplaced)
        printf("# %d not in their place\n", misplaced);
    reader_end(&r);
    close(client);
}

/* The rules stay: a lift may give one again that has just overtaken another. */
static void out_of_order(enum manner way)
{
    static bool came[COUNT];
    pthread_t sender;
    int count = 0, twice = 0, late = arm_some(3000), swapped = arm_reorder(20 * MS);

    client = connected_client();
    struct reader r = reader_of(way, client);
    memset(came, 0, sizeof(came));
    pthread_create(&sender, NULL, send_all, NULL);
    while (count < COUNT) {
        const char *text = heard(&r, 10000);
        if (*text < '0' || *text > '9') {
            printf("# after %d: %s\n", count, text);
            break;
        }
        twice += came[atoi(text) % COUNT];
        came[atoi(text) % COUNT] = true;
        count++;
    }
    pthread_join(sender, NULL);
    fact(by_way(way, "those that change places come once each"),
         count == COUNT && !twice && is(heard(&r, 50), "-") && hits(swapped) == COUNT / 2);
    lift(late);
    lift(swapped);
    reader_end(&r);
    close(client);
}

int main(int argc, char **argv)
{
    (void)argc;
    datagram_begin(argv, 2 * WAYS);
    for (enum manner way = 0; way < WAYS; way++) {
        in_order(way);
        out_of_order(way);
    }
    return 0;
}
