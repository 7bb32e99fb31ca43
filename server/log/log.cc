#include "server/log/log.h"

#include <atomic>
#include <cmath>
#include <memory>

#include "fmt/format.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace fitd {
namespace {

std::atomic<bool> g_json{false};
thread_local const LogScope* t_scope = nullptr;

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Never destroyed: threads of libraries may log until the process is gone.
spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("fitd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

// A JSON string. Bytes from 0x80 pass only as part of what is escaped by \u, so that any input
// gives valid JSON.
std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string Value(const LogField& field, bool json) {
  if (const auto* number = std::get_if<int64_t>(&field.value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&field.value)) {
    return std::isfinite(*number) ? fmt::format("{:.6g}", *number) : "null";
  }
  const std::string& text = std::get<std::string>(field.value);
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyz0123456789"
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-:/@") == text.npos;
  return plain && !json ? text : JsonString(text);
}

void Append(const LogField& field, bool json, std::string& line) {
  line += json ? "," + JsonString(field.name) + ":" : " " + std::string(field.name) + "=";
  line += Value(field, json);
}

}  // namespace

LogScope::LogScope() : outer_(t_scope) { t_scope = this; }
LogScope::~LogScope() { t_scope = outer_; }

void ConfigureLog(std::string_view level, std::string_view format) {
  Logger().set_level(spdlog::level::from_str(std::string(level)));
  g_json = format == "json";
  Logger().set_pattern(g_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                              : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

std::string FormatLogLine(std::string_view event, std::initializer_list<LogField> fields,
                          bool json) {
  std::string line = json ? "\"event\":" + JsonString(event) : std::string(event);
  for (const LogField& field : fields) Append(field, json, line);
  if (t_scope != nullptr)
    for (const LogField& field : t_scope->Fields()) Append(field, json, line);
  return line;
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const auto spdlog_level = SpdlogLevel(level);
  if (!Logger().should_log(spdlog_level)) return;
  // As a value, not as a format string.
  Logger().log(spdlog_level, spdlog::string_view_t(FormatLogLine(event, fields, g_json)));
}

}  // namespace fitd
