/* Numbers as people write them: 200ms, 64KiB, 50%, 30/s.  Floor 1.
 *
 * Each parser takes the whole text or nothing: 0, or -EINVAL (not of that form) or -ERANGE (too large).
 * Outputs are set on success only. */
#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include <stdint.h>

/* ns us ms s m h, a decimal fraction allowed; "0" needs no unit.  At most 365 days. */
int unit_parse_duration(const char *text, uint64_t *ret_ns);

/* B, kB MB GB (powers of 1000), KiB MiB GiB (powers of 1024); a bare number is bytes. */
int unit_parse_size(const char *text, uint64_t *ret_bytes);

/* A size a second, its unit included: "100kB/s", "1MiB/s"; at least 1 B/s. */
int unit_parse_throughput(const char *text, uint64_t *ret_bytes_per_s);

/* "50%" or a fraction "0.5"; 0..1. */
int unit_parse_probability(const char *text, double *ret_probability);

/* "50/s", "600/m", "1/h"; > 0. */
int unit_parse_rate(const char *text, double *ret_per_s);

/* A decimal whole number, no sign. */
int unit_parse_count(const char *text, uint64_t *ret_count);

/* Short and exact enough to read: "1.25 s", "340 ms", "15 us", "2 m 5 s".  Returns text. */
#define UNIT_TEXT_BYTES 32
const char *unit_format_duration(uint64_t ns, char text[static UNIT_TEXT_BYTES]);
const char *unit_format_size(uint64_t bytes, char text[static UNIT_TEXT_BYTES]);

/* In the powers that it was most likely written in: "1 MiB/s", "100 kB/s". */
const char *unit_format_throughput(uint64_t bytes_per_s, char text[static UNIT_TEXT_BYTES]);

#endif
