use metrics::with_local_recorder;

use super::*;

#[test]
fn what_happened_stands_in_the_text() {
    let recorder = builder().unwrap().build_recorder();
    with_local_recorder(&recorder, || {
        let exposition = Exposition::of(recorder.handle());
        taken("telegram");
        taken("telegram");
        answered("telegram", Duration::from_millis(70));
        duplicate("telegram");
        refused("whatsapp", DropReason::TooManyInChat);
        run_begun(false);
        run_ended(RunEndLabel::Deployed);
        deployment_refused(QuotaScope::All);
        request_refused(EndpointKind::Form, 429);
        let first = GaugeGuard::conversation("telegram");
        drop(GaugeGuard::conversation("telegram"));
        let waiting = GaugeGuard::waiting(QueueKind::Outbound);
        let text = exposition.text();
        drop((first, waiting));
        for line in [
            "textslash_messages_taken_total{channel=\"telegram\"} 2",
            "textslash_messages_answered_total{channel=\"telegram\"} 1",
            "textslash_messages_duplicate_total{channel=\"telegram\"} 1",
            "textslash_messages_refused_total{channel=\"whatsapp\",reason=\"flood\"} 1",
            "textslash_answer_seconds_bucket{channel=\"telegram\",le=\"0.05\"} 0",
            "textslash_answer_seconds_bucket{channel=\"telegram\",le=\"0.1\"} 1",
            "textslash_conversations_open{channel=\"telegram\"} 1",
            "textslash_runs_begun_total{goal=\"deployed\"} 1",
            "textslash_runs_ended_total{end=\"deployed\"} 1",
            "textslash_deployments_refused_total{quota=\"all\"} 1",
            "textslash_queue_length{queue=\"outbound\"} 1",
            "textslash_requests_refused_total{door=\"form\",reason=\"too_often\"} 1",
            "textslash_build_info{build=",
            "textslash_uptime_seconds ",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        assert!(exposition.text().contains("textslash_queue_length{queue=\"outbound\"} 0"));
    });
}
