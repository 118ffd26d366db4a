//! What OpenSSH's configuration says, read by OpenSSH and by the parser.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_ssh::config::{Config, ConnectDefaults, Destination, IdentityAgent};
use slipway_ssh::{ConnectOptions, Error, ProxyKind, Route};
use tempfile::TempDir;

use crate::questions::unasked;
use crate::sshd::Sshd;

fn defaults(dir: &Path) -> ConnectDefaults {
    ConnectDefaults {
        known_hosts: dir.join("own_known_hosts"),
        keepalive_interval: Duration::from_secs(3),
        keepalive_max: 3,
        connect_timeout: Duration::from_secs(5),
    }
}

fn written(text: &str) -> (TempDir, Config) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    fs::write(&file, text.replace("DIR", dir.path().to_str().unwrap())).unwrap();
    (dir, Config::with_file(file))
}

/// The same file where OpenSSH is not installed.
fn parsed(config: &Config) -> Config {
    config.clone().with_program("no-such-ssh")
}

fn to(text: &str) -> Destination {
    Destination::parse(text).unwrap()
}

fn detail(error: Error) -> String {
    match error {
        Error::ConfigUnusable { detail } => detail,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn openssh_and_the_parser_agree() {
    let (dir, config) = written(
        "Include DIR/more\n\
         Host gpu *.lab\n  HostName %h.example\n  Port=2200\n\tUser\tml\n  IdentityFile ~/.ssh/k_%r\n\
         \x20 IdentityFile DIR/second\n  IdentitiesOnly yes\n  CertificateFile DIR/c-%n.pub\n\
         \x20 IdentityAgent DIR/agent.sock\n  ProxyJump gate,me@inner:23\n  HostKeyAlias alias\n\
         \x20 UserKnownHostsFile DIR/kh\n  ServerAliveInterval 2\n  ConnectTimeout 4\n\
         Host *\n  User everyone\n  Port 99\n",
    );
    fs::write(dir.path().join("more"), "Host gpu\n  Compression no\n  IdentityFile /from/more\n")
        .unwrap();
    let at = |name: &str| dir.path().join(name);
    let home = std::env::home_dir().unwrap();
    for config in [config.clone(), parsed(&config)] {
        let found = config.lookup(&to("gpu")).await.unwrap();
        assert_eq!(found.hostname, "gpu.example");
        assert_eq!((found.user.as_deref(), found.port), (Some("ml"), 2200));
        let files = ["/from/more".into(), home.join(".ssh/k_ml"), at("second")];
        assert_eq!(found.identity_files, files);
        assert!(found.identities_only);
        assert_eq!(found.certificate_files, [at("c-gpu.pub")]);
        assert_eq!(found.agent, IdentityAgent::Socket(at("agent.sock")));
        assert_eq!(found.proxy_jump, [to("gate"), to("me@inner:23")]);
        assert_eq!(found.host_key_alias.as_deref(), Some("alias"));
        assert_eq!(found.known_hosts.unwrap().first(), Some(&at("kh")));
        assert_eq!(found.keepalive_interval, Some(Duration::from_secs(2)));
        assert_eq!(found.connect_timeout, Some(Duration::from_secs(4)));
        // What was typed goes before what is configured.
        let typed = config.lookup(&to("you@gpu:24")).await.unwrap();
        assert_eq!((typed.user.as_deref(), typed.port), (Some("you"), 24));
        let other = config.lookup(&to("other")).await.unwrap();
        assert_eq!((other.user.as_deref(), other.port), (Some("everyone"), 99));
        assert!(other.identity_files.is_empty() && other.proxy_jump.is_empty());
    }
}

#[tokio::test]
async fn an_alias_with_include_and_match_connects() {
    let sshd = Sshd::start();
    let at = sshd.dir.path().display();
    let included = format!("Host gpu\n  HostName 127.0.0.1\n  UserKnownHostsFile {at}/kh\n");
    fs::write(sshd.path("included"), included).unwrap();
    fs::write(sshd.path("kh"), format!("alias {}", key(&sshd))).unwrap();
    let text = format!(
        "Include {at}/incl*\nMatch originalhost gpu user {user} exec \"true\"\n  Port {port}\n  \
         IdentityFile {at}/%n_%r\n  IdentityAgent none\n  HostKeyAlias alias\n",
        user = sshd.user,
        port = sshd.port,
    );
    fs::write(sshd.path("config"), text).unwrap();
    fs::rename(sshd.identity(), sshd.path(&format!("gpu_{}", sshd.user))).unwrap();
    let config = Config::with_file(sshd.path("config"));
    // The Match applies only to the user who is typed.
    let typed = to(&format!("{}@gpu", sshd.user));
    let options = config.resolve(&typed, &defaults(sshd.dir.path())).await.unwrap();
    assert_eq!((options.host.as_str(), options.port), ("127.0.0.1", sshd.port));
    unasked(&options).await.unwrap();
    assert_eq!(config.aliases().await, ["gpu"]);
    // Without OpenSSH it is said that Match is not understood, instead of connecting elsewhere.
    let error = parsed(&config).lookup(&typed).await.unwrap_err();
    assert!(detail(error).contains("Match"));
}

fn key(sshd: &Sshd) -> String {
    let line = sshd.known_hosts_line();
    line.split_once(' ').unwrap().1.to_owned()
}

#[tokio::test]
async fn jumps_are_looked_up_too() {
    let (first, second, last) = (Sshd::start(), Sshd::start(), Sshd::start());
    let dir = tempfile::tempdir().unwrap();
    let known: String = [&first, &second, &last].map(Sshd::known_hosts_line).concat();
    fs::write(dir.path().join("kh"), known).unwrap();
    let mut text = String::new();
    for (name, sshd, more) in [
        ("last", &last, "  ProxyJump second\n"),
        ("second", &second, "  ProxyCommand ssh -q -W %h:%p first\n"),
        ("first", &first, ""),
        ("both", &last, "  ProxyJump first,second\n"),
    ] {
        let (port, identity) = (sshd.port, sshd.identity());
        text +=
            &format!("Host {name}\n  Port {port}\n  IdentityFile {}\n{more}", identity.display());
    }
    let kh = dir.path().join("kh");
    text += &format!(
        "Host *\n  HostName 127.0.0.1\n  User {}\n  IdentityAgent none\n  UserKnownHostsFile {}\n",
        last.user,
        kh.display()
    );
    fs::write(dir.path().join("config"), text).unwrap();
    let config = Config::with_file(dir.path().join("config"));
    for config in [config.clone(), parsed(&config)] {
        for name in ["last", "both"] {
            let options = config.resolve(&to(name), &defaults(dir.path())).await.unwrap();
            let ports: Vec<u16> = options.jumps().iter().map(|hop| hop.port).collect();
            assert_eq!(ports, [first.port, second.port], "{name}");
            assert_eq!(options.first_stop(), Some(("127.0.0.1", first.port)));
            unasked(&options).await.unwrap();
        }
    }
}

#[tokio::test]
async fn circles_are_errors() {
    let (_dir, config) = written(
        "Host a\n  ProxyJump b\nHost b\n  ProxyJump c\nHost c\n  ProxyJump a\nHost own\n  ProxyJump own\n",
    );
    for config in [config.clone(), parsed(&config)] {
        for name in ["a", "b", "own"] {
            let error =
                config.resolve(&to(name), &defaults(Path::new("/nowhere"))).await.unwrap_err();
            let detail = detail(error);
            assert!(detail.contains("circle") || detail.contains("jumphost loop"), "{detail}");
        }
    }
    let (_dir, config) = written("Include DIR/config\nHost a\n");
    for config in [config.clone(), parsed(&config)] {
        let text = detail(config.lookup(&to("a")).await.unwrap_err());
        assert!(text.contains("recursive") || text.contains("cycle"), "{text}");
        assert_eq!(config.aliases().await, ["a"]);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    // A folder cannot be read as a file, not even by root.
    for file in [dir.path().to_path_buf(), dir.path().join("none")] {
        let config = Config::with_file(file);
        detail(config.lookup(&to("a")).await.unwrap_err());
        assert!(config.aliases().await.is_empty());
    }
    let (_dir, config) = written("Host a\n  Prot 22\n");
    let text = detail(config.lookup(&to("a")).await.unwrap_err());
    assert!(text.contains("line 2: Bad configuration option: prot"), "{text}");
    let (_dir, config) = written("Match exec \"sleep 30\"\n  User x\n");
    let text = detail(config.lookup(&to("a")).await.unwrap_err());
    assert!(text.contains("3 s"), "{text}");
}

#[tokio::test]
async fn proxy_commands() {
    let (dir, config) = written(
        "Host socks\n  ProxyCommand nc -X 5 -x gw:1081 %h %p\n\
         Host http\n  ProxyCommand ncat --proxy gw:8080 --proxy-auth ada:pw %h %p\n\
         Host run\n  HostName box\n  ProxyCommand helper --to %h:%p --as %r --name %n 100%%\n\
         Host evil\n  ProxyCommand helper %r\nHost none\n  ProxyCommand none\n",
    );
    for config in [config.clone(), parsed(&config)] {
        let resolve = async |name: &str| -> Result<ConnectOptions, Error> {
            config.resolve(&to(name), &defaults(dir.path())).await
        };
        let Route::Proxy(proxy) = resolve("socks").await.unwrap().route else { panic!("socks") };
        assert_eq!((proxy.kind, proxy.host.as_str(), proxy.port), (ProxyKind::Socks5, "gw", 1081));
        let Route::Proxy(proxy) = resolve("http").await.unwrap().route else { panic!("http") };
        assert_eq!((proxy.kind, proxy.login.unwrap().user.as_str()), (ProxyKind::Http, "ada"));
        let Route::Command(line) = resolve("me@run:23").await.unwrap().route else { panic!("run") };
        assert_eq!(line.line(), "helper --to box:23 --as me --name run 100%");
        assert!(matches!(resolve("none").await.unwrap().route, Route::Direct));
        let error = resolve("$(id)@evil").await.unwrap_err();
        assert!(matches!(error, Error::ConfigUnusable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn without_a_file_there_is_still_a_host() {
    let dir = tempfile::tempdir().unwrap();
    let found = Config::default().lookup(&to("me@box.example:2222")).await.unwrap();
    assert_eq!((found.hostname.as_str(), found.port), ("box.example", 2222));
    let options = Config::default().resolve(&to("me@box"), &defaults(dir.path())).await.unwrap();
    assert_eq!(options.user, "me");
    assert_eq!(options.known_hosts.own, PathBuf::from(dir.path()).join("own_known_hosts"));
    assert!(!options.known_hosts.read.is_empty());
}
