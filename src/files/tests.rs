use std::time::{Duration, SystemTime};

use super::*;

#[tokio::test]
async fn the_oldest_files_go_first() {
    for (files_max, bytes_max, kept) in
        [(9, 999, "01234"), (2, 999, "34"), (9, 30, "234"), (9, 9, ""), (0, 999, "")]
    {
        let dir = tempfile::tempdir().unwrap();
        for age in 0..5 {
            let path = dir.path().join((4 - age).to_string());
            std::fs::write(&path, "ten bytes!").unwrap();
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age);
            File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
        }

        keep_newest(dir.path(), files_max, bytes_max).await;

        let left = std::fs::read_dir(dir.path()).unwrap();
        let mut left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
        left.sort();
        let left: String = left.iter().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(left, kept, "{files_max} files, {bytes_max} bytes");
    }
}

#[tokio::test]
async fn a_file_replaces_another_whole_and_leaves_no_part() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    for text in ["first and longer", "second"] {
        write_whole(&path, Bytes::from(text)).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_one_file_do_not_mix_their_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let texts: Vec<_> = (b'a'..=b'h').map(|letter| Bytes::from(vec![letter; 300_000])).collect();

    let writes = texts.iter().map(|text| write_whole(&path, text.clone()));
    futures::future::try_join_all(writes).await.unwrap();

    let read = std::fs::read(&path).unwrap();
    assert!(texts.iter().any(|text| read == *text), "mixed");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_put_in_its_place_leaves_no_part() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("folder");
    std::fs::create_dir_all(path.join("in it")).unwrap();

    assert!(write_whole(&path, Bytes::from_static(b"x")).await.is_err());

    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn parts_left_by_a_crash_are_removed_and_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["whole", ".tmp123.part"] {
        std::fs::write(dir.path().join(name), "x").unwrap();
    }

    remove_parts(dir.path());

    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].file_name(), "whole");
}

#[test]
fn a_name_cannot_leave_its_directory_or_be_an_option() {
    for (name, safe) in [
        ("photo.jpg", "photo.jpg"),
        ("Überweisung März.pdf", "Überweisung_März.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\notes.txt", "notes.txt"),
        ("-rf", "rf"),
        (".bashrc", "bashrc"),
        ("...", "file"),
        ("", "file"),
        ("/", "file"),
        (".", "file"),
        ("a b;rm -rf ~$(x)`y`'\"\n\0.sh", "a_b_rm_-rf____x__y_____.sh"),
    ] {
        assert_eq!(safe_name(name), safe, "{name:?}");
    }
    let long = safe_name(&format!("{}.tar.gz", "ä".repeat(500)));
    assert!(long.len() <= NAME_BYTES_MAX && long.ends_with(".gz"), "{long:?}");
    assert!(safe_name(&format!("x.{}", "y".repeat(500))).len() <= NAME_BYTES_MAX);
}
