#include "server/jobs/job_state.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fitd {
namespace {

constexpr std::pair<v1::JobState, v1::JobState> kMoves[] = {
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_RUNNING},
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_PAUSED},
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_CANCELLING},  // When there may be a state to keep.
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_CANCELLED},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_PAUSING},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_PAUSED},  // It has the epochs that its search granted.
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_CANCELLING},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_QUEUED},  // The daemon ends or died.
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_SUCCEEDED},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_FAILED},
    {v1::JOB_STATE_PAUSING, v1::JOB_STATE_PAUSED},
    {v1::JOB_STATE_PAUSING, v1::JOB_STATE_RUNNING},  // Resumed before it acted.
    {v1::JOB_STATE_PAUSING, v1::JOB_STATE_CANCELLING},
    {v1::JOB_STATE_PAUSING, v1::JOB_STATE_SUCCEEDED},
    {v1::JOB_STATE_PAUSING, v1::JOB_STATE_FAILED},
    {v1::JOB_STATE_PAUSED, v1::JOB_STATE_QUEUED},
    {v1::JOB_STATE_PAUSED, v1::JOB_STATE_CANCELLING},
    {v1::JOB_STATE_PAUSED, v1::JOB_STATE_CANCELLED},
    {v1::JOB_STATE_CANCELLING, v1::JOB_STATE_CANCELLED},
    {v1::JOB_STATE_CANCELLING, v1::JOB_STATE_FAILED},
};

}  // namespace

bool IsFinal(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_CANCELLED ||
         state == v1::JOB_STATE_FAILED;
}

bool IsWithWorker(v1::JobState state) {
  return state == v1::JOB_STATE_RUNNING || state == v1::JOB_STATE_PAUSING ||
         state == v1::JOB_STATE_CANCELLING;
}

bool MayMove(v1::JobState from, v1::JobState to) {
  return std::find(std::begin(kMoves), std::end(kMoves), std::pair(from, to)) != std::end(kMoves);
}

}  // namespace fitd
