#include "server/predict/inference_tensor.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "core/base/names.h"
#include "core/data/values.h"
#include "fmt/format.h"

namespace fitd {
namespace {

static_assert(std::endian::native == std::endian::little, "as on the wire");

constexpr std::array<Datatype, 14> kDatatypes = {{
    {"BOOL", inference::TYPE_BOOL, 1, v1::DATA_TYPE_UINT8},
    {"UINT8", inference::TYPE_UINT8, 1, v1::DATA_TYPE_UINT8},
    {"UINT16", inference::TYPE_UINT16, 2, v1::DATA_TYPE_UINT16},
    {"UINT32", inference::TYPE_UINT32, 4, v1::DATA_TYPE_FLOAT64},
    {"UINT64", inference::TYPE_UINT64, 8, v1::DATA_TYPE_FLOAT64},
    {"INT8", inference::TYPE_INT8, 1, v1::DATA_TYPE_INT8},
    {"INT16", inference::TYPE_INT16, 2, v1::DATA_TYPE_INT16},
    {"INT32", inference::TYPE_INT32, 4, v1::DATA_TYPE_INT32},
    {"INT64", inference::TYPE_INT64, 8, v1::DATA_TYPE_INT64},
    {"FP16", inference::TYPE_FP16, 2, v1::DATA_TYPE_FLOAT32},
    {"BF16", inference::TYPE_BF16, 2, v1::DATA_TYPE_FLOAT32},
    {"FP32", inference::TYPE_FP32, 4, v1::DATA_TYPE_FLOAT32},
    {"FP64", inference::TYPE_FP64, 8, v1::DATA_TYPE_FLOAT64},
    {kBytesDatatype, inference::TYPE_STRING, 0, v1::DATA_TYPE_UNSPECIFIED},
}};

float FromHalf(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const auto mantissa = static_cast<float>(half & 1023);
  float magnitude;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else {
    magnitude = std::ldexp(1024 + mantissa, exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

float FromBfloat(uint16_t upper_half) {
  return std::bit_cast<float>(static_cast<uint32_t>(upper_half) << 16);
}

// Appends convert(value) of each, as numbers of type To.
template <typename To, typename Values, typename Convert>
void Append(const Values& values, std::string& data, Convert convert) {
  const size_t begin = data.size();
  data.resize(begin + static_cast<size_t>(values.size()) * sizeof(To));
  char* to = data.data() + begin;
  for (const auto& value : values) {
    StoreValue(static_cast<To>(convert(value)), to);
    to += sizeof(To);
  }
}

template <typename From>
std::vector<From> Values(std::string_view raw) {
  std::vector<From> values(raw.size() / sizeof(From));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = LoadValue<From>(raw.data() + i * sizeof(From));
  }
  return values;
}

constexpr auto kAsIs = [](auto value) { return value; };

void ConvertRaw(const Datatype& type, const std::string& raw, std::string& data) {
  switch (type.config) {
    case inference::TYPE_BOOL:
      return Append<uint8_t>(Values<uint8_t>(raw), data, [](uint8_t value) { return value != 0; });
    case inference::TYPE_UINT32:
      return Append<double>(Values<uint32_t>(raw), data, kAsIs);
    case inference::TYPE_UINT64:
      return Append<double>(Values<uint64_t>(raw), data, kAsIs);
    case inference::TYPE_FP16:
      return Append<float>(Values<uint16_t>(raw), data, FromHalf);
    case inference::TYPE_BF16:
      return Append<float>(Values<uint16_t>(raw), data, FromBfloat);
    default:
      data = raw;
  }
}

// The typed field's values as To; an error for one that From, the datatype, cannot hold.
template <typename From, typename To = From, typename Field>
absl::Status AppendChecked(const Field& values, std::string& data) {
  for (int i = 0; i < values.size(); ++i) {
    if (values[i] == static_cast<From>(values[i])) continue;
    return InvalidArgument(fmt::format("value {} is {}; allowed: {} to {}", i, values[i],
                                       std::numeric_limits<From>::min(),
                                       std::numeric_limits<From>::max()));
  }
  Append<To>(values, data, kAsIs);
  return absl::OkStatus();
}

absl::Status AppendContents(const Datatype& type, const inference::InferTensorContents& contents,
                            std::string& data) {
  switch (type.config) {
    case inference::TYPE_BOOL:
      Append<uint8_t>(contents.bool_contents(), data, kAsIs);
      break;
    case inference::TYPE_UINT8:
      return AppendChecked<uint8_t>(contents.uint_contents(), data);
    case inference::TYPE_UINT16:
      return AppendChecked<uint16_t>(contents.uint_contents(), data);
    case inference::TYPE_UINT32:
      return AppendChecked<uint32_t, double>(contents.uint_contents(), data);
    case inference::TYPE_UINT64:
      Append<double>(contents.uint64_contents(), data, kAsIs);
      break;
    case inference::TYPE_INT8:
      return AppendChecked<int8_t>(contents.int_contents(), data);
    case inference::TYPE_INT16:
      return AppendChecked<int16_t>(contents.int_contents(), data);
    case inference::TYPE_INT32:
      return AppendChecked<int32_t>(contents.int_contents(), data);
    case inference::TYPE_INT64:
      Append<int64_t>(contents.int64_contents(), data, kAsIs);
      break;
    case inference::TYPE_FP32:
      Append<float>(contents.fp32_contents(), data, kAsIs);
      break;
    case inference::TYPE_FP64:
      Append<double>(contents.fp64_contents(), data, kAsIs);
      break;
    default:
      return InvalidArgument(fmt::format("{} has no typed contents; allowed: raw", type.name));
  }
  return absl::OkStatus();
}

// The number of values in fields other than the datatype's own.
int64_t StrayValues(const Datatype& type, const inference::InferTensorContents& contents) {
  const std::string_view name = type.name;
  const auto unless = [](bool own, int64_t values) { return own ? 0 : values; };
  return unless(name == "BOOL", contents.bool_contents_size()) +
         unless(name == "INT8" || name == "INT16" || name == "INT32",
                contents.int_contents_size()) +
         unless(name == "INT64", contents.int64_contents_size()) +
         unless(name == "UINT8" || name == "UINT16" || name == "UINT32",
                contents.uint_contents_size()) +
         unless(name == "UINT64", contents.uint64_contents_size()) +
         unless(name == "FP32", contents.fp32_contents_size()) +
         unless(name == "FP64", contents.fp64_contents_size()) +
         unless(name == kBytesDatatype, contents.bytes_contents_size());
}

absl::Status CheckContents(const Datatype& type, const InputTensor& input) {
  if (StrayValues(type, input.contents()) > 0) {
    return InvalidArgument(fmt::format(
        "unexpected explicit tensor data: the contents are not of the datatype {}", type.name));
  }
  if (input.contents().ByteSizeLong() == 0) {
    return InvalidArgument("unable to find data: neither contents nor raw_input_contents");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Datatype> FindDatatype(std::string_view name) {
  std::vector<std::string> known;
  for (const Datatype& type : kDatatypes) {
    if (type.name == name) return type;
    known.emplace_back(type.name);
  }
  return InvalidArgument(UnknownName("datatype", name, known));
}

std::string DatatypeName(v1::DataType dtype) {
  // "DATA_TYPE_UINT8"; the protocol has its own words for floats alone.
  if (dtype == v1::DATA_TYPE_FLOAT32) return "FP32";
  if (dtype == v1::DATA_TYPE_FLOAT64) return "FP64";
  return v1::DataType_Name(dtype).substr(sizeof "DATA_TYPE_" - 1);
}

absl::StatusOr<v1::Tensor> NumbersOf(const InputTensor& input, const std::string* raw) {
  FITD_ASSIGN_OR_RETURN(const Datatype type, FindDatatype(input.datatype()));
  if (type.bytes == 0) return InvalidArgument("is BYTES; allowed: numbers");
  v1::Tensor tensor;
  tensor.set_dtype(type.number);
  *tensor.mutable_shape() = input.shape();
  if (raw == nullptr) {
    FITD_RETURN_IF_ERROR(CheckContents(type, input));
    FITD_RETURN_IF_ERROR(AppendContents(type, input.contents(), *tensor.mutable_data()));
    return tensor;
  }
  if (static_cast<int64_t>(raw->size()) % type.bytes != 0) {
    return InvalidArgument(
        fmt::format("has {} raw bytes; allowed: a multiple of {}, the size of {}", raw->size(),
                    type.bytes, type.name));
  }
  ConvertRaw(type, *raw, *tensor.mutable_data());
  return tensor;
}

absl::StatusOr<std::vector<std::string_view>> TextsOf(const InputTensor& input,
                                                      const std::string* raw) {
  FITD_ASSIGN_OR_RETURN(const Datatype type, FindDatatype(input.datatype()));
  if (type.bytes != 0) return InvalidArgument(fmt::format("is {}; allowed: BYTES", type.name));
  std::vector<std::string_view> texts;
  if (raw == nullptr) {
    FITD_RETURN_IF_ERROR(CheckContents(type, input));
    texts.assign(input.contents().bytes_contents().begin(),
                 input.contents().bytes_contents().end());
    return texts;
  }
  std::string_view rest = *raw;
  while (!rest.empty()) {
    if (rest.size() < sizeof(uint32_t)) {
      return InvalidArgument(fmt::format("has {} raw bytes after value {}; expected its length",
                                         rest.size(), texts.size()));
    }
    const auto length = LoadValue<uint32_t>(rest.data());
    rest.remove_prefix(sizeof length);
    if (length > rest.size()) {
      return InvalidArgument(fmt::format("value {} has a length of {} bytes, where {} are left",
                                         texts.size(), length, rest.size()));
    }
    texts.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return texts;
}

std::string RawScores(std::span<const float> scores) {
  return {reinterpret_cast<const char*>(scores.data()), scores.size_bytes()};
}

void AppendRawText(std::string_view text, std::string& raw) {
  const auto length = static_cast<uint32_t>(text.size());
  const size_t begin = raw.size();
  raw.resize(begin + sizeof length);
  StoreValue(length, raw.data() + begin);
  raw.append(text);
}

}  // namespace fitd
