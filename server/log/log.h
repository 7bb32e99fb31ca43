// Structured log lines on stderr: an event and its fields, as JSON or as text. Values are escaped,
// so that nothing a client sends can forge a line. Thread-safe.

#ifndef FITD_SERVER_LOG_LOG_H_
#define FITD_SERVER_LOG_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fitd {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view name;  // Of our own choosing: letters and '_'.
  std::variant<std::string, int64_t, double> value;
};

// What the lines say besides that its thread logs while it lives: derive from it and put one on the
// stack. Of scopes within each other the innermost counts.
class LogScope {
 public:
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  // Asked for each line that is written.
  virtual std::vector<LogField> Fields() const = 0;

 protected:
  LogScope();
  virtual ~LogScope();

 private:
  const LogScope* const outer_;
};

// "trace" ... "error", and "json" or "text". Until it is called, lines of kInfo and above come as
// text.
void ConfigureLog(std::string_view level, std::string_view format);

// Log(LogLevel::kInfo, "job_finished", {{"job", "fit-1"}, {"steps", 40}}).
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// A line without its time and level, as Log writes it.
std::string FormatLogLine(std::string_view event, std::initializer_list<LogField> fields,
                          bool json);

}  // namespace fitd

#endif  // FITD_SERVER_LOG_LOG_H_
