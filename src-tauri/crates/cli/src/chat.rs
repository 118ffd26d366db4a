//! `slipway chat`: one question, one streamed answer.

use std::io::Read;
use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{
    AnswerStats, ChatSend, ChatSettings, ChunkPart, HostRef, Sampling, TaskBody, TaskResult,
};

use crate::connect;
use crate::hosts;
use crate::messages::Messages;
use crate::output::Output;

/// Sampling and form of the answer.
pub(crate) struct Options {
    pub(crate) no_stream: bool,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) temperature: Option<f64>,
    pub(crate) seed: Option<u32>,
}

pub(crate) async fn run(
    program: &Program,
    output: &Output,
    name: &str,
    text: String,
    options: Options,
) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, name).await?;
    let text = if text == "-" { read_input()? } else { text };
    let defaults = program.default_sampling();
    let send = ChatSend {
        session_id: None,
        host_id: host.id.clone(),
        model: None,
        text,
        attachments: Vec::new(),
        settings: ChatSettings {
            sampling: Sampling {
                temperature: options.temperature.or(defaults.temperature),
                max_tokens: options.max_tokens.or(defaults.max_tokens),
                seed: options.seed,
                ..Sampling::default()
            },
            ..ChatSettings::default()
        },
        replaces: None,
        stream: !options.no_stream,
    };
    Program::chat_check(&send)?;
    connect::until_ready(program, output, HostRef { host_id: host.id.clone() }).await?;
    let started = program.chat_send(send).await?;
    let mut messages = Messages::of(program, output, &started.request_id);
    loop {
        match messages.next().await.body {
            TaskBody::Chunk(chunk) if chunk.part == ChunkPart::Content => output.write(&chunk.text),
            TaskBody::Complete(TaskResult::Chat(result)) => {
                output.write("\n");
                figures(output, &result.stats);
                program.connect_stop(&HostRef { host_id: host.id });
                return Ok(ExitCode::SUCCESS);
            }
            TaskBody::Error(error) => {
                output.write("\n");
                return Err(error.into());
            }
            _ => {}
        }
    }
}

fn figures(output: &Output, stats: &AnswerStats) {
    output.note(&format!(
        "{} {}, {:.0} tok/s, {} {} ms",
        stats.completion_tokens.unwrap_or(0),
        output.pick("tokens", "токенов"),
        stats.tokens_per_second.unwrap_or(0.0),
        output.pick("first token", "первый токен"),
        stats.first_token_ms.unwrap_or(0),
    ));
}

fn read_input() -> Result<String, Fault> {
    let mut text = String::new();
    match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Fault::internal(format!("standard input: {error}"))),
    }
}
