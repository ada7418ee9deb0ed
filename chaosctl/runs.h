/* The runs of this user that are under way, and asking them: for the commands that are about one.  Floor 5.
 *
 * Functions that return an exit code have said on standard error what is wrong. */
#ifndef CHAOSCTL_RUNS_H
#define CHAOSCTL_RUNS_H

#include <jansson.h>

#include "chaosctl/command.h"
#include "chaosctl/run/drill_request.h"
#include "chaosctl/run/state.h"

struct runs {
    const struct command *command;
    struct arena *arena;
    char *base; /* the folder of runs */
    struct state *states;
    size_t count;
};

/* Those whose chaosctl lives; askable: only those that take requests.  0 or an exit code. */
int runs_find(const struct command *command, bool askable, struct runs *ret_runs);
void runs_free(struct runs *runs);

/* The one of that name; NULL: the only one.  0 or an exit code. */
int runs_choose(const struct runs *runs, const char *name, const struct state **ret_state);

/* The line of a request, with who asks and from where, to be freed; NULL: out of memory, or no UTF-8. */
char *runs_request_line(const struct drill_request *request);

/* What an error of drill_client_ask() means to people. */
const char *runs_why_unheard(int error);

/* Ask it; user and terminal are filled in.  *ret_answer says that it was done.  0 or an exit code. */
int runs_ask(const struct runs *runs, const struct state *state, const struct drill_request *request,
             json_t **ret_answer);

/* All of it, for commands that ask one run one thing: name NULL is the only one. */
int runs_ask_one(const struct command *command, const char *name, const struct drill_request *request,
                 json_t **ret_answer);

/* Wait until the chaosctl of the run has ended. */
void runs_await_end(const struct state *state);

#endif
