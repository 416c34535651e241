use super::*;
use crate::check::script::chain::follow;

fn port_of(words: &str) -> Option<u16> {
    let words: Vec<Term> =
        words.split(' ').map(|word| Term { is_known: word != "$X", ..Term::plain(word) }).collect();
    port(follow(&words).last().unwrap())
}

#[test]
fn ports_are_read_where_it_is_certain() {
    for (words, port) in [
        ("python3 -m http.server 80", 80),
        ("python3 -u -m http.server --bind 0.0.0.0 --directory /srv 80", 80),
        ("python3 prog.py --port=443", 443),
        ("prog --port 80", 80),
        ("prog --bind 0.0.0.0:80", 80),
        ("prog --bind=[::]:80", 80),
        ("prog --listen :443", 443),
        ("gunicorn -b 0.0.0.0:80 app:app", 80),
        ("gunicorn -b:80 app:app", 80),
        ("puma -b tcp://0.0.0.0:80", 80),
        ("php -S 0.0.0.0:80", 80),
        ("uvicorn app:app --host 0.0.0.0 --port 80", 80),
        ("http-server -p 80 /srv", 80),
        ("dropbear -F -p 22", 22),
        ("prog --port 6001", 6001),
    ] {
        assert_eq!(port_of(words), Some(port), "{words}");
    }
    for words in [
        "prog -p 80",
        "prog 80",
        "prog --port $X",
        "prog --port 0",
        "prog --port auto",
        "prog --bind unix:/run/x.sock",
        "prog --remote-port 80",
        "prog --host mqtt.example.org --port 443",
        "prog --url=https://example.org --port 443",
        "mysql --port 306",
        "python3 -m http.server",
        "python3 -m http.server $X",
        "gunicorn -b unix:/run/80",
    ] {
        assert_eq!(port_of(words), None, "{words}");
    }
}
