"""Systems on trial on the rows of a data set, and the published figures beside them."""
