/* Lines of source by libdw.  Floor 3. */
#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/explore/libdw.h"
#include "chaosctl/explore/source.h"

/* A file that was asked about.  dwfl NULL: it cannot be read, or is another one than what ran. */
struct object {
    struct object *next;
    const char *path;
    Dwfl *dwfl;
    Dwfl_Module *dw;
    GElf_Addr bias; /* what dwfl adds to the addresses of the file */
};

struct source {
    struct arena *arena;
    struct object *objects; /* a handful */
    Dwfl_Callbacks callbacks;
    char *debug_path; /* NULL: elfutils' own list of folders */
    bool missing;     /* libdw */
};

struct source *source_new(void)
{
    struct source *source = calloc(1, sizeof(*source));

    if (!source)
        return NULL;
    source->arena = arena_new();
    if (!source->arena) {
        free(source);
        return NULL;
    }
    source->missing = libdw_load() != 0;
    source->callbacks = (Dwfl_Callbacks){
        .find_debuginfo = libdw.dwfl_standard_find_debuginfo,
        .section_address = libdw.dwfl_offline_section_address,
        .debuginfo_path = &source->debug_path,
    };
    return source;
}

void source_free(struct source *source)
{
    if (!source)
        return;
    for (struct object *m = source->objects; m; m = m->next)
        if (m->dwfl)
            libdw.dwfl_end(m->dwfl);
    arena_free(source->arena);
    free(source);
}

const char *source_trouble(const struct source *source)
{
    return source->missing ? "there is no libdw here, as in Debian's libdw1: no lines of source" : NULL;
}

/* A file that was rebuilt since has other code at the same address: a wrong line is worse than none. */
static bool is_what_ran(Dwfl_Module *dw, const struct source_code *code)
{
    cleanup_buf struct buf hex = {0};
    const unsigned char *bits = NULL;
    GElf_Addr at;

    if (!code->build_id || !*code->build_id)
        return true;
    int bytes = libdw.dwfl_module_build_id(dw, &bits, &at);
    for (int i = 0; i < bytes; i++)
        buf_printf(&hex, "%02x", bits[i]);
    return !strcmp(buf_text(&hex), code->build_id);
}

static void object_open(struct source *source, struct object *m, const struct source_code *code)
{
    Dwfl *dwfl = libdw.dwfl_begin(&source->callbacks);

    if (!dwfl)
        return;
    m->dw = libdw.dwfl_report_offline(dwfl, m->path, m->path, -1);
    libdw.dwfl_report_end(dwfl, NULL, NULL);
    if (m->dw && libdw.dwfl_module_getelf(m->dw, &m->bias) && is_what_ran(m->dw, code))
        m->dwfl = dwfl;
    else
        libdw.dwfl_end(dwfl);
}

static struct object *object_of(struct source *source, const struct source_code *code)
{
    for (struct object *m = source->objects; m; m = m->next)
        if (!strcmp(m->path, code->module))
            return m;
    struct object *m = arena_take(source->arena, sizeof(*m));
    if (!m || !(m->path = arena_copy(source->arena, code->module)))
        return NULL;
    object_open(source, m, code);
    m->next = source->objects;
    source->objects = m;
    return m;
}

static void find_line(const struct object *m, Dwarf_Addr address, struct source_place *place)
{
    Dwfl_Line *line = libdw.dwfl_module_getsrc(m->dw, address);

    if (line)
        place->file = libdw.dwfl_lineinfo(line, NULL, &place->line, NULL, NULL, NULL);
}

static int attribute_of(Dwarf_Die *die, unsigned name, Dwarf_Word *ret_value)
{
    Dwarf_Attribute attribute;

    return libdw.dwarf_attr(die, name, &attribute) ? libdw.dwarf_formudata(&attribute, ret_value) : -1;
}

/* The place that called what was inlined there. */
static void find_call(Dwarf_Die *unit, Dwarf_Die *inlined, struct source_place *place)
{
    Dwarf_Files *files;
    Dwarf_Word file, line;
    size_t count;

    if (attribute_of(inlined, DW_AT_call_file, &file) || attribute_of(inlined, DW_AT_call_line, &line) ||
        libdw.dwarf_getsrcfiles(unit, &files, &count) || file >= count)
        return;
    place->file = libdw.dwarf_filesrc(files, file, NULL, NULL);
    place->line = (int)line;
}

/* The entries that enclose the address as the code lies, the innermost first: what dwarf_getscopes lists
 * behind an inlined function is where that one was written.  Freed by the caller. */
static int enclosing(const struct object *m, Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **ret_scopes)
{
    Dwarf_Die innermost;
    Dwarf_Addr bias;
    cleanup_free Dwarf_Die *written = NULL;

    if (libdw.dwarf_getscopes(unit, address, &written) <= 0)
        return 0;
    Dwarf *dwarf = libdw.dwfl_module_getdwarf(m->dw, &bias);
    if (!libdw.dwarf_offdie(dwarf, libdw.dwarf_dieoffset(&written[0]), &innermost))
        return 0;
    return libdw.dwarf_getscopes_die(&innermost, ret_scopes);
}

static size_t find_functions(const struct object *m, Dwarf_Addr address, struct source_place *places,
                             size_t max)
{
    cleanup_free Dwarf_Die *scopes = NULL;
    Dwarf_Addr bias;
    Dwarf_Die *unit = libdw.dwfl_module_addrdie(m->dw, address, &bias);
    int count = unit ? enclosing(m, unit, address - bias, &scopes) : 0;
    size_t n = 0;

    for (int i = 0; i < count && n < max; i++) {
        int tag = libdw.dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        places[n].function = libdw.dwarf_diename(&scopes[i]);
        places[n].inlined = tag == DW_TAG_inlined_subroutine && n + 1 < max;
        n++;
        if (tag == DW_TAG_subprogram)
            break;
        if (n < max)
            find_call(unit, &scopes[i], &places[n]);
    }
    return n;
}

static size_t find_symbol(const struct object *m, Dwarf_Addr address, struct source_place *place)
{
    GElf_Off distance = 0;
    GElf_Sym symbol;

    place->function = libdw.dwfl_module_addrinfo(m->dw, address, &distance, &symbol, NULL, NULL, NULL);
    place->distance = distance;
    return place->function != NULL;
}

/* .eh_frame_hdr: where each function begins, in order, for unwinding; a stripped file has it, too.  In the
 * one form that linkers write: offsets of four bytes from where it lies. */
struct starts {
    unsigned char version, frame_encoding, count_encoding, table_encoding;
    int32_t frame;
    uint32_t count;
    struct {
        int32_t start, entry;
    } rows[];
};

static const struct starts *starts_of(Elf *elf, GElf_Addr *ret_at)
{
    size_t count = 0;
    GElf_Phdr p = {0};

    elf_getphdrnum(elf, &count);
    for (size_t i = 0; i < count && p.p_type != PT_GNU_EH_FRAME; i++)
        if (!gelf_getphdr(elf, (int)i, &p))
            return NULL;
    bool found = p.p_type == PT_GNU_EH_FRAME && p.p_filesz >= sizeof(struct starts);
    Elf_Data *data = found ? elf_getdata_rawchunk(elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_BYTE) : NULL;
    const struct starts *s = data ? data->d_buf : NULL;
    if (!s || s->version != 1 || s->frame_encoding != 0x1b || s->count_encoding != 0x03 ||
        s->table_encoding != 0x3b || s->count > (p.p_filesz - sizeof(*s)) / sizeof(s->rows[0]))
        return NULL;
    *ret_at = p.p_vaddr;
    return s;
}

/* Of the function at the address, as the file has it; 0: not known. */
static uint64_t find_start(const struct object *m, uint64_t address)
{
    GElf_Addr bias, at = 0;
    Elf *elf = libdw.dwfl_module_getelf(m->dw, &bias);
    const struct starts *s = elf ? starts_of(elf, &at) : NULL;
    uint32_t low = 0, high = s ? s->count : 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (at + (uint64_t)(int64_t)s->rows[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? at + (uint64_t)(int64_t)s->rows[low - 1].start : 0;
}

/* --- paths: compilers note them from where they were started --- */

/* Without `.` and `..`, in place; an absolute path.  By the letter: where the folders were linked elsewhere,
 * they are most likely gone. */
static void path_settle(char *path)
{
    char *to = path;

    for (const char *from = path; *from;) {
        size_t slashes = strspn(from, "/"), len = strcspn(from + slashes, "/");
        const char *name = from + slashes;
        from = name + len;
        if (!len || (len == 1 && *name == '.'))
            continue;
        if (len == 2 && name[0] == '.' && name[1] == '.') {
            while (to > path && *--to != '/')
                ;
            continue;
        }
        *to++ = '/';
        memmove(to, name, len);
        to += len;
    }
    *to = '\0';
}

/* Where the unit was compiled; NULL: not known, or not an absolute path (-ffile-prefix-map). */
static const char *compiled_in(const struct object *m, Dwarf_Addr address)
{
    Dwarf_Addr bias;
    Dwarf_Attribute attribute;
    Dwarf_Die *unit = libdw.dwfl_module_addrdie(m->dw, address, &bias);
    const char *folder = NULL;

    if (unit && libdw.dwarf_attr(unit, DW_AT_comp_dir, &attribute))
        folder = libdw.dwarf_formstring(&attribute);
    return folder && *folder == '/' ? folder : NULL;
}

static const char *path_of(struct source *source, const char *folder, const char *file)
{
    if (!file || (*file != '/' && !folder))
        return file;
    char *path =
        *file == '/' ? arena_copy(source->arena, file) : arena_printf(source->arena, "%s/%s", folder, file);
    if (path)
        path_settle(path);
    return path;
}

size_t source_find(struct source *source, const struct source_code *code, struct source_place *places,
                   size_t max)
{
    struct object *m = source->missing || !max ? NULL : object_of(source, code);

    if (!m || !m->dwfl)
        return 0;
    memset(places, 0, max * sizeof(*places));
    Dwarf_Addr address = code->address + m->bias - (code->after_call && code->address);
    find_line(m, address, &places[0]);
    size_t found = find_functions(m, address, places, max);
    if (!found || !places[0].function)
        found = find_symbol(m, address, &places[0]);
    if (!found) {
        places[0].start = find_start(m, address - m->bias);
        found = places[0].file || places[0].start;
    }
    const char *folder = compiled_in(m, address);
    for (size_t i = 0; i < found; i++)
        places[i].file = path_of(source, folder, places[i].file);
    return found;
}
