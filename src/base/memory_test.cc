// The memory of a machine, with the files of a kernel made up.
#include "base/memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace millrace {
namespace {

class MemoryOfMachine : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "memory-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = root_ + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }

  std::string root_;
};

TEST_F(MemoryOfMachine, WithoutAGroupIsAllOfIt) {
  EXPECT_GT(memory_of_machine(root_), int64_t{64} << 20);
  write("/proc/self/cgroup", "0::/");
  write("/sys/fs/cgroup/memory.max", "max");
  EXPECT_EQ(memory_of_machine(root_), memory_of_machine(root_ + "/nowhere"));
}

TEST_F(MemoryOfMachine, IsTheLeastOfTheGroupAndThoseAboveIt) {
  write("/proc/self/cgroup", "0::/services/millrace");
  write("/sys/fs/cgroup/services/memory.max", "12582912");
  EXPECT_EQ(memory_of_machine(root_), 12 << 20);
  write("/sys/fs/cgroup/services/millrace/memory.max", "8388608");
  EXPECT_EQ(memory_of_machine(root_), 8 << 20);
  write("/sys/fs/cgroup/services/millrace/memory.max", "max");
  EXPECT_EQ(memory_of_machine(root_), 12 << 20);
}

TEST_F(MemoryOfMachine, IsReadFromTheFirstVersionOfGroupsToo) {
  write("/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:hugetlb,memory:/docker/b\n0::/");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "4194304");
  EXPECT_EQ(memory_of_machine(root_), 4 << 20);
}

}  // namespace
}  // namespace millrace
