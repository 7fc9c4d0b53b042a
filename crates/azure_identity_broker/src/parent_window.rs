/// Names the window that a sign-in dialog of the broker belongs to.
///
/// Reach for this in a program with windows of its own; all others are well served by the default.
///
/// ```
/// use azure_identity_broker::{BrokerOptions, ParentWindow};
///
/// let options = BrokerOptions {
///     parent_window: ParentWindow::X11(0x2a0_0007),
///     ..Default::default()
/// };
/// assert_ne!(options.parent_window, ParentWindow::Console);
/// ```
///
/// A broker takes it as a hint: it puts its dialog in front of that window where it can, and goes on without
/// where it cannot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParentWindow {
    /// The program has no window of its own: it runs in a terminal or in the background.
    #[default]
    Console,
    /// The X11 ID of the program's window.
    X11(u32),
}

impl ParentWindow {
    /// The number that stands for the window on the bus; 1 is what known clients send for a console.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Console => 1,
            Self::X11(id) => id.into(),
        }
    }
}
