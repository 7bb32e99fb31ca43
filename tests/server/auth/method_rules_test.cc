#include "server/auth/method_rules.h"

#include <set>
#include <string>
#include <vector>

#include "fitd/v1/dataset_service.pb.h"
#include "fitd/v1/evaluation_service.pb.h"
#include "fitd/v1/job_service.pb.h"
#include "fitd/v1/model_service.pb.h"
#include "fitd/v1/prediction_service.pb.h"
#include "fitd/v1/search_service.pb.h"
#include "fitd/v1/server_service.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"
#include "inference/grpc_service.pb.h"

namespace fitd {
namespace {

using testing::Contains;
using testing::IsEmpty;

// One message of each file with a service: a name alone would not link its descriptors.
const google::protobuf::ServiceDescriptor& ServiceBeside(
    const google::protobuf::Descriptor* message) {
  return *message->file()->service(0);
}

std::vector<const google::protobuf::ServiceDescriptor*> Services() {
  return {&ServiceBeside(v1::GetDatasetRequest::descriptor()),
          &ServiceBeside(v1::EvaluateRequest::descriptor()),
          &ServiceBeside(v1::GetJobRequest::descriptor()),
          &ServiceBeside(v1::GetModelRequest::descriptor()),
          &ServiceBeside(v1::PredictRequest::descriptor()),
          &ServiceBeside(v1::GetSearchRequest::descriptor()),
          &ServiceBeside(v1::GetServerInfoRequest::descriptor()),
          &ServiceBeside(inference::ServerLiveRequest::descriptor()),
          &ServiceBeside(grpc::health::v1::HealthCheckRequest::descriptor())};
}

// The daemon itself refuses to start with a service that has a method without a rule.
TEST(MethodRulesTest, EveryMethodHasARule) {
  for (const google::protobuf::ServiceDescriptor* service : Services())
    EXPECT_THAT(MethodsWithoutRule(service->full_name()), IsEmpty()) << service->full_name();
}

TEST(MethodRulesTest, ServiceNobodyKnowsHasNoRules) {
  EXPECT_THAT(MethodsWithoutRule("fitd.v1.None"), Contains("fitd.v1.None"));
}

TEST(MethodRulesTest, EveryRuleIsForAMethodThatExists) {
  std::set<std::string> seen;
  ASSERT_THAT(Services(), testing::SizeIs(9));  // Links them.
  for (const MethodRule& rule : MethodRules()) {
    std::string name(rule.method);
    EXPECT_TRUE(seen.insert(name).second) << name << " has two rules";
    if (name.starts_with("grpc.reflection.")) continue;  // Its descriptor is not linked here.
    name.replace(name.find('/'), 1, ".");
    EXPECT_NE(google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name), nullptr)
        << name;
  }
}

// What changes something or reads data sets is not for predictors.
TEST(MethodRulesTest, PredictorsOnlyLook) {
  for (const MethodRule& rule : MethodRules()) {
    if (rule.role > Role::kPredictor) continue;
    const std::string_view method = rule.method.substr(rule.method.find('/') + 1);
    const bool looks = method.starts_with("Get") || method.starts_with("List") ||
                       method.starts_with("Predict") || method.starts_with("Check") ||
                       method.starts_with("Watch") || method.starts_with("Server") ||
                       method.starts_with("Model") || method == "RepositoryIndex";
    EXPECT_TRUE(looks) << rule.method;
  }
}

}  // namespace
}  // namespace fitd
