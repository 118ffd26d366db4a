//! The links of an index's page. It is HTML that programs write (PEP 503), so a scanner will do: no
//! tree, no scripts, and whatever is odd is passed over.

/// What a page says about addresses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// What its links are relative to, where it says so.
    pub(crate) base: Option<String>,
    /// Its links, as written.
    pub(crate) links: Vec<String>,
}

impl Page {
    pub(crate) fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut rest = html;
        while let Some((_, after)) = rest.split_once('<') {
            rest = after;
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (name, attributes) = rest.split_at(end);
            let is_link = name.eq_ignore_ascii_case("a");
            if !is_link && !name.eq_ignore_ascii_case("base") {
                continue;
            }
            let (address, after) = href(attributes);
            rest = after;
            match address {
                Some(address) if is_link => page.links.push(address),
                Some(address) if page.base.is_none() => page.base = Some(address),
                _ => {}
            }
        }
        page
    }
}

/// The `href` among a tag's attributes, and what follows the tag.
fn href(attributes: &str) -> (Option<String>, &str) {
    let mut rest = attributes;
    let mut found = None;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return (found, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let ends = |c: char| c.is_ascii_whitespace() || "=>/".contains(c);
        // An `=` without a name before it is taken as a name, so that each round goes on.
        let end =
            rest.char_indices().skip(1).find(|(_, c)| ends(*c)).map_or(rest.len(), |(i, _)| i);
        let (name, after) = rest.split_at(end);
        rest = after.trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            continue;
        };
        let (value, after) = value(after.trim_start());
        rest = after;
        if found.is_none() && name.eq_ignore_ascii_case("href") {
            found = Some(unescaped(value.trim()));
        }
    }
}

/// An attribute's value, and what follows it.
fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
    text.split_at(end)
}

/// Text with its character references read: those that addresses need.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        match after.split_once(';').and_then(|(name, after)| Some((reference(name)?, after))) {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn reference(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let number = match code.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_all_their_spellings() {
        let page = Page::read(
            "<!DOCTYPE html><html><head><meta name=\"a\"><title>Links</title></head><body>\n\
             <a href=\"one.whl#sha256=ab\" data-requires-python=\"&gt;=3.8\">one.whl</a><br/>\n\
             <A class='x>y' HREF='../two.whl'>two.whl</A> <a href=three.whl>three</a>\n\
             <!-- <a href=\"hidden.whl\">hidden</a> --> <abbr href=\"abbr.whl\"></abbr>\n\
             <a\n href = \"four.whl?a=1&amp;b=2&#x26;c&#38;d&copy\" >four</a><a name=none>no link</a>",
        );
        let links = ["one.whl#sha256=ab", "../two.whl", "three.whl", "four.whl?a=1&b=2&c&d&copy"];
        assert_eq!(page.links, links);
        assert_eq!(page.base, None);
        let page = Page::read("<base href=\"/files/\"><base href=\"/other/\"><a href=a>a</a>");
        assert_eq!((page.base.as_deref(), page.links.len()), (Some("/files/"), 1));
    }

    #[test]
    fn a_broken_page_is_read_as_far_as_it_goes() {
        for (html, links) in [
            ("<a", vec![]),
            ("<a href", vec![]),
            ("<a href=", vec![""]),
            ("<a href=\"open", vec!["open"]),
            ("<a = href=x>", vec!["x"]),
            ("<<a href=x>", vec!["x"]),
            ("<!-- <a href=x>", vec![]),
            ("<a щ=\"щ\" href='щ'>щ", vec!["щ"]),
        ] {
            assert_eq!(Page::read(html).links, links, "{html}");
        }
    }
}
