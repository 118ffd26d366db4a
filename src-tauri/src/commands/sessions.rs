//! Conversations.

use slipway_core::{Fault, Program};
use slipway_protocol::{
    Nothing, Session, SessionPin, SessionRead, SessionRef, SessionRename, SessionView,
};

use super::Answer;

pub(super) async fn session_list(program: Program, _: Nothing) -> Answer<Vec<Session>> {
    program.session_list().await.map_err(Fault::into_info)
}

pub(super) async fn session_get(program: Program, read: SessionRead) -> Answer<SessionView> {
    program.session_get(&read).await.map_err(Fault::into_info)
}

pub(super) async fn session_rename(program: Program, rename: SessionRename) -> Answer<Session> {
    program.session_rename(rename).await.map_err(Fault::into_info)
}

pub(super) async fn session_pin(program: Program, pin: SessionPin) -> Answer<Session> {
    program.session_pin(pin).await.map_err(Fault::into_info)
}

pub(super) async fn session_delete(program: Program, session: SessionRef) -> Answer<Nothing> {
    program.session_delete(&session).await.map_err(Fault::into_info)?;
    Ok(Nothing {})
}

pub(super) async fn session_restore(program: Program, session: SessionRef) -> Answer<Session> {
    program.session_restore(&session).await.map_err(Fault::into_info)
}
