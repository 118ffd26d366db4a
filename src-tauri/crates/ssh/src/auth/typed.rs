//! Logging in with what a person types: a password, a one-time code.

use russh::client::{AuthResult, KeyboardInteractiveAuthResponse as Interactive, Prompt};
use russh::{MethodKind, SendError};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use super::{Login, MAX_ANSWERS, MAX_REFUSALS, ask, printable};
use crate::deadline::Elapsed;
use crate::error::{Asked, Error};
use crate::question::{InteractiveField, Question};

/// A keyboard-interactive server that keeps asking beyond this is not going to stop.
const MAX_ROUNDS: usize = 10;
/// Prompts in one request beyond which it makes no sense.
const MAX_FIELDS: usize = 20;

/// How one round of keyboard-interactive ended.
enum Round {
    Done,
    /// A step of several was accepted.
    Progress,
    Refused,
    /// Refused without having asked anything: there is no device behind it.
    Silent,
}

impl Login<'_> {
    /// Asks until the login is done (`true`), a step is accepted, or nothing is left to try.
    pub(super) async fn typed(&mut self) -> Result<bool, Error> {
        let mut keyboard = true;
        let before = self.progress;
        for attempt in 1..=MAX_ANSWERS {
            if self.refusals >= MAX_REFUSALS {
                break;
            }
            if keyboard && self.offers(MethodKind::KeyboardInteractive) {
                match self.keyboard_interactive(attempt).await? {
                    Round::Done => return Ok(true),
                    Round::Progress => return Ok(false),
                    Round::Refused => continue,
                    Round::Silent => keyboard = false,
                }
            }
            if !self.offers(MethodKind::Password) {
                break;
            }
            let password = self.ask_password(attempt).await?;
            let login = self
                .handle
                .authenticate_password(self.options.user.clone(), password.expose_secret());
            let result = self.deadline.run(login).await;
            if self.outcome(Some("password".to_owned()), result).await? {
                return Ok(true);
            }
            if self.progress > before {
                return Ok(false);
            }
        }
        Ok(false)
    }

    async fn keyboard_interactive(&mut self, attempt: u32) -> Result<Round, Error> {
        let what = || Some("keyboard-interactive".to_owned());
        let mut asked = false;
        let user = self.options.user.clone();
        let start = self.handle.authenticate_keyboard_interactive_start(user, None);
        let mut result = self.deadline.run(start).await;
        for _ in 0..MAX_ROUNDS {
            match result {
                Ok(Ok(Interactive::InfoRequest { name, instructions, prompts })) => {
                    if prompts.len() > MAX_FIELDS {
                        self.note("keyboard-interactive", "the server asks too much at once");
                        return Ok(Round::Silent);
                    }
                    asked |= !prompts.is_empty();
                    let answers = self.answers(&name, &instructions, &prompts, attempt).await?;
                    let respond = self.handle.authenticate_keyboard_interactive_respond(answers);
                    result = self.deadline.run(respond).await;
                }
                Ok(Ok(Interactive::Success)) => return Ok(Round::Done),
                Ok(Ok(Interactive::Failure { remaining_methods, partial_success })) => {
                    let failure = AuthResult::Failure { remaining_methods, partial_success };
                    self.outcome(what(), Ok(Ok::<_, SendError>(failure))).await?;
                    return Ok(match (partial_success, asked) {
                        (true, _) => Round::Progress,
                        (false, true) => Round::Refused,
                        (false, false) => Round::Silent,
                    });
                }
                Ok(Err(error)) => {
                    self.outcome(what(), Ok(Err(error))).await?;
                    return Ok(Round::Refused);
                }
                Err(Elapsed) => {
                    self.outcome(what(), Err::<Result<_, SendError>, _>(Elapsed)).await?;
                    return Ok(Round::Refused);
                }
            }
        }
        self.note("keyboard-interactive", "the server keeps asking");
        Ok(Round::Silent)
    }

    /// A server may send a request without prompts; it wants an empty answer.
    async fn answers(
        &mut self,
        title: &str,
        instructions: &str,
        prompts: &[Prompt],
        attempt: u32,
    ) -> Result<Vec<String>, Error> {
        match prompts {
            [] => Ok(Vec::new()),
            [only] if !only.echo && is_password(&only.prompt) => {
                let password = self.ask_password(attempt).await?;
                Ok(vec![password.expose_secret().to_owned()])
            }
            several => {
                let fields = several
                    .iter()
                    .map(|p| InteractiveField { label: printable(&p.prompt), echo: p.echo })
                    .collect();
                self.ask_fields(printable(title), printable(instructions), fields).await
            }
        }
    }

    async fn ask_fields(
        &mut self,
        title: String,
        instructions: String,
        fields: Vec<InteractiveField>,
    ) -> Result<Vec<String>, Error> {
        let wanted = fields.len();
        let (answer, reply) = oneshot::channel();
        let question = Question::Interactive {
            user: self.options.user.clone(),
            host: self.options.host.clone(),
            title,
            instructions,
            fields,
            answer,
        };
        let given: Vec<SecretString> =
            ask(self.questions, question, reply, &mut self.ended, Asked::Interactive).await?;
        if given.len() != wanted {
            return Err(Error::Cancelled(Asked::Interactive));
        }
        Ok(given.iter().map(|secret| secret.expose_secret().to_owned()).collect())
    }

    async fn ask_password(&mut self, attempt: u32) -> Result<SecretString, Error> {
        let (answer, reply) = oneshot::channel();
        let question = Question::Password {
            user: self.options.user.clone(),
            host: self.options.host.clone(),
            port: self.options.port,
            attempt,
            answer,
        };
        ask(self.questions, question, reply, &mut self.ended, Asked::Password).await
    }
}

/// Whether a lone prompt wants the login's password, as PAM asks for it: then a kept one will do.
fn is_password(prompt: &str) -> bool {
    let words = prompt.trim().trim_end_matches(':').trim_end().to_lowercase();
    ["password", "пароль"].contains(&words.as_str()) || words.ends_with("'s password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plain_password_prompt_is_one() {
        for prompt in ["Password: ", "password:", "ada@box's password:", "Пароль: "] {
            assert!(is_password(prompt), "{prompt}");
        }
        for prompt in ["One-time password (OATH): ", "New password: ", "Verification code: ", ""] {
            assert!(!is_password(prompt), "{prompt}");
        }
    }
}
