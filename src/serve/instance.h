// An Instance is a whole running millrace: store, engine and server, opened in that order and
// stopped in the opposite one. `millrace serve` is one Instance and a wait for a signal; the demo
// runs one in its own process. Owned by one thread, which opens and stops it.
#pragma once

#include <memory>

#include "base/result.h"
#include "engine/engine.h"
#include "serve/backend.h"
#include "serve/server.h"
#include "store/store.h"

namespace millrace::serve {

struct InstanceOptions {
  store::StoreOptions store;
  engine::EngineOptions engine;
  ServerOptions server;
};

class Instance {
 public:
  /// Ready when it returns. Errors: those of the three; nothing is left running then.
  static Result<std::unique_ptr<Instance>> open(const InstanceOptions& options);
  ~Instance();

  const Address& mysql_address() const { return server_->mysql_address(); }
  const Address& http_address() const { return server_->http_address(); }

  /// Clients first, then pipelines, then the file. Idempotent. Errors: those of Store::close().
  Status stop();

 private:
  Instance() = default;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Server> server_;
};

}  // namespace millrace::serve
