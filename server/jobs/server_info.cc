#include "server/jobs/server_info.h"

#include <string>
#include <utility>

#include "core/base/version.h"
#include "core/kernels/kernels.h"
#include "fitd/v1/layer.pb.h"
#include "fitd/v1/loss.pb.h"
#include "fitd/v1/metric.pb.h"
#include "fitd/v1/optimizer.pb.h"
#include "fitd/v1/search.pb.h"

namespace fitd {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

const std::pair<const Descriptor*, const char*> kFamilies[] = {
    {v1::LayerSpec::descriptor(), "layer"},
    {v1::ActivationSpec::descriptor(), "activation"},
    {v1::InitializerSpec::descriptor(), "initializer"},
    {v1::RegularizerSpec::descriptor(), "regularizer"},
    {v1::LossSpec::descriptor(), "loss"},
    {v1::OptimizerSpec::descriptor(), "optimizer"},
    {v1::LearningRateSpec::descriptor(), "learning_rate"},
    {v1::MetricSpec::descriptor(), "metric"},
    {v1::SearchAlgorithmSpec::descriptor(), "search_algorithm"},
};

std::string TypeName(const FieldDescriptor& field) {
  std::string name = field.type_name();
  if (const Descriptor* message = field.message_type()) {
    name = message->name();
    for (const auto& [family, family_name] : kFamilies) {
      if (family == message) name = family_name;
    }
  } else if (field.enum_type() != nullptr) {
    name = field.enum_type()->name();
  }
  return field.is_repeated() ? "repeated " + name : name;
}

void Describe(const FieldDescriptor& field, v1::KindParameter& parameter) {
  parameter.set_name(field.name());
  parameter.set_type(TypeName(field));
}

v1::KindFamily DescribeFamily(const Descriptor& descriptor, const std::string& name) {
  v1::KindFamily family;
  family.set_name(name);
  const google::protobuf::OneofDescriptor& kinds = *descriptor.FindOneofByName("kind");
  for (int i = 0; i < kinds.field_count(); ++i) {
    v1::KindInfo& kind = *family.add_kinds();
    kind.set_name(kinds.field(i)->name());
    const Descriptor* parameters = kinds.field(i)->message_type();
    // A bare number (a constant learning rate), or a kind of another family (an activation as a
    // layer).
    if (parameters == nullptr || parameters->FindOneofByName("kind") != nullptr) {
      Describe(*kinds.field(i), *kind.add_parameters());
      continue;
    }
    for (int j = 0; j < parameters->field_count(); ++j)
      Describe(*parameters->field(j), *kind.add_parameters());
  }
  for (int i = 0; i < descriptor.field_count(); ++i) {
    if (descriptor.field(i)->real_containing_oneof() != &kinds)
      Describe(*descriptor.field(i), *family.add_common_parameters());
  }
  return family;
}

}  // namespace

ServerInfo::ServerInfo(Store& store, int cores, int workers, v1::Limits limits) : store_(store) {
  constant_.set_version(kVersion);
  constant_.set_isa(ActiveKernels().isa);
  constant_.set_cores(cores);
  constant_.set_workers(workers);
  for (const auto& [descriptor, name] : kFamilies)
    *constant_.add_families() = DescribeFamily(*descriptor, name);
  *constant_.mutable_limits() = std::move(limits);
}

absl::StatusOr<v1::GetServerInfoResponse> ServerInfo::Get() {
  v1::GetServerInfoResponse response = constant_;
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - start_;
  response.set_uptime_seconds(uptime.count());
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) {
    response.set_queued_jobs(static_cast<int32_t>(transaction.jobs.Count(v1::JOB_STATE_QUEUED)));
    response.set_running_jobs(
        static_cast<int32_t>(transaction.jobs.Count(v1::JOB_STATE_RUNNING) +
                             transaction.jobs.Count(v1::JOB_STATE_PAUSING) +
                             transaction.jobs.Count(v1::JOB_STATE_CANCELLING)));
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace fitd
