// Every server stream: takes messages from a StreamSource as fast as the client reads them, one at
// a time.

#ifndef FITD_SERVER_RPC_WATCH_REACTOR_H_
#define FITD_SERVER_RPC_WATCH_REACTOR_H_

#include <functional>
#include <memory>
#include <utility>

#include "core/base/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "server/jobs/stream_source.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/thread_pool.h"

namespace fitd {

// Owns itself until OnDone. At most one write is under way, so memory is bounded however slow the
// client is.
template <typename Response>
class WatchReactor final : public grpc::ServerWriteReactor<Response>,
                           public std::enable_shared_from_this<WatchReactor<Response>> {
 public:
  using Source = std::unique_ptr<StreamSource<Response>>;
  // Makes the source; it calls `wake`, on any thread, when there may be more to send.
  using Open = std::function<absl::StatusOr<Source>(std::function<void()> wake)>;

  // What a handler returns.
  static grpc::ServerWriteReactor<Response>* Start(grpc::CallbackServerContext* context,
                                                   ThreadPool& pool, Open open) {
    const std::shared_ptr<WatchReactor> reactor(new WatchReactor(context, pool, std::move(open)));
    reactor->self_ = reactor;
    reactor->Wake();
    return reactor.get();
  }

  // What a handler returns that sends nothing but a status.
  static grpc::ServerWriteReactor<Response>* Refuse(const absl::Status& status) {
    class Refusal final : public grpc::ServerWriteReactor<Response> {
     public:
      void OnDone() override { delete this; }
    };
    auto* refusal = new Refusal;
    refusal->Finish(ToGrpcStatus(status));
    return refusal;
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (!ok) cancelled_ = true;
    }
    Wake();
  }

  void OnCancel() override {
    {
      MutexLock lock(mutex_);
      cancelled_ = true;
    }
    Wake();
  }

  void OnDone() override { self_.reset(); }

 private:
  WatchReactor(grpc::CallbackServerContext* context, ThreadPool& pool, Open open)
      : context_(context), pool_(pool), open_(std::move(open)) {}

  // Lets Pump look again: now on the pool, or when it is through with what it does.
  void Wake() {
    {
      MutexLock lock(mutex_);
      woken_ = true;
      if (pumping_ || finished_) return;
      pumping_ = true;
    }
    if (!pool_.Post([self = this->shared_from_this()] { self->Pump(); })) {
      End(Error(absl::StatusCode::kUnavailable, "the daemon is stopping"));
    }
  }

  // One thread at a time.
  void Pump() {
    const CallScope scope(*context_, MethodOf<Response>(), "");
    while (true) {
      {
        MutexLock lock(mutex_);
        if (!cancelled_ && (writing_ || !woken_)) {
          pumping_ = false;
          return;
        }
        woken_ = false;
      }
      if (!SendNext()) return;
    }
  }

  // False when the stream has ended.
  bool SendNext() {
    if (cancelled()) return End(absl::CancelledError());
    if (source_ == nullptr) {
      absl::StatusOr<Source> source = Guarded([this] {
        return open_([weak = this->weak_from_this()] {
          if (const auto self = weak.lock()) self->Wake();
        });
      });
      if (!source.ok()) return End(source.status());
      source_ = *std::move(source);
      open_ = nullptr;
    }
    response_.Clear();
    const absl::StatusOr<Streamed> next = Guarded([this] { return source_->Next(response_); });
    if (!next.ok()) return End(next.status());
    switch (*next) {
      case Streamed::kEnd:
        return End(absl::OkStatus());
      case Streamed::kNothingYet:
        return true;
      case Streamed::kMessage:
        break;
    }
    {
      MutexLock lock(mutex_);
      writing_ = true;
    }
    this->StartWrite(&response_);
    return true;
  }

  bool cancelled() {
    MutexLock lock(mutex_);
    return cancelled_;
  }

  // Called once, by Pump or in its stead; always false.
  bool End(const absl::Status& status) {
    {
      MutexLock lock(mutex_);
      finished_ = true;
    }
    source_.reset();
    open_ = nullptr;
    this->Finish(ToGrpcStatus(status));
    return false;
  }

  grpc::CallbackServerContext* const context_;
  ThreadPool& pool_;
  std::shared_ptr<WatchReactor> self_;  // Until OnDone.

  // Touched by Pump alone.
  Open open_;  // Until there is a source.
  Source source_;
  Response response_;

  Mutex mutex_;
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fitd

#endif  // FITD_SERVER_RPC_WATCH_REACTOR_H_
