//! What may be sent.

use slipway_protocol::{ErrorCode, Sampling, Text};

use crate::fault::Fault;
use crate::settings::within;

/// Longest message in bytes: far above any context window, far below what hurts.
const LONGEST: usize = 4 * 1024 * 1024;

/// Refuses what no engine can answer, before anything is saved.
pub(super) fn check(text: &str, settings: &Sampling) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(
            ErrorCode::EmptyMessage,
            Text::new("The message is empty.", "Сообщение пустое."),
            Text::new("Write something first.", "Сначала напишите что-нибудь."),
            "empty message",
        ));
    }
    if text.len() > LONGEST {
        return Err(Fault::invalid(
            Text::new("The message has more than 4 MB.", "В сообщении больше 4 МБ."),
            Text::new("Send a smaller part of it.", "Отправьте меньшую часть."),
        ));
    }
    sampling(settings)
}

/// Refuses sampling values out of range.
pub(super) fn sampling(sampling: &Sampling) -> Result<(), Fault> {
    if let Some(temperature) = sampling.temperature {
        within("temperature", temperature, 0.0, 2.0)?;
    }
    if let Some(top_p) = sampling.top_p {
        within("top_p", top_p, 0.0, 1.0)?;
    }
    if let Some(top_k) = sampling.top_k {
        within("top_k", top_k, 0, 100_000)?;
    }
    if let Some(max_tokens) = sampling.max_tokens {
        within("max_tokens", max_tokens, 1, 1_048_576)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(text: &str, sampling: Sampling) -> Result<(), Fault> {
        check(text, &sampling)
    }

    #[test]
    fn empty_and_out_of_range_are_refused() {
        assert!(send("hi", Sampling::default()).is_ok());
        assert_eq!(send(" \n ", Sampling::default()).unwrap_err().code, ErrorCode::EmptyMessage);
        for temperature in [-0.1, 2.1, f64::NAN, f64::INFINITY] {
            let sampling = Sampling { temperature: Some(temperature), ..Sampling::default() };
            assert_eq!(send("hi", sampling).unwrap_err().code, ErrorCode::InvalidInput);
        }
        let sampling = Sampling { max_tokens: Some(0), ..Sampling::default() };
        assert!(send("hi", sampling).is_err());
        assert!(send(&"x".repeat(LONGEST + 1), Sampling::default()).is_err());
    }
}
