//! The command line, of which all is known before anything is done.

use super::wish::Wish;
use cli::Failure;
use cli::options::{Given, Options};
use cli::text::shown;
use protocol::value::timeout;
use std::ffi::CStr;
use std::time::Duration;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is waited for.
    pub wish: Wish,
    /// Whether one of the services is enough.
    pub is_one_enough: bool,
    /// How long at most.
    pub limit: Option<Duration>,
    /// The services, as they are named; at least one.
    pub services: Vec<&'static CStr>,
    /// What is run then: a program and its arguments, or nothing.
    pub program: Vec<&'static CStr>,
}

impl Call {
    /// Reads a command line, which begins with the program's name. As in s6, of options that exclude each other the last one
    /// counts. A `--` before the services ends the options; one behind them begins the program.
    ///
    /// # Errors
    ///
    /// A usage failure.
    pub fn parse(args: &[&'static CStr]) -> Result<Self, Failure> {
        let mut options = Options::new(args, "uUdDrRaot:");
        let (mut wish, mut is_one_enough, mut limit) = (Wish::Up, false, None);
        while let Some(given) = options.next_option()? {
            match given {
                Given::Flag(b'u') => wish = Wish::Up,
                Given::Flag(b'U') => wish = Wish::Ready,
                Given::Flag(b'd') => wish = Wish::Down,
                Given::Flag(b'D') => wish = Wish::ReallyDown,
                Given::Flag(b'r') => wish = Wish::Restarted,
                Given::Flag(b'R') => wish = Wish::RestartedAndReady,
                Given::Flag(letter) => is_one_enough = letter == b'o',
                Given::With(_, time) => {
                    let no_time = |why| format!("svwait: {} is no time: {why}", shown(time));
                    limit = timeout(time).map_err(|why| Failure::Usage(Some(no_time(why))))?;
                }
            }
        }
        let mut operands = options.operands().splitn(2, |operand| *operand == c"--");
        let services = operands.next().unwrap_or_default().to_vec();
        let program = operands.next().map(<[_]>::to_vec);
        // A `--` with nothing behind it is a program that was forgotten.
        if services.is_empty() || program.as_ref().is_some_and(Vec::is_empty) {
            return Err(Failure::Usage(None));
        }
        Ok(Self { wish, is_one_enough, limit, services, program: program.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&'static CStr]) -> Result<Call, Option<String>> {
        let args = [&[c"svwait"], args].concat();
        Call::parse(&args).map_err(|failure| match failure {
            Failure::Usage(complaint) => complaint,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn without_options_all_are_to_be_up() {
        let call = Call {
            wish: Wish::Up,
            is_one_enough: false,
            limit: None,
            services: vec![c"web", c"db"],
            program: vec![],
        };
        assert_eq!(parse(&[c"web", c"db"]), Ok(call));
    }

    #[test]
    fn the_last_of_several_counts() {
        let call = parse(&[c"-uUdDrR", c"-oao", c"-t1", c"-t", c"1m 30s", c"web"]).unwrap();
        assert_eq!((call.wish, call.is_one_enough), (Wish::RestartedAndReady, true));
        assert_eq!(call.limit, Some(Duration::from_secs(90)));
        assert_eq!(parse(&[c"-t", c"300", c"web"]).unwrap().limit, Some(Duration::from_millis(300)));
        assert_eq!(parse(&[c"-t", c"0", c"web"]).unwrap().limit, None, "as in s6");
    }

    #[test]
    fn the_program_is_behind_the_services() {
        let call = parse(&[c"-U", c"db", c"web", c"--", c"run", c"-x", c"--", c"y"]).unwrap();
        assert_eq!(call.services, [c"db", c"web"]);
        assert_eq!(call.program, [c"run", c"-x", c"--", c"y"]);
        let call = parse(&[c"-U", c"--", c"-odd", c"--", c"run"]).unwrap();
        assert_eq!((call.services, call.program), (vec![c"-odd"], vec![c"run"]));
    }

    #[test]
    fn what_is_no_call_is_told() {
        for wrong in [&[][..], &[c"-u"], &[c"web", c"--"], &[c"-u", c"--"], &[c"--", c"--", c"run"]] {
            assert_eq!(parse(wrong), Err(None), "{wrong:?}");
        }
        assert_eq!(parse(&[c"-z", c"web"]), Err(Some("svwait: illegal option -- z".to_owned())));
        assert_eq!(
            parse(&[c"-t", c"soon", c"web"]),
            Err(Some(
                "svwait: soon is no time: that is no time: write 5s or 1m 30s, or 5000 for that many milliseconds"
                    .to_owned()
            ))
        );
    }
}
