//! Engines: the inference servers that a deployment may run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The engines that the host script knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// llama.cpp: the pinned build, or a `llama-server` of the host.
    LlamaCpp,
    /// vLLM in an environment of its own.
    Vllm,
    /// MLX on Apple silicon.
    Mlx,
    /// Ollama: the host's own service, or a release unpacked for this deployment.
    Ollama,
    /// An image that Docker or Podman runs.
    Container,
    /// Any program that speaks the OpenAI API.
    Custom,
}

/// The engine that a person chose; what is absent is decided by the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum EngineChoice {
    /// What suits the host and the model; the plan says what and why.
    #[default]
    Auto,
    /// llama.cpp.
    LlamaCpp {
        /// A `llama-server` on the host; the plan's choice when absent.
        binary: Option<String>,
    },
    /// vLLM.
    Vllm {
        /// A version of its own, for example `0.11.0`; the newest that the driver serves when absent.
        version: Option<String>,
    },
    /// MLX.
    Mlx {
        /// A version of its own; the newest when absent.
        version: Option<String>,
    },
    /// Ollama.
    Ollama {
        /// The release archive to unpack when the host has no Ollama.
        archive: Option<OllamaArchive>,
    },
    /// A container.
    Container(ContainerEngine),
    /// A program of the user's own.
    Custom(CustomEngine),
}

impl EngineChoice {
    /// Which engine it is; absent when the plan decides.
    #[must_use]
    pub fn kind(&self) -> Option<EngineKind> {
        match self {
            Self::Auto => None,
            Self::LlamaCpp { .. } => Some(EngineKind::LlamaCpp),
            Self::Vllm { .. } => Some(EngineKind::Vllm),
            Self::Mlx { .. } => Some(EngineKind::Mlx),
            Self::Ollama { .. } => Some(EngineKind::Ollama),
            Self::Container(_) => Some(EngineKind::Container),
            Self::Custom(_) => Some(EngineKind::Custom),
        }
    }
}

/// A release of Ollama.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OllamaArchive {
    /// The `.tgz` or `.tar.zst`, over http or https.
    pub url: String,
    /// Its SHA-256 in hex.
    pub sha256: String,
}

/// An engine in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContainerEngine {
    /// `docker` or `podman`; the one that works when absent.
    pub tool: Option<String>,
    /// What is in the image: `llama_cpp` or `vllm`.
    pub serves: EngineKind,
    /// The image; the engine's own project's when absent.
    pub image: Option<String>,
}

/// A program of the user's own. Placeholders in the words and values: `{model}` `{label}` `{host}`
/// `{port}` `{context}` `{parallel}` `{key_file}` `{socket}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CustomEngine {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Added to the environment.
    pub environment: BTreeMap<String, String>,
    /// Whether it asks for the deployment's key.
    pub key: bool,
    /// Answers 200 when it is ready; `/health` when absent.
    pub health_path: Option<String>,
}
