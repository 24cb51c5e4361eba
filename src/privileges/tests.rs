use super::*;

#[test]
fn root_without_a_user_is_refused_unless_it_is_ones_own_machine() {
    let dir = tempfile::tempdir().unwrap();
    if !geteuid().is_root() {
        println!("skipped: only root has rights to give up");
        drop_root(None, dir.path(), false).unwrap();
        return;
    }
    let refusal = drop_root(None, dir.path(), false).unwrap_err().to_string();
    assert!(refusal.contains("set TEXTSLASH_USER"), "{refusal}");
    for name in ["root", "no-such-user-here"] {
        let refusal = drop_root(Some(name), dir.path(), true).unwrap_err().to_string();
        assert!(refusal.contains("TEXTSLASH_USER") && refusal.contains(name), "{refusal}");
    }
    drop_root(None, dir.path(), true).unwrap();
    assert!(geteuid().is_root());
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::unix::fs::{MetadataExt, symlink};

    use nix::unistd::{Gid, Uid};

    use super::super::hand_over::{self, DEPTH_MAX};
    use super::*;

    const NOBODY: u32 = 65534;

    fn hand_over(directory: &Path) -> anyhow::Result<()> {
        hand_over::all(directory, Uid::from_raw(NOBODY), Gid::from_raw(NOBODY))
    }

    #[test]
    fn everything_below_is_handed_over_and_nothing_that_a_link_leads_to() {
        if !geteuid().is_root() {
            println!("skipped: only root hands files over");
            return;
        }
        let (data, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret");
        std::fs::write(&secret, "").unwrap();
        let own = [data.path().join("relay.db"), data.path().join("sending/deep/file")];
        std::fs::create_dir_all(own[1].parent().unwrap()).unwrap();
        own.iter().for_each(|path| std::fs::write(path, "").unwrap());
        symlink(&secret, data.path().join("link")).unwrap();
        symlink(outside.path(), data.path().join("sending/up")).unwrap();
        std::fs::hard_link(&secret, data.path().join("second-name")).unwrap();

        for _ in 0..2 {
            hand_over(data.path()).unwrap();
        }

        let owner = |path: &Path| std::fs::symlink_metadata(path).unwrap().uid();
        assert_eq!(own.each_ref().map(|path| owner(path)), [NOBODY; 2]);
        assert_eq!(owner(own[1].parent().unwrap()), NOBODY);
        assert_eq!([owner(data.path()), owner(&data.path().join("link"))], [NOBODY; 2]);
        assert_eq!([owner(outside.path()), owner(&secret)], [0; 2]);
    }

    #[test]
    fn a_directory_that_is_none_of_ours_is_refused() {
        if !geteuid().is_root() {
            println!("skipped: only root hands files over");
            return;
        }
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(data.path().join("d/".repeat(DEPTH_MAX + 1))).unwrap();
        assert!(hand_over(data.path()).is_err());
        assert!(hand_over(Path::new("/")).is_err());
    }
}
