//! Several models side by side: a head, and one conversation for each column.

use slipway_protocol::{
    CompareStart, Progress, Session, SessionKind, SessionRef, SessionView, Text,
};

use super::{blank_session, title_of};
use crate::fault::Fault;
use crate::program::Program;

/// The title of what has no question yet.
const UNTITLED: &str = "…";

impl Program {
    /// Makes a comparison with its columns.
    pub async fn compare_start(&self, start: CompareStart) -> Result<SessionView, Fault> {
        if !(2..=4).contains(&start.columns.len()) {
            return Err(Fault::invalid(
                Text::new("A comparison has 2 to 4 columns.", "В сравнении от 2 до 4 столбцов."),
                Text::new("Choose as many models.", "Выберите столько моделей."),
            ));
        }
        for column in &start.columns {
            self.store().hosts().get(&column.host_id).await?;
        }
        let mut head = blank_session(UNTITLED.to_owned());
        head.kind = SessionKind::Compare;
        self.store().sessions().insert(&head).await?;
        for (place, column) in (0..).zip(start.columns) {
            let mut session = blank_session(UNTITLED.to_owned());
            session.group_id = Some(head.id.clone());
            session.column = Some(place);
            session.host_id = Some(column.host_id);
            session.model = column.model;
            self.store().sessions().insert(&session).await?;
        }
        let view = self.view(&head.id).await?;
        self.changed(view.session.clone())?;
        Ok(view)
    }

    /// Names a comparison and a column of it after the first question.
    pub(super) async fn name_comparison(&self, column: &Session, text: &str) -> Result<(), Fault> {
        let sessions = self.store().sessions();
        for id in column.group_id.iter().chain([&column.id]) {
            if sessions.get(id).await?.title == UNTITLED && !text.trim().is_empty() {
                self.changed(sessions.set_title_by_model(id, &title_of(text)).await?)?;
            }
        }
        Ok(())
    }

    /// Makes a column a conversation of its own.
    pub async fn compare_take(&self, column: SessionRef) -> Result<Session, Fault> {
        let session = self.store().sessions().get(&column.session_id).await?;
        let Some(head) = session.group_id else {
            return Err(Fault::invalid(
                Text::new("This is no column of a comparison.", "Это не столбец сравнения."),
                Text::new("It is a chat of its own already.", "Это уже отдельный чат."),
            ));
        };
        let taken = self.store().sessions().release_column(&column.session_id).await?;
        self.tell(Progress::ThreadChanged(head));
        self.changed(taken)
    }
}
