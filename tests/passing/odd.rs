//! Arguments and environments, byte by byte, also those that no shell would pass.

use super::Loaders;
use std::path::Path;
use testkit::call;

const PATH: &[u8] = b"PATH=/usr/bin:/bin";

/// The arguments of a call: the loader's and the child's.
fn arguments(loader: &super::Loader, child: &[&[u8]]) -> Vec<Vec<u8>> {
    let name = std::iter::once(loader.name.as_bytes());
    name.chain(loader.args.iter().map(String::as_bytes))
        .chain(child.iter().copied())
        .map(<[u8]>::to_vec)
        .collect()
}

fn entries(entries: &[&[u8]]) -> Vec<Vec<u8>> {
    entries.iter().map(|entry| entry.to_vec()).collect()
}

/// The environment as the child got it, without the variables that some of these programs are there to set.
fn others(environ: &[u8]) -> Vec<Vec<u8>> {
    const SET: [&str; 6] = ["GID=", "UID=", "HOME=", "USER=", "SHELL=", "LOGNAME="];
    let entries = environ.split_inclusive(|byte| *byte == 0);
    let is_other = |entry: &&[u8]| !SET.iter().any(|name| entry.starts_with(name.as_bytes()));
    entries.filter(is_other).map(<[u8]>::to_vec).collect()
}

#[test]
fn the_environment_in_its_order_with_duplicates_and_without_equals_signs() {
    let environments: [&[&[u8]]; 5] = [
        &[PATH],
        &[b"Z=1", b"A=\xff\n", PATH, b"EMPTY=", b"odd name=x", b"=begins", b"a=b=c"],
        &[b"A=1", b"noequals", b"A=2", PATH, b"A=1", b"", b"PATH=/nowhere", b"="],
        &[b"noequals", PATH, b"noequals"],
        &[&[b'v'; 100_000], PATH, &[b'w'; 131_000]],
    ];
    let loaders = Loaders::new();
    let child: [&[u8]; 2] = [b"cat", b"/proc/self/environ"];
    for environment in environments {
        let direct = call(Path::new("/usr/bin/cat"), &child, environment);
        assert_eq!(others(&direct.stdout).len(), environment.len());
        for loader in loaders.iter() {
            for program in loader.programs() {
                let ran = call(&program, &arguments(loader, &child), &entries(environment));
                ran.exits(0).errors("");
                assert!(others(&ran.stdout) == others(&direct.stdout), "{} {ran:?}", program.display());
            }
        }
    }
}

#[test]
fn arguments_byte_by_byte() {
    let many: Vec<Vec<u8>> = (0..3000).map(|number: u32| number.to_string().into_bytes()).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let children: [&[&[u8]]; 4] = [
        &[b"cat", b"/proc/self/cmdline"],
        &[b"printf", b"%s|", b"", b"a b", b"\xff\n", b"", b"-x", b"--"],
        &[b"printf", b"%.5s", &[b'x'; 131_000], &[b'y'; 131_000], &[b'z'; 131_000]],
        &[&[&b"printf"[..], b"%s "], many.as_slice()].concat(),
    ];
    let loaders = Loaders::new();
    for child in children {
        let file = Path::new("/usr/bin").join(std::str::from_utf8(child[0]).unwrap());
        let direct = call(&file, child, &[PATH]);
        direct.exits(0);
        for loader in loaders.iter() {
            for program in loader.programs() {
                let ran = call(&program, &arguments(loader, child), &entries(&[PATH]));
                assert_eq!(ran, direct, "{}", program.display());
            }
        }
    }
}

/// No arguments, an empty name, no PATH or two, no HOME, a child's name of 128 kB: as Debian's, and none of ours dies.
#[test]
fn callers_who_leave_everything_out() {
    let loaders = Loaders::new();
    let long = vec![b'x'; 131_000];
    for loader in loaders.iter() {
        let unnamed = |child: &[&[u8]]| {
            let mut args = arguments(loader, child);
            args[0].clear();
            args
        };
        let calls = [
            (vec![], vec![]),
            (vec![], entries(&[PATH])),
            (vec![Vec::new()], vec![]),
            (unnamed(&[]), entries(&[PATH])),
            (unnamed(&[b"sh", b"-c", b"echo $#"]), vec![]),
            (arguments(loader, &[b"sh", b"-c", b"echo $#", b"sh", b""]), vec![]),
            (arguments(loader, &[b"true"]), entries(&[b"PATH=", b"HOME=", PATH])),
            (arguments(loader, &[b"true"]), entries(&[b"PATH=/nowhere", PATH])),
            (arguments(loader, &[b"true"]), entries(&[b"PATH", PATH, b"PATH=/nowhere"])),
            (arguments(loader, &[b""]), entries(&[PATH])),
            (arguments(loader, &[&long]), entries(&[PATH])),
            (arguments(loader, &[b"true"]), entries(&[&[b"PATH=".as_slice(), &long].concat()])),
        ];
        for (args, environment) in calls {
            let mut ends = loader.programs().map(|program| call(&program, &args, &environment));
            let ours = ends.next().unwrap();
            assert!(matches!(ours.end, Ok(0 | 100 | 111)), "{}: {ours:?}", loader.name);
            if let Some(theirs) = ends.next() {
                assert_eq!(ours, theirs, "left ours, right theirs: {} {}", loader.name, args.len());
            }
        }
    }
}
