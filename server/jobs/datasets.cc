#include "server/jobs/datasets.h"

#include <algorithm>
#include <optional>
#include <string>

#include "core/base/utf8.h"
#include "core/base/violations.h"
#include "core/data/table.h"
#include "fmt/format.h"
#include "server/jobs/paging.h"
#include "server/jobs/request.h"
#include "server/log/log.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

std::string PreviewText(const Table& table, int column, int64_t row) {
  constexpr int64_t kMostElements = 8;
  constexpr size_t kMostBytes = 256;
  if (table.column(column).shape().empty()) return ClampUtf8(table.TextAt(column, row), kMostBytes);
  const int64_t elements = ElementsPerRow(table.column(column));
  std::string text;
  for (int64_t element = 0; element < std::min(elements, kMostElements); ++element) {
    if (element > 0) text += ", ";
    text += table.TextAt(column, row, element);
  }
  if (elements > kMostElements) text += ", ...";
  return text;
}

}  // namespace

absl::StatusOr<v1::GetDatasetResponse> Datasets::Get(const v1::GetDatasetRequest& request) {
  Violations violations;
  CheckId("name", request.name(), violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::GetDatasetResponse> {
        std::optional<v1::Dataset> dataset = transaction.datasets.Find(request.name());
        if (!dataset) return UnknownDataset(transaction, request.name());
        v1::GetDatasetResponse response;
        *response.mutable_dataset() = *std::move(dataset);
        return response;
      });
}

absl::StatusOr<v1::ListDatasetsResponse> Datasets::List(const v1::ListDatasetsRequest& request) {
  constexpr char kScope[] = "datasets";
  Violations violations;
  const Page page = ResolvePage(request.page_size(), request.page_token(), kScope, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::ListDatasetsResponse> {
        v1::ListDatasetsResponse response;
        PageRoom room(page);
        for (v1::Dataset& dataset : transaction.datasets.List(page.cursor, page.size + 1)) {
          if (!room.Take(dataset)) {
            response.set_next_page_token(
                MakePageToken(kScope, response.datasets().rbegin()->name()));
            break;
          }
          *response.add_datasets() = std::move(dataset);
        }
        return response;
      });
}

absl::StatusOr<v1::DeleteDatasetResponse> Datasets::Delete(
    const v1::DeleteDatasetRequest& request) {
  Violations violations;
  CheckId("name", request.name(), violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return OncePerRequestId(
      store_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::DeleteDatasetResponse> {
        const std::optional<v1::Dataset> dataset = transaction.datasets.Find(request.name());
        if (!dataset) return UnknownDataset(transaction, request.name());
        if (const auto job = transaction.jobs.ActiveJobOnDataset(request.name())) {
          return FailedPrecondition(
              fmt::format("data set {} is used by job {}; cancel it first", request.name(), *job));
        }
        if (const auto search = transaction.searches.ActiveOnDataset(request.name())) {
          return FailedPrecondition(fmt::format("data set {} is used by search {}; cancel it first",
                                                request.name(), *search));
        }
        transaction.datasets.Delete(request.name());
        if (!transaction.datasets.ContentIsUsed(dataset->sha256())) {
          transaction.RemoveFile(store_.directory().DatasetPath(dataset->sha256()));
        }
        Log(LogLevel::kInfo, "dataset_deleted", {{"dataset", request.name()}});
        return v1::DeleteDatasetResponse();
      });
}

absl::StatusOr<v1::PreviewDatasetResponse> Datasets::Preview(
    const v1::PreviewDatasetRequest& request) {
  constexpr int32_t kDefaultRows = 5;
  constexpr int32_t kMostRows = 100;
  constexpr size_t kMostBytes = size_t{1} << 20;
  v1::GetDatasetRequest get;
  get.set_name(request.name());
  absl::StatusOr<v1::GetDatasetResponse> known = Get(get);
  if (request.rows() < 0 || request.rows() > kMostRows) {
    Violations violations;
    violations.Add(known.status());
    violations.Add("rows", fmt::format("is {}; allowed: 1 to {}, or 0 for {}", request.rows(),
                                       kMostRows, kDefaultRows));
    return violations.ToStatus();
  }
  FITD_RETURN_IF_ERROR(known.status());
  FITD_ASSIGN_OR_RETURN(const auto table, tables_.Open(known->dataset().sha256()));
  v1::PreviewDatasetResponse response;
  *response.mutable_dataset() = std::move(*known->mutable_dataset());
  size_t bytes = 0;
  for (const v1::ColumnStatistics& statistics : table->header().statistics()) {
    bytes += statistics.ByteSizeLong();
    if (bytes > kMostBytes) break;
    *response.add_statistics() = statistics;
  }
  const int64_t rows =
      std::min<int64_t>(request.rows() == 0 ? kDefaultRows : request.rows(), table->rows());
  bytes = 0;
  for (int64_t row = 0; row < rows; ++row) {
    v1::PreviewRow preview;
    for (int column = 0; column < table->columns(); ++column)
      preview.add_values(PreviewText(*table, column, row));
    bytes += preview.ByteSizeLong();
    if (row > 0 && bytes > kMostBytes) break;
    *response.add_rows() = std::move(preview);
  }
  return response;
}

}  // namespace fitd
