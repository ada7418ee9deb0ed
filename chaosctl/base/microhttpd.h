/* GNU libmicrohttpd, loaded by those who serve pages.  Floor 1.
 *
 * Not linked, as libcurl is not (chaosctl/probe/libcurl.h): it brings GnuTLS along, and every command would
 * load that. */
#ifndef BASE_MICROHTTPD_H
#define BASE_MICROHTTPD_H

#include <microhttpd.h>

/* What is called, and its type from the library's own header. */
#define MICROHTTPD_FUNCTIONS(FUNCTION)                                                                       \
    FUNCTION(start_daemon)                                                                                   \
    FUNCTION(stop_daemon)                                                                                    \
    FUNCTION(run)                                                                                            \
    FUNCTION(get_timeout)                                                                                    \
    FUNCTION(get_daemon_info)                                                                                \
    FUNCTION(lookup_connection_value)                                                                        \
    FUNCTION(create_response_from_buffer)                                                                    \
    FUNCTION(add_response_header)                                                                            \
    FUNCTION(queue_response)                                                                                 \
    FUNCTION(destroy_response)

struct microhttpd {
#define FUNCTION(name) __typeof__(&MHD_##name) name;
    MICROHTTPD_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* All NULL before microhttpd_load() has answered 0. */
extern struct microhttpd microhttpd;

/* May be called again.  Returns 0 or -ELIBACC (not installed, or not as we call it); it stays loaded. */
int microhttpd_load(void);

#endif
