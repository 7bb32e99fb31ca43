// How commands are declared. Heavy to include: it pulls in CLI11.

#ifndef FITD_CLIENT_CLI_COMMAND_H_
#define FITD_CLIENT_CLI_COMMAND_H_

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "client/cli/cli.h"
#include "client/cli/error_text.h"
#include "client/cli/flag_faults.h"

namespace fitd::cli {

// Adds a command to `parent`. Its options write into the `Flags`, with which `run` is called.
// `examples` holds one per line. `run` only says what is wrong if there are faults already.
template <typename Flags>
std::pair<CLI::App*, Flags*> AddCommand(
    CLI::App& parent, Cli& cli, const std::string& name, const std::string& description,
    const std::string& examples, std::function<absl::Status(Cli&, const Flags&, FlagFaults&)> run) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer("Examples:\n" + examples);
  // The callback owns the flags: they live as long as the App that writes to them.
  command->callback([&cli, command, flags, run = std::move(run)] {
    std::set<std::string> given;
    for (const CLI::Option* option : command->get_options()) {
      if (option->count() > 0) given.insert(OptionName(option->get_name()));
    }
    cli.selected = [&cli, flags, run, given = std::move(given)] {
      FlagFaults faults(given);
      for (const std::string& option : cli.unknown_options) faults.Add("", option);
      return run(cli, *flags, faults);
    };
  });
  return {command, flags.get()};
}

// Adds a command whose options are texts that the daemon judges.
template <typename Flags>
std::pair<CLI::App*, Flags*> AddCommand(CLI::App& parent, Cli& cli, const std::string& name,
                                        const std::string& description, const std::string& examples,
                                        absl::Status (*run)(Cli&, const Flags&)) {
  return AddCommand<Flags>(parent, cli, name, description, examples,
                           [run](Cli& with, const Flags& flags, FlagFaults& faults) {
                             return faults.empty() ? run(with, flags) : faults.ToStatus();
                           });
}

// Adds a command that only holds others.
inline CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description,
                          const std::string& examples) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  group->footer("Examples:\n" + examples);
  return group;
}

// Adds a word that is known by its place: NAME, MODEL.
template <typename Value>
CLI::Option* AddArgument(CLI::App& command, const std::string& name, Value& value,
                         const std::string& description) {
  return command.add_option(name, value, description)->type_name("");
}

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_COMMAND_H_
