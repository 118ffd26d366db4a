//! The package index that this computer is set up to use: the environment's, else pip's.

use std::fs;
use std::path::PathBuf;

/// The address of the package index that this computer is set up to use, if it is another one than
/// the public one: `PIP_INDEX_URL`, `UV_DEFAULT_INDEX`, `UV_INDEX_URL`, else `index-url` of pip's
/// configuration files, of which the nearest counts. It may hold a user and a password.
#[must_use]
pub fn configured_index() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    of_environment(&variable).or_else(|| {
        let files = files(&variable);
        files.iter().find_map(|file| of_configuration(&fs::read_to_string(file).ok()?))
    })
}

fn of_environment(variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let found = variable("PIP_INDEX_URL")
        .or_else(|| variable("UV_DEFAULT_INDEX"))
        .or_else(|| variable("UV_INDEX_URL"))?;
    let found = found.trim();
    // uv lets an index have a name: NAME=ADDRESS.
    let address = match found.split_once('=') {
        Some((name, address)) if !name.contains("://") => address,
        _ => found,
    };
    Some(address.to_owned())
}

/// pip's configuration files, the nearest first. Where they lie: pip's user guide, "Configuration".
fn files(variable: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
    let own = variable("PIP_CONFIG_FILE").map(PathBuf::from);
    // Naming the null device says that none counts.
    if own.as_ref().is_some_and(|own| own.as_os_str() == NULL_DEVICE) {
        return Vec::new();
    }
    let replaces_users = own.as_ref().is_some_and(|own| own.exists());
    let mut files: Vec<PathBuf> = own.into_iter().collect();
    files.extend(variable("VIRTUAL_ENV").map(|environment| PathBuf::from(environment).join(name)));
    if !replaces_users {
        files.extend(users(name, variable));
    }
    files.extend(systems(name, variable));
    files
}

const NULL_DEVICE: &str = if cfg!(windows) { "nul" } else { "/dev/null" };

fn users(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let home = dirs::home_dir();
    let of_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let (settings, legacy) = if cfg!(windows) {
        (variable("APPDATA").map(PathBuf::from), of_home("pip"))
    } else {
        let settings = variable("XDG_CONFIG_HOME").map(PathBuf::from);
        (settings.or_else(|| of_home(".config")), of_home(".pip"))
    };
    let mac = of_home("Library/Application Support/pip").filter(|_| cfg!(target_os = "macos"));
    let places = [mac, settings.map(|settings| settings.join("pip")), legacy];
    places.into_iter().flatten().map(|place| place.join(name)).collect()
}

fn systems(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if cfg!(windows) {
        return variable("PROGRAMDATA")
            .map(|data| PathBuf::from(data).join("pip").join(name))
            .into_iter()
            .collect();
    }
    if cfg!(target_os = "macos") {
        return vec![PathBuf::from("/Library/Application Support/pip").join(name)];
    }
    let listed = variable("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".to_owned());
    // Of these the last one counts most.
    let listed = listed.rsplit(':').filter(|place| !place.is_empty());
    let mut files = vec![PathBuf::from("/etc").join(name)];
    files.extend(listed.map(|place| PathBuf::from(place).join("pip").join(name)));
    files
}

/// `index-url` in a configuration file of pip (the format of Python's configparser): the one for
/// downloads, else for installs, else for all commands.
fn of_configuration(text: &str) -> Option<String> {
    let mut found = [None, None, None];
    let mut section = String::new();
    for line in text.lines() {
        let content = line.trim();
        if content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let Some((key, value)) = content.split_once(['=', ':']) else {
            continue;
        };
        let key = key.trim().to_ascii_lowercase().replace('_', "-");
        let place = ["download", "install", "global"].iter().position(|name| *name == section);
        if key == "index-url"
            && !value.trim().is_empty()
            && let Some(slot) = place.and_then(|place| found.get_mut(place))
        {
            *slot = Some(value.trim().to_owned());
        }
    }
    found.into_iter().flatten().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment<'a>(pairs: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn variables_in_their_order() {
        let all = [
            ("UV_INDEX_URL", "https://c.example/simple"),
            ("UV_DEFAULT_INDEX", "corporate=https://b.example/simple?a=b"),
            ("PIP_INDEX_URL", " https://user:p=w@a.example/simple "),
        ];
        let of = |pairs: &[(&str, &str)]| of_environment(&environment(pairs));
        assert_eq!(of(&all).as_deref(), Some("https://user:p=w@a.example/simple"));
        assert_eq!(of(&all[..2]).as_deref(), Some("https://b.example/simple?a=b"));
        assert_eq!(of(&all[..1]).as_deref(), Some("https://c.example/simple"));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_nearest_section_of_a_configuration_counts() {
        let text = "# ours\n[global]\ntimeout = 10\nIndex_URL: https://all.example/simple\n\
                    ; index-url = https://commented.example\n[list]\nindex-url = https://list.example\n\
                    extra-index-url = https://extra.example\n";
        assert_eq!(of_configuration(text).as_deref(), Some("https://all.example/simple"));
        let text = format!("{text}[install]\nindex-url = https://install.example/simple\n");
        assert_eq!(of_configuration(&text).as_deref(), Some("https://install.example/simple"));
        assert_eq!(of_configuration("[global]\nindex-url =\n"), None);
        assert_eq!(of_configuration("index-url = https://nowhere.example\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn files_from_the_nearest_to_the_system_s() {
        let known = [("XDG_CONFIG_HOME", "/xdg"), ("VIRTUAL_ENV", "/venv")];
        let found = files(&environment(&known));
        let place = |path: &str| found.iter().position(|file| file.as_os_str() == path);
        let order =
            ["/venv/pip.conf", "/xdg/pip/pip.conf", "/etc/pip.conf", "/etc/xdg/pip/pip.conf"];
        let places: Vec<_> = order.iter().map(|path| place(path).expect(path)).collect();
        assert!(places.is_sorted(), "{found:?}");
        let own = [("XDG_CONFIG_HOME", "/xdg"), ("PIP_CONFIG_FILE", "/etc/passwd")];
        let found = files(&environment(&own));
        assert_eq!(found.first(), Some(&PathBuf::from("/etc/passwd")));
        assert!(!found.contains(&PathBuf::from("/xdg/pip/pip.conf")), "{found:?}");
        assert_eq!(files(&environment(&[("PIP_CONFIG_FILE", "/dev/null")])), Vec::<PathBuf>::new());
    }
}
