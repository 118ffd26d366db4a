use std::io::BufReader;

use super::*;

fn elements(text: &str, most: usize) -> (Vec<String>, Option<Broken>) {
    let mut scanner = Scanner::new(BufReader::with_capacity(3, text.as_bytes()));
    let (mut found, mut buffer) = (Vec::new(), Vec::new());
    let mut all = || -> Result<(), Broken> {
        scanner.expect(b'[')?;
        let mut first = true;
        while scanner.another(first, b']')? {
            first = false;
            match scanner.value(&mut buffer, most)? {
                Captured::Whole => found.push(String::from_utf8(buffer.clone()).unwrap()),
                Captured::TooLarge => found.push("…".to_owned()),
            }
        }
        Ok(())
    };
    let broken = all().err();
    (found, broken)
}

#[test]
fn elements_come_one_at_a_time() {
    let text = "\u{feff} [ {\"a\": \"]\\\"}\"} , [1,[2]], 17 ,\"x\\\\\", null ]";
    let (found, broken) = elements(text, 100);
    assert!(broken.is_none());
    assert_eq!(found, ["{\"a\": \"]\\\"}\"}", "[1,[2]]", "17", "\"x\\\\\"", "null"]);
}

#[test]
fn what_is_too_large_is_passed_over() {
    let (found, broken) = elements("[1, \"0123456789\", [2]]", 5);
    assert!(broken.is_none());
    assert_eq!(found, ["1", "…", "[2]"]);
}

#[test]
fn a_cut_text_gives_what_was_whole() {
    let (found, broken) = elements("[{\"a\":1},{\"b\":2},{\"c\"", 100);
    assert_eq!(found.len(), 2);
    assert!(matches!(broken, Some(Broken::Cut)));
    let (found, broken) = elements("[{\"a\":1},", 100);
    assert_eq!(found.len(), 1);
    assert!(matches!(broken, Some(Broken::Cut)));
}

#[test]
fn what_cannot_stand_there_is_told() {
    for text in ["[1 2]", "[}", "[,]", "{"] {
        assert!(matches!(elements(text, 100).1, Some(Broken::At(_))), "{text}");
    }
    assert_eq!(elements("[]", 100).0.len(), 0);
}

#[test]
fn deep_nesting_is_only_counted() {
    let text = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
    let (found, broken) = elements(&text, 1 << 20);
    assert!(broken.is_none());
    assert_eq!(found[0].len(), 200_000);
}

#[test]
fn members_have_names() {
    let mut scanner = Scanner::new("{\"format\" : 1}".as_bytes());
    scanner.expect(b'{').unwrap();
    assert!(scanner.another(true, b'}').unwrap());
    assert_eq!(scanner.name().unwrap(), "format");
}
