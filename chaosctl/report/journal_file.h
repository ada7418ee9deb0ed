/* The journal's file: whole lines or none.  Floor 4.  Refuses to know what a line says. */
#ifndef REPORT_JOURNAL_FILE_H
#define REPORT_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct journal_file {
    char *path;
    int fd;
    int error;   /* the first one, -errno */
    bool broken; /* a line was cut and could not be taken back: writing on would damage the middle */
};

/* As journal_open.  name: of the file in the state folder, without .jsonl, when path is NULL. */
int journal_file_open(struct journal_file *file, const char *path, const char *name);
int journal_file_check(const char *path);
void journal_file_close(struct journal_file *file);

/* One write(2).  A line that fits only in part is taken back. */
void journal_file_append(struct journal_file *file, const char *line, size_t len);

#endif
