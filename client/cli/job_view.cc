#include "client/cli/job_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "client/cli/format.h"
#include "client/cli/progress_bar.h"
#include "client/names.h"

namespace fitd::cli {
namespace {

using client::DisplayWidth;
using client::Printable;
using client::Shortened;

}  // namespace

std::string ProgressLine(const v1::JobProgress& progress, const Terminal& terminal) {
  constexpr int kWidestBar = 24;
  constexpr int kNarrowestBar = 8;
  const std::string head = fmt::format("Epoch {}/{} ", progress.epoch(), progress.epochs());
  std::string tail = fmt::format(" {}/{}", progress.step(), progress.steps_per_epoch());
  if (!progress.metrics().empty()) tail += "  " + Printable(FormatMetrics(progress.metrics()));
  if (progress.rows_per_second() > 0) {
    tail += fmt::format("  {} rows/s", FormatCount(std::llround(progress.rows_per_second())));
  }
  if (progress.has_remaining())
    tail += fmt::format("  {} left", FormatSeconds(Seconds(progress.remaining())));

  // The last cell stays free: some terminals wrap as soon as it is written.
  const int room = terminal.width - 1 - static_cast<int>(DisplayWidth(head) + DisplayWidth(tail));
  if (room < kNarrowestBar) {
    return Shortened(head + tail.substr(1), static_cast<size_t>(std::max(terminal.width - 1, 0)));
  }
  const double share =
      progress.steps_per_epoch() == 0
          ? 0
          : static_cast<double>(progress.step()) / static_cast<double>(progress.steps_per_epoch());
  return head + ProgressBar(share, std::min(room, kWidestBar), terminal) + tail;
}

std::string PlaceText(int64_t position, const std::string& waiting_for,
                      const google::protobuf::Duration* estimated_wait) {
  std::string text = fmt::format("position {}", position);
  if (!waiting_for.empty()) text += ", for " + Printable(waiting_for);
  if (estimated_wait != nullptr) text += ", about " + FormatSeconds(Seconds(*estimated_wait));
  return text;
}

std::string JobView::Show(const v1::WatchJobResponse& message) {
  switch (message.kind_case()) {
    case v1::WatchJobResponse::kEvent: {
      const std::string line = Line(message.event());
      return line.empty() ? "" : Clear() + line + "\n";
    }
    case v1::WatchJobResponse::kProgress:
      return ShowProgress(message.progress());
    case v1::WatchJobResponse::KIND_NOT_SET:
      break;
  }
  return "";
}

std::string JobView::ShowProgress(const v1::JobProgress& progress) {
  const bool waits = progress.queue_position() > 0;
  if (!terminal_.interactive || (progress.epoch() == 0 && !waits)) return "";
  bar_shown_ = true;
  if (!waits) return kEraseLine + ProgressLine(progress, terminal_);
  const std::string place =
      PlaceText(progress.queue_position(), progress.waiting_for(),
                progress.has_estimated_wait() ? &progress.estimated_wait() : nullptr);
  return kEraseLine +
         Shortened("waiting: " + place, static_cast<size_t>(std::max(terminal_.width - 1, 0)));
}

std::string JobView::Clear() {
  if (!bar_shown_) return "";
  bar_shown_ = false;
  return kEraseLine;
}

std::string JobView::Line(const v1::JobEvent& event) {
  switch (event.kind_case()) {
    case v1::JobEvent::kStateChange: {
      const v1::StateChange& change = event.state_change();
      std::string line = "Job " + FormatState(change.state());
      if (!change.message().empty()) line += ": " + Printable(change.message());
      return line;
    }
    case v1::JobEvent::kEpochCompleted: {
      const v1::EpochCompleted& epoch = event.epoch_completed();
      std::string line = fmt::format("Epoch {}/{}  {}  {}", epoch.epoch(), epochs_,
                                     Printable(FormatMetrics(epoch.metrics())),
                                     FormatSeconds(Seconds(epoch.duration())));
      const double before = std::exchange(learning_rate_, epoch.learning_rate());
      if (before != 0 && before != learning_rate_)
        line += fmt::format("  learning rate {:.4g}", learning_rate_);
      return line;
    }
    case v1::JobEvent::kWarning:
      return "Warning: " + Printable(event.warning().message());
    case v1::JobEvent::kNotice:
      return "Notice: " + Printable(event.notice().message());
    case v1::JobEvent::KIND_NOT_SET:
      break;
  }
  return "";
}

}  // namespace fitd::cli
