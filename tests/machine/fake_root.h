/* fake_root.h - a few files of a system that is not here, below a folder of a test. */
#ifndef EBB_TESTS_MACHINE_FAKE_ROOT_H
#define EBB_TESTS_MACHINE_FAKE_ROOT_H

/* Set-up and tear-down for cmocka: *state is the folder's path. */
int fake_root_make(void **state);
int fake_root_remove(void **state);

/* Writes a file below the folder, and the folders above it. */
void fake_root_put(const char *root, const char *path, const char *content);

#define ON_A_ROOT(test)                                                                  \
    cmocka_unit_test_setup_teardown(test, fake_root_make, fake_root_remove)

#endif
