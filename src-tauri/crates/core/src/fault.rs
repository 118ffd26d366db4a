//! The one error of this crate: a code, both sentences, and the detail for the log. Codes are given
//! here and in [`crate::fault_text`] and nowhere else.

use slipway_protocol::{ErrorCode, ErrorFacts, ErrorInfo, Text};

/// What went wrong, before it crosses to a front end. Boxed, so that a result stays small.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {}", .0.message.en, .0.detail)]
pub struct Fault(Box<Parts>);

/// What a [`Fault`] holds.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The stable code.
    pub code: ErrorCode,
    /// What happened.
    pub message: Text,
    /// What to do.
    pub fix: Text,
    /// Facts for a table.
    pub facts: Option<ErrorFacts>,
    /// For the log only; never a secret.
    pub detail: String,
    /// Finds the detail in the log.
    pub detail_id: String,
}

/// Where a fault is shown that ended no task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noted {
    /// As the reason of a connection's state.
    Connection,
    /// As a broken link.
    Diagnosis,
}

impl std::ops::Deref for Fault {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<ErrorInfo> for Fault {
    fn from(info: ErrorInfo) -> Self {
        let ErrorInfo { code, message, fix, detail_id, facts } = info;
        Self(Box::new(Parts { code, message, fix, facts, detail: String::new(), detail_id }))
    }
}

impl Fault {
    /// A fault with its sentences.
    pub fn new(code: ErrorCode, message: Text, fix: Text, detail: impl Into<String>) -> Self {
        let (detail, detail_id) = (detail.into(), short_id());
        Self(Box::new(Parts { code, message, fix, facts: None, detail, detail_id }))
    }

    /// The user cancelled.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(
            ErrorCode::Cancelled,
            Text::new("Cancelled.", "Отменено."),
            Text::new("Start again when you like.", "Можно начать снова в любой момент."),
            "cancelled by the user",
        )
    }

    /// A defect of the program itself.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(
            ErrorCode::Internal,
            Text::new(
                "Something in Slipway itself failed.",
                "Произошла внутренняя ошибка Slipway.",
            ),
            Text::new(
                "Try again; if it stays, copy the details from Logs into a report.",
                "Повторите; если не поможет, приложите к отчёту подробности из раздела «Журнал».",
            ),
            detail,
        )
    }

    /// The same fault with another detail for the log.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: String) -> Self {
        self.0.detail = detail;
        self
    }

    /// The same fault with facts for a table.
    #[must_use]
    pub(crate) fn with_facts(mut self, facts: ErrorFacts) -> Self {
        self.0.facts = Some(facts);
        self
    }

    /// A value from the user is not acceptable.
    pub fn invalid(message: Text, fix: Text) -> Self {
        let detail = message.en.clone();
        Self::new(ErrorCode::InvalidInput, message, fix, detail)
    }

    /// Whether trying the same again may work without the user doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::ConnectionLost
                | ErrorCode::ConnectionRefused
                | ErrorCode::HostUnreachable
                | ErrorCode::HostNotFound
                | ErrorCode::SshProtocol
                | ErrorCode::NoNetwork
                | ErrorCode::ProxyFailed
                | ErrorCode::EngineNotHealthy
                | ErrorCode::EngineLoading
                | ErrorCode::EngineCrashed
                | ErrorCode::EngineError
                | ErrorCode::StreamBroken
                | ErrorCode::StreamTimeout
        )
    }

    /// What may cross to a front end.
    #[must_use]
    pub fn info(&self) -> ErrorInfo {
        ErrorInfo {
            code: self.code,
            message: self.message.clone(),
            fix: self.fix.clone(),
            detail_id: self.detail_id.clone(),
            facts: self.facts.clone(),
        }
    }

    /// What may cross, its detail written to the log under its id as a warning: for what is shown
    /// although no task ended by it.
    #[must_use]
    pub(crate) fn noted(&self, target: Noted) -> ErrorInfo {
        let Parts { message, detail_id, detail, .. } = &*self.0;
        match target {
            Noted::Connection => {
                tracing::warn!(target: "connect", "{} [{detail_id}: {detail}]", message.en);
            }
            Noted::Diagnosis => {
                tracing::info!(target: "diagnose", "{} [{detail_id}: {detail}]", message.en);
            }
        }
        self.info()
    }

    /// Writes the detail to the log under its id and returns what may cross.
    #[must_use]
    pub fn into_info(self) -> ErrorInfo {
        if self.code == ErrorCode::Cancelled {
            tracing::info!(target: "task", "cancelled");
        } else {
            let Parts { message, detail_id, detail, .. } = &*self;
            tracing::error!(target: "task", "{} [{detail_id}: {detail}]", message.en);
        }
        self.info()
    }
}

/// Eight characters that find a line in the log.
fn short_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id[..8].to_owned()
}
