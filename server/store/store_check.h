// Reads everything that is stored and names what is broken or belongs to nothing.

#ifndef FITD_SERVER_STORE_STORE_CHECK_H_
#define FITD_SERVER_STORE_STORE_CHECK_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fitd/v1/server_service.pb.h"
#include "server/store/store.h"

namespace fitd {

// Works on a connection of its own and on files, in small steps; takes the store's lock only to ask
// whether what looks broken is still there. Single-thread.
class StoreCheck {
 public:
  // The store must outlive it.
  explicit StoreCheck(Store& store);
  ~StoreCheck();

  // Reads on, 64 MiB at most of a file that is hashed, and adds what it finds. False at the end.
  bool Step(std::deque<v1::StoreFinding>& findings);

  // So far.
  int64_t files() const { return files_; }
  int64_t bytes() const { return bytes_; }

 private:
  struct OpenFile;
  struct Suspect {
    std::string name;  // Of a blob.
    v1::StoreFault fault;
    std::string message;
  };

  void CheckDatabase();
  void CheckRows(Database& database);
  template <typename Message>
  void CheckMessages(Database& database, const char* sql);
  // Lists what is to be read, and suspects files that no row speaks of.
  void FindBlobs();
  void CheckBlob(const std::string& name);
  void HashOn();
  void CheckCheckpoints();
  void CheckContent(const std::string& name, const absl::StatusOr<std::string>& sha256);
  // Reports the suspects that are still there: meanwhile rows and their files come and go.
  void Confirm();
  void Add(const std::string& object, v1::StoreFault fault, const std::string& message);

  Store& store_;
  std::deque<std::function<void()>> steps_;
  std::unique_ptr<OpenFile> hashing_;
  std::vector<Suspect> suspects_;
  std::deque<v1::StoreFinding>* findings_ = nullptr;  // During a step.
  int64_t files_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_STORE_CHECK_H_
