#include "base/fault.h"

#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <atomic>
#include <charconv>

#include "base/check.h"
#include "base/thread.h"

namespace millrace {
namespace {

enum class Act : uint8_t { kKill, kError };

struct Armed {
  std::string point;
  Act act;
  int64_t at;  // the passage that acts, from 1
  int64_t passed = 0;
};

std::atomic<bool> any_armed{false};
Mutex armed_mutex;
std::vector<Armed>& armed() {
  static std::vector<Armed> points;
  return points;
}

Result<Armed> parse_one(std::string_view text) {
  const auto colon = text.find(':');
  const auto at = text.find('@');
  if (colon == std::string_view::npos || at == std::string_view::npos || at < colon)
    return Error(Code::kInvalidArgument, "cannot read fault \"" + std::string(text) + "\"",
                 "Write POINT:kill@N or POINT:error@N.");
  Armed one{std::string(text.substr(0, colon)), Act::kKill, 0};
  const auto act = text.substr(colon + 1, at - colon - 1);
  if (act == "error")
    one.act = Act::kError;
  else if (act != "kill")
    return Error(Code::kInvalidArgument, "fault \"" + std::string(text) + "\" has no act",
                 "The act is kill or error.");
  const auto number = text.substr(at + 1);
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), one.at);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() || one.at < 1)
    return Error(Code::kInvalidArgument, "fault \"" + std::string(text) + "\" has no passage");
  const auto& names = fault_point_names();
  if (std::find(names.begin(), names.end(), one.point) == names.end())
    return Error(Code::kNotFound, "fault point \"" + one.point + "\" does not exist",
                 did_you_mean(one.point, names));
  return one;
}

}  // namespace

const std::vector<std::string_view>& fault_point_names() {
  static const std::vector<std::string_view> names{
      "engine.batch.taken",     "engine.batch.decoded",    "engine.model.trained",
      "store.commit.before",    "store.commit.middle",     "store.commit.after",
      "engine.publish.before",  "engine.publish.after",    "engine.replay.batch",
      "engine.pipeline.paused", "engine.pipeline.changed", "store.move.middle",
  };
  return names;
}

Status arm_faults(std::string_view spec) {
  Lock lock(armed_mutex);
  while (!spec.empty()) {
    const auto comma = std::min(spec.find(','), spec.size());
    TRY(auto one, parse_one(spec.substr(0, comma)));
    armed().push_back(std::move(one));
    spec.remove_prefix(std::min(comma + 1, spec.size()));
  }
  any_armed = !armed().empty();
  return {};
}

Status fault::pass(std::string_view point) {
  if (!any_armed.load(std::memory_order_relaxed)) return {};
  Lock lock(armed_mutex);
  for (auto& one : armed()) {
    if (one.point != point || ++one.passed != one.at) continue;
    if (one.act == Act::kKill) kill(getpid(), SIGKILL);
    return Error(Code::kUnavailable, "fault point \"" + one.point + "\" was armed");
  }
  return {};
}

}  // namespace millrace
