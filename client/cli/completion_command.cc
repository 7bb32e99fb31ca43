#include "client/cli/completion_command.h"

#include <algorithm>
#include <array>
#include <utility>

#include "client/cli/command.h"
#include "client/names.h"

namespace fitd::cli {
namespace {

// Each script asks `fitctl complete` and falls back to file names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kScripts = {{
    {"bash", R"(_fitctl() {
  local IFS=$'\n'
  COMPREPLY=($(fitctl complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _fitctl fitctl
)"},
    {"zsh", R"(#compdef fitctl
_fitctl() {
  local -a words_found
  words_found=("${(@f)$(fitctl complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${words_found[1]}" ]]; then
    compadd -- "${words_found[@]}"
  else
    _files
  fi
}
compdef _fitctl fitctl
)"},
    {"fish",
     R"(complete -c fitctl -a '(fitctl complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
)"},
}};

struct ScriptFlags {
  std::string shell;
};

absl::Status Script(Cli& cli, const ScriptFlags& flags) {
  std::vector<std::string> known;
  for (const auto& [shell, script] : kScripts) {
    known.emplace_back(shell);
    if (shell != flags.shell) continue;
    cli.env.out << script;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(client::UnknownName("shell", flags.shell, known));
}

// The long and short names of an option with their dashes.
std::vector<std::string> OptionNames(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// The option that takes the word after `word`, or null.
const CLI::Option* OptionWithValue(const std::vector<const CLI::App*>& path,
                                   const std::string& word) {
  for (const CLI::App* app : path) {
    for (const CLI::Option* option : app->get_options()) {
      const auto names = OptionNames(*option);
      if (option->get_expected_min() > 0 &&
          std::find(names.begin(), names.end(), word) != names.end())
        return option;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> Completions(const CLI::App& fitctl,
                                     const std::vector<std::string>& words) {
  const std::string last = words.empty() ? "" : words.back();
  std::vector<const CLI::App*> path = {&fitctl};
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    for (const CLI::App* command : path.back()->get_subcommands(nullptr)) {
      if (command->get_name() != words[i]) continue;
      path.push_back(command);
      break;
    }
  }

  std::vector<std::string> candidates;
  const std::string before = words.size() < 2 ? "" : words[words.size() - 2];
  if (const CLI::Option* option = OptionWithValue(path, before)) {
    if (option->check_lname("output")) candidates = {"table", "json", "jsonl"};
  } else if (last.starts_with("-")) {
    for (const CLI::App* app : path) {
      for (const CLI::Option* option : app->get_options()) {
        for (std::string& name : OptionNames(*option)) candidates.push_back(std::move(name));
      }
    }
  } else {
    for (const CLI::App* command : path.back()->get_subcommands(nullptr))
      candidates.push_back(command->get_name());
    if (path.back()->get_name() == "completion") {
      for (const auto& [shell, script] : kScripts) candidates.emplace_back(shell);
    }
  }
  std::erase_if(candidates,
                [&](const std::string& candidate) { return !candidate.starts_with(last); });
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

void AddCompletionCommand(CLI::App& fitctl, Cli& cli) {
  auto [command, flags] = AddCommand<ScriptFlags>(
      fitctl, cli, "completion", "Print a script that completes commands in a shell",
      "  source <(fitctl completion bash)\n"
      "  fitctl completion zsh > ~/.zfunc/_fitctl\n"
      "  fitctl completion fish > ~/.config/fish/completions/fitctl.fish",
      Script);
  AddArgument(*command, "SHELL", flags->shell, "bash, zsh or fish")->required();
}

}  // namespace fitd::cli
