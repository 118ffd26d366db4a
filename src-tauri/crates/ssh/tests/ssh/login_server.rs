//! A small SSH server whose logins sshd could offer only for accounts of the system: passwords,
//! prompts of its own, and chains of them.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use russh::keys::{Algorithm, PrivateKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, MethodKind, MethodSet};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// One step of a login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The password `right`.
    Password,
    /// Any key that signs.
    Key,
    /// By keyboard-interactive: the password in a round of its own, then a code and a PIN.
    Rounds,
    /// By keyboard-interactive: the lone code `123456`.
    Code,
}

impl Step {
    fn method(self) -> MethodKind {
        match self {
            Self::Password => MethodKind::Password,
            Self::Key => MethodKind::PublicKey,
            Self::Rounds | Self::Code => MethodKind::KeyboardInteractive,
        }
    }
}

pub struct LoginServer {
    pub port: u16,
    /// Secrets that were checked.
    pub tries: Arc<AtomicU32>,
    _serving: JoinSet<()>,
}

impl LoginServer {
    /// A server that wants all the steps, in order.
    pub async fn start(steps: &'static [Step]) -> Self {
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519);
        let first: &[MethodKind] = &[steps[0].method()];
        let config = Arc::new(Config {
            keys: vec![key.unwrap()],
            methods: MethodSet::from(first),
            auth_rejection_time: Duration::from_millis(10),
            ..Config::default()
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tries = Arc::new(AtomicU32::new(0));
        let count = tries.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let handler = Account { steps, tries: count.clone(), round: 0 };
                let config = config.clone();
                sessions.spawn(async move {
                    if let Ok(session) = run_stream(config, stream, handler).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { port, tries, _serving: serving }
    }
}

struct Account {
    /// Those that are left.
    steps: &'static [Step],
    tries: Arc<AtomicU32>,
    round: u32,
}

impl Account {
    fn wants(&self, step: Step) -> bool {
        self.steps.first() == Some(&step)
    }

    fn step(&mut self, right: bool) -> Auth {
        if right {
            self.steps = &self.steps[1..];
        }
        self.round = 0;
        match self.steps.first() {
            None => Auth::Accept,
            Some(next) => {
                let methods: &[MethodKind] = &[next.method()];
                Auth::Reject {
                    proceed_with_methods: Some(MethodSet::from(methods)),
                    partial_success: right,
                }
            }
        }
    }

    fn prompt(&self) -> Auth {
        let prompts: &'static [(Cow<'static, str>, bool)] = match (self.steps[0], self.round) {
            (Step::Rounds, 0) => &[(Cow::Borrowed("Password: "), false)],
            (Step::Rounds, _) => {
                &[(Cow::Borrowed("Your code: "), false), (Cow::Borrowed("Your PIN:\u{7} "), true)]
            }
            _ => &[(Cow::Borrowed("Your code: "), false)],
        };
        let asks_for_more = prompts.len() > 1;
        Auth::Partial {
            name: if asks_for_more { "Second factor".into() } else { "".into() },
            instructions: if asks_for_more { "Look at your phone.".into() } else { "".into() },
            prompts: Cow::Borrowed(prompts),
        }
    }
}

impl Handler for Account {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        let right = self.wants(Step::Password) && (user, password) == ("ada", "right");
        Ok(self.step(right))
    }

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let right = self.wants(Step::Key);
        Ok(self.step(right))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(response) = response else {
            return Ok(self.prompt());
        };
        self.tries.fetch_add(1, Ordering::Relaxed);
        let given: Vec<Vec<u8>> = response.map(|answer| answer.to_vec()).collect();
        let given: Vec<&[u8]> = given.iter().map(Vec::as_slice).collect();
        let right = match (self.steps.first(), self.round) {
            (Some(Step::Rounds), 0) if given == [b"right"] => {
                self.round = 1;
                return Ok(self.prompt());
            }
            (Some(Step::Rounds), 1) => given == [b"123456".as_slice(), b"42"],
            (Some(Step::Code), _) => given == [b"123456"],
            _ => false,
        };
        Ok(self.step(right))
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }
}
