/// The window that a sign-in dialog of the broker belongs to.
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
    pub(crate) fn handle(self) -> i64 {
        match self {
            Self::Console => 1,
            Self::X11(id) => id.into(),
        }
    }
}
