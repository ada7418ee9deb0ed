/* The folders of runs: made with suspicion, removed without following anything.  Floor 3. */
#ifndef RUN_RUNDIR_H
#define RUN_RUNDIR_H

/* $XDG_RUNTIME_DIR/chaosctl if that variable names a folder of ours, else /tmp/chaosctl-UID: only the text.
 * To be freed; NULL: out of memory. */
char *rundir_base(void);

/* Make it if it is not there, and check it: a folder, not a link (-ENOTDIR, -ELOOP), ours (-EPERM), of mode
 * 0700
 * (-EACCES).  Returns a descriptor of it. */
int rundir_open_base(const char *base);

/* Make a run's folder in it under a new name, with `logs` in it.  *ret_name is to be freed.  Returns a
 * descriptor of the folder, or -errno, and then nothing is left. */
int rundir_make(int base_fd, char **ret_name);

/* Remove everything in the folder. */
void rundir_empty(int fd);

/* The same, and close its descriptor: needs no other, so that who has run out of them can clean up too. */
void rundir_empty_close(int fd);

#endif
