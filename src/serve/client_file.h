// Files of a client, for LOAD DATA LOCAL: asked for by name, they come in packets of any size, an
// empty one last. The connection owns a ClientFileDesk; a file is read on its thread, in the midst
// of a statement. Whatever becomes of the statement, a file is read to its end, since the client
// sends all of it; when that fails the channel has a fault, and the connection is at its end.
//
// Source: MySQL's client/server protocol, "LOCAL INFILE Request".
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "serve/packet.h"
#include "sql/session.h"

namespace millrace::serve {

class ClientFileDesk : public sql::ClientFiles {
 public:
  /// Both outlive the desk.
  ClientFileDesk(PacketChannel& channel, const uint32_t& capabilities)
      : channel_(channel), capabilities_(capabilities) {}

  Result<std::unique_ptr<engine::LoadInput>> open(const std::string& name) override;

 private:
  PacketChannel& channel_;
  const uint32_t& capabilities_;  // of the client that is logged in
};

}  // namespace millrace::serve
