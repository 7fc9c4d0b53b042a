pub(crate) fn a_good_caller_is_served() {}
