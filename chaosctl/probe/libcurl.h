/* libcurl, loaded by whoever asks over HTTP.  Floor 3.
 *
 * Not linked: it brings thirty libraries whose loading takes 5 ms, more than all else that `chaosctl exec`
 * does before its command runs.  Its headers are used as ever, its functions are members of one variable. */
#ifndef CHAOSCTL_PROBE_LIBCURL_H
#define CHAOSCTL_PROBE_LIBCURL_H

#include <curl/curl.h>

/* What is called, and its type from curl's own header. */
#define LIBCURL_FUNCTIONS(FUNCTION)                                                                          \
    FUNCTION(global_init)                                                                                    \
    FUNCTION(global_cleanup)                                                                                 \
    FUNCTION(version_info)                                                                                   \
    FUNCTION(easy_init)                                                                                      \
    FUNCTION(easy_setopt)                                                                                    \
    FUNCTION(easy_getinfo)                                                                                   \
    FUNCTION(easy_cleanup)                                                                                   \
    FUNCTION(easy_strerror)                                                                                  \
    FUNCTION(multi_init)                                                                                     \
    FUNCTION(multi_setopt)                                                                                   \
    FUNCTION(multi_assign)                                                                                   \
    FUNCTION(multi_add_handle)                                                                               \
    FUNCTION(multi_remove_handle)                                                                            \
    FUNCTION(multi_socket_action)                                                                            \
    FUNCTION(multi_info_read)                                                                                \
    FUNCTION(multi_cleanup)                                                                                  \
    FUNCTION(slist_append)                                                                                   \
    FUNCTION(slist_free_all)

struct libcurl {
#define FUNCTION(name) __typeof__(&curl_##name) name;
    LIBCURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* All NULL before libcurl_load() has answered 0. */
extern struct libcurl libcurl;

/* May be called again.  Returns 0 or -ELIBACC (not installed, or older than what we call); it stays loaded.
 */
int libcurl_load(void);

#endif
