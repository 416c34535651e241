use super::*;

fn fits(text: &str) -> bool {
    parse(text).is_ok()
}

#[test]
fn the_grammar_of_run_scripts_is_known() {
    for text in [
        "",
        "# nothing",
        "a; b\nc & d",
        "a && b || { c; }\n",
        "! a | b |\n c",
        "if a; then b; elif c; then d\nelse e; fi >x 2>&1",
        "while a\ndo b; done < x | c",
        "until ! a; do :; done &",
        "for x in a \"$b\" *; do c; done",
        "for x\ndo c; done",
        "case $1 in a|b) c;; (d) ;; *) e; esac",
        "case \"$x\" in\nesac",
        "f() { a; }\ng ()\n{\n b\n}",
        "f() ( a )",
        "A=1 B=$c\nA= d",
        "(a; b) >x && >y",
        "[[ -f x && ( $a < b ) ]] || exit",
        "(( i < 3 )) && a=(1 \"2\" $3)",
        "for ((i=0; i<3; i++)); do a; done",
        "function f { a; }; function g() { b; }",
        "echo if then { } fi",
        "a;\n\n\n;;",
    ] {
        assert_eq!(fits(text), text != "a;\n\n\n;;", "{text:?}");
    }
}

#[test]
fn what_is_no_script_is_unclear() {
    for text in [
        "if a; then b",
        "a )",
        "( a",
        "{ a",
        "fi",
        "a && ",
        "| a",
        "case x in a",
        "while a; do done",
        "for x; a",
        "f() ",
        "; a",
        "{ }",
    ] {
        assert!(!fits(text), "{text:?}");
    }
    for (open, close) in [("{ ", "; }"), ("( ", " )"), ("a() ", ""), ("if ", "; then a; fi"), ("\"$(", ")\"")]
    {
        let text = |depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
        assert!(fits(&text(3)), "{open}");
        assert!(!fits(&text(1_000)), "as deep as nobody writes: {open}");
    }
}

#[test]
fn what_only_bash_knows_is_noted_with_its_line() {
    let noted = |text: &str| {
        let (_, bashisms) = parse(text).unwrap();
        bashisms.into_iter().map(|bashism| (bashism.line, bashism.what)).collect::<Vec<_>>()
    };
    assert_eq!(noted("a\n[[ x ]]\nb=(1)\n"), [(2, "[[ ]]"), (3, "name=( )")]);
    assert_eq!(noted("function f { a; }"), [(1, "function")]);
    assert_eq!(noted("a &>b\nc <<<d"), [(1, "&>"), (2, "<<<")]);
    assert_eq!(noted("a '[[ x ]]' \"b=(1)\" # function"), []);
}
