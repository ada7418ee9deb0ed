/* Run one suite and print TAP.  For unit tests only. */
#ifndef UNIT_CHECK_MAIN_H
#define UNIT_CHECK_MAIN_H

#include <check.h>

/* The exit code: 0 when all passed. */
static inline int check_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
