use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use flate2::read::GzDecoder;

use super::*;

const DATE: u64 = 1_700_000_000;

/// A program that writes its manual and its completions as ours does, and is linked with nothing.
fn stand_in(folder: &Path) -> PathBuf {
    let path = folder.join("lanewarden");
    let text = "#!/bin/sh\nif [ $1 = man ]; then echo page >$2/lanewarden.1; else echo for $2; fi\n";
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn package() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let files = contents::files(&tree::top().unwrap(), &stand_in(folder.path()), DATE).unwrap();
    let control = control::files(&tree::top().unwrap(), &["libc6 (>= 2.34)".into()], 7).unwrap();
    archive::package(&files, &control, DATE).unwrap()
}

/// The parts of the outer archive.
fn parts(package: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ar::Archive::new(package);
    let mut parts = BTreeMap::new();
    while let Some(entry) = archive.next_entry() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        parts.insert(String::from_utf8(entry.header().identifier().to_vec()).unwrap(), bytes);
    }
    parts
}

/// `mode owner/group date path` of each entry, and the bytes of files.
fn entries(part: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(GzDecoder::new(part));
    let read = |entry: std::io::Result<tar::Entry<'_, GzDecoder<&[u8]>>>| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let header = entry.header();
        let owner = (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap());
        assert_eq!(owner, (0, 0, DATE));
        (format!("{:o} {}", header.mode().unwrap(), String::from_utf8_lossy(&entry.path_bytes())), bytes)
    };
    archive.entries().unwrap().map(read).collect()
}

#[test]
fn everything_is_where_debian_looks_for_it() {
    let listed: Vec<String> =
        entries(&parts(&package())["data.tar.gz"]).into_iter().map(|(line, _)| line).collect();
    insta::assert_snapshot!(listed.join("\n"));
}

#[test]
fn the_control_file_and_the_scripts_are_complete() {
    let package = package();
    let control = entries(&parts(&package)["control.tar.gz"]);
    let names: Vec<&str> = control.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(names, ["755 ./", "644 ./control", "755 ./postinst", "755 ./postrm", "755 ./prerm"]);
    let text = String::from_utf8(control[1].1.clone()).unwrap();
    assert!(text.contains(&format!("Version: {VERSION}\n")) && text.contains("Installed-Size: 7\n"));
    assert!(text.contains("Depends: libc6 (>= 2.34), systemd |"), "{text}");
    assert!(text.contains(changelog::MAINTAINER) && !text.contains('{') && text.ends_with(".\n"));
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    assert_eq!(package(), package());
}

#[test]
fn a_version_comes_first_as_every_reader_wants() {
    let package = package();
    assert_eq!(package[..24], *b"!<arch>\ndebian-binary   ");
    assert_eq!(parts(&package)["debian-binary"], b"2.0\n");
}

#[test]
fn debians_own_tool_reads_it_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.deb");
    std::fs::write(&path, package()).unwrap();
    let Ok(output) = Command::new("dpkg-deb").arg("--info").arg(&path).output() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let unpacked = folder.path().join("unpacked");
    let status = Command::new("dpkg-deb").arg("-x").arg(&path).arg(&unpacked).status().unwrap();
    assert!(status.success() && unpacked.join("usr/bin/lanewarden").exists());
}

#[test]
fn the_scripts_are_ones_that_a_shell_takes() {
    for script in ["postinst", "prerm", "postrm"] {
        let path = tree::top().unwrap().join("packaging/debian").join(script);
        assert!(Command::new("sh").arg("-n").arg(path).status().unwrap().success(), "{script}");
    }
}

#[test]
fn a_program_needs_the_packages_of_its_libraries() {
    let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let needs = needs::of(&this).unwrap();
    assert!(needs.iter().any(|package| package.starts_with("libc6 (>= 2.")), "{needs:?}");
    assert!(needs::of(b"#!/bin/sh\n").is_err());
}

#[test]
fn linked_libraries_have_their_notices_and_tests_only_ones_do_not() {
    let text = notices::text(&tree::top().unwrap()).unwrap();
    let of = |name: &str| text.lines().any(|line| line.starts_with(&format!("==== {name} ")));
    assert!(of("clap") && of("aws-lc-sys") && !of("trycmd") && !of("lanewarden"));
}
