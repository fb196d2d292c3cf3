// What a disk was told to do, call by call, and what it may hold when the power goes in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/disk_shim.hpp"

namespace tranche::test {

/// Contents of files by the names they had.
using DiskImage = std::map<std::string, std::vector<std::byte>>;

class DiskLog {
public:
    /// Hook for a DiskShim: everything is carried out, and written down.
    int operator()(const DiskOperation& operation);

    std::size_t size() const { return calls_.size(); }

    /// A disk that lost its power before call `cut`. What a file had at its last sync is there. Of
    /// what came after, chance decides: all, nothing, a first part, or any part in any order, and
    /// each write whole or sector by sector. A file that was never synced may be missing.
    DiskImage cut_at(std::size_t cut, std::mt19937& chance) const;

private:
    struct Call {
        DiskCall call;
        std::string path;
        std::size_t offset;
        std::vector<std::byte> data;
    };
    struct File {
        std::vector<std::byte> content;
        std::vector<const Call*> pending;
        bool synced{};
    };
    static void apply(const Call& call, std::vector<std::byte>& content);
    static void tear(const Call& call, std::vector<std::byte>& content, std::mt19937& chance);
    static void settle(File& file, std::mt19937& chance);

    std::vector<Call> calls_;
};

}  // namespace tranche::test
