//! What the binary prints and how it exits, as a person sees it. `TRYCMD=overwrite` brings them up to date.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/transcripts/*.md");
}
