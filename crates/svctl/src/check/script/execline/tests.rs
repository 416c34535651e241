use super::*;

fn step(text: &str) -> Option<Step> {
    read(text, BTreeMap::new(), PathBuf::from("/service/web")).and_then(|mut story| story.steps.pop())
}

fn words(text: &str) -> Option<Vec<String>> {
    Some(
        step(text)?
            .words
            .iter()
            .skip(1)
            .map(|word| word.known().map_or_else(|| "?".to_owned(), str::to_owned))
            .collect(),
    )
}

#[test]
fn what_is_execlines_own_is_passed_over() {
    let text = "#!/command/execlineb -P\nfdmove -c 2 1\nimportas -i USER X # who\nforeground { mkdir -p { } /run/x }\nbacktick -n D { date }\n s6-setuidgid $USER\n\"prog\" \"a b\" c\\ d\n";
    assert_eq!(words(text).unwrap(), ["s6-setuidgid", "?", "prog", "a b", "c d"]);
    assert_eq!(step(text).unwrap().line, 6);
    assert_eq!(step("cd /srv\nprog").unwrap().folder, Some("/srv".into()));
    assert_eq!(step("cd data umask 022 prog").unwrap().folder, Some("/service/web/data".into()));
    assert!(step("export HOME /x\nprog").unwrap().touched.contains("HOME"));
}

#[test]
fn what_cannot_be_followed_is_left_alone() {
    for text in [
        "",
        "foreground { a",
        "ifelse { a } { b } c",
        "nice foreground { a } b",
        "\"never closed",
        "} a",
        "foreground { a }",
        "$prog x",
    ] {
        assert!(words(text).is_none(), "{text}");
    }
}
