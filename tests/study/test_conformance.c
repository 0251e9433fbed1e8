/* What every row of every registry promises. A new row is tested by being there: its
 * texts, its members, and a small trial with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "data/dataset_files.h"
#include "learn/algorithm.h"
#include "machine/placement.h"
#include "net/backbone.h"
#include "net/optimizer.h"
#include "net/strategy.h"
#include "study/export.h"
#include "study/table.h"

enum { LINE = 512, MAX_NAME = 24, MAX_SUMMARY = 90, MAX_DATASETS = 16 };

/* ---- texts ------------------------------------------------------------------------- */

static void check_name(const char *what, const char *name)
{
    const size_t length = strlen(name);
    const bool good = length > 0 && length <= MAX_NAME && islower(name[0]) &&
                      strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length &&
                      name[length - 1] != '-';
    if (!good) {
        fail_msg("%s '%s': lower case, digits and dashes, at most %d", what, name,
                 MAX_NAME);
    }
}

static void check_summary(const char *what, const ebb_choice *choice)
{
    const size_t length = strlen(choice->summary);
    const bool good = length > 0 && length <= MAX_SUMMARY &&
                      strchr(choice->summary, '\n') == NULL &&
                      choice->summary[length - 1] != '.';
    if (!good) {
        fail_msg("%s %s: one line without a full stop, at most %d bytes: '%s'", what,
                 choice->name, MAX_SUMMARY, choice->summary);
    }
}

/* Returns the number of rows. */
static size_t check_texts(const char *what, ebb_choice_fn choice)
{
    size_t n = 0;
    for (; choice(n) != NULL; n++) {
        check_name(what, choice(n)->name);
        check_summary(what, choice(n));
        for (size_t i = 0; i < n; i++) {
            assert_string_not_equal(choice(i)->name, choice(n)->name);
        }
    }
    assert_null(choice(n + 1));
    return n;
}

static void test_texts_of_registries(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        ebb_choice_fn choice;
        size_t n_least;
    } registries[] = {
        {"algorithm", ebb_algorithm_choice, 2}, {"dataset", ebb_dataset_choice, 3},
        {"sequence", ebb_sequence_choice, 3},   {"backbone", ebb_backbone_choice, 1},
        {"optimizer", ebb_optimizer_choice, 2}, {"strategy", ebb_strategy_choice, 3},
        {"placement", ebb_placement_choice, 4}, {"table", ebb_table_choice, 6},
        {"export", ebb_export_choice, 4},
    };
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
        const size_t n = check_texts(registries[i].what, registries[i].choice);
        assert_true(n >= registries[i].n_least);
    }
}

static void test_texts_of_options(void **state)
{
    (void)state;
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        const ebb_config_option *option = ebb_config_option_at(i);
        const ebb_choice help = {option->name, option->help};
        check_name("option", option->name);
        check_summary("option", &help);
        if (ebb_config_choices(i) != NULL) {
            assert_true(check_texts(option->name, ebb_config_choices(i)) >= 1);
        }
    }
}

/* ---- members ----------------------------------------------------------------------- */

static void check_files(const ebb_dataset_kind *kind)
{
    const bool has_files = kind->n_train > 0;
    for (size_t i = 0; i < EBB_DATASET_FILES; i++) {
        const ebb_dataset_file *file = &kind->files[i];
        assert_int_equal(file->names[0] != NULL, has_files);
        if (has_files) {
            assert_int_equal(strspn(file->sha256, "0123456789abcdef"), 64);
            assert_int_equal(strlen(file->sha256), 64);
        }
    }
    assert_int_equal(kind->places[0] != NULL, has_files);
    assert_true(!has_files || (kind->rows > 0 && kind->columns > 0 && kind->n_test > 0));
    assert_true(!has_files || (kind->classes > 0 && kind->deviation > 0));
}

static void test_members_of_datasets(void **state)
{
    (void)state;
    for (size_t i = 0; ebb_dataset_choice(i) != NULL; i++) {
        const ebb_dataset_kind *kind = ebb_dataset_at(i);
        assert_ptr_equal(&kind->choice, ebb_dataset_choice(i));
        assert_non_null(kind->licence);
        assert_non_null(kind->source);
        assert_non_null(kind->places);
        assert_non_null(kind->load);
        check_files(kind);
    }
}

static void test_members_of_rows(void **state)
{
    (void)state;
    for (size_t i = 0; ebb_algorithm_choice(i) != NULL; i++) {
        const ebb_algorithm_kind *kind = ebb_algorithm_at(i);
        assert_ptr_equal(&kind->choice, ebb_algorithm_choice(i));
        assert_true(kind->create != NULL && kind->destroy != NULL);
        assert_non_null(kind->memory_bytes);
        assert_int_equal(kind->unlearn != NULL, kind->can_unlearn);
    }
    for (size_t i = 0; ebb_sequence_choice(i) != NULL; i++) {
        const ebb_sequence_kind *kind = ebb_sequence_at(i);
        assert_ptr_equal(&kind->choice, ebb_sequence_choice(i));
        assert_true(kind->check != NULL && kind->build != NULL);
    }
    for (size_t i = 0; ebb_optimizer_choice(i) != NULL; i++) {
        const ebb_optimizer *row = ebb_optimizer_at(i);
        assert_ptr_equal(&row->choice, ebb_optimizer_choice(i));
        assert_true(row->prepare != NULL && row->update != NULL);
        assert_non_null(row->reference);
        assert_in_range(row->n_moments, 0, 2);
        assert_true(!row->uses_momentum || row->n_moments > 0);
    }
    for (size_t i = 0; ebb_strategy_choice(i) != NULL; i++) {
        const ebb_strategy *row = ebb_strategy_at(i);
        assert_ptr_equal(&row->choice, ebb_strategy_choice(i));
        assert_true(row->compile_train != NULL && row->compile_test != NULL);
    }
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        const ebb_table *row = ebb_table_at(i);
        assert_ptr_equal(&row->choice, ebb_table_choice(i));
        assert_true((row->render != NULL) != (row->render_file != NULL));
        assert_true((row->file != NULL) == (row->render_file != NULL));
        assert_true(row->file_stem != NULL && !(row->shown && row->render == NULL));
    }
}

static void test_backbones_describe_networks(void **state)
{
    (void)state;
    static const size_t hidden[] = {17, 3};
    for (size_t i = 0; ebb_backbone_choice(i) != NULL; i++) {
        const ebb_backbone *row = ebb_backbone_at(i);
        ebb_shape shape;
        assert_ptr_equal(&row->choice, ebb_backbone_choice(i));
        assert_int_equal(row->describe(&shape, 49, hidden, 2), EBB_OK);
        assert_int_equal(shape.features, 49);
        assert_int_equal(shape.n_heads, 0);
        assert_int_equal(ebb_shape_feature_width(&shape), 3);
        assert_true(shape.n_parameters > 0 && shape.n_floats >= shape.n_parameters);
        assert_int_equal(ebb_shape_add_head(&shape, 5), EBB_OK);
    }
}

/* A CPU a thread, each once before any comes again; or all −1. */
static void check_assignment(const ebb_placement *row, const ebb_topology *topology,
                             size_t n_threads)
{
    int cpus[16];
    size_t n_pus = 0;
    int uses[8] = {0};
    ebb_topology_pus(topology, &n_pus);
    assert_int_equal(ebb_placement_assign(row, cpus, n_threads, topology), EBB_OK);
    for (size_t t = 0; t < n_threads; t++) {
        if (row->compare == NULL) {
            assert_int_equal(cpus[t], -1);
            continue;
        }
        assert_in_range(cpus[t], 0, n_pus - 1);
        assert_int_equal(uses[cpus[t]]++, t / n_pus);
    }
}

static void test_placements_assign_every_thread(void **state)
{
    (void)state;
    static const char *const machines[] = {"core:1 pu:1", "core:2 pu:1", "core:4 pu:2",
                                           "pack:2 l3:1 core:2 pu:2"};
    for (size_t m = 0; m < sizeof machines / sizeof *machines; m++) {
        ebb_topology *topology = NULL;
        assert_int_equal(
            ebb_topology_create_synthetic(&topology, machines[m], NULL, 0, 0), EBB_OK);
        for (size_t i = 0; ebb_placement_choice(i) != NULL; i++) {
            assert_ptr_equal(&ebb_placement_at(i)->choice, ebb_placement_choice(i));
            for (size_t n_threads = 1; n_threads <= 16; n_threads++) {
                check_assignment(ebb_placement_at(i), topology, n_threads);
            }
        }
        ebb_topology_destroy(topology);
    }
}

/* ---- small trials ------------------------------------------------------------------ */

static void check_trial(const char *options)
{
    attempt self;
    attempt_run(&self, options);
    const ebb_result *result = &self.result;
    assert_int_equal(result->n_steps, 2 * result->n_tasks);
    assert_false(result->diverged);
    assert_int_equal(strlen(result->digest), 64);
    for (size_t k = 1; k <= result->n_tasks; k++) {
        assert_true(isfinite(attempt_accuracy(&self, result->n_tasks, k)) != 0);
    }
    attempt_clear(&self);
}

/* What an option's choices need beside them to have a meaning. */
static const char *condition_of(const char *option)
{
    static const char *const conditions[][2] = {
        {"cil-classes", "scenario=cil"},
        {"unlearn-mode", "algorithm=amnesiac-finetuning"},
        {"disable-unlearning", "algorithm=amnesiac-finetuning"},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        if (strcmp(conditions[i][0], option) == 0) {
            return conditions[i][1];
        }
    }
    return "";
}

/* Registries, and the lists that have no file of their own. */
static void test_every_choice_makes_a_trial(void **state)
{
    (void)state;
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        const char *option = ebb_config_option_at(i)->name;
        const ebb_choice_fn choice = ebb_config_choices(i);
        if (choice == NULL || choice == ebb_dataset_choice) {
            continue;
        }
        for (size_t c = 0; choice(c) != NULL; c++) {
            char line[LINE];
            snprintf(line, sizeof line, "%s steps=2 %s=%s", condition_of(option), option,
                     choice(c)->name);
            check_trial(line);
        }
    }
}

/* Where the files of a data set lie: $EBB_TEST_DATA_DIR, the folder beside the checkout,
 * or the usual places, for which *folder is NULL. */
static bool find_files(const char **folder, const ebb_dataset_kind *kind)
{
    static char paths[EBB_DATASET_FILES][EBB_DATASET_PATH_BYTES];
    const char *const folders[] = {getenv("EBB_TEST_DATA_DIR"),
                                   EBB_SOURCE_DIR "/../shared/data", NULL};
    for (size_t i = 0; i < 3; i++) {
        *folder = folders[i];
        if ((i == 2 || folders[i] != NULL) &&
            ebb_dataset_files_find(paths, kind, folders[i]) == EBB_OK) {
            return true;
        }
    }
    return false;
}

static void test_dataset_makes_a_trial(void **state)
{
    const ebb_dataset_kind *kind = *state;
    const char *folder = NULL;
    char line[LINE];
    if (kind->n_train == 0) {
        snprintf(line, sizeof line, "dataset=%s steps=2", kind->choice.name);
    } else if (find_files(&folder, kind)) {
        snprintf(line, sizeof line, "dataset=%s steps=2 %s%s", kind->choice.name,
                 folder == NULL ? "" : "data-dir=", folder == NULL ? "" : folder);
    } else {
        print_message("skipped: %s\n", ebb_last_error());
        skip();
    }
    check_trial(line);
}

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_texts_of_registries),
        cmocka_unit_test(test_texts_of_options),
        cmocka_unit_test(test_members_of_datasets),
        cmocka_unit_test(test_members_of_rows),
        cmocka_unit_test(test_backbones_describe_networks),
        cmocka_unit_test(test_placements_assign_every_thread),
        cmocka_unit_test(test_every_choice_makes_a_trial),
    };
    enum { N_FIXED = sizeof fixed / sizeof *fixed };
    struct CMUnitTest tests[N_FIXED + MAX_DATASETS] = {0}; /* empty ones do not count */
    ebb_dataset_kind kinds[MAX_DATASETS]; /* a state is no pointer to const */
    memcpy(tests, fixed, sizeof fixed);
    for (size_t n = 0; ebb_dataset_choice(n) != NULL; n++) {
        assert_true(n < MAX_DATASETS);
        kinds[n] = *ebb_dataset_at(n);
        tests[N_FIXED + n] = (struct CMUnitTest){
            kinds[n].choice.name, test_dataset_makes_a_trial, NULL, NULL, &kinds[n]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
