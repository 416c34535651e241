//! Command lines, an argument a line.
//!
//! The arguments of a program live as long as its process, and the parsers say so in their types. Here a process
//! reads millions of command lines, so the words are taken from a dictionary that is made once, and none is ever
//! leaked: getopt only asks whether bytes are equal, and all words of up to three letters from [`LETTERS`] have all that
//! it can distinguish. Values of options are read from any bytes, by themselves.

use cli::Failure;
use cli::options::{Given, Options};
use std::ffi::{CStr, CString};
use std::sync::LazyLock;

/// What words are made of: a dash, three letters of options, a colon, and a letter of none.
const LETTERS: [u8; 6] = *b"-abc:x";

/// One takes an argument, two take none.
const ALLOWED: &str = "ab:c";

/// Options as getopt reads them, beside another reading.
pub fn options(data: &[u8]) {
    let args: Vec<&'static CStr> = data.split(|byte| *byte == b'\n').map(word).collect();
    let mut options = Options::new(&args, ALLOWED);
    let mut given = Vec::new();
    let complaint = loop {
        match options.next_option() {
            Ok(Some(option)) => given.push(option),
            Ok(None) => break None,
            Err(Failure::Usage(complaint)) => break Some(complaint.expect("it says what is wrong")),
            Err(other) => panic!("{other:?}"),
        }
    };
    let (model, operands, wrong) = slowly(&args[1..]);
    assert_eq!(given, model);
    assert_eq!(complaint.is_some(), wrong);
    if complaint.is_none() {
        assert_eq!(options.operands(), operands);
    }
}

/// The options, the operands, and whether there is something to complain about.
fn slowly(mut args: &[&'static CStr]) -> (Vec<Given>, Vec<&'static CStr>, bool) {
    let mut given = Vec::new();
    while let Some(first) = args.first().map(|first| first.to_bytes()) {
        if first == b"-" || !first.starts_with(b"-") {
            break;
        }
        args = &args[1..];
        if first.starts_with(b"--") {
            break;
        }
        for (place, letter) in first.iter().enumerate().skip(1) {
            match letter {
                b'a' | b'c' => given.push(Given::Flag(*letter)),
                b'b' if place + 1 < first.len() => {
                    given.push(Given::With(*letter, &first[place + 1..]));
                    break;
                }
                b'b' if args.is_empty() => return (given, Vec::new(), true),
                b'b' => {
                    given.push(Given::With(*letter, args[0].to_bytes()));
                    args = &args[1..];
                }
                _ => return (given, Vec::new(), true),
            }
        }
    }
    (given, args.to_vec(), false)
}

/// The word of the dictionary that is nearest to what is written.
fn word(written: &[u8]) -> &'static CStr {
    static WORDS: LazyLock<Vec<CString>> = LazyLock::new(|| {
        let longer = |word: &Vec<u8>| LETTERS.map(|letter| [word.as_slice(), &[letter]].concat());
        let mut words = vec![Vec::new()];
        let mut last = 0;
        for _ in 0..3 {
            let next: Vec<Vec<u8>> = words[last..].iter().flat_map(longer).collect();
            last = words.len();
            words.extend(next);
        }
        words.into_iter().map(|word| CString::new(word).expect("no NUL in it")).collect()
    });
    // The words of one length are in the order of their letters, as numbers are.
    let letters =
        written.iter().take(3).map(|byte| LETTERS.iter().position(|letter| letter == byte).unwrap_or(5));
    let first_of_its_length = [0, 1, 7, 43][written.len().min(3)];
    &WORDS[first_of_its_length + letters.fold(0, |number, letter| number * 6 + letter)]
}

/// What svc sends for its options is what supervise reads: each letter once, for whom it was said.
pub fn svc(data: &[u8]) {
    use protocol::command::{LETTERS, Order, TO_GROUP, TO_PROCESS, Target, orders};
    use supervision::svc::Letters;
    let mut letters = Letters::default();
    let mut model: Vec<Order> = Vec::new();
    let mut target = Target::Process;
    for byte in data {
        match *byte {
            TO_GROUP => target = Target::Group,
            TO_PROCESS => target = Target::Process,
            letter => {
                let Some((command, ..)) = LETTERS.into_iter().find(|(_, its, _)| *its == letter) else {
                    continue;
                };
                let order = Order { command, target };
                if !model.contains(&order) {
                    model.push(order);
                }
            }
        }
        letters.add(*byte);
    }
    let sent = letters.finish();
    assert_eq!(orders(&sent).collect::<Vec<_>>(), model);
    assert!(sent.len() <= 512, "one write that a FIFO takes whole");
    let both = [sent.as_slice(), &sent].concat();
    assert_eq!(
        orders(&both).collect::<Vec<_>>(),
        [model.as_slice(), &model].concat(),
        "nothing runs over into the next"
    );
}

/// svwait's services and its child are what stands at the end of its command line, and they are read from there alone. Each
/// byte is a word.
pub fn svwait(data: &[u8]) {
    use supervision::svwait::call::Call;
    const WORDS: [&CStr; 20] = [
        c"-u", c"-U", c"-dD", c"-rR", c"-a", c"-o", c"-t", c"-t5s", c"-ut", c"-z", c"-", c"--", c"--x", c"",
        c"web", c"./db", c"30s", c"0", c"soon", c"1h",
    ];
    let words = data.iter().map(|byte| WORDS[usize::from(byte.wrapping_sub(b'a')) % WORDS.len()]);
    let args: Vec<&'static CStr> = std::iter::once(c"svwait").chain(words).collect();
    let Ok(call) = Call::parse(&args) else { return };
    assert!(!call.services.is_empty() && !call.services.contains(&c"--"));
    assert!(call.limit.is_none_or(|limit| !limit.is_zero() && limit <= protocol::value::LONGEST));
    let between = if call.program.is_empty() { &[][..] } else { &[c"--"] };
    let operands = [&call.services, between, &call.program].concat();
    assert!(args.ends_with(&operands));
    let alone = Call::parse(&[&[c"svwait", c"--"], operands.as_slice()].concat()).expect("the same operands");
    assert_eq!((&alone.services, &alone.program), (&call.services, &call.program));
    let more = if call.program.is_empty() { [c"--", c"child"] } else { [c"--", c"web"] };
    let longer = Call::parse(&[args.as_slice(), &more].concat()).expect("a child, or arguments of one");
    assert_eq!(longer.services, call.services);
    assert!(longer.program.ends_with(&more[usize::from(call.program.is_empty())..]));
    assert_eq!(
        (longer.wish, longer.is_one_enough, longer.limit),
        (call.wish, call.is_one_enough, call.limit)
    );
}

/// The values of runas's options: digits and nothing else, and in their range.
pub fn runas(data: &[u8]) {
    use chain::runas::plan::{descriptor, mask, name, uid};
    let number = |radix: u8| -> Option<u64> {
        let digits =
            data.iter().map(|byte| byte.checked_sub(b'0').filter(|digit| *digit < radix).map(u64::from));
        let digits = digits.collect::<Option<Vec<u64>>>().filter(|digits| !digits.is_empty())?;
        digits
            .into_iter()
            .try_fold(0_u64, |number, digit| Some((number * u64::from(radix) + digit).min(1 << 40)))
    };
    let below = |limit: u64| move |number: &u64| *number < limit;
    assert_eq!(mask(data).ok().map(|mask| u64::from(mask.bits())), number(8).filter(below(0o1000)));
    assert_eq!(
        uid(b'o', data).ok().map(|uid| u64::from(uid.as_raw())),
        number(10).filter(below(u64::from(u32::MAX)))
    );
    let model = number(10).filter(below(1 << 31));
    let source = descriptor(data, &[]);
    assert_eq!(source.is_ok(), model.is_some());
    assert!(source.is_ok_and(|source| descriptor(data, &[source]).is_err()) == model.is_some(), "each once");
    let is_name = ![&b""[..], b".", b".."].contains(&data) && data.iter().all(|byte| !b"/\0".contains(byte));
    assert_eq!(name(data).ok().map(CString::into_bytes).as_deref(), Some(data).filter(|_| is_name));
}

/// The value of a limit: words, or digits whose number is taken in 64 bits.
pub fn softlimit(data: &[u8]) {
    use chain::softlimit::Limit;
    let digits: Option<Vec<u32>> = data.iter().map(|byte| char::from(*byte).to_digit(10)).collect();
    let model = match data {
        b"=" | b"hard" => Some(Limit::Hard),
        b"-" | b"unlimited" => Some(Limit::Unlimited),
        _ => digits.map(|digits| {
            let add = |number: u128, digit: u32| (number * 10 + u128::from(digit)) % (1 << 64);
            Limit::Soft(digits.into_iter().fold(0, add) as u64)
        }),
    };
    assert_eq!(Limit::parse(data), model);
}
