#include "tools/loss_log.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace tranche {

std::string LossLog::tell(std::size_t connection, std::string_view name,
                          const Snapshot<LossWords>& words, Nanos now) {
    told_.resize(std::max(told_.size(), connection + 1));
    Told& told = told_[connection];
    const std::uint64_t version = words.version();
    if (version == told.version) return {};
    const LossWords read = words.read();
    told.version = version;
    const std::string_view text{read.text.data(), read.length};
    if (text == told.words && now - told.at < again_after) return {};
    told.words = text;
    told.at = now;
    const bool distrust = text.find("certificate") != std::string_view::npos;
    return fmt::format("{} stream \"{}\" lost: {}{}", distrust ? "alarm" : "warning", name, text,
                       distrust ? "; nothing was sent there, other addresses are tried" : "");
}

}  // namespace tranche
