// One process a database: whoever may change it holds `<database>.lock` as long as it may.
#pragma once

#include <string>
#include <utility>

#include "core/result.hpp"

namespace tranche {

/// Released with the object, or when the process ends, however it ends.
class InstanceLock {
public:
    /// Errors: `locked` while another process holds it (named), `cannot_write`.
    static Result<InstanceLock> take(const std::string& database);

    InstanceLock(InstanceLock&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)} {}
    InstanceLock& operator=(InstanceLock&&) = delete;
    ~InstanceLock();

private:
    explicit InstanceLock(int descriptor) : descriptor_{descriptor} {}
    int descriptor_;
};

}  // namespace tranche
