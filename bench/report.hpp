// What every bench shares: exact percentiles of its samples, one table, one core a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/histogram.hpp"

namespace tranche::bench {

/// Keeps every sample, so that percentiles are exact and not those of buckets. Never allocates
/// before `capacity` samples.
class Samples {
public:
    explicit Samples(std::size_t capacity) { values_.reserve(capacity); }
    void add(std::int64_t nanoseconds) { values_.push_back(nanoseconds); }
    std::size_t size() const { return values_.size(); }
    /// Nearest rank; all 0 without samples.
    Percentiles percentiles() const;

private:
    std::vector<std::int64_t> values_;
};

/// Title, columns and unit of the rows to come.
void print_head(const std::string& title, const std::string& unit = "ns");

/// One row of the table; `remark` may be empty.
void print_row(const std::string& name, const Percentiles& figures, const std::string& remark = "");

/// Pins the calling thread; false, and a line on stderr, when the host does not allow it.
bool pin_to_core(unsigned core);

/// Last core for the thread under test, first one for whoever drives it; equal on one core.
unsigned hot_core();
unsigned cold_core();

/// True when `--smoke` is among the arguments: run tiny, as a test.
bool is_smoke(int argc, char** argv);

/// A bench whose answer is wrong measures nothing: says so on stderr and ends with exit code 1.
void check(bool holds, const std::string& fact);

}  // namespace tranche::bench
