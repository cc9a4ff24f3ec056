//! Reading, resuming at every line, and noticing other files.

use super::*;
use std::fs;

struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    }
}

/// What is left to read, as `file-name:line:text`, with the position after each.
fn rest(inputs: &mut Inputs) -> Vec<(String, InputPosition)> {
    let mut lines = Vec::new();
    while let Some(InputLine { source: Source::File { file, line }, bytes, .. }) = inputs.next_line().unwrap()
    {
        let name = Path::new(file.as_ref()).file_name().unwrap().to_string_lossy().into_owned();
        let text = format!("{name}:{line}:{}", String::from_utf8_lossy(bytes));
        lines.push((text, inputs.position()));
    }
    lines
}

fn texts(lines: &[(String, InputPosition)]) -> Vec<&str> {
    lines.iter().map(|(text, _)| text.as_str()).collect()
}

#[test]
fn files_are_one_stream_that_resumes_after_every_line() {
    let directory = Directory::new();
    let paths = [
        directory.write("a", "\u{feff}one\r\n\n  \ntwo"),
        directory.write("empty", ""),
        directory.write("b", "\u{feff}\nthree\nfour\n"),
    ];
    let all = rest(&mut Inputs::open(&paths, None).unwrap());
    assert_eq!(texts(&all), ["a:1:one", "a:4:two", "b:2:three", "b:3:four"]);
    for (read, (_, position)) in all.iter().enumerate() {
        let mut positions = BTreeMap::new();
        position.store(&mut positions);
        let stored = InputPosition::stored(&positions);
        assert_eq!(stored, Some(*position));
        let left = rest(&mut Inputs::open(&paths, stored).unwrap());
        assert_eq!(texts(&left), texts(&all)[read + 1..]);
    }
    assert_eq!(InputPosition::stored(&BTreeMap::new()), None);
}

#[test]
fn more_lines_and_more_files_may_follow_what_was_read() {
    let directory = Directory::new();
    let a = directory.write("a", "one\n");
    let end = rest(&mut Inputs::open(std::slice::from_ref(&a), None).unwrap()).pop().unwrap().1;
    directory.write("a", "one\ntwo\n");
    let b = directory.write("b", "three");
    assert_eq!(texts(&rest(&mut Inputs::open(&[a, b], Some(end)).unwrap())), ["a:2:two", "b:1:three"]);
}

#[test]
fn other_files_are_noticed() {
    let directory = Directory::new();
    let (a, b) = (directory.write("a", "one\ntwo\n"), directory.write("b", "three"));
    let paths = [a, b];
    let all = rest(&mut Inputs::open(&paths, None).unwrap());
    let (middle, end) = (all[0].1, all[2].1);
    let refused = |position| match Inputs::open(&paths, Some(position)) {
        Err(FileError::Changed { reason, .. }) => reason,
        _ => panic!("not noticed"),
    };
    directory.write("a", "ONE\ntwo\n");
    assert!(refused(middle).contains("other contents"));
    assert!(refused(end).contains("other contents"));
    directory.write("a", "on");
    assert!(refused(middle).contains("shorter"));
    directory.write("a", "one\ntwo\n");
    directory.write("b", "three more");
    assert!(refused(end).contains("longer now"));
    directory.write("b", "three\nfour");
    assert_eq!(texts(&rest(&mut Inputs::open(&paths, Some(end)).unwrap())), ["b:3:four"]);
    match Inputs::open(&paths[..1], Some(end)) {
        Err(FileError::Changed { reason, .. }) => assert!(reason.contains("more files")),
        _ => panic!("not noticed"),
    }
}

#[test]
fn what_cannot_be_opened_is_said_at_once() {
    let directory = Directory::new();
    let a = directory.write("a", "one\n");
    for bad in [directory.0.path().join("none"), directory.0.path().to_path_buf()] {
        assert!(matches!(Inputs::open(&[a.clone(), bad], None), Err(FileError::Open { .. })));
    }
}
