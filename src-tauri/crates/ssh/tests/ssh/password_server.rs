//! A small SSH server that takes a password, which sshd would only do for an account of the system.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session, run_stream};
use russh::{Channel, MethodKind, MethodSet};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the server asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Password,
    KeyboardInteractive,
    /// A password, and then a code.
    Both,
}

pub struct PasswordServer {
    pub port: u16,
    pub tries: Arc<AtomicU32>,
    _serving: JoinSet<()>,
}

impl PasswordServer {
    pub async fn start(takes: Takes) -> Self {
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519);
        let methods: &[MethodKind] = match takes {
            Takes::Password | Takes::Both => &[MethodKind::Password],
            Takes::KeyboardInteractive => &[MethodKind::KeyboardInteractive],
        };
        let config = Arc::new(Config {
            keys: vec![key.unwrap()],
            methods: MethodSet::from(methods),
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
                let handler = Account { takes, tries: count.clone() };
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
    takes: Takes,
    tries: Arc<AtomicU32>,
}

/// A refusal after which the same method may be tried again.
fn again(method: MethodKind) -> Auth {
    let methods: &[MethodKind] = &[method];
    Auth::Reject { proceed_with_methods: Some(MethodSet::from(methods)), partial_success: false }
}

impl Handler for Account {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        if (user, password) != ("ada", "right") {
            return Ok(again(MethodKind::Password));
        }
        if self.takes == Takes::Both {
            let code: &[MethodKind] = &[MethodKind::KeyboardInteractive];
            return Ok(Auth::Reject {
                proceed_with_methods: Some(MethodSet::from(code)),
                partial_success: true,
            });
        }
        Ok(Auth::Accept)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[(Cow::Borrowed("Your code: "), false)]),
            });
        };
        self.tries.fetch_add(1, Ordering::Relaxed);
        let right = response.next().is_some_and(|answer| answer.as_ref() == b"123456");
        Ok(if right { Auth::Accept } else { again(MethodKind::KeyboardInteractive) })
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
