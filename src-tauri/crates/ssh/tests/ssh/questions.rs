//! Connects while somebody answers the questions.

use slipway_ssh::{ConnectOptions, Error, Question, Session, connect};
use tokio::sync::mpsc;

/// Connects; each question goes to `answer`.
pub async fn answering(
    options: &ConnectOptions,
    mut answer: impl FnMut(Question),
) -> Result<Session, Error> {
    let (sender, mut questions) = mpsc::channel(4);
    let connecting = connect(options, sender);
    tokio::pin!(connecting);
    loop {
        tokio::select! {
            result = &mut connecting => return result,
            Some(question) = questions.recv() => answer(question),
        }
    }
}

/// Connects where nothing is to be asked.
pub async fn unasked(options: &ConnectOptions) -> Result<Session, Error> {
    answering(options, |question| panic!("nothing should be asked: {question:?}")).await
}
