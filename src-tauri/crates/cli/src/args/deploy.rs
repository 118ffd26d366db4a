//! What a deploy and its plan may be told.

use clap::{Args as ClapArgs, ValueEnum};

const MODELS: &str = "\
Models (--model):
  practice                           built in: proves the set-up, answers nonsense
  host:PATH                          a GGUF file that is on the host already
  FILE                               a GGUF file of this computer, to be uploaded
  https://…                          a GGUF file that the host loads
  hf:OWNER/NAME[:FILE][@REVISION]    a model of the hub; its safetensors without FILE
  ollama:NAME                        a model by Ollama's name, for example ollama:qwen3:8b

An option under \"Engine\" that belongs to one engine chooses it.";

/// What `deploy` takes.
#[derive(Debug, ClapArgs)]
#[command(after_help = MODELS)]
pub(crate) struct DeployArgs {
    /// Say what would be done and why, and change nothing. The exit code is 5 or 6 when the host or
    /// the model stops it.
    #[arg(long = "plan")]
    pub(crate) only_plan: bool,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// What `host plan` takes, and `deploy` as well.
#[derive(Debug, PartialEq, Eq, ClapArgs)]
#[command(after_help = MODELS)]
pub(crate) struct PlanArgs {
    /// The host.
    pub(crate) name: String,
    /// What to serve, see below.
    #[arg(long, default_value = "practice", value_name = "MODEL")]
    pub(crate) model: String,
    /// The SHA-256, in hex, of what a web address gives: the model's, or that of --ollama-archive.
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// Tokens that one conversation may use; the plan decides by default.
    #[arg(long, value_name = "TOKENS")]
    pub(crate) context: Option<u32>,
    /// Answers at once.
    #[arg(long, value_name = "N")]
    pub(crate) parallel: Option<u32>,
    /// Layers that the graphics processor computes; the engine's choice by default.
    #[arg(long, value_name = "N")]
    pub(crate) gpu_layers: Option<u32>,
    /// Another directory on the host for all that Slipway keeps there; absolute.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<String>,
    /// Go on in spite of this finding; may be given several times.
    #[arg(long = "override", value_name = "CODE")]
    pub(crate) overrides: Vec<String>,
    /// Whether what the host lacks and cannot fetch may be brought from this computer; asked on a
    /// terminal by default.
    #[arg(long, value_name = "yes|no", hide_possible_values = true)]
    pub(crate) bring: Option<YesNo>,
    #[command(flatten, next_help_heading = "Engine")]
    pub(crate) engine: EngineArgs,
}

/// The engine and what only it understands.
#[derive(Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct EngineArgs {
    /// What serves the model; the plan decides by default.
    #[arg(long, value_name = "ENGINE")]
    pub(crate) engine: Option<EngineName>,
    /// llama.cpp: a llama-server that is on the host already, instead of the pinned build.
    #[arg(long, value_name = "PATH")]
    pub(crate) engine_binary: Option<String>,
    /// vllm, mlx: a version of its own; the newest that suits the host by default.
    #[arg(long, value_name = "VERSION")]
    pub(crate) engine_version: Option<String>,
    /// container: the image; the engine's own project's by default.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// container: docker or podman; the one that works by default.
    #[arg(long, value_name = "TOOL")]
    pub(crate) container_tool: Option<String>,
    /// container: what is in the image; vllm for safetensors, else llama.cpp, by default.
    #[arg(long, value_name = "ENGINE")]
    pub(crate) serves: Option<ContainerServes>,
    /// custom: program and arguments as a shell would read them, though no shell runs them.
    /// {model}, {label}, {host}, {port}, {context}, {parallel}, {key_file} and {socket} are put in.
    /// A program that is given {key_file} is asked with the deployment's key.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) command: Option<String>,
    /// custom: added to its environment; may be given several times.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) env: Vec<(String, String)>,
    /// custom: answers 200 when it is ready; /health by default.
    #[arg(long, value_name = "PATH")]
    pub(crate) health_path: Option<String>,
    /// ollama: the release to unpack when the host has none (.tgz or .tar.zst); needs --sha256.
    #[arg(long, value_name = "URL", requires = "sha256")]
    pub(crate) ollama_archive: Option<String>,
}

/// An engine's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    /// The plan decides.
    Auto,
    /// llama.cpp.
    #[value(name = "llama.cpp")]
    LlamaCpp,
    /// vLLM in an environment of its own.
    Vllm,
    /// MLX on Apple silicon.
    Mlx,
    /// The host's Ollama, or a release of it.
    Ollama,
    /// An image that Docker or Podman runs.
    Container,
    /// A program of your own that speaks the OpenAI API.
    Custom,
}

/// What an image may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContainerServes {
    /// llama.cpp's server.
    #[value(name = "llama.cpp")]
    LlamaCpp,
    /// vLLM's.
    Vllm,
}

/// An answer given beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it is not KEY=VALUE".to_owned()),
    }
}
