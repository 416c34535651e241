//! Every parser of what somebody else wrote, on any bytes: it answers, and its answer is sound.

#![allow(clippy::indexing_slicing, reason = "a test that meets the unexpected fails by it")]

use proptest::prelude::*;
use protocol::command::{LETTERS, orders};
use protocol::environment::value;
use protocol::instance::{Kind, kind};
use protocol::report::Report;
use protocol::script::Interpreter;
use protocol::status::{SIZE, Status};
use protocol::user::{Groups, User};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Bytes that are often nearly an account.
fn accounts() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("0".to_owned()),
        Just("4294967295".to_owned()),
        Just("4294967296".to_owned()),
        Just("-1".to_owned()),
        Just("root".to_owned()),
        "[0-9]{1,20}",
        "[a-z]{0,8}",
        "[ \t\n\r\0+.:-]{0,2}",
    ];
    let written = prop::collection::vec(part, 0..4).prop_map(|parts| parts.join(":").into_bytes());
    let with_colon = written.clone().prop_map(|text| [b":".as_slice(), &text].concat());
    prop_oneof![written, with_colon, prop::collection::vec(any::<u8>(), 0..20)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_account_is_root_by_number_or_by_accident(text in accounts()) {
        match User::parse(&text) {
            Ok(User::Numbers { uid, gid }) => {
                prop_assert!(uid != 0 && gid != 0 && uid != u32::MAX && gid != u32::MAX);
                prop_assert_eq!(format!(":{uid}:{gid}").into_bytes(), text, "numbers are read as they are written");
            }
            Ok(User::Named { name, groups }) => {
                let mut parts = vec![name];
                match groups {
                    Groups::Database => {}
                    Groups::Primary(primary) => parts.push(primary),
                    Groups::Exactly(primary, others) => {
                        parts.push(primary);
                        parts.extend(others);
                    }
                }
                prop_assert!(parts.iter().all(|part| !part.is_empty()));
                let joined = parts.iter().map(|part| part.to_bytes()).collect::<Vec<_>>().join(&b':');
                prop_assert_eq!(joined, text, "names are taken as they are written");
            }
            Ok(User::Stay) => prop_assert_eq!(text, b"-"),
            Ok(User::FolderOwner) => prop_assert_eq!(text, b"."),
            Err(_) => {}
        }
    }

    #[test]
    fn a_status_is_read_from_any_bytes(mut bytes in prop::collection::vec(any::<u8>(), 0..SIZE * 2), ours in any::<bool>()) {
        if ours && bytes.len() > 24 {
            bytes[20..24].copy_from_slice(b"upkp");
        }
        prop_assert_eq!(Status::decode(&bytes).is_err() || bytes.len() >= 18, true);
    }

    #[test]
    fn reports_are_taken_from_any_bytes_until_none_is_left(mut bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
        let mut length = bytes.len();
        while Report::take(&mut bytes).is_some() {
            prop_assert!(bytes.len() < length, "each takes something away");
            length = bytes.len();
        }
    }

    #[test]
    fn any_letters_are_orders_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let meant = bytes.iter().filter(|byte| LETTERS.iter().any(|(_, letter, _)| letter == *byte)).count();
        prop_assert!(orders(&bytes).count() <= meant);
    }

    #[test]
    fn a_value_has_no_nul_and_no_space_at_its_end(content in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(0), Just(b' ')], 0..50)) {
        if let Some(value) = value(&content) {
            prop_assert!(!value.contains(&0) && !value.ends_with(b" ") && !value.ends_with(b"\t"));
        }
    }

    #[test]
    fn an_interpreter_is_a_part_of_the_first_line(start in prop::collection::vec(any::<u8>(), 0..300)) {
        let script = [b"#!".as_slice(), &start].concat();
        if let Some(interpreter) = Interpreter::of(&script) {
            prop_assert!(!interpreter.path.is_empty() && !interpreter.path.contains(&b'\n'));
        }
    }

    #[test]
    fn an_instances_name_is_its_template_and_what_follows(name in prop::collection::vec(prop_oneof![Just(b'@'), any::<u8>()], 0..12)) {
        if let Kind::Instance { template, instance } = kind(OsStr::from_bytes(&name)) {
            prop_assert_eq!([template.as_bytes(), instance.as_bytes()].concat(), name.clone());
            prop_assert!(template.as_bytes().ends_with(b"@") && !instance.is_empty());
        }
    }
}
