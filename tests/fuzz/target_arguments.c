/* target_arguments.c - a command line, one word a line, as main takes it apart. A
 * vertical tab stands for a newline within a word. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fuzz.h"
#include "options.h"

enum { MAX_WORDS = 100, MAX_COUNT = 1000000 };

/* Words of text, which is changed; *n of them. */
static void split(char **words, size_t *n, char *text, size_t size)
{
    *n = 0;
    char *begin = text;
    for (size_t i = 0; i <= size && *n < MAX_WORDS; i++) {
        if (text[i] == '\v') {
            text[i] = '\n';
        } else if (text[i] == '\n' || i == size) {
            text[i] = '\0';
            words[(*n)++] = begin;
            begin = text + i + 1;
        }
    }
}

/* The command that a configuration prints gives that configuration again. */
static void check_command(const ebb_config *config)
{
    ebb_config again;
    ebb_config_init(&again);
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        const ebb_config_option *option = ebb_config_option_at(i);
        ebb_text value = {0};
        ebb_config_value(&value, config, i);
        if ((config->given >> i & 1) != 0 && !option->path) {
            FUZZ_REQUIRE(ebb_config_set(&again, "fuzz", option->name, value.data) ==
                         EBB_OK);
        }
        ebb_text_clear(&value);
    }
    char before[17];
    char after[17];
    FUZZ_REQUIRE(ebb_config_hash(before, config, false) == EBB_OK);
    FUZZ_REQUIRE(ebb_config_hash(after, &again, false) == EBB_OK);
    FUZZ_REQUIRE(strcmp(before, after) == 0);
    ebb_text text = {0};
    ebb_config_command(&text, config);
    FUZZ_REQUIRE(!text.failed);
    ebb_text_clear(&text);
    ebb_config_clear(&again);
}

static size_t blocks_left;

static void *take_block(size_t size_bytes)
{
    if (blocks_left == 0) {
        return NULL;
    }
    blocks_left--;
    return malloc(size_bytes);
}

static ebb_status go_round(const ebb_config *config)
{
    json_t *json = NULL;
    ebb_config back = {0};
    char hash[17];
    ebb_status status = ebb_config_json(&json, config);
    if (status == EBB_OK) {
        status = ebb_config_from_json(&back, json, "fuzz");
    }
    if (status == EBB_OK) {
        status = ebb_config_hash(hash, &back, true);
    }
    ebb_config_clear(&back);
    json_decref(json);
    return status;
}

/* To JSON and back while jansson gets 0, 1, 2, ... blocks of memory. */
static void check_memory(const ebb_config *config)
{
    ebb_status status = EBB_ERR_ENVIRONMENT;
    for (size_t n = 0; status != EBB_OK; n++) {
        blocks_left = n;
        json_set_alloc_funcs(take_block, free);
        status = go_round(config);
        json_set_alloc_funcs(malloc, free);
        fuzz_require_status(status, 1u << EBB_ERR_ENVIRONMENT);
    }
}

static void read_options(const ebb_arguments *arguments)
{
    for (const ebb_option *row = arguments->command->options;
         row != NULL && row->name != NULL; row++) {
        size_t n = 0;
        while (row->choices != NULL && row->choices[n] != NULL) {
            n++;
        }
        FUZZ_REQUIRE(n == 0 || ebb_arguments_choice(arguments, row->name) < n);
    }
    size_t count = 0;
    fuzz_require_status(ebb_options_count(&count, arguments, "timeout", 1, MAX_COUNT),
                        1u << EBB_ERR_USAGE);
    FUZZ_REQUIRE(count <= MAX_COUNT);
    if (!arguments->command->trial_options) {
        return;
    }
    ebb_config config;
    const ebb_status status = ebb_options_config(&config, arguments);
    fuzz_require_status(status, 1u << EBB_ERR_USAGE);
    if (status == EBB_OK && arguments->n_given == 0) {
        check_memory(&config);
    }
    if (status == EBB_OK) {
        fuzz_require_round_trip(&config);
        check_command(&config);
        ebb_config copy;
        FUZZ_REQUIRE(ebb_config_copy(&copy, &config) == EBB_OK);
        ebb_config_clear(&copy);
        ebb_config_clear(&config);
    }
}

/* As in ebb.c: options of the program, the command, its own words. */
static void parse(ebb_arguments *arguments, char *const *words, size_t n)
{
    size_t used = 0;
    const ebb_status status = ebb_arguments_parse(arguments, &used, words, n);
    fuzz_require_status(status, 1u << EBB_ERR_USAGE);
    if (status != EBB_OK || used == n) {
        return;
    }
    arguments->command = ebb_command_find(words[used]);
    if (arguments->command == NULL) {
        fuzz_require_status(EBB_ERR_USAGE, 1u << EBB_ERR_USAGE);
        return;
    }
    const size_t begin = used + 1;
    const ebb_status rest =
        ebb_arguments_parse(arguments, &used, words + begin, n - begin);
    fuzz_require_status(rest, 1u << EBB_ERR_USAGE);
    if (rest == EBB_OK) {
        FUZZ_REQUIRE(arguments->n_words >= arguments->command->min_words &&
                     arguments->n_words <= arguments->command->max_words);
        read_options(arguments);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    FUZZ_REQUIRE(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *words[MAX_WORDS];
    size_t n = 0;
    split(words, &n, text, size);
    FUZZ_REQUIRE(ebb_config_choices(SIZE_MAX) == NULL && ebb_config_find("") < 0);
    ebb_arguments arguments = {0};
    parse(&arguments, words, n);
    setenv("NO_COLOR", n % 2 == 0 ? "" : "1", 1);
    ebb_arguments_color(&arguments, stderr);
    unsetenv("NO_COLOR");
    ebb_arguments_color(&arguments, stderr);
    ebb_arguments_progress(&arguments);
    ebb_arguments_clear(&arguments);
    free(text);
    return 0;
}
