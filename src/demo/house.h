// The house where the demo takes place: a broker (the in-process one, or a real one's address), a
// running server, the folder of its data, and a producer. Opened and closed by the demo's main
// thread; what it opened it also removes, but for a folder that the user named.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "demo/story.h"
#include "serve/instance.h"
#include "source/demo_broker.h"
#include "source/producer.h"

namespace millrace::demo {

struct HouseOptions {
  std::string kafka;     // empty: the in-process broker
  std::string data_dir;  // empty: a new one
  std::string mysql_listen;
  std::string http_listen;
};

class House {
 public:
  /// Errors: kInvalidArgument for an address that is none; those of the server, the broker and the
  /// folder, which say what failed.
  static Result<std::unique_ptr<House>> open(const HouseOptions& options);
  ~House();

  const std::string& broker() const { return broker_address_; }
  bool broker_is_ours() const { return broker_ != nullptr; }
  const std::string& data_dir() const { return data_dir_; }
  const serve::Instance& server() const { return *instance_; }
  source::Producer& producer() { return *producer_; }
  /// What a newcomer should know: ports that were taken, topics that were there.
  const std::vector<std::string>& remarks() const { return remarks_; }

  /// Makes the three topics; on a real broker under names that hold no data yet, so that the demo
  /// can run again. Errors: those of the broker.
  Result<Topics> make_topics();

  /// Ends the server; idempotent. Errors: those of Instance::stop().
  Status close();

 private:
  House() = default;
  Status open_folder(const std::string& wanted);
  Status open_server(const HouseOptions& options);
  Result<serve::Address> free_address(const std::string& wanted, const std::string& what);
  Result<bool> holds_data(const std::string& topic) const;
  Status make_topic(const std::string& topic);

  std::unique_ptr<source::DemoBroker> broker_;
  std::string broker_address_;
  std::string data_dir_;
  bool folder_is_ours_ = false;
  std::unique_ptr<serve::Instance> instance_;
  std::unique_ptr<source::Producer> producer_;
  std::vector<std::string> remarks_;
};

}  // namespace millrace::demo
