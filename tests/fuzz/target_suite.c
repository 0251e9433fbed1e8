/* target_suite.c - the reader of suites on any text. */
#include <string.h>

#include "fuzz.h"
#include "suite.h"

enum { CORES = 4, FEW = 8 };

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ebb_suite suite;
    const ebb_status status = ebb_suite_load(&suite, fuzz_file(data, size), CORES);
    fuzz_require_status(status, 1u << EBB_ERR_USAGE);
    if (status == EBB_OK) {
        check_suite(&suite);
    } else {
        FUZZ_REQUIRE(suite.points == NULL && suite.text == NULL);
    }
    ebb_suite_clear(&suite);
    return 0;
}
