// Google Benchmark as functions of C, see shim_library.h. The only C++ of the project.
//
// Written for 1.7.1 and 1.9.x alike: strings are passed as const char *, benchmarks are
// handled as auto *, and where the versions differ EBB_SHIM_LIBRARY decides.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "shim_library.h"
#include "shim_text.h"

// Of the headers, 10701 for 1.7.1. The build knows it, the headers of 1.7 do not say.
#ifndef EBB_SHIM_LIBRARY
#error "EBB_SHIM_LIBRARY: major * 10000 + minor * 100 + patch of Google Benchmark"
#endif

namespace
{

using Context = benchmark::BenchmarkReporter::Context;
using Run = benchmark::BenchmarkReporter::Run;

template <class F> ebb_shim_status guard(F &&run) noexcept
{
    try {
        run();
        return EBB_SHIM_OK;
    } catch (const std::bad_alloc &) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "memory: refused");
    } catch (const std::exception &thrown) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "exception: %s", thrown.what());
    } catch (...) {
        return ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "exception: of unknown type");
    }
}

benchmark::State &library(ebb_library_state *state)
{
    return *reinterpret_cast<benchmark::State *>(state);
}

// Known to the library alone, which tells it in its JSON.
bool is_debug()
{
    std::ostringstream text;
    benchmark::JSONReporter reporter;
    reporter.SetOutputStream(&text);
    reporter.ReportContext(Context());
    return text.str().find("\"library_build_type\": \"debug\"") != std::string::npos;
}

} // namespace

// ---- start and end ------------------------------------------------------------------

int ebb_library_number(void)
{
    return EBB_SHIM_LIBRARY;
}

ebb_shim_status ebb_library_is_debug(bool *out)
{
    return guard([&] { *out = is_debug(); });
}

ebb_shim_status ebb_library_print_help(void)
{
    return guard([] {
        benchmark::PrintDefaultHelp();
        std::cout.flush();
    });
}

ebb_shim_status ebb_library_configure(int argc, char **argv)
{
    return guard([&] {
        // The library adds it each time, and complains that it is there.
        auto *known = benchmark::internal::GetGlobalContext();
        if (known != nullptr) {
            known->erase("dry_run");
        }
        benchmark::Initialize(&argc, argv);
    });
}

ebb_shim_status ebb_library_add_context(bool *added, const char *key, const char *value)
{
    return guard([&] {
        const auto *known = benchmark::internal::GetGlobalContext();
        *added = known == nullptr || known->count(key) == 0;
        if (*added) {
            benchmark::AddCustomContext(key, value);
        }
    });
}

void ebb_library_clear(void)
{
    (void)guard([] {
        benchmark::ClearRegisteredBenchmarks();
        // The library's own Shutdown leaves a pointer to what it freed.
        delete benchmark::internal::GetGlobalContext();
        benchmark::internal::GetGlobalContext() = nullptr;
        Context::executable_name = nullptr;
    });
}

// ---- registration -------------------------------------------------------------------

namespace
{

template <class Benchmark> void configure(Benchmark *b, const ebb_shim_benchmark &o)
{
    for (size_t set = 0; o.n_args > 0 && set < o.n_sets; set++) {
        const int64_t *first = o.args + set * o.n_args;
        b->Args(std::vector<int64_t>(first, first + o.n_args));
    }
    if (o.n_args > 0 && o.arg_names != nullptr) {
        b->ArgNames(std::vector<std::string>(o.arg_names, o.arg_names + o.n_args));
    }
    if (o.iterations > 0) {
        b->Iterations(o.iterations);
    }
    if (o.min_time > 0.0) {
        b->MinTime(o.min_time);
    }
    if (o.min_warmup_time > 0.0) {
        b->MinWarmUpTime(o.min_warmup_time);
    }
    if (o.repetitions > 0) {
        b->Repetitions(o.repetitions);
    }
    if (o.process_cpu_time) {
        b->MeasureProcessCPUTime();
    }
    if (o.clock == EBB_SHIM_REAL_TIME) {
        b->UseRealTime();
    } else if (o.clock == EBB_SHIM_MANUAL_TIME) {
        b->UseManualTime();
    }
    if (!o.unit_from_flag) {
        b->Unit(static_cast<benchmark::TimeUnit>(o.unit));
    }
}

} // namespace

ebb_shim_status ebb_library_register(const ebb_shim_benchmark *options,
                                     ebb_library_enter_fn enter, void *own)
{
    return guard([&] {
        const auto run = [enter, own](benchmark::State &state) {
            enter(own, reinterpret_cast<ebb_library_state *>(&state));
        };
        configure(benchmark::RegisterBenchmark(options->name, run), *options);
    });
}

// ---- inside a benchmark -------------------------------------------------------------

bool ebb_library_keep_running(ebb_library_state *state, int64_t n)
{
    bool more = false;
    (void)guard([&] { more = library(state).KeepRunningBatch(n); });
    return more;
}

int64_t ebb_library_iterations(ebb_library_state *state)
{
    return library(state).iterations();
}

int64_t ebb_library_planned(ebb_library_state *state)
{
    return library(state).max_iterations;
}

int64_t ebb_library_argument(ebb_library_state *state, size_t i)
{
    return library(state).range(i);
}

void ebb_library_pause(ebb_library_state *state)
{
    (void)guard([&] { library(state).PauseTiming(); });
}

void ebb_library_resume(ebb_library_state *state)
{
    (void)guard([&] { library(state).ResumeTiming(); });
}

void ebb_library_set_time(ebb_library_state *state, double seconds)
{
    (void)guard([&] { library(state).SetIterationTime(seconds); });
}

ebb_shim_status ebb_library_set_counter(ebb_library_state *state, const char *name,
                                        double value, unsigned flags)
{
    using benchmark::Counter;
    constexpr unsigned same =
        EBB_SHIM_RATE | EBB_SHIM_PER_ITERATION | EBB_SHIM_ALL_ITERATIONS;
    static_assert(same == (unsigned{Counter::kIsRate} | Counter::kAvgIterations |
                           Counter::kIsIterationInvariant),
                  "these flags have the library's values");
    unsigned bits = flags & same;
    bits |= (flags & EBB_SHIM_INVERT) != 0 ? static_cast<unsigned>(Counter::kInvert) : 0U;
    const bool binary = (flags & EBB_SHIM_UNIT_1024) != 0;
    return guard([&] {
        library(state).counters[name] =
            Counter(value, static_cast<Counter::Flags>(bits),
                    binary ? Counter::kIs1024 : Counter::kIs1000);
    });
}

ebb_shim_status ebb_library_set_label(ebb_library_state *state, const char *label)
{
    return guard([&] { library(state).SetLabel(label); });
}

#if EBB_SHIM_LIBRARY < 10800
// Where the library knows only errors, one that begins so is none.
static const char skipped[] = "skipped: ";
#endif

void ebb_library_end(ebb_library_state *state, ebb_shim_outcome outcome,
                     const char *message)
{
    const auto end = [&](const char *text) {
#if EBB_SHIM_LIBRARY >= 10800
        if (outcome == EBB_SHIM_SKIPPED) {
            library(state).SkipWithMessage(text);
        } else {
            library(state).SkipWithError(text);
        }
#else
        const std::string prefix = outcome == EBB_SHIM_SKIPPED ? skipped : "";
        library(state).SkipWithError((prefix + text).c_str());
#endif
    };
    if (guard([&] { end(message); }) != EBB_SHIM_OK) {
        (void)guard([&] { end("no memory"); }); // short enough to need none
    }
}

ebb_shim_status ebb_library_call(int *result, ebb_shim_entry_fn fn, ebb_shim_state *state,
                                 void *user)
{
    return guard([&] { *result = fn(state, user); });
}

ebb_shim_status ebb_library_call_step(int *result, ebb_shim_step_fn fn,
                                      ebb_shim_state *state, void *user, int64_t index)
{
    return guard([&] { *result = fn(state, user, index); });
}

// ---- reports ------------------------------------------------------------------------

namespace
{

void set_outcome(Run *run, ebb_shim_outcome outcome, const std::string &message)
{
#if EBB_SHIM_LIBRARY >= 10800
    run->skipped = outcome == EBB_SHIM_SKIPPED ? benchmark::internal::SkippedWithMessage
                                               : benchmark::internal::SkippedWithError;
    run->skip_message = message;
#else
    run->error_occurred = true;
    run->error_message = (outcome == EBB_SHIM_SKIPPED ? skipped : "") + message;
#endif
}

ebb_shim_outcome get_outcome(const Run &run, std::string *message)
{
#if EBB_SHIM_LIBRARY >= 10800
    *message = run.skip_message;
    return run.skipped == benchmark::internal::NotSkipped           ? EBB_SHIM_MEASURED
           : run.skipped == benchmark::internal::SkippedWithMessage ? EBB_SHIM_SKIPPED
                                                                    : EBB_SHIM_FAILED;
#else
    if (!run.error_occurred) {
        return EBB_SHIM_MEASURED;
    }
    const size_t prefix = sizeof skipped - 1;
    const bool skip = run.error_message.compare(0, prefix, skipped) == 0;
    *message = skip ? run.error_message.substr(prefix) : run.error_message;
    return skip ? EBB_SHIM_SKIPPED : EBB_SHIM_FAILED;
#endif
}

// What cannot be reported: of a repetition it is a failure, of an aggregate it is left
// out (the variation of a counter that is always zero).
void sanitize(Run *run)
{
    const bool aggregate = run->run_type == Run::RT_Aggregate;
    for (auto it = run->counters.begin(); it != run->counters.end();) {
        if (std::isfinite(it->second.value)) {
            ++it;
        } else {
            if (!aggregate) {
                set_outcome(run, EBB_SHIM_FAILED,
                            "counter '" + it->first + "': is not finite");
            }
            it = run->counters.erase(it);
        }
    }
    std::string message;
    if (!aggregate && get_outcome(*run, &message) == EBB_SHIM_MEASURED &&
        !(run->real_accumulated_time > 0.0)) {
        set_outcome(run, EBB_SHIM_FAILED, "took less time than the clock can see");
    }
}

// A run and what its plain form points to.
struct plain_run {
    std::string name, run_name, message;
    std::vector<ebb_shim_counter> counters;
};

ebb_shim_run to_plain(const Run &run, plain_run *own)
{
    const bool aggregate = run.run_type == Run::RT_Aggregate;
    const bool percentage =
        aggregate && run.aggregate_unit == benchmark::StatisticUnit::kPercentage;
    ebb_shim_run out{};
    out.size = sizeof out;
    out.outcome = get_outcome(run, &own->message);
    own->name = run.benchmark_name();
    own->run_name = run.run_name.str();
    for (const auto &counter : run.counters) {
        own->counters.push_back({counter.first.c_str(), counter.second.value});
    }
    out.name = own->name.c_str();
    out.run_name = own->run_name.c_str();
    out.aggregate_name = aggregate ? run.aggregate_name.c_str() : nullptr;
    out.is_percentage = percentage;
    out.message = own->message.c_str();
    out.label = run.report_label.c_str();
    out.family = run.family_index;
    out.instance = run.per_family_instance_index;
    out.repetition = aggregate ? -1 : run.repetition_index;
    out.repetitions = run.repetitions;
    out.iterations = run.iterations;
    out.unit = static_cast<ebb_shim_unit>(run.time_unit);
    // Adjusted times of a percentage are scaled by the unit, which it does not have.
    out.real_time = percentage ? run.real_accumulated_time : run.GetAdjustedRealTime();
    out.cpu_time = percentage ? run.cpu_accumulated_time : run.GetAdjustedCPUTime();
    if (out.outcome != EBB_SHIM_MEASURED) {
        out.real_time = out.cpu_time = std::numeric_limits<double>::quiet_NaN();
    }
    out.counters = own->counters.data();
    out.n_counters = own->counters.size();
    return out;
}

class forwarder : public benchmark::BenchmarkReporter
{
  public:
    explicit forwarder(const ebb_library_output *output) : output_(output)
    {
        for (const ebb_library_console &console : output->consoles) {
            const int options =
                (console.color ? benchmark::ConsoleReporter::OO_Color : 0) |
                (console.tabular ? benchmark::ConsoleReporter::OO_Tabular : 0);
            consoles_.emplace_back(
                static_cast<benchmark::ConsoleReporter::OutputOptions>(options));
        }
        if (output->path != nullptr) {
            file_.open(output->path);
            consoles_[1].SetOutputStream(&file_);
            consoles_[1].SetErrorStream(&file_);
        }
    }

    bool failed()
    {
        return output_->path != nullptr && !file_.flush();
    }

    bool ReportContext(const Context &context) override
    {
        const benchmark::CPUInfo &cpu = context.cpu_info;
        std::vector<ebb_shim_cache> caches;
        for (const auto &cache : cpu.caches) {
            caches.push_back(
                {cache.type.c_str(), cache.level, cache.size, cache.num_sharing});
        }
        std::vector<ebb_shim_pair> pairs;
        const auto *global = benchmark::internal::GetGlobalContext();
        if (global != nullptr) {
            for (const auto &entry : *global) {
                pairs.push_back({entry.first.c_str(), entry.second.c_str()});
            }
        }
        ebb_shim_context plain{};
        plain.size = sizeof plain;
        plain.executable = Context::executable_name;
        plain.host = context.sys_info.name.c_str();
        plain.cpus = cpu.num_cpus;
        plain.mhz = cpu.cycles_per_second / 1e6;
        plain.frequency_scaling = cpu.scaling == benchmark::CPUInfo::ENABLED    ? 1
                                  : cpu.scaling == benchmark::CPUInfo::DISABLED ? 0
                                                                                : -1;
        plain.caches = caches.data();
        plain.n_caches = caches.size();
        plain.load_average = cpu.load_avg.data();
        plain.n_load_average = cpu.load_avg.size();
        plain.pairs = pairs.data();
        plain.n_pairs = pairs.size();
        bool go_on = output_->context(output_->user, &plain);
        for (size_t c = 0; c < consoles_.size() && go_on; c++) {
            go_on = !output_->consoles[c].on || consoles_[c].ReportContext(context);
        }
        return go_on;
    }

    void ReportRuns(const std::vector<Run> &reports) override
    {
        std::vector<Run> all = reports;
        std::vector<plain_run> owners(all.size());
        std::vector<ebb_shim_run> plain;
        for (size_t i = 0; i < all.size(); i++) {
            sanitize(&all[i]);
            plain.push_back(to_plain(all[i], &owners[i]));
        }
        std::vector<unsigned char> show(all.size(), 0);
        output_->runs(output_->user, plain.data(), show.data(), plain.size());
        for (size_t c = 0; c < consoles_.size(); c++) {
            std::vector<Run> shown;
            for (size_t i = 0; i < all.size(); i++) {
                if (output_->consoles[c].on && (show[i] >> c & 1) != 0) {
                    shown.push_back(all[i]);
                }
            }
            if (!shown.empty()) {
                consoles_[c].ReportRuns(shown);
            }
        }
    }

  private:
    const ebb_library_output *output_;
    std::ofstream file_;
    std::vector<benchmark::ConsoleReporter> consoles_;
};

} // namespace

ebb_shim_status ebb_library_run(size_t *matched, char **complaint, const char *filter,
                                const ebb_library_output *output)
{
    *matched = 0;
    *complaint = nullptr;
    bool failed = false;
    const ebb_shim_status status = guard([&] {
        std::ostringstream errors;
        forwarder reporter(output);
        reporter.SetErrorStream(&errors);
        *matched = benchmark::RunSpecifiedBenchmarks(&reporter, filter);
        std::cout.flush();
        failed = reporter.failed();
        *complaint = strdup(errors.str().c_str());
    });
    return failed ? ebb_shim_text_refuse(EBB_SHIM_ENVIRONMENT, "%s: cannot be written",
                                         output->path)
                  : status;
}

ebb_shim_status ebb_library_list(size_t *matched, char **complaint, const char *filter,
                                 void (*fn)(void *user, const char *name), void *user)
{
    return guard([&] {
        std::ostringstream names, errors;
        const ebb_library_output nothing{};
        forwarder reporter(&nothing);
        reporter.SetOutputStream(&names);
        reporter.SetErrorStream(&errors);
        *matched = benchmark::RunSpecifiedBenchmarks(&reporter, filter);
        *complaint = strdup(errors.str().c_str());
        std::istringstream lines(names.str());
        for (std::string line; std::getline(lines, line);) {
            fn(user, line.c_str());
        }
    });
}
