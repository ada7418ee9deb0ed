/* Reading ELF files with libelf.  Floor 3. */
#include <errno.h>
#include <gelf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/run/elf.h"

/* More than any linker writes; what a hostile file claims beyond is not read. */
#define SEGMENTS_MAX 256
#define DYNAMIC_MAX  65536 /* bytes */
#define NOTES_MAX    65536 /* bytes */
#define NAMES_MAX    65536 /* bytes of section names */
#define SECTIONS_MAX 4096
#define NAME_BYTES   64

#define cleanup_elf __attribute__((cleanup(clean_elf)))

static void clean_elf(Elf **elf)
{
    elf_end(*elf); /* NULL is fine */
}

struct image {
    int fd;
    Elf *elf;
    GElf_Phdr segments[SEGMENTS_MAX];
    size_t count;
};

/* A terminated text of the file, cut to size - 1 bytes; "" when it lies outside. */
static void text_read(int fd, uint64_t offset, char *ret_text, size_t size)
{
    ssize_t got = offset <= INT64_MAX ? pread(fd, ret_text, size - 1, (off_t)offset) : -1;

    ret_text[got < 0 ? 0 : got] = '\0';
}

static const GElf_Phdr *segment_find(const struct image *image, GElf_Word type)
{
    for (size_t i = 0; i < image->count; i++)
        if (image->segments[i].p_type == type)
            return &image->segments[i];
    return NULL;
}

static int segments_read(struct image *image)
{
    size_t count;

    if (elf_getphdrnum(image->elf, &count))
        return -ENOEXEC;
    for (size_t i = 0; i < count && image->count < SEGMENTS_MAX; i++)
        if (gelf_getphdr(image->elf, (int)i, &image->segments[image->count]))
            image->count++;
    return segment_find(image, PT_LOAD) ? 0 : -ENOEXEC;
}

/* As the kernel does it: the path is terminated within its segment, or the file is not started. */
static int interpreter_read(const struct image *image, char ret_path[static PATH_MAX])
{
    const GElf_Phdr *segment = segment_find(image, PT_INTERP);

    ret_path[0] = '\0';
    if (!segment)
        return 0;
    text_read(image->fd, segment->p_offset, ret_path, PATH_MAX);
    return *ret_path && strlen(ret_path) < segment->p_filesz ? 0 : -ENOEXEC;
}

static bool offset_of(const struct image *image, uint64_t address, uint64_t *ret_offset)
{
    for (size_t i = 0; i < image->count; i++) {
        const GElf_Phdr *s = &image->segments[i];
        if (s->p_type == PT_LOAD && address >= s->p_vaddr && address - s->p_vaddr < s->p_filesz) {
            *ret_offset = s->p_offset + (address - s->p_vaddr);
            return true;
        }
    }
    return false;
}

static Elf_Data *chunk(const struct image *image, GElf_Word type, size_t max, Elf_Type as)
{
    const GElf_Phdr *segment = segment_find(image, type);

    if (!segment || segment->p_offset > INT64_MAX)
        return NULL;
    size_t size = segment->p_filesz < max ? segment->p_filesz : max;
    return elf_getdata_rawchunk(image->elf, (int64_t)segment->p_offset, size, as);
}

static bool is_needed(const struct image *image, uint64_t names, uint64_t name, const char *library)
{
    char text[NAME_BYTES];

    text_read(image->fd, names + name, text, sizeof(text));
    return !strncmp(text, library, strlen(library));
}

/* Does it name a library whose name begins so among those that the loader must load? */
static bool needs(const struct image *image, const char *library)
{
    Elf_Data *data = chunk(image, PT_DYNAMIC, DYNAMIC_MAX, ELF_T_DYN);
    uint64_t names = 0;
    bool found = false;
    GElf_Dyn row;

    for (int i = 0; data && gelf_getdyn(data, i, &row) && row.d_tag != DT_NULL; i++)
        if (row.d_tag == DT_STRTAB)
            found = offset_of(image, row.d_un.d_ptr, &names);
    for (int i = 0; found && gelf_getdyn(data, i, &row) && row.d_tag != DT_NULL; i++)
        if (row.d_tag == DT_NEEDED && is_needed(image, names, row.d_un.d_val, library))
            return true;
    return false;
}

/* The build id's note; it survives strip, but -ldflags=-buildid= leaves it out. */
static bool has_go_note(const struct image *image)
{
    Elf_Data *data = chunk(image, PT_NOTE, NOTES_MAX, ELF_T_NHDR);
    size_t offset = 0, name, value;
    GElf_Nhdr note;

    while (data && (offset = gelf_getnote(data, offset, &note, &name, &value)) > 0)
        /* Go counts the padding in: its name is 4 bytes long. */
        if (note.n_namesz >= sizeof("Go") && !memcmp((const char *)data->d_buf + name, "Go", sizeof("Go")))
            return true;
    return false;
}

static bool names_are_sane(Elf *elf, size_t *ret_index)
{
    GElf_Shdr header;

    if (elf_getshdrstrndx(elf, ret_index))
        return false;
    Elf_Scn *names = elf_getscn(elf, *ret_index);
    return names && gelf_getshdr(names, &header) && header.sh_size <= NAMES_MAX;
}

static bool has_go_section(Elf *elf)
{
    Elf_Scn *section = NULL;
    size_t names;
    GElf_Shdr header;

    if (!names_are_sane(elf, &names))
        return false;
    for (int i = 0; i < SECTIONS_MAX && (section = elf_nextscn(elf, section)); i++) {
        const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name && (!strcmp(name, ".go.buildinfo") || !strcmp(name, ".note.go.buildid")))
            return true;
    }
    return false;
}

int elf_examine(int fd, struct elf_facts *ret_facts)
{
    struct elf_facts facts = {0};
    GElf_Ehdr header;

    if (elf_version(EV_CURRENT) == EV_NONE)
        return -ENOSYS;
    cleanup_elf Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        return -ENOEXEC;
    struct image image = {.fd = fd, .elf = elf};
    facts.class = header.e_ident[EI_CLASS];
    facts.machine = header.e_machine;
    facts.program = header.e_type == ET_EXEC || header.e_type == ET_DYN;
    int status = segments_read(&image);
    if (status == 0)
        status = interpreter_read(&image, facts.interpreter);
    if (status < 0)
        return status;
    facts.go = has_go_note(&image) || has_go_section(elf);
    facts.asan = needs(&image, "libasan.so");
    *ret_facts = facts;
    return 0;
}

const char *elf_machine_name(int machine)
{
    static const struct {
        int machine;
        const char *name;
    } names[] = {
        {EM_X86_64, "x86-64"}, {EM_386, "i386"},    {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},
        {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"}, {EM_S390, "s390"},       {EM_MIPS, "mips"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].machine == machine)
            return names[i].name;
    return "another machine";
}
