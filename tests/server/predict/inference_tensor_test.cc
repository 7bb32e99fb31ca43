#include "server/predict/inference_tensor.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <typename T>
std::string Raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

InputTensor Input(const std::string& datatype) {
  InputTensor input;
  input.set_datatype(datatype);
  return input;
}

// The numbers of a tensor whose type is T.
template <typename T>
std::vector<T> Values(const v1::Tensor& tensor) {
  std::vector<T> values(tensor.data().size() / sizeof(T));
  std::memcpy(values.data(), tensor.data().data(), tensor.data().size());
  return values;
}

template <typename T>
void ExpectRaw(const std::string& datatype, const std::string& raw, v1::DataType dtype,
               const std::vector<T>& expected) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Tensor tensor, NumbersOf(Input(datatype), &raw));
  EXPECT_EQ(tensor.dtype(), dtype) << datatype;
  EXPECT_EQ(Values<T>(tensor), expected) << datatype;
}

TEST(InferenceTensorTest, RawNumbersOfEveryDatatypeAreRead) {
  ExpectRaw<uint8_t>("BOOL", Raw<uint8_t>({0, 1, 7}), v1::DATA_TYPE_UINT8, {0, 1, 1});
  ExpectRaw<uint8_t>("UINT8", Raw<uint8_t>({0, 255}), v1::DATA_TYPE_UINT8, {0, 255});
  ExpectRaw<int8_t>("INT8", Raw<int8_t>({-128, 127}), v1::DATA_TYPE_INT8, {-128, 127});
  ExpectRaw<uint16_t>("UINT16", Raw<uint16_t>({65535}), v1::DATA_TYPE_UINT16, {65535});
  ExpectRaw<int16_t>("INT16", Raw<int16_t>({-32768}), v1::DATA_TYPE_INT16, {-32768});
  ExpectRaw<double>("UINT32", Raw<uint32_t>({4294967295}), v1::DATA_TYPE_FLOAT64, {4294967295.0});
  ExpectRaw<int32_t>("INT32", Raw<int32_t>({-7}), v1::DATA_TYPE_INT32, {-7});
  ExpectRaw<double>("UINT64", Raw<uint64_t>({uint64_t{1} << 63}), v1::DATA_TYPE_FLOAT64, {0x1p63});
  ExpectRaw<int64_t>("INT64", Raw<int64_t>({int64_t{-1} << 40}), v1::DATA_TYPE_INT64,
                     {int64_t{-1} << 40});
  ExpectRaw<float>("FP32", Raw<float>({1.5f, -2}), v1::DATA_TYPE_FLOAT32, {1.5f, -2});
  ExpectRaw<double>("FP64", Raw<double>({0.1}), v1::DATA_TYPE_FLOAT64, {0.1});
  ExpectRaw<float>("BF16", Raw<uint16_t>({0x3fc0, 0xc000}), v1::DATA_TYPE_FLOAT32, {1.5f, -2});
}

TEST(InferenceTensorTest, HalvesAreExact) {
  // 1, -2, the largest, the smallest normal, the smallest, zero, infinity.
  const std::vector<uint16_t> halves = {0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0, 0x7c00};
  ExpectRaw<float>("FP16", Raw(halves), v1::DATA_TYPE_FLOAT32,
                   {1, -2, 65504, 0x1p-14f, 0x1p-24f, 0, std::numeric_limits<float>::infinity()});
  const std::string nan = Raw<uint16_t>({0x7e00});
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Tensor tensor, NumbersOf(Input("FP16"), &nan));
  EXPECT_TRUE(std::isnan(Values<float>(tensor)[0]));
}

TEST(InferenceTensorTest, TypedNumbersAreRead) {
  InputTensor input = Input("UINT16");
  input.mutable_contents()->add_uint_contents(65535);
  EXPECT_THAT(Values<uint16_t>(*NumbersOf(input, nullptr)), ElementsAre(65535));
  input = Input("FP32");
  input.mutable_contents()->add_fp32_contents(1.5f);
  EXPECT_THAT(Values<float>(*NumbersOf(input, nullptr)), ElementsAre(1.5f));
  input = Input("BOOL");
  input.mutable_contents()->add_bool_contents(true);
  input.mutable_contents()->add_bool_contents(false);
  EXPECT_THAT(Values<uint8_t>(*NumbersOf(input, nullptr)), ElementsAre(1, 0));
  input = Input("INT64");
  input.mutable_contents()->add_int64_contents(-5);
  EXPECT_THAT(Values<int64_t>(*NumbersOf(input, nullptr)), ElementsAre(-5));
}

TEST(InferenceTensorTest, TypedNumbersMustFitTheDatatype) {
  InputTensor input = Input("INT8");
  input.mutable_contents()->add_int_contents(-128);
  input.mutable_contents()->add_int_contents(300);
  EXPECT_THAT(NumbersOf(input, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("value 1 is 300; allowed: -128 to 127")));
  input = Input("FP16");
  input.mutable_contents();
  EXPECT_THAT(NumbersOf(input, nullptr), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(InferenceTensorTest, ContentsInTheWrongFieldAndNoneAreRefused) {
  InputTensor input = Input("FP32");
  EXPECT_THAT(NumbersOf(input, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unable to find data")));
  input.mutable_contents()->add_fp64_contents(1);
  EXPECT_THAT(NumbersOf(input, nullptr), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  HasSubstr("unexpected explicit tensor data")));
}

TEST(InferenceTensorTest, UnknownDatatypeIsToldTheKnown) {
  EXPECT_THAT(NumbersOf(Input("FP31"), nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("did you mean \"FP3")));
  EXPECT_THAT(NumbersOf(Input("BYTES"), nullptr), StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string raw = "12345";
  EXPECT_THAT(NumbersOf(Input("FP32"), &raw),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has 5 raw bytes")));
}

TEST(InferenceTensorTest, TextsAreReadTypedAndRaw) {
  InputTensor input = Input("BYTES");
  input.mutable_contents()->add_bytes_contents("a");
  input.mutable_contents()->add_bytes_contents("");
  EXPECT_THAT(*TextsOf(input, nullptr), ElementsAre("a", ""));
  std::string raw;
  AppendRawText("caf\xc3\xa9", raw);
  AppendRawText("", raw);
  EXPECT_THAT(*TextsOf(Input("BYTES"), &raw), ElementsAre("caf\xc3\xa9", ""));
  EXPECT_THAT(TextsOf(Input("FP32"), &raw), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(InferenceTensorTest, TextsThatEndTooEarlyAreRefused) {
  std::string whole;
  AppendRawText("abc", whole);
  for (size_t size = 1; size < whole.size(); ++size) {
    const std::string raw = whole.substr(0, size);
    EXPECT_THAT(TextsOf(Input("BYTES"), &raw), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  const std::string huge =
      "\xff\xff\xff\xff"
      "abc";
  EXPECT_THAT(TextsOf(Input("BYTES"), &huge),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4294967295")));
}

TEST(InferenceTensorTest, TypesHaveTheProtocolsNames) {
  EXPECT_EQ(DatatypeName(v1::DATA_TYPE_UINT8), "UINT8");
  EXPECT_EQ(DatatypeName(v1::DATA_TYPE_INT64), "INT64");
  EXPECT_EQ(DatatypeName(v1::DATA_TYPE_FLOAT32), "FP32");
  EXPECT_EQ(DatatypeName(v1::DATA_TYPE_FLOAT64), "FP64");
  for (int dtype = v1::DATA_TYPE_UINT8; dtype <= v1::DataType_MAX; ++dtype) {
    FITD_EXPECT_OK(FindDatatype(DatatypeName(static_cast<v1::DataType>(dtype))));
  }
}

TEST(InferenceTensorTest, ScoresAreRawFloats) {
  const std::vector<float> scores = {0.25f, -1};
  EXPECT_EQ(RawScores(scores), Raw(scores));
}

}  // namespace
}  // namespace fitd
