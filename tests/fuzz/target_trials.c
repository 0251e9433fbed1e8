/* target_trials.c - reading records back, and what is made of them.
 *
 * The input is a file of records as it is; or, when it begins with '@', changes to sound
 * records, so that the fuzzer gets past the checks of their form. Then a letter says what
 * is made of the records (t tables, e exports, r the report, s summaries, m exports while
 * there is memory for 0, 1, 2, ... blocks only, else all but that), and each line behind
 * is PATH=JSON, as accuracy/0/1=0.5: a member of the record is set, or deleted where
 * there is no JSON. An empty line begins the next record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "scarce.h"
#include "study/export.h"
#include "study/json.h"
#include "study/record.h"
#include "study/report.h"
#include "study/table.h"
#include "study/trials.h"

enum { MAX_RECORDS = 6, MAX_LINE = 512, MANY = 5000 };

static const char sound[] =
    "{\"schema\":\"ebb-trial/1\",\"config_hash\":\"77d1e2450297b5f6\",\"repetition\":1,"
    "\"build_id\":\"bd237295f67936c3\",\"machine_id\":\"4d45b6b47a46fe29\","
    "\"started_at\":\"2026-01-31T10:10:15Z\",\"valid\":true,\"diverged\":false,"
    "\"problems\":[],\"parameters\":236374,\"digest\":\"b0d2\","
    "\"task_digests\":[\"df8b\",\"b0d2\"],"
    "\"accuracy\":[[0.84,null],[0.61,0.75]],\"loss\":[[0.42,null],[2.4,0.8]],"
    "\"validation\":[{\"task\":1,\"epoch\":1,\"accuracy\":0.85,\"loss\":0.4}],"
    "\"metrics\":{\"average_accuracy\":0.68,\"average_accuracy_remaining\":0.75,"
    "\"average_accuracy_unlearned\":0.61,\"backward_transfer\":-0.15,"
    "\"backward_transfer_all\":-0.4,\"forgetting\":0.15,\"forgetting_all\":0.4,"
    "\"learning_accuracy\":0.65,\"average_loss\":1.9},"
    "\"step_ns\":{\"count\":2005,\"min\":732912,\"p50\":743172,\"p50_low\":742601,"
    "\"p50_high\":743853,\"p90\":788745,\"p90_high\":792160,\"p99\":835130,"
    "\"p99_high\":862881,\"max\":7080535,\"mean\":763255.8,"
    "\"histogram\":[[710020,850],[741456,1155]]},"
    "\"steps\":2105,\"step_flop\":127827968.0,\"step_bytes\":9520208.0,"
    "\"gflops\":172.0,\"peak_gflops\":234.3,\"peak_before_gflops\":233.4,"
    "\"peak_after_gflops\":234.3,\"peak_isa\":\"avx512\",\"peak_fraction\":0.73,"
    "\"samples_per_second\":172234.7,\"train_seconds\":1.6,\"record_seconds\":0.0006,"
    "\"unlearn_seconds\":0.0002,\"wall_seconds\":2.4,\"threads\":2,\"usable_cpus\":2,"
    "\"placement\":{\"name\":\"cores\",\"cpus\":[0,1],\"verified\":true},"
    "\"strategy\":\"tiles\",\"kernels\":{\"forward 784x256\":\"brg:avx512_core\"},"
    "\"unlearning\":[{\"after_task\":2,\"tasks\":[1],\"mode\":\"subtract\","
    "\"seconds\":6e-5,\"bytes\":3233792,\"residue\":null}],"
    "\"ledger_bytes\":3233792,\"arena_bytes\":4000000,\"peak_rss_bytes\":90000000,"
    "\"disturbance\":{\"involuntary_switches\":3,\"run_delay_ns\":1000,\"steal_ns\":0,"
    "\"throttled\":0,\"major_faults\":0},"
    "\"environment\":{\"cpu\":\"CPU\",\"isa\":\"avx512\",\"compiler\":\"gcc 12\","
    "\"onednn\":\"2.6.3\",\"onednn_cpu_isa\":\"avx512\"}}";

static json_t *make_sound(void)
{
    json_t *record = json_loads(sound, 0, NULL);
    FUZZ_REQUIRE(record != NULL);
    ebb_config config;
    ebb_config_init(&config);
    static const char *const settings[][2] = {{"algorithm", "amnesiac-finetuning"},
                                              {"tasks", "2"},
                                              {"threads", "2"},
                                              {"unlearn", "2:1"}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        FUZZ_REQUIRE(ebb_config_set(&config, "fuzz", settings[i][0], settings[i][1]) ==
                     EBB_OK);
    }
    json_t *json = NULL;
    FUZZ_REQUIRE(ebb_config_json(&json, &config) == EBB_OK);
    FUZZ_REQUIRE(json_object_set_new(record, "config", json) == 0);
    ebb_config_clear(&config);
    return record;
}

/* value NULL: the member is deleted. */
static void set_member(json_t *parent, const char *key, json_t *value)
{
    const size_t index = strtoul(key, NULL, 10);
    if (json_is_object(parent) && value != NULL) {
        json_object_set(parent, key, value);
    } else if (json_is_object(parent)) {
        json_object_del(parent, key);
    } else if (json_is_array(parent) && value == NULL) {
        json_array_remove(parent, index);
    } else if (json_is_array(parent) && index < json_array_size(parent)) {
        json_array_set(parent, index, value);
    } else if (json_is_array(parent)) {
        json_array_append(parent, value);
    }
}

/* One line PATH=JSON, ended by a zero byte. */
static void change(json_t *record, char *line)
{
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return;
    }
    *equals = '\0';
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
    if (value == NULL && equals[1] != '\0') {
        return;
    }
    json_t *parent = record;
    char *key = line;
    for (char *slash = NULL; (slash = strchr(key, '/')) != NULL; key = slash + 1) {
        *slash = '\0';
        parent = json_is_array(parent) ? json_array_get(parent, strtoul(key, NULL, 10))
                                       : json_object_get(parent, key);
    }
    set_member(parent, key, value);
    json_decref(value);
}

static void append_record(ebb_text *out, const json_t *record)
{
    FUZZ_REQUIRE(ebb_record_line(out, record) == EBB_OK);
}

/* The records that the changes make, as lines. */
static void make_records(ebb_text *out, const uint8_t *data, size_t size)
{
    json_t *record = make_sound();
    size_t n = 1;
    for (size_t begin = 0; begin < size;) {
        const uint8_t *end = memchr(data + begin, '\n', size - begin);
        const size_t length = end == NULL ? size - begin : (size_t)(end - data) - begin;
        char line[MAX_LINE];
        if (length == 0 && n < MAX_RECORDS) {
            append_record(out, record);
            json_decref(record);
            record = make_sound();
            n++;
        } else if (length < sizeof line) {
            memcpy(line, data + begin, length);
            line[length] = '\0';
            change(record, line);
        }
        begin += length + 1;
    }
    append_record(out, record);
    json_decref(record);
}

static void check_tables(const ebb_trials *trials)
{
    static const ebb_band band = {"average_accuracy", 0.1, 0.9};
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        for (int format = EBB_MARKDOWN; format <= EBB_LATEX; format++) {
            ebb_text text = {0};
            fuzz_require_status(
                ebb_table_render(&text, trials, ebb_table_at(i), (ebb_format)format),
                1u << EBB_ERR_ENVIRONMENT);
            ebb_text_clear(&text);
        }
    }
    ebb_text verdict = {0};
    fuzz_require_status(ebb_table_check(&verdict, trials, &band, 1),
                        1u << EBB_ERR_WRONG | 1u << EBB_ERR_FAILED);
    ebb_text_clear(&verdict);
}

static void check_exports(const ebb_trials *trials)
{
    for (size_t i = 0; ebb_export_choice(i) != NULL; i++) {
        for (int better = EBB_EXPORT_SMALLER; better <= EBB_EXPORT_BIGGER; better++) {
            ebb_text text = {0};
            const ebb_status status = ebb_export_render(&text, trials, ebb_export_at(i),
                                                        (ebb_export_better)better);
            fuzz_require_status(status, 1u << EBB_ERR_FAILED);
            ebb_text_clear(&text);
        }
    }
}

/* Some members of a record as an object of their own, as a comparison prints them. */
static ebb_status copy_members(const json_t *record)
{
    ebb_json_builder object = ebb_json_begin();
    static const char *const keys[] = {"build_id", "digest", "config"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = json_string_value(json_object_get(record, keys[i]));
        ebb_json_put(&object, keys[i], ebb_json_text_or_null(text));
    }
    ebb_json_put_number(&object, "accuracy",
                        ebb_json_get_entry(json_object_get(record, "accuracy"), 0, 0));
    json_t *json = ebb_json_end(&object);
    json_decref(json);
    return json == NULL ? EBB_ERR_ENVIRONMENT : EBB_OK;
}

static ebb_status read_with(size_t blocks, const char *path)
{
    ebb_trials trials;
    scarce_begin(blocks);
    ebb_status status = ebb_trials_read(&trials, path);
    for (size_t i = 0; status == EBB_OK && i < trials.n; i++) {
        status = copy_members(trials.items[i].record);
    }
    for (size_t i = 0; status == EBB_OK && ebb_export_choice(i) != NULL; i++) {
        ebb_text text = {0};
        status = ebb_export_render(&text, &trials, ebb_export_at(i), EBB_EXPORT_SMALLER);
        ebb_text_clear(&text);
    }
    scarce_end();
    ebb_trials_clear(&trials);
    return status;
}

/* jansson's own calls of malloc are another library's; this one is the linker's to wrap.
 */
static void *allocate(size_t size)
{
    return malloc(size);
}

static void check_memory(const char *path)
{
    json_set_alloc_funcs(allocate, free);
    ebb_status status = EBB_ERR_ENVIRONMENT;
    for (size_t n = 0; status == EBB_ERR_ENVIRONMENT && n < MANY; n++) {
        status = read_with(n, path);
        FUZZ_REQUIRE(status == EBB_OK || status == EBB_ERR_FAILED ||
                     status == EBB_ERR_ENVIRONMENT);
    }
}

/* Stands in for gnuplot, so that what it would be given is written. */
static ebb_status draw(ebb_text *svg, const char *script, void *argument)
{
    (void)argument;
    FUZZ_REQUIRE(strlen(script) > 0);
    ebb_text_append(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">"
                         "<path d=\"M0,0\"/></svg>");
    return ebb_text_check(svg);
}

static void check_report(const ebb_trials *trials)
{
    const ebb_report report = {
        .trials = trials,
        .title = "fuzz",
        .description = "",
        .machine_fault = "machine.json: absent",
        .pen = {.draw = draw},
    };
    ebb_text page = {0};
    size_t n_undrawn = 0;
    fuzz_require_status(ebb_report_render(&page, &n_undrawn, &report), 0);
    ebb_text_clear(&page);
}

static void check_summaries(const ebb_trials *trials)
{
    for (size_t i = 0; i < trials->n; i++) {
        ebb_text text = {0};
        fuzz_require_status(ebb_record_summary(&text, trials->items[i].record), 0);
        ebb_text_clear(&text);
    }
}

static void check_items(const ebb_trials *trials, size_t size)
{
    FUZZ_REQUIRE(trials->torn_offset <= size);
    FUZZ_REQUIRE((trials->torn_line == 0) == (trials->torn_offset == size));
    for (size_t i = 0; i < trials->n; i++) {
        const ebb_trials_item *item = &trials->items[i];
        FUZZ_REQUIRE(item->line >= 1 && item->line > i);
        FUZZ_REQUIRE(item->repetition >= 1 && item->threads >= 1 && item->n_tasks >= 1);
        FUZZ_REQUIRE(strlen(item->group) == 16);
        FUZZ_REQUIRE(ebb_trials_first_request(item) >= 1);
    }
}

/* A file in place of a sweep's folder. */
static void read_no_folder(const char *path)
{
    ebb_trials trials;
    FUZZ_REQUIRE(ebb_trials_read_folder(&trials, path) == EBB_ERR_ENVIRONMENT);
    FUZZ_REQUIRE(trials.items == NULL && trials.path == NULL);
    FUZZ_REQUIRE(strstr(ebb_last_error(), "allowed: a folder") != NULL);
}

static void read_records(const char *text, size_t size, char made)
{
    read_no_folder(fuzz_file(text, size));
    ebb_trials trials;
    const ebb_status status = ebb_trials_read(&trials, fuzz_file(text, size));
    fuzz_require_status(status, 1u << EBB_ERR_ENVIRONMENT);
    FUZZ_REQUIRE(status == EBB_OK || (trials.items == NULL && trials.path == NULL));
    if (status == EBB_OK) {
        check_items(&trials, size);
    }
    if (made == 'm') {
        check_memory(fuzz_file(text, size));
    } else if (trials.n > 0 && trials.n <= MAX_RECORDS) {
        const bool all = strchr("ters", made) == NULL || made == '\0';
        if (all || made == 't') {
            check_tables(&trials);
        }
        if (all || made == 'e') {
            check_exports(&trials);
        }
        if (all || made == 'r') {
            check_report(&trials);
        }
        if (all || made == 's') {
            check_summaries(&trials);
        }
    }
    ebb_trials_clear(&trials);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || data[0] != '@') {
        read_records((const char *)data, size, 'a');
        return 0;
    }
    ebb_text text = {0};
    make_records(&text, data + 2, size - 2);
    read_records(text.data, text.length, (char)data[1]);
    ebb_text_clear(&text);
    return 0;
}
