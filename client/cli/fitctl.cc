#include "client/cli/fitctl.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

#include "client/cli/cli.h"
#include "client/cli/completion_command.h"
#include "client/cli/dataset_commands.h"
#include "client/cli/error_text.h"
#include "client/cli/evaluate_command.h"
#include "client/cli/exit_code.h"
#include "client/cli/fit_command.h"
#include "client/cli/job_commands.h"
#include "client/cli/model_commands.h"
#include "client/cli/predict_command.h"
#include "client/cli/search_commands.h"
#include "client/cli/server_commands.h"
#include "client/names.h"

namespace fitd::cli {
namespace {

// The commands, in the order of the help.
constexpr std::array kCommands = {
    AddServerCommands, AddModelCommands,   AddDatasetCommands, AddFitCommand,        AddJobCommands,
    AddSearchCommands, AddEvaluateCommand, AddPredictCommand,  AddCompletionCommand,
};

// The deepest command on the line so far.
const CLI::App& Chosen(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : Chosen(*chosen.front());
}

std::vector<std::string> CommandNames(const CLI::App& group) {
  std::vector<std::string> names;
  for (const CLI::App* command : group.get_subcommands(nullptr))
    names.push_back(command->get_name());
  return names;
}

// Without the list of all options, which is long and in the help.
std::string UnknownOption(const CLI::App& command, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  const std::string* nearest = client::NearestName(word, known);
  return fmt::format("unknown option {}{}", client::Quoted(word),
                     nearest == nullptr ? "" : fmt::format("; did you mean \"{}\"?", *nearest));
}

// What is wrong with words that no command took, or an empty text.
std::string UnexpectedWords(const CLI::App& fitctl) {
  std::vector<std::string> words = fitctl.remaining(/*recurse=*/true);
  std::erase(words, "--");  // What follows it is no option.
  if (words.empty()) return "";
  const CLI::App& command = Chosen(fitctl);
  std::vector<std::string> options;
  for (const std::string& word : words) {
    if (word.starts_with("--")) options.push_back(UnknownOption(command, word));
  }
  // Words behind an unknown option may be its values.
  if (words.front().starts_with("--")) return fmt::format("{}", fmt::join(options, "\nfitctl: "));
  if (words.front().starts_with("-")) return UnknownOption(command, words.front());
  const std::vector<std::string> known = CommandNames(command);
  return known.empty() ? "unexpected argument " + client::Quoted(words.front())
                       : client::UnknownName("command", words.front(), known);
}

int Run(const std::vector<std::string>& args, const Environment& environment) {
  Cli cli(environment);
  CLI::App fitctl("fitctl trains neural networks on a fitd daemon, and asks them.", "fitctl");
  fitctl.footer(
      "Examples:\n"
      "  fitctl dataset upload iris iris.csv --label species\n"
      "  fitctl model create iris --input 4 --layers \"dense:16:relu, dense:3:softmax\"\n"
      "  fitctl fit iris --data iris --validation-split 0.2 --loss sparse_categorical_crossentropy "
      "--optimizer adam "
      "--epochs 50 --metrics accuracy\n"
      "  fitctl evaluate iris --data iris --rows validation\n"
      "  fitctl predict iris iris.csv\n\n"
      "Exit status: 0 ok, 1 other error, 2 wrong usage or argument, 3 not found, 4 wrong state or "
      "exists,\n"
      "5 the job failed, 6 daemon unreachable, 7 data is damaged, 8 not allowed, 130 interrupted.");
  fitctl.require_subcommand(1);
  fitctl.fallthrough();   // Options of all commands may follow the command; subcommands inherit it.
  fitctl.allow_extras();  // So that the error can name what was meant.
  fitctl.get_formatter()->label("Excludes", "not with");
  fitctl.set_version_flag("--version", "fitctl " FITD_VERSION);
  fitctl.add_option("--address", cli.endpoint.address, "The daemon: HOST:PORT or unix:PATH")
      ->type_name("ADDRESS")
      ->default_str(environment.endpoint.address);
  fitctl
      .add_option("--tls-ca", cli.endpoint.tls_ca,
                  "Use TLS, and believe this PEM file, or \"system\", who the daemon is")
      ->type_name("FILE");
  fitctl.add_option("--token-file", cli.token_file, "File with the token to show")
      ->type_name("FILE");
  fitctl
      .add_option("--client-certificate", cli.endpoint.tls_certificate,
                  "Certificate to show the daemon")
      ->type_name("FILE");
  fitctl.add_option("--client-key", cli.endpoint.tls_key, "The certificate's private key")
      ->type_name("FILE");
  std::string output = "table";
  fitctl.add_option("--output", output, "table, json or jsonl (the protobuf JSON mapping)")
      ->default_str(output);
  for (const auto add : kCommands) add(fitctl, cli);

  for (const std::string& arg : args) {
    if (!client::IsUtf8(arg)) {
      environment.err << fmt::format("fitctl: {} is not UTF-8 text\n", client::Quoted(arg));
      return kExitUsage;
    }
  }
  if (args.size() >= 2 && args[0] == "complete" && args[1] == "--") {
    for (const std::string& word : Completions(fitctl, {args.begin() + 2, args.end()}))
      environment.out << word << '\n';
    return kExitOk;
  }

  const auto usage_error = [&](const std::string& message) {
    std::string command = "fitctl";
    for (const CLI::App* app = &Chosen(fitctl); app->get_parent() != nullptr;
         app = app->get_parent()) {
      command.insert(6, " " + app->get_name());
    }
    environment.err << fmt::format("fitctl: {}\nSee: {} --help\n", message, command);
    return kExitUsage;
  };
  try {
    fitctl.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::Success& help) {
    fitctl.exit(help, environment.out, environment.err);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    if (const std::string unexpected = UnexpectedWords(fitctl); !unexpected.empty())
      return usage_error(unexpected);
    const std::vector<std::string> commands = CommandNames(Chosen(fitctl));
    if (!commands.empty())
      return usage_error(fmt::format("expected a command: {}", fmt::join(commands, ", ")));
    return usage_error(error.what());
  }
  if (const std::string unexpected = UnexpectedWords(fitctl); !unexpected.empty())
    return usage_error(unexpected);

  const std::array<std::pair<std::string, OutputFormat>, 3> formats = {
      {{"table", OutputFormat::kTable},
       {"json", OutputFormat::kJson},
       {"jsonl", OutputFormat::kJsonl}}};
  const auto format = std::find_if(formats.begin(), formats.end(),
                                   [&](const auto& f) { return f.first == output; });
  if (format == formats.end()) {
    return usage_error(
        client::UnknownName("output", output, std::vector<std::string>{"table", "json", "jsonl"}));
  }
  cli.output = format->second;

  const absl::Status status = cli.selected();
  if (!status.ok()) environment.err << ErrorText(status, cli.endpoint.address);
  return ExitCode(status);
}

}  // namespace

int RunFitctl(const std::vector<std::string>& args, const Environment& environment) {
  const int status = Run(args, environment);
  environment.out.flush();
  if (status == kExitOk && !environment.out) {
    environment.err << "fitctl: the output could not be written whole\n";
    return kExitOther;
  }
  return status;
}

}  // namespace fitd::cli
