"""The classifier artifact: rules over features, calibration and cut, in one JSON file."""
