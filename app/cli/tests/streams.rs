//! What goes through standard input and output: `-` in the place of a file.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

const LANEWARDEN: &str = env!("CARGO_BIN_EXE_lanewarden");

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(LANEWARDEN);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn table() -> Vec<u8> {
    let output = run(&["--host", "sim", "cxl", "cdat", "0f:00.0", "--raw", "-"], &[]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    output.stdout
}

#[test]
fn a_table_goes_out_raw_and_comes_in_again() {
    let table = table();
    assert_eq!(table.len(), 160);
    let output = run(&["cxl", "cdat", "--from", "-"], &table);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("CDAT revision 2, 160 bytes"), "{text}");
}

#[test]
fn a_broken_table_comes_out_raw_and_the_code_says_so() {
    let scenario = "sim:tests/transcripts/badsum.toml";
    let output = run(&["--host", scenario, "cxl", "cdat", "01:00.0", "--raw", "-"], &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(9), 160));
    let output = run(&["cxl", "cdat", "--from", "-"], &output.stdout);
    assert_eq!(output.status.code(), Some(9));
    assert!(String::from_utf8(output.stderr).unwrap().contains("standard input: bad checksum"));
}

#[test]
fn a_picture_and_an_answer_go_to_standard_output() {
    let output = run(&["--host", "sim", "topology", "--svg", "-"], &[]);
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"<svg") && output.stdout.trim_ascii_end().ends_with(b"</svg>"));
    let request = ["doe", "exchange", "0f:00.0", "--protocol", "1e98:02", "--file", "-", "--output", "-"];
    let output = run(&[&["--host", "sim"], &request[..]].concat(), &[0; 4]);
    assert_eq!(output.stdout.get(..4), Some(&[0, 0, 1, 0][..]));
}

#[test]
fn a_table_into_a_file_leaves_standard_output_to_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.bin");
    let arguments = ["--host", "sim", "--json", "cxl", "cdat", "0f:00.0", "--raw", path.to_str().unwrap()];
    let output = run(&arguments, &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["tables"][0]["length_bytes"], 160);
    assert_eq!(std::fs::read(path).unwrap(), table());
}

/// A reader that goes away before anything is written.
#[test]
fn a_closed_pipe_is_no_error() {
    for verb in [&["cxl", "cdat", "0f:00.0", "--raw", "-"][..], &["topology", "--svg", "-"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(LANEWARDEN);
        let output = command.args(["--host", "sim"]).args(verb).stdout(writer).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{verb:?}: {output:?}");
    }
}

/// What an emulated machine saw is the same for the same scenario and the same command.
#[test]
fn events_are_lines_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let events = |name: &str| {
        let file = folder.path().join(name);
        let path = file.to_str().unwrap();
        let output = run(&["--host", "sim", "--events", path, "doe", "discover", "41:00.0"], &[]);
        assert!(output.status.success(), "{output:?}");
        std::fs::read_to_string(&file).unwrap()
    };
    let first = events("first");
    assert_eq!(first, events("second"));
    let go = |line: &&str| line.contains(r#""register":"control","value":2147483648"#);
    assert_eq!(first.lines().filter(go).count(), 3, "one GO for each entry");
    for line in first.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["address"], "0000:41:00.0");
    }
}
