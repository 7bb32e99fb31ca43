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

std::string WhereToLook(const CLI::App& fitctl) {
  std::string command = "fitctl";
  for (const CLI::App* app = &Chosen(fitctl); app->get_parent() != nullptr; app = app->get_parent())
    command.insert(6, " " + app->get_name());
  return fmt::format("See: {} --help\n", command);
}

// "--epocs=5" -> "--epocs".
std::string NameIn(const std::string& word) { return word.substr(0, word.find('=')); }

// The option that an unknown one most likely stands for, or "".
std::string NearestOption(const CLI::App& command, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  const std::string* nearest = client::NearestName(NameIn(word), known);
  return nearest == nullptr ? "" : *nearest;
}

// Without the list of all options, which is long and in the help.
std::string UnknownOption(const CLI::App& command, const std::string& word) {
  const std::string nearest = NearestOption(command, word);
  return fmt::format("unknown option {}{}", client::Quoted(word),
                     nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
}

// Words that no command took.
std::vector<std::string> UnexpectedWords(const CLI::App& fitctl) {
  std::vector<std::string> words = fitctl.remaining(/*recurse=*/true);
  std::erase(words, "--");  // What follows it is no option.
  return words;
}

// What is wrong with them.
std::vector<std::string> Describe(const std::vector<std::string>& words, const CLI::App& command) {
  if (!words.front().starts_with("-")) {
    const std::vector<std::string> known = CommandNames(command);
    return {known.empty() ? "unexpected argument " + client::Quoted(words.front())
                          : client::UnknownName("command", words.front(), known)};
  }
  std::vector<std::string> options;
  for (const std::string& word : words) {
    // Words behind an unknown option may be its values.
    if (word.starts_with("--") || options.empty()) options.push_back(UnknownOption(command, word));
  }
  return options;
}

// The line as it was meant: unknown options become what they are near to, or are left out with a
// value that nothing else took. Empty if that cannot be told.
std::vector<std::string> Meant(const std::vector<std::string>& args,
                               const std::vector<std::string>& words, const CLI::App& command) {
  std::vector<std::string> meant;
  for (size_t i = 0; i < args.size(); ++i) {
    const auto unknown = std::find(words.begin(), words.end(), args[i]);
    if (unknown == words.end() || !args[i].starts_with("--")) {
      meant.push_back(args[i]);
      continue;
    }
    const std::string nearest = NearestOption(command, args[i]);
    if (!nearest.empty()) {
      meant.push_back(nearest + args[i].substr(NameIn(args[i]).size()));
      continue;
    }
    if (i + 1 == args.size() || args[i + 1].starts_with("-")) continue;
    if (unknown + 1 == words.end() || *(unknown + 1) != args[i + 1]) return {};
    ++i;
  }
  return meant;
}

// `unknown_options`: what is wrong with the line beside `args`, which are what was meant.
int Run(const std::vector<std::string>& args, const Environment& environment,
        const std::vector<std::string>& unknown_options = {}) {
  Cli cli(environment);
  cli.unknown_options = unknown_options;
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
    std::vector<std::string> lines = unknown_options;
    if (!message.empty()) lines.push_back(message);
    environment.err << fmt::format("fitctl: {}\n{}", fmt::join(lines, "\nfitctl: "),
                                   WhereToLook(fitctl));
    return kExitUsage;
  };
  // Whatever else is wrong is told with unknown options, where the rest of the line is clear.
  const auto unexpected = [&](const std::vector<std::string>& words) {
    const std::vector<std::string> what = Describe(words, Chosen(fitctl));
    if (unknown_options.empty() && words.front().starts_with("--")) {
      const std::vector<std::string> meant = Meant(args, words, Chosen(fitctl));
      if (!meant.empty()) return Run(meant, environment, what);
    }
    return usage_error(fmt::format("{}", fmt::join(what, "\nfitctl: ")));
  };
  try {
    fitctl.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::Success& help) {
    if (!unknown_options.empty()) return usage_error("");
    fitctl.exit(help, environment.out, environment.err);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    if (const auto words = UnexpectedWords(fitctl); !words.empty()) return unexpected(words);
    const std::vector<std::string> commands = CommandNames(Chosen(fitctl));
    if (!commands.empty())
      return usage_error(fmt::format("expected a command: {}", fmt::join(commands, ", ")));
    return usage_error(error.what());
  }
  if (const auto words = UnexpectedWords(fitctl); !words.empty()) return unexpected(words);

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
  if (!unknown_options.empty()) environment.err << WhereToLook(fitctl);
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
