//! Logging in with what a person types: a password, a one-time code.

use russh::client::{AuthResult, KeyboardInteractiveAuthResponse as Interactive, Prompt};
use russh::{MethodKind, SendError};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use super::{Login, MAX_ANSWERS, MAX_REFUSALS, ask, printable};
use crate::deadline::Elapsed;
use crate::error::{Asked, Error};
use crate::options::Question;

/// A keyboard-interactive server that keeps asking beyond this is not going to stop.
const MAX_ROUNDS: usize = 10;

impl Login<'_> {
    pub(super) async fn interactive(&mut self) -> Result<bool, Error> {
        let mut keyboard = true;
        for attempt in 1..=MAX_ANSWERS {
            if self.refusals >= MAX_REFUSALS {
                break;
            }
            if keyboard && self.offers(MethodKind::KeyboardInteractive) {
                match self.keyboard_interactive(attempt).await? {
                    Some(true) => return Ok(true),
                    Some(false) => continue,
                    // It asked nothing: there is no device behind it.
                    None => keyboard = false,
                }
            }
            if !self.offers(MethodKind::Password) {
                break;
            }
            let password = self.ask_password(None, attempt).await?;
            let login = self
                .handle
                .authenticate_password(self.options.user.clone(), password.expose_secret());
            let result = self.deadline.run(login).await;
            if self.outcome(Some("password".to_owned()), result).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `None` when the server refused without having asked anything.
    async fn keyboard_interactive(&mut self, attempt: u32) -> Result<Option<bool>, Error> {
        let what = || Some("keyboard-interactive".to_owned());
        let mut asked = false;
        let user = self.options.user.clone();
        let start = self.handle.authenticate_keyboard_interactive_start(user, None);
        let mut result = self.deadline.run(start).await;
        for _ in 0..MAX_ROUNDS {
            match result {
                Ok(Ok(Interactive::InfoRequest { instructions, prompts, .. })) => {
                    let mut answers = Vec::new();
                    for Prompt { prompt, .. } in prompts {
                        asked = true;
                        let words = printable(&format!("{instructions} {prompt}"));
                        let secret = self.ask_password(Some(words), attempt).await?;
                        answers.push(secret.expose_secret().to_owned());
                    }
                    // A server may send a request without prompts; it wants an empty answer.
                    let respond = self.handle.authenticate_keyboard_interactive_respond(answers);
                    result = self.deadline.run(respond).await;
                }
                Ok(Ok(Interactive::Success)) => return Ok(Some(true)),
                Ok(Ok(Interactive::Failure { remaining_methods, partial_success })) => {
                    let failure = AuthResult::Failure { remaining_methods, partial_success };
                    self.outcome(what(), Ok(Ok::<_, SendError>(failure))).await?;
                    return Ok(asked.then_some(false));
                }
                Ok(Err(error)) => {
                    return self.outcome(what(), Ok(Err(error))).await.map(Some);
                }
                Err(Elapsed) => {
                    return self
                        .outcome(what(), Err::<Result<_, SendError>, _>(Elapsed))
                        .await
                        .map(Some);
                }
            }
        }
        self.tried.push("keyboard-interactive: the server keeps asking".to_owned());
        Ok(None)
    }

    async fn ask_password(
        &mut self,
        prompt: Option<String>,
        attempt: u32,
    ) -> Result<SecretString, Error> {
        let (answer, reply) = oneshot::channel();
        let question = Question::Password {
            user: self.options.user.clone(),
            host: self.options.host.clone(),
            prompt,
            attempt,
            answer,
        };
        ask(self.questions, question, reply, &mut self.ended, Asked::Password).await
    }
}
