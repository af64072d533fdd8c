// One layer of a DNN in training: forward with what backward needs of it, the gradients of its
// variables, and its updates (tensorflow_estimator 2.15 canned/dnn.py: activation, then dropout,
// then batch normalization). Owned by the tower of a Trainer; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "estimator/dnn_math.h"
#include "estimator/optimizer.h"
#include "estimator/parameter.h"
#include "estimator/random.h"

namespace millrace::estimator {

struct LayerOptions {
  size_t in_width;
  size_t width;
  Activation activation;  // kLinear for the logits
  float dropout;
  bool batch_norm;
  uint64_t seed;
  bool input_learns;  // whether the gradient by the inputs is wanted
  bool sparse_input;  // whether most inputs are zero
};

class DnnLayer {
 public:
  /// `scope` is "dnn/hiddenlayer_0"; `norm_scope` is "batchnorm_0" below it.
  DnnLayer(const std::string& scope, const std::string& norm_scope, const LayerOptions& options);

  /// The layer's outputs [rows, width] in a training step; `x` [rows, in_width] is borrowed until
  /// learn() is done.
  std::span<const float> forward(std::span<const float> x, int64_t iterations);

  /// From the gradient by the outputs: updates the variables, and returns the gradient by the
  /// inputs as they were before the update, which is empty when it is not wanted.
  std::span<const float> learn(std::span<const float> gradient, Optimizer& optimizer);

  LayerTables<Parameter> tables() const;
  void add_parameters(std::vector<Parameter*>& parameters);
  void add_trained(std::vector<Parameter*>& parameters);
  LayerTables<PublishedTable> publish(std::vector<std::shared_ptr<const PublishedTable>>& kept);

 private:
  struct Norm {
    Parameter gamma;
    Parameter beta;
    Parameter moving_mean;
    Parameter moving_variance;
    // Of a step, for each unit and each output.
    std::vector<float> mean;
    std::vector<float> inverse_deviation;
    std::vector<float> normalized;
  };

  void drop(int64_t iterations);
  void normalize();
  void learn_norm(Optimizer& optimizer);
  void find_input_gradient();
  void find_kernel_gradient();

  LayerOptions options_;
  Parameter kernel_;
  Parameter bias_;
  std::unique_ptr<Norm> norm_;
  // Of a step.
  std::span<const float> x_;
  std::vector<float> sums_;     // x * kernel + bias
  std::vector<float> outputs_;  // activated; then with dropout, and normalized
  std::vector<float> activated_;
  std::vector<float> kept_;  // of each output: 0, or what dropout multiplied it by
  std::vector<float> gradient_;
  std::vector<float> transposed_;
  std::vector<float> input_gradient_;
  std::vector<float> variable_gradient_;
};

}  // namespace millrace::estimator
