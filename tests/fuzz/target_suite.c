/* target_suite.c - the reader of suites on any text; one that begins with "#memory" is
 * also read while there is memory for 0, 1, 2, ... blocks only. */
#include <string.h>

#include "fuzz.h"
#include "scarce.h"
#include "suite.h"

enum { CORES = 4, FEW = 8, MANY = 3000 };

static void check_point(const ebb_suite *suite, size_t index)
{
    const ebb_suite_point *point = &suite->points[index];
    FUZZ_REQUIRE(strlen(point->hash) == 16);
    FUZZ_REQUIRE(point->config.threads > 0);
    FUZZ_REQUIRE(ebb_config_check(&point->config, "fuzz") == EBB_OK);
    fuzz_require_round_trip(&point->config);
    ebb_text text = {0};
    ebb_suite_label(&text, suite, index);
    ebb_config_command(&text, &point->config);
    FUZZ_REQUIRE(!text.failed);
    ebb_text_clear(&text);
}

/* The name becomes that of a folder: no slash, no dots. */
static void check_suite(const ebb_suite *suite)
{
    FUZZ_REQUIRE(suite->name[0] != '\0' &&
                 strspn(suite->name, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
                     strlen(suite->name));
    FUZZ_REQUIRE(strchr(suite->description, '\n') == NULL);
    FUZZ_REQUIRE(suite->n_points >= 1 && suite->n_points <= EBB_SUITE_MAX_POINTS);
    FUZZ_REQUIRE(suite->repetitions >= 1 &&
                 suite->repetitions <= EBB_SUITE_MAX_REPETITIONS);
    for (size_t i = 0; i < suite->n_bands; i++) {
        FUZZ_REQUIRE(suite->bands[i].low <= suite->bands[i].high);
    }
    for (size_t i = 0; i < suite->n_points && i < FEW; i++) {
        check_point(suite, i);
    }
}

/* Commands and copies of the first point, as a sweep makes them. */
static ebb_status use(const ebb_suite *suite)
{
    ebb_config copy;
    ebb_text text = {0};
    ebb_status status = ebb_config_copy(&copy, &suite->points[0].config);
    if (status == EBB_OK) {
        ebb_config_command(&text, &copy);
        status = ebb_text_check(&text);
    }
    ebb_text_clear(&text);
    ebb_config_clear(&copy);
    return status;
}

static void check_memory(const char *path)
{
    ebb_status status = EBB_ERR_ENVIRONMENT;
    for (size_t n = 0; status == EBB_ERR_ENVIRONMENT && n < MANY; n++) {
        ebb_suite suite;
        scarce_begin(n);
        status = ebb_suite_load(&suite, path, CORES);
        if (status == EBB_OK) {
            status = use(&suite);
        }
        scarce_end();
        fuzz_require_status(status, 1u << EBB_ERR_ENVIRONMENT | 1u << EBB_ERR_USAGE);
        ebb_suite_clear(&suite);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    ebb_suite suite;
    const ebb_status status = ebb_suite_load(&suite, path, CORES);
    fuzz_require_status(status, 1u << EBB_ERR_USAGE);
    if (status == EBB_OK) {
        check_suite(&suite);
    } else {
        FUZZ_REQUIRE(suite.points == NULL && suite.text == NULL);
    }
    ebb_suite_clear(&suite);
    if (size >= 7 && memcmp(data, "#memory", 7) == 0) {
        check_memory(path);
    }
    return 0;
}
