/* config_option.c - the table of options: one row is all that is known about one. */
#include <stddef.h>

#include "learn/algorithm.h"
#include "machine/placement.h"
#include "net/backbone.h"
#include "net/optimizer.h"
#include "net/strategy.h"
#include "study/config_row.h"

/* A list of names that is no registry; the first is the default. */
#define LIST(function, ...)                                                              \
    static const ebb_choice *function(size_t index)                                      \
    {                                                                                    \
        static const ebb_choice list[] = {__VA_ARGS__};                                  \
        return index < sizeof list / sizeof list[0] ? &list[index] : NULL;               \
    }

LIST(scenario_choice, {"til", "task-incremental: a head a task, the task id is known"},
     {"cil", "class-incremental: one output over the classes of all tasks"},
     {"dil", "domain-incremental: one shared head, labels within the task"})
LIST(permute_first_choice, {"yes", "every task has a permutation"},
     {"no", "task 1 sees the images as they are"})
LIST(permutations_choice, {"torch", "those that the original system draws"},
     {"independent", "drawn from --seed"})
LIST(initialization_choice,
     {"uniform-fan-in", "uniform within 1/sqrt(fan_in), weights and biases"},
     {"xavier-uniform", "uniform within sqrt(6/(fan_in + fan_out)), biases zero"})
LIST(head_choice, {"own", "a head a task; the others rest"},
     {"masked", "one layer over all tasks' classes, other tasks' rows masked"})
LIST(cil_classes_choice, {"seen", "classes of the tasks so far"},
     {"all", "classes of all tasks from the start"})
LIST(optimizer_state_choice, {"reset", "each task starts with fresh state"},
     {"keep", "state goes on from task to task"})
LIST(last_batch_choice, {"drop", "an incomplete batch is left out"},
     {"keep", "an incomplete batch is trained, counted, not timed"})
LIST(unlearn_mode_choice, {"subtract", "take away what training the task had added"})
LIST(disable_unlearning_choice, {"no", "records of updates are kept"},
     {"yes", "no records are kept, nothing can be unlearned"})

LIST(profile_choice, {"no", "steps are timed as wholes"},
     {"yes", "the time of each kind of work on each thread as well"})

#define FIELD(name) offsetof(ebb_config, name)
#define ROW(type, offset, low, high, choices, ...)                                       \
    {                                                                                    \
        {__VA_ARGS__}, EBB_CONFIG_##type, offset, low, high, choices                     \
    }
#define CHOICE(name, field, choices, help)                                               \
    ROW(CHOICE, FIELD(field), 0, 0, choices, name, help, "", "", false)
#define FLAG(name, field, choices, help)                                                 \
    ROW(FLAG, FIELD(field), 0, 0, choices, name, help, "", "", false)
#define COUNT(name, field, low, high, fallback, help)                                    \
    ROW(COUNT, FIELD(field), low, high, NULL, name, help, #low " to " #high, fallback,   \
        false)
#define COUNT_OR(type, name, field, low, high, word, fallback, help)                     \
    ROW(type, FIELD(field), low, high, NULL, name, help, #low " to " #high word,         \
        fallback, false)
#define REAL(name, field, low, high, fallback, help)                                     \
    ROW(REAL, FIELD(field), low, high, NULL, name, help, #low " to " #high, fallback,    \
        false)
#define REAL_BELOW(name, field, low, high, fallback, help)                               \
    ROW(REAL_BELOW, FIELD(field), low, high, NULL, name, help, #low " to below " #high,  \
        fallback, false)
#define PATH(name, field, help)                                                          \
    ROW(PATH, FIELD(field), 0, 0, NULL, name, help, "a path", "", true)

static const ebb_config__row table[] = {
    CHOICE("algorithm", algorithm, ebb_algorithm_choice, "how tasks are learned"),
    CHOICE("dataset", dataset, ebb_dataset_choice, "images and labels"),
    PATH("data-dir", data_dir,
         "folder with the data files instead of $EBB_DATA_DIR or the usual places"),
    ROW(SYNTHETIC, 0, 0, 0, NULL, "synthetic", "size of the generated data",
        "TRAIN,TEST,FEATURES,CLASSES, at most 10000000,10000000,65536,255",
        "6000,1000,784,10", false),
    CHOICE("sequence", sequence, ebb_sequence_choice, "how tasks are made of the data"),
    CHOICE("scenario", scenario, scenario_choice, "what is known when testing"),
    COUNT("tasks", tasks, 1, 255, "5", "number of tasks"),
    COUNT("classes-per-task", classes_per_task, 1, 255, "2", "classes of a split task"),
    ROW(CLASS_ORDER, 0, 0, 254, NULL, "class-order",
        "classes in the order in which split tasks take them",
        "distinct classes separated by commas, as 3,0,1,2", "", false),
    ROW(FLAG_FIRST, FIELD(permute_first), 0, 0, permute_first_choice, "permute-first",
        "is task 1 permuted too", "", "", false),
    FLAG("permutations", independent_permutations, permutations_choice,
         "where permutations come from"),
    REAL("max-angle", max_angle, 0, 360, "180",
         "task t of T is rotated by (t-1)/T of this, degrees"),
    COUNT("pad", pad, 0, 1024, "0", "zero pixels added on each side"),
    ROW(NORMALIZE, 0, 0, 0, NULL, "normalize",
        "mean and deviation of pixel/255 that normalise the input",
        "dataset, none, or MEAN,STD with STD above 0", "dataset", false),
    REAL_BELOW("validation-fraction", validation_fraction, 0, 1, "0.1",
               "share of the training samples held out"),
    CHOICE("backbone", backbone, ebb_backbone_choice, "network between input and head"),
    ROW(HIDDEN, 0, 1, 65536, NULL, "hidden", "widths of the hidden layers",
        "up to 16 of 1 to 65536 separated by commas, or none", "256,100,64", false),
    FLAG("initialization", xavier, initialization_choice, "initial values"),
    FLAG("head", masked_head, head_choice, "outputs under til"),
    FLAG("cil-classes", all_classes, cil_classes_choice,
         "classes in loss and test under cil"),
    CHOICE("optimizer", optimizer, ebb_optimizer_choice, "how parameters are updated"),
    REAL("learning-rate", learning_rate, 1e-30, 1e30, "0.001", "step size"),
    REAL_BELOW("momentum", momentum, 0, 1, "0", "share of the last step that is kept"),
    REAL("weight-decay", weight_decay, 0, 1e30, "0",
         "share of the weight that is added to its gradient"),
    FLAG("optimizer-state", keep_optimizer_state, optimizer_state_choice,
         "state at the start of a task"),
    COUNT("batch-size", batch_size, 1, 1000000, "128", "samples a step, of all threads"),
    COUNT_OR(NONE_OR, "batch-per-thread", batch_per_thread, 1, 1000000, "", "",
             "samples a step for each thread, instead of batch-size"),
    COUNT("epochs", epochs, 1, 1000000, "2", "passes over the data of a task"),
    COUNT_OR(NONE_OR, "steps", steps, 1, 1000000000, "", "",
             "steps a task, instead of epochs"),
    FLAG("last-batch", keep_last_batch, last_batch_choice,
         "the incomplete batch of an epoch"),
    ROW(REQUESTS, 0, 1, 255, NULL, "unlearn", "what to unlearn after which task",
        "AFTER:TASK[+TASK...] separated by commas, as 2:1,5:2+3", "", false),
    COUNT_OR(NONE_OR, "unlearn-age", unlearn_age, 1, 255, ", or none", "none",
             "task k can be unlearned after task t while t - k is below this"),
    CHOICE("unlearn-mode", unlearn_mode, unlearn_mode_choice,
           "how a request is honoured"),
    FLAG("disable-unlearning", disable_unlearning, disable_unlearning_choice,
         "keep no records of updates"),
    ROW(SEED, FIELD(seed), 0, 0, NULL, "seed", "names all random streams",
        "0 to 9223372036854775807", "1", false),
    COUNT_OR(ALL_OR, "threads", threads, 1, 1024, ", or all", "1",
             "threads that train; all means one a usable core"),
    CHOICE("placement", placement, ebb_placement_choice, "which CPU each thread runs on"),
    CHOICE("strategy", strategy, ebb_strategy_choice, "how a step is made parallel"),
    COUNT("warmup-steps", warmup_steps, 0, 1000000000, "20",
          "first steps of each task, counted apart"),
    FLAG("profile", profile, profile_choice, "where the time of a step goes"),
    PATH("output", output, "append the record to this file"),
    PATH("samples", samples, "write the nanoseconds of every step to this file"),
    PATH("dump", dump, "folder for parameters, order of samples and losses (.npy)"),
};

enum { N_ROWS = sizeof table / sizeof table[0] };
_Static_assert(N_ROWS <= 64, "ebb_config.given has a bit for each option");

const ebb_config__row *ebb_config__row_at(size_t index)
{
    return index < N_ROWS ? &table[index] : NULL;
}

const ebb_config_option *ebb_config_option_at(size_t index)
{
    return index < N_ROWS ? &table[index].option : NULL;
}

ebb_choice_fn ebb_config_choices(size_t index)
{
    return index < N_ROWS ? table[index].choices : NULL;
}
