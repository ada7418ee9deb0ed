/* What an ELF file says about how it is started.  Floor 3.
 *
 * Believes no offset and no size that it finds; reads what the kernel and the loader would (segments), and
 * sections only to know Go's programs. */
#ifndef RUN_ELF_H
#define RUN_ELF_H

#include <limits.h>
#include <stdbool.h>

struct elf_facts {
    int class;                  /* ELFCLASS32, ELFCLASS64 */
    int machine;                /* EM_x */
    bool program;               /* ET_EXEC or ET_DYN, with segments to load */
    char interpreter[PATH_MAX]; /* PT_INTERP: the dynamic loader; "" when there is none */
    bool go;                    /* built by the Go tool chain, with or without cgo */
    bool asan;                  /* linked with gcc's libasan, which must be the first library */
};

/* Returns 0, -ENOEXEC (not an ELF file, or too damaged to start), -errno of reading. */
int elf_examine(int fd, struct elf_facts *ret_facts);

/* "aarch64"; "another machine" when it has no name here. */
const char *elf_machine_name(int machine);

#endif
