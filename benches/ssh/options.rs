//! The command line.

use std::io::Write;
use std::path::PathBuf;

use slipway_benches::Outcome;
use slipway_benches::upload::Amount;

const USAGE: &str = "\
bench-ssh [OPTIONS]
  --quick           small sizes and one round: whether it runs, not how fast
  --rounds N        rounds of each measurement on loopback (3); 40 ms gets half of them, at least 2
  --bulk MIB        bulk on loopback (512); 40 ms gets a quarter
  --upload MIB      size of the big file (200)
  --files N         number of small files, 4 KiB each (500)
  --only WORD       measurements with this word in their name only
  --no-delay        leave the line of 40 ms out
  --out FILE        where the figures go (target/bench/ssh.json)
";

/// What to measure, and how much of it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Rounds on loopback.
    pub rounds: usize,
    /// Bytes of one bulk transfer on loopback.
    pub bulk: u64,
    /// Round trips of one latency measurement on loopback.
    pub pings: usize,
    /// Events of one stream.
    pub events: u32,
    /// Connections one after the other on loopback.
    pub connections: usize,
    /// Bytes of the big file.
    pub upload: u64,
    /// Number of small files.
    pub files: usize,
    /// A word that a measurement's name must hold.
    pub only: Option<String>,
    /// Whether the line of 40 ms is measured.
    pub delay: bool,
    /// Where the figures go.
    pub out: PathBuf,
}

impl Options {
    /// Reads the arguments; none when only the usage was asked for.
    pub fn parse(arguments: &[String]) -> Outcome<Option<Self>> {
        let mut options = Self {
            rounds: 3,
            bulk: 512 << 20,
            pings: 3000,
            events: 600,
            connections: 1500,
            upload: 200 << 20,
            files: 500,
            only: None,
            delay: true,
            out: PathBuf::from("target/bench/ssh.json"),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--quick" => {
                    options.rounds = 1;
                    options.bulk = 64 << 20;
                    options.pings = 300;
                    options.events = 100;
                    options.connections = 200;
                    options.upload = 32 << 20;
                    options.files = 40;
                }
                "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
                "--bulk" => options.bulk = value()?.parse::<u64>()?.max(1) << 20,
                "--upload" => options.upload = value()?.parse::<u64>()?.max(1) << 20,
                "--files" => options.files = value()?.parse::<usize>()?.max(1),
                "--only" => options.only = Some(value()?.clone()),
                "--no-delay" => options.delay = false,
                "--out" => options.out = PathBuf::from(value()?),
                "--help" | "-h" => {
                    std::io::stdout().write_all(USAGE.as_bytes())?;
                    return Ok(None);
                }
                other => return Err(format!("{other} is not understood\n{USAGE}").into()),
            }
        }
        Ok(Some(options))
    }

    /// What of it is uploads.
    pub fn uploads(&self) -> Amount {
        Amount { rounds: self.rounds, big: self.upload, files: self.files }
    }

    /// Whether a measurement was asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|word| name.contains(word.as_str()))
    }
}
