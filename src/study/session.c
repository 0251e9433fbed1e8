#include "study/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "net/backbone.h"
#include "net/onednn.h"

/* Test images kept in the order of their tasks. */
static const size_t TEST_BUDGET_BYTES = (size_t)1 << 30;

static bool one_head_a_task(const ebb_config *config)
{
    return config->scenario == EBB_SCENARIO_TIL && !config->masked_head;
}

ebb_target ebb_session_target(const ebb_session *session, size_t task, size_t trained)
{
    const ebb_config *config = session->config;
    const size_t classes = session->sequence->classes_per_task;
    const size_t first = (task - 1) * classes;
    if (one_head_a_task(config)) {
        return (ebb_target){.head = task - 1, .class_end = classes};
    }
    if (config->scenario == EBB_SCENARIO_TIL) {
        return (ebb_target){
            .class_begin = first, .class_end = first + classes, .label_offset = first};
    }
    if (config->scenario == EBB_SCENARIO_CIL) {
        const size_t n = config->all_classes ? config->tasks : trained;
        return (ebb_target){.class_end = n * classes, .label_offset = first};
    }
    return (ebb_target){.class_end = classes};
}

static ebb_status describe_network(ebb_session *session)
{
    const ebb_config *config = session->config;
    const size_t classes = session->sequence->classes_per_task;
    EBB_TRY(ebb_backbone_at((size_t)config->backbone)
                ->describe(&session->shape, session->sequence->features, config->hidden,
                           config->n_hidden));
    const bool one_each = one_head_a_task(config);
    const bool shared = config->scenario == EBB_SCENARIO_DIL;
    const size_t width = one_each || shared ? classes : classes * config->tasks;
    for (size_t h = 0; h < (one_each ? config->tasks : 1); h++) {
        EBB_TRY(ebb_shape_add_head(&session->shape, width));
    }
    ebb_shape_set_panel(&session->shape,
                        ebb_strategy_at((size_t)config->strategy)->panel);
    return EBB_OK;
}

/* A head that grows with the tasks is drawn task by task; one that is there from the
 * start is drawn as a whole. */
static size_t classes_per_draw(const ebb_session *session)
{
    const ebb_config *config = session->config;
    const bool grows = config->scenario == EBB_SCENARIO_CIL && !config->all_classes;
    return grows ? session->sequence->classes_per_task : session->shape.heads[0].out;
}

static ebb_status create_network(ebb_session *session)
{
    const ebb_config *config = session->config;
    const ebb_optimizer_spec spec = {config->learning_rate, config->momentum,
                                     config->weight_decay};
    EBB_TRY(describe_network(session));
    EBB_TRY(ebb_net_create(&session->net, &session->shape,
                           ebb_optimizer_at((size_t)config->optimizer), &spec,
                           session->team));
    ebb_parameters_initialize(session->net->parameters,
                              config->xavier ? EBB_INITIALIZATION_XAVIER_UNIFORM
                                             : EBB_INITIALIZATION_UNIFORM_FAN_IN,
                              config->seed, classes_per_draw(session));
    ebb_net_refresh(session->net);
    const ebb_algorithm_spec algorithm = {.n_tasks = config->tasks,
                                          .disable_unlearning =
                                              config->disable_unlearning,
                                          .unlearnable_age = config->unlearn_age};
    EBB_TRY(ebb_algorithm_at((size_t)config->algorithm)
                ->create(&session->algorithm, &algorithm, session->net->parameters));
    EBB_TRY(session->strategy->compile_train(&session->train, session->net,
                                             config->batch_size));
    return session->strategy->compile_test(&session->test, session->net);
}

static void choose_normalization(ebb_session *session)
{
    const ebb_config *config = session->config;
    double mean = 0;
    double deviation = 1;
    if (config->normalize == EBB_NORMALIZE_DATASET) {
        mean = session->dataset->mean;
        deviation = session->dataset->deviation;
    } else if (config->normalize == EBB_NORMALIZE_GIVEN) {
        mean = config->normalize_mean;
        deviation = config->normalize_deviation;
    }
    ebb_rows_normalize(&session->scale, &session->shift, mean, deviation);
}

static ebb_status load_data(ebb_session *session)
{
    const ebb_config *config = session->config;
    ebb_synthetic_spec synthetic;
    ebb_config_synthetic_spec(&synthetic, config);
    EBB_TRY(ebb_dataset_create(&session->dataset, ebb_dataset_at((size_t)config->dataset),
                               config->data_dir, &synthetic));
    choose_normalization(session);
    return EBB_OK;
}

static ebb_status check_batch(const ebb_session *session)
{
    const ebb_config *config = session->config;
    for (size_t t = 0; t < config->tasks && !config->keep_last_batch; t++) {
        if (session->sequence->tasks[t].n_train < config->batch_size) {
            return ebb_fail(
                EBB_ERR_USAGE,
                "--%s: a batch of %zu, but task %zu has %zu training samples "
                "(no more than that, or --last-batch keep)",
                config->batch_per_thread > 0 ? "batch-per-thread" : "batch-size",
                config->batch_size, t + 1, session->sequence->tasks[t].n_train);
        }
    }
    return EBB_OK;
}

static size_t longest_part(const ebb_sequence *sequence)
{
    size_t longest = 1;
    for (size_t t = 0; t < sequence->n_tasks; t++) {
        const ebb_task *task = &sequence->tasks[t];
        longest = task->n_test > longest ? task->n_test : longest;
        longest = task->n_validation > longest ? task->n_validation : longest;
    }
    return longest;
}

static ebb_status create_buffers(ebb_session *session)
{
    const size_t longest = longest_part(session->sequence);
    void *loss = NULL;
    void *correct = NULL;
    EBB_TRY(ebb_buffer_allocate(&loss, longest, sizeof *session->row_loss));
    session->row_loss = loss;
    EBB_TRY(ebb_buffer_allocate(&correct, longest, sizeof *session->row_correct));
    session->row_correct = correct;
    void *rows = NULL;
    EBB_TRY(ebb_buffer_allocate(&rows, longest, sizeof *session->all_rows));
    session->all_rows = rows;
    for (size_t i = 0; i < longest; i++) {
        session->all_rows[i] = (uint32_t)i;
    }
    session->tests = calloc(session->config->tasks, sizeof *session->tests);
    return session->tests == NULL
               ? ebb_fail_memory(session->config->tasks * sizeof *session->tests)
               : EBB_OK;
}

static ebb_status build(ebb_session *session)
{
    const ebb_config *config = session->config;
    ebb_sequence_spec spec;
    ebb_config_sequence_spec(&spec, config);
    EBB_TRY(ebb_sequence_create(&session->sequence,
                                ebb_sequence_at((size_t)config->sequence), &spec,
                                session->dataset));
    EBB_TRY(check_batch(session));
    EBB_TRY(create_buffers(session));
    return create_network(session);
}

ebb_status ebb_session_open(ebb_session *session, ebb_result *result,
                            const ebb_config *config)
{
    memset(session, 0, sizeof *session);
    session->config = config;
    session->strategy = ebb_strategy_at((size_t)config->strategy);
    const uint64_t begin_ns = ebb_clock_now_ns();
    EBB_TRY(ebb_onednn_check_runtime());
    EBB_TRY(load_data(session));
    const uint64_t loaded_ns = ebb_clock_now_ns();
    result->data_seconds = ebb_clock_seconds(begin_ns, loaded_ns);
    EBB_TRY(ebb_team_create(&session->team, config->threads));
    const ebb_status status = build(session);
    result->setup_seconds += ebb_clock_seconds(loaded_ns, ebb_clock_now_ns());
    return status;
}

static ebb_status prepare(ebb_session *session, ebb_prepared *out, size_t task,
                          ebb_part part)
{
    EBB_TRY(ebb_prepared_renew(out, session->sequence, task - 1, part, session->team));
    out->rows.scale = session->scale;
    out->rows.shift = session->shift;
    return EBB_OK;
}

static ebb_status compile_ragged(ebb_session *session, size_t n_rows)
{
    if (session->ragged != NULL && session->ragged->n_rows == n_rows) {
        return EBB_OK;
    }
    ebb_program_destroy(session->ragged);
    session->ragged = NULL;
    return n_rows == 0
               ? EBB_OK
               : session->strategy->compile_train(&session->ragged, session->net, n_rows);
}

ebb_status ebb_session_prepare_task(ebb_session *session, size_t task)
{
    EBB_TRY(prepare(session, &session->training, task, EBB_PART_TRAIN));
    EBB_TRY(prepare(session, &session->validation, task, EBB_PART_VALIDATION));
    const size_t left = session->training.n % session->config->batch_size;
    return compile_ragged(session, session->config->keep_last_batch ? left : 0);
}

static bool tests_fit(const ebb_session *session)
{
    size_t size_bytes = 0;
    for (size_t t = 0; t < session->config->tasks; t++) {
        size_bytes += session->sequence->tasks[t].n_test * session->sequence->features;
    }
    return size_bytes <= TEST_BUDGET_BYTES;
}

ebb_status ebb_session_test_rows(ebb_session *session, const ebb_prepared **out,
                                 size_t task)
{
    *out = NULL;
    ebb_prepared *own = &session->tests[task - 1];
    if (own->storage == NULL) {
        for (size_t t = 0; t < session->config->tasks && !tests_fit(session); t++) {
            ebb_prepared_clear(&session->tests[t]);
        }
        EBB_TRY(prepare(session, own, task, EBB_PART_TEST));
    }
    *out = own;
    return EBB_OK;
}

void ebb_session_close(ebb_session *session)
{
    for (size_t t = 0; session->tests != NULL && t < session->config->tasks; t++) {
        ebb_prepared_clear(&session->tests[t]);
    }
    free(session->tests);
    ebb_prepared_clear(&session->training);
    ebb_prepared_clear(&session->validation);
    ebb_buffer_free(session->row_loss);
    ebb_buffer_free(session->row_correct);
    ebb_buffer_free(session->all_rows);
    ebb_program_destroy(session->train);
    ebb_program_destroy(session->test);
    ebb_program_destroy(session->ragged);
    ebb_algorithm_destroy(session->algorithm);
    ebb_net_destroy(session->net);
    ebb_sequence_destroy(session->sequence);
    ebb_dataset_destroy(session->dataset);
    ebb_team_destroy(session->team);
}
