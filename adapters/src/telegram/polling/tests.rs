use super::*;

const BY_RIVAL: RequestError = RequestError::Api(ApiError::TerminatedByOtherGetUpdates);
const BY_WEBHOOK: RequestError = RequestError::Api(ApiError::CantGetUpdates);

#[test]
fn the_same_trouble_is_complained_of_once_until_it_is_over() {
    let mut complaints = PollingWarnings::default();
    assert_eq!(complaints.new_warning(&BY_WEBHOOK), Some(WEBHOOK));
    assert_eq!(complaints.new_warning(&BY_WEBHOOK), None);
    complaints.reachable();
    assert_eq!(complaints.new_warning(&BY_WEBHOOK), Some(WEBHOOK));
}

#[test]
fn a_rival_is_complained_of_once_although_the_two_take_turns() {
    let mut complaints = PollingWarnings::default();
    assert_eq!(complaints.new_warning(&BY_RIVAL), Some(RIVAL));
    complaints.reachable();
    assert_eq!(complaints.new_warning(&BY_RIVAL), None);
    assert_eq!(complaints.new_warning(&BY_WEBHOOK), Some(WEBHOOK));
    assert_eq!(complaints.new_warning(&BY_RIVAL), None);
}
