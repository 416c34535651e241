use super::*;

/// The words and signs, a word by its pieces.
fn read(text: &str) -> Vec<String> {
    let shown = |token: Token| match token {
        Token::Word(word) => {
            let piece = |piece: &Piece| match piece.kind {
                Kind::Plain => piece.text.clone(),
                Kind::Quoted => format!("'{}'", piece.text),
                Kind::Variable { quoted } => format!("{}{}", if quoted { "q$" } else { "$" }, piece.text),
                Kind::Unknown { quoted } => if quoted { "q?" } else { "?" }.to_owned(),
            };
            word.pieces.iter().map(piece).collect::<Vec<_>>().join("+")
        }
        Token::Sign(sign) => sign.to_owned(),
        Token::Redirect(descriptor, sign) => {
            format!("{}{sign}", descriptor.map_or_else(String::new, |number| number.to_string()))
        }
        Token::Newline => "/".to_owned(),
    };
    let (tokens, _) = tokens(text).unwrap();
    tokens.into_iter().map(|(token, _)| shown(token)).collect()
}

#[test]
fn words_are_separated_as_a_shell_does() {
    assert_eq!(read("exec  prog\t--x"), ["exec", "prog", "--x"]);
    assert_eq!(read("a b# #c\nd"), ["a", "b#", "/", "d"]);
    assert_eq!(read("a \\\n  b"), ["a", "b"]);
    assert_eq!(read("a\\\nb"), ["ab"]);
    assert_eq!(read("a&&b||c;d&"), ["a", "&&", "b", "||", "c", ";", "d", "&"]);
    assert_eq!(read("exec 2>&1 >>x <y"), ["exec", "2>&", "1", ">>", "x", "<", "y"]);
    assert_eq!(read("x2>y"), ["x2", ">", "y"], "only digits alone are a descriptor");
}

#[test]
fn quotes_keep_what_is_in_them() {
    assert_eq!(read("'a b' \"c 'd'\" e\\ f"), ["'a b'", "'c 'd''", "e+' '+f"]);
    assert_eq!(read(r#""a\"b\c\$d""#), [r#"'a"b\c$d'"#]);
    assert_eq!(read("'' \"\""), ["''", "''"]);
    assert_eq!(read("'#' a"), ["'#'", "a"]);
}

#[test]
fn what_a_run_would_tell_is_unknown() {
    assert_eq!(read("$a ${b} \"$c\" ${d:-e} $1 ${10}"), ["$a", "$b", "''+q$c+''", "?", "$1", "$10"]);
    assert_eq!(read("`x \\` y` $(z $(w ')') \"(\") $((1+2))"), ["?", "?", "?"]);
    assert_eq!(read("\"$@\" $* $? $$"), ["''+?+''", "?", "?", "?"], "even in quotes these are many words");
    assert_eq!(read("a$ $ \"$\""), ["a+$", "$", "''+'$'+''"]);
}

#[test]
fn here_documents_are_passed_over() {
    assert_eq!(read("cat <<E >x\n'$( \nE\nb"), ["cat", "<<", "E", ">", "x", "/", "b"]);
    assert_eq!(read("cat <<-'E'\n\tx\n\tE\nb"), ["cat", "<<-", "'E'", "/", "b"]);
    assert_eq!(read("a <<X; b <<Y\n1\nX\n2\nY\nc"), ["a", "<<", "X", ";", "b", "<<", "Y", "/", "c"]);
    assert!(tokens("cat <<E\nx").is_err());
}

#[test]
fn lines_are_counted_through_everything() {
    let (tokens, _) = tokens("a\n'b\nc' d\\\n e\ncat <<E\n1\n2\nE\nf").unwrap();
    let lines: Vec<usize> = tokens
        .into_iter()
        .filter(|(token, _)| matches!(token, Token::Word(_)))
        .map(|(_, line)| line)
        .collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 5, 9]);
}

#[test]
fn what_is_not_closed_is_unclear() {
    for text in ["'a", "\"a", "$(a", "`a", "${a", "\"${a\"", "$'a"] {
        assert_eq!(tokens(text).err(), Some(Unclear), "{text}");
    }
}
