"""Row readers, atomic writes, the folder lock and the errors that users see; every other part builds on it."""
