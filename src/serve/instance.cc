#include "serve/instance.h"

#include "base/log.h"

namespace millrace::serve {

Result<std::unique_ptr<Instance>> Instance::open(const InstanceOptions& options) {
  auto made = std::unique_ptr<Instance>(new Instance());
  TRY(made->store_, store::open_duckdb_store(options.store));
  auto engine = options.engine;
  if (engine.program_directory.empty())
    engine.program_directory = options.store.directory + "/programs";
  TRY(made->engine_, engine::Engine::open(engine, *made->store_));
  made->backend_ = make_backend(*made->store_, *made->engine_);
  TRY(made->server_, Server::open(options.server, *made->backend_));
  return made;
}

Instance::~Instance() {
  if (const auto stopped = stop(); !stopped)
    log_error("could not close the store", {{"why", stopped.error().to_string()}});
}

Status Instance::stop() {
  if (server_) server_->stop();
  server_.reset();
  backend_.reset();
  if (engine_) engine_->stop();
  engine_.reset();
  if (!store_) return {};
  auto closed = store_->close();
  store_.reset();
  return closed;
}

}  // namespace millrace::serve
