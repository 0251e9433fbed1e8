#include "machine/environment.h"

#include <stdbool.h>
#include <unistd.h>

#include "machine/dump_json.h"
#include "machine/fact.h"
#include "machine/procfs.h"
#include "machine/variables.h"

static json_t *fact_text(const ebb_text *text)
{
    return ebb_dump_json_string(text->length == 0 ? "not available" : text->data);
}

static bool add_facts(json_t *object, const ebb_fact *facts, const ebb_fact_source *from)
{
    bool complete = true;
    for (const ebb_fact *fact = facts; fact->key != NULL && complete; fact++) {
        ebb_text text = {0};
        fact->tell(&text, from);
        complete =
            !text.failed && json_object_set_new(object, fact->key, fact_text(&text)) == 0;
        ebb_text_clear(&text);
    }
    return complete;
}

static json_t *memory_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? json_integer((json_int_t)pages * page_bytes)
                                       : json_string("not available");
}

static ebb_status add_variables(json_t *object, const char *key,
                                ebb_status (*collect)(json_t **out))
{
    json_t *variables = NULL;
    EBB_TRY(collect(&variables));
    return json_object_set_new(object, key, variables) == 0
               ? EBB_OK
               : ebb_fail_memory(sizeof(void *));
}

static ebb_status fill(json_t *object, const ebb_fact_source *from)
{
    if (object == NULL || !add_facts(object, ebb_fact_hardware, from) ||
        !add_facts(object, ebb_fact_software, from) ||
        json_object_set_new(object, "memory_bytes", memory_bytes()) != 0) {
        return ebb_fail_memory(sizeof(void *));
    }
    EBB_TRY(add_variables(object, "variables", ebb_variables_user));
    return add_variables(object, "variables_in_force", ebb_variables_in_force);
}

ebb_status ebb_environment_json(json_t **out, const ebb_topology *topology)
{
    *out = NULL;
    size_t n = 0;
    ebb_text cpuinfo = {0};
    const bool known = ebb_procfs_read(&cpuinfo, "/proc/cpuinfo");
    const ebb_fact_source from = {
        .root = "",
        .topology = topology,
        .cpuinfo = known ? cpuinfo.data : "",
        .cpu = ebb_topology_pus(topology, &n)[0].os_index,
    };
    json_t *object = json_object();
    const ebb_status status = fill(object, &from);
    ebb_text_clear(&cpuinfo);
    if (status != EBB_OK) {
        json_decref(object);
        return status;
    }
    *out = object;
    return EBB_OK;
}
