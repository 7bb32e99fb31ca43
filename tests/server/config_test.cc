#include "server/config.h"

#include <fstream>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

absl::StatusOr<v1::ServerConfig> Resolve(std::vector<Setting> settings) {
  settings.insert(settings.begin(), {"test", "data_dir", "/somewhere"});
  return ResolveConfig(settings);
}

absl::StatusOr<std::vector<Setting>> ReadYaml(const std::string& text) {
  TempDir temp;
  std::ofstream(temp.File("fitd.yaml")) << text;
  return ReadConfigFile(temp.File("fitd.yaml"));
}

TEST(ConfigTest, DefaultsAreWrittenOut) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::ServerConfig config, Resolve({}));
  EXPECT_EQ(config.listen(), "127.0.0.1:7474");
  EXPECT_GE(config.workers(), 1);
  EXPECT_EQ(config.log_level(), "info");
  EXPECT_EQ(config.max_message_bytes(), 16 << 20);
  EXPECT_GT(config.max_memory_bytes(), 0);
  EXPECT_EQ(config.shutdown_grace_seconds(), 3);
  EXPECT_EQ(config.checkpoint_interval_seconds(), 30);
  EXPECT_EQ(config.keep_versions(), 0);
  EXPECT_EQ(config.keep_finished_jobs(), 0);
  EXPECT_EQ(config.min_free_disk_bytes(), 512 << 20);
  EXPECT_EQ(config.max_watchers(), 10'000);
  EXPECT_EQ(config.upload_idle_seconds(), 60);
  EXPECT_FALSE(config.allow_network_disk());
}

TEST(ConfigTest, LaterSettingsWin) {
  FITD_ASSERT_OK_AND_ASSIGN(
      const v1::ServerConfig config,
      Resolve({{"fitd.yaml:1", "workers", "2"}, {"--workers", "workers", "3"}}));
  EXPECT_EQ(config.workers(), 3);
}

TEST(ConfigTest, EveryFaultIsNamedWithItsOrigin) {
  EXPECT_THAT(
      ResolveConfig({{"fitd.yaml:1", "wrokers", "2"},
                     {"fitd.yaml:2", "max_parameters", "many"},
                     {"FITD_WORKERS", "workers", "257"},
                     {"--max-stacked-trials", "max_stacked_trials", "17"},
                     {"--log-level", "log_level", "inof"},
                     {"--insecure", "insecure", "maybe"},
                     {"fitd.yaml:3", "keep_versions", "-1"},
                     {"--listen", "listen", "localhost"}}),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          AllOf(HasSubstr("fitd.yaml:1: unknown setting \"wrokers\"; did you mean \"workers\"?"),
                HasSubstr("fitd.yaml:2: max_parameters: is \"many\"; allowed: a whole number"),
                HasSubstr("FITD_WORKERS: workers: is 257; allowed: 1 to 256"),
                HasSubstr("max_stacked_trials: is 17; allowed: 1 to 16"),
                HasSubstr("--log-level: log_level: unknown value \"inof\"; did you mean \"info\"?"),
                HasSubstr("--insecure: insecure: is \"maybe\""),
                HasSubstr("fitd.yaml:3: keep_versions: is -1; allowed: 0 to "),
                HasSubstr("--listen: listen: is \"localhost\""),
                HasSubstr("data_dir: is required"))));
}

TEST(ConfigTest, ZeroWrittenByAUserIsNotADefault) {
  EXPECT_THAT(Resolve({{"--workers", "workers", "0"}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ConfigTest, AddressesBeyondLoopbackNeedInsecure) {
  for (const char* listen :
       {"127.0.0.1:0", "localhost:7474", "[::1]:7474", "unix:/run/fitd.sock", "127.9.9.9:1"}) {
    FITD_EXPECT_OK(Resolve({{"--listen", "listen", listen}})) << listen;
  }
  for (const char* listen :
       {"0.0.0.0:7474", "[::]:7474", "example.com:7474", "10.0.0.1:7474", "127.example.com:7474"}) {
    EXPECT_THAT(Resolve({{"--listen", "listen", listen}}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("insecure")))
        << listen;
    FITD_EXPECT_OK(Resolve({{"--listen", "listen", listen}, {"--insecure", "insecure", "true"}}))
        << listen;
  }
  for (const char* listen : {"", ":7474", "unix:", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                             "127.0.0.1:65536", "::1:7474"}) {
    if (*listen == '\0') continue;
    EXPECT_THAT(Resolve({{"--listen", "listen", listen}}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << listen;
  }
}

TEST(ConfigTest, TlsNeedsACertificateAndItsKey) {
  const auto set = [](const char* field, const char* text) { return Setting{"test", field, text}; };
  EXPECT_THAT(Resolve({set("tls_certificate", "/nowhere.pem")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tls_key: is required with tls_certificate")));
  EXPECT_THAT(Resolve({set("tls_key", "/nowhere.pem")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tls_certificate: is required with tls_key")));
  EXPECT_THAT(
      Resolve({set("tls_certificate", "/nowhere.pem"), set("tls_key", "/nowhere.pem"),
               set("tls_client_ca", "/nowhere.pem")}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("test: tls_certificate: /nowhere.pem is no certificate (PEM)"),
                     HasSubstr("test: tls_client_ca: /nowhere.pem holds no certificates (PEM)"))));
  EXPECT_THAT(Resolve({set("tls_client_ca", "/nowhere.pem")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tls_client_ca: needs tls_certificate")));
  EXPECT_THAT(Resolve({set("tls_certificate", "/nowhere.pem"), set("listen", "unix:/x")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no use on a unix socket")));
}

TEST(ConfigTest, HttpListensOnHostAndPort) {
  FITD_EXPECT_OK(Resolve({{"test", "http_listen", "0.0.0.0:7475"}}));
  for (const char* wrong : {"7475", "unix:/run/fitd", "host"}) {
    EXPECT_THAT(Resolve({{"test", "http_listen", wrong}}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("allowed: HOST:PORT")))
        << wrong;
  }
}

TEST(ConfigTest, TokensAreInTheDataDirectoryUnlessToldOtherwise) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::ServerConfig config, Resolve({}));
  EXPECT_EQ(config.tokens(), "/somewhere/tokens");
}

TEST(ConfigTest, FileGivesSettingsWithTheirLines) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto settings,
                            ReadYaml("# comment\nworkers: 2\n\ninsecure: true\n"));
  ASSERT_EQ(settings.size(), 2u);
  EXPECT_THAT(settings[0].origin, testing::EndsWith("fitd.yaml:2"));
  EXPECT_THAT(settings[1].origin, testing::EndsWith("fitd.yaml:4"));
  EXPECT_EQ(settings[1].text, "true");
}

TEST(ConfigTest, FileThatIsNoMapOfScalarsIsRefused) {
  FITD_EXPECT_OK(ReadYaml(""));
  EXPECT_THAT(ReadYaml("- a\n"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":1:1")));
  EXPECT_THAT(ReadYaml("workers: [1]\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":1:1")));
  EXPECT_THAT(ReadYaml("a: b: c\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fitd.yaml:1:")));
  EXPECT_THAT(ReadConfigFile("/nowhere/fitd.yaml"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadConfigFile("/"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ConfigTest, EnvironmentHasAVariableForEveryField) {
  const std::map<std::string, std::string> variables = {{"FITD_WORKERS", "4"},
                                                        {"FITD_MAX_MEMORY_BYTES", "1"}};
  const std::vector<Setting> settings = ReadEnvironment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  ASSERT_EQ(settings.size(), 2u);
  EXPECT_EQ(settings[0].field, "workers");
  EXPECT_EQ(settings[1].origin, "FITD_MAX_MEMORY_BYTES");
}

TEST(ConfigTest, SampleFileIsRightAndHoldsTheDefaults) {
  FITD_ASSERT_OK_AND_ASSIGN(auto settings, ReadConfigFile(FITD_SOURCE_DIR "/deploy/fitd.yaml"));
  FITD_ASSERT_OK_AND_ASSIGN(v1::ServerConfig sample, ResolveConfig(settings));
  FITD_ASSERT_OK_AND_ASSIGN(v1::ServerConfig defaults, Resolve({}));
  sample.set_data_dir(defaults.data_dir());
  sample.set_tokens(defaults.tokens());
  EXPECT_EQ(sample.DebugString(), defaults.DebugString());
}

}  // namespace
}  // namespace fitd
