/* elfutils' libdw, loaded by whoever names a line of source.  Floor 3.
 *
 * Not linked: with the decompressors that it brings it would cost each command a fifth of a millisecond of
 * its start, and one of twenty looks at source.  Its headers are used as ever, its functions are members of
 * one variable. */
#ifndef CHAOSCTL_EXPLORE_LIBDW_H
#define CHAOSCTL_EXPLORE_LIBDW_H

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

/* What is called, and its type from its own header. */
#define LIBDW_FUNCTIONS(FUNCTION)                                                                            \
    FUNCTION(dwfl_begin)                                                                                     \
    FUNCTION(dwfl_end)                                                                                       \
    FUNCTION(dwfl_report_offline)                                                                            \
    FUNCTION(dwfl_report_end)                                                                                \
    FUNCTION(dwfl_module_getelf)                                                                             \
    FUNCTION(dwfl_module_getdwarf)                                                                           \
    FUNCTION(dwfl_module_build_id)                                                                           \
    FUNCTION(dwfl_module_addrinfo)                                                                           \
    FUNCTION(dwfl_module_addrdie)                                                                            \
    FUNCTION(dwfl_module_getsrc)                                                                             \
    FUNCTION(dwfl_lineinfo)                                                                                  \
    FUNCTION(dwfl_standard_find_debuginfo)                                                                   \
    FUNCTION(dwfl_offline_section_address)                                                                   \
    FUNCTION(dwarf_getscopes)                                                                                \
    FUNCTION(dwarf_getscopes_die)                                                                            \
    FUNCTION(dwarf_offdie)                                                                                   \
    FUNCTION(dwarf_dieoffset)                                                                                \
    FUNCTION(dwarf_tag)                                                                                      \
    FUNCTION(dwarf_diename)                                                                                  \
    FUNCTION(dwarf_attr)                                                                                     \
    FUNCTION(dwarf_formudata)                                                                                \
    FUNCTION(dwarf_formstring)                                                                               \
    FUNCTION(dwarf_getsrcfiles)                                                                              \
    FUNCTION(dwarf_filesrc)

struct libdw {
#define FUNCTION(name) __typeof__(&name) name;
    LIBDW_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* All NULL before libdw_load() has answered 0. */
extern struct libdw libdw;

/* May be called again.  Returns 0 or -ELIBACC (not installed, or older than what we call); it stays loaded.
 */
int libdw_load(void);

#endif
