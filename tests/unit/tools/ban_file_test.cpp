#include "tools/ban_file.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace tranche {
namespace {

constexpr Nanos now = seconds(1'790'000'000);

struct BanFile : testing::Test {
    BanFile()
        : path{ban_file_of((std::filesystem::temp_directory_path() /
                            ("tranche-ban-" + std::to_string(getpid()) + ".db"))
                               .string())} {}
    ~BanFile() override { std::filesystem::remove(path); }
    void put(const std::string& text) const { std::ofstream{path} << text; }

    std::string path;
};

TEST_F(BanFile, WithoutAFileThereIsNoBan) {
    EXPECT_EQ(read_ban(path, now).value(), Nanos{});
}

TEST_F(BanFile, WhatIsWrittenIsReadAndTheNewestCounts) {
    ASSERT_TRUE(write_ban(path, now + seconds(100)).ok());
    ASSERT_TRUE(write_ban(path, now + seconds(300)).ok());
    EXPECT_EQ(read_ban(path, now).value(), now + seconds(300));
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(BanFile, WhatIsNoTimeIsAnErrorThatNamesTheFile) {
    for (const std::string text : {"", "soon", "-5", "12 34", "99999999999999999999"}) {
        put(text);
        const auto read = read_ban(path, now);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().kind, ErrorKind::bad_data);
        EXPECT_NE(read.error().message.find(path), std::string::npos);
    }
}

TEST_F(BanFile, ABanLongerThanAnyIsNotBelieved) {
    ASSERT_TRUE(write_ban(path, now + seconds(8 * 86'400)).ok());
    EXPECT_FALSE(read_ban(path, now).ok());
}

TEST_F(BanFile, AFolderThatIsNotThereIsToldWithItsPath) {
    const auto written = write_ban("/nowhere/at/all.ban", now);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().kind, ErrorKind::cannot_write);
}

}  // namespace
}  // namespace tranche
