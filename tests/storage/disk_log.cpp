#include "tests/storage/disk_log.hpp"

#include <algorithm>
#include <sqlite3.h>

namespace tranche::test {
namespace {

constexpr std::size_t sector = 512;

}  // namespace

int DiskLog::operator()(const DiskOperation& operation) {
    calls_.push_back({operation.call,
                      std::string{operation.path},
                      static_cast<std::size_t>(operation.offset),
                      {operation.data.begin(), operation.data.end()}});
    return SQLITE_OK;
}

void DiskLog::apply(const Call& call, std::vector<std::byte>& content) {
    if (call.call == DiskCall::truncate) return content.resize(call.offset);
    content.resize(std::max(content.size(), call.offset + call.data.size()));
    std::copy(call.data.begin(), call.data.end(),
              content.begin() + static_cast<std::ptrdiff_t>(call.offset));
}

/// The file has its new length, but some of the sectors are not there.
void DiskLog::tear(const Call& call, std::vector<std::byte>& content, std::mt19937& chance) {
    if (call.call == DiskCall::truncate) return apply(call, content);
    content.resize(std::max(content.size(), call.offset + call.data.size()));
    for (std::size_t at = 0; at < call.data.size();) {
        const std::size_t end =
            std::min(call.data.size(), at + sector - (call.offset + at) % sector);
        if (chance() % 2 == 0)
            std::copy(call.data.begin() + static_cast<std::ptrdiff_t>(at),
                      call.data.begin() + static_cast<std::ptrdiff_t>(end),
                      content.begin() + static_cast<std::ptrdiff_t>(call.offset + at));
        at = end;
    }
}

void DiskLog::settle(File& file, std::mt19937& chance) {
    auto pending = std::move(file.pending);
    const auto fate = chance() % 4;
    if (fate == 0 || pending.empty()) return;
    if (fate == 2) pending.resize(chance() % pending.size());
    if (fate == 3) {
        std::erase_if(pending, [&](const Call*) { return chance() % 3 == 0; });
        std::shuffle(pending.begin(), pending.end(), chance);
    }
    const bool torn = chance() % 2 == 0;
    for (const Call* call : pending)
        torn&& chance() % 3 == 0 ? tear(*call, file.content, chance) : apply(*call, file.content);
}

DiskImage DiskLog::cut_at(std::size_t cut, std::mt19937& chance) const {
    std::map<std::string, File> files;
    for (std::size_t i = 0; i < std::min(cut, calls_.size()); ++i) {
        const Call& call = calls_[i];
        File& file = files[call.path];
        switch (call.call) {
            case DiskCall::write:
            case DiskCall::truncate: file.pending.push_back(&call); break;
            case DiskCall::sync:
                for (const Call* one : file.pending) apply(*one, file.content);
                file.pending.clear();
                file.synced = true;
                break;
            case DiskCall::remove:
                if (call.offset == 1 || chance() % 2 == 0) files.erase(call.path);
                break;
        }
    }
    DiskImage image;
    for (auto& [path, file] : files) {
        settle(file, chance);
        if (file.synced || chance() % 2 == 0) image[path] = std::move(file.content);
    }
    return image;
}

}  // namespace tranche::test
