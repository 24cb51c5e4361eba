use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::http::{StreamedResponse, Transport, TransportError};

/// A network without hosts.
struct EmptyNetwork;

#[async_trait]
impl Transport for EmptyNetwork {
    async fn send(
        &self,
        _: http::Request<bytes::Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        Err(TransportError::NotSent)
    }
}

/// Machines whose image is a shell: their arguments are its.
fn shells(directory: &tempfile::TempDir) -> ChildProcesses {
    let extra_env = BTreeMap::from([("CLAUDE_BIN".to_owned(), "/opt/claude".to_owned())]);
    ChildProcesses::new("/bin/sh".into(), directory.path().to_owned(), extra_env)
}

fn launch(machine: &str, script: &str) -> MachineLaunch {
    MachineLaunch {
        machine: machine.to_owned(),
        cmd: vec!["-c".to_owned(), script.to_owned()],
        env: BTreeMap::from([
            ("PORT".to_owned(), "8080".to_owned()),
            ("DATA_DIR".to_owned(), "/data".to_owned()),
            ("CACHE".to_owned(), "/data/cache".to_owned()),
            ("OTHER".to_owned(), "/database".to_owned()),
        ]),
        mounts: vec![("vol_1".to_owned(), "/data".to_owned())],
        network: Arc::new(EmptyNetwork),
    }
}

/// Waits for this output of the machine, until the test's own timeout.
async fn output_with(runtime: &ChildProcesses, machine: &str, words: &str) -> String {
    let written = async {
        loop {
            let output = runtime.output(machine);
            if output.contains(words) {
                return output;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("the machine writes it")
}

#[tokio::test]
async fn a_machine_sees_its_own_environment_and_nothing_of_ours() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = shells(&directory);

    let exit = runtime.start(launch("m1", "env; echo complete")).await.unwrap();

    assert_eq!(exit.await, Ok(0));
    let output = output_with(&runtime, "m1", "complete").await;
    let env: BTreeMap<&str, &str> = output.lines().filter_map(|l| l.split_once('=')).collect();
    let volume = directory.path().join("volumes/vol_1");
    assert_eq!(env["DATA_DIR"], volume.to_str().unwrap());
    assert_eq!(env["CACHE"], volume.join("cache").to_str().unwrap());
    assert_eq!(env["OTHER"], "/database");
    assert_eq!(env["LISTEN_HOST"], "127.0.0.1");
    assert_ne!(env["PORT"], "8080");
    assert_eq!(env["CLAUDE_BIN"], "/opt/claude");
    let set_by_shells = ["PWD", "OLDPWD", "SHLVL", "_"];
    let given = [
        "DATA_DIR",
        "CACHE",
        "OTHER",
        "LISTEN_HOST",
        "PORT",
        "CLAUDE_BIN",
        "HOME",
        "PATH",
        "TEXTSLASH_ALLOW_SANDBOX",
        "TEXTSLASH_END_WITH_STDIN",
    ];
    let unknown: Vec<&&str> =
        env.keys().filter(|k| !set_by_shells.contains(k) && !given.contains(k)).collect();
    assert_eq!(unknown, Vec::<&&str>::new());
}

#[tokio::test]
async fn the_exit_status_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = shells(&directory);
    let exit = runtime.start(launch("m1", "exit 3")).await.unwrap();
    assert_eq!(exit.await, Ok(3));
    assert_eq!(runtime.running(), Vec::<String>::new());
}

#[tokio::test]
async fn a_process_that_ignores_its_stop_is_killed_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = shells(&directory);
    let script = "trap '' TERM; (trap '' TERM; sleep 1000) & echo child=$!; wait";
    let exit = runtime.start(launch("m1", script)).await.unwrap();
    let output = output_with(&runtime, "m1", "child=").await;
    let child: i32 = output.trim().trim_start_matches("child=").parse().unwrap();

    runtime.stop("m1", Duration::from_millis(50)).await;

    assert_eq!(exit.await, Ok(-9));
    assert!(ends(child).await);
}

#[tokio::test]
async fn no_process_outlives_the_runtime() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = shells(&directory);
    let exit = runtime.start(launch("m1", "echo self=$$; sleep 1000")).await.unwrap();
    output_with(&runtime, "m1", "self=").await;

    drop(runtime);

    assert_eq!(exit.await, Ok(-9));
}

#[tokio::test]
async fn a_closed_runtime_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = shells(&directory);
    runtime.close();
    assert!(runtime.start(launch("m1", "exit 0")).await.is_err());
}

#[tokio::test]
async fn a_command_runs_beside_the_machine_in_its_environment() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = shells(&directory);
    let exit = runtime.start(launch("m1", "echo up; sleep 1000")).await.unwrap();
    output_with(&runtime, "m1", "up").await;
    let command = ["/bin/sh", "-c", "echo $OTHER; exit 4"].map(str::to_owned);

    let executed = runtime.exec("m1", &command, Duration::from_secs(20)).await;

    let expected =
        ExecOutput { exit_code: 4, stdout: "/database\n".to_owned(), ..ExecOutput::default() };
    assert_eq!(executed, expected);
    assert_eq!(runtime.exec("none", &command, Duration::from_secs(1)).await.exit_code, 127);
    runtime.stop("m1", Duration::from_secs(20)).await;
    assert!(exit.await.is_ok());
}

/// Whether a killed process is gone, or a zombie that no process has waited for yet.
async fn ends(process: i32) -> bool {
    let gone = async {
        let stat = format!("/proc/{process}/stat");
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.is_ok()
}
