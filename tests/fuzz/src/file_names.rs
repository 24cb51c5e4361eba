//! What somebody may call a file.

use std::path::Path;

use textslash::files::safe_name;

/// A file travels under a name that stays where it is put, on the disk and in the path of the call.
pub(super) fn file_names(name: &str) {
    expect_to_stay(name);
    let safe = safe_name(name);
    let written: String = url::form_urlencoded::byte_serialize(safe.as_bytes()).collect();
    let vm = url::Url::parse("http://vm.flycast").expect("a URL");
    let url = vm.join(&format!("/turns/t1/inbox/{written}")).expect("a URL");
    let parts: Vec<_> = url.path_segments().expect("a path").collect();
    assert_eq!(parts[..3], ["turns", "t1", "inbox"], "{name:?}");
    assert_eq!(parts.len(), 4, "{name:?}");
    let read = url::form_urlencoded::parse(written.as_bytes()).map(|(name, _)| name.into_owned());
    assert_eq!(read.collect::<Vec<_>>(), [safe], "{name:?}");
}

/// A file of this name lies in the directory where it is put.
pub(super) fn expect_to_stay(name: &str) {
    let (safe, inbox) = (safe_name(name), Path::new("/data/inbox"));
    let path = inbox.join(&safe);
    assert_eq!(path.parent(), Some(inbox), "{name:?} becomes {safe:?}");
    assert_eq!(path.file_name().and_then(|it| it.to_str()), Some(safe.as_str()), "{name:?}");
    assert!(safe.len() <= 100 && !safe.starts_with(['.', '-']), "{name:?} becomes {safe:?}");
    let is_plain = |c: char| c.is_alphanumeric() || ".-_".contains(c);
    assert!(safe.chars().all(is_plain), "{name:?} becomes {safe:?}");
    assert_eq!(safe_name(&safe), safe, "the relay and the VM call it the same");
}
