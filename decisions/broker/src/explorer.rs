//! x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    StartWhileRunning,
    SameClientAgain,
    AnswerToTheNext,
    ClaimOutlivesClient,
    ReleaseWakesNobody,
}
