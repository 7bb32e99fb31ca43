#include "server/jobs/server_info.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::IsSupersetOf;

TEST(ServerInfoTest, KindsAndTheirParametersComeFromTheProtos) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto daemon, UseCases::Open(temp.File("data")));
  ServerInfo info(*daemon->store, /*cores=*/2, /*workers=*/3, v1::Limits());
  FITD_ASSERT_OK_AND_ASSIGN(const v1::GetServerInfoResponse response, info.Get());
  EXPECT_EQ(response.workers(), 3);

  std::map<std::string, std::vector<std::string>> kinds;
  std::map<std::string, std::string> dense;
  std::map<std::string, std::vector<std::string>> common;
  for (const v1::KindFamily& family : response.families()) {
    for (const v1::KindParameter& parameter : family.common_parameters())
      common[family.name()].push_back(parameter.name());
    for (const v1::KindInfo& kind : family.kinds()) {
      kinds[family.name()].push_back(kind.name());
      if (kind.name() != "dense") continue;
      for (const v1::KindParameter& parameter : kind.parameters())
        dense[parameter.name()] = parameter.type();
    }
  }
  EXPECT_EQ(kinds.size(), 9u);
  EXPECT_THAT(kinds["search_algorithm"], IsSupersetOf({"grid", "hyperband"}));
  EXPECT_THAT(common["optimizer"], IsSupersetOf({"learning_rate", "clipnorm"}));
  EXPECT_THAT(common["loss"], testing::IsEmpty());
  EXPECT_THAT(kinds["layer"], IsSupersetOf({"dense", "dropout"}));
  EXPECT_THAT(kinds["optimizer"], IsSupersetOf({"adam", "sgd"}));
  EXPECT_EQ(dense["units"], "int64");
  EXPECT_EQ(dense["activation"], "activation");
  EXPECT_EQ(dense["use_bias"], "bool");
}

}  // namespace
}  // namespace fitd
