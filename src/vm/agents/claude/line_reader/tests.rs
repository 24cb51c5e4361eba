use super::*;

async fn lines(input: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = LineReader::new(tokio::io::BufReader::with_capacity(3, input));
    let mut all = Vec::new();
    while let Some(line) = lines.next().await {
        all.push(line.to_vec());
    }
    all
}

#[tokio::test]
async fn lines_come_whole_and_in_order() {
    assert_eq!(
        lines(b"one\n\ntwo three\nfour").await,
        [&b"one\n"[..], b"\n", b"two three\n", b"four"]
    );
    assert!(lines(b"").await.is_empty());
}

#[tokio::test]
async fn a_line_without_end_is_left_out_and_the_next_is_read() {
    let long = vec![b'x'; LINE_BYTES_MAX + 1];

    let before = [b"a\n", long.as_slice(), b"\nb\n"].concat();
    let at_the_end = [b"a\n", long.as_slice()].concat();

    assert_eq!(lines(&before).await, [b"a\n", b"b\n"]);
    assert_eq!(lines(&at_the_end).await, [b"a\n"]);
}
