//! Failures between this computer and an engine.

use slipway_llm::Error;
use slipway_protocol::{ErrorCode, Text};

use super::ssh::forwarding;
use crate::fault::Fault;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (code, message, fix) = sentences(&error);
        Self::new(code, message, fix, error.to_string())
    }
}

fn sentences(error: &Error) -> (ErrorCode, Text, Text) {
    match error {
        Error::ConnectionRefused
        | Error::ConnectTimeout
        | Error::ConnectFailed { .. }
        | Error::RequestTimeout => (
            ErrorCode::EngineError,
            Text::new(
                "The tunnel is up, but the engine does not answer.",
                "Туннель работает, но движок не отвечает.",
            ),
            Text::new(
                "Wait for its restart, or deploy again; its log tells why.",
                "Подождите перезапуска или разверните заново; причина в его журнале.",
            ),
        ),
        Error::FirstTokenTimeout => (
            ErrorCode::StreamTimeout,
            Text::new("No token came in time.", "Первый токен не пришёл вовремя."),
            Text::new(
                "Shorten the message, or allow a longer wait in Settings.",
                "Сократите сообщение или увеличьте ожидание в настройках.",
            ),
        ),
        Error::IdleTimeout => (
            ErrorCode::StreamTimeout,
            Text::new(
                "The engine fell silent in mid-answer; what came is kept.",
                "Движок замолчал посреди ответа; полученное сохранено.",
            ),
            Text::new("Try again.", "Повторите."),
        ),
        Error::ConnectionLost | Error::Cut { .. } => (
            ErrorCode::StreamBroken,
            Text::new(
                "The answer broke off: the engine or the tunnel went away. What came is kept.",
                "Ответ оборвался: пропал движок или туннель. Полученное сохранено.",
            ),
            Text::new(
                "Try again once the server is connected.",
                "Повторите, когда сервер подключится.",
            ),
        ),
        Error::Unauthorized => (
            ErrorCode::EngineUnauthorized,
            Text::new(
                "The engine refused Slipway's key: another program may answer on its port.",
                "Движок не принял ключ Slipway: возможно, на его порту другая программа.",
            ),
            Text::new("Deploy again.", "Разверните заново."),
        ),
        Error::Loading => (
            ErrorCode::EngineLoading,
            Text::new("The engine still loads its model.", "Движок ещё загружает модель."),
            Text::new("Wait a little and try again.", "Подождите немного и повторите."),
        ),
        Error::ContextExceeded { prompt_tokens, context } => (
            ErrorCode::ContextExceeded,
            Text::new(
                format!(
                    "The conversation has {prompt_tokens} tokens, the model's window holds \
                     {context}."
                ),
                format!("В беседе {prompt_tokens} токенов, а окно модели вмещает {context}."),
            ),
            Text::new(
                "Start a new chat, shorten the message, or deploy with a larger context.",
                "Начните новый чат, сократите сообщение или разверните с большим контекстом.",
            ),
        ),
        Error::BadRequest { message } => (
            ErrorCode::EngineError,
            Text::new(
                format!("The engine did not accept the request: {message}"),
                format!("Движок не принял запрос: {message}"),
            ),
            Text::new("Check the sampling settings.", "Проверьте параметры генерации."),
        ),
        Error::PrefillRefused => (
            ErrorCode::EngineError,
            Text::new(
                "This engine cannot go on with an answer that was begun.",
                "Этот движок не умеет продолжать начатый ответ.",
            ),
            Text::new(
                "Ask for the rest in a new message.",
                "Попросите продолжение новым сообщением.",
            ),
        ),
        Error::RateLimited { .. } => (
            ErrorCode::EngineError,
            Text::new("The engine is overloaded.", "Движок перегружен."),
            Text::new("Wait a little and try again.", "Подождите немного и повторите."),
        ),
        Error::BadResponse { .. } | Error::BadEvent { .. } | Error::NotFound => (
            ErrorCode::EngineError,
            Text::new(
                "What answers does not behave like an engine.",
                "Ответ не похож на ответ движка.",
            ),
            Text::new(
                "Another program may hold its port: deploy again.",
                "Возможно, его порт занят другой программой: разверните заново.",
            ),
        ),
        Error::Tunnel { code, message } => tunnel(code, message),
        Error::Engine { message, .. } => {
            if looks_out_of_memory(message) {
                out_of_memory()
            } else {
                (
                    ErrorCode::EngineError,
                    Text::new(
                        format!("The engine reported an error: {message}"),
                        format!("Движок сообщил об ошибке: {message}"),
                    ),
                    Text::new(
                        "Try again; if it stays, deploy again.",
                        "Повторите; если не поможет, разверните заново.",
                    ),
                )
            }
        }
        Error::InvalidEndpoint { reason } => {
            let fault = Fault::internal(reason.clone());
            (fault.code, fault.message.clone(), fault.fix.clone())
        }
    }
}

/// What llama.cpp, CUDA and the kernel say when memory is short.
/// The tunnel's own answers name the hop that failed.
fn tunnel(code: &str, message: &str) -> (ErrorCode, Text, Text) {
    let wait = || {
        Text::new(
            "Slipway reconnects by itself; try again then. Diagnose shows the broken link.",
            "Slipway переподключится сам; повторите после этого. Диагностика покажет, где обрыв.",
        )
    };
    match code {
        "tunnel_down" => (
            ErrorCode::ConnectionLost,
            Text::new(
                "The SSH connection to the server is down.",
                "SSH-соединение с сервером прервано.",
            ),
            wait(),
        ),
        "host_silent" => (
            ErrorCode::HostUnreachable,
            Text::new("The server does not answer.", "Сервер не отвечает."),
            wait(),
        ),
        "forwarding_forbidden" => forwarding(),
        "engine_down" => (
            ErrorCode::EngineError,
            Text::new(
                "The tunnel is up, but the engine does not run.",
                "Туннель работает, но движок не запущен.",
            ),
            Text::new(
                "Slipway restarts it; its log tells why it ended.",
                "Slipway перезапустит его; причина — в его журнале.",
            ),
        ),
        _ => (
            ErrorCode::ConnectionLost,
            Text::new(
                format!("The server did not take the stream: {message}"),
                format!("Сервер не принял поток: {message}"),
            ),
            wait(),
        ),
    }
}

pub(super) fn looks_out_of_memory(text: &str) -> bool {
    let text = text.to_lowercase();
    ["out of memory", "failed to allocate", "cannot allocate memory"]
        .iter()
        .any(|sign| text.contains(sign))
        // As a word of its own: not in "room" or "zoom".
        || text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "oom")
}

/// The engine has too little memory.
pub(super) fn out_of_memory() -> (ErrorCode, Text, Text) {
    (
        ErrorCode::EngineOutOfMemory,
        Text::new("The engine ran out of memory.", "Движку не хватило памяти."),
        Text::new(
            "Deploy a smaller model or a smaller context.",
            "Разверните модель поменьше или с меньшим контекстом.",
        ),
    )
}
