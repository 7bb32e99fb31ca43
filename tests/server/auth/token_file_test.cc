#include "server/auth/token_file.h"

#include <fstream>
#include <iterator>
#include <string>

#include "core/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::Not;

class TokenFileTest : public testing::Test {
 protected:
  std::string Content() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  absl::Status Read(const std::string& content) {
    std::ofstream(path_) << content;
    return ReadTokens(path_).status();
  }

  TempDir temp_;
  const std::string path_ = temp_.File("tokens");
  const absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
};

TEST_F(TokenFileTest, HoldsTheHashAndNotTheToken) {
  FITD_ASSERT_OK_AND_ASSIGN(const std::string token,
                            CreateToken(path_, "ci", Role::kTrainer, now_));
  EXPECT_THAT(token, testing::MatchesRegex("fitd_[0-9a-f]+"));
  EXPECT_EQ(token.size(), 5 + 64u);
  EXPECT_THAT(Content(), Not(HasSubstr(token.substr(5))));
  FITD_ASSERT_OK_AND_ASSIGN(const auto tokens, ReadTokens(path_));
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].name, "ci");
  EXPECT_EQ(tokens[0].role, Role::kTrainer);
  EXPECT_EQ(tokens[0].sha256, Sha256Hex(token));
  EXPECT_EQ(tokens[0].create_time, now_);
}

TEST_F(TokenFileTest, TokensDiffer) {
  FITD_ASSERT_OK_AND_ASSIGN(const std::string one, CreateToken(path_, "a", Role::kAdmin, now_));
  FITD_ASSERT_OK_AND_ASSIGN(const std::string other, CreateToken(path_, "b", Role::kAdmin, now_));
  EXPECT_NE(one, other);
}

TEST_F(TokenFileTest, NameIsTakenUntilItIsRevoked) {
  FITD_ASSERT_OK(CreateToken(path_, "ci", Role::kAdmin, now_));
  EXPECT_THAT(CreateToken(path_, "ci", Role::kAdmin, now_).status(),
              StatusIs(StatusCode::kAlreadyExists, HasSubstr("ci")));
  FITD_EXPECT_OK(RevokeToken(path_, "ci"));
  EXPECT_THAT(RevokeToken(path_, "ci"), StatusIs(StatusCode::kNotFound));
  FITD_EXPECT_OK(CreateToken(path_, "ci", Role::kAdmin, now_));
}

TEST_F(TokenFileTest, UnknownNameIsAnsweredWithTheNearest) {
  FITD_ASSERT_OK(CreateToken(path_, "grafana", Role::kPredictor, now_));
  EXPECT_THAT(RevokeToken(path_, "grafaan"),
              StatusIs(StatusCode::kNotFound, HasSubstr("did you mean \"grafana\"?")));
}

TEST_F(TokenFileTest, NameMustBeAnId) {
  for (const char* name : {"", "two words", "a\nb admin", "A"}) {
    EXPECT_THAT(CreateToken(path_, name, Role::kAdmin, now_).status(),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("allowed:")))
        << name;
  }
}

TEST_F(TokenFileTest, LineAtFaultIsNamed) {
  EXPECT_THAT(ReadTokens(path_).status(), StatusIs(StatusCode::kNotFound));
  const std::string hash(64, 'a');
  FITD_EXPECT_OK(Read("# comment\n\nci admin " + hash + " 2026-11-24T17:00:00Z\n"));
  EXPECT_THAT(Read("\nci admin\n"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("tokens:2: is not NAME ROLE")));
  EXPECT_THAT(Read("ci amdin " + hash + " 2026-11-24T17:00:00Z"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("did you mean \"admin\"?")));
  EXPECT_THAT(Read("ci anybody " + hash + " 2026-11-24T17:00:00Z"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("unknown role")));
  EXPECT_THAT(Read("ci admin fitd_secret 2026-11-24T17:00:00Z"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("tokens:1: the hash")));
  EXPECT_THAT(Read("ci admin " + hash + " yesterday"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("is not a time")));
}

}  // namespace
}  // namespace fitd
