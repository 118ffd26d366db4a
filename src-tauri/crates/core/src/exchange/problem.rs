//! Why a file as a whole cannot be read.

/// What stops an import. What is wrong with one conversation only is a sentence beside the result
/// instead.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The file cannot be opened or read.
    Unreadable(std::io::Error),
    /// A directory, a pipe or a device.
    NotAFile,
    /// Neither JSON nor a zip archive.
    NotJson,
    /// JSON, but of none of the programs that are known.
    OtherShape,
    /// A later version of Slipway's own form.
    Newer(u64),
    /// An archive that cannot be unpacked.
    Archive(String),
    /// An archive without conversations.
    NothingInArchive,
    /// An archive that grows beyond all measure when it is unpacked.
    Bomb,
    /// Whoever wanted it does not want it any more.
    Stopped,
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Halt>()) {
            Some(Halt::Stopped) => Self::Stopped,
            Some(Halt::Bomb) => Self::Bomb,
            None => Self::Unreadable(error),
        }
    }
}

/// What a reader of ours ends a file with, carried through the readers around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Halt {
    /// The import was cancelled.
    #[error("stopped")]
    Stopped,
    /// The archive holds too much.
    #[error("too much in an archive")]
    Bomb,
}

impl From<Halt> for std::io::Error {
    fn from(halt: Halt) -> Self {
        Self::other(halt)
    }
}
