#include "serve/client_file.h"

#include <algorithm>

#include "engine/table_load.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

class ClientFile : public engine::LoadInput {
 public:
  explicit ClientFile(PacketChannel& channel) : channel_(channel) {}
  ~ClientFile() override {
    while (!ended_ && channel_.fault() == PacketFault::kNone) (void)read_packet();
  }

  Result<size_t> read(char* to, size_t size) override {
    while (at_ == packet_.size() && !ended_) TRY_OK(read_packet());
    const size_t got = std::min(size, packet_.size() - at_);
    packet_.copy(to, got, at_);
    at_ += got;
    return got;
  }

 private:
  Status read_packet() {
    at_ = 0;
    TRY_OK(channel_.read(packet_, channel_.limits().read_pause_max));
    ended_ = packet_.empty();
    return {};
  }

  PacketChannel& channel_;
  std::string packet_;
  size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<engine::LoadInput>> ClientFileDesk::open(const std::string& name) {
  if ((capabilities_ & kLocalFiles) == 0)
    return Error(Code::kPermission, "the client did not say that it gives files (local_infile)",
                 "Drivers have a switch for it: --local-infile, local_infile=True, "
                 "allowLoadLocalInfile=true; it must be on when they connect, and so must the "
                 "server's.");
  std::string request;
  append_u8(request, kLocalInfileHeader);
  request += name;
  TRY_OK(channel_.write(request));
  TRY_OK(channel_.flush());
  return std::unique_ptr<engine::LoadInput>(std::make_unique<ClientFile>(channel_));
}

}  // namespace millrace::serve
