/* Reading ELF headers without believing them.  Floor 1. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/image.h"

#define SEGMENTS_MAX 64
#define DYNAMIC_MAX  1024 /* rows */
#define SCRIPTS_MAX  5    /* as the kernel's */
#define PATH_BYTES   512  /* longer ones are not looked at, and pass unchanged */

static bool read_at(int fd, uint64_t offset, void *ret, size_t size)
{
    return syscall(SYS_pread64, fd, ret, size, (long)offset) == (long)size;
}

/* Our own header lies where we are mapped. */
static const ElfW(Ehdr) * own_header(void)
{
    struct dl_find_object found;

    return _dl_find_object((void *)own_header, &found) ? NULL : found.dlfo_map_start;
}

static bool is_our_kind(const ElfW(Ehdr) * header)
{
    const ElfW(Ehdr) *own = own_header();

    return own && header->e_ident[EI_CLASS] == own->e_ident[EI_CLASS] &&
           header->e_machine == own->e_machine && (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
           header->e_phentsize == sizeof(ElfW(Phdr)) && header->e_phnum <= SEGMENTS_MAX;
}

static bool segment_find(int fd, const ElfW(Ehdr) * header, uint32_t type, uint64_t address, ElfW(Phdr) * ret)
{
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (!read_at(fd, header->e_phoff + i * sizeof(*ret), ret, sizeof(*ret)))
            return false;
        if (ret->p_type == type && (type != PT_LOAD || address - ret->p_vaddr < ret->p_filesz))
            return true;
    }
    return false;
}

/* glibc's loader is called ld-linux-something, whatever the machine. */
static bool has_glibc_loader(int fd, const ElfW(Ehdr) * header)
{
    ElfW(Phdr) segment;
    char path[PATH_BYTES];

    if (!segment_find(fd, header, PT_INTERP, 0, &segment) || !segment.p_filesz ||
        segment.p_filesz > sizeof(path) || !read_at(fd, segment.p_offset, path, segment.p_filesz))
        return false;
    path[segment.p_filesz - 1] = '\0';
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return !memcmp(name, "ld-linux", strnlen(name, 8)) && strnlen(name, 8) == 8;
}

static bool is_asan(int fd, const ElfW(Ehdr) * header, uint64_t names, uint64_t name)
{
    static const char library[] = "libasan.so";
    ElfW(Phdr) segment;
    char text[sizeof(library) - 1];

    return segment_find(fd, header, PT_LOAD, names, &segment) &&
           read_at(fd, segment.p_offset + (names - segment.p_vaddr) + name, text, sizeof(text)) &&
           !memcmp(text, library, sizeof(text));
}

static bool needs_asan(int fd, const ElfW(Ehdr) * header)
{
    ElfW(Phdr) segment;
    ElfW(Dyn) row;
    uint64_t names = 0;

    if (!segment_find(fd, header, PT_DYNAMIC, 0, &segment))
        return false;
    uint64_t rows =
        segment.p_filesz / sizeof(row) < DYNAMIC_MAX ? segment.p_filesz / sizeof(row) : DYNAMIC_MAX;
    for (uint64_t i = 0; i < rows && read_at(fd, segment.p_offset + i * sizeof(row), &row, sizeof(row)); i++)
        if (row.d_tag == DT_STRTAB)
            names = row.d_un.d_ptr;
    for (uint64_t i = 0; i < rows && read_at(fd, segment.p_offset + i * sizeof(row), &row, sizeof(row)); i++)
        if (row.d_tag == DT_NEEDED && is_asan(fd, header, names, row.d_un.d_val))
            return true;
    return false;
}

/* The interpreter of a script; false when it is none, or one that the kernel would not take. */
static bool script_read(int fd, char path[static PATH_BYTES])
{
    long got = syscall(SYS_pread64, fd, path, PATH_BYTES - 1, 0L);

    if (got < 4 || path[0] != '#' || path[1] != '!')
        return false;
    path[got] = '\0';
    size_t from = 2;
    while (path[from] == ' ' || path[from] == '\t')
        from++;
    size_t to = from;
    while (path[to] && path[to] != ' ' && path[to] != '\t' && path[to] != '\n')
        to++;
    memmove(path, path + from, to - from);
    path[to - from] = '\0';
    return path[0] == '/';
}

static bool program_takes_us(int fd)
{
    ElfW(Ehdr) header;

    return read_at(fd, 0, &header, sizeof(header)) && !memcmp(header.e_ident, ELFMAG, SELFMAG) &&
           is_our_kind(&header) && has_glibc_loader(fd, &header) && !needs_asan(fd, &header);
}

static int file_open(int directory, const char *path)
{
    return (int)syscall(SYS_openat, directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static bool opened_takes_us(int fd)
{
    char path[PATH_BYTES];
    bool takes = false;

    for (int i = 0; fd >= 0 && i <= SCRIPTS_MAX; i++) {
        bool is_script = script_read(fd, path);
        takes = !is_script && program_takes_us(fd);
        syscall(SYS_close, fd);
        fd = is_script ? file_open(AT_FDCWD, path) : -1;
    }
    if (fd >= 0)
        syscall(SYS_close, fd);
    return takes;
}

bool image_takes_us(int directory, const char *path)
{
    int fd = *path ? file_open(directory, path) : (int)syscall(SYS_fcntl, directory, F_DUPFD_CLOEXEC, 0);

    return opened_takes_us(fd);
}

static bool join(const char *directory, size_t len, const char *name, char path[static PATH_BYTES])
{
    size_t name_len = strlen(name);

    if (len + name_len + 2 > PATH_BYTES)
        return false;
    memcpy(path, directory, len);
    path[len] = '/';
    memcpy(path + len + (len > 0), name, name_len + 1);
    return true;
}

bool image_found_takes_us(const char *name, const char *path_list)
{
    char path[PATH_BYTES];

    if (strchr(name, '/'))
        return image_takes_us(AT_FDCWD, name);
    for (const char *p = path_list; p; p = *p ? p + 1 : NULL) {
        size_t len = strcspn(p, ":");
        if (!join(p, len, name, path))
            return false;
        if (!syscall(SYS_faccessat, AT_FDCWD, path, X_OK))
            return image_takes_us(AT_FDCWD, path);
        p += len;
    }
    return false;
}
