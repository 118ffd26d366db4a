//! Chat completions over HTTP: the engine's API, SSE streams, health.
//!
//! A [`Client`] speaks to one [`Endpoint`]: llama.cpp's server, or anything that answers the same
//! OpenAI-compatible requests in its own [`Dialect`]. [`Client::stream`] gives an answer as it is written,
//! [`Client::complete`] gives it whole, [`Client::count`] counts its prompt; [`Client::health`], [`Client::models`], [`Client::props`]
//! and [`Client::slots`] say what the server is and does.
//!
//! Every wait ends: see [`Timeouts`]. Dropping a [`ChatStream`], or the future of any call, closes
//! the connection at once, which is how the engine learns to stop.

mod answer;
mod body;
mod client;
mod count;
mod dialect;
mod echo;
mod endpoint;
mod error;
mod json;
mod load;
mod models;
mod ollama;
mod request;
mod response;
mod server;
mod sse;
mod stream;
mod think;

pub use answer::{Answer, FinishReason, Timings, Usage};
pub use client::Client;
pub use dialect::{Dialect, unsupported};
pub use endpoint::{Endpoint, Timeouts};
pub use error::{Error, Result};
pub use load::Load;
pub use models::Model;
pub use request::{ChatMessage, ChatRequest, Content, Part, Role};
pub use server::{Health, Props, Slot};
pub use stream::{ChatEvent, ChatStream};
