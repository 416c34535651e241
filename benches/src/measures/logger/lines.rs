//! The input: lines as a web server writes them, about 100 bytes each.

use std::fmt::Write as _;

/// What the lines with patterns keep: all but health checks and static files, of which the application's are kept.
pub(crate) fn is_kept(line: &[u8]) -> bool {
    let has = |part: &[u8]| line.windows(part.len()).any(|window| window == part);
    if has(b"\"GET /health") {
        return false;
    }
    !has(b"\"GET /static/") || has(b"\"GET /static/app.js")
}

/// That many lines, the same in each run.
pub(crate) fn lines(count: usize) -> Vec<u8> {
    let mut text = String::with_capacity(count.saturating_mul(110));
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..count {
        // xorshift64
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let [host, second, which, size, other, ..] = random.to_le_bytes();
        let request = match which % 10 {
            0..=2 => "GET /health".to_owned(),
            3 => format!("GET /static/app.js?v={other}"),
            4..=5 => format!("GET /static/{other}/logo.png"),
            6 => format!("POST /orders/{}", u32::from(size) * 251),
            _ => format!("GET /items/{}", u32::from(other) * 4099),
        };
        let _ = writeln!(
            text,
            "10.0.3.{host} - - [22/Nov/2026:03:45:{:02} +0000] \"{request} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0\"",
            second % 60,
            u32::from(size) * u32::from(other),
        );
    }
    text.into_bytes()
}
