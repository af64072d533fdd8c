#include "serve/backend.h"

#include "engine/encoder_cache.h"
#include "engine/engine.h"
#include "estimator/estimator.h"
#include "store/store.h"

namespace millrace::serve {
namespace {

class StoreBackend : public Backend {
 public:
  StoreBackend(store::Store& store, engine::Engine& engine) : store_(store), engine_(engine) {}

  Result<std::unique_ptr<sql::SqlSession>> open_session(sql::SessionInfo info,
                                                        sql::SessionHost& host) override {
    return sql::SqlSession::open(store_, engine_, std::move(info), host);
  }
  Result<std::optional<std::string>> setting(const std::string& key) override {
    return store_.setting(key);
  }
  Status set_setting(const std::string& key, const std::string& value) override {
    return store_.set_setting(key, value);
  }
  Result<std::vector<std::string>> classes(const std::string& model) override {
    TRY(const auto definition, engine_.model(engine::name_of_model(model, "")));
    // How many linear columns there are is of no weight here: it is for a learning rate.
    TRY(const auto spec, estimator::make_estimator_spec(model, definition.estimator, 1));
    std::vector<std::string> names;
    for (int64_t id = 0; spec.is_classifier() && id < spec.n_classes; ++id)
      names.push_back(estimator::class_name(spec, id));
    return names;
  }

 private:
  store::Store& store_;
  engine::Engine& engine_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(store::Store& store, engine::Engine& engine) {
  return std::make_unique<StoreBackend>(store, engine);
}

}  // namespace millrace::serve
