#include "client/cli/predict_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <istream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cli/command.h"
#include "client/cli/flag_faults.h"
#include "client/cli/format.h"
#include "client/cli/source_flags.h"
#include "client/cli/table.h"
#include "client/csv.h"
#include "client/errors.h"
#include "client/gz_file.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/status_macros.h"
#include "client/tensor_file.h"

namespace fitd::cli {
namespace {

// Rows and bytes of one request: an answer comes back soon, and no limit of the daemon is near.
constexpr int kRowsPerRequest = 4096;
constexpr size_t kBytesPerRequest = size_t{4} << 20;

struct PredictFlags {
  std::string model;
  std::string file;
  std::string features;
  std::optional<std::string> top_k;
  SourceFlags source;
};

// The first faults of the rows of a file, and how many more there are. Single-thread.
class RowFaults {
 public:
  // What is wrong, with its place in the file. What all rows have in common comes with each request
  // and is told once.
  void Add(const std::string& what) {
    if (std::find(listed_.begin(), listed_.end(), what) != listed_.end()) return;
    if (listed_.size() < kListed) {
      listed_.push_back(what);
    } else {
      ++more_;
    }
  }
  void AddMore(int64_t more) { more_ += more; }

  bool empty() const { return listed_.empty() && more_ == 0; }
  // Whether there are more than are listed: whoever looks for them may stop.
  bool full() const { return more_ > 0; }

  // `all`: the file has been read to its end.
  std::vector<client::FieldViolation> Violations(const std::string& file, bool all) const {
    std::vector<client::FieldViolation> violations;
    for (const std::string& what : listed_) violations.push_back({"", what});
    if (more_ > 0) {
      violations.push_back(
          {"", fmt::format("{}: and {}{} more", file, all ? "" : "at least ", more_)});
    }
    return violations;
  }

 private:
  static constexpr size_t kListed = 20;
  std::vector<std::string> listed_;
  int64_t more_ = 0;
};

// Rows of a file, request by request.
class Requests {
 public:
  virtual ~Requests() = default;

  // Fills in the next request; false when there are no rows left, or none can be read. What is
  // wrong with the file itself goes to `faults`.
  virtual absl::StatusOr<bool> Next(v1::PredictRequest& request, RowFaults& faults) = 0;

  // Where the file holds a value of the newest request; `value` is -1 for a whole row, `row` for
  // all of it.
  virtual std::string Where(int row, int value) const = 0;
};

class TensorRequests final : public Requests {
 public:
  TensorRequests(std::string path, std::unique_ptr<client::TensorReader> reader)
      : path_(std::move(path)), reader_(std::move(reader)) {}

  absl::StatusOr<bool> Next(v1::PredictRequest& request, RowFaults& faults) override {
    first_row_ += rows_;
    absl::StatusOr<v1::Tensor> tensor = reader_->Next(kRowsPerRequest);
    if (absl::IsInvalidArgument(tensor.status())) {
      faults.Add(std::string(tensor.status().message()));
      return false;
    }
    FITD_RETURN_IF_ERROR(tensor.status());
    *request.mutable_tensor() = *std::move(tensor);
    rows_ = request.tensor().shape(0);
    return rows_ > 0;
  }

  std::string Where(int row, int value) const override {
    if (row < 0) return path_;
    return fmt::format("{}: row {}, value {}", path_, first_row_ + row + 1, value + 1);
  }

 private:
  const std::string path_;
  const std::unique_ptr<client::TensorReader> reader_;
  int64_t first_row_ = 0;  // Of the newest request.
  int64_t rows_ = 0;       // In it.
};

// Rows of a CSV file as named texts.
class CsvRequests final : public Requests {
 public:
  // `file` is null for the standard input, `input`.
  CsvRequests(std::unique_ptr<client::GzBuffer> file, std::istream& input, const std::string& path,
              const v1::CsvSpec& spec)
      : file_(std::move(file)),
        file_input_(file_.get()),
        path_(path),
        reader_(file_ == nullptr ? input : file_input_, path,
                spec.delimiter().empty() ? ',' : spec.delimiter()[0]),
        missing_(spec.missing_values().begin(), spec.missing_values().end()) {
    // As in CsvSpec: the same file means the same in an upload and in a prediction.
    if (missing_.empty()) missing_ = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"};
  }

  // Reads the names of the columns.
  absl::Status ReadHeader(const v1::CsvSpec& spec) {
    FITD_ASSIGN_OR_RETURN(const bool any, NextRow());
    if (!any) return absl::InvalidArgumentError(fmt::format("{}: no rows", path_));
    if (const absl::Status text = CheckIsText(row_[0]); !text.ok()) return text;
    const bool names = spec.has_header() ? spec.header() : !AreNumbers(row_);
    for (size_t i = 0; i < row_.size(); ++i) {
      const absl::string_view name = absl::StripAsciiWhitespace(row_[i]);
      columns_.push_back(names && !name.empty() ? std::string(name) : fmt::format("c{}", i));
    }
    row_pending_ = !names;
    for (const std::string& column : columns_) {
      if (!client::IsUtf8(column)) return absl::InvalidArgumentError(NotText(column));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(v1::PredictRequest& request, RowFaults& faults) override {
    v1::RowBatch& batch = *request.mutable_rows();
    batch.mutable_columns()->Add(columns_.begin(), columns_.end());
    lines_.clear();
    size_t bytes = 0;
    while (batch.rows_size() < kRowsPerRequest && bytes < kBytesPerRequest) {
      if (!std::exchange(row_pending_, false)) {
        const absl::StatusOr<bool> any = NextRow();
        if (!any.ok()) faults.Add(std::string(any.status().message()));
        if (!any.ok() || !*any) break;
      }
      lines_.push_back(reader_.line());
      v1::Row& row = *batch.add_rows();
      for (std::string& field : row_) {
        v1::Value& value = *row.add_values();
        bytes += field.size() + sizeof(v1::Value);
        if (!client::IsUtf8(field)) {
          faults.Add(NotText(field));
        } else if (!IsMissing(field)) {
          value.set_text(std::move(field));
        }
      }
    }
    return batch.rows_size() > 0;
  }

  std::string Where(int row, int value) const override {
    std::string where = path_;
    const auto index = static_cast<size_t>(row);
    if (row >= 0 && index < lines_.size()) where += fmt::format(":{}", lines_[index]);
    const auto column = static_cast<size_t>(value);
    if (value >= 0 && column < columns_.size()) {
      where += ": column " + client::Quoted(columns_[column]);
    }
    return where;
  }

 private:
  bool IsMissing(const std::string& field) const {
    return std::find(missing_.begin(), missing_.end(), field) != missing_.end();
  }

  // A first line of numbers is data; a field without a value says nothing.
  bool AreNumbers(const std::vector<std::string>& fields) const {
    bool any = false;
    for (const std::string& field : fields) {
      if (IsMissing(field)) continue;
      if (!client::IsNumber(field)) return false;
      any = true;
    }
    return any;
  }

  // Whether a file that begins so is text: one fault, not one per field.
  absl::Status CheckIsText(std::string_view begin) const {
    if (begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF") || begin.find('\0') < 2) {
      return absl::InvalidArgumentError(path_ + ": looks like UTF-16; save it as UTF-8");
    }
    return absl::OkStatus();
  }

  std::string NotText(const std::string& field) const {
    return fmt::format("{}:{}: {} is not UTF-8 text", path_, reader_.line(), client::Quoted(field));
  }

  // The end, too, behind what cannot be read.
  absl::StatusOr<bool> NextRow() {
    if (ended_) return false;
    absl::StatusOr<bool> any = reader_.Next(row_);
    if (file_ != nullptr && !file_->status().ok()) any = file_->status();
    ended_ = !any.ok() || !*any;
    return any;
  }

  const std::unique_ptr<client::GzBuffer> file_;
  std::istream file_input_;
  const std::string path_;
  client::CsvReader reader_;
  std::vector<std::string> missing_;
  std::vector<std::string> columns_;
  std::vector<std::string> row_;
  std::vector<int64_t> lines_;  // By row of the newest request.
  bool row_pending_ = false;    // row_ was read as a header and is data.
  bool ended_ = false;
};

absl::StatusOr<std::unique_ptr<Requests>> OpenRequests(Cli& cli, const std::string& path,
                                                       const v1::SourceSpec& source) {
  if (!source.has_csv()) {
    FITD_ASSIGN_OR_RETURN(std::unique_ptr<client::TensorReader> reader,
                          client::TensorReader::Open(path, source));
    return std::make_unique<TensorRequests>(path, std::move(reader));
  }
  std::unique_ptr<client::GzBuffer> file;
  if (path != "-") {
    FITD_ASSIGN_OR_RETURN(client::GzFile opened, client::GzFile::Open(path));
    file = std::make_unique<client::GzBuffer>(std::move(opened));
  }
  auto requests = std::make_unique<CsvRequests>(std::move(file), cli.env.in,
                                                path == "-" ? "stdin" : path, source.csv());
  FITD_RETURN_IF_ERROR(requests->ReadHeader(source.csv()));
  return requests;
}

// Null if there are faults.
std::unique_ptr<Requests> RequestsFrom(Cli& cli, const PredictFlags& flags, FlagFaults& faults) {
  faults.Exclude("--features", !flags.features.empty(), "ROWS", !flags.file.empty());
  if (flags.file.empty() && flags.features.empty())
    faults.Add("ROWS", "what is to be predicted? Give a table (ROWS.csv), or --features FILE");
  if (!CanRead(faults)) return nullptr;
  const std::string& path = flags.file.empty() ? flags.features : flags.file;
  SourceFlags source_flags = flags.source;
  if (path == "-" && source_flags.format.empty())
    source_flags.format = flags.file.empty() ? "npy" : "csv";
  const v1::SourceSpec source = SourceFrom(source_flags, path, faults);
  const bool can_read = CanRead(faults);
  CheckSourceFlags(source_flags, {&source, 1}, faults);
  if (!can_read) return nullptr;
  auto requests = OpenRequests(cli, path, source);
  faults.Add(flags.file.empty() ? "--features" : "ROWS", requests.status());
  return requests.ok() ? *std::move(requests) : nullptr;
}

// Sorts what the daemon says about the newest request: what is in the file is named by its place
// there.
void Sort(const std::vector<client::FieldViolation>& told, const Requests& requests,
          RowFaults& in_file, std::vector<client::FieldViolation>& others) {
  for (const client::FieldViolation& violation : told) {
    const char* const field = violation.field.c_str();
    const char* const what = violation.description.c_str();
    if (!violation.field.starts_with("rows") && !violation.field.starts_with("tensor")) {
      const bool known = std::any_of(others.begin(), others.end(), [&](const auto& other) {
        return other.field == violation.field;
      });
      if (!known) others.push_back(violation);  // Else it came with an earlier request.
      continue;
    }
    long long more = 0;
    if (std::sscanf(what, "and %lld more", &more) == 1 ||
        std::sscanf(what, "and at least %lld more", &more) == 1) {
      in_file.AddMore(more);
      continue;
    }
    int row = -1;
    int value = -1;
    std::sscanf(field, "rows.columns[%d]", &value);
    std::sscanf(field, "rows.rows[%d].values[%d]", &row, &value);
    std::sscanf(field, "tensor.data[%d, %d]", &row, &value);
    in_file.Add(fmt::format("{}: {}", requests.Where(row, value), what));
  }
}

std::string TopKText(const v1::TopK& top) {
  std::string text;
  for (const v1::ScoredLabel& label : top.labels()) {
    text += fmt::format("{}{} {:.4f}", text.empty() ? "" : "  ", label.label(), label.score());
  }
  return text;
}

// One row of the answers: the likeliest label and its score, or the outputs of a regression.
std::vector<std::string> RowCells(const v1::PredictResponse& response, int row, int64_t number) {
  std::vector<std::string> cells = {std::to_string(number)};
  const auto outputs = static_cast<int>(response.outputs());
  const auto begin = response.scores().begin() + static_cast<ptrdiff_t>(row) * outputs;
  if (response.labels().empty()) {
    for (int i = 0; i < outputs; ++i) cells.push_back(FormatNumber(begin[i]));
    return cells;
  }
  cells.push_back(response.labels(row));
  cells.push_back(FormatNumber(*std::max_element(begin, begin + outputs)));
  if (row < response.top_k_size()) cells.push_back(TopKText(response.top_k(row)));
  return cells;
}

std::vector<std::string> Header(const v1::PredictResponse& response) {
  if (!response.labels().empty()) {
    return response.top_k().empty()
               ? std::vector<std::string>{"row", "label", "score"}
               : std::vector<std::string>{"row", "label", "score", "likeliest"};
  }
  std::vector<std::string> header = {"row"};
  for (int64_t i = 0; i < response.outputs(); ++i) {
    header.push_back(response.outputs() == 1 ? "prediction" : fmt::format("output {}", i + 1));
  }
  return header;
}

// How many rows an answer is about, if its lists agree; a daemon is not trusted with our memory.
absl::StatusOr<int> RowsOf(const v1::PredictResponse& response) {
  const int64_t outputs = response.outputs();
  if (outputs > 0 && response.scores_size() % outputs == 0) {
    const int rows = static_cast<int>(response.scores_size() / outputs);
    if (response.labels().empty() || response.labels_size() == rows) return rows;
  }
  return absl::InternalError("the daemon's answer does not fit together");
}

// The answer about one row alone.
v1::PredictResponse OneRow(const v1::PredictResponse& response, int row) {
  v1::PredictResponse one;
  one.set_model(response.model());
  one.set_version(response.version());
  one.set_job_id(response.job_id());
  one.set_epoch(response.epoch());
  one.set_outputs(response.outputs());
  const auto outputs = static_cast<int>(response.outputs());
  for (int i = 0; i < outputs; ++i) one.add_scores(response.scores(row * outputs + i));
  if (!response.labels().empty()) one.add_labels(response.labels(row));
  if (row < response.top_k_size()) *one.add_top_k() = response.top_k(row);
  return one;
}

// The answers, printed once no row can be at fault any more. Single-thread.
class Answers {
 public:
  explicit Answers(Cli& cli) : cli_(cli) {
    if (cli.output == OutputFormat::kJsonl) lines_.reset(std::tmpfile());
  }

  absl::Status Add(const v1::PredictResponse& response) {
    FITD_ASSIGN_OR_RETURN(const int rows, RowsOf(response));
    if (cli_.output != OutputFormat::kJsonl) {
      if (all_.job_id().empty()) first_epoch_ = response.epoch();
      all_.MergeFrom(response);
      return absl::OkStatus();
    }
    for (int row = 0; row < rows; ++row) {
      const std::string line = ToJson(OneRow(response, row), /*pretty=*/false);
      if (lines_ == nullptr || std::fwrite(line.data(), 1, line.size(), lines_.get()) < line.size())
        return NotKept();
    }
    return absl::OkStatus();
  }

  absl::Status Print() {
    if (cli_.output == OutputFormat::kJsonl) return PrintLines();
    cli_.Print(all_, [&] {
      Table table(Header(all_));
      const auto rows =
          all_.outputs() == 0 ? 0 : static_cast<int>(all_.scores_size() / all_.outputs());
      for (int row = 0; row < rows; ++row) table.AddRow(RowCells(all_, row, row + 1));
      return EpochText() + table.ToString();
    });
    return absl::OkStatus();
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  static absl::Status NotKept() {
    return absl::ResourceExhaustedError("cannot keep the answers in a temporary file");
  }

  // Which epochs of a job answered; nothing when a version did.
  std::string EpochText() const {
    if (all_.job_id().empty()) return "";
    const std::string epochs = first_epoch_ == all_.epoch()
                                   ? fmt::format("epoch {}", all_.epoch())
                                   : fmt::format("epochs {} to {}", first_epoch_, all_.epoch());
    return client::Printable(fmt::format("{}, {} of job {}", all_.model(), epochs, all_.job_id())) +
           "\n\n";
  }

  absl::Status PrintLines() {
    if (lines_ == nullptr || std::fseek(lines_.get(), 0, SEEK_SET) != 0) return NotKept();
    std::array<char, 1 << 16> bytes;
    while (const size_t count = std::fread(bytes.data(), 1, bytes.size(), lines_.get()))
      cli_.env.out.write(bytes.data(), static_cast<std::streamsize>(count));
    return std::ferror(lines_.get()) == 0 ? absl::OkStatus() : NotKept();
  }

  Cli& cli_;
  v1::PredictResponse all_;
  int64_t first_epoch_ = 0;
  std::unique_ptr<std::FILE, Close> lines_;  // JSON lines; they may be more than fit in memory.
};

absl::Status Predict(Cli& cli, const PredictFlags& flags, FlagFaults& faults) {
  v1::PredictRequest asked;  // But for the rows.
  asked.set_model(flags.model);
  const std::unique_ptr<Requests> requests = RequestsFrom(cli, flags, faults);
  faults.SetField("--top-k", flags.top_k, "top_k", asked);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (requests == nullptr) return faults.With(client->Predict(asked).status(), "input");

  Answers answers(cli);
  RowFaults in_file;
  std::vector<client::FieldViolation> others;
  bool any = false;
  bool more = false;
  bool answered = false;
  // A stream ends with the first request that is at fault; a new one takes those behind it.
  do {
    v1::PredictRequest first = asked;
    FITD_ASSIGN_OR_RETURN(more, requests->Next(first, in_file));
    if (!more || in_file.full()) break;
    any = true;
    const auto ask = [&] {
      bool begun = false;
      return client->PredictStream(
          [&](v1::PredictRequest& request) -> absl::StatusOr<bool> {
            const bool is_first = !std::exchange(begun, true);
            request = is_first ? first : asked;
            if (is_first) return true;
            FITD_ASSIGN_OR_RETURN(more, requests->Next(request, in_file));
            return more;
          },
          [&](const v1::PredictResponse& response) {
            answered = true;
            const bool at_fault = !faults.empty() || !in_file.empty() || !others.empty();
            return at_fault ? absl::OkStatus() : answers.Add(response);
          });
    };
    absl::Status status = ask();
    // A job has finished no epoch since it was first asked for.
    std::string told_why;
    while (absl::IsUnavailable(status) && !answered) {
      const std::optional<absl::Duration> delay = client::RetryDelay(status);
      if (!delay) break;
      std::string why(status.message());
      if (why != told_why) cli.env.err << client::Printable("Waiting: " + why) << std::endl;
      told_why = std::move(why);
      absl::SleepFor(*delay);
      status = ask();
    }
    const std::vector<client::FieldViolation> told = client::FieldViolations(status);
    if (!status.ok() && (!absl::IsInvalidArgument(status) || told.empty()))
      return faults.With(status);
    Sort(told, *requests, in_file, others);
  } while (more);

  const std::string path = requests->Where(-1, -1);
  for (const auto& fault : in_file.Violations(path, !more)) others.push_back(fault);
  if (!faults.empty() || !others.empty())
    return faults.With(client::Faults(absl::StatusCode::kInvalidArgument, others));
  if (!any) return absl::InvalidArgumentError(fmt::format("{}: no rows to predict", path));
  return answers.Print();
}

}  // namespace

void AddPredictCommand(CLI::App& fitctl, Cli& cli) {
  auto [command, flags] = AddCommand<PredictFlags>(
      fitctl, cli, "predict", "Ask a trained version about new rows",
      "  fitctl predict iris flowers.csv\n"
      "  fitctl predict mnist@3 --features t10k-images-idx3-ubyte.gz --top-k 3\n"
      "  head -n 5 flowers.csv | fitctl predict iris - --output jsonl\n"
      "  fitctl predict job:fit-7 flowers.csv",
      Predict);
  AddArgument(*command, "MODEL", flags->model, "NAME, NAME@VERSION, NAME@ALIAS or job:ID")
      ->required();
  AddArgument(*command, "ROWS", flags->file,
              "A table (a .gz file is unzipped) with the columns of the training data; - for the "
              "standard input");
  command->add_option("--features", flags->features,
                      "Inputs as tensors: an IDX, NPY or raw file, perhaps gzipped");
  command->add_option("--top-k", flags->top_k, "Also show the k likeliest labels")
      ->type_name("INT");
  AddSourceFlags(*command, flags->source);
}

}  // namespace fitd::cli
