use super::*;
use crate::check::script::parser::parse;

fn story(text: &str) -> Story {
    let known = BTreeMap::from([("HOME".to_owned(), "/home/bob".to_owned())]);
    read(&parse(text).unwrap().0, known, PathBuf::from("/service/web"))
}

/// The words of the last command, `?` where one is not known.
fn last(text: &str) -> Vec<String> {
    let story = story(text);
    let step = story.steps.last().unwrap();
    step.words
        .iter()
        .map(|word| word.known().map_or_else(|| format!("{}?", word.text), str::to_owned))
        .collect()
}

#[test]
fn values_that_a_script_says_are_known() {
    assert_eq!(last("A=x; B=\"$A y\"\nexec $A \"$B\" $B"), ["exec", "x", "x y", "x", "y"]);
    assert_eq!(last("A=\nexec $A \"$A\" z"), ["exec", "", "z"]);
    assert_eq!(last("export A=1\nexec --a=$A $HOME/x"), ["exec", "--a=1", "/home/bob/x"]);
    assert_eq!(last("A=' x y '\nexec a$A"), ["exec", "a", "x", "y"]);
}

#[test]
fn values_that_may_have_changed_are_not() {
    for before in [
        "if a; then A=2; fi",
        "[ -z \"$A\" ] && A=2",
        "for A in 1 2; do :; done",
        "while a; do A=2; done",
        ". ./conf",
        "eval \"$x\"",
        "read A",
        "f() { A=2; }; f",
        "A=$(date)",
        "A=~/x",
        "A+=y",
        "case x in y) A=3;; esac",
        "\"$unknown\"",
    ] {
        assert_eq!(last(&format!("A=x\n{before}\nexec z$A")), ["exec", "z?"], "{before}");
    }
    for before in ["(A=2)", "A=2 prog", "B=2", "A=2 | true", "A=2 &", "f() { A=2; }"] {
        assert_eq!(last(&format!("A=x\n{before}\nexec z$A")), ["exec", "zx"], "{before}");
    }
}

#[test]
fn patterns_and_homes_are_not_known() {
    assert_eq!(last("exec *.jar ~/x [a]b 'c*' \"~\""), ["exec", "?", "?", "?", "c*", "~"]);
}

#[test]
fn the_folder_is_followed() {
    let folder = |text: &str| story(text).steps.last().unwrap().folder.clone();
    assert_eq!(folder("exec a"), Some("/service/web".into()));
    assert_eq!(folder("cd /srv || exit 1\nexec a"), Some("/srv".into()));
    assert_eq!(folder("cd data && exec a"), Some("/service/web/data".into()));
    assert_eq!(folder("cd -- \"$HOME\"\nexec a"), Some("/home/bob".into()));
    assert_eq!(folder("cd \"$X\"\nexec a"), None);
    assert_eq!(folder("if x; then cd /a; fi\nexec a"), None);
    assert_eq!(folder("(cd /a)\nexec a"), Some("/service/web".into()));
}

#[test]
fn a_place_is_certain_where_every_way_leads_to_it() {
    let certain = |text: &str| story(text).steps.last().unwrap().place.is_certain;
    assert!(certain("a || exit 1\ncd x && exec b"));
    assert!(certain("if x; then y; fi\nexec b"));
    assert!(!certain("x && exec b"));
    assert!(!certain("if x; then exec a; fi\nexec b"), "the other way may be the usual one");
    assert!(!certain("if x; then exec b; fi"));
    assert!(!certain("f() { exec b; }"));
}

#[test]
fn the_end_is_the_end() {
    let last = |text: &str| {
        story(text)
            .steps
            .iter()
            .filter(|step| step.place.is_last)
            .filter_map(|step| step.name().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(last("a; b"), ["b"]);
    assert_eq!(last("a && b"), ["b"]);
    assert_eq!(last("if a; then b; else c; fi"), ["b", "c"]);
    assert_eq!(last("while a; do b; done"), [""; 0]);
    assert_eq!(last("a | b"), ["a", "b"]);
    assert_eq!(story("exec a\nb").dead, Some((1, 2)));
    assert_eq!(story("exec a || b\nc").dead, Some((1, 2)));
    assert_eq!(story("exec 2>&1\nb").dead, None);
    assert_eq!(story("x && exec a\nb").dead, None);
}
